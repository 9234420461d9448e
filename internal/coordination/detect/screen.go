package detect

import (
	"cmp"
	"math"
	"slices"
)

// pair is a key of two accounts, the smaller first.
type pair struct{ a, b int32 }

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
	n := from[len(w.names)]
	all, next := trail{make([]int32, n), make([]int32, n), make([]float64, n), make([][3]float64, n)}, slices.Clone(from)
	for i, x := range w.acts {
		if w.busy(x.account) {
			k := next[x.account]
			all.acts[k], all.posts[k], all.at[k] = int32(i), x.post, x.at
			next[x.account]++
		}
	}
	w.by = make([]trail, len(w.names))
	for a := range w.by {
		f, t := from[a], from[a+1]
		w.by[a] = trail{all.acts[f:t], all.posts[f:t], all.at[f:t], all.near[f:t]}
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
	if len(w.by[a].acts) < minRepeats {
		return nil
	}
	for _, i := range w.by[a].acts {
		for _, b := range who[spans[i].lo:spans[i].hi] {
			if times[b] < math.MaxUint16 {
				times[b]++
			}
		}
	}
	times[a], times[len(times)-1] = 0, 0
	for _, i := range w.by[a].acts {
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

// curve is the page's delay distribution of a stratum, each account weighing one in total. at[k] is how many delays are
// shorter than k steps: the search begins there.
type curve struct {
	delay, weight []float64
	at            []int32
}

const (
	step  = 64.0
	steps = 1 << 14 // twelve days; longer delays share the last
)

func (w *page) curves() (c [strata]curve) {
	type point struct{ delay, weight float64 }
	var pool [strata][]point
	for _, a := range w.acts {
		h := w.posts[a.post].stratum
		pool[h] = append(pool[h], point{a.delay, 1 / float64(w.degree[a.account])})
	}
	parallel(strata, func() func(int) {
		return func(h int) {
			slices.SortFunc(pool[h], func(x, y point) int {
				switch {
				case x.delay < y.delay, x.delay == y.delay && x.weight < y.weight:
					return -1
				case x.delay == y.delay && x.weight == y.weight:
					return 0
				}
				return 1
			})
			x := &c[h]
			x.delay, x.weight, x.at = make([]float64, len(pool[h])), make([]float64, len(pool[h])), make([]int32, steps+1)
			sum := 0.0
			for i, p := range pool[h] {
				sum += p.weight
				x.delay[i], x.weight[i] = p.delay, sum
				if k := min(max(p.delay/step, 0), steps-1); k >= 0 {
					x.at[int(k)+1] = int32(i) + 1
				}
			}
			for k := range steps {
				x.at[k+1] = max(x.at[k+1], x.at[k])
			}
		}
	})
	return c
}

// before is how many delays are less than d, or not more.
func (c curve) before(d float64, orEqual bool) int {
	k := int(min(max(d/step, 0), steps-1))
	lo, hi := int(c.at[k]), int(c.at[k+1])
	for lo < hi {
		m := (lo + hi) / 2
		if c.delay[m] < d || orEqual && c.delay[m] == d {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// between is the share of the curve from lo to hi, never quite nothing.
func (c curve) between(lo, hi float64) float64 {
	n := len(c.delay)
	if n == 0 {
		return 0
	}
	i, j := c.before(lo, false), c.before(hi, true)
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
			mine := w.by[a]
			left = append(left[:0], make([]around, len(mine.acts))...)
			for k, o := range mine.posts {
				slot[o] = int32(k) + 1
			}
			for _, c := range companions[a] {
				w.leaveOut(c, mine, slot, left)
			}
			for k, i := range mine.acts {
				mine.near[k] = w.near(w.acts[i], spans[i], left[k], curves[w.posts[w.acts[i].post].stratum])
			}
			for _, o := range mine.posts {
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
func (w *page) leaveOut(c companion, mine trail, slot []int32, left []around) {
	its := w.by[c.other]
	for k, o := range its.posts {
		s := slot[o]
		if s == 0 {
			continue
		}
		apart, enough := math.Abs(its.at[k]-mine.at[s-1]), uint16(minRepeats)
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

func (w *page) near(x act, s span, left around, c curve) (q [3]float64) {
	p := w.posts[x.post]
	others := float64(p.to - p.from - 1 - int(left.all))
	for k, window := range w.s.Windows {
		inside := float64(s.inside[k] - 1 - left.inside[k])
		q[k] = (inside + w.s.Prior*c.between(x.delay-window, x.delay+window)) / (others + w.s.Prior)
	}
	return q
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
				if l := t.test(w, c, bar); l.p <= bar {
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
	posts [][2]int32 // place in the trail of the one and of the other
	q     []float64
	work  [exactUpTo + 1]float64
}

// meet finds the posts that both acted under; each list is in order of posts.
func (t *shared) meet(w *page, c pair) {
	t.posts = t.posts[:0]
	a, b := w.by[c.a].posts, w.by[c.b].posts
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch x, y := a[i], b[j]; {
		case x < y:
			i += gallop(a[i:], y)
		case x > y:
			j += gallop(b[j:], x)
		default:
			t.posts = append(t.posts, [2]int32{int32(i), int32(j)})
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

// test gives up on a window as soon as the chance is seen to be above the bar.
func (t *shared) test(w *page, c pair, bar float64) link {
	l := link{pair: c, shared: len(t.posts), p: 1}
	a, b := w.by[c.a], w.by[c.b]
	for _, x := range t.posts {
		apart := math.Abs(a.at[x[0]] - b.at[x[1]])
		for k, window := range w.s.Windows {
			if apart <= window {
				l.together[k]++
			}
		}
	}
	for k, n := range l.together {
		if n < 2 {
			continue
		}
		p, expected := 0.0, 0.0
		for side, near := range [2][][3]float64{a.near, b.near} {
			sum := 0.0
			t.q = t.q[:0]
			for _, x := range t.posts {
				q := near[x[side]][k]
				t.q, sum = append(t.q, q), sum+q
			}
			expected = max(expected, sum)
			if sum >= float64(n) { // the median is not below the mean's whole part, so at least as many come half the time
				p = max(p, 0.5)
			} else if p <= bar {
				p = max(p, tail(t.q, n, t.work[:]))
			}
		}
		if p = min(1, p*float64(len(w.s.Windows))); p < l.p {
			l.p, l.expected, l.window = p, expected, k
		}
	}
	return l
}
