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

// spans are, for each act, its neighbours within the widest window, at most so many on either side, and how many acts are
// within each window, itself included.
type span struct {
	lo, hi int32
	inside [3]int32
}

func (w *page) spans() []span {
	list := make([]span, len(w.acts))
	parallel(len(w.posts), func() func(int) {
		return func(o int) {
			p := w.posts[o]
			for k, window := range w.s.Windows {
				lo, hi := p.from, p.from
				for i := p.from; i < p.to; i++ {
					for w.acts[i].at-w.acts[lo].at > window {
						lo++
					}
					for hi < p.to && w.acts[hi].at-w.acts[i].at <= window {
						hi++
					}
					list[i].inside[k] = int32(hi - lo)
					list[i].lo, list[i].hi = int32(max(lo, i-w.s.Neighbours)), int32(min(hi, i+w.s.Neighbours+1))
				}
			}
		}
	})
	return list
}

// follow lists the acts of each account that has enough posts to be compared.
func (w *page) follow() {
	from := make([]int32, len(w.names)+1)
	for a, n := range w.degree {
		if int(n) < w.s.Shared {
			n = 0
		}
		from[a+1] = from[a] + n
	}
	acts, posts, next := make([]int32, from[len(w.names)]), make([]int32, from[len(w.names)]), slices.Clone(from)
	for i, x := range w.acts {
		if w.busy(x.account) {
			k := next[x.account]
			acts[k], posts[k] = int32(i), x.post
			next[x.account]++
		}
	}
	w.by, w.under = make([][]int32, len(w.names)), make([][]int32, len(w.names))
	for a := range w.by {
		w.by[a], w.under[a] = acts[from[a]:from[a+1]], posts[from[a]:from[a+1]]
	}
}

func (w *page) busy(account int32) bool { return int(w.degree[account]) >= w.s.Shared }

// companions finds, for each account, who is near it again and again within the widest window, and the pairs worth testing.
// It goes account by account with one counter for everybody else, because a table of all pairs of a large page that ever
// were near each other does not fit anywhere.
func (w *page) companions(spans []span) (of [][]companion, candidates []pair) {
	who, none := make([]int32, len(w.acts)), int32(len(w.names))
	for i, x := range w.acts {
		if who[i] = none; w.busy(x.account) {
			who[i] = x.account
		}
	}
	of = make([][]companion, len(w.names))
	parallel(len(w.names), func() func(int) {
		times := make([]uint16, len(w.names)+1)
		return func(a int) { of[a] = w.repeats(int32(a), spans, who, times) }
	})
	n := 0
	for _, list := range of {
		n += len(list)
	}
	candidates = make([]pair, 0, n/2)
	for a, list := range of {
		for _, c := range list {
			if c.other > int32(a) {
				candidates = append(candidates, pair{int32(a), c.other})
			}
		}
	}
	return of, candidates
}

// repeats are the companions of one account; times is all zero before and after.
func (w *page) repeats(a int32, spans []span, who []int32, times []uint16) (list []companion) {
	if len(w.by[a]) < minRepeats {
		return nil
	}
	for _, i := range w.by[a] {
		for _, b := range who[spans[i].lo:spans[i].hi] {
			if times[b] < math.MaxUint16 {
				times[b]++
			}
		}
	}
	times[a], times[len(times)-1] = 0, 0
	for _, i := range w.by[a] {
		for _, b := range who[spans[i].lo:spans[i].hi] {
			if n := times[b]; n >= minRepeats {
				list = append(list, companion{b, n})
			}
			times[b] = 0
		}
	}
	slices.SortFunc(list, func(x, y companion) int { return cmp.Compare(x.other, y.other) })
	return list
}

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
func (w *page) crowd(companions [][]companion, spans []span) {
	curves := w.curves()
	parallel(len(w.names), func() func(int) {
		slot := make([]int32, len(w.posts)) // the account's act under each post, plus one
		var left []around
		return func(a int) {
			if len(companions[a]) == 0 {
				return
			}
			left = append(left[:0], make([]around, len(w.by[a]))...)
			for k, o := range w.under[a] {
				slot[o] = int32(k) + 1
			}
			for _, c := range companions[a] {
				w.leaveOut(c, w.by[a], slot, left)
			}
			for k, i := range w.by[a] {
				w.near(&w.acts[i], spans[i], left[k], curves[w.posts[w.acts[i].post].stratum])
			}
			for _, o := range w.under[a] {
				slot[o] = 0
			}
		}
	})
}

// around counts the companions under the post of an act: all, and within each window.
type around struct {
	all    int32
	inside [3]int32
}

// leaveOut counts a companion under the posts that it shares with the account whose acts are given.
func (w *page) leaveOut(c companion, mine, slot []int32, left []around) {
	for k, o := range w.under[c.other] {
		s := slot[o]
		if s == 0 {
			continue
		}
		apart, enough := math.Abs(w.acts[w.by[c.other][k]].at-w.acts[mine[s-1]].at), uint16(minRepeats)
		if apart <= w.s.Windows[2] {
			enough++ // without this post
		}
		if c.times < enough {
			continue
		}
		x := &left[s-1]
		x.all++
		for n, window := range w.s.Windows {
			if apart <= window {
				x.inside[n]++
			}
		}
	}
}

func (w *page) near(x *act, s span, left around, c curve) {
	p := w.posts[x.post]
	others := float64(p.to - p.from - 1 - int(left.all))
	for k, window := range w.s.Windows {
		inside := float64(s.inside[k] - 1 - left.inside[k])
		x.near[k] = (inside + w.s.Prior*c.between(x.delay-window, x.delay+window)) / (others + w.s.Prior)
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
// eligible: the candidates were picked by what is tested. Pairs whose chance is so large that no correction could let them
// pass, whatever the others are, are dropped.
func (w *page) screen(candidates []pair, eligible int) (links []link) {
	bar := w.s.ScreenFDR * float64(len(candidates)) / float64(max(eligible, 1))
	const part = 1024
	parts := make([][]link, (len(candidates)+part-1)/part)
	parallel(len(parts), func() func(int) {
		var t shared
		return func(n int) {
			for _, c := range candidates[n*part : min(len(candidates), (n+1)*part)] {
				t.meet(w, c)
				if len(t.posts) < w.s.Shared {
					continue
				}
				if l := t.test(w, c); l.p <= bar {
					parts[n] = append(parts[n], l)
				}
			}
		}
	})
	links = slices.Concat(parts...)
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
	a, b := w.under[c.a], w.under[c.b]
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch x, y := a[i], b[j]; {
		case x < y:
			i += gallop(a[i:], y)
		case x > y:
			j += gallop(b[j:], x)
		default:
			t.posts = append(t.posts, [2]int32{w.by[c.a][i], w.by[c.b][j]})
			i, j = i+1, j+1
		}
	}
}

// gallop is how many posts stand before the one.
func gallop(posts []int32, to int32) int {
	step := 1
	for step < len(posts) && posts[step] < to {
		step *= 2
	}
	lo, hi := step/2+1, min(step, len(posts))
	for lo < hi {
		if m := (lo + hi) / 2; posts[m] < to {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
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
