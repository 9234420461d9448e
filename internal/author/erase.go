package author

import (
	"context"
	"fmt"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
)

// held tells whether proof of anything the account wrote is under a legal hold.
func (s *Store) held(ctx context.Context, firm, key string) (bool, error) {
	ms, err := s.Mentions.OfAuthors(ctx, firm, []string{key})
	if err != nil {
		return false, err
	}
	for _, m := range ms {
		es, err := s.Evidence.Of(ctx, firm, mention.Ref(m.ID))
		if err != nil {
			return false, err
		}
		for _, e := range es {
			if !e.Held.IsZero() && e.Removed.IsZero() {
				return true, nil
			}
		}
	}
	return false, nil
}

// Erase carries out an objection (Art. 21 GDPR): everything said about the account is erased, it is not profiled again, and what
// remains is a keyed digest that names nobody. What the account published stays as captured under its own retention; our own deeds and
// decisions stay, without the account's profile. A legal hold on proof of what it wrote blocks erasure. Needs access.WorkProfiles, a
// person and a reason. Faults: Conflict "author.held"; Invalid "author.why".
func (s *Store) Erase(ctx context.Context, firm, key, why string) error {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	if why = tidy(why); because(why) != nil {
		return because(why)
	}
	if _, err := s.card(ctx, firm, key); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		held, err := s.held(ctx, firm, key)
		if err != nil {
			return err
		}
		if held {
			return fault.New(fault.Conflict, "author.held")
		}
		if err := s.forget(ctx, tx, firm, key, Objection); err != nil {
			return err
		}
		for _, q := range []string{`DELETE FROM author_contest WHERE firm_id = $1 AND key = $2`, `DELETE FROM author_deed WHERE firm_id = $1 AND key = $2`,
			`DELETE FROM author_reading WHERE firm_id = $1 AND key = $2`, `DELETE FROM author_flag WHERE firm_id = $1 AND key = $2`,
			`DELETE FROM author_profile WHERE firm_id = $1 AND key = $2`} {
			if _, err := tx.Exec(ctx, q, firm, key); err != nil {
				return fmt.Errorf("erase account: %w", err)
			}
		}
		if s.Forgotten != nil {
			if err := s.Forgotten(ctx, firm, key, why); err != nil {
				return err
			}
		}
		mark := s.mark(ctx, firm, key)
		if _, err := tx.Exec(ctx, `INSERT INTO author_tombstone (firm_id, mark, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, firm, mark, tx.Now()); err != nil {
			return fmt.Errorf("save tombstone: %w", err)
		}
		tx.Touch(firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(mark), Verb: "author.erased", Why: why})
	})
}

// erasedBefore tells whether the account was erased on its owner's objection.
func (s *Store) erasedBefore(ctx context.Context, firm, key string) (found bool, err error) {
	n := 0
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM author_tombstone WHERE firm_id = $1`, []any{firm}, &n)
		return err
	})
	if err != nil || n == 0 {
		return false, err
	}
	mark := s.mark(ctx, firm, key)
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var one int
		found, err = tx.One(ctx, `SELECT 1 FROM author_tombstone WHERE firm_id = $1 AND mark = $2`, []any{firm, mark}, &one)
		return err
	})
	return found, err
}

// Objected are those of the accounts that were erased on their owner's objection. It asks no permission: for rooms that look on the program's
// behalf.
func (s *Store) Objected(ctx context.Context, firm string, keys []string) (gone map[string]bool, err error) {
	marks := map[string]bool{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT mark FROM author_tombstone WHERE firm_id = $1`, []any{firm}, func(scan func(...any) error) error {
			var m string
			err := scan(&m)
			marks[m] = true
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read objections: %w", err)
	}
	gone = map[string]bool{}
	for _, k := range keys {
		if len(marks) > 0 && marks[s.mark(ctx, firm, k)] {
			gone[k] = true
		}
	}
	return gone, nil
}
