package inbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/reply"
)

const asked = "Czy można zwrócić obrus, jeśli kolor nie pasuje?"

// A draft is put in from the firm's facts, is checked while it is written, and stays when the page is left.
func TestADraftComesFromFactsAndIsKept(t *testing.T) {
	w := open(t)
	w.writes("Beata Kuc", asked, 0)
	b, m := w.in("ewa@x.pl"), w.find("Beata Kuc")
	a := b.get("/inbox?m=" + m.ID)
	if got := a.in("reply-" + m.ID); !strings.Contains(got, "Brakuje: fakt „zwroty”.") {
		t.Errorf("the missing fact is not named: %s", got)
	}
	sys := access.With(t.Context(), access.System(w.firm))
	ok(t, w.replies.SetFact(sys, reply.Fact{Firm: w.firm, Key: "zwroty", Text: "Zwroty przyjmujemy przez 30 dni od dostawy"}))
	form := a.form(t, "/inbox/"+m.ID+"/decision", "reply")
	b.post("/inbox/"+m.ID+"/draft", append(form, "text", "")...).is(t, http.StatusSeeOther)
	got := b.get("/inbox?m=" + m.ID).in("f-text")
	if !strings.Contains(got, "przez 30 dni") || !strings.Contains(got, "Ewa Maj") {
		t.Errorf("the draft is %q", got)
	}
	if seen := w.in("ola@x.pl").get("/inbox?m=" + m.ID); !strings.Contains(seen.in("reply-"+m.ID), "Ewa Maj odpowiada od") || seen.in("f-text") != "" {
		t.Errorf("the other guardian sees %s", seen.in("reply-"+m.ID))
	}
	b.post("/inbox/"+m.ID+"/draft", append(form, "text", "Dzień dobry.", "phrase", "thanks")...).is(t, http.StatusSeeOther)
	if got := b.get("/inbox?m=" + m.ID).in("f-text"); got != "Dzień dobry. Dziękujemy za ten sygnał." {
		t.Errorf("the phrase gives %q", got)
	}
}

func TestChecksAreShownWithAndWithoutScript(t *testing.T) {
	w := open(t)
	w.writes("Beata Kuc", asked, 0)
	b, m := w.in("ewa@x.pl"), w.find("Beata Kuc")
	bad := "Przepraszamy, to nasz błąd. Proszę podać numer zamówienia. Ewa Maj"
	b.post("/inbox/"+m.ID+"/check", "text", bad).is(t, http.StatusSeeOther)
	for _, want := range []string{"o takie dane nie prosimy", "Przeprosiny: 43 na 100", "podpis osoby"} {
		if got := b.get("/inbox?m=" + m.ID).in("reply-" + m.ID); !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodPost, b.home+"/inbox/"+m.ID+"/check", strings.NewReader("text=Nasz+prawnik+to+czyta")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("ChOP-Part", "checks")
	res := must[*http.Response](t)(b.Do(r))
	defer res.Body.Close()
	buf := make([]byte, 4096)
	n, _ := res.Body.Read(buf)
	if part := string(buf[:n]); res.StatusCode != http.StatusOK || strings.Contains(part, "<html") || !strings.Contains(part, "groźba prawna") {
		t.Errorf("%d %s", res.StatusCode, part)
	}
}

// Words that are blocked come back with the text and what would help; the same words from a forged form too.
func TestBlockedWordsComeBack(t *testing.T) {
	w := open(t)
	w.writes("Beata Kuc", asked, 0)
	b, m := w.in("ewa@x.pl"), w.find("Beata Kuc")
	a := b.decision(m, "reply", "text", "Spotkamy się w sądzie.").is(t, http.StatusUnprocessableEntity)
	got := a.in("pane-rec")
	for _, want := range []string{"Ta odpowiedź nie wyjdzie", "L5", "Spotkamy się w sądzie.", "groźba prawna"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	w.pass(time.Minute)
	if got := w.shop.Comments(); len(got) != 1 {
		t.Errorf("%d comments at the shop", len(got))
	}
}

func TestAReplyIsScheduledAndCalledOff(t *testing.T) {
	w := open(t)
	w.writes("Beata Kuc", asked, 0)
	b, m := w.in("ewa@x.pl"), w.find("Beata Kuc")
	b.decision(m, "reply", "text", "Zwroty przyjmujemy przez 30 dni, odpiszemy też na maile. Ewa Maj", "send", "at", "send_at", "2020-01-01T10:00").is(t, http.StatusUnprocessableEntity)
	b.decision(m, "reply", "text", "Zwroty przyjmujemy przez 30 dni, odpiszemy też na maile. Ewa Maj", "send", "3h").is(t, http.StatusSeeOther)
	w.pass(time.Minute)
	a := b.get("/inbox?m=" + m.ID)
	if got := a.in("pane-rec"); !strings.Contains(got, "czeka na swoją porę") {
		t.Fatalf("not waiting: %s", got)
	}
	undo := ""
	for n := range a.doc.Descendants() {
		if s := attr(n, "action"); strings.Contains(s, "/undo") {
			undo = s
		}
	}
	b.post(undo).is(t, http.StatusSeeOther)
	w.pass(4 * time.Hour)
	if got := w.shop.Comments(); len(got) != 1 {
		t.Errorf("%d comments at the shop", len(got))
	}
}

// The slower of two sees what the faster one wrote.
func TestTheSlowerSeesWhatWasAnswered(t *testing.T) {
	w := open(t)
	w.writes("Beata Kuc", asked, 0)
	m := w.find("Beata Kuc")
	ewa, ola := w.in("ewa@x.pl"), w.in("ola@x.pl")
	slow := ola.get("/inbox?m="+m.ID).form(t, "/inbox/"+m.ID+"/decision", "reply")
	ewa.decision(m, "reply", "text", "Zwroty przyjmujemy przez 30 dni. Ewa Maj").is(t, http.StatusSeeOther)
	got := ola.post("/inbox/"+m.ID+"/decision", append(slow, "text", "Tak, można.")...).is(t, http.StatusConflict).in("pane-rec")
	for _, want := range []string{"Ewa Maj ma już decyzję", "Zwroty przyjmujemy przez 30 dni. Ewa Maj", "Tak, można."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}
