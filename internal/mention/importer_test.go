package mention

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/source"
	"chop/internal/source/table"
)

// importWorld is a world with an importer and a guardian in the context.
type importWorld struct {
	*world
	im *Importer
}

func newImportWorld(t testing.TB, d *db.DB, clock *dbtest.Clock) *importWorld {
	t.Helper()
	w := newWorld(t, d, clock, &place{next: func() (source.Batch, error) { return source.Batch{}, nil }})
	w.Sources.Registry[table.Kind] = table.New()
	im, err := NewImporter(w.Store, w.Sources.Journal, t.TempDir())
	check(t, err)
	job.Outside(w.Jobs, "import", im.Run)
	return &importWorld{w, im}
}

// sheet is a file of n rows; the broken ones have no date.
func sheet(n int, broken ...int) string {
	var b strings.Builder
	b.WriteString("Data;Autor;Treść;Ocena\n")
	bad := map[int]bool{}
	for _, i := range broken {
		bad[i] = true
	}
	for i := range n {
		date := fmt.Sprintf("2026-11-%02d %02d:%02d", 1+i/1440%20, i/60%24, i%60)
		if bad[i] {
			date = "kiedyś"
		}
		fmt.Fprintf(&b, "%s;Klient %d;Obrus numer %d zbiegł się w praniu;%d\n", date, i%40, i, 1+i%5)
	}
	return b.String()
}

func (w *importWorld) start(t testing.TB, file, channel string) Import {
	t.Helper()
	run, err := w.im.Receive(w.ctx, "f1", "opinie.csv", strings.NewReader(file))
	check(t, err)
	run, err = w.im.Start(w.ctx, run.ID, channel)
	check(t, err)
	return run
}

func (w *importWorld) find(t testing.TB, id string) Import {
	t.Helper()
	run, err := w.im.Find(w.ctx, id)
	check(t, err)
	return run
}

func (w *importWorld) count(t testing.TB, sql string) (n int) {
	t.Helper()
	check(t, w.d.Read(w.ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, sql, nil, &n)
		return err
	}))
	return n
}

func TestAnImportTakesInEveryRowAndNamesTheBrokenOnes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newImportWorld(t, d, clock)
		run := w.start(t, sheet(1203, 7, 640), "Opineo")
		if run.State != ImportRunning || run.Percent() != 0 {
			t.Fatalf("%+v", run)
		}
		check(t, w.Jobs.Drain(w.ctx))
		got := w.find(t, run.ID)
		if got.State != ImportDone || got.Imported != 1201 || got.Problems != 2 || got.Known != 0 || got.Percent() != 100 {
			t.Fatalf("%+v", got)
		}
		ps, err := w.im.Trouble(w.ctx, got, 0, 0)
		check(t, err)
		if len(ps) != 2 || ps[0].Row != 9 || ps[1].Row != 642 || ps[0].Fault.Code != "table.date" {
			t.Fatalf("%+v", ps)
		}
		if n := w.count(t, `SELECT count(*) FROM mention`); n != 1201 {
			t.Errorf("%d mentions", n)
		}
		if n := w.count(t, `SELECT count(*) FROM delivery`); n != 4 { // the file once, and three chunks of rows
			t.Errorf("%d deliveries", n)
		}
		if n := w.count(t, `SELECT count(*) FROM mention WHERE delivery_id = ''`); n != 0 {
			t.Errorf("%d mentions without what they came in", n)
		}
		if _, err := os.Stat(w.im.file(run.ID)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file lies there still: %v", err)
		}
	})
}

func TestTheSameFileAgainChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newImportWorld(t, d, clock)
		first := w.start(t, sheet(30), "Opineo")
		check(t, w.Jobs.Drain(w.ctx))
		again := w.start(t, sheet(30), " opineo ")
		check(t, w.Jobs.Drain(w.ctx))
		got := w.find(t, again.ID)
		if got.Source != first.Source || got.Imported != 0 || got.Known != 30 || got.Changed != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestAnImportGoesOnWhereItWasCut dies at any instant of any transaction and begins again from what is on disk.
func TestAnImportGoesOnWhereItWasCut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		clock := dbtest.NewClock()
		w := newImportWorld(t, dbtest.OpenSQLite(t, clock.Now), clock)
		rows := rapid.IntRange(1, 900).Draw(rt, "rows")
		run := w.start(t, sheet(rows), "Opineo")
		sys := access.With(t.Context(), access.System("*"))
		for range rapid.IntRange(0, 3).Draw(rt, "cuts") {
			stop := rapid.IntRange(1, 40).Draw(rt, "steps")
			ctx := &dying{Context: sys, left: stop}
			_ = w.im.Run(ctx, ImportDue{Firm: "f1", Run: run.ID})
		}
		check(t, w.im.Run(sys, ImportDue{Firm: "f1", Run: run.ID}))
		got := w.find(t, run.ID)
		if got.State != ImportDone || got.Imported != rows || got.Known != 0 {
			rt.Fatalf("%d rows: %+v", rows, got)
		}
		if n := w.count(t, `SELECT count(*) FROM mention`); n != rows {
			rt.Fatalf("%d mentions of %d rows", n, rows)
		}
		if n := w.count(t, `SELECT count(*) FROM delivery WHERE url = 'file:opinie.csv'`); n != 1 {
			rt.Fatalf("the file is kept %d times", n)
		}
	})
}

// dying is a context that ends after it was asked so many times.
type dying struct {
	context.Context
	left int
}

func (d *dying) Err() error {
	if d.left--; d.left < 0 {
		return context.Canceled
	}
	return d.Context.Err()
}

func TestTwoWorkersOnOneImportDoNotDouble(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newImportWorld(t, d, clock)
		run := w.start(t, sheet(1400), "Opineo")
		sys := access.With(t.Context(), access.System("*"))
		done := make(chan error, 2)
		for range 2 {
			go func() { done <- w.im.Run(sys, ImportDue{Firm: "f1", Run: run.ID}) }()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Log("one of them may fail and is tried again:", err)
			}
		}
		check(t, w.Jobs.Drain(w.ctx))
		got := w.find(t, run.ID)
		if got.State != ImportDone || got.Imported+got.Known != 1400 || w.count(t, `SELECT count(*) FROM mention`) != 1400 {
			t.Errorf("%+v", got)
		}
	})
}

func TestAFileThatCannotBeReadSaysWhy(t *testing.T) {
	clock := dbtest.NewClock()
	w := newImportWorld(t, dbtest.OpenSQLite(t, clock.Now), clock)
	for name, c := range map[string]struct {
		file string
		code string
	}{
		"empty":     {"", "import.nothing"},
		"picture":   {"\x89PNG\r\n\x1a\n0000", "table.unknown"},
		"old excel": {"\xD0\xCF\x11\xE0abcdefgh", "table.old_excel"},
		"page":      {"<!doctype html><p>hej", "table.unknown"},
		"broken":    {"PK\x03\x04nothing", "table.broken"},
	} {
		_, err := w.im.Receive(w.ctx, "f1", "plik.xlsx", strings.NewReader(c.file))
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != c.code || !lang.PL.Has("fault."+f.Code) {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if left, err := os.ReadDir(w.im.dir); err != nil || len(left) != 0 {
		t.Errorf("%d refused files were kept, %v", len(left), err)
	}
}

func TestAFileOverTheLimitIsRefusedAndNotKept(t *testing.T) {
	clock := dbtest.NewClock()
	w := newImportWorld(t, dbtest.OpenSQLite(t, clock.Now), clock)
	_, err := w.im.Receive(w.ctx, "f1", "a.csv", &endless{line: []byte("2026-11-01;a;b;1\n")})
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "import.too_large" {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(w.im.dir); len(left) != 0 {
		t.Errorf("%d files left", len(left))
	}
}

type endless struct{ line []byte }

func (e *endless) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat(e.line, len(p)/len(e.line)+1)), nil
}

func TestOnlyWhoManagesSourcesImports(t *testing.T) {
	clock := dbtest.NewClock()
	w := newImportWorld(t, dbtest.OpenSQLite(t, clock.Now), clock)
	run := w.start(t, sheet(3), "Opineo")
	for role, kind := range map[access.Role]fault.Kind{access.Staff: fault.Forbidden, access.Lawyer: fault.Forbidden, "": fault.NotFound} {
		firms := map[string]access.Role{"f1": role}
		if role == "" {
			firms = map[string]access.Role{"f2": access.Guardian}
		}
		ctx := access.With(t.Context(), access.Principal{User: "x", Firms: firms})
		_, err := w.im.Receive(ctx, "f1", "a.csv", strings.NewReader(sheet(1)))
		_, found := w.im.Find(ctx, run.ID)
		_, seen := w.im.Preview(ctx, run.ID, 5)
		_, trouble := w.im.Trouble(ctx, run, 0, 5)
		for _, err := range []error{err, found, seen, trouble, w.im.Stop(ctx, run.ID), w.im.Remap(ctx, run.ID, run.Mapping)} {
			if !fault.Is(err, kind) {
				t.Errorf("%q: %v", role, err)
			}
		}
	}
}

func TestAMappingIsCorrectedAndKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newImportWorld(t, d, clock)
		file := "kiedy,kto,co\n03/04/2026,Ala,=HYPERLINK(\"x\")\n04/05/2026,Ola,<b>fatalnie</b>\n"
		run, err := w.im.Receive(w.ctx, "f1", "../../etc/pa\u202Esswd.csv", strings.NewReader(file))
		check(t, err)
		if run.Name != "passwd.csv" {
			t.Errorf("name %q", run.Name)
		}
		m := table.Mapping{Columns: map[table.Field]string{table.Date: "kiedy", table.Author: "kto", table.Text: "co"}, DateOrder: table.DMY}
		check(t, w.im.Remap(w.ctx, run.ID, m))
		p, err := w.im.Preview(w.ctx, run.ID, 5)
		check(t, err)
		if p.Err != nil || len(p.Rows) != 2 || p.Rows[1].Problem != nil || p.Rows[1].Item.At.Month() != time.May || p.Rows[1].Item.Text != "<b>fatalnie</b>" {
			t.Errorf("%+v", p)
		}
		check(t, w.im.SaveMapping(w.ctx, run.ID, "  Stara  gazeta "))
		kept, err := w.im.Mappings(w.ctx, "f1")
		check(t, err)
		if kept["Stara gazeta"].DateOrder != table.DMY {
			t.Errorf("%+v", kept)
		}
		if err := w.im.Remap(w.ctx, run.ID, table.Mapping{Columns: map[table.Field]string{table.Date: "nie ma"}}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		_, err = w.im.Start(w.ctx, run.ID, "Gazeta")
		check(t, err)
		if err := w.im.Remap(w.ctx, run.ID, m); !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	})
}

func TestAStoppedImportStaysStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newImportWorld(t, d, clock)
		run := w.start(t, sheet(10), "Opineo")
		check(t, w.im.Stop(w.ctx, run.ID))
		check(t, w.Jobs.Drain(w.ctx))
		if got := w.find(t, run.ID); got.State != ImportStopped || got.Imported != 0 {
			t.Errorf("%+v", got)
		}
		lines, _, err := w.Sources.Journal.List(w.ctx, "f1", journal.Filter{Verb: "import."}, journal.Page{})
		check(t, err)
		if len(lines) != 2 || lines[0].Verb != "import.stopped" || lines[1].Verb != "import.started" {
			t.Errorf("%+v", lines)
		}
	})
}
