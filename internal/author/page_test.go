package author_test

import (
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/author"
)

// The list leads by what is hostile, finds names by their beginning, pages, and shows a protected account's flag alone.
func TestAccountsAreListed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 14)
		w.takesIn(f1, w.says("cicha", "Ładny obrus", w.clock.Now()))
		rows, more, err := w.authors.List(w.ewa(), f1, author.Listing{By: author.ByItems, Limit: 1})
		ok(t, err)
		if len(rows) != 1 || !more || rows[0].Key != key || rows[0].Mentions != 14 {
			t.Fatalf("%+v %v", rows, more)
		}
		if rows, more, err = w.authors.List(w.ewa(), f1, author.Listing{By: author.ByItems, Skip: 1, Limit: 1}); err != nil || len(rows) != 1 || more || rows[0].Key != "place:cicha" {
			t.Fatalf("%+v %v %v", rows, more, err)
		}
		if rows, _, err = w.authors.List(w.ewa(), f1, author.Listing{Name: "lena ci", Limit: 9}); err != nil || len(rows) != 1 || rows[0].Key != "place:cicha" {
			t.Fatalf("%+v %v", rows, err)
		}
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		of := func(who string) author.Listed {
			rows, _, err := w.authors.List(w.as(who, access.Guardian), f1, author.Listing{By: author.ByItems, Limit: 9})
			ok(t, err)
			return rows[0]
		}
		if r := of("tomek"); r.State != author.Confirmed || r.Profile != d.ID || !r.MayRate || r.Rated != 1 {
			t.Errorf("%+v", r)
		}
		if of("ewa").MayRate {
			t.Error("who rated may rate again")
		}
		must[author.Portrait](t)(w.authors.Open(w.tomek(), f1, key))
		if of("tomek").MayRate {
			t.Error("who has seen the profile may rate it blind")
		}
		ok(t, w.authors.Protect(w.ewa(), f1, key, "distress", "pisze, że nie daje rady"))
		if r := of("tomek"); r.Flag != "distress" || r.Mentions != 0 || r.Grave != 0 || r.Profile != "" {
			t.Errorf("of a protected account the list tells %+v", r)
		}
		if _, _, err := w.authors.List(w.as("kasia", access.Staff), f1, author.Listing{}); err == nil {
			t.Error("staff list accounts")
		}
	})
}

// Signals of a long history are kept, and read anew as soon as something of the account changes.
func TestLongHistoriesAreReadAnewWhenTheyChange(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 520)
		all := func() float64 {
			return must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key)).Signals[0].Parts["all"]
		}
		if n := all(); n != 520 {
			t.Fatal(n)
		}
		w.takesIn(f1, w.says("wrobel", "I znowu nic nie przyszło", w.clock.Now()))
		if n := all(); n != 521 {
			t.Errorf("%v items after a new one", n)
		}
		before := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key)).Signals[0].Parts["d7"]
		w.clock.Forward(6 * 24 * time.Hour)
		if after := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key)).Signals[0].Parts["d7"]; after >= before {
			t.Errorf("%v items in a week, six days later %v", before, after)
		}
	})
}
