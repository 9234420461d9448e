package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/seal"
)

type world struct {
	*journal.Store
	d     *db.DB
	clock *dbtest.Clock
	keys  *seal.Store
	log   *ledger.Log
}

func each(t *testing.T, f func(t *testing.T, w world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		dir := t.TempDir()
		k, err := seal.New(t.Context(), d, dir)
		if err != nil {
			t.Fatal(err)
		}
		l, err := ledger.New(d, bytes.Repeat([]byte{1}, 32), dir)
		if err != nil {
			t.Fatal(err)
		}
		f(t, world{journal.New(d, l, k), d, clock, k, l})
	})
}

func as(t *testing.T, name string, firms map[string]access.Role) context.Context {
	return access.With(t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: firms})
}

func system(t *testing.T) context.Context { return access.With(t.Context(), access.System("*")) }

func (w world) record(t *testing.T, ctx context.Context, e journal.Entry) {
	t.Helper()
	if err := w.Record(ctx, e); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsRecordedIsListed(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		anna := as(t, "Anna", map[string]access.Role{"a": access.Guardian})
		want := journal.Entry{Firm: "a", Ref: reason.Ref{Kind: "case", ID: "1"}, Verb: "case.opened",
			Why: "Fala <b>obelg</b> \u202e\x00 zażółć", Data: map[string]string{"mentions": "41"}}
		w.record(t, anna, want)
		w.clock.Forward(time.Minute)
		w.record(t, system(t), journal.Entry{Firm: "a", Ref: reason.Ref{Kind: "alert", ID: "2"}, Verb: "alert.raised"})
		w.record(t, system(t), journal.Entry{Firm: "b", Verb: "case.opened"})
		lines, next, err := w.List(anna, "a", journal.Filter{}, journal.Page{})
		if err != nil || len(lines) != 2 || next != "" {
			t.Fatal(lines, next, err)
		}
		if diff := cmp.Diff(want, lines[1].Entry); diff != "" {
			t.Error(diff)
		}
		if l := lines[1]; l.By != "u-Anna" || l.Name != "Anna" || !l.At.Equal(dbtest.Start) {
			t.Errorf("%+v", l)
		}
		if l := lines[0]; l.By != "system" || l.Name != "ChOP" || !l.At.Equal(dbtest.Start.Add(time.Minute)) {
			t.Errorf("%+v", l)
		}
	})
}

func TestFiltersAndPages(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ctx := system(t)
		for i := range 7 {
			w.record(t, ctx, journal.Entry{Firm: "a", Ref: reason.Ref{Kind: "case", ID: fmt.Sprint(i % 2)}, Verb: "case.v" + fmt.Sprint(i)})
			w.clock.Forward(time.Hour)
		}
		w.record(t, as(t, "Anna", nil), journal.Entry{Firm: "a", Verb: "caseless"})
		for name, c := range map[string]struct {
			f    journal.Filter
			want string
		}{
			"all":    {journal.Filter{}, "caseless 6 5 4 3 2 1 0"},
			"ref":    {journal.Filter{Ref: reason.Ref{Kind: "case", ID: "1"}}, "5 3 1"},
			"prefix": {journal.Filter{Verb: "case."}, "6 5 4 3 2 1 0"},
			"verb":   {journal.Filter{Verb: "case.v3"}, "3"},
			"by":     {journal.Filter{By: "u-Anna"}, "caseless"},
			"times":  {journal.Filter{Since: dbtest.Start.Add(2 * time.Hour), Until: dbtest.Start.Add(4 * time.Hour)}, "3 2"},
			"wild":   {journal.Filter{Verb: "%"}, ""},
		} {
			var got []string
			for p := (journal.Page{Limit: 3}); ; {
				lines, next, err := w.List(ctx, "a", c.f, p)
				if err != nil || len(lines) > 3 {
					t.Fatal(name, err)
				}
				for _, l := range lines {
					got = append(got, strings.TrimPrefix(l.Verb, "case.v"))
				}
				if p.Before = next; next == "" {
					break
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: %v, want %s", name, got, c.want)
			}
		}
	})
}

func TestOnlyThoseWhoMayRead(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		w.record(t, system(t), journal.Entry{Firm: "a", Ref: reason.Ref{Kind: "case", ID: "1"}, Verb: "v"})
		w.record(t, t.Context(), journal.Entry{Verb: "person.refused"}) // nobody signed in
		for name, c := range map[string]struct {
			ctx    context.Context
			firm   fault.Kind
			ofCase fault.Kind
		}{
			"owner":    {as(t, "o", map[string]access.Role{"a": access.Owner}), fault.Internal, fault.Internal},
			"lawyer":   {as(t, "l", map[string]access.Role{"a": access.Lawyer}), fault.Forbidden, fault.Internal},
			"stranger": {as(t, "s", map[string]access.Role{"b": access.Owner}), fault.NotFound, fault.NotFound},
			"nobody":   {t.Context(), fault.NotFound, fault.NotFound},
		} {
			_, _, err := w.List(c.ctx, "a", journal.Filter{}, journal.Page{})
			if (err == nil) != (c.firm == fault.Internal) || fault.KindOf(err) != c.firm {
				t.Errorf("%s lists: %v", name, err)
			}
			lines, err := w.Of(c.ctx, access.ViewCases, "a", reason.Ref{Kind: "case", ID: "1"})
			if (len(lines) == 1) != (c.ofCase == fault.Internal) || fault.KindOf(err) != c.ofCase {
				t.Errorf("%s reads the case's history: %v %v", name, lines, err)
			}
			if _, _, err := w.List(c.ctx, "", journal.Filter{}, journal.Page{}); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s lists the installation: %v", name, err)
			}
			if _, _, err := w.Verify(c.ctx, "a"); fault.KindOf(err) != c.firm {
				t.Errorf("%s verifies: %v", name, err)
			}
		}
		admin := access.With(t.Context(), access.Principal{User: "x", Admin: true})
		if lines, _, err := w.List(admin, "", journal.Filter{}, journal.Page{}); err != nil || len(lines) != 1 || lines[0].By != "" {
			t.Error(lines, err)
		}
	})
}

func TestNothingIsRecordedOfWhatWasRolledBack(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		boom := errors.New("boom")
		err := w.d.Tx(system(t), func(ctx context.Context, _ *db.Tx) error {
			if err := w.Record(ctx, journal.Entry{Firm: "a", Verb: "v"}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if lines, _, err := w.List(system(t), "a", journal.Filter{}, journal.Page{}); err != nil || len(lines) != 0 {
			t.Error(lines, err)
		}
		if w.Record(system(t), journal.Entry{Firm: "a"}) == nil {
			t.Error("an entry without a verb was taken")
		}
	})
}

func TestChangedLinesAreFound(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ctx := system(t)
		for _, verb := range []string{"one", "two", "three"} {
			w.record(t, ctx, journal.Entry{Firm: "a", Ref: reason.Ref{Kind: "case", ID: verb}, Verb: verb, Why: verb})
		}
		if _, err := w.log.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
		if n, bad, err := w.Verify(ctx, "a"); err != nil || n != 3 || len(bad) != 0 {
			t.Fatal(n, bad, err)
		}
		lines, _, _ := w.List(ctx, "a", journal.Filter{Verb: "two"}, journal.Page{})
		id := lines[0].ID
		for _, change := range []string{`verb = 'other'`, `by_id = 'u-Anna'`, `at = at + 1`, `ref_id = 'other'`, `ref_kind = 'x'`, `ticket = ticket + 1`,
			`ticket = (SELECT MAX(ticket) FROM journal WHERE id <> '` + id + `')`, `sealed = (SELECT MAX(sealed) FROM journal WHERE id <> '` + id + `')`} {
			if strings.Contains(change, "MAX(sealed)") { // PostgreSQL has no largest bytes
				change = strings.Replace(change, "SELECT MAX(sealed) FROM journal WHERE", "SELECT sealed FROM journal WHERE verb = 'one' AND", 1)
			}
			err := w.d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
				if _, err := tx.Exec(ctx, `UPDATE journal SET `+change+` WHERE id = $1`, id); err != nil {
					return err
				}
				if _, bad, err := w.Verify(ctx, "a"); err != nil || !slices.Equal(bad, []string{id}) {
					t.Errorf("%s: %v %v", change, bad, err)
				}
				return errors.New("put it back")
			})
			if err == nil || err.Error() != "put it back" {
				t.Fatal(change, err)
			}
		}
	})
}

func TestForgottenFirmKeepsLinesWithoutWords(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ctx := system(t)
		w.record(t, ctx, journal.Entry{Firm: "a", Verb: "v", Why: "tajne", Data: map[string]string{"k": "v"}})
		if err := w.keys.Forget(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		lines, _, err := w.List(ctx, "a", journal.Filter{}, journal.Page{})
		if err != nil || len(lines) != 1 || !lines[0].Forgotten || lines[0].Why != "" || lines[0].Data != nil || lines[0].Verb != "v" {
			t.Fatal(lines, err)
		}
		if n, bad, err := w.Verify(ctx, "a"); err != nil || n != 1 || len(bad) != 0 {
			t.Fatal(n, bad, err)
		}
	})
}

func TestALineTakenOutLeavesAGap(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ctx, ref := system(t), reason.Ref{Kind: "case", ID: "1"}
		for _, verb := range []string{"one", "two", "three"} {
			w.record(t, ctx, journal.Entry{Firm: "a", Ref: ref, Verb: verb})
			w.record(t, ctx, journal.Entry{Firm: "a", Ref: reason.Ref{Kind: "case", ID: "2"}, Verb: verb})
		}
		lines, err := w.Of(ctx, access.ViewCases, "a", ref)
		if err != nil || len(lines) != 3 || !journal.Whole(lines) {
			t.Fatal(lines, err)
		}
		for i := range 2 {
			if journal.Whole(slices.Delete(slices.Clone(lines), i, i+1)) {
				t.Errorf("line %d was taken out", i)
			}
		}
		if ids, err := w.Known(ctx, access.ViewCases, "a", "one", "case"); err != nil || !slices.Equal(ids, []string{"1", "2"}) {
			t.Error(ids, err)
		}
	})
}
