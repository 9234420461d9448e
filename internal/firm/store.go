package firm

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/reason"
)

// Store keeps the firms.
type Store struct {
	db      *db.DB
	journal *journal.Store
}

// New is a store on the database; every change goes into the journal.
func New(d *db.DB, j *journal.Store) *Store { return &Store{db: d, journal: j} }

// RefKind is the kind of a reason.Ref that points at a firm.
const RefKind = "firm"

// Create adds a firm and gives it an id and a free slug. Administrators and the program itself may.
func (s *Store) Create(ctx context.Context, f Firm) (Firm, error) {
	if err := access.CheckAny(ctx, access.Install); err != nil {
		return Firm{}, err
	}
	f, err := Clean(f)
	if err != nil {
		return Firm{}, err
	}
	settings, err := f.Settings.text()
	if err != nil {
		return Firm{}, err
	}
	f.ID = db.NewID()
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		f.Created, f.Archived = tx.Now(), time.Time{}
		if f.Slug, err = insert(ctx, tx, f, settings); err != nil {
			return err
		}
		return s.record(ctx, f.ID, "firm.created", "")
	})
	if err != nil {
		return Firm{}, fmt.Errorf("create firm: %w", err)
	}
	return f, nil
}

// insert tries the short names one after another; the table's unique key decides between two that come at once.
func insert(ctx context.Context, tx *db.Tx, f Firm, settings string) (string, error) {
	for _, slug := range slugs(f.Name) {
		n, err := tx.Exec(ctx, `INSERT INTO firm (id, name, slug, trade, city, lang, words, settings, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (slug) DO NOTHING`,
			f.ID, f.Name, slug, f.Trade, f.City, string(f.Lang), strings.Join(f.Words, "\n"), settings, f.Created)
		if err != nil || n == 1 {
			return slug, err
		}
	}
	return "", fault.New(fault.Conflict, "firm.slug").On("name")
}

const columns = `id, name, slug, trade, city, lang, words, settings, created_at, archived_at`

func read(scan func(...any) error) (Firm, error) {
	var f Firm
	var tag, words, settings string
	err := scan(&f.ID, &f.Name, &f.Slug, &f.Trade, &f.City, &tag, &words, &settings, &f.Created, &f.Archived)
	if err != nil {
		return f, err
	}
	f.Lang = lang.Parse(tag)
	if words != "" {
		f.Words = strings.Split(words, "\n")
	}
	f.Settings, err = readSettings(settings)
	return f, err
}

// Find is one firm, archived or not. Everybody with a role there may; others learn NotFound.
func (s *Store) Find(ctx context.Context, id string) (Firm, error) {
	if err := access.Check(ctx, access.ViewFirm, id); err != nil {
		return Firm{}, err
	}
	return s.find(ctx, id)
}

func (s *Store) find(ctx context.Context, id string) (f Firm, err error) {
	found := false
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM firm WHERE id = $1`, []any{id}, func(scan func(...any) error) error {
			found = true
			f, err = read(scan)
			return err
		})
	})
	if err != nil {
		return f, fmt.Errorf("find firm: %w", err)
	}
	if !found {
		return f, fault.Missing("firm")
	}
	return f, nil
}

// List is the firms the principal may know, by name, archived ones left out. Administrators and the program itself
// see all of them.
func (s *Store) List(ctx context.Context) ([]Firm, error) {
	a := access.From(ctx)
	where, args := "", []any(nil)
	if !a.Admin && a.System != "*" {
		ids := access.Scope(ctx, access.ViewFirm)
		if len(ids) == 0 {
			return nil, nil
		}
		where, args = ` AND id IN (`+db.Marks(1, len(ids))+`)`, db.Args(ids)
	}
	var fs []Firm
	err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM firm WHERE archived_at = 0`+where+` ORDER BY lower(name), id`, args,
			func(scan func(...any) error) error {
				f, err := read(scan)
				fs = append(fs, f)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list firms: %w", err)
	}
	return fs, nil
}

// Update saves the firm's name, trade, city, language, words and settings; why is kept in the journal. The slug
// never changes, because case numbers carry it.
func (s *Store) Update(ctx context.Context, f Firm, why string) (Firm, error) {
	if err := access.Check(ctx, access.ManageFirm, f.ID); err != nil {
		return Firm{}, err
	}
	f, err := Clean(f)
	if err != nil {
		return Firm{}, err
	}
	settings, err := f.Settings.text()
	if err != nil {
		return Firm{}, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE firm SET name = $2, trade = $3, city = $4, lang = $5, words = $6, settings = $7
			WHERE id = $1 AND archived_at = 0`, f.ID, f.Name, f.Trade, f.City, string(f.Lang), strings.Join(f.Words, "\n"), settings)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("firm")
		}
		if f, err = s.find(ctx, f.ID); err != nil {
			return err
		}
		return s.record(ctx, f.ID, "firm.updated", why)
	})
	if err != nil {
		return Firm{}, fmt.Errorf("update firm: %w", err)
	}
	return f, nil
}

// Archive ends the guarding of a firm; nothing is deleted. Administrators may, with a reason.
func (s *Store) Archive(ctx context.Context, id, why string) error {
	if err := access.CheckAny(ctx, access.Install); err != nil {
		return err
	}
	if why = OneLine(why); why == "" {
		return fault.New(fault.Invalid, "firm.why").On("why")
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE firm SET archived_at = $2 WHERE id = $1 AND archived_at = 0`, id, tx.Now())
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("firm")
		}
		return s.record(ctx, id, "firm.archived", why)
	})
	if err != nil {
		return fmt.Errorf("archive firm: %w", err)
	}
	return nil
}

func (s *Store) record(ctx context.Context, id, verb, why string) error {
	return s.journal.Record(ctx, journal.Entry{Firm: id, Ref: reason.Ref{Kind: RefKind, ID: id}, Verb: verb, Why: why})
}
