package group

import (
	"testing"
	"time"

	"chop/internal/db/dbtest"
	"chop/internal/simulate"
)

// The time from a new mention to the updated finding on a page of some ten thousand actions: read, detect, save, with the
// next run not counted. The rest of two seconds between runs comes on top in a storm.
func BenchmarkAMentionToItsFinding(b *testing.B) {
	clock := dbtest.NewClock()
	d := dbtest.OpenSQLite(b, clock.Now)
	w := build(b, d, clock)
	w.groups.settings.Permutations = 5000
	s := simulate.Attacked(1)
	s.Popularity = 36
	p := w.shifted(s)
	w.put(f1, p, p.Actions[:len(p.Actions)-b.N])
	w.pass(0)
	b.ResetTimer()
	for i := range b.N {
		w.put(f1, p, p.Actions[len(p.Actions)-b.N+i:][:1])
		began := time.Now()
		w.pass(0)
		b.ReportMetric(time.Since(began).Seconds(), "s/finding")
		b.StopTimer()
		w.pass(time.Minute) // what the run asked for in the background
		b.StartTimer()
	}
	b.ReportMetric(float64(w.count(`SELECT actions FROM group_run WHERE firm_id = $1`, f1)), "actions")
}
