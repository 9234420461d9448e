package outcome_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/outcome"
	"chop/internal/reason"
)

const day = 24 * time.Hour

func TestNothingFollowed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.says(w.shop, "jan", "Byle jak i drogo, szkoda gadać.", 1, "trolling")
		d := w.decides(m, decision.Observe)
		o := w.of(d)
		if o.Verdict != "" || o.Closed || o.Risk <= 0 || o.Risk != d.Result.Ranking[0].EscalationRisk || o.Class != "trolling" || o.Version != d.Version {
			t.Fatalf("forecast %+v", o)
		}
		if len(o.Others) != len(d.Result.Ranking)-1 || o.Before.Items != 1 || o.Before.Intensity != 1 || len(o.Before.Hostile) != 1 {
			t.Errorf("sizes %+v, others %v", o.Before, o.Others)
		}
		wants(t, w.outcomes.Correct(w.ola(), w.firm, d.ID, outcome.Calm, "za wcześnie"), fault.Conflict, "outcome.early")
		w.pass(day)
		if o = w.of(d); o.Verdict != outcome.Calm || o.Closed || len(o.Looks) != 1 {
			t.Errorf("after a day %+v", o)
		}
		w.pass(6 * day)
		if o = w.of(d); o.Verdict != outcome.Calm || !o.Closed || len(o.Looks) != 2 {
			t.Errorf("after a week %+v", o)
		}
	})
}

func TestTheAuthorOpensANewPlace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.says(w.shop, "jan", "Złodzieje i oszuści z tej piekarni", 2, "insult")
		k, _, err := w.cases.Open(w.system(), crisis.New{Firm: w.firm, Subject: "k", Title: "Obelgi", Severity: 2, Items: []reason.Ref{mention.Ref(m.ID)}})
		ok(t, err)
		d := w.decides(m, decision.Observe)
		w.pass(30 * time.Hour)
		if o := w.of(d); o.Verdict != outcome.Calm {
			t.Errorf("after a day %+v", o)
		}
		w.says(w.forum, "jan", "Piekarnia Rogal to oszuści, omijać", 2, "insult")
		w.says(w.forum, "jasiek", "Złodzieje i oszuści z tej piekarni", 2, "insult")
		w.pass(6 * day)
		o := w.of(d)
		seen := o.Looks[1].Seen
		if o.Verdict != outcome.Escalated || !seen.Returned || !slices.Equal(seen.Signs(), []string{"venue"}) || len(seen.Suspects) != 1 {
			t.Errorf("%+v", o)
		}
		var lines []string
		for _, e := range must[[]crisis.Event](t)(w.cases.Timeline(w.ola(), w.firm, k.ID)) {
			lines = append(lines, e.What)
		}
		if text := strings.Join(lines, " "); !strings.Contains(text, "outcome.day.calm") || !strings.Contains(text, "outcome.week.escalated") {
			t.Errorf("timeline %v", lines)
		}
		if v := w.verbs(decision.Ref(d.ID)); !slices.Contains(v, "outcome.week.escalated") {
			t.Errorf("journal %v", v)
		}
	})
}

// A week later the same account writes elsewhere: that is told, and not counted against the forecast.
func TestWhatComesAfterTheWindowIsNotCounted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		d := w.decides(w.says(w.shop, "jan", "Byle jak", 2, "insult"), decision.Observe)
		w.pass(4 * day)
		w.says(w.forum, "jan", "Nadal byle jak", 2, "insult")
		w.pass(4 * day)
		if o := w.of(d); o.Verdict != outcome.Calm || !o.Looks[1].Seen.Later || o.Looks[1].Seen.Returned {
			t.Errorf("%+v", o)
		}
	})
}

// What nobody can see is neither success nor failure.
func TestCannotTell(t *testing.T) {
	for cause, happens := range map[string]func(*testing.T, *world, mention.Mention, decision.Decision){
		"undone": func(t *testing.T, w *world, _ mention.Mention, d decision.Decision) {
			ok(t, w.decisions.Undo(w.ola(), w.firm, d.ID, "pomyłka"))
		},
		"source": func(t *testing.T, w *world, _ mention.Mention, _ decision.Decision) {
			ok(t, w.sources.Pause(w.ola(), w.firm, w.shop.ID, true, "remont"))
		},
		"gone": func(t *testing.T, w *world, m mention.Mention, _ decision.Decision) {
			ok(t, w.mentions.Placed(w.system(), w.firm, m.ID, "gone"))
		},
	} {
		t.Run(cause, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				m := w.says(w.shop, "jan", "Byle jak", 2, "insult")
				d := w.decides(m, decision.Observe)
				happens(t, w, m, d)
				w.pass(day)
				w.pass(6 * day)
				if o := w.of(d); o.Verdict != outcome.Unknown || o.Cause != cause || !o.Closed {
					t.Errorf("%+v", o)
				}
				c := must[outcome.Calibration](t)(w.outcomes.Calibration(w.ola(), w.firm))
				if c.N != 0 || c.Unknown != 1 {
					t.Errorf("%+v", c)
				}
			})
		})
	}
}

// A task that no person has done says nothing about the deed; once it is done, the week tells.
func TestATaskMustBeDoneFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.says(w.shop, "jan", "Byle jak", 2, "insult")
		d := w.decides(m, decision.Hide)
		w.pass(day)
		if o := w.of(d); o.Verdict != outcome.Unknown || o.Cause != "not_done" {
			t.Fatalf("%+v", o)
		}
		deeds, err := w.actions.ByDecision(w.ola(), w.firm, d.ID)
		ok(t, err)
		ok(t, w.actions.TaskDone(w.ola(), w.firm, deeds[0].ID, "ukryte ręcznie"))
		w.pass(6 * day)
		if o := w.of(d); o.Verdict != outcome.Calm {
			t.Errorf("%+v", o)
		}
	})
}

// The same event twice, as after a killed process, keeps one forecast, one look and one line of the journal.
func TestEverythingHappensOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		d := w.decides(w.says(w.shop, "jan", "Byle jak", 2, "insult"), decision.Observe)
		first := w.of(d)
		w.clock.Forward(time.Hour)
		ok(t, w.outcomes.Begin(w.system(), decision.Made{Firm: w.firm, ID: d.ID}))
		w.pass(day)
		for range 2 {
			ok(t, w.outcomes.Look(w.system(), outcome.Due{Firm: w.firm, ID: d.ID, Look: outcome.Day}))
		}
		o := w.of(d)
		if !o.At.Equal(first.At) || len(o.Looks) != 1 {
			t.Errorf("%+v", o)
		}
		if v := w.verbs(decision.Ref(d.ID)); len(v) != 1 {
			t.Errorf("journal %v", v)
		}
		ok(t, w.outcomes.Begin(w.system(), decision.Made{Firm: w.firm, ID: "nobody"}))
		ok(t, w.outcomes.Look(w.system(), outcome.Due{Firm: w.firm, ID: "nobody", Look: outcome.Day}))
	})
}

func TestAPersonCorrects(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		d := w.decides(w.says(w.shop, "jan", "Byle jak", 2, "insult"), decision.Observe)
		w.pass(day)
		wants(t, w.outcomes.Correct(w.ola(), w.firm, d.ID, outcome.Escalated, " "), fault.Invalid, "why")
		wants(t, w.outcomes.Correct(w.ola(), w.firm, d.ID, "better", "bo tak"), fault.Invalid, "outcome.verdict")
		wants(t, w.outcomes.Correct(w.as("ewa", access.Staff), w.firm, d.ID, outcome.Escalated, "bo tak"), fault.Forbidden, "forbidden")
		wants(t, w.outcomes.Correct(w.system(), w.firm, d.ID, outcome.Escalated, "bo tak"), fault.Forbidden, "decision.person")
		ok(t, w.outcomes.Correct(w.ola(), w.firm, d.ID, outcome.Escalated, "Pisał o nas w zamkniętej grupie."))
		w.pass(6 * day)
		o := w.of(d)
		if o.Verdict != outcome.Escalated || !o.Closed || o.WhoName != "ola" || len(o.Looks) != 2 || o.Looks[1].Verdict != outcome.Calm {
			t.Errorf("%+v", o)
		}
	})
}

// From outcomes to a tuning of the firm, which the advice then names, and back again.
func TestAFirmsOwnRisks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 4 {
			name := "a" + string(rune('0'+i))
			w.decides(w.says(w.shop, name, "Byle jak "+name, 2, "insult"), decision.Observe)
			w.clock.Forward(time.Hour)
			w.says(w.forum, name, "Znów byle jak "+name, 2, "insult")
		}
		w.pass(day)
		w.pass(7 * day)
		c := must[outcome.Calibration](t)(w.outcomes.Calibration(w.ola(), w.firm))
		if c.N != 4 || c.Escalated != 4 || c.Overrides.N != 4 || c.Overrides.Differ != 4 {
			t.Fatalf("%+v", c)
		}
		p := must[outcome.Proposal](t)(w.outcomes.Propose(w.ola(), w.firm))
		if p.Outcomes != 4 || p.Fitted || len(p.Changes) != 1 || p.Changes[0].Next <= p.Changes[0].Now || p.Replayed != 4 {
			t.Fatalf("%+v", p)
		}
		wants(t, w.outcomes.Accept(w.ola(), w.firm, "stale", "bo tak"), fault.Conflict, "outcome.proposal_old")
		wants(t, w.outcomes.Accept(w.ola(), w.firm, p.Digest, ""), fault.Invalid, "why")
		wants(t, w.outcomes.Accept(w.as("ewa", access.Staff), w.firm, p.Digest, "bo tak"), fault.Forbidden, "forbidden")
		ok(t, w.outcomes.Accept(w.ola(), w.firm, p.Digest, "Cztery razy z rzędu było gorzej."))
		wants(t, w.outcomes.Accept(w.ola(), w.firm, p.Digest, "jeszcze raz"), fault.Conflict, "outcome.proposal_same")
		m := w.says(w.shop, "nowy", "Byle jak i tyle", 2, "insult")
		a := must[decision.Advice](t)(w.decisions.Recommend(w.ola(), w.firm, m.ID))
		if a.Result.Version != decision.Version()+"+1" {
			t.Errorf("version %s", a.Result.Version)
		}
		d := w.decides(m, decision.Observe)
		if o := w.of(d); o.Risk <= o.Prior || o.Version != decision.Version()+"+1" {
			t.Errorf("%+v", o.Forecast)
		}
		ok(t, w.outcomes.Withdraw(w.ola(), w.firm, "za mało danych"))
		wants(t, w.outcomes.Withdraw(w.ola(), w.firm, "za mało danych"), fault.Conflict, "outcome.no_tuning")
		kept := must[[]outcome.Kept](t)(w.outcomes.Tunings(w.ola(), w.firm))
		if len(kept) != 1 || kept[0].Live() || kept[0].EndedWhy == "" || kept[0].Outcomes != 4 {
			t.Errorf("%+v", kept)
		}
		if a = must[decision.Advice](t)(w.decisions.Recommend(w.ola(), w.firm, m.ID)); a.Result.Version != decision.Version() {
			t.Errorf("version %s", a.Result.Version)
		}
		if v := w.verbs(reason.Ref{Kind: "firm", ID: w.firm}); !slices.Contains(v, "outcome.tuned") || !slices.Contains(v, "outcome.untuned") {
			t.Errorf("journal %v", v)
		}
	})
}
