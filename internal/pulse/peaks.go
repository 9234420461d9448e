package pulse

import (
	"math"
	"slices"
	"time"
)

// A chance below 2 in 10,000 is worth what the law behind it is worth: where people come in a crowd after a post, or a topic comes and goes,
// ordinary life reaches it several times a month. So the firm's own liveliest episodes are held against the law: how surprising they were,
// and how far apart. Above a level the surprise of ordinary episodes falls off as an exponential (peaks over threshold; the surprise is a
// logarithm of the chance, so this is Hill's estimate of a tail, Ann. Stat. 3, 1975), and what would come oftener than wanted is not told.
const (
	wanted     = 0.3 // episodes a month that ordinary life may bring, at most
	looks      = 2.0 // hours are counted here by the clock, looked at after every item: so much oftener is a peak met
	perWeek    = 2.5 // peaks a week that the tail is learned from
	usualSlope = 2.0 // of the tail before there is history; 1 would be a law that holds
	slopePeaks = 6.0 // peaks that assumption is worth
	strange    = 4.0 // times the usual distance above the level: a peak counts for no more, since it may have been an attack
	month      = 30.0 / 7
)

// Tail is how surprising ordinary episodes of a stream were. Surprise is minus the natural logarithm of the chance.
type Tail struct {
	Level float64 // the surprise that Rate episodes a month exceed
	Rate  float64
	Slope float64 // mean distance above it
	Worth float64 // peaks that Slope rests on
}

// Often is how many ordinary episodes a month are expected to be as surprising: exponential above the level, with the slope as uncertain as
// so few peaks leave it.
func (t Tail) Often(surprise float64) float64 {
	return looks * t.Rate * math.Pow(1+max(0, surprise-t.Level)/(t.Slope*t.Worth), -t.Worth)
}

// tail learns from peaks, the highest first, of so many weeks.
func tail(peaks []float64, weeks float64) Tail {
	k := min(len(peaks)-1, max(3, int(perWeek*weeks)))
	if k < 1 {
		return Tail{Rate: perWeek * month, Slope: usualSlope, Worth: slopePeaks}
	}
	t := Tail{Level: peaks[k], Rate: float64(k) / weeks * month, Worth: float64(k) + slopePeaks}
	most := strange * max(1, (peaks[k/2]-t.Level)/math.Ln2)
	sum := usualSlope * slopePeaks
	for _, s := range peaks[:k] {
		sum += min(s-t.Level, most)
	}
	t.Slope = sum / t.Worth
	return t
}

// peaks are the surprises of past hours, the highest first, one for each episode. Expected is what each hour would have brought.
func (b Baseline) peaks(past []Hour, expected []float64) []float64 {
	type point struct {
		at time.Time
		s  float64
	}
	var all []point
	for i := range past {
		p := 1.0
		for _, w := range windows {
			n, mean := 0, 0.0
			for j := i; j >= 0 && past[i].At.Sub(past[j].At) < w; j-- {
				n, mean = n+past[j].Count, mean+expected[j]
			}
			if n > 0 {
				p = min(p, b.chance(n, mean, w))
			}
		}
		all = append(all, point{past[i].At, -math.Log(max(p, 1e-300))})
	}
	slices.SortStableFunc(all, func(x, y point) int {
		switch {
		case x.s > y.s:
			return -1
		case x.s < y.s:
			return 1
		}
		return 0
	})
	most := 4 + int(perWeek*max(b.Weeks, 1))
	var taken []point
	for _, x := range all {
		if len(taken) > most {
			break
		}
		if !slices.ContainsFunc(taken, func(y point) bool { return x.at.Sub(y.at).Abs() < episode }) {
			taken = append(taken, x)
		}
	}
	out := make([]float64, len(taken))
	for i, x := range taken {
		out[i] = x.s
	}
	return out
}
