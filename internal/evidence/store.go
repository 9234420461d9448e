package evidence

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"chop/internal/access"
	"chop/internal/blob"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/stamp"
	"chop/internal/tsa"
)

// Config is what the vault stands on.
type Config struct {
	DB      *db.DB
	Seal    *seal.Store
	Blob    blob.Store
	Ledger  *ledger.Log
	Journal *journal.Store
	Stamps  *stamp.Store // nil: nothing is stamped
	Version string       // of this program, written into every manifest
}

// Store is the vault.
type Store struct {
	db      *db.DB
	seal    *seal.Store
	blob    blob.Store
	ledger  *ledger.Log
	journal *journal.Store
	stamps  *stamp.Store
	version string
	alone   *sync.Mutex // held while a large file is verified
}

// New is the vault on its parts.
func New(c Config) *Store {
	return &Store{db: c.DB, seal: c.Seal, blob: c.Blob, ledger: c.Ledger, journal: c.Journal, stamps: c.Stamps, version: c.Version, alone: &sync.Mutex{}}
}

const (
	saltSize       = 32
	purposeExhibit = "exhibit"
	purposeFile    = "exhibit file"
)

// Preserve seals a capture in the context's transaction and returns its exhibit. The same capture of the same thing
// (files, title, meta, limits, cause) is kept once: a second call returns the first exhibit. Needs access.Preserve.
// Faults: Invalid "evidence.title", "evidence.files", "evidence.file_name", "evidence.too_large"; Unavailable
// "blob.full"; NotFound "seal.forgotten".
func (s *Store) Preserve(ctx context.Context, c Capture) (Exhibit, error) {
	if err := access.Check(ctx, access.Preserve, c.Firm); err != nil {
		return Exhibit{}, err
	}
	c, err := clean(c)
	if err != nil {
		return Exhibit{}, err
	}
	files := describe(c.Files)
	mark, err := s.mark(ctx, c, files)
	if err != nil {
		return Exhibit{}, fmt.Errorf("preserve: %w", err)
	}
	if e, found, err := s.one(ctx, whereMark, c.Firm, c.Ref.Kind, c.Ref.ID, mark); found || err != nil {
		return e, err
	}
	// The files are on disk before the rows commit; what a rolled-back transaction leaves is unreadable and harmless.
	in := entry{id: db.NewID(), mark: mark, files: files}
	if in.key, in.wrapped, err = s.seal.NewOwn(ctx, c.Firm, purposeExhibit, in.id); err != nil {
		return Exhibit{}, fmt.Errorf("preserve: %w", err)
	}
	if in.blobs, err = s.put(ctx, c, in); err != nil {
		return Exhibit{}, fmt.Errorf("preserve: %w", err)
	}
	var e Exhibit
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		e, err = s.enter(ctx, tx, c, in)
		return err
	})
	if err != nil {
		return Exhibit{}, fmt.Errorf("preserve: %w", err)
	}
	return e, nil
}

const whereMark = `firm_id = $1 AND ref_kind = $2 AND ref_id = $3 AND mark = $4`

func (s *Store) mark(ctx context.Context, c Capture, files []FileInfo) (string, error) {
	raw, err := content(c, files)
	if err != nil {
		return "", err
	}
	m, err := s.seal.Mark(ctx, c.Firm, purposeExhibit, raw)
	return hex.EncodeToString(m), err
}

// put seals the files with the exhibit's own key and stores them; it returns their addresses in order.
func (s *Store) put(ctx context.Context, c Capture, in entry) ([]string, error) {
	blobs := make([]string, len(c.Files))
	for i, f := range c.Files {
		sealed, err := in.key.Seal(purposeFile, in.id+"/"+f.Name, f.Body)
		if err != nil {
			return nil, err
		}
		if blobs[i], _, err = s.blob.Put(ctx, bytes.NewReader(sealed)); err != nil {
			return nil, err
		}
	}
	return blobs, nil
}

type entry struct {
	id, mark string
	files    []FileInfo
	blobs    []string
	key      seal.Own
	wrapped  []byte // key, as it is kept
}

// enter writes the rows. The firm's counter is locked first, so that of two equal captures the second finds the first.
func (s *Store) enter(ctx context.Context, tx *db.Tx, c Capture, in entry) (Exhibit, error) {
	if err := lock(ctx, tx, c.Firm); err != nil {
		return Exhibit{}, err
	}
	if e, found, err := s.one(ctx, whereMark, c.Firm, c.Ref.Kind, c.Ref.ID, in.mark); found || err != nil {
		return e, err
	}
	m, err := s.describe(ctx, tx, c, in)
	if err != nil {
		return Exhibit{}, err
	}
	raw, err := m.bytes()
	if err != nil {
		return Exhibit{}, err
	}
	salt := make([]byte, saltSize)
	rand.Read(salt)
	sealed, err := in.key.Seal(purposeExhibit, in.id, append(bytes.Clone(salt), raw...))
	if err != nil {
		return Exhibit{}, err
	}
	ticket, err := s.ledger.Append(ctx, ledger.Commit(salt, raw))
	if err != nil {
		return Exhibit{}, err
	}
	if err := insert(ctx, tx, m, in, sealed, ticket, tx.Now()); err != nil {
		return Exhibit{}, err
	}
	if err := s.record(ctx, c.Firm, in.id, "exhibit.preserved", "", map[string]string{
		"code": m.Code, "cause": c.Cause, "ref": c.Ref.String(), "files": fmt.Sprint(len(in.files)), "manifest": digest(raw)}); err != nil {
		return Exhibit{}, err
	}
	if err := s.stamps.Want(ctx, c.Firm, reason.Ref{Kind: RefKind, ID: in.id}, tsa.Sum(raw)); err != nil {
		return Exhibit{}, err
	}
	tx.Touch(c.Firm, Topic)
	e := Exhibit{ID: in.id, Firm: c.Firm, Number: m.Number, Ref: c.Ref, Cause: c.Cause, At: tx.Now(), By: m.By.ID, Prev: m.Prev, Sealed: Waits}
	return m.fill(e), nil
}

func lock(ctx context.Context, tx *db.Tx, firm string) error {
	if _, err := tx.Exec(ctx, `INSERT INTO exhibit_counter (firm_id, last) VALUES ($1, 0) ON CONFLICT (firm_id) DO NOTHING`, firm); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE exhibit_counter SET last = last WHERE firm_id = $1`, firm)
	return err
}

// describe makes the manifest, with the next number and the link to the exhibit before.
func (s *Store) describe(ctx context.Context, tx *db.Tx, c Capture, in entry) (manifest, error) {
	who := access.From(ctx)
	m := manifest{Format: format, ID: in.id, Firm: c.Firm, Ref: c.Ref, Title: c.Title, Level: c.Level, Cause: c.Cause,
		At: tx.Now().Format(timeForm), Clock: s.clock(), By: person{who.User, who.Name}, Software: thisSoftware(s.version),
		Meta: c.Meta, Limits: c.Limits, Files: in.files}
	if _, err := tx.One(ctx, `UPDATE exhibit_counter SET last = last + 1 WHERE firm_id = $1 RETURNING last`, []any{c.Firm}, &m.Number); err != nil {
		return m, err
	}
	m.Code = code(m.Number)
	_, err := tx.One(ctx, `SELECT id FROM exhibit WHERE firm_id = $1 AND ref_kind = $2 AND ref_id = $3 AND removed_at = 0
		ORDER BY number DESC LIMIT 1`, []any{c.Firm, c.Ref.Kind, c.Ref.ID}, &m.Prev)
	return m, err
}

// clock is what the time of a manifest rests on.
func (s *Store) clock() string {
	if s.stamps.Counts(stamp.Exhibit) {
		return askedClock
	}
	return machineClock
}

func insert(ctx context.Context, tx *db.Tx, m manifest, in entry, sealed []byte, ticket int64, at time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO exhibit (firm_id, id, number, ref_kind, ref_id, made_at, made_by, cause, prev, mark, sealed, ticket, own_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		m.Firm, m.ID, m.Number, m.Ref.Kind, m.Ref.ID, at, m.By.ID, m.Cause, m.Prev, in.mark, sealed, ticket, in.wrapped)
	if err != nil {
		return err
	}
	rows := make([][]any, len(in.blobs))
	for i, b := range in.blobs {
		rows[i] = []any{m.Firm, m.ID, i, b}
	}
	_, err = tx.Insert(ctx, `INSERT INTO exhibit_file (firm_id, exhibit_id, n, blob)`, rows, "")
	return err
}

func (s *Store) record(ctx context.Context, firm, id, verb, why string, data map[string]string) error {
	return s.journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: RefKind, ID: id}, Verb: verb, Why: why, Data: data})
}

// fill adds to the columns what the manifest says.
func (m manifest) fill(e Exhibit) Exhibit {
	e.Title, e.Level, e.Name, e.Files, e.Meta, e.Limits = m.Title, m.Level, m.By.Name, m.Files, m.Meta, m.Limits
	return e
}

// row is an exhibit with what only the vault sees.
type row struct {
	Exhibit
	ticket   int64
	sealed   []byte
	salt     []byte
	manifest []byte // bytes as sealed
	wrapped  []byte // its own key; empty: sealed with the firm's, as exhibits of earlier versions are
	key      seal.Own
	said     manifest
	known    *known // when a whole page is verified
}

const columns = `firm_id, id, number, ref_kind, ref_id, made_at, made_by, cause, prev, sealed, ticket, held_at, removed_at, checked_at, checked, own_key, reviewed_at`

func (s *Store) rows(ctx context.Context, where string, args ...any) (rs []row, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := tx.Each(ctx, `SELECT `+columns+` FROM exhibit WHERE `+where, args, func(scan func(...any) error) error {
			var r row
			err := scan(&r.Firm, &r.ID, &r.Number, &r.Ref.Kind, &r.Ref.ID, &r.At, &r.By, &r.Cause, &r.Prev, &r.sealed, &r.ticket,
				&r.Held, &r.Removed, &r.CheckedAt, &r.Checked, &r.wrapped, &r.Reviewed)
			rs = append(rs, r)
			return err
		})
		for i := range rs {
			if err == nil {
				err = s.open(ctx, &rs[i])
			}
		}
		if err != nil {
			return err
		}
		return s.standing(ctx, rs)
	})
	if err != nil {
		return nil, fmt.Errorf("read exhibits: %w", err)
	}
	return rs, nil
}

// standing fills in how far each exhibit is sealed.
func (s *Store) standing(ctx context.Context, rs []row) error {
	tickets := make([]int64, len(rs))
	for i, r := range rs {
		tickets[i] = r.ticket
	}
	waits, err := s.ledger.Waiting(ctx, tickets)
	for i := range rs {
		r := &rs[i]
		switch {
		case !r.Removed.IsZero():
			r.Sealed = Gone
		case r.Unread || r.Checked == Fails:
			r.Sealed = Fails
		case waits[r.ticket]:
			r.Sealed = Waits
		default:
			r.Sealed = Holds
		}
	}
	return err
}

// open unseals the manifest. What does not open is marked and shown, not hidden: Verify names the reason.
func (s *Store) open(ctx context.Context, r *row) error {
	if !r.Removed.IsZero() {
		r.Checked = Gone
		return nil
	}
	plain, err := s.unseal(ctx, r)
	switch {
	case errors.Is(err, seal.ErrBroken) || err == nil && len(plain) < saltSize:
		r.Unread = true
		return nil
	case fault.Is(err, fault.NotFound):
		r.Forgotten = true
		return nil
	case err != nil:
		return err
	}
	r.salt, r.manifest = plain[:saltSize], plain[saltSize:]
	if err := json.Unmarshal(r.manifest, &r.said); err != nil {
		return fmt.Errorf("read manifest of %s: %w", r.ID, err)
	}
	r.Exhibit = r.said.fill(r.Exhibit)
	return nil
}

// unseal opens the sealed part of the row, with the exhibit's own key if it has one.
func (s *Store) unseal(ctx context.Context, r *row) (plain []byte, err error) {
	if len(r.wrapped) == 0 {
		return s.seal.Open(ctx, r.Firm, purposeExhibit, r.ID, r.sealed)
	}
	if r.key, err = s.seal.OpenOwn(ctx, r.Firm, purposeExhibit, r.ID, r.wrapped); err != nil {
		return nil, err
	}
	return r.key.Open(purposeExhibit, r.ID, r.sealed)
}

func (s *Store) one(ctx context.Context, where string, args ...any) (Exhibit, bool, error) {
	rs, err := s.rows(ctx, where, args...)
	if err != nil || len(rs) == 0 {
		return Exhibit{}, false, err
	}
	return rs[0].Exhibit, true, nil
}

func (s *Store) row(ctx context.Context, firm, id string) (row, error) {
	rs, err := s.rows(ctx, `firm_id = $1 AND id = $2`, firm, id)
	if err != nil {
		return row{}, err
	}
	if len(rs) == 0 {
		return row{}, fault.Missing("exhibit")
	}
	return rs[0], nil
}

// Get is one exhibit, removed or not. Needs access.ViewEvidence.
func (s *Store) Get(ctx context.Context, firm, id string) (Exhibit, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return Exhibit{}, err
	}
	r, err := s.row(ctx, firm, id)
	return r.Exhibit, err
}

// Of is every exhibit of a thing that is still here, oldest first. Needs access.ViewEvidence.
func (s *Store) Of(ctx context.Context, firm string, ref reason.Ref) ([]Exhibit, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return nil, err
	}
	rs, err := s.rows(ctx, whereRef+` ORDER BY number`, firm, ref.Kind, ref.ID)
	return exhibits(rs), err
}

const whereRef = `firm_id = $1 AND ref_kind = $2 AND ref_id = $3 AND removed_at = 0`

// Latest is the newest exhibit of a thing. Needs access.ViewEvidence. Faults: NotFound when there is none.
func (s *Store) Latest(ctx context.Context, firm string, ref reason.Ref) (Exhibit, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return Exhibit{}, err
	}
	e, found, err := s.one(ctx, whereRef+` ORDER BY number DESC LIMIT 1`, firm, ref.Kind, ref.ID)
	if err == nil && !found {
		err = fault.Missing("exhibit")
	}
	return e, err
}

// Has tells whether a thing has an exhibit that was not found broken: the gate of "proof before deed". It says nothing of its content, so anybody
// in the firm may ask.
func (s *Store) Has(ctx context.Context, firm string, ref reason.Ref) (found bool, err error) {
	if err := access.Check(ctx, access.ViewFirm, firm); err != nil {
		return false, err
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		var one int
		found, err = tx.One(ctx, `SELECT 1 FROM exhibit WHERE `+whereRef+` AND checked <> 'fails' LIMIT 1`, []any{firm, ref.Kind, ref.ID}, &one)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for an exhibit: %w", err)
	}
	return found, nil
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Firm    string // "": all firms in which the principal may see evidence
	Ref     reason.Ref
	Held    bool   // only exhibits under a legal hold
	Checked State  // only exhibits whose last verification ended so
	Waits   bool   // only exhibits that no checkpoint covers yet
	Before  string // id from the page before
	Limit   int    // 50 when zero, 500 at most
}

// List is exhibits that are still here, newest first, and the Before of the next page ("" at the end). Needs
// access.ViewEvidence in the firm asked for; without a firm it lists where the principal holds it.
func (s *Store) List(ctx context.Context, f Filter) (es []Exhibit, next string, err error) {
	firms, all, err := scope(ctx, f.Firm)
	if err != nil || !all && len(firms) == 0 {
		return nil, "", err
	}
	where, args := f.where(firms)
	limit := min(f.Limit, 500)
	if limit <= 0 {
		limit = 50
	}
	args = append(args, limit+1)
	rs, err := s.rows(ctx, where+fmt.Sprintf(" ORDER BY id DESC LIMIT $%d", len(args)), args...)
	if err != nil {
		return nil, "", err
	}
	if len(rs) > limit {
		rs = rs[:limit]
		next = rs[limit-1].ID
	}
	return exhibits(rs), next, nil
}

func scope(ctx context.Context, firm string) (firms []string, all bool, err error) {
	if firm != "" {
		return []string{firm}, false, access.Check(ctx, access.ViewEvidence, firm)
	}
	if access.From(ctx).System == "*" {
		return nil, true, nil
	}
	return access.Scope(ctx, access.ViewEvidence), false, nil
}

func (f Filter) where(firms []string) (string, []any) {
	conds, args := []string{"removed_at = 0"}, db.Args(firms)
	if len(firms) > 0 {
		conds = append(conds, "firm_id IN ("+db.Marks(1, len(firms))+")")
	}
	add := func(cond string, v any) {
		args = append(args, v)
		conds = append(conds, fmt.Sprintf("%s $%d", cond, len(args)))
	}
	if f.Ref != (reason.Ref{}) {
		add("ref_kind =", f.Ref.Kind)
		add("ref_id =", f.Ref.ID)
	}
	if f.Held {
		add("held_at >", 0)
	}
	if f.Checked != "" {
		add("checked =", string(f.Checked))
	}
	if f.Waits {
		conds = append(conds, waiting)
	}
	if f.Before != "" {
		add("id <", f.Before)
	}
	return strings.Join(conds, " AND "), args
}

func exhibits(rs []row) []Exhibit {
	var es []Exhibit
	for _, r := range rs {
		es = append(es, r.Exhibit)
	}
	return es
}

// Custody is the exhibit's chain of custody, oldest first. Needs access.ViewEvidence.
func (s *Store) Custody(ctx context.Context, firm, id string) ([]journal.Line, error) {
	return s.journal.Of(ctx, access.ViewEvidence, firm, reason.Ref{Kind: RefKind, ID: id})
}
