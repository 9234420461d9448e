package polish

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a token is.
type Kind uint8

const (
	Word   Kind = iota // letters, perhaps with digits
	Number             // digits, perhaps with separators between them
	Link               // an address of a page
	Mail               // an e-mail address
	Handle             // @account
	Emoji              // one emoji with its modifiers
)

// Token is one piece of a text. Text is s[From:To] of the original, Fold the form to compare: folded, without
// stretching ("suuuper"), masking ("k*rwa") and spacing ("o s z u s t").
type Token struct {
	Text, Fold string
	From, To   int
	Kind       Kind
}

// Tokens cuts a text into words, numbers, emoji, links, e-mail addresses and handles, in order, without overlap.
func Tokens(s string) []Token {
	ts := make([]Token, 0, len(s)/5+1)
	mails := strings.IndexByte(s, '@') >= 0
	tag := 0 // end of the hashtag we are in
	for i := 0; i < len(s); {
		if s[i] == '#' {
			tag, _ = wordEnd(s, i+1)
		}
		t := next(s, i, mails)
		if i < tag && t.Kind == Word {
			t = camel(s, t)
		}
		if t.To == i {
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
			continue
		}
		ts = append(ts, t)
		i = t.To
	}
	return joinSpaced(s, ts)
}

// next reads the token that starts at i; To == i when none does.
func next(s string, i int, mails bool) Token {
	r, n := utf8.DecodeRuneInString(s[i:])
	switch {
	case r == '@':
		return token(s, i, handleEnd(s, i), Handle)
	case mails && mailEnd(s, i) > i:
		return token(s, i, mailEnd(s, i), Mail)
	case isWord(r):
		if end := linkEnd(s, i); end > i {
			return token(s, i, end, Link)
		}
		return word(s, i)
	case r >= 0x24B6 && lettered(r) != 0:
		if t, ok := letters(s, i); ok {
			return t
		}
		if isEmoji(r) {
			return token(s, i, emojiEnd(s, i+n, r), Emoji)
		}
	case r >= 0x203C && isEmoji(r):
		return token(s, i, emojiEnd(s, i+n, r), Emoji)
	}
	return Token{From: i, To: i}
}

func token(s string, from, to int, k Kind) Token {
	t := Token{Text: s[from:to], From: from, To: to, Kind: k}
	switch k {
	case Emoji:
		t.Fold = strings.Map(func(r rune) rune {
			if r == 0xFE0F || (r >= 0x1F3FB && r <= 0x1F3FF) {
				return -1
			}
			return r
		}, t.Text)
	default:
		t.Fold = Fold(t.Text)
	}
	return t
}

// word reads a word or number that starts at i.
func word(s string, i int) Token {
	end, mask := wordEnd(s, i)
	if mask > 0 {
		f := Fold(s[i:end])
		if w, ok := unmask(f); ok {
			return Token{Text: s[i:end], Fold: w, From: i, To: end}
		}
		if w, ok := unsign(f); ok {
			return Token{Text: s[i:end], Fold: w, From: i, To: end}
		}
		end = mask
	}
	t := Token{Text: s[i:end], From: i, To: end}
	f := Fold(t.Text)
	digits, letters := false, false
	for _, r := range f {
		digits = digits || unicode.IsNumber(r)
		letters = letters || unicode.IsLetter(r)
	}
	switch {
	case !letters:
		t.Kind = Number
	case digits:
		if w, ok := unleet(f); ok {
			f = w
		}
	}
	if letters {
		f = undouble(unstretch(strings.Map(dropQuote, f)))
	}
	t.Fold = f
	return t
}

func dropQuote(r rune) rune {
	if r == '\'' || r == '’' {
		return -1
	}
	return r
}

// wordEnd finds the end of the word at i, going over apostrophes and masking characters that have a letter behind
// them, separators between digits, and stars at the end. mask is where the first masking character stands, 0 if none.
func wordEnd(s string, i int) (end, mask int) {
	var prev rune
	for end = i; end < len(s); {
		r, n := utf8.DecodeRuneInString(s[end:])
		switch {
		case mask > 0 && end > i+longestDisguise:
			return end, mask
		case isWord(r) || hidden(r) && r != utf8.RuneError:
		case (r == '\'' || r == '’') && unicode.IsLetter(prev) && isLetterAt(s, end+n):
		case (r == ',' || r == '.') && isDigit(prev) && isDigitAt(s, end+n):
		case isMask(r) && (unicode.IsLetter(prev) || isMask(prev)) && maskGoesOn(s, end):
			if mask == 0 {
				mask = end
			}
		default:
			return end, mask
		}
		prev = r
		end += n
	}
	return end, mask
}

func isMask(r rune) bool { return r == '*' || r == '@' || r == '$' || r == '#' }

// maskGoesOn tells whether the masking characters from i lead to a letter, or are stars.
func maskGoesOn(s string, i int) bool {
	if s[i] == '*' {
		return true
	}
	for j := i; j < len(s) && j < i+6; j++ {
		if !isMask(rune(s[j])) {
			return isLetterAt(s, j)
		}
	}
	return false
}

func isWord(r rune) bool  { return unicode.IsLetter(r) || unicode.IsNumber(r) && r != utf8.RuneError }
func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isLetterAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(r)
}

func isDigitAt(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }

// unstretch shortens letters repeated three times or more: to one, or to two when only that is a word.
func unstretch(f string) string {
	if !stretched(f) {
		return f
	}
	one, two := shorten(f, 1), shorten(f, 2)
	switch {
	case len(one) < 2:
		return f // "www", "iii"
	case !Known(one) && Known(two):
		return two
	}
	return one
}

func stretched(f string) bool {
	for i := 2; i < len(f); i++ {
		if c := f[i]; c == f[i-1] && c == f[i-2] && c >= 'a' && c <= 'z' {
			return true
		}
	}
	return false
}

// shorten cuts runs of three and more of a Latin letter to n.
func shorten(f string, n int) string {
	b := make([]byte, 0, len(f))
	for i := 0; i < len(f); {
		j := i
		for j < len(f) && f[j] == f[i] {
			j++
		}
		k := j - i
		if k >= 3 && f[i] >= 'a' && f[i] <= 'z' {
			k = n
		}
		b = append(b, f[i:i+k]...)
		i = j
	}
	return string(b)
}

// joinSpaced puts letters that stand apart ("o s z u ś c i", "k.u.r.w.a") together when they spell a word.
func joinSpaced(s string, ts []Token) []Token {
	out := ts[:0]
	for i := 0; i < len(ts); {
		j := i
		for j < len(ts) && single(ts[j]) && (j == i || thinGap(s[ts[j-1].To:ts[j].From])) {
			j++
		}
		if from, t, to := spelled(s, ts[i:j]); to > 0 {
			out = append(append(append(out, ts[i:i+from]...), t), ts[i+to:j]...)
			i = j
			continue
		}
		j = max(j, i+1)
		out = append(out, ts[i:j]...)
		i = j
	}
	return out
}

// spelled finds the word that a run of single letters spells; up to two letters before or behind may be words of their own
// ("i z ł o d z i e j e"). to is 0 when there is none.
func spelled(s string, ts []Token) (from int, t Token, to int) {
	for _, cut := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}, {2, 0}, {0, 2}} {
		if len(ts)-cut[0]-cut[1] < 4 {
			continue
		}
		if t, ok := spaced(s, ts[cut[0]:len(ts)-cut[1]]); ok {
			return cut[0], t, len(ts) - cut[1]
		}
	}
	return 0, Token{}, 0
}

func single(t Token) bool { return t.Kind == Word && len(t.Fold) == 1 }

func thinGap(gap string) bool {
	return len(gap) > 0 && len(gap) <= 3 && strings.Trim(gap, " ._-*") == ""
}

func spaced(s string, ts []Token) (Token, bool) {
	if len(ts) < 4 || len(ts) > 30 {
		return Token{}, false
	}
	var b strings.Builder
	for _, t := range ts {
		b.WriteString(t.Fold)
	}
	w := b.String()
	if _, vulgar := unmask(w); !vulgar && !Known(w) {
		return Token{}, false
	}
	from, to := ts[0].From, ts[len(ts)-1].To
	return Token{Text: s[from:to], Fold: w, From: from, To: to}, true
}
