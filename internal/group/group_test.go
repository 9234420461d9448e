package group

import (
	"slices"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
)

func TestAGroupIsSuggestedAndAnHonestPageYieldsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		began := time.Now()
		p := w.plays(f1, attacked(1))
		t.Log(time.Since(began), len(p.Actions))
		w.plays(f2, small(2))
		g := w.only()
		if g.Name() != "G-01" || g.State != Suggested || g.Level != Organised {
			t.Errorf("%s", describe(g))
		}
		all := attackers(p)
		in := g.Accounts(false)
		for _, a := range in {
			if !slices.Contains(all, a) {
				t.Errorf("%s is said to act with the group", a)
			}
		}
		if 10*len(in) < 9*len(all) {
			t.Errorf("%d of %d found", len(in), len(all))
		}
		if n := w.count(`SELECT count(*) FROM found_group WHERE firm_id = $1`, f2); n != 0 {
			t.Errorf("%d groups on an honest page", n)
		}
		if len(w.found) != 1 || w.found[0].ID != g.ID {
			t.Errorf("told of %v", w.found)
		}
		w.pass(time.Minute)
		if g = w.only(); g.Finding.Runs < 10 || g.Finding.Rate > 0.1 || g.Finding.Rate <= 0 {
			t.Errorf("false groups in %d shuffled histories: %d, rate %v", g.Finding.Runs, g.Finding.Larger, g.Finding.Rate)
		}
		if _, err := w.groups.List(w.as("obcy", access.Staff), f1, false); !fault.Is(err, fault.Forbidden) {
			t.Errorf("staff reads groups: %v", err)
		}
	})
}
