package group

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"chop/internal/coordination"
	"chop/internal/lang"
)

// withoutNames reckons a kept finding again the way a stranger does: from the plain tables, by what stands behind chop coordinate. It gives
// the links as pairsOf does.
func (w *world) withoutNames(id string, n int) []string {
	w.t.Helper()
	p, err := w.groups.PlainInput(w.ewa(), f1, id, n)
	ok(w.t, err)
	key := map[string]string{}
	for k, number := range p.Numbers {
		key[number] = k
	}
	all := asCSV(w, p.Actions) + asCSV(w, p.Posts)
	for k := range p.Numbers {
		if strings.Contains(all, k) {
			w.t.Fatalf("the plain tables name %q", k)
		}
	}
	var out bytes.Buffer
	in := coordination.Input{Events: strings.NewReader(asCSV(w, p.Actions)), EventsName: "actions.csv", Posts: strings.NewReader(asCSV(w, p.Posts)), PostsName: "posts.csv"}
	ok(w.t, coordination.Analyse(in, &out, w.groups.methodSettings(), 0, lang.EN))
	var said struct {
		Groups []struct {
			Links []struct {
				A, B   string
				Shared int
			}
		}
	}
	ok(w.t, json.Unmarshal(out.Bytes(), &said))
	var links []Link
	for _, g := range said.Groups {
		for _, l := range g.Links {
			links = append(links, Link{A: key[l.A], B: key[l.B], Shared: l.Shared})
		}
	}
	return pairsOf(links)
}

func pairsOf(links []Link) (list []string) {
	for _, l := range links {
		list = append(list, fmt.Sprint(min(l.A, l.B), " ", max(l.A, l.B), " ", l.Shared))
	}
	slices.Sort(list)
	return list
}

func asCSV(w *world, rows [][]string) string {
	var b strings.Builder
	c := csv.NewWriter(io.Writer(&b))
	ok(w.t, c.WriteAll(rows))
	return b.String()
}
