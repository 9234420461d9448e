package rules

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/fault"
)

func TestPhrasesAreFoundAsPeopleMeanThem(t *testing.T) {
	for _, c := range []struct{ words, text, want string }{
		{"żegnamy was", "No to żegnamy was, do widzenia.", "żegnamy was"},
		{"żegnamy was", "ZEGNAMY WAS", "ZEGNAMY WAS"},              // no diacritics, capitals
		{"zegnamy was", "Żegnam was ozięble", "Żegnam was"},        // other form, no diacritics in the phrase
		{"oddajcie kaucję", "Kiedy oddacie mi w końcu kaucję", ""}, // three words between
		{"oddajcie kaucję", "Oddajcie nam naszą kaucję!", "Oddajcie nam naszą kaucję"},
		{"oddajcie kaucję", "oddaliście moją kaucję", "oddaliście moją kaucję"},
		{"oddajcie kaucję", "kaucję oddajcie", ""},       // not in this order
		{"oddajcie kaucję", "Oddajcie. Kaucję też.", ""}, // sentences end
		{"oddajcie kaucję", "Oddajcie\nkaucję", ""},      // lines too
		{"oddajcie kaucję", "oddajcie, proszę, kaucję", "oddajcie, proszę, kaucję"},
		{"kurwa", "no k*rwa serio", "k*rwa"},
		{"kurwa", "no k u r w a serio", "k u r w a"},
		{"k*rwa", "no kurwa serio", "kurwa"},
		{"oszuści", "to oszu$ci", "oszu$ci"},
		{"oszust", "o s z u s t", "o s z u s t"},
		{"oszust", "оszuѕt", "оszuѕt"}, // Cyrillic letters
		{"oszust", "os\u200bzust", "os\u200bzust"},
		{"rezygnuję, odchodzę ,, zamykam konto", "jutro zamykamy konto", "zamykamy konto"},
		{"rezygnuję, odchodzę", "Odchodzimy stąd", "Odchodzimy"},
		{"2,50 zł", "było po 2,50 zł", "2,50 zł"},
		{"🤡", "ale 🤡 z was", "🤡"},
		{"rip off", "what a rip-off!", "rip-off"},
		{"bardzo bardzo", "bardzo dobre", ""},
		{"bardzo bardzo", "bardzo, bardzo dobre", "bardzo, bardzo"},
		{"a b c", "a a b b c", "a b b c"},
		{"<script>alert(1)</script>", "<script>alert(1)</script>", "script>alert(1)</script"},
		{"", "cokolwiek", ""},
		{"cokolwiek", "", ""},
	} {
		f, err := NewPhrase(c.words)
		if err != nil {
			t.Errorf("%q: %v", c.words, err)
			continue
		}
		got := ""
		if found := f.Find(Lay(c.text)); len(found) > 0 {
			got = c.text[found[0].From:found[0].To]
		}
		if got != c.want {
			t.Errorf("%q in %q is %q, want %q", c.words, c.text, got, c.want)
		}
	}
}

func TestEverySentenceTellsItsFirstPlace(t *testing.T) {
	f, err := NewPhrase("zły, paskudny")
	if err != nil {
		t.Fatal(err)
	}
	const text = "Paskudny i zły chleb. Dobra kawa. Złe bułki, złe rogale!"
	var got []string
	for _, p := range f.Find(Lay(text)) {
		got = append(got, text[p.From:p.To])
	}
	if strings.Join(got, "|") != "Paskudny|Złe" {
		t.Errorf("%q", got)
	}
}

func TestPhrasesThatCannotBeAreRefused(t *testing.T) {
	for words, code := range map[string]string{
		"!!!":                                "phrase.empty",
		"dobry, ...":                         "phrase.empty",
		" ,, ":                               "phrase.empty",
		"\u200b\u202e":                       "phrase.empty",
		strings.Repeat("ą", PhraseLetters+1): "phrase.long",
		strings.Repeat("a b ", 7):            "phrase.many",
	} {
		_, err := NewPhrase(words)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != code || f.Kind != fault.Invalid {
			t.Errorf("%q: %v, want %s", words, err, code)
		}
	}
}

// A phrase made to be spread over a text in as many ways as can be costs no more than another.
func TestATextMadeToBeSlowIsNot(t *testing.T) {
	f, err := NewPhrase("a a a a a a a a a a a b")
	if err != nil {
		t.Fatal(err)
	}
	s := Lay(strings.Repeat("a ", 10_000))
	began := time.Now()
	if found := f.Find(s); len(found) > 0 {
		t.Errorf("found at %v", found)
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("took %s", d)
	}
}

// follow finds what trying every way finds.
func TestFollowIsEveryWay(t *testing.T) {
	letters := rapid.SampledFrom([]string{"ala", "kot", "ma", "psa"})
	rapid.Check(t, func(t *rapid.T) {
		row, words := rapid.SliceOfN(letters, 1, 4).Draw(t, "phrase"), rapid.SliceOfN(letters, 0, 14).Draw(t, "text")
		f, err := NewPhrase(strings.Join(row, " "))
		if err != nil {
			t.Fatal(err)
		}
		s := Lay(strings.Join(words, " "))
		if got, want := len(f.Find(s)) > 0, somehow(f.ways[0], s, 0, -1); got != want {
			t.Errorf("%v in %v: %v, want %v", row, words, got, want)
		}
	})
}

// somehow tries every way by itself.
func somehow(row []phraseWord, s *Sheet, from, before int) bool {
	if len(row) == 0 {
		return true
	}
	for _, i := range s.places(row[0]) {
		if i >= from && (before < 0 || i-before <= phraseGap+1) && somehow(row[1:], s, i+1, i) {
			return true
		}
	}
	return false
}

func FuzzPhrase(f *testing.F) {
	f.Add("żegnamy was, oddajcie kaucję", "Żegnamy was. Oddajcie kaucję!")
	f.Add("k*rwa", "k u r w a \u202e <b>")
	f.Fuzz(func(t *testing.T, words, text string) {
		p, err := NewPhrase(words)
		if err != nil {
			return
		}
		last := -1
		for _, x := range p.Find(Lay(text)) {
			if x.From < 0 || x.To > len(text) || x.From >= x.To || x.Sentence <= last {
				t.Fatalf("%q in %q at %+v", words, text, x)
			}
			last = x.Sentence
		}
	})
}
