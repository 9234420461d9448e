package source

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"chop/internal/alert"
	"chop/internal/db"
)

// Looked is what a look at the place brought, for Moved.
type Looked struct {
	Cursor     []byte
	NewItems   int
	LastItem   time.Time // newest item's own time
	More       bool
	RetryAfter time.Duration
	Expires    *time.Time
}

// Moved records a successful look: cursor, health, and the timer of the next one. It joins the intake's transaction,
// so a cursor never runs ahead of what was saved.
func (s *Store) Moved(ctx context.Context, src Source, l Looked) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		base := s.Registry[src.Kind].Describe().Every
		every := pace(base, src.Every, l.NewItems > 0, 0, l.RetryAfter)
		if l.More {
			every = 0
		}
		expires := src.ExpiresAt
		if l.Expires != nil {
			expires = *l.Expires
		}
		item := src.ItemAt
		if l.NewItems > 0 {
			item = tx.Now()
		}
		if _, err := tx.Exec(ctx, `UPDATE source SET cursor = $3, every = $4, checked_at = $5, ok_at = $5, item_at = $6, expires_at = $7,
			items = items + $8, fails = 0, error = '', error_data = '{}' WHERE firm_id = $1 AND id = $2`,
			src.Firm, src.ID, nonNil(l.Cursor), every.Microseconds(), tx.Now(), item, expires, l.NewItems); err != nil {
			return fmt.Errorf("move cursor: %w", err)
		}
		tx.Touch(src.Firm, "sources")
		if err := s.calm(ctx, src.Firm, src.ID, src.over(l, expires, tx.Now())...); err != nil {
			return err
		}
		return s.schedule(ctx, tx, &src, tx.Now().Add(every))
	})
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Missed records a failed look and the timer of the next one. The alarm is raised by Watch, which also sees sources
// whose timer was lost.
func (s *Store) Missed(ctx context.Context, src Source, cause error, retryAfter time.Duration) error {
	code, data := FaultOf(cause)
	slog.Warn("look failed", "firm", src.Firm, "source", src.ID, "kind", src.Kind, "fails", src.Fails+1, "error", cause)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		base := s.Registry[src.Kind].Describe().Every
		every := pace(base, src.Every, false, src.Fails+1, retryAfter)
		if _, err := tx.Exec(ctx, `UPDATE source SET checked_at = $3, every = $4, fails = fails + 1, error = $5, error_data = $6
			WHERE firm_id = $1 AND id = $2`, src.Firm, src.ID, tx.Now(), every.Microseconds(), code, string(marshal(data))); err != nil {
			return fmt.Errorf("record failed look: %w", err)
		}
		tx.Touch(src.Firm, "sources")
		return s.schedule(ctx, tx, &src, tx.Now().Add(every))
	})
}

// Watch looks after all sources: it restarts lost timers and raises the alarm for those that are blind, silent or
// about to lose their credential. The program calls it every few seconds; calling it often changes nothing.
func (s *Store) Watch(ctx context.Context) error {
	list, err := s.query(ctx, `removed_at = 0 AND `+guarded)
	if err != nil {
		return err
	}
	now := s.DB.Now()
	for _, src := range list {
		if err := s.watchOne(ctx, src, now); err != nil {
			return fmt.Errorf("watch source %s: %w", src.ID, err)
		}
	}
	return nil
}

// lostAfter is how long a look may be overdue before its timer counts as lost.
const lostAfter = 5 * time.Minute

// lost tells whether the timer of the next look must have been lost.
func (s Source) lost(now time.Time) bool {
	return !s.Paused && !s.NextAt.IsZero() && now.Sub(s.NextAt) > lostAfter
}

func (s *Store) watchOne(ctx context.Context, src Source, now time.Time) error {
	if !src.lost(now) && !src.Condition(now).Troubled() {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		// Looked at again under a lock: a look that succeeds meanwhile would find no alarm to end, and this one would stay.
		if _, err := tx.Exec(ctx, `UPDATE source SET poll = poll WHERE firm_id = $1 AND id = $2`, src.Firm, src.ID); err != nil {
			return fmt.Errorf("lock source: %w", err)
		}
		fresh, err := s.query(ctx, `firm_id = $1 AND id = $2 AND removed_at = 0`, src.Firm, src.ID)
		if err != nil || len(fresh) == 0 {
			return err
		}
		if src = fresh[0]; src.lost(now) {
			if err := s.schedule(ctx, tx, &src, tx.Now()); err != nil {
				return err
			}
		}
		if c := src.Condition(now); c.Troubled() {
			return s.alarm(ctx, src, c)
		}
		return nil
	})
}

// alarm raises the alert of a troubled source; the key keeps it one alert for as long as it is open.
func (s *Store) alarm(ctx context.Context, src Source, c Condition) error {
	priority := 3
	if c == Blind {
		priority = 2
	}
	_, err := s.Alerts.Raise(ctx, alert.New{Firm: src.Firm, Key: alarmKey(src.ID, c), Priority: priority, Title: "alert.source." + string(c),
		Facts: map[string]string{"source": src.Name}, Ref: Ref(src.ID), URL: "/sources/" + src.ID, Standing: true})
	return err
}

func alarmKey(id string, c Condition) string { return "source:" + id + ":" + string(c) }

// over lists the alarms that a successful look ends. Silence ends when something comes, not when we look.
func (s Source) over(l Looked, expires, now time.Time) (ended []Condition) {
	if s.Fails > 0 {
		ended = append(ended, Blind)
	}
	if l.NewItems > 0 {
		ended = append(ended, Quiet)
	}
	if endsSoon(s.ExpiresAt, now) && !endsSoon(expires, now) {
		ended = append(ended, Expiring)
	}
	return ended
}

// calm resolves alarms of a source.
func (s *Store) calm(ctx context.Context, firm, id string, ended ...Condition) error {
	for _, c := range ended {
		if err := s.Alerts.ResolveKey(ctx, firm, alarmKey(id, c)); err != nil {
			return err
		}
	}
	return nil
}

// SeenHook remembers a pushed delivery's id; false means it was seen before and must change nothing.
func (s *Store) SeenHook(ctx context.Context, firm, source, hook string) (fresh bool, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO hook_seen (firm_id, source_id, hook_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			firm, source, hook, tx.Now())
		fresh = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("remember delivery: %w", err)
	}
	return fresh, nil
}

// hooksKept is how long delivery ids are remembered; senders of Standard Webhooks give up long before.
const hooksKept = 7 * 24 * time.Hour

// Tidy forgets old delivery ids.
func (s *Store) Tidy(ctx context.Context) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM hook_seen WHERE at < $1`, tx.Now().Add(-hooksKept))
		return err
	})
}
