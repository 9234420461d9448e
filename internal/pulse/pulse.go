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
	for s, m := range means(past, c, func(Hour) float64 { return hundredth }) {
		limit[s] = float64(wild(m))
	}
	tamed := func(h Hour) float64 { return limit[c.slot(h.At)] }
	b.Mean = means(past, c, tamed)
	b.Size = b.size(past, c, tamed)
	return b
}

// means of each hour of the week, drawn to those of the hour of the day; no hour counts for more than its most.
func means(past []Hour, c Calendar, most func(Hour) float64) (mean [weekLong]float64) {
	var sum, n [weekLong]float64
	var daySum, dayN [24]float64
	for _, h := range past {
		s, x := c.slot(h.At), math.Min(float64(h.Count), most(h))
		sum[s], n[s] = sum[s]+x, n[s]+1
		daySum[s%24], dayN[s%24] = daySum[s%24]+x, dayN[s%24]+1
	}
	for s := range mean {
		usual := 0.0
		if dayN[s%24] > 0 {
			usual = daySum[s%24] / dayN[s%24]
		}
		mean[s] = max(floor, (sum[s]+shrink*usual)/(n[s]+shrink))
	}
	return mean
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
		size := b.Size * math.Sqrt(w.Hours()) // clumps of neighbouring hours belong together, so less than size times hours
		x.P = Chance(x.Count, x.Expected, size)
		if x.Count >= fewest && x.P < rare/float64(len(windows)) {
			x.Needed = needed(x.Expected, size)
			return x, true
		}
	}
	return Burst{}, false
}

func needed(mean, size float64) int {
	n := fewest
	for n < 1_000_000 && Chance(n, mean, size) >= rare/float64(len(windows)) {
		n += max(1, n/50)
	}
	return n
}
