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

// Version names the rules that a Result was made with.
func Version() string { return book.Version }

type rulebook struct {
	Version    string              `json:"version"`
	Formula    formula             `json:"formula"`
	Base       map[Option]weights  `json:"base"`
	Compatible map[Option][]Option `json:"compatible"`
	Channels   map[string][]Option `json:"channels"`
	Aliases    map[string]string   `json:"aliases"`
	Defaults   defaults            `json:"defaults"`
	Rules      []Rule              `json:"rules"`
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
func fired(c Case) []Rule {
	var rules []Rule
	for _, r := range book.Rules {
		if !slices.ContainsFunc(r.When, func(d condition) bool { return !d.holds(c) }) {
			rules = append(rules, r)
		}
	}
	return rules
}

// share is how much of a rule counts: rules about the profile count as much as we trust the profile.
func (r Rule) share(c Case) float64 {
	if slices.Contains(book.Formula.ByConfidence, r.ID) {
		return c.Profile.Confidence
	}
	return 1
}

// total adds the rules' effects on one option to its base.
func total(c Case, rules []Rule, o Option) weights {
	w := book.Base[o]
	for _, r := range rules {
		w = w.plus(r.Effects[o], r.share(c))
	}
	return w
}

// condition is [field, operator, value] of the rules file.
type condition struct {
	field, op string
	texts     []string
	number    float64
	flag      bool
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

func (d condition) holds(c Case) bool {
	switch v := c.fact(d.field).(type) {
	case []string:
		met := slices.ContainsFunc(d.texts, func(t string) bool { return slices.Contains(v, t) })
		return met != (d.op == "none")
	case string:
		return slices.Contains(d.texts, v)
	case bool:
		return v == d.flag
	case float64:
		return d.compare(v)
	}
	return false
}

func (d condition) compare(v float64) bool {
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

// operators lists what a condition may say about each sort of fact.
func operators(fact any) []string {
	switch fact.(type) {
	case []string:
		return []string{"has", "any", "none"}
	case string:
		return []string{"==", "in"}
	case bool:
		return []string{"=="}
	case float64:
		return []string{"==", ">=", "<=", "<"}
	}
	return nil
}

// fact is the value of a field that rules may ask for, nil when there is no such field.
func (c Case) fact(field string) any {
	switch field {
	case "labels":
		return c.Labels
	case "channel":
		return c.Channel
	case "truth":
		return c.Truth
	case "profile.motive":
		return c.Profile.Motive
	case "buyer_question":
		return c.BuyerQuestion
	case "warned":
		return c.Warned
	case "deletion_noticed":
		return c.DeletionNoticed
	case "netiquette_published":
		return c.NetiquettePublished
	case "third_party_victim":
		return c.ThirdPartyVictim
	case "minor":
		return c.Minor
	case "media":
		return c.Media
	case "supporters":
		return c.Supporters
	case "night":
		return c.Night
	case "hate_share":
		return c.HateShare
	case "age_hours":
		return c.AgeHours
	}
	if n, ok := c.counts()[field]; ok {
		return float64(n)
	}
	return nil
}

func (c Case) counts() map[string]int {
	return map[string]int{"severity": c.Severity, "arousal": c.Arousal, "pileon": c.PileOn, "reach": c.Reach, "legal": c.Legal,
		"fault": c.Fault, "failures": c.Failures, "replies": c.Replies, "violations": c.Violations,
		"prior_removals": c.PriorRemovals, "profile.escalation": c.Profile.Escalation}
}

// facts are the values that made the rule hold, for the explanation.
func (r Rule) facts(c Case) map[string]string {
	m := map[string]string{"evidence": r.Evidence}
	for _, d := range r.When {
		switch v := c.fact(d.field).(type) {
		case []string:
			if d.op != "none" {
				m[d.field] = strings.Join(slices.DeleteFunc(slices.Clone(d.texts), func(t string) bool { return !slices.Contains(v, t) }), ", ")
			}
		case string:
			m[d.field] = v
		case bool:
			m[d.field] = strconv.FormatBool(v)
		case float64:
			m[d.field] = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return m
}

// mustRead reads the embedded rules; a rule that could never be understood is a defect of the build.
func mustRead(b []byte) rulebook {
	var k rulebook
	if err := json.Unmarshal(b, &k); err != nil {
		panic(fmt.Sprintf("decision rules: %v", err))
	}
	for _, r := range k.Rules {
		for _, d := range r.When {
			if !slices.Contains(operators(Case(k.Defaults).fact(d.field)), d.op) {
				panic(fmt.Sprintf("decision rule %s: cannot ask %q of %q", r.ID, d.op, d.field))
			}
		}
	}
	return k
}
