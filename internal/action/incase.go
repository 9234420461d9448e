package action

import (
	"context"
	"fmt"
	"slices"

	"chop/internal/crisis"
	"chop/internal/db"
)

// InCase tells the case room which deeds on its mentions are not through: on their way, in doubt, or for a person to do.
// It is a crisis.Look and asks no permission: the case room has.
func (s *Store) InCase(ctx context.Context, c crisis.Case, mentions []string) (f crisis.Findings, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range slices.Chunk(mentions, 200) {
			if err := tx.Each(ctx, `SELECT id, mention_id, state, made_at FROM deed WHERE firm_id = $1 AND state IN ('planned', 'waiting', 'doing',
				'doubtful', 'manual') AND mention_id IN (`+db.Marks(2, len(part))+`)`, append([]any{c.Firm}, db.Args(part)...), func(scan func(...any) error) error {
				var p crisis.Pending
				var st State
				var id string
				if err := scan(&id, &p.Mention, &st, &p.At); err != nil {
					return err
				}
				p.Ref, p.Kind = Ref(id), "underway"
				if st == Doubtful || st == Manual {
					p.Kind = string(st)
				}
				f.Pending = append(f.Pending, p)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("look for deeds of a case: %w", err)
	}
	return f, nil
}
