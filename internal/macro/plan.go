// Package macro keeps named sets of steps that a person takes with one click, and takes them through the same verbs as
// any other decision: a macro knows no way around a guard-rail.
package macro

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/mention"
)

// Seal is the option of a plan that takes proof and decides nothing.
const Seal decision.Option = "seal"

// Options are what a macro may do with an item, in the order in which they are offered; "" only labels or links. What
// strikes a person rather than an item (block), and what speaks for the firm in law (escalate_legal, statement), is
// always decided by itself.
var Options = []decision.Option{decision.Observe, decision.Reply, decision.MovePrivate, decision.Hide, decision.Delete, decision.Report, Seal, ""}

// Bounds of what people write.
const (
	Most     = 50 // live macros of a firm
	maxName  = 60
	maxWhy   = 2000
	maxText  = 5000
	minWhy   = 3
	keyChars = "123456789"
)

// Plan is what is done with one item: the decision, then the labels, then the case. The decision comes first, so that it
// is judged by the labels the item has: new labels are never the way to a forbidden deed. It is kept as JSON.
type Plan struct {
	Option   decision.Option  `json:"option,omitempty"`
	Why      string           `json:"why,omitempty"`      // the reason that stands there at first
	Until    string           `json:"until,omitempty"`    // observe: when to look again, see Untils
	Text     string           `json:"text,omitempty"`     // of a reply
	Labels   []classify.Label `json:"labels,omitempty"`   // instead of those the item has; none: they stay
	Severity int              `json:"severity,omitempty"` // with Labels
	Case     bool             `json:"case,omitempty"`     // into the open case of the item, or into a new one
}

// Untils are the times to look again at what is only observed.
var Untils = []string{"", "1h", "3h", "morning", "3d", "week"}

// Until turns a code of Untils into an instant; the zero time for "". Mornings are at eight in the country's time.
func Until(code string, now time.Time) (time.Time, error) {
	local := now.In(lang.Zone)
	morning := time.Date(local.Year(), local.Month(), local.Day(), 8, 0, 0, 0, lang.Zone)
	if !morning.After(now) {
		morning = morning.AddDate(0, 0, 1)
	}
	switch code {
	case "":
		return time.Time{}, nil
	case "1h":
		return now.Add(time.Hour), nil
	case "3h":
		return now.Add(3 * time.Hour), nil
	case "morning":
		return morning, nil
	case "3d":
		return morning.AddDate(0, 0, 2), nil
	case "week":
		return morning.AddDate(0, 0, 6), nil
	}
	return time.Time{}, fault.New(fault.Invalid, "decision.until").On("until")
}

// Empty tells that the plan does nothing at all.
func (p Plan) Empty() bool { return p.Option == "" && len(p.Labels) == 0 && !p.Case }

// Decides tells whether a decision is made.
func (p Plan) Decides() bool { return p.Option != "" && p.Option != Seal }

// Restricts tells whether the plan limits what the author can say (decision.Restrictive).
func (p Plan) Restricts() bool { return decision.Restrictive(p.Option) }

// tidy cuts what is not text.
func (p Plan) tidy() Plan {
	p.Why, p.Text = clean(p.Why), clean(p.Text)
	if p.Option != decision.Observe {
		p.Until = ""
	}
	if p.Option != decision.Reply && p.Option != decision.MovePrivate {
		p.Text = ""
	}
	if len(p.Labels) == 0 {
		p.Severity = 0
	}
	return p
}

func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0xFEFF {
			return -1 // they turn the direction of what stands around
		}
		return r
	}, s))
}

// check refuses a plan that cannot be kept. Faults: Invalid "macro.empty", "macro.option", "macro.until", "macro.text",
// "macro.text_long", "macro.label", "decision.why_long", "label.severity".
func (p Plan) check() error {
	switch {
	case p.Empty():
		return fault.New(fault.Invalid, "macro.empty").On("option")
	case !slices.Contains(Options, p.Option):
		return fault.New(fault.Invalid, "macro.option").On("option")
	case !slices.Contains(Untils, p.Until):
		return fault.New(fault.Invalid, "macro.until").On("until")
	case p.Option == decision.Reply && p.Text == "":
		return fault.New(fault.Invalid, "macro.text").On("text")
	case utf8.RuneCountInString(p.Text) > maxText:
		return fault.New(fault.Invalid, "macro.text_long", "Max", maxText).On("text")
	case utf8.RuneCountInString(p.Why) > maxWhy:
		return fault.New(fault.Invalid, "decision.why_long", "Max", maxWhy).On("why")
	case p.Severity < 0 || p.Severity > 4:
		return fault.New(fault.Invalid, "label.severity").On("severity")
	}
	for _, l := range p.Labels {
		if !slices.Contains(classify.Labels, l) && l != classify.FakeReview {
			return fault.New(fault.Invalid, "macro.label").On("label")
		}
	}
	return nil
}

// Relabelled tells whether the item has the labels of the plan already.
func (p Plan) Relabelled(m mention.Mention) bool {
	return len(m.Labels) == len(p.Labels) && m.Severity == p.Severity &&
		!slices.ContainsFunc(p.Labels, func(l classify.Label) bool { return !m.Has(string(l)) })
}

// Macro is one version of a macro.
type Macro struct {
	Firm, ID     string
	Version      int
	Live         bool
	Owner        string // the one person it is for; "" for everybody who decides in the firm
	Name         string
	Key          string           // digit that starts it on an item, or ""
	Labels       []classify.Label // offered where one of them is; none: everywhere
	Plan         Plan
	Why          string // why this version was written
	Who, WhoName string
	At           time.Time
	Used         int // how often, all versions together
	UsedAt       time.Time
}

// Fits tells whether the macro is offered for the item.
func (m Macro) Fits(x mention.Mention) bool {
	return m.Live && (len(m.Labels) == 0 || slices.ContainsFunc(m.Labels, func(l classify.Label) bool { return x.Has(string(l)) }))
}

func (m Macro) tidy() Macro {
	m.Name, m.Why, m.Plan = strings.Join(strings.Fields(clean(m.Name)), " "), clean(m.Why), m.Plan.tidy()
	return m
}

func (m Macro) check() error {
	switch n := utf8.RuneCountInString(m.Name); {
	case !strings.ContainsFunc(m.Name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }):
		return fault.New(fault.Invalid, "macro.name").On("name")
	case n > maxName:
		return fault.New(fault.Invalid, "macro.name_long", "Max", maxName).On("name")
	case m.Key != "" && (len(m.Key) != 1 || !strings.Contains(keyChars, m.Key)):
		return fault.New(fault.Invalid, "macro.key").On("key")
	}
	return m.Plan.check()
}
