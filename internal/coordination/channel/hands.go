package channel

import (
	"slices"

	"chop/internal/coordination/detect"
)

// OneHand is the evidence of pairs within a group that act like one person who changes accounts; hands are those of the whole
// page. Its chance is the least of a pair's, corrected for the pairs of the page by its q and for those of the group. The
// second result is false when there is no such pair.
func OneHand(members []string, hands []detect.Hand) (Evidence, bool) {
	e := Evidence{Channel: Switch, Tested: true, P: 1, Of: len(members)}
	in := map[string]bool{}
	for _, h := range hands {
		if !slices.Contains(members, h.A) || !slices.Contains(members, h.B) {
			continue
		}
		in[h.A], in[h.B] = true, true
		pairs := len(members) * (len(members) - 1) / 2
		if p := min(1, max(h.Q, h.P*float64(pairs))); p < e.P {
			e.P, e.Expected, e.Degree = p, h.Expected, float64(h.Near)
		}
		if len(e.Pairs) < maxPairs {
			e.Pairs = append(e.Pairs, Pair{A: h.A, B: h.B})
		}
	}
	for _, m := range slices.Sorted(slices.Values(members)) {
		if in[m] {
			e.Accounts = append(e.Accounts, m)
		}
	}
	e.Count = len(e.Accounts)
	return e, e.Count > 0
}
