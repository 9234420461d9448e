package decision

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/author"
	"chop/internal/classify"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/source"
)

// Inputs is everything that a Case is built from.
type Inputs struct {
	Mention   mention.Mention
	Read      classify.Result   // what is known of the content
	Kind      string            // of the source
	Thread    []mention.Mention // what stands under the same post, the mention among it
	Quiet     float64           // hostile items on an ordinary day of this firm
	Past      []mention.Mention // what the author wrote before
	Replies   int               // public replies of ours to the author in this thread
	Removals  int               // items of the author that we removed
	Account   *author.Behaviour // how the account behaves; nil when nobody keeps that
	Facts     map[string]string // what people answered, see Answers
	Companies []Company         // groups at work in the thread
	Settings  firm.Settings
	firm      string // its name
	Now       time.Time
}

const (
	joinWindow  = 24 * time.Hour       // who joins in this time counts as a pile-on
	pastWindow  = 365 * 24 * time.Hour // breaches older than this are forgotten
	fewInThread = 4                    // below this a share of hostile items says nothing
	nightFrom   = 21                   // Warsaw hours without a decision maker
	nightTo     = 7
)

// Answers lists the facts that only people can know, with the values each may have. The first two are asked of the
// client (domain/decisions.md 4.1: "client must set").
var Answers = map[string][]string{
	"truth":              {"true", "partly", "unknown", "false_documented", "none"},
	"fault":              {"0", "1", "2"},
	"media":              yesNo,
	"minor":              yesNo,
	"warned":             yesNo,
	"deletion_noticed":   yesNo,
	"third_party_victim": yesNo,
	"formal_step":        yesNo, // a complaint to an authority, a GDPR request, a lawsuit: removal needs a lawyer (G19)
}

var yesNo = []string{"true", "false"}

// buildCase turns what we know into the case that the rules read.
func buildCase(in Inputs) Case {
	c := NewCase()
	m := in.Mention
	c.ID, c.Channel, c.Severity, c.BuyerQuestion = m.ID, channelOf(in.Kind, m.Kind), min(max(m.Severity, 0), 4), m.Buyer
	c.Labels = labelsOf(in)
	c.Arousal = min(max(in.Read.Arousal, 0), 3)
	c.HateShare, c.PileOn = hateShare(in), pileOn(in)
	c = joined(c, in)
	c.Replies, c.PriorRemovals, c.Violations = in.Replies, in.Removals, violations(in)
	c.NetiquettePublished, c.RiskAversion = in.Settings.NetiquettePublished, clamp(in.Settings.RiskAversion, 0.5, 2)
	c.AgeHours = math.Floor(max(in.Now.Sub(m.At).Hours(), 0))
	c.Night = night(in.Now)
	c.ThirdPartyVictim = strikesThird(c, in.Read.Target)
	c.Truth = "none"
	if c.Has(question, complaint, opinion, claim, fakeReview, boycott, healthSafety, employment, string(classify.Discouragement)) {
		c.Truth = "unknown" // until the client says
	}
	return answered(behaving(c, in.Account), in.Facts)
}

// behaving puts in how the account behaves and how far it reaches. Without a profile that a person confirmed and that is valid,
// nothing is concluded from it: confidence 0. A reach nobody measured keeps the default of the rules.
func behaving(c Case, a *author.Behaviour) Case {
	if a == nil {
		return c
	}
	c.Profile.Confidence = 0
	c.Minor = c.Minor || a.Minor
	if a.Profile != "" && !c.Minor && !c.Has(distress) {
		c.Profile = Profile{Motive: a.Motive, Escalation: a.Escalation, Confidence: a.Confidence}
	}
	if a.ReachKnown {
		c.Reach = a.Reach
	}
	return c
}

// channelOf names the place as the rules know it. What is not the firm's own counts as foreign ground, where it is a guest.
func channelOf(kind, item string) string {
	switch {
	case kind == "wordpress" || kind == "webhook":
		return "site"
	case item == source.KindReview:
		return "google"
	}
	return "forum"
}

func labelsOf(in Inputs) []string {
	labels := slices.Clone(in.Mention.Labels)
	if len(in.Read.Labels) > 0 {
		labels = labels[:0]
		for _, l := range in.Read.Labels {
			labels = append(labels, string(l.Label))
		}
	}
	slices.Sort(labels)
	return append([]string{}, slices.Compact(labels)...)
}

// others are the thread without the mention, the firm's own words and what the author wrote.
func others(in Inputs) []mention.Mention {
	return slices.DeleteFunc(slices.Clone(in.Thread), func(t mention.Mention) bool {
		return t.ID == in.Mention.ID || t.Own || t.AuthorKey == in.Mention.AuthorKey
	})
}

func hostile(m mention.Mention) bool { return mention.Hostile("," + strings.Join(m.Labels, ",") + ",") }

func hateShare(in Inputs) float64 {
	all, n := others(in), 0
	for _, t := range all {
		if hostile(t) {
			n++
		}
	}
	if len(all) < fewInThread {
		return 0
	}
	return math.Round(100*float64(n)/float64(len(all))) / 100
}

// pileOn counts the hostile authors who joined within a day against an ordinary day: 1 a few, 2 three times the
// normal, 3 ten times (domain/decisions.md 4.1).
func pileOn(in Inputs) int {
	joined := map[string]bool{}
	for _, t := range others(in) {
		if hostile(t) && in.Now.Sub(t.At) < joinWindow {
			joined[t.AuthorKey] = true
		}
	}
	n, quiet := float64(len(joined)), max(in.Quiet, 1)
	switch {
	case n >= 10*quiet:
		return 3
	case n >= 3*quiet:
		return 2
	case n > 0:
		return 1
	}
	return 0
}

// violations are earlier breaches of the author: insults, hate, threats, personal data, trolling; a complaint is none.
func violations(in Inputs) int {
	n := 0
	for _, p := range in.Past {
		breach := p.Has(insult) || p.Has(hate) || p.Has(threat) || p.Has(personalData) || p.Has(trolling)
		if p.ID != in.Mention.ID && breach && in.Now.Sub(p.At) < pastWindow && p.At.Before(in.Mention.At) {
			n++
		}
	}
	return n
}

// strikesThird tells that somebody other than the firm is hurt. Where the item also carries criticism a person must
// say so, because it lifts the protection of criticism (G1).
func strikesThird(c Case, target string) bool {
	return (target == "staff" || target == "author_other" || target == "group") && c.Has(insult, hate, personalData, threat) && !c.criticism()
}

func night(t time.Time) bool {
	h := t.In(lang.Zone).Hour()
	return h >= nightFrom || h < nightTo
}

func clamp(v, lo, hi float64) float64 {
	if v == 0 || math.IsNaN(v) {
		return 1
	}
	return min(max(v, lo), hi)
}

// answered puts people's answers in; an answer that is not one of Answers changes nothing.
func answered(c Case, facts map[string]string) Case {
	for field, value := range facts {
		if !slices.Contains(Answers[field], value) {
			continue
		}
		switch field {
		case "truth":
			c.Truth = value
		case "fault":
			c.Fault, _ = strconv.Atoi(value)
		case "media":
			c.Media = value == "true"
		case "minor":
			c.Minor = value == "true"
		case "warned":
			c.Warned = value == "true"
		case "deletion_noticed":
			c.DeletionNoticed = value == "true"
		case "third_party_victim":
			c.ThirdPartyVictim = value == "true"
		}
	}
	return c
}

// median of the hostile counts of the buckets: what an ordinary day brings.
func median(days []mention.Bucket) float64 {
	counts := make([]int, len(days))
	for i, d := range days {
		counts[i] = d.Hostile
	}
	slices.Sort(counts)
	if len(counts) == 0 {
		return 0
	}
	return float64(counts[len(counts)/2])
}

// Verb is the deed at the place that carries the option out, and whether the place can do it for us. An option
// without a verb (observe, escalate_legal, statement) needs no place. Spam is hidden with the place's own spam verb,
// where there is one, because that also teaches its filter.
func Verb(o Option, labels []string, can source.Capabilities) (v source.Verb, does bool) {
	if o == Hide && slices.Contains(labels, spam) && can[source.Spam].Can {
		return source.Spam, true
	}
	switch o {
	case Reply, MovePrivate, Hide, Delete, Block, Report:
		v = source.Verb(o)
	}
	return v, v != "" && can[v].Can
}

// Back is the verb that reverses v at the place; a reply is taken back by deleting it.
func Back(v source.Verb, can source.Capabilities) (source.Verb, bool) {
	back := can[v].Undo
	if v == source.Reply {
		back = source.Delete
	}
	return back, back != "" && can[back].Can
}
