package signal

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		vs   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{5, 1}, 3}, {[]float64{9, 1, 4}, 4}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := Median(c.vs); !near(got, c.want) {
			t.Errorf("%v: %v, want %v", c.vs, got, c.want)
		}
	}
}

// By hand: shares .6 .3 .1 give .36 + .09 + .01 = .46; entropy of halves is one bit, of four quarters two.
func TestHHIAndEntropy(t *testing.T) {
	for _, c := range []struct {
		vs         []float64
		hhi, bits  float64
		concentric string
	}{
		{nil, 0, 0, "nothing"}, {[]float64{7}, 1, 0, "one"}, {[]float64{6, 3, 1}, 0.46, 1.2954618442383217, "three"},
		{[]float64{5, 5}, 0.5, 1, "halves"}, {[]float64{2, 2, 2, 2}, 0.25, 2, "quarters"}, {[]float64{4, 0}, 1, 0, "one and none"},
	} {
		if h, e := HHI(c.vs), Entropy(c.vs); !near(h, c.hhi) || !near(e, c.bits) {
			t.Errorf("%s: %v and %v, want %v and %v", c.concentric, h, e, c.hhi, c.bits)
		}
	}
}

// By hand. Points (0,0) (1,1) (2,1) (3,4): slopes 1, 1/2, 4/3, 0, 3/2, 3; in order 0 .5 1 1.333 1.5 3, the median 1.1667.
func TestTheilSen(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y []float64
		want float64
		ok   bool
	}{
		{"by hand", []float64{0, 1, 2, 3}, []float64{0, 1, 1, 4}, 7.0 / 6, true},
		{"a line", []float64{0, 1, 2, 3, 4}, []float64{1, 3, 5, 7, 9}, 2, true},
		{"one outlier changes nothing", []float64{0, 1, 2, 3, 4, 5}, []float64{0, 1, 2, 3, 4, 100}, 1, true},
		{"level", []float64{0, 1, 2}, []float64{3, 3, 3}, 0, true},
		{"falling", []float64{0, 2, 4}, []float64{4, 2, 0}, -1, true},
		{"order does not matter", []float64{4, 0, 2}, []float64{0, 4, 2}, -1, true},
		{"all at once", []float64{1, 1, 1}, []float64{0, 2, 4}, 0, false},
		{"alone", []float64{1}, []float64{2}, 0, false},
		{"nothing", nil, nil, 0, false},
	} {
		if got, ok := TheilSen(c.x, c.y); ok != c.ok || !near(got, c.want) {
			t.Errorf("%s: %v %v, want %v %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

// Counting gives what listing all pairs gives, with ties in time and in value.
func TestTheilSenByCountingIsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(rt, "n")
		x, y := make([]float64, n), make([]float64, n)
		for i := range n {
			x[i] = float64(rapid.IntRange(0, 40).Draw(rt, "x")) / 7
			y[i] = float64(rapid.IntRange(0, 4).Draw(rt, "y"))
		}
		want, ok := TheilSen(x, y)
		if !ok {
			return
		}
		ps := points(x, y)
		k := ps.pairs()
		got := (ps.slope((k-1)/2) + ps.slope(k/2)) / 2
		if math.Abs(got-want) > 1e-6 {
			rt.Fatalf("%v, want %v of %v", got, want, ps)
		}
	})
}

func TestJaccardOfShingles(t *testing.T) {
	a := Shingles("Nie polecam tego sklepu nikomu") // three shingles
	for text, want := range map[string]float64{
		"Nie polecam tego sklepu nikomu":       1,
		"NIE POLECAM, tego sklepu nikomu!!!":   1,
		"Nie polecam tego sklepu wcale":        0.5, // two of four
		"Zupełnie co innego tutaj stoi":        0,
		"":                                     0,
		"Nie polecam tego sklepu nikomu nigdy": 0.75, // three of four
	} {
		if got := Jaccard(a, Shingles(text)); !near(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if got := Jaccard(Shingles("krótko"), Shingles("Krótko")); got != 1 {
		t.Errorf("a short text is itself: %v", got)
	}
}

func BenchmarkTheilSen10k(b *testing.B) {
	x, y := make([]float64, 10_000), make([]float64, 10_000)
	for i := range x {
		x[i], y[i] = float64(i)/3, float64((i*7919)%5)
	}
	for b.Loop() {
		TheilSen(x, y)
	}
}
