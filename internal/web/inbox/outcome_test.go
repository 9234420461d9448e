package inbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The forecast stands beside the decision, later what came of it, and a person's word above that.
func TestWhatFollowedStandsBesideTheDecision(t *testing.T) {
	w := open(t)
	w.writes("Darek Nowy", insult, 0)
	m := w.find("Darek Nowy")
	b := w.in("ewa@x.pl")
	b.decision(m, "hide", "why", "Sama obelga, punkt 2 zasad.").is(t, http.StatusSeeOther)
	w.pass(0)
	got := b.get("/inbox?status=all&m=" + m.ID).in("pane-rec")
	if !strings.Contains(got, "Prognoza: ryzyko zaognienia niskie") || !strings.Contains(got, "Sprawdzimy po dobie") || strings.Contains(got, "Było inaczej?") {
		t.Errorf("after the decision: %s", got)
	}
	w.pass(5 * time.Minute)
	w.pass(24 * time.Hour)
	b = w.in("ewa@x.pl")
	a := b.get("/inbox?status=all&m=" + m.ID)
	if got = a.in("pane-rec"); !strings.Contains(got, "Po dobie: nie zaogniło się") {
		t.Errorf("after a day: %s", got)
	}
	address := ""
	for n := range a.doc.Descendants() {
		if s := attr(n, "action"); strings.Contains(s, "/outcome") {
			address = s
		}
	}
	b.post(address, "verdict", "escalated", "why", "").is(t, http.StatusUnprocessableEntity)
	b.post(address, "verdict", "escalated", "why", "Pisał o nas w zamkniętej grupie.").is(t, http.StatusSeeOther)
	if got = b.get("/inbox?status=all&m=" + m.ID).in("pane-rec"); !strings.Contains(got, "zaogniło się. Pisał o nas w zamkniętej grupie.") {
		t.Errorf("after the correction: %s", got)
	}
}
