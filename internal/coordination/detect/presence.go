package detect

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// presence is the test of a whole group: how often its members stand together under a post, against what chance would
// bring when every member keeps how many posts it took in each week, of each kind, and only which ones is redrawn.
type presence struct {
	together, expected, sd, p float64
}

// cell is the posts of one week and kind during a member's time here, and how many of them it took.
type cell struct {
	posts []int32
	took  int
}

type weekKind struct {
	week     int
	question bool
}

// presenceTest draws posts by their popularity with everybody else: then an audience that comes when all come is no group.
func (w *page) presenceTest(group []int32, permutations int, rng *rand.Rand) presence {
	popular := w.popularity(group)
	cells, at := make([][]cell, len(group)), make([]int, len(w.posts))
	for k, a := range group {
		cells[k] = w.cells(a)
		for _, i := range w.by[a].acts {
			at[w.acts[i].post]++
		}
	}
	t := presence{together: pairsAt(at)}
	reached, sum, squares := 0, 0.0, 0.0
	var d draw
	for range permutations {
		clear(at)
		for _, list := range cells {
			for _, c := range list {
				for _, o := range d.some(c, popular, rng) {
					at[o]++
				}
			}
		}
		v := pairsAt(at)
		sum, squares = sum+v, squares+v*v
		if v >= t.together {
			reached++
		}
	}
	n := float64(permutations)
	t.expected = sum / n
	t.sd = math.Sqrt(max(1e-9, squares/n-t.expected*t.expected))
	t.p = float64(1+reached) / (n + 1)
	return t
}

func pairsAt(at []int) float64 {
	t := 0
	for _, n := range at {
		t += n * (n - 1) / 2
	}
	return float64(t)
}

// popularity is one more than the actions of everybody else under each post.
func (w *page) popularity(group []int32) []float64 {
	popular := make([]float64, len(w.posts))
	for o, p := range w.posts {
		popular[o] = 1
		for i := p.from; i < p.to; i++ {
			if _, in := slices.BinarySearch(group, w.acts[i].account); !in {
				popular[o]++
			}
		}
	}
	return popular
}

// cells parts the posts between the member's first and last by week and kind; posts without any action are left out.
func (w *page) cells(a int32) []cell {
	mine := w.by[a].posts
	first, last := w.posts[mine[0]].published, w.posts[mine[len(mine)-1]].published
	of := map[weekKind]*cell{}
	var keys []weekKind
	for o, p := range w.posts {
		if p.from == p.to || p.published < first || p.published > last {
			continue
		}
		k := weekKind{p.week, p.question}
		c, known := of[k]
		if !known {
			c = &cell{}
			of[k], keys = c, append(keys, k)
		}
		c.posts = append(c.posts, int32(o))
		if w.actUnder(a, int32(o)) >= 0 {
			c.took++
		}
	}
	var list []cell
	for _, k := range keys {
		if of[k].took > 0 {
			list = append(list, *of[k])
		}
	}
	return list
}

// draw takes posts without replacement, weighted.
type draw struct {
	keys []drawn
	out  []int32
}

type drawn struct {
	key  float64
	post int32
}

// some gives each post an exponential waiting time with its weight as the rate, and takes those that come first
// (Efraimidis and Spirakis 2006).
func (d *draw) some(c cell, weight []float64, rng *rand.Rand) []int32 {
	if c.took >= len(c.posts) {
		return c.posts
	}
	d.keys, d.out = d.keys[:0], d.out[:0]
	for _, o := range c.posts {
		d.keys = append(d.keys, drawn{rng.ExpFloat64() / weight[o], o})
	}
	slices.SortFunc(d.keys, func(a, b drawn) int { return cmp.Compare(a.key, b.key) })
	for _, k := range d.keys[:c.took] {
		d.out = append(d.out, k.post)
	}
	return d.out
}
