package detect

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Posts are drawn one after another by weight from what is left: the chance that a post is among the drawn is reckoned here
// by going through all orders.
func TestPostsAreDrawnByWeightWithoutReplacement(t *testing.T) {
	weight := []float64{1, 2, 3, 4, 30}
	for took := 1; took <= 5; took++ {
		want := make([]float64, len(weight))
		var walk func(taken, left int, p float64)
		walk = func(taken, left int, p float64) {
			rest := 0.0
			for i, x := range weight {
				if taken>>i&1 == 0 {
					rest += x
				} else if left == 0 {
					want[i] += p
				}
			}
			for i, x := range weight {
				if left > 0 && taken>>i&1 == 0 {
					walk(taken|1<<i, left-1, p*x/rest)
				}
			}
		}
		walk(0, took, 1)
		c := cell{posts: []int32{0, 1, 2, 3, 4}, took: took}
		c.prepare(weight)
		d, at := draw{rng: rand.New(rand.NewPCG(1, 1)), taken: make([]int32, 5)}, make([]int32, 5)
		const n = 60_000
		for range n {
			d.some(&c, at)
		}
		for i := range weight {
			if got := float64(at[i]) / n; math.Abs(got-want[i]) > 0.01 {
				t.Errorf("%d drawn: post %d in %.3f of draws, want %.3f", took, i, got, want[i])
			}
		}
	}
}
