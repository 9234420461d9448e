package wording

import (
	"math"
	"slices"
	"strings"

	"chop/internal/polish"
)

// Bounds below which the hand of a writer cannot be told.
const (
	FewComments   = 10
	FewCharacters = 1000
)

// Hand is how somebody writes: counts of two to four characters in a row over all texts, weighted by how rare they are
// among writers, of length one. Diacritics and case are kept: leaving them out is a habit.
type Hand struct {
	grams  []uint64 // sorted
	weight []float64
}

// Hands reads the texts of each writer. A writer with too little text has a Hand that is Blank.
func Hands(texts [][]string) []Hand {
	hands, rare := make([]Hand, len(texts)), map[uint64]int{}
	writers := 0
	for i, list := range texts {
		length := 0
		for _, t := range list {
			length += len([]rune(t))
		}
		if len(list) < FewComments || length < FewCharacters {
			continue
		}
		writers++
		hands[i] = counted(list)
		for _, g := range hands[i].grams {
			rare[g]++
		}
	}
	for _, h := range hands {
		sum := 0.0
		for k, g := range h.grams {
			h.weight[k] = math.Log1p(h.weight[k]) * math.Log(float64(1+writers)/float64(rare[g]))
			sum += h.weight[k] * h.weight[k]
		}
		for k := range h.weight {
			h.weight[k] /= max(math.Sqrt(sum), 1e-12)
		}
	}
	return hands
}

// Blank tells that there was too little text.
func (h Hand) Blank() bool { return len(h.grams) == 0 }

func counted(texts []string) Hand {
	n := map[uint64]float64{}
	for _, t := range texts {
		r := []rune(" " + plainText(t) + " ")
		for size := 2; size <= 4; size++ {
			for i := 0; i+size <= len(r); i++ {
				h := uint64(size)
				for _, c := range r[i : i+size] {
					h = mix(h*0x9e3779b97f4a7c15 + uint64(c))
				}
				n[h]++
			}
		}
	}
	h := Hand{grams: make([]uint64, 0, len(n)), weight: make([]float64, 0, len(n))}
	for g := range n {
		h.grams = append(h.grams, g)
	}
	slices.Sort(h.grams)
	for _, g := range h.grams {
		h.weight = append(h.weight, n[g])
	}
	return h
}

// plainText leaves out what is not the writer's: addresses, handles, mark-up, quotations.
func plainText(text string) string {
	text = unquoted(markup.ReplaceAllString(text, " "))
	var b strings.Builder
	at := 0
	for _, t := range polish.Tokens(text) {
		if t.Kind == polish.Link || t.Kind == polish.Mail || t.Kind == polish.Handle {
			b.WriteString(text[at:t.From])
			at = t.To
		}
	}
	b.WriteString(text[at:])
	return strings.Join(strings.Fields(b.String()), " ")
}

// Like is the cosine of two hands, 0 to 1.
func (h Hand) Like(o Hand) float64 {
	sum := 0.0
	for i, j := 0, 0; i < len(h.grams) && j < len(o.grams); {
		switch {
		case h.grams[i] < o.grams[j]:
			i++
		case h.grams[i] > o.grams[j]:
			j++
		default:
			sum += h.weight[i] * o.weight[j]
			i, j = i+1, j+1
		}
	}
	return min(1, sum)
}
