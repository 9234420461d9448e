package author

import (
	"context"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// Legals are what a lawyer may mark a profile with (field 15): a hypothesis about acts, never about a person.
var Legals = []string{"none", "terms", "civil", "criminal"}

// LegalView is all that a lawyer sees of a profile beside the exported package.
type LegalView struct {
	Profile    string
	Version    int
	State      State
	Marker     string
	ValidUntil time.Time
	Flags      []Flag
}

// Legal is the legal marker of an account's newest version. Needs access.LegalProfiles. Faults: NotFound "missing".
func (s *Store) Legal(ctx context.Context, firm, key string) (v LegalView, err error) {
	if err := access.Check(ctx, access.LegalProfiles, firm); err != nil {
		return v, err
	}
	if err := s.Looked(ctx, firm, key, "legal"); err != nil {
		return v, err
	}
	if v.Flags, err = s.flags(ctx, firm, key); err != nil {
		return v, err
	}
	ds, err := s.documents(ctx, `key = $2 AND state <> 'erased'`, firm, key)
	if err != nil {
		return v, err
	}
	if len(ds) == 0 {
		if len(v.Flags) > 0 {
			return v, nil
		}
		return v, fault.Missing("profile")
	}
	v.Profile, v.Version, v.State, v.Marker, v.ValidUntil = ds[0].ID, ds[0].Version, ds[0].State, ds[0].Legal, ds[0].ValidUntil
	return v, nil
}

// MarkLegal sets the legal marker of a version. Needs access.LegalProfiles, a person and a reason. Faults: Invalid "author.field".
func (s *Store) MarkLegal(ctx context.Context, firm, id, marker, why string) error {
	if err := person(ctx, access.LegalProfiles, firm); err != nil {
		return err
	}
	if why = tidy(why); because(why) != nil {
		return because(why)
	}
	if !slices.Contains(Legals, marker) {
		return fault.New(fault.Invalid, "author.field", "Field", "legal").On("legal")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.load(ctx, firm, id)
		if err != nil {
			return err
		}
		if d.State == Erased {
			return fault.New(fault.Conflict, "author.over")
		}
		d.Legal = marker
		if err := s.save(ctx, tx, d); err != nil {
			return err
		}
		return s.note(ctx, tx, d, "marked", "", nil) // neither the marker nor the reason is for other eyes than a lawyer's
	})
}
