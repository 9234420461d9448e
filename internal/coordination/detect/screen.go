package detect

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// pair is a key of two accounts, the smaller first.
type pair struct{ a, b int32 }

func pairOf(a, b int32) pair { return pair{min(a, b), max(a, b)} }

// minRepeats is how many coincidences within the widest window make two accounts companions.
const minRepeats = 3

// companion is somebody who is near an account again and again, and how often.
type companion struct {
	other int32
	times uint16
}

// companions finds, for each account, who is near it again and again within the widest window, and the pairs worth testing.
func (w *page) companions() (of [][]companion, candidates []pair) {
	times := map[pair]uint16{}
	for _, p := range w.posts {
		lo := p.from
		for j := p.from; j < p.to; j++ {
			if !w.busy(j) {
				continue
			}
			for w.acts[j].at-w.acts[lo].at > w.s.Windows[2] {
				lo++
			}
			for i := max(lo, j-w.s.Neighbours); i < j; i++ {
				if w.busy(i) {
					times[pairOf(w.acts[i].account, w.acts[j].account)]++
				}
			}
		}
	}
	of = make([][]companion, len(w.names))
	for k, n := range times {
		if n >= minRepeats {
			candidates = append(candidates, k)
			of[k.a] = append(of[k.a], companion{k.b, n})
			of[k.b] = append(of[k.b], companion{k.a, n})
		}
	}
	slices.SortFunc(candidates, func(x, y pair) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) })
	return of, candidates
}

func (w *page) busy(i int) bool { return int(w.degree[w.acts[i].account]) >= w.s.Shared }

// curve is the page's delay distribution of a stratum, each account weighing one in total.
type curve struct{ delay, weight []float64 }

func (w *page) curves() (c [strata]curve) {
	type point struct{ delay, weight float64 }
	var pool [strata][]point
	for _, a := range w.acts {
		h := w.posts[a.post].stratum
		pool[h] = append(pool[h], point{a.delay, 1 / float64(w.degree[a.account])})
	}
	for h := range pool {
		slices.SortFunc(pool[h], func(x, y point) int { return cmp.Or(cmp.Compare(x.delay, y.delay), cmp.Compare(x.weight, y.weight)) })
		sum := 0.0
		for _, x := range pool[h] {
			sum += x.weight
			c[h].delay, c[h].weight = append(c[h].delay, x.delay), append(c[h].weight, sum)
		}
	}
	return c
}

// between is the share of the curve from lo to hi, never quite nothing.
func (c curve) between(lo, hi float64) float64 {
	n := len(c.delay)
	if n == 0 {
		return 0
	}
	i := sort.SearchFloat64s(c.delay, lo)
	j := sort.Search(n, func(k int) bool { return c.delay[k] > hi })
	if j <= i {
		return 0.5 / c.weight[n-1]
	}
	before := 0.0
	if i > 0 {
		before = c.weight[i-1]
	}
	return (c.weight[j-1] - before) / c.weight[n-1]
}

// crowd reckons, for every action of an account that has companions, how likely somebody of the crowd is near it.
// Companions are left out, or a group would count as its own crowd; whether somebody is a companion is decided without the
// post in question, so that choosing them does not bend the test on it.
func (w *page) crowd(companions [][]companion) {
	curves := w.curves()
	w.by = make([][]int32, len(w.names))
	times := make([]uint16, len(w.names)) // of the account at hand
	for a := range companions {
		slices.SortFunc(companions[a], func(x, y companion) int { return cmp.Compare(x.other, y.other) })
	}
	for i := range w.acts {
		x := &w.acts[i]
		mine := companions[x.account]
		if mine == nil {
			continue
		}
		for _, c := range mine {
			times[c.other] = c.times
		}
		w.near(i, times, curves[w.posts[x.post].stratum])
		for _, c := range mine {
			times[c.other] = 0
		}
		w.by[x.account] = append(w.by[x.account], int32(i))
	}
}

func (w *page) near(i int, times []uint16, c curve) {
	x := &w.acts[i]
	var inside [3]float64
	others := 0.0
	for j := w.posts[x.post].from; j < w.posts[x.post].to; j++ {
		if j == i {
			continue
		}
		apart, enough := math.Abs(w.acts[j].at-x.at), uint16(minRepeats)
		if apart <= w.s.Windows[2] {
			enough++ // without this post
		}
		if times[w.acts[j].account] >= enough {
			continue
		}
		others++
		for k, window := range w.s.Windows {
			if apart <= window {
				inside[k]++
			}
		}
	}
	for k, window := range w.s.Windows {
		x.near[k] = (inside[k] + w.s.Prior*c.between(x.delay-window, x.delay+window)) / (others + w.s.Prior)
	}
}

// link is a tested pair.
type link struct {
	pair
	shared   int
	together [3]int
	window   int
	expected float64
	p, q     float64
	z        float64 // of common delays
}

// screen tests the candidates against the crowd, in both directions and all windows, and corrects for every pair that was
// eligible: the candidates were picked by what is tested.
func (w *page) screen(candidates []pair, eligible int) []link {
	var links []link
	var t shared
	for _, c := range candidates {
		t.meet(w, c)
		if len(t.posts) < w.s.Shared {
			continue
		}
		links = append(links, t.test(w, c))
	}
	p := make([]float64, len(links))
	for i := range links {
		p[i] = links[i].p
	}
	for i, q := range adjusted(p, eligible) {
		links[i].q = q
	}
	return links
}

// shared is the posts of two accounts, with room to work.
type shared struct {
	posts [][2]int32 // act of the one, act of the other
	q     []float64
	work  [exactUpTo + 1]float64
}

// meet finds the posts that both acted under; each list is in order of posts.
func (t *shared) meet(w *page, c pair) {
	t.posts = t.posts[:0]
	a, b := w.by[c.a], w.by[c.b]
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch x, y := w.acts[a[i]].post, w.acts[b[j]].post; {
		case x < y:
			i += gallop(w, a[i:], y)
		case x > y:
			j += gallop(w, b[j:], x)
		default:
			t.posts = append(t.posts, [2]int32{a[i], b[j]})
			i, j = i+1, j+1
		}
	}
}

// gallop is how many acts stand before the post.
func gallop(w *page, acts []int32, to int32) int {
	step := 1
	for step < len(acts) && w.acts[acts[step]].post < to {
		step *= 2
	}
	lo := step / 2
	return lo + sort.Search(min(step, len(acts))-lo, func(k int) bool { return w.acts[acts[lo+k]].post >= to })
}

func (t *shared) test(w *page, c pair) link {
	l := link{pair: c, shared: len(t.posts), p: 1}
	for k, window := range w.s.Windows {
		n := 0
		for _, x := range t.posts {
			if math.Abs(w.acts[x[0]].at-w.acts[x[1]].at) <= window {
				n++
			}
		}
		l.together[k] = n
		if n < 2 {
			continue
		}
		p, expected := 0.0, 0.0
		for side := range 2 {
			sum := 0.0
			t.q = t.q[:0]
			for _, x := range t.posts {
				q := w.acts[x[side]].near[k]
				t.q, sum = append(t.q, q), sum+q
			}
			p, expected = max(p, tail(t.q, n, t.work[:])), max(expected, sum)
		}
		if p = min(1, p*float64(len(w.s.Windows))); p < l.p {
			l.p, l.expected, l.window = p, expected, k
		}
	}
	return l
}
