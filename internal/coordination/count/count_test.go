package count

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func act(object, account, content string, at float64) Row {
	return Row{Object: object, Account: account, Content: content, At: at}
}

func edges(rows []Row, window float64, least int, q float64) string {
	s := ""
	for _, e := range Edges(rows, Settings{Window: window, MinTimes: least, Quantile: q}) {
		s += fmt.Sprintf("%s-%s %d %v; ", e.A, e.B, e.Weight, e.Kept)
	}
	return s
}

func TestPairsOfAnObjectWithinTheWindow(t *testing.T) {
	r := func(o, a, c string, at float64) Row { return Row{Object: o, Account: a, Content: c, At: at} }
	for name, x := range map[string]struct {
		rows   []Row
		window float64
		least  int
		want   string
	}{
		"nothing":                                       {nil, 60, 1, ""},
		"the edge of the window belongs to it":          {[]Row{r("o", "a", "1", 0), r("o", "b", "2", 60)}, 60, 1, "a-b 1 false; "},
		"a second later does not":                       {[]Row{r("o", "a", "1", 0), r("o", "b", "2", 61)}, 60, 1, ""},
		"another object":                                {[]Row{r("o", "a", "1", 0), r("p", "b", "2", 0)}, 60, 1, ""},
		"nobody is a pair with himself":                 {[]Row{r("o", "a", "1", 0), r("o", "a", "2", 1)}, 60, 1, ""},
		"nor one content":                               {[]Row{r("o", "a", "1", 0), r("o", "b", "1", 1)}, 60, 1, ""},
		"nor the object itself":                         {[]Row{r("1", "a", "1", 0), r("1", "b", "2", 1)}, 60, 1, ""},
		"contents are counted, not objects":             {[]Row{r("o", "a", "1", 0), r("o", "a", "2", 1), r("o", "b", "3", 2)}, 60, 1, "a-b 2 false; "},
		"names are in order whoever came first":         {[]Row{r("o", "b", "1", 0), r("o", "a", "2", 1)}, 60, 1, "a-b 1 false; "},
		"who acts too seldom is left out first":         {[]Row{r("o", "a", "1", 0), r("p", "a", "2", 0), r("o", "b", "3", 1)}, 60, 2, ""},
		"a partner of low activity stays with the busy": {[]Row{r("o", "a", "1", 0), r("p", "a", "2", 0), r("o", "b", "3", 1), r("q", "b", "4", 1), r("p", "c", "5", 1), r("r", "c", "6", 9)}, 60, 2, "a-b 1 false; a-c 1 false; "},
	} {
		if got := edges(x.rows, x.window, x.least, 0.5); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

func TestWhatIsKeptIsStrictlyAboveTheQuantile(t *testing.T) {
	var rows []Row
	for i := range 3 { // a-b three times, a-c once
		at := float64(1000 * i)
		rows = append(rows, act(fmt.Sprint("o", i), "a", fmt.Sprint("a", i), at), act(fmt.Sprint("o", i), "b", fmt.Sprint("b", i), at))
	}
	rows = append(rows, act("o0", "c", "c0", 0))
	if got, want := edges(rows, 60, 1, 0.5), "a-b 3 true; a-c 1 false; b-c 1 false; "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := edges(rows, 60, 1, 1), "a-b 3 false; a-c 1 false; b-c 1 false; "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOrderOfRowsMeansNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.Custom(func(t *rapid.T) Row {
			n := func(most int) int { return rapid.IntRange(0, most).Draw(t, "n") }
			return act(fmt.Sprint("o", n(3)), fmt.Sprint("a", n(4)), fmt.Sprint("c", n(20)), float64(n(100)))
		})
		rows := rapid.SliceOfN(row, 0, 40).Draw(t, "rows")
		s := Settings{Window: float64(rapid.IntRange(0, 50).Draw(t, "window")), MinTimes: rapid.IntRange(1, 3).Draw(t, "least"), Quantile: 0.5}
		want := Edges(rows, s)
		if got := Edges(rapid.Permutation(rows).Draw(t, "permuted"), s); !slices.Equal(got, want) {
			t.Fatalf("%v, in another order %v", want, got)
		}
	})
}

// Figures of CooRTweet's own run: an action of which something is not known counts for its account and makes no pair.
func TestWhatIsNotKnownCountsForItsAccountAlone(t *testing.T) {
	rows := []Row{
		{Object: "o", Account: "a", Content: "1"}, {Object: "o", Account: "b", Content: "2"},
		{Object: "p", Account: "a", Content: "1", Missing: true}, {Object: "o", Account: "b", Content: "3", Missing: true},
	}
	if got, want := edges(rows, 60, 2, 0.5), "a-b 1 false; "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := edges(rows, 60, 3, 0.5); got != "" {
		t.Errorf("%q although neither has three", got)
	}
}

// R reckons 1+(n-1)q and then takes the whole part: where (n-1)q falls a hair short of 16, the 1 rounds it up.
func TestQuantileRoundsAsR(t *testing.T) {
	var w []Edge
	for i := range 33 {
		w = append(w, Edge{Weight: 1 + i/16})
	}
	if got := quantile(w, math.Nextafter(0.5, 0)); got != 2 {
		t.Errorf("%v, R says 2", got)
	}
}
