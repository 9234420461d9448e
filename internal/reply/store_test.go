package reply_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/reply"
	"chop/internal/seal"
)

// world is a firm with its desk.
type world struct {
	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
	desk  *reply.Store
	firm  string
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		dir := t.TempDir()
		keys, err := seal.New(t.Context(), d, dir)
		ok(t, err)
		seed, err := keys.Derive("ledger")
		ok(t, err)
		log, err := ledger.New(d, seed, dir)
		ok(t, err)
		j := journal.New(d, log, keys)
		x, err := firm.New(d, j).Create(access.With(t.Context(), access.System("*")), firm.Firm{Name: "Len"})
		ok(t, err)
		f(t, &world{t, d, clock, &reply.Store{DB: d, Seal: keys, Journal: j}, x.ID})
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Fatalf("got %v", err)
	}
}

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

func TestFactsHoldUntilTheyEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ewa := w.as("ewa", access.Guardian)
		ok(t, w.desk.SetFact(ewa, reply.Fact{Firm: w.firm, Key: "Godziny otwarcia", Text: "9-17", Until: w.clock.Now().Add(time.Hour)}))
		ok(t, w.desk.SetFact(ewa, reply.Fact{Firm: w.firm, Key: "godziny-otwarcia", Text: "10-18", Until: w.clock.Now().Add(time.Hour)}))
		list, err := w.desk.Facts(ewa, w.firm)
		ok(t, err)
		if len(list) != 1 || list[0].Text != "10-18" || list[0].WhoName != "ewa" || !list[0].Valid(w.clock.Now()) || list[0].Valid(w.clock.Now().Add(2*time.Hour)) {
			t.Errorf("%+v", list)
		}
		for _, bad := range []reply.Fact{{Key: "ł ż!", Text: "x"}, {Key: "x"}, {Key: "x", Text: strings.Repeat("a", reply.MostFact+1)}, {Key: "x", Text: "{{imie}}"}, {Key: "x", Text: "x", Until: w.clock.Now().Add(-time.Hour)}} {
			bad.Firm = w.firm
			wants(t, w.desk.SetFact(ewa, bad), fault.Invalid)
		}
		wants(t, w.desk.SetFact(w.as("kasia", access.Staff), reply.Fact{Firm: w.firm, Key: "x", Text: "x"}), fault.Forbidden)
		stranger := access.With(t.Context(), access.Principal{User: "o", Firms: map[string]access.Role{"other": access.Guardian}})
		_, err = w.desk.Facts(stranger, w.firm)
		wants(t, err, fault.NotFound)
		ok(t, w.desk.DropFact(ewa, w.firm, "godziny-otwarcia"))
		wants(t, w.desk.DropFact(ewa, w.firm, "godziny-otwarcia"), fault.NotFound)
	})
}

func TestSavedRepliesAreSharedOrOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ewa, ola, joanna := w.as("ewa", access.Guardian), w.as("ola", access.Guardian), w.as("joanna", access.Owner)
		shared, err := w.desk.Save(ewa, reply.Saved{Firm: w.firm, Name: "Wysyłka", Labels: []string{"question"}, Variants: []string{"a", "b", "a"}})
		ok(t, err)
		own, err := w.desk.Save(ewa, reply.Saved{Firm: w.firm, Name: "Moja", Owner: "me", Variants: []string{"c"}})
		ok(t, err)
		names := func(ctx context.Context) (out []string) {
			list, err := w.desk.Saved(ctx, w.firm)
			ok(t, err)
			for _, s := range list {
				out = append(out, s.Name)
			}
			return out
		}
		if !slices.Equal(names(ewa), []string{"Moja", "Wysyłka"}) || !slices.Equal(names(ola), []string{"Wysyłka"}) || len(shared.Variants) != 2 || shared.Approved {
			t.Errorf("%v, %v, %+v", names(ewa), names(ola), shared)
		}
		own.Name = "Obca"
		_, err = w.desk.Save(ola, own)
		wants(t, err, fault.NotFound)
		wants(t, w.desk.Remove(ola, w.firm, own.ID), fault.NotFound)
		if shared, err = w.desk.Save(joanna, shared); err != nil || !shared.Approved {
			t.Errorf("the owner's word approves: %+v %v", shared, err)
		}
		if shared, err = w.desk.Save(ola, shared); err != nil || shared.Approved {
			t.Errorf("a guardian's change takes it away: %+v %v", shared, err)
		}
		for _, bad := range []reply.Saved{{Name: "", Variants: []string{"x"}}, {Name: "x"}, {Name: "x", Variants: []string{"{{nie_ma}}"}}, {Name: "x", Variants: []string{"{{imie"}}} {
			bad.Firm = w.firm
			_, err := w.desk.Save(ewa, bad)
			wants(t, err, fault.Invalid)
		}
	})
}

func TestDraftsAreKeptForThePersonAndNobodyIsLockedOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ewa, ola := w.as("ewa", access.Guardian), w.as("ola", access.Guardian)
		ok(t, w.desk.Keep(ewa, w.firm, "m1", "Dzień dobry, "))
		ok(t, w.desk.Keep(ewa, w.firm, "m1", "Dzień dobry, sprawdzimy"))
		d, err := w.desk.Draft(ewa, w.firm, "m1")
		ok(t, err)
		if d.Text != "Dzień dobry, sprawdzimy" || d.Typed != 3 || !d.TypedAt.Equal(w.clock.Now()) {
			t.Errorf("%+v", d)
		}
		if d, err := w.desk.Draft(ola, w.firm, "m1"); err != nil || d.Text != "" {
			t.Errorf("another person sees %+v %v", d, err)
		}
		l, busy, err := w.desk.Writing(ola, w.firm, "m1")
		ok(t, err)
		if !busy || l.Name != "ewa" {
			t.Errorf("%+v %v", l, busy)
		}
		ok(t, w.desk.Keep(ola, w.firm, "m1", "I ja")) // writes all the same; the lease stays the first one's
		if _, busy, _ := w.desk.Writing(ewa, w.firm, "m1"); busy {
			t.Error("the second writer took the lease")
		}
		w.clock.Forward(reply.LeaseTime)
		if _, busy, _ := w.desk.Writing(ola, w.firm, "m1"); busy {
			t.Error("the lease did not run out")
		}
		ok(t, w.desk.Keep(ola, w.firm, "m1", "I ja teraz"))
		if l, busy, _ := w.desk.Writing(ewa, w.firm, "m1"); !busy || l.Name != "ola" {
			t.Errorf("%+v", l)
		}
		ok(t, w.desk.Put(ewa, w.firm, "m1", reply.Proposal{Text: "Szkic.", Approved: true}))
		if d, _ := w.desk.Draft(ewa, w.firm, "m1"); d.Text != "Szkic.\n\nDzień dobry, sprawdzimy" {
			t.Errorf("what was typed is gone: %q", d.Text)
		}
		if yes, _ := w.desk.Grounded(ewa, w.firm, "Szkic."); yes {
			t.Error("a text with own words counts as approved")
		}
		ok(t, w.desk.Put(ewa, w.firm, "m2", reply.Proposal{Text: "Zwroty przez 30 dni.", Approved: true}))
		for text, want := range map[string]bool{"Zwroty przez  30 dni.": true, "Zwroty przez 30 dni!": false} {
			if got, err := w.desk.Grounded(ewa, w.firm, text); err != nil || got != want {
				t.Errorf("%q: %v %v", text, got, err)
			}
		}
		ok(t, w.desk.Sent(ewa, w.firm, "m2", "post:1", "d1", "Zwroty przez 30 dni."))
		if d, _ := w.desk.Draft(ewa, w.firm, "m2"); d.Text != "" {
			t.Errorf("a sent draft stays: %+v", d)
		}
		used, err := w.desk.Used(ewa, w.firm, "post:1")
		ok(t, err)
		recent, err := w.desk.Recent(ewa, w.firm)
		ok(t, err)
		if !slices.Equal(used, []string{"Zwroty przez 30 dni."}) || len(recent) != 1 {
			t.Errorf("%v %v", used, recent)
		}
		w.clock.Forward(31 * 24 * time.Hour)
		if recent, _ := w.desk.Recent(ewa, w.firm); len(recent) != 0 {
			t.Errorf("a month later: %v", recent)
		}
		ok(t, w.desk.Keep(ewa, w.firm, "m1", ""))
		if d, _ := w.desk.Draft(ewa, w.firm, "m1"); d.Text != "" {
			t.Error("an emptied draft stays")
		}
		wants(t, w.desk.Keep(ewa, w.firm, "m1", strings.Repeat("a", reply.MostText+1)), fault.Invalid)
		wants(t, w.desk.Keep(w.as("kasia", access.Staff), w.firm, "m1", "x"), fault.Forbidden)
	})
}
