// Package builtin is the engine every installation has: written rules and a model learned from examples, read together.
//
// The rules (package rules) find what they were written for; what they found is evidence to the model (package linear),
// beside words, dictionary forms, letters inside words, stars, lexicons and the thread. The model weighs all of it and says how
// likely each label is. Nothing leaves the machine. docs/model.md is the card of the weights.
package builtin

import (
	"context"
	_ "embed"
	"fmt"
	"sync"

	"chop/internal/classify"
	"chop/internal/classify/linear"
	"chop/internal/classify/rules"
)

// model.bin holds the weights; package build writes it.
//
//go:embed model.bin
var modelFile []byte

// Engine labels texts. It is safe for use by many goroutines.
type Engine struct {
	rules *rules.Engine
	model *linear.Model
	names *Names
	heads map[string]int
	name  string
	pool  sync.Pool
	// tuning is what a firm's cases add, per head; nil where nothing.
	tuning []*linear.Delta
	// Brief leaves reasons out, which is faster.
	Brief bool
}

// New opens the embedded weights.
func New() (*Engine, error) { return Open(modelFile) }

// Open makes an engine of a model that package build wrote.
func Open(raw []byte) (*Engine, error) {
	m, err := linear.Open(raw)
	if err != nil {
		return nil, err
	}
	e := &Engine{rules: rules.New(), model: m, names: Closed(m.Names), heads: map[string]int{}}
	for i, h := range m.Heads {
		e.heads[h.Name] = i
	}
	for _, h := range Heads() {
		if _, ok := e.heads[h]; !ok {
			return nil, fmt.Errorf("open model: it does not answer %q; build it anew", h)
		}
	}
	e.name = fmt.Sprintf("builtin/%s-%08x", rules.Version, m.Version())
	e.pool.New = func() any { return &reader{x: extractor{names: e.names}} }
	lexicon()
	return e, nil
}

// reader is the working memory of one goroutine.
type reader struct {
	x       extractor
	scratch linear.Scratch
}

// Name says which rules and weights labelled a text.
func (e *Engine) Name() string { return e.name }

// Classify labels each text; the error is that of the context alone.
func (e *Engine) Classify(ctx context.Context, ts []classify.Text) ([]classify.Result, error) {
	r := e.pool.Get().(*reader)
	defer e.pool.Put(r)
	out := make([]classify.Result, 0, len(ts))
	for _, t := range ts {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("classify: %w", err)
		}
		out = append(out, e.one(r, t))
	}
	return out, nil
}

func (e *Engine) one(r *reader, t classify.Text) classify.Result {
	if t.Parent != "" && len(t.ParentLabels) == 0 {
		t.ParentLabels = e.parent(r, t)
	}
	f := e.rules.Read(t)
	row := r.x.row(f, &t)
	v := verdict{engine: e, found: f, text: &t, scores: e.model.Scores(row, &r.scratch)}
	e.tune(row, v.scores)
	res := v.result()
	if !e.Brief {
		res.Reasons = v.reasons(res, &r.x)
	}
	return res
}

// parent labels the comment that is answered, when nobody has said what it is.
func (e *Engine) parent(r *reader, t classify.Text) []classify.Label {
	p := classify.Text{Text: t.Parent, Post: t.Post}
	f := e.rules.Read(p)
	v := verdict{engine: e, found: f, text: &p, scores: e.model.Scores(r.x.row(f, &p), &r.scratch)}
	var ls []classify.Label
	for _, s := range v.labels() {
		ls = append(ls, s.Label)
	}
	return ls
}
