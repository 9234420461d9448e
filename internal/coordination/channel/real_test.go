//go:build parity

package channel

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"chop/internal/coordination/wording"
)

// What the channels say of accounts about which the truth is known; DATA names the folder of the public sets. The accounts of
// an influence operation are held against made-up ordinary dates, because the set has no ordinary users.
func TestRealSetsOfThePeerStudies(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var made []float64
	for _, r := range read(t, "coordination/reddit-organised/users.csv") {
		at, err := strconv.ParseFloat(r["created_utc"], 64)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, at)
	}
	for _, g := range []int{4, 8, 20} {
		found := [2]int{}
		for range 100 {
			var p Page
			first, last := 1136073600.0, 1514764800.0 // 2006 to 2017
			for i := range 1000 {
				p.Accounts = append(p.Accounts, Account{ID: fmt.Sprint("o", i), Created: first + (last-first)*rng.Float64()})
			}
			var real, plain []string
			for i, k := range rng.Perm(len(made))[:g] {
				real = append(real, fmt.Sprint("r", i))
				p.Accounts = append(p.Accounts, Account{ID: real[i], Created: made[k]})
				plain = append(plain, fmt.Sprint("o", rng.IntN(1000)))
			}
			for k, group := range [][]string{real, plain} {
				if e := of(Examine(p, [][]string{group})[0], Creation); e.P <= strong {
					found[k]++
				}
			}
		}
		t.Logf("creation: groups of %d: %d of 100 of the operation, %d of 100 drawn of ordinary ones at p <= 0.01", g, found[0], found[1])
	}
	youtube(t)
}

func youtube(t *testing.T) {
	var p Page
	class := map[string]string{}
	files, err := filepath.Glob(filepath.Join(os.Getenv("DATA"), "spam-youtube", "*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no comments in DATA/spam-youtube: %v", err)
	}
	for _, f := range files {
		for _, r := range read(t, filepath.Join("spam-youtube", filepath.Base(f))) {
			p.Said = append(p.Said, Said{Account: r["AUTHOR"], Content: r["COMMENT_ID"], Text: r["CONTENT"]})
			class[r["AUTHOR"]] = r["CLASS"]
		}
	}
	var docs []wording.Doc
	for _, s := range p.Said {
		docs = append(docs, wording.Read(s.Text, nil))
	}
	kinds, near := wording.Classes(docs)
	pairs, long := map[string]int{}, map[string]int{}
	alike := map[[2]int32]bool{}
	for _, n := range near {
		alike[[2]int32{n.A, n.B}] = true
	}
	for i, a := range kinds {
		if a >= 0 {
			long[class[p.Said[i].Account]]++
		}
		for j := range i {
			if b := kinds[j]; a >= 0 && b >= 0 && p.Said[i].Account != p.Said[j].Account && (a == b || alike[[2]int32{min(a, b), max(a, b)}]) {
				pairs[class[p.Said[i].Account]+class[p.Said[j].Account]]++
			}
		}
	}
	t.Logf("texts of eight words and more: %v; pairs of different authors nearly the same, 1 spam, 0 ordinary: %v", long, pairs)
}

func read(t *testing.T, name string) (rows []map[string]string) {
	t.Helper()
	f, err := os.Open(filepath.Join(os.Getenv("DATA"), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all[1:] {
		row := map[string]string{}
		for i, h := range all[0] {
			if i < len(x) {
				row[h] = x[i]
			}
		}
		rows = append(rows, row)
	}
	return rows
}
