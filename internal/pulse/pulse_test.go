package pulse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

var here = Calendar{Zone: time.UTC}

var monday = time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC)

// stream draws hours with a day's rhythm around the mean, clumped as the size says.
func stream(rng *rand.Rand, from time.Time, hours int, mean, size float64) (out []Hour) {
	for i := range hours {
		at := from.Add(time.Duration(i) * time.Hour)
		m := mean * (1 + 0.8*math.Sin(float64(at.Hour()-9)/24*2*math.Pi))
		rate := distuv.Gamma{Alpha: size, Beta: size / m, Src: rng}.Rand()
		out = append(out, Hour{at, int(distuv.Poisson{Lambda: rate, Src: rng}.Rand())})
	}
	return out
}

func times(hours []Hour, rng *rand.Rand) (at []time.Time) {
	for _, h := range hours {
		for range h.Count {
			at = append(at, h.At.Add(time.Duration(rng.Int64N(int64(time.Hour)))))
		}
	}
	return at
}

// alarms counts episodes: after one, six hours are left alone.
func alarms(b Baseline, hours []Hour, rng *rand.Rand) (n int) {
	quiet := time.Time{}
	for i := 3; i <= len(hours); i++ {
		now := hours[i-1].At.Add(time.Hour - time.Second)
		if now.Before(quiet) {
			continue
		}
		if _, yes := b.Look(times(hours[i-3:i], rng), now, here); yes {
			n++
			quiet = now.Add(6 * time.Hour)
		}
	}
	return n
}

func TestTheChanceIsThatOfANegativeBinomial(t *testing.T) {
	for _, x := range []struct {
		n          int
		mean, size float64
	}{{0, 2, 1}, {1, 2, 1}, {5, 2, 1.5}, {12, 3, 4}, {40, 10, 2}} {
		below, p := 0.0, x.size/(x.size+x.mean)
		for k := range x.n {
			a, _ := math.Lgamma(float64(k) + x.size)
			b, _ := math.Lgamma(x.size)
			c, _ := math.Lgamma(float64(k) + 1)
			below += math.Exp(a - b - c + x.size*math.Log(p) + float64(k)*math.Log(1-p))
		}
		if got := Chance(x.n, x.mean, x.size); math.Abs(got-(1-below)) > 1e-9 {
			t.Errorf("at least %d of %v (size %v): %v, want %v", x.n, x.mean, x.size, got, 1-below)
		}
	}
}

// The aim of domain/decisions.md 8.3: at most 0.3 false alarms a month for each stream.
func TestOrdinaryClumpsWakeNobody(t *testing.T) {
	for _, mean := range []float64{0.05, 0.5, 2, 10} {
		for _, size := range []float64{1, 3} {
			t.Run(fmt.Sprint(mean, size), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, uint64(mean*100+size)))
				months := 40
				n := 0
				for range months {
					b := Learn(stream(rng, monday, 8*weekLong, mean, size), here)
					n += alarms(b, stream(rng, monday.Add(8*weekLong*time.Hour), 30*24, mean, size), rng)
				}
				if rate := float64(n) / float64(months); rate > 0.3 {
					t.Errorf("%.2f false alarms a month", rate)
				}
			})
		}
	}
}

func TestAnAttackIsSeenInItsFirstHours(t *testing.T) {
	for _, x := range []struct{ mean, more, least float64 }{{0.1, 10, 0.8}, {0.5, 10, 0.6}, {2, 30, 0.85}, {0.1, 30, 0.95}} {
		rng := rand.New(rand.NewPCG(2, uint64(x.more)))
		seen, tries := 0, 200
		for range tries {
			b := Learn(stream(rng, monday, 8*weekLong, x.mean, 3), here)
			now := stream(rng, monday.Add((8*weekLong+12)*time.Hour), 1, x.mean, 3)
			now[0].Count += int(distuv.Poisson{Lambda: x.more, Src: rng}.Rand())
			if _, yes := b.Look(times(now, rng), now[0].At.Add(time.Hour), here); yes {
				seen++
			}
		}
		if share := float64(seen) / float64(tries); share < x.least {
			t.Errorf("%v an hour on top of %v: seen in the first hour in %.0f%%, want %.0f%%", x.more, x.mean, 100*share, 100*x.least)
		}
	}
}

func TestEarlierBurstsDoNotBecomeTheNormal(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	past := stream(rng, monday, 8*weekLong, 0.3, 3)
	calm := Learn(past, here)
	for i := range 6 {
		past[500+i].Count = 80
	}
	if b := Learn(past, here); b.Mean[500%weekLong] > calm.Mean[500%weekLong]+2 {
		t.Errorf("after six hours of storm the hour is thought to bring %.2f, before %.2f", b.Mean[500%weekLong], calm.Mean[500%weekLong])
	}
}

func TestHolidaysAreSundays(t *testing.T) {
	c := Calendar{Zone: time.UTC, Holiday: func(t time.Time) bool { return t.Month() == 11 && t.Day() == 11 }}
	if got, want := c.slot(time.Date(2026, 11, 11, 10, 0, 0, 0, time.UTC)), 6*24+10; got != want {
		t.Errorf("slot %d, want %d", got, want)
	}
}

func TestWithoutHistoryAFewAngryWordsAreNoBurst(t *testing.T) {
	b := Learn(nil, here)
	now := monday.Add(10 * time.Hour)
	at := []time.Time{now.Add(-1 * time.Minute), now.Add(-2 * time.Minute), now.Add(-3 * time.Minute), now.Add(-4 * time.Minute)}
	if _, yes := b.Look(at, now, here); yes {
		t.Error("four items are a burst")
	}
	for i := range 20 {
		at = append(at, now.Add(-time.Duration(i)*time.Minute))
	}
	if x, yes := b.Look(at, now, here); !yes || x.Window != time.Hour || x.Count != 24 || x.Needed > 24 {
		t.Errorf("%+v %v", x, yes)
	}
}

func TestReactionsAreHeldAgainstTheFirmsOwn(t *testing.T) {
	var ordinary, joker []Mix
	for range 30 {
		ordinary = append(ordinary, Mix{All: 40, Sour: 1})
		joker = append(joker, Mix{All: 40, Sour: 24}) // a firm that jokes
	}
	for name, x := range map[string]struct {
		past []Mix
		now  Mix
		want bool
	}{
		"a storm":                      {ordinary, Mix{All: 30, Sour: 18}, true},
		"laughter at a joke is usual":  {joker, Mix{All: 30, Sour: 18}, false},
		"a few are no storm":           {ordinary, Mix{All: 4, Sour: 4}, false},
		"without history most of many": {nil, Mix{All: 40, Sour: 36}, true},
		"without history some of some": {nil, Mix{All: 12, Sour: 5}, false},
	} {
		if s, got := LearnMix(x.past).LookMix(x.now); got != x.want {
			t.Errorf("%s: %v (p %.2g, usual %.2f)", name, got, s.P, s.Usual)
		}
	}
	if p := betaBinomialTail(0, 10, Usual{1, 1}); math.Abs(p-1) > 1e-9 {
		t.Errorf("all outcomes together have chance %v", p)
	}
	if p := betaBinomialTail(6, 10, Usual{1, 1}); math.Abs(p-5.0/11) > 1e-9 { // uniform: five of eleven outcomes
		t.Errorf("%v, want 5/11", p)
	}
}
