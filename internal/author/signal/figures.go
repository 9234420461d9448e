package signal

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"chop/internal/polish"
)

// Median is the middle value, the mean of the two middle ones for an even number; 0 for none.
func Median(vs []float64) float64 {
	if len(vs) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(vs))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// HHI is the Herfindahl–Hirschman index of counts: the sum of squared shares, 1 when everything goes to one, 1/n when it is
// spread evenly over n. 0 when there is nothing.
func HHI(counts []float64) float64 {
	sum := 0.0
	for _, c := range counts {
		sum += c
	}
	if sum == 0 {
		return 0
	}
	h := 0.0
	for _, c := range counts {
		h += (c / sum) * (c / sum)
	}
	return h
}

// Entropy is Shannon's, in bits, of counts.
func Entropy(counts []float64) float64 {
	sum, h := 0.0, 0.0
	for _, c := range counts {
		sum += c
	}
	for _, c := range counts {
		if c > 0 {
			h -= c / sum * math.Log2(c/sum)
		}
	}
	return h
}

// direct is up to how many points all pairs are looked at one by one.
const direct = 400

// TheilSen is the median of the slopes of all pairs of points with different x (Theil 1950, Sen 1968): unlike least squares, one
// outlier in four moves it little. ok is false when no two points differ in x. For many points the median is found by counting
// instead of listing the pairs: how many slopes lie at or under s is a count of inversions of y - s·x.
func TheilSen(x, y []float64) (slope float64, ok bool) {
	ps := points(x, y)
	if len(ps) <= direct {
		var slopes []float64
		for i, a := range ps {
			for _, b := range ps[i+1:] {
				if a.x != b.x {
					slopes = append(slopes, (b.y-a.y)/(b.x-a.x))
				}
			}
		}
		return Median(slopes), len(slopes) > 0
	}
	n := ps.pairs()
	if n == 0 {
		return 0, false
	}
	return (ps.slope((n-1)/2) + ps.slope(n/2)) / 2, true
}

type point struct{ x, y float64 }

type cloud []point

// points are sorted by x, then y.
func points(x, y []float64) cloud {
	ps := make(cloud, min(len(x), len(y)))
	for i := range ps {
		ps[i] = point{x[i], y[i]}
	}
	slices.SortFunc(ps, func(a, b point) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	return ps
}

// pairs is how many pairs differ in x.
func (ps cloud) pairs() int {
	n := len(ps) * (len(ps) - 1) / 2
	for i := 0; i < len(ps); {
		j := i
		for j < len(ps) && ps[j].x == ps[i].x {
			j++
		}
		n -= (j - i) * (j - i - 1) / 2
		i = j
	}
	return n
}

// twins is how many pairs are the same point: atMost counts them although they have no slope.
func (ps cloud) twins() (n int) {
	for i := 0; i < len(ps); {
		j := i
		for j < len(ps) && ps[j] == ps[i] {
			j++
		}
		n += (j - i) * (j - i - 1) / 2
		i = j
	}
	return n
}

// atMost is how many pairs have a slope of s or less.
func (ps cloud) atMost(s float64, z, buf []float64) int {
	for i, p := range ps {
		z[i] = p.y - s*p.x
	}
	return inversions(z, buf)
}

// inversions counts the pairs i < j with z[j] <= z[i], and sorts z on the way.
func inversions(z, buf []float64) int {
	if len(z) < 2 {
		return 0
	}
	m := len(z) / 2
	n := inversions(z[:m], buf[:m]) + inversions(z[m:], buf[m:])
	copy(buf, z)
	for i, j, k := 0, m, 0; k < len(z); k++ {
		if j < len(z) && (i == m || buf[j] <= buf[i]) {
			n += m - i
			z[k] = buf[j]
			j++
		} else {
			z[k] = buf[i]
			i++
		}
	}
	return n
}

// slope is the slope of rank k, from 0.
func (ps cloud) slope(k int) float64 {
	z, buf, twins := make([]float64, len(ps)), make([]float64, len(ps)), ps.twins()
	rank := func(s float64) int { return ps.atMost(s, z, buf) - twins }
	lo, hi := -1.0, 1.0
	for rank(hi) <= k {
		hi *= 2
	}
	for rank(lo) > k {
		lo *= 2
	}
	// The account's usual slope is none at all; find it exactly.
	if lo < 0 && hi > 0 {
		switch tiny := math.SmallestNonzeroFloat64; {
		case rank(0) <= k:
			lo = 0
		case rank(-tiny) <= k:
			return 0
		default:
			hi = 0
		}
	}
	for range 80 {
		mid := lo + (hi-lo)/2
		if mid == lo || mid == hi {
			break
		}
		if rank(mid) > k {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// Shingles are the runs of three words of a text, folded; a shorter text is one shingle. Links and numbers count as words.
func Shingles(text string) map[string]bool {
	ts := polish.Tokens(text)
	out := make(map[string]bool, len(ts))
	words := make([]string, len(ts))
	for i, t := range ts {
		words[i] = t.Fold
	}
	if len(words) == 0 {
		return out
	}
	if len(words) < shingle {
		out[strings.Join(words, " ")] = true
		return out
	}
	for i := 0; i+shingle <= len(words); i++ {
		out[strings.Join(words[i:i+shingle], " ")] = true
	}
	return out
}

const shingle = 3

// Jaccard is how much two sets have in common, 0 to 1.
func Jaccard(a, b map[string]bool) float64 {
	if len(b) < len(a) {
		a, b = b, a
	}
	both := 0
	for s := range a {
		if b[s] {
			both++
		}
	}
	all := len(a) + len(b) - both
	if all == 0 {
		return 0
	}
	return float64(both) / float64(all)
}

// Near is from where on two texts are nearly the same (domain/decisions.md 3.2 B23).
const Near = 0.6
