package group

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
)

// Run is what was looked at, at one place: an empty list of groups means little where little was read.
type Run struct {
	Source, Name string // of the place
	At           time.Time
	Took         time.Duration
	Actions      int
	Posts        int
	Tested       int // accounts compared
	Pairs        int // pairs corrected for
	Synchronous  int // accounts that were only early together: no accusation
}

// Runs is the last run at each place of the firm. Needs what List needs.
func (s *Store) Runs(ctx context.Context, firm string) (runs []Run, err error) {
	if _, err := mayView(ctx, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT r.source_id, p.name, r.ran_at, r.took, r.actions, r.posts, r.tested, r.pairs, r.synchronous
			FROM group_run r JOIN source p ON p.firm_id = r.firm_id AND p.id = r.source_id
			WHERE r.firm_id = $1 AND r.ran_at > 0 ORDER BY p.name, r.source_id`, []any{firm}, func(scan func(...any) error) error {
			var r Run
			var took int64
			err := scan(&r.Source, &r.Name, &r.At, &took, &r.Actions, &r.Posts, &r.Tested, &r.Pairs, &r.Synchronous)
			r.Took = time.Duration(took) * time.Microsecond
			runs = append(runs, r)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	return runs, nil
}

// Waiting is how many groups of the firms one may see nobody has decided about; faded ones need not be. With access.SharedGroups alone it is none.
func (s *Store) Waiting(ctx context.Context) (n int, err error) {
	firms := access.Scope(ctx, access.ViewGroups)
	if len(firms) == 0 {
		return 0, nil
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM found_group WHERE firm_id IN (`+db.Marks(1, len(firms))+`) AND state = 'suggested' AND lost_at = 0`, db.Args(firms), &n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count groups that wait: %w", err)
	}
	return n, nil
}
