package lint

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"chop/internal/polish"
)

// word is one token of a text, with what rules compare.
type word struct {
	Fold     string
	Lemmas   []string
	Text     string
	From, To int
	Sentence int
	Kind     polish.Kind
	Capital  bool // begins with a capital letter
	First    bool // first of its sentence
	Wild     bool // Fold holds "?" for letters that are masked
}

// sheet is a text laid out for rules.
type sheet struct {
	text      string
	words     []word
	sentences int
	marks     []bool // by sentence: ends with a question mark
}

// abbreviations do not end a sentence with their full stop.
var abbreviations = set(`nr ul art tel np godz p m al os pl mgr inz dr prof tj tzn tzw itd itp ok min sek str zob por ust pkt lek mec wg ws
	kom woj r mr mrs ms no st vs e.g i.e`)

// lay cuts a text into words and sentences.
func lay(text string) *sheet {
	s := &sheet{text: text, marks: []bool{false}}
	last := 0
	for _, t := range polish.Tokens(text) {
		gap := text[last:t.From]
		if n := len(s.words); n > 0 && ends(gap, s.words[n-1]) {
			s.marks[s.sentences] = strings.ContainsRune(gap, '?')
			s.sentences++
			s.marks = append(s.marks, false)
		}
		first := len(s.words) == 0 || s.words[len(s.words)-1].Sentence != s.sentences
		s.words = append(s.words, newWord(t, s.sentences, first))
		last = t.To
	}
	s.marks[s.sentences] = strings.ContainsRune(text[last:], '?')
	s.sentences++
	return s
}

func newWord(t polish.Token, sentence int, first bool) word {
	r, _ := utf8.DecodeRuneInString(t.Text)
	w := word{Fold: t.Fold, Text: t.Text, From: t.From, To: t.To, Sentence: sentence, Kind: t.Kind, Capital: unicode.IsUpper(r), First: first}
	if t.Kind == polish.Word {
		w.Lemmas = polish.Lemmas(t.Fold)
	}
	return w
}

// ends tells whether the gap behind a word ends its sentence.
func ends(gap string, before word) bool {
	if strings.ContainsAny(gap, "!?…\n") {
		return true
	}
	return strings.ContainsRune(gap, '.') && !abbreviations[before.Fold] && utf8.RuneCountInString(before.Fold) > 1
}

// count is how many words a reader reads.
func (s *sheet) count() (n int) {
	for _, w := range s.words {
		if w.Kind != polish.Emoji {
			n++
		}
	}
	return n
}

// english guesses the language by its small words.
func (s *sheet) english() bool {
	en, pl := 0, 0
	for _, w := range s.words {
		if smallEnglish[w.Fold] {
			en++
		}
		if smallPolish[w.Fold] || accented(w.Text) {
			pl++
		}
	}
	return en > pl
}

var (
	smallEnglish = set(`the you your we our is are was were to of and for with this that it have has will not be in on sorry thank thanks please i`)
	smallPolish  = set(`sie nie jest na w z ze do i pan pani panu pana pania panstwo nasz nasza prosze przepraszamy dziekujemy za o od po dla czy jak
		tak tym tego ten ta te by sa bedzie jestesmy dzien dobry`)
)

func accented(s string) bool { return strings.ContainsAny(s, "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ") }

// farthest bounds how many words of a sentence are looked at on either side, so that a text without full stops costs no
// more than its length.
const farthest = 60

// sentence is the range of words of the sentence that holds word i.
func (s *sheet) sentence(i int) (from, to int) {
	from, to = i, i+1
	for from > 0 && i-from < farthest && s.words[from-1].Sentence == s.words[i].Sentence {
		from--
	}
	for to < len(s.words) && to-i < farthest && s.words[to].Sentence == s.words[i].Sentence {
		to++
	}
	return from, to
}

// around tells whether a word of the class stands within n words before or behind, in the same sentence.
func (s *sheet) around(i, before, behind int, class map[string]bool) bool {
	for k := max(0, i-before); k < min(len(s.words), i+behind+1); k++ {
		if k != i && s.words[k].Sentence == s.words[i].Sentence && s.words[k].in(class) {
			return true
		}
	}
	return false
}

// inSentence tells whether the sentence of word i has a word of the class.
func (s *sheet) inSentence(i int, class map[string]bool) bool {
	from, to := s.sentence(i)
	for k := from; k < to; k++ {
		if s.words[k].in(class) {
			return true
		}
	}
	return false
}

// in tells whether the word itself or one of its dictionary forms is of the class.
func (w word) in(class map[string]bool) bool {
	if class[w.Fold] {
		return true
	}
	for _, l := range w.Lemmas {
		if class[l] {
			return true
		}
	}
	return false
}

// denied tells whether one of the n words before i is a negation.
func (s *sheet) denied(i, n int) bool { return s.around(i, n, 0, negations) }

var negations = set(`nie nigdy bez ani zadnego zadnej zaden zadna not never no dont cannot cant wont without neither nor isnt arent didnt`)

// squashed is the sheet with disguises taken off: letters that stand apart, words with dots, dashes and stars in them,
// digits for letters. It is nil when there are none.
func (s *sheet) squashed() *sheet {
	out := &sheet{text: s.text, sentences: s.sentences, marks: s.marks}
	changed := false
	for i := 0; i < len(s.words); {
		j := i + 1
		for j < len(s.words) && j-i < longestRun && s.glued(i, j) {
			j++
		}
		w := s.words[i]
		if f := s.joined(i, j); f != w.Fold && letters(f) >= 2 {
			changed = true
			w.Fold, w.To, w.Text = f, s.words[j-1].To, s.text[w.From:s.words[j-1].To]
			w.Kind, w.Wild = polish.Word, strings.Contains(f, "?")
			w.Lemmas = polish.Lemmas(f)
			out.words = append(out.words, w)
			out.words = append(out.words, s.cuts(w, i, j)...)
		} else {
			out.words = append(out.words, s.words[i:j]...)
			if more := spread(w); j == i+1 && len(more) > 0 {
				out.words, changed = append(out.words, more...), true
			}
		}
		i = j
	}
	if !changed {
		return nil
	}
	// Full stops between spread letters ended no sentence.
	for i := 1; i < len(out.words); i++ {
		out.words[i].First = out.words[i-1].Sentence != out.words[i].Sentence
	}
	return out
}

const longestRun = 64

// spread are the words inside a token that was put together from single letters, without one or two at its ends.
func spread(w word) (out []word) {
	if len(w.Fold) < 4 || !short(w) {
		return nil
	}
	for _, f := range []string{w.Fold[1:], w.Fold[:len(w.Fold)-1], w.Fold[1 : len(w.Fold)-1], w.Fold[2:]} {
		if len(f) >= 3 && polish.Known(f) {
			x := w
			x.Fold, x.Lemmas, x.First = f, polish.Lemmas(f), false
			out = append(out, x)
		}
	}
	return out
}

// cuts are the words inside a run of single letters whose first or last letters are words of their own ("w s ą d z i e").
func (s *sheet) cuts(whole word, i, j int) (out []word) {
	if j-i < 4 || !short(s.words[i]) {
		return nil
	}
	for _, cut := range [][2]int{{1, 0}, {0, 1}, {1, 1}, {2, 0}} {
		from, to := i+cut[0], j-cut[1]
		if to-from < 3 {
			continue
		}
		w := whole
		w.From, w.To = s.words[from].From, s.words[to-1].To
		w.Fold, w.Text, w.First = s.joined(from, to), s.text[w.From:w.To], false
		if w.Wild = strings.Contains(w.Fold, "?"); polish.Known(w.Fold) {
			w.Lemmas = polish.Lemmas(w.Fold)
			out = append(out, w)
		}
	}
	return out
}

// glued tells whether word j belongs to the run that begins at i: nothing but signs between, or single letters apart.
func (s *sheet) glued(i, j int) bool {
	a, b := s.words[j-1], s.words[j]
	gap := s.text[a.To:b.From]
	if len(gap) > 6 || a.Kind == polish.Link || b.Kind == polish.Link || a.Kind == polish.Mail || b.Kind == polish.Mail || a.Kind == polish.Emoji || b.Kind == polish.Emoji {
		return false
	}
	if strings.Trim(gap, "._-*|/~`^+=@$#") == "" && (gap != "." || short(a) && short(b)) && !(gap == "" && a.Kind == b.Kind) {
		return true
	}
	return short(s.words[i]) && short(a) && short(b) && strings.Trim(gap, " ._-*|/~\t\u00a0") == "" && (j-i > 1 || j+1 < len(s.words) && short(s.words[j+1]))
}

// short tells whether the word is one letter, or was put together from single letters.
func short(w word) bool {
	return utf8.RuneCountInString(w.Fold) == 1 || w.Kind == polish.Word && len(w.Text) >= 2*len(w.Fold)-1 && len(w.Fold) > 2
}

// joined is a run as one folded word: signs dropped, stars as "?", digits and signs as the letters they look like.
func (s *sheet) joined(i, j int) string {
	var b strings.Builder
	for k := i; k < j; k++ {
		if k > i {
			b.WriteString(strings.Repeat("?", min(strings.Count(s.text[s.words[k-1].To:s.words[k].From], "*"), 2)))
		}
		b.WriteString(s.words[k].Fold)
	}
	f := b.String()
	if letters(f) < 2 {
		return f
	}
	f = unleet.Replace(f)
	if !polish.Known(f) {
		f = single(f)
	}
	return f
}

var unleet = strings.NewReplacer("0", "o", "1", "?", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "-", "", "_", "", ".", "")

func letters(s string) (n int) {
	for _, r := range s {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// single takes doubled letters out of a word that nobody knows.
func single(f string) string {
	var b strings.Builder
	var before rune
	for _, r := range f {
		if r != before || r == '?' {
			b.WriteRune(r)
		}
		before = r
	}
	if polish.Known(b.String()) {
		return b.String()
	}
	return f
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
