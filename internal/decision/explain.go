package decision

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/reason"
)

// Say turns a message id and its places into a sentence; lang.Tag.T is one.
type Say func(id string, kv ...any) string

const (
	maxFor     = 3
	maxAgainst = 2
	obligation = 100 // weight of a mandatory action: above any sum of rules we have
	joiners    = 3   // people who join before a calm case is looked at again (domain/decisions.md 4.5)
)

// Explanation is what a page tells about a Result (domain/decisions.md 4.5), as codes and facts. Its messages:
// "option.<code>", "decision.confidence.<Confidence>", "decision.risk.<Risk>", "decision.first.<First>",
// "decision.look_again.<LookAgain.Trigger>"; points and do-nots speak for themselves (Say).
type Explanation struct {
	Recommended Option
	Confidence  string // clear (20 points or more), moderate (8 to 20), tie (below 8), settled (by a guard-rail)
	For         []Point
	Against     []Point
	RiskPercent int    // of escalation, an expert prior and not a measurement: say so beside it ("decision.risk.note")
	Risk        string // low (below 20%), medium (20 to 45%), high (above 45%)
	WhyNot      *Alternative
	DoNot       []DoNot
	Turns       []Turn // what would change the advice; filled by whoever knows the place (Tuning.Turns)
	First       string // what comes before the deed: "evidence", or "watch" when nothing is done
	LookAgain   Again
}

// Alternative is the second option and what speaks against taking it instead.
type Alternative struct {
	Option      Option
	Point       Point
	RiskPercent int
	Risk        string
}

// Again says when to come back to the case, at the latest, and what would bring us back sooner.
type Again struct {
	Priority int           // 1 to 4, see Priority
	After    time.Duration // see LookAgain
	Trigger  string        // "joiners" ({{.N}} people join) or "spread" (the thread is wide already: media or a new place)
	N        int
}

// Explain lays out the result for people. The case is the one that was ranked.
func Explain(c Case, r Result) Explanation {
	x := Explanation{Recommended: r.Recommended, Confidence: confidence(r), For: r.Reasons.For, Against: r.Reasons.Against,
		DoNot: r.Reasons.DoNot, First: "evidence", LookAgain: again(c)}
	if r.Recommended == Observe {
		x.First = "watch"
	}
	if len(r.Ranking) > 0 {
		x.RiskPercent, x.Risk = percent(r.Ranking[0].EscalationRisk), RiskWord(r.Ranking[0].EscalationRisk)
	}
	if len(r.Ranking) > 1 {
		second := r.Ranking[1]
		x.WhyNot = &Alternative{second.Option, r.Reasons.WhyNot[second.Option], percent(second.EscalationRisk), RiskWord(second.EscalationRisk)}
	}
	return x
}

func confidence(r Result) string {
	switch {
	case r.CloseCall:
		return "tie"
	case r.Gap >= 20:
		return "clear"
	case r.Gap >= book.Formula.TieBelow:
		return "moderate"
	}
	return "settled"
}

func percent(p float64) int { return int(math.Round(p * 100)) }

// RiskWord names a probability of escalation: low below 20%, high above 45%, medium between (domain/decisions.md 4.5).
func RiskWord(p float64) string {
	switch {
	case p < 0.20:
		return "low"
	case p > 0.45:
		return "high"
	}
	return "medium"
}

func again(c Case) Again {
	a := Again{Priority: Priority(c), Trigger: "joiners", N: joiners}
	a.After = LookAgain(a.Priority)
	if c.PileOn >= 2 {
		a.Trigger, a.N = "spread", 0
	}
	return a
}

// Say is the point's sentence.
func (p Point) Say(say Say) string {
	id := "reason." + p.Rule
	if p.Caveat {
		id += ".against"
	}
	kv := make([]any, 0, 2*len(p.Facts))
	for name, v := range p.Facts {
		kv = append(kv, name, v)
	}
	return say(id, kv...)
}

// Strength says how firm the ground of the point is, "" for a point without a rule of the book: the grade of its evidence
// (message "decision.evidence.<A|B|C>") and its sources.
func (p Point) Strength(say Say) string {
	grade, sources := p.Facts["evidence"], p.Facts["sources"]
	if grade == "" || sources == "" {
		return ""
	}
	names := strings.Split(sources, ", ")
	for i, key := range names {
		names[i] = sourceName(key, say)
	}
	return say("decision.evidence."+grade, "Sources", strings.Join(names, ", "))
}

// told are the sources that have a message "decision.source.<key>"; the others are named by author and year.
var told = []string{"EXPERT", "ETHICS", "KK", "KK190", "KK191", "GDPR", "GOOGLE-EXT", "GOOGLE-UGC", "FBHIDE", "STREISAND", "PZ17", "WC18", "HR23"}

// sourceName is a key of domain/decisions.md as people read it: HERHAUSEN19 is Herhausen 2019.
func sourceName(key string, say Say) string {
	if slices.Contains(told, key) {
		return say("decision.source." + key)
	}
	author := strings.TrimRight(key, "0123456789")
	if year := key[len(author):]; len(year) == 2 && author != "" {
		return author[:1] + strings.ToLower(author[1:]) + " 20" + year
	}
	return key
}

// Say is the sentence of the turn.
func (t Turn) Say(say Say) string {
	return say("decision.turn."+t.Field+"."+t.Value, "Option", say("option."+string(t.Option)))
}

// Say is the sentence of what not to do.
func (d DoNot) Say(say Say) string {
	if d.Option == "" {
		return say("donot." + d.Rule)
	}
	return say("decision.donot.option", "Option", say("option."+string(d.Option)), "Why", say("guard."+d.Rule))
}

// In returns the result with every sentence filled in.
func (r Result) In(say Say) Result {
	spoken := func(points []Point) []Point {
		points = slices.Clone(points)
		for i := range points {
			points[i].Text = points[i].Say(say)
		}
		return points
	}
	whyNot := map[Option]Point{}
	for o, p := range r.Reasons.WhyNot {
		whyNot[o] = spoken([]Point{p})[0]
	}
	doNot := slices.Clone(r.Reasons.DoNot)
	for i := range doNot {
		doNot[i].Text = doNot[i].Say(say)
	}
	r.Reasons = Reasons{For: spoken(r.Reasons.For), Against: spoken(r.Reasons.Against), WhyNot: whyNot, DoNot: doNot}
	return r
}

func (w *weighing) reasons(options []Option) Reasons {
	best := options[0]
	for _, r := range w.rules {
		w.owed = append(w.owed, w.contribution(r, best))
	}
	why := Reasons{For: w.speakFor(best), Against: w.speakAgainst(best), WhyNot: make(map[Option]Point, len(options)), DoNot: w.doNot(best)}
	for _, o := range options[1:] {
		why.WhyNot[o] = w.whyNot(best, o)
	}
	return why
}

// contribution is how much the option's score owes to the rule: the score with it less the score without it.
func (w *weighing) contribution(r *Rule, o Option) float64 {
	i := place(o)
	if r.deltas[i] == (weights{}) {
		return 0
	}
	return w.scores[i] - w.totals[i].plus(r.deltas[i], -r.share(w.c)).score(w.price)
}

func (w *weighing) point(r *Rule, weight float64) Point {
	return Point{Reason: reason.Reason{Rule: r.ID, Facts: r.facts(&w.c), Weight: weight}}
}

// points are at most n rules that the best option owes most to, or that cost it most when sign is -1, heaviest first.
func (w *weighing) points(n int, sign float64) []Point {
	type heavy struct {
		r *Rule
		v float64
	}
	all := make([]heavy, 0, 16)
	for i, r := range w.rules {
		if v := round(sign*w.owed[i], 1); v > 0 {
			all = append(all, heavy{r, v})
		}
	}
	slices.SortStableFunc(all, func(a, b heavy) int { return cmp.Compare(b.v, a.v) })
	points := make([]Point, 0, n)
	for _, h := range all[:min(n, len(all))] {
		points = append(points, w.point(h.r, h.v))
	}
	return points
}

func (w *weighing) speakFor(o Option) []Point {
	points := w.points(maxFor, 1)
	if m, ok := w.duty(o); ok {
		points = slices.Insert(points, 0, m)
	}
	if len(points) == 0 {
		points = append(points, w.basis(o))
	}
	return points[:min(maxFor, len(points))]
}

// speakAgainst names the rules that cost the option most, then the caveats of those that speak for it.
func (w *weighing) speakAgainst(o Option) []Point {
	points := w.points(maxAgainst, -1)
	for i := range points {
		points[i].Weight = -points[i].Weight
	}
	for _, r := range w.rules {
		if r.Caveat == o {
			p := w.point(r, 0)
			p.Caveat = true
			points = append(points, p)
		}
	}
	return points[:min(maxAgainst, len(points))]
}

// whyNot is the largest difference between the best option and the other; a duty beats any difference, and a statement
// whose time has not come says so.
func (w *weighing) whyNot(best, other Option) Point {
	if m, ok := w.duty(best); ok && w.score(best) < w.score(other) {
		return m
	}
	if other == Statement && w.score(best) < w.score(other) {
		return Point{Reason: reason.Reason{Rule: "statement", Facts: map[string]string{"pileon": strconv.Itoa(w.c.PileOn)}, Weight: obligation}}
	}
	var top *Rule
	most := 0.0
	for i, r := range w.rules {
		if v := round(w.owed[i]-w.contribution(r, other), 1); v > most {
			top, most = r, v
		}
	}
	if top == nil {
		return w.basis(best)
	}
	return w.point(top, most)
}

// duty is the mandatory action that wants the option, if any.
func (w *weighing) duty(o Option) (Point, bool) {
	for _, m := range w.due {
		if slices.Contains(m.options, o) {
			found := slices.DeleteFunc(slices.Clone(m.labels), func(l string) bool { return !w.c.Has(l) })
			facts := map[string]string{"labels": strings.Join(found, ", ")}
			return Point{Reason: reason.Reason{Rule: m.code, Facts: facts, Weight: obligation}}, true
		}
	}
	return Point{}, false
}

// basis is the explanation when no rule speaks for the option: what it is worth before any rule.
func (w *weighing) basis(o Option) Point {
	return Point{Reason: reason.Reason{Rule: "base", Facts: map[string]string{"option": string(o), "evidence": "C"}, Weight: round(book.Base[o].score(w.price), 1)}}
}

// doNot lists the vetoed options, then the conduct that would make this case worse.
func (w *weighing) doNot(best Option) []DoNot {
	list := []DoNot{}
	for i, g := range w.guards {
		if g != "" {
			list = append(list, DoNot{Option: Options[i], Rule: g})
		}
	}
	for _, code := range conduct(w.c, best) {
		list = append(list, DoNot{Rule: code})
	}
	return list
}

// conduct picks the warnings of domain/decisions.md 4.4 and 2.4 that matter here.
func conduct(c Case, best Option) []string {
	var codes []string
	for _, w := range []struct {
		code string
		when bool
	}{
		{"G6", best != Observe},
		{"G11", c.Has(extortion)},
		{"G13", c.Has(distress)},
		{"G14", c.Minor},
		{"G2", c.Has(complaint, opinion, claim, insult, boycott, satire, employment) && !c.Has(threat)},
		{"G9", c.Has(complaint, claim, healthSafety, employment) && slices.Contains([]string{"true", "partly", "unknown"}, c.Truth)},
		{"G10", c.Has(complaint, opinion, fakeReview)},
		{"G4", c.Has(complaint, healthSafety, employment, personalData)},
		{"G16", c.PileOn >= 2},
		{"R14", c.Has(trolling, insult) && !c.criticism() && best != Reply},
	} {
		if w.when {
			codes = append(codes, w.code)
		}
	}
	return codes
}
