package stamp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/tsa"
)

// Due says that stamps may be waiting.
type Due struct{}

// Kind names the event.
func (Due) Kind() string { return "stamp.due" }

const (
	claimed  = 2 * time.Minute  // what a process works on is left alone by others for so long; then it was killed
	workTime = 40 * time.Second // of one sweep; the next goes on
	bunch    = 16
	atOnce   = 4 // questions under way
)

// sweepFor asks for everything that is due. One sweep runs at a time; whoever comes meanwhile leaves the work to it.
func (s *Store) sweepFor(ctx context.Context, _ Due) error {
	s.again.Store(true)
	for s.again.Load() && s.busy.TryLock() {
		s.again.Store(false)
		err := s.sweep(ctx)
		s.busy.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) sweep(ctx context.Context) error {
	began := time.Now()
	for {
		open := s.answered()
		if len(open) == 0 {
			return nil // whoever noticed has set the next look
		}
		ws, err := s.claim(ctx, open)
		if err != nil || len(ws) == 0 {
			return err
		}
		if err := s.stampAll(ctx, ws); err != nil {
			return err
		}
		if err := s.later(ctx, open); err != nil {
			return err
		}
		if time.Since(began) > workTime {
			return s.Jobs.Put(ctx, Due{})
		}
	}
}

// answered lists the kinds of things for which an authority may be asked now.
func (s *Store) answered() (kinds []string) {
	for _, k := range []string{Exhibit, Checkpoint} {
		if _, now := s.free(k); now {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// later sets the next look for kinds that have lost their last authority.
func (s *Store) later(ctx context.Context, kinds []string) error {
	for _, k := range kinds {
		if at, now := s.free(k); !now {
			if err := s.Jobs.Put(ctx, Due{}, job.At(at)); err != nil {
				return err
			}
		}
	}
	return nil
}

// free tells whether an authority may be asked now for a kind, and otherwise when the first one may.
func (s *Store) free(kind string) (at time.Time, now bool) {
	clock := s.DB.Now()
	for _, a := range s.Authorities {
		if !a.serves(kind) {
			continue
		}
		until, rests := a.resting(clock)
		if !rests {
			return clock, true
		}
		if at.IsZero() || until.Before(at) {
			at = until
		}
	}
	return at, false
}

// due is the condition of what may be worked on. Nothing is set hours ahead, so what lies there was set before the
// machine's clock was put back.
const due = `(next_at <= $1 OR next_at > $2)`

// claim takes what is due, oldest first, and keeps other processes away from it for a while.
func (s *Store) claim(ctx context.Context, kinds []string) (mine []Wait, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, far := tx.Now(), tx.Now().Add(2*longestRest)
		args := append([]any{now, far}, db.Args(kinds)...)
		ws, err := s.waits(ctx, due+` AND ref_kind IN (`+db.Marks(3, len(kinds))+`) ORDER BY asked_at LIMIT `+strconv.Itoa(bunch), args...)
		if err != nil {
			return err
		}
		for _, w := range ws {
			n, err := tx.Exec(ctx, `UPDATE stamp_want SET next_at = $3, tries = tries + 1
				WHERE `+due+` AND firm_id = $4 AND ref_kind = $5 AND ref_id = $6 AND over = $7`,
				now, far, now.Add(claimed), w.Firm, w.Ref.Kind, w.Ref.ID, w.Over)
			if err != nil {
				return err
			}
			if n == 1 {
				w.Tries++
				mine = append(mine, w)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim waiting stamps: %w", err)
	}
	return mine, nil
}

func (s *Store) stampAll(ctx context.Context, ws []Wait) error {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, w := range ws {
		g.Go(func() error { return s.stampOne(ctx, w) })
	}
	return g.Wait()
}

// stampOne asks the authorities in order and keeps the first good answer. An error is about the database.
func (s *Store) stampOne(ctx context.Context, w Wait) error {
	t, err := s.ask(ctx, w)
	if err == nil {
		return s.keep(ctx, w, t)
	}
	slog.Warn("no timestamp", "kind", w.Ref.Kind, "try", w.Tries, "flaw", string(tsa.FlawOf(err)), "error", err)
	next, up := s.free(w.Ref.Kind)
	if up { // it failed while another question was answered
		next = s.DB.Now().Add(firstRest)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE stamp_want SET next_at = $5, flaw = $6 WHERE firm_id = $1 AND ref_kind = $2 AND ref_id = $3 AND over = $4`,
			w.Firm, w.Ref.Kind, w.Ref.ID, w.Over, next, string(tsa.FlawOf(err)))
		if err == nil && up {
			err = s.Jobs.Put(ctx, Due{}, job.At(next))
		}
		return err
	})
}

var errNobody = errors.New("every authority rests after a failure")

func (s *Store) ask(ctx context.Context, w Wait) (Token, error) {
	last := error(nil)
	for _, a := range s.Authorities {
		if !a.serves(w.Ref.Kind) {
			continue
		}
		if _, rests := a.resting(s.DB.Now()); rests {
			continue
		}
		got, err := a.Stamp(ctx, w.digest)
		a.note(s.DB.Now(), err)
		if err == nil {
			return Token{Token: got, ID: db.NewID(), Firm: w.Firm, Ref: w.Ref, Over: w.Over, Asked: w.Since, Got: s.DB.Now(),
				Name: a.Name, Development: a.Development, Qualified: a.Qualified}, nil
		}
		last = fmt.Errorf("%s: %w", a.Name, err)
	}
	if last == nil {
		last = &tsa.Refusal{Flaw: tsa.Away, Cause: errNobody}
	}
	return Token{}, last
}

// keep stores a token, unless nobody wants it any more.
func (s *Store) keep(ctx context.Context, w Wait, t Token) error {
	raw, err := t.encode()
	if err != nil {
		return fmt.Errorf("keep a stamp: %w", err)
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM stamp_want WHERE firm_id = $1 AND ref_kind = $2 AND ref_id = $3 AND over = $4`,
			w.Firm, w.Ref.Kind, w.Ref.ID, w.Over)
		if err != nil || n == 0 {
			return err
		}
		sealed, err := s.Seal.Seal(ctx, w.Firm, purpose, t.ID, raw)
		if fault.Is(err, fault.NotFound) { // the firm was forgotten meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO stamp (firm_id, id, ref_kind, ref_id, over, at, ends_at, sealed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, w.Firm, t.ID, w.Ref.Kind, w.Ref.ID, w.Over, t.Time, t.Expires(), sealed); err != nil {
			return err
		}
		tx.Touch(w.Firm, Topic)
		if w.Ref.Kind == Checkpoint { // a line in the journal would make a new checkpoint, and that a new stamp, without end
			return nil
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: w.Firm, Ref: w.Ref, Verb: Verb, Data: t.Marks()})
	})
	if err != nil {
		return fmt.Errorf("keep a stamp: %w", err)
	}
	slog.Info("timestamp", "kind", w.Ref.Kind, "try", w.Tries, "late_seconds", int(t.Delay().Seconds()))
	return nil
}
