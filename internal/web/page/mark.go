package page

import (
	"context"
	"strings"

	"chop/internal/classify"
)

// Tone is the colour family of a mark; it always comes with an icon and a word.
type Tone string

const (
	Plain  Tone = ""
	Danger Tone = "danger"
	Warn   Tone = "warn"
	Ask    Tone = "ask"
	Good   Tone = "good"
	Sealed Tone = "seal"
	Line   Tone = "line"
)

func (t Tone) class() string {
	if t == Plain {
		return "lb"
	}
	return "lb lb-" + string(t)
}

// Mark is a small tag: icon, words, and an address when it leads somewhere.
type Mark struct {
	Tone Tone
	Icon string
	Text string
	Href string
}

type look struct {
	tone Tone
	icon string
}

var labelLooks = map[classify.Label]look{
	classify.Threat:         {Danger, "siren"},
	classify.Extortion:      {Danger, "hand-coins"},
	classify.Hate:           {Danger, "flame"},
	classify.Insult:         {Danger, "angry"},
	classify.PersonalData:   {Danger, "id-card"},
	classify.HealthSafety:   {Warn, "heart-pulse"},
	classify.Distress:       {Warn, "life-buoy"},
	classify.Complaint:      {Warn, "message-square-warning"},
	classify.Claim:          {Warn, "quote"},
	classify.Discouragement: {Warn, "message-circle"},
	classify.Boycott:        {Warn, "megaphone"},
	classify.Question:       {Ask, "message-circle-question-mark"},
	classify.Opinion:        {Line, "message-circle"},
	classify.Employment:     {Ask, "briefcase"},
	classify.Trolling:       {Line, "laugh"},
	classify.Spam:           {Line, "ban"},
	classify.Satire:         {Line, "drama"},
	classify.Praise:         {Good, "heart"},
	classify.Neutral:        {Line, "minus"},
	classify.FakeReview:     {Line, "scan-eye"},
}

// labelMark is the tag of a label; an unknown label shows its code.
func labelMark(ctx context.Context, l classify.Label) Mark {
	k, ok := labelLooks[l]
	if !ok {
		return Mark{Tone: Line, Icon: "tag", Text: string(l)}
	}
	return Mark{Tone: k.tone, Icon: k.icon, Text: T(ctx, "label."+string(l))}
}

// LabelName is the label's word in the language of the request.
func LabelName(ctx context.Context, l classify.Label) string { return labelMark(ctx, l).Text }

// channels are the letters and the name of each kind of channel; names of services are not translated.
var channels = map[string][2]string{
	"facebook":   {"FB", "Facebook"},
	"messenger":  {"DM", "Messenger"},
	"instagram":  {"IG", "Instagram"},
	"google":     {"G", "Google"},
	"youtube":    {"YT", "YouTube"},
	"tiktok":     {"TT", "TikTok"},
	"linkedin":   {"IN", "LinkedIn"},
	"x":          {"X", "X"},
	"allegro":    {"AL", "Allegro"},
	"wordpress":  {"WP", "WordPress"},
	"mastodon":   {"MA", "Mastodon"},
	"lemmy":      {"LE", "Lemmy"},
	"bluesky":    {"BS", "Bluesky"},
	"telegram":   {"TG", "Telegram"},
	"reddit":     {"R", "Reddit"},
	"discourse":  {"DI", "Discourse"},
	"wykop":      {"W", "Wykop"},
	"trustpilot": {"TP", "Trustpilot"},
	"gowork":     {"GW", "GoWork"},
	"disqus":     {"DQ", "Disqus"},
	"feed":       {"RSS", "RSS"},
	"rss":        {"RSS", "RSS"},
	"email":      {"@", "E-mail"},
	"webhook":    {"API", "Webhook"},
	"import":     {"CSV", "CSV"},
	"file":       {"CSV", "CSV"},
	"demo":       {"D", "Demo"},
}

// channel is the mark of a channel kind; an unknown kind shows its first two letters and its own code.
func channel(kind string) (letters, name string) {
	if c, ok := channels[strings.ToLower(kind)]; ok {
		return c[0], c[1]
	}
	if kind == "" {
		return "?", "?"
	}
	rs := []rune(strings.ToUpper(kind))
	return string(rs[:min(2, len(rs))]), kind
}

// ChannelName is the name of a channel kind as people know it.
func ChannelName(kind string) string { _, n := channel(kind); return n }

// SealState tells how far an exhibit is sealed.
type SealState string

const (
	SealDone SealState = ""     // sealed and stamped
	SealWait SealState = "wait" // waits for its timestamp
	SealBad  SealState = "bad"  // verification failed
)

// SealMark is an exhibit's number as a tag.
type SealMark struct {
	Number string // "D-041"
	Href   string
	State  SealState
}

func (s SealMark) class() string {
	if s.State == SealWait || s.State == SealBad {
		return "seal seal-" + string(s.State)
	}
	return "seal"
}

func (s SealMark) icon() string {
	switch s.State {
	case SealWait:
		return "hourglass"
	case SealBad:
		return "shield-alert"
	}
	return "stamp"
}

func (s SealMark) says() string {
	switch s.State {
	case SealWait:
		return "shell.seal.wait"
	case SealBad:
		return "shell.seal.bad"
	}
	return "shell.seal.done"
}

// riskWord is the word of an escalation risk in percent: low below 20, medium to 45 (DESIGN.md 7).
func riskWord(percent int) string {
	switch {
	case percent < 20:
		return "low"
	case percent <= 45:
		return "medium"
	}
	return "high"
}

func clamp(n, low, high int) int { return max(low, min(high, n)) }
