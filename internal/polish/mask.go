package polish

import (
	_ "embed"
	"slices"
	"strings"
)

// masked.txt holds the vulgar and violent words people hide behind stars and digits, folded, one a line.
//
//go:embed masked.txt
var maskedFile string

var masked = func() map[byte][]string {
	m := map[byte][]string{}
	for w := range strings.FieldsSeq(maskedFile) {
		m[w[0]] = append(m[w[0]], w)
	}
	return m
}()

// unmask finds the vulgar word behind a folded pattern, in which a masking character stands for one letter or, in a
// run, for any number of them. The word without masks is found as itself.
func unmask(pattern string) (string, bool) {
	if pattern == "" || len(pattern) > 24 {
		return "", false
	}
	seen := 0
	for i := 0; i < len(pattern); i++ {
		if !isMask(rune(pattern[i])) {
			seen++
		}
	}
	if seen == 0 || (seen < 2 && len(pattern) < 4) {
		return "", false
	}
	for _, w := range masked[pattern[0]] {
		if fits(pattern, w) {
			return w, true
		}
	}
	return "", false
}

func fits(p, w string) bool {
	for p != "" {
		if !isMask(rune(p[0])) {
			if w == "" || w[0] != p[0] {
				return false
			}
			p, w = p[1:], w[1:]
			continue
		}
		run := 1
		for run < len(p) && isMask(rune(p[run])) {
			run++
		}
		p = p[run:]
		if run == 1 {
			if w == "" {
				return false
			}
			w = w[1:]
			continue
		}
		for skip := 1; skip <= len(w); skip++ {
			if fits(p, w[skip:]) {
				return true
			}
		}
		return false
	}
	return w == ""
}

var (
	leet  = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t")
	leetL = strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t")
	signs = strings.NewReplacer("@", "a", "$", "s")
)

// unleet reads digits as letters when that spells a vulgar word ("g0wno"), or a long enough word of the dictionary that has
// more letters than digits ("zl0dziej", but not "2szt").
func unleet(f string) (string, bool) {
	digits := 0
	for i := 0; i < len(f); i++ {
		if isDigit(rune(f[i])) {
			digits++
		}
	}
	for _, r := range []*strings.Replacer{leet, leetL} {
		w := r.Replace(f)
		if vulgar(w) || len(f) >= 5 && 2*digits < len(f) && digits < 4 && Known(w) {
			return w, true
		}
	}
	return "", false
}

// unsign reads signs as letters when that spells a word ("oszu$t").
func unsign(f string) (string, bool) {
	w := signs.Replace(f)
	if len(w) >= 4 && (vulgar(w) || Known(w)) {
		return w, true
	}
	return "", false
}

// undouble takes doubled letters out of a word nobody knows when a vulgar word remains ("kuurrwa").
func undouble(f string) string {
	if len(f) < 5 || len(f) > 30 {
		return f
	}
	b := make([]byte, 0, len(f))
	for i := 0; i < len(f); i++ {
		if i == 0 || f[i] != f[i-1] {
			b = append(b, f[i])
		}
	}
	if len(b) < len(f) && vulgar(string(b)) && !Known(f) {
		return string(b)
	}
	return f
}

func vulgar(w string) bool { return w != "" && slices.Contains(masked[w[0]], w) }
