package memory

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLikeness(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want Likeness
	}{
		{"Oszuści!!!", "oszusci", Same},
		{"oszuści", "o s z u ś c i", Same},
		{"Złodzieje 🤡", "zlodzieje 🤡", Same},
		{"Złodzieje 🤡", "zlodzieje", Other},
		{"polecam", "nie polecam", Other},
		{"@Anna Kowalska złodzieje jesteście", "@Jan Kowalska złodzieje jesteście", Same},
		{"", "", Other},
		{"…", "!!!", Other},
		{"🤡", "🤡", Same},
		// Five words: one more at the end is near, one exchanged is not.
		{"to jest wstyd i hańba", "to jest wstyd i hańba dzisiaj", Near},
		{"to jest wstyd i hańba", "to jest radość i hańba", Other},
		// The same words in another order are another text.
		{"Jan okradł Annę w tym sklepie wczoraj rano", "Annę okradł Jan w tym sklepie wczoraj rano", Other},
		// Nineteen words and more stand one exchanged word.
		{"kupiłam tu obrus i po jednym praniu zrobiły się w nim dziury a sklep od trzech tygodni nie odpisuje na maile",
			"kupiłam tu obrus i po jednym praniu zrobiły się w nim dziury a sklep od dwóch tygodni nie odpisuje na maile", Near},
		// A denial more turns the meaning round, however long the text is.
		{"byłam wczoraj z rodziną na obiedzie i obsługa była bardzo miła a jedzenie świeże więc szczerze polecam każdemu kto tędy przejeżdża",
			"byłam wczoraj z rodziną na obiedzie i obsługa nie była bardzo miła a jedzenie świeże więc szczerze polecam każdemu kto tędy przejeżdża", Other},
		{"napisz do mnie na adres ala@example.com po szczegóły oferty", "napisz do mnie na adres jan@example.net po szczegóły oferty", Same},
	} {
		if got := Words(Read(c.a, ""), Read(c.b, "")); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestShortTextsKeepToTheirPlace(t *testing.T) {
	under := Place(false, nil, 0)
	answer := Place(true, []string{"question", "complaint"}, 0)
	if Compare(Read("haha", under), Read("haha", answer)) != Other {
		t.Error("laughter under a post is not laughter under a complaint")
	}
	if Compare(Read("haha", Place(true, []string{"complaint", "question"}, 0)), Read("haha", answer)) != Same {
		t.Error("the order of the parent's labels does not matter")
	}
	if Compare(Read("super obsługa", Place(false, nil, 5)), Read("super obsługa", Place(false, nil, 1))) != Other {
		t.Error("five stars are not one star")
	}
	text := "oddajcie pieniądze za te dziurawe obrusy"
	if Compare(Read(text, under), Read(text, answer)) != Same {
		t.Error("a long text means the same wherever it stands")
	}
}

func TestJaccard(t *testing.T) {
	for _, c := range []struct {
		a, b []uint64
		want float64
	}{
		{nil, nil, 0}, {[]uint64{1}, nil, 0}, {[]uint64{1, 2}, []uint64{1, 2}, 1}, {[]uint64{1, 2, 3, 4}, []uint64{1, 2, 3, 4, 5}, 0.8},
		{[]uint64{1, 2, 3}, []uint64{2, 3, 4}, 0.5}, {[]uint64{1, 3}, []uint64{2, 4}, 0},
	} {
		if got := Jaccard(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v and %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// The book finds what comparing one by one finds.
func TestTheBookFindsWhatComparingFinds(t *testing.T) {
	words := []string{"nie", "polecam", "tego", "sklepu", "oszuści", "i", "złodzieje", "🤡", "wstyd"}
	text := rapid.Custom(func(t *rapid.T) Text {
		ws := rapid.SliceOfN(rapid.SampledFrom(words), 0, 9).Draw(t, "words")
		return Read(strings.Join(ws, " "), rapid.SampledFrom([]string{"post", "reply insult"}).Draw(t, "place"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		texts, x := rapid.SliceOfN(text, 0, 20).Draw(rt, "texts"), text.Draw(rt, "text")
		refused := rapid.IntRange(-1, 19).Draw(rt, "refused")
		ok := func(i int, _ Likeness) bool { return i != refused }
		want, like := -1, Other
		for _, l := range []Likeness{Same, Near} {
			for i, y := range texts {
				if want < 0 && i != refused && Compare(x, y) == l {
					want, like = i, l
				}
			}
		}
		if got, l := NewBook(texts).Find(x, ok); got != want || l != like {
			rt.Fatalf("found %d %d, want %d %d", got, l, want, like)
		}
	})
}

func TestAHugeTextIsReadAndComparedExactlyOnly(t *testing.T) {
	huge := strings.Repeat("słowo za słowem ", 20_000)
	if Words(Read(huge, ""), Read(huge, "")) != Same || Words(Read(huge, ""), Read(huge+" jeszcze", "")) != Other {
		t.Error("huge texts")
	}
}
