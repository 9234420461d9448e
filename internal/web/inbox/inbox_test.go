package inbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/source"
)

const (
	insult    = "banda oszustów i złodziei, idioci"
	complaint = "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał na maile."
)

func TestWhatWaitsIsListedWithThreadAndAdvice(t *testing.T) {
	w := open(t)
	w.writes("Anna Piotrowska", complaint, 0)
	w.writes("Darek Nowy", insult, 0)
	b := w.in("ewa@x.pl")
	a := b.get("/inbox").is(t, http.StatusOK)
	if n := a.count("mi"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	m := w.find("Anna Piotrowska")
	a = b.get("/inbox?m="+m.ID).is(t, http.StatusOK)
	for id, want := range map[string]string{"pane-list": "Czekają na decyzję 2", "pane-thread": complaint, "pane-rec": "krytyki ani pytania kupującego nie ukrywamy"} {
		if got := a.in(id); !strings.Contains(got, want) {
			t.Errorf("%s has no %q: %s", id, want, got)
		}
	}
	if !strings.Contains(a.in("pane-rec"), "szacunek ekspercki, nie pomiar") || !strings.Contains(a.in("pane-rec"), "Czy zarzut jest prawdziwy?") {
		t.Error("the risk does not say that it is an estimate, or nobody is asked whether the claim is true")
	}
	if b.get("/inbox?m="+m.ID+"&reader=on").count("reader") != 1 {
		t.Error("the thread is not shown as readers see it")
	}
}

func TestFiltersNarrowTheList(t *testing.T) {
	w := open(t)
	w.writes("Anna Piotrowska", complaint, 0)
	w.writes("Darek Nowy", insult, 0)
	w.writes("Teresa Malik", "Mam komplet drugi rok, po praniu coraz milszy. Polecam!", 0)
	w.reviews("g1", "Jarek Pol", "", 1)
	b := w.in("ewa@x.pl")
	for path, want := range map[string]int{"/inbox?status=all": 4, "/inbox?status=all&q=zamówieniu": 1, "/inbox?label=complaint": 1,
		"/inbox?status=all&label=praise": 1, "/inbox?status=all&source=" + w.g.ID: 1, "/inbox?status=all&state=gone": 0, "/inbox?severity=4": 0,
		"/search?q=komplety": 1, "/search?from=2026-11-22&to=2026-11-22": 4, "/search?to=2026-11-21": 0, "/search?author=" + w.find("Darek Nowy").AuthorKey: 1,
		"/inbox?status=all&severity=nonsense&below=-7&from=kiedyś": 4} {
		if got := b.get(path).is(t, http.StatusOK).count("mi"); got != want {
			t.Errorf("%s: %d rows, want %d", path, got, want)
		}
	}
}

func TestCalmIsEarned(t *testing.T) {
	w := open(t)
	b := w.in("ewa@x.pl")
	if got := b.get("/inbox").is(t, http.StatusOK).in("pane-list"); !strings.Contains(got, "nie wszystko widać") || !strings.Contains(got, "Opinie Google") {
		t.Errorf("a channel that brought nothing yet is taken for calm: %s", got)
	}
	if got := b.get("/inbox?label=threat").in("pane-list"); !strings.Contains(got, "Nic nie pasuje do filtrów") {
		t.Errorf("an empty filter: %s", got)
	}
	if got := w.in("obcy@x.pl").get("/inbox").in("pane-list"); !strings.Contains(got, "Żaden kanał nie jest podłączony") {
		t.Errorf("a firm without channels: %s", got)
	}
}

// decision is the answer to a decision taken as the page offers it.
func (b *browser) decision(m mention.Mention, option string, more ...string) answer {
	b.t.Helper()
	a := b.get("/inbox?m="+m.ID+"&ask="+option).is(b.t, http.StatusOK)
	kv := a.form(b.t, "/inbox/"+m.ID+"/decision", option)
	return b.post("/inbox/"+m.ID+"/decision", append(kv, more...)...)
}

func TestHidingTakesOneDecisionAndCanBeUndone(t *testing.T) {
	w := open(t)
	id := w.writes("Darek Nowy", insult, 0)
	w.writes("Anna Piotrowska", complaint, 0)
	b, m := w.in("ewa@x.pl"), w.find("Darek Nowy")
	a := b.decision(m, "hide", "why", "Sama obelga, punkt 2 zasad.").is(t, http.StatusSeeOther)
	next := a.Header.Get("Location")
	if !strings.Contains(next, w.find("Anna Piotrowska").ID) {
		t.Errorf("after the decision it goes on to %s", next)
	}
	a = b.get(next).is(t, http.StatusOK)
	if !strings.Contains(a.in("toasts"), "Ukrywamy wpis: Darek Nowy") {
		t.Errorf("toast: %s", a.in("toasts"))
	}
	w.pass(0)
	if got := b.get("/inbox?m=" + m.ID).in("pane-rec"); !strings.Contains(got, "jeszcze można cofnąć") || !strings.Contains(got, "D-001") ||
		!strings.Contains(got, "Taka decyzja już stoi") {
		t.Errorf("in the window: %s", got)
	}
	w.pass(15 * time.Second)
	if got := w.status(id); got != "hold" {
		t.Fatalf("at the shop it is %s", got)
	}
	a = b.get("/inbox?m=" + m.ID)
	if got := a.in("pane-rec"); !strings.Contains(got, "zrobione") {
		t.Errorf("afterwards: %s", got)
	}
	undo := ""
	for n := range a.doc.Descendants() {
		if s := attr(n, "action"); strings.HasPrefix(s, "/deeds/") && strings.Contains(s, "/undo?") {
			undo = s
		}
	}
	b.post(undo).is(t, http.StatusSeeOther)
	w.pass(15 * time.Second)
	if got := w.status(id); got != "approved" && got != "approve" {
		t.Errorf("after undoing it is %s at the shop", got)
	}
	if got := w.find("Darek Nowy").Status; got != mention.Open {
		t.Errorf("after undoing it is %s", got)
	}
}

func TestTheToastTakesADecisionBackBeforeItGoesOut(t *testing.T) {
	w := open(t)
	id := w.writes("Darek Nowy", insult, 0)
	b, m := w.in("ewa@x.pl"), w.find("Darek Nowy")
	b.decision(m, "hide", "why", "Sama obelga.").is(t, http.StatusSeeOther)
	undo := ""
	for n := range b.get("/inbox").doc.Descendants() {
		if s := attr(n, "action"); n.Data == "form" && strings.HasPrefix(s, "/decisions/") && strings.Contains(s, "undo") {
			undo = s
		}
	}
	b.post(undo).is(t, http.StatusSeeOther)
	w.pass(0)
	w.pass(time.Minute)
	if got := w.status(id); got == "hold" {
		t.Error("it was hidden although it had been taken back")
	}
}

func TestARecommendationMayBeOverruledWithAReason(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", insult, 0)
	b, m := w.in("ewa@x.pl"), w.find("Darek Nowy")
	a := b.decision(m, "reply", "text", "Dzień dobry, proszę o kontakt.", "why", "tak").is(t, http.StatusUnprocessableEntity)
	if got := a.in("pane-rec"); !strings.Contains(got, "Dzień dobry, proszę o kontakt.") || !strings.Contains(got, "co najmniej 10 znaków") {
		t.Errorf("the text or the reason is lost: %s", got)
	}
	b.decision(m, "reply", "text", "Dzień dobry, proszę o kontakt.", "why", "Klient jest nam znany z rozmowy.").is(t, http.StatusSeeOther)
	w.pass(0)
	w.pass(15 * time.Second)
	if got := w.shop.Comments(); len(got) != 2 {
		t.Errorf("%d comments at the shop, want the reply beside the first", len(got))
	}
}

func TestTheSlowerOfTwoIsToldCalmly(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", insult, 0)
	m := w.find("Darek Nowy")
	ewa, ola := w.in("ewa@x.pl"), w.in("ola@x.pl")
	slow := ola.get("/inbox?m="+m.ID+"&ask=reply").form(t, "/inbox/"+m.ID+"/decision", "reply")
	ewa.decision(m, "hide", "why", "Sama obelga.").is(t, http.StatusSeeOther)
	a := ola.post("/inbox/"+m.ID+"/decision", append(slow, "text", "Moja odpowiedź", "why", "Wolę odpowiedzieć spokojnie.")...).is(t, http.StatusConflict)
	got := a.in("pane-rec")
	for _, want := range []string{"Ewa Maj ma już decyzję", "ukrycie", "Nic z Twojego wyboru nie wyszło", "Moja odpowiedź"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in: %s", want, got)
		}
	}
}

func TestATaskIsDoneByHand(t *testing.T) {
	w := open(t)
	m := w.reviews("g1", "Wiesława K.", "Paczka przyszła uszkodzona, jedna poszewka rozdarta. Proszę o wymianę.", 2)
	b := w.in("ewa@x.pl")
	a := b.decision(m, "reply", "text", "Dzień dobry, wymienimy poszewkę. Kasia", "why", "Odpowiadamy publicznie, bo sprawa jest prosta.").is(t, http.StatusSeeOther)
	if !strings.Contains(a.Header.Get("Location"), m.ID) {
		t.Errorf("the task is told elsewhere: %s", a.Header.Get("Location"))
	}
	w.pass(0)
	a = b.get("/inbox?m=" + m.ID)
	if got := a.in("pane-rec"); !strings.Contains(got, "do zrobienia ręcznie") || !strings.Contains(got, "wymienimy poszewkę") {
		t.Fatalf("no task: %s", got)
	}
	done := ""
	for n := range a.doc.Descendants() {
		if s := attr(n, "action"); strings.Contains(s, "/completion") {
			done = s
		}
	}
	b.post(done).is(t, http.StatusSeeOther)
	if got := b.get("/inbox?m=" + m.ID).in("pane-rec"); !strings.Contains(got, "zrobione ręcznie") {
		t.Errorf("afterwards: %s", got)
	}
}

func TestRemovingCriticismIsLocked(t *testing.T) {
	w := open(t)
	w.writes("Anna Piotrowska", complaint, 0)
	m := w.find("Anna Piotrowska")
	b := w.in("ewa@x.pl")
	a := b.get("/inbox?m=" + m.ID)
	locked := 0
	for n := range a.doc.Descendants() {
		if attr(n, "aria-disabled") == "true" && strings.Contains(attr(n, "data-why"), "krytyki") {
			locked++
		}
	}
	if locked != 3 {
		t.Errorf("%d deeds are locked as protected criticism, want hide, delete and block", locked)
	}
	kv := a.form(t, "/inbox/"+m.ID+"/decision", "")
	for i := 0; i < len(kv); i += 2 {
		if kv[i] == "option" {
			kv[i+1] = "hide"
		}
	}
	b.post("/inbox/"+m.ID+"/decision", append(kv, "why", "bo nam się nie podoba")...).is(t, http.StatusForbidden)
}

func TestRemovingCriticismThatHurtsSomebodyTakesTwoPeople(t *testing.T) {
	w := open(t)
	id := w.writes("Anna Piotrowska", complaint, 0)
	m := w.find("Anna Piotrowska")
	ewa, ola := w.in("ewa@x.pl"), w.in("ola@x.pl")
	ewa.post("/inbox/"+m.ID+"/fact", "field", "third_party_victim", "value", "true").is(t, http.StatusSeeOther)
	ewa.decision(m, "hide", "why", "Wpis podaje nazwisko sąsiadki.").is(t, http.StatusSeeOther)
	confirm := func(b *browser) string {
		for n := range b.get("/inbox?m="+m.ID).is(t, http.StatusOK).doc.Descendants() {
			if s := attr(n, "formaction"); strings.Contains(s, "/confirmation") {
				return s
			}
		}
		return ""
	}
	if s := confirm(ewa); s != "" {
		t.Error("the first person is offered to confirm")
	}
	to := confirm(ola)
	ewa.post(to, "why", "potwierdzam sama").is(t, http.StatusForbidden)
	w.in("obcy@x.pl").post(to, "why", "potwierdzam").is(t, http.StatusNotFound)
	ola.post(to, "why", "").is(t, http.StatusUnprocessableEntity)
	w.pass(time.Minute)
	if got := w.status(id); got == "hold" {
		t.Fatal("hidden before the second person")
	}
	ola.post(to, "why", "Zgadzam się, chodzi o osobę z zewnątrz.").is(t, http.StatusSeeOther)
	w.pass(0)
	w.pass(15 * time.Second)
	if got := w.status(id); got != "hold" {
		t.Errorf("after both it is %s at the shop", got)
	}
	if got := ola.get("/inbox?m=" + m.ID).in("history"); !strings.Contains(got, "Potwierdza Ola Dąb") {
		t.Errorf("history: %s", got)
	}
}

func TestFactsLabelsSealAndSnooze(t *testing.T) {
	w := open(t)
	w.writes("Anna Piotrowska", complaint, 0)
	m := w.find("Anna Piotrowska")
	b, at := w.in("ewa@x.pl"), "/inbox/"+w.find("Anna Piotrowska").ID
	b.post(at+"/fact", "field", "truth", "value", "partly").is(t, http.StatusSeeOther)
	if got := b.get("/inbox?m=" + m.ID).in("pane-rec"); !strings.Contains(got, "Odpowiada Ewa Maj") {
		t.Errorf("who answered is not told: %s", got)
	}
	b.post(at+"/fact", "field", "truth", "value", "może").is(t, http.StatusUnprocessableEntity)
	b.post(at+"/label", "label", "complaint", "label", "employment", "severity", "3", "why", "x").is(t, http.StatusUnprocessableEntity)
	b.post(at+"/label", "label", "complaint", "label", "employment", "severity", "3", "why", "to były pracownik").is(t, http.StatusSeeOther)
	if m = w.find("Anna Piotrowska"); !m.Has("employment") || m.Severity != 3 {
		t.Errorf("labels %v, severity %d", m.Labels, m.Severity)
	}
	b.post(at+"/seal").is(t, http.StatusSeeOther)
	if got := b.get("/inbox?m=" + m.ID).in("pane-rec"); !strings.Contains(got, "Ostatni dowód: D-001") {
		t.Errorf("no exhibit: %s", got)
	}
	b.decision(m, "observe", "until", "3h", "why", "Czekamy na odpowiedź magazynu.").is(t, http.StatusSeeOther)
	w.pass(0)
	if m = w.find("Anna Piotrowska"); m.Status != mention.Snoozed {
		t.Errorf("put off it is %s", m.Status)
	}
	w.pass(3*time.Hour + time.Minute)
	if m = w.find("Anna Piotrowska"); m.Status != mention.Open {
		t.Errorf("after its time it is %s", m.Status)
	}
}

func TestManyBeginAWave(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", insult, 0)
	w.writes("Kamil", insult, 0)
	b := w.in("ewa@x.pl")
	a := w.find("Darek Nowy")
	p := b.get("/inbox?m="+a.ID).is(t, http.StatusOK)
	list := p.in("pane-list")
	if !strings.Contains(list, "Ukryj") || !strings.Contains(list, "Dowody") || !strings.Contains(list, "Więcej") {
		t.Errorf("above the list: %s", list)
	}
	if got := p.in("pane-thread"); !strings.Contains(got, "Wszystkie takie (2)") || !strings.Contains(got, "Tego konta") || !strings.Contains(got, "Pod tym wpisem") {
		t.Errorf("everything like this: %s", got)
	}
}

func TestAMacroIsOneClick(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", insult, 0)
	m := w.find("Darek Nowy")
	ewa := access.With(t.Context(), access.Principal{User: "u-ewa", Name: "Ewa", Firms: map[string]access.Role{w.firm: access.Guardian}})
	x := must[macro.Macro](t)(w.macros.Save(ewa, macro.Macro{Firm: w.firm, Live: true, Name: "Obelga: ukryj", Key: "1", Labels: []classify.Label{classify.Insult},
		Plan: macro.Plan{Option: decision.Hide, Why: "Obelga, punkt 4 zasad."}}, 0))
	must[macro.Macro](t)(w.macros.Save(ewa, macro.Macro{Firm: w.firm, Live: true, Name: "Spam", Labels: []classify.Label{classify.Spam},
		Plan: macro.Plan{Option: decision.Delete, Why: "Reklama, punkt 5 zasad."}}, 0))
	b := w.in("ewa@x.pl")
	p := b.get("/inbox?m="+m.ID).is(t, http.StatusOK)
	if got := p.in("macros"); !strings.Contains(got, "Obelga: ukryj") || strings.Contains(got, "Spam") {
		t.Fatalf("macros: %s", got)
	}
	kv := p.form(t, "/inbox/"+m.ID+"/macro", "")
	b.post("/inbox/"+m.ID+"/macro", "macro", x.ID, "version", "7", "shown", "x").is(t, http.StatusConflict)
	b.post("/inbox/"+m.ID+"/macro", kv...).is(t, http.StatusSeeOther)
	if got := w.find("Darek Nowy"); got.Status != mention.Done {
		t.Errorf("after the macro it is %s", got.Status)
	}
}

func TestWhoMaySeeAndDecide(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", insult, 0)
	m := w.find("Darek Nowy")
	staff := w.in("kasia@x.pl")
	a := staff.get("/inbox?m="+m.ID).is(t, http.StatusOK)
	if !strings.Contains(a.in("pane-rec"), "Decyduje kierownictwo") || a.count("bulk") != 0 {
		t.Error("staff are offered decisions")
	}
	staff.post("/inbox/"+m.ID+"/decision", "option", "observe", "shown", "x").is(t, http.StatusForbidden)
	staff.post("/inbox/"+m.ID+"/label", "label", "praise", "severity", "0", "why", "żart").is(t, http.StatusForbidden)
	staff.post("/inbox/"+m.ID+"/seal").is(t, http.StatusForbidden)
	staff.get("/search/export?format=csv").is(t, http.StatusForbidden)
	lawyer := w.in("adam@x.pl")
	for _, path := range []string{"/inbox", "/inbox?m=" + m.ID, "/search"} {
		lawyer.get(path).is(t, http.StatusForbidden)
	}
	stranger := w.in("obcy@x.pl")
	stranger.get("/inbox?m="+m.ID).is(t, http.StatusNotFound)
	for _, deed := range []string{"decision", "fact", "label", "seal"} {
		stranger.post("/inbox/"+m.ID+"/"+deed, "option", "hide").is(t, http.StatusNotFound)
	}
	if n := stranger.get("/search").count("mi"); n != 0 {
		t.Errorf("a stranger finds %d", n)
	}
	if a := w.in("joanna@x.pl").decision(m, "hide", "why", "Sama obelga."); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the owner cannot decide: %d", a.StatusCode)
	}
}

func TestHostileTextStaysText(t *testing.T) {
	w := open(t)
	evil := `<script>alert(1)</script><img src=x onerror=alert(2)> "'>` + "\u202eodwrotnie\u200b"
	m := w.reviews("g1", evil, evil+" oszuści", 1)
	bad := w.takes(source.Item{ExternalID: "g2", Kind: source.KindReview, Author: source.Account{Name: "Z adresem"}, Text: "oszuści i tyle",
		URL: "javascript:alert(3)", At: w.clock.Now(), Rating: 1})
	b := w.in("ewa@x.pl")
	for _, path := range []string{"/inbox?status=all&m=" + m.ID, "/inbox?status=all&m=" + bad.ID, "/search?q=" + "oszuści", "/inbox?q=%3Cscript%3E%22%27&status=all&ask=%3Cb%3E"} {
		a := b.get(path).is(t, http.StatusOK)
		for n := range a.doc.Descendants() {
			if n.Data == "script" && !strings.HasPrefix(attr(n, "src"), "/") {
				t.Errorf("%s: a script of a stranger: %s", path, words(n))
			}
			if attr(n, "onerror") != "" || strings.HasPrefix(attr(n, "href"), "javascript") {
				t.Errorf("%s: runs %v", path, n.Attr)
			}
		}
	}
}

func TestDistressingTextIsCovered(t *testing.T) {
	w := open(t)
	w.writes("Tomek Wan", "Wiemy gdzie masz magazyn, spalimy ci to razem z tobą", 0)
	m := w.find("Tomek Wan")
	if m.Severity < 3 || !m.Has("threat") {
		t.Fatalf("the engine does not read it as a threat: %v %d", m.Labels, m.Severity)
	}
	b := w.in("ewa@x.pl")
	a := b.get("/inbox")
	if strings.Contains(a.in("pane-list"), "spalimy") || a.count("blur") != 1 {
		t.Error("the text is not covered")
	}
	if b.get("/inbox?m="+m.ID+"&revealed="+m.ID).count("blur") != 0 {
		t.Error("without script the text can never be read")
	}
}

func TestSavedViews(t *testing.T) {
	w := open(t)
	b := w.in("ewa@x.pl")
	b.post("/inbox/views", "name", "Groźby", "back", "label=threat&severity=3").is(t, http.StatusSeeOther)
	a := b.get("/inbox")
	if !strings.Contains(a.in("views"), "Groźby") {
		t.Errorf("views: %s", a.in("views"))
	}
	removal := ""
	for n := range a.doc.Descendants() {
		if s := attr(n, "action"); strings.HasSuffix(s, "/removal") {
			removal = s
		}
	}
	w.in("obcy@x.pl").post(removal).is(t, http.StatusNotFound)
	b.post(removal).is(t, http.StatusSeeOther)
	b.post("/inbox/views", "name", "", "back", "").is(t, http.StatusUnprocessableEntity)
}

func TestSearchPagesThroughEverythingOnce(t *testing.T) {
	w := open(t)
	var items []source.Item
	for i := range 120 {
		items = append(items, source.Item{ExternalID: fmt.Sprint("r", i), Kind: source.KindReview, Author: source.Account{Name: fmt.Sprint("Konto ", i)},
			Text: "zwrot pieniędzy", At: w.clock.Now(), Rating: 3})
	}
	w.takes(items...)
	b, seen := w.in("ewa@x.pl"), map[string]bool{}
	for path := "/search?q=zwroty"; path != ""; {
		a := b.get(path).is(t, http.StatusOK)
		path = ""
		for n := range a.doc.Descendants() {
			if id := attr(n, "data-id"); id != "" && attr(n, "class") == "mi" {
				if seen[id] {
					t.Fatalf("%s stands on two pages", id)
				}
				seen[id] = true
			}
			if attr(n, "rel") == "next" {
				path = attr(n, "href")
			}
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d of 120 found", len(seen))
	}
}
