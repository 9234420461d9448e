package mention

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/source"
	"chop/internal/source/table"
)

const (
	importChunk = 500              // rows of one transaction
	importShift = 45 * time.Second // then the job makes room for others and goes on as a new one
	keptNotes   = 10_000           // problems kept with their row; more are only counted
)

// errEnded tells that the run is no longer ours: stopped by a person, or another worker is ahead.
var errEnded = errors.New("the import was ended or goes on elsewhere")

// Run reads on where the import stands. It hears ImportDue, outside a transaction; every chunk of rows commits
// together with the place reached, so nothing is lost or doubled whenever the process dies. A file that cannot be read
// ends the import with its fault and is not an error of the job.
func (im *Importer) Run(ctx context.Context, e ImportDue) error {
	run, err := im.byID(ctx, e.Run)
	if fault.Is(err, fault.NotFound) || err == nil && run.State != ImportRunning {
		return nil
	}
	if err != nil {
		return err
	}
	src, err := im.s.Sources.ByID(ctx, run.Source)
	if fault.Is(err, fault.NotFound) {
		return im.end(ctx, run, ImportFailed, fault.New(fault.Invalid, "import.channel_gone"))
	}
	if err != nil {
		return err
	}
	w := &importWork{im: im, run: run, src: src, until: time.Now().Add(importShift)}
	err = w.read(ctx)
	switch {
	case errors.Is(err, errEnded):
		return nil
	case fault.Is(err, fault.Invalid):
		return im.end(ctx, w.run, ImportFailed, err)
	case err != nil:
		return fmt.Errorf("import %s: %w", run.ID, err)
	case w.more:
		return im.s.Jobs.Put(ctx, ImportDue{Firm: run.Firm, Run: run.ID})
	}
	return im.end(ctx, w.run, ImportDone, nil)
}

// importWork is one shift of the job.
type importWork struct {
	im    *Importer
	run   Import
	src   source.Source
	until time.Time
	more  bool // the shift ended before the file

	rows  []source.Item
	notes [][]any
	last  int // row number of the newest row in hand
	err   error
}

func (w *importWork) read(ctx context.Context) error {
	t, f, err := w.im.open(w.run)
	if err != nil {
		return err
	}
	defer f.Close()
	defer t.Close()
	_, err = table.Read(ctx, t, w.run.Mapping, func(n int, it source.Item, problem error) bool {
		if n <= w.run.Row {
			return true // behind us since an earlier shift
		}
		w.take(n, it, problem)
		if len(w.rows)+len(w.notes) < importChunk {
			return true
		}
		at, _ := t.Progress()
		if w.err = w.save(ctx, f, at); w.err != nil {
			return false
		}
		w.more = time.Now().After(w.until)
		return !w.more
	})
	if err == nil {
		err = w.err
	}
	if err != nil || w.more {
		return err
	}
	return w.save(ctx, f, w.run.Size)
}

func (w *importWork) take(n int, it source.Item, problem error) {
	w.last = n
	if problem == nil {
		w.rows = append(w.rows, it)
		return
	}
	code, data := source.FaultOf(problem)
	w.notes = append(w.notes, []any{w.run.Firm, w.run.ID, n, code, clean(text(data))})
}

// save commits the rows in hand and the place reached.
func (w *importWork) save(ctx context.Context, f *os.File, at int64) error {
	if len(w.rows)+len(w.notes) == 0 {
		return nil
	}
	next := w.run
	err := w.im.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		next = w.run
		b, err := w.batch(f, tx.Now())
		if err != nil {
			return err
		}
		ev, err := w.im.s.Intake(ctx, w.src, b)
		if err != nil {
			return err
		}
		next.Row, next.Read = w.last, at
		next.Imported += len(ev.New)
		next.Changed += len(ev.Edited) + len(ev.Moved)
		next.Known += len(w.rows) - len(ev.New) - len(ev.Edited) - len(ev.Moved)
		next.Problems += len(w.notes)
		return w.note(ctx, tx, next)
	})
	if err != nil {
		return err
	}
	w.run, w.rows, w.notes = next, nil, nil
	return nil
}

func (w *importWork) note(ctx context.Context, tx *db.Tx, next Import) error {
	n, err := tx.Exec(ctx, `UPDATE import_run SET row_no = $4, bytes_read = $5, imported = $6, changed = $7, known = $8, problems = $9
		WHERE firm_id = $1 AND id = $2 AND state = 'running' AND row_no = $3`, next.Firm, next.ID, w.run.Row, next.Row, next.Read,
		next.Imported, next.Changed, next.Known, next.Problems)
	if err != nil {
		return fmt.Errorf("record the import's progress: %w", err)
	}
	if n == 0 {
		return errEnded
	}
	tx.Touch(next.Firm, "sources")
	keep := w.notes[:min(len(w.notes), max(0, keptNotes-w.run.Problems))]
	if len(keep) == 0 {
		return nil
	}
	_, err = tx.Insert(ctx, `INSERT INTO import_problem (firm_id, run_id, row_no, code, data)`, keep, `ON CONFLICT DO NOTHING`)
	if err != nil {
		return fmt.Errorf("record the import's problems: %w", err)
	}
	return nil
}

// batch makes a batch of the rows in hand. Its delivery is these rows as they were, so that an exhibit of one mention
// does not carry the whole file; the file itself comes along once, with the first rows.
func (w *importWork) batch(f *os.File, now time.Time) (source.Batch, error) {
	b := source.Batch{Items: w.rows}
	if len(w.rows) > 0 {
		var lines bytes.Buffer
		for _, it := range w.rows {
			lines.Write(it.Raw)
			lines.WriteByte('\n')
		}
		b.Deliveries = []source.Delivery{{URL: "import:" + w.run.ID, At: now, Body: lines.Bytes()}}
	}
	if w.run.Imported+w.run.Changed+w.run.Known > 0 || len(w.rows) == 0 {
		return b, nil
	}
	whole := make([]byte, w.run.Size)
	if _, err := f.ReadAt(whole, 0); err != nil {
		return b, fmt.Errorf("read the file: %w", err)
	}
	b.Deliveries = append(b.Deliveries, source.Delivery{URL: "file:" + w.run.Name, At: now, Body: whole})
	return b, nil
}

// end closes a running import; one that has ended already stays as it is.
func (im *Importer) end(ctx context.Context, run Import, as ImportState, cause error) error {
	code, data := "", map[string]any{}
	if cause != nil {
		code, data = source.FaultOf(cause)
		slog.Warn("import failed", "firm", run.Firm, "import", run.ID, "row", run.Row, "error", cause)
	}
	err := im.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE import_run SET state = $3, ended_at = $4, error = $5, error_data = $6
			WHERE firm_id = $1 AND id = $2 AND state = 'running'`, run.Firm, run.ID, string(as), tx.Now(), code, text(data))
		if err != nil || n == 0 {
			return err
		}
		tx.Touch(run.Firm, "sources")
		tx.AfterCommit(func() {
			if err := im.drop(run.ID); err != nil {
				slog.Error("remove an imported file", "import", run.ID, "error", err)
			}
		})
		return im.journal.Record(ctx, journal.Entry{Firm: run.Firm, Ref: source.Ref(run.Source), Verb: "import." + string(as),
			Data: map[string]string{"import": run.ID, "imported": fmt.Sprint(run.Imported), "known": fmt.Sprint(run.Known),
				"problems": fmt.Sprint(run.Problems)}})
	})
	if err != nil {
		return fmt.Errorf("end import: %w", err)
	}
	return nil
}

// ImportProblem is a row that could not be taken in. Fault says cause and cure.
type ImportProblem struct {
	Row   int
	Fault *fault.Error
}

// Trouble lists the rows that could not be taken in, from the row after `after` on, at most limit of them (all that are
// kept when zero). Needs access.ManageSources.
func (im *Importer) Trouble(ctx context.Context, run Import, after, limit int) (ps []ImportProblem, err error) {
	if err := access.Check(ctx, access.ManageSources, run.Firm); err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = keptNotes
	}
	err = im.s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT row_no, code, data FROM import_problem WHERE firm_id = $1 AND run_id = $2 AND row_no > $3
			ORDER BY row_no LIMIT $4`, []any{run.Firm, run.ID, after, limit}, func(scan func(...any) error) error {
			var p ImportProblem
			var code, data string
			if err := scan(&p.Row, &code, &data); err != nil {
				return err
			}
			m, err := places(data)
			p.Fault = &fault.Error{Kind: fault.Invalid, Code: code, Data: m}
			ps = append(ps, p)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the import's problems: %w", err)
	}
	return ps, nil
}
