package consent

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// Draft is a text that the firm wants looked at before it publishes it.
type Draft struct {
	Firm, ID     string
	Text         string
	Who, WhoName string
	At           time.Time
	State        DraftState
	Answer       string
	AnsweredBy   string
	AnsweredName string
	AnsweredAt   time.Time
}

// DraftState is where a draft stands.
type DraftState string

const (
	Waiting DraftState = "waiting"
	Fine    DraftState = "fine" // may be published
	Hold    DraftState = "wait" // better not, or not like this
)

// maxDraft is how long a text may be.
const maxDraft = 10_000

// DraftRef points at a draft.
func DraftRef(id string) reason.Ref { return reason.Ref{Kind: "draft", ID: id} }

// Submit keeps a text for the person on duty to read and tells them. Needs access.CallGuardian. Faults: Invalid
// "draft.text", "draft.long".
func (s *Store) Submit(ctx context.Context, firm, words string) (d Draft, err error) {
	if err := access.Check(ctx, access.CallGuardian, firm); err != nil {
		return d, err
	}
	words = text(words)
	switch {
	case words == "":
		return d, fault.New(fault.Invalid, "draft.text").On("text")
	case utf8.RuneCountInString(words) > maxDraft:
		return d, fault.New(fault.Invalid, "draft.long", "Max", maxDraft).On("text")
	}
	who := access.From(ctx)
	d = Draft{Firm: firm, ID: db.NewID(), Text: words, Who: who.User, WhoName: who.Name, State: Waiting}
	return d, s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d.At = tx.Now()
		box, err := s.Seal.Seal(ctx, firm, ofDraft, d.ID, []byte(d.Text))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO draft (firm_id, id, sealed, who, who_name, at, state, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			firm, d.ID, box, d.Who, d.WhoName, d.At, string(d.State), []byte{}); err != nil {
			return fmt.Errorf("save draft: %w", err)
		}
		tx.Touch(firm, Topic)
		if _, err := s.Alerts.Raise(ctx, alert.New{Firm: firm, Key: "draft:" + d.ID, Priority: 3, Title: "alert.draft", Ref: DraftRef(d.ID),
			URL: "/owner?firm=" + firm + "#d-" + d.ID}); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: DraftRef(d.ID), Verb: "draft.submitted"})
	})
}

// Review answers a draft: fine, or better wait, in words the firm reads. Needs access.WorkCases. Faults: Conflict
// "draft.over", Invalid "draft.answer".
func (s *Store) Review(ctx context.Context, firm, id string, fine bool, words string) error {
	if err := access.Check(ctx, access.WorkCases, firm); err != nil {
		return err
	}
	words = text(words)
	if n := utf8.RuneCountInString(words); n > maxWords || !fine && n < 3 {
		return fault.New(fault.Invalid, "draft.answer", "Max", maxWords).On("words")
	}
	state, who := Hold, access.From(ctx)
	if fine {
		state = Fine
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		box := []byte{}
		if words != "" {
			if box, err = s.Seal.Seal(ctx, firm, ofAnswer, id, []byte(words)); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `UPDATE draft SET state = $3, answer = $4, answered_by = $5, answered_name = $6, answered_at = $7
			WHERE firm_id = $1 AND id = $2 AND state = 'waiting'`, firm, id, string(state), box, who.User, who.Name, tx.Now())
		if err != nil {
			return fmt.Errorf("answer draft: %w", err)
		}
		if n == 0 {
			return fault.New(fault.Conflict, "draft.over")
		}
		tx.Touch(firm, Topic)
		if err := s.Alerts.ResolveKey(ctx, firm, "draft:"+id); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: DraftRef(id), Verb: "draft.reviewed", Why: words,
			Data: map[string]string{"state": string(state)}})
	})
}

// Drafts are the newest texts of a firm. Needs access.CallGuardian.
func (s *Store) Drafts(ctx context.Context, firm string, limit int) (list []Draft, err error) {
	if err := access.Check(ctx, access.CallGuardian, firm); err != nil {
		return nil, err
	}
	var boxes, answers [][]byte
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT firm_id, id, sealed, who, who_name, at, state, answer, answered_by, answered_name, answered_at FROM draft
			WHERE firm_id = $1 ORDER BY at DESC, id DESC LIMIT $2`, []any{firm, min(max(limit, 1), 100)}, func(scan func(...any) error) error {
			var d Draft
			var box, answer []byte
			err := scan(&d.Firm, &d.ID, &box, &d.Who, &d.WhoName, &d.At, &d.State, &answer, &d.AnsweredBy, &d.AnsweredName, &d.AnsweredAt)
			list, boxes, answers = append(list, d), append(boxes, box), append(answers, answer)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read drafts: %w", err)
	}
	for i := range list {
		raw, err := s.Seal.Open(ctx, firm, ofDraft, list[i].ID, boxes[i])
		if err != nil {
			return nil, err
		}
		list[i].Text = string(raw)
		if len(answers[i]) == 0 {
			continue
		}
		if raw, err = s.Seal.Open(ctx, firm, ofAnswer, list[i].ID, answers[i]); err != nil {
			return nil, err
		}
		list[i].Answer = string(raw)
	}
	return list, nil
}
