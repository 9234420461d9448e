package measure

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// numbered turns observers' rows into units of numbers; 0 is no answer.
func numbered(rows ...[]int) [][]int {
	var out [][]int
	for _, r := range rows {
		for i, v := range r {
			if i == len(out) {
				out = append(out, nil)
			}
			if v != 0 {
				out[i] = append(out[i], v)
			}
		}
	}
	return out
}

// The worked example of Krippendorff 2011, four observers with gaps: ordinal 0.815, nominal 0.743.
var worked = numbered([]int{1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0}, []int{1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3},
	[]int{0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0}, []int{1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0})

func TestAlphaOrdinalOfThePublishedExample(t *testing.T) {
	if a, ok := AlphaOrdinal(worked); !ok || !near(a, 0.815, 0.0005) {
		t.Errorf("ordinal %.4f %v", a, ok)
	}
	if a, ok := AlphaNominal(worked); !ok || !near(a, 0.743, 0.0005) {
		t.Errorf("nominal %.4f %v", a, ok)
	}
}

// By hand: ratings (1,1) (1,2) (2,2). n1 = 3, n2 = 3; the distance of 1 and 2 is (6 − 3)² = 9. Observed 2·9/6 = 3; expected
// 2·3·3·9/(6·5) = 5.4; alpha 1 − 3/5.4 = 0.4444.
func TestAlphaOrdinalByHand(t *testing.T) {
	if a, ok := AlphaOrdinal([][]int{{1, 1}, {1, 2}, {2, 2}, {5}}); !ok || !near(a, 1-3/5.4, 1e-12) {
		t.Errorf("%v %v", a, ok)
	}
	for name, u := range map[string][][]int{"nothing": nil, "once": {{1}, {2}}, "always the same": {{3, 3}, {3, 3}}} {
		if a, ok := AlphaOrdinal(u); ok {
			t.Errorf("%s: %v", name, a)
		}
	}
}

// By hand: (1,1) (2,3) (3,3). Observed 0 + 1 + 0 = 1. Expected: each first against each second, thirds: first 1: 0+4+4, 2: 1+1+1,
// 3: 4+0+0 make 15/3 = 5. Kappa 1 − 1/5.
func TestKappaByHand(t *testing.T) {
	if k, ok := Kappa([][]int{{1, 1}, {2, 3}, {3, 3}, {4}}); !ok || !near(k, 0.8, 1e-12) {
		t.Errorf("%v %v", k, ok)
	}
	if k, ok := Kappa([][]int{{2, 2}, {2, 2}}); ok {
		t.Errorf("no spread: %v", k)
	}
	if k, ok := Kappa([][]int{{1, 5}, {5, 1}}); !ok || k >= 0 {
		t.Errorf("steady disagreement: %v", k)
	}
}

func TestTheIntervalIsTheSameEveryTimeAndHoldsTheFigure(t *testing.T) {
	low, high := Bootstrap(worked, AlphaOrdinal)
	again, more := Bootstrap(worked, AlphaOrdinal)
	if low != again || high != more || !(low < 0.815 && 0.815 < high) || low < 0 || high > 1 {
		t.Errorf("%v to %v, then %v to %v", low, high, again, more)
	}
	if l, h := Bootstrap(nil, AlphaOrdinal); l != 0 || h != 0 {
		t.Errorf("%v %v", l, h)
	}
}

func TestAgreementStaysInItsBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(1, 5), 0, 3), 0, 15).Draw(rt, "units")
		if a, ok := AlphaOrdinal(u); ok && (a > 1+1e-9 || math.IsNaN(a)) {
			rt.Fatalf("alpha %v", a)
		}
		if k, ok := Kappa(u); ok && (k > 1+1e-9 || math.IsNaN(k)) {
			rt.Fatalf("kappa %v", k)
		}
		same := make([][]int, len(u))
		for i, x := range u {
			if len(x) > 0 {
				same[i] = []int{x[0], x[0]}
			}
		}
		if a, ok := AlphaOrdinal(same); ok && !near(a, 1, 1e-9) {
			rt.Fatalf("full agreement is %v", a)
		}
	})
}
