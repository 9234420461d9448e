package story

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chop/internal/alert"
	"chop/internal/demo/site"
	"chop/internal/lang"
	"chop/internal/oncall"
	"chop/internal/source"
)

func TestAForgottenAlertPagesAgain(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna, ewa := w.Guardian("Anna"), w.Guardian("Ewa")
		w.Visitor("Darek").Comments(threat)
		w.FastForward(time.Minute)
		anna.Taps(anna.GetsLetter("P1"))
		w.FastForward(14 * time.Minute)
		anna.GetsNothing()
		w.FastForward(time.Minute)
		anna.GetsLetter("P1")
		if a := w.onlyAlert("case.title.threat", alert.Open); a.Forgotten != 1 {
			t.Errorf("forgotten %d times", a.Forgotten)
		}
		w.FastForward(5 * time.Minute)
		ewa.GetsLetter("P1")
	})
}

func TestWhenNobodyAnswersItIsLoud(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna, ewa, owner := w.Guardian("Anna"), w.Guardian("Ewa"), w.Owner("Joanna")
		w.ok(w.Duty.SetPolicy(anna.ctx(), w.firm.ID, oncall.Policy{Repeat: 0, Wait: 10, Steps: []oncall.Step{
			{After: 0, Targets: []string{oncall.Duty}}, {After: 5, Targets: []string{oncall.Next}}, {After: 10, Targets: []string{oncall.Owner}}}}, "krótsza droga"))
		w.Visitor("Darek").Comments(threat)
		w.FastForward(time.Minute)
		anna.GetsLetter("P1")
		w.FastForward(19 * time.Minute)
		ewa.GetsLetter("P1")
		owner.GetsLetter("P1")
		w.FastForward(2 * time.Minute)
		w.onlyAlert("case.title.threat", alert.Unanswered)
		for _, p := range []*Person{anna, ewa, owner} {
			found := false
			for _, l := range w.mail.unread(p.email) {
				found = found || strings.Contains(l.subject, "bez odbioru")
			}
			if !found {
				t.Errorf("%s was not told that nobody answers", p.name)
			}
		}
	})
}

func TestABlindSourceWakesSomebody(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna := w.Guardian("Anna")
		w.FastForward(time.Minute)
		w.breaks(func(*http.Request) *site.Answer { return &site.Answer{Status: http.StatusServiceUnavailable} })
		w.FastForward(4 * time.Minute)
		anna.Taps(anna.GetsLetter("P2"))
		w.onlyAlert("alert.source.blind", alert.Acknowledged)
		w.Visitor("Teresa").Comments("Piękne zdjęcia, czuć zimę w lnie.")
		lost := w.Visitor("Maria").Comments(complaint)
		w.breaks(nil)
		w.FastForward(6 * time.Minute)
		w.sees(lost)
		w.onlyAlert("alert.source.blind", alert.Resolved)
		s, err := w.Sources.Find(anna.ctx(), w.firm.ID, w.source.ID)
		w.ok(err)
		if c := s.Condition(w.clock.Now()); c != source.Well {
			t.Errorf("the source is %s", c)
		}
	})
}

func TestAWrongPasswordIsToldAndItsRepairCalmsTheAlarm(t *testing.T) {
	w := New(t)
	anna := w.Guardian("Anna")
	w.FastForward(time.Minute)
	w.breaks(func(r *http.Request) *site.Answer {
		return &site.Answer{Status: http.StatusUnauthorized, Header: map[string]string{"Content-Type": "application/json"},
			Body: []byte(`{"code":"rest_forbidden_context","message":"no","data":{"status":401}}`)}
	})
	w.FastForward(2 * time.Minute)
	anna.GetsLetter("P2")
	w.breaks(nil)
	_, err := w.Sources.Reconnect(anna.ctx(), w.firm.ID, w.source.ID, "", source.Settings{"url": w.url, "user": site.User, "password": site.Password})
	w.ok(err)
	w.FastForward(2 * time.Minute)
	w.onlyAlert("alert.source.blind", alert.Resolved)
}

// A silent source is told once, however often it is looked at, until something comes.
func TestASilentSourceIsToldOnce(t *testing.T) {
	w := New(t)
	anna := w.Guardian("Anna")
	w.Visitor("Teresa").Comments("Piękne zdjęcia, czuć zimę w lnie.")
	w.FastForward(time.Minute)
	w.Leap(49 * time.Hour)
	anna.Taps(anna.GetsLetter("P3"))
	w.FastForward(10 * time.Minute)
	anna.GetsNothing()
	w.onlyAlert("alert.source.quiet", alert.Acknowledged)
	w.Visitor("Maria").Comments("Obrus leży idealnie.")
	w.FastForward(2 * time.Minute)
	w.onlyAlert("alert.source.quiet", alert.Resolved)
}

// The night of 25 October 2026 has two hours between two and three in Warsaw; minutes stay minutes.
func TestEscalationInTheNightTheClocksGoBack(t *testing.T) {
	for name, begin := range map[string]time.Time{
		"before the change": time.Date(2026, 10, 25, 2, 50, 0, 0, lang.Zone),
		"across the change": time.Date(2026, 10, 25, 0, 52, 0, 0, time.UTC),
		"after the change":  time.Date(2026, 10, 25, 1, 10, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, "", begin)
			anna, ewa, owner := w.Guardian("Anna"), w.Guardian("Ewa"), w.Owner("Joanna")
			w.ok(w.Duty.SetRota(anna.ctx(), w.firm.ID, oncall.Rota{Users: []string{anna.id, ewa.id}, Rotation: oncall.Daily, Hour: 2,
				Start: time.Date(2026, 10, 24, 0, 0, 0, 0, lang.Zone)}, "zmiana o drugiej"))
			sh, ok, err := w.Duty.OnDuty(anna.ctx(), w.firm.ID, w.clock.Now())
			w.ok(err)
			if !ok {
				t.Fatal("nobody is on duty")
			}
			first, second := anna, ewa
			if sh.User == ewa.id {
				first, second = ewa, anna
			}
			w.Visitor("Darek").Comments(threat)
			w.FastForward(time.Minute)
			first.GetsLetter("P1")
			w.FastForward(4 * time.Minute)
			second.GetsNothing()
			w.FastForward(time.Minute)
			second.GetsLetter("P1")
			w.FastForward(9 * time.Minute)
			owner.GetsNothing()
			w.FastForward(time.Minute)
			owner.GetsLetter("P1")
		})
	}
}
