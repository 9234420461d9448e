package review

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

var now = time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)

// firm is a year and two weeks of ordinary reviews: a few a day, one in eight bad, in clumps.
func firm(rng *rand.Rand, days int, perDay float64) (list []Review) {
	for d := range days {
		rate := distuv.Gamma{Alpha: 1.5, Beta: 1.5 / perDay, Src: rng}.Rand()
		for range int(distuv.Poisson{Lambda: rate, Src: rng}.Rand()) {
			stars := []int{1, 2, 3, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}[rng.IntN(16)]
			at := now.Add(-time.Duration((float64(d) + rng.Float64()) * 24 * float64(time.Hour)))
			list = append(list, Review{At: at, Stars: stars, Single: rng.Float64() < 0.6})
		}
	}
	return list
}

func bombs(n int, within time.Duration) (list []Review) {
	for i := range n {
		at := now.Add(-within * time.Duration(i) / time.Duration(n))
		list = append(list, Review{At: at, Stars: 1, Single: true, Created: at.Add(-48 * time.Hour)})
	}
	return list
}

func TestManyBadReviewsInAShortTimeAreSeen(t *testing.T) {
	for name, x := range map[string]struct {
		n      int
		within time.Duration
		window time.Duration
	}{"twelve in an hour": {12, time.Hour, time.Hour}, "fifteen in a day": {15, 20 * time.Hour, 24 * time.Hour}, "thirty in ten days": {30, 10 * 24 * time.Hour, longest}} {
		rng := rand.New(rand.NewPCG(1, 1))
		a, yes := Look(append(firm(rng, 379, 1), bombs(x.n, x.within)...), now)
		if !yes || a.Count < x.n || a.Window > x.window || a.P > rare || a.MixP > rare || a.Single < x.n || a.Young != x.n || a.Known != x.n {
			t.Errorf("%s: %v %+v", name, yes, a)
		}
	}
}

// A firm is looked at whenever a bad review comes; over a year of ordinary life that must be silent nearly always.
func TestOrdinaryYearsRaiseHardlyAnyAlarm(t *testing.T) {
	alarms, months := 0, 0.0
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 2))
		all := firm(rng, 600, []float64{0.1, 0.5, 1, 4}[seed%4])
		begin := now.Add(-220 * 24 * time.Hour)
		quiet := time.Time{}
		for _, r := range all {
			if r.Stars > bad || r.At.Before(begin) || r.At.Before(quiet) {
				continue
			}
			var known []Review
			for _, x := range all {
				if !x.At.After(r.At) {
					known = append(known, x)
				}
			}
			if _, yes := Look(known, r.At); yes {
				alarms++
				quiet = r.At.Add(longest)
			}
		}
		months += 220.0 / 30
	}
	if rate := float64(alarms) / months; rate > 0.1 {
		t.Errorf("%d false alarms in %.0f months", alarms, months)
	}
}

// A good week with many good reviews is no alarm, nor is a bad review or four, nor a firm that is always rated badly.
func TestWhatIsNoAlarm(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	good := firm(rng, 379, 1)
	for i := range 40 {
		good = append(good, Review{At: now.Add(-time.Duration(i) * time.Minute), Stars: 5, Single: true})
	}
	var poor []Review
	for i := range 400 {
		poor = append(poor, Review{At: now.Add(-time.Duration(i) * 23 * time.Hour), Stars: 1 + i%3})
	}
	for name, list := range map[string][]Review{"nothing": nil, "praise": good, "four": bombs(4, time.Minute), "always poor": poor,
		"no stars": {{At: now, Stars: 0}, {At: now, Stars: 9}, {At: now.Add(time.Hour), Stars: 1}}} {
		if a, yes := Look(list, now); yes {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// A young firm has no history to tell by: it takes more to be seen, and much is still seen.
func TestAFirmWithoutHistory(t *testing.T) {
	if a, yes := Look(bombs(5, 10*24*time.Hour), now); yes {
		t.Errorf("five in ten days: %+v", a)
	}
	if a, yes := Look(bombs(25, 3*time.Hour), now); !yes {
		t.Errorf("twenty-five in three hours: %+v", a)
	}
}

func TestTailIsANegativeBinomial(t *testing.T) {
	mean, size := 2.0, 1.5
	p, below := size/(size+mean), 0.0
	for k := range 4 {
		a, _ := math.Lgamma(float64(k) + size)
		b, _ := math.Lgamma(size)
		c, _ := math.Lgamma(float64(k) + 1)
		below += math.Exp(a - b - c + size*math.Log(p) + float64(k)*math.Log(1-p))
	}
	if got := tail(4, mean, size); math.Abs(got-(1-below)) > 1e-9 {
		t.Errorf("%v, want %v", got, 1-below)
	}
}
