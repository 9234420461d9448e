package story

import (
	"fmt"
	"testing"
	"time"

	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/wave"
)

// One person writes the same abuse again and again. One decision hides it all, item by item; the complaint among it stays.
func TestOneDecisionOverMany(t *testing.T) {
	const many = 100
	w := New(t)
	ewa := w.Guardian("Ewa")
	darek := w.Visitor("Darek")
	complaint := darek.Comments("Zamówienie przyszło uszkodzone, a na reklamację nikt nie odpowiada od dwóch tygodni.")
	var abuse []int
	for i := range many {
		abuse = append(abuse, darek.Comments(fmt.Sprintf("Kretyni i debile, numer %d.", i)))
	}
	w.FastForward(3 * time.Minute)
	author := w.sees(complaint).AuthorKey
	wv, err := w.Waves.Create(ewa.ctx(), wave.New{Selection: wave.Selection{Firm: w.firm.ID, Origin: wave.Origin{Kind: wave.ByAuthor, Ref: author}},
		Plan: macro.Plan{Option: decision.Hide}})
	w.ok(err)
	w.Work()
	wv, err = w.Waves.Find(ewa.ctx(), wv.ID)
	w.ok(err)
	if wv.State != wave.Ready {
		t.Fatalf("the preview is %s", wv.State)
	}
	wv, err = w.Waves.Start(ewa.ctx(), w.firm.ID, wv.ID, wave.Go{Why: "Same obelgi, zasady profilu są opublikowane."})
	w.ok(err)
	w.FastForward(3 * time.Minute)
	if wv, err = w.Waves.Find(ewa.ctx(), wv.ID); err != nil || wv.State != wave.Ended {
		t.Fatalf("the wave is %s, %v", wv.State, err)
	}
	for _, id := range abuse {
		w.hiddenByItsOwnDecision(ewa, id)
	}
	if got := w.status(complaint); got != site.Approved {
		t.Errorf("the complaint went along: %s", got)
	}

	w.ok(w.Waves.TakeBack(ewa.ctx(), w.firm.ID, wv.ID, "Autor przeprosił, wracają."))
	w.FastForward(3 * time.Minute)
	for _, id := range abuse {
		if got := w.status(id); got != site.Approved {
			t.Fatalf("comment %d is %s after the wave was taken back", id, got)
		}
	}
}

// hiddenByItsOwnDecision checks an item of a wave: gone from readers, with a decision, a proof and a line of its own.
func (w *World) hiddenByItsOwnDecision(p *Person, comment int) {
	w.t.Helper()
	if got := w.status(comment); got != site.Hold {
		w.t.Fatalf("comment %d is %s", comment, got)
	}
	m := w.sees(comment)
	ds, err := w.Decisions.Of(p.ctx(), w.firm.ID, m.ID)
	w.ok(err)
	if len(ds) != 1 || ds[0].Option != decision.Hide || ds[0].Exhibit == "" || ds[0].Who != p.id {
		w.t.Fatalf("comment %d has decisions %+v", comment, ds)
	}
	lines, _, err := w.Journal.List(p.ctx(), w.firm.ID, journal.Filter{Ref: mention.Ref(m.ID)}, journal.Page{})
	w.ok(err)
	told := 0
	for _, l := range lines {
		if l.Verb == "decision.decided" && l.Data["exhibit"] == ds[0].Exhibit {
			told++
		}
	}
	if told != 1 {
		w.t.Fatalf("comment %d has %d lines of its decision", comment, told)
	}
}

// A macro is the ordinary verbs in a row: it finds no way around a guard-rail, not even by new labels, and its changes
// are versions.
func TestAMacroKnowsNoWayAround(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		ewa := w.Guardian("Ewa")
		m, err := w.Macros.Save(ewa.ctx(), macro.Macro{Firm: w.firm.ID, Live: true, Name: "Obelga", Labels: []classify.Label{classify.Insult},
			Plan: macro.Plan{Option: decision.Hide, Why: "Obelga bez treści.", Labels: []classify.Label{classify.Insult}, Severity: 2}}, 0)
		w.ok(err)
		apply := func(comment int) error {
			x := w.sees(comment)
			a, err := w.Decisions.Recommend(ewa.ctx(), w.firm.ID, x.ID)
			w.ok(err)
			_, err = w.Macros.Apply(ewa.ctx(), macro.Order{Firm: w.firm.ID, Mention: x.ID, Shown: a.ID, Why: "Obelga bez treści, zasady są znane."}, m.ID, m.Version)
			return err
		}
		abuse := w.Visitor("Darek").Comments("Kretyni i debile.")
		complaint := w.Visitor("Anna").Comments("Zamówienie przyszło uszkodzone, a na reklamację nikt nie odpowiada.")
		w.FastForward(time.Minute)
		w.ok(apply(abuse))
		before := w.sees(complaint).Labels
		if f := w.refuses(apply(complaint), fault.Forbidden, "decision.guard"); f.Data["Guard"] != "G1" {
			t.Errorf("refused by %v", f.Data)
		}
		if after := w.sees(complaint).Labels; fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("a refused macro left labels behind: %v, before %v", after, before)
		}
		w.FastForward(3 * time.Minute)
		if got := w.status(abuse); got != site.Hold {
			t.Errorf("the abuse is %s", got)
		}
		if got := w.status(complaint); got != site.Approved {
			t.Errorf("the complaint is %s", got)
		}
		m.Name = "Obelga bez treści"
		newer, err := w.Macros.Save(ewa.ctx(), m, m.Version)
		w.ok(err)
		w.refuses(apply(abuse), fault.Conflict, "macro.changed")
		if list, err := w.Macros.Versions(ewa.ctx(), w.firm.ID, m.ID); err != nil || len(list) != 2 || newer.Version != 2 {
			t.Errorf("versions %d %v", len(list), err)
		}
	})
}
