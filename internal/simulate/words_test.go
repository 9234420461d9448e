package simulate

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/mention"
)

func TestEveryListOfWordsCanBeSaid(t *testing.T) {
	var lists []string
	for _, tag := range []string{"pl", "en"} {
		v, r := readWords(tag), rand.New(rand.NewPCG(1, 1))
		for list := range v {
			for range 200 {
				if s := v.say(r, list); s == "" || strings.ContainsAny(s, "{}[]") {
					t.Fatalf("%s %s: %q", tag, list, s)
				}
			}
		}
		if lists == nil {
			for list := range v {
				lists = append(lists, list)
			}
		}
		for _, list := range lists {
			if len(v[list]) == 0 {
				t.Errorf("%s has no %s", tag, list)
			}
		}
	}
}

// What is meant as hostile must read so to the labels, and what is not must not, or the worlds would try nothing.
func TestTheLabelsHearWhatIsMeant(t *testing.T) {
	e, err := builtin.New()
	if err != nil {
		t.Fatal(err)
	}
	for list, least := range map[string][2]float64{"pile": {0.8, 0.75}, "puppet": {0.5, 0.4}, "siege": {0.5, 0.35}, "extort": {0.5, 0.4}, "bomb": {0.6, 0.5},
		"demand": {0.9, 0.9}, "answer": {}, "chat": {}, "praise": {}, "ask": {}} {
		for k, tag := range []string{"pl", "en"} { // fewer English ones are heard: the labels know Polish better
			most := 0.05
			if least[k] > 0 {
				most = 1
			}
			v, r, hostile := readWords(tag), rand.New(rand.NewPCG(2, 2)), 0
			for range 200 {
				if mention.Hostile(labels(t, e, v.own(r, list))) {
					hostile++
				}
			}
			if share := float64(hostile) / 200; share < least[k] || share > most {
				t.Errorf("%s %s: %.2f read as hostile, want %.2f to %.2f", tag, list, share, least[k], most)
			}
		}
	}
}

func labels(t *testing.T, e *builtin.Engine, text string) string {
	t.Helper()
	rs, err := e.Classify(context.Background(), []classify.Text{{Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	out := ","
	for _, f := range rs[0].Labels {
		out += string(f.Label) + ","
	}
	return out
}
