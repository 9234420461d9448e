package crisis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/consent"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reason"
)

// Store keeps cases.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Journal  *journal.Store
	Alerts   *alert.Store
	Evidence *evidence.Store
	Mentions *mention.Store
	Consents *consent.Store
}

// New describes a case to open. Title is a message id filled with Facts, or plain text.
type New struct {
	Firm     string
	Subject  string
	Title    string
	Facts    map[string]string
	Severity int
	Priority int
	Items    []reason.Ref
}

// Open opens a case, or adds the items to the one already open on the same subject. News tells whether that changed
// anything worth telling: a new case, a new item, or a higher priority. Needs access.WorkCases; rules open cases as the
// system.
func (s *Store) Open(ctx context.Context, n New) (c Case, news bool, err error) {
	if err := access.Check(ctx, access.WorkCases, n.Firm); err != nil {
		return c, false, err
	}
	if strings.TrimSpace(n.Title) == "" {
		return c, false, fault.New(fault.Invalid, "case.title").On("title")
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := s.query(ctx, `firm_id = $1 AND subject = $2 AND status <> 'closed'`, "", n.Firm, n.Subject)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			c = found[0]
			news, err = s.join(ctx, tx, &c, n)
			return err
		}
		news = true
		c, err = s.insert(ctx, tx, n)
		return err
	})
	return c, news, err
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, n New) (Case, error) {
	c := Case{Firm: n.Firm, ID: db.NewID(), Title: n.Title, Facts: n.Facts, Subject: n.Subject, Status: Detected,
		Severity: n.Severity, Priority: n.Priority, OpenedAt: tx.Now(), LastAt: tx.Now()}
	if c.Subject == "" {
		c.Subject = "case:" + c.ID
	}
	var err error
	if c.Number, err = s.nextNumber(ctx, tx, n.Firm); err != nil {
		return c, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO crisis (firm_id, id, number, title, facts, subject, status, severity, priority, opened_at, last_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`, c.Firm, c.ID, c.Number, c.Title, text(c.Facts), c.Subject, string(c.Status),
		c.Severity, c.Priority, c.OpenedAt); err != nil {
		return c, fmt.Errorf("open case: %w", err)
	}
	if _, err := s.addItems(ctx, tx, c, n.Items); err != nil {
		return c, err
	}
	if err := s.Note(ctx, c.Firm, c.ID, Event{What: "opened", Facts: c.Facts}); err != nil {
		return c, err
	}
	if err := s.Jobs.Put(ctx, Opened{c.Firm, c.ID}); err != nil {
		return c, err
	}
	return c, s.Journal.Record(ctx, journal.Entry{Firm: c.Firm, Ref: c.Ref(), Verb: "case.opened", Data: map[string]string{"number": c.Number}})
}

// nextNumber is the firm's letters, the year and a number that counts from one each year: MAN-2026-014.
func (s *Store) nextNumber(ctx context.Context, tx *db.Tx, firm string) (string, error) {
	var slug string
	if _, err := tx.One(ctx, `SELECT slug FROM firm WHERE id = $1`, []any{firm}, &slug); err != nil {
		return "", fmt.Errorf("number case: %w", err)
	}
	prefix := fmt.Sprintf("%s-%d-", strings.ToUpper(slug), tx.Now().Year())
	var n int
	if _, err := tx.One(ctx, `SELECT count(*) FROM crisis WHERE firm_id = $1 AND number LIKE $2`, []any{firm, prefix + "%"}, &n); err != nil {
		return "", fmt.Errorf("number case: %w", err)
	}
	return fmt.Sprintf("%s%03d", prefix, n+1), nil
}

// join adds items to an open case; a case that was contained becomes active again, and weight only grows.
func (s *Store) join(ctx context.Context, tx *db.Tx, c *Case, n New) (news bool, err error) {
	if c.Status == Contained {
		c.Status = Accepted
	}
	news = n.Priority < c.Priority
	c.Severity, c.Priority = max(c.Severity, n.Severity), min(c.Priority, n.Priority)
	c.LastAt = tx.Now()
	added, err := s.addItems(ctx, tx, *c, n.Items)
	if err != nil {
		return false, err
	}
	for _, r := range added {
		if err := s.Note(ctx, c.Firm, c.ID, Event{What: "item", Facts: n.Facts, Ref: r}); err != nil {
			return false, err
		}
	}
	return news || len(added) > 0, s.put(ctx, tx, *c)
}

// addItems puts items into the case and tells which were not in it before.
func (s *Store) addItems(ctx context.Context, tx *db.Tx, c Case, items []reason.Ref) (added []reason.Ref, err error) {
	for _, r := range items {
		n, err := tx.Exec(ctx, `INSERT INTO crisis_item (firm_id, crisis_id, kind, ref_id, at, who) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT DO NOTHING`, c.Firm, c.ID, r.Kind, r.ID, tx.Now(), access.From(ctx).User)
		if err != nil {
			return nil, fmt.Errorf("add items to case: %w", err)
		}
		if n == 1 {
			added = append(added, r)
		}
	}
	return added, nil
}

func (s *Store) put(ctx context.Context, tx *db.Tx, c Case) error {
	_, err := tx.Exec(ctx, `UPDATE crisis SET status = $3, resolution = $4, severity = $5, priority = $6, lead = $7, accepted_at = $8,
		contained_at = $9, closed_at = $10, last_at = $11, title = $12, facts = $13 WHERE firm_id = $1 AND id = $2`,
		c.Firm, c.ID, string(c.Status), string(c.Resolution), c.Severity, c.Priority, c.Lead, c.AcceptedAt, c.ContainedAt, c.ClosedAt, c.LastAt,
		c.Title, text(c.Facts))
	if err != nil {
		return fmt.Errorf("save case: %w", err)
	}
	return nil
}

// change is the shape of every verb on a case: load, may I, rule, save, timeline, journal.
func (s *Store) change(ctx context.Context, firm, id, verb, why string, rule func(context.Context, *Case, *db.Tx) error) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := access.Check(ctx, access.WorkCases, firm); err != nil {
			return err
		}
		c, err := s.load(ctx, firm, id)
		if err != nil {
			return err
		}
		if err := rule(ctx, &c, tx); err != nil {
			return err
		}
		c.LastAt = tx.Now()
		if err := s.put(ctx, tx, c); err != nil {
			return err
		}
		if err := s.Note(ctx, firm, id, Event{What: verb, Facts: map[string]string{"why": why}}); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: c.Ref(), Verb: "case." + verb, Why: why})
	})
}

// Accept makes the principal the lead and stops the alarm of the case. Needs access.WorkCases.
func (s *Store) Accept(ctx context.Context, firm, id string) error {
	return s.change(ctx, firm, id, "accepted", "", func(ctx context.Context, c *Case, tx *db.Tx) error {
		if err := c.Accept(access.From(ctx).User, tx.Now()); err != nil {
			return err
		}
		return s.Alerts.AcknowledgeKey(ctx, firm, AlertKey(id))
	})
}

// AlertKey is the dedupe key of a case's alert.
func AlertKey(id string) string { return "case:" + id }

// Contain ends the active phase, see Case.Contain. Needs access.WorkCases.
func (s *Store) Contain(ctx context.Context, firm, id, why string) error {
	return s.change(ctx, firm, id, "contained", why, func(ctx context.Context, c *Case, tx *db.Tx) error {
		test, err := s.Test(ctx, firm, id)
		if err != nil {
			return err
		}
		if err := c.Contain(test, why, tx.Now()); err != nil {
			return err
		}
		return s.Alerts.ResolveKey(ctx, firm, AlertKey(id))
	})
}

// Close closes the case. Needs access.WorkCases and a reason. Where it is about health or safety the owner must have agreed
// (G12): Conflict "case.owner_word", and the owner is asked.
func (s *Store) Close(ctx context.Context, firm, id string, r Resolution, why string) error {
	err := s.change(ctx, firm, id, "closed", why, func(ctx context.Context, c *Case, tx *db.Tx) error {
		if err := c.Close(r, why, tx.Now()); err != nil {
			return err
		}
		if err := s.ownersWord(ctx, *c); err != nil {
			return err
		}
		return s.Alerts.ResolveKey(ctx, firm, AlertKey(id))
	})
	var f *fault.Error
	if errors.As(err, &f) && f.Code == "case.owner_word" {
		err = errors.Join(f, s.askWord(ctx, firm, id, why))
	}
	return err
}

// Reopen takes the case back into work. Needs access.WorkCases and a reason.
func (s *Store) Reopen(ctx context.Context, firm, id, why string) error {
	return s.change(ctx, firm, id, "reopened", why, func(_ context.Context, c *Case, _ *db.Tx) error { return c.Reopen(why) })
}

// Weigh sets the severity by hand. Needs access.WorkCases and a reason.
func (s *Store) Weigh(ctx context.Context, firm, id string, severity int, why string) error {
	return s.change(ctx, firm, id, "weighed", why, func(_ context.Context, c *Case, _ *db.Tx) error {
		if severity < 0 || severity > 4 {
			return fault.New(fault.Invalid, "label.severity").On("severity")
		}
		if len(strings.TrimSpace(why)) < 3 {
			return fault.New(fault.Invalid, "why").On("why")
		}
		c.Severity = severity
		return nil
	})
}

// Write adds a person's note to the timeline. Needs access.WorkCases.
func (s *Store) Write(ctx context.Context, firm, id, note string) error {
	note = strings.TrimSpace(note)
	if note == "" || len(note) > 5000 {
		return fault.New(fault.Invalid, "case.note").On("note")
	}
	return s.change(ctx, firm, id, "note", note, func(context.Context, *Case, *db.Tx) error { return nil })
}

// Link adds an item by hand; Unlink takes it out again. Both need access.WorkCases.
func (s *Store) Link(ctx context.Context, firm, id string, item reason.Ref) error {
	return s.change(ctx, firm, id, "linked", "", func(ctx context.Context, c *Case, tx *db.Tx) error {
		_, err := s.addItems(ctx, tx, *c, []reason.Ref{item})
		return err
	})
}

// Unlink takes an item out of the case.
func (s *Store) Unlink(ctx context.Context, firm, id string, item reason.Ref, why string) error {
	return s.change(ctx, firm, id, "unlinked", why, func(ctx context.Context, _ *Case, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM crisis_item WHERE firm_id = $1 AND crisis_id = $2 AND kind = $3 AND ref_id = $4`, firm, id, item.Kind, item.ID)
		if err == nil && n == 0 {
			err = fault.Missing("item")
		}
		return err
	})
}

// Note writes a line of the timeline in the transaction of what happened. For other rooms; it asks no permission.
func (s *Store) Note(ctx context.Context, firm, id string, e Event) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if e.Who == "" {
			e.Who = access.From(ctx).Name
		}
		_, err := tx.Exec(ctx, `INSERT INTO crisis_event (firm_id, crisis_id, id, at, what, who, facts, ref_kind, ref_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, firm, id, db.NewID(), tx.Now(), e.What, e.Who, text(e.Facts), e.Ref.Kind, e.Ref.ID)
		if err != nil {
			return fmt.Errorf("write timeline: %w", err)
		}
		tx.Touch(firm, "cases")
		return nil
	})
}

func text(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err) // a map of strings always marshals
	}
	return string(raw)
}
