package lint

import (
	"strings"
	"testing"
	"time"
)

func TestTone(t *testing.T) {
	for _, c := range []struct {
		code  Code
		cases []one
	}{
		{Opening, texts("Pani zawsze musi narzekać.", "Dzień dobry, Pan nie przeczytał regulaminu.", "Twoja wypowiedź nie jest uczciwa.", "You did not read the terms.", "Nie: to było wczoraj. ok", // the last is none
			"ok: Dziękujemy za sygnał.", "ok: Pani opinia jest dla nas ważna.", "ok: Pani Anno, przepraszamy.", "ok: Dzień dobry, przykro nam, że paczka szła tak długo.", "ok: Thank you for telling us.", "ok: Your comment helps us.")[:4]},
		{Opening, texts("ok: Dziękujemy za sygnał.", "ok: Pani opinia jest dla nas ważna.", "ok: Dzień dobry, przykro nam, że paczka szła tak długo.", "ok: Thank you for telling us.", "ok: Your comment helps us.", "ok: Przepraszamy. Pan nie musiał czekać.")},
		{Asking, texts("Naprawdę Pan tak uważa?", "What did you expect?", "ok: Czy możemy zadzwonić jutro o 10?", "ok: Odpiszemy jutro.", "ok: May we call you tomorrow?")},
		{Tone, texts("Super, że Pan tak uważa 😂", "Jasne 🙄", "To BARDZO ważne i PILNE.", "Odpiszemy!! Dziś!", "Gratulujemy spostrzegawczości.", "Skoro Pan wie lepiej, proszę.", "Proszę się uspokoić.", "You must remove this.",
			"ok: Odpiszemy dziś! Ewa", "ok: Zgodnie z RODO usuniemy dane.", "ok: Dziękujemy ❤️", "ok: Odpiszemy do 18:00.")},
		{NonApology, texts("Przepraszamy, jeśli kogoś uraziło.", "Jeśli ktoś poczuł się urażony, przepraszamy.", "Przykro nam, że tak Pan to odebrał.", "Przepraszamy za ewentualne niedogodności.", "We are sorry if anyone was offended.", "Sorry you feel that way.",
			"ok: Przepraszamy, paczka szła trzy tygodnie.", "ok: Jeśli paczka nie przyjdzie do piątku, wyślemy drugą.", "ok: We are sorry that your parcel was late.")},
		{Echo, []one{
			{"Nie jesteśmy oszustami.", Input{Source: "Oszuści! Nie kupujcie tam."}},
			{"Czytamy, że sprowadzają z Chin i przeszywają metki.", Input{Source: "Sprowadzają z Chin i przeszywają metki, złodzieje."}},
			{"Czytamy: mnie zbiegła się o jedną trzecią, sprawdzimy.", Input{Source: "Mnie zbiegła się o jedną trzecią, zwrotu nie ma"}},
			{"ok: Szyjemy w Gdańsku, metki drukujemy na miejscu.", Input{Source: "Oszuści! Sprowadzają z Chin."}},
		}},
		{Vague, []one{
			{"Bardzo nam przykro z tego powodu.", Input{Arousal: 2}},
			{"We are so sorry to hear that.", Input{Arousal: 3}},
			{"ok: Sprawdzimy to i wrócimy z odpowiedzią.", Input{Arousal: 2}},
			{"ok: Bardzo nam przykro. Jutro napiszemy.", Input{Arousal: 3}},
			{"ok: Bardzo nam przykro.", Input{Arousal: 1}},
			{"ok: We will call today.", Input{Arousal: 2}},
		}},
		{Sending, []one{
			{"Prosimy napisać na priv.", Input{PileOn: 2}},
			{"Zapraszamy do wiadomości prywatnej.", Input{PileOn: 3}},
			{"Please message us privately.", Input{PileOn: 2}},
			{"ok: Prosimy napisać na priv.", Input{PileOn: 1}},
			{"ok: Odpowiemy tutaj do 18:00.", Input{PileOn: 3}},
		}},
		{Unsigned, texts("Odpiszemy dziś do 18:00.", "We will reply today.", "Dziękujemy za uwagi. Pozdrawiamy",
			"ok: Odpiszemy dziś. Ewa Maj, obsługa klienta", "ok: Odpiszemy dziś do 18:00. – Kasia", "ok: Odpiszemy.\nJoanna Wilk", "ok: We will reply today. Kate, customer care", "ok: Odpiszemy dziś. Właścicielka")},
	} {
		has(t, c.code, "", c.cases)
	}
}

func TestLength(t *testing.T) {
	text := func(n int) string { return strings.TrimSpace(strings.Repeat("słowo ", n)) }
	for _, c := range []struct {
		words  int
		review bool
		kind   string
	}{{24, false, "short"}, {25, false, ""}, {90, false, ""}, {91, false, "long"}, {70, true, ""}, {71, true, "long"}} {
		r, got := Check(Input{Text: text(c.words), Review: c.review}), ""
		for _, f := range r.Findings {
			if f.Code == Length {
				got = f.Kind
			}
		}
		if got != c.kind || r.Words != c.words {
			t.Errorf("%d words, review %v: %q of %d", c.words, c.review, got, r.Words)
		}
	}
}

func TestTheSameLetterIsNoticed(t *testing.T) {
	old := "Dzień dobry, dziękujemy za sygnał. Sprawdzimy sprawę jeszcze dziś i odpiszemy tutaj do godziny osiemnastej. Ewa Maj, obsługa klienta"
	for _, c := range []struct {
		text string
		want bool
	}{
		{old, true},
		{strings.ToUpper(old), true},
		{old + " Pozdrawiamy", true},
		{"Pani Anno, paczka szła za długo, bo zawiódł nas kurier. Nową wyślemy jutro rano. Ewa Maj, obsługa klienta", false},
	} {
		r := Check(Input{Text: c.text, Recent: []string{"coś innego", old}})
		if r.Has(Template) != c.want {
			t.Errorf("%q: %d%%", c.text, r.Similar)
		}
	}
	if s := Similar(old, old); s != 1 {
		t.Errorf("a text is %v like itself", s)
	}
	if Check(Input{Text: old}).Has(Template) {
		t.Error("without replies there is no template")
	}
}

func TestANightsLongTextRests(t *testing.T) {
	for _, c := range []struct {
		in   Input
		want bool
	}{
		{Input{Owner: true, Night: true, Typed: 31, SinceTyped: 5 * time.Minute}, true},
		{Input{Owner: true, Night: true, Typed: 31, SinceTyped: 20 * time.Minute}, false},
		{Input{Owner: true, Night: true, Typed: 30}, false},
		{Input{Owner: true, Typed: 99}, false},
		{Input{Night: true, Typed: 99}, false},
	} {
		if got := Check(c.in).Has(CoolDown); got != c.want {
			t.Errorf("%+v: %v", c.in, got)
		}
	}
	if LevelOf(CoolDown) != Delay {
		t.Error("L17 delays")
	}
}

// The levels are those of the table (domain/decisions.md 2.4).
func TestLevels(t *testing.T) {
	for _, c := range Codes {
		want := Warn
		switch c {
		case "L3", "L4", "L5", "L6", "L13", "L16", "G9":
			want = Block
		case "L17":
			want = Delay
		}
		if LevelOf(c) != want {
			t.Errorf("%s is %s", c, LevelOf(c))
		}
	}
	if len(Codes) != 18 {
		t.Errorf("%d checks", len(Codes))
	}
}

// Replies a good guardian would write pass whole (domain/decisions.md 2.4, 1.6).
func TestGoodRepliesPass(t *testing.T) {
	for _, in := range []Input{
		{Text: "Dzień dobry, pani Beato. Nasza pościel jest z lnu zmiękczanego, można ją prać w 60 stopniach. Po pierwszym praniu skurczy się najwyżej o 3%, szyjemy z zapasem. Próbkę tkaniny wyślemy bezpłatnie, proszę napisać do nas w wiadomości. Kasia, obsługa klienta",
			Source: "Czy ta pościel kurczy się w praniu w 60 stopniach?", Author: "Beata Kuc", Truth: "none"},
		{Text: "Pani Anno, przepraszamy. Trzy tygodnie czekania i brak odpowiedzi to nasz błąd. Zmieniliśmy już sposób odpisywania na maile, a ja wrócę tu z odpowiedzią dziś do 18:00. Kasia Lewandowska, obsługa klienta",
			Source: "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał na maile.", Author: "Anna Piotrowska", Truth: "true", Arousal: 2},
		{Text: "Wiemy o awarii pieca z dzisiejszego ranka. Na teraz prosimy nie jeść chleba z partii 120. Sprawdzamy mąkę i piec, wrócimy tutaj z informacją dziś do 18:00. Osoby, których to dotyczy, prosimy o kontakt: 600 100 200. – Ewa Maj, kierowniczka",
			Source: "Chleb był spleśniały, zatrułam się!", Author: "Ola", Truth: "unknown", Arousal: 3},
		{Text: "Hello Anna, we are sorry. Three weeks without an answer is our mistake. We have changed how we handle our mailbox, and I will reply here by 6 pm today. Kate Lewis, customer care",
			Source: "I waited three weeks and nobody answered my mails.", Author: "Anna", Truth: "true", Arousal: 2, Lang: "en"},
	} {
		if r := Check(in); len(r.Findings) > 0 {
			t.Errorf("%q: %+v", in.Text, r.Findings)
		}
	}
}
