package inbox_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// marks are the marked pieces of texts with what they stand for: "oszustów=obelga".
func (a answer) marks() (out []string) {
	for n := range a.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "mark" {
			out = append(out, words(n)+"="+attr(n, "title"))
		}
	}
	return out
}

func (a answer) holds(t testing.TB, id string, want ...string) {
	t.Helper()
	got := a.in(id)
	for _, s := range want {
		if !strings.Contains(got, s) {
			t.Errorf("%s has no %q: %s", id, s, got)
		}
	}
}

func TestALabelSaysWhyAndMarksItsWords(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", "banda oszustów i złodziei, idioci", 0)
	m := w.find("Darek Nowy")
	b := w.in("ewa@x.pl")
	a := b.get("/inbox?m="+m.ID).is(t, http.StatusOK)
	a.holds(t, "why-"+m.ID, "obelga", "pewność ", "Obraża człowieka lub firmę: „", " powód", "Odczytane przez: reguły ChOP, wersja")
	if got := a.marks(); !slices.Contains(got, "idioci=obelga") {
		t.Errorf("marked are %q", got)
	}
	if a.count("lb-why") != 1 || !strings.Contains(a.text, `href="#why-`+m.ID+`"`) {
		t.Error("the label does not lead to its reasons")
	}
	reader := b.get("/inbox?reader=on&m="+m.ID).is(t, http.StatusOK)
	if len(reader.marks()) > 0 || reader.in("why-"+m.ID) != "" {
		t.Error("readers do not see our marks")
	}
}

func TestMarksNeverBreakHostileText(t *testing.T) {
	w := open(t)
	text := "<b>idioci</b> \u202eoszuści\u202c \u200bzłodzieje 👩‍👩‍👧 <img src=x onerror=alert(1)> idioci"
	w.writes("Zły Człowiek", text, 0)
	m := w.find("Zły Człowiek")
	a := w.in("ewa@x.pl").get("/inbox?m="+m.ID).is(t, http.StatusOK)
	if len(a.marks()) == 0 {
		t.Fatal("nothing is marked")
	}
	for n := range a.doc.Descendants() {
		if n.Data == "img" && attr(n, "onerror") != "" {
			t.Error("the text became markup")
		}
		if attr(n, "class") == "bub" {
			var p strings.Builder
			for c := range n.Descendants() {
				if c.Type == html.TextNode && c.Parent.Data != "bdi" {
					p.WriteString(c.Data)
				}
			}
			if got := p.String(); strings.Contains(got, "idioci") && !strings.Contains(got, m.Text) {
				t.Errorf("the text is %q, shown %q", m.Text, got)
			}
		}
	}
}

func TestAReplyThatLivesOffItsPlaceSaysSo(t *testing.T) {
	w := open(t)
	id := w.writes("Beata Kuc", "Czy ta pościel kurczy się w praniu? Zastanawiam się nad kompletem.", 0)
	w.writes("Kamil Śmiech", "hahaha 😂😂", id)
	m := w.find("Kamil Śmiech")
	a := w.in("ewa@x.pl").get("/inbox?status=all&m="+m.ID).is(t, http.StatusOK)
	a.holds(t, "c-"+m.ID, "pod pytaniem kupującego")
	a.holds(t, "why-"+m.ID, "Odczytane razem z miejscem: wpis stoi pod pytaniem kupującego.")
}

func TestLabelsAreCorrectedConfirmedAndTakenBack(t *testing.T) {
	w := open(t)
	w.writes("Anna Piotrowska", complaint, 0)
	m := w.find("Anna Piotrowska")
	b, at := w.in("ewa@x.pl"), "/inbox/"+m.ID
	undo := func(a answer) string {
		t.Helper()
		for n := range b.get(a.Header.Get("Location")).is(t, http.StatusOK).doc.Descendants() {
			if s := attr(n, "action"); strings.Contains(s, "/label/undo") {
				return s
			}
		}
		t.Fatal("no way to take it back")
		return ""
	}
	back := undo(b.post(at+"/label", "label", "praise", "label", "satire", "severity", "0", "quick", "irony").is(t, http.StatusSeeOther))
	if got := w.find("Anna Piotrowska"); !slices.Equal(got.Labels, []string{"praise", "satire"}) || got.Severity != 0 {
		t.Fatalf("corrected: %v, %d", got.Labels, got.Severity)
	}
	b.get("/inbox?m="+m.ID).holds(t, "why-"+m.ID, "Etykiety nadane ręcznie: Ewa Maj", "Powód: To żart albo ironia")
	w.in("obcy@x.pl").post(back).is(t, http.StatusNotFound)
	b.post(back).is(t, http.StatusSeeOther)
	if got := w.find("Anna Piotrowska"); !slices.Equal(got.Labels, m.Labels) || got.Severity != m.Severity {
		t.Fatalf("taken back: %v, was %v", got.Labels, m.Labels)
	}
	b.post(back).is(t, http.StatusConflict)

	back = undo(b.post(at+"/label/confirmation").is(t, http.StatusSeeOther))
	a := b.get("/inbox?m=" + m.ID)
	a.holds(t, "why-"+m.ID, "Etykiety potwierdzone: Ewa Maj", "skarga")
	if strings.Contains(a.text, "/label/confirmation") {
		t.Error("what is confirmed is offered for confirmation again")
	}
	b.post(back).is(t, http.StatusSeeOther)
	b.get("/inbox?m="+m.ID).holds(t, "why-"+m.ID, "pewność ")
}

func TestACorrectionWithAMistakeKeepsWhatWasChosen(t *testing.T) {
	w := open(t)
	w.writes("Anna Piotrowska", complaint, 0)
	m := w.find("Anna Piotrowska")
	a := w.in("ewa@x.pl").post("/inbox/"+m.ID+"/label", "label", "employment", "severity", "3", "quick", "place", "why", "x").is(t, http.StatusUnprocessableEntity)
	var chosen []string
	for n := range a.doc.Descendants() {
		if n.Data == "input" && strings.Contains(" label severity quick ", " "+attr(n, "name")+" ") {
			for _, at := range n.Attr {
				if at.Key == "checked" {
					chosen = append(chosen, attr(n, "value"))
				}
			}
		}
	}
	if want := []string{"employment", "3", "place"}; !slices.Equal(chosen, want) {
		t.Errorf("chosen stays %q, want %q", chosen, want)
	}
	plain := w.in("ewa@x.pl").get("/inbox?relabel=on&m="+m.ID).is(t, http.StatusOK)
	plain.holds(t, "relabel-now", "Co to za wpis", "Zapisz etykiety") // without script
}

func TestOnlyThoseWhoLabelMayJudge(t *testing.T) {
	w := open(t)
	w.writes("Anna Piotrowska", complaint, 0)
	m := w.find("Anna Piotrowska")
	for _, mail := range []string{"kasia@x.pl", "adam@x.pl", "obcy@x.pl"} {
		b := w.in(mail)
		for _, path := range []string{"/label/confirmation", "/label/undo?judgement=x"} {
			if got := b.post("/inbox/" + m.ID + path).StatusCode; got != http.StatusForbidden && got != http.StatusNotFound {
				t.Errorf("%s may post %s: %d", mail, path, got)
			}
		}
		if a := b.get("/inbox?m=" + m.ID); strings.Contains(a.text, "/label/confirmation") || strings.Contains(a.text, `id="relabel"`) {
			t.Errorf("%s is offered what they may not do", mail)
		}
	}
}

func TestListsAreNarrowedBySeveralLabelsAndWithout(t *testing.T) {
	w := open(t)
	w.writes("Anna Piotrowska", complaint, 0)
	w.writes("Darek Nowy", "banda oszustów i złodziei, idioci", 0)
	w.writes("Ola Miła", "Piękna pościel, dziękuję i polecam.", 0)
	b := w.in("ewa@x.pl")
	for path, want := range map[string]int{
		"/inbox?status=all&label=complaint&label=insult": 2, "/inbox?status=all&label=complaint,insult": 2, "/inbox?status=all&label=insult,nonsense": 1,
		"/inbox?status=all&not=praise": 2, "/inbox?status=all&not=praise&not=insult": 1, "/inbox?label=complaint,insult": 2, "/inbox?label=complaint,insult&not=insult": 1,
		"/search?label=complaint&label=insult": 2, "/search?not=praise,insult": 1, "/search?label=praise&not=praise": 0, "/search?label=%27%25": 3,
	} {
		if got := b.get(path).is(t, http.StatusOK).count("mi"); got != want {
			t.Errorf("%s lists %d, want %d", path, got, want)
		}
	}
	a := b.get("/inbox?label=complaint,insult&not=praise")
	a.holds(t, "pane-list", "skarga", "obelga", "bez: pochwała")
	for href, want := range map[string]bool{"/inbox?label=insult&not=praise": true, "/inbox?label=insult%2Ccomplaint": true, "/inbox?label=complaint&not=praise": true} {
		if found := strings.Contains(html.UnescapeString(a.text), `href="`+href+`"`); found != want {
			t.Errorf("no chip that leads to %s", href)
		}
	}

	b.post("/inbox/views", "name", "Ostre", "back", "label=insult&label=threat&not=praise").is(t, http.StatusSeeOther)
	want := url.Values{"label": {"threat,insult"}, "not": {"praise"}}.Encode()
	if a := b.get("/inbox"); !strings.Contains(html.UnescapeString(a.text), want+`"`) {
		t.Errorf("the view does not lead to %s", want)
	}
	if got := b.get("/inbox?" + want).count("mi"); got != 1 {
		t.Errorf("the view lists %d", got)
	}
}
