// Package memory tells when two texts are so nearly the same that what a person said of one holds for the other.
package memory

import (
	"hash/fnv"
	"slices"
	"strings"

	"chop/internal/polish"
)

// Likeness is how near two texts are.
type Likeness int

const (
	Other Likeness = iota
	Near           // most pairs of neighbouring words are the same
	Same           // the same folded words, and for short texts the same place in the thread
)

const (
	// short texts mean little by themselves: "super" under praise is not "super" under a burnt pizza.
	short = 4
	// enough is the share of common pairs of neighbouring words from which texts are near. At 0.8 a text of five words and
	// more may gain or lose one word at its end, and one of nineteen and more may have one word exchanged in the middle; in
	// anything shorter a single exchanged word can turn the meaning round and keeps the texts apart.
	enough = 0.8
	// long texts are compared word by word only: their pairs would cost more than they tell.
	long = 2000
)

// denials turn the meaning of a text round: near texts have the same number of them.
var denials = map[string]bool{"nie": true, "bez": true, "nigdy": true, "ani": true, "zaden": true, "zadna": true, "zadnego": true, "zadnej": true,
	"not": true, "no": true, "never": true, "without": true, "none": true}

// Text is a text as it is compared.
type Text struct {
	words string   // folded, with a space between
	n     int      // number of words
	pairs []uint64 // neighbouring words, a sorted set; nil for short and for long texts
	nots  int
	place string
}

// Read prepares a text that stands at a place in the thread (Place). Accounts that are named count for nothing, every
// e-mail address counts the same.
func Read(text, place string) Text {
	var ws []string
	t := Text{place: place}
	for _, w := range polish.Tokens(text) {
		f := w.Fold
		switch w.Kind {
		case polish.Handle:
			continue
		case polish.Mail:
			f = "@"
		}
		f = strings.ReplaceAll(f, " ", "")
		if f == "" {
			continue
		}
		ws = append(ws, f)
		if denials[f] || strings.HasSuffix(f, "n't") {
			t.nots++
		}
	}
	t.n, t.words = len(ws), strings.Join(ws, " ")
	if t.n > short && t.n <= long {
		t.pairs = pairs(ws)
	}
	return t
}

// At is the text at another place.
func (t Text) At(place string) Text { t.place = place; return t }

// Short tells whether the place counts.
func (t Text) Short() bool { return t.n <= short }

// Place writes down where a text stands: under a post, or under a comment with these labels; and what its stars say.
func Place(reply bool, parent []string, stars int) string {
	p := "post"
	if reply {
		ls := slices.Clone(parent)
		slices.Sort(ls)
		p = "reply " + strings.Join(slices.Compact(ls), ",")
	}
	switch {
	case stars >= 4:
		return p + " high"
	case stars == 3:
		return p + " middle"
	case stars > 0:
		return p + " low"
	}
	return p
}

func pairs(ws []string) []uint64 {
	out := make([]uint64, 0, len(ws)-1)
	for i := 1; i < len(ws); i++ {
		h := fnv.New64a()
		_, _ = h.Write([]byte(ws[i-1]))
		_, _ = h.Write([]byte{' '})
		_, _ = h.Write([]byte(ws[i]))
		out = append(out, h.Sum64())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Jaccard is the share of two sorted sets' members that they have in common; 0 when both are empty.
func Jaccard(a, b []uint64) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			common, i, j = common+1, i+1, j+1
		}
	}
	all := len(a) + len(b) - common
	if all == 0 {
		return 0
	}
	return float64(common) / float64(all)
}

// Words compares the words alone, wherever the texts stand. Texts without a word are like nothing.
func Words(a, b Text) Likeness {
	switch {
	case a.n == 0 || b.n == 0:
		return Other
	case a.words == b.words:
		return Same
	case a.nots == b.nots && len(a.pairs) > 0 && len(b.pairs) > 0 && Jaccard(a.pairs, b.pairs) >= enough:
		return Near
	}
	return Other
}

// Compare compares words and, for short texts, places.
func Compare(a, b Text) Likeness {
	if a.Short() && a.place != b.place {
		return Other
	}
	return Words(a, b)
}

// Book finds like texts among many.
type Book struct {
	texts []Text
	words map[string][]int32
	pairs map[uint64][]int32
}

// NewBook keeps texts in the order in which they are to be found.
func NewBook(texts []Text) *Book {
	b := &Book{texts: texts, words: map[string][]int32{}, pairs: map[uint64][]int32{}}
	for i, t := range texts {
		b.words[t.words] = append(b.words[t.words], int32(i))
		for _, p := range t.pairs {
			b.pairs[p] = append(b.pairs[p], int32(i))
		}
	}
	return b
}

// Find is the first text that is the same, else the first that is near, among those the caller accepts; -1 for none.
func (b *Book) Find(t Text, accept func(i int, l Likeness) bool) (int, Likeness) {
	for _, i := range b.words[t.words] {
		if Compare(t, b.texts[i]) == Same && accept(int(i), Same) {
			return int(i), Same
		}
	}
	near := map[int32]bool{}
	for _, p := range t.pairs {
		for _, i := range b.pairs[p] {
			near[i] = true
		}
	}
	best := int32(-1)
	for i := range near {
		if (best < 0 || i < best) && Compare(t, b.texts[i]) == Near && accept(int(i), Near) {
			best = i
		}
	}
	if best < 0 {
		return -1, Other
	}
	return int(best), Near
}
