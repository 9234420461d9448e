package detect

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// brute adds the chances of all outcomes.
func brute(q []float64, k int) float64 {
	sum := 0.0
	for set := range 1 << len(q) {
		p, n := 1.0, 0
		for i, x := range q {
			if set>>i&1 == 1 {
				p, n = p*x, n+1
			} else {
				p *= 1 - x
			}
		}
		if n >= k {
			sum += p
		}
	}
	return sum
}

func TestTheTailIsTheSumOfItsOutcomes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 9).Draw(t, "q")
		k := rapid.IntRange(0, len(q)+1).Draw(t, "k")
		var work [exactUpTo + 1]float64
		if got, want := tail(q, k, work[:]), brute(q, k); math.Abs(got-want) > 1e-9 {
			t.Fatalf("tail(%v, %d) = %v, want %v", q, k, got, want)
		}
	})
}

func TestTheBoundIsNeverBelowTheChance(t *testing.T) {
	q := make([]float64, 400)
	for i := range q {
		q[i] = 0.6 + 0.2*float64(i%3)/3
	}
	work := make([]float64, 401)
	at := work[:301] // the exact chance of 300, one step below where the bound begins
	exact := tail(q, 300, at)
	if bound := hoeffding(q, 300); bound < exact {
		t.Errorf("bound %v is below the chance %v", bound, exact)
	}
	if got := tail(q, 399, work); !(got > 0 && got < 1e-20) {
		t.Errorf("399 of 400: %v", got)
	}
}

func TestAdjustedIsBenjaminiAndHochberg(t *testing.T) {
	got := adjusted([]float64{0.01, 0.04, 0.03, 0.005}, 5) // sorted .005 .01 .03 .04; times 5/k: .025 .025 .05 .05
	for i, want := range []float64{0.025, 0.05, 0.05, 0.025} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("q of %d: %v, want %v", i, got[i], want)
		}
	}
}

func TestCorrelation(t *testing.T) {
	for _, x := range []struct {
		a, b []float64
		want float64
	}{{[]float64{1, 2, 3}, []float64{2, 4, 6}, 1}, {[]float64{1, 2, 3}, []float64{3, 2, 1}, -1}, {[]float64{1, 1, 1}, []float64{1, 2, 3}, 0},
		{[]float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}, 0.8}} {
		if got := correlation(x.a, x.b); math.Abs(got-x.want) > 1e-12 {
			t.Errorf("r(%v, %v) = %v, want %v", x.a, x.b, got, x.want)
		}
	}
}
