package user

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
)

const (
	firstLife = 24 * time.Hour
	resetLife = time.Hour
)

// Paths of the pages behind links.
const (
	FirstPath  = "first"
	ResetPath  = "reset"
	InvitePath = "invitation"
)

const (
	purposeFirst = "first"
	purposeReset = "reset"
)

// Link is the whole address of a page with its token, as printed or mailed.
func (s *Store) Link(path, token string) string { return s.link(path, token) }

// FirstLink makes the link with which the first administrator and the first firm are set up. It is empty once there
// is a person. A new link replaces the one before. The program itself may.
func (s *Store) FirstLink(ctx context.Context) (token string, err error) {
	if err := access.CheckAny(ctx, access.Install); err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if some, err := anybody(ctx, tx); err != nil || some {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_link WHERE purpose = $1`, purposeFirst); err != nil {
			return err
		}
		token, err = newLink(ctx, tx, purposeFirst, "", firstLife)
		return err
	})
	return token, err
}

func anybody(ctx context.Context, tx *db.Tx) (bool, error) {
	var n int
	_, err := tx.One(ctx, `SELECT count(*) FROM person`, nil, &n)
	return n > 0, err
}

func newLink(ctx context.Context, tx *db.Tx, purpose, user string, life time.Duration) (string, error) {
	token, hash := newToken()
	_, err := tx.Exec(ctx, `INSERT INTO sign_in_link (token_hash, purpose, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		hash, purpose, user, tx.Now(), tx.Now().Add(life))
	if err != nil {
		return "", fmt.Errorf("make a link: %w", err)
	}
	return token, nil
}

// spend uses a link up; NotFound "user.link" when it is unknown, used or too old.
func spend(ctx context.Context, tx *db.Tx, purpose, token string) (user string, err error) {
	found, err := tx.One(ctx, `UPDATE sign_in_link SET used_at = $3 WHERE token_hash = $1 AND purpose = $2 AND used_at = 0 AND expires_at > $3
		RETURNING user_id`, []any{hashOf(token), purpose, tx.Now()}, &user)
	if err == nil && !found {
		err = deadLink()
	}
	return user, err
}

func deadLink() error { return fault.New(fault.NotFound, "user.link") }

// LinkLives tells whether a link can still be used, without using it; NotFound "user.link" when not.
func (s *Store) LinkLives(ctx context.Context, path, token string) error {
	return s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var one int
		found, err := tx.One(ctx, `SELECT 1 FROM sign_in_link WHERE token_hash = $1 AND purpose = $2 AND used_at = 0 AND expires_at > $3`,
			[]any{hashOf(token), path, tx.Now()}, &one)
		if err == nil && !found {
			err = deadLink()
		}
		return err
	})
}

// First sets up the first administrator, who is also the guardian of the first firm, and signs them in.
func (s *Store) First(ctx context.Context, token string, n Newcomer, firmName string, d Device) (o Opened, f firm.Firm, err error) {
	if err := s.LinkLives(ctx, FirstPath, token); err != nil {
		return o, f, err
	}
	n.Admin = true
	p, key, err := n.clean()
	if err != nil {
		return o, f, err
	}
	if f, err = firm.Clean(firm.Firm{Name: firmName, Lang: p.Lang}); err != nil {
		return o, f, err
	}
	hash, err := s.hash(ctx, n.Password)
	if err != nil {
		return o, f, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := spend(ctx, tx, purposeFirst, token); err != nil {
			return err
		}
		if some, err := anybody(ctx, tx); err != nil || some {
			return orMissing(err)
		}
		if err := s.insert(ctx, tx, &p, key, hash); err != nil {
			return err
		}
		ctx = access.With(ctx, access.Principal{User: p.ID, Name: p.Name, Admin: true})
		if f, err = s.Firms.Create(ctx, f); err != nil {
			return err
		}
		if err := s.enrol(ctx, tx, f.ID, p.ID, access.Guardian); err != nil {
			return err
		}
		o, err = s.open(ctx, tx, p.ID, false, d)
		return err
	})
	return o, f, err
}

func orMissing(err error) error {
	if err != nil {
		return err
	}
	return deadLink()
}

// Forgot mails a reset link when the address has an account. It answers the same whether it has one or not; only
// who asks too often gets Unavailable "user.throttled".
func (s *Store) Forgot(ctx context.Context, email string, in lang.Tag, d Device) error {
	_, key, err := CleanEmail(email)
	if err != nil {
		return err
	}
	if err := s.take(ctx, limit{hashOf("reset", key), triesReset}, limit{hashOf("reset network", IPPrefix(d.Addr)), triesNetwork}); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, found, err := load(ctx, tx, `p.email_key = $1 AND p.disabled_at = 0`, key)
		if err != nil {
			return err
		}
		if !found { // the same writing, for nobody
			_, err := newLink(ctx, tx, "nobody", "", 0)
			return err
		}
		token, err := newLink(ctx, tx, purposeReset, a.ID, resetLife)
		if err != nil {
			return err
		}
		t := a.Lang
		s.mail(ctx, tx, a.Email, t, t.T("signin.mail.reset.subject"), t.T("signin.mail.reset.body", "Link", s.link(ResetPath, token)))
		return nil
	})
}

// Reset sets a new password through a mailed link, ends every session and signs in; an account with a second factor
// still has to give its code. Faults: NotFound "user.link", Invalid for a poor password.
func (s *Store) Reset(ctx context.Context, token, password string, d Device) (o Opened, err error) {
	a, err := s.behind(ctx, token)
	if err != nil {
		return o, err
	}
	if err := CheckPassword(password, a.Email); err != nil {
		return o, err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return o, err
	}
	_, key, err := CleanEmail(a.Email)
	if err != nil {
		return o, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := spend(ctx, tx, purposeReset, token); err != nil {
			return err
		}
		if err := renew(ctx, tx, a.ID, hash); err != nil {
			return err
		}
		if err := s.record(as(ctx, a), "", a.ID, "person.password_reset", ""); err != nil {
			return err
		}
		o, err = s.admit(ctx, a, key, d)
		return err
	})
	return o, err
}

func (s *Store) behind(ctx context.Context, token string) (a account, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var found bool
		a, found, err = load(ctx, tx, `p.disabled_at = 0 AND p.id = (SELECT user_id FROM sign_in_link
			WHERE token_hash = $1 AND purpose = 'reset' AND used_at = 0)`, hashOf(token))
		if err == nil && !found {
			err = deadLink()
		}
		return err
	})
	if err != nil {
		return a, err
	}
	return a, s.LinkLives(ctx, ResetPath, token)
}

// Rescue helps somebody who lost the password, the phone and the recovery codes: it takes the second factor and the
// passkeys off, ends every session and returns a link (1 h, once) to set a new password. Administrators and the
// program itself may, with a reason; whoever hands the link over must have recognised the person.
func (s *Store) Rescue(ctx context.Context, who, why string) (link string, err error) {
	err = s.overrule(ctx, who, why, false, func(ctx context.Context, tx *db.Tx) error {
		for _, q := range []string{
			`UPDATE person SET totp_secret = '', totp_since = 0 WHERE id = $1`,
			`DELETE FROM recovery_code WHERE user_id = $1`,
			`DELETE FROM passkey WHERE user_id = $1`,
			`DELETE FROM sign_in_link WHERE user_id = $1`,
		} {
			if _, err := tx.Exec(ctx, q, who); err != nil {
				return fmt.Errorf("rescue: %w", err)
			}
		}
		token, err := newLink(ctx, tx, purposeReset, who, resetLife)
		if err != nil {
			return err
		}
		link = s.link(ResetPath, token)
		return s.record(ctx, "", who, "person.rescued", why)
	})
	return link, err
}

// ResetLink makes the link of a forgotten password for an administrator at the machine (chop user). NotFound when no
// open account has the address.
func (s *Store) ResetLink(ctx context.Context, email string) (link string, err error) {
	if err := access.CheckAny(ctx, access.Install); err != nil {
		return "", err
	}
	_, key, err := CleanEmail(email)
	if err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, found, err := load(ctx, tx, `p.email_key = $1 AND p.disabled_at = 0`, key)
		if err != nil {
			return err
		}
		if !found {
			return fault.Missing("person")
		}
		token, err := newLink(ctx, tx, purposeReset, a.ID, resetLife)
		link = s.link(ResetPath, token)
		return err
	})
	return link, err
}
