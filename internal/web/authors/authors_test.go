package authors_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"chop/internal/web/authors"
)

const angry = "Skandal, zamówienie 553%d za 219 zł nie przyszło, żądam zwrotu pieniędzy! <b>wstyd</b>"

var ids = regexp.MustCompile(`name="id" value="([^"]+)"`)

// id is the hidden id of an open form.
func (w *world) id(page string) string {
	w.t.Helper()
	m := ids.FindStringSubmatch(page)
	if m == nil {
		w.t.Fatal("no form with an id")
	}
	return m[1]
}

func (w *world) lacks(page string, texts ...string) {
	w.t.Helper()
	page = strings.ReplaceAll(page, "\u00a0", " ")
	for _, s := range texts {
		if strings.Contains(page, s) {
			w.t.Errorf("the page says %q", s)
		}
	}
}

func (w *world) below(key, verb string) string {
	return "/authors/" + url.PathEscape(key) + "/" + verb + "?firm=" + w.mine
}

func TestAProfileFromDraftToWithdrawal(t *testing.T) {
	w := open(t)
	key := w.campaign("Lena W", 14, angry)
	ewa, at := w.in("ewa@x.pl"), authors.At(w.mine, key)
	page := ewa.get(at, 200)
	w.has(page, "Konto „Lena W”", "Nie ma profilu tego konta", "14 wpisów", "25 sygnałów", "nie wiemy: nikt nam nie powiedział", "Najwięcej między", "<svg class=\"heat\"",
		"szacunek ekspercki, nie pomiar", "&lt;b&gt;wstyd", "za mało danych: 0 z 1 potrzebnych")
	_, to := ewa.post(w.below(key, "draft"), 303)
	page = ewa.get(to, 200)
	w.has(page, "Szkic, wersja 1: nikt go jeszcze nie potwierdził", "Natężenie", "Uporczywość", "drugi w kolejności", "zaobserwowano", "wywnioskowano",
		"Czego nie robić", "Nie zgaduj publicznie", "Co konto twierdzi", "nie wiadomo", "Co się stanie, jeśli")

	form := ewa.get(at+"&do=edit&field=scale.intensity", 200)
	w.has(form, `name="value"`, "3: gniew, bez obelg")
	id := w.id(form)
	page, _ = ewa.post(w.below(key, "edit"), 422, "id", id, "field", "scale.intensity", "value", "4", "why", "krótko")
	w.has(page, `id="f-why-err"`, ">krótko</textarea>", `value="4" selected`)
	page, _ = ewa.post(w.below(key, "edit"), 422, "id", id, "field", "summary", "value", "To psychol i pisze codziennie.", "why", "tak to widać w wpisach")
	w.has(page, `id="f-value-err"`, "psychol", "opisuje osobę")
	ewa.post(w.below(key, "edit"), 303, "id", id, "field", "scale.intensity", "value", "4", "why", "w trzech wpisach są obelgi")
	ewa.post(w.below(key, "edit"), 303, "id", id, "field", "claim.0.truth", "value", "partly", "why", "paczka wyszła dzień później")
	w.has(ewa.get(at, 200), "4/5", "Wartość wpisała osoba: Ewa Maj", "zmieniono: Natężenie", "w trzech wpisach są obelgi", "częściowo prawda")

	w.has(ewa.get(at+"&do=confirm", 200), "bierzesz ten opis na siebie")
	ewa.post(w.below(key, "confirm"), 303, "id", id)
	page = ewa.get(at, 200)
	w.has(page, "Profil potwierdzony, wersja 1, ważny do", "czytają ten profil", "Oceniła jedna osoba", "potwierdzono", "otwarcie profilu")
	w.lacks(page, "do=edit")
	ewa.post(w.below(key, "edit"), 409, "id", id, "field", "band", "value", "1", "why", "zmieniam po fakcie")

	w.clock.Forward(31 * 24 * time.Hour)
	w.ok(w.Jobs.Drain(w.system()))
	ewa = w.in("ewa@x.pl") // the session is over, too
	w.has(ewa.get(at, 200), "wygasł", "Decyzje go nie czytają")
	ewa.post(w.below(key, "draft"), 303)
	id = w.id(ewa.get(at+"&do=confirm&version=draft", 200))
	ewa.post(w.below(key, "withdraw"), 422, "id", id, "why", "")
	ewa.post(w.below(key, "withdraw"), 303, "id", id, "why", "szkic powstał za wcześnie")
	w.has(ewa.get(at, 200), "wersja 2, wycofany", "wersja 1, wygasł")
}

func TestWhatIsTooLittleIsNotShown(t *testing.T) {
	w := open(t)
	key := w.campaign("Adam", 2, "Czekam na paczkę %d")
	page := w.in("ewa@x.pl").get(authors.At(w.mine, key), 200)
	w.has(page, "Za mało danych.", "motywu i skłonności do zaognienia nie pokazujemy")
	w.lacks(page, "drugi w kolejności", "W jakiej sytuacji")
}

func TestWhatPeopleSawIsToldWithSourceAndDate(t *testing.T) {
	w := open(t)
	key := w.campaign("Lena", 3, angry)
	ewa, at := w.in("ewa@x.pl"), authors.At(w.mine, key)
	w.has(ewa.get(at+"&do=tell&field=followers", 200), `value="followers" selected`, "Nic o zdrowiu")
	for field, typed := range map[string][]string{
		"value":  {"field", "followers", "value", "mnóstwo", "source", "profil konta", "seen", "2026-11-20"},
		"source": {"field", "followers", "value", "1200", "source", "", "seen", "2026-11-20"},
		"seen":   {"field", "followers", "value", "1200", "source", "profil konta", "seen", "2036-11-20"},
	} {
		page, _ := ewa.post(w.below(key, "tell"), 422, typed...)
		w.has(page, `id="f-`+field+`-err"`, `value="`+typed[3]+`"`)
	}
	ewa.post(w.below(key, "tell"), 303, "field", "followers", "value", "1200", "source", "profil konta", "seen", "2026-11-20")
	w.has(ewa.get(at, 200), "podała osoba: 1200; źródło: profil konta; widziano", "Ewa Maj")
}

func TestASecondRaterSeesNoEstimate(t *testing.T) {
	w := open(t)
	key := w.campaign("Lena", 14, angry)
	ewa, ola, at := w.in("ewa@x.pl"), w.in("ola@x.pl"), authors.At(w.mine, key)
	ewa.post(w.below(key, "draft"), 303)
	id := w.id(ewa.get(at+"&do=confirm", 200))
	ewa.post(w.below(key, "confirm"), 303, "id", id)
	w.lacks(ewa.get("/authors?firm="+w.mine+"&by=items", 200), "Oceń niezależnie") // who has seen it is not offered it
	list := ola.get("/authors?firm="+w.mine+"&by=items", 200)
	rate := w.below(key, "rating") + "&profile=" + id
	w.has(list, "Oceń niezależnie", strings.ReplaceAll(rate, "&", "&amp;"))
	page := ola.get(rate, 200)
	w.has(page, "25 sygnałów", "Twoja ocena")
	w.lacks(page, "Hipoteza motywu", "Zalecana postawa", "W jakiej sytuacji", "drugi w kolejności")
	page, _ = ola.post(rate, 422, "profile", id, "intensity", "3", "motive", "vindictive")
	w.has(page, `value="3" selected`, `value="vindictive" selected`, "Oceń każdą skalę")
	ewa.get(rate, 409)
	w.clock.Forward(time.Hour) // names stand in the order of rating
	ola.post(rate, 303, "profile", id, "intensity", "3", "persistence", "5", "substance", "5", "openness", "5", "mobilising", "1", "influence", "0",
		"motive", "constructive", "band", "0")
	w.has(ola.get(at, 200), "Oceniono niezależnie: Ewa Maj, Ola Dąb")
}

func TestContestsHoldTheProfileBack(t *testing.T) {
	w := open(t)
	key := w.campaign("Lena", 14, angry)
	ewa, at := w.in("ewa@x.pl"), authors.At(w.mine, key)
	ewa.post(w.below(key, "draft"), 303)
	ewa.post(w.below(key, "confirm"), 303, "id", w.id(ewa.get(at+"&do=confirm", 200)))
	page, _ := ewa.post(w.below(key, "contest"), 422, "said", "nie", "channel", "list")
	w.has(page, `id="f-said-err"`, `value="list"`)
	ewa.post(w.below(key, "contest"), 303, "said", "To nie ja pisałam ten wpis z 3 listopada", "channel", "list")
	page = ewa.get(at, 200)
	w.has(page, "To nie ja pisałam", "czeka na rozstrzygnięcie", "nie czytają go, dopóki sprzeciw jest otwarty")
	m := regexp.MustCompile(`do=settle&amp;id=([^#"]+)`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("no way to settle")
	}
	ewa.post(w.below(key, "settle"), 422, "id", m[1], "outcome", "upheld", "why", "x")
	ewa.post(w.below(key, "settle"), 303, "id", m[1], "outcome", "upheld", "why", "konto pokazało, że to pomyłka")
	w.has(ewa.get(at, 200), "uznany", "Nie ma profilu tego konta")
}

func TestProtectedAccountsShowTheFlagAlone(t *testing.T) {
	w := open(t)
	key := w.campaign("Zosia", 3, "Mam 12 lat i paczka %d nie przyszła")
	ewa, at := w.in("ewa@x.pl"), authors.At(w.mine, key)
	page := ewa.get(at, 200)
	w.has(page, "Może pisać dziecko.", "Ukryj po cichu", "Tego konta nie opisujemy")
	w.lacks(page, "25 sygnałów", "Hipoteza motywu", "Kiedy pisze", "Oś czasu", "Przygotuj szkic")
	ewa.post(w.below(key, "draft"), 403)
	w.has(ewa.get("/authors?firm="+w.mine+"&by=items", 200), "może pisać dziecko")
	ewa.post(w.below(key, "lift"), 422, "kind", "minor", "why", "")
	ewa.post(w.below(key, "lift"), 303, "kind", "minor", "why", "cytat z piosenki, nie wiek konta")
}

func TestTheOwnerAndALawyerLookAtAWhistleblower(t *testing.T) {
	w := open(t)
	key := w.campaign("Marek", 3, "Pracuję w tej firmie %d i wiem, co się dzieje na produkcji")
	ewa, joanna, adam, at := w.in("ewa@x.pl"), w.in("joanna@x.pl"), w.in("adam@x.pl"), authors.At(w.mine, key)
	w.has(ewa.get(at, 200), "Możliwy sygnalista", "właściciel jeszcze nie spojrzał", "nie stosuj odwetu")
	w.has(joanna.get(at, 200), "Spójrz jako właściciel")
	ewa.post(w.below(key, "look"), 403, "why", "ja też chcę spojrzeć")
	page, _ := joanna.post(w.below(key, "look"), 422, "why", "nie")
	w.has(page, `id="f-why-err"`, ">nie</textarea>")
	joanna.post(w.below(key, "look"), 303, "why", "to nie jest nasz pracownik")
	w.has(adam.get(w.below(key, "look"), 200), "właściciel spojrzał", "prawnik jeszcze nie spojrzał")
	adam.post(w.below(key, "look"), 303, "why", "brak zgłoszenia w trybie ustawy")
	w.has(ewa.get(at, 200), "Hipoteza motywu", "Sprawdzono i zdjęto: możliwy sygnalista")
	ewa.post(w.below(key, "draft"), 303)
	w.has(adam.get(w.below(key, "look"), 200), "Oznaczenie prawne")
	adam.post(w.below(key, "legal"), 422, "legal", "none", "why", "")
	adam.post(w.below(key, "legal"), 303, "legal", "civil", "why", "możliwe naruszenie dóbr osobistych")
	w.lacks(ewa.get(at, 200), "prawo cywilne")
	w.has(adam.get(w.below(key, "package"), 200), "Wyciąg danych o koncie")
}

func TestExtractAndErasure(t *testing.T) {
	w := open(t)
	key := w.campaign("Lena", 14, angry)
	ewa, at := w.in("ewa@x.pl"), authors.At(w.mine, key)
	ewa.post(w.below(key, "draft"), 303)
	w.has(ewa.get(w.below(key, "extract"), 200), "Wyciąg danych o koncie", "&lt;b&gt;wstyd")
	w.has(ewa.get(w.below(key, "extract")+"&format=json", 200), `"legal_basis"`)
	w.has(ewa.get(at+"&do=erase", 200), "nie będzie już opisywane")
	ewa.post(w.below(key, "erase"), 422, "why", "bo tak")
	ewa.post(w.below(key, "erase"), 303, "why", "list od właściciela konta z 20 listopada")
	page := ewa.get(at, 200)
	w.has(page, "Tego konta nie opisujemy")
	w.lacks(page, "Hipoteza motywu", "25 sygnałów")
}

func TestLinksAreSuggestionsUntilAPersonAnswers(t *testing.T) {
	w := open(t)
	text := "Nigdy więcej zakupów w tej firmie, obiecali zwrot i od miesiąca cisza %d"
	key := w.campaign("Darek Mazur", 2, text)
	w.campaign("Darek  Mazur", 2, text)
	ewa, at := w.in("ewa@x.pl"), authors.At(w.mine, key)
	ewa.post(w.below(key, "suggest"), 303)
	page := ewa.get(at, 200)
	w.has(page, "tylko podpowiedź", "Ta sama nazwa konta", "Prawie ten sam tekst")
	m := regexp.MustCompile(`do=link&amp;same=yes&amp;id=([^#"]+)`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("no way to answer")
	}
	page, _ = ewa.post(w.below(key, "link"), 422, "id", m[1], "same", "no", "why", "nie")
	w.has(page, `id="f-why-err"`, `value="no" selected`)
	ewa.post(w.below(key, "link"), 303, "id", m[1], "same", "no", "why", "różne numery zamówień")
	w.has(ewa.get(at, 200), "odrzucone", "Powód: różne numery zamówień")
}

func TestOnlyThoseWhoMay(t *testing.T) {
	w := open(t)
	key := w.campaign("Lena", 14, angry)
	at := authors.At(w.mine, key)
	joanna := w.in("joanna@x.pl")
	page := joanna.get(at, 200) // the owner reads
	w.lacks(page, `action="/authors/`, "do=contest", "do=tell", "do=erase", "do=edit")
	w.has(joanna.get("/authors?firm="+w.mine+"&by=last", 200), "Lena")
	for _, mail := range []string{"kasia@x.pl", "adam@x.pl"} {
		b := w.in(mail)
		b.get(at, 403)
		b.get("/authors?firm="+w.mine, 403)
	}
	obcy := w.in("obcy@x.pl")
	obcy.get(at, 404)
	obcy.get(authors.At(w.other, key), 404)
	for _, verb := range []string{"draft", "edit", "confirm", "withdraw", "tell", "contest", "settle", "suggest", "link", "protect", "lift", "erase", "rating"} {
		joanna.post(w.below(key, verb), 403, "why", "bo tak chcę zrobić")
		obcy.post(w.below(key, verb), 404, "why", "bo tak chcę zrobić")
	}
	w.in("ewa@x.pl").post(w.below(key, "nothing"), 404)
	w.in("ewa@x.pl").get(authors.At(w.mine, "webhook:nobody/../x"), 404)
}

// The list leads by what is hostile, and finds names by their beginning.
func TestTheListOrdersAndFinds(t *testing.T) {
	w := open(t)
	w.campaign("Spokojna Ola", 5, "Ładny obrus %d")
	w.campaign("Groźny", 2, "Znajdę was i spalę ten sklep %d, zabiję was")
	ewa := w.in("ewa@x.pl")
	page := ewa.get("/authors?firm="+w.mine, 200)
	w.has(page, "Groźny")
	w.lacks(page, "Spokojna Ola")
	page = ewa.get("/authors?firm="+w.mine+"&by=items", 200)
	if strings.Index(page, "Spokojna Ola") > strings.Index(page, "Groźny") {
		t.Error("the busiest does not lead")
	}
	page = ewa.get("/authors?firm="+w.mine+"&name=spok", 200)
	w.has(page, "Spokojna Ola")
	w.lacks(page, "Groźny")
	w.has(ewa.get("/authors?firm="+w.mine+"&name=%3Cscript%3E", 200), "Nie ma takiego konta", "&lt;script&gt;")
}

// BenchmarkPage10k is the page of an account with 10,000 items, looked at again: the first look reads every item anew.
func BenchmarkPage10k(b *testing.B) {
	w := open(b)
	key := w.campaign("Lena", 10_000, angry)
	ewa, at := w.in("ewa@x.pl"), authors.At(w.mine, key)
	first := time.Now()
	ewa.get(at, 200)
	took := time.Since(first)
	for b.Loop() {
		ewa.get(at, 200)
	}
	b.ReportMetric(float64(took.Milliseconds()), "ms/first")
}
