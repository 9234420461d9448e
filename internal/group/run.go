package group

import (
	"context"
	"fmt"

	"chop/internal/db"
)

// Due asks for a run at a place.
type Due struct{ Firm, Source string }

// Kind names the event.
func (Due) Kind() string { return "group.due" }

// ask counts new actions of a place and sets a run on its way, unless one is.
func (s *Store) ask(ctx context.Context, tx *db.Tx, firm, src string) error {
	var waits bool
	if _, err := tx.One(ctx, `SELECT waits FROM group_run WHERE firm_id = $1 AND source_id = $2`, []any{firm, src}, &waits); err != nil {
		return fmt.Errorf("ask for a run: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO group_run (firm_id, source_id, asked, waits) VALUES ($1, $2, 1, TRUE)
		ON CONFLICT (firm_id, source_id) DO UPDATE SET asked = group_run.asked + 1, waits = TRUE`, firm, src); err != nil {
		return fmt.Errorf("ask for a run: %w", err)
	}
	if waits {
		return nil
	}
	return s.Jobs.Put(ctx, Due{firm, src})
}
