package consent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/notify"
	"chop/internal/oncall"
)

// Notice states.
const (
	pending   = "pending"
	sent      = "sent"
	failed    = "failed"
	withdrawn = "withdrawn"
)

// pauses before the second, third and fourth try of a message.
var pauses = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute}

// deliver writes one message to every contact of everybody who may answer: a question has minutes, and one channel
// that keeps silent must not eat them.
func (s *Store) deliver(ctx context.Context, tx *db.Tx, q Question) error {
	roster, err := s.Duty.Roster(ctx, q.Firm)
	if err != nil {
		return err
	}
	reachable := false
	for _, m := range roster {
		if m.Role != q.Role {
			continue
		}
		contacts, err := s.Duty.Contacts(ctx, m)
		if err != nil {
			return err
		}
		for _, c := range contacts {
			if s.Channels[c.Kind] == nil {
				continue
			}
			reachable = true
			id := db.NewID()
			if _, err := tx.Exec(ctx, `INSERT INTO consent_notice (firm_id, id, consent_id, user_id, contact_id, kind, state, created_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`, q.Firm, id, q.ID, m.ID, c.ID, c.Kind, pending, tx.Now()); err != nil {
				return fmt.Errorf("write message of a question: %w", err)
			}
			if err := s.Jobs.Put(ctx, Send{Firm: q.Firm, Notice: id}, job.Urgent()); err != nil {
				return err
			}
		}
	}
	if reachable || q.State != Open {
		return nil
	}
	return s.alarm(ctx, q, "unreached")
}

// notice is one message to one person by one contact.
type notice struct {
	Firm, ID, Question, User, Contact, Kind, State string
	Tries                                          int
}

func notices(ctx context.Context, tx *db.Tx, firm, column, value string) (out []notice, err error) {
	err = tx.Each(ctx, `SELECT firm_id, id, consent_id, user_id, contact_id, kind, state, tries FROM consent_notice WHERE firm_id = $1 AND `+column+` = $2`,
		[]any{firm, value}, func(scan func(...any) error) error {
			var n notice
			err := scan(&n.Firm, &n.ID, &n.Question, &n.User, &n.Contact, &n.Kind, &n.State, &n.Tries)
			out = append(out, n)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read messages of questions: %w", err)
	}
	return out, nil
}

// send makes one try of one message. It runs outside a transaction and at least once.
func (s *Store) send(ctx context.Context, e Send) error {
	var n notice
	var msg *notify.Message
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		n, msg, err = s.prepare(ctx, tx, e)
		return err
	})
	if err != nil || msg == nil {
		return err
	}
	ch, retry := s.Channels[n.Kind], false
	sendErr := error(fault.New(fault.Unavailable, "notify.channel_missing", "Kind", n.Kind))
	if ch != nil {
		_, retry, sendErr = ch.Send(ctx, *msg)
	}
	if ctx.Err() != nil && sendErr != nil {
		return fmt.Errorf("send a question: %w", ctx.Err()) // the program is stopping: this was no fair try
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.settle(ctx, tx, n, retry, sendErr) })
}

// prepare looks whether the message is still wanted and writes it, with a fresh link; nil when there is nothing to send.
func (s *Store) prepare(ctx context.Context, tx *db.Tx, e Send) (n notice, msg *notify.Message, err error) {
	ns, err := notices(ctx, tx, e.Firm, "id", e.Notice)
	if err != nil || len(ns) == 0 || ns[0].State != pending || ns[0].Tries != e.Try {
		return n, nil, err
	}
	n = ns[0]
	q, err := s.load(ctx, n.Firm, n.Question)
	if err != nil {
		return n, nil, err
	}
	m, ok, err := s.member(ctx, q, n.User)
	if err != nil {
		return n, nil, err
	}
	if !ok || q.State != Open && q.State != Told {
		return n, nil, s.mark(ctx, tx, n, withdrawn, "", n.Tries)
	}
	c, ok, err := s.Duty.Contact(ctx, m, n.Contact)
	if err != nil {
		return n, nil, err
	}
	if !ok {
		return n, nil, s.settle(ctx, tx, n, false, fault.New(fault.Invalid, "notify.contact_gone"))
	}
	msg, err = s.message(ctx, tx, q, n, m, c)
	return n, msg, err
}

// member is a person who may answer the question; the roster is asked each time, so whoever left the firm learns
// nothing more.
func (s *Store) member(ctx context.Context, q Question, user string) (oncall.Member, bool, error) {
	roster, err := s.Duty.Roster(ctx, q.Firm)
	if err != nil {
		return oncall.Member{}, false, err
	}
	for _, m := range roster {
		if m.ID == user && m.Role == q.Role {
			return m, true, nil
		}
	}
	return oncall.Member{}, false, nil
}

// message is written for a lock screen: no names and no words of anybody, only that a question waits and until when.
func (s *Store) message(ctx context.Context, tx *db.Tx, q Question, n notice, m oncall.Member, c oncall.Contact) (*notify.Message, error) {
	f, err := s.Firms.Find(access.With(ctx, access.System(q.Firm)), q.Firm)
	if err != nil {
		return nil, err
	}
	token, err := s.newLink(ctx, tx, q, m.ID)
	if err != nil {
		return nil, err
	}
	t, urgency := m.Lang, 2
	if q.Kind == Safety {
		urgency = 1
	}
	lines := []string{t.T("consent.message." + q.Kind)}
	if q.State == Open {
		lines = append(lines, t.T("consent.message.until", "At", t.When(q.Deadline, tx.Now())), q.Silence.Say(t), t.T("consent.message.link"))
	} else {
		urgency = 3
	}
	return &notify.Message{ID: n.ID, To: c.Address, Secret: c.Secret, Title: t.T("consent.subject."+q.Kind, "Firm", f.Name),
		Body: strings.Join(lines, "\n"), URL: s.Origin + LinkPath + token, Urgency: urgency, Tag: "consent-" + q.ID}, nil
}

func (s *Store) mark(ctx context.Context, tx *db.Tx, n notice, state, detail string, tries int) error {
	_, err := tx.Exec(ctx, `UPDATE consent_notice SET state = $3, detail = $4, tries = $5, tried_at = $6 WHERE firm_id = $1 AND id = $2 AND state = 'pending'`,
		n.Firm, n.ID, state, detail, tries, tx.Now())
	if err != nil {
		return fmt.Errorf("mark message of a question: %w", err)
	}
	return nil
}

// settle records what came of a try. When the last hope has failed the person on duty is woken.
func (s *Store) settle(ctx context.Context, tx *db.Tx, n notice, retry bool, sendErr error) error {
	if sendErr == nil {
		if _, err := tx.Exec(ctx, `UPDATE consent SET reached_at = $3 WHERE firm_id = $1 AND id = $2 AND reached_at = 0`, n.Firm, n.Question, tx.Now()); err != nil {
			return fmt.Errorf("mark question: %w", err)
		}
		tx.Touch(n.Firm, Topic)
		return s.mark(ctx, tx, n, sent, "", n.Tries+1)
	}
	code := "internal"
	var f *fault.Error
	if errors.As(sendErr, &f) {
		code = f.Code
	}
	slog.Warn("question not sent", "firm", n.Firm, "consent", n.Question, "channel", n.Kind, "try", n.Tries+1, "error", code)
	if retry && n.Tries < len(pauses) {
		if err := s.mark(ctx, tx, n, pending, code, n.Tries+1); err != nil {
			return err
		}
		return s.Jobs.Put(ctx, Send{n.Firm, n.ID, n.Tries + 1}, job.Urgent(), job.At(tx.Now().Add(pauses[n.Tries])))
	}
	if err := s.mark(ctx, tx, n, failed, code, n.Tries+1); err != nil {
		return err
	}
	return s.despair(ctx, tx, n)
}

// despair wakes the person on duty when no message of an open question was taken and none is under way.
func (s *Store) despair(ctx context.Context, tx *db.Tx, n notice) error {
	q, err := s.load(ctx, n.Firm, n.Question)
	if err != nil || q.State != Open {
		return err
	}
	all, err := notices(ctx, tx, n.Firm, "consent_id", n.Question)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.State == pending || x.State == sent {
			return nil
		}
	}
	return s.alarm(ctx, q, "unreached")
}
