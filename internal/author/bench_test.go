package author_test

import (
	"fmt"
	"testing"
	"time"

	"chop/internal/author"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/db/dbtest"
	"chop/internal/source"
)

// BenchmarkRead10k is the pure part: 25 signals and the estimate of an account with 10,000 items.
func BenchmarkRead10k(b *testing.B) {
	now := dbtest.Start
	book := signal.Book{Now: now}
	for i := range 10_000 {
		book.Items = append(book.Items, signal.Item{ID: fmt.Sprint(i), Venue: fmt.Sprint(i % 5), Thread: fmt.Sprint(i % 300),
			At:   now.Add(-time.Duration(10_000-i) * 40 * time.Minute),
			Text: fmt.Sprintf("Skandal, zamówienie %d za 219 zł nie przyszło od 3.11, żądam zwrotu pieniędzy, udostępnijcie!", 1000+i), Arousal: i % 4})
	}
	b.ReportAllocs()
	for b.Loop() {
		estimate.Of(signal.Read(book))
	}
}

// BenchmarkDraft10k is a whole draft from the database: items, labels, answers, signals, document, sealed and saved.
func BenchmarkDraft10k(b *testing.B) {
	clock := dbtest.NewClock()
	w := build(b, dbtest.OpenSQLite(b, clock.Now), clock)
	for part := range 20 {
		var items []source.Item
		for i := range 500 {
			it := w.says("wrobel", fmt.Sprintf("Skandal, zamówienie %d za 219 zł nie przyszło, żądam zwrotu!", part*500+i),
				clock.Now().Add(-time.Duration(10_000-part*500-i)*40*time.Minute))
			it.Post.ExternalID = fmt.Sprintf("p%d", i%300)
			items = append(items, it)
		}
		w.takesIn(f1, items...)
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := w.authors.Draft(w.ewa(), f1, "place:wrobel"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBehaviour is what an advice reads of an account with a confirmed profile.
func BenchmarkBehaviour(b *testing.B) {
	clock := dbtest.NewClock()
	w := build(b, dbtest.OpenSQLite(b, clock.Now), clock)
	key := w.campaign(f1, "wrobel", 14)
	d := must[author.Document](b)(w.authors.Draft(w.ewa(), f1, key))
	must[author.Document](b)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
	b.ResetTimer()
	for b.Loop() {
		if got, err := w.authors.Behaviour(w.ewa(), f1, key, nil); err != nil || got.Confidence == 0 {
			b.Fatal(err, got)
		}
	}
}
