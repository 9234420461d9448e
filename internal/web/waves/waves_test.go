package waves_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chop/internal/demo/site"
	"chop/internal/mention"
)

const (
	insult    = "banda oszustów i złodziei, idioci"
	complaint = "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał na maile."
)

// begin creates a wave from the page and gives its address.
func (w *world) begin(b *browser, kv ...string) string {
	w.t.Helper()
	a := b.post("/waves", kv...).is(w.t, http.StatusSeeOther)
	return a.Header.Get("Location")
}

func TestAWaveFromTheListToTheShopAndBack(t *testing.T) {
	w := open(t)
	for _, name := range []string{"Darek Nowy", "Kamil", "Robert"} {
		w.writes(name, insult, 0)
	}
	w.writes("Anna Piotrowska", complaint, 0)
	b := w.in("ewa@x.pl")
	ids := map[string]string{}
	pick := []string{"option", "hide", "pick", "nieznany"}
	for _, name := range []string{"Darek Nowy", "Kamil", "Robert", "Anna Piotrowska"} {
		ids[name] = w.find(name).ID
		pick = append(pick, "pick", ids[name])
	}
	to := w.begin(b, pick...)
	p := b.get(to).is(t, http.StatusOK)
	got := p.in("main")
	for _, want := range []string{"Ukryj: 4 wpisy", "3 do zrobienia", "1 to krytyka: zostaje", "Jeden powód dla wszystkich", "Prawdziwej krytyki"} {
		if !strings.Contains(strings.ReplaceAll(got, "\u00a0", " "), want) {
			t.Errorf("the preview lacks %q: %s", want, got)
		}
	}
	if w.find("Darek Nowy").Status != mention.Open {
		t.Fatal("a preview decided")
	}
	mend := b.post(to+"/start", "why", "", "shown", ids["Robert"]).is(t, http.StatusUnprocessableEntity)
	if !strings.Contains(mend.in("main"), "Jeden powód") {
		t.Error("what was typed is gone")
	}
	b.post(to+"/start", "why", "Same obelgi, punkt 2 zasad.", "shown", ids["Robert"]).is(t, http.StatusSeeOther)
	w.pass(0)
	for name, want := range map[string]mention.Status{"Darek Nowy": mention.Done, "Kamil": mention.Done, "Robert": mention.Open, "Anna Piotrowska": mention.Open} {
		if got := w.find(name).Status; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	p = b.get(to).is(t, http.StatusOK)
	if got := p.in("main"); !strings.Contains(got, "Zakończona") || !strings.Contains(got, "Cofnij całą falę") || !strings.Contains(got, "Same obelgi") {
		t.Errorf("the result: %s", got)
	}
	if h := b.get("/waves").is(t, http.StatusOK).in("main"); !strings.Contains(h, "Ukryj") || !strings.Contains(h, "2 z 2") {
		t.Errorf("the history: %s", h)
	}
	b.post(to+"/return", "quick", "1").is(t, http.StatusSeeOther)
	w.pass(0)
	w.pass(time.Minute)
	if w.find("Darek Nowy").Status != mention.Open {
		t.Error("the wave was not taken back")
	}
	for _, c := range w.shop.Comments() {
		if c.Status != site.Approved && c.Author == "Darek Nowy" {
			t.Errorf("at the shop it is %s", c.Status)
		}
	}
	if got := b.get(to).in("main"); !strings.Contains(got, "Cofnięta") {
		t.Errorf("afterwards: %s", got)
	}
}

func TestEverythingLikeThisIsChosenByAnAddress(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", insult, 0)
	w.writes("Kamil", insult, 0)
	w.writes("Kamil", "Spadajcie z tego miasta, cwaniaki", 0)
	b := w.in("ewa@x.pl")
	m := w.find("Kamil")
	for addr, want := range map[string]string{
		"/waves/new?like=" + w.find("Darek Nowy").ID:                "2 wpisy",
		"/waves/new?author=" + url.QueryEscape(m.AuthorKey):         "2 wpisy",
		"/waves/new?post=" + m.Post:                                 "3 wpisy",
		"/waves/new?list=" + url.QueryEscape("author="+m.AuthorKey): "2 wpisy",
		"/waves/new": "Najpierw wybierz wpisy",
	} {
		if got := strings.ReplaceAll(b.get(addr).is(t, http.StatusOK).in("main"), "\u00a0", " "); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q: %s", addr, want, got)
		}
	}
	b.get("/waves/new?case=nobody").is(t, http.StatusNotFound)
	b.post("/waves", "like", m.ID).is(t, http.StatusUnprocessableEntity)
	b.post("/waves", "like", m.ID, "option", "block").is(t, http.StatusUnprocessableEntity)
	b.post("/waves", "option", "hide").is(t, http.StatusUnprocessableEntity)
}

func TestWhoMayWorkWithWaves(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", insult, 0)
	m := w.find("Darek Nowy")
	to := w.begin(w.in("ewa@x.pl"), "option", "hide", "pick", m.ID)
	staff := w.in("kasia@x.pl")
	if got := staff.get(to).is(t, http.StatusOK).in("main"); strings.Contains(got, "Odrzuć podgląd") {
		t.Error("staff are offered the verbs")
	}
	staff.post("/waves", "option", "hide", "pick", m.ID).is(t, http.StatusForbidden)
	staff.post(to+"/start", "why", "bo tak ustalono").is(t, http.StatusForbidden)
	staff.get(to+"/export").is(t, http.StatusForbidden)
	w.in("adam@x.pl").get(to).is(t, http.StatusForbidden)
	if a := w.in("ewa@x.pl").get(to+"/export").is(t, http.StatusOK); !strings.Contains(a.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("exported as %s", a.Header.Get("Content-Type"))
	}
}

func TestMacrosAreWrittenAndSwitched(t *testing.T) {
	w := open(t)
	b := w.in("ewa@x.pl")
	b.get("/macros/new?firm="+w.firm).is(t, http.StatusOK)
	b.post("/macros", "firm", w.firm, "name", "", "option", "hide").is(t, http.StatusUnprocessableEntity)
	b.post("/macros", "firm", w.firm, "name", "Obelga", "option", "hide", "why", "Obelga, punkt 4 zasad.", "key", "1", "for", "insult", "live", "1").is(t, http.StatusSeeOther)
	got := b.get("/macros?firm="+w.firm).is(t, http.StatusOK).in("main")
	if !strings.Contains(got, "Obelga") || !strings.Contains(got, "włączone") || !strings.Contains(got, "Ukryj") {
		t.Errorf("the list: %s", got)
	}
	b.post("/macros", "firm", w.firm, "name", "Druga", "option", "hide", "key", "1", "live", "1").is(t, http.StatusConflict)
	list := must[[]macroOf](t)(w.list(w.firm))
	id := list[0].ID
	b.post("/macros/"+id, "firm", w.firm, "base", "1", "name", "Obelga albo groźba", "option", "hide", "because", "szersze").is(t, http.StatusSeeOther)
	b.post("/macros/"+id, "firm", w.firm, "base", "1", "name", "Za późno", "option", "hide").is(t, http.StatusConflict)
	if got := b.get("/macros/" + id + "?firm=" + w.firm).in("main"); !strings.Contains(got, "2 wersje") || !strings.Contains(got, "szersze") {
		t.Errorf("the history: %s", got)
	}
	b.post("/macros/"+id+"/on", "firm", w.firm).is(t, http.StatusSeeOther)
	w.in("kasia@x.pl").post("/macros/"+id+"/off", "firm", w.firm).is(t, http.StatusForbidden)
	w.in("kasia@x.pl").get("/macros/new?firm="+w.firm).is(t, http.StatusForbidden)
}
