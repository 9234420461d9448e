package wave_test

import (
	"slices"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/fault"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/wave"
)

func TestAWaveHidesEachItemWithItsOwnProofAndLine(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 12, "insult")
		fair := w.comments("Anna", 1, "complaint")[0]
		v := w.preview(w.picks(append(list, fair)...), decision.Hide)
		if w.isNow(v, wave.Ready); v.Total != 13 || v.Found != 13 {
			t.Fatalf("%d of %d frozen", v.Total, v.Found)
		}
		if got := w.items(v)[fair.ID]; got.Verdict != wave.Criticism || got.Code != "G1" {
			t.Errorf("criticism: %+v", got)
		}
		w.starts(v, wave.Choice{Leave: []string{list[0].ID}, With: []string{fair.ID}})
		w.pass(0)
		w.isNow(v, wave.Ended)
		for id, i := range w.items(v) {
			if id == fair.ID || id == list[0].ID {
				if i.State != wave.Left || i.Decision != "" {
					t.Errorf("left out, yet %s", i.State)
				}
				continue
			}
			d := must[decision.Decision](t)(w.decisions.Find(w.ola(), w.firm, i.Decision))
			if i.State != wave.Done || d.Mention != id || d.Why != because || d.Who != "u-ola" || d.Exhibit == "" || d.Exhibit != i.Exhibit {
				t.Errorf("item %+v, decision %+v", i, d)
			}
			if has := must[bool](t)(w.evidence.Has(w.ola(), w.firm, mention.Ref(id))); !has {
				t.Error("a deed without proof")
			}
			if verbs := w.verbs(mention.Ref(id)); !slices.Contains(verbs, "wave.item") || !slices.Contains(verbs, "decision.decided") {
				t.Errorf("journal of the item: %v", verbs)
			}
		}
		w.pass(time.Minute)
		for i, m := range list {
			want := site.Hold
			if i == 0 {
				want = site.Approved
			}
			if got := w.status(m); got != want {
				t.Errorf("item %d is %s at the shop, want %s", i, got, want)
			}
		}
		if w.status(fair) != site.Approved {
			t.Error("criticism was hidden")
		}
		if verbs := w.verbs(wave.Ref(v.ID)); !slices.Contains(verbs, "wave.started") || !slices.Contains(verbs, "wave.ended") {
			t.Errorf("journal of the wave: %v", verbs)
		}
	})
}

func TestAWaveIsStartedWithAReasonAndACount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 3, "spam")
		v := w.preview(w.picks(list...), decision.Delete)
		start := func(g wave.Go) error {
			_, err := w.waves.Start(w.ola(), w.firm, v.ID, g)
			return err
		}
		wants(t, start(wave.Go{Why: "x", Count: 3}), fault.Invalid, minWhyCode(w.tally(v)))
		if f := wants(t, start(wave.Go{Why: because}), fault.Invalid, "wave.count"); f.Data["N"] != 3 {
			t.Errorf("%v", f.Data)
		}
		wants(t, start(wave.Go{Why: because, Count: 3, Choice: wave.Choice{Leave: []string{list[0].ID, list[1].ID, list[2].ID}}}), fault.Invalid, "wave.empty")
		wants(t, start(wave.Go{Why: because, Count: 3, Choice: wave.Choice{Leave: []string{list[0].ID}}}), fault.Invalid, "wave.count")
		_, err := w.waves.Start(w.as("staś", access.Staff), w.firm, v.ID, wave.Go{Why: because, Count: 3})
		wants(t, err, fault.Forbidden, "forbidden")
		_, err = w.waves.Start(w.system(), w.firm, v.ID, wave.Go{Why: because, Count: 3})
		wants(t, err, fault.Forbidden, "decision.person")
		ok(t, start(wave.Go{Why: because, Count: 3}))
		wants(t, start(wave.Go{Why: because, Count: 3}), fault.Conflict, "wave.state")
		w.pass(0)
		w.isNow(v, wave.Ended)
	})
}

func minWhyCode(t wave.Tally) string {
	if t.Differs > 0 {
		return "decision.why_differs"
	}
	return "why"
}

func TestAnOldPreviewIsNotStarted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.preview(w.picks(w.comments("Troll", 2, "insult")...), decision.Hide)
		w.pass(wave.Fresh + time.Minute)
		_, err := w.waves.Start(w.ola(), w.firm, v.ID, wave.Go{Why: because})
		wants(t, err, fault.Conflict, "wave.stale")
		ok(t, w.waves.Drop(w.ola(), w.firm, v.ID))
		w.isNow(v, wave.Dropped)
	})
}

func TestWhatChangedSinceThePreviewIsNamedAndNotDecided(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 4, "insult")
		v := w.preview(w.picks(list...), decision.Hide)
		w.label(list[1], "complaint")
		_, err := w.decisions.Decide(w.basia(), w.choose(w.basia(), list[2], decision.Hide))
		ok(t, err)
		w.starts(v, wave.Choice{})
		w.pass(0)
		items := w.items(v)
		if i := items[list[1].ID]; i.State != wave.Skipped || i.Code != "wave.changed" {
			t.Errorf("relabelled meanwhile: %s %s", i.State, i.Code)
		}
		if i := items[list[2].ID]; i.State != wave.Skipped || i.Code != "wave.changed" {
			t.Errorf("decided meanwhile: %s %s", i.State, i.Code)
		}
		for _, m := range []mention.Mention{list[0], list[3]} {
			if i := items[m.ID]; i.State != wave.Done {
				t.Errorf("a decision about another item stops this one: %s %s", i.State, i.Code)
			}
		}
	})
}

func TestAWaveStopsWhenItsPersonMayNoLongerDecide(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 25, "insult")
		v := w.preview(w.picks(list...), decision.Hide)
		w.starts(v, wave.Choice{})
		delete(w.roles, "u-ola")
		w.pass(0)
		now := w.isNow(v, wave.Stopped)
		if now.Stopped != "role" || w.tally(v).States[wave.Done] != 0 || w.tally(v).Todo() != 25 {
			t.Errorf("%+v %+v", now, w.tally(v))
		}
		ok(t, w.waves.Resume(w.basia(), w.firm, v.ID))
		w.pass(0)
		w.isNow(v, wave.Ended)
		for _, i := range w.items(v) {
			if d := must[decision.Decision](t)(w.decisions.Find(w.ola(), w.firm, i.Decision)); d.Who != "u-basia" {
				t.Errorf("decided in the name of %s", d.Who)
			}
		}
	})
}

func TestAWaveIsPausedAndCancelled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 6, "insult")
		v := w.preview(w.picks(list...), decision.Hide)
		w.starts(v, wave.Choice{})
		ok(t, w.waves.Hold(w.ola(), w.firm, v.ID))
		w.pass(time.Minute)
		if w.isNow(v, wave.Paused); w.tally(v).Todo() != 6 || w.calls() != 0 {
			t.Error("a paused wave goes on")
		}
		ok(t, w.waves.Cancel(w.basia(), w.firm, v.ID))
		w.pass(time.Minute)
		if w.isNow(v, wave.Cancelled); w.calls() != 0 {
			t.Error("a cancelled wave goes on")
		}
		wants(t, w.waves.Resume(w.ola(), w.firm, v.ID), fault.Conflict, "wave.state")
	})
}

func TestAWholeWaveIsTakenBackInTheWindow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 15, "insult")
		v := w.preview(w.picks(list...), decision.Hide)
		w.starts(v, wave.Choice{})
		w.pass(0)
		if now := w.isNow(v, wave.Ended); now.Window(w.clock.Now()).IsZero() {
			t.Error("no time is left to call it off")
		}
		wants(t, w.waves.TakeBack(w.ola(), w.firm, v.ID, ""), fault.Invalid, "why")
		ok(t, w.waves.TakeBack(w.ola(), w.firm, v.ID, "pomyłka"))
		w.pass(time.Second)
		if now := w.wave(v); now.Back != wave.Taken || w.tally(v).Back["taken"] != 15 {
			t.Errorf("%+v %+v", now, w.tally(v))
		}
		w.pass(time.Minute)
		if w.calls() != 0 {
			t.Error("the place heard of what was called off")
		}
		for _, m := range list {
			if w.find(m.ID).Status != mention.Open || w.status(m) != site.Approved {
				t.Error("an item did not come back")
			}
		}
		wants(t, w.waves.TakeBack(w.ola(), w.firm, v.ID, "pomyłka"), fault.Conflict, "wave.taken_back")
	})
}

func TestAWholeWaveIsTakenBackAfterItWasDone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 5, "insult")
		v := w.preview(w.picks(list...), decision.Hide)
		w.starts(v, wave.Choice{})
		w.pass(0)
		w.pass(time.Minute)
		if w.status(list[0]) != site.Hold {
			t.Fatalf("not hidden: %s", w.status(list[0]))
		}
		ok(t, w.waves.TakeBack(w.ola(), w.firm, v.ID, "pomyłka"))
		for range 4 {
			w.pass(20 * time.Second)
		}
		for _, m := range list {
			if w.status(m) != site.Approved {
				t.Errorf("still %s at the shop", w.status(m))
			}
		}
	})
}

func TestAnotherPersonConfirmsAWholeWaveOrAPart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 4, "complaint", "spam")
		v := w.preview(w.picks(list...), decision.Hide)
		for _, i := range w.items(v) {
			if i.Verdict != wave.Second {
				t.Fatalf("criticism in spam: %s", i.Verdict)
			}
		}
		_, err := w.waves.Start(w.ola(), w.firm, v.ID, wave.Go{Why: because})
		wants(t, err, fault.Invalid, "wave.empty")
		w.starts(v, wave.Choice{With: []string{list[0].ID, list[1].ID, list[2].ID}})
		w.pass(time.Minute)
		if w.calls() != 0 {
			t.Fatal("criticism was removed without a second person")
		}
		waits := must[[]wave.Item](t)(w.waves.SecondWaits(w.basia(), w.wave(v)))
		if len(waits) != 3 {
			t.Fatalf("%d wait", len(waits))
		}
		_, _, err = w.waves.Second(w.ola(), w.firm, v.ID, wave.Answer{Yes: true, Pick: []string{list[0].ID}, Why: "zgadzam się"})
		wants(t, err, fault.Forbidden, "decision.same_person")
		done, left, err := w.waves.Second(w.basia(), w.firm, v.ID, wave.Answer{Yes: true, Pick: []string{list[0].ID, list[1].ID}, Why: "zgadzam się"})
		if ok(t, err); done != 2 || left != 0 {
			t.Errorf("%d confirmed, %d left", done, left)
		}
		_, _, err = w.waves.Second(w.basia(), w.firm, v.ID, wave.Answer{Pick: []string{list[2].ID}, Why: "to skarga"})
		ok(t, err)
		w.pass(0)
		w.pass(time.Minute)
		if w.status(list[0]) == site.Approved || w.status(list[1]) == site.Approved || w.status(list[2]) != site.Approved || w.status(list[3]) != site.Approved {
			t.Error("not what the second person said")
		}
	})
}

func TestProofOfMany(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := append(w.comments("Anna", 3, "complaint"), w.comments("Troll", 3, "insult")...)
		v := w.preview(w.picks(list...), macro.Seal)
		must[wave.Wave](t)(w.waves.Start(w.ola(), w.firm, v.ID, wave.Go{}))
		w.pass(time.Minute)
		if w.isNow(v, wave.Ended); w.tally(v).States[wave.Done] != 6 || w.calls() != 0 {
			t.Errorf("%+v", w.tally(v))
		}
		for id, i := range w.items(v) {
			if x, err := w.evidence.Get(w.ola(), w.firm, i.Exhibit); err != nil || x.Ref != mention.Ref(id) {
				t.Errorf("proof of %s: %v", id, err)
			}
			if w.find(id).Status != mention.Open {
				t.Error("proof decided")
			}
		}
	})
}

func TestEverythingLikeThis(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 7, "insult")
		other := w.comments("Anna", 2, "complaint")
		choose := func(o wave.Origin, f mention.Filter) (int, int) {
			ms, found, err := w.waves.Choose(w.ola(), wave.Selection{Firm: w.firm, Origin: o, Filter: f})
			ok(t, err)
			return len(ms), found
		}
		open := mention.Filter{Status: mention.Open}
		if n, found := choose(wave.Origin{Kind: wave.ByAuthor, Ref: list[0].AuthorKey}, open); n != 7 || found != 7 {
			t.Errorf("of one account: %d of %d", n, found)
		}
		if n, _ := choose(wave.Origin{Kind: wave.ByPost, Ref: list[0].Post}, open); n != 9 {
			t.Errorf("under one post: %d", n)
		}
		if n, _ := choose(wave.Origin{Kind: wave.ByList, Ref: "label=complaint"}, mention.Filter{Status: mention.Open, Labels: []string{"complaint"}}); n != 2 {
			t.Errorf("of a list: %d", n)
		}
		if n, _ := choose(wave.Origin{Kind: wave.ByText, Ref: other[0].ID}, open); n < 1 {
			t.Errorf("of one text: %d", n)
		}
		if _, _, err := w.waves.Choose(w.as("staś", ""), wave.Selection{Firm: w.firm, Origin: wave.Origin{Kind: wave.ByPicks}}); err == nil {
			t.Error("a stranger chooses")
		}
		_, err := w.waves.Create(w.ola(), wave.New{Selection: w.picks(), Plan: macro.Plan{Option: decision.Hide}})
		wants(t, err, fault.Invalid, "wave.none")
		_, err = w.waves.Create(w.ola(), wave.New{Selection: w.picks(list...), Plan: macro.Plan{Option: decision.Block}})
		wants(t, err, fault.Invalid, "wave.option")
		_, err = w.waves.Create(w.ola(), wave.New{Selection: w.picks(list...), Plan: macro.Plan{Option: decision.Reply, Text: "to samo"}})
		wants(t, err, fault.Invalid, "wave.option")
	})
}

func TestReportsOfADayAreLimited(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 30, "threat")
		v := w.preview(w.picks(list...), decision.Report)
		if n := w.tally(v).Verdicts[wave.Capped]; n != 30-wave.MostReports {
			t.Errorf("%d are left out", n)
		}
		w.starts(v, wave.Choice{})
		w.pass(0)
		if n := w.tally(v).States[wave.Done]; n != wave.MostReports {
			t.Errorf("%d reported", n)
		}
		again := w.preview(w.picks(list...), decision.Report)
		if t2 := w.tally(again); t2.Verdicts[wave.Already] != wave.MostReports {
			t.Errorf("an item is reported twice: %+v", t2.Verdicts)
		}
	})
}

// A job that comes twice, or a program that dies between two steps, changes nothing.
func TestAWaveGoesOnExactlyOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		list := w.comments("Troll", 23, "insult")
		v := w.preview(w.picks(list...), decision.Hide)
		w.starts(v, wave.Choice{})
		now := w.wave(v)
		for n := range int64(6) {
			ok(t, w.waves.Step(w.system(), wave.Due{Firm: now.Firm, ID: now.ID, Number: n}))
			ok(t, w.waves.Step(w.system(), wave.Due{Firm: now.Firm, ID: now.ID, Number: n}))
		}
		w.pass(0)
		w.pass(time.Minute)
		w.isNow(v, wave.Ended)
		for _, m := range list {
			ds := must[[]decision.Decision](t)(w.decisions.Of(w.ola(), w.firm, m.ID))
			deeds := must[[]action.Deed](t)(w.actions.Of(w.ola(), w.firm, m.ID))
			if len(ds) != 1 || len(deeds) != 1 || deeds[0].State != action.Done {
				t.Errorf("%d decisions, %d deeds", len(ds), len(deeds))
			}
		}
		if w.calls() != len(list) {
			t.Errorf("%d calls for %d items", w.calls(), len(list))
		}
	})
}

func TestNobodySeesAnotherFirmsWave(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.preview(w.picks(w.comments("Troll", 2, "insult")...), decision.Hide)
		stranger := access.With(t.Context(), access.Principal{User: "u-x", Name: "x", Firms: map[string]access.Role{"other": access.Guardian}})
		_, err := w.waves.Find(stranger, v.ID)
		wants(t, err, fault.NotFound, "missing")
		wants(t, w.waves.Cancel(stranger, w.firm, v.ID), fault.NotFound, "missing")
		if list := must[[]wave.Wave](t)(w.waves.List(stranger, "", time.Time{}, 50)); len(list) != 0 {
			t.Error("another firm's waves are listed")
		}
		if list := must[[]wave.Wave](t)(w.waves.List(w.ola(), w.firm, time.Time{}, 50)); len(list) != 1 || list[0].Why != "" {
			t.Errorf("%d waves", len(list))
		}
	})
}
