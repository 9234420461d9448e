// Package lint keeps texts about accounts to behaviour: it blocks diagnoses, adjectives about character, protected traits, abuse and
// private life, in every form of the word and in disguise, and hints when a sentence says nothing that an account did
// (domain/decisions.md 3.5, guard-rail G8).
//
// It reads words, not meaning: it stops a writer who slips, and cannot stop one who is determined to describe a person in words
// nobody listed. That is why a second person rates a profile and its subject may contest it.
package lint

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chop/internal/polish"
)

// Kind is what is wrong with a word. Its sentence for people is the message "lint.account.<kind>".
type Kind string

const (
	Diagnosis Kind = "diagnosis"
	Character Kind = "character"
	Trait     Kind = "trait"
	Profanity Kind = "profanity"
	Private   Kind = "private"
	NoVerb    Kind = "no_verb" // a hint: the sentence names nothing the account did
	Long      Kind = "long"    // a hint: more than sixty words
)

// Finding is one place in a text.
type Finding struct {
	Kind     Kind
	Blocks   bool // otherwise it is a hint
	Word     string
	From, To int // bytes of the text
}

//go:embed words.txt
var wordsFile string

type lexicon struct {
	words map[string]Kind // by dictionary form
	stems []stem          // by beginning, longest first
	verbs map[string]bool
}

type stem struct {
	text string
	kind Kind
}

var lex = read(wordsFile)

func read(file string) *lexicon {
	l := &lexicon{words: map[string]Kind{}, verbs: map[string]bool{}}
	for line := range strings.SplitSeq(file, "\n") {
		kind, words, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for w := range strings.FieldsSeq(words) {
			w = polish.Fold(w)
			s, starred := strings.CutSuffix(w, "*")
			switch {
			case kind == "verb":
				l.verbs[w] = true
			case starred:
				l.stems = append(l.stems, stem{s, Kind(kind)})
			default:
				l.words[w] = Kind(kind)
			}
		}
	}
	slices.SortStableFunc(l.stems, func(a, b stem) int { return len(b.text) - len(a.text) })
	return l
}

// Bounds of a text.
const (
	MaxText  = 4000 // bytes; what is not read is not let through
	maxWords = 60   // of a summary (domain/decisions.md 3.4 field 1)
)

// Text finds what is wrong with a text about an account. A text longer than MaxText is blocked as a whole.
func Text(text string) (fs []Finding) {
	if len(text) > MaxText {
		return []Finding{{Kind: Long, Blocks: true, To: len(text)}}
	}
	for _, w := range candidates(text) {
		if k, ok := lex.find(w); ok {
			fs = append(fs, Finding{Kind: k, Blocks: true, Word: text[w.from:w.to], From: w.from, To: w.to})
		}
	}
	slices.SortStableFunc(fs, func(a, b Finding) int { return a.From - b.From })
	return slices.CompactFunc(fs, func(a, b Finding) bool { return b.From < a.To })
}

// Summary is Text and the hints for field 1: at most sixty words, and something the account did in every sentence.
func Summary(text string) []Finding {
	fs := Text(text)
	if len(strings.Fields(text)) > maxWords {
		fs = append(fs, Finding{Kind: Long, Blocks: true, To: len(text)})
	}
	from := 0
	for i, r := range text + "." {
		if r != '.' && r != '!' && r != '?' && r != '\n' {
			continue
		}
		to := min(i, len(text))
		if s := text[from:to]; len(strings.Fields(s)) > 1 && !acts(s) {
			fs = append(fs, Finding{Kind: NoVerb, From: from, To: to, Word: strings.TrimSpace(s)})
		}
		from = min(i+utf8.RuneLen(r), len(text))
	}
	return fs
}

// Blocks tells whether any finding forbids the text.
func Blocks(fs []Finding) bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Blocks })
}

// acts tells whether a sentence has a verb of behaviour.
func acts(s string) bool {
	for _, t := range polish.Tokens(s) {
		if lex.verbs[t.Fold] || slices.ContainsFunc(polish.Lemmas(t.Fold), func(l string) bool { return lex.verbs[l] }) {
			return true
		}
	}
	return false
}

// candidate is a way to read a place of the text as a word. Stars in it stand for letters.
type candidate struct {
	fold     string
	from, to int
}

// candidates are the words as they stand, and as they read once separators, digits for letters, stars, doubled letters and spaces
// between single letters are undone.
func candidates(text string) (cs []candidate) {
	for _, t := range polish.Tokens(text) {
		if t.Kind == polish.Word || t.Kind == polish.Handle || t.Kind == polish.Number {
			cs = append(cs, candidate{strings.TrimPrefix(t.Fold, "@"), t.From, t.To})
		}
	}
	chunks := chunksOf(text)
	for _, c := range chunks {
		raw := polish.Fold(text[c.from:c.to])
		for part := range strings.FieldsFuncSeq(raw, func(r rune) bool { return r == '-' || r == '/' || r == '.' || r == '_' }) {
			cs = append(cs, candidate{letters(part), c.from, c.to}, candidate{undouble(letters(part)), c.from, c.to})
		}
		joined := letters(raw)
		cs = append(cs, candidate{joined, c.from, c.to}, candidate{undouble(joined), c.from, c.to})
	}
	return append(cs, spaced(text, chunks)...)
}

type chunk struct{ from, to int }

// chunksOf are the stretches between spaces.
func chunksOf(text string) (cs []chunk) {
	from := -1
	for i, r := range text {
		switch {
		case unicode.IsSpace(r) && from >= 0:
			cs, from = append(cs, chunk{from, i}), -1
		case !unicode.IsSpace(r) && from < 0:
			from = i
		}
	}
	if from >= 0 {
		cs = append(cs, chunk{from, len(text)})
	}
	return cs
}

var leet = map[rune]rune{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', '$': 's', '!': 'i', '€': 'e', '|': 'l'}

// letters keeps letters and stars of a folded chunk, with digits and signs read as the letters they look like. A sign at an end is
// punctuation.
func letters(fold string) string {
	fold = strings.TrimFunc(fold, func(r rune) bool {
		return !unicode.IsLetter(r) && r != '*' && (r < '0' || r > '9') && r != '$' && r != '@'
	})
	var b strings.Builder
	for _, r := range fold {
		if l, ok := leet[r]; ok {
			r = l
		}
		if unicode.IsLetter(r) || r == '*' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func undouble(s string) string {
	var b strings.Builder
	last := rune(-1)
	for _, r := range s {
		if r != last || r == '*' {
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}

// spaced joins runs of chunks of one letter: "p s y c h o l".
func spaced(text string, chunks []chunk) (cs []candidate) {
	for i := 0; i < len(chunks); {
		j := i
		var b strings.Builder
		for j < len(chunks) && j < i+40 {
			l := letters(polish.Fold(text[chunks[j].from:chunks[j].to]))
			if utf8.RuneCountInString(l) != 1 {
				break
			}
			b.WriteString(l)
			j++
		}
		if j-i >= 3 {
			word := b.String()
			for cut := range min(3, len(word)) { // a word of one letter may stand before it
				cs = append(cs, candidate{word[cut:], chunks[i].from, chunks[j-1].to})
			}
		}
		i = max(j, i+1)
	}
	return cs
}

// find tells the kind of a candidate.
func (l *lexicon) find(c candidate) (Kind, bool) {
	if c.fold == "" || len(c.fold) > 64 {
		return "", false
	}
	if strings.Contains(c.fold, "*") {
		return l.masked(c.fold)
	}
	if k, ok := l.words[c.fold]; ok {
		return k, true
	}
	for _, form := range polish.Lemmas(c.fold) {
		if k, ok := l.words[form]; ok {
			return k, true
		}
	}
	word := strings.TrimPrefix(c.fold, "nie")
	for _, s := range l.stems {
		if strings.HasPrefix(c.fold, s.text) || word != c.fold && strings.HasPrefix(word, s.text) {
			return s.kind, true
		}
	}
	return "", false
}

// masked reads stars as letters. At least three letters must be seen, and the first of them must be one.
func (l *lexicon) masked(p string) (Kind, bool) {
	p = strings.TrimRight(p, "*")
	if seen := len(strings.ReplaceAll(p, "*", "")); seen < 3 || p[0] == '*' || !strings.Contains(p, "*") {
		return "", false
	}
	for _, s := range l.stems {
		if len(s.text) >= 4 && wild(p, s.text) {
			return s.kind, true
		}
	}
	for w, k := range l.words {
		if len(w) >= 4 && wild(p, w) {
			return k, true
		}
	}
	return "", false
}

// wild tells whether the beginning of pattern p spells s, a run of stars standing for one to three letters, or for as many as it has
// stars. It keeps the set of places in s that p may have reached, one bit each, so that time grows with p alone.
func wild(p, s string) bool {
	if len(s) > 62 {
		return false
	}
	for at := uint64(1); at != 0; {
		if at&(1<<len(s)) != 0 {
			return true
		}
		if p == "" {
			return false
		}
		run := len(p) - len(strings.TrimLeft(p, "*"))
		next := uint64(0)
		if run > 0 {
			for n := 1; n <= max(run, 3) && n <= len(s); n++ {
				next |= at << n
			}
			p = p[run:]
		} else {
			for i := range len(s) {
				if s[i] == p[0] && at&(1<<i) != 0 {
					next |= 1 << (i + 1)
				}
			}
			p = p[1:]
		}
		at = next & (1<<(len(s)+1) - 1)
	}
	return false
}
