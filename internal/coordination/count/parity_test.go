//go:build parity

package count

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// The public sets with what CooRTweet 2.1.3 finds in them stand outside the repository; COORDINATION_DATA names their folder.
func TestEdgesAreThoseOfThePeer(t *testing.T) {
	dir := os.Getenv("COORDINATION_DATA")
	if dir == "" {
		t.Fatal("COORDINATION_DATA does not say where the public sets are; run: make parity DATA=FOLDER")
	}
	for _, x := range []struct {
		set, name string
		s         Settings
	}{
		{"russian", "russian_tw10_mp5_q50", Settings{10, 5, 0.5}}, {"russian", "russian_tw60_mp1_q50", Settings{60, 1, 0.5}},
		{"russian", "russian_tw60_mp2_q50", Settings{60, 2, 0.5}}, {"german-urls", "german_urls_tw30_mp2_q50", Settings{30, 2, 0.5}},
	} {
		t.Run(x.name, func(t *testing.T) {
			events := lines(t, filepath.Join(dir, x.set, "events.csv"))
			var rows []Row
			for _, r := range events {
				at, err := strconv.ParseFloat(r[3], 64)
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, act(r[0], r[1], r[2], at))
			}
			kept := map[string]bool{}
			for _, r := range lines(t, filepath.Join(dir, x.set, x.name+".edges_kept.csv")) {
				kept[r[0]+","+r[1]] = true
			}
			want := map[string]string{}
			for _, r := range lines(t, filepath.Join(dir, x.set, x.name+".edges_full.csv")) {
				want[r[0]+","+r[1]] = r[2] + fmt.Sprint(kept[r[0]+","+r[1]])
			}
			got := Edges(rows, x.s)
			if len(got) != len(want) {
				t.Errorf("%d edges, the peer finds %d", len(got), len(want))
			}
			for _, e := range got {
				if g := fmt.Sprint(e.Weight, e.Kept); want[e.A+","+e.B] != fmt.Sprintf("%d%v", e.Weight, e.Kept) {
					t.Errorf("%s %s: %s, the peer says %q", e.A, e.B, g, want[e.A+","+e.B])
				}
			}
		})
	}
}

func lines(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return r[1:]
}

// The unit data of the QUT toolkit: a network of re-posts within a second has two accounts, within a minute six.
func TestNodesAreThoseOfTheToolkitsPeerTests(t *testing.T) {
	var rows []Row
	for _, r := range lines(t, filepath.Join(os.Getenv("COORDINATION_DATA"), "qut", "coretweet_test_input.csv")) {
		at, err := strconv.ParseFloat(r[6], 64)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, act(r[3], r[1], r[0], at))
	}
	for window, want := range map[float64]int{1: 2, 60: 6} {
		nodes := map[string]bool{}
		for _, e := range Edges(rows, Settings{Window: window, MinTimes: 1}) {
			nodes[e.A], nodes[e.B] = true, true
		}
		if len(nodes) != want {
			t.Errorf("within %v s %d accounts, the toolkit finds %d", window, len(nodes), want)
		}
	}
}
