package detect

import (
	"math"
	"slices"
)

const (
	soon       = 30.0 // seconds added to a delay before its logarithm: below, differences are the place's, not the person's
	shrinkPost = 5.0  // actions that the stratum's level is worth against a post's own
	shrinkOwn  = 3.0  // actions that an account's overall level is worth against its level in a stratum
	nightHours = 10
)

// residuals sets, for every account of a screened pair, how much later or sooner it acted than the crowd did under that
// post and than itself usually does at that hour of publication. What is left goes up and down with others only when
// something besides the crowd, the hour and the own habit moves them.
func (w *page) residuals(links []link) {
	screened := w.screened(links)
	night := w.night()
	level := w.levels(screened, night)
	for a := range w.by {
		if screened[a] {
			w.ownResiduals(int32(a), level, night)
		}
	}
}

// screened tells which accounts have a pair that passed.
func (w *page) screened(links []link) []bool {
	yes := make([]bool, len(w.names))
	for _, l := range links {
		if l.q <= w.s.ScreenFDR {
			yes[l.a], yes[l.b] = true, true
		}
	}
	return yes
}

// night is the hour at which the page's ten quietest hours in a row begin; each account weighs one.
func (w *page) night() float64 {
	var busy [24]float64
	for i, a := range w.acts {
		busy[int(w.hours[i])%24] += 1 / float64(w.degree[a.account])
	}
	best, least := 0, math.Inf(1)
	for h := range busy {
		sum := 0.0
		for k := range nightHours {
			sum += busy[(h+k)%24]
		}
		if sum < least {
			best, least = h, sum
		}
	}
	return float64(best)
}

// overnight tells that the wait contains any of the night: then the delay tells of sleep.
func (w *page) overnight(i int, night float64) bool {
	p := w.posts[w.acts[i].post]
	since := math.Mod(p.hour-night+24, 24)
	return since < nightHours || w.acts[i].delay > (24-since)*3600
}

func logDelay(d float64) float64 { return math.Log(max(0, d) + soon) }

// levels is the crowd's log delay under each post, drawn towards that of its stratum where few acted.
func (w *page) levels(screened []bool, night float64) []float64 {
	var strat [strata][]float64
	own, n := make([]float64, len(w.posts)), make([]float64, len(w.posts))
	for o, p := range w.posts {
		var v []float64
		for i := p.from; i < p.to; i++ {
			if !screened[w.acts[i].account] && !w.overnight(i, night) {
				v = append(v, logDelay(w.acts[i].delay))
			}
		}
		strat[p.stratum] = append(strat[p.stratum], v...)
		n[o], own[o] = float64(len(v)), median(v)
	}
	var usual [strata]float64
	for h := range strat {
		if usual[h] = median(strat[h]); math.IsNaN(usual[h]) {
			usual[h] = 0
		}
	}
	level := make([]float64, len(w.posts))
	for o, p := range w.posts {
		level[o] = usual[p.stratum]
		if n[o] > 0 {
			level[o] = (n[o]*own[o] + shrinkPost*usual[p.stratum]) / (n[o] + shrinkPost)
		}
	}
	return level
}

func (w *page) ownResiduals(a int32, level []float64, night float64) {
	var sum, n [strata]float64
	total, count := 0.0, 0.0
	for _, i := range w.by[a].acts {
		x := &w.acts[i]
		if x.skip = w.overnight(int(i), night); x.skip {
			continue
		}
		h := w.posts[x.post].stratum
		x.res = logDelay(x.delay) - level[x.post]
		sum[h], n[h] = sum[h]+x.res, n[h]+1
		total, count = total+x.res, count+1
	}
	for _, i := range w.by[a].acts {
		if x := &w.acts[i]; !x.skip {
			h := w.posts[x.post].stratum
			x.res -= (sum[h] + shrinkOwn*total/count) / (n[h] + shrinkOwn)
		}
	}
}

// actUnder is the account's act under the post, or -1.
func (w *page) actUnder(a, post int32) int32 {
	i, found := slices.BinarySearch(w.by[a].posts, post)
	if !found {
		return -1
	}
	return w.by[a].acts[i]
}
