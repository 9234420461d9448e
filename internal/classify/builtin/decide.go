package builtin

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"chop/internal/classify"
	"chop/internal/classify/rules"
	"chop/internal/reason"
)

// verdict is what the scores of one text come to.
type verdict struct {
	engine *Engine
	found  *rules.Finding
	text   *classify.Text
	scores []float32
}

func (v *verdict) chance(head string) float64 {
	h := v.engine.heads[head]
	return v.engine.model.Heads[h].Chance(v.scores[h])
}

func (v *verdict) yes(head string) bool {
	h := v.engine.heads[head]
	bar := float64(v.engine.model.Heads[h].Bar)
	if hostile[classify.Label(head)] && head != string(classify.Threat) {
		bar = max(bar, leastHostile)
	}
	return v.engine.model.Heads[h].Chance(v.scores[h]) >= bar
}

// leastHostile is the chance below which a label that accuses somebody is a guess. A threat is not weighed so: missing one is worse.
const leastHostile = 0.3

// proven is the score of the rules from which a safety label stands whatever the model says: check digits, plain words.
const proven = 0.88

// safety are the labels nobody may miss because a model doubted a plain rule.
var safety = []classify.Label{classify.Threat, classify.Extortion, classify.Distress, classify.PersonalData}

func (v *verdict) labels() []classify.Scored {
	if v.blank() {
		return []classify.Scored{{Label: classify.Neutral, Score: round(1)}}
	}
	var out []classify.Scored
	for _, l := range classify.Labels {
		if l == classify.Neutral {
			continue
		}
		p := v.chance(string(l))
		if v.yes(string(l)) {
			out = append(out, classify.Scored{Label: l, Score: round(p)})
		} else if slices.Contains(safety, l) && v.found.Score(l) >= proven {
			out = append(out, classify.Scored{Label: l, Score: round(max(p, 0.5))})
		}
	}
	out = v.abuse(out)
	if len(out) == 0 {
		return []classify.Scored{v.likeliest()}
	}
	slices.SortStableFunc(out, func(a, b classify.Scored) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

// blank tells whether there is nothing to read: no word, no emoji, no question mark and no stars.
func (v *verdict) blank() bool {
	return len(v.found.Words()) == 0 && v.text.Rating == 0 && !strings.ContainsAny(v.text.Text, "?？")
}

// abuse names what the head for abuse of any kind is sure of and no label says yet.
func (v *verdict) abuse(ls []classify.Scored) []classify.Scored {
	if !v.yes(headHarm) || slices.ContainsFunc(ls, func(s classify.Scored) bool { return hostile[s.Label] }) {
		return ls
	}
	l := classify.Insult
	if v.chance(string(classify.Hate)) > v.chance(string(classify.Insult)) {
		l = classify.Hate
	}
	return append(ls, classify.Scored{Label: l, Score: round(v.chance(headHarm))})
}

var hostile = map[classify.Label]bool{classify.Insult: true, classify.Hate: true, classify.Threat: true, classify.Extortion: true,
	classify.PersonalData: true, classify.Trolling: true}

// mild are the labels a text may get for being the likeliest, below their bar: nobody is accused by them.
var mild = []classify.Label{classify.Complaint, classify.Opinion, classify.Claim, classify.Discouragement, classify.Question,
	classify.Praise, classify.Employment, classify.Satire}

// likeliest is what a text is when no label reaches its bar: neutral, unless a mild label is likelier than that.
func (v *verdict) likeliest() classify.Scored {
	top := classify.Scored{Label: classify.Neutral, Score: round(v.chance(string(classify.Neutral)))}
	for _, l := range mild {
		h := v.engine.heads[string(l)]
		if p := round(v.chance(string(l))); p > top.Score && p >= float64(v.engine.model.Heads[h].Bar)/2 {
			top = classify.Scored{Label: l, Score: p}
		}
	}
	return top
}

// round keeps three places and never says certain or impossible: a model is neither.
func round(p float64) float64 { return math.Max(0.001, math.Min(math.Round(p*1000)/1000, 0.999)) }

func (v *verdict) result() classify.Result {
	r := classify.Result{ID: v.text.ID, Lang: v.found.Lang(), Engine: v.engine.name, Labels: v.labels(), Reasons: []reason.Reason{}}
	r.BuyerQuestion = r.Has(classify.Question) && v.yes(headBuyer)
	r.Arousal = v.found.Arousal()
	r.Sentiment = v.sentiment(r)
	r.Severity = v.severity(r)
	r.Target = v.target(r)
	return r
}

func (v *verdict) sentiment(r classify.Result) float64 {
	x := 2*v.chance(headWarm) - 1
	switch {
	case v.blank():
		x = 0
	case (r.Has(classify.Neutral) || r.Has(classify.Question) && len(r.Labels) == 1) && math.Abs(x) < 0.35:
		x = 0
	case r.Has(classify.Threat), r.Has(classify.Hate), r.Has(classify.Extortion), r.Has(classify.Insult):
		x = min(x, -0.5)
	case len(r.Labels) == 1 && r.Has(classify.Praise):
		x = max(x, 0.3)
	case !r.Has(classify.Praise) && (r.Has(classify.Complaint) || r.Has(classify.Opinion) || r.Has(classify.Discouragement) || r.Has(classify.Boycott)):
		x = min(x, -0.2)
	}
	return math.Round(x*100) / 100
}

// gravity is the severity an ordinary text of a label has (docs/labels.md).
var gravity = map[classify.Label]int{
	classify.Threat: 4, classify.Distress: 4, classify.Extortion: 3, classify.Hate: 3, classify.PersonalData: 3,
	classify.HealthSafety: 3, classify.Complaint: 2, classify.Claim: 2, classify.Boycott: 2, classify.Insult: 2,
	classify.Discouragement: 1, classify.Opinion: 1, classify.Question: 1, classify.Employment: 1, classify.Trolling: 1,
	classify.Spam: 1,
}

// severity is that of the gravest label, moved by what the model and the rules say of urgency.
func (v *verdict) severity(r classify.Result) int {
	n := 0
	for _, s := range r.Labels {
		n = max(n, v.weigh(s.Label))
	}
	if r.BuyerQuestion || r.Has(classify.Employment) && (r.Has(classify.Claim) || r.Has(classify.Complaint)) {
		n = max(n, 2)
	}
	if n == 2 && v.yes(headSerious) && v.chance(headSerious) > 0.6 {
		n = 3
	}
	return n
}

func (v *verdict) weigh(l classify.Label) int {
	g := gravity[l]
	switch {
	case l == classify.Threat && !v.yes(headUrgent) && v.found.Score(l) < 0.8:
		return 3
	case l == classify.Distress && !v.yes(headUrgent) && v.found.Score(l) < 0.8:
		return 3
	case g == 3 && l != classify.PersonalData && v.yes(headUrgent), l == classify.HealthSafety && v.found.Hurt():
		return 4
	case l == classify.PersonalData && !v.yes(headSerious):
		return 2
	}
	return g
}

// target is what the text is about: groups and nothing follow from the labels, the rest is the likeliest.
func (v *verdict) target(r classify.Result) string {
	switch {
	case r.Has(classify.Hate):
		return "group"
	case r.Has(classify.Neutral), r.Has(classify.Spam), r.Has(classify.Distress):
		return "none"
	}
	top, at := -1.0, ""
	for _, t := range targets {
		if p := v.chance("target:" + t); p > top && (t != "author_other" || v.text.Parent != "" || len(v.text.ParentLabels) > 0) {
			top, at = p, t
		}
	}
	return at
}
