package polish

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lettered is the letter inside a circle or a square, or of a regional indicator; 0 when r is none.
func lettered(r rune) byte {
	for _, from := range []rune{0x24B6, 0x24D0, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6} {
		if r >= from && r < from+26 {
			return 'a' + byte(r-from)
		}
	}
	return 0
}

// longestDisguise bounds, in letters, how far a disguised word is followed.
const longestDisguise = 64

// letters reads a word written in circled, squared or flag letters ("🅾🆂🆉🆄🆂🆃"). Flags and single signs such as 🅿 are none.
func letters(s string, i int) (Token, bool) {
	var b strings.Builder
	end, flags := i, false
	for end < len(s) && b.Len() < longestDisguise {
		r, n := utf8.DecodeRuneInString(s[end:])
		if c := lettered(r); c != 0 {
			b.WriteByte(c)
			flags = flags || r >= 0x1F1E6
		} else if r != 0xFE0F && !hidden(r) {
			break
		}
		end += n
	}
	w := b.String()
	if len(w) < 3 || flags && !vulgar(w) && !Known(w) {
		return Token{}, false
	}
	return Token{Text: s[i:end], Fold: w, From: i, To: end}, true
}

// camel cuts a word of a hashtag where a new word begins with a capital ("NieKupujTam").
func camel(s string, t Token) Token {
	if len(t.Text) > 2*longestDisguise {
		return t
	}
	lower := false
	for i, r := range t.Text {
		if lower && unicode.IsUpper(r) {
			return word(s[:t.From+i], t.From)
		}
		lower = unicode.IsLower(r)
	}
	return t
}

// smallCapitals are Latin letters that look like small capitals and fold to nothing else.
var smallCapitals = map[rune]rune{'ᴀ': 'a', 'ʙ': 'b', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e', 'ꜰ': 'f', 'ɢ': 'g', 'ʜ': 'h', 'ɪ': 'i', 'ᴊ': 'j',
	'ᴋ': 'k', 'ʟ': 'l', 'ᴍ': 'm', 'ɴ': 'n', 'ᴏ': 'o', 'ᴘ': 'p', 'ʀ': 'r', 'ꜱ': 's', 'ᴛ': 't', 'ᴜ': 'u', 'ᴠ': 'v', 'ᴡ': 'w', 'ʏ': 'y',
	'ᴢ': 'z', 'ɑ': 'a', 'ɡ': 'g', 'ƙ': 'k', 'ɾ': 'r', 'ƶ': 'z'}
