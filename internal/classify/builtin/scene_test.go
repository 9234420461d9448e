package builtin

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"chop/internal/classify/linear"
)

// readScene gives the grams of sentences of parts.
func readScene(sentences ...[]uint8) linear.Grams {
	var s scene
	var out linear.Grams
	for _, parts := range sentences {
		for _, id := range parts {
			s.part(id)
		}
		out = s.end(out)
	}
	slices.Sort(out)
	return out
}

// TestASceneSpansTwoSentences: a demand and its consequence belong together across one full stop, not across a long text.
func TestASceneSpansTwoSentences(t *testing.T) {
	demand, lever, other := []uint8{3}, []uint8{7}, []uint8{}
	if got := readScene(demand, lever); len(got) != 1 || !slices.Equal(got, readScene([]uint8{3, 7})) {
		t.Errorf("side by side: %v", got)
	}
	if got := readScene(demand, other, lever); len(got) != 0 {
		t.Errorf("a sentence apart: %v", got)
	}
	if got := readScene([]uint8{1, 2, 3}); len(got) != 4 { // three pairs and the three
		t.Errorf("three parts: %v", got)
	}
}

func TestScenesDoNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfNDistinct(rapid.Uint8(), 0, mostParts, rapid.ID).Draw(t, "parts")
		turned := slices.Clone(parts)
		slices.Reverse(turned)
		turned = append(turned, parts...) // and each twice
		if a, b := readScene(parts), readScene(turned); !slices.Equal(a, b) {
			t.Fatalf("%v and %v", a, b)
		}
	})
}

// TestScenesAreBounded: however many parts two sentences hold, the work on them is.
func TestScenesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.SliceOf(rapid.Uint8()).Draw(t, "one")
		two := rapid.SliceOf(rapid.Uint8()).Draw(t, "two")
		const most = mostParts*(mostParts-1)/2 + mostParts*(mostParts-1)*(mostParts-2)/6
		if n := len(readScene(one, two)); n > 2*most {
			t.Fatalf("%d grams", n)
		}
	})
}
