package linear

// Delta is what a fit on top of a model adds to one head: a shift, and weights of few grams. It marshals to JSON.
type Delta struct {
	Shift float32            `json:"shift"`
	Grams map[uint32]float32 `json:"grams"`
}

// Delta takes one head of a fit; weights nearer to zero than least are left out.
func (w *Weights) Delta(head int, least float32) Delta {
	d := Delta{Shift: w.bias[head], Grams: map[uint32]float32{}}
	for b, x := range w.grams[head] {
		if x > least || x < -least {
			d.Grams[uint32(b)] = x
		}
	}
	return d
}

// Add is what the delta adds to the raw score of a row.
func (d Delta) Add(r Row) float32 {
	z := d.Shift
	for _, g := range r.Grams {
		var sum float32
		for _, b := range g {
			sum += d.Grams[b]
		}
		z += sum * div(len(g))
	}
	return z
}
