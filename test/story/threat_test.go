package story

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/alert"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/evidence"
	"chop/internal/mention"
	"chop/internal/source"
)

const threat = "Pożałujesz. Wiemy gdzie masz magazyn, jedna zapałka i po lnie."

// The main job: from a stranger's words at night to a closed case with proof of every step.
func TestAThreatInTheNight(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna, ewa := w.Guardian("Anna").CarriesPhone(), w.Guardian("Ewa")
		owner := w.Owner("Joanna")

		w.Visitor("Teresa").Comments("Mam komplet drugi rok, po praniu coraz milszy.")
		comment := w.Visitor("Darek").Comments(threat)
		w.FastForward(time.Minute)

		m := w.sees(comment)
		if !m.Has("threat") || m.Severity < 3 || m.Status != mention.Open {
			t.Fatalf("the threat was read as %v, severity %d, %s", m.Labels, m.Severity, m.Status)
		}
		proofs, err := w.Evidence.Of(anna.ctx(), w.firm.ID, mention.Ref(m.ID))
		w.ok(err)
		if len(proofs) != 1 || proofs[0].Cause != "triage" {
			t.Fatalf("%d exhibits after triage", len(proofs))
		}
		c := w.onlyCase()
		if c.Status != crisis.Detected || c.Priority != 1 {
			t.Errorf("the case is %s, priority %d", c.Status, c.Priority)
		}

		call := anna.Rings("P1", w.firm.Name)
		if strings.Contains(call.Title+call.Message, "Darek") {
			t.Error("the lock screen names a person")
		}
		owner.GetsNothing()
		w.FastForward(4 * time.Minute)
		ewa.GetsNothing()
		w.FastForward(time.Minute)
		l := ewa.GetsLetter("P1")
		owner.GetsNothing()
		ewa.Taps(l)
		w.FastForward(11 * time.Minute)
		owner.GetsNothing()
		if a := w.onlyAlert("case.title.threat", alert.Acknowledged); a.AckedBy != ewa.id {
			t.Errorf("acknowledged by %s", a.AckedBy)
		}

		w.ok(w.Cases.Accept(ewa.ctx(), w.firm.ID, c.ID))
		w.ok(w.Cases.TellOwner(ewa.ctx(), w.firm.ID, c.ID, crisis.ToldCall, "Pani Joanna wie, dzwonimy na policję.", time.Time{}))
		advice := ewa.advised(m)
		if len(advice.Explanation.For) == 0 || advice.Result.Recommended == "" {
			t.Errorf("advice without reasons: %+v", advice.Result)
		}
		d := ewa.decides(m, decision.Hide, "")
		if d.Exhibit == "" || d.State != decision.Decided {
			t.Fatalf("decision %s with proof %q", d.State, d.Exhibit)
		}
		if n := len(w.changes()); n != 0 {
			t.Fatalf("%d requests left before the time to take it back was over", n)
		}
		w.FastForward(time.Minute)

		deeds, err := w.Actions.ByDecision(ewa.ctx(), w.firm.ID, d.ID)
		w.ok(err)
		if len(deeds) != 1 || deeds[0].State != action.Done || deeds[0].Exhibit != d.Exhibit || deeds[0].ExhibitAfter == "" {
			t.Fatalf("deeds %+v", deeds)
		}
		sent := w.changes()
		if len(sent) != 1 || sent[0].exhibits < 2 {
			t.Errorf("what left the house: %+v, want one request with the proof behind it", sent)
		}
		if w.status(comment) != site.Hold {
			t.Errorf("the shop shows it as %s", w.status(comment))
		}
		m = w.sees(comment)
		if m.State != source.Held || m.Status != mention.Done {
			t.Errorf("the mention is %s, %s", m.State, m.Status)
		}

		w.FastForward(2 * time.Minute)
		w.Leap(time.Hour)
		w.FastForward(time.Minute)
		w.ok(w.Cases.Contain(ewa.ctx(), w.firm.ID, c.ID, ""))
		w.ok(w.Cases.Close(ewa.ctx(), w.firm.ID, c.ID, crisis.HandedOver, "Sprawa u prawnika i na policji."))
		w.onlyAlert("case.title.threat", alert.Resolved)
		w.timelineTells(ewa, c.ID, "opened", "accepted", "decided.hide", "deed.done.hide", "contained", "closed")
		w.everythingHolds(ewa)
	})
}

// timelineTells checks that the timeline has these lines, in this order.
func (w *World) timelineTells(p *Person, id string, want ...string) {
	w.t.Helper()
	lines, err := w.Cases.Timeline(p.ctx(), w.firm.ID, id)
	w.ok(err)
	var got []string
	for _, l := range slices.Backward(lines) {
		got = append(got, l.What)
	}
	rest := got
	for _, x := range want {
		i := slices.Index(rest, x)
		if i < 0 {
			w.t.Errorf("the timeline lacks %q in its place: %v", x, got)
			return
		}
		rest = rest[i+1:]
	}
}

// everythingHolds verifies every exhibit and the whole ledger.
func (w *World) everythingHolds(p *Person) {
	w.t.Helper()
	rep, err := w.Evidence.VerifyAll(p.ctx(), w.firm.ID)
	w.ok(err)
	if !rep.Holds() || rep.Waiting != 0 || rep.Exhibits == 0 {
		w.t.Errorf("the vault: %d exhibits, %d waiting, failed %v, missing %v, unknown %v, ledger %v", rep.Exhibits, rep.Waiting, rep.Failed,
			rep.Missing, rep.Unknown, rep.Ledger.Troubles)
	}
	list, _, err := w.Evidence.List(p.ctx(), evidenceOf(w.firm.ID))
	w.ok(err)
	for _, x := range list {
		rc, err := w.Evidence.Verify(access.With(w.t.Context(), access.System(w.firm.ID)), w.firm.ID, x.ID)
		w.ok(err)
		if rc.State != evidence.Holds {
			w.t.Errorf("%s is %s", x.Code(), rc.State)
		}
	}
}
