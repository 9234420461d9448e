// Package count finds pairs of accounts that share the same object within a time window, as CooRTweet 2.1.3 does
// (domain/coordination.md 3.2): the same edges and weights, for comparison with published work.
//
// What it keeps is the upper part of the weights by a quantile. That says nothing about chance: a quantile always
// returns somebody, also where nobody acts together. Findings about accounts come from the package detect.
package count

import (
	"cmp"
	"slices"
)

// Row is one action: an account shares an object in a content at a time in seconds.
type Row struct {
	Object, Account, Content string
	At                       float64
}

// Settings as CooRTweet names them.
type Settings struct {
	Window   float64 // seconds, inclusive
	MinTimes int     // rows an account needs (min_participation)
	Quantile float64 // of the weights, 0 to 1; an edge is kept when its weight is greater
}

// Edge is a pair of accounts, A before B in byte order; Weight counts pairs of contents.
type Edge struct {
	A, B   string
	Weight int
	Kept   bool
}

// names gives strings small numbers.
type names struct {
	of   map[string]int32
	list []string
}

func (n *names) number(s string) int32 {
	if v, ok := n.of[s]; ok {
		return v
	}
	if n.of == nil {
		n.of = map[string]int32{}
	}
	v := int32(len(n.list))
	n.of[s] = v
	n.list = append(n.list, s)
	return v
}

type row struct {
	object, account, content int32
	at                       float64
}

type pair struct{ a, b int32 } // rows

// table is the rows that count, sorted by object and time, with the names behind the numbers.
type table struct {
	rows                       []row
	objects, accounts, content names
}

// Edges counts. The result is sorted by account names and is the same for rows in any order.
func Edges(rows []Row, s Settings) []Edge {
	t := gather(rows, s.MinTimes)
	pairs := t.active(t.pairs(s.Window), s.MinTimes)
	weights := map[[2]int32]int{}
	for _, p := range pairs {
		a, b := t.rows[p.a].account, t.rows[p.b].account
		if t.accounts.list[a] > t.accounts.list[b] {
			a, b = b, a
		}
		weights[[2]int32{a, b}]++
	}
	edges := make([]Edge, 0, len(weights))
	for k, w := range weights {
		edges = append(edges, Edge{A: t.accounts.list[k[0]], B: t.accounts.list[k[1]], Weight: w})
	}
	slices.SortFunc(edges, func(x, y Edge) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	bar := quantile(edges, s.Quantile)
	for i := range edges {
		edges[i].Kept = float64(edges[i].Weight) > bar
	}
	return edges
}

// gather leaves out accounts with too few rows, before anything is paired.
func gather(rows []Row, least int) *table {
	times := map[string]int{}
	for _, r := range rows {
		times[r.Account]++
	}
	t := &table{}
	for _, r := range rows {
		if times[r.Account] >= least {
			t.rows = append(t.rows, row{t.objects.number(r.Object), t.accounts.number(r.Account), t.content.number(r.Content), r.At})
		}
	}
	slices.SortStableFunc(t.rows, func(x, y row) int { return cmp.Or(cmp.Compare(x.object, y.object), cmp.Compare(x.at, y.at)) })
	return t
}

// pairs slides a window over each object's rows. The same account or content twice is no pair, nor is the object itself.
func (t *table) pairs(window float64) (list []pair) {
	lo := 0
	for j := range t.rows {
		if t.rows[lo].object != t.rows[j].object {
			lo = j
		}
		for t.rows[j].at-t.rows[lo].at > window {
			lo++
		}
		for i := lo; i < j; i++ {
			if t.together(t.rows[i], t.rows[j]) {
				list = append(list, pair{int32(i), int32(j)})
			}
		}
	}
	return list
}

func (t *table) together(a, b row) bool {
	object := t.objects.list[a.object]
	return a.account != b.account && a.content != b.content && object != t.content.list[a.content] && object != t.content.list[b.content]
}

// active keeps pairs in which either account has enough rows that are in pairs: a partner of low activity stays.
func (t *table) active(pairs []pair, least int) []pair {
	paired := make([]bool, len(t.content.list))
	for _, p := range pairs {
		paired[t.rows[p.a].content], paired[t.rows[p.b].content] = true, true
	}
	times := make([]int, len(t.accounts.list))
	for _, r := range t.rows {
		if paired[r.content] {
			times[r.account]++
		}
	}
	enough := make([]bool, len(t.content.list))
	for _, r := range t.rows {
		if paired[r.content] && times[r.account] >= least {
			enough[r.content] = true
		}
	}
	return slices.DeleteFunc(pairs, func(p pair) bool { return !enough[t.rows[p.a].content] && !enough[t.rows[p.b].content] })
}

// quantile is R's type 7.
func quantile(edges []Edge, q float64) float64 {
	if len(edges) == 0 {
		return 0
	}
	w := make([]int, len(edges))
	for i, e := range edges {
		w[i] = e.Weight
	}
	slices.Sort(w)
	h := float64(len(w)-1) * q
	l := int(h)
	if l+1 >= len(w) {
		return float64(w[len(w)-1])
	}
	return float64(w[l]) + (h-float64(l))*float64(w[l+1]-w[l])
}
