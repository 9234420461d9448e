package decision

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chop/internal/crisis"
	"chop/internal/db"
)

// InCase tells the case room which of its mentions have an answer of ours, and which decisions wait for somebody. It is a
// crisis.Look and asks no permission: the case room has.
func (s *Store) InCase(ctx context.Context, c crisis.Case, mentions []string) (f crisis.Findings, err error) {
	f.Answered = map[string]bool{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range slices.Chunk(mentions, 200) {
			if err := tx.Each(ctx, `SELECT id, mention_id, option, state, outcome, at FROM decision WHERE firm_id = $1 AND state NOT IN ('refused', 'undone', 'lapsed')
				AND mention_id IN (`+db.Marks(2, len(part))+`)`, append([]any{c.Firm}, db.Args(part)...), func(scan func(...any) error) error {
				var id, mention string
				var o Option
				var st State
				var out Outcome
				var at time.Time
				if err := scan(&id, &mention, &o, &st, &out, &at); err != nil {
					return err
				}
				switch {
				case st != Decided: // waits for a second person, the owner or its time
					f.Pending = append(f.Pending, crisis.Pending{Kind: string(st), Ref: Ref(id), Mention: mention, At: at})
				case out == Succeeded && (o == Reply || o == MovePrivate || o == Statement):
					f.Answered[mention] = true
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("look for decisions of a case: %w", err)
	}
	return f, nil
}
