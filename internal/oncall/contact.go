package oncall

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Contact is one way to reach a person.
type Contact struct {
	ID       string
	User     string
	Kind     string // "email", "ntfy", "webhook"
	Address  string
	Secret   string // ntfy token or webhook signing key; empty when none
	Place    int    // order of use, from 0
	Enabled  bool
	Verified time.Time // zero until the person typed the code that was sent there
}

// AccountContact is the id of the contact everybody has without setting any: the e-mail address of the account.
const AccountContact = "account"

// Ready tells whether an alarm may use the contact.
func (c Contact) Ready() bool { return c.Enabled && !c.Verified.IsZero() }

const (
	maxContacts = 10
	maxSecret   = 500
	codeLife    = 15 * time.Minute
	codeTries   = 5
	purpose     = "contact"
)

// sealed is what lies encrypted in the row.
type sealed struct {
	Address string `json:"address"`
	Secret  string `json:"secret,omitempty"`
}

// AddContact adds a way to reach the principal. An alarm uses it once it is verified, see NewCode and Verify. Faults:
// those of Config.Check, Invalid "oncall.secret", Conflict "oncall.contact_twice" and "oncall.contacts" (too many).
func (s *Store) AddContact(ctx context.Context, c Contact) (Contact, error) {
	me, err := self(ctx)
	if err != nil {
		return c, err
	}
	if err := s.Check(c.Kind, c.Address); err != nil {
		return c, err
	}
	if len(c.Secret) > maxSecret {
		return c, fault.New(fault.Invalid, "oncall.secret").On("secret")
	}
	c.ID, c.User, c.Enabled, c.Verified = db.NewID(), me, true, time.Time{}
	raw, err := json.Marshal(sealed{c.Address, c.Secret})
	if err != nil {
		return c, fmt.Errorf("write contact: %w", err)
	}
	return c, s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		old, err := s.own(ctx, me)
		if err != nil {
			return err
		}
		for _, o := range old {
			if o.Kind == c.Kind && o.Address == c.Address {
				return fault.New(fault.Conflict, "oncall.contact_twice").On("address")
			}
			c.Place = max(c.Place, o.Place+1)
		}
		if len(old) >= maxContacts {
			return fault.New(fault.Conflict, "oncall.contacts", "Max", maxContacts)
		}
		box, err := s.Seal.Seal(ctx, "", purpose, c.ID, raw)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO contact (user_id, id, kind, sealed, place, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			me, c.ID, c.Kind, box, c.Place, tx.Now()); err != nil {
			return fmt.Errorf("add contact: %w", err)
		}
		return s.recordContact(ctx, me, "contact.added", c.Kind)
	})
}

func self(ctx context.Context) (string, error) {
	a := access.From(ctx)
	if a.User == "" || a.System != "" {
		return "", fault.New(fault.Forbidden, "forbidden")
	}
	return a.User, nil
}

func (s *Store) recordContact(ctx context.Context, user, verb, kind string) error {
	return s.Journal.Record(ctx, journal.Entry{Ref: reason.Ref{Kind: "person", ID: user}, Verb: verb, Data: map[string]string{"kind": kind}})
}

// MyContacts lists the principal's contacts in the order of use, without the one of the account.
func (s *Store) MyContacts(ctx context.Context) ([]Contact, error) {
	me, err := self(ctx)
	if err != nil {
		return nil, err
	}
	return s.own(ctx, me)
}

func (s *Store) own(ctx context.Context, user string) (cs []Contact, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var boxes [][]byte
		err := tx.Each(ctx, `SELECT id, kind, sealed, place, enabled, verified_at FROM contact WHERE user_id = $1 ORDER BY place, id`, []any{user},
			func(scan func(...any) error) error {
				c, box := Contact{User: user}, []byte(nil)
				err := scan(&c.ID, &c.Kind, &box, &c.Place, &c.Enabled, &c.Verified)
				cs, boxes = append(cs, c), append(boxes, box)
				return err
			})
		if err != nil {
			return err
		}
		for i := range cs {
			raw, err := s.Seal.Open(ctx, "", purpose, cs[i].ID, boxes[i])
			if errors.Is(err, seal.ErrBroken) { // one unreadable address must not keep an alarm from everybody else
				slog.Error("contact cannot be read and is not used", "contact", cs[i].ID, "kind", cs[i].Kind)
				cs[i].Verified = time.Time{}
				continue
			}
			if err != nil {
				return err
			}
			var x sealed
			if err := json.Unmarshal(raw, &x); err != nil {
				return err
			}
			cs[i].Address, cs[i].Secret = x.Address, x.Secret
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list contacts: %w", err)
	}
	return cs, nil
}

// Contacts lists, in the order of use, the contacts by which an alarm may reach a member: their verified ones, or the
// e-mail address of the account when there are none. Rooms that notify call it; it asks for no permission.
func (s *Store) Contacts(ctx context.Context, m Member) ([]Contact, error) {
	cs, err := s.own(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	var ready []Contact
	for _, c := range cs {
		if c.Ready() {
			ready = append(ready, c)
		}
	}
	if len(ready) == 0 && m.Email != "" {
		ready = []Contact{accountContact(m)}
	}
	return ready, nil
}

// Contact is one contact of a member by its id, AccountContact included; ok is false when it may not be used any more.
// Rooms that notify call it; it asks for no permission.
func (s *Store) Contact(ctx context.Context, m Member, id string) (c Contact, ok bool, err error) {
	if id == AccountContact {
		return accountContact(m), m.Email != "", nil
	}
	cs, err := s.own(ctx, m.ID)
	if err != nil {
		return c, false, err
	}
	for _, c := range cs {
		if c.ID == id && c.Ready() {
			return c, true, nil
		}
	}
	return c, false, nil
}

func accountContact(m Member) Contact {
	return Contact{ID: AccountContact, User: m.ID, Kind: "email", Address: m.Email, Enabled: true}
}

// NewCode makes a code of six digits, good for 15 minutes and five tries, that proves that messages to the
// principal's contact arrive. The caller sends it there; only its hash is kept.
func (s *Store) NewCode(ctx context.Context, id string) (c Contact, code string, err error) {
	me, err := self(ctx)
	if err != nil {
		return c, "", err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return c, "", fmt.Errorf("make a code: %w", err)
	}
	code = fmt.Sprintf("%06d", n)
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if c, err = s.mine(ctx, me, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE contact SET code_hash = $3, code_until = $4, code_tries = 0 WHERE user_id = $1 AND id = $2`,
			me, id, codeHash(id, code), tx.Now().Add(codeLife))
		return err
	})
	return c, code, err
}

func codeHash(id, code string) string {
	h := sha256.Sum256([]byte(id + "\x00" + code))
	return hex.EncodeToString(h[:])
}

func (s *Store) mine(ctx context.Context, me, id string) (Contact, error) {
	cs, err := s.own(ctx, me)
	if err != nil {
		return Contact{}, err
	}
	for _, c := range cs {
		if c.ID == id {
			return c, nil
		}
	}
	return Contact{}, fault.Missing("contact")
}

// Verify takes the code the person received. A wrong one is counted; faults: Invalid "oncall.code" when it is wrong,
// used up or too old.
func (s *Store) Verify(ctx context.Context, id, code string) error {
	me, err := self(ctx)
	if err != nil {
		return err
	}
	right := false
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var hash string
		found, err := tx.One(ctx, `UPDATE contact SET code_tries = code_tries + 1
			WHERE user_id = $1 AND id = $2 AND code_hash <> '' AND code_until > $3 AND code_tries < $4 RETURNING code_hash`,
			[]any{me, id, tx.Now(), codeTries}, &hash)
		if err != nil || !found || subtle.ConstantTimeCompare([]byte(hash), []byte(codeHash(id, code))) != 1 {
			return err
		}
		right = true
		if _, err := tx.Exec(ctx, `UPDATE contact SET verified_at = $3, code_hash = '' WHERE user_id = $1 AND id = $2`, me, id, tx.Now()); err != nil {
			return err
		}
		return s.recordContact(ctx, me, "contact.verified", "")
	})
	if err == nil && !right {
		return fault.New(fault.Invalid, "oncall.code").On("code")
	}
	return err
}

// EnableContact switches one of the principal's contacts on or off.
func (s *Store) EnableContact(ctx context.Context, id string, on bool) error {
	return s.change(ctx, id, "contact.switched", `UPDATE contact SET enabled = $3 WHERE user_id = $1 AND id = $2`, on)
}

// RemoveContact forgets one of the principal's contacts.
func (s *Store) RemoveContact(ctx context.Context, id string) error {
	return s.change(ctx, id, "contact.removed", `DELETE FROM contact WHERE user_id = $1 AND id = $2`)
}

func (s *Store) change(ctx context.Context, id, verb, q string, args ...any) error {
	me, err := self(ctx)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, q, append([]any{me, id}, args...)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("contact")
		}
		return s.recordContact(ctx, me, verb, "")
	})
}

// OrderContacts sets the order of use of the principal's contacts; ids that are left out come last.
func (s *Store) OrderContacts(ctx context.Context, ids []string) error {
	me, err := self(ctx)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE contact SET place = place + $2 WHERE user_id = $1`, me, len(ids)+maxContacts); err != nil {
			return err
		}
		for i, id := range ids[:min(len(ids), maxContacts)] {
			if _, err := tx.Exec(ctx, `UPDATE contact SET place = $3 WHERE user_id = $1 AND id = $2`, me, id, i); err != nil {
				return err
			}
		}
		return nil
	})
}
