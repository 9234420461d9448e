package source

import (
	"context"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// LookNow brings the next look at a source forward to this moment. Needs access.ManageSources. Faults: Conflict
// "source.paused", "source.no_look" for a source that is not looked at by the program.
func (s *Store) LookNow(ctx context.Context, firm, id string) error {
	if err := access.Check(ctx, access.ManageSources, firm); err != nil {
		return err
	}
	src, err := s.Find(ctx, firm, id)
	if err != nil {
		return err
	}
	if src.Paused {
		return fault.New(fault.Conflict, "source.paused")
	}
	c, err := s.Registry.Find(src.Kind)
	if err != nil {
		return err
	}
	if d := c.Describe(); d.Push || d.Manual {
		return fault.New(fault.Conflict, "source.no_look")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		tx.Touch(firm, "sources")
		return s.schedule(ctx, tx, &src, tx.Now())
	})
}
