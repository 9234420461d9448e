package channel

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"chop/internal/coordination/wording"
)

// Bounds of the channels that only support or describe.
const (
	fewImpostors = 20
	maxImpostors = 200 // others a pair is held against, spread over the page
	alikeHands   = 3.0 // standard deviations above the impostors, both ways
	fewReactions = 20
	fewUsual     = 100
)

func (w *world) readHands() {
	if w.texts == nil {
		return
	}
	texts := make([][]string, len(w.known))
	for i, s := range w.said {
		if s.Text != "" {
			texts[w.who[i]] = append(texts[w.who[i]], s.Text)
		}
	}
	var enough []int32 // others with enough text, of whom a few hundred do
	for a, list := range texts {
		if !w.grouped[a] && len(list) >= wording.FewComments {
			enough = append(enough, int32(a))
		}
	}
	enough = spread(enough)
	for a := range texts {
		if _, in := slices.BinarySearch(enough, int32(a)); !in && !w.grouped[a] {
			texts[a] = nil
		}
	}
	w.hands = wording.Hands(texts)
}

// style tells which pairs of members write alike, held against other writers of the page. It is weak: at one wrong link in
// ten thousand it finds one pair in ten of the same author, so it supports and never accuses. It abstains below ten comments
// or a thousand characters of either, and below twenty other writers.
func (w *world) style(group []int32) (Evidence, bool) {
	if w.hands == nil {
		return Evidence{}, false
	}
	var mine, others []int32
	for a := range w.hands {
		switch {
		case w.hands[a].Blank():
		case !w.grouped[a]:
			others = append(others, int32(a))
		case slices.Contains(group, int32(a)):
			mine = append(mine, int32(a))
		}
	}
	e := Evidence{Channel: Style, Of: len(mine), Others: len(others)}
	if len(mine) < 2 || len(others) < fewImpostors {
		return e, true
	}
	others = spread(others)
	e.Tested, e.P = true, 1
	means, devs := make([]float64, len(mine)), make([]float64, len(mine))
	for i, a := range mine {
		means[i], devs[i] = w.against(a, others)
	}
	tried := len(mine) * (len(mine) - 1) / 2
	concerned := map[int32]bool{}
	for i, a := range mine {
		for j := i + 1; j < len(mine); j++ {
			like := w.hands[a].Like(w.hands[mine[j]])
			z := min((like-means[i])/devs[i], (like-means[j])/devs[j])
			e.P, e.Degree = min(e.P, 1, float64(tried)*0.5*math.Erfc(z/math.Sqrt2)), max(e.Degree, z)
			if z >= alikeHands {
				concerned[a], concerned[mine[j]] = true, true
				e.Pairs = append(e.Pairs, Pair{A: w.known[a].ID, B: w.known[mine[j]].ID, Score: math.Round(1000*like) / 1000})
			}
		}
	}
	for a := range concerned {
		e.Accounts = append(e.Accounts, w.known[a].ID)
	}
	slices.Sort(e.Accounts)
	e.Count = len(e.Accounts)
	slices.SortStableFunc(e.Pairs, func(x, y Pair) int { return cmp.Compare(y.Score, x.Score) })
	e.Pairs = e.Pairs[:min(len(e.Pairs), maxPairs)]
	return e, true
}

// spread takes at most maxImpostors, evenly.
func spread(list []int32) (out []int32) {
	n := min(len(list), maxImpostors)
	for i := range n {
		out = append(out, list[i*len(list)/n])
	}
	return out
}

// against is how like the writer is to others.
func (w *world) against(a int32, others []int32) (mean, dev float64) {
	sum, squares, n := 0.0, 0.0, float64(len(others))
	for _, o := range others {
		x := w.hands[a].Like(w.hands[o])
		sum, squares = sum+x, squares+x*x
	}
	mean = sum / n
	return mean, math.Sqrt(max(1e-6, (squares-sum*mean)/(n-1)))
}

func (w *world) react(a int32, kind string) {
	if kind == "" {
		return
	}
	if w.reacted[a] == nil {
		w.reacted[a] = map[string]int{}
	}
	w.reacted[a][kind]++
}

// reactions tells how the group's reactions differ from those of the page's others (G-test). Reactions of one account hang
// together, so the chance is too small; it describes and lifts nothing.
func (w *world) reactions(group []int32) (Evidence, bool) {
	mine, usual := map[string]float64{}, map[string]float64{}
	var n, all float64
	e := Evidence{Channel: Reactions}
	for a, kinds := range w.reacted {
		to, sum := usual, &all
		if w.grouped[a] {
			if !slices.Contains(group, int32(a)) {
				continue
			}
			to, sum = mine, &n
		}
		if len(kinds) > 0 && w.grouped[a] {
			e.Of++
		} else if len(kinds) > 0 {
			e.Others++
		}
		for k, times := range kinds {
			to[k] += float64(times)
			*sum += float64(times)
		}
	}
	if n+all == 0 {
		return e, false
	}
	if n < fewReactions || all < fewUsual {
		return e, true
	}
	kinds := slices.Sorted(maps.Keys(usual))
	for _, k := range slices.Sorted(maps.Keys(mine)) {
		if usual[k] == 0 {
			kinds = append(kinds, k)
		}
	}
	e.Tested, e.P = true, 1
	most := 0.0
	for _, k := range kinds {
		share := (usual[k] + 0.5) / (all + 0.5*float64(len(kinds)))
		if mine[k] > 0 {
			e.Degree += 2 * mine[k] * math.Log(mine[k]/(n*share))
		}
		if extra := mine[k] - n*share; extra > most {
			most, e.Same, e.Count, e.Expected = extra, k, int(mine[k]), n*share
		}
	}
	e.Degree = max(0, e.Degree)
	if len(kinds) > 1 {
		e.P = mathext.GammaIncRegComp(float64(len(kinds)-1)/2, e.Degree/2)
	}
	return e, true
}
