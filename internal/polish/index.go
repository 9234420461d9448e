package polish

import (
	"slices"
	"strings"
	"unicode"
)

// Index turns a text into the words of the full-text index, separated by single spaces: for every word its folded
// dictionary forms and, where it is none of them, the folded form itself. Numbers stay, links and addresses give the
// words they are made of, emoji are left out.
//
// The result holds lower-case letters and digits only (a-z and 0-9 for Latin script), so SQLite FTS5 ("unicode61
// remove_diacritics 0") and PostgreSQL to_tsvector('simple', ...) cut it into exactly these words. Positions are not
// those of the text: use it for words, not for phrases.
func Index(text string) string {
	var b strings.Builder
	b.Grow(len(text) * 2)
	for _, t := range Tokens(text) {
		for w := range parts(t) {
			add(&b, w)
			for _, l := range Lemmas(w) {
				if l != w {
					add(&b, l)
				}
			}
		}
	}
	return b.String()
}

func add(b *strings.Builder, w string) {
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(w)
}

// Query turns what a person typed into groups, one per word, for an AND query. A group holds alternatives separated
// by spaces: a text matches the group when its Index has any of them. The first alternative is the folded word as
// typed; for the last group the caller may also accept words that begin with it (FTS5 "word*", tsquery 'word:*').
// No letters or digits, no groups.
func Query(text string) []string {
	var groups []string
	for _, t := range Tokens(text) {
		for w := range parts(t) {
			g := []string{w}
			for _, l := range Lemmas(w) {
				if l != w {
					g = append(g, l)
				}
			}
			if s := strings.Join(g, " "); !slices.Contains(groups, s) {
				groups = append(groups, s)
			}
		}
	}
	return groups
}

// parts gives the index words of a token: itself, or the runs of letters and digits in it.
func parts(t Token) func(func(string) bool) {
	return func(yield func(string) bool) {
		if t.Kind == Emoji {
			return
		}
		f := t.Fold
		if t.Kind == Link {
			f = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(f, "https://"), "http://"), "www.")
		}
		if t.Kind == Word && latin(f) {
			yield(f)
			return
		}
		for w := range strings.FieldsFuncSeq(f, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
			if !yield(w) {
				return
			}
		}
	}
}

func latin(f string) bool {
	for i := 0; i < len(f); i++ {
		if c := f[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return f != ""
}
