package simulate

import (
	"embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed words/*.txt
var wordFiles embed.FS

// words are lists of choices that may draw from one another.
type words map[string][]string

// readWords panics when an embedded list is broken; a test reads them all.
func readWords(lang string) words {
	raw, err := wordFiles.ReadFile("words/" + lang + ".txt")
	if err != nil {
		panic(fmt.Sprintf("words of %q: %v", lang, err))
	}
	out, list := words{}, ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			list = line[1 : len(line)-1]
		default:
			out[list] = append(out[list], line)
		}
	}
	return out
}

// say draws a text from a list: {name} from another list, {5-20} a number. A sentence begins with a capital letter.
func (v words) say(r *rand.Rand, list string) string {
	var b strings.Builder
	v.draw(r, list, &b, 0)
	s := b.String()
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

func (v words) draw(r *rand.Rand, list string, b *strings.Builder, depth int) {
	choices := v[list]
	if len(choices) == 0 || depth > 8 {
		panic("no words for " + strconv.Quote(list))
	}
	rest := choices[r.IntN(len(choices))]
	for rest != "" {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			return
		}
		name, tail, _ := strings.Cut(after, "}")
		if low, high, number := numbers(name); number {
			b.WriteString(strconv.Itoa(low + r.IntN(high-low+1)))
		} else {
			v.draw(r, name, b, depth+1)
		}
		rest = tail
	}
}

func numbers(name string) (low, high int, ok bool) {
	a, b, found := strings.Cut(name, "-")
	low, err := strconv.Atoi(a)
	high, err2 := strconv.Atoi(b)
	return low, high, found && err == nil && err2 == nil && low <= high
}

// own is a text as one person says it: small words between the others, so that two who mean the same seldom write the same.
func (v words) own(r *rand.Rand, list string) string {
	f := strings.Fields(v.say(r, list))
	var out []string
	for i, w := range f {
		if i > 1 && r.Float64() < 0.22 {
			var b strings.Builder
			v.draw(r, "filler", &b, 0)
			out = append(out, b.String())
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// again says the same in slightly other words: what one person changes to look like several.
func again(r *rand.Rand, text string) string {
	f := strings.Fields(text)
	if len(f) < 4 {
		return text
	}
	switch r.IntN(5) {
	case 0: // a word less
		k := 1 + r.IntN(len(f)-2)
		f = append(f[:k:k], f[k+1:]...)
	case 1: // a slip of the finger
		k := r.IntN(len(f))
		if w := []rune(f[k]); len(w) > 3 {
			w[1], w[2] = w[2], w[1]
			f[k] = string(w)
		}
	case 2:
		f[len(f)-1] += "!!!"
	case 3:
		return strings.ToLower(text)
	default:
		f = append(f, []string{"!", "😡", "...", "😂"}[r.IntN(4)])
	}
	return strings.Join(f, " ")
}
