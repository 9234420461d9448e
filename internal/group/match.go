package group

import (
	"cmp"
	"slices"
)

// The rules that hold findings of a run against the groups a firm knows. They are pure.

// same tells whether a finding speaks of a known group: at least three accounts in both, and at least half of the smaller
// side. Membership as people see it counts, with those they put out, or a finding would come back as a new group.
func same(known []string, found Finding) bool {
	both := 0
	for _, m := range found.Members {
		if slices.Contains(known, m.Account) {
			both++
		}
	}
	return both >= minGroup && 2*both >= min(len(known), len(found.Members))
}

// overlap is Jaccard's: shared accounts by all.
func overlap(known []string, found Finding) float64 {
	both := 0
	for _, m := range found.Members {
		if slices.Contains(known, m.Account) {
			both++
		}
	}
	return float64(both) / float64(max(1, len(known)+len(found.Members)-both))
}

// everybody is all accounts named in a group, whatever was said of them.
func everybody(g Group) (keys []string) {
	for _, m := range g.Members {
		keys = append(keys, m.Account)
	}
	return keys
}

// settled tells whether a person shaped the group: confirmed, split, merged or corrected it, or handed it to a case. The machine
// does not part or join such groups, and takes no account out of them.
func settled(g Group) bool {
	return g.State == Confirmed || g.Origin != "" || !g.Decided.IsZero() || slices.ContainsFunc(g.Members, func(m Member) bool { return !m.Decided.IsZero() })
}

// plan is which findings speak of which known groups.
type plan struct {
	of       map[string][]int  // by group: places of its findings
	best     []string          // by finding: the group it speaks of most, which takes accounts that no group has
	fresh    []int             // findings of no known group
	absorbed map[string]string // suggested groups that turned out to be part of another one
}

// matched holds the findings of a run against the groups of a place. Groups that a person shaped keep their accounts: after a
// split several share a finding, after a merge several findings speak of one. Suggested groups nobody touched follow the
// machine: each finding goes on as the group most like it (Jaccard), and what it swallowed is part of that from then on. So
// numbers stay, and a group that was first seen in pieces becomes one.
func matched(known []Group, fs []Finding) plan {
	p := plan{of: map[string][]int{}, best: make([]string, len(fs)), absorbed: map[string]string{}}
	type match struct {
		g    Group
		i    int
		like float64
	}
	var all []match
	shared := make([]bool, len(fs)) // a person's group is in it
	for i, f := range fs {
		for _, g := range known {
			if same(everybody(g), f) {
				all = append(all, match{g, i, overlap(everybody(g), f)})
				shared[i] = shared[i] || settled(g)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.like, a.like), cmp.Compare(a.g.Number, b.g.Number), cmp.Compare(a.i, b.i))
	})
	for _, m := range all {
		switch {
		case settled(m.g) || shared[m.i]:
			p.of[m.g.ID] = append(p.of[m.g.ID], m.i)
		case p.best[m.i] == "" && len(p.of[m.g.ID]) == 0:
			p.of[m.g.ID] = []int{m.i}
		default:
			continue
		}
		if p.best[m.i] == "" {
			p.best[m.i] = m.g.ID
		}
	}
	for _, m := range all {
		if len(p.of[m.g.ID]) == 0 && p.absorbed[m.g.ID] == "" && p.best[m.i] != "" {
			p.absorbed[m.g.ID] = p.best[m.i]
		}
	}
	for i := range fs {
		if p.best[i] == "" {
			p.fresh = append(p.fresh, i)
		}
	}
	return p
}

// portion is what the findings say of one group: its own accounts, and those of no other group where it is the one that a
// finding speaks of most.
func (p plan) portion(g Group, others []Group, fs []Finding) Finding {
	f, best := Finding{}, map[string]bool{}
	for n, i := range p.of[g.ID] {
		if n == 0 {
			f = fs[i]
		} else {
			f = united(f, fs[i])
		}
		for _, m := range fs[i].Members {
			best[m.Account] = best[m.Account] || p.best[i] == g.ID
		}
	}
	mine := everybody(g)
	return only(f, func(account string) bool {
		if slices.Contains(mine, account) {
			return true
		}
		return best[account] && !slices.ContainsFunc(others, func(o Group) bool {
			return o.ID != g.ID && p.absorbed[o.ID] == "" && len(p.of[o.ID]) > 0 && slices.Contains(everybody(o), account)
		})
	})
}

// only keeps the members that fit, and the links between them.
func only(f Finding, fits func(account string) bool) Finding {
	f.Members = slices.DeleteFunc(slices.Clone(f.Members), func(m FoundMember) bool { return !fits(m.Account) })
	f.Links = slices.DeleteFunc(slices.Clone(f.Links), func(l Link) bool { return !fits(l.A) || !fits(l.B) })
	return f
}

// claimed is a group's level after a finding: what a person signed stands while the machine still says organised.
func claimed(g Group, f Finding) Level {
	if g.Level == Inauthentic && f.Level >= Organised {
		return Inauthentic
	}
	return f.Level
}

// refusal is a pair that a person said does not belong together, and what was known then.
type refusal struct {
	shared int
	p      float64
}

// What is new evidence for a refused pair: so many posts of both beyond those the person could see, and a chance so many
// times smaller.
const (
	newShared = 8
	newTimes  = 10
)

// again tells whether a link has evidence that whoever refused it had not seen.
func (r refusal) again(l Link) bool { return l.Shared >= r.shared+newShared && l.P <= r.p/newTimes }

// allowed is the finding less what people refused: a link stays out until there is new evidence, and with it accounts that
// hang on nothing else. Of what falls apart the largest piece stays; less than three accounts are no finding.
func allowed(f Finding, refused map[[2]string]refusal) (Finding, bool) {
	if len(refused) == 0 {
		return f, true
	}
	f.Links = slices.DeleteFunc(slices.Clone(f.Links), func(l Link) bool {
		r, is := refused[[2]string{min(l.A, l.B), max(l.A, l.B)}]
		return is && !r.again(l)
	})
	best := largestPiece(f.Links)
	if len(best) < minGroup {
		return f, false
	}
	return only(f, func(a string) bool { return best[a] }), true
}

// largestPiece is the accounts of the largest connected piece; of equal ones that with the smallest key.
func largestPiece(links []Link) (best map[string]bool) {
	next := map[string][]string{}
	for _, l := range links {
		next[l.A], next[l.B] = append(next[l.A], l.B), append(next[l.B], l.A)
	}
	var keys []string
	for k := range next {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[k] {
			continue
		}
		piece, todo := map[string]bool{k: true}, []string{k}
		for len(todo) > 0 {
			at := todo[0]
			todo, seen[at] = todo[1:], true
			for _, n := range next[at] {
				if !piece[n] {
					piece[n], todo = true, append(todo, n)
				}
			}
		}
		if len(piece) > len(best) {
			best = piece
		}
	}
	return best
}

// refusedPairs is what a person refuses with a whole group: its links, and the pairs of its accounts that were none yet. Those
// had at most as many posts in common as the less busy of the two, and spoke no louder than the weakest link.
func refusedPairs(g Group) []Link {
	list, linked, weakest := slices.Clone(g.Links), map[[2]string]bool{}, 0.0
	for _, l := range g.Links {
		linked[[2]string{min(l.A, l.B), max(l.A, l.B)}] = true
		weakest = max(weakest, l.P)
	}
	ms := slices.DeleteFunc(slices.Clone(g.Members), func(m Member) bool { return m.State == Out })
	for i, a := range ms {
		for _, b := range ms[i+1:] {
			if !linked[[2]string{min(a.Account, b.Account), max(a.Account, b.Account)}] {
				list = append(list, Link{A: a.Account, B: b.Account, Shared: min(a.Posts, b.Posts), P: weakest})
			}
		}
	}
	return list
}

// joins is what a finding does to the members of a known group. Machine's members of a suggested group come and go; of one
// that a person shaped they stay, and whoever is new is uncertain until a person says.
func joins(g Group, f Finding) (add map[string]MemberState, drop []string) {
	add = map[string]MemberState{}
	named, shaped := map[string]bool{}, settled(g)
	for _, m := range f.Members {
		named[m.Account] = true
		to := In
		if m.Uncertain || shaped {
			to = Uncertain
		}
		have, known := g.Member(m.Account)
		switch {
		case !known:
			add[m.Account] = to
		case have.Decided.IsZero() && !shaped && have.State != to:
			add[m.Account] = to
		}
	}
	for _, m := range g.Members {
		if !named[m.Account] && m.Decided.IsZero() && (!shaped || m.State == Uncertain) {
			drop = append(drop, m.Account)
		}
	}
	return add, drop
}
