package rules

import (
	"strings"

	"chop/internal/polish"
)

// hit is a pattern found at words [from, to).
type hit struct {
	*pattern
	from, to int
	weight   float64
	against  string // why it does not count: the rule that speaks against it
}

// find lists what the book's patterns say about the page.
func (b *book) find(p *page) []hit {
	var hs []hit
	for i := range p.words {
		w := &p.words[i]
		try := func(ps []*pattern) {
			for _, pat := range ps {
				if pat.atStart && i > 0 && p.words[i-1].Sentence == w.Sentence {
					continue
				}
				if to := pat.at(p, i); to > i && !repeated(hs, pat, i, to) {
					hs = append(hs, hit{pattern: pat, from: i, to: to, weight: pat.weight})
				}
			}
		}
		try(b.exact[w.Fold])
		for _, l := range w.Lemmas {
			try(b.lemma[l])
		}
		if len(w.Fold) >= 3 {
			try(b.begins[w.Fold[:3]])
		}
		if w.Kind == polish.Emoji {
			try(b.lemma[w.Fold])
		}
		if w.Kind == polish.Number {
			try(b.numbers)
		}
	}
	return hs
}

// repeated tells whether the same rule has been found in this place already.
func repeated(hs []hit, pat *pattern, from, to int) bool {
	for k := len(hs) - 1; k >= 0 && hs[k].from >= from-6; k-- {
		if hs[k].rule == pat.rule && hs[k].label == pat.label && from < hs[k].to && hs[k].from < to {
			if hs[k].from == from && hs[k].to < to {
				hs[k].to = to
			}
			return true
		}
	}
	return false
}

// at tells where the pattern ends when it begins with word i; 0 when it does not.
func (pat *pattern) at(p *page, i int) int {
	return match(pat.row, p, i, p.words[i].Sentence)
}

func match(row []element, p *page, i, sentence int) int {
	if len(row) == 0 {
		return i
	}
	e := row[0]
	in := i < len(p.words) && p.words[i].Sentence == sentence
	switch {
	case e.end && (!in || p.words[i].Kind == polish.Emoji):
		return match(row[1:], p, i, sentence)
	case e.gap > 0:
		for k := 0; k <= e.gap; k++ {
			if to := match(row[1:], p, i+k, sentence); to > 0 {
				return to
			}
			if i+k >= len(p.words) || p.words[i+k].Sentence != sentence {
				return 0
			}
		}
		return 0
	}
	if in && e.fits(&p.words[i]) {
		if to := match(row[1:], p, i+1, sentence); to > 0 {
			return to
		}
	}
	if e.optional {
		return match(row[1:], p, i, sentence)
	}
	return 0
}

func (e *element) fits(w *Word) bool {
	if e.exact[w.Fold] || e.number && w.Kind == polish.Number {
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
	return w.Kind == polish.Emoji && e.lemma[w.Fold]
}

// negated tells whether word i is denied: "nie", possibly with a form of "to be" or an adverb between, in its clause.
func (p *page) negated(i int) bool {
	for k := i - 1; k >= 0 && k >= i-4; k-- {
		w := &p.words[k]
		if w.Clause != p.words[i].Clause {
			return false
		}
		if negators[w.Fold] {
			return true
		}
		if !carriers[w.Fold] {
			return false
		}
	}
	return false
}

var (
	negators = set(`nie nigdy zaden zadna zadne zadni zadnych wcale bez ani not never no dont isnt arent wasnt werent doesnt
		didnt wont wouldnt cant aint without hardly nor`)
	carriers = set(`sa jest jestem jestes jestescie jestesmy byl byla bylo byli byly byc bedzie to taki taka takie tacy zbyt za
		bardzo zbytnio szczegolnie specjalnie az jakis jakas jakies jakos tak tu zadni zaden ich go was are is be a an the
		very so that too really any particularly all exactly been being to wydaje moge mogla mogl`)
)
