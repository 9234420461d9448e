package lint

import "slices"

// sameLetter is the similarity from which a reader notices a template (L9).
const sameLetter = 0.85

// Similar is how alike two texts are, 0 to 1: the share of the groups of three words that both have.
func Similar(a, b string) float64 {
	return similar(shingles(lay(legible(a))), shingles(lay(legible(b))))
}

// shingles are the text's groups of three neighbouring words, hashed and sorted; of a shorter text the whole.
func shingles(s *sheet) []uint64 {
	const n = 3
	var out []uint64
	for i := 0; i == 0 || i+n <= len(s.words); i++ {
		h := uint64(14695981039346656037) // FNV-1a
		for _, w := range s.words[i:min(i+n, len(s.words))] {
			for k := 0; k < len(w.Fold); k++ {
				h = (h ^ uint64(w.Fold[k])) * 1099511628211
			}
			h = (h ^ ' ') * 1099511628211
		}
		out = append(out, h)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// similar is the Jaccard index of two sorted sets.
func similar(a, b []uint64) float64 {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			both, i, j = both+1, i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	if all := len(a) + len(b) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}
