package user

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/firm"
)

const (
	sessionLife    = 30 * 24 * time.Hour
	sessionIdle    = 7 * 24 * time.Hour
	sessionPending = 10 * time.Minute // to type the code of the second factor
	seenEvery      = 5 * time.Minute  // last_seen is written no more often
	maxAgent       = 200
)

// Device is where a request comes from. Old is the session token the browser came with: it ends when a new one
// begins, so a token planted beforehand is worth nothing.
type Device struct {
	Addr  string // remote address, with or without port
	Agent string
	Old   string
}

// Opened is a session just begun. Second means that it lets nobody in until Second was called with a code.
type Opened struct {
	Token  string
	User   string
	Second bool
	Life   time.Duration // at most; an idle session ends earlier
}

// Session is one line of the list a person sees.
type Session struct {
	ID       string
	Created  time.Time
	LastSeen time.Time
	Network  string
	Agent    string
	Own      bool // the one that asks
}

// Visit is who a session token belongs to.
type Visit struct {
	Session   string
	Person    Person
	Principal access.Principal
}

// open begins a session inside tx and ends the one the browser came with.
func (s *Store) open(ctx context.Context, tx *db.Tx, user string, pending bool, d Device) (Opened, error) {
	if d.Old != "" {
		if _, err := tx.Exec(ctx, `DELETE FROM session WHERE token_hash = $1`, hashOf(d.Old)); err != nil {
			return Opened{}, fmt.Errorf("end the old session: %w", err)
		}
	}
	life := sessionLife
	if pending {
		life = sessionPending
	}
	token, hash := newToken()
	o := Opened{Token: token, User: user, Second: pending, Life: life}
	agent := firm.OneLine(d.Agent)
	if r := []rune(agent); len(r) > maxAgent {
		agent = string(r[:maxAgent])
	}
	_, err := tx.Exec(ctx, `INSERT INTO session (token_hash, id, user_id, pending, created_at, last_seen, expires_at, ip_prefix, agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		hash, db.NewID(), user, pending, tx.Now(), tx.Now(), tx.Now().Add(life), IPPrefix(d.Addr), agent)
	if err != nil {
		return Opened{}, fmt.Errorf("open session: %w", err)
	}
	return o, nil
}

// Visit finds who the token belongs to; found is false for an unknown, ended, idle or unfinished session and for a
// disabled account.
func (s *Store) Visit(ctx context.Context, token string) (v Visit, found bool, err error) {
	if token == "" {
		return v, false, nil
	}
	hash := hashOf(token)
	var stale bool
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var a account
		var seen time.Time
		found, err = tx.One(ctx, `SELECT s.id, s.last_seen, `+accountColumns+` FROM session s JOIN person p ON p.id = s.user_id
			WHERE s.token_hash = $1 AND s.pending = FALSE AND s.expires_at > $2 AND s.last_seen > $3 AND p.disabled_at = 0`,
			[]any{hash, tx.Now(), tx.Now().Add(-sessionIdle)}, append([]any{&v.Session, &seen}, a.fields()...)...)
		if err != nil || !found {
			return err
		}
		stale = tx.Now().Sub(seen) >= seenEvery
		a.Password = a.hash != ""
		v.Person, v.Person.LastSeen = a.Person, seen
		v.Principal, err = principal(ctx, tx, a.Person)
		v.Person.FirmRoles = v.Principal.Firms
		return err
	})
	if err != nil {
		return v, false, fmt.Errorf("read session: %w", err)
	}
	if found && stale {
		err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE session SET last_seen = $2 WHERE token_hash = $1`, hash, tx.Now())
			return err
		})
	}
	return v, found, err
}

// Principal is who the session token belongs to, with every firm; Forbidden when nobody.
func (s *Store) Principal(ctx context.Context, token string) (access.Principal, error) {
	v, found, err := s.Visit(ctx, token)
	if err == nil && !found {
		err = fault.New(fault.Forbidden, "user.signed_out")
	}
	return v.Principal, err
}

func principal(ctx context.Context, tx *db.Tx, p Person) (access.Principal, error) {
	a := access.Principal{User: p.ID, Name: p.Name, Admin: p.Admin, Firms: map[string]access.Role{}}
	err := tx.Each(ctx, `SELECT firm_id, role FROM membership WHERE user_id = $1`, []any{p.ID}, func(scan func(...any) error) error {
		var id, role string
		err := scan(&id, &role)
		a.Firms[id] = access.Role(role)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("read memberships: %w", err)
	}
	return a, nil
}

// Sessions lists one's own sessions, latest first; token is the one that asks.
func (s *Store) Sessions(ctx context.Context, token string) ([]Session, error) {
	a, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	var out []Session
	own := hashOf(token)
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, created_at, last_seen, ip_prefix, agent, token_hash FROM session
			WHERE user_id = $1 AND pending = FALSE AND expires_at > $2 AND last_seen > $3 ORDER BY last_seen DESC, id DESC`,
			[]any{a.ID, tx.Now(), tx.Now().Add(-sessionIdle)}, func(scan func(...any) error) error {
				var x Session
				var hash string
				err := scan(&x.ID, &x.Created, &x.LastSeen, &x.Network, &x.Agent, &hash)
				x.Own = hash == own
				out = append(out, x)
				return err
			})
	})
	return out, err
}

// EndSession ends one of one's own sessions; NotFound for anybody else's.
func (s *Store) EndSession(ctx context.Context, id string) error {
	a, err := s.own(ctx)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM session WHERE id = $1 AND user_id = $2`, id, a.ID)
		if err == nil && n == 0 {
			err = fault.Missing("session")
		}
		return err
	})
}

// SignOut ends the session of the token; an unknown token is no error.
func (s *Store) SignOut(ctx context.Context, token string) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM session WHERE token_hash = $1`, hashOf(token))
		return err
	})
}

// endAll ends every session of a person.
func endAll(ctx context.Context, tx *db.Tx, user string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM session WHERE user_id = $1`, user); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
