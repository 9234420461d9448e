package remote

import (
	"context"
	"fmt"
	"time"

	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/job"
)

// Ask tells that mentions of a firm wait for a second opinion, or may be asked about again.
type Ask struct{ Firm string }

// Kind names the event.
func (Ask) Kind() string { return "second.ask" }

// due is one mention that waits.
type due struct {
	id, source string
	tries      int
	at         time.Time
}

const (
	batch   = 8               // texts in one question
	leaseOf = 3 * time.Minute // longer than any question: the queue ends a job after two minutes
	lateBy  = 6 * time.Hour   // a second opinion that comes later wakes nobody in time
	mostDue = 5000            // waiting at a firm; what is beyond has the built-in labels alone
)

// Consider notes what was just labelled, if the firm has a second engine, in the caller's transaction. It costs one
// reading when it has none.
func (s *Store) Consider(ctx context.Context, e classify.Labelled) error {
	if len(e.IDs) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		st, _, err := s.state(ctx, e.Firm)
		if err != nil || !st.On || st.overBudget(tx.Now()) {
			return err
		}
		var n int
		if _, err := tx.One(ctx, `SELECT count(*) FROM second_due WHERE firm_id = $1`, []any{e.Firm}, &n); err != nil {
			return fmt.Errorf("count what waits: %w", err)
		}
		rows := make([][]any, 0, len(e.IDs))
		for _, id := range e.IDs[:max(0, min(len(e.IDs), mostDue-n))] {
			rows = append(rows, []any{e.Firm, id, e.Source, 0, tx.Now()})
		}
		if len(rows) == 0 {
			return nil
		}
		if _, err := tx.Insert(ctx, `INSERT INTO second_due (firm_id, mention_id, source_id, tries, at)`, rows,
			`ON CONFLICT (firm_id, mention_id) DO UPDATE SET tries = 0, at = excluded.at`); err != nil {
			return fmt.Errorf("note for a second opinion: %w", err)
		}
		if tx.Now().Before(st.RestUntil) {
			return nil // the timer of the rest is set
		}
		return s.Jobs.Put(ctx, Ask{e.Firm})
	})
}

func (st State) overBudget(now time.Time) bool {
	return len(st.Troubles) > 0 && isBudget(st.Troubles[0].Code) && now.Before(st.RestUntil)
}

// lease makes this worker the one that asks for the firm; false while it rests or another one asks. The timer it sets
// takes over if this process dies.
func (s *Store) lease(ctx context.Context, firm string) (got bool, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		until := tx.Now().Add(leaseOf)
		n, err := tx.Exec(ctx, `UPDATE second_engine SET busy_until = $2 WHERE firm_id = $1 AND enabled = TRUE AND busy_until <= $3 AND rest_until <= $3`,
			firm, until, tx.Now())
		if err != nil || n == 0 {
			return err
		}
		got = true
		return s.Jobs.Put(ctx, Ask{firm}, job.At(until))
	})
	if err != nil {
		return false, fmt.Errorf("lease the second engine: %w", err)
	}
	return got, nil
}

// release ends the lease and lets the next question begin: at once, or after the rest.
func (s *Store) release(ctx context.Context, firm string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var rest time.Time
		var n int
		if _, err := tx.Exec(ctx, `UPDATE second_engine SET busy_until = 0 WHERE firm_id = $1`, firm); err != nil {
			return fmt.Errorf("release the second engine: %w", err)
		}
		if _, err := tx.One(ctx, `SELECT rest_until, (SELECT count(*) FROM second_due d WHERE d.firm_id = $1) FROM second_engine WHERE firm_id = $1`,
			[]any{firm}, &rest, &n); err != nil || n == 0 {
			return err
		}
		if tx.Now().Before(rest) {
			return s.Jobs.Put(ctx, Ask{firm}, job.At(rest))
		}
		return s.Jobs.Put(ctx, Ask{firm})
	})
}

// next is what the next question is about: texts of one source, the longest waiting first. A text to which the place
// gave no useful answer before is asked about alone.
func (s *Store) next(ctx context.Context, firm string) (list []due, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT mention_id, source_id, tries, at FROM second_due WHERE firm_id = $1 ORDER BY tries, at, mention_id LIMIT 64`,
			[]any{firm}, func(scan func(...any) error) error {
				var d due
				if err := scan(&d.id, &d.source, &d.tries, &d.at); err != nil {
					return err
				}
				alone := len(list) > 0 && (d.tries > 0 || d.source != list[0].source)
				if len(list) < batch && !alone {
					list = append(list, d)
				}
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read what waits: %w", err)
	}
	return list, nil
}

// settled takes mentions off the list. Those that came anew while they were asked about stay.
func (s *Store) settled(ctx context.Context, firm string, list []due) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, d := range list {
			if _, err := tx.Exec(ctx, `DELETE FROM second_due WHERE firm_id = $1 AND mention_id = $2 AND at = $3`, firm, d.id, d.at); err != nil {
				return fmt.Errorf("take off the list: %w", err)
			}
		}
		return nil
	})
}

// retry marks that the place gave no useful answer about these.
func (s *Store) retry(ctx context.Context, firm string, list []due) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, d := range list {
			if _, err := tx.Exec(ctx, `UPDATE second_due SET tries = tries + 1 WHERE firm_id = $1 AND mention_id = $2`, firm, d.id); err != nil {
				return fmt.Errorf("mark for another try: %w", err)
			}
		}
		return nil
	})
}

// forget empties the list of a firm whose engine is switched off.
func (s *Store) forget(ctx context.Context, firm string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM second_due WHERE firm_id = $1`, firm)
		return err
	})
}
