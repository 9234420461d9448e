// Package measure holds the figures by which labels are judged: intervals of shares, agreement of people, change of a mixture.
package measure

import (
	"math"
	"slices"
	"strings"
)

// Share is so many of so many, with the 95 % interval of Wilson (1927), which is right for few cases too.
type Share struct {
	Of, All   int
	Low, High float64
}

// NewShare is k of n; with n of 0 nothing is known and the interval is everything.
func NewShare(k, n int) Share {
	s := Share{Of: k, All: n, High: 1}
	if n <= 0 {
		return s
	}
	const z = 1.959964 // 95 %
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	if k > 0 {
		s.Low = max(0, mid-half)
	}
	if k < n {
		s.High = min(1, mid+half)
	}
	return s
}

// Value is the share itself, 0 when there are no cases.
func (s Share) Value() float64 {
	if s.All == 0 {
		return 0
	}
	return float64(s.Of) / float64(s.All)
}

// Apart tells whether two shares differ by more than chance explains easily: their intervals do not meet.
func (s Share) Apart(o Share) bool { return s.Low > o.High || s.High < o.Low }

// Nominal is the distance of values that are the same or not.
func Nominal(a, b string) float64 {
	if a == b {
		return 0
	}
	return 1
}

// Masi is the distance of two sets of labels, each joined by commas, from 0 for the same to 1 for nothing in common. Sets that
// share something but not all are in between (Passonneau, LREC 2006: Jaccard weighted by how the sets overlap).
func Masi(a, b string) float64 {
	x, y := set(a), set(b)
	common := 0
	for _, l := range x {
		if slices.Contains(y, l) {
			common++
		}
	}
	all := len(x) + len(y) - common
	if all == 0 {
		return 0
	}
	m := 1.0 / 3 // something in common
	switch common {
	case 0:
		return 1
	case all:
		m = 1
	case len(x), len(y):
		m = 2.0 / 3 // one holds the other
	}
	return 1 - m*float64(common)/float64(all)
}

func set(s string) []string {
	if s == "" {
		return nil
	}
	ls := strings.Split(s, ",")
	slices.Sort(ls)
	return slices.Compact(ls)
}

// Alpha is Krippendorff's alpha of values that several people gave to the same units: 1 is full agreement, 0 what chance alone
// would give. Units with one value count for nothing. ok is false when everybody always gave the same value or nothing was
// judged twice: then there is nothing to tell agreement by. (Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.)
func Alpha(units [][]string, distance func(a, b string) float64) (alpha float64, ok bool) {
	counts, n := map[string]int{}, 0
	observed := 0.0
	for _, u := range units {
		if len(u) < 2 {
			continue
		}
		n += len(u)
		within := 0.0
		for i, a := range u {
			counts[a]++
			for j, b := range u {
				if i != j {
					within += distance(a, b)
				}
			}
		}
		observed += within / float64(len(u)-1)
	}
	expected := 0.0
	for a, k := range counts {
		for b, l := range counts {
			if a != b {
				expected += float64(k) * float64(l) * distance(a, b)
			}
		}
	}
	if n < 2 || expected == 0 {
		return 0, false
	}
	return 1 - (observed/float64(n))/(expected/float64(n)/float64(n-1)), true
}

// PSI is the Population Stability Index of counts now against counts before, in the same order of kinds: below 0.1 no change
// worth a word, to 0.25 some, above a clear one (the usual rule of thumb in credit scoring, Siddiqi 2006). Half a case is added to
// each kind, so that an empty one does not make it endless. 0 when either side is empty.
func PSI(before, now []int) float64 {
	b, n := 0.0, 0.0
	for i := range before {
		b, n = b+float64(before[i]), n+float64(now[i])
	}
	if b == 0 || n == 0 {
		return 0
	}
	const half = 0.5
	k := half * float64(len(before))
	psi := 0.0
	for i := range before {
		p, q := (float64(before[i])+half)/(b+k), (float64(now[i])+half)/(n+k)
		psi += (q - p) * math.Log(q/p)
	}
	return psi
}

// Chance is the index that the same mixture exceeds by chance in one of twenty comparisons of so many cases: without change it
// behaves like chi-squared of kinds-1 times (1/before + 1/now) (Yurdakul, Statistical Properties of PSI, 2018). Endless when a
// side is empty.
func Chance(kinds, before, now int) float64 {
	if before == 0 || now == 0 {
		return math.Inf(1)
	}
	free := float64(max(kinds-1, 1))
	const z = 1.644854 // 95 %, one side
	c := 1 - 2/(9*free) + z*math.Sqrt(2/(9*free))
	return free * c * c * c * (1/float64(before) + 1/float64(now))
}
