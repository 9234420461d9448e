package decision

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

//go:embed rules.json
var rulesJSON []byte

// book is the model as data: 50 rules, base values, compatibilities and channels (domain/decision_rules.json).
var book = mustRead(rulesJSON)

// options is how many there are; totals are kept in the order of Options.
const options = 9

type rulebook struct {
	Version    string              `json:"version"`
	Formula    formula             `json:"formula"`
	Base       map[Option]weights  `json:"base"`
	Compatible map[Option][]Option `json:"compatible"`
	Channels   map[string][]Option `json:"channels"`
	Aliases    aliases             `json:"aliases"`
	Defaults   defaults            `json:"defaults"`
	Rules      []Rule              `json:"rules"`

	can map[string]Capabilities // Channels, ready to ask
}

// formula holds the constants of domain/decisions.md 4.2.
type formula struct {
	Cost          float64  `json:"cost"`
	CostPerReach  float64  `json:"cost_per_reach"`
	CostPerPileOn float64  `json:"cost_per_pileon"`
	TieBelow      float64  `json:"tie_below"`
	CompanionFrom float64  `json:"companion_from"`
	MaxCompanions int      `json:"max_companions"`
	PrivateNeeds  []string `json:"private_needs_any"`
	ByConfidence  []string `json:"by_confidence"`
}

// aliases are other names that a case may come with: words people use for a channel, and the Polish codes of the domain.
type aliases struct {
	Channel map[string]string `json:"channel"`
	Label   map[string]string `json:"label"`
	Truth   map[string]string `json:"truth"`
	Motive  map[string]string `json:"motive"`
}

// canonical is the name that the rules use for s: in small letters, without spaces around, and not the alias.
func canonical(names map[string]string, s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if n, ok := names[s]; ok {
		return n
	}
	return s
}

// defaults is Case without its JSON reader, which itself needs the defaults.
type defaults Case

// Rule is one consideration of the model; its sentence is the message "reason.<ID>", its caveat "reason.<ID>.against".
type Rule struct {
	ID       string             `json:"id"`
	Name     string             `json:"name"`
	Evidence string             `json:"evidence"` // A field data, B laboratory or survey, C principle without a measured effect
	Sources  []string           `json:"sources"`  // keys of the list at the end of domain/decisions.md
	When     []condition        `json:"when"`
	Effects  map[Option]weights `json:"effects"`
	Caveat   Option             `json:"caveat,omitempty"` // the option that the ".against" sentence warns about

	deltas  [options]weights // Effects in the order of Options
	byTrust bool             // counts as much as the profile is trusted
	sources string           // Sources in one line
}

// Rules returns the rules, for pages and reports that list them.
func Rules() []Rule { return slices.Clone(book.Rules) }

// weights are points of benefit, points of direct harm and log-odds of escalation.
type weights [3]float64

func (w weights) plus(v weights, by float64) weights {
	for i := range w {
		w[i] += v[i] * by
	}
	return w
}

func (w weights) harm() float64 { return math.Max(0, w[1]) }

// risk is the probability of escalation within 72 h: an expert prior, not a measurement.
func (w weights) risk() float64 { return 1 / (1 + math.Exp(-w[2])) }

// score is S = B - H - lambda * pE * cost (domain/decisions.md 4.2).
func (w weights) score(price float64) float64 { return w[0] - w.harm() - w.risk()*price }

// price is what one escalation costs this firm, in points.
func price(c Case) float64 {
	f := book.Formula
	return c.RiskAversion * (f.Cost + f.CostPerReach*float64(c.Reach) + f.CostPerPileOn*float64(c.PileOn))
}

// fired returns the rules that hold, in the order of the book.
func fired(c Case) []*Rule {
	rules := make([]*Rule, 0, 16)
	for i := range book.Rules {
		if r := &book.Rules[i]; r.holds(&c) {
			rules = append(rules, r)
		}
	}
	return rules
}

func (r *Rule) holds(c *Case) bool {
	for i := range r.When {
		if !r.When[i].holds(c) {
			return false
		}
	}
	return true
}

// share is how much of a rule counts: rules about the profile count as much as we trust the profile.
func (r *Rule) share(c Case) float64 {
	if r.byTrust {
		return c.Profile.Confidence
	}
	return 1
}

// totals adds the rules' effects to the base of every option.
func totals(c Case, rules []*Rule) (all [options]weights) {
	for i, o := range Options {
		all[i] = book.Base[o]
	}
	for _, r := range rules {
		by := r.share(c)
		for i := range all {
			all[i] = all[i].plus(r.deltas[i], by)
		}
	}
	return all
}

// condition is [field, operator, value] of the rules file.
type condition struct {
	field, op string
	texts     []string
	number    float64
	flag      bool
	read      reader
}

func (d *condition) UnmarshalJSON(b []byte) error {
	var parts [3]json.RawMessage
	var text string
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for i, into := range []*string{&d.field, &d.op} {
		if err := json.Unmarshal(parts[i], into); err != nil {
			return err
		}
	}
	d.read = readers[d.field]
	if json.Unmarshal(parts[2], &text) == nil {
		d.texts = []string{text}
		return nil
	}
	for _, into := range []any{&d.texts, &d.flag, &d.number} {
		if json.Unmarshal(parts[2], into) == nil {
			return nil
		}
	}
	return fmt.Errorf("condition on %s: value %s", d.field, parts[2])
}

func (d *condition) holds(c *Case) bool {
	switch {
	case d.read.number != nil:
		return d.compare(d.read.number(c))
	case d.read.flag != nil:
		return d.read.flag(c) == d.flag
	case d.read.text != nil:
		return slices.Contains(d.texts, d.read.text(c))
	}
	met := slices.ContainsFunc(d.texts, func(t string) bool { return slices.Contains(c.Labels, t) })
	return met != (d.op == "none")
}

func (d *condition) compare(v float64) bool {
	switch d.op {
	case "==":
		return v == d.number
	case ">=":
		return v >= d.number
	case "<=":
		return v <= d.number
	}
	return d.op == "<" && v < d.number
}

// reader takes one fact out of a case; the labels have none.
type reader struct {
	number func(*Case) float64
	flag   func(*Case) bool
	text   func(*Case) string
}

func count(f func(*Case) int) reader {
	return reader{number: func(c *Case) float64 { return float64(f(c)) }}
}

// readers are the facts that rules may ask for, beside the labels.
var readers = map[string]reader{
	"channel":              {text: func(c *Case) string { return c.Channel }},
	"truth":                {text: func(c *Case) string { return c.Truth }},
	"profile.motive":       {text: func(c *Case) string { return c.Profile.Motive }},
	"buyer_question":       {flag: func(c *Case) bool { return c.BuyerQuestion }},
	"warned":               {flag: func(c *Case) bool { return c.Warned }},
	"deletion_noticed":     {flag: func(c *Case) bool { return c.DeletionNoticed }},
	"netiquette_published": {flag: func(c *Case) bool { return c.NetiquettePublished }},
	"third_party_victim":   {flag: func(c *Case) bool { return c.ThirdPartyVictim }},
	"minor":                {flag: func(c *Case) bool { return c.Minor }},
	"media":                {flag: func(c *Case) bool { return c.Media }},
	"supporters":           {flag: func(c *Case) bool { return c.Supporters }},
	"night":                {flag: func(c *Case) bool { return c.Night }},
	"hate_share":           {number: func(c *Case) float64 { return c.HateShare }},
	"age_hours":            {number: func(c *Case) float64 { return c.AgeHours }},
	"severity":             count(func(c *Case) int { return c.Severity }),
	"arousal":              count(func(c *Case) int { return c.Arousal }),
	"pileon":               count(func(c *Case) int { return c.PileOn }),
	"reach":                count(func(c *Case) int { return c.Reach }),
	"legal":                count(func(c *Case) int { return c.Legal }),
	"fault":                count(func(c *Case) int { return c.Fault }),
	"failures":             count(func(c *Case) int { return c.Failures }),
	"replies":              count(func(c *Case) int { return c.Replies }),
	"violations":           count(func(c *Case) int { return c.Violations }),
	"prior_removals":       count(func(c *Case) int { return c.PriorRemovals }),
	"profile.escalation":   count(func(c *Case) int { return c.Profile.Escalation }),
	"profile.confidence":   {number: func(c *Case) float64 { return c.Profile.Confidence }},
	"risk_aversion":        {number: func(c *Case) float64 { return c.RiskAversion }},
}

// operators lists what a condition may say about a field, nil when there is no such field.
func operators(field string) []string {
	r, ok := readers[field]
	switch {
	case field == "labels":
		return []string{"has", "any", "none"}
	case !ok:
		return nil
	case r.text != nil:
		return []string{"==", "in"}
	case r.flag != nil:
		return []string{"=="}
	}
	return []string{"==", ">=", "<=", "<"}
}

// facts are the values that made the rule hold, with the strength and the sources of what it rests on.
func (r *Rule) facts(c *Case) map[string]string {
	m := make(map[string]string, 2+len(r.When))
	m["evidence"], m["sources"] = r.Evidence, r.sources
	for i := range r.When {
		d := &r.When[i]
		switch {
		case d.read.text != nil:
			m[d.field] = d.read.text(c)
		case d.read.flag != nil:
			m[d.field] = strconv.FormatBool(d.read.flag(c))
		case d.read.number != nil:
			m[d.field] = strconv.FormatFloat(d.read.number(c), 'f', -1, 64)
		case d.op != "none":
			m[d.field] = found(c, d.texts)
		}
	}
	return m
}

// found lists those of the labels that the case carries.
func found(c *Case, labels []string) string {
	if len(labels) == 1 {
		return labels[0] // the rule holds, so it is there
	}
	return strings.Join(slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return !c.Has(l) }), ", ")
}

// mustRead reads the embedded rules; a rule that could never be understood is a defect of the build.
func mustRead(b []byte) rulebook {
	var k rulebook
	if err := json.Unmarshal(b, &k); err != nil {
		panic(fmt.Sprintf("decision rules: %v", err))
	}
	for i := range k.Rules {
		r := &k.Rules[i]
		for _, d := range r.When {
			if !slices.Contains(operators(d.field), d.op) {
				panic(fmt.Sprintf("decision rule %s: cannot ask %q of %q", r.ID, d.op, d.field))
			}
		}
		r.byTrust = slices.Contains(k.Formula.ByConfidence, r.ID)
		r.sources = strings.Join(r.Sources, ", ")
		for j, o := range Options {
			r.deltas[j] = r.Effects[o]
		}
	}
	k.can = map[string]Capabilities{}
	for name, list := range k.Channels {
		k.can[name] = Capabilities{}
		for _, o := range list {
			k.can[name][o] = true
		}
	}
	return k
}
