package lint

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"chop/internal/polish"
)

// words.txt holds the word lists of the checks. A line is "name: pattern", or "name unless: pattern" for what silences
// it in the same sentence, or "class name: alternatives". A pattern is words in order:
//
//	rabat    any dictionary form     =sad     exactly this, folded     rabat*   begins with this
//	a|b      one of                  @name    one of a class           _3       up to three words between
//	?x       perhaps                 #        a number                 ^        only at the beginning of a sentence
//
//go:embed words.txt
var wordsFile string

type element struct {
	exact, lemma map[string]bool
	begins       []string
	number       bool
	optional     bool
	gap          int
}

type pattern struct {
	row     []element
	atStart bool
}

// book is the patterns by name.
type book struct {
	classes map[string][]string
	rules   map[string][]pattern
	unless  map[string][]pattern
	sets    map[string]*element
}

// class is a class as one element; it is an error of the program to ask for one that is not there.
func (b *book) class(name string) *element { return b.sets[name] }

var theBook = sync.OnceValue(func() *book {
	b, err := compile(wordsFile)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return b
})

func compile(text string) (*book, error) {
	b := &book{classes: map[string][]string{}, rules: map[string][]pattern{}, unless: map[string][]pattern{}, sets: map[string]*element{}}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		head, body, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, fmt.Errorf("words.txt:%d: no name in %q", i+1, line)
		}
		if name, ok := strings.CutPrefix(head, "class "); ok {
			for alt := range strings.FieldsSeq(strings.ReplaceAll(body, "|", " ")) {
				if c, ok := strings.CutPrefix(alt, "@"); ok {
					b.classes[name] = append(b.classes[name], b.classes[c]...)
				} else {
					b.classes[name] = append(b.classes[name], alt)
				}
			}
			continue
		}
		p, err := b.pattern(body)
		if err != nil {
			return nil, fmt.Errorf("words.txt:%d: %w", i+1, err)
		}
		if name, ok := strings.CutSuffix(head, " unless"); ok {
			b.unless[name] = append(b.unless[name], p)
		} else {
			b.rules[head] = append(b.rules[head], p)
		}
	}
	for name, list := range b.classes {
		e := &element{exact: map[string]bool{}, lemma: map[string]bool{}}
		for _, a := range list {
			if err := b.alternative(e, a); err != nil {
				return nil, fmt.Errorf("words.txt: class %s: %w", name, err)
			}
		}
		b.sets[name] = e
	}
	return b, nil
}

func (b *book) pattern(body string) (p pattern, err error) {
	for w := range strings.FieldsSeq(body) {
		if w == "^" {
			p.atStart = true
			continue
		}
		if n, ok := strings.CutPrefix(w, "_"); ok {
			gap, err := strconv.Atoi(n)
			if err != nil || gap < 1 || gap > 6 {
				return p, fmt.Errorf("gap %q", w)
			}
			p.row = append(p.row, element{gap: gap})
			continue
		}
		e := element{exact: map[string]bool{}, lemma: map[string]bool{}}
		if w[0] == '?' && len(w) > 1 {
			e.optional, w = true, w[1:]
		}
		for alt := range strings.SplitSeq(w, "|") {
			if err := b.alternative(&e, alt); err != nil {
				return p, err
			}
		}
		p.row = append(p.row, e)
	}
	if len(p.row) == 0 || p.row[0].gap > 0 || p.row[0].optional {
		return p, fmt.Errorf("pattern %q begins with nothing", body)
	}
	return p, nil
}

func (b *book) alternative(e *element, alt string) error {
	switch {
	case alt == "":
		return fmt.Errorf("empty alternative")
	case alt == "#":
		e.number = true
	case alt[0] == '@':
		list, ok := b.classes[alt[1:]]
		if !ok {
			return fmt.Errorf("unknown class %q", alt)
		}
		for _, a := range list {
			if err := b.alternative(e, a); err != nil {
				return err
			}
		}
	case alt[0] == '=':
		e.exact[alt[1:]] = true
	case strings.HasSuffix(alt, "*"):
		e.begins = append(e.begins, strings.TrimSuffix(alt, "*"))
	default:
		e.lemma[alt] = true
	}
	return nil
}

func (e *element) fits(w *word) bool {
	if e.exact[w.Fold] || e.lemma[w.Fold] || e.number && w.Kind == polish.Number {
		return true
	}
	for _, l := range w.Lemmas {
		if e.lemma[l] {
			return true
		}
	}
	for _, b := range e.begins {
		if strings.HasPrefix(w.Fold, b) {
			return true
		}
	}
	return w.Wild && e.fitsWild(w.Fold)
}

// fitsWild compares a masked word, in which "?" stands for one letter. At least half of its letters must be seen.
func (e *element) fitsWild(f string) bool {
	if n := strings.Count(f, "?"); len(f) < 3 || 2*n > len(f) {
		return false
	}
	for x := range e.exact {
		if masks(f, x) {
			return true
		}
	}
	for x := range e.lemma {
		if masks(f, x) {
			return true
		}
	}
	for _, b := range e.begins {
		if len(f) >= len(b) && len(b) > 3 && masks(f[:len(b)], b) {
			return true
		}
	}
	return false
}

func masks(f, plain string) bool {
	if len(f) != len(plain) {
		return false
	}
	for i := 0; i < len(f); i++ {
		if f[i] != '?' && f[i] != plain[i] {
			return false
		}
	}
	return true
}

// place is words [From, To) of a sheet.
type place struct{ From, To int }

// find lists where a rule speaks, without what its "unless" silences.
func (b *book) find(name string, s *sheet) []place {
	return b.look(b.rules[name], b.unless[name], s)
}

func (b *book) look(rules, unless []pattern, s *sheet) (out []place) {
	for i := range s.words {
		for k := range rules {
			p := &rules[k]
			if p.atStart && !s.words[i].First || !p.row[0].fits(&s.words[i]) {
				continue
			}
			to := match(p.row, s, i, s.words[i].Sentence)
			if to <= i {
				continue
			}
			if n := len(out); n > 0 && out[n-1].To > i && out[n-1].To >= to {
				continue
			}
			out = append(out, place{i, to})
		}
	}
	if len(out) == 0 || len(unless) == 0 {
		return out
	}
	silent := map[int]bool{}
	for _, p := range b.look(unless, nil, s) {
		silent[s.words[p.From].Sentence] = true
	}
	kept := out[:0]
	for _, p := range out {
		if !silent[s.words[p.From].Sentence] {
			kept = append(kept, p)
		}
	}
	return kept
}

// match tells where the row ends when it begins at word i; 0 when it does not. Rows are short and gaps small, so a text
// costs time in proportion to its length.
func match(row []element, s *sheet, i, sentence int) int {
	if len(row) == 0 {
		return i
	}
	e := &row[0]
	if e.gap > 0 {
		for k := 0; k <= e.gap; k++ {
			if to := match(row[1:], s, i+k, sentence); to > 0 {
				return to
			}
			if i+k >= len(s.words) || s.words[i+k].Sentence != sentence {
				return 0
			}
		}
		return 0
	}
	if i < len(s.words) && s.words[i].Sentence == sentence && e.fits(&s.words[i]) {
		if to := match(row[1:], s, i+1, sentence); to > 0 {
			return to
		}
	}
	if e.optional {
		return match(row[1:], s, i, sentence)
	}
	return 0
}

// says tells whether a rule speaks anywhere.
func (b *book) says(name string, s *sheet) bool { return len(b.find(name, s)) > 0 }
