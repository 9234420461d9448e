package group

import "slices"

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

// matched says which findings speak of which known groups. After a split several known groups share a finding, after a
// merge several findings speak of one group. Findings of no known group are new.
func matched(known []Group, fs []Finding) (of map[string][]int, fresh []int) {
	of = map[string][]int{}
	for i, f := range fs {
		any := false
		for _, g := range known {
			if same(everybody(g), f) {
				of[g.ID], any = append(of[g.ID], i), true
			}
		}
		if !any {
			fresh = append(fresh, i)
		}
	}
	return of, fresh
}

// portion is what the findings say of one group: its own accounts, and those of no other group.
func portion(g Group, others []Group, fs []Finding) Finding {
	f := fs[0]
	for _, more := range fs[1:] {
		f = united(f, more)
	}
	mine := everybody(g)
	taken := func(account string) bool {
		if slices.Contains(mine, account) {
			return false
		}
		for _, o := range others {
			if o.ID != g.ID && slices.Contains(everybody(o), account) {
				return true
			}
		}
		return false
	}
	return only(f, func(a string) bool { return !taken(a) })
}

// only keeps the members that fit, and the links between them.
func only(f Finding, fits func(account string) bool) Finding {
	f.Members = slices.DeleteFunc(slices.Clone(f.Members), func(m FoundMember) bool { return !fits(m.Account) })
	f.Links = slices.DeleteFunc(slices.Clone(f.Links), func(l Link) bool { return !fits(l.A) || !fits(l.B) })
	return f
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

// joins is what a finding does to the members of a known group. Machine's members of a suggested group come and go; of a
// confirmed one they stay, and whoever is new is uncertain until a person says.
func joins(g Group, f Finding) (add map[string]MemberState, drop []string) {
	add = map[string]MemberState{}
	named := map[string]bool{}
	for _, m := range f.Members {
		named[m.Account] = true
		to := In
		if m.Uncertain || g.State == Confirmed {
			to = Uncertain
		}
		have, known := g.Member(m.Account)
		switch {
		case !known:
			add[m.Account] = to
		case have.Decided.IsZero() && g.State == Suggested && have.State != to:
			add[m.Account] = to
		}
	}
	for _, m := range g.Members {
		if !named[m.Account] && m.Decided.IsZero() && (g.State == Suggested || m.State == Uncertain) {
			drop = append(drop, m.Account)
		}
	}
	return add, drop
}
