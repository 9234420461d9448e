package linear

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// Unknown marks a head about which an example says nothing.
const Unknown = -1

// Example is a row with what is known of it: per head the wanted chance in [0, 1], or Unknown.
type Example struct {
	Row    Row
	Want   []float32
	Weight float32
	Base   []float32 // raw scores to start from, one per head; nil is zero (a fit on top of another model)
}

// Options are the settings of a fit.
type Options struct {
	Heads  []string
	Names  []string // of named features, by their number
	Epochs int      // passes over the examples
	Rate   float64  // first step of AdaGrad (Duchi, Hazan, Singer 2011)
	Decay  float64  // pull towards zero at every touch (L2)
	Seed   uint64
	Ratio  bool // scale grams by their log-count ratio (NB-SVM, Wang and Manning 2012)
}

// Fit finds weights. Heads do not depend on each other and are fitted side by side; the same examples, options and seed
// give the same weights on the same kind of processor.
func Fit(xs []Example, o Options) *Weights {
	w := newWeights(o)
	order := orders(len(xs), o) // every head walks the same, so heads may be fitted apart
	var wg sync.WaitGroup
	for h := range o.Heads {
		wg.Add(1)
		go func() {
			defer wg.Done()
			fitHead(xs, o, order, w, h)
		}()
	}
	wg.Wait()
	return w
}

// Weights are the weights of a fit in full precision, per head.
type Weights struct {
	o     Options
	bias  []float32
	named [][]float32 // [head][id]
	grams [][]float32 // [head][bucket]
}

func newWeights(o Options) *Weights {
	w := &Weights{o: o, bias: make([]float32, len(o.Heads))}
	for range o.Heads {
		w.named = append(w.named, make([]float32, len(o.Names)))
		w.grams = append(w.grams, make([]float32, 1<<Bits))
	}
	return w
}

func orders(n int, o Options) [][]int32 {
	rnd := rand.New(rand.NewPCG(o.Seed, 1))
	out := make([][]int32, o.Epochs)
	for e := range out {
		out[e] = make([]int32, n)
		for i := range out[e] {
			out[e][i] = int32(i)
		}
		rnd.Shuffle(n, func(i, k int) { out[e][i], out[e][k] = out[e][k], out[e][i] })
	}
	return out
}

// fitting is the state of one head's descent.
type fitting struct {
	o            Options
	grams        []gram
	named, nameG []float32
	bias, biasG  float64
}

// gram is all a step needs of one bucket, side by side: a step reads memory at random, once for each gram.
type gram struct{ weight, squares, ratio float32 }

func fitHead(xs []Example, o Options, order [][]int32, w *Weights, h int) {
	f := &fitting{o: o, grams: make([]gram, 1<<Bits), named: w.named[h], nameG: make([]float32, len(o.Names))}
	for b := range f.grams {
		f.grams[b].ratio = 1
	}
	if o.Ratio {
		for b, r := range ratios(xs, h) {
			f.grams[b].ratio = r
		}
	}
	mean := &average{grams: make([]float32, 1<<Bits), named: make([]float32, len(o.Names))}
	for e := range order {
		for _, i := range order[e] {
			if want := xs[i].Want[h]; want >= 0 {
				var base float32
				if xs[i].Base != nil {
					base = xs[i].Base[h]
				}
				f.step(&xs[i], want, base)
			}
		}
		if 2*e >= len(order) {
			mean.add(f)
		}
	}
	mean.into(f)
	for b := range f.grams {
		w.grams[h][b] = f.grams[b].weight * f.grams[b].ratio
	}
	w.bias[h] = float32(f.bias)
}

// average is the mean of the weights after each of the later passes, which generalises better than the last.
type average struct {
	n            float32
	bias         float64
	grams, named []float32
}

func (a *average) add(f *fitting) {
	a.n++
	a.bias += f.bias
	for i := range f.grams {
		a.grams[i] += f.grams[i].weight
	}
	for i, x := range f.named {
		a.named[i] += x
	}
}

func (a *average) into(f *fitting) {
	f.bias = a.bias / float64(a.n)
	for i, x := range a.grams {
		f.grams[i].weight = x / a.n
	}
	for i, x := range a.named {
		f.named[i] = x / a.n
	}
}

func (f *fitting) step(x *Example, want, base float32) {
	z := base + float32(f.bias)
	for _, n := range x.Row.Named {
		z += f.named[n.ID] * n.Value
	}
	for _, g := range x.Row.Grams {
		var sum float32
		for _, b := range g {
			sum += f.grams[b].weight * f.grams[b].ratio
		}
		z += sum * div(len(g))
	}
	err := float32(Sigmoid(float64(z))-float64(want)) * x.Weight
	f.biasG += float64(err * err)
	f.bias -= f.o.Rate * float64(err) / (math.Sqrt(f.biasG) + 1e-3)
	for _, n := range x.Row.Named {
		descend(&f.named[n.ID], &f.nameG[n.ID], err*n.Value, f.o)
	}
	for _, g := range x.Row.Grams {
		d := err * div(len(g))
		for _, b := range g {
			c := &f.grams[b]
			descend(&c.weight, &c.squares, d*c.ratio, f.o)
		}
	}
}

func div(n int) float32 {
	if n == 0 {
		return 0
	}
	return float32(1 / math.Sqrt(float64(n)))
}

func descend(w, g *float32, d float32, o Options) {
	d += float32(o.Decay) * *w
	*g += d * d
	*w -= float32(o.Rate) * d / (float32(math.Sqrt(float64(*g))) + 1e-3)
}

// ratios are the absolute log-count ratios of grams between yes and no, scaled to a mean of one over grams seen.
func ratios(xs []Example, h int) []float32 {
	yes, no := make([]float64, 1<<Bits), make([]float64, 1<<Bits)
	var ny, nn float64
	for i := range xs {
		want, into, n := xs[i].Want[h], no, &nn
		if want < 0 {
			continue
		}
		if want > 0.5 {
			into, n = yes, &ny
		}
		for _, g := range xs[i].Row.Grams {
			for _, b := range g {
				into[b] += float64(xs[i].Weight)
				*n += float64(xs[i].Weight)
			}
		}
	}
	return logRatios(yes, no, ny, nn)
}

func logRatios(yes, no []float64, ny, nn float64) []float32 {
	const soft = 1.0
	r := make([]float32, len(yes))
	space := soft * float64(len(yes))
	sum, seen := 0.0, 0.0
	for b := range r {
		x := math.Abs(math.Log((yes[b]+soft)/(ny+space)) - math.Log((no[b]+soft)/(nn+space)))
		r[b] = float32(x)
		if yes[b]+no[b] > 0 {
			sum, seen = sum+x, seen+1
		}
	}
	if sum > 0 {
		for b := range r {
			r[b] *= float32(seen / sum)
		}
	}
	return r
}

// Pack rounds the weights to what a model ships with. Grams that the examples held fewer than least times are left out.
func (w *Weights) Pack(xs []Example, least int) *Model {
	n := len(w.o.Heads)
	m := &Model{Names: w.o.Names, grams: make([]int8, n<<Bits), named: make([]float32, n*len(w.o.Names))}
	counts := make([]int, 1<<Bits)
	for i := range xs {
		for _, g := range xs[i].Row.Grams {
			for _, b := range g {
				counts[b]++
			}
		}
	}
	for h, name := range w.o.Heads {
		head := Head{Name: name, Bias: w.bias[h], Slope: 1, Bar: 0.5, Scale: step(w.grams[h])}
		for b, x := range w.grams[h] {
			if counts[b] >= least {
				m.grams[b*n+h] = int8(math.Round(math.Max(-127, math.Min(127, float64(x/head.Scale)))))
			}
		}
		for id, x := range w.named[h] {
			m.named[id*n+h] = x
		}
		m.Heads = append(m.Heads, head)
	}
	return m
}

// step is the weight of one unit of a byte: the largest weight but one in two thousand fits.
func step(ws []float32) float32 {
	var abs []float32
	for _, w := range ws {
		if w != 0 {
			abs = append(abs, float32(math.Abs(float64(w))))
		}
	}
	if len(abs) == 0 {
		return 1
	}
	slices.Sort(abs)
	return abs[len(abs)-1-len(abs)/2000] / 127
}

// Mean replaces the weights by the mean of both fits, which must have the same heads and names. Fits that erred in different
// ways err less together, and the mean of linear models is one.
func (w *Weights) Mean(o *Weights) {
	for h := range w.bias {
		w.bias[h] = (w.bias[h] + o.bias[h]) / 2
		for i := range w.named[h] {
			w.named[h][i] = (w.named[h][i] + o.named[h][i]) / 2
		}
		for b := range w.grams[h] {
			w.grams[h][b] = (w.grams[h][b] + o.grams[h][b]) / 2
		}
	}
}
