package polish

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// handleEnd finds the end of the @account at i; i when there is no account.
func handleEnd(s string, i int) int {
	j := i + 1
	for j < len(s) && (alnum(s[j]) || s[j] == '_' || (s[j] == '.' && j+1 < len(s) && alnum(s[j+1]))) {
		j++
	}
	if j == i+1 {
		return i
	}
	return j
}

func alnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' }

// mailEnd finds the end of the e-mail address at i; i when there is none.
func mailEnd(s string, i int) int {
	j := i
	for j < len(s) && j < i+64 && (alnum(s[j]) || strings.IndexByte("._%+-", s[j]) >= 0) {
		j++
	}
	if j == i || !alnum(s[i]) || j >= len(s) || s[j] != '@' {
		return i
	}
	end := hostEnd(s, j+1)
	if strings.IndexByte(s[j+1:end], '.') < 0 {
		return i
	}
	return end
}

// longestHost bounds how far a host name is followed (RFC 1035: 253 bytes), so that a flood of dots and dashes costs no more than
// its length.
const longestHost = 254

// hostEnd finds the end of the host name at i.
func hostEnd(s string, i int) int {
	j := i
	for j < len(s) && j < i+longestHost && (alnum(s[j]) || ((s[j] == '.' || s[j] == '-') && j > i && j+1 < len(s) && alnum(s[j+1]))) {
		j++
	}
	return j
}

// endings are the last parts of a host name that are believed without a scheme; more would catch words that follow a
// full stop without a space.
var endings = map[string]bool{"pl": true, "com": true, "eu": true, "net": true, "org": true, "info": true, "biz": true,
	"shop": true, "store": true, "online": true, "site": true, "xyz": true, "ru": true, "click": true, "link": true,
	"ly": true, "io": true, "me": true}

// linkEnd finds the end of the link at i; i when there is none.
func linkEnd(s string, i int) int {
	rest := s[i:]
	if len(rest) > 4 && (rest[0]|0x20 == 'h' || rest[0]|0x20 == 'w') {
		low := strings.ToLower(rest[:min(8, len(rest))])
		for _, p := range []string{"https://", "http://", "www."} {
			if strings.HasPrefix(low, p) && len(rest) > len(p) {
				return pathEnd(s, i+len(p))
			}
		}
	}
	j := i
	for j < len(s) && j < i+longestHost && (alnum(s[j]) || s[j] == '-') {
		j++
	}
	if j == i || j >= len(s)-1 || s[j] != '.' || !alnum(s[j+1]) {
		return i
	}
	end := hostEnd(s, i)
	if end < len(s) && (s[end] == '@' || s[end] >= utf8.RuneSelf) {
		return i
	}
	last := s[strings.LastIndexByte(s[:end], '.')+1 : end]
	if !endings[strings.ToLower(last)] || (last == "me" && (end >= len(s) || s[end] != '/')) {
		return i
	}
	return pathEnd(s, end)
}

// pathEnd finds where the link that has begun ends: at a space, without closing punctuation.
func pathEnd(s string, i int) int {
	if (i >= len(s) || s[i] != '/') && !strings.Contains(s[max(0, i-4):i], "/") && !strings.HasSuffix(s[:i], ".") {
		return i // a bare host: what follows is not its path
	}
	j := i
	for j < len(s) {
		r, n := utf8.DecodeRuneInString(s[j:])
		if unicode.IsSpace(r) || strings.ContainsRune("<>\"„”“{}|", r) || r == utf8.RuneError {
			break
		}
		j += n
	}
	for j > i && strings.IndexByte(".,;:!?)]'*", s[j-1]) >= 0 {
		j--
	}
	return j
}

// isEmoji tells whether r starts an emoji. Ranges of Unicode's emoji-data with pictorial presentation.
func isEmoji(r rune) bool {
	return r >= 0x1F300 && r <= 0x1FAFF || r >= 0x2600 && r <= 0x27BF || r >= 0x1F1E6 && r <= 0x1F1FF ||
		r >= 0x2B00 && r <= 0x2BFF || r == 0x203C || r == 0x2049 || r >= 0x23E9 && r <= 0x23FA || r >= 0x1F000 && r <= 0x1F0FF
}

// emojiEnd goes over modifiers, joined emoji and the second half of a flag; j is behind the first rune.
func emojiEnd(s string, j int, first rune) int {
	flag := first >= 0x1F1E6 && first <= 0x1F1FF
	for j < len(s) {
		r, n := utf8.DecodeRuneInString(s[j:])
		switch {
		case r == 0xFE0F || r == 0x20E3 || r >= 0x1F3FB && r <= 0x1F3FF:
		case r == 0x200D:
			after, m := utf8.DecodeRuneInString(s[j+n:])
			if !isEmoji(after) {
				return j
			}
			n += m
		case flag && r >= 0x1F1E6 && r <= 0x1F1FF:
			flag = false
		default:
			return j
		}
		j += n
	}
	return j
}
