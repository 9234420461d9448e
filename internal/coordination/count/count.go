// Package count finds pairs of accounts that share the same object within a time window, as CooRTweet 2.1.3 does
// (domain/coordination.md 3.2): the same edges and weights, for comparison with published work.
//
// What it keeps is the upper part of the weights by a quantile. That says nothing about chance: a quantile always
// returns somebody, also where nobody acts together. Findings about accounts come from the package detect.
package count

import (
	"cmp"
	"math"
	"slices"
)

// Row is one action: an account shares an object in a content at a time in seconds. Where one of the four is not known the
// row is Missing: it counts for its account and is in no pair.
type Row struct {
	Object, Account, Content string
	At                       float64
	Missing                  bool
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

// row is an action in numbers. alone tells that it is in no pair: something is missing, or the content is the object itself,
// which is no share of it.
type row struct {
	object, account, content int32
	at                       float64
	alone                    bool
}

// table is the rows that count, sorted by object and time. Accounts are numbered in order of their names.
type table struct {
	rows     []row
	lo, hi   []int32 // rows of the same object within the window of each
	accounts []string
	contents int
}

// Edges counts. The result is sorted by account names and is the same for rows in any order.
func Edges(rows []Row, s Settings) []Edge {
	t := gather(rows, s.MinTimes)
	t.spans(s.Window)
	edges := t.count(t.active(s.MinTimes))
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
	for a, n := range times {
		if n >= least {
			t.accounts = append(t.accounts, a)
		}
	}
	slices.Sort(t.accounts)
	number := make(map[string]int32, len(t.accounts))
	for i, a := range t.accounts {
		number[a] = int32(i)
	}
	objects, contents := map[string]int32{}, make(map[string]int32, len(rows))
	numbered := func(of map[string]int32, s string) int32 {
		n, known := of[s]
		if !known {
			n = int32(len(of))
			of[s] = n
		}
		return n
	}
	t.rows = make([]row, 0, len(rows))
	for _, r := range rows {
		if a, enough := number[r.Account]; enough {
			t.rows = append(t.rows, row{numbered(objects, r.Object), a, numbered(contents, r.Content), r.At, r.Missing || r.Object == r.Content})
		}
	}
	t.contents = len(contents)
	slices.SortStableFunc(t.rows, func(x, y row) int {
		if x.object != y.object {
			return int(x.object - y.object)
		}
		return cmp.Compare(x.at, y.at)
	})
	return t
}

// spans slides the window over each object's rows; its edge belongs to it.
func (t *table) spans(window float64) {
	t.lo, t.hi = make([]int32, len(t.rows)), make([]int32, len(t.rows))
	lo, hi := 0, 0
	for i, r := range t.rows {
		for t.rows[lo].object != r.object || r.at-t.rows[lo].at > window {
			lo++
		}
		for hi = max(hi, i); hi < len(t.rows) && t.rows[hi].object == r.object && t.rows[hi].at-r.at <= window; {
			hi++
		}
		t.lo[i], t.hi[i] = int32(lo), int32(hi)
	}
}

// together tells whether two rows of one object within the window are a pair: not of one account or one content, and neither
// of them alone.
func together(a, b row) bool {
	return a.account != b.account && a.content != b.content && !a.alone && !b.alone
}

// active tells which contents belong to an account with enough rows that are in pairs. Of a pair one such content is enough:
// a partner of low activity stays.
func (t *table) active(least int) []bool {
	paired := make([]bool, t.contents)
	for j, r := range t.rows {
		for i := t.lo[j]; i < int32(j); i++ {
			if together(t.rows[i], r) {
				paired[t.rows[i].content], paired[r.content] = true, true
			}
		}
	}
	times := make([]int, len(t.accounts))
	for _, r := range t.rows {
		if paired[r.content] {
			times[r.account]++
		}
	}
	enough := make([]bool, t.contents)
	for _, r := range t.rows {
		if paired[r.content] && times[r.account] >= least {
			enough[r.content] = true
		}
	}
	return enough
}

// count goes account by account with one counter for every other: pairs need no table of their own.
func (t *table) count(enough []bool) []Edge {
	edges := []Edge{}
	of, from := t.byAccount()
	weight := make([]int, len(t.accounts))
	var met []int32
	for a := range t.accounts {
		met = met[:0]
		for _, i := range of[from[a]:from[a+1]] {
			r := t.rows[i]
			for j := t.lo[i]; j < t.hi[i]; j++ {
				b := t.rows[j]
				if b.account <= r.account || !together(r, b) || !enough[r.content] && !enough[b.content] {
					continue
				}
				if weight[b.account] == 0 {
					met = append(met, b.account)
				}
				weight[b.account]++
			}
		}
		slices.Sort(met)
		for _, b := range met {
			edges = append(edges, Edge{A: t.accounts[a], B: t.accounts[b], Weight: weight[b]})
			weight[b] = 0
		}
	}
	return edges
}

// byAccount lists the rows of each account: those of a are of[from[a]:from[a+1]].
func (t *table) byAccount() (of, from []int32) {
	from = make([]int32, len(t.accounts)+1)
	for _, r := range t.rows {
		from[r.account+1]++
	}
	for a := range t.accounts {
		from[a+1] += from[a]
	}
	of = make([]int32, len(t.rows))
	next := slices.Clone(from)
	for i, r := range t.rows {
		of[next[r.account]] = int32(i)
		next[r.account]++
	}
	return of, from
}

// quantile is R's type 7 with its very roundings, which decide at the edge: R counts from 1, and weighs both neighbours.
func quantile(edges []Edge, q float64) float64 {
	if len(edges) == 0 {
		return 0
	}
	w := make([]int, len(edges))
	for i, e := range edges {
		w[i] = e.Weight
	}
	slices.Sort(w)
	at := 1 + float64(float64(len(w)-1)*q) // the conversions forbid fused steps, which round otherwise
	low := math.Floor(at)
	below, above := float64(w[int(low)-1]), float64(w[min(int(low), len(w)-1)])
	if at == low || below == above {
		return below
	}
	h := at - low
	return float64((1-h)*below) + float64(h*above)
}
