package author_test

import (
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/author"
	"chop/internal/fault"
)

// A profile is ChOP's proposal until a person stands behind it; then decisions read it, until its time is over.
func TestAProfileIsDraftedConfirmedAndExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 14)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		if d.Version != 1 || d.State != author.Draft || len(d.Timeline) != 14 || len(d.Summary) == 0 || len(d.Claims) == 0 {
			t.Fatalf("%+v", d)
		}
		b := must[author.Behaviour](t)(w.authors.Behaviour(w.ewa(), f1, key, nil))
		if b.Profile != "" || b.Confidence != 0 || b.Motive != "undetermined" {
			t.Fatalf("a draft is read: %+v", b)
		}
		stands := must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		if got := stands.ValidUntil.Sub(w.clock.Now()); got != 30*24*time.Hour { // five items in a week: an active conflict
			t.Errorf("valid for %v", got)
		}
		b = must[author.Behaviour](t)(w.authors.Behaviour(w.ewa(), f1, key, nil))
		if b.Profile != d.ID || b.Confidence != d.Base || b.Motive != string(d.Motive) {
			t.Fatalf("%+v, confidence %v", b, d.Base)
		}
		w.pass(30 * 24 * time.Hour)
		if b = must[author.Behaviour](t)(w.authors.Behaviour(w.ewa(), f1, key, nil)); b.Confidence != 0 {
			t.Errorf("an expired profile is read: %+v", b)
		}
		p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if p.Standing == nil || p.Standing.State != author.Expired || p.InUse || p.Draft != nil {
			t.Errorf("%+v", p.Standing)
		}
	})
}

func TestOnlyThoseWhoMay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 5)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		for _, r := range []access.Role{access.Owner, access.Staff, access.Lawyer} {
			ctx := w.as("x", r)
			_, err := w.authors.Draft(ctx, f1, key)
			wants(t, err, fault.Forbidden, "forbidden")
			_, err = w.authors.Confirm(ctx, f1, d.ID, "")
			wants(t, err, fault.Forbidden, "forbidden")
			_, err = w.authors.Open(ctx, f1, key)
			if r == access.Owner {
				ok(t, err)
			} else {
				wants(t, err, fault.Forbidden, "forbidden")
			}
		}
		_, err := w.authors.Confirm(w.system(), f1, d.ID, "") // a person, never the program (Art. 22)
		wants(t, err, fault.Forbidden, "author.person")
		_, err = w.authors.Open(w.ewa(), f2, key)
		wants(t, err, fault.NotFound, "missing")
	})
}
