package polish

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"Zażółć GĘŚLĄ jaźń":      "zazolc gesla jazn",
		"Łódź":                   "lodz",
		"L\u0301o\u0301dz\u0301": "lodz",
		"ku\u200brwa":            "kurwa",
		"\u202eolleh":            "olleh",
		"оszuści":                "oszusci", // Cyrillic о
		"привет":                 "привет",
		"Київ":                   "киів",
		"ｆｕｌｌ":                   "full",
		"Straße":                 "straße",
		"№5":                     "no5",
		"\xff\xfea":              "a",
	} {
		if got := Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTokens(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                 {},
		"Ala ma kota.":                     {"ala", "ma", "kota"},
		"suuuper, nieeee, boook":           {"super", "nie", "bok"},
		"k*rwa k**wa ch*j s*****alaj":      {"kurwa", "kurwa", "chuj", "spierdalaj"},
		"*** uwaga *** 5*5 a*b":            {"uwaga", "5", "5", "a", "b"},
		"g0wno k.u.r.w.a 24h":              {"gowno", "kurwa", "24h"},
		"to są o s z u ś c i i tyle":       {"to", "sa", "oszusci", "i", "tyle"},
		"to są o s z u ś c i!":             {"to", "sa", "oszusci"},
		"cena 12,50 zł, tel. 600-700-800":  {"cena", "12,50", "zl", "tel", "600", "700", "800"},
		"https://Chop.pl/a?b=ł). www.x.pl": {"https://chop.pl/a?b=l", "www.x.pl"},
		"sklep.chop.pl/oferta super.Nie":   {"sklep.chop.pl/oferta", "super", "nie"},
		"jan.kowalski@wp.pl, @firma_x":     {"jan.kowalski@wp.pl", "@firma_x"},
		"don’t d'Artagnan":                 {"dont", "dartagnan"},
		"ok👍🏽👍 👨‍👩‍👧 🇵🇱 ❤️":                {"ok", "👍", "👍", "👨‍👩‍👧", "🇵🇱", "❤"},
	} {
		got := []string{}
		for _, x := range Tokens(in) {
			got = append(got, x.Fold)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q:\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestIndexAndQueryMeet(t *testing.T) {
	for _, c := range []struct {
		text, query string
		want        bool
	}{
		{"Byłem w Łodzi na pizzy", "lodz", true},
		{"Łódź", "LODZ", true},
		{"Złodzieje i oszuści!", "złodziej", true},
		{"zlodziei tu pelno", "złodziejem", true},
		{"moje psy", "pies", true},
		{"k*rwa mać", "kurwa", true},
		{"polecam www.chop.pl/oferta", "chop.pl", true},
		{"dobra kawa", "zła kawa", false},
		{"dobra kawa", "", true},
		{"Самые дорогие", "САМЫЕ", true},
	} {
		if got := matches(Index(c.text), Query(c.query)); got != c.want {
			t.Errorf("%q in %q (%q, %q): %v", c.query, c.text, Query(c.query), Index(c.text), got)
		}
	}
}

func matches(index string, groups []string) bool {
	have := strings.Fields(index)
	for _, g := range groups {
		if !slices.ContainsFunc(strings.Fields(g), func(w string) bool { return slices.Contains(have, w) }) {
			return false
		}
	}
	return true
}

func TestEveryWordFindsItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if !matches(Index(text), Query(text)) {
			t.Fatalf("%q does not find itself", text)
		}
	})
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"", "Zażółć", "k*rwa", "a@b.pl", "http://", "www.", "@", "👨‍👩‍👧", "\xff", "o s z u s t", "\u202e", "1,2.3", "x'", "ϒ", "K̷"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, x := range Tokens(s) {
			if x.From < last || x.To <= x.From || x.To > len(s) || x.Text != s[x.From:x.To] {
				t.Fatalf("%q: token %+v after %d", s, x, last)
			}
			if utf8.ValidString(s) && !utf8.ValidString(x.Text) {
				t.Fatalf("%q: token %q cuts a letter", s, x.Text)
			}
			last = x.To
		}
		if once := Fold(s); Fold(once) != once {
			t.Fatalf("%q folds to %q, then to %q", s, once, Fold(once))
		}
		for _, r := range Index(s) {
			if r != ' ' && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
				t.Fatalf("%q: index has %q", s, r)
			}
		}
	})
}

const sample = "Zamówiłam u nich tort na urodziny córki i niestety przyjechał spóźniony o dwie godziny, a krem był kwaśny. Nie polecam!"

func BenchmarkIndex(b *testing.B) {
	Index(sample)
	for b.Loop() {
		Index(sample)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "comments/s")
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := openDictionary(wordsFile); err != nil {
			b.Fatal(err)
		}
	}
}
