package lint

import "testing"

func TestApology(t *testing.T) {
	for _, c := range []struct {
		name, text string
		from, to   int
		publish    bool
		minus      []string
	}{
		{"whole", "Przepraszamy. To nasz błąd: nie odpisaliśmy na cztery maile, bo skrzynką zajmowała się jedna osoba. Nową poszewkę wyślemy jutro, 2 grudnia. Od dziś skrzynkę sprawdzają dwie osoby dwa razy dziennie. Prosimy o wybaczenie. Joanna Wilk, właścicielka", 100, 100, true, nil},
		{"without forgiveness", "Przepraszamy. To nasz błąd: nie odpisaliśmy na maile, bo zabrakło dyżuru. Nową poszewkę wyślemy jutro. Od dziś skrzynkę sprawdzają dwie osoby. Joanna Wilk, właścicielka", 95, 95, true, nil},
		{"passive", "Przepraszamy, doszło do opóźnienia. Dołożymy wszelkich starań. Wyciągnęliśmy wnioski. Ewa Maj, obsługa", 13, 13, false, nil},
		{"conditional", "To nasz błąd. Przepraszamy, jeśli ktoś poczuł się urażony. Nową poszewkę wyślemy jutro. Od dziś sprawdzamy skrzynkę dwa razy. Ewa Maj", 0, 69, false, []string{"conditional"}},
		{"blames the hurt", "Przepraszamy. To nasz błąd, ale jest Pani przewrażliwiona. Poszewkę wymienimy jutro. Od dziś pakujemy podwójnie. Ewa Maj", 0, 69, false, []string{"victim", "but"}},
		{"a joke", "Przepraszamy, to był tylko żart 😅", 0, 0, false, []string{"joke", "emoji", "nobody"}},
		{"an intern", "Przepraszamy, to wina stażystki. Naprawimy to jutro. Ewa Maj", 0, 40, false, []string{"scapegoat"}},
		{"english", "We are sorry. It was our mistake, because nobody read the mailbox. We will send a new cover tomorrow. From now on two people check it every day. Kate Lewis, customer care", 95, 95, true, nil},
	} {
		a := Apologise(Input{Text: c.text})
		var minus []string
		for _, m := range a.Minus {
			minus = append(minus, m.Code)
		}
		if !a.Is || a.Points < c.from || a.Points > c.to || a.Publish != c.publish || len(minus) != len(c.minus) {
			t.Errorf("%s: %+v", c.name, a)
		}
		for i := range min(len(minus), len(c.minus)) {
			if minus[i] != c.minus[i] {
				t.Errorf("%s: minus %v", c.name, minus)
			}
		}
	}
	if Apologise(Input{Text: "Dziękujemy za pytanie, czynne do 18:00."}).Is {
		t.Error("this is no apology")
	}
	sum := 0
	for _, p := range apologyElements {
		sum += p.Weight
	}
	if sum != 100 {
		t.Errorf("the weights are %d in all", sum)
	}
}
