package detect

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

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
func (w *page) memberTests(groups [][]int32, permutations int, rng *rand.Rand) (list []member) {
	for g, accounts := range groups {
		hour := w.hourEffect(accounts)
		for _, a := range accounts {
			m := member{account: a, group: g, p: 1}
			own, others, at := w.alongside(a, accounts, hour)
			if m.common = len(own); m.common >= w.s.MinCommon {
				m.r = correlation(own, others)
				m.p = shuffled(own, others, at, m.r, permutations, rng)
			}
			list = append(list, m)
		}
	}
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
	posts := make([]int32, 0, len(n))
	for o := range n {
		posts = append(posts, o)
	}
	slices.Sort(posts)
	effect := map[int32]float64{}
	for _, o := range posts {
		s, k := 0.0, 0.0
		for _, other := range posts {
			apart := math.Abs(w.posts[o].hour - w.posts[other].hour)
			if other != o && min(apart, 24-apart) <= w.s.HourKernel {
				s, k = s+sum[other]/n[other], k+1
			}
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

// shuffled is the chance of a correlation of at least r when the account's own delays are shuffled among posts of the same
// stratum: its habits stay, the company is broken.
func shuffled(own, others []float64, at [strata][]int, r float64, permutations int, rng *rand.Rand) float64 {
	x, reached := slices.Clone(own), 0
	for range permutations {
		for _, where := range at {
			rng.Shuffle(len(where), func(i, j int) { x[where[i]], x[where[j]] = x[where[j]], x[where[i]] })
		}
		if correlation(x, others) >= r-1e-12 {
			reached++
		}
	}
	return float64(1+reached) / float64(permutations+1)
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
