package polish

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold writes s the way search and rules compare it: lower case, without diacritics (ł becomes l), without combining,
// zero-width and direction characters; letters of another script that only look Latin become Latin when the word
// mixes scripts. Spaces and punctuation stay. Fold(Fold(s)) == Fold(s).
func Fold(s string) string {
	if plain(s) {
		return s
	}
	if out, ok := foldPolish(s); ok {
		return out
	}
	s = strings.ToValidUTF8(s, "")
	// Compatibility forms can hide further letters (lower-casing "ϒ"), so fold until nothing moves; two rounds do.
	for range 4 {
		next := foldAny(s)
		if next == s {
			break
		}
		s = next
	}
	return s
}

// plain tells whether folding would change nothing: ASCII without capitals.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || (c >= 'A' && c <= 'Z') {
			return false
		}
	}
	return true
}

// foldPolish is the fast way for text of ASCII and Polish letters only.
func foldPolish(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			b = append(b, byte(r)+'a'-'A')
		case r < utf8.RuneSelf:
			b = append(b, byte(r))
		default:
			c := polishLetter(r)
			if c == 0 {
				return "", false
			}
			b = append(b, c)
		}
	}
	return string(b), true
}

func polishLetter(r rune) byte {
	switch r {
	case 'ą', 'Ą':
		return 'a'
	case 'ć', 'Ć':
		return 'c'
	case 'ę', 'Ę':
		return 'e'
	case 'ł', 'Ł':
		return 'l'
	case 'ń', 'Ń':
		return 'n'
	case 'ó', 'Ó':
		return 'o'
	case 'ś', 'Ś':
		return 's'
	case 'ź', 'Ź', 'ż', 'Ż':
		return 'z'
	}
	return 0
}

// foldAny folds text of any script, word by word.
func foldAny(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var word []rune
	flush := func() {
		for _, r := range unmix(word) {
			b.WriteRune(r)
		}
		word = word[:0]
	}
	for _, r := range norm.NFKD.String(s) {
		switch {
		case hidden(r):
		case unicode.IsLetter(r):
			word = append(word, r)
		default:
			flush()
			b.WriteRune(r)
		}
	}
	flush()
	return b.String()
}

// hidden tells whether a character carries no letter of its own: marks, zero-width and direction characters.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) || r == '\u115f' || r == '\u3164'
}

// unmix lowers the letters of one word and, when it has Latin and look-alike letters together, makes all Latin.
func unmix(word []rune) []rune {
	latin, other := false, false
	for _, r := range word {
		latin = latin || unicode.Is(unicode.Latin, r)
		other = other || unicode.In(r, unicode.Cyrillic, unicode.Greek)
	}
	for i, r := range word {
		if latin && other {
			if l, ok := lookalikes[r]; ok {
				r = l
			}
		}
		switch r = unicode.ToLower(r); r {
		case 'ł':
			r = 'l'
		case 'ø':
			r = 'o'
		case 'đ':
			r = 'd'
		case 'ı':
			r = 'i'
		default:
			if l, ok := smallCapitals[r]; ok && r > 0x180 {
				r = l
			}
		}
		word[i] = r
	}
	return word
}

// lookalikes are the Cyrillic and Greek letters that pass for Latin ones in common fonts.
var lookalikes = map[rune]rune{
	'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'х': 'x', 'у': 'y', 'і': 'i', 'ѕ': 's', 'ј': 'j', 'к': 'k', 'м': 'm',
	'т': 't', 'н': 'h', 'в': 'b', 'п': 'n', 'г': 'r', 'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'һ': 'h', 'З': 'z', 'з': 'z', 'ь': 'b',
	'А': 'A', 'Е': 'E', 'О': 'O', 'Р': 'P', 'С': 'C', 'Х': 'X', 'У': 'Y', 'І': 'I', 'Ѕ': 'S', 'Ј': 'J', 'К': 'K', 'М': 'M',
	'Т': 'T', 'Н': 'H', 'В': 'B',
	'α': 'a', 'ε': 'e', 'ο': 'o', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x', 'η': 'n', 'ω': 'w',
	'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Ζ': 'Z', 'Η': 'H', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'Ο': 'O', 'Ρ': 'P', 'Τ': 'T',
	'Υ': 'Y', 'Χ': 'X',
}
