package measure

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

// units turns observers' rows into units; "." is no answer.
func units(rows ...string) [][]string {
	var out [][]string
	for _, r := range rows {
		for i, v := range strings.Fields(r) {
			if i == len(out) {
				out = append(out, nil)
			}
			if v != "." {
				out[i] = append(out[i], v)
			}
		}
	}
	return out
}

// The worked examples of Krippendorff 2011: two observers with two values, two with five, four with five and gaps.
func TestAlphaOfThePublishedExamples(t *testing.T) {
	for _, c := range []struct {
		name string
		rows []string
		want float64
	}{
		{"A: binary, two observers", []string{"0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"}, 0.095},
		{"B: nominal, two observers", []string{"a a b b d c c c e d d a", "b a b b b c c c e d d d"}, 0.692},
		{"C: nominal, four observers, gaps", []string{"1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3",
			". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."}, 0.743},
	} {
		got, ok := Alpha(units(c.rows...), Nominal)
		if !ok || !near(got, c.want, 0.0005) {
			t.Errorf("%s: %.4f %v, want %.3f", c.name, got, ok, c.want)
		}
	}
}

func TestAlphaAtItsEnds(t *testing.T) {
	for name, u := range map[string][][]string{"nothing": nil, "judged once": {{"a"}, {"b"}}, "always the same": {{"a", "a"}, {"a", "a"}}} {
		if a, ok := Alpha(u, Nominal); ok {
			t.Errorf("%s: %v", name, a)
		}
	}
	if a, ok := Alpha([][]string{{"a", "a"}, {"b", "b"}, {"a", "a"}}, Nominal); !ok || a != 1 {
		t.Errorf("full agreement is %v", a)
	}
	if a, ok := Alpha([][]string{{"a", "b"}, {"b", "a"}}, Nominal); !ok || a >= 0 {
		t.Errorf("steady disagreement is %v", a)
	}
}

func TestMasi(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"", "", 0}, {"a", "a", 0}, {"a,b", "b,a", 0}, {"a", "b", 1}, {"a", "", 1},
		{"a", "a,b", 1 - 2.0/3*0.5}, {"a,b", "b,c", 1 - 1.0/3*1.0/3}, {"a,b,c", "a,b", 1 - 2.0/3*2.0/3},
	} {
		if got := Masi(c.a, c.b); !near(got, c.want, 1e-12) || Masi(c.b, c.a) != got {
			t.Errorf("%q %q: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// Reference values: Brown, Cai, DasGupta 2001 (formula) computed by hand for these.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 0, 0, 1}, {0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {5, 10, 0.2366, 0.7634}, {81, 263, 0.2553, 0.3662}} {
		s := NewShare(c.k, c.n)
		if !near(s.Low, c.low, 0.0002) || !near(s.High, c.high, 0.0002) {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.k, c.n, s.Low, s.High, c.low, c.high)
		}
	}
	if NewShare(5, 10).Apart(NewShare(6, 10)) || !NewShare(5, 100).Apart(NewShare(50, 100)) {
		t.Error("apart")
	}
}

func TestPSI(t *testing.T) {
	for _, c := range []struct {
		before, now []int
		low, high   float64
	}{
		{[]int{100, 100}, []int{50, 50}, 0, 0.0001}, {nil, nil, 0, 0}, {[]int{0, 0}, []int{5, 1}, 0, 0},
		// Shares .5/.3/.2 against .3/.3/.4: (.3-.5)ln(.6) + 0 + (.4-.2)ln(2) = 0.2408.
		{[]int{5000, 3000, 2000}, []int{3000, 3000, 4000}, 0.2400, 0.2416},
		{[]int{100, 0}, []int{0, 100}, 5, 20},
	} {
		if got := PSI(c.before, c.now); got < c.low || got > c.high {
			t.Errorf("%v then %v: %v", c.before, c.now, got)
		}
	}
}

// Chi-squared of 5 % for 1, 5 and 18 degrees of freedom: 3.841, 11.070, 28.869.
func TestChance(t *testing.T) {
	for kinds, want := range map[int]float64{2: 3.841, 6: 11.070, 19: 28.869} {
		if got := Chance(kinds, 200, 200) * 100; !near(got, want, 0.11) {
			t.Errorf("%d kinds: %.3f, want %.3f", kinds, got, want)
		}
	}
	if !math.IsInf(Chance(5, 0, 10), 1) {
		t.Error("nothing to compare with")
	}
}

func TestFiguresStayInTheirBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 500).Draw(rt, "n")
		k := rapid.IntRange(0, n).Draw(rt, "k")
		if s := NewShare(k, n); s.Low < 0 || s.High > 1 || n > 0 && (s.Low > s.Value() || s.High < s.Value()) {
			rt.Fatalf("%d of %d: %+v", k, n, s)
		}
		u := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "a,b"}), 0, 4), 0, 12).Draw(rt, "units")
		if a, ok := Alpha(u, Masi); ok && (a > 1 || math.IsNaN(a)) {
			rt.Fatalf("alpha %v of %v", a, u)
		}
		b := rapid.SliceOfN(rapid.IntRange(0, 50), 3, 3).Draw(rt, "before")
		c := rapid.SliceOfN(rapid.IntRange(0, 50), 3, 3).Draw(rt, "now")
		if p := PSI(b, c); p < 0 || math.IsInf(p, 0) || math.IsNaN(p) {
			rt.Fatalf("PSI %v", p)
		}
	})
}
