package polish

import (
	_ "embed"
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

var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s")

// unleet reads digits as letters when that spells a vulgar word ("g0wno").
func unleet(f string) (string, bool) {
	w := leet.Replace(f)
	for _, v := range masked[w[0]] {
		if v == w {
			return w, true
		}
	}
	return "", false
}
