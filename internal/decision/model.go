// Package decision ranks what can be done about an item, says why, and keeps the guard-rails that no advice may cross.
//
// This half of the room is pure: a Case goes in, a Result comes out, the same every time. It is advice, never a deed; a
// person decides. Escalation risks are expert priors that nobody has measured yet (domain/decisions.md 4.2 and 10.1).
package decision

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chop/internal/fault"
)

// Option is one thing that can be done about an item. Its name for people is the message "option.<code>".
type Option string

const (
	Observe       Option = "observe"
	Reply         Option = "reply"
	MovePrivate   Option = "move_private"
	Hide          Option = "hide"
	Delete        Option = "delete"
	Block         Option = "block"
	Report        Option = "report"
	EscalateLegal Option = "escalate_legal" // internal: a lawyer or the police; a letter is a later decision
	Statement     Option = "statement"
)

// Options lists every option in the fixed order that also settles equal scores.
var Options = []Option{Observe, Reply, MovePrivate, Hide, Delete, Block, Report, EscalateLegal, Statement}

// Labels that rules and guard-rails look at; other labels are allowed and change nothing.
const (
	question     = "question"
	complaint    = "complaint"
	opinion      = "opinion"
	claim        = "claim"
	insult       = "insult"
	praise       = "praise"
	threat       = "threat"
	extortion    = "extortion"
	hate         = "hate"
	personalData = "personal_data"
	spam         = "spam"
	trolling     = "trolling"
	fakeReview   = "fake_review"
	boycott      = "boycott"
	healthSafety = "health_safety"
	distress     = "distress"
	employment   = "employment"
	satire       = "satire"
)

var knownLabels = []string{question, complaint, opinion, claim, insult, threat, extortion, hate, personalData, spam,
	trolling, fakeReview, boycott, healthSafety, distress, employment, satire}

// Profile is how the account behaves toward the firm (domain/decisions.md 3.3). Rules that read it weigh it by
// Confidence; it is left out altogether for minors and people in distress.
type Profile struct {
	Motive     string  `json:"motive"`     // constructive, vindictive, instrumental, cause, amusement, undetermined
	Escalation int     `json:"escalation"` // propensity: 0 low, 1 medium, 2 high
	Confidence float64 `json:"confidence"` // 0 to 1
}

// Case is everything the model knows about an item (domain/decisions.md 4.1). Start from NewCase: fields left alone
// keep the defaults of the rules. Decoding JSON does the same for absent and null fields.
type Case struct {
	ID                  string   `json:"id"`
	Channel             string   `json:"channel"` // one of Channels, or any name when the caller brings Capabilities
	Labels              []string `json:"labels"`
	Severity            int      `json:"severity"` // 0 noise, 1 annoyance, 2 money or quality, 3 legal or many customers, 4 health or crime
	Truth               string   `json:"truth"`    // true, partly, unknown, false_documented (we hold proof), none; the firm sets it
	Arousal             int      `json:"arousal"`  // 0 to 3
	HateShare           float64  `json:"hate_share"`
	PileOn              int      `json:"pileon"` // 0 nobody, 1 a few, 2 three times the normal, 3 ten times or media
	Reach               int      `json:"reach"`  // R0 to R4 (domain/decisions.md 3.3)
	BuyerQuestion       bool     `json:"buyer_question"`
	Legal               int      `json:"legal"`    // 0 none, 1 civil, 2 private prosecution, 3 ex officio
	Fault               int      `json:"fault"`    // 0 the firm is the victim, 1 accident, 2 preventable
	Failures            int      `json:"failures"` // failed attempts to settle the matter
	Replies             int      `json:"replies"`  // public replies of ours to this author in this thread
	Warned              bool     `json:"warned"`
	Violations          int      `json:"violations"`
	PriorRemovals       int      `json:"prior_removals"`
	DeletionNoticed     bool     `json:"deletion_noticed"`
	NetiquettePublished bool     `json:"netiquette_published"`
	ThirdPartyVictim    bool     `json:"third_party_victim"`
	Minor               bool     `json:"minor"`
	Media               bool     `json:"media"` // a photo or film supports the item
	Supporters          bool     `json:"supporters"`
	AgeHours            float64  `json:"age_hours"`
	Night               bool     `json:"night"`         // night or weekend without a decision maker
	RiskAversion        float64  `json:"risk_aversion"` // lambda of the firm, 0.5 to 2
	Profile             Profile  `json:"profile"`
}

// NewCase is a case with the defaults of the rules.
func NewCase() Case {
	c := Case(book.Defaults)
	c.Labels = []string{}
	return c
}

// Has tells whether the case carries any of the labels.
func (c Case) Has(labels ...string) bool {
	return slices.ContainsFunc(labels, func(l string) bool { return slices.Contains(c.Labels, l) })
}

// Class is the one label that the case is counted under when outcomes are compared: the gravest it carries, "other"
// when it carries none that the rules know.
func (c Case) Class() string {
	for _, l := range classes {
		if slices.Contains(c.Labels, l) {
			return l
		}
	}
	return "other"
}

// classes are the labels from the gravest to the lightest.
var classes = []string{threat, extortion, hate, personalData, distress, healthSafety, spam, fakeReview, complaint, employment,
	claim, boycott, insult, trolling, satire, opinion, question}

// settled is the case as the rules read it: canonical channel name, and no profile of people whom we never profile.
func (c Case) settled() Case {
	c.Channel = canonical(book.Aliases.Channel, c.Channel)
	if c.Minor || c.Has(distress) {
		c.Profile = Profile{Motive: book.Defaults.Profile.Motive, Escalation: book.Defaults.Profile.Escalation}
	}
	return c
}

// choices are the fields that hold one word out of a list.
var choices = []choice{
	{"profile.motive", []string{"constructive", "vindictive", "instrumental", "cause", "amusement", "undetermined"}},
	{"truth", []string{"true", "partly", "unknown", "false_documented", "none"}},
}

type choice struct {
	field string
	words []string
}

// words are what the field may hold; nil when it does not hold one word out of a list.
func words(field string) []string {
	for _, x := range choices {
		if x.field == field {
			return x.words
		}
	}
	return nil
}

// maxCount bounds counters and ages, so that no sum can run away; 10 million hours is beyond any post.
const maxCount = 1e7

// span is what a number may be.
type span struct {
	field  string
	lo, hi float64
}

var spans = []span{
	{"severity", 0, 4}, {"arousal", 0, 3}, {"hate_share", 0, 1}, {"pileon", 0, 3}, {"reach", 0, 4}, {"legal", 0, 3},
	{"fault", 0, 2}, {"failures", 0, maxCount}, {"replies", 0, maxCount}, {"violations", 0, maxCount},
	{"prior_removals", 0, maxCount}, {"age_hours", 0, maxCount}, {"risk_aversion", 0.5, 2},
	{"profile.escalation", 0, 2}, {"profile.confidence", 0, 1},
}

// Validate returns fault.Invalid "decision.field" that names the first wrong field and what is allowed in it.
func (c Case) Validate() error {
	if book.can[canonical(book.Aliases.Channel, c.Channel)] == nil {
		return wrong("channel")
	}
	return c.validateFields()
}

// validateFields checks everything but the channel, which may have any name when capabilities are given.
func (c Case) validateFields() error {
	for _, x := range choices {
		if !slices.Contains(x.words, readers[x.field].text(&c)) {
			return wrong(x.field)
		}
	}
	for _, s := range spans {
		if v := readers[s.field].number(&c); !(v >= s.lo && v <= s.hi) { // also refuses NaN
			return wrong(s.field)
		}
	}
	return nil
}

// wrong is the fault of a field, with what is allowed in it.
func wrong(field string) *fault.Error {
	return fault.New(fault.Invalid, "decision.field", "Field", field, "Allowed", allowed(field)).On(field)
}

func allowed(field string) string {
	if list := words(field); list != nil {
		return strings.Join(list, ", ")
	}
	for _, s := range spans {
		if s.field == field {
			return fmt.Sprintf("%v–%.0f", s.lo, s.hi)
		}
	}
	switch field {
	case "channel":
		return strings.Join(Channels(), ", ")
	case "labels":
		return "[" + strings.Join(knownLabels, ", ") + "]"
	case "capabilities":
		return optionNames()
	case "profile":
		return `{"motive", "escalation", "confidence"}`
	case "id":
		return `"…"`
	}
	return "true, false"
}

// Capabilities says which options are possible at a place, by the program or by hand. Observe and EscalateLegal are
// the firm's own and always possible.
type Capabilities map[Option]bool

func (p Capabilities) can(o Option) bool { return o == Observe || o == EscalateLegal || p[o] }

// own tells whether the place lets the firm remove what others write there.
func (p Capabilities) own() bool { return p[Delete] || p[Hide] }

// Channels lists the channels whose capabilities are known.
func Channels() []string { return slices.Sorted(maps.Keys(book.Channels)) }

// ChannelCapabilities returns a copy of what is possible at a known channel (domain/decisions.md 2.2). "site" is the
// firm's own website; usual other names, such as "facebook" and "grupa", are accepted in any case of letters.
func ChannelCapabilities(channel string) (Capabilities, bool) {
	p := book.can[canonical(book.Aliases.Channel, channel)]
	return maps.Clone(p), p != nil
}
