package detect

import (
	"cmp"
	"slices"
)

// report turns numbers into names, the strongest first.
func (w *page) report(f found) Report {
	r := Report{Actions: len(w.acts), Accounts: len(w.names), Tested: w.tested, Pairs: f.pairs, Posts: len(w.posts), NoPosts: w.guess}
	group := map[int32]int{}
	for g, accounts := range f.groups {
		for _, a := range accounts {
			group[a] = g + 1
		}
		r.Groups = append(r.Groups, w.group(f, g))
	}
	for _, l := range f.links {
		if l.q > w.s.ScreenFDR {
			continue
		}
		if a, b := group[l.a], group[l.b]; a != 0 && a == b {
			r.Groups[a-1].Links = append(r.Groups[a-1].Links, w.link(l))
		} else if a == 0 && b == 0 {
			r.Synchronous = append(r.Synchronous, w.link(l))
		}
	}
	for i := range r.Groups {
		sortLinks(r.Groups[i].Links)
	}
	sortLinks(r.Synchronous)
	slices.SortStableFunc(r.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(len(b.Members), len(a.Members)))
	})
	return r
}

func sortLinks(links []Link) {
	slices.SortStableFunc(links, func(a, b Link) int { return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(b.Together, a.Together)) })
}

func (w *page) link(l link) Link {
	return Link{A: w.names[l.a], B: w.names[l.b], Shared: l.shared, Together: l.together[l.window], Within: w.s.Windows[l.window],
		Expected: l.expected, P: l.p, Q: l.q}
}

func (w *page) group(f found, g int) Group {
	t, accounts := f.tests[g], f.groups[g]
	out := Group{Level: w.level(t, len(f.groups)), Together: t.together, Expected: t.expected, SD: t.sd, Z: t.z(), P: t.p}
	order, posts := w.order(accounts)
	out.Posts = posts
	for _, m := range f.members {
		if slices.Contains(accounts, m.account) {
			x := order[m.account]
			out.Members = append(out.Members, Member{Account: w.names[m.account], R: m.r, Common: m.common, P: m.p, Q: m.q, Posts: x.posts, First: x.first,
				Since: w.acts[w.by[m.account].acts[0]].at, rank: x.rank / float64(max(x.posts, 1))})
		}
	}
	slices.SortStableFunc(out.Members, func(a, b Member) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.Account, b.Account)) })
	return out
}

type standing struct {
	posts, first int
	rank         float64 // sum of ranks among the group, 0 first to 1 last
}

// order looks at who of the group acts first under the posts where at least three of it acted.
func (w *page) order(accounts []int32) (of map[int32]standing, posts []string) {
	of = map[int32]standing{}
	for _, p := range w.posts {
		var here []int32 // in order of time
		for i := p.from; i < p.to; i++ {
			if _, in := slices.BinarySearch(accounts, w.acts[i].account); in {
				here = append(here, w.acts[i].account)
			}
		}
		if len(here) < minGroup {
			continue
		}
		posts = append(posts, p.id)
		for k, a := range here {
			s := of[a]
			s.posts++
			s.rank += float64(k) / float64(len(here)-1)
			if k == 0 {
				s.first++
			}
			of[a] = s
		}
	}
	return of, posts
}

// Role is how an account stands in its group, of behaviour alone: "first" acts before the others more often than chance
// would have it twice over, "seldom" under fewer than half of the group's posts, "with" otherwise.
func (g Group) Role(m Member) string {
	switch {
	case m.Posts >= minGroup && float64(m.First) >= 2*float64(m.Posts)/float64(len(g.Members)) && m.First >= 2 && m.rank < 0.35:
		return "first"
	case 2*m.Posts < len(g.Posts):
		return "seldom"
	}
	return "with"
}
