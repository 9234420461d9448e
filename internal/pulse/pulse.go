// Package pulse knows a firm's own normal, hour by hour, and tells when what is written or reacted goes beyond it. A burst
// opens an inquiry; it says nothing about who or why (domain/coordination.md 4.5, domain/decisions.md 8.3).
package pulse

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"
)

// Bounds of a burst (domain/decisions.md 8.3): the tail of a negative binomial, because counts of small firms are few and
// come in clumps; z-scores cry wolf several times a month on such counts.
const (
	rare     = 2e-4 // chance of as many or more in an ordinary hour
	fewest   = 5    // items below which nothing is a burst
	weekLong = 7 * 24
)

// Hour is what came in one hour.
type Hour struct {
	At    time.Time // its beginning
	Count int
}

// Baseline is the ordinary traffic of one stream: the mean of each hour of the week and how much it clumps.
type Baseline struct {
	Mean  [weekLong]float64 // Monday 0 o'clock first, in the firm's zone
	Size  float64           // of the negative binomial: variance = mean + mean²/Size
	Weeks float64           // of history it was learned from
	Tail  Tail              // how surprising ordinary episodes were
}

// Calendar tells where and when a firm's people live: holidays count as Sundays.
type Calendar struct {
	Zone    *time.Location
	Holiday func(time.Time) bool
}

// slot is the hour of the week.
func (c Calendar) slot(t time.Time) int {
	t = t.In(c.Zone)
	day := (int(t.Weekday()) + 6) % 7
	if c.Holiday != nil && c.Holiday(t) {
		day = 6
	}
	return day*24 + t.Hour()
}

const (
	shrink     = 8.0  // weeks of the hour of the day that an hour of the week is drawn to
	floor      = 0.02 // items an hour even where nothing was ever seen
	clump      = 1.0  // size assumed before there is history; small means clumpy, which is careful
	clumpWeeks = 4.0  // weeks that assumption is worth
	careful    = 0.75 // of the size: it is estimated, and so are the means
	largest    = 8.0  // size is never taken larger: nearly even traffic does not stay so
)

// Learn makes a baseline of past hours, none of which should belong to a known attack. Hours that are missing count as
// nothing only when the caller gives them with Count 0.
func Learn(past []Hour, c Calendar) Baseline {
	b := Baseline{Size: clump, Weeks: float64(len(past)) / weekLong}
	hundredth := top(past)
	var limit [weekLong]float64
	for s, m := range count(past, c, func(Hour) float64 { return hundredth }).means() {
		limit[s] = float64(wild(m))
	}
	tamed := func(h Hour) float64 { return limit[c.slot(h.At)] }
	t := count(past, c, tamed)
	b.Mean = t.means()
	b.Size = b.size(past, c, tamed)
	expected := make([]float64, len(past))
	for i, h := range past {
		expected[i] = t.without(c.slot(h.At), math.Min(float64(h.Count), tamed(h)))
	}
	b.Tail = tail(b.peaks(past, expected), b.Weeks)
	return b
}

// tally is what past hours brought, by hour of the week and of the day.
type tally struct {
	sum, n       [weekLong]float64
	daySum, dayN [24]float64
}

func count(past []Hour, c Calendar, most func(Hour) float64) (t tally) {
	for _, h := range past {
		s, x := c.slot(h.At), math.Min(float64(h.Count), most(h))
		t.sum[s], t.n[s] = t.sum[s]+x, t.n[s]+1
		t.daySum[s%24], t.dayN[s%24] = t.daySum[s%24]+x, t.dayN[s%24]+1
	}
	return t
}

// means are drawn to those of the hour of the day.
func (t tally) means() (mean [weekLong]float64) {
	for s := range mean {
		mean[s] = drawn(t.sum[s], t.n[s], t.daySum[s%24], t.dayN[s%24])
	}
	return mean
}

// without is the mean of a slot as it would be without one hour that brought x: an hour must not explain itself.
func (t tally) without(s int, x float64) float64 {
	return drawn(t.sum[s]-x, t.n[s]-1, t.daySum[s%24]-x, t.dayN[s%24]-1)
}

func drawn(sum, n, daySum, dayN float64) float64 {
	usual := 0.0
	if dayN > 0 {
		usual = daySum / dayN
	}
	return max(floor, (sum+shrink*usual)/(n+shrink))
}

// top is the count that one hour in a hundred exceeds.
func top(past []Hour) float64 {
	counts := make([]int, len(past))
	for i, h := range past {
		counts[i] = h.Count
	}
	slices.Sort(counts)
	if len(counts) == 0 {
		return 0
	}
	return float64(max(counts[len(counts)*99/100], 1))
}

// wild is a count that even very clumpy traffic reaches once in a thousand hours: more than that was a burst, and must not
// become the normal.
func wild(mean float64) int {
	n := fewest
	for Chance(n, mean, clump/2) >= 1e-3 {
		n += max(1, n/20)
	}
	return n
}

// size by moments, drawn towards the careful assumption, and a little smaller for not being known exactly.
func (b Baseline) size(past []Hour, c Calendar, most func(Hour) float64) float64 {
	extra, squares := 0.0, 0.0
	for _, h := range past {
		m, x := b.Mean[c.slot(h.At)], math.Min(float64(h.Count), most(h))
		extra += (x-m)*(x-m) - m
		squares += m * m
	}
	over := 1 / largest
	if squares > 0 {
		over = max(over, extra/squares)
	}
	w := b.Weeks / (b.Weeks + clumpWeeks)
	return careful / (w*over + (1-w)/clump)
}

// expected is the mean of the hours that end at t, counted back; a begun hour counts by its part.
func (b Baseline) expected(from, to time.Time, c Calendar) float64 {
	sum := 0.0
	for t := from; t.Before(to); {
		next := t.Truncate(time.Hour).Add(time.Hour)
		if next.After(to) {
			next = to
		}
		sum += b.Mean[c.slot(t)] * next.Sub(t).Hours()
		t = next
	}
	return sum
}

// Chance is the probability of at least n items when mean are expected (negative binomial).
func Chance(n int, mean, size float64) float64 {
	if n <= 0 {
		return 1
	}
	if mean <= 0 {
		return 0
	}
	return mathext.RegIncBeta(float64(n), size, mean/(mean+size))
}

// windows in which a burst may show itself; a longer one finds what comes evenly.
var windows = []time.Duration{time.Hour, 3 * time.Hour}

// Burst is more than the normal: Count items within Window where Expected are usual.
type Burst struct {
	Window   time.Duration
	Count    int
	Expected float64
	P        float64
	Needed   int  // the smallest count that would have been told
	Quiet    bool // at an hour when usually nobody writes to the firm
}

// Look tells whether the items that came before now are a burst, by the shortest window that shows it. At is the times of
// items within the last three hours, in any order.
func (b Baseline) Look(at []time.Time, now time.Time, c Calendar) (Burst, bool) {
	for _, w := range windows {
		x := Burst{Window: w, Expected: b.expected(now.Add(-w), now, c)}
		for _, t := range at {
			if t.After(now.Add(-w)) && !t.After(now) {
				x.Count++
			}
		}
		x.P = b.chance(x.Count, x.Expected, w)
		if x.Count >= fewest && b.beyond(x.P) {
			x.Needed = b.needed(x.Expected, w)
			return x, true
		}
	}
	return Burst{}, false
}

// chance of as many in a window. Clumps of neighbouring hours belong together, so the size is less than hours times that of one.
func (b Baseline) chance(n int, mean float64, w time.Duration) float64 {
	return Chance(n, mean, b.Size*math.Sqrt(w.Hours()))
}

// beyond tells whether so small a chance is rare by the law, and by what the firm's own past brought.
func (b Baseline) beyond(p float64) bool {
	return p < rare/float64(len(windows)) && b.Tail.Often(-math.Log(max(p, 1e-300))) <= wanted
}

func (b Baseline) needed(mean float64, w time.Duration) int {
	n := fewest
	for n < 1_000_000 && !b.beyond(b.chance(n, mean, w)) {
		n += max(1, n/50)
	}
	return n
}
