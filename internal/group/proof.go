package group

import (
	"slices"

	"chop/internal/coordination/detect"
	"chop/internal/db"
)

// windowOf is the nearness that a forecast uses: that of most links, the smaller of equals. It is fixed with the group.
func windowOf(f Finding) float64 {
	n := map[float64]int{}
	for _, l := range f.Links {
		n[l.Within.Seconds()]++
	}
	best := 0.0
	for w, k := range n {
		if best == 0 || k > n[best] || k == n[best] && w < best {
			best = w
		}
	}
	if best == 0 {
		return 300
	}
	return best
}

// proof counts what the frozen group did under posts since.
func (r *run) proof(g Group) Proof {
	if r.crowd == nil {
		actions, posts, set, err := r.in.forDetect()
		if err != nil {
			return g.Proof
		}
		r.crowd = detect.NewCrowd(actions, posts, set)
	}
	var frozen []string
	for _, m := range g.Members {
		if m.Frozen && m.State == In {
			frozen = append(frozen, m.Account)
		}
	}
	slices.Sort(frozen)
	f := r.crowd.Of(frozen, float64(db.Micros(g.Frozen))/1e6, g.Proof.Window)
	p := Proof{Posts: f.Posts, Pairs: f.Pairs, Near: f.Near, Expected: f.Expected, Window: g.Proof.Window, P: f.P}
	if f.Posts > 0 {
		p.Until = db.FromMicros(int64(f.Until*1e6 + 0.5))
	}
	return p
}
