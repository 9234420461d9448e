package reply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/reply/lint"
)

var noon = time.Date(2026, 5, 12, 10, 20, 0, 0, time.UTC)

func TestFill(t *testing.T) {
	v := Values{Name: "Anna", Firm: "Len", Signature: "Ewa Maj, Len", Now: noon, Facts: []Fact{{Key: "zwroty", Text: "30 dni"}, {Key: "stare", Text: "x", Until: noon.Add(-time.Hour)}}}
	for in, want := range map[string]string{
		"Dzień dobry {{imie}}, {{ fakt:zwroty }}. {{podpis}}": "Dzień dobry Anna, 30 dni. Ewa Maj, Len",
		"bez zmiennych":       "bez zmiennych",
		"{{fakt:Zwroty}}":     "30 dni",
		"{{fakt:stare}}":      "{{fakt:stare}} ! fakt:stare",
		"{{fakt:brak}} a":     "{{fakt:brak}} a ! fakt:brak",
		"{{nie ma}}":          "{{nie ma}} ! nie ma",
		"{{do_kiedy}}":        "{{do_kiedy}} ! do_kiedy",
		"otwarte {{imie":      "otwarte {{imie ! imie",
		"{imie} i }} zostaje": "{imie} i }} zostaje",
	} {
		got, missing := Fill(in, v)
		if len(missing) > 0 {
			got += " ! " + strings.Join(missing, ",")
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A text without missing values has no brace left; one with them is never taken for ready.
func TestNoBraceIsEverSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"{{", "}}", "imie", "fakt:x", "firma", " ", "a", "{", "}"})).Draw(t, "parts"), "")
		text, missing := Fill(s, Values{Firm: "Len"})
		if len(missing) == 0 && strings.Contains(text, "{{") {
			t.Fatalf("%q became %q", s, text)
		}
		if len(missing) > 0 && len(Braces(text)) == 0 {
			t.Fatalf("%q lacks %v, but %q passes", s, missing, text)
		}
	})
}

func TestFirstNameIsNoNickname(t *testing.T) {
	for author, want := range map[string]string{"Anna Piotrowska": "Anna", "Łucja": "Łucja", "len_fan": "", "k8821": "", "Kamil 8821": "Kamil", "ANNA": "", "Al": "", "Prawda o Lnie": "Prawda", "": "", "ĄĆ": ""} {
		if got := FirstName(author); got != want {
			t.Errorf("%q: %q, want %q", author, got, want)
		}
	}
}

func TestByIsAheadAndByDay(t *testing.T) {
	for hour, want := range map[int]string{0: "dziś do 10:00", 5: "dziś do 10:00", 8: "dziś do 12:00", 12: "dziś do 16:00", 17: "jutro do 12:00", 22: "jutro do 12:00"} {
		now := time.Date(2026, 5, 12, hour, 20, 0, 0, time.UTC)
		if got := By(now, "pl"); got != want {
			t.Errorf("at %d: %q, want %q", hour, got, want)
		}
	}
}

func facts(kv ...string) (list []Fact) {
	for i := 0; i+1 < len(kv); i += 2 {
		list = append(list, Fact{Key: kv[i], Text: kv[i+1]})
	}
	return list
}

func TestProposals(t *testing.T) {
	all := facts("kontakt", "600 100 200, reklamacje@len.example", "godziny", "Sklep jest czynny od 9:00 do 17:00", "zwroty", "Zwroty przyjmujemy przez 30 dni od dostawy", "instrukcja", "prosimy nie jeść chleba z partii 120", "pranie", "Len można prać w 60 stopniach, kurczy się najwyżej o 3%")
	for name, c := range map[string]struct {
		in       Item
		kind     string
		has      string
		missing  []string
		approved bool
	}{
		"question with a fact":    {Item{Text: "W jakich godzinach jest otwarte?", Labels: []string{"question"}, Facts: all}, KindFact, "od 9:00 do 17:00", nil, true},
		"question by its words":   {Item{Text: "Czy len można prać w 60 stopniach?", Buyer: true, Facts: all}, KindFact, "najwyżej o 3%", nil, true},
		"question without a fact": {Item{Text: "Czy można zwrócić obrus?", Labels: []string{"question"}, Facts: facts("adres", "Długa 5")}, KindLook, "sprawdzimy to", []string{"fakt:zwroty"}, false},
		"complaint":               {Item{Text: "Czekam trzy tygodnie", Labels: []string{"complaint"}, Facts: all}, KindComplaint, "600 100 200", nil, false},
		"complaint, no contact":   {Item{Text: "Czekam trzy tygodnie", Labels: []string{"complaint"}}, KindComplaint, "prywatnej", []string{"fakt:kontakt"}, false},
		"complaint, pile-on":      {Item{Text: "Czekam", Labels: []string{"complaint"}, PileOn: 2}, KindComplaint, "odpowiemy tutaj", []string{"fakt:kontakt"}, false},
		"praise":                  {Item{Text: "Piękne!", Labels: []string{"praise"}}, KindPraise, "Dziękujemy", nil, false},
		"opinion":                 {Item{Text: "Drogo", Labels: []string{"opinion"}}, KindOpinion, "opinię", nil, false},
		"holding":                 {Item{Text: "Zatrucie!", Labels: []string{"health_safety"}, Unclear: true, Facts: all}, KindHolding, "partii 120", nil, false},
		"holding without facts":   {Item{Text: "Zatrucie!", Labels: []string{"health_safety"}, Unclear: true}, KindHolding, "Sprawdzamy", []string{"fakt:instrukcja", "fakt:kontakt"}, false},
	} {
		c.in.Firm, c.in.By, c.in.Now = "Manufaktura Lniana", "Ewa Maj", noon
		p := Propose(c.in)
		if p.Kind != c.kind || !strings.Contains(p.Text, c.has) || !slices.Equal(p.Missing, c.missing) || p.Approved != c.approved || !strings.Contains(p.Text, "Ewa Maj") {
			t.Errorf("%s: %+v", name, p)
		}
		if c.kind == KindHolding && len(strings.Fields(p.Text)) > 60 {
			t.Errorf("%s: %d words", name, len(strings.Fields(p.Text)))
		}
		if c.in.PileOn >= 2 && strings.Contains(p.Text, "prywatnej") {
			t.Errorf("%s sends away: %s", name, p.Text)
		}
	}
}

// Whatever is at hand, a template passes the checks: nothing blocks it, and nothing is left to warn of.
func TestTemplatesPassTheChecks(t *testing.T) {
	comments := []struct {
		text   string
		labels []string
	}{
		{"Czy można zwrócić obrus?", []string{"question"}}, {"Czekam trzy tygodnie, oszuści!", []string{"complaint", "insult"}}, {"Piękne!", []string{"praise"}}, {"Drogo", []string{"opinion"}},
		{"Zatrułam się waszym chlebem", []string{"health_safety", "claim"}}, {"When do you open?", []string{"question"}}, {"nigdy więcej", []string{"discouragement"}}}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(comments).Draw(t, "comment")
		in := Item{Text: c.text, Labels: c.labels, Author: rapid.SampledFrom([]string{"Anna Lis", "len_fan", ""}).Draw(t, "author"), Lang: rapid.SampledFrom([]string{"pl", "en"}).Draw(t, "lang"),
			Unclear: rapid.Bool().Draw(t, "unclear"), PileOn: rapid.IntRange(0, 3).Draw(t, "pileon"), Firm: "Manufaktura Lniana", By: "Ewa Maj",
			Now: noon.Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour")) * time.Hour)}
		if rapid.Bool().Draw(t, "facts") {
			in.Facts = facts("kontakt", "600 100 200", "zwroty", "Zwroty przyjmujemy przez 30 dni od dostawy", "podpis", "obsługa klienta")
		}
		p := Propose(in)
		r := lint.Check(lint.Input{Text: p.Text, Lang: in.Lang, Source: in.Text, Author: in.Author, PileOn: in.PileOn, Arousal: 3, Truth: "unknown", Brief: p.Kind == KindPraise,
			Known: []string{"600 100 200 Zwroty przyjmujemy przez 30 dni od dostawy"}, Firm: in.Firm})
		for _, f := range r.Findings {
			if f.Code != lint.Vague || p.Kind != KindPraise && p.Kind != KindOpinion { // thanks promise nothing
				t.Fatalf("%s: %q: %+v", p.Kind, p.Text, f)
			}
		}
	})
}

func TestNoVariantTwiceUnderAPost(t *testing.T) {
	saved := []Saved{{ID: "s", Name: "Wysyłka", Lang: "pl", Labels: []string{"question"}, Approved: true, Variants: []string{
		"Dzień dobry, wysyłamy w dwa dni robocze kurierem lub do paczkomatu. {{podpis}}",
		"Paczki wychodzą od nas najpóźniej drugiego dnia roboczego, także do paczkomatów. {{podpis}}"}},
		{ID: "e", Lang: "en", Labels: []string{"question"}, Variants: []string{"We ship in two days. {{podpis}}"}},
		{ID: "x", Lang: "pl", Labels: []string{"question"}, Variants: []string{"{{fakt:brak}}"}}}
	in := Item{Text: "Kiedy wyślecie?", Labels: []string{"question"}, Firm: "Len", By: "Ewa", Now: noon, Saved: saved}
	one := Propose(in)
	in.Used = []string{one.Text}
	two := Propose(in)
	in.Used = append(in.Used, two.Text)
	three := Propose(in)
	if one.Variant != 0 || two.Variant != 1 || one.Saved != "s" || two.Saved != "s" || !one.Approved || three.Kind == KindSaved {
		t.Errorf("%+v\n%+v\n%+v", one, two, three)
	}
	in.WantedID = "x"
	if p := Propose(in); p.Saved != "x" || !slices.Equal(p.Missing, []string{"fakt:brak"}) || p.Approved {
		t.Errorf("asked for: %+v", p)
	}
}
