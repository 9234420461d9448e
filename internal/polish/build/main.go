// Command build writes the embedded dictionary of package polish out of the PoliMorf automaton:
//
//	go run ./internal/polish/build SRC [OUT]
//
// SRC is the folder with pl.dict. The same SRC gives the same bytes. OUT is internal/polish/words.fst by default.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blevesearch/vellum"

	"chop/internal/polish"
)

func main() {
	out := filepath.Join("internal", "polish", "words.fst")
	if len(os.Args) > 2 {
		out = os.Args[2]
	}
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: build SRC [OUT]")
		os.Exit(2)
	}
	if err := run(os.Args[1], out); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(src, out string) error {
	raw, err := os.ReadFile(filepath.Join(src, "pl.dict"))
	if err != nil {
		return fmt.Errorf("read the automaton: %w", err)
	}
	pairs, err := pairs(raw)
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("create the dictionary: %w", err)
	}
	w := bufio.NewWriter(f)
	if err := write(w, pairs); err != nil {
		return fmt.Errorf("write the dictionary: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the dictionary: %w", err)
	}
	return f.Close()
}

// pair is a folded form with one folded lemma.
type pair struct{ form, lemma string }

// pairs lists all folded forms with their folded lemmas, sorted, each once.
func pairs(raw []byte) ([]pair, error) {
	a, err := open(raw)
	if err != nil {
		return nil, err
	}
	var ps []pair
	var last pair
	err = a.each(func(e []byte) error {
		form, lemma, err := decode(e)
		if err != nil {
			return err
		}
		p := pair{polish.Fold(form), polish.Fold(lemma)}
		if p != last && ascii(p.form) && ascii(p.lemma) {
			ps, last = append(ps, p), p
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ps, func(a, b pair) int {
		if c := strings.Compare(a.form, b.form); c != 0 {
			return c
		}
		return strings.Compare(a.lemma, b.lemma)
	})
	return slices.Compact(ps), nil
}

// decode takes an entry apart: form + lemma in coded shape + tags. The code's first two letters tell how many bytes
// to cut at the front and at the end of the form ('A' is none), the rest is appended.
func decode(entry []byte) (form, lemma string, err error) {
	parts := bytes.SplitN(entry, []byte{'+'}, 3)
	if len(parts) < 2 || len(parts[1]) < 2 {
		return "", "", fmt.Errorf("entry %q has no lemma", entry)
	}
	w, code := parts[0], parts[1]
	front, end := int(code[0]-'A'), int(code[1]-'A')
	if front == 255 || end == 255 {
		front, end = len(w), 0
	}
	if front+end > len(w) {
		return "", "", fmt.Errorf("entry %q cuts more than it has", entry)
	}
	return string(w), string(w[front:len(w)-end]) + string(code[2:]), nil
}

// ascii keeps out forms that no comment is likely to have (spaces, foreign letters).
func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// rule tells how to make the lemma out of the form: cut front, cut end, append.
func rule(form, lemma string) string {
	best := -1
	front := 0
	for f := 0; f <= min(4, len(form)); f++ {
		if n := common(form[f:], lemma); n > best+f {
			best, front = n, f
		}
	}
	return fmt.Sprintf("%c%c%s", 'A'+front, 'A'+len(form)-front-best, lemma[best:])
}

func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// write puts the table of rule sets, most frequent first, before the automaton form -> number of its rule set.
func write(w io.Writer, ps []pair) error {
	count, of := map[string]int{}, []string{}
	forms := []string{}
	for i := 0; i < len(ps); {
		j := i
		var rules []string
		for ; j < len(ps) && ps[j].form == ps[i].form; j++ {
			rules = append(rules, rule(ps[j].form, ps[j].lemma))
		}
		slices.Sort(rules)
		set := strings.Join(rules, " ")
		count[set]++
		forms, of = append(forms, ps[i].form), append(of, set)
		i = j
	}
	sets := make([]string, 0, len(count))
	for s := range count {
		sets = append(sets, s)
	}
	slices.SortFunc(sets, func(a, b string) int {
		if d := count[b] - count[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	id := map[string]uint64{}
	for i, s := range sets {
		id[s] = uint64(i)
	}
	table := strings.Join(sets, "\n")
	if err := binary.Write(w, binary.LittleEndian, uint32(len(table))); err != nil {
		return err
	}
	if _, err := io.WriteString(w, table); err != nil {
		return err
	}
	b, err := vellum.New(w, &vellum.BuilderOpts{Encoder: 1, RegistryTableSize: 200000, RegistryMRUSize: 4})
	if err != nil {
		return err
	}
	for i, f := range forms {
		if err := b.Insert([]byte(f), id[of[i]]); err != nil {
			return fmt.Errorf("form %q: %w", f, err)
		}
	}
	return b.Close()
}
