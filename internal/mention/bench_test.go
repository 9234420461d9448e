package mention

import (
	"fmt"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
)

// BenchmarkIntake saves comments durably in batches of 100: raw bytes, commitment, revision, full-text index, event.
func BenchmarkIntake(b *testing.B) {
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{"sqlite": dbtest.OpenSQLite, "postgres": dbtest.OpenPostgres} {
		b.Run(name, func(b *testing.B) {
			clock := dbtest.NewClock()
			w := newWorld(b, open(b, clock.Now), clock, &place{})
			ctx := access.With(w.ctx, access.System("*"))
			n := 0
			b.ResetTimer()
			for b.Loop() {
				bt := batch()
				for range 100 {
					n++
					bt.Items = append(bt.Items, comment(fmt.Sprint(n), "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał, szkoda, bo len piękny.", dbtest.Start))
				}
				if _, err := w.Intake(ctx, w.src, bt); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "comments/s")
		})
	}
}
