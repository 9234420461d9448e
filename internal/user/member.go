package user

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// enrol gives a person a role in a firm; an older role is replaced.
func (s *Store) enrol(ctx context.Context, tx *db.Tx, firmID, who string, r access.Role) error {
	_, err := tx.Exec(ctx, `INSERT INTO membership (firm_id, user_id, role, since) VALUES ($1, $2, $3, $4)
		ON CONFLICT (firm_id, user_id) DO UPDATE SET role = excluded.role`, firmID, who, string(r), tx.Now())
	if err != nil {
		return fmt.Errorf("save role: %w", err)
	}
	return s.record(ctx, firmID, who, "person.joined", "", "role", string(r))
}

// Enrol gives an existing person a role in a firm without an invitation. Administrators and the program itself may.
func (s *Store) Enrol(ctx context.Context, firmID, who string, r access.Role) error {
	if err := access.CheckAny(ctx, access.Install); err != nil {
		return err
	}
	if err := CleanRole(r); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := guardOwner(ctx, tx, firmID, who, r); err != nil {
			return err
		}
		return s.enrol(ctx, tx, firmID, who, r)
	})
}

// Members lists the people of a firm by name. ViewPeople.
func (s *Store) Members(ctx context.Context, firmID string) ([]Member, error) {
	if err := access.Check(ctx, access.ViewPeople, firmID); err != nil {
		return nil, err
	}
	var ms []Member
	err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT m.role, m.since, (SELECT coalesce(max(s.last_seen), 0) FROM session s WHERE s.user_id = p.id), `+accountColumns+`
			FROM membership m JOIN person p ON p.id = m.user_id WHERE m.firm_id = $1 ORDER BY lower(p.name), p.id`, []any{firmID},
			func(scan func(...any) error) error {
				var m Member
				var a account
				var seen time.Time
				err := scan(append([]any{(*string)(&m.Role), &m.Since, &seen}, a.fields()...)...)
				a.Password = a.hash != ""
				m.Person, m.LastSeen = a.Person, seen
				ms = append(ms, m)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return ms, nil
}

// ChangeRole gives a member another role, with a reason. ManagePeople. Faults: NotFound, Conflict "user.last_owner".
func (s *Store) ChangeRole(ctx context.Context, firmID, who string, r access.Role, why string) error {
	if err := access.Check(ctx, access.ManagePeople, firmID); err != nil {
		return err
	}
	if err := CleanRole(r); err != nil {
		return err
	}
	why, err := needWhy(why)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := guardOwner(ctx, tx, firmID, who, r); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE membership SET role = $3 WHERE firm_id = $1 AND user_id = $2`, firmID, who, string(r))
		if err != nil || n == 0 {
			return missingMember(err)
		}
		return s.record(ctx, firmID, who, "person.role_changed", why, "role", string(r))
	})
}

// Remove takes a member out of a firm, with a reason; the account stays. Offers they made and nobody took
// yet end with them. ManagePeople. Faults as ChangeRole.
func (s *Store) Remove(ctx context.Context, firmID, who, why string) error {
	if err := access.Check(ctx, access.ManagePeople, firmID); err != nil {
		return err
	}
	why, err := needWhy(why)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := guardOwner(ctx, tx, firmID, who, ""); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM membership WHERE firm_id = $1 AND user_id = $2`, firmID, who)
		if err != nil || n == 0 {
			return missingMember(err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM invitation WHERE firm_id = $1 AND invited_by = $2 AND used_at = 0`, firmID, who); err != nil {
			return err
		}
		return s.record(ctx, firmID, who, "person.removed", why)
	})
}

func missingMember(err error) error {
	if err != nil {
		return err
	}
	return fault.Missing("person")
}

// guardOwner applies keepsOwner. Touching the firm's row first makes two such changes wait for each other, so two
// owners cannot remove one another at the same moment.
func guardOwner(ctx context.Context, tx *db.Tx, firmID, who string, becomes access.Role) error {
	n, err := tx.Exec(ctx, `UPDATE firm SET id = id WHERE id = $1`, firmID)
	if err != nil || n == 0 {
		return missingMember(err)
	}
	var was string
	if _, err := tx.One(ctx, `SELECT role FROM membership WHERE firm_id = $1 AND user_id = $2`, []any{firmID, who}, &was); err != nil {
		return err
	}
	var owners int
	if _, err := tx.One(ctx, `SELECT count(*) FROM membership m JOIN person p ON p.id = m.user_id
		WHERE m.firm_id = $1 AND m.role = 'owner' AND p.disabled_at = 0`, []any{firmID}, &owners); err != nil {
		return err
	}
	return keepsOwner(access.Role(was), becomes, owners)
}

// People lists everybody on the installation by name. Administrators only.
func (s *Store) People(ctx context.Context) ([]Person, error) {
	if err := access.CheckAny(ctx, access.Install); err != nil {
		return nil, err
	}
	var ps []Person
	err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT (SELECT coalesce(max(s.last_seen), 0) FROM session s WHERE s.user_id = p.id), `+accountColumns+`
			FROM person p ORDER BY lower(p.name), p.id`, nil, func(scan func(...any) error) error {
			var a account
			var seen time.Time
			err := scan(append([]any{&seen}, a.fields()...)...)
			a.Password, a.LastSeen = a.hash != "", seen
			ps = append(ps, a.Person)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	return ps, nil
}

// SetAdmin makes a person an administrator or takes that away, with a reason, and ends their sessions. Only
// administrators may; the last one stays (Conflict "user.last_admin").
func (s *Store) SetAdmin(ctx context.Context, who string, admin bool, why string) error {
	return s.overrule(ctx, who, why, !admin, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE person SET admin = $2 WHERE id = $1`, who, admin); err != nil {
			return err
		}
		return s.record(ctx, "", who, "person.admin_set", why, "admin", fmt.Sprint(admin))
	})
}

// Disable closes an account, or opens it again, with a reason, and ends its sessions. Only administrators may; the
// last one stays.
func (s *Store) Disable(ctx context.Context, who string, closed bool, why string) error {
	return s.overrule(ctx, who, why, closed, func(ctx context.Context, tx *db.Tx) error {
		var at time.Time
		verb := "person.enabled"
		if closed {
			at, verb = tx.Now(), "person.disabled"
		}
		if _, err := tx.Exec(ctx, `UPDATE person SET disabled_at = $2 WHERE id = $1`, who, at); err != nil {
			return err
		}
		return s.record(ctx, "", who, verb, why)
	})
}

func (s *Store) overrule(ctx context.Context, who, why string, lessens bool, deed func(context.Context, *db.Tx) error) error {
	if err := access.CheckAny(ctx, access.Install); err != nil {
		return err
	}
	if _, err := needWhy(why); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		// Touching every administrator's row makes two such changes wait for each other.
		if _, err := tx.Exec(ctx, `UPDATE person SET admin = admin WHERE admin = TRUE`); err != nil {
			return err
		}
		a, found, err := load(ctx, tx, `p.id = $1`, who)
		if err != nil || !found {
			return missingMember(err)
		}
		var admins int
		if _, err := tx.One(ctx, `SELECT count(*) FROM person WHERE admin = TRUE AND disabled_at = 0`, nil, &admins); err != nil {
			return err
		}
		if lessens && a.Admin && a.Disabled.IsZero() && admins <= 1 {
			return fault.New(fault.Conflict, "user.last_admin")
		}
		if err := deed(ctx, tx); err != nil {
			return err
		}
		return endAll(ctx, tx, who)
	})
}
