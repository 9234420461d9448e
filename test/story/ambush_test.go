package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/pulse"
)

// Twenty discourage a buyer under her question: the person on duty is woken, the task to answer her stands with her words and a
// deadline, the answer ends it, and she counts as answered. Another asker, whom nobody answers, counts as lost after a week.
func TestTwentyUnderAQuestion(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		ewa, owner := w.Guardian("Ewa"), w.Owner("Joanna")
		question := w.Visitor("Beata").Comments("Czy ta pościel kurczy się w praniu w 60 stopniach? Chcę zamówić komplet.")
		w.FastForward(time.Minute)
		for i := range 20 {
			w.Visitor(fmt.Sprintf("Konto %d", i)).Answers(question, fmt.Sprintf("Nie kupuj tu, banda oszustów, %d osób to powie.", i+2))
		}
		w.Visitor("Teresa").Answers(question, "Ja piorę w 60 i nic się nie skurczyło.")
		w.FastForward(3 * time.Minute)

		c := w.onlyCase()
		w.onlyAlert("case.title.wave", alert.Open) // they came at once: the same case is one of a wave and of an attacked question
		w.timelineTells(ewa, c.ID, "opened", "pulse.ambush")
		q := w.sees(question)
		tasks, err := w.Cases.Tasks(ewa.ctx(), w.firm.ID, c.ID)
		w.ok(err)
		task := crisis.Task{}
		for _, x := range tasks {
			if x.Kind == crisis.AskFacts {
				task = x
			}
			if x.Kind == crisis.AskAnswer {
				t.Error("two tasks for one question")
			}
		}
		if task.State != crisis.ToDo || task.Ref != mention.Ref(q.ID) || !strings.Contains(task.Facts["question"], "60 stopniach") || task.DueAt.Sub(w.clock.Now()) > 15*time.Minute {
			t.Fatalf("the task is %+v", task)
		}
		count := func() pulse.Askers {
			w.ok(w.Beat.Settle(access.With(t.Context(), access.System("*"))))
			n, err := w.Beat.Askers(owner.ctx(), w.firm.ID, w.clock.Now().Add(-30*24*time.Hour), w.clock.Now().Add(time.Hour))
			w.ok(err)
			return n
		}
		if n := count(); n != (pulse.Askers{All: 1, Waiting: 1}) {
			t.Errorf("before the answer: %+v", n)
		}
		w.ok(w.Cases.Accept(ewa.ctx(), w.firm.ID, c.ID))
		ewa.decides(q, decision.Reply, "Pani Beato, nasza pościel jest prana przed szyciem i nie kurczy się w 60 stopniach.")
		w.FastForward(3 * time.Minute)
		if n := count(); n != (pulse.Askers{All: 1, Answered: 1}) {
			t.Errorf("after the answer: %+v", n)
		}
		tasks, err = w.Cases.Tasks(ewa.ctx(), w.firm.ID, c.ID)
		w.ok(err)
		for _, x := range tasks {
			if x.Kind == crisis.AskFacts && x.State != crisis.Done {
				t.Errorf("the answered question's task is %s", x.State)
			}
		}

		other := w.Visitor("Celina").Comments("Ile kosztuje komplet na łóżko 200 na 220? Chcę kupić na prezent.")
		w.FastForward(time.Minute)
		for i := range 3 {
			w.Visitor(fmt.Sprintf("Inne %d", i)).Answers(other, "Oszuści i złodzieje, nie kupuj niczego od nich.")
		}
		w.FastForward(2 * time.Minute)
		w.Leap(8 * 24 * time.Hour)
		if n := count(); n.All != 2 || n.Lost != 1 || n.Answered != 1 {
			t.Errorf("after a week: %+v", n)
		}
	})
}

// Praise, help and measured criticism under a question are none, and neither is one angry person.
func TestAnOrdinaryDisputeUnderAQuestionIsNoAmbush(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		w.Guardian("Ewa")
		question := w.Visitor("Beata").Comments("Czy ta pościel kurczy się w praniu w 60 stopniach? Chcę zamówić komplet.")
		w.FastForward(time.Minute)
		for i, text := range []string{"U mnie po praniu zeszło najwyżej dwa centymetry.", "Na dostawę czekałam trochę długo, ale materiał porządny.",
			"Cena poszła w górę o dziesięć procent.", "Polecam, śpi się świetnie.", "Nie kupuj, oszuści."} {
			w.Visitor(fmt.Sprintf("Osoba %d", i)).Answers(question, text)
		}
		w.FastForward(3 * time.Minute)
		for _, c := range w.cases() {
			if c.Title == "case.title.ambush" {
				t.Errorf("an ordinary dispute opened %v", c.Facts)
			}
		}
	})
}

// A firm may ask for three accounts rather than two. The third speaks to the asker by name, outside the thread.
func TestAFirmChoosesWhatAnAmbushIs(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		w.Guardian("Ewa")
		for _, bad := range []pulse.Rule{{Accounts: 1, Within: time.Hour}, {Accounts: 3, Within: time.Minute}} {
			if err := w.Beat.SetRule(w.system(), w.firm.ID, bad, "spokojniejsza strona"); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v is taken: %v", bad, err)
			}
		}
		w.ok(w.Beat.SetRule(w.system(), w.firm.ID, pulse.Rule{Accounts: 3, Within: time.Hour}, "spokojniejsza strona"))
		question := w.Visitor("Beata").Comments("Czy ta pościel kurczy się w praniu w 60 stopniach? Chcę zamówić komplet.")
		w.FastForward(time.Minute)
		w.Visitor("Kamil").Answers(question, "Nie kupuj, banda oszustów i tyle.")
		w.Visitor("Zofia").Answers(question, "Haha bojkot tej firmy, oszuści, udostępniajcie.")
		w.FastForward(3 * time.Minute)
		if n := len(w.cases()); n != 0 {
			t.Fatalf("two opened %d cases where the firm asked for three", n)
		}
		w.Visitor("Darek").Comments("@Beata nie kupuj tu, złodzieje i oszuści.")
		w.FastForward(3 * time.Minute)
		c := w.onlyCase()
		if c.Title != "case.title.ambush" || c.Facts["accounts"] != "3" || c.Priority != 3 {
			t.Errorf("%s %v P%d", c.Title, c.Facts, c.Priority)
		}
	})
}
