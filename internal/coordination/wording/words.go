// Package wording compares what people wrote: texts that are nearly the same, addresses that are the same, and the hand
// that wrote them (domain/coordination.md 4.5). It is pure and the same every time.
package wording

import (
	"html"
	"regexp"
	"slices"
	"strings"

	"chop/internal/polish"
)

const (
	fewWords = 8 // below, texts are alike by chance
	gram     = 3 // words of a shingle
)

// Doc is a text as it is compared. Words are folded: case, diacritics, disguises and stretching mean nothing; links,
// addresses, handles, emoji, quoted lines and mark-up are gone. Shingles are hashes of three words in a row, sorted, without
// those of the firm's own texts.
type Doc struct {
	Words    []string
	Shingles []uint64
}

// Enough tells whether the text is long enough to be compared.
func (d Doc) Enough() bool { return len(d.Shingles) >= fewWords-gram+1 }

// Own are the shingles of texts that everybody may repeat: the firm's posts and what its share buttons write.
type Own map[uint64]bool

// OwnOf reads the firm's texts.
func OwnOf(texts []string) Own {
	own := Own{}
	for _, t := range texts {
		for _, s := range shingles(Words(t), gram) {
			own[s] = true
		}
	}
	return own
}

// Read makes a text comparable.
func Read(text string, own Own) Doc {
	d := Doc{Words: Words(text)}
	for _, s := range shingles(d.Words, gram) {
		if !own[s] {
			d.Shingles = append(d.Shingles, s)
		}
	}
	slices.Sort(d.Shingles)
	d.Shingles = slices.Compact(d.Shingles)
	return d
}

var markup = regexp.MustCompile(`</?[a-zA-Z][^<>]{0,400}>`)

// Words are the folded words of a text, in order.
func Words(text string) []string {
	if strings.IndexByte(text, '<') >= 0 || strings.IndexByte(text, '&') >= 0 {
		text = html.UnescapeString(markup.ReplaceAllString(text, " "))
	}
	if strings.IndexByte(text, '>') >= 0 {
		text = unquoted(text)
	}
	var words []string
	for _, t := range polish.Tokens(text) {
		if t.Kind == polish.Word || t.Kind == polish.Number {
			words = append(words, t.Fold)
		}
	}
	return words
}

// unquoted leaves out lines that quote somebody.
func unquoted(text string) string {
	lines := strings.Split(text, "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), ">") })
	return strings.Join(lines, "\n")
}

// shingles are hashes of n words in a row.
func shingles(words []string, n int) []uint64 {
	if len(words) < n {
		return nil
	}
	one := make([]uint64, len(words))
	for i, w := range words {
		one[i] = hash(w)
	}
	out := make([]uint64, 0, len(words)-n+1)
	for i := 0; i+n <= len(words); i++ {
		h := uint64(n)
		for _, x := range one[i : i+n] {
			h = mix(h*0x9e3779b97f4a7c15 + x)
		}
		out = append(out, h)
	}
	return out
}

// Phrases are hashes of n words in a row, in order.
func (d Doc) Phrases(n int) []uint64 { return shingles(d.Words, n) }

// hash is FNV-1a, the same in every run.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix is the finisher of splitmix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
