package action_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/mention"
	"chop/internal/source"
)

func TestWhatIsShownIsKeptAndExplained(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Czekałam trzy tygodnie, nikt nie odpisał.", "complaint")
		a := must[decision.Advice](t)(w.decisions.Recommend(w.ola(), w.firm, m.ID))
		again := must[decision.Advice](t)(w.decisions.Recommend(w.basia(), w.firm, m.ID))
		if a.ID == "" || a.ID != again.ID || !a.At.Equal(again.At) {
			t.Errorf("the same advice has two records: %s %s", a.ID, again.ID)
		}
		if a.Case.Channel != "site" || a.Case.Truth != "unknown" || !a.Case.Night || len(a.Explanation.For) == 0 {
			t.Errorf("case %+v", a.Case)
		}
		hide, _ := a.Way(decision.Hide)
		reply, _ := a.Way(decision.Reply)
		block, _ := a.Way(decision.Block)
		observe, _ := a.Way(decision.Observe)
		if hide.Guard != "G1" || hide.Open() || !hide.Can || !hide.NeedsWhy {
			t.Errorf("hide: %+v", hide)
		}
		if !reply.Open() || !reply.Undo || reply.MaxText == 0 || reply.Verb != source.Reply || reply.NeedsWhy {
			t.Errorf("reply: %+v", reply)
		}
		if block.Can || !block.ByHand || block.Undo || block.Note != "decision.note.manual" {
			t.Errorf("block: %+v", block)
		}
		if !observe.Can || observe.ByHand || !observe.Undo {
			t.Errorf("observe: %+v", observe)
		}
		ok(t, w.decisions.Answer(w.ola(), w.firm, m.ID, "truth", "true"))
		ok(t, w.decisions.Answer(w.ola(), w.firm, m.ID, "fault", "2"))
		after := must[decision.Advice](t)(w.decisions.Recommend(w.ola(), w.firm, m.ID))
		if after.ID == a.ID || after.Case.Truth != "true" || after.Case.Fault != 2 || len(after.Facts) != 2 || after.Facts[0].WhoName != "ola" {
			t.Errorf("answers: %+v %+v", after.Case, after.Facts)
		}
	})
}

func TestWhoMayAnswerForTheClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Czekałam trzy tygodnie.", "complaint")
		wants(t, w.decisions.Answer(w.as("staś", access.Staff), w.firm, m.ID, "truth", "true"), fault.Forbidden, "forbidden")
		wants(t, w.decisions.Answer(w.system(), w.firm, m.ID, "truth", "true"), fault.Forbidden, "decision.person")
		wants(t, w.decisions.Answer(w.ola(), w.firm, m.ID, "truth", "maybe"), fault.Invalid, "decision.field")
		wants(t, w.decisions.Answer(w.ola(), w.firm, m.ID, "labels", "spam"), fault.Invalid, "decision.field")
		wants(t, w.decisions.Answer(w.ola(), w.firm, "nobody", "truth", "true"), fault.NotFound, "missing")
	})
}

func TestCriticismIsNotRemovedByForgingAForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Kurczę, czekałam trzy tygodnie na ten obrus!", "complaint", "insult")
		for _, o := range []decision.Option{decision.Hide, decision.Delete, decision.Block} {
			_, err := w.decisions.Decide(w.ola(), w.choose(w.ola(), m, o, ""))
			if f := wants(t, err, fault.Forbidden, "decision.guard"); f.Data["Guard"] != "G1" {
				t.Errorf("%s: %v", o, f.Data)
			}
		}
		w.pass(time.Hour)
		if w.isAt(m, site.Approved, mention.Open); w.calls() != 0 || !slices.Contains(w.verbs(mention.Ref(m.ID)), "decision.vetoed") {
			t.Error("the refused wish is not on record, or the place was called")
		}
		_, err := w.decisions.Decide(w.as("staś", access.Staff), decision.Choice{Firm: w.firm, Mention: m.ID, Option: decision.Reply})
		wants(t, err, fault.Forbidden, "forbidden")
		for name, c := range map[string]decision.Choice{
			"decision.shown":  {Firm: w.firm, Mention: m.ID, Option: decision.Reply, Shown: "made-up"},
			"decision.option": {Firm: w.firm, Mention: m.ID, Option: "burn", Shown: w.choose(w.ola(), m, decision.Reply, "").Shown, Why: because},
		} {
			_, err := w.decisions.Decide(w.ola(), c)
			wants(t, err, fault.Invalid, name)
		}
	})
}

func TestRemovingCriticismTakesTwoPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Nigdy tu nie kupowałam, ale dam jedną gwiazdkę", "opinion", "fake_review")
		d := w.decides(w.ola(), m, decision.Hide, "")
		if d.State != decision.Second || d.Exhibit == "" {
			t.Fatalf("it is %s with proof %q", d.State, d.Exhibit)
		}
		w.pass(time.Hour)
		if w.isAt(m, site.Approved, mention.Open); w.calls() != 0 {
			t.Fatal("one person was enough")
		}
		_, err := w.decisions.Decide(w.basia(), w.choose(w.basia(), m, decision.Hide, ""))
		wants(t, err, fault.Conflict, "decision.pending")
		wants(t, w.decisions.Confirm(w.ola(), w.firm, d.ID, because), fault.Forbidden, "decision.same_person")
		wants(t, w.decisions.Confirm(w.basia(), w.firm, d.ID, " "), fault.Invalid, "why")
		wants(t, w.decisions.Confirm(w.system(), w.firm, d.ID, because), fault.Forbidden, "decision.person")
		wants(t, w.decisions.Confirm(w.as("staś", access.Staff), w.firm, d.ID, because), fault.Forbidden, "forbidden")
		waiting := must[[]decision.Decision](t)(w.decisions.List(w.basia(), decision.Filter{State: decision.Second}))
		if len(waiting) != 1 || waiting[0].ID != d.ID {
			t.Errorf("%d wait", len(waiting))
		}
		ok(t, w.decisions.Confirm(w.basia(), w.firm, d.ID, because))
		wants(t, w.decisions.Confirm(w.basia(), w.firm, d.ID, because), fault.Conflict, "decision.not_waiting")
		w.pass(0)
		w.pass(action.UndoWindow)
		w.isState(d, action.Done)
		w.isAt(m, site.Hold, mention.Done)
		if got := must[decision.Decision](t)(w.decisions.Find(w.ola(), w.firm, d.ID)); got.Who != "u-ola" || got.Second != "u-basia" || got.SecondWhy != because {
			t.Errorf("who: %+v", got)
		}
	})
}

func TestASecondPersonMaySayNoAndAnEditStopsTheYes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Nigdy tu nie kupowałam, jedna gwiazdka", "opinion", "fake_review")
		d := w.decides(w.ola(), m, decision.Delete, "")
		ok(t, w.decisions.Refuse(w.basia(), w.firm, d.ID, "to mogła być klientka"))
		wants(t, w.decisions.Confirm(w.basia(), w.firm, d.ID, because), fault.Conflict, "decision.not_waiting")
		second := w.decides(w.ola(), m, decision.Delete, "")
		ok(t, w.mentions.Placed(w.system(), w.firm, m.ID, source.Held)) // it changed there, and a new revision came in
		wants(t, w.decisions.Confirm(w.basia(), w.firm, second.ID, because), fault.Conflict, "decision.changed")
		w.pass(time.Hour)
		if w.calls() != 0 {
			t.Error("the place was called")
		}
	})
}

func TestTwoPeopleDoNotDecideBlindly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		n := w.comment("Ewa", "oszuści", "insult")
		mine, hers := w.choose(w.ola(), m, decision.Hide, ""), w.choose(w.basia(), m, decision.Report, "")
		herOther := w.choose(w.basia(), n, decision.Hide, "")
		myOther := w.choose(w.ola(), n, decision.Hide, "")
		must[decision.Decision](t)(w.decisions.Decide(w.ola(), mine))
		_, err := w.decisions.Decide(w.basia(), hers)
		if f := wants(t, err, fault.Conflict, "decision.stale"); f.Data["Who"] != "ola" || f.Data["Option"] != "hide" {
			t.Errorf("who decided meanwhile: %v", f.Data)
		}
		_, err = w.decisions.Decide(w.basia(), herOther)
		wants(t, err, fault.Conflict, "decision.stale")
		_, err = w.decisions.Decide(w.ola(), mine) // the button pressed twice
		wants(t, err, fault.Conflict, "decision.stale")
		must[decision.Decision](t)(w.decisions.Decide(w.ola(), myOther)) // one's own decision about another item is no surprise
		w.pass(0)
		w.pass(action.UndoWindow)
		changed := w.choose(w.ola(), m, decision.Report, "")
		ok(t, w.mentions.Placed(w.system(), w.firm, m.ID, source.Published))
		_, err = w.decisions.Decide(w.ola(), changed)
		wants(t, err, fault.Conflict, "decision.changed")
	})
}

func TestOfManyAtOnceOneDecides(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		c := w.choose(w.ola(), m, decision.Hide, "")
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			ctx := w.ola()
			if i%2 == 1 {
				ctx = w.basia()
			}
			wg.Go(func() { _, errs[i] = w.decisions.Decide(ctx, c) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			wants(t, err, fault.Conflict, "decision.stale")
		}
		w.pass(0)
		w.pass(action.UndoWindow)
		if won != 1 || w.calls() != 1 {
			t.Errorf("%d decided, %d calls", won, w.calls())
		}
	})
}

func TestTwoPublicRepliesAndNeverTheSameWords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Anna", "Gdzie moja paczka?", "complaint")
		n := w.comment("Anna", "Halo, gdzie ta paczka?", "complaint")
		w.decides(w.ola(), m, decision.Reply, "Szukamy, odezwiemy się dziś do 18.")
		w.pass(action.UndoWindow)
		_, err := w.decisions.Decide(w.ola(), w.choose(w.ola(), n, decision.Reply, "szukamy,  odezwiemy się dziś do 18."))
		wants(t, err, fault.Conflict, "decision.repeated")
		w.pass(5 * time.Minute) // our reply comes in again as an own item
		if a := must[decision.Advice](t)(w.decisions.Recommend(w.ola(), w.firm, n.ID)); a.Case.Replies != 1 {
			t.Errorf("%d replies counted, want 1", a.Case.Replies)
		}
		w.decides(w.ola(), n, decision.Reply, "Paczka wyjdzie jutro rano.")
		w.pass(action.UndoWindow)
		third := w.comment("Anna", "No i?", "complaint")
		_, err = w.decisions.Decide(w.ola(), w.choose(w.ola(), third, decision.Reply, "Już jedzie."))
		if f := wants(t, err, fault.Forbidden, "decision.guard"); f.Data["Guard"] != "G5" {
			t.Errorf("guard %v", f.Data)
		}
		other := w.comment("Ewa", "A moja?", "complaint")
		w.decides(w.ola(), other, decision.Reply, "Już jedzie, odpiszemy dziś.")
		if w.pass(action.UndoWindow); w.calls() != 3 {
			t.Errorf("%d replies went out, want 3", w.calls())
		}
	})
}

func TestTheProgramItselfRemovesOnlyAllowedSpam(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Bot", "Tanie kredyty tutaj", "spam")
		_, err := w.decisions.Decide(w.system(), w.choose(w.system(), m, decision.Hide, ""))
		wants(t, err, fault.Forbidden, "decision.person")
		f := must[firm.Firm](t)(w.firms.Find(w.system(), w.firm))
		f.Settings.PreauthoriseSpam = true
		must[firm.Firm](t)(w.firms.Update(w.system(), f, "zgoda właścicielki"))
		d := w.decides(w.system(), m, decision.Hide, "")
		w.pass(action.UndoWindow)
		if deed := w.isState(d, action.Done); deed.Verb != source.Spam {
			t.Errorf("verb %s", deed.Verb)
		}
		w.isAt(m, site.Spam, mention.Done)
		n := w.comment("Jan", "złodzieje", "insult")
		_, err = w.decisions.Decide(w.system(), w.choose(w.system(), n, decision.Hide, ""))
		wants(t, err, fault.Forbidden, "decision.person")
		f.Settings.Mandate = map[string]string{"hide": firm.Never}
		must[firm.Firm](t)(w.firms.Update(w.system(), f, "zmiana umowy"))
		_, err = w.decisions.Decide(w.ola(), w.choose(w.ola(), n, decision.Hide, ""))
		wants(t, err, fault.Forbidden, "decision.mandate")
	})
}

func TestObservingIsADecisionThatComesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "phi", "trolling")
		c := w.choose(w.ola(), m, decision.Observe, "")
		c.Until = w.clock.Now().Add(-time.Minute)
		_, err := w.decisions.Decide(w.ola(), c)
		wants(t, err, fault.Invalid, "decision.until")
		c.Until = w.clock.Now().Add(3 * time.Hour)
		d := must[decision.Decision](t)(w.decisions.Decide(w.ola(), c))
		w.pass(time.Hour)
		if w.isAt(m, site.Approved, mention.Snoozed); d.Exhibit != "" || w.calls() != 0 {
			t.Error("observing did something")
		}
		w.pass(3 * time.Hour)
		w.isAt(m, site.Approved, mention.Open)
		again := w.decides(w.ola(), m, decision.Observe, "")
		w.isAt(m, site.Approved, mention.Done)
		ok(t, w.decisions.Undo(w.ola(), w.firm, again.ID, "jednak nie"))
		wants(t, w.decisions.Undo(w.ola(), w.firm, again.ID, ""), fault.Conflict, "decision.not_standing")
		w.isAt(m, site.Approved, mention.Open)
		hide := w.decides(w.ola(), w.find(m.ID), decision.Hide, "")
		wants(t, w.decisions.Undo(w.ola(), w.firm, hide.ID, ""), fault.Conflict, "decision.has_deed")
		if list := must[[]decision.Decision](t)(w.decisions.Of(w.ola(), w.firm, m.ID)); len(list) != 3 || list[0].ID != hide.ID {
			t.Errorf("%d decisions on record", len(list))
		}
	})
}

// When the proof cannot be sealed, nothing of the decision remains.
func TestWithoutProofThereIsNoDecision(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		c := w.choose(w.ola(), m, decision.Hide, "")
		w.decisions.Evidence = w.noDisk()
		_, err := w.decisions.Decide(w.ola(), c)
		if err == nil {
			t.Fatal("decided without proof")
		}
		w.pass(time.Hour)
		if list := must[[]decision.Decision](t)(w.decisions.Of(w.ola(), w.firm, m.ID)); len(list) != 0 || w.calls() != 0 {
			t.Errorf("%d decisions, %d calls", len(list), w.calls())
		}
		w.isAt(m, site.Approved, mention.Open)
	})
}
