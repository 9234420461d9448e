package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/lang"
	"chop/internal/notify"
	"chop/internal/oncall"
)

func urgent(a Alert) []job.Option {
	if a.Priority == 1 {
		return []job.Option{job.Urgent()}
	}
	return nil
}

// pauses before the second, third and fourth try of a notice; after that the next contact or stage has its turn.
var pauses = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute}

// errand is a notice ready to go out.
type errand struct {
	notice  Notice
	message notify.Message
}

// send makes one try of one notice. It runs outside a transaction and at least once: a repeat of a try that is on
// record does nothing, and the receiver can tell a doubled message by its id.
func (s *Store) send(ctx context.Context, e Send) error {
	var job *errand
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		job, err = s.prepare(ctx, tx, e)
		return err
	})
	if err != nil || job == nil {
		return err
	}
	receipt, retry, sendErr := s.carry(ctx, job.notice.Kind, job.message)
	if ctx.Err() != nil && sendErr != nil {
		return fmt.Errorf("send notice: %w", ctx.Err()) // the program is stopping: this was no fair try
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.settle(ctx, tx, job.notice, receipt, retry, sendErr)
	})
}

func (s *Store) carry(ctx context.Context, kind string, m notify.Message) (notify.Receipt, bool, error) {
	c := s.Channels[kind]
	if c == nil {
		return notify.Receipt{}, false, fault.New(fault.Unavailable, "notify.channel_missing", "Kind", kind)
	}
	return c.Send(ctx, m)
}

// prepare looks whether the notice is still wanted and writes its message; nil when there is nothing to send.
func (s *Store) prepare(ctx context.Context, tx *db.Tx, e Send) (*errand, error) {
	ns, err := notices(ctx, tx, `firm_id = $1 AND id = $2`, e.Firm, e.Notice)
	if err != nil || len(ns) == 0 || ns[0].State != Pending || ns[0].Tries != e.Try {
		return nil, err
	}
	n := ns[0]
	a, found, err := one(ctx, tx, `SELECT `+columns+` FROM alert WHERE firm_id = $1 AND id = $2`, n.Firm, n.Alert)
	if err != nil {
		return nil, fmt.Errorf("load alert of a notice: %w", err)
	}
	roster, err := s.Duty.Roster(ctx, n.Firm)
	if err != nil {
		return nil, err
	}
	m, member := member(roster, n.User)
	if !found || !member || !a.wants(n) {
		return nil, s.withdraw(ctx, tx, n)
	}
	c, ok, err := s.Duty.Contact(ctx, m, n.Contact)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.settle(ctx, tx, n, notify.Receipt{}, false, fault.New(fault.Invalid, "notify.contact_gone"))
	}
	msg, err := s.message(ctx, tx, a, n, m, c)
	return &errand{n, msg}, err
}

// wants tells whether a notice still serves: the paging it belongs to goes on, or ended without an answer.
func (a Alert) wants(n Notice) bool {
	return (a.State == Open || a.State == Unanswered) && a.Wave == n.Wave
}

func (s *Store) withdraw(ctx context.Context, tx *db.Tx, n Notice) error {
	_, err := tx.Exec(ctx, `UPDATE notice SET state = $3 WHERE firm_id = $1 AND id = $2 AND state = $4`, n.Firm, n.ID, string(Withdrawn), string(Pending))
	return err
}

// settle records what came of a try, and goes on after a failure. The alert is held first, in the order in which
// every verb takes its rows.
func (s *Store) settle(ctx context.Context, tx *db.Tx, n Notice, r notify.Receipt, retry bool, sendErr error) error {
	a, found, err := hold(ctx, tx, n.Firm, n.Alert)
	if err != nil || !found {
		return err
	}
	now, state, detail, data := tx.Now(), Sent, line(r.ID+" "+r.Detail, maxFact), "{}"
	var sentAt time.Time
	again := sendErr != nil && retry && n.Tries < len(pauses)
	switch {
	case again:
		state = Pending
	case sendErr != nil:
		state = Failed
	default:
		sentAt = now
	}
	if sendErr != nil {
		detail, data = explain(sendErr)
		slog.Warn("notice not sent", "firm", n.Firm, "alert", n.Alert, "notice", n.ID, "channel", n.Kind, "try", n.Tries+1, "again", again, "error", detail)
	}
	k, err := tx.Exec(ctx, `UPDATE notice SET state = $3, tries = tries + 1, detail = $4, detail_data = $5, tried_at = $6, sent_at = $7
		WHERE firm_id = $1 AND id = $2 AND state = $8 AND tries = $9`, n.Firm, n.ID, string(state), detail, data, now, sentAt, string(Pending), n.Tries)
	if err != nil || k == 0 {
		return err
	}
	tx.Touch(n.Firm, Topic)
	switch state {
	case Pending:
		return s.Jobs.Put(ctx, Send{n.Firm, n.ID, n.Tries + 1}, append(urgent(a), job.At(now.Add(pauses[n.Tries])))...)
	case Failed:
		return s.failedFor(ctx, tx, a, n)
	}
	return nil
}

// explain is the fault's code and values; never the cause, which may hold an address.
func explain(err error) (code, data string) {
	var f *fault.Error
	if !errors.As(err, &f) {
		return "internal", "{}"
	}
	raw, err := json.Marshal(f.Data)
	if err != nil || f.Data == nil {
		return f.Code, "{}"
	}
	return f.Code, string(raw)
}

// SendCode sends a fresh code to one of the principal's contacts, now, so that they see at once what is wrong with
// it; oncall.Store.Verify takes the code. Faults are those of the channel, and Unavailable "notify.channel_missing".
func (s *Store) SendCode(ctx context.Context, contact string, t lang.Tag) error {
	c, code, err := s.Duty.NewCode(ctx, contact)
	if err != nil {
		return err
	}
	_, _, err = s.carry(ctx, c.Kind, codeMessage(c, code, t))
	return err
}

func codeMessage(c oncall.Contact, code string, t lang.Tag) notify.Message {
	return notify.Message{ID: db.NewID(), To: c.Address, Secret: c.Secret, Title: t.T("notify.code.title"),
		Body: t.T("notify.code.body", "Code", code), Urgency: 3, Tag: "code"}
}
