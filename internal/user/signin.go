package user

import (
	"context"
	"fmt"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// Refused is the code of the one answer to every failed sign-in: it does not tell whether the address is known.
const Refused = "user.refused"

// SignIn checks an address with its password and opens a session, which waits for a code when the account asks for
// one. Anybody may call it. Faults: Forbidden "user.refused", Unavailable "user.throttled".
func (s *Store) SignIn(ctx context.Context, email, password string, d Device) (Opened, error) {
	_, key, err := CleanEmail(email)
	if err != nil {
		key = "?" // costs the same as any other address
	}
	if err := s.take(ctx, signInLimits(key, IPPrefix(d.Addr))...); err != nil {
		return Opened{}, err
	}
	a, err := s.byEmail(ctx, key)
	if err != nil {
		return Opened{}, err
	}
	hash := a.hash
	if !a.Disabled.IsZero() {
		hash = ""
	}
	ok, err := s.verify(ctx, hash, password)
	if err != nil {
		return Opened{}, err
	}
	if !ok {
		return Opened{}, fault.New(fault.Forbidden, Refused)
	}
	return s.admit(ctx, a, key, d)
}

// admit opens the session of somebody who proved to be the account's owner with a password or a mailed link.
func (s *Store) admit(ctx context.Context, a account, key string, d Device) (o Opened, err error) {
	pending := !a.Second.IsZero()
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if o, err = s.open(ctx, tx, a.ID, pending, d); err != nil || pending {
			return err
		}
		return s.entered(ctx, tx, a, key, d, "password")
	})
	return o, err
}

// entered is what every complete sign-in leaves behind.
func (s *Store) entered(ctx context.Context, tx *db.Tx, a account, key string, d Device, how string) error {
	if err := forgive(ctx, tx, a.ID, key, IPPrefix(d.Addr)); err != nil {
		return fmt.Errorf("forget tries: %w", err)
	}
	return s.record(as(ctx, a), "", a.ID, "person.signed_in", "", "how", how)
}

// as acts as the person for the journal, in verbs that are called before anybody is signed in.
func as(ctx context.Context, a account) context.Context {
	return access.With(ctx, access.Principal{User: a.ID, Name: a.Name})
}

func (s *Store) byEmail(ctx context.Context, key string) (a account, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, _, err = load(ctx, tx, `p.email_key = $1`, key)
		return err
	})
	return a, err
}

// Second completes a sign-in with a code from the app or a recovery code. d.Old is the token of the waiting session;
// a new one takes its place. Faults: Forbidden "user.signed_out" (start again), Invalid "user.code",
// Unavailable "user.throttled".
func (s *Store) Second(ctx context.Context, code string, d Device) (o Opened, err error) {
	a, err := s.waiting(ctx, d.Old)
	if err != nil {
		return o, err
	}
	if err := s.take(ctx, secondLimit(a.ID)); err != nil {
		return o, err
	}
	_, key, err := CleanEmail(a.Email)
	if err != nil {
		return o, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		how, err := s.useCode(ctx, tx, a, code)
		if err != nil {
			return err
		}
		if o, err = s.open(ctx, tx, a.ID, false, d); err != nil {
			return err
		}
		return s.entered(ctx, tx, a, key, d, how)
	})
	return o, err
}

func (s *Store) waiting(ctx context.Context, token string) (a account, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var id string
		found, err := tx.One(ctx, `SELECT user_id FROM session WHERE token_hash = $1 AND pending = TRUE AND expires_at > $2`,
			[]any{hashOf(token), tx.Now()}, &id)
		if err != nil {
			return err
		}
		if found {
			a, found, err = load(ctx, tx, `p.id = $1 AND p.disabled_at = 0`, id)
		}
		if err == nil && !found {
			err = fault.New(fault.Forbidden, "user.signed_out")
		}
		return err
	})
	return a, err
}

// confirm asks for one's own password again before a change to how one signs in.
func (s *Store) confirm(ctx context.Context, password string) (account, error) {
	a, err := s.own(ctx)
	if err != nil {
		return a, err
	}
	if err := s.take(ctx, limit{hashOf("confirm", a.ID), triesPair}); err != nil {
		return a, err
	}
	ok, err := s.verify(ctx, a.hash, password)
	if err != nil {
		return a, err
	}
	if !ok {
		return a, fault.New(fault.Invalid, "user.password_wrong").On("current")
	}
	return a, s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM login_attempt WHERE subject = $1`, hashOf("confirm", a.ID))
		return err
	})
}

// ChangePassword replaces one's own password, ends every session and opens a new one for this device.
func (s *Store) ChangePassword(ctx context.Context, current, next string, d Device) (o Opened, err error) {
	a, err := s.confirm(ctx, current)
	if err != nil {
		return o, err
	}
	if err := CheckPassword(next, a.Email); err != nil {
		return o, err
	}
	hash, err := s.hash(ctx, next)
	if err != nil {
		return o, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := renew(ctx, tx, a.ID, hash); err != nil {
			return err
		}
		if o, err = s.open(ctx, tx, a.ID, false, d); err != nil {
			return err
		}
		return s.record(ctx, "", a.ID, "person.password_changed", "")
	})
	return o, err
}

// renew saves a new password; links and sessions that came with the old one end.
func renew(ctx context.Context, tx *db.Tx, user, hash string) error {
	if _, err := tx.Exec(ctx, `UPDATE person SET password_hash = $2 WHERE id = $1`, user, hash); err != nil {
		return fmt.Errorf("save password: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM sign_in_link WHERE user_id = $1`, user); err != nil {
		return fmt.Errorf("end links: %w", err)
	}
	return endAll(ctx, tx, user)
}
