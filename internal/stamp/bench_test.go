package stamp

import (
	"context"
	"fmt"
	"testing"

	"chop/internal/db/dbtest"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/seal"
	"chop/internal/tsa"
)

// BenchmarkStampsKept measures the whole way of a stamp on SQLite: asked for, answered by the built-in authority, checked,
// sealed, journaled.
func BenchmarkStampsKept(b *testing.B) {
	s := benchStore(b)
	ctx := system(b)
	n := 0
	for b.Loop() {
		n++
		id := fmt.Sprint(n)
		if err := s.Want(ctx, "a", thing(id), tsa.Sum([]byte(id))); err != nil {
			b.Fatal(err)
		}
		if n%bunch == 0 {
			if err := s.sweepFor(ctx, Due{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "stamps/s")
}

// BenchmarkStampsRead measures opening and checking kept stamps, one exhibit at a time.
func BenchmarkStampsRead(b *testing.B) {
	s := benchStore(b)
	ctx := system(b)
	if err := s.Want(ctx, "a", thing("d"), tsa.Sum(nil)); err != nil {
		b.Fatal(err)
	}
	if err := s.sweepFor(ctx, Due{}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if list, err := s.Of(ctx, "a", "d"); err != nil || len(list) != 1 || list[0].Broken != nil {
			b.Fatal(list, err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "stamps/s")
}

func benchStore(b *testing.B) *Store {
	b.Helper()
	clock := dbtest.NewClock()
	d := dbtest.OpenSQLite(b, clock.Now)
	k, err := seal.New(b.Context(), d, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	l, err := ledger.New(d, make([]byte, 32), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	q, err := job.New(d, job.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = q.Stop(context.Background()) })
	o := newOffice(b, clock)
	return NewStore(Config{DB: d, Jobs: q, Seal: k, Journal: journal.New(d, l, k), Ledger: l,
		Authorities: []*Authority{{Client: &tsa.Client{Name: "Próbny", Way: o, Roots: tsa.Pool(o.Root), Now: clock.Now}}}})
}
