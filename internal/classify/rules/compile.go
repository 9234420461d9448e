package rules

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
)

// The rule files (data/*.txt) have one statement a line:
//
//	class NAME: WORDS            a set of words, used as @NAME
//	LABEL RULE WEIGHT: PATTERN   the pattern speaks for the label with this weight
//	hint RULE: PATTERN           evidence that combine.go puts together with other evidence
//	guard LABELS NAME: PATTERN   in the sentence where it stands, the pattern takes these labels away
//
// A pattern is a row of elements that follow each other within a sentence. An element is one or more of these, with |
// between them: lemma, =folded_form, beginning*, @class, # (a number). _N is a gap of up to N words, a leading ? makes
// an element optional, ^ stands for the start of the sentence and $ for its end.

// element is one place in a pattern.
type element struct {
	lemma, exact map[string]bool
	begins       []string
	number       bool
	optional     bool
	gap          int
	end          bool
}

// pattern is one compiled line.
type pattern struct {
	label   string // label, "hint" or "guard"
	guards  []string
	rule    string
	weight  float64
	atStart bool
	row     []element
}

// book is the compiled rules of one language, found by the word a pattern begins with.
type book struct {
	lemma, exact map[string][]*pattern
	begins       map[string][]*pattern // by the first three letters
	numbers      []*pattern
	classes      map[string][]string
	all          []*pattern
}

func compile(files ...string) (*book, error) {
	b := &book{lemma: map[string][]*pattern{}, exact: map[string][]*pattern{}, begins: map[string][]*pattern{},
		classes: map[string][]string{}}
	for _, f := range files {
		sc := bufio.NewScanner(strings.NewReader(f))
		for n := 1; sc.Scan(); n++ {
			line, _, _ := strings.Cut(sc.Text(), "//")
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if err := b.statement(line); err != nil {
				return nil, fmt.Errorf("line %d (%s): %w", n, line, err)
			}
		}
	}
	return b, nil
}

func (b *book) statement(line string) error {
	head, body, ok := strings.Cut(line, ":")
	h := strings.Fields(head)
	if !ok || len(h) < 2 {
		return fmt.Errorf("no head and body")
	}
	p := &pattern{label: h[0], rule: h[1]}
	switch {
	case h[0] == "class":
		b.classes[h[1]] = append(b.classes[h[1]], strings.Fields(body)...)
		return nil
	case h[0] == "guard" && len(h) == 3:
		p.guards, p.rule = strings.Split(h[1], ","), "against."+h[2]
	case h[0] == "hint" && len(h) == 2:
	case len(h) == 3:
		w, err := strconv.ParseFloat(h[2], 64)
		if err != nil || w <= 0 || w >= 1 {
			return fmt.Errorf("weight %q", h[2])
		}
		p.weight, p.rule = w, h[0]+"."+h[1]
	default:
		return fmt.Errorf("head %q", head)
	}
	return b.add(p, strings.Fields(body))
}

func (b *book) add(p *pattern, words []string) error {
	for _, w := range words {
		if w == "^" && len(p.row) == 0 {
			p.atStart = true
			continue
		}
		e, err := b.element(w)
		if err != nil {
			return err
		}
		p.row = append(p.row, e)
	}
	if len(p.row) == 0 || p.row[0].gap > 0 || p.row[0].optional || p.row[0].end {
		return fmt.Errorf("a pattern begins with a word")
	}
	b.all = append(b.all, p)
	first := p.row[0]
	for w := range first.lemma {
		b.lemma[w] = append(b.lemma[w], p)
	}
	for w := range first.exact {
		b.exact[w] = append(b.exact[w], p)
	}
	for _, w := range first.begins {
		b.begins[w[:3]] = append(b.begins[w[:3]], p)
	}
	if first.number {
		b.numbers = append(b.numbers, p)
	}
	return nil
}

func (b *book) element(w string) (element, error) {
	e := element{lemma: map[string]bool{}, exact: map[string]bool{}}
	if n, ok := strings.CutPrefix(w, "_"); ok {
		g, err := strconv.Atoi(n)
		e.gap = g
		return e, err
	}
	w, e.optional = strings.CutPrefix(w, "?")
	for alt := range strings.SplitSeq(w, "|") {
		if err := b.alternative(&e, alt); err != nil {
			return e, err
		}
	}
	return e, nil
}

func (b *book) alternative(e *element, alt string) error {
	switch {
	case alt == "#":
		e.number = true
	case alt == "$":
		e.end = true
	case strings.HasPrefix(alt, "@"):
		ws, ok := b.classes[alt[1:]]
		if !ok {
			return fmt.Errorf("no class %s", alt)
		}
		for _, w := range ws {
			if err := b.alternative(e, w); err != nil {
				return err
			}
		}
	case strings.HasPrefix(alt, "="):
		e.exact[alt[1:]] = true
	case strings.HasSuffix(alt, "*"):
		if len(alt) < 4 {
			return fmt.Errorf("beginning %s is too short", alt)
		}
		e.begins = append(e.begins, alt[:len(alt)-1])
	case alt == "":
		return fmt.Errorf("empty alternative")
	default:
		e.lemma[alt] = true
	}
	return nil
}
