package detect

import (
	"math"
	"slices"
)

// Forecast is what a group that was fixed beforehand did under later posts (domain/coordination.md 4.6 c). Under each such
// post one member is the anchor, chosen by its name and not by its time; Near counts the others within the window of it,
// Expected what the crowd at that moment would bring. The others being independent of the anchor unless they act together,
// P is a plain Poisson-binomial tail, and no selection is left in it. An account's own speed is not held fixed: two
// honest people who are both fast come near each other too.
type Forecast struct {
	Posts, Pairs, Near int
	Expected, P        float64
	Until              float64 // publication of the last post counted
}

// Crowd is a page made ready for forecasts.
type Crowd struct {
	w      *page
	curves [strata]curve
	number map[string]int32
}

// NewCrowd reads a page as Run does.
func NewCrowd(actions []Action, posts []Post, s Settings) *Crowd {
	c := &Crowd{w: gather(actions, posts, s), number: map[string]int32{}}
	c.curves = c.w.curves()
	for i, n := range c.w.names {
		c.number[n] = int32(i)
	}
	return c
}

// Of counts what the members did under posts published after since, within window seconds of the anchor.
func (c *Crowd) Of(members []string, since, window float64) Forecast {
	in := map[int32]bool{}
	for _, m := range members {
		if n, known := c.number[m]; known {
			in[n] = true
		}
	}
	f := Forecast{P: 1}
	var q []float64
	for _, p := range c.w.posts {
		if p.published <= since {
			continue
		}
		var here []int // acts of members, the anchor first
		for i := p.from; i < p.to; i++ {
			if in[c.w.acts[i].account] {
				here = append(here, i)
			}
		}
		if len(here) < 2 {
			continue
		}
		slices.SortFunc(here, func(a, b int) int { return int(c.w.acts[a].account) - int(c.w.acts[b].account) })
		chance := c.chance(here[0], p, in, window)
		f.Posts, f.Until = f.Posts+1, p.published
		for _, i := range here[1:] {
			q = append(q, chance)
			f.Expected += chance
			f.Pairs++
			if math.Abs(c.w.acts[i].at-c.w.acts[here[0]].at) <= window {
				f.Near++
			}
		}
	}
	if f.Pairs > 0 {
		var work [exactUpTo + 1]float64
		f.P = tail(q, f.Near, work[:])
	}
	return f
}

// chance is how likely somebody of the crowd, without the members, acts within the window of the act.
func (c *Crowd) chance(i int, p post, in map[int32]bool, window float64) float64 {
	x := c.w.acts[i]
	inside, others := 0.0, 0.0
	for j := p.from; j < p.to; j++ {
		if in[c.w.acts[j].account] {
			continue
		}
		others++
		if math.Abs(c.w.acts[j].at-x.at) <= window {
			inside++
		}
	}
	k := c.w.s.Prior
	return (inside + k*c.curves[p.stratum].between(x.delay-window, x.delay+window)) / (others + k)
}
