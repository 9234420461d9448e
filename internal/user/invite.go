package user

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/reason"
)

func offer(id string) reason.Ref { return reason.Ref{Kind: "invitation", ID: id} }

const inviteLife = 7 * 24 * time.Hour

// Invitation is an open offer of a role in a firm.
type Invitation struct {
	ID       string
	Firm     string
	FirmName string
	Email    string
	Role     access.Role
	Lang     lang.Tag
	By       string // name of whoever invited
	Created  time.Time
	Expires  time.Time
	Link     string // only in the answer of Invite
	Known    bool   // the address has an account: sign in, then Join
}

// Invite offers a role in the firm to an address, mails the link and returns it to be shown. ManagePeople. An older
// offer to the same address ends.
func (s *Store) Invite(ctx context.Context, firmID, email string, r access.Role, in lang.Tag) (v Invitation, err error) {
	if err := access.Check(ctx, access.ManagePeople, firmID); err != nil {
		return v, err
	}
	address, key, err := CleanEmail(email)
	if err != nil {
		return v, err
	}
	if err := CleanRole(r); err != nil {
		return v, err
	}
	by := access.From(ctx)
	token, hash := newToken()
	v = Invitation{ID: db.NewID(), Firm: firmID, Email: address, Role: r, Lang: lang.Parse(string(in)), By: by.Name, Link: s.link(InvitePath, token)}
	return v, s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		v.Created, v.Expires = tx.Now(), tx.Now().Add(inviteLife)
		var here int
		if _, err := tx.One(ctx, `SELECT count(*) FROM membership m JOIN person p ON p.id = m.user_id
			WHERE m.firm_id = $1 AND p.email_key = $2`, []any{firmID, key}, &here); err != nil {
			return err
		}
		if here > 0 {
			return fault.New(fault.Conflict, "user.member").On("email")
		}
		f, err := s.Firms.Find(ctx, firmID)
		if err != nil {
			return err
		}
		v.FirmName = f.Name
		if _, err := tx.Exec(ctx, `DELETE FROM invitation WHERE firm_id = $1 AND email_key = $2 AND used_at = 0`, firmID, key); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO invitation (firm_id, id, token_hash, email, email_key, role, lang, invited_by, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			firmID, v.ID, hash, address, key, string(r), string(v.Lang), by.User, v.Created, v.Expires); err != nil {
			return fmt.Errorf("save invitation: %w", err)
		}
		t := v.Lang
		s.mail(ctx, tx, address, t, t.T("signin.mail.invite.subject", "Firm", f.Name),
			t.T("signin.mail.invite.body", "Who", by.Name, "Firm", f.Name, "Role", t.T("role."+string(r)), "Link", v.Link))
		return s.enter(ctx, firmID, offer(v.ID), "person.invited", "", "role", string(r))
	})
}

const inviteColumns = `i.id, i.firm_id, f.name, i.email, i.role, i.lang, i.created_at, i.expires_at, coalesce(b.name, 'ChOP'),
	(SELECT count(*) FROM person k WHERE k.email_key = i.email_key)`

const inviteFrom = ` FROM invitation i JOIN firm f ON f.id = i.firm_id LEFT JOIN person b ON b.id = i.invited_by
	WHERE i.used_at = 0 AND f.archived_at = 0 AND i.expires_at > $1 AND `

func (v *Invitation) fields(known *int) []any {
	return []any{&v.ID, &v.Firm, &v.FirmName, &v.Email, (*string)(&v.Role), (*string)(&v.Lang), &v.Created, &v.Expires, &v.By, known}
}

// Invitations lists the open offers of a firm, newest first. ViewPeople.
func (s *Store) Invitations(ctx context.Context, firmID string) ([]Invitation, error) {
	if err := access.Check(ctx, access.ViewPeople, firmID); err != nil {
		return nil, err
	}
	var vs []Invitation
	err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+inviteColumns+inviteFrom+`i.firm_id = $2 ORDER BY i.created_at DESC, i.id DESC`,
			[]any{tx.Now(), firmID}, func(scan func(...any) error) error {
				var v Invitation
				var known int
				err := scan(v.fields(&known)...)
				vs = append(vs, v)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return vs, nil
}

// Withdraw ends an open offer. ManagePeople.
func (s *Store) Withdraw(ctx context.Context, firmID, id string) error {
	if err := access.Check(ctx, access.ManagePeople, firmID); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM invitation WHERE firm_id = $1 AND id = $2 AND used_at = 0`, firmID, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("invitation")
		}
		return s.enter(ctx, firmID, offer(id), "person.invitation_withdrawn", "")
	})
}

// Invited is the offer behind a link; whoever has the link may read it. NotFound "user.link" when it is used,
// withdrawn or too old.
func (s *Store) Invited(ctx context.Context, token string) (v Invitation, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var known int
		found, err := tx.One(ctx, `SELECT `+inviteColumns+inviteFrom+`i.token_hash = $2`, []any{tx.Now(), hashOf(token)}, v.fields(&known)...)
		if err == nil && !found {
			err = deadLink()
		}
		v.Known = known > 0
		return err
	})
	return v, err
}

// Accept makes the account an invitation is for and signs it in. An address that already has an account is a
// Conflict: its owner signs in and calls Join, because the link has also been seen by whoever invited.
func (s *Store) Accept(ctx context.Context, token, name, password string, in lang.Tag, d Device) (o Opened, err error) {
	v, err := s.Invited(ctx, token)
	if err != nil {
		return o, err
	}
	p, key, err := Newcomer{Name: name, Email: v.Email, Password: password, Lang: in}.clean()
	if err != nil {
		return o, err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return o, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.insert(ctx, tx, &p, key, hash); err != nil {
			return err
		}
		if err := s.use(as(ctx, account{Person: p}), tx, v, token, p.ID); err != nil {
			return err
		}
		o, err = s.open(ctx, tx, p.ID, false, d)
		return err
	})
	return o, err
}

// Join accepts an invitation for the account that is signed in, whose address it must be sent to (Forbidden
// "user.other_address").
func (s *Store) Join(ctx context.Context, token string) (Invitation, error) {
	a, err := s.own(ctx)
	if err != nil {
		return Invitation{}, err
	}
	v, err := s.Invited(ctx, token)
	if err != nil {
		return v, err
	}
	_, mine, err := CleanEmail(a.Email)
	if err != nil {
		return v, err
	}
	if _, theirs, err := CleanEmail(v.Email); err != nil || mine != theirs {
		return v, fault.New(fault.Forbidden, "user.other_address", "email", v.Email)
	}
	return v, s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.use(ctx, tx, v, token, a.ID) })
}

func (s *Store) use(ctx context.Context, tx *db.Tx, v Invitation, token, who string) error {
	n, err := tx.Exec(ctx, `UPDATE invitation SET used_at = $3 WHERE firm_id = $1 AND token_hash = $2 AND used_at = 0 AND expires_at > $3`,
		v.Firm, hashOf(token), tx.Now())
	if err != nil {
		return fmt.Errorf("use invitation: %w", err)
	}
	if n == 0 {
		return deadLink()
	}
	if err := guardOwner(ctx, tx, v.Firm, who, v.Role); err != nil {
		return err
	}
	return s.enrol(ctx, tx, v.Firm, who, v.Role)
}
