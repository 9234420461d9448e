package retention_test

import (
	"context"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/reason"
	"chop/internal/retention"
)

const day = 24 * time.Hour

// An open case keeps without end; of several reasons the longest counts; the limits of the law's time hold a leap day.
func TestUntil(t *testing.T) {
	set := retention.Set{}
	for _, r := range retention.Defaults {
		set[r.Kind] = r
		if r.Days < r.Min || r.Days > r.Max {
			t.Errorf("%s: the default %d lies outside %d-%d", r.Kind, r.Days, r.Min, r.Max)
		}
	}
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) // three years of which hold 29 February 2028
	closed := at.AddDate(0, 2, 0)
	for name, c := range map[string]struct {
		cases []retention.Case
		kind  retention.Kind
		until time.Time
	}{
		"no case":         {nil, retention.NoCase, at.AddDate(0, 0, 90)},
		"open":            {[]retention.Case{{Open: true}, {Closed: closed}}, retention.Open, time.Time{}},
		"closed":          {[]retention.Case{{Closed: closed}}, retention.Closed, closed.AddDate(0, 0, 365)},
		"two closed":      {[]retention.Case{{Closed: closed}, {Closed: closed.Add(-day)}}, retention.Closed, closed.AddDate(0, 0, 365)},
		"private":         {[]retention.Case{{Closed: closed, Path: retention.Private}}, retention.Private, at.AddDate(3, 0, 0)},
		"civil":           {[]retention.Case{{Closed: closed, Path: retention.Civil}, {Closed: closed}}, retention.Civil, at.AddDate(4, 0, 0)},
		"closed long ago": {[]retention.Case{{Closed: at.AddDate(9, 0, 0), Path: retention.Private}}, retention.Closed, at.AddDate(9, 0, 365)},
	} {
		if k, until := set.Until(at, c.cases); k != c.kind || !until.Equal(c.until) {
			t.Errorf("%s: %s until %s, want %s until %s", name, k, until, c.kind, c.until)
		}
	}
}

type world struct {
	*app.Rooms
	clock *dbtest.Clock
	firm  string
	owner context.Context
}

func each(t *testing.T, f func(t *testing.T, w world)) {
	for name, url := range map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return dbtest.PostgresURL(t) }} {
		t.Run(name, func(t *testing.T) {
			clock := dbtest.NewClock()
			r, err := app.Open(t.Context(), app.Config{Data: t.TempDir(), DB: url(), Now: clock.Now}, "test")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(r.Close)
			fm, err := r.Firms.Create(access.With(t.Context(), access.System("*")), firm.Firm{Name: "Manufaktura Lniana"})
			if err != nil {
				t.Fatal(err)
			}
			w := world{r, clock, fm.ID, nil}
			w.owner = w.as(t, access.Owner)
			f(t, w)
		})
	}
}

func (w world) as(t *testing.T, r access.Role) context.Context {
	return access.With(t.Context(), access.Principal{User: "u-" + string(r), Name: string(r), Firms: map[string]access.Role{w.firm: r}})
}

func (w world) seal(t *testing.T, id string) evidence.Exhibit {
	t.Helper()
	e, err := w.Evidence.Preserve(w.owner, evidence.Capture{Firm: w.firm, Ref: reason.Ref{Kind: "mention", ID: id}, Title: "Komentarz " + id,
		Files: []evidence.File{{Name: "item.json", Body: []byte(id)}}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (w world) due(t *testing.T, want ...string) []retention.Item {
	t.Helper()
	list, err := w.Retention.Due(w.owner, w.firm, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range list {
		got = append(got, x.ID)
	}
	if len(got) != len(want) {
		t.Fatalf("%d are past their time, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	return list
}

// What never came into a case is proposed after 90 days, what a case needs is not; a hold keeps it; what is erased is gone
// and the rest verifies.
func TestWhatIsPastItsTimeIsErasedByAPerson(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		plain, held, needed := w.seal(t, "m1"), w.seal(t, "m2"), w.seal(t, "m3")
		guardian := w.as(t, access.Guardian)
		c, _, err := w.Cases.Open(guardian, crisis.New{Firm: w.firm, Subject: "s", Title: "Groźby", Severity: 2, Priority: 2, Items: []reason.Ref{needed.Ref}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Evidence.Hold(w.owner, w.firm, held.ID, "pozew"); err != nil {
			t.Fatal(err)
		}
		w.clock.Forward(89 * day)
		w.due(t)
		w.clock.Forward(day)
		list := w.due(t, plain.ID, held.ID)
		if list[0].Blocked() || !list[1].Blocked() || list[0].Kind != retention.NoCase {
			t.Errorf("%+v", list)
		}
		fails(t, "no reason", fault.Invalid, second(w.Retention.Erase(w.owner, w.firm, []string{plain.ID}, " ")))
		fails(t, "in a case", fault.Conflict, second(w.Retention.Erase(w.owner, w.firm, []string{needed.ID}, "po terminie")))
		fails(t, "held", fault.Conflict, second(w.Retention.Erase(w.owner, w.firm, []string{held.ID}, "po terminie")))
		fails(t, "a lawyer", fault.Forbidden, second(w.Retention.Erase(w.as(t, access.Lawyer), w.firm, []string{plain.ID}, "po terminie")))
		if n, err := w.Retention.Erase(w.owner, w.firm, []string{plain.ID, plain.ID}, "po terminie"); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		w.due(t, held.ID)
		if err := w.Cases.Close(guardian, w.firm, c.ID, crisis.Resolutions[0], "uspokoiło się"); err != nil {
			t.Fatal(err)
		}
		w.clock.Forward(364 * day)
		w.due(t, held.ID)
		w.clock.Forward(day)
		w.due(t, held.ID, needed.ID)
		if err := w.Retention.Intend(w.as(t, access.Lawyer), w.firm, c.ID, retention.Civil, "pozew o ochronę dóbr osobistych"); err != nil {
			t.Fatal(err)
		}
		w.due(t, held.ID)
		if _, err := w.Ledger.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		if sum, err := w.VerifyVault(access.With(t.Context(), access.System("*"))); err != nil || !sum.Holds || sum.Exhibits != 3 {
			t.Errorf("%+v %v", sum, err)
		}
	})
}

func second(_ int, err error) error { return err }

func fails(t *testing.T, what string, k fault.Kind, err error) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("%s: %v", what, err)
	}
}

// A firm changes its times within the limits and says why; erasing by the program itself is off until somebody switches it
// on.
func TestAFirmChangesItsTimes(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		e := w.seal(t, "m1")
		w.clock.Forward(40 * day)
		w.due(t)
		fails(t, "too short", fault.Invalid, w.Retention.Change(w.owner, w.firm, retention.NoCase, 29, "bo tak"))
		fails(t, "too long", fault.Invalid, w.Retention.Change(w.owner, w.firm, retention.NoCase, 366, "bo tak"))
		fails(t, "no reason", fault.Invalid, w.Retention.Change(w.owner, w.firm, retention.NoCase, 30, ""))
		fails(t, "no such kind", fault.NotFound, w.Retention.Change(w.owner, w.firm, "x", 30, "bo tak"))
		fails(t, "below the law's time", fault.Invalid, w.Retention.Change(w.owner, w.firm, retention.Private, 365, "bo tak"))
		fails(t, "a lawyer", fault.Forbidden, w.Retention.Change(w.as(t, access.Lawyer), w.firm, retention.NoCase, 30, "bo tak"))
		if err := w.Retention.Change(w.owner, w.firm, retention.NoCase, 30, "mniej danych"); err != nil {
			t.Fatal(err)
		}
		w.due(t, e.ID)
		system := access.With(t.Context(), access.System("*"))
		if err := w.Retention.Sweep(system, []string{w.firm}); err != nil {
			t.Fatal(err)
		}
		w.due(t, e.ID)
		if err := w.Retention.Change(w.owner, w.firm, retention.Auto, 1, "nikt nie ma czasu"); err != nil {
			t.Fatal(err)
		}
		if err := w.Retention.Sweep(system, []string{w.firm}); err != nil {
			t.Fatal(err)
		}
		w.due(t)
		if got, err := w.Evidence.Get(w.owner, w.firm, e.ID); err != nil || got.Removed.IsZero() {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// A line of the journal taken out whole, the last one too, leaves an entry of the ledger without an owner.
func TestALineTakenOutWholeIsNoticed(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		e := w.seal(t, "m1")
		if err := w.Evidence.Hold(w.owner, w.firm, e.ID, "pozew"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Ledger.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		system := access.With(t.Context(), access.System("*"))
		if sum, err := w.VerifyVault(system); err != nil || !sum.Holds {
			t.Fatalf("%+v %v", sum, err)
		}
		n, err := w.delete(t, `DELETE FROM journal WHERE firm_id = $1 AND verb = 'exhibit.held'`)
		if err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if _, err := w.delete(t, `UPDATE exhibit SET held_at = 0 WHERE firm_id = $1`); err != nil {
			t.Fatal(err)
		}
		if sum, err := w.VerifyVault(system); err != nil || sum.Holds || len(sum.Taken) != 1 {
			t.Errorf("%+v %v", sum, err)
		}
	})
}

func (w world) delete(t *testing.T, q string) (n int64, err error) {
	err = w.DB.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, q, w.firm)
		return err
	})
	return n, err
}
