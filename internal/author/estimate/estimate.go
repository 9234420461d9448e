package estimate

import (
	"math"
	"slices"
	"time"

	"chop/internal/author/signal"
	"chop/internal/reason"
)

// Escalation is how an account tends to answer deeds of ours.
type Escalation struct {
	Band  int // 0 low, 1 medium, 2 high
	Score float64
	Lines []reason.Reason
}

// hot is a line of the escalation score; weights are those of section 3.3.
type hot struct {
	code   string
	points float64
	signal string
	fires  func(s signal.Set) bool
}

var hots = []hot{
	{"rising", 1, "B07", func(s signal.Set) bool { return s.Of("B07").Ok() && s.Of("B07").Value > 0 }},
	{"mobilises", 1, "B12", mobilises},
	{"venues", 1, "B04", func(s signal.Set) bool { return s.Of("B04").Ok() && s.Of("B04").Value >= 3 }},
	{"moderated_hot", 2, "B16", func(s signal.Set) bool {
		return s.Of("B16").Is(string(signal.RePost), string(signal.NewVenue), string(signal.NewAccount))
	}},
	{"angry", 1, "B08", func(s signal.Set) bool { return s.Of("B08").Part("angry") >= 0.5 }},
	{"double_deviation", 1, "B15", doubleDeviation},
	{"moderated_calm", -1, "B16", func(s signal.Set) bool { return s.Of("B16").Is(string(signal.Calm)) }},
	{"accepted", -1, "B14", func(s signal.Set) bool { return s.Of("B14").Part("accepted") > 0 }},
}

// doubleDeviation: we failed, and failed again at putting it right. The account says so, or our own people do.
func doubleDeviation(s signal.Set) bool {
	return s.Of("B15").Part("again") > 0 || told("failures", func(v float64) bool { return v >= 2 })(s)
}

// Escalate scores the propensity: low up to 0, medium 1 and 2, high from 3 on. An expert's prior, not a measurement.
func Escalate(s signal.Set) (e Escalation) {
	for _, h := range hots {
		if h.fires(s) {
			e.Score += h.points
			l := line{motive: "escalation", code: h.code, points: h.points, signal: h.signal}
			e.Lines = append(e.Lines, l.reason(s))
		}
	}
	switch {
	case e.Score >= 3:
		e.Band = 2
	case e.Score >= 1:
		e.Band = 1
	}
	return e
}

// Reach is R0 to R4 with what it rests on.
type Reach struct {
	R    int
	Line reason.Reason
}

// ReachOf grades reach: R0 under 200 followers and no reactions; R1 under a thousand, or up to ten reactions; R2 up to ten thousand,
// or thirty reactions on one item; R3 up to a hundred thousand, a journalist, the administrator of a group; R4 more, or national
// media. Followers nobody told us count as none, so the grade is a lower bound then.
func ReachOf(s signal.Set) Reach {
	followers, most := 0.0, s.Of("B18").Part("most")
	if b := s.Of("B20"); b.Ok() {
		followers = b.Value
	}
	role, _ := signal.Newest(s.Book.Facts, "role")
	r, why := 0, "alone"
	raise := func(to int, because string, fits bool) {
		if fits && to > r {
			r, why = to, because
		}
	}
	raise(1, "followers", followers >= 200)
	raise(1, "reactions", most > 0)
	raise(2, "followers", followers >= 1000)
	raise(2, "reactions", most >= 30)
	raise(3, "followers", followers > 10_000)
	raise(3, "role", role.Value == "journalist" || role.Value == "group_admin")
	raise(4, "followers", followers > 100_000)
	raise(4, "role", role.Value == "media")
	return Reach{r, reason.Reason{Rule: "ppa.reach." + why, Weight: float64(r),
		Facts: map[string]string{"Followers": figure(followers), "Most": figure(most), "Role": role.Value}}}
}

// Agreement of raters as the formula of confidence takes it.
const (
	TwoRaters = 1.0
	OneRater  = 0.8
)

// Confidence is min(0.9, (1 - e^(-n/8)) · c · q), halved for every 60 days without a new item: n items seen, c the share of the core
// signals that can be read, q how far raters stand behind it. Days are whole, so that the figure stands still for a day.
func Confidence(n int, c, q float64, idle time.Duration) float64 {
	if n <= 0 {
		return 0
	}
	base := min(0.9, (1-math.Exp(-float64(n)/8))*c*q)
	days := math.Floor(max(idle, 0).Hours() / 24)
	return math.Round(base*math.Pow(0.5, days/60)*100) / 100
}

// Estimate is everything section 3.3 says of an account.
type Estimate struct {
	Guess      Guess
	Escalation Escalation
	Reach      Reach
	States     []Match // states the account may be in, see Recognise
	Confidence float64 // with one rater
	Few        bool    // too little is known: motive and escalation are hidden
	Gaps       []string
}

// Of estimates from signals. Whoever calls it has asked first whether the account is protected (Protections): then nothing may be
// estimated.
func Of(s signal.Set) Estimate {
	e := Estimate{Gaps: gaps(s)}
	e.Guess, e.Escalation, e.Reach, e.States = Motivate(s), Escalate(s), ReachOf(s), Recognise(s)
	e.Confidence = Confidence(len(s.Book.Items), s.Observable(), OneRater, Idle(s.Book))
	e.Few = e.Confidence < Shown
	return e
}

// Idle is how long the account has written nothing.
func Idle(b signal.Book) time.Duration {
	if len(b.Items) == 0 {
		return 0
	}
	last := slices.MaxFunc(b.Items, func(x, y signal.Item) int { return x.At.Compare(y.At) })
	return b.Now.Sub(last.At)
}

// gaps are the core signals that cannot be read, and the weak ones nobody told: messages "ppa.gap.<code>".
func gaps(s signal.Set) (codes []string) {
	for _, c := range slices.Concat(signal.Core, []string{"B03", "B15", "B20"}) {
		if b := s.Of(c); !b.Ok() || c == "B15" && b.Basis == signal.Observed {
			codes = append(codes, c)
		}
	}
	return codes
}
