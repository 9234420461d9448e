package rules

import (
	"strings"

	"chop/internal/fault"
	"chop/internal/polish"
	"chop/internal/reason"
)

// Bounds of what a person may write as a phrase.
const (
	PhraseLetters = 200 // characters of the whole
	PhraseWords   = 12  // of one alternative
	phraseGap     = 2   // other words that may stand between two words of a phrase
)

// Phrase is plain words as a person writes them, with alternatives between commas. It means every dictionary form of the
// words, in their order, within a sentence, with at most two other words between two of them. It holds no pattern language
// and costs time in proportion to the text. It may be used by many goroutines.
type Phrase struct{ ways [][]phraseWord }

// phraseWord is the folded word and its dictionary forms.
type phraseWord []string

// NewPhrase compiles words; an empty text is a phrase that is found nowhere. Faults, all Invalid: "phrase.long",
// "phrase.many", "phrase.empty" when an alternative has no word in it.
func NewPhrase(words string) (*Phrase, error) {
	if len([]rune(words)) > PhraseLetters {
		return nil, fault.New(fault.Invalid, "phrase.long", "Most", PhraseLetters)
	}
	f := &Phrase{}
	if strings.TrimSpace(words) == "" {
		return f, nil
	}
	for _, way := range alternatives(words) {
		tokens := polish.Tokens(way)
		switch {
		case len(tokens) == 0 && strings.TrimSpace(way) == "":
			continue // a comma too many
		case len(tokens) == 0:
			return nil, fault.New(fault.Invalid, "phrase.empty", "Words", strings.TrimSpace(way))
		case len(tokens) > PhraseWords:
			return nil, fault.New(fault.Invalid, "phrase.many", "Most", PhraseWords)
		}
		row := make([]phraseWord, len(tokens))
		for i, t := range tokens {
			row[i] = forms(t)
		}
		f.ways = append(f.ways, row)
	}
	if len(f.ways) == 0 {
		return nil, fault.New(fault.Invalid, "phrase.empty", "Words", strings.TrimSpace(words))
	}
	return f, nil
}

// alternatives are the parts between commas; a comma between digits belongs to its number.
func alternatives(s string) (out []string) {
	from := 0
	digit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i := range len(s) {
		if (s[i] == ',' || s[i] == ';' || s[i] == '\n') && (!digit(i-1) || !digit(i+1)) {
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

func forms(t polish.Token) phraseWord {
	w := phraseWord{t.Fold}
	if t.Kind != polish.Word {
		return w
	}
	for _, l := range polish.Lemmas(t.Fold) {
		if l != t.Fold {
			w = append(w, l)
		}
	}
	return w
}

// Sheet is a text laid out for phrases, read once for many of them.
type Sheet struct {
	page  *page
	words map[string][]int // by folded word and by dictionary form: where it stands, in order
}

// Lay reads a text. What lies beyond 20,000 bytes is not looked at.
func Lay(text string) *Sheet {
	s := &Sheet{page: read(text, ""), words: map[string][]int{}}
	for i := range s.page.words {
		w := &s.page.words[i]
		s.stands(w.Fold, i)
		for _, l := range w.Lemmas {
			s.stands(l, i)
		}
	}
	return s
}

func (s *Sheet) stands(form string, at int) {
	list := s.words[form]
	if n := len(list); n == 0 || list[n-1] != at {
		s.words[form] = append(list, at)
	}
}

// Place is where a phrase was found.
type Place struct {
	reason.Span     // bytes of the text
	Sentence    int // from 0
}

// Find is the first place of the phrase in every sentence that has it, in the order of the text.
func (f *Phrase) Find(s *Sheet) []Place {
	best := map[int][2]int{} // by sentence: the first words of a find and behind its last one
	for _, way := range f.ways {
		s.follow(way, func(from, to int) {
			n := s.page.words[from].Sentence
			if b, ok := best[n]; !ok || from < b[0] {
				best[n] = [2]int{from, to}
			}
		})
	}
	var out []Place
	for n := 0; n < s.page.sentences && len(out) < len(best); n++ {
		if b, ok := best[n]; ok {
			words := s.page.words
			out = append(out, Place{reason.Span{From: words[b[0]].From, To: words[b[1]-1].To}, n})
		}
	}
	return out
}

// step is a word at which the beginning of a phrase ends; from is the word it begins at.
type step struct{ at, from int }

// follow calls found for every way through the words. It keeps, word of the phrase by word of the phrase, the places at
// which the phrase may have arrived, each once and with the nearest beginning; so time grows with the length of the text and
// not with the number of ways to spread a phrase over it.
func (s *Sheet) follow(row []phraseWord, found func(from, to int)) {
	var here []step
	for i, w := range row {
		at := s.places(w)
		if len(at) == 0 {
			return
		}
		if i == 0 {
			for _, k := range at {
				here = append(here, step{k, k})
			}
			continue
		}
		if here = s.onward(here, at); len(here) == 0 {
			return
		}
	}
	for _, h := range here {
		found(h.from, h.at+1)
	}
}

// onward is the steps that reach one of the words at, each from the nearest step before it. Both lists are in order.
func (s *Sheet) onward(here []step, at []int) (next []step) {
	k := 0
	for _, i := range at {
		for k+1 < len(here) && here[k+1].at < i {
			k++
		}
		h := here[k]
		if h.at < i && i-h.at <= phraseGap+1 && s.page.words[h.at].Sentence == s.page.words[i].Sentence {
			next = append(next, step{i, h.from})
		}
	}
	return next
}

// places is where any form of the word stands, in order and each place once.
func (s *Sheet) places(w phraseWord) []int {
	at := s.words[w[0]]
	for _, form := range w[1:] {
		at = merge(at, s.words[form])
	}
	return at
}

func merge(a, b []int) []int {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	out := make([]int, 0, len(a)+len(b))
	for len(a)+len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case len(a) == 0 || b[0] < a[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return out
}
