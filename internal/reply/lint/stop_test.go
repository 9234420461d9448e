package lint

import (
	"strings"
	"testing"

	"chop/internal/polish"
)

// one is a text a check must find, or, after "ok:", must leave alone. in says what is known beside it.
type one struct {
	text string
	in   Input
}

func has(t *testing.T, code Code, kind string, cases []one) {
	t.Helper()
	for _, c := range cases {
		text, fine := strings.CutPrefix(c.text, "ok: ")
		for _, text := range []string{text, bare(text)} {
			in := c.in
			in.Text = text
			r := Check(in)
			found := false
			for _, f := range r.Findings {
				found = found || f.Code == code && (kind == "" || f.Kind == kind)
				if f.Span != nil && (f.Span.From < 0 || f.Span.To > len(text) || f.Span.From >= f.Span.To) {
					t.Errorf("%q: span %+v", text, *f.Span)
				}
			}
			if found == fine {
				t.Errorf("%s %s in %q: %v, findings %+v", code, kind, text, found, r.Findings)
			}
		}
	}
}

// bare is the text as many people type it: without Polish letters.
func bare(s string) string {
	return strings.NewReplacer("ą", "a", "ć", "c", "ę", "e", "ł", "l", "ń", "n", "ó", "o", "ś", "s", "ź", "z", "ż", "z",
		"Ą", "A", "Ć", "C", "Ę", "E", "Ł", "L", "Ń", "N", "Ó", "O", "Ś", "S", "Ź", "Z", "Ż", "Z").Replace(s)
}

func texts(list ...string) (out []one) {
	for _, s := range list {
		out = append(out, one{text: s})
	}
	return out
}

func TestWordsOfLawBlock(t *testing.T) {
	has(t, Legal, "", texts(
		"Sprawa trafi do sądu.",
		"Spotkamy się w sądzie.",
		"Oddamy sprawę sądowi i tyle.",
		"Sąd rozstrzygnie, kto ma rację.",
		"Jutro składamy pozew.",
		"Pozwiemy Pana za ten wpis.",
		"Nasz prawnik już to czyta.",
		"Przekazaliśmy wpis naszym prawnikom.",
		"To zniesławienie, proszę o tym pamiętać.",
		"Pani wpis nas zniesławia.",
		"Przypominamy o art. 212 kodeksu karnego.",
		"Takie pomówienia mają swoje skutki.",
		"Podejmiemy kroki prawne.",
		"Rozważamy drogę sądową.",
		"Naruszają Państwo nasze dobra osobiste.",
		"Zgłosimy sprawę na policję.",
		"Zawiadomimy prokuraturę.",
		"Nasza kancelaria prawna się odezwie.",
		"Wytoczymy proces cywilny.",
		"Będziemy się sądzić.",
		"Będziemy dochodzić roszczeń.",
		"Wzywamy do zaprzestania naruszeń.",
		"To przestępstwo i złożymy zawiadomienie o przestępstwie.",
		"We will sue you.",
		"See you in court.",
		"Our lawyers are reading this.",
		"This is defamation.",
		"We will take legal action.",
		"We have reported this to the police.",
		"You will hear from our solicitor.",
		"This is libellous.",
		"ok: Sądzę, że to nasze niedopatrzenie.",
		"ok: Sądzimy, że da się to naprawić do piątku.",
		"ok: Osądzą to goście, my poprawiamy kartę.",
		"ok: Zasadziliśmy nowe drzewa przed lokalem.",
		"ok: Pozwala to szybciej odpowiadać.",
		"ok: Pozwolę sobie odpisać jutro.",
		"ok: Porozmawiajmy, pomówimy o tym spokojnie.",
		"ok: Mamy ubezpieczenie odpowiedzialności cywilnej.",
		"ok: Może Pani skorzystać ze stałego polubownego sądu konsumenckiego.",
		"ok: Ma Pan prawo do zwrotu w ciągu 14 dni.",
		"ok: Nasz sklep stoi obok komisariatu policji.",
		"ok: Zapraszamy, prawie zawsze jesteśmy do 18:00.",
		"ok: Jesteśmy mecenasem kultury w mieście.",
		"ok: We are sad to read this.",
		"ok: You can park by the tennis court.",
		"ok: Of course we will reply. Sue, customer care",
		"ok: The issue will be solved today.",
	))
	for _, s := range []string{"Jabłka kupujemy w sadzie pod Grójcem, też je lubimy.", "Tarta jest z jabłek z własnego sadu i świeżych gruszek, zwykle już o dziewiątej."} {
		if Check(Input{Text: s}).Has(Legal) {
			t.Errorf("%q is an orchard", s)
		}
	}
	if Check(Input{Text: "Pozew złożymy jutro.", Lawyer: true}).Has(Legal) {
		t.Error("a lawyer may use words of law")
	}
}

func TestDisguisesDoNotHelp(t *testing.T) {
	for _, s := range []string{"Złożymy p o z e w jutro.", "Złożymy p.o.z.e.w jutro.", "Złożymy poz*w jutro.", "Złożymy p0zew jutro.", "Złożymy po\u200bzew jutro.",
		"Złożymy роzew jutro.", "Złożymy ＰＯＺＥＷ jutro.", "Złożymy POZEW jutro.", "Złożymy p-o-z-e-w jutro.", "Spotkamy się w s ą d z i e.", "Nasz pr@wnik czyta.", "Nasz praw nik czyta.",
		"Idziemy do s.ą.d.u", "Pójdziemy do s4du.", "Spotkamy się przed s@dem.", "Nasz pr4wn1k czyta.", "Nasz p r a w n i k czyta", "To zniesl4wienie", "Our l4wyer reads this.", "We will s.u.e you", "Our l a w y e r reads", "z_n_i_e_s_ł_a_w_i_e_n_i_e"} {
		if !Check(Input{Text: s}).Has(Legal) {
			t.Errorf("%q got through: %q", s, folds(s))
		}
	}
	for _, s := range []string{"Damy Pani r a b a t na kolejne zakupy.", "Damy Pani rab4t za kłopot.", "Damy Pani v.o.u.c.h.e.r", "Damy Pani ra\u00adbat", "Damy Pani rab*t na kolejne"} {
		if !Check(Input{Text: s}).Has(Money) {
			t.Errorf("%q got through: %q", s, folds(s))
		}
	}
	for _, s := range []string{"Proszę podać n u m e r zamówienia.", "Proszę podać num3r zamówienia", "Proszę podać p e s e l", "Proszę podać P.E.S.E.L"} {
		if !Check(Input{Text: s}).Has(PublicData) {
			t.Errorf("%q got through: %q", s, folds(s))
		}
	}
	for _, s := range []string{"Pan kł4mie.", "Pan k ł a m i e.", "To n.i.e.p.r.a.w.d.a", "Jest Pan h3jterem"} {
		if !Check(Input{Text: s, Truth: "unknown"}).Has(Denial) {
			t.Errorf("%q got through: %q", s, folds(s))
		}
	}
}

func folds(s string) (out []string) {
	sheet := lay(s)
	if b := sheet.squashed(); b != nil {
		sheet = b
	}
	for _, w := range sheet.words {
		out = append(out, w.Fold)
	}
	return out
}

func TestNobodyIsAskedForDataInPublic(t *testing.T) {
	has(t, PublicData, "", texts(
		"Proszę podać numer zamówienia.",
		"Prosimy o podanie numeru zamówienia, sprawdzimy.",
		"Prosimy o numer zamówienia i nazwisko.",
		"Jaki jest Pani numer telefonu?",
		"Czy może Pan podać adres dostawy?",
		"Napisz nam swój PESEL.",
		"Proszę zostawić telefon, oddzwonimy prywatnie.",
		"Potrzebujemy numeru faktury.",
		"Proszę podać diagnozę, a doradzimy.",
		"Na jaki adres wysłać nową poszewkę?",
		"Na co Pan choruje?",
		"Proszę napisać tutaj numer zamówienia, nie w wiadomości.",
		"Prosimy podać dane kontaktowe.",
		"Please send us your order number.",
		"Could you share your phone number?",
		"What is your order number?",
		"Please post your email address below.",
		"Tell us your booking reference.",
		"ok: Proszę podać numer zamówienia w wiadomości prywatnej.",
		"ok: Prosimy o wiadomość z numerem zamówienia na kontakt@firma.pl.",
		"ok: Proszę nie podawać tutaj numeru zamówienia.",
		"ok: Prosimy o telefon pod 600 100 200.",
		"ok: Proszę dzwonić pod numer 600 100 200.",
		"ok: Możemy podać numer do kierownika.",
		"ok: Nasz adres to Długa 5.",
		"ok: Proszę podać rozmiar, dobierzemy kolor.",
		"ok: Proszę podać numer katalogowy poszewki.",
		"ok: Prosimy o maila, odpiszemy dziś.",
		"ok: Please do not post your order number here.",
		"ok: Please send us your order number in a private message.",
		"ok: Please call us on 600 100 200.",
		"ok: Please give us your feedback.",
	))
	if Check(Input{Text: "Proszę podać numer zamówienia.", Private: true}).Has(PublicData) {
		t.Error("in private one may ask")
	}
}

func TestNothingIsToldThatTheAuthorDidNotTell(t *testing.T) {
	order := Input{Source: "Na zamówienie czekałam prawie trzy tygodnie, zapłaciłam 249 zł.", Author: "Anna Piotrowska"}
	cold := Input{Source: "Omijać szerokim łukiem.", Author: "len_fan_77"}
	with := func(in Input, list ...string) (out []one) {
		for _, s := range list {
			out = append(out, one{s, in})
		}
		return out
	}
	has(t, Confirming, "", with(cold,
		"Był Pan naszym klientem w maju.",
		"Jest Pani naszą stałą klientką, dziękujemy.",
		"Była Pani naszą pacjentką.",
		"Jako nasz klient wie Pan, jak pracujemy.",
		"Pana zamówienie wyjechało wczoraj.",
		"Pani wizyta trwała godzinę.",
		"Pana zamówienie z 12.05 zostało wydane.",
		"Zamówienie nr 45211 wydaliśmy w terminie.",
		"Sprawdziliśmy zamówienie #45211.",
		"Widzimy Pana w naszym systemie.",
		"Sprawdziliśmy Pani kartotekę.",
		"Pani leczenie przebiega prawidłowo.",
		"Ma Pan zadłużenie: Pana dług to 300 zł.",
		"Pani Kowalska, odpiszemy dziś.",
		"Przy cukrzycy u Pani tak bywa.",
		"Odwiedziła nas Pani 12 maja.",
		"Zapłacił Pan 249 zł.",
		"You were our customer last year.",
		"As our patient you know that.",
		"Your order was shipped on Monday.",
		"Your appointment on 12 May was short.",
		"We checked your records.",
		"Order #45211 was delivered.",
		"ok: Pani opinia jest dla nas ważna.",
		"ok: Dziękujemy za Pana komentarz.",
		"ok: Jeśli była Pani naszą klientką, prosimy o kontakt.",
		"ok: Jeżeli składał Pan u nas zamówienie, sprawdzimy je dziś.",
		"ok: Nie odnajdujemy takiego zamówienia.",
		"ok: Odpiszemy do 12.05.",
		"ok: Zamówienia powyżej 200 zł wysyłamy bezpłatnie.",
		"ok: Komplet kosztuje 249 zł.",
		"ok: Państwa zamówienia wysyłamy w 24 godziny.",
		"ok: Pani Kasia z obsługi odpisze dziś.",
		"ok: Bezpieczeństwo jest dla naszego klienta ważne.",
		"ok: Prosimy o telefon: 600 100 200.",
		"ok: Thank you for your comment.",
		"ok: If you were our customer, please write to us.",
		"ok: We ship every order within 24 hours.",
		"ok: Pracujemy od 8.00 do 18.00.",
	))
	has(t, Confirming, "", with(order,
		"Pana zamówienie nr 45211 wyjechało.",
		"Pani zamówienie z 12.05 wyjechało późno.",
		"Pani wyniki są gotowe.",
		"Zapłaciła Pani 312 zł.",
		"Była Pani naszą pacjentką.",
		"Pani Nowak, przepraszamy.",
		"ok: Pani Anno, przepraszamy.",
		"ok: Pani zamówienie powinno było przyjść w tydzień.",
		"ok: Zapłaciła Pani 249 zł i miała prawo dostać paczkę na czas.",
		"ok: Dziękujemy, że jest Pani naszą klientką.",
	))
	has(t, Confirming, "", with(Input{Source: "Ząb boli po leczeniu kanałowym", Author: "Marek"},
		"Pana diagnoza była jasna.",
		"Jest Pan naszym pacjentem od lat.",
		"ok: Pana leczenie omówimy na miejscu.",
	))
	has(t, Confirming, "", []one{
		{"ok: Pani Joanno, Ewa Maj oddzwoni.", Input{Author: "Asia K", Staff: []string{"Ewa Maj"}}},
		{"ok: Pani Kasiu, odpiszemy dziś.", Input{Author: "Katarzyna Lis"}},
		{"ok: Panie Tomku, odpiszemy dziś.", Input{Author: "Tomasz"}},
		{"Panie Tomku, odpiszemy dziś.", Input{Author: "zly_klient"}},
		{"ok: Zadzwoni pani Ewa.", Input{Author: "x", Staff: []string{"Ewa Maj"}}},
		{"ok: Pracujemy 24/7, zamówienie 45211 widać wyżej.", Input{Source: "zamówienie 45211 nie przyszło"}},
	})
}

func TestNoMoneyInPublicAndNoneForReviews(t *testing.T) {
	has(t, Money, "", texts(
		"Damy Pani rabat 20% na kolejne zakupy.",
		"W ramach przeprosin wyślemy voucher.",
		"Zapraszamy na kolację na nasz koszt.",
		"Oferujemy Panu rekompensatę.",
		"Zwrócimy Pani pieniądze jeszcze dziś.",
		"Oddamy Panu całą kwotę.",
		"Kolejna wizyta gratis.",
		"Mamy dla Pani mały prezent.",
		"Jeśli usunie Pan opinię, zwrócimy pieniądze zgodnie z umową.",
		"Za zmianę oceny damy rabat.",
		"Prosimy o usunięcie opinii.",
		"Czy zmieni Pani ocenę?",
		"W podziękowaniu za opinię czeka kod rabatowy dla Pani.",
		"W zamian za usunięcie komentarza przyznamy bon.",
		"We will give you a discount on your next order.",
		"Please accept a voucher as compensation: we will send you a voucher.",
		"We will refund your money.",
		"Please remove your review.",
		"If you change your rating, we will send a gift.",
		"Your next dinner is on the house.",
		"ok: Zwrot pieniędzy otrzyma Pani zgodnie z umową w 14 dni.",
		"ok: Ma Pan prawo do zwrotu pieniędzy w 14 dni.",
		"ok: Zwracamy pieniądze zgodnie z regulaminem.",
		"ok: Reklamację rozpatrzymy w 14 dni, otrzyma Pani zwrot pieniędzy, jeśli ją uznamy.",
		"ok: Nie oferujemy rabatów.",
		"ok: Rabat dla stałych klientów wynosi 5%.",
		"ok: Kod rabatowy wpisuje się w koszyku.",
		"ok: Komplet kosztuje 249 zł.",
		"ok: Próbkę tkaniny wyślemy bezpłatnie.",
		"ok: Wymienimy poszewkę na nową.",
		"ok: Zmieniliśmy opis na podstawie Pani opinii.",
		"ok: Usunęliśmy wpis z numerem telefonu.",
		"ok: Zwroty przyjmujemy przez 30 dni.",
		"ok: Promocja obowiązuje do piątku dla wszystkich.",
		"ok: Under our returns policy you will get a refund within 14 days.",
		"ok: The discount for members is 5%.",
		"ok: We changed the menu thanks to your review.",
		"ok: Karty podarunkowe sprzedajemy w salonie.",
	))
	in := Input{Private: true, Text: "Zwrócimy Pani pieniądze."}
	if Check(in).Has(Money) {
		t.Error("in private money may be spoken of")
	}
	if in.Text = "Zwrócimy pieniądze, jeśli usunie Pani opinię."; !Check(in).Has(Money) {
		t.Error("but never for a review")
	}
}

func TestNobodyOfTheFirmIsBlamedByName(t *testing.T) {
	staff := Input{Staff: []string{"Kasia Lis", "Tomasz Wrona"}}
	has(t, Blame, "", []one{
		{"Zawiniła Kasia, już z nią rozmawialiśmy.", staff},
		{"To wina Kasi.", staff},
		{"Kasia pomyliła paczki.", staff},
		{"To przez Tomasza.", staff},
		{"Błąd popełnił kurier Marek.", Input{}},
		{"To pomyłka pani Kasi.", staff},
		{"Zwolniliśmy Kasię.", staff},
		{"It was Kasia's mistake.", staff},
		{"Our courier Mark forgot your parcel.", Input{}},
		{"ok: To nasz błąd. Kasia Lis, obsługa klienta", staff},
		{"ok: To nasz błąd, Kasia Lis", staff},
		{"ok: Kasia zadzwoni do Pani dziś.", staff},
		{"ok: Błąd naprawi Tomasz Wrona z serwisu.", staff},
		{"ok: Tomasz odpowie przez telefon.", staff},
		{"ok: Kurier pomylił paczki, to nasza odpowiedzialność.", staff},
		{"ok: Kasia will fix the mistake today.", staff},
	})
}

func TestNothingUnclearIsDeniedAndNobodyAttacked(t *testing.T) {
	for _, truth := range []string{"true", "partly", "unknown"} {
		in := Input{Truth: truth}
		var list []one
		for _, s := range []string{"To nieprawda.", "Nie jest prawdą, że nie odpisujemy.", "Ta opinia jest fałszywa.", "To bzdury.", "Nigdy nie był Pan naszym klientem.",
			"Taka sytuacja nie miała miejsca.", "Zaprzeczamy temu.", "To wyssane z palca.", "That is not true.", "This never happened.", "Your claim is false.", "We deny this.",
			"ok: To prawda, zawiedliśmy.", "ok: Nie twierdzimy, że to nieprawda.", "ok: Nieprawidłowo zapakowaliśmy paczkę.", "ok: Dziękujemy za prawdziwe słowa.",
			"ok: Uwaga na fałszywe SMS-y o paczkach.", "ok: We are truly sorry.", "ok: It was a false start on our side."} {
			list = append(list, one{s, in})
		}
		has(t, Denial, "denial", list)
	}
	has(t, Denial, "denial", []one{{"ok: To nieprawda, dokument jest na stronie.", Input{Truth: "false_documented"}}})
	has(t, Denial, "attack", texts(
		"Kłamie Pan.", "Jest Pan hejterem.", "Jest Pani przewrażliwiona.", "Proszę się uspokoić.", "To konkurencja podsyła takie wpisy.", "Niech się Pan leczy.",
		"You are lying.", "You are a troll.", "This is a fake review.", "Calm down.", "Trzeba było czytać regulamin.",
		"ok: Wstyd nam za tę sytuację.", "ok: Głupio nam, to głupia pomyłka z naszej strony.", "ok: Nie uważamy, że Pan kłamie.", "ok: You are entitled to a refund.", "ok: It is not your fault."))
}

func TestTheThirdReplyIsNotWritten(t *testing.T) {
	for n, want := range []bool{false, false, true, true} {
		if got := Check(Input{Text: "Odpiszemy dziś do 18:00. Ewa Maj", Replies: n}).Has(Third); got != want {
			t.Errorf("after %d replies: %v", n, got)
		}
	}
}

// Every letter of the alphabet apart, with any thin sign between, is still the word.
func TestSpreadLettersAreRead(t *testing.T) {
	for _, w := range []string{"pozew", "prawnik", "adwokat", "rabat", "voucher"} {
		for _, sign := range []string{" ", ".", "-", "_", "*", "/", "|", " . ", "  "} {
			s := "Oto " + strings.Join(strings.Split(w, ""), sign) + " dla Pani"
			got := folds(s)
			found := false
			for _, f := range got {
				found = found || f == w || sign == "*" && strings.ReplaceAll(f, "?", "") == w
			}
			if !found && !slicesHave(polish.Tokens(s), w) {
				t.Errorf("%q reads %q", s, got)
			}
		}
	}
}

func slicesHave(ts []polish.Token, w string) bool {
	for _, t := range ts {
		if t.Fold == w {
			return true
		}
	}
	return false
}
