package stamp

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"chop/internal/db"
	"chop/internal/reason"
	"chop/internal/tsa"
)

func checkpointRef(size int64) reason.Ref {
	return reason.Ref{Kind: Checkpoint, ID: strconv.FormatInt(size, 10)}
}

// Tend is called by a timer: it asks for a stamp over the newest checkpoint when there is a new one and the last was
// stamped long enough ago, and wakes the work on what waits if that was lost.
func (s *Store) Tend(ctx context.Context) error {
	if s == nil || len(s.Authorities) == 0 {
		return nil
	}
	if err := s.checkpoint(ctx); err != nil {
		return fmt.Errorf("stamp the ledger: %w", err)
	}
	now := s.DB.Now()
	ws, err := s.waits(ctx, due+` LIMIT 1`, now, now.Add(2*longestRest))
	if err != nil || len(ws) == 0 {
		return err
	}
	return s.Jobs.Put(ctx, Due{})
}

func (s *Store) checkpoint(ctx context.Context) error {
	if !s.Serves(Checkpoint) {
		return nil
	}
	c, err := s.Ledger.Latest(ctx)
	if err != nil || c.Size == 0 {
		return err
	}
	ws, err := s.waits(ctx, `firm_id = '' AND ref_kind = $1 LIMIT 1`, Checkpoint)
	if err != nil || len(ws) > 0 {
		return err // one waits already; the next will cover more
	}
	size, at, err := s.LatestCheckpoint(ctx)
	if err != nil || size >= c.Size || !at.IsZero() && s.DB.Now().Sub(at) < s.Every {
		return err
	}
	return s.Want(ctx, "", checkpointRef(c.Size), tsa.Sum(c.Note))
}

// LatestCheckpoint is the size of the newest stamped checkpoint and the authority's time; 0 when there is none.
func (s *Store) LatestCheckpoint(ctx context.Context) (size int64, at time.Time, err error) {
	if s == nil {
		return 0, at, nil
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var id string
		found, err := tx.One(ctx, `SELECT ref_id, at FROM stamp WHERE firm_id = '' AND ref_kind = $1 ORDER BY at DESC, id DESC LIMIT 1`,
			[]any{Checkpoint}, &id, &at)
		if err != nil || !found {
			return err
		}
		size, err = strconv.ParseInt(id, 10, 64)
		return err
	})
	return size, at, err
}

// Health is how stamping stands in the whole installation.
type Health struct {
	Waiting int
	Oldest  time.Time // since when the oldest waits; zero: none
	Late    bool      // the oldest waits so long that people must know
	Flaw    tsa.Flaw  // of the last try of one that was tried most
	Firms   []string  // of which exhibits wait, sorted
	Ledger  bool      // a checkpoint waits
	Ending  []string  // firms with stamps that should be stamped anew, sorted
}

// Health looks at what waits and what ends. For the program itself: it speaks of every firm.
func (s *Store) Health(ctx context.Context) (h Health, err error) {
	if s == nil {
		return h, nil
	}
	now := s.DB.Now()
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Each(ctx, `SELECT firm_id, count(*), min(asked_at) FROM stamp_want GROUP BY firm_id ORDER BY firm_id`, nil,
			func(scan func(...any) error) error { return h.count(scan) }); err != nil {
			return err
		}
		if _, err := tx.One(ctx, `SELECT flaw, firm_id FROM stamp_want ORDER BY tries DESC, asked_at LIMIT 1`, nil, &h.Flaw, new(string)); err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT DISTINCT firm_id FROM stamp s WHERE firm_id <> '' AND ends_at <= $1
			AND NOT EXISTS (SELECT 1 FROM stamp n WHERE n.firm_id = s.firm_id AND n.over = s.id) ORDER BY firm_id`,
			[]any{now.AddDate(0, endsWithin, 0)}, func(scan func(...any) error) error {
				var firm string
				err := scan(&firm)
				h.Ending = append(h.Ending, firm)
				return err
			})
	})
	if err != nil {
		return h, fmt.Errorf("look how stamping stands: %w", err)
	}
	h.Late = h.Waiting > 0 && now.Sub(h.Oldest) >= s.AlarmAfter
	return h, nil
}

func (h *Health) count(scan func(...any) error) error {
	var firm string
	var n int
	var oldest time.Time
	if err := scan(&firm, &n, &oldest); err != nil {
		return err
	}
	h.Waiting += n
	if h.Oldest.IsZero() || oldest.Before(h.Oldest) {
		h.Oldest = oldest
	}
	if firm == "" {
		h.Ledger = true
	} else {
		h.Firms = append(h.Firms, firm)
	}
	return nil
}

// Standings is how each authority answered lately, in the order they are asked.
func (s *Store) Standings() []Standing {
	if s == nil {
		return nil
	}
	out := make([]Standing, len(s.Authorities))
	for i, a := range s.Authorities {
		out[i] = a.Standing()
	}
	return out
}
