package detect

import (
	"cmp"
	"math"
	"slices"
)

// exactUpTo is how many coincidences are counted exactly; beyond, the bound of Hoeffding (1963) is taken, which is never
// smaller than the exact chance.
const exactUpTo = 300

// tail is the chance that at least k of independent events with chances q happen (Poisson-binomial). work is scratch space.
func tail(q []float64, k int, work []float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > len(q):
		return 0
	case k > exactUpTo:
		return hoeffding(q, k)
	}
	at := work[:k+1] // at[c]: chance of c so far; at[k]: of k or more
	clear(at)
	at[0] = 1
	for _, p := range q {
		at[k] += at[k-1] * p
		for c := k - 1; c >= 1; c-- {
			at[c] = at[c]*(1-p) + at[c-1]*p
		}
		at[0] *= 1 - p
	}
	return min(1, at[k])
}

func hoeffding(q []float64, k int) float64 {
	n, sum := float64(len(q)), 0.0
	for _, p := range q {
		sum += p
	}
	m, f := sum/n, float64(k)/n
	if f <= m {
		return 1
	}
	if m <= 0 {
		return 0
	}
	kl := f * math.Log(f/m)
	if f < 1 {
		kl += (1 - f) * math.Log((1-f)/(1-m))
	}
	return math.Exp(-n * kl)
}

// adjusted are the q-values of Benjamini and Hochberg (1995) for m hypotheses, of which the p-values are the smallest.
func adjusted(p []float64, m int) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	q, least := make([]float64, len(p)), 1.0
	for k := len(order) - 1; k >= 0; k-- {
		least = min(least, p[order[k]]*float64(m)/float64(k+1))
		q[order[k]] = least
	}
	return q
}

// correlation is Pearson's; 0 when either side does not vary.
func correlation(x, y []float64) float64 {
	n := float64(len(x))
	var sx, sy, xx, yy, xy float64
	for i := range x {
		sx, sy = sx+x[i], sy+y[i]
		xx, yy, xy = xx+x[i]*x[i], yy+y[i]*y[i], xy+x[i]*y[i]
	}
	v := (xx - sx*sx/n) * (yy - sy*sy/n)
	if !(v > 0) {
		return 0
	}
	return (xy - sx*sy/n) / math.Sqrt(v)
}

// median sorts v; NaN of nothing.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return v[len(v)/2]
}
