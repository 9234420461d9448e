package user

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Mailer sends one letter of plain text.
type Mailer func(ctx context.Context, to string, in lang.Tag, subject, body string) error

// Config is what the store needs; Mailer may be nil, then links are only shown to whoever may see them.
type Config struct {
	DB      *db.DB
	Firms   *firm.Store
	Journal *journal.Store
	Seal    *seal.Store
	Mailer  Mailer
	Origin  string // "https://chop.example": start of links, and whom passkeys are for
}

// Store keeps people, memberships, sessions and everything they sign in with.
type Store struct {
	Config
	db   *db.DB
	gate gate
	post sync.WaitGroup
	slot chan struct{}
}

// New is a store; call Wait when stopping, so that letters on their way are not lost.
func New(c Config) (*Store, error) {
	u, err := url.Parse(c.Origin)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("address of this installation %q must look like https://chop.example", c.Origin)
	}
	c.Origin = u.Scheme + "://" + u.Host
	return &Store{Config: c, db: c.DB, gate: make(gate, 2), slot: make(chan struct{}, 4)}, nil
}

// Mails tells whether links are also sent by mail.
func (s *Store) Mails() bool { return s.Mailer != nil }

// Wait returns when no letter is being sent any more.
func (s *Store) Wait() { s.post.Wait() }

// mail sends a letter in the background once the transaction is through: the answer to a stranger must not take
// longer because an address exists.
func (s *Store) mail(ctx context.Context, tx *db.Tx, to string, in lang.Tag, subject, body string) {
	if s.Mailer == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	tx.AfterCommit(func() {
		s.post.Go(func() {
			s.slot <- struct{}{}
			defer func() { <-s.slot }()
			ctx, stop := context.WithTimeout(ctx, time.Minute)
			defer stop()
			if err := s.Mailer(ctx, to, in, subject, body); err != nil {
				slog.Error("a letter with a link was not sent", "error", err)
			}
		})
	})
}

// RefKind is the kind of a reason.Ref that points at a person.
const RefKind = "person"

// record puts a deed to a person on record; kv are pairs of data.
func (s *Store) record(ctx context.Context, firmID, who, verb, why string, kv ...string) error {
	return s.enter(ctx, firmID, reason.Ref{Kind: RefKind, ID: who}, verb, why, kv...)
}

func (s *Store) enter(ctx context.Context, firmID string, ref reason.Ref, verb, why string, kv ...string) error {
	e := journal.Entry{Firm: firmID, Ref: ref, Verb: verb, Why: why}
	for i := 0; i+1 < len(kv); i += 2 {
		if e.Data == nil {
			e.Data = map[string]string{}
		}
		e.Data[kv[i]] = kv[i+1]
	}
	return s.Journal.Record(ctx, e)
}

// account is a person with what the checks need.
type account struct {
	Person
	hash   string
	secret string // sealed
	step   int64
}

const accountColumns = `p.id, p.name, p.email, p.lang, p.theme, p.admin, p.totp_since, p.created_at, p.disabled_at,
	p.password_hash, p.totp_secret, p.totp_step,
	(SELECT count(*) FROM passkey k WHERE k.user_id = p.id),
	(SELECT count(*) FROM recovery_code r WHERE r.user_id = p.id AND r.used_at = 0)`

func (a *account) fields() []any {
	return []any{&a.ID, &a.Name, &a.Email, (*string)(&a.Lang), &a.Theme, &a.Admin, &a.Second, &a.Created, &a.Disabled,
		&a.hash, &a.secret, &a.step, &a.Passkeys, &a.Codes}
}

// load finds an account; where is a condition on person p with the mark $1.
func load(ctx context.Context, tx *db.Tx, where string, arg any) (a account, found bool, err error) {
	found, err = tx.One(ctx, `SELECT `+accountColumns+` FROM person p WHERE `+where, []any{arg}, a.fields()...)
	if err != nil {
		return a, false, fmt.Errorf("load person: %w", err)
	}
	a.Password = a.hash != ""
	return a, found, nil
}

// own is the account of whoever acts; Forbidden for the program itself and for nobody.
func (s *Store) own(ctx context.Context) (a account, err error) {
	id := access.From(ctx).User
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var found bool
		a, found, err = load(ctx, tx, `p.id = $1`, id)
		if err == nil && (!found || !a.Disabled.IsZero()) {
			err = fault.New(fault.Forbidden, "forbidden")
		}
		return err
	})
	return a, err
}

// Self is the account of whoever acts.
func (s *Store) Self(ctx context.Context) (Person, error) {
	a, err := s.own(ctx)
	return a.Person, err
}

// Describe saves one's own name, language of contact and theme.
func (s *Store) Describe(ctx context.Context, name string, in lang.Tag, theme string) error {
	a, err := s.own(ctx)
	if err != nil {
		return err
	}
	if name, err = CleanName(name); err != nil {
		return err
	}
	if theme != "light" && theme != "dark" {
		theme = ""
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE person SET name = $2, lang = $3, theme = $4 WHERE id = $1`,
			a.ID, name, string(lang.Parse(string(in))), theme)
		return err
	})
}

// Newcomer is a new account, made by an administrator or the program (chop user, chop serve --demo).
type Newcomer struct {
	Name, Email, Password string
	Lang                  lang.Tag
	Admin                 bool
}

// Add makes an account. Administrators and the program itself may; everybody else invites. An address that is taken
// is a Conflict.
func (s *Store) Add(ctx context.Context, n Newcomer) (Person, error) {
	if err := access.CheckAny(ctx, access.Install); err != nil {
		return Person{}, err
	}
	p, key, err := n.clean()
	if err != nil {
		return p, err
	}
	hash, err := s.hash(ctx, n.Password)
	if err != nil {
		return p, err
	}
	return p, s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.insert(ctx, tx, &p, key, hash); err != nil {
			return err
		}
		return s.record(ctx, "", p.ID, "person.added", "", "admin", fmt.Sprint(p.Admin))
	})
}

func (n Newcomer) clean() (p Person, key string, err error) {
	p.Admin, p.Lang, p.Password = n.Admin, lang.Parse(string(n.Lang)), true
	if p.Name, err = CleanName(n.Name); err != nil {
		return p, "", err
	}
	if p.Email, key, err = CleanEmail(n.Email); err != nil {
		return p, "", err
	}
	p.ID = db.NewID()
	return p, key, CheckPassword(n.Password, key)
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, p *Person, key, hash string) error {
	p.Created = tx.Now()
	n, err := tx.Exec(ctx, `INSERT INTO person (id, name, email, email_key, password_hash, lang, admin, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email_key) DO NOTHING`,
		p.ID, p.Name, p.Email, key, hash, string(p.Lang), p.Admin, p.Created)
	if err != nil {
		return fmt.Errorf("add person: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "user.taken").On("email")
	}
	return nil
}

func (s *Store) link(path, token string) string {
	return s.Origin + "/" + strings.Trim(path, "/") + "/" + token
}
