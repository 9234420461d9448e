package author

import (
	"fmt"
	"testing"

	"chop/internal/author/estimate"
)

// pairOf is a profile rated twice, the second time with one scale changed by d.
func pairOf(v, d int, second estimate.Motive) []Rating {
	scale := func(x int) map[string]int {
		m := map[string]int{}
		for _, n := range Scales {
			m[n] = min(max(x, 1), 4)
		}
		return m
	}
	a := Rated{Scale: scale(v), Motive: estimate.Motives[v%5], Band: v % 3}
	b := Rated{Scale: scale(v), Motive: second, Band: a.Band}
	if second == "" {
		b.Motive = a.Motive
	}
	b.Scale[Intensity] = min(max(v+d, 1), 5)
	return []Rating{{Who: "a", Scales: a}, {Who: "b", Blind: true, Scales: b}}
}

// Agreement decides what a scale is worth: nothing below thirty profiles; reliable, tentative or lost from there on.
func TestStandingOfScales(t *testing.T) {
	profiles := func(n int, d func(i int) int, blind bool) map[string][]Rating {
		m := map[string][]Rating{}
		for i := range n {
			rs := pairOf(i%5, d(i), "")
			rs[1].Blind = blind
			m[fmt.Sprintf("p%02d", i)] = rs
		}
		return m
	}
	none := func(int) int { return 0 }
	for name, c := range map[string]struct {
		ratings map[string][]Rating
		doubly  int
		want    string
	}{
		"twenty-nine are too few":            {profiles(29, none, true), 29, TooFew},
		"thirty that agree":                  {profiles(30, none, true), 30, Reliable},
		"seen before, so not counted":        {profiles(40, none, false), 0, TooFew},
		"every third apart by two":           {profiles(30, func(i int) int { return map[bool]int{true: 2}[i%3 == 0] }, true), 30, Tentative},
		"the second rates against the first": {profiles(30, func(i int) int { return 4 - 2*(i%5) }, true), 30, Lost},
	} {
		a := agreementOf(c.ratings)
		x := a.Scales[0]
		if a.Doubly != c.doubly || x.Scale != Intensity || x.Standing != c.want {
			t.Errorf("%s: %d, %+v, want %s", name, a.Doubly, x, c.want)
		}
		if c.doubly > 0 && (x.Low > x.Alpha || x.High < x.Alpha) {
			t.Errorf("%s: %v outside %v to %v", name, x.Alpha, x.Low, x.High)
		}
		if lost := a.tentative(); lost != (c.want == Tentative || c.want == Lost) {
			t.Errorf("%s: tentative is %v", name, lost)
		}
	}
}

func TestNear(t *testing.T) {
	a := pairOf(3, 0, "")[0].Scales
	for name, c := range map[string]struct {
		change func(*Rated)
		want   bool
	}{
		"the same":                   {func(*Rated) {}, true},
		"one step apart":             {func(r *Rated) { r.Scale[Openness]++ }, true},
		"two steps apart":            {func(r *Rated) { r.Scale[Openness] -= 2 }, false},
		"another motive":             {func(r *Rated) { r.Motive = estimate.Undetermined }, false},
		"another band":               {func(r *Rated) { r.Band = 2 }, false},
		"a scale that was not rated": {func(r *Rated) { delete(r.Scale, Openness) }, true},
	} {
		b := pairOf(3, 0, "")[0].Scales
		c.change(&b)
		if got := a.near(b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
