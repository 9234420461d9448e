// Package journal records who did what to what and why, in the same transaction as the deed, sealed into the ledger.
package journal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Entry is what a verb puts on record. Data names ids, counts and states, never personal data of third parties; Why is
// in a person's own words.
type Entry struct {
	Firm string // "" for what concerns the installation
	Ref  reason.Ref
	Verb string // "case.opened"; its sentence is the message "journal.<Verb>"
	Why  string
	Data map[string]string
}

// Line is an entry on record.
type Line struct {
	Entry
	ID        string
	At        time.Time
	By        string // person id, "system", or "" when nobody was signed in
	Name      string // as it was then
	Forgotten bool   // the firm's key is gone: Name, Why and Data with it
	after     string
	ticket    int64
	salt      []byte
	body      []byte
}

// record is the sealed and committed form of a line. Its JSON bytes are kept and never made again.
type record struct {
	Firm string            `json:"firm"`
	ID   string            `json:"id"`
	At   int64             `json:"at"` // microseconds UTC
	By   string            `json:"by"`
	Name string            `json:"name"`
	Verb string            `json:"verb"`
	Kind string            `json:"ref_kind"`
	Ref  string            `json:"ref_id"`
	Why  string            `json:"why,omitempty"`
	Data map[string]string `json:"data,omitempty"`
	// After is the id of the line about the same thing that was the newest then: a line taken out leaves a gap.
	After string `json:"after,omitempty"`
}

const (
	purpose  = "journal"
	saltSize = 32
)

// Store keeps the journal.
type Store struct {
	db     *db.DB
	ledger *ledger.Log
	seal   *seal.Store
}

// New is a store on the database.
func New(d *db.DB, l *ledger.Log, k *seal.Store) *Store { return &Store{db: d, ledger: l, seal: k} }

// Record puts the entry on record in the context's transaction; who comes from the context's principal. Any room may
// call it once its own verb was allowed. Faults: NotFound "seal.forgotten" for a firm that was forgotten.
func (s *Store) Record(ctx context.Context, e Entry) error {
	if e.Verb == "" {
		return errors.New("journal: an entry without a verb")
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		who := access.From(ctx)
		r := record{Firm: e.Firm, ID: db.NewID(), At: db.Micros(tx.Now()), By: who.User, Name: who.Name, Verb: e.Verb,
			Kind: e.Ref.Kind, Ref: e.Ref.ID, Why: e.Why, Data: e.Data}
		if _, err := tx.One(ctx, `SELECT id FROM journal WHERE firm_id = $1 AND ref_kind = $2 AND ref_id = $3 ORDER BY id DESC LIMIT 1`,
			[]any{e.Firm, e.Ref.Kind, e.Ref.ID}, &r.After); err != nil {
			return err
		}
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		salt := make([]byte, saltSize)
		rand.Read(salt)
		sealed, err := s.seal.Seal(ctx, e.Firm, purpose, r.ID, append(salt, body...))
		if err != nil {
			return err
		}
		ticket, err := s.ledger.Append(ctx, ledger.Commit(salt[:saltSize], []byte(purpose), body))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO journal (firm_id, id, at, by_id, verb, ref_kind, ref_id, sealed, ticket)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, e.Firm, r.ID, tx.Now(), who.User, e.Verb, e.Ref.Kind, e.Ref.ID, sealed, ticket)
		return err
	})
	if err != nil {
		return fmt.Errorf("journal %s: %w", e.Verb, err)
	}
	return nil
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Ref   reason.Ref
	Verb  string // a verb, or the beginning of one: "case."
	By    string // person id
	Since time.Time
	Until time.Time // exclusive
}

// Page asks for at most Limit lines (50 when zero, 500 at most) older than the line Before.
type Page struct {
	Before string
	Limit  int
}

func (p Page) limit() int {
	if p.Limit <= 0 {
		return 50
	}
	return min(p.Limit, 500)
}

// List is the firm's lines, newest first, and the Before of the next page ("" at the end). Needs access.ViewJournal;
// firm "" needs access.Install.
func (s *Store) List(ctx context.Context, firm string, f Filter, p Page) (lines []Line, next string, err error) {
	if err := mayList(ctx, firm); err != nil {
		return nil, "", err
	}
	where, args := f.where(firm)
	if p.Before != "" {
		args = append(args, p.Before)
		where += fmt.Sprintf(" AND id < $%d", len(args))
	}
	args = append(args, p.limit()+1)
	lines, err = s.read(ctx, firm, where+fmt.Sprintf(" ORDER BY id DESC LIMIT $%d", len(args)), args)
	if err != nil {
		return nil, "", fmt.Errorf("list journal: %w", err)
	}
	if len(lines) > p.limit() {
		lines = lines[:p.limit()]
		next = lines[len(lines)-1].ID
	}
	return lines, next, nil
}

func mayList(ctx context.Context, firm string) error {
	if firm == "" {
		return access.CheckAny(ctx, access.Install)
	}
	return access.Check(ctx, access.ViewJournal, firm)
}

func (f Filter) where(firm string) (string, []any) {
	args := []any{firm}
	var b strings.Builder
	b.WriteString("firm_id = $1")
	add := func(cond string, v any) {
		args = append(args, v)
		fmt.Fprintf(&b, " AND "+cond, len(args))
	}
	if f.Ref != (reason.Ref{}) {
		add("ref_kind = $%d", f.Ref.Kind)
		add("ref_id = $%d", f.Ref.ID)
	}
	if f.Verb != "" {
		args = append(args, f.Verb)
		fmt.Fprintf(&b, " AND substr(verb, 1, %d) = $%d", len([]rune(f.Verb)), len(args))
	}
	if f.By != "" {
		add("by_id = $%d", f.By)
	}
	if !f.Since.IsZero() {
		add("at >= $%d", f.Since)
	}
	if !f.Until.IsZero() {
		add("at < $%d", f.Until)
	}
	return b.String(), args
}

// Of is everything on record about one thing, oldest first. A room shows the history of its own things by its own
// permission, which it names.
func (s *Store) Of(ctx context.Context, may access.Perm, firm string, ref reason.Ref) ([]Line, error) {
	if err := access.Check(ctx, may, firm); err != nil {
		return nil, err
	}
	where, args := Filter{Ref: ref}.where(firm)
	lines, err := s.read(ctx, firm, where+" ORDER BY id", args)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", ref, err)
	}
	return lines, nil
}

// OfMany is Of for many things of a kind, by their ids. Needs the permission that the room names.
func (s *Store) OfMany(ctx context.Context, may access.Perm, firm, kind string, ids []string) (map[string][]Line, error) {
	if err := access.Check(ctx, may, firm); err != nil {
		return nil, err
	}
	out := map[string][]Line{}
	for part := range slices.Chunk(ids, 200) { // SQLite looks marks up one by one
		lines, err := s.read(ctx, firm, `firm_id = $1 AND ref_kind = $2 AND ref_id IN (`+db.Marks(3, len(part))+`) ORDER BY id`,
			append([]any{firm, kind}, db.Args(part)...))
		if err != nil {
			return nil, fmt.Errorf("histories: %w", err)
		}
		for _, l := range lines {
			out[l.Ref.ID] = append(out[l.Ref.ID], l)
		}
	}
	return out, nil
}

// Ticket is by what the ledger knows the line's commitment.
func (l Line) Ticket() int64 { return l.ticket }

// Known lists the ids of all things of a kind that a verb was ever recorded for, so that a room can tell whether one of
// its rows was taken away. The room names its own permission.
func (s *Store) Known(ctx context.Context, may access.Perm, firm, verb, kind string) (ids []string, err error) {
	if err := access.Check(ctx, may, firm); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT DISTINCT ref_id FROM journal WHERE firm_id = $1 AND ref_kind = $2 AND verb = $3 ORDER BY ref_id`,
			[]any{firm, kind, verb}, func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				ids = append(ids, id)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("what the journal knows: %w", err)
	}
	return ids, nil
}

func (s *Store) read(ctx context.Context, firm, where string, args []any) (lines []Line, err error) {
	var sealed [][]byte
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := tx.Each(ctx, `SELECT id, at, by_id, verb, ref_kind, ref_id, sealed, ticket FROM journal WHERE `+where, args,
			func(scan func(...any) error) error {
				l := Line{Entry: Entry{Firm: firm}}
				var raw []byte
				err := scan(&l.ID, &l.At, &l.By, &l.Verb, &l.Ref.Kind, &l.Ref.ID, &raw, &l.ticket)
				lines, sealed = append(lines, l), append(sealed, raw)
				return err
			})
		if err != nil {
			return err
		}
		for i := range lines {
			if err := s.open(ctx, &lines[i], sealed[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return lines, err
}

// open fills in the sealed part. A line that does not open shows as empty here; Verify says why.
func (s *Store) open(ctx context.Context, l *Line, sealed []byte) error {
	plain, err := s.seal.Open(ctx, l.Firm, purpose, l.ID, sealed)
	if errors.Is(err, seal.ErrBroken) || err == nil && len(plain) < saltSize {
		return nil
	}
	if fault.Is(err, fault.NotFound) {
		l.Forgotten = true
		return nil
	}
	if err != nil {
		return err
	}
	l.salt, l.body = plain[:saltSize], plain[saltSize:]
	var r record
	if err := json.Unmarshal(l.body, &r); err != nil {
		return fmt.Errorf("read journal line %s: %w", l.ID, err)
	}
	l.Name, l.Why, l.Data, l.after = r.Name, r.Why, r.Data, r.After
	return nil
}

// Sound tells whether the line is what was recorded then: it opens, its columns say what its sealed part says, and
// the ledger has its commitment. A forgotten line is sound as long as the ledger still has a leaf for it. Needs the
// same permission as List, or any room that was handed the line by Of.
func (s *Store) Sound(ctx context.Context, l Line) (bool, error) {
	e, err := s.ledger.Find(ctx, l.ticket)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return l.SoundIn(e), nil
}

// SoundIn is Sound for a line whose leaf the caller has looked up.
func (l Line) SoundIn(e ledger.Entry) bool {
	if l.Forgotten {
		return e.Ticket == l.ticket
	}
	if l.body == nil || e.Ticket != l.ticket || string(e.Leaf) != string(ledger.Commit(l.salt, []byte(purpose), l.body)) {
		return false
	}
	var r record
	if err := json.Unmarshal(l.body, &r); err != nil {
		return false
	}
	return r.Firm == l.Firm && r.ID == l.ID && r.At == db.Micros(l.At) && r.By == l.By && r.Verb == l.Verb &&
		r.Kind == l.Ref.Kind && r.Ref == l.Ref.ID
}

// Whole tells whether a thing's history, as Of gave it, has no gap: every line that another one followed is there. What
// was cut from the end does not show here.
func Whole(lines []Line) bool {
	seen := map[string]bool{"": true}
	for _, l := range lines {
		seen[l.ID] = true
	}
	for _, l := range lines {
		if !seen[l.after] {
			return false
		}
	}
	return true
}

// Verify checks every line of the firm and lists the ids of those that are not sound. Needs the same as List.
func (s *Store) Verify(ctx context.Context, firm string) (lines int, unsound []string, err error) {
	if err := mayList(ctx, firm); err != nil {
		return 0, nil, err
	}
	for last := ""; ; {
		page, err := s.read(ctx, firm, "firm_id = $1 AND id > $2 ORDER BY id LIMIT 500", []any{firm, last})
		if err != nil {
			return lines, unsound, fmt.Errorf("verify journal: %w", err)
		}
		if len(page) == 0 {
			return lines, unsound, nil
		}
		tickets := make([]int64, len(page))
		for i, l := range page {
			tickets[i] = l.ticket
		}
		leaves, err := s.ledger.FindMany(ctx, tickets)
		if err != nil {
			return lines, unsound, fmt.Errorf("verify journal: %w", err)
		}
		for _, l := range page {
			if !l.SoundIn(leaves[l.ticket]) {
				unsound = append(unsound, l.ID)
			}
		}
		lines, last = lines+len(page), page[len(page)-1].ID
	}
}
