package consent

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

// LinkPath is the path before the token of a link. GET shows Peek and changes nothing, since previewing robots and mail
// scanners open every link; only POST answers.
const LinkPath = "/consent/"

// grace is how long after the deadline a link still shows what became of the question.
const grace = 24 * time.Hour

// newLink makes a link for one person to one question; only its hash is kept.
func (s *Store) newLink(ctx context.Context, tx *db.Tx, q Question, user string) (string, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails, crypto/rand ends the program instead
	token := base64.RawURLEncoding.EncodeToString(raw)
	if _, err := tx.Exec(ctx, `DELETE FROM consent_link WHERE expires_at <= $1`, tx.Now()); err != nil {
		return "", fmt.Errorf("drop old links: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO consent_link (token_hash, firm_id, consent_id, user_id, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		hashOf(token), q.Firm, q.ID, user, q.Deadline.Add(grace)); err != nil {
		return "", fmt.Errorf("make a link: %w", err)
	}
	return token, nil
}

func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// Glance is what the page behind a link shows without sign-in.
type Glance struct {
	Question
	FirmName string
	Person   string // whose link it is
	Lang     lang.Tag
	Mine     bool // answered by the person whose link it is
}

// Peek looks behind a link without changing anything; nobody needs to be signed in. NotFound "consent.link" when the link
// is unknown or old, or its person may no longer answer for the firm.
func (s *Store) Peek(ctx context.Context, token string) (g Glance, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		q, m, err := s.behind(ctx, tx, token)
		if err != nil {
			return err
		}
		f, err := s.Firms.Find(access.With(ctx, access.System(q.Firm)), q.Firm)
		if err != nil {
			return err
		}
		g = Glance{Question: q, FirmName: f.Name, Person: m.Name, Lang: m.Lang, Mine: q.AnsweredBy == m.ID}
		return nil
	})
	return g, err
}

// AnswerByToken answers as the person to whom the link was sent; nobody needs to be signed in. A link answers once. Call it
// for POST only. Faults: those of Answer, NotFound "consent.link".
func (s *Store) AnswerByToken(ctx context.Context, token string, yes bool, words string) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		q, m, err := s.behind(ctx, tx, token)
		if err != nil {
			return err
		}
		ctx = access.With(ctx, access.Principal{User: m.ID, Name: m.Name, Firms: map[string]access.Role{q.Firm: m.Role}})
		return s.answer(ctx, tx, q.Firm, q.ID, yes, words)
	})
}

func (s *Store) behind(ctx context.Context, tx *db.Tx, token string) (q Question, m oncall.Member, err error) {
	dead := fault.New(fault.NotFound, "consent.link")
	var firm, id, user string
	found, err := tx.One(ctx, `SELECT firm_id, consent_id, user_id FROM consent_link WHERE token_hash = $1 AND expires_at > $2`,
		[]any{hashOf(token), tx.Now()}, &firm, &id, &user)
	if err != nil {
		return q, m, fmt.Errorf("look behind a link: %w", err)
	}
	if !found {
		return q, m, dead
	}
	if q, err = s.load(ctx, firm, id); err != nil {
		return q, m, err
	}
	m, ok, err := s.member(ctx, q, user)
	if err == nil && !ok {
		err = dead
	}
	return q, m, err
}
