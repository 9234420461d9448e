package detect

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Hand is a pair of accounts that act the way one person does who signs out of one and into the other: again and again
// within minutes of each other, and never within the time that changing accounts takes. Two people who wait for each other
// look the same. It makes no group (domain/coordination.md 4.5).
type Hand struct {
	A, B     string
	Shared   int     // posts under which both acted
	Near     int     // of those, within ten minutes of each other
	Expected float64 // of those, by the pair's own habits: their delays shuffled among posts of the same part of the day
	Closest  float64 // seconds between the two at the nearest
	First    int     // of the near ones, A came first
	Sessions int     // stretches without a pause of half an hour in which both acted anywhere on the page
	Apart    int     // of those, one had finished before the other began
	P, Q     float64
}

const (
	switching    = 15.0  // seconds that changing accounts takes at least
	surge        = 600.0 // seconds within which one hand acts twice
	fewNear      = 8
	pause        = 1800.0
	handFDR      = 0.05
	handShuffles = 20_000
)

// gaps are times (c, l) that are tried. The longer the time between two independent people, the rarer it is, so of what is
// within l at least the share c/l is within c.
var gaps = [][2]float64{{15, 60}, {15, 120}, {15, 300}, {30, 120}, {30, 300}}

// hands tests the pairs that passed the screen for one hand. Both must hold, so the larger of two chances counts: that
// nobody would be missing from the first seconds if the two came independently of each other (exclusion), and that their own
// habits bring them together as often (surge). Pairs who between them never sleep are left out: one person does.
func (w *page) hands(links []link) []Hand {
	list, tested := w.excluded(links)
	parallel(len(list), func() func(int) {
		var t shared
		return func(i int) {
			h := &list[i]
			t.meet(w, h.pair)
			p, expected := w.habits(h.pair, t.posts, h.Near)
			h.P, h.Expected = max(h.P, p), expected
			w.sessions(h.pair, &h.Hand)
		}
	})
	p := make([]float64, len(list))
	for i := range list {
		p[i] = list[i].P
	}
	var out []Hand
	for i, q := range adjusted(p, tested) {
		if list[i].Q = q; q <= handFDR {
			out = append(out, list[i].Hand)
		}
	}
	slices.SortStableFunc(out, func(a, b Hand) int { return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(b.Near, a.Near)) })
	return out
}

// hand is a Hand with the numbers of its accounts.
type hand struct {
	Hand
	pair
}

// excluded are the pairs whose exclusion alone could pass the correction for all that were tested.
func (w *page) excluded(links []link) (list []hand, tested int) {
	var t shared
	for _, l := range links {
		if l.q > w.s.ScreenFDR {
			continue
		}
		t.meet(w, l.pair)
		h, apart := w.pairing(l.pair, t.posts)
		if h.Near < fewNear {
			continue
		}
		tested++
		if h.P = exclusion(apart); h.P <= handFDR && !w.sleepless(l.pair) {
			list = append(list, hand{h, l.pair})
		}
	}
	for n := -1; n != len(list); {
		n = len(list)
		bar := handFDR * float64(n) / float64(max(tested, 1))
		list = slices.DeleteFunc(list, func(h hand) bool { return h.P > bar })
	}
	return list, tested
}

// pairing counts how the two stand to each other under the posts they share.
func (w *page) pairing(c pair, posts [][2]int32) (h Hand, apart []float64) {
	a, b := w.by[c.a], w.by[c.b]
	h = Hand{A: w.names[c.a], B: w.names[c.b], Shared: len(posts), Closest: math.Inf(1)}
	for _, x := range posts {
		d := b.at[x[1]] - a.at[x[0]]
		apart = append(apart, math.Abs(d))
		h.Closest = min(h.Closest, math.Abs(d))
		if math.Abs(d) <= surge {
			h.Near++
			if d > 0 {
				h.First++
			}
		}
	}
	return h, apart
}

// exclusion is the chance that the first seconds are empty though the minutes after them are not, if nothing kept the two
// from acting at once.
func exclusion(apart []float64) float64 {
	least := 1.0
	for _, g := range gaps {
		p, n := 1.0, 0
		for _, d := range apart {
			if d < g[0] {
				n = -1
				break
			}
			if d <= g[1] {
				n++
			}
		}
		if n > 0 {
			p = math.Pow(1-g[0]/g[1], float64(n))
		}
		least = min(least, p)
	}
	return min(1, least*float64(len(gaps)))
}

// habits shuffles one account's delays among the shared posts of the same stratum and counts how often the two are as often
// near, and how often on average: two people who are both fast are near each other without any hand.
func (w *page) habits(c pair, posts [][2]int32, near int) (p, expected float64) {
	a, b := w.by[c.a], w.by[c.b]
	var delay, other []float64
	var at [strata][]int
	for i, x := range posts {
		delay, other = append(delay, w.acts[a.acts[x[0]]].delay), append(other, w.acts[b.acts[x[1]]].delay)
		h := w.posts[a.posts[x[0]]].stratum
		at[h] = append(at[h], i)
	}
	rng := rand.New(rand.NewPCG(w.s.Seed, uint64(c.a)<<32|uint64(c.b)))
	reached, sum := 0, 0
	for range handShuffles {
		n := 0
		for _, where := range at {
			rng.Shuffle(len(where), func(i, j int) { delay[where[i]], delay[where[j]] = delay[where[j]], delay[where[i]] })
		}
		for i := range delay {
			if math.Abs(delay[i]-other[i]) <= surge {
				n++
			}
		}
		sum += n
		if n >= near {
			reached++
		}
	}
	return float64(1+reached) / (handShuffles + 1), float64(sum) / handShuffles
}

const (
	rest   = 5   // hours in a row that one person needs
	enough = 100 // acts of the two from which hours can be counted
)

// sleepless tells that the two together act at all hours: then they are two people, or one who is awake for two. Each has
// hours of its own in which it does next to nothing, or it would be a machine, of which hours say nothing.
func (w *page) sleepless(c pair) bool {
	least := func(accounts ...int32) float64 {
		var busy [24]float64
		n := 0.0
		for _, a := range accounts {
			for _, i := range w.by[a].acts {
				busy[int(w.hours[i])%24] += 1 / float64(len(w.by[a].acts))
			}
			n++
		}
		best := math.Inf(1)
		for h := range busy {
			sum := 0.0
			for k := range rest {
				sum += busy[(h+k)%24]
			}
			best = min(best, sum/n)
		}
		return best
	}
	if len(w.by[c.a].acts)+len(w.by[c.b].acts) < enough {
		return false
	}
	return least(c.a, c.b) > 0.08 && least(c.a) < 0.03 && least(c.b) < 0.03
}

// sessions counts the stretches without a long pause in which both acted, and in how many one had finished before the other
// began.
func (w *page) sessions(c pair, h *Hand) {
	var all []moment
	for _, a := range []int32{c.a, c.b} {
		for _, at := range w.by[a].at {
			all = append(all, moment{at, a})
		}
	}
	slices.SortFunc(all, earlier)
	for i := 0; i < len(all); {
		changes, j := 0, i+1
		for ; j < len(all) && all[j].at-all[j-1].at <= pause; j++ {
			if all[j].account != all[j-1].account {
				changes++
			}
		}
		if changes > 0 {
			h.Sessions++
		}
		if changes == 1 {
			h.Apart++
		}
		i = j
	}
}
