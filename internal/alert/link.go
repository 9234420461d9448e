package alert

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/oncall"
)

// LinkPath is the path before the token of a one-tap link. GET shows Peek and changes nothing, since previewing robots
// and mail scanners open every link; only POST calls AcknowledgeByToken. The phone's own button posts at once.
const LinkPath = "/ack/"

const linkLife = 24 * time.Hour

// newLink makes a link for a notice; only its hash is kept.
func newLink(ctx context.Context, tx *db.Tx, n Notice) (string, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails, crypto/rand ends the program instead
	token := base64.RawURLEncoding.EncodeToString(raw)
	if _, err := tx.Exec(ctx, `DELETE FROM alert_link WHERE expires_at <= $1`, tx.Now()); err != nil {
		return "", fmt.Errorf("drop old links: %w", err)
	}
	_, err := tx.Exec(ctx, `INSERT INTO alert_link (token_hash, firm_id, notice_id, expires_at) VALUES ($1, $2, $3, $4)`,
		hashOf(token), n.Firm, n.ID, tx.Now().Add(linkLife))
	if err != nil {
		return "", fmt.Errorf("make a link: %w", err)
	}
	return token, nil
}

func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// Glance is what the page behind a one-tap link may show without sign-in.
type Glance struct {
	Alert ID
	Firm  string // name
	What  string // without anybody's name or words, in Lang
	State State
	Mine  bool // acknowledged by the person whose link it is
	At    time.Time
	Lang  lang.Tag
	URL   string // path of the page behind sign-in
}

// Peek looks behind a one-tap link without changing anything; nobody needs to be signed in. NotFound "alert.link" when
// the link is unknown, older than 24 hours, or its person may no longer answer.
func (s *Store) Peek(ctx context.Context, token string) (g Glance, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, m, err := s.behind(ctx, tx, token)
		if err != nil {
			return err
		}
		g, err = s.glance(ctx, tx, n, m)
		return err
	})
	return g, err
}

// AcknowledgeByToken acknowledges as the person to whom the link was sent; nobody needs to be signed in. A second tap
// changes nothing. Call it for POST only. Fault: NotFound "alert.link", see Peek.
func (s *Store) AcknowledgeByToken(ctx context.Context, token string) (g Glance, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, m, err := s.behind(ctx, tx, token)
		if err != nil {
			return err
		}
		ctx = access.With(ctx, access.Principal{User: m.ID, Name: m.Name, Firms: map[string]access.Role{n.Firm: m.Role}})
		a, found, err := hold(ctx, tx, n.Firm, n.Alert)
		if err != nil || !found {
			return err
		}
		if a.State != Acknowledged { // an old link must not take it from whoever has it now
			if err := s.acknowledge(ctx, tx, a); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE notice SET state = $3, delivered_at = $4 WHERE firm_id = $1 AND id = $2 AND delivered_at = 0`,
			n.Firm, n.ID, string(Delivered), tx.Now()); err != nil {
			return err
		}
		g, err = s.glance(ctx, tx, n, m)
		return err
	})
	return g, err
}

func (s *Store) behind(ctx context.Context, tx *db.Tx, token string) (n Notice, m oncall.Member, err error) {
	dead := fault.New(fault.NotFound, "alert.link")
	ns, err := notices(ctx, tx, `(firm_id, id) IN (SELECT firm_id, notice_id FROM alert_link WHERE token_hash = $1 AND expires_at > $2)`,
		hashOf(token), tx.Now())
	if err != nil {
		return n, m, err
	}
	if len(ns) == 0 {
		return n, m, dead
	}
	roster, err := s.Duty.Roster(ctx, ns[0].Firm)
	if err != nil {
		return n, m, err
	}
	m, ok := member(roster, ns[0].User)
	if !ok {
		return n, m, dead
	}
	return ns[0], m, nil
}

func (s *Store) glance(ctx context.Context, tx *db.Tx, n Notice, m oncall.Member) (Glance, error) {
	a, _, err := one(ctx, tx, `SELECT `+columns+` FROM alert WHERE firm_id = $1 AND id = $2`, n.Firm, n.Alert)
	if err != nil {
		return Glance{}, err
	}
	f, err := s.Firms.Find(access.With(ctx, access.System(n.Firm)), n.Firm)
	if err != nil {
		return Glance{}, err
	}
	return Glance{Alert: a.ID, Firm: f.Name, What: a.Outline(m.Lang), State: a.State, Mine: a.State == Acknowledged && a.AckedBy == m.ID,
		At: a.Raised, Lang: m.Lang, URL: a.URL}, nil
}
