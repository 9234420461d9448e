package story

import (
	"slices"
	"testing"
	"time"

	"chop/internal/classify"
	"chop/internal/mention"
)

// Two accounts write the same abuse. The guardian says once what it is; the other comment follows at once, and a third that
// comes later too. Taken back, all three return to what the program says.
func TestAWordOfAPersonIsNeverNeededTwice(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		ewa := w.Guardian("Ewa")
		const abuse = "Banda oszustów i partaczy, wstyd dla całej branży!"
		first, second := w.Visitor("Troll").Comments(abuse), w.Visitor("Kibic").Comments("banda OSZUSTÓW i partaczy wstyd dla całej branży")
		w.FastForward(2 * time.Minute)
		was := w.sees(second).Labels

		w.ok(w.Labels.Correct(ewa.ctx(), w.firm.ID, w.sees(first).ID, []classify.Label{classify.Boycott, classify.Claim}, 3, "to już trzecia taka akcja"))
		w.Work()
		w.carries(first, "boycott", "claim")
		w.carries(second, "boycott", "claim")

		w.Leap(48 * time.Hour)
		third := w.Visitor("Nowy").Comments("Banda oszustów i partaczy. Wstyd dla całej branży")
		w.FastForward(2 * time.Minute)
		w.carries(third, "boycott", "claim")
		if m := w.sees(third); m.Severity != 3 || m.Status != mention.Open {
			t.Errorf("the third has severity %d and is %s", m.Severity, m.Status)
		}
		r, err := w.Labels.Of(ewa.ctx(), w.firm.ID, w.sees(third).ID)
		w.ok(err)
		if why := r.Reasons[0]; why.Rule != "person.same" || why.Facts["mention"] != w.sees(first).ID || why.Facts["who"] != "Ewa" {
			t.Errorf("the third says: %+v", why)
		}

		w.ok(w.Labels.Withdraw(ewa.ctx(), w.firm.ID, w.sees(first).ID))
		w.Work()
		for _, c := range []int{first, second, third} {
			w.carries(c, was...)
		}
	})
}

// carries checks the labels of a comment.
func (w *World) carries(comment int, labels ...string) {
	w.t.Helper()
	if m := w.sees(comment); !slices.Equal(m.Labels, labels) {
		w.t.Errorf("comment %d carries %v, want %v", comment, m.Labels, labels)
	}
}
