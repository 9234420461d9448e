package detect

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// surrogatePermutations suffice to see whether a group would be confirmed.
const surrogatePermutations = 1000

// Surrogates runs the whole method on n histories in which every account keeps its posts and its own delays, and only
// which delay goes with which post of the same stratum is shuffled. For each it tells the size of the largest confirmed
// group: what the method would find where nobody acts together (domain/coordination.md 4.6).
func Surrogates(actions []Action, posts []Post, s Settings, n int) (largest []int) {
	largest = make([]int, n)
	var next sync.Mutex
	at := 0
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				next.Lock()
				k := at
				at++
				next.Unlock()
				if k >= n {
					return
				}
				largest[k] = surrogate(actions, posts, s, uint64(k))
			}
		}()
	}
	all.Wait()
	return largest
}

func surrogate(actions []Action, posts []Post, s Settings, k uint64) int {
	w := gather(actions, posts, s)
	w.reshuffle(rand.New(rand.NewPCG(s.Seed, k+100)))
	most := 0
	for _, g := range w.detect(surrogatePermutations).groups {
		most = max(most, len(g))
	}
	return most
}

// reshuffle breaks the company and keeps the habits.
func (w *page) reshuffle(rng *rand.Rand) {
	type habit struct {
		account int32
		stratum int
	}
	of, keys := map[habit][]int{}, []habit{}
	for i, a := range w.acts {
		h := habit{a.account, w.posts[a.post].stratum}
		if of[h] == nil {
			keys = append(keys, h)
		}
		of[h] = append(of[h], i)
	}
	for _, h := range keys {
		v := of[h]
		rng.Shuffle(len(v), func(i, j int) { w.acts[v[i]].delay, w.acts[v[j]].delay = w.acts[v[j]].delay, w.acts[v[i]].delay })
	}
	for i := range w.acts {
		w.acts[i].at = w.posts[w.acts[i].post].published + w.acts[i].delay
	}
	w.arrange()
}

// FalseRate is how often a group of the size or larger came up among the surrogates, never less than one in all of them
// and this one.
func FalseRate(largest []int, size int) float64 {
	reached := len(slices.DeleteFunc(slices.Clone(largest), func(n int) bool { return n < size }))
	return float64(1+reached) / float64(len(largest)+1)
}
