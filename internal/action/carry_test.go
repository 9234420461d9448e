package action_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/source"
)

func TestADecisionBecomesADeedOnceWithProofBeforeAndAfter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje i oszuści", "insult")
		k, _, err := w.cases.Open(w.ola(), crisis.New{Firm: w.firm, Title: "Sprawa", Items: []reason.Ref{mention.Ref(m.ID)}})
		ok(t, err)
		d := w.decides(w.ola(), m, decision.Hide, "")
		if d.Exhibit == "" || d.Version == "" || d.Result.Recommended == "" || d.Case.ID != m.ID {
			t.Errorf("the record is not complete: %+v", d)
		}
		w.isState(d, action.Waiting)
		if w.isAt(m, site.Approved, mention.Done); w.calls() != 0 {
			t.Fatal("the place was called inside the undo window")
		}
		w.pass(action.UndoWindow)
		deed := w.isState(d, action.Done)
		w.isAt(m, site.Hold, mention.Done)
		if got := w.find(m.ID); got.State != source.Held {
			t.Errorf("the mention stands as %s", got.State)
		}
		x := must[evidence.Exhibit](t)(w.evidence.Get(w.ola(), w.firm, deed.ExhibitAfter))
		if x.Prev != d.Exhibit || len(x.Files) != 3 {
			t.Errorf("the proof of the result is not linked to the proof before: %+v", x)
		}
		w.pass(2 * time.Minute)
		ok(t, w.actions.Carry(w.system(), action.Due{Firm: w.firm, Deed: deed.ID, Number: deed.Number})) // a stray timer
		if w.isState(d, action.Done); w.calls() != 1 || len(w.alarms()) != 0 {
			t.Errorf("%d calls, alarms %v", w.calls(), w.alarms())
		}
		var lines []string
		for _, e := range must[[]crisis.Event](t)(w.cases.Timeline(w.ola(), w.firm, k.ID)) {
			lines = append(lines, e.What)
		}
		if !slices.Contains(lines, "decided.hide") || !slices.Contains(lines, "deed.done.hide") {
			t.Errorf("timeline: %v", lines)
		}
		for _, v := range []string{"decision.decided", "action.planned", "action.done"} {
			if !slices.Contains(w.verbs(mention.Ref(m.ID)), v) {
				t.Errorf("%s is not in the journal", v)
			}
		}
	})
}

func TestNoDeedWithoutProof(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.decides(w.ola(), m, decision.Hide, "")
		ok(t, w.evidence.Remove(w.as("ewa", access.Owner), w.firm, d.Exhibit, "na wniosek"))
		w.pass(action.UndoWindow)
		if deed := w.isState(d, action.Failed); deed.Error != "action.no_proof" || w.calls() != 0 {
			t.Errorf("%s, %d calls", deed.Error, w.calls())
		}
		w.isAt(m, site.Approved, mention.Open)
		if got := w.alarms(); !slices.Equal(got, []string{"alert.deed.failed.hide"}) {
			t.Errorf("alarms %v", got)
		}
	})
}

func TestNoDeedOnAnExhibitThatWasFoundBroken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.decides(w.ola(), m, decision.Hide, "")
		ok(t, w.d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE exhibit SET checked = 'fails' WHERE firm_id = $1 AND id = $2`, w.firm, d.Exhibit)
			return err
		}))
		w.pass(action.UndoWindow)
		if deed := w.isState(d, action.Failed); deed.Error != "action.no_proof" || w.calls() != 0 {
			t.Errorf("%s, %d calls", deed.Error, w.calls())
		}
	})
}

func TestUndoInsideTheWindowCallsNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.decides(w.ola(), m, decision.Hide, "")
		back := must[action.Deed](t)(w.actions.Undo(w.ola(), w.firm, w.deed(d).ID, "jednak nie"))
		if back.State != action.Cancelled {
			t.Errorf("it is %s", back.State)
		}
		w.pass(time.Hour)
		w.isAt(m, site.Approved, mention.Open)
		w.isState(d, action.Cancelled)
		if got := must[decision.Decision](t)(w.decisions.Find(w.ola(), w.firm, d.ID)); got.State != decision.Undone || w.calls() != 0 {
			t.Errorf("decision %s, %d calls", got.State, w.calls())
		}
		_, err := w.actions.Undo(w.ola(), w.firm, w.deed(d).ID, "")
		wants(t, err, fault.Conflict, "action.state")
	})
}

func TestUndoAfterDoesTheContrary(t *testing.T) {
	for _, tc := range []struct {
		option decision.Option
		text   string
		after  string // at the shop once done
	}{{decision.Hide, "", site.Hold}, {decision.Delete, "", site.Trash}, {decision.Reply, "Prosimy o kontakt.", site.Approved}} {
		t.Run(string(tc.option), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				m := w.comment("Jan", "złodzieje", "insult")
				d := w.decides(w.ola(), m, tc.option, tc.text)
				w.pass(action.UndoWindow)
				first := w.isState(d, action.Done)
				w.isAt(m, tc.after, mention.Done)
				back := must[action.Deed](t)(w.actions.Undo(w.ola(), w.firm, first.ID, "pomyłka"))
				_, err := w.actions.Undo(w.ola(), w.firm, first.ID, "pomyłka")
				wants(t, err, fault.Conflict, "action.busy")
				w.pass(time.Second)
				w.isState(d, action.Undone)
				if got := must[action.Deed](t)(w.actions.Find(w.ola(), w.firm, back.ID)); got.State != action.Done {
					t.Errorf("the reversal is %s %s", got.State, got.Error)
				}
				w.isAt(m, site.Approved, mention.Open)
				if got := must[decision.Decision](t)(w.decisions.Find(w.ola(), w.firm, d.ID)); got.State != decision.Undone {
					t.Errorf("the decision is %s", got.State)
				}
				if tc.option == decision.Reply {
					for _, c := range w.shop.Comments() {
						if c.Text == tc.text && c.Status != site.Trash {
							t.Errorf("our reply is still there: %s", c.Status)
						}
					}
				}
				_, err = w.actions.Undo(w.ola(), w.firm, back.ID, "")
				wants(t, err, fault.Conflict, "action.cannot_undo")
			})
		})
	}
}

// The process may die between any two steps: after the place did it and before we wrote it down, or before the call.
func TestADeadProcessNeverDoesADeedTwice(t *testing.T) {
	for name, dies := range map[string]func(*frail, func()){
		"after the call":  func(f *frail, die func()) { f.after = die },
		"before the call": func(f *frail, die func()) { f.before = die },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				m := w.comment("Jan", "złodzieje", "insult")
				for _, o := range []decision.Option{decision.Reply, decision.Hide} {
					before := w.calls()
					d := w.decides(w.ola(), m, o, "Dzień dobry, prosimy o kontakt.")
					deed := w.deed(d)
					w.clock.Forward(action.UndoWindow)
					due := action.Due{Firm: w.firm, Deed: deed.ID, Number: deed.Number}
					ctx, die := context.WithCancel(w.system())
					dies(w.place, die)
					if err := w.actions.Carry(ctx, due); err == nil {
						t.Fatal("the process did not die")
					}
					w.place.before, w.place.after = nil, nil
					w.isState(d, action.Doing)
					for range 3 { // the queue delivers again, and again
						ok(t, w.actions.Carry(w.system(), due))
					}
					w.isState(d, action.Doubtful)
					w.pass(time.Minute)
					if w.isState(d, action.Done); w.calls()-before != 1 {
						t.Errorf("%s: %d calls that change something, want 1", o, w.calls()-before)
					}
					m = w.find(m.ID)
				}
				w.isAt(m, site.Hold, mention.Done)
			})
		})
	}
}

func TestAfterADoubtfulAnswerThePlaceIsAskedFirst(t *testing.T) {
	for name, tc := range map[string]struct {
		times  int
		answer site.Answer
		calls  int
		want   action.State
	}{
		"done, then cut off":       {1, site.Answer{After: true, HangUp: true}, 1, action.Done},
		"done, half an answer":     {1, site.Answer{Half: true}, 1, action.Done},
		"done, a server error":     {1, site.Answer{After: true, Status: 502}, 1, action.Done},
		"not done, cut off once":   {1, site.Answer{HangUp: true}, 2, action.Done},
		"never done, always cut":   {99, site.Answer{HangUp: true}, 2, action.Failed},
		"never done, a false page": {99, site.Answer{Status: 200, Body: []byte("<html>ok</html>")}, 2, action.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				m := w.comment("Jan", "złodzieje", "insult")
				w.breaks(tc.times, tc.answer)
				d := w.decides(w.ola(), m, decision.Hide, "")
				w.pass(action.UndoWindow)
				w.isState(d, action.Doubtful)
				_, err := w.actions.Undo(w.ola(), w.firm, w.deed(d).ID, "")
				wants(t, err, fault.Conflict, "action.busy")
				w.pass(30 * time.Second)
				w.pass(30 * time.Second)
				deed := w.isState(d, tc.want)
				if w.calls() != tc.calls {
					t.Errorf("%d calls, want %d", w.calls(), tc.calls)
				}
				if tc.want == action.Failed {
					if w.isAt(m, site.Approved, mention.Open); deed.Error != "action.not_done" || len(w.alarms()) != 1 {
						t.Errorf("%s, alarms %v", deed.Error, w.alarms())
					}
					return
				}
				w.isAt(m, site.Hold, mention.Done)
			})
		})
	}
}

func TestADeedWhoseEndNobodyKnowsWakesAPerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.decides(w.ola(), m, decision.Hide, "")
		w.mu.Lock()
		w.fault = func(r *http.Request) *site.Answer {
			if r.Method == http.MethodGet && len(w.writes) == 0 {
				return nil
			}
			return &site.Answer{After: true, HangUp: true}
		}
		w.mu.Unlock()
		w.pass(action.UndoWindow)
		for range 6 {
			w.pass(5 * time.Minute)
		}
		if w.isState(d, action.Doubtful); !slices.Equal(w.alarms(), []string{"alert.deed.doubtful.hide"}) {
			t.Errorf("alarms %v", w.alarms())
		}
		w.mu.Lock()
		w.fault = nil
		w.mu.Unlock()
		w.pass(time.Hour)
		if w.isState(d, action.Done); w.calls() != 1 || len(w.alarms()) != 0 {
			t.Errorf("%d calls, alarms %v", w.calls(), w.alarms())
		}
	})
}

func TestAPlaceThatAsksForPatienceGetsIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		w.breaks(1, site.Answer{Status: 429, Header: map[string]string{"Retry-After": "300"}})
		d := w.decides(w.ola(), m, decision.Hide, "")
		w.pass(action.UndoWindow)
		w.isState(d, action.Waiting)
		w.pass(4 * time.Minute)
		if w.isState(d, action.Waiting); w.calls() != 1 {
			t.Errorf("%d calls although the place asked for patience", w.calls())
		}
		w.pass(2 * time.Minute)
		w.isState(d, action.Done)
		w.isAt(m, site.Hold, mention.Done)
	})
}

func TestAPlaceThatNeverAnswersEndsInAFailureAndAnAlarm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		w.breaks(99, site.Answer{Status: 429})
		d := w.decides(w.ola(), m, decision.Hide, "")
		w.pass(action.UndoWindow)
		for range 12 {
			w.pass(30 * time.Minute)
		}
		deed := w.isState(d, action.Failed)
		if w.isAt(m, site.Approved, mention.Open); deed.Try != w.calls() || w.calls() != 8 || len(w.alarms()) != 1 {
			t.Errorf("%d tries, %d calls, alarms %v", deed.Try, w.calls(), w.alarms())
		}
	})
}

func TestARefusalIsFinal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		w.breaks(99, site.Answer{Status: 403, Body: []byte(`{"code":"rest_cannot_edit","message":"Sorry"}`)})
		d := w.decides(w.ola(), m, decision.Reply, "Prosimy o kontakt.")
		w.pass(action.UndoWindow)
		w.pass(time.Hour)
		deed := w.isState(d, action.Failed)
		if w.isAt(m, site.Approved, mention.Open); w.calls() != 1 || deed.Error == "" || len(w.alarms()) != 1 {
			t.Errorf("%d calls, %q, alarms %v", w.calls(), deed.Error, w.alarms())
		}
		a := must[decision.Advice](t)(w.decisions.Recommend(w.ola(), w.firm, m.ID))
		if a.Case.Replies != 0 {
			t.Error("a reply that failed was counted")
		}
	})
}

func TestWhenSomebodyThereChangesItBackAPersonIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.decides(w.ola(), m, decision.Hide, "")
		w.pass(action.UndoWindow)
		w.isState(d, action.Done)
		id := 0
		for _, c := range w.shop.Comments() {
			if c.Status == site.Hold {
				id = c.ID
			}
		}
		if !w.shop.SetStatus(id, site.Approved) {
			t.Fatal("the shop has no such comment")
		}
		w.pass(time.Minute)
		if w.isAt(m, site.Approved, mention.Open); !slices.Equal(w.alarms(), []string{"alert.deed.reverted.hide"}) {
			t.Errorf("alarms %v", w.alarms())
		}
	})
}

func TestWhatThePlaceCannotDoIsATask(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "Zapłacicie za to, wiem gdzie mieszkacie", "threat")
		block := w.decides(w.ola(), m, decision.Block, "")
		law := w.decides(w.ola(), m, decision.EscalateLegal, "Groźba, prosimy o ocenę.")
		w.pass(time.Hour)
		tasks := must[[]action.Task](t)(w.actions.Tasks(w.ola(), ""))
		if len(tasks) != 2 || w.calls() != 0 {
			t.Fatalf("%d tasks, %d calls", len(tasks), w.calls())
		}
		if k := tasks[1]; string(k.Verb) != "escalate_legal" || k.Exhibit != "D-001" || k.Link == "" || k.Text != law.Text || k.Author != "Jan" {
			t.Errorf("task: %+v", k)
		}
		ok(t, w.actions.TaskDone(w.ola(), w.firm, tasks[1].ID, "mail do mec. Nowak"))
		wants(t, w.actions.TaskDone(w.ola(), w.firm, tasks[1].ID, ""), fault.Conflict, "action.state")
		_, err := w.actions.Undo(w.ola(), w.firm, tasks[1].ID, "")
		wants(t, err, fault.Conflict, "action.by_hand")
		if got := w.find(m.ID).Status; got != mention.Done {
			t.Errorf("the mention is %s", got)
		}
		wants(t, w.actions.TaskDropped(w.ola(), w.firm, tasks[0].ID, ""), fault.Invalid, "why")
		wants(t, w.actions.TaskDropped(w.as("staś", access.Staff), w.firm, tasks[0].ID, because), fault.Forbidden, "forbidden")
		ok(t, w.actions.TaskDropped(w.ola(), w.firm, tasks[0].ID, "konto już zniknęło"))
		w.isState(block, action.Cancelled)
		w.isState(law, action.Done)
		if got := w.find(m.ID).Status; got != mention.Open {
			t.Errorf("the mention is %s", got)
		}
		if left := must[[]action.Task](t)(w.actions.Tasks(w.ola(), w.firm)); len(left) != 0 {
			t.Errorf("%d tasks are left", len(left))
		}
	})
}

func TestAnotherFirmsDeedsDoNotExist(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.decides(w.ola(), m, decision.Hide, "")
		other := access.With(t.Context(), access.Principal{User: "u", Firms: map[string]access.Role{"other": access.Guardian}})
		id := w.deed(d).ID
		_, err := w.actions.Undo(other, w.firm, id, "")
		wants(t, err, fault.NotFound, "missing")
		_, err = w.actions.Undo(access.With(t.Context(), access.Principal{User: "u", Firms: map[string]access.Role{"other": access.Guardian}}), "other", id, "")
		wants(t, err, fault.NotFound, "missing")
		_, err = w.actions.Of(other, w.firm, m.ID)
		wants(t, err, fault.NotFound, "missing")
		_, err = w.decisions.Recommend(other, w.firm, m.ID)
		wants(t, err, fault.NotFound, "missing")
	})
}

func TestEveryLineOfADeedHasItsWords(t *testing.T) {
	verbs := []source.Verb{source.Reply, source.Hide, source.Unhide, source.Delete, source.Restore, source.Spam, source.Approve, source.Block,
		source.Report, source.Private, "escalate_legal"}
	var ids []string
	for _, v := range verbs {
		for _, what := range []string{"done", "failed", "doubtful", "reverted", "undone", "cancelled", "task"} {
			ids = append(ids, "timeline.deed."+what+"."+string(v))
		}
		for _, what := range []string{"failed", "doubtful", "reverted"} {
			ids = append(ids, "alert.deed."+what+"."+string(v))
		}
		ids = append(ids, "action.verb."+string(v))
	}
	for _, s := range action.States {
		ids = append(ids, "action.state."+string(s))
	}
	for _, o := range decision.Options {
		for _, what := range []string{"decided", "proposed", "confirmed", "refused", "undone"} {
			ids = append(ids, "timeline."+what+"."+string(o))
		}
	}
	for _, id := range ids {
		if !lang.PL.Has(id) || !lang.EN.Has(id) {
			t.Errorf("no message %s", id)
		}
	}
}
