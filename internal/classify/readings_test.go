package classify_test

import (
	"testing"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
)

func TestReadingsAreThatOfEachAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		a, b := w.writes("obrus przyszedł podarty", ""), w.writes("piękny obrus", "")
		w.corrects(w.ewa(), a, 2, classify.Complaint)
		got, err := w.labels.Readings(w.ewa(), "f1", []string{a, b, "nobody"})
		w.ok(err)
		if len(got) != 2 {
			t.Fatalf("%d readings", len(got))
		}
		for id, r := range got {
			one := w.of(id)
			if r.Engine != one.Engine || len(r.Labels) != len(one.Labels) || r.Labels[0] != one.Labels[0] || r.Revision != 1 || r.At.IsZero() {
				t.Errorf("%s: %+v, alone %+v", id, r, one)
			}
		}
		if r := got[a]; !r.Person() || r.Why == "" || got[b].Person() {
			t.Errorf("whose word: %+v", got)
		}
		if none, err := w.labels.Readings(w.ewa(), "f1", nil); err != nil || len(none) != 0 {
			t.Errorf("of nothing: %v, %v", none, err)
		}
		if other, err := w.labels.Readings(access.With(t.Context(), access.System("f2")), "f2", []string{a}); err != nil || len(other) != 0 {
			t.Errorf("another firm sees %v, %v", other, err)
		}
		if _, err := w.labels.Readings(w.ewa(), "f2", []string{a}); !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger gets %v", err)
		}
	})
}
