package stamp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/tsa"
)

// Config is what the room stands on.
type Config struct {
	DB          *db.DB
	Jobs        *job.Queue
	Seal        *seal.Store
	Journal     *journal.Store
	Ledger      *ledger.Log
	Authorities []*Authority  // asked in this order until one answers; none: nothing is stamped
	Every       time.Duration // between two stamped checkpoints at least; 10 minutes when 0
	AlarmAfter  time.Duration // a stamp may wait this long before people are told; 15 minutes when 0
}

// Store keeps stamps and what waits for one. A nil Store stamps nothing and has no stamps.
type Store struct {
	Config
	busy  sync.Mutex  // one sweep at a time in a process: stamps cost money
	again atomic.Bool // something may have come since the sweep began
}

const (
	defaultEvery = 10 * time.Minute
	defaultAlarm = 15 * time.Minute
)

// NewStore is a store on the database; it registers its handler with the queue.
func NewStore(c Config) *Store {
	if c.Every <= 0 {
		c.Every = defaultEvery
	}
	if c.AlarmAfter <= 0 {
		c.AlarmAfter = defaultAlarm
	}
	s := &Store{Config: c}
	job.Outside(c.Jobs, "stamp.sweep", s.sweepFor)
	return s
}

const purpose = "timestamp"

// Serves tells whether an authority is configured that stamps things of the kind.
func (s *Store) Serves(kind string) bool {
	if s == nil {
		return false
	}
	for _, a := range s.Authorities {
		if a.serves(kind) {
			return true
		}
	}
	return false
}

// Counts tells whether an authority other than the one built in is configured for the kind: one whose word may count.
func (s *Store) Counts(kind string) bool {
	if s == nil {
		return false
	}
	for _, a := range s.Authorities {
		if a.serves(kind) && !a.Development {
			return true
		}
	}
	return false
}

// Want asks for a stamp over a SHA-256 in the context's transaction; the rest happens by itself. Asking twice is asking
// once. Without an authority for the kind nothing happens: what was sealed then is covered by later checkpoints.
func (s *Store) Want(ctx context.Context, firm string, ref reason.Ref, digest []byte) error {
	return s.want(ctx, firm, ref, "", digest)
}

func (s *Store) want(ctx context.Context, firm string, ref reason.Ref, over string, digest []byte) error {
	if !s.Serves(ref.Kind) {
		return nil
	}
	if len(digest) != 32 {
		return fmt.Errorf("want a stamp of %s: %d bytes are no SHA-256", ref, len(digest))
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO stamp_want (firm_id, ref_kind, ref_id, over, digest, asked_at, next_at)
			VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (firm_id, ref_kind, ref_id, over) DO NOTHING`,
			firm, ref.Kind, ref.ID, over, digest, tx.Now()); err != nil {
			return err
		}
		tx.Touch(firm, Topic)
		return s.Jobs.Put(ctx, Due{})
	})
	if err != nil {
		return fmt.Errorf("want a stamp of %s: %w", ref, err)
	}
	return nil
}

// Drop forgets the stamps of a thing and what it waits for, in the context's transaction: its content was erased.
func (s *Store) Drop(ctx context.Context, firm string, ref reason.Ref) error {
	if s == nil {
		return nil
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM stamp_want WHERE firm_id = $1 AND ref_kind = $2 AND ref_id = $3`, firm, ref.Kind, ref.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM stamp WHERE firm_id = $1 AND ref_kind = $2 AND ref_id = $3`, firm, ref.Kind, ref.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("drop the stamps of %s: %w", ref, err)
	}
	return nil
}

// Of is the stamps of an exhibit, oldest first, each checked anew: see Token.Broken. Needs access.ViewEvidence.
func (s *Store) Of(ctx context.Context, firm, exhibit string) ([]Token, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return nil, err
	}
	return s.of(ctx, firm, reason.Ref{Kind: Exhibit, ID: exhibit})
}

// OfCheckpoint is the stamps of the ledger's checkpoint of a size, oldest first. Anybody may ask: it names nobody.
func (s *Store) OfCheckpoint(ctx context.Context, size int64) ([]Token, error) {
	return s.of(ctx, "", checkpointRef(size))
}

func (s *Store) of(ctx context.Context, firm string, ref reason.Ref) ([]Token, error) {
	if s == nil {
		return nil, nil
	}
	list, err := s.read(ctx, `SELECT id, ref_kind, ref_id, over, at, sealed FROM stamp WHERE firm_id = $1 AND ref_kind = $2 AND ref_id = $3
		ORDER BY id`, firm, ref.Kind, ref.ID)
	if err != nil {
		return nil, fmt.Errorf("stamps of %s: %w", ref, err)
	}
	return list, nil
}

// read loads tokens of one firm, the first argument, and checks each.
func (s *Store) read(ctx context.Context, q string, args ...any) (list []Token, err error) {
	firm := args[0].(string)
	var sealed [][]byte
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, q, args, func(scan func(...any) error) error {
			t, raw := Token{Firm: firm}, []byte(nil)
			err := scan(&t.ID, &t.Ref.Kind, &t.Ref.ID, &t.Over, &t.Time, &raw)
			list, sealed = append(list, t), append(sealed, raw)
			return err
		})
	})
	for i := range list {
		if err != nil {
			return nil, err
		}
		err = s.open(ctx, &list[i], sealed[i])
	}
	return list, err
}

// open unseals a token and checks it; what is wrong with it is kept in it. An error is about looking.
func (s *Store) open(ctx context.Context, t *Token, sealed []byte) error {
	at := t.Time
	raw, err := s.Seal.Open(ctx, t.Firm, purpose, t.ID, sealed)
	switch {
	case errors.Is(err, seal.ErrBroken) || fault.Is(err, fault.NotFound):
		t.Broken = err
		return nil
	case err != nil:
		return err
	}
	if err := t.decode(raw); err != nil {
		t.Token, t.Broken = tsa.Token{Time: at}, err
		return nil
	}
	if !t.Time.Equal(at) {
		t.Token, t.Broken = tsa.Token{Time: at}, errors.New("the list names another time than the token")
	}
	return nil
}

// Waiting is what an exhibit waits for; false when for nothing. Needs access.ViewEvidence.
func (s *Store) Waiting(ctx context.Context, firm, exhibit string) (w Wait, found bool, err error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil || s == nil {
		return w, false, err
	}
	ws, err := s.waits(ctx, `firm_id = $1 AND ref_kind = $2 AND ref_id = $3 ORDER BY over LIMIT 1`, firm, Exhibit, exhibit)
	if err != nil || len(ws) == 0 {
		return w, false, err
	}
	return ws[0], true, nil
}

func (s *Store) waits(ctx context.Context, where string, args ...any) (ws []Wait, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT firm_id, ref_kind, ref_id, over, digest, asked_at, next_at, tries, flaw FROM stamp_want WHERE `+where, args,
			func(scan func(...any) error) error {
				var w Wait
				err := scan(&w.Firm, &w.Ref.Kind, &w.Ref.ID, &w.Over, &w.digest, &w.Since, &w.Next, &w.Tries, &w.Flaw)
				ws = append(ws, w)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("waiting stamps: %w", err)
	}
	return ws, nil
}

// Renew asks for a stamp over a token, so that it stays provable after its certificates have ended. It joins the
// context's transaction. Faults: NotFound; Conflict "stamp.broken".
func (s *Store) Renew(ctx context.Context, firm, id string) error {
	if s == nil {
		return fault.Missing("stamp")
	}
	list, err := s.read(ctx, `SELECT id, ref_kind, ref_id, over, at, sealed FROM stamp WHERE firm_id = $1 AND id = $2`, firm, id)
	if err != nil {
		return fmt.Errorf("renew a stamp: %w", err)
	}
	if len(list) == 0 {
		return fault.Missing("stamp")
	}
	if list[0].Broken != nil {
		return fault.New(fault.Conflict, "stamp.broken").Because(list[0].Broken)
	}
	return s.want(ctx, firm, list[0].Ref, id, tsa.Sum(list[0].Response))
}
