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
	posts  []int32
	took   int
	weight []float64
	keep   []float64 // of Walker's alias method: the chance that a slot keeps its post,
	alias  []int32   // and the slot that has the rest
}

type weekKind struct {
	week     int
	question bool
}

// presenceTest draws posts by their popularity with everybody else: then an audience that comes when all come is no group.
// stream keeps the random numbers of one group apart from another's.
func (w *page) presenceTest(group []int32, permutations int, stream uint64) presence {
	popular := w.popularity(group)
	var cells []cell
	at := make([]int32, len(w.posts))
	for _, a := range group {
		cells = append(cells, w.cells(a, popular)...)
		for _, o := range w.by[a].posts {
			at[o]++
		}
	}
	t := presence{together: pairsAt(at)}
	values := w.redrawn(cells, stream, 0, min(permutations, firstLook))
	if t.reached(values) < clearly {
		values = append(values, w.redrawn(cells, stream, firstLook, permutations)...)
	}
	sum, squares, n := 0.0, 0.0, float64(len(values))
	for _, v := range values {
		sum, squares = sum+v, squares+v*v
	}
	t.expected = sum / n
	t.sd = math.Sqrt(max(1e-9, squares/n-t.expected*t.expected))
	t.p = float64(1+t.reached(values)) / (n + 1)
	return t
}

const (
	rounds = 250 // draws that one worker makes with random numbers of its own: the result hangs on no number of processors
	// After the first look a group that chance reached this often is none: the rest of the draws would tell nothing.
	firstLook = 1000
	clearly   = 100
)

func (p presence) reached(values []float64) (n int) {
	for _, v := range values {
		if v >= p.together {
			n++
		}
	}
	return n
}

// redrawn is how often members stand together in draws from one number to another, both multiples of rounds.
func (w *page) redrawn(cells []cell, stream uint64, from, to int) []float64 {
	if to <= from {
		return nil
	}
	parts := make([][]float64, (to-from+rounds-1)/rounds)
	parallel(len(parts), func() func(int) {
		at, d := make([]int32, len(w.posts)), draw{taken: make([]int32, len(w.posts))}
		return func(part int) {
			first := from + part*rounds
			d.rng = rand.New(rand.NewPCG(w.s.Seed, stream<<32|uint64(first/rounds)))
			for range min(rounds, to-first) {
				clear(at)
				for i := range cells {
					d.some(&cells[i], at)
				}
				parts[part] = append(parts[part], pairsAt(at))
			}
		}
	})
	return slices.Concat(parts...)
}

func pairsAt(at []int32) float64 {
	t := int64(0)
	for _, n := range at {
		t += int64(n) * int64(n-1) / 2
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
func (w *page) cells(a int32, popular []float64) []cell {
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
			of[k].prepare(popular)
			list = append(list, *of[k])
		}
	}
	return list
}

// prepare makes drawing one post by its weight a matter of two random numbers (Walker 1977, Vose 1991).
func (c *cell) prepare(weight []float64) {
	n := len(c.posts)
	sum := 0.0
	for _, o := range c.posts {
		sum += weight[o]
		c.weight = append(c.weight, weight[o])
	}
	c.keep, c.alias = make([]float64, n), make([]int32, n)
	var small, large []int32
	for i, o := range c.posts {
		if c.keep[i] = weight[o] * float64(n) / sum; c.keep[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		c.alias[s] = l
		if c.keep[l] -= 1 - c.keep[s]; c.keep[l] < 1 {
			large, small = large[:len(large)-1], append(small, l)
		}
	}
	for _, i := range slices.Concat(small, large) {
		c.keep[i], c.alias[i] = 1, i
	}
}

// draw takes posts one after another by weight, without replacement.
type draw struct {
	rng   *rand.Rand
	taken []int32 // the last drawing in which a post was taken
	now   int32
	keys  []drawn
}

type drawn struct {
	key  float64
	post int32
}

// some draws what the cell's member took and counts it. A post that is drawn again is passed over, which is drawing from
// the rest; when few are left to find, the rest is drawn by exponential waiting times (Efraimidis and Spirakis 2006).
func (d *draw) some(c *cell, at []int32) {
	n := len(c.posts)
	if c.took >= n {
		for _, o := range c.posts {
			at[o]++
		}
		return
	}
	d.now++
	left := c.took
	for try := 0; left > 0 && try < 3*n; try++ {
		i := d.rng.IntN(n)
		if d.rng.Float64() >= c.keep[i] {
			i = int(c.alias[i])
		}
		if o := c.posts[i]; d.taken[o] != d.now {
			d.taken[o] = d.now
			at[o]++
			left--
		}
	}
	if left > 0 {
		d.rest(c, at, left)
	}
}

func (d *draw) rest(c *cell, at []int32, left int) {
	d.keys = d.keys[:0]
	for i, o := range c.posts {
		if d.taken[o] != d.now {
			d.keys = append(d.keys, drawn{d.rng.ExpFloat64() / c.weight[i], o})
		}
	}
	slices.SortFunc(d.keys, func(a, b drawn) int { return cmp.Compare(a.key, b.key) })
	for _, k := range d.keys[:left] {
		at[k.post]++
	}
}
