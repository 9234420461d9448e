package user

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/firm"
)

const (
	ceremonyLife = 5 * time.Minute
	maxPasskeys  = 20
	maxKeyName   = 60
)

// Passkey is one key in the list a person sees.
type Passkey struct {
	ID      string
	Name    string
	Created time.Time
	Used    time.Time
}

// Ceremony is one half of a passkey exchange: the options for the browser and a token that ties its answer to them.
type Ceremony struct {
	Token   string
	Options any // for navigator.credentials, as JSON
}

// holder is a person as the passkey library sees them. The user handle is the person's id, which says nothing.
type holder struct {
	Person
	keys []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.ID) }
func (h holder) WebAuthnName() string                       { return h.Email }
func (h holder) WebAuthnDisplayName() string                { return h.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// party is this installation as passkeys know it. Fault: Unavailable "user.passkey_address", because passkeys belong to a
// name and an installation reached by a bare address has none.
func (s *Store) party() (*webauthn.WebAuthn, error) {
	u, err := url.Parse(s.Origin)
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	w, err := webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: "ChOP", RPOrigins: []string{s.Origin},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}})
	if err != nil {
		return nil, fault.New(fault.Unavailable, "user.passkey_address").Because(err)
	}
	return w, nil
}

// Passkeys lists one's own passkeys, oldest first.
func (s *Store) Passkeys(ctx context.Context) ([]Passkey, error) {
	a, err := s.own(ctx)
	if err != nil {
		return nil, err
	}
	var ks []Passkey
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, name, created_at, used_at FROM passkey WHERE user_id = $1 ORDER BY created_at, id`, []any{a.ID},
			func(scan func(...any) error) error {
				var k Passkey
				err := scan(&k.ID, &k.Name, &k.Created, &k.Used)
				ks = append(ks, k)
				return err
			})
	})
	return ks, err
}

// StartPasskey begins adding a passkey to one's own account; the password is asked for.
func (s *Store) StartPasskey(ctx context.Context, password string) (Ceremony, error) {
	a, err := s.confirm(ctx, password)
	if err != nil {
		return Ceremony{}, err
	}
	w, err := s.party()
	if err != nil {
		return Ceremony{}, err
	}
	var c Ceremony
	return c, s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		h, err := held(ctx, tx, a.Person)
		if err != nil {
			return err
		}
		if len(h.keys) >= maxPasskeys {
			return fault.New(fault.Conflict, "user.passkeys_full", "max", maxPasskeys)
		}
		options, data, err := w.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
		if err != nil {
			return fmt.Errorf("begin a passkey: %w", err)
		}
		c, err = begin(ctx, tx, a.ID, options, data)
		return err
	})
}

// AddPasskey finishes StartPasskey with the browser's answer.
func (s *Store) AddPasskey(ctx context.Context, token, name string, answer []byte) error {
	a, err := s.own(ctx)
	if err != nil {
		return err
	}
	w, err := s.party()
	if err != nil {
		return err
	}
	if name = firm.OneLine(name); name == "" {
		name = "ChOP"
	}
	if r := []rune(name); len(r) > maxKeyName {
		name = string(r[:maxKeyName])
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		data, err := end(ctx, tx, token, a.ID)
		if err != nil {
			return err
		}
		h, err := held(ctx, tx, a.Person)
		if err != nil {
			return err
		}
		parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
		if err != nil {
			return poorKey(err)
		}
		cred, err := w.CreateCredential(h, data, parsed)
		if err != nil {
			return poorKey(err)
		}
		raw, err := json.Marshal(cred)
		if err != nil {
			return fmt.Errorf("write passkey: %w", err)
		}
		n, err := tx.Exec(ctx, `INSERT INTO passkey (id, user_id, name, credential, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO NOTHING`, keyID(cred.ID), a.ID, name, string(raw), tx.Now())
		if err != nil {
			return fmt.Errorf("save passkey: %w", err)
		}
		if n == 0 {
			return fault.New(fault.Conflict, "user.passkey_known")
		}
		return s.record(ctx, "", a.ID, "person.passkey_added", "")
	})
}

// RemovePasskey deletes one of one's own passkeys; the password is asked for.
func (s *Store) RemovePasskey(ctx context.Context, id, password string) error {
	a, err := s.confirm(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM passkey WHERE id = $1 AND user_id = $2`, id, a.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("passkey")
		}
		return s.record(ctx, "", a.ID, "person.passkey_removed", "")
	})
}

// AskPasskey begins a sign-in with whichever passkey the device holds. Anybody may call it.
func (s *Store) AskPasskey(ctx context.Context) (c Ceremony, err error) {
	w, err := s.party()
	if err != nil {
		return c, err
	}
	options, data, err := w.BeginDiscoverableLogin()
	if err != nil {
		return c, fmt.Errorf("ask for a passkey: %w", err)
	}
	return c, s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err = begin(ctx, tx, "", options, data)
		return err
	})
}

// SignInPasskey finishes AskPasskey and opens a session. A passkey is two factors in one (the device and the finger
// or PIN), so no code is asked for. Faults: Forbidden "user.passkey".
func (s *Store) SignInPasskey(ctx context.Context, token string, answer []byte, d Device) (o Opened, err error) {
	w, err := s.party()
	if err != nil {
		return o, err
	}
	var data webauthn.SessionData
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { // a refused answer uses its ceremony up as well
		data, err = end(ctx, tx, token, "")
		return err
	})
	if err != nil {
		return o, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return o, fault.New(fault.Forbidden, "user.passkey").Because(err)
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var h holder
		cred, err := w.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
			a, found, err := load(ctx, tx, `p.id = $1 AND p.disabled_at = 0`, string(handle))
			if err != nil {
				return nil, err
			}
			if !found {
				return nil, errors.New("no such person")
			}
			h, err = held(ctx, tx, a.Person)
			return h, err
		}, data, parsed)
		if err != nil {
			return fault.New(fault.Forbidden, "user.passkey").Because(err)
		}
		if cred.Authenticator.CloneWarning {
			return fault.New(fault.Forbidden, "user.passkey").Because(errors.New("the key's counter went back: it may have been copied"))
		}
		if err := used(ctx, tx, cred); err != nil {
			return err
		}
		if o, err = s.open(ctx, tx, h.ID, false, d); err != nil {
			return err
		}
		_, key, err := CleanEmail(h.Email)
		if err != nil {
			return err
		}
		return s.entered(ctx, tx, account{Person: h.Person}, key, d, "passkey")
	})
	return o, err
}

func poorKey(err error) error { return fault.New(fault.Invalid, "user.passkey").Because(err) }

func keyID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

func used(ctx context.Context, tx *db.Tx, c *webauthn.Credential) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write passkey: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE passkey SET credential = $2, used_at = $3 WHERE id = $1`, keyID(c.ID), string(raw), tx.Now()); err != nil {
		return fmt.Errorf("save passkey: %w", err)
	}
	return nil
}

func held(ctx context.Context, tx *db.Tx, p Person) (holder, error) {
	h := holder{Person: p}
	err := tx.Each(ctx, `SELECT credential FROM passkey WHERE user_id = $1`, []any{p.ID}, func(scan func(...any) error) error {
		var raw string
		if err := scan(&raw); err != nil {
			return err
		}
		var c webauthn.Credential
		err := json.NewDecoder(bytes.NewBufferString(raw)).Decode(&c)
		h.keys = append(h.keys, c)
		return err
	})
	if err != nil {
		return h, fmt.Errorf("read passkeys: %w", err)
	}
	return h, nil
}

func begin(ctx context.Context, tx *db.Tx, user string, options any, data *webauthn.SessionData) (Ceremony, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Ceremony{}, fmt.Errorf("write ceremony: %w", err)
	}
	token, hash := newToken()
	_, err = tx.Exec(ctx, `INSERT INTO passkey_ceremony (token_hash, user_id, data, expires_at) VALUES ($1, $2, $3, $4)`,
		hash, user, string(raw), tx.Now().Add(ceremonyLife))
	if err != nil {
		return Ceremony{}, fmt.Errorf("save ceremony: %w", err)
	}
	return Ceremony{Token: token, Options: options}, nil
}

// end takes a ceremony out; each is good once.
func end(ctx context.Context, tx *db.Tx, token, user string) (data webauthn.SessionData, err error) {
	var raw string
	found, err := tx.One(ctx, `DELETE FROM passkey_ceremony WHERE token_hash = $1 AND user_id = $2 AND expires_at > $3 RETURNING data`,
		[]any{hashOf(token), user, tx.Now()}, &raw)
	if err != nil {
		return data, fmt.Errorf("end ceremony: %w", err)
	}
	if !found {
		return data, fault.New(fault.Forbidden, "user.passkey").Because(errors.New("no such ceremony"))
	}
	if err := json.Unmarshal([]byte(raw), &data); err != nil {
		return data, fmt.Errorf("read ceremony: %w", err)
	}
	return data, nil
}
