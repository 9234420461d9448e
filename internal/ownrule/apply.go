package ownrule

import (
	"slices"

	"chop/internal/classify"
	"chop/internal/classify/rules"
	"chop/internal/reason"
)

// ready is a rule with its phrases.
type ready struct {
	Rule
	phrases
}

// book is rules ready for use. It holds nothing that changes.
type book struct {
	stamp string
	rules []ready
}

// newBook leaves out what does not compile: it was checked when it was written, and no kept rule may stop the labelling.
func newBook(stamp string, list []Rule) *book {
	b := &book{stamp: stamp}
	for _, r := range list {
		if p, err := r.compile(); err == nil {
			b.rules = append(b.rules, ready{r, p})
		}
	}
	return b
}

// with is the book with a version of a rule in the place of any other.
func (b *book) with(r Rule) *book {
	out := b.without(r.ID)
	out.rules = append(out.rules, newBook("", []Rule{r}).rules...)
	slices.SortFunc(out.rules, byID)
	return out
}

// without is the book without a rule.
func (b *book) without(id string) *book {
	return &book{rules: slices.DeleteFunc(slices.Clone(b.rules), func(x ready) bool { return x.ID == id })}
}

// channels tells whether a rule asks for the channel.
func (b *book) channels() bool {
	return slices.ContainsFunc(b.rules, func(r ready) bool { return r.Channel != "" })
}

// subject is a text that rules look at; the channel is its kind, "" when no rule asks.
type subject struct {
	classify.Text
	channel string
	sheet   *rules.Sheet
}

// finds is the place of the words when the rule speaks about the text.
func (r ready) finds(s subject) (reason.Span, bool) {
	if r.Channel != "" && r.Channel != s.channel || r.Stars > 0 && (s.Rating < 1 || s.Rating > r.Stars) ||
		r.UnderQuestion && !slices.Contains(s.ParentLabels, classify.Question) {
		return reason.Span{}, false
	}
	return r.says(s.sheet)
}

// says looks for the words alone.
func (p phrases) says(sheet *rules.Sheet) (reason.Span, bool) {
	found := p.words.Find(sheet)
	if len(found) == 0 {
		return reason.Span{}, false
	}
	silent := p.unless.Find(sheet)
	for _, f := range found {
		if !slices.ContainsFunc(silent, func(u rules.Place) bool { return u.Sentence == f.Sentence }) {
			return f.Span, true
		}
	}
	return reason.Span{}, false
}

// spoken is a rule that speaks about a text, and where.
type spoken struct {
	ready
	span reason.Span
}

// rule gives a result what the rules say, in the place of what rules said before. Labels are taken away first and given
// then, so that of two rules that contradict each other the one that warns wins.
func (b *book) rule(s subject, r classify.Result) classify.Result {
	r = r.WithoutRules()
	var all []spoken
	given := map[classify.Label]bool{}
	for _, x := range b.rules {
		if span, ok := x.finds(s); ok {
			all = append(all, spoken{x, span})
			if x.Does == Adds {
				given[x.Label] = true
			}
		}
	}
	was := r
	r.Labels, r.Reasons = slices.Clone(r.Labels), slices.Clone(r.Reasons)
	for _, does := range []Does{Takes, Adds, Raises} {
		for _, x := range all {
			if x.Does == does && (does != Takes || !given[x.Label]) {
				r = x.effect(s.Text.Text, r)
			}
		}
	}
	if len(r.Reasons) == len(was.Reasons) {
		return was
	}
	r.Unruled = &classify.Unruled{Labels: was.Labels, Severity: was.Severity, Buyer: was.BuyerQuestion}
	return r
}

// effect is what one rule makes of a result.
func (x spoken) effect(text string, r classify.Result) classify.Result {
	switch x.Does {
	case Takes:
		if slices.Contains(classify.Safety, x.Label) || x.Label == classify.Neutral || !r.Has(x.Label) {
			return r
		}
		r = without(r, x.Label)
		r.Reasons = append(r.Reasons, x.reason(text, classify.RuleOwn+".away", -1))
	case Adds:
		r = with(r, x.Label)
		r.Reasons = append(r.Reasons, x.reason(text, classify.RuleOwn, 1))
	case Raises:
		if r.Severity >= x.Severity {
			return r
		}
		r.Severity = x.Severity
		r.Reasons = append(r.Reasons, x.reason(text, classify.RuleOwn+".raise", 1))
	}
	return r
}

// with gives a label. Neutral stands alone, so it goes.
func with(r classify.Result, l classify.Label) classify.Result {
	r.Severity = max(r.Severity, classify.Gravity(l))
	if r.Has(l) {
		return r
	}
	r.Labels = slices.DeleteFunc(r.Labels, func(s classify.Scored) bool { return s.Label == classify.Neutral })
	at := len(r.Labels)
	if slices.Contains(classify.Safety, l) {
		at = 0
	}
	r.Labels = slices.Insert(r.Labels, at, classify.Scored{Label: l, Score: 1})
	return r
}

// without takes a label away. The severity falls to that of the gravest label that stays, unless a graver one or a safety
// label holds it.
func without(r classify.Result, l classify.Label) classify.Result {
	r.Labels = slices.DeleteFunc(r.Labels, func(s classify.Scored) bool { return s.Label == l })
	if l == classify.Question {
		r.BuyerQuestion = false
	}
	rest, holds := 0, r.Severity == 4
	for _, s := range r.Labels {
		rest = max(rest, classify.Gravity(s.Label))
		holds = holds || slices.Contains(classify.Safety, s.Label)
	}
	if r.BuyerQuestion {
		rest = max(rest, 2)
	}
	if !holds && rest < classify.Gravity(l) {
		r.Severity = min(r.Severity, rest)
	}
	if len(r.Labels) == 0 {
		r.Labels = []classify.Scored{{Label: classify.Neutral, Score: 1}}
	}
	return r
}

func (x spoken) reason(text, rule string, weight float64) reason.Reason {
	facts := map[string]string{"name": x.Name, "rule": x.ID, "word": short(text[x.span.From:x.span.To])}
	if x.Label != "" {
		facts["label"] = string(x.Label)
	}
	span := x.span
	return reason.Reason{Rule: rule, Facts: facts, Weight: weight, Span: &span}
}

// short is the beginning of a place in a text.
func short(s string) string {
	const most = 60
	if rs := []rune(s); len(rs) > most {
		return string(rs[:most]) + "…"
	}
	return s
}
