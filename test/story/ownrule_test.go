package story

import (
	"slices"
	"testing"
	"time"

	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/ownrule"
)

// The customers of this shop have their own words for leaving it. The guardian writes them down, sees on the comments so far
// what the rule would do, lets it work with a reason, and switches it off again.
func TestAFirmTeachesItsOwnWords(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		ewa := w.Guardian("Ewa")
		old := w.Visitor("Lena").Comments("Numer 17 trzyma się jak zawsze, zwijam żagle.")
		w.FastForward(2 * time.Minute)
		was := w.sees(old).Labels
		r, err := w.OwnRules.Write(ewa.ctx(), w.firm.ID, "", 0, ownrule.Set{Name: "Zwijanie żagli", Words: "zwijać żagle, zwinę żagle",
			Unless: "regaty", Does: ownrule.Adds, Label: classify.Boycott})
		w.ok(err)
		w.refuses(w.OwnRules.GoLive(ewa.ctx(), w.firm.ID, r.ID, 1, "bo tak piszą", false), fault.Conflict, "ownrule.untried")
		trial, err := w.OwnRules.Try(ewa.ctx(), w.firm.ID, r.ID, 1)
		w.ok(err)
		if trial.Looked != 1 || trial.Touched != 1 || trial.Changed != 1 || trial.Against != 0 {
			t.Errorf("the trial found %+v", trial)
		}
		w.carries(old, was...)

		w.ok(w.OwnRules.GoLive(ewa.ctx(), w.firm.ID, r.ID, 1, "tak mówią, gdy odchodzą", false))
		w.Work()
		next, race := w.Visitor("Kibic").Comments("Zwijamy stąd żagle."), w.Visitor("Marek").Comments("Po regatach zwijamy żagle.")
		w.FastForward(2 * time.Minute)
		m := w.sees(next)
		if !m.Has("boycott") || m.Severity < 2 || w.sees(race).Has("boycott") {
			t.Errorf("the next is %v with severity %d, the race is %v", m.Labels, m.Severity, w.sees(race).Labels)
		}
		read, err := w.Labels.Of(ewa.ctx(), w.firm.ID, m.ID)
		w.ok(err)
		i := slices.IndexFunc(read.Reasons, classify.OfRule)
		if i < 0 || read.Reasons[i].Facts["name"] != "Zwijanie żagli" || read.Reasons[i].Facts["word"] != "Zwijamy stąd żagle" {
			t.Errorf("its reasons are %+v", read.Reasons)
		}
		w.carries(old, was...) // the past was not asked for

		w.ok(w.OwnRules.SwitchOff(ewa.ctx(), w.firm.ID, r.ID, false))
		last := w.Visitor("Nowy").Comments("I ja zwijam żagle.")
		w.FastForward(2 * time.Minute)
		if w.sees(last).Has("boycott") {
			t.Error("a rule that is off labels on")
		}
	})
}
