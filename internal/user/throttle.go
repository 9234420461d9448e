package user

import (
	"context"
	"fmt"
	"time"

	"chop/internal/db"
	"chop/internal/fault"
)

// Throttled is the code of the fault (kind Unavailable) that says somebody tried too often.
const Throttled = "user.throttled"

// Limits within throttleWindow. An address from one network gets few tries. The same address from everywhere gets
// more, so that a stranger cannot lock somebody out with five requests; whoever is locked out all the same gets in
// with a passkey or a reset link.
const (
	throttleWindow = 15 * time.Minute
	triesPair      = 5
	triesAccount   = 20
	triesNetwork   = 60
	triesSecond    = 5
	triesReset     = 3
)

type limit struct {
	subject string
	tries   int64
}

func signInLimits(key, prefix string) []limit {
	return []limit{
		{hashOf("pair", key, prefix), triesPair},
		{hashOf("account", key), triesAccount},
		{hashOf("network", prefix), triesNetwork},
	}
}

func secondLimit(user string) limit { return limit{hashOf("second", user), triesSecond} }

// take counts one try for each limit before it is made, and refuses when one is used up. Counting is one upsert per
// subject, so parallel requests cannot slip past it. The count must outlive a failed try: never call it inside the
// transaction of the try itself.
func (s *Store) take(ctx context.Context, limits ...limit) error {
	over := false
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, cut := tx.Now(), tx.Now().Add(-throttleWindow)
		for _, l := range limits {
			var n int64
			_, err := tx.One(ctx, `INSERT INTO login_attempt (subject, tries, since) VALUES ($1, 1, $2)
				ON CONFLICT (subject) DO UPDATE SET
				  tries = CASE WHEN login_attempt.since <= $3 THEN 1 ELSE login_attempt.tries + 1 END,
				  since = CASE WHEN login_attempt.since <= $3 THEN $2 ELSE login_attempt.since END
				RETURNING tries`, []any{l.subject, now, cut}, &n)
			if err != nil {
				return err
			}
			over = over || n > l.tries
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count a try: %w", err)
	}
	if over {
		return fault.New(fault.Unavailable, Throttled, "minutes", int(throttleWindow.Minutes()))
	}
	return nil
}

// forgive forgets the tries of an account after it got in; those of the network stay, or an account of one's own
// would open the door for guessing others.
func forgive(ctx context.Context, tx *db.Tx, user, key, prefix string) error {
	subjects := []string{hashOf("pair", key, prefix), hashOf("account", key), secondLimit(user).subject}
	_, err := tx.Exec(ctx, `DELETE FROM login_attempt WHERE subject IN (`+db.Marks(1, len(subjects))+`)`, db.Args(subjects)...)
	return err
}

// Tidy deletes what has run out: tries, sessions, links, ceremonies. A daily job calls it.
func (s *Store) Tidy(ctx context.Context) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := tx.Now()
		for _, q := range []struct {
			text   string
			before time.Time
		}{
			{`DELETE FROM login_attempt WHERE since < $1`, now.Add(-throttleWindow)},
			{`DELETE FROM session WHERE expires_at < $1`, now},
			{`DELETE FROM session WHERE last_seen < $1`, now.Add(-sessionIdle)},
			{`DELETE FROM sign_in_link WHERE expires_at < $1`, now},
			{`DELETE FROM passkey_ceremony WHERE expires_at < $1`, now},
			{`DELETE FROM invitation WHERE expires_at < $1`, now.Add(-30 * 24 * time.Hour)},
		} {
			if _, err := tx.Exec(ctx, q.text, q.before); err != nil {
				return fmt.Errorf("tidy sign-in: %w", err)
			}
		}
		return nil
	})
}
