package wording

import (
	"cmp"
	"slices"
)

const (
	hashes = 128
	bands  = 32
	rows   = hashes / bands
	alike  = 0.6 // Jaccard of shingles from which texts are nearly the same
	// crowded is how many texts of one bucket are compared with each: a flood of thousands of variants of one text is found
	// through its neighbours and must not cost the square.
	crowded = 100
)

// Near is a pair of classes of texts with the likeness of their shingles, 0.6 to 1.
type Near struct {
	A, B  int32
	Alike float64
}

// Classes puts texts with the same shingles into one class and finds pairs of classes that are nearly the same: MinHash of
// 128 values, locality-sensitive hashing in 32 bands of 4 rows (Broder 1997; Indyk and Motwani 1998), every pair verified.
// Class is -1 for texts that are too short. Pairs are in order, A before B.
func Classes(docs []Doc) (class []int32, near []Near) {
	class = make([]int32, len(docs))
	var first []int32 // a text of each class
	same := map[uint64][]int32{}
	for i, d := range docs {
		class[i] = -1
		if !d.Enough() {
			continue
		}
		key := uint64(len(d.Shingles))
		for _, s := range d.Shingles {
			key = mix(key ^ s)
		}
		for _, c := range same[key] {
			if slices.Equal(docs[first[c]].Shingles, d.Shingles) {
				class[i] = c
			}
		}
		if class[i] < 0 {
			class[i] = int32(len(first))
			same[key] = append(same[key], class[i])
			first = append(first, int32(i))
		}
	}
	return class, pairsOf(docs, first)
}

func pairsOf(docs []Doc, first []int32) (near []Near) {
	keys := make([][bands]uint64, len(first))
	for c, i := range first {
		keys[c] = bandsOf(docs[i].Shingles)
	}
	order := make([]int32, len(first))
	seen := map[uint64]bool{}
	for b := range bands {
		for c := range order {
			order[c] = int32(c)
		}
		slices.SortFunc(order, func(x, y int32) int { return cmp.Or(cmp.Compare(keys[x][b], keys[y][b]), cmp.Compare(x, y)) })
		for j := range order {
			for i := j - 1; i >= max(0, j-crowded) && keys[order[i]][b] == keys[order[j]][b]; i-- {
				u, v := min(order[i], order[j]), max(order[i], order[j])
				k := uint64(u)<<32 | uint64(v)
				if seen[k] {
					continue
				}
				seen[k] = true
				if x := Jaccard(docs[first[u]].Shingles, docs[first[v]].Shingles); x >= alike {
					near = append(near, Near{u, v, x})
				}
			}
		}
	}
	slices.SortFunc(near, func(x, y Near) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return near
}

// bandsOf is the MinHash signature, four values folded into one for each band.
func bandsOf(s []uint64) (out [bands]uint64) {
	for b := range bands {
		for r := range rows {
			k := uint64(b*rows+r)*0x9e3779b97f4a7c15 + 1
			a, least := mix(k)|1, ^uint64(0)
			add := mix(k + 7)
			for _, x := range s {
				least = min(least, (a*x+add)>>20)
			}
			out[b] = mix(out[b] ^ least)
		}
	}
	return out
}

// Jaccard is the share of shingles that two sorted sets have in common.
func Jaccard(a, b []uint64) float64 {
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
