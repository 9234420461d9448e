package builtin

import (
	"slices"

	"chop/internal/classify/linear"
)

// scene gathers who does what to whom on which terms, over two sentences at a time: a demand often stands in one and its
// consequence in the next. Parts are fields named "scene_…"; two and three of them together are features, because one alone
// says little ("albo", "oddajcie", "opinia") and the company it keeps says nearly all.
type scene struct {
	before, now []uint8 // parts of the sentence before and of this one, each in order and once
	all         []uint8
}

// mostParts bounds the work on one sentence.
const mostParts = 14

func (s *scene) clear() { s.before, s.now = s.before[:0], s.now[:0] }

func (s *scene) part(id uint8) {
	if len(s.now) < mostParts && !slices.Contains(s.now, id) {
		s.now = append(s.now, id)
	}
}

// end closes a sentence: every two and three parts, at least one of which stands in it.
func (s *scene) end(out linear.Grams) linear.Grams {
	slices.Sort(s.now)
	s.all = append(s.all[:0], s.now...)
	for _, id := range s.before {
		if len(s.all) < mostParts && !slices.Contains(s.now, id) {
			s.all = append(s.all, id)
		}
	}
	for i := range s.now {
		for k := i + 1; k < len(s.all); k++ {
			two := unordered(s.all[i], s.all[k])
			out = append(out, linear.Bucket(two))
			for l := k + 1; l < len(s.all); l++ {
				out = append(out, linear.Bucket(three(s.all[i], s.all[k], s.all[l])))
			}
		}
	}
	s.before, s.now = append(s.before[:0], s.now...), s.now[:0]
	return out
}

func unordered(a, b uint8) uint32 {
	return mix(mix(seedScene, uint32(min(a, b))), uint32(max(a, b)))
}

func three(a, b, c uint8) uint32 {
	lo, hi := min(a, b, c), max(a, b, c)
	mid := a ^ b ^ c ^ lo ^ hi
	return mix(mix(mix(seedScene, uint32(lo)), uint32(mid)), uint32(hi))
}
