package detect

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/community"
	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/graph/topo"
)

// minPairPosts is how many common delays a pair needs before they can go up and down together.
const minPairPosts = 4

// communities parts the screened pairs whose delays co-vary into groups (Louvain), each connected, largest first.
func (w *page) communities(links []link) [][]int32 {
	g := simple.NewWeightedUndirectedGraph(0, 0)
	var t shared
	var x, y []float64
	for i := range links {
		l := &links[i]
		if l.q > w.s.ScreenFDR {
			continue
		}
		t.meet(w, l.pair)
		x, y = x[:0], y[:0]
		for _, both := range t.posts {
			if a, b := w.acts[w.by[l.a].acts[both[0]]], w.acts[w.by[l.b].acts[both[1]]]; !a.skip && !b.skip {
				x, y = append(x, a.res), append(y, b.res)
			}
		}
		if len(x) < minPairPosts {
			continue
		}
		r := min(max(correlation(x, y), -0.999), 0.999)
		if l.z = math.Atanh(r) * math.Sqrt(float64(len(x)-3)); l.z >= w.s.MinZ {
			g.SetWeightedEdge(g.NewWeightedEdge(simple.Node(l.a), simple.Node(l.b), l.z))
		}
	}
	if g.Nodes().Len() == 0 {
		return nil
	}
	var groups [][]int32
	for _, c := range community.Modularize(g, 1, rand.NewPCG(w.s.Seed, 1)).Communities() {
		groups = append(groups, connected(g, c)...)
	}
	slices.SortFunc(groups, func(a, b []int32) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a[0], b[0])) })
	return groups
}

// connected splits a community that Louvain left in pieces, and drops what is too small.
func connected(g *simple.WeightedUndirectedGraph, c []graph.Node) (groups [][]int32) {
	sub := simple.NewUndirectedGraph()
	for _, n := range c {
		sub.AddNode(n)
	}
	for i, a := range c {
		for _, b := range c[i+1:] {
			if g.HasEdgeBetween(a.ID(), b.ID()) {
				sub.SetEdge(sub.NewEdge(a, b))
			}
		}
	}
	for _, piece := range topo.ConnectedComponents(sub) {
		if len(piece) < minGroup {
			continue
		}
		var group []int32
		for _, n := range piece {
			group = append(group, int32(n.ID()))
		}
		slices.Sort(group)
		groups = append(groups, group)
	}
	return groups
}

// member is a tested account.
type member struct {
	account int32
	group   int
	r       float64
	common  int
	p, q    float64
}

// memberTests asks of each account, leaving it out of the group: do its delays go up and down with the others'?
func (w *page) memberTests(groups [][]int32, permutations int) []member {
	var list []member
	for g, accounts := range groups {
		for _, a := range accounts {
			list = append(list, member{account: a, group: g, p: 1})
		}
	}
	hours := make([]map[int32]float64, len(groups))
	parallel(len(groups), func() func(int) { return func(g int) { hours[g] = w.hourEffect(groups[g]) } })
	parallel(len(list), func() func(int) {
		return func(i int) {
			m := &list[i]
			own, others, at := w.alongside(m.account, groups[m.group], hours[m.group])
			if m.common = len(own); m.common >= w.s.MinCommon {
				m.r = correlation(own, others)
				m.p = shuffled(own, others, at, permutations, rand.New(rand.NewPCG(w.s.Seed, uint64(m.account))))
			}
		}
	})
	p := make([]float64, len(list))
	for i := range list {
		p[i] = list[i].p
	}
	for i, q := range adjusted(p, len(p)) {
		list[i].q = q
	}
	return list
}

// hourEffect is what a group shares only because of the hour of publication: the mean of its residuals under other posts
// published within an hour of the same time of day, drawn towards nothing.
func (w *page) hourEffect(accounts []int32) map[int32]float64 {
	sum, n := map[int32]float64{}, map[int32]float64{}
	for _, a := range accounts {
		for _, i := range w.by[a].acts {
			if x := w.acts[i]; !x.skip {
				sum[x.post] += x.res
				n[x.post]++
			}
		}
	}
	posts := slices.SortedFunc(maps.Keys(n), func(a, b int32) int {
		return cmp.Or(cmp.Compare(w.posts[a].hour, w.posts[b].hour), cmp.Compare(a, b))
	})
	total := make([]float64, len(posts)+1) // of the means, up to a place in the order of hours
	for i, o := range posts {
		total[i+1] = total[i] + sum[o]/n[o]
	}
	// from and to count how many posts are published before an hour, or not after it
	from := func(hour float64) int {
		return sort.Search(len(posts), func(i int) bool { return w.posts[posts[i]].hour >= hour })
	}
	to := func(hour float64) int {
		return sort.Search(len(posts), func(i int) bool { return w.posts[posts[i]].hour > hour })
	}
	effect := map[int32]float64{}
	for _, o := range posts {
		h := w.posts[o].hour
		i, j := from(h-w.s.HourKernel), to(h+w.s.HourKernel)
		s, k := total[j]-total[i]-sum[o]/n[o], float64(j-i-1)
		if i = from(h - w.s.HourKernel + 24); i < len(posts) { // over midnight
			s, k = s+total[len(posts)]-total[i], k+float64(len(posts)-i)
		}
		if j = to(h + w.s.HourKernel - 24); j > 0 {
			s, k = s+total[j], k+float64(j)
		}
		effect[o] = s / (k + 2)
	}
	return effect
}

// alongside is the account's residuals and the mean of the others', where at least two others were.
func (w *page) alongside(a int32, group []int32, hour map[int32]float64) (own, others []float64, at [strata][]int) {
	for _, i := range w.by[a].acts {
		x := w.acts[i]
		if x.skip {
			continue
		}
		s, n := 0.0, 0.0
		for _, b := range group {
			if b == a {
				continue
			}
			if j := w.actUnder(b, x.post); j >= 0 && !w.acts[j].skip {
				s, n = s+w.acts[j].res-hour[x.post], n+1
			}
		}
		if n >= 2 {
			h := w.posts[x.post].stratum
			at[h] = append(at[h], len(own))
			own, others = append(own, x.res-hour[x.post]), append(others, s/n)
		}
	}
	return own, others, at
}

// shuffled is the chance of as high a correlation when the account's own delays are shuffled among posts of the same
// stratum: its habits stay, the company is broken. Shuffling leaves means and spreads as they are, so only the sum of products
// has to be compared.
func shuffled(own, others []float64, at [strata][]int, permutations int, rng *rand.Rand) float64 {
	x, reached := slices.Clone(own), 0
	bar := products(own, others)
	bar -= 1e-12 * (1 + math.Abs(bar))
	for range permutations {
		for _, where := range at {
			for i := len(where) - 1; i > 0; i-- {
				j := int(rng.Uint32N(uint32(i + 1)))
				x[where[i]], x[where[j]] = x[where[j]], x[where[i]]
			}
		}
		if products(x, others) >= bar {
			reached++
		}
	}
	return float64(1+reached) / float64(permutations+1)
}

func products(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// confirmed are the members of each group that passed: by chance and by the size of the effect.
func confirmed(list []member, groups int, s Settings) (out [][]int32) {
	of := make([][]int32, groups)
	for _, m := range list {
		if m.q <= s.MemberFDR && m.r >= s.MinR {
			of[m.group] = append(of[m.group], m.account)
		}
	}
	for _, g := range of {
		if len(g) >= minGroup {
			out = append(out, g)
		}
	}
	return out
}
