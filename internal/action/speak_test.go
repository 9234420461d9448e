package action_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/mention"
	"chop/internal/reply"
	"chop/internal/reply/lint"
)

const calm = "Dzień dobry, dziękujemy za ten sygnał. Sprawdzimy tę sprawę i odpowiemy tutaj dziś do 18:00. Ewa Maj, obsługa klienta"

// A reply that the checks block is not decided however the form came, and the wish is on record.
func TestBlockedWordsAreNotDecided(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Trzy tygodnie czekania, nikt nie odpisuje.", "complaint")
		for text, code := range map[string]string{
			"Sprawę przekazaliśmy prawnikowi.":         "L5",
			"Proszę podać numer zamówienia.":           "L3",
			"Zawiniła Kasia, już z nią rozmawialiśmy.": "L16",
			"To nieprawda.": "G9",
			"Jeśli usunie Pani opinię, damy rabat.":              "L6",
			"Pani zamówienie nr 45211 z 12.05 poszło w terminie": "L4",
		} {
			_, err := w.decisions.Decide(w.ola(), w.choose(w.ola(), m, decision.Reply, text))
			f := wants(t, err, fault.Invalid, "decision.lint")
			if codes, _ := f.Data["Codes"].(string); !strings.Contains(codes, code) || f.Field != "text" {
				t.Errorf("%q: %v on %q, want %s", text, codes, f.Field, code)
			}
		}
		_, err := w.decisions.Decide(w.ola(), w.choose(w.ola(), m, decision.Reply, "Dzień dobry {{imie}}, odpiszemy."))
		wants(t, err, fault.Invalid, "decision.braces")
		if got := len(w.verbs(mention.Ref(m.ID))); got == 0 || !slices.Contains(w.verbs(mention.Ref(m.ID)), "decision.vetoed") {
			t.Errorf("the journal has %v", w.verbs(mention.Ref(m.ID)))
		}
		if w.calls() != 0 {
			t.Error("something went out")
		}
		private := w.choose(w.ola(), m, decision.MovePrivate, "Spotkamy się w sądzie.")
		_, err = w.decisions.Decide(w.ola(), private)
		wants(t, err, fault.Invalid, "decision.lint") // G2: nor in private
	})
}

// Warnings do not stop anybody; what was shown stays with the decision.
func TestWarningsStayWithTheDecision(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Kiedy odpiszecie?", "question")
		d := w.decides(w.ola(), m, decision.Reply, "Odpiszemy dziś.")
		d = must[decision.Decision](t)(w.decisions.Find(w.ola(), w.firm, d.ID))
		var codes []lint.Code
		for _, f := range d.Checks {
			codes = append(codes, f.Code)
		}
		if !slices.Equal(codes, []lint.Code{lint.Length, lint.Unsigned}) {
			t.Errorf("kept %v", codes)
		}
		used := must[[]string](t)(w.replies.Used(w.ola(), w.firm, d.Thread))
		if !slices.Equal(used, []string{"Odpiszemy dziś."}) {
			t.Errorf("used %v", used)
		}
	})
}

// schedules a reply for three hours later.
func (w *world) schedules(text string) (decision.Decision, string) {
	w.t.Helper()
	before := w.calls()
	m := w.comment("Anna", "Kiedy odpiszecie?", "question")
	c := w.choose(w.ola(), m, decision.Reply, text)
	c.SendAt = w.clock.Now().Add(3 * time.Hour)
	d := must[decision.Decision](w.t)(w.decisions.Decide(w.ola(), c))
	w.pass(0)
	w.pass(action.UndoWindow)
	if w.calls() != before {
		w.t.Fatal("it went out before its time")
	}
	return d, m.ExternalID
}

func TestAScheduledReplyWaitsAndCanBeCalledOff(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		d, _ := w.schedules(calm)
		w.isState(d, action.Waiting)
		w.pass(3 * time.Hour)
		w.isState(d, action.Done)

		d, _ = w.schedules("Odpiszemy jutro do 12:00, dziękujemy za cierpliwość. Ewa Maj, obsługa klienta")
		_, err := w.actions.Undo(w.ola(), w.firm, w.deed(d).ID, "jednak nie")
		ok(t, err)
		w.pass(4 * time.Hour)
		w.isState(d, action.Cancelled)
		if w.calls() != 1 {
			t.Errorf("%d calls", w.calls())
		}
	})
}

func TestAScheduleMustLieAhead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Kiedy odpiszecie?", "question")
		for _, at := range []time.Duration{-time.Minute, 31 * 24 * time.Hour} {
			c := w.choose(w.ola(), m, decision.Reply, calm)
			c.SendAt = w.clock.Now().Add(at)
			_, err := w.decisions.Decide(w.ola(), c)
			wants(t, err, fault.Invalid, "decision.send_at")
		}
		c := w.choose(w.ola(), m, decision.Observe, "")
		c.SendAt = w.clock.Now().Add(time.Hour)
		_, err := w.decisions.Decide(w.ola(), c)
		wants(t, err, fault.Invalid, "decision.send_at")
	})
}

// When its time comes the world is looked at again; where it changed, nothing goes out and the guardian is told.
func TestAScheduledReplyIsAskedAgainWhenItsTimeComes(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(t *testing.T, w *world, ext string)
		code    string
	}{
		"the author edits": {func(t *testing.T, w *world, ext string) {
			w.shop.Edit(must[int](t)(strconv.Atoi(ext)), "Już nieważne, dziękuję.")
			w.pass(time.Hour)
		}, "decision.held.changed"},
		"the author writes more": {func(t *testing.T, w *world, _ string) { w.comment("Anna", "I jeszcze jedno: kiedy zwrot?", "question") }, "decision.held.more"},
		"the firm pauses": {func(t *testing.T, w *world, _ string) {
			f := must[firm.Firm](t)(w.firms.Find(w.system(), w.firm))
			f.Settings.Pause = true
			must[firm.Firm](t)(w.firms.Update(w.system(), f, "żałoba"))
		}, "decision.held.paused"},
		"somebody decides else": {func(t *testing.T, w *world, ext string) {
			w.decides(w.ola(), w.seen(must[int](t)(strconv.Atoi(ext))), decision.Observe, "")
		}, "decision.held.decided"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				d, ext := w.schedules(calm)
				c.happens(t, w, ext)
				before := w.calls()
				w.pass(3 * time.Hour)
				got := w.isState(d, action.Failed)
				if got.Error != c.code || w.calls() != before {
					t.Errorf("%s, %d calls, want %s", got.Error, w.calls()-before, c.code)
				}
				if !slices.Contains(w.alarms(), "alert.deed.failed.reply") {
					t.Errorf("nobody is told: %v", w.alarms())
				}
			})
		})
	}
}

// What the owner typed at length in the night rests for twenty minutes.
func TestANightsLongTextRests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for w.clock.Now().UTC().Hour() != 1 {
			w.pass(time.Hour)
		}
		owner := w.as("joanna", access.Owner)
		m := w.comment("Anna", "Kiedy odpiszecie?", "question")
		text := "Dzień dobry, bardzo dziękujemy za to pytanie. Sprawdzimy tę sprawę razem z całym zespołem, a potem odpowiemy tutaj dziś do godziny 18:00, tak żeby każdy mógł przeczytać tę samą informację. Joanna Wilk, właścicielka"
		ok(t, w.replies.Keep(owner, w.firm, m.ID, text))
		d := w.decides(owner, m, decision.Reply, text)
		w.pass(action.UndoWindow)
		w.isState(d, action.Waiting)
		w.pass(lint.CoolDownTime)
		w.isState(d, action.Done)
	})
}

// What the desk put together from facts needs nobody's word; a word more and the owner is asked.
func TestFactsOfTheFirmNeedNoAsking(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := must[firm.Firm](t)(w.firms.Find(w.system(), w.firm))
		delete(f.Settings.Mandate, "reply")
		must[firm.Firm](t)(w.firms.Update(w.system(), f, "macierz"))
		ok(t, w.replies.SetFact(w.ola(), reply.Fact{Firm: w.firm, Key: "zwroty", Text: "Zwroty przyjmujemy przez 30 dni"}))
		m := w.comment("Anna", "Czy można zwrócić obrus?", "question")
		p := reply.Propose(reply.Item{Text: m.Text, Labels: m.Labels, Buyer: true, Firm: f.Name, By: "Ewa Maj", Now: w.clock.Now(),
			Facts: must[[]reply.Fact](t)(w.replies.Facts(w.ola(), w.firm))})
		ok(t, w.replies.Put(w.ola(), w.firm, m.ID, p))
		if d := w.decides(w.ola(), m, decision.Reply, p.Text); d.State != decision.Decided {
			t.Errorf("facts: %s", d.State)
		}
		n := w.comment("Basia", "A czy pościel można zwrócić?", "question")
		q := reply.Propose(reply.Item{Text: n.Text, Labels: n.Labels, Buyer: true, Firm: f.Name, By: "Ewa Maj", Now: w.clock.Now(), Lang: "en",
			Facts: must[[]reply.Fact](t)(w.replies.Facts(w.ola(), w.firm))})
		ok(t, w.replies.Put(w.ola(), w.firm, n.ID, q))
		if d := w.decides(w.ola(), n, decision.Reply, q.Text+" Zapraszamy."); d.State != decision.Consent {
			t.Errorf("changed: %s", d.State)
		}
	})
}
