package mention

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
	"chop/internal/source"
	"chop/internal/source/table"
)

// MaxImport is the largest file of mentions that is taken in, in bytes.
const MaxImport = 100 << 20

const (
	sampleRows = 200            // rows the mapping is guessed from
	draftLife  = 24 * time.Hour // a file nobody started is let go after this time
)

// Importer takes in files of mentions that a person brings: receive, map, start; the rest is a job.
type Importer struct {
	s       *Store
	journal *journal.Store
	dir     string
}

// NewImporter is an importer that keeps files in dir until they are read. The program registers Run for ImportDue,
// outside a transaction.
func NewImporter(s *Store, j *journal.Store, dir string) (*Importer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the folder of imports: %w", err)
	}
	return &Importer{s: s, journal: j, dir: dir}, nil
}

// ImportState says how far an import is.
type ImportState string

const (
	ImportDraft   ImportState = "draft"   // the file is here, a person looks at the mapping
	ImportRunning ImportState = "running" // the job reads
	ImportDone    ImportState = "done"
	ImportFailed  ImportState = "failed"  // the file cannot be read on; what came before is kept
	ImportStopped ImportState = "stopped" // a person stopped it; what came before is kept
)

// Import is one file on its way in.
type Import struct {
	Firm, ID  string
	Source    string // empty until started
	Name      string // of the file
	Size      int64
	SHA256    string
	Mapping   table.Mapping
	Channel   string
	State     ImportState
	By        string
	CreatedAt time.Time
	StartedAt time.Time
	EndedAt   time.Time
	Row       int   // last row behind us
	Read      int64 // bytes behind us, near enough for a progress bar

	Imported, Changed, Known, Problems int

	Error     string // fault code that ended it
	ErrorData map[string]any
}

// Percent is how much of the file is behind us.
func (i Import) Percent() int {
	switch {
	case i.State == ImportDone:
		return 100
	case i.Size == 0:
		return 0
	}
	return int(min(99, i.Read*100/i.Size))
}

// ImportRef points at an import.
func ImportRef(id string) reason.Ref { return reason.Ref{Kind: "import", ID: id} }

// ImportDue asks the job to read on.
type ImportDue struct{ Firm, Run string }

// Kind names the event.
func (ImportDue) Kind() string { return "mention.import_due" }

func (im *Importer) file(id string) string { return filepath.Join(im.dir, id) }

// Receive writes an uploaded file to disk as it comes, looks at its form and proposes a mapping. Needs
// access.ManageSources. Faults: Invalid "import.too_large", "import.nothing", and those of table.Sniff and table.Open.
func (im *Importer) Receive(ctx context.Context, firm, name string, r io.Reader) (Import, error) {
	if err := access.Check(ctx, access.ManageSources, firm); err != nil {
		return Import{}, err
	}
	if err := im.sweep(ctx); err != nil {
		return Import{}, err
	}
	run := Import{Firm: firm, ID: db.NewID(), Name: fileName(name), State: ImportDraft, By: access.From(ctx).User}
	if err := im.write(&run, r); err != nil {
		return Import{}, errors.Join(err, im.drop(run.ID))
	}
	err := im.propose(&run)
	if err == nil {
		err = im.insert(ctx, &run)
	}
	if err != nil {
		return Import{}, errors.Join(err, im.drop(run.ID))
	}
	return run, nil
}

// fileName keeps the last part of a name, without marks that could disguise it.
func fileName(s string) string {
	s = path.Base(strings.ReplaceAll(clean(s), `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
	rs := []rune(strings.TrimSpace(s))
	if len(rs) > 120 {
		rs = rs[len(rs)-120:]
	}
	if len(rs) == 0 || string(rs) == "." || string(rs) == "/" {
		return "import"
	}
	return string(rs)
}

func (im *Importer) write(run *Import, r io.Reader) (err error) {
	f, err := os.OpenFile(im.file(run.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep the file: %w", err)
	}
	sum := sha256.New()
	run.Size, err = io.Copy(io.MultiWriter(f, sum), io.LimitReader(r, MaxImport+1))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep the file: %w", err)
	}
	run.SHA256 = hex.EncodeToString(sum.Sum(nil))
	switch {
	case run.Size > MaxImport:
		return fault.New(fault.Invalid, "import.too_large", "Limit", MaxImport>>20).On("file")
	case run.Size == 0:
		return fault.New(fault.Invalid, "import.nothing").On("file")
	}
	return nil
}

// open opens the run's file by its content and the name it came with.
func (im *Importer) open(run Import) (*table.Table, *os.File, error) {
	f, err := os.Open(im.file(run.ID))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fault.New(fault.Invalid, "import.file_gone").On("file")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open the file: %w", err)
	}
	t, err := openTable(f, run)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return t, f, nil
}

func openTable(f *os.File, run Import) (*table.Table, error) {
	head := make([]byte, min(run.Size, 64<<10))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	form, err := table.Sniff(run.Name, head)
	if err != nil {
		return nil, err
	}
	return table.Open(f, run.Size, form)
}

// peek reads the headers and the first rows.
func (im *Importer) peek(run Import, n int) (headers []string, rows []table.Row, err error) {
	t, f, err := im.open(run)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	defer t.Close()
	for len(rows) < n {
		row, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if row.Err != nil || strings.TrimSpace(strings.Join(row.Cells, "")) != "" {
			rows = append(rows, row)
		}
	}
	return t.Headers(), rows, nil
}

func (im *Importer) propose(run *Import) error {
	headers, rows, err := im.peek(*run, sampleRows)
	if err != nil {
		return err
	}
	var sample [][]string
	for _, r := range rows {
		if r.Err == nil {
			sample = append(sample, r.Cells)
		}
	}
	run.Mapping = table.Guess(headers, sample)
	return nil
}

func (im *Importer) drop(id string) error {
	if err := os.Remove(im.file(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the file: %w", err)
	}
	return nil
}

// sweep lets go of files that nobody started, and of those a crash left without a row.
func (im *Importer) sweep(ctx context.Context) error {
	old := im.s.DB.Now().Add(-draftLife)
	err := im.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM import_run WHERE state = $1 AND created_at < $2`, string(ImportDraft), old)
		return err
	})
	if err != nil {
		return fmt.Errorf("let go of old drafts: %w", err)
	}
	left, err := os.ReadDir(im.dir)
	if err != nil {
		return fmt.Errorf("look for left files: %w", err)
	}
	for _, e := range left {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < draftLife {
			continue
		}
		run, err := im.byID(ctx, e.Name())
		if err == nil && run.State == ImportRunning {
			continue
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err := im.drop(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

const importColumns = `firm_id, id, source_id, name, size, sha256, mapping, channel, state, by_id, created_at, started_at, ended_at, row_no,
	bytes_read, imported, changed, known, problems, error, error_data`

func (im *Importer) insert(ctx context.Context, run *Import) error {
	return im.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		run.CreatedAt = tx.Now()
		_, err := tx.Exec(ctx, `INSERT INTO import_run (firm_id, id, name, size, sha256, mapping, state, by_id, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, run.Firm, run.ID, run.Name, run.Size, run.SHA256, text(run.Mapping),
			string(run.State), run.By, run.CreatedAt)
		if err != nil {
			return fmt.Errorf("save import: %w", err)
		}
		return nil
	})
}

// text writes what always marshals.
func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func (im *Importer) query(ctx context.Context, where string, args ...any) (runs []Import, err error) {
	err = im.s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+importColumns+` FROM import_run WHERE `+where, args, func(scan func(...any) error) error {
			var i Import
			var mapping, data string
			err := scan(&i.Firm, &i.ID, &i.Source, &i.Name, &i.Size, &i.SHA256, &mapping, &i.Channel, &i.State, &i.By, &i.CreatedAt,
				&i.StartedAt, &i.EndedAt, &i.Row, &i.Read, &i.Imported, &i.Changed, &i.Known, &i.Problems, &i.Error, &data)
			if err == nil {
				i.ErrorData, err = places(data)
			}
			if err == nil {
				err = json.Unmarshal([]byte(mapping), &i.Mapping)
			}
			runs = append(runs, i)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read imports: %w", err)
	}
	return runs, nil
}

// places reads the data of a message; numbers stay as they were written.
func places(s string) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	m := map[string]any{}
	return m, d.Decode(&m)
}

func (im *Importer) byID(ctx context.Context, id string) (Import, error) {
	runs, err := im.query(ctx, `id = $1`, id)
	if err == nil && len(runs) == 0 {
		err = fault.Missing("import")
	}
	if err != nil {
		return Import{}, err
	}
	return runs[0], nil
}

// Find is one import. Needs access.ManageSources; fault.NotFound when it does not exist or belongs to a firm that is
// not the principal's.
func (im *Importer) Find(ctx context.Context, id string) (Import, error) {
	run, err := im.byID(ctx, id)
	if err == nil {
		err = access.Check(ctx, access.ManageSources, run.Firm)
	}
	if err != nil {
		return Import{}, err
	}
	return run, nil
}

// Imports lists the firm's imports that were started, newest first, at most 20. Needs access.ManageSources.
func (im *Importer) Imports(ctx context.Context, firm string) ([]Import, error) {
	if err := access.Check(ctx, access.ManageSources, firm); err != nil {
		return nil, err
	}
	return im.query(ctx, `firm_id = $1 AND state <> $2 ORDER BY id DESC LIMIT 20`, firm, string(ImportDraft))
}

// Remap keeps the mapping a person chose for a draft. Needs access.ManageSources. Faults: those of Mapping.Check;
// Conflict "import.started".
func (im *Importer) Remap(ctx context.Context, id string, m table.Mapping) error {
	run, err := im.Find(ctx, id)
	if err != nil {
		return err
	}
	headers, _, err := im.peek(run, 0)
	if err != nil {
		return err
	}
	if err := m.Check(headers); err != nil {
		return err
	}
	return im.change(ctx, run, `mapping = $4`, text(m))
}

// change updates a draft.
func (im *Importer) change(ctx context.Context, run Import, set string, args ...any) error {
	return im.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE import_run SET `+set+` WHERE firm_id = $1 AND id = $2 AND state = $3`,
			append([]any{run.Firm, run.ID, string(ImportDraft)}, args...)...)
		if err == nil && n == 0 {
			err = fault.New(fault.Conflict, "import.started")
		}
		return err
	})
}

// Start begins to read the file into the firm's channel of that name, which is made when there is none: the same file
// in the same channel changes nothing the second time. Needs access.ManageSources. Faults: Invalid "table.channel";
// those of Mapping.Check; Conflict "import.started".
func (im *Importer) Start(ctx context.Context, id, channel string) (Import, error) {
	run, err := im.Find(ctx, id)
	if err != nil {
		return run, err
	}
	if channel = strings.Join(strings.Fields(clean(channel)), " "); channel == "" || len(channel) > 200 {
		return run, fault.New(fault.Invalid, "table.channel").On("channel")
	}
	headers, _, err := im.peek(run, 0)
	if err != nil {
		return run, err
	}
	if err := run.Mapping.Check(headers); err != nil {
		return run, err
	}
	err = im.s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return im.start(ctx, tx, &run, channel) })
	if err != nil {
		return run, fmt.Errorf("start import: %w", err)
	}
	return run, nil
}

func (im *Importer) start(ctx context.Context, tx *db.Tx, run *Import, channel string) error {
	src, err := im.channel(ctx, run.Firm, channel, run.Mapping.Zone)
	if err != nil {
		return err
	}
	if run.Mapping.Constants == nil {
		run.Mapping.Constants = map[table.Field]string{}
	}
	run.Mapping.Constants[table.Channel] = cmp.Or(run.Mapping.Constants[table.Channel], src.Name)
	// The name as the channel has it goes into the ids that are made for rows without one.
	run.Source, run.Channel, run.State, run.StartedAt = src.ID, src.Name, ImportRunning, tx.Now()
	if err := im.change(ctx, *run, `state = $4, source_id = $5, channel = $6, started_at = $7, mapping = $8`,
		string(run.State), run.Source, run.Channel, run.StartedAt, text(run.Mapping)); err != nil {
		return err
	}
	tx.Touch(run.Firm, "sources")
	if err := im.s.Jobs.Put(ctx, ImportDue{Firm: run.Firm, Run: run.ID}); err != nil {
		return err
	}
	return im.journal.Record(ctx, journal.Entry{Firm: run.Firm, Ref: source.Ref(src.ID), Verb: "import.started",
		Data: map[string]string{"import": run.ID, "sha256": run.SHA256}})
}

// channel is the firm's import channel of that name.
func (im *Importer) channel(ctx context.Context, firm, name, zone string) (source.Source, error) {
	all, err := im.s.Sources.List(ctx, firm)
	if err != nil {
		return source.Source{}, err
	}
	for _, s := range all {
		if s.Kind == table.Kind && strings.EqualFold(s.Name, name) {
			return s, nil
		}
	}
	src, _, err := im.s.Sources.Connect(ctx, firm, table.Kind, name, source.Settings{"channel": name, "zone": zone})
	return src, err
}

// Stop ends a running import; what was taken in stays. Needs access.ManageSources.
func (im *Importer) Stop(ctx context.Context, id string) error {
	run, err := im.Find(ctx, id)
	if err != nil {
		return err
	}
	return im.end(ctx, run, ImportStopped, nil)
}
