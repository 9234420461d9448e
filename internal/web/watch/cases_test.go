package watch_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/mention"
)

func TestCasesAreListed(t *testing.T) {
	x := newTown(t)
	b := x.signIn("ewa@example.com")
	b.get("/cases").status(http.StatusOK).shows("cases-body", x.crisis.Number, "Przyjąć sprawę", "Otwarte 1")
	x.signIn("obcy@example.com").get("/cases").status(http.StatusOK).hides(x.crisis.Number)
	x.signIn("mecenas@example.com").get("/cases").status(http.StatusOK).shows("cases-body", x.crisis.Number)
}

func TestCaseFromACall(t *testing.T) {
	x := newTown(t)
	b := x.signIn("ewa@example.com")
	a := b.post("/cases", "firm", x.mak.ID, "title", " ", "note", "Dzwoniła pani Maria").status(http.StatusUnprocessableEntity)
	if !strings.Contains(words(a.part("f-note")), "Dzwoniła pani Maria") {
		t.Error("the note is gone")
	}
	for _, bad := range [][2]string{{"priority", "9"}, {"severity", "x"}, {"title", strings.Repeat("ą", 161)}, {"note", strings.Repeat("x", 5001)}} {
		form := map[string]string{"title": "Zwrot", "priority": "3", "severity": "1", "note": ""}
		form[bad[0]] = bad[1]
		b.post("/cases", "firm", x.mak.ID, "title", form["title"], "priority", form["priority"], "severity", form["severity"], "note", form["note"]).status(http.StatusUnprocessableEntity)
	}
	a = b.post("/cases", "firm", x.mak.ID, "title", "Zwrot "+hostileText, "priority", "3", "severity", "1", "note", "Dzwoniła pani Maria").status(http.StatusSeeOther)
	a = b.get(a.Header.Get("Location")).status(http.StatusOK)
	a.shows("main", "Zwrot", "Dzwoniła pani Maria", "P3")
	a.hides("<script>alert")
	b.post("/cases", "firm", "someone-else", "title", "Zwrot").status(http.StatusNotFound)
	x.signIn("joanna@example.com").post("/cases", "firm", x.man.ID, "title", "Zwrot").status(http.StatusForbidden)
}

func TestLifeOfACase(t *testing.T) {
	x := newTown(t)
	b, home := x.signIn("ewa@example.com"), "/cases/"+x.crisis.ID
	b.get(home).status(http.StatusOK).shows("main", "Fala wrogich wpisów", "Przyjmuję", "2 wpisy", "nikt jeszcze nie przyjął", "Zegary sprawy", "Obudziliśmy osobę na dyżurze")
	b.post(home + "/accept").status(http.StatusSeeOther)
	a := b.get(home + "?do=contain").status(http.StatusOK)
	a.shows("case-head", "prowadzi Ewa Maj")
	a.shows("case-do", "Brakuje warunków", "Każdy wpis ma decyzję brakuje 2 z 2")
	b.post(home+"/contain", "why", "").status(http.StatusUnprocessableEntity).shows("case-do", "Napisz krótko, dlaczego")
	b.post(home+"/contain", "why", "Wątek zamknięty przez platformę").status(http.StatusSeeOther)
	b.get(home).shows("case-plain", "opanowana")
	b.get("/watch").shows("watch-say", "2 wymagają uwagi.") // contained: no crisis any more
	b.post(home+"/contain", "why", "jeszcze raz").status(http.StatusConflict)
	a = b.post(home+"/close", "resolution", "solved", "why", "x").status(http.StatusUnprocessableEntity)
	if !strings.Contains(words(a.part("f-why")), "x") {
		t.Error("the reason is gone")
	}
	b.post(home+"/close", "resolution", "nonsense", "why", "bo tak").status(http.StatusUnprocessableEntity)
	b.post(home+"/close", "resolution", "solved", "why", "Atak ustał").status(http.StatusSeeOther)
	b.get(home).shows("case-head", "zamknięta", "atak ustał")
	b.get("/cases").hides(x.crisis.Number)
	b.get("/cases?show=all").shows("cases-body", x.crisis.Number)
	b.post(home+"/reopen", "why", "Wrócili").status(http.StatusSeeOther)
	b.post(home+"/weigh", "severity", "4", "why", "Grożą ludziom").status(http.StatusSeeOther)
	b.get(home).shows("case-head", "waga 4/4")
	b.post(home+"/note", "note", "").status(http.StatusUnprocessableEntity)
	b.post(home+"/note", "note", "Telefon "+hostileText).status(http.StatusSeeOther)
	a = b.get(home)
	a.shows("case-story", "Telefon", "Zmieniona waga", "Otwarta ponownie")
	a.hides("<script>alert")
	b.get(home+"?show=decisions").shows("case-story", "Otwarta ponownie")
	if s := words(b.get(home + "?show=deeds").part("case-story")); strings.Contains(s, "Otwarta ponownie") {
		t.Errorf("the filter shows everything: %s", s)
	}
	b.post(home + "/delete").status(http.StatusNotFound)
}

func TestItemsMoveBetweenCases(t *testing.T) {
	x := newTown(t)
	b, home := x.signIn("ewa@example.com"), "/cases/"+x.crisis.ID
	other := x.open(crisis.New{Firm: x.man.ID, Subject: "n", Title: "Telefon", Severity: 1, Priority: 4})
	alien := x.open(crisis.New{Firm: x.mak.ID, Subject: "n", Title: "Cudza", Severity: 1, Priority: 4})
	ctx := access.With(t.Context(), x.ewa)
	count := func(c crisis.Case) int {
		items, err := x.cases.Items(ctx, c.Firm, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(items)
	}
	b.get(home+"?do=move&item="+x.buyer).status(http.StatusOK).shows("case-do", other.Number, "1 wpis")
	b.post(home+"/move", "to", other.ID, "why", "inna rzecz").status(http.StatusUnprocessableEntity)
	b.post(home+"/move", "to", alien.ID, "pick", x.buyer, "why", "inna rzecz").status(http.StatusUnprocessableEntity)
	b.post(home+"/move", "to", other.ID, "pick", x.buyer, "why", "").status(http.StatusUnprocessableEntity)
	if count(x.crisis) != 2 || count(other) != 0 {
		t.Fatal("a refused move moved something")
	}
	b.post(home+"/move", "to", other.ID, "pick", x.buyer, "pick", x.buyer, "why", "inna rzecz").status(http.StatusSeeOther)
	if count(x.crisis) != 1 || count(other) != 1 {
		t.Fatalf("after the move %d and %d items", count(x.crisis), count(other))
	}
	b.post(home+"/link", "item", "https://chop.example/inbox?m="+x.buyer).status(http.StatusSeeOther)
	if count(x.crisis) != 2 {
		t.Fatal("the item was not added")
	}
	b.post(home+"/link", "item", "nonsense").status(http.StatusUnprocessableEntity)
	b.post(home+"/unlink", "pick", x.buyer, "why", "pomyłka").status(http.StatusSeeOther)
	if count(x.crisis) != 1 {
		t.Fatal("the item was not taken out")
	}
}

func TestLawyerSeesTheCaseWithoutTheTexts(t *testing.T) {
	x := newTown(t)
	if _, err := x.mentions.Preserve(access.With(t.Context(), x.ewa), x.evidence, x.man.ID, x.threat, "triage"); err != nil {
		t.Fatal(err)
	}
	if err := x.cases.Note(x.ctx, x.man.ID, x.crisis.ID, crisis.Event{What: "item", Facts: map[string]string{"author": "Ktoś", "excerpt": "znajdę was i spalę"}, Ref: mention.Ref(x.threat)}); err != nil {
		t.Fatal(err)
	}
	b, home := x.signIn("mecenas@example.com"), "/cases/"+x.crisis.ID
	a := b.get(home).status(http.StatusOK)
	a.shows("main", "W sprawie są 2 wpisy", "D-001", "Zapieczętowano 1 dowód")
	a.hides("spalę", "obrus", "Beata Kuc", "/accept", "?do=")
	b.get(home + "?do=close").status(http.StatusOK).hides(home + "/close")
	for verb, kv := range map[string][]string{"accept": nil, "note": {"note", "x"}, "close": {"resolution", "solved", "why", "bo tak"}, "link": {"item", x.buyer},
		"move": {"pick", x.buyer, "to", x.crisis.ID, "why", "bo tak"}, "unlink": {"pick", x.buyer, "why", "bo tak"}} {
		b.post(home+"/"+verb, kv...).status(http.StatusForbidden)
	}
	s := x.signIn("ewa@example.com").get(home).status(http.StatusOK)
	s.shows("case-exhibits", "D-001", "1 z 2")
	s.hides("spalę</p>") // veiled among the items
}

func TestOtherFirmsCasesDoNotExist(t *testing.T) {
	x := newTown(t)
	b := x.signIn("obcy@example.com")
	b.get("/cases/" + x.crisis.ID).status(http.StatusNotFound)
	b.get("/cases/nonsense").status(http.StatusNotFound)
	for _, verb := range []string{"accept", "note", "contain", "close", "reopen", "weigh", "link", "unlink", "move"} {
		b.post("/cases/"+x.crisis.ID+"/"+verb, "note", "x", "why", "bo tak").status(http.StatusNotFound)
	}
	x.visitor().get("/cases").status(http.StatusSeeOther)
}

func TestManyItemsAreCut(t *testing.T) {
	x := newTown(t)
	for range 40 {
		id := x.says(x.man, "", said{text: "Oszuści", author: "Konto", labels: ",insult,", status: "done", at: x.db.Now().Add(-time.Minute)})
		if err := x.cases.Link(access.With(context.WithoutCancel(t.Context()), x.ewa), x.man.ID, x.crisis.ID, mention.Ref(id)); err != nil {
			t.Fatal(err)
		}
	}
	b := x.signIn("ewa@example.com")
	b.get("/cases/"+x.crisis.ID).shows("case-items", "42 wpisy", "Starszych jest jeszcze 27")
	if a := b.get("/cases/" + x.crisis.ID + "?items=all"); strings.Contains(words(a.part("case-items")), "Starszych") {
		t.Error("not all items are shown")
	}
}

// Every item of a case says why it carries its labels; the labels are counted and narrow the list.
func TestItemsOfACaseSayWhyAndAreNarrowedByLabel(t *testing.T) {
	x := newTown(t)
	id := x.says(x.man, "", said{text: "<b>Oszuści</b> i tyle", author: "Konto", labels: ",insult,", status: "open"})
	x.exec(`INSERT INTO labelling (firm_id, mention_id, revision, maker, result, at) VALUES ($1, $2, 1, 'rules/1', $3, $4)`, x.man.ID, id,
		`{"labels":[{"label":"insult","score":0.78}],"engine":"rules/1","reasons":[{"rule":"insult.person","facts":{"word":"Oszuści"},"weight":0.8,"span":{"from":3,"to":11}}]}`,
		x.db.Now())
	if err := x.cases.Link(access.With(context.WithoutCancel(t.Context()), x.ewa), x.man.ID, x.crisis.ID, mention.Ref(id)); err != nil {
		t.Fatal(err)
	}
	b, home := x.signIn("ewa@example.com"), "/cases/"+x.crisis.ID
	a := b.get(home).status(http.StatusOK)
	a.shows("why-"+id, "obelga", "pewność 78%", "Obraża człowieka lub firmę: „Oszuści”.", "mocny powód", "reguły ChOP, wersja 1")
	a.shows("case-items", "Wszystkie", "groźba 1", "obelga 1", "3 wpisy")
	if !strings.Contains(a.text, `&lt;b&gt;<mark class="hl hl-4" title="obelga">Oszuści</mark>&lt;/b&gt; i tyle`) {
		t.Error("the word is not marked, or the text is not escaped")
	}
	narrow := b.get(home + "?label=insult").status(http.StatusOK)
	if n := strings.Count(narrow.text, "data-id="); n != 1 || narrow.part("why-"+id) == nil {
		t.Errorf("%d items carry the label", n)
	}
	b.get(home+"?label=nonsense").status(http.StatusOK).shows("case-items", "Żadna wzmianka tej sprawy nie ma tej etykiety.")
}
