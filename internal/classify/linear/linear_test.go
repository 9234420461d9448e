package linear

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// world draws rows whose first head is "has gram 7", the second "has the name and not gram 9"; the third is known of few.
func world(n int, seed uint64) []Example {
	rnd := rand.New(rand.NewPCG(seed, 0))
	xs := make([]Example, n)
	for i := range xs {
		g := Grams{}
		for range 8 {
			g = append(g, Bucket(rnd.Uint32N(40)))
		}
		has := func(b uint32) bool {
			for _, x := range g {
				if x == b {
					return true
				}
			}
			return false
		}
		name := rnd.IntN(2)
		x := Example{Weight: 1, Row: Row{Grams: []Grams{g}}, Want: []float32{yes(has(7)), yes(name == 1 && !has(9)), Unknown}}
		if name == 1 {
			x.Row.Named = []Named{{0, 1}}
		}
		if i%10 == 0 {
			x.Want[2] = 1
		}
		xs[i] = x
	}
	return xs
}

func yes(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

var plan = Options{Heads: []string{"seven", "named", "rare"}, Names: []string{"name"}, Epochs: 20, Rate: 0.3, Decay: 1e-5, Seed: 1}

func right(m *Model, xs []Example, head int) float64 {
	var s Scratch
	n := 0
	for i := range xs {
		if (m.Scores(xs[i].Row, &s)[head] > 0) == (xs[i].Want[head] > 0.5) {
			n++
		}
	}
	return float64(n) / float64(len(xs))
}

func TestAFitLearnsAndPackingKeepsIt(t *testing.T) {
	for _, ratio := range []bool{false, true} {
		o := plan
		o.Ratio = ratio
		train, fresh := world(2000, 1), world(1000, 2)
		m := Fit(train, o).Pack(train, 1)
		for h := range 2 {
			if r := right(m, fresh, h); r < 0.95 {
				t.Errorf("ratio %v: head %s is right on %.3f of fresh rows", ratio, m.Heads[h].Name, r)
			}
		}
		var s Scratch
		if z := m.Scores(Row{}, &s)[2]; z <= 0 {
			t.Errorf("ratio %v: a head that was only ever yes scores %v", ratio, z)
		}
	}
}

func TestTheSameExamplesGiveTheSameBytes(t *testing.T) {
	write := func(seed uint64) string {
		o := plan
		o.Seed = seed
		xs := world(300, 1)
		var b bytes.Buffer
		if err := Fit(xs, o).Pack(xs, 1).Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := write(1)
	if again := write(1); again != first {
		t.Error("two fits differ")
	}
	if first == write(2) {
		t.Error("the seed changes nothing")
	}
}

func TestAModelComesBackFromItsFile(t *testing.T) {
	xs := world(500, 3)
	m := Fit(xs, plan).Pack(xs, 1)
	m.Heads[1].Slope, m.Heads[1].Shift, m.Heads[1].Bar = 2, -1, 0.3
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := Open(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got.Version() != m.Version() || got.Heads[1] != m.Heads[1] {
		t.Errorf("%08x %+v came back as %08x %+v", m.Version(), m.Heads[1], got.Version(), got.Heads[1])
	}
	var s, u Scratch
	for i := range xs {
		a, c := m.Scores(xs[i].Row, &s), got.Scores(xs[i].Row, &u)
		for h := range a {
			if a[h] != c[h] {
				t.Fatalf("row %d head %d: %v, after reading %v", i, h, a[h], c[h])
			}
		}
	}
	for _, cut := range []int{0, 3, len(magic), len(magic) + 5, b.Len() / 2, b.Len() - 20} {
		if _, err := Open(b.Bytes()[:cut]); err == nil || !strings.HasPrefix(err.Error(), "open model") {
			t.Errorf("a file cut at %d of %d: %v", cut, b.Len(), err)
		}
	}
}

func TestADeltaStandsOnAnotherModel(t *testing.T) {
	xs := world(1000, 4)
	for i := range xs {
		xs[i].Base = []float32{-2, 0, 0} // a model that never sees the first
	}
	d := Fit(xs, plan).Delta(0, 0.01)
	n := 0
	for i := range xs {
		if (-2+d.Add(xs[i].Row) > 0) == (xs[i].Want[0] > 0.5) {
			n++
		}
	}
	if n < 950 {
		t.Errorf("with the delta %d of 1000 are right", n)
	}
}

func TestTheMeanOfTwoFitsScoresBetweenThem(t *testing.T) {
	xs := world(400, 5)
	o := plan
	a, b := Fit(xs, plan), Fit(xs, func() Options { o.Seed = 9; return o }())
	score := func(w *Weights, r Row) float64 {
		z := float64(w.bias[0])
		for _, n := range r.Named {
			z += float64(w.named[0][n.ID] * n.Value)
		}
		for _, g := range r.Grams {
			for _, k := range g {
				z += float64(w.grams[0][k] * div(len(g)))
			}
		}
		return z
	}
	za, zb := score(a, xs[0].Row), score(b, xs[0].Row)
	a.Mean(b)
	if z := score(a, xs[0].Row); math.Abs(z-(za+zb)/2) > 1e-4 {
		t.Errorf("%v and %v have the mean %v", za, zb, z)
	}
}

func FuzzOpen(f *testing.F) {
	xs := world(50, 6)
	var b bytes.Buffer
	if err := Fit(xs, plan).Pack(xs, 1).Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Open(raw)
		if err != nil {
			return
		}
		var s Scratch
		if got := m.Scores(Row{Named: []Named{{65535, 1}}, Grams: []Grams{{0, 1<<Bits - 1}}}, &s); len(got) != len(m.Heads) {
			t.Fatalf("%d scores of %d heads", len(got), len(m.Heads))
		}
	})
}

// TestHeadsMayBeFittedApart: one head fitted alone and put among the others gives the bytes of fitting all together.
func TestHeadsMayBeFittedApart(t *testing.T) {
	xs := world(400, 5)
	o := plan
	all := Fit(xs, o).Pack(xs, 1)
	without, alone := make([]Example, len(xs)), make([]Example, len(xs))
	for i := range xs {
		without[i], alone[i] = xs[i], xs[i]
		without[i].Want = []float32{xs[i].Want[0], Unknown, xs[i].Want[2]}
		alone[i].Want = []float32{Unknown, xs[i].Want[1], Unknown}
	}
	m := Fit(without, o).Pack(xs, 1)
	if m.Version() == all.Version() {
		t.Fatal("the head makes no difference")
	}
	m.Take(Fit(alone, o).Pack(xs, 1), 1)
	if m.Version() != all.Version() {
		t.Error("fitted apart, the weights are others")
	}
}
