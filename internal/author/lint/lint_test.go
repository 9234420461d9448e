package lint

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestWordsAboutAPersonAreBlocked(t *testing.T) {
	for text, want := range map[string]Kind{
		"To psychol.":                   Diagnosis,
		"Zachowuje się jak PSYCHOLKA":   Diagnosis,
		"typowy narcyz":                 Diagnosis,
		"konto narcyzowi podobne":       Diagnosis,
		"Pisze chory człowiek":          Diagnosis,
		"chorego":                       Diagnosis,
		"chorzy ludzie":                 Diagnosis,
		"pisze po pijanemu":             Diagnosis,
		"był pijany":                    Diagnosis,
		"p$ychol":                       Diagnosis,
		"psych0l":                       Diagnosis,
		"p s y c h o l":                 Diagnosis,
		"p.s.y.c.h.o.l":                 Diagnosis,
		"psy-chol":                      Diagnosis,
		"psyyychol":                     Diagnosis,
		"pssychol":                      Diagnosis,
		"psych*l":                       Diagnosis,
		"n*rcyz":                        Diagnosis,
		"рsyсhоl":                       Diagnosis, // Cyrillic letters that look Latin
		"p\u200bsychol":                 Diagnosis,
		"ＰＳＹＣＨＯＬ":                       Diagnosis,
		"Autor jest mściwy":             Character,
		"agresywna kobieta":             Character,
		"to zwykły oszust":              Character,
		"trolluje":                      Character,
		"Pisze Ukrainiec":               Trait,
		"to chyba Żyd":                  Trait,
		"głosuje jak lewaki":            Trait,
		"jest gejem":                    Trait,
		"osoba niepełnosprawna":         Trait,
		"związkowiec":                   Trait,
		"karany za oszustwa":            Trait,
		"stara k*rwa":                   Profanity,
		"kurrrwa pisze":                 Profanity,
		"Mieszka na Pradze":             Private,
		"a drunk liar":                  Diagnosis,
		"pisze w nocy; niezrównoważony": Diagnosis,
		"Pisze co wieczór. Psychicznie niestabilny": Diagnosis,
	} {
		fs := Text(text)
		if !Blocks(fs) || fs[0].Kind != want {
			t.Errorf("%q: %+v, want %s", text, fs, want)
		}
	}
}

func TestWordsAboutBehaviourPass(t *testing.T) {
	for _, text := range []string{
		"Pisze pod postami firmy niemal co wieczór, powtarza jedno twierdzenie bez szczegółów.",
		"Odrzuciło dwie propozycje zwrotu i zachęca innych do udostępniania. Na ukrycie wpisów nie reaguje.",
		"Po usunięciu podobny wpis pojawił się na innym koncie.",
		"Domaga się zwrotu 219 zł za obrus z 3.11 i podaje numer zamówienia 5531.",
		"Zapowiada pozew i zgłoszenie do UOKiK. Prosi o kontakt.",
		"Pyta o termin dostawy, dziękuje za odpowiedź.",
		"Używa obelg wobec firmy w czterech z pięciu wpisów.",
		"Pisze 12 razy w 3 dni, w 3 miejscach * bez przerwy.",
		"Writes every evening, repeats one claim, rejects two offers of a refund.",
		"***", "* * *", "", "a b c d", "1 2 3 4 5 6",
	} {
		if fs := Text(text); Blocks(fs) {
			t.Errorf("%q: %+v", text, fs)
		}
	}
}

func TestASummaryIsShortAndSaysWhatWasDone(t *testing.T) {
	if fs := Summary("Pisze co wieczór. Domaga się zwrotu."); len(fs) != 0 {
		t.Errorf("%+v", fs)
	}
	fs := Summary("Pisze co wieczór. Bardzo nieprzyjemna sprawa.")
	if len(fs) != 1 || fs[0].Kind != NoVerb || fs[0].Blocks || fs[0].Word != "Bardzo nieprzyjemna sprawa" {
		t.Errorf("%+v", fs)
	}
	if fs := Summary(strings.Repeat("pisze ", 61)); !Blocks(fs) {
		t.Error("sixty-one words pass")
	}
	if fs := Text(strings.Repeat("x", MaxText+1)); !Blocks(fs) {
		t.Error("what is not read is let through")
	}
}

// A blocked word stays blocked wherever it stands, in capitals, without diacritics, among other words and marks.
func TestDisguisesChangeNothing(t *testing.T) {
	words := []string{"psychol", "narcyz", "wariatka", "alkoholik", "mściwa", "agresywny", "złośliwa", "muzułmanin", "lesbijka", "kryminalista"}
	rapid.Check(t, func(rt *rapid.T) {
		w := []rune(rapid.SampledFrom(words).Draw(rt, "word"))
		before := rapid.SampledFrom([]string{"", "konto to ", "Pisze: ", "(", "„", "#", "...", "a ", "\n"}).Draw(rt, "before")
		after := rapid.SampledFrom([]string{"", " pisze", "!", ")", "”", ", znowu", "\n"}).Draw(rt, "after")
		switch rapid.IntRange(0, 5).Draw(rt, "how") {
		case 0:
			w = []rune(strings.ToUpper(string(w)))
		case 1:
			i := rapid.IntRange(1, len(w)-1).Draw(rt, "at")
			w = append(append(append([]rune{}, w[:i]...), w[i], w[i], w[i]), w[i:]...)
		case 2:
			i := rapid.IntRange(1, len(w)-1).Draw(rt, "at")
			w = append(append(append([]rune{}, w[:i]...), rapid.SampledFrom([]rune{'\u200b', '\u00ad', '\u0301', '-', '.', '_'}).Draw(rt, "mark")), w[i:]...)
		case 3:
			i := rapid.IntRange(2, len(w)-2).Draw(rt, "at")
			w[i] = '*'
		case 4:
			w = []rune(strings.Join(strings.Split(string(w), ""), " "))
		}
		text := before + string(w) + after
		if fs := Text(text); !Blocks(fs) {
			rt.Fatalf("%q passes", text)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"psychol", "p s y c h o l", "k*rwa", "", "\xff*a", "****a", "a*b*c*d*e*f*g*h", "ﬀ", "0000", "nie", "niechory"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, x := range Summary(s) {
			if x.From < 0 || x.To > len(s) || x.From > x.To {
				t.Fatalf("%q: %+v", s, x)
			}
		}
		if len(s) > MaxText-20 || !utf8.ValidString(s) {
			return
		}
		if !Blocks(Text(s + " psychol ")) {
			t.Fatalf("%q hides the word behind it", s)
		}
	})
}
