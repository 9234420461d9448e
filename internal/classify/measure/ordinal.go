package measure

import (
	"math/rand/v2"
	"slices"
	"strconv"
)

// AlphaNominal is Alpha of numbers that are names: the same or not.
func AlphaNominal(units [][]int) (alpha float64, ok bool) { return Alpha(written(units), Nominal) }

// AlphaOrdinal is Alpha of ranks. The distance of two values grows with how many ratings lie between them: with n_g ratings of value
// g in units rated twice and more, it is (sum of n_g from c to k, less half of n_c and n_k) squared (Krippendorff 2011, 3.C).
func AlphaOrdinal(units [][]int) (alpha float64, ok bool) {
	counts := map[int]float64{}
	for _, u := range units {
		if len(u) > 1 {
			for _, v := range u {
				counts[v]++
			}
		}
	}
	return Alpha(written(units), func(a, b string) float64 {
		c, _ := strconv.Atoi(a)
		k, _ := strconv.Atoi(b)
		if c > k {
			c, k = k, c
		}
		d := -(counts[c] + counts[k]) / 2
		for g, n := range counts {
			if g >= c && g <= k {
				d += n
			}
		}
		if c == k {
			return 0
		}
		return d * d
	})
}

func written(units [][]int) [][]string {
	out := make([][]string, len(units))
	for i, u := range units {
		for _, v := range u {
			out[i] = append(out[i], strconv.Itoa(v))
		}
	}
	return out
}

// Kappa is Cohen's kappa of the first two ratings of every unit with quadratic weights (Cohen 1968): 1 for full agreement, 0 for
// what chance gives. ok is false when there is nothing to tell it by.
func Kappa(units [][]int) (kappa float64, ok bool) {
	var first, second []int
	for _, u := range units {
		if len(u) > 1 {
			first, second = append(first, u[0]), append(second, u[1])
		}
	}
	observed, expected := 0.0, 0.0
	for i, a := range first {
		observed += float64((a - second[i]) * (a - second[i]))
		for _, b := range second {
			expected += float64((a-b)*(a-b)) / float64(len(first))
		}
	}
	if expected == 0 {
		return 0, false
	}
	return 1 - observed/expected, true // (k-1)² stands above and below
}

const (
	draws = 1000
	seed  = 20261122 // fixed: the same ratings give the same interval
)

// Bootstrap is the 95 % interval of a figure over units, by drawing as many units with repetition a thousand times. Draws that have
// no figure are left out.
func Bootstrap(units [][]int, figure func([][]int) (float64, bool)) (low, high float64) {
	if len(units) == 0 {
		return 0, 0
	}
	r := rand.New(rand.NewPCG(seed, uint64(len(units))))
	var vs []float64
	sample := make([][]int, len(units))
	for range draws {
		for i := range sample {
			sample[i] = units[r.IntN(len(units))]
		}
		if v, ok := figure(sample); ok {
			vs = append(vs, v)
		}
	}
	if len(vs) == 0 {
		return 0, 0
	}
	slices.Sort(vs)
	at := func(p float64) float64 { return vs[int(p*float64(len(vs)-1)+0.5)] }
	return at(0.025), at(0.975)
}
