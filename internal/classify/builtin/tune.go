package builtin

import (
	"math"
	"slices"

	"chop/internal/classify"
	"chop/internal/classify/linear"
)

// Case is a text of one firm as a person judged it.
type Case struct {
	classify.Text
	Labels   []classify.Label
	Buyer    bool
	Severity int
}

// Tuning is what one firm's cases add to the weights: for few labels, few words. It marshals to JSON. It fits only the engine
// it was made for.
type Tuning struct {
	Engine string                  `json:"engine"`
	Heads  map[string]linear.Delta `json:"heads"`
}

// Report tells what a tuning changes on cases it has not seen (five-fold cross-validation), per label.
type Report struct {
	Engine string        `json:"engine"`
	Cases  int           `json:"cases"`
	Labels []LabelReport `json:"labels"`
}

// LabelReport counts the answers for one label before and after.
type LabelReport struct {
	Label         classify.Label `json:"label"`
	Cases         int            `json:"cases"` // that carry it
	Before, After Answers
}

// Answers are counts of one label: given rightly, given wrongly, missed.
type Answers struct {
	Right, Wrong, Missed int
}

const (
	leastCases = 5    // of a label, given and not given, before it is tuned
	leastTuned = 0.02 // weight below which a word is left out of a tuning
	tuneFolds  = 5
)

// With returns the engine with a firm's tuning; nil or one of another engine changes nothing. A tuning never lowers the score
// of a safety label (classify.Safety).
func (e *Engine) With(t *Tuning) *Engine {
	if t == nil || t.Engine != e.name {
		return e
	}
	tuned := &Engine{rules: e.rules, model: e.model, names: e.names, heads: e.heads, name: e.name + "+own", Brief: e.Brief}
	tuned.pool.New = e.pool.New
	tuned.tuning = make([]*linear.Delta, len(e.model.Heads))
	for name, d := range t.Heads {
		if h, ok := e.heads[name]; ok {
			tuned.tuning[h] = &d
		}
	}
	return tuned
}

// tune adds a firm's weights to raw scores.
func (e *Engine) tune(row linear.Row, scores []float32) {
	for h, d := range e.tuning {
		if d == nil {
			continue
		}
		x := d.Add(row)
		if safe[e.model.Heads[h].Name] {
			x = max(x, 0)
		}
		scores[h] += x
	}
}

var safe = func() map[string]bool {
	m := map[string]bool{}
	for _, l := range classify.Safety {
		m[string(l)] = true
	}
	return m
}()

// Train makes a tuning of a firm's cases and reports what it changes. Few cases change little.
func (e *Engine) Train(cases []Case) (*Tuning, Report) {
	xs := e.examples(cases)
	t := &Tuning{Engine: e.name, Heads: map[string]linear.Delta{}}
	rep := Report{Engine: e.name, Cases: len(cases)}
	after := e.crossTuned(xs)
	full := e.fitTuning(xs)
	for _, l := range classify.Labels {
		h, ok := e.heads[string(l)]
		if !ok || l == classify.Neutral {
			continue // neutral follows from the others
		}
		lr := LabelReport{Label: l}
		for i := range xs {
			want := xs[i].Want[h] > 0.5
			if want {
				lr.Cases++
			}
			lr.Before.count(e.says(h, xs[i].Base[h]), want)
			lr.After.count(e.says(h, after[i][h]), want)
		}
		if lr.Cases < leastCases || len(xs)-lr.Cases < leastCases {
			lr.After = lr.Before
		} else {
			t.Heads[string(l)] = full.Delta(h, leastTuned)
		}
		if lr.Before != (Answers{}) || lr.After != (Answers{}) {
			rep.Labels = append(rep.Labels, lr)
		}
	}
	return t, rep
}

func (a *Answers) count(got, want bool) {
	switch {
	case got && want:
		a.Right++
	case got:
		a.Wrong++
	case want:
		a.Missed++
	}
}

func (e *Engine) says(head int, score float32) bool {
	h := &e.model.Heads[head]
	return h.Chance(score) >= float64(h.Bar)
}

// examples turns cases into rows that start from what the engine says without the firm.
func (e *Engine) examples(cases []Case) []linear.Example {
	r := &reader{x: extractor{names: e.names}}
	xs := make([]linear.Example, 0, len(cases))
	for _, c := range cases {
		f := e.rules.Read(c.Text)
		row := r.x.row(f, &c.Text)
		x := linear.Example{Weight: 1, Base: slices.Clone(e.model.Scores(row, &r.scratch)), Want: make([]float32, len(e.model.Heads))}
		for _, g := range row.Grams {
			x.Row.Grams = append(x.Row.Grams, slices.Clone(g))
		}
		x.Row.Grams[1] = nil // letters would only blur what few cases say about words
		for h := range e.model.Heads {
			x.Want[h] = linear.Unknown
		}
		for _, l := range classify.Labels {
			if h, ok := e.heads[string(l)]; ok {
				x.Want[h] = yesNo(slices.Contains(c.Labels, l))
			}
		}
		x.Want[e.heads[headBuyer]] = yesNo(c.Buyer)
		xs = append(xs, x)
	}
	return xs
}

func yesNo(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

func (e *Engine) fitTuning(xs []linear.Example) *linear.Weights {
	return linear.Fit(xs, linear.Options{Heads: Heads(), Epochs: 10, Rate: 0.1, Decay: 0.02, Seed: 11})
}

// crossTuned scores every case by a tuning that has not seen it.
func (e *Engine) crossTuned(xs []linear.Example) [][]float32 {
	out := make([][]float32, len(xs))
	for k := range tuneFolds {
		var seen []linear.Example
		for i := range xs {
			if i%tuneFolds != k {
				seen = append(seen, xs[i])
			}
		}
		w := e.fitTuning(seen)
		for h := range e.model.Heads {
			d := w.Delta(h, leastTuned)
			for i := k; i < len(xs); i += tuneFolds {
				if out[i] == nil {
					out[i] = make([]float32, len(e.model.Heads))
				}
				x := d.Add(xs[i].Row)
				if safe[e.model.Heads[h].Name] {
					x = float32(math.Max(float64(x), 0))
				}
				out[i][h] = xs[i].Base[h] + x
			}
		}
	}
	return out
}
