// Package rules labels texts by written rules and word lists, Polish and English.
//
// It prefers silence to a false alarm: a threat is named only where a sentence makes one. Every label carries the
// rules that spoke for it, with the place in the text, and the considerations that took other labels away.
package rules

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"

	"chop/internal/classify"
)

var (
	//go:embed data/any.txt
	anyFile string
	//go:embed data/pl_attacks.txt
	plAttacks string
	//go:embed data/pl_criticism.txt
	plCriticism string
	//go:embed data/pl_talk.txt
	plTalk string
	//go:embed data/pl_everyday.txt
	plEveryday string
	//go:embed data/en.txt
	enFile string
)

// Version is part of the engine's name; raise it when rules change, so that stored labels tell where they came from.
const Version = "1"

// Engine reads texts by rules. It holds nothing that changes and may be used by many goroutines.
type Engine struct {
	pl, en *book
}

// New compiles the embedded rules.
func New() *Engine {
	return &Engine{pl: must(compile(anyFile, plAttacks, plCriticism, plTalk, plEveryday)), en: must(compile(anyFile, enFile))}
}

// must panics on rule files that do not compile: they are part of the program.
func must(b *book, err error) *book {
	if err != nil {
		panic(fmt.Sprintf("rules: %v", err))
	}
	return b
}

// Name says which rules labelled a text.
func (e *Engine) Name() string { return "rules/" + Version }

// Classify labels each text; the error is that of the context alone.
func (e *Engine) Classify(ctx context.Context, ts []classify.Text) ([]classify.Result, error) {
	out := make([]classify.Result, 0, len(ts))
	for _, t := range ts {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("classify by rules: %w", err)
		}
		out = append(out, e.one(t))
	}
	return out, nil
}

func (e *Engine) one(t classify.Text) classify.Result {
	f := e.Read(t)
	return f.Result()
}

// Read gathers what the rules find in one text.
func (e *Engine) Read(t classify.Text) *Finding {
	p := read(t.Text, t.Lang)
	b := e.pl
	if p.lang == "en" {
		b = e.en
	}
	f := &Finding{engine: e, page: p, text: t, hints: map[string][]*hit{}, labels: map[classify.Label][]ground{}}
	f.hits = b.find(p)
	f.dispute()
	f.gather()
	f.personalData()
	f.combine()
	return f
}

// Lang is the language whose rules read the text.
func (f *Finding) Lang() string { return f.page.lang }

// Words are the tokens of the text in order.
func (f *Finding) Words() []Word { return f.page.words }

// Asks tells whether the sentence ends with a question mark.
func (f *Finding) Asks(sentence int) bool { return f.page.asks[sentence] }

// Laughs is the number of laughing words and emoji.
func (f *Finding) Laughs() int { return f.page.laughs }

// Evidence calls each for every rule that spoke, with its weight: "threat.harm" for a label, "hint.own" for a hint,
// "against.negated:insult" for what was taken away.
func (f *Finding) Evidence(each func(rule string, weight float64)) {
	for _, l := range classify.Labels {
		for _, g := range f.labels[l] {
			each(g.rule, g.weight)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.hints)) {
		each("hint."+name, 1)
	}
	for i := range f.hits {
		if h := &f.hits[i]; h.against != "" && h.label != "hint" {
			each(h.against+":"+h.label, 1)
		}
	}
}

// Score is what the rules give a label, in [0, 0.99]; they name it from 0.5.
func (f *Finding) Score(l classify.Label) float64 { return score(f.labels[l]) }
