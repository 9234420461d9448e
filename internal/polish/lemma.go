package polish

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/blevesearch/vellum"
)

// words.fst: length of the table of rule sets (4 bytes), the table, then an automaton from folded form to the number
// of its rule set. Written by package build out of PoliMorf (BSD-2, see NOTICE).
//
//go:embed words.fst
var wordsFile []byte

type dictionary struct {
	fst  *vellum.FST
	sets [][]lemmaRule
}

// lemmaRule makes a lemma out of a form: cut so many bytes at the front and at the end, append the rest.
type lemmaRule struct {
	front, end int
	add        string
}

// words opens the embedded dictionary at first use.
var words = sync.OnceValue(func() *dictionary {
	d, err := openDictionary(wordsFile)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return d
})

func openDictionary(raw []byte) (*dictionary, error) {
	if len(raw) < 4 {
		return nil, fmt.Errorf("dictionary of %d bytes", len(raw))
	}
	n := int(binary.LittleEndian.Uint32(raw))
	if n > len(raw)-4 {
		return nil, fmt.Errorf("dictionary table of %d bytes is cut short", n)
	}
	fst, err := vellum.Load(raw[4+n:])
	if err != nil {
		return nil, fmt.Errorf("open dictionary: %w", err)
	}
	d := &dictionary{fst: fst}
	for set := range strings.SplitSeq(string(raw[4:4+n]), "\n") {
		var rs []lemmaRule
		for r := range strings.SplitSeq(set, " ") {
			if len(r) < 2 {
				return nil, fmt.Errorf("dictionary rule %q", r)
			}
			rs = append(rs, lemmaRule{int(r[0] - 'A'), int(r[1] - 'A'), r[2:]})
		}
		d.sets = append(d.sets, rs)
	}
	return d, nil
}

func (d *dictionary) rules(fold string) []lemmaRule {
	id, ok, err := d.fst.Get([]byte(fold))
	if err != nil || !ok || id >= uint64(len(d.sets)) {
		return nil
	}
	return d.sets[id]
}

// Lemmas lists the folded dictionary forms of a folded word: "firmami" gives firma, "psy" gives pies. A word without
// entry is its own dictionary form. The dictionary knows forms with and without their diacritics alike, so a folded
// form may have several lemmas; the word's own spelling comes first when it is one of them.
func Lemmas(fold string) []string {
	rs := words().rules(fold)
	if len(rs) == 0 {
		return []string{fold}
	}
	out := make([]string, 0, len(rs))
	for _, r := range rs {
		if r.front+r.end <= len(fold) {
			out = append(out, fold[r.front:len(fold)-r.end]+r.add)
		}
	}
	if i := slices.Index(out, fold); i > 0 {
		out[0], out[i] = out[i], out[0]
	}
	return out
}

// Known tells whether the dictionary has the folded word.
func Known(fold string) bool { return words().rules(fold) != nil }
