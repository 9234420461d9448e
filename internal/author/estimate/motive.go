// Package estimate turns signals into hypotheses about an account's behaviour: why it writes, whether it tends to escalate, how
// far it reaches and how sure that is (domain/decisions.md 3.3). It is pure and every line that counted is shown.
//
// The points are expert priors that nobody has measured. They choose a stance that lowers harm; they judge nobody.
package estimate

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"chop/internal/author/signal"
	"chop/internal/reason"
)

// Motive is a hypothesis about what an account wants. Its name for people is the message "motive.<code>".
type Motive string

const (
	Constructive Motive = "constructive"
	Vindictive   Motive = "vindictive"
	Instrumental Motive = "instrumental"
	Cause        Motive = "cause"
	Amusement    Motive = "amusement"
	Undetermined Motive = "undetermined"
)

// Motives lists those that are weighed, in the order that settles equal chances.
var Motives = []Motive{Constructive, Vindictive, Instrumental, Cause, Amusement}

// Thresholds of section 3.3.
const (
	cap4    = 4.0  // points of a motive, either way
	sure    = 0.5  // below this the best motive is undetermined
	margin  = 0.15 // nearer than this to the second, too
	Shown   = 0.25 // confidence below which motive and escalation are hidden
	highB10 = 3.0  // facts per hundred words from which density is high, with at least two of them
)

// Chance is one motive with its share.
type Chance struct {
	Motive Motive
	Points float64 // capped
	P      float64
	Lines  []reason.Reason // those that counted, heaviest first
}

// Guess is the hypothesis about the motive.
type Guess struct {
	Motive  Motive   // Undetermined when it abstains
	Chances []Chance // of all five, best first; the second is the runner-up
	Why     string   // why it abstains: "low", "close"; empty otherwise
	Change  []string // what would change the mind: messages "ppa.change.<code>"
}

// line is one rule: when it fires, points go to a motive.
type line struct {
	motive Motive
	code   string // reason "ppa.<motive>.<code>"
	points float64
	signal string // whose evidence it points at
	fires  func(s signal.Set) bool
}

func b11(words ...string) func(signal.Set) bool {
	return func(s signal.Set) bool { return s.Of("B11").Is(words...) }
}

func dense(s signal.Set) bool {
	b := s.Of("B10")
	return b.Ok() && b.Value >= highB10 && b.Part("cues") >= 2
}

func rejected(s signal.Set) float64 { return s.Of("B14").Part("rejected") }

// grievance is a matter of one's own that is documented: facts and own experience.
func grievance(s signal.Set) bool {
	own := slices.ContainsFunc(s.Cues, func(c signal.Cues) bool { return c.Own > 0 && c.Facts() > 0 })
	return own || s.Of("B10").Part("receipts") > 0
}

func told(field string, fits func(float64) bool) func(signal.Set) bool {
	return func(s signal.Set) bool {
		f, ok := signal.Newest(s.Book.Facts, field)
		if !ok {
			return false
		}
		v, err := strconv.ParseFloat(f.Value, 64)
		return err == nil && fits(v)
	}
}

func several(v float64) bool { return v >= 3 }

// lines are the rules of section 3.3, word for word.
var lines = []line{
	{Constructive, "demand", 1.5, "B11", b11(signal.Refund, signal.Fix)},
	{Constructive, "facts", 1, "B10", dense},
	{Constructive, "accepted", 2, "B14", func(s signal.Set) bool { return s.Of("B14").Part("accepted") > 0 }},
	{Constructive, "customer", 0.5, "B15", func(s signal.Set) bool { return s.Of("B15").Is("tie", "confirmed") }},
	{Constructive, "rejected_twice", -2, "B14", func(s signal.Set) bool { return rejected(s) >= 2 }},
	{Constructive, "mobilises", -0.5, "B12", mobilises},

	{Vindictive, "rejected", 1.5, "B14", func(s signal.Set) bool { return rejected(s) == 1 }},
	{Vindictive, "rejected_twice", 2, "B14", func(s signal.Set) bool { return rejected(s) >= 2 }},
	{Vindictive, "venues", 1, "B04", func(s signal.Set) bool { return s.Of("B04").Ok() && s.Of("B04").Value >= 3 }},
	{Vindictive, "persistent", 1, "B02", func(s signal.Set) bool {
		b := s.Of("B02")
		return b.Ok() && b.Value >= 0.3 && b.Part("span") >= 14
	}},
	{Vindictive, "mobilises", 1, "B12", mobilises},
	{Vindictive, "everyone", 1, "B11", func(s signal.Set) bool {
		return s.Of("B11").Is(signal.NoDemand) && s.Of("B11").Part("everyone") > 0
	}},
	{Vindictive, "facts", -0.5, "B10", dense},

	{Instrumental, "silence", 3, "B11", b11(signal.Silence)},
	{Instrumental, "review_pattern", 1.5, "B25", func(s signal.Set) bool { return s.Of("B25").Part("pattern") > 0 }},
	{Instrumental, "alike", 1, "B23", func(s signal.Set) bool { return s.Of("B23").Ok() && s.Of("B23").Value >= 1 }},
	{Instrumental, "no_transaction", 1, "B15", func(s signal.Set) bool { return s.Of("B15").Is("not_found") }},
	{Instrumental, "receipt", -2, "B10", func(s signal.Set) bool { return s.Of("B10").Part("receipts") > 0 }},

	{Cause, "value", 2, "B12", func(s signal.Set) bool { return s.Of("B12").Part("value") > 0 }},
	{Cause, "many_firms", 1, "B03", told("same_topic_firms", several)},
	{Cause, "own_claim", -1, "B10", func(s signal.Set) bool {
		return slices.ContainsFunc(s.Cues, func(c signal.Cues) bool { return c.Own > 0 })
	}},

	{Amusement, "offtopic", 1.5, "B03", told("offtopic_firms", several)},
	{Amusement, "fast_laughs", 1, "B06", func(s signal.Set) bool {
		b := s.Of("B06")
		return b.Ok() && b.Value < 5 && slices.ContainsFunc(s.Cues, func(c signal.Cues) bool { return c.Laughs > 0 })
	}},
	{Amusement, "no_facts", 0.5, "B10", func(s signal.Set) bool { return s.Of("B10").Ok() && s.Of("B10").Part("cues") == 0 }},
	{Amusement, "grievance", -2, "B10", grievance},
}

func mobilises(s signal.Set) bool { return s.Of("B12").Mobilises() }

// Motivate weighs the motives. Points are summed, capped at ±4, and turned into shares by softmax; without any point at all every
// motive has a fifth and nothing is said.
func Motivate(s signal.Set) Guess {
	chances := make([]Chance, len(Motives))
	for i, m := range Motives {
		chances[i].Motive = m
		for _, l := range lines {
			if l.motive == m && l.fires(s) {
				chances[i].Points += l.points
				chances[i].Lines = append(chances[i].Lines, l.reason(s))
			}
		}
		chances[i].Points = min(max(chances[i].Points, -cap4), cap4)
		slices.SortStableFunc(chances[i].Lines, func(a, b reason.Reason) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	}
	softmax(chances)
	slices.SortStableFunc(chances, func(a, b Chance) int { return cmp.Compare(b.P, a.P) })
	g := Guess{Motive: chances[0].Motive, Chances: chances}
	switch {
	case chances[0].P < sure:
		g.Motive, g.Why = Undetermined, "low"
	case chances[0].P-chances[1].P < margin:
		g.Motive, g.Why = Undetermined, "close"
	}
	g.Change = changes(chances)
	return g
}

func softmax(cs []Chance) {
	sum := 0.0
	for i := range cs {
		cs[i].P = math.Exp(cs[i].Points)
		sum += cs[i].P
	}
	for i := range cs {
		cs[i].P /= sum
	}
}

// reason is the line with the figure that made it fire.
func (l line) reason(s signal.Set) reason.Reason {
	b := s.Of(l.signal)
	return reason.Reason{Rule: "ppa." + string(l.motive) + "." + l.code, Weight: l.points,
		Facts: map[string]string{"Signal": l.signal, "Value": figure(b.Value), "N": strconv.Itoa(b.N)}}
}

func figure(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

// changes tells what would move the mind from the best motive to the second: the heaviest lines against the first and for the
// second that have not fired.
func changes(cs []Chance) (codes []string) {
	best, second := cs[0], cs[1]
	if best.Points == 0 && second.Points == 0 {
		return []string{"more_items", "an_offer"}
	}
	fired := map[string]bool{}
	for _, c := range cs {
		for _, r := range c.Lines {
			fired[r.Rule] = true
		}
	}
	var open []line
	for _, l := range lines {
		turns := l.motive == best.Motive && l.points < 0 || l.motive == second.Motive && l.points > 0
		if turns && !fired["ppa."+string(l.motive)+"."+l.code] {
			open = append(open, l)
		}
	}
	slices.SortStableFunc(open, func(a, b line) int { return cmp.Compare(math.Abs(b.points), math.Abs(a.points)) })
	for _, l := range open[:min(len(open), 3)] {
		codes = append(codes, string(l.motive)+"."+l.code)
	}
	return codes
}
