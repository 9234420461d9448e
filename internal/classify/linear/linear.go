// Package linear is many small logistic models over one hashed space of features: it fits them, packs them and scores.
//
// It knows nothing of texts or labels. A row of features has two parts: named ones (few, dense, full precision) and grams
// (many, hashed, each of weight one, divided by the root of their number, so that long and short rows compare). Weights of
// grams are kept as one byte each, all heads of a gram side by side, so that scoring a row reads memory in order.
package linear

import (
	"hash/crc32"
	"math"
)

// Bits is the size of the hashed space of grams: 2^Bits buckets.
const Bits = 18

// Grams are hashed features of a row; a gram that stands twice counts twice.
type Grams []uint32

// Bucket folds a 32-bit hash into the space of grams.
func Bucket(h uint32) uint32 { return (h ^ h>>Bits) & (1<<Bits - 1) }

// Named is a feature with a name known when the model was fitted, by its number, and a value around [-1, 1].
type Named struct {
	ID    uint16
	Value float32
}

// Row is one thing to score.
type Row struct {
	Named []Named
	Grams []Grams // groups, each divided by the root of its own size
}

// Model is a fitted set of heads. It does not change and may be used by many goroutines.
type Model struct {
	Heads []Head
	Names []string  // of named features, by their number
	grams []int8    // [bucket][head]
	named []float32 // [id][head]
}

// Head is one question a model answers.
type Head struct {
	Name  string
	Bias  float32
	Scale float32 // of the bytes of grams
	// Slope and Shift calibrate: chance = sigmoid(Slope*z + Shift), by Platt 1999 on rows the fit had not seen.
	Slope, Shift float32
	Bar          float32 // chance from which the head says yes
}

// Chance turns a raw score into a calibrated probability.
func (h *Head) Chance(z float32) float64 { return Sigmoid(float64(h.Slope*z + h.Shift)) }

// Sigmoid is the logistic function.
func Sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// Scratch is the working memory of one goroutine.
type Scratch struct {
	sums []int32
	out  []float32
}

// Scores returns one raw score per head; the slice belongs to the scratch.
func (m *Model) Scores(r Row, s *Scratch) []float32 {
	n := len(m.Heads)
	if len(s.out) != n {
		s.out, s.sums = make([]float32, n), make([]int32, n)
	}
	for i := range m.Heads {
		s.out[i] = m.Heads[i].Bias
	}
	for _, f := range r.Named {
		if int(f.ID) < len(m.Names) {
			for i, w := range m.named[int(f.ID)*n : int(f.ID)*n+n] {
				s.out[i] += w * f.Value
			}
		}
	}
	for _, g := range r.Grams {
		m.addGrams(g, s)
	}
	return s.out
}

func (m *Model) addGrams(g Grams, s *Scratch) {
	if len(g) == 0 {
		return
	}
	n := len(m.Heads)
	clear(s.sums)
	sums := s.sums
	for _, b := range g {
		row := m.grams[int(b)*n : int(b)*n+n]
		for i, w := range row {
			sums[i] += int32(w)
		}
	}
	div := float32(1 / math.Sqrt(float64(len(g))))
	for i, x := range sums {
		s.out[i] += float32(x) * m.Heads[i].Scale * div
	}
}

// Take replaces one head by that of another model, which must have the same heads and names.
func (m *Model) Take(o *Model, head int) {
	n := len(m.Heads)
	m.Heads[head] = o.Heads[head]
	for i := head; i < len(m.grams); i += n {
		m.grams[i] = o.grams[i]
	}
	for i := head; i < len(m.named); i += n {
		m.named[i] = o.named[i]
	}
}

// Gram is the weight of one gram for a head, before division by the root of its group's size.
func (m *Model) Gram(bucket uint32, head int) float32 {
	return float32(m.grams[int(bucket)*len(m.Heads)+head]) * m.Heads[head].Scale
}

// NamedWeight is the weight of a named feature for a head; 0 for one the model does not know.
func (m *Model) NamedWeight(id uint16, head int) float32 {
	if int(id) >= len(m.Names) {
		return 0
	}
	return m.named[int(id)*len(m.Heads)+head]
}

// Version names the weights: a checksum over all of them.
func (m *Model) Version() uint32 {
	h := crc32.NewIEEE()
	m.writeBody(h) // a hash never fails
	return h.Sum32()
}
