package outcome

import (
	"math"
	"slices"

	"chop/internal/decision"
)

// Calibration is how well a firm's forecasts came true.
type Calibration struct {
	N         int // outcomes that tell
	Escalated int
	Unknown   int     // nobody can tell; counted nowhere else
	Pending   int     // still watched
	Brier     float64 // mean squared distance of forecast and outcome; 0 is perfect, 0.25 is a coin
	Base      float64 // Brier of always forecasting the mean rate: what a forecast must beat
	Options   []PerOption
	Bands     []Band
	Overrides Overrides
}

// PerOption is how the forecasts for one option came true.
type PerOption struct {
	Option       decision.Option
	N, Escalated int
	Brier        float64
	Mean         float64 // of the forecasts
}

// Band is how often the outcomes of one word of risk escalated, with a Beta(1,1) interval of 90 per cent.
type Band struct {
	Word              string // low, medium, high
	N, Escalated      int
	Mean              float64 // of the forecasts
	Rate, From, Until float64
}

// FewOutcomes is below how many a figure says next to nothing; pages say so.
const FewOutcomes = 30

// Overrides counts how often people chose otherwise than recommended (domain/decisions.md 3.5).
type Overrides struct {
	N, Differ int
}

const (
	overridesOf    = 100  // decisions looked back on
	rubberStampTop = 0.05 // fewer overrides than this look like agreeing without reading
)

// Rate is the share of overrides.
func (o Overrides) Rate() float64 {
	if o.N == 0 {
		return 0
	}
	return float64(o.Differ) / float64(o.N)
}

// RubberStamp tells that people almost always did what was recommended, over enough decisions to notice.
func (o Overrides) RubberStamp() bool { return o.N >= overridesOf && o.Rate() < rubberStampTop }

// overrides looks at the last hundred decisions of people, newest first. What a firm allowed in advance, nobody decided.
func overrides(list []decision.Decision) (o Overrides) {
	for _, d := range list {
		if d.Who == "" || d.Who == "system" || o.N == overridesOf {
			continue
		}
		o.N++
		if d.Differs {
			o.Differ++
		}
	}
	return o
}

// Calibrate compares forecasts with what followed. Only closed outcomes count, and of them only those that tell.
func Calibrate(list []Outcome) Calibration {
	var c Calibration
	all, byOption, byBand := tally{}, map[decision.Option]*tally{}, map[string]*tally{}
	for _, o := range list {
		switch {
		case !o.Closed:
			c.Pending++
			continue
		case o.Verdict == Unknown:
			c.Unknown++
			continue
		}
		if byOption[o.Option] == nil {
			byOption[o.Option] = &tally{}
		}
		if byBand[o.Band()] == nil {
			byBand[o.Band()] = &tally{}
		}
		for _, t := range []*tally{&all, byOption[o.Option], byBand[o.Band()]} {
			t.add(o)
		}
	}
	c.N, c.Escalated, c.Brier = all.n, all.escalated, all.brier()
	rate := all.rate()
	c.Base = rate * (1 - rate)
	for _, o := range decision.Options {
		if t := byOption[o]; t != nil {
			c.Options = append(c.Options, PerOption{o, t.n, t.escalated, t.brier(), t.mean()})
		}
	}
	for _, word := range []string{"low", "medium", "high"} {
		t := byBand[word]
		if t == nil {
			t = &tally{}
		}
		b := Band{Word: word, N: t.n, Escalated: t.escalated, Mean: t.mean(), Rate: t.rate()}
		b.From, b.Until = Interval(t.escalated, t.n)
		c.Bands = append(c.Bands, b)
	}
	return c
}

// tally adds up forecasts and outcomes.
type tally struct {
	n, escalated int
	risk, square float64
}

func (t *tally) add(o Outcome) {
	y := 0.0
	if o.Verdict == Escalated {
		y = 1
		t.escalated++
	}
	t.n++
	t.risk += o.Risk
	t.square += (o.Risk - y) * (o.Risk - y)
}

func (t *tally) over(x float64) float64 {
	if t.n == 0 {
		return 0
	}
	return x / float64(t.n)
}

func (t *tally) mean() float64  { return t.over(t.risk) }
func (t *tally) brier() float64 { return t.over(t.square) }
func (t *tally) rate() float64  { return t.over(float64(t.escalated)) }

// Interval is where the true rate lies with 90 per cent, after k escalations out of n and a prior that knows nothing:
// Beta(1+k, 1+n-k) (domain/decisions.md 3.6).
func Interval(k, n int) (from, until float64) {
	a, b := float64(1+k), float64(1+n-k)
	return betaQuantile(0.05, a, b), betaQuantile(0.95, a, b)
}

// betaQuantile halves the interval until the answer is as exact as a float.
func betaQuantile(p, a, b float64) float64 {
	lo, hi := 0.0, 1.0
	for range 60 {
		if mid := (lo + hi) / 2; betaCDF(mid, a, b) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// betaCDF is the regularised incomplete beta function for whole a and b, as a sum of the binomial it equals.
func betaCDF(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return max(0, min(1, math.Ceil(x)))
	}
	n := a + b - 1
	logs := make([]float64, 0, int(b))
	for j := a; j <= n; j++ {
		logs = append(logs, choose(n, j)+j*math.Log(x)+(n-j)*math.Log1p(-x))
	}
	top, sum := slices.Max(logs), 0.0
	for _, l := range logs {
		sum += math.Exp(l - top)
	}
	return min(1, sum*math.Exp(top))
}

// choose is the logarithm of n over k.
func choose(n, k float64) float64 {
	x, _ := math.Lgamma(n + 1)
	y, _ := math.Lgamma(k + 1)
	z, _ := math.Lgamma(n - k + 1)
	return x - y - z
}
