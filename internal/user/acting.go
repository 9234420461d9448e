package user

import (
	"context"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// Acting is a person with the roles they have now, for work that goes on in their name after they left the page. For
// jobs. Faults: Forbidden for an account that is closed or gone.
func (s *Store) Acting(ctx context.Context, id string) (p access.Principal, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, found, err := load(ctx, tx, `p.id = $1`, id)
		if err == nil && (!found || !a.Disabled.IsZero()) {
			err = fault.New(fault.Forbidden, "forbidden")
		}
		if err != nil {
			return err
		}
		p, err = principal(ctx, tx, a.Person)
		return err
	})
	return p, err
}
