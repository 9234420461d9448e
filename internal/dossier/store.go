package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/group"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/seal"
	"chop/internal/sign"
)

// Blobs keeps the sealed pieces.
type Blobs interface {
	Put(ctx context.Context, r io.Reader) (address string, size int64, err error)
	Read(address string) ([]byte, error)
	Remove(address string) error
}

// Token is a timestamp of an exhibit's manifest: the authority's answer and its chain of certificates.
type Token struct {
	Response []byte // RFC 3161 TimeStampResp
	Chain    []byte // PEM
	At       time.Time
	Name     string // of the authority
	Test     bool   // from the built-in authority, worth nothing in court
}

// Store makes and keeps packages.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Seal     *seal.Store
	Blob     Blobs
	Ledger   *ledger.Log
	Journal  *journal.Store
	Firms    *firm.Store
	Evidence *evidence.Store
	Cases    *crisis.Store
	Mentions *mention.Store
	Groups   *group.Store // nil: packages tell of none
	Keeper   *sign.Keeper
	Version  string

	Print  func(ctx context.Context, html []byte) ([]byte, error)           // HTML to PDF
	Tokens func(ctx context.Context, firm, exhibit string) ([]Token, error) // of an exhibit; nil: there are none
	Stamp  func(ctx context.Context, digest []byte) (Token, []byte, error)  // a timestamp of the seal, and the token alone; nil: no authority
}

const (
	purposeOrder = "dossier order"
	purposePiece = "dossier piece"
)

// Make orders a package; Build makes it. Needs access.ViewEvidence, for a case access.ViewCases too. Faults: Invalid
// "dossier.recipient", "dossier.why", "dossier.operator", "dossier.for_authors", "dossier.empty", "dossier.hide", "dossier.age",
// "dossier.many"; Conflict "evidence.broken" when an exhibit is known not to hold, "evidence.removed".
func (s *Store) Make(ctx context.Context, firm string, o Order) (p Package, err error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return p, err
	}
	if o, err = o.clean(); err != nil {
		return p, err
	}
	if o.Exhibits, err = s.chosen(ctx, firm, o); err != nil {
		return p, err
	}
	o.Favours = slices.DeleteFunc(o.Favours, func(id string) bool { return !slices.Contains(o.Exhibits, id) })
	who := access.From(ctx)
	p = Package{Firm: firm, ID: db.NewID(), Order: o, State: Waiting, Of: len(o.Exhibits), By: who.User, Name: who.Name, Exhibits: o.Exhibits}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		p.At = tx.Now()
		if err := s.insert(ctx, tx, &p); err != nil {
			return err
		}
		tx.Touch(firm, Topic)
		if err := s.record(ctx, p, "dossier.ordered", o.Why); err != nil {
			return err
		}
		return s.Jobs.Put(ctx, Build{firm, p.ID})
	})
	if err != nil {
		return Package{}, fmt.Errorf("order a package: %w", err)
	}
	return p, nil
}

// chosen is the exhibits of an order, each of which must be there and not known to be broken.
func (s *Store) chosen(ctx context.Context, firm string, o Order) ([]string, error) {
	ids := o.Exhibits
	if o.Case != "" {
		all, err := s.OfCase(ctx, firm, o.Case)
		if err != nil {
			return nil, err
		}
		var of []string
		for _, e := range all {
			if len(ids) == 0 || slices.Contains(ids, e.ID) {
				of = append(of, e.ID)
			}
		}
		ids = of
	}
	if len(ids) == 0 {
		return nil, fault.New(fault.Invalid, "dossier.empty").On("exhibits")
	}
	if len(ids) > MaxExhibits {
		return nil, fault.New(fault.Invalid, "dossier.many", "Max", MaxExhibits).On("exhibits")
	}
	for _, id := range ids {
		e, err := s.Evidence.Get(ctx, firm, id)
		switch {
		case err != nil:
			return nil, err
		case !e.Removed.IsZero():
			return nil, fault.New(fault.Conflict, "evidence.removed", "Code", e.Code())
		case e.Sealed == evidence.Fails:
			return nil, fault.New(fault.Conflict, "evidence.broken", "Code", e.Code())
		}
	}
	return ids, nil
}

// OfCase is the exhibits of everything in a case, and of the case itself, oldest first. Needs access.ViewCases and
// access.ViewEvidence.
func (s *Store) OfCase(ctx context.Context, firm, id string) ([]evidence.Exhibit, error) {
	items, err := s.Cases.Items(ctx, firm, id)
	if err != nil {
		return nil, err
	}
	byKind := map[string][]string{"case": {id}}
	for _, i := range items {
		byKind[i.Ref.Kind] = append(byKind[i.Ref.Kind], i.Ref.ID)
	}
	var all []evidence.Exhibit
	for kind, ids := range byKind {
		if kind == evidence.RefKind {
			for _, id := range ids {
				e, err := s.Evidence.Get(ctx, firm, id)
				if err != nil {
					return nil, err
				}
				all = append(all, e)
			}
			continue
		}
		es, err := s.Evidence.OfMany(ctx, firm, kind, ids)
		if err != nil {
			return nil, err
		}
		all = append(all, es...)
	}
	slices.SortFunc(all, func(a, b evidence.Exhibit) int { return a.Number - b.Number })
	return all, nil
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, p *Package) error {
	raw, err := json.Marshal(p.Order)
	if err != nil {
		return err
	}
	sealed, err := s.Seal.Seal(ctx, p.Firm, purposeOrder, p.ID, raw)
	if err != nil {
		return err
	}
	// The firm's row is locked, so that two orders do not get one number.
	if _, err := tx.Exec(ctx, `UPDATE firm SET id = id WHERE id = $1`, p.Firm); err != nil {
		return err
	}
	if _, err := tx.One(ctx, `SELECT coalesce(max(number), 0) + 1 FROM dossier WHERE firm_id = $1`, []any{p.Firm}, &p.Number); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO dossier (firm_id, id, number, sealed, crisis_id, state, total, made_by, made_name, made_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		p.Firm, p.ID, p.Number, sealed, p.Order.Case, string(p.State), p.Of, p.By, p.Name, p.At); err != nil {
		return err
	}
	rows := make([][]any, len(p.Exhibits))
	for i, id := range p.Exhibits {
		rows[i] = []any{p.Firm, p.ID, id}
	}
	_, err = tx.Insert(ctx, `INSERT INTO dossier_exhibit (firm_id, dossier_id, exhibit_id)`, rows, "")
	return err
}

func (s *Store) record(ctx context.Context, p Package, verb, why string) error {
	return s.Journal.Record(ctx, journal.Entry{Firm: p.Firm, Ref: p.Ref(), Verb: verb, Why: why,
		Data: map[string]string{"code": p.Code(), "exhibits": fmt.Sprint(p.Of), "sha256": p.SHA256}})
}

// Code is the package's number as people say it: P-001.
func (p Package) Code() string { return fmt.Sprintf("P-%03d", p.Number) }

// Get is one package. Needs access.ViewEvidence.
func (s *Store) Get(ctx context.Context, firm, id string) (Package, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return Package{}, err
	}
	return s.load(ctx, firm, id)
}

// List is the firm's packages, newest first, at most 200; without a firm those of every firm in which the principal holds
// access.ViewEvidence.
func (s *Store) List(ctx context.Context, firm string) ([]Package, error) {
	firms := access.Scope(ctx, access.ViewEvidence)
	if firm != "" {
		if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
			return nil, err
		}
		firms = []string{firm}
	}
	if len(firms) == 0 {
		return nil, nil
	}
	return s.rows(ctx, `firm_id IN (`+db.Marks(1, len(firms))+`) ORDER BY id DESC LIMIT 200`, db.Args(firms)...)
}

// With is the packages an exhibit went into, newest first. Needs access.ViewEvidence.
func (s *Store) With(ctx context.Context, firm, exhibit string) ([]Package, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return nil, err
	}
	return s.rows(ctx, `firm_id = $1 AND id IN (SELECT dossier_id FROM dossier_exhibit WHERE firm_id = $1 AND exhibit_id = $2) ORDER BY id DESC`, firm, exhibit)
}

func (s *Store) load(ctx context.Context, firm, id string) (Package, error) {
	list, err := s.rows(ctx, `firm_id = $1 AND id = $2`, firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("dossier")
	}
	if err != nil {
		return Package{}, err
	}
	p := list[0]
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT exhibit_id FROM dossier_exhibit WHERE firm_id = $1 AND dossier_id = $2 ORDER BY exhibit_id`, []any{firm, id},
			func(scan func(...any) error) error {
				var e string
				err := scan(&e)
				p.Exhibits = append(p.Exhibits, e)
				return err
			})
	})
	return p, err
}

func (s *Store) rows(ctx context.Context, where string, args ...any) (list []Package, err error) {
	var sealed [][]byte
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT firm_id, id, number, sealed, state, step, done, total, trouble, about, made_by, made_name, made_at, built_at, size, sha256, file
			FROM dossier WHERE `+where, args, func(scan func(...any) error) error {
			var p Package
			var raw []byte
			err := scan(&p.Firm, &p.ID, &p.Number, &raw, &p.State, &p.Step, &p.Done, &p.Of, &p.Trouble, &p.About, &p.By, &p.Name, &p.At, &p.BuiltAt,
				&p.Size, &p.SHA256, &p.File)
			list, sealed = append(list, p), append(sealed, raw)
			return err
		})
	})
	for i := range list {
		if err == nil {
			err = s.open(ctx, &list[i], sealed[i])
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read packages: %w", err)
	}
	return list, nil
}

func (s *Store) open(ctx context.Context, p *Package, sealed []byte) error {
	raw, err := s.Seal.Open(ctx, p.Firm, purposeOrder, p.ID, sealed)
	if fault.Is(err, fault.NotFound) {
		p.Forgotten = true
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, &p.Order)
}

// Download writes the file, after putting on record, with each exhibit, who took it and why. Needs access.ViewEvidence. Faults:
// Conflict "dossier.unready"; Invalid "dossier.why".
func (s *Store) Download(ctx context.Context, firm, id, why string, write func(name string, size int64, body func(yield func([]byte, error) bool)) error) error {
	p, err := s.Get(ctx, firm, id)
	if err != nil {
		return err
	}
	if p.State != Ready || p.Forgotten {
		return fault.New(fault.Conflict, "dossier.unready", "Code", p.Code())
	}
	if why = strings.TrimSpace(why); len([]rune(why)) < 3 {
		return fault.New(fault.Invalid, "dossier.why", "Max", 2000).On("why")
	}
	blobs, err := s.pieces(ctx, firm, id)
	if err != nil {
		return err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		tx.Touch(firm, evidence.Topic)
		if err := s.record(ctx, p, "dossier.downloaded", why); err != nil {
			return err
		}
		return s.Evidence.Hand(ctx, firm, p.Exhibits, "exhibit.handed", p.Order.Recipient, why)
	})
	if err != nil {
		return fmt.Errorf("download a package: %w", err)
	}
	return write(p.File, p.Size, func(yield func([]byte, error) bool) {
		for n, address := range blobs {
			body, err := s.piece(ctx, p, n, address)
			if !yield(body, err) || err != nil {
				return
			}
		}
	})
}

func (s *Store) piece(ctx context.Context, p Package, n int, address string) ([]byte, error) {
	sealed, err := s.Blob.Read(address)
	if err != nil {
		return nil, err
	}
	return s.Seal.Open(ctx, p.Firm, purposePiece, fmt.Sprint(p.ID, "/", n), sealed)
}

func (s *Store) pieces(ctx context.Context, firm, id string) (blobs []string, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT blob FROM dossier_piece WHERE firm_id = $1 AND dossier_id = $2 ORDER BY n`, []any{firm, id}, func(scan func(...any) error) error {
			var b string
			err := scan(&b)
			blobs = append(blobs, b)
			return err
		})
	})
	return blobs, err
}

// Discard removes a package's file; the order and the chain of custody remain. Needs access.ViewEvidence and a reason. Faults:
// Conflict "dossier.underway" while it is being made.
func (s *Store) Discard(ctx context.Context, firm, id, why string) error {
	p, err := s.Get(ctx, firm, id)
	if err != nil {
		return err
	}
	if len([]rune(strings.TrimSpace(why))) < 3 {
		return fault.New(fault.Invalid, "dossier.why", "Max", 2000).On("why")
	}
	if p.Underway() {
		return fault.New(fault.Conflict, "dossier.underway", "Code", p.Code())
	}
	blobs, err := s.pieces(ctx, firm, id)
	if err != nil {
		return err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM dossier_piece WHERE firm_id = $1 AND dossier_id = $2`, firm, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE dossier SET state = $3 WHERE firm_id = $1 AND id = $2`, firm, id, string(Gone)); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.drop(blobs) })
		tx.Touch(firm, Topic)
		return s.record(ctx, p, "dossier.discarded", why)
	})
	if err != nil {
		return fmt.Errorf("discard a package: %w", err)
	}
	return nil
}

// drop removes pieces that nothing points at any more.
func (s *Store) drop(blobs []string) {
	for _, b := range blobs {
		if err := s.Blob.Remove(b); err != nil && !errors.Is(err, context.Canceled) {
			slog.Error("remove a piece of a package", "blob", b, "error", err)
		}
	}
}
