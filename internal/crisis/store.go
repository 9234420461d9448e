package crisis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

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
	"chop/internal/seal"
)

// Look is how a later room tells what it knows of a case's mentions. It must answer with a few statements however many
// there are.
type Look func(ctx context.Context, c Case, mentions []string) (Findings, error)

// Store keeps cases.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Seal     *seal.Store
	Journal  *journal.Store
	Alerts   *alert.Store
	Evidence *evidence.Store
	Mentions *mention.Store
	Consents *consent.Store
	Look     []Look // later rooms add themselves when the program is wired
}

// New describes a case to open. Title is a message id filled with Facts, or plain text.
type New struct {
	Firm     string
	Subject  string
	Title    string
	Facts    map[string]string
	Severity int
	Priority int
	Items    []reason.Ref // Facts tell of the first
}

// Open opens a case, or adds the items to the one already open on the same subject. A case on the subject that was
// closed a short while ago (Setup.Again) is opened again instead, because the same thing goes on; after that a new one
// is opened and linked to it. News tells whether that changed anything worth telling: a new case, a new item, or a
// higher priority. Needs access.WorkCases; rules open cases as the system.
func (s *Store) Open(ctx context.Context, n New) (c Case, news bool, err error) {
	if err := access.Check(ctx, access.WorkCases, n.Firm); err != nil {
		return c, false, err
	}
	return s.open(ctx, n)
}

func (s *Store) open(ctx context.Context, n New) (c Case, news bool, err error) {
	if strings.TrimSpace(n.Title) == "" {
		return c, false, fault.New(fault.Invalid, "case.title").On("title")
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		before, err := s.onSubject(ctx, n.Firm, n.Subject)
		if err != nil {
			return err
		}
		u, err := s.Setup(ctx, n.Firm)
		if err != nil {
			return err
		}
		switch {
		case before.ID == "":
			news = true
			c, err = s.insert(ctx, tx, n)
		case before.Open():
			c = before
			news, err = s.join(ctx, tx, &c, n)
		case len(n.Items) > 0 && tx.Now().Sub(before.ClosedAt) <= u.Again:
			c = before
			news, err = s.join(ctx, tx, &c, n)
		default:
			news = true
			if c, err = s.insert(ctx, tx, n); err == nil {
				err = s.relate(ctx, tx, c, before, "subject")
			}
		}
		return err
	})
	return c, news, err
}

// forgotten is how long a closed case is still called related to a new one on its subject.
const forgotten = 30 * 24 * time.Hour

// onSubject is the case a new item on the subject belongs to or follows: the open one, the one its case was merged into,
// or the one closed last. The zero case when there is none.
func (s *Store) onSubject(ctx context.Context, firm, subject string) (Case, error) {
	if subject == "" {
		return Case{}, nil
	}
	list, err := s.query(ctx, `firm_id = $1 AND subject = $2 AND (status <> 'closed' OR last_at >= $3)`,
		`ORDER BY CASE WHEN status = 'closed' THEN 1 ELSE 0 END, last_at DESC LIMIT 1`, firm, subject, s.DB.Now().Add(-forgotten))
	if err != nil || len(list) == 0 || !list[0].Merged() {
		return append(list, Case{})[0], err
	}
	return s.load(ctx, firm, list[0].Root)
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
	if c.BeganAt, err = s.published(ctx, tx, n.Firm, n.Items[:min(len(n.Items), 1)]); err != nil {
		return c, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO crisis (firm_id, id, number, title, facts, subject, status, severity, priority, opened_at, last_at, began_at,
		look_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $10)`, c.Firm, c.ID, c.Number, c.Title, text(c.Facts), c.Subject,
		string(c.Status), c.Severity, c.Priority, c.OpenedAt, c.BeganAt); err != nil {
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

// published is when the first of the mentions was written; zero when there is none.
func (s *Store) published(ctx context.Context, tx *db.Tx, firm string, items []reason.Ref) (at time.Time, err error) {
	for _, r := range items[:min(len(items), chunk)] {
		var t time.Time
		found, err := tx.One(ctx, `SELECT at FROM mention WHERE firm_id = $1 AND id = $2`, []any{firm, r.ID}, &t)
		if err != nil {
			return at, fmt.Errorf("date the first item: %w", err)
		}
		if found && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if at.After(tx.Now()) {
		at = time.Time{} // a place whose clock is wrong
	}
	return at, nil
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

// join adds items to a case; one that was contained or closed becomes active again, and weight only grows.
func (s *Store) join(ctx context.Context, tx *db.Tx, c *Case, n New) (news bool, err error) {
	added, err := s.addItems(ctx, tx, *c, n.Items)
	if err != nil {
		return false, err
	}
	if len(added) == 0 && !c.Open() {
		return false, nil // all of it was in the case when it was closed
	}
	news = n.Priority < c.Priority
	c.Severity, c.Priority = max(c.Severity, n.Severity), min(c.Priority, n.Priority)
	if c.Status == Contained || c.Status == Closed {
		news = true
		c.again(tx.Now())
		if err := s.Note(ctx, c.Firm, c.ID, Event{What: "again"}); err != nil {
			return false, err
		}
		if err := s.Journal.Record(ctx, journal.Entry{Firm: c.Firm, Ref: c.Ref(), Verb: "case.again"}); err != nil {
			return false, err
		}
		if err := s.tellCircle(ctx, *c, "tell.case.again"); err != nil {
			return false, err
		}
	}
	c.SolvedAt, c.LastAt, c.lookAt = time.Time{}, tx.Now(), tx.Now()
	for _, r := range added {
		e := Event{What: "item", Facts: n.Facts, Ref: r}
		if r != n.Items[0] { // the facts tell of the first; the others belong to it
			e.What, e.Facts = "linked", nil
		}
		if err := s.Note(ctx, c.Firm, c.ID, e); err != nil {
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
		contained_at = $9, closed_at = $10, last_at = $11, title = $12, facts = $13, subject = $14, round_at = $15, acked_at = $16, acted_at = $17,
		solved_at = $18, told_at = $19, told_how = $20, told_by = $21, word_at = $22, merged_into = $23, root = $24, merged_was = $25, look_at = $26
		WHERE firm_id = $1 AND id = $2`,
		c.Firm, c.ID, string(c.Status), string(c.Resolution), c.Severity, c.Priority, c.Lead, c.AcceptedAt, c.ContainedAt, c.ClosedAt, c.LastAt,
		c.Title, text(c.Facts), c.Subject, c.RoundAt, c.AckedAt, c.ActedAt, c.SolvedAt, c.ToldAt, c.ToldHow, c.ToldBy, c.WordAt, c.MergedInto,
		c.Root, string(c.mergedWas), c.lookAt)
	if err != nil {
		return fmt.Errorf("save case: %w", err)
	}
	return nil
}

// held is a case that no other transaction changes until this one ends.
func (s *Store) held(ctx context.Context, tx *db.Tx, firm, id string) (Case, error) {
	if _, err := tx.Exec(ctx, `UPDATE crisis SET look_at = look_at WHERE firm_id = $1 AND id = $2`, firm, id); err != nil {
		return Case{}, fmt.Errorf("hold case: %w", err)
	}
	return s.load(ctx, firm, id)
}

// change is the shape of every verb on a case: may I, load, rule, save, timeline, journal.
func (s *Store) change(ctx context.Context, firm, id, verb, why string, rule func(context.Context, *Case, *db.Tx) error) error {
	return s.write(ctx, firm, id, Event{What: verb, Facts: map[string]string{"why": why}}, rule)
}

// write is change with its own line of the timeline; the rule may fill the line's Ref and Facts through the pointer.
func (s *Store) write(ctx context.Context, firm, id string, e Event, rule func(context.Context, *Case, *db.Tx) error) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := access.Check(ctx, access.WorkCases, firm); err != nil {
			return err
		}
		c, err := s.held(ctx, tx, firm, id)
		if err != nil {
			return err
		}
		if c.Merged() && e.What != "unmerged" {
			return fault.New(fault.Conflict, "case.merged")
		}
		if err := rule(ctx, &c, tx); err != nil {
			return err
		}
		c.LastAt, c.lookAt = tx.Now(), tx.Now()
		if err := s.put(ctx, tx, c); err != nil {
			return err
		}
		if err := s.Note(ctx, firm, id, e); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: c.Ref(), Verb: "case." + e.What, Why: e.Facts["why"], Data: journalData(e)})
	})
}

// journalData is what of a line's facts may stand in the journal beside the reason: ids and counts.
func journalData(e Event) map[string]string {
	data := map[string]string{}
	for _, k := range []string{"number", "count", "how", "state", "quiet", "again"} {
		if v := e.Facts[k]; v != "" {
			data[k] = v
		}
	}
	if e.Ref.ID != "" {
		data[e.Ref.Kind] = e.Ref.ID
	}
	return data
}

// Accept makes the principal the lead and stops the alarm of the case. Needs access.WorkCases.
func (s *Store) Accept(ctx context.Context, firm, id string) error {
	return s.change(ctx, firm, id, "accepted", "", func(ctx context.Context, c *Case, tx *db.Tx) error {
		if err := c.Accept(access.From(ctx).User, tx.Now()); err != nil {
			return err
		}
		if err := s.put(ctx, tx, *c); err != nil { // before the alert is answered: that is not a second line of the timeline
			return err
		}
		if err := s.calm(ctx, *c, string(ToAck)); err != nil {
			return err
		}
		return s.Alerts.AcknowledgeKey(ctx, firm, AlertKey(id))
	})
}

// AlertKey is the dedupe key of a case's alert.
func AlertKey(id string) string { return "case:" + id }

// Acknowledged hears that somebody answered an alert: the clock of the case it is about stops. It is wired to
// alert.Store.Acked.
func (s *Store) Acknowledged(ctx context.Context, a alert.Alert) error {
	id, own := strings.CutPrefix(a.Key, "case:")
	if !own {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE crisis SET acked_at = $3, look_at = $3 WHERE firm_id = $1 AND id = $2 AND acked_at = 0 AND status <> 'closed'`,
			a.Firm, id, tx.Now())
		if err != nil || n == 0 {
			return err
		}
		if err := s.calm(ctx, Case{Firm: a.Firm, ID: id}, string(ToAck)); err != nil {
			return err
		}
		return s.Note(ctx, a.Firm, id, Event{What: "acked", Ref: reason.Ref{Kind: alert.RefKind, ID: a.ID}})
	})
}

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
		return s.quieten(ctx, *c, "tell.case.contained")
	})
}

// quieten ends the alarms of a case and tells those who watch it.
func (s *Store) quieten(ctx context.Context, c Case, word string) error {
	if err := s.Alerts.ResolveKey(ctx, c.Firm, AlertKey(c.ID)); err != nil {
		return err
	}
	stopped := []string{string(ToAck), string(ToAct), string(ToContain)}
	if !c.SolvedAt.IsZero() {
		stopped = append(stopped, string(ToSolve))
	}
	if !c.Open() {
		stopped = append(stopped, promised)
	}
	if err := s.calm(ctx, c, stopped...); err != nil {
		return err
	}
	return s.tellCircle(ctx, c, word)
}

// calm ends the alerts about clocks and promises of a case.
func (s *Store) calm(ctx context.Context, c Case, what ...string) error {
	for _, w := range what {
		if err := s.Alerts.ResolveKey(ctx, c.Firm, lateKey(c.ID, w)); err != nil {
			return err
		}
	}
	return nil
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
		return s.quieten(ctx, *c, "tell.case.closed")
	})
	var f *fault.Error
	if errors.As(err, &f) && f.Code == "case.owner_word" {
		err = errors.Join(f, s.askWord(ctx, firm, id, why))
	}
	return err
}

// Reopen takes the case back into work. Needs access.WorkCases and a reason. Faults: Conflict "case.active",
// "case.taken" when another case on the same subject is open by now.
func (s *Store) Reopen(ctx context.Context, firm, id, why string) error {
	return s.change(ctx, firm, id, "reopened", why, func(ctx context.Context, c *Case, tx *db.Tx) error {
		was := c.Status
		if err := c.Reopen(why, tx.Now()); err != nil {
			return err
		}
		if was == Closed {
			if err := s.subjectFree(ctx, *c); err != nil {
				return err
			}
		}
		return s.tellCircle(ctx, *c, "tell.case.again")
	})
}

func (s *Store) subjectFree(ctx context.Context, c Case) error {
	others, err := s.query(ctx, `firm_id = $1 AND subject = $2 AND status <> 'closed' AND id <> $3`, "", c.Firm, c.Subject, c.ID)
	if err == nil && len(others) > 0 {
		err = fault.New(fault.Conflict, "case.taken", "Number", others[0].Number)
	}
	return err
}

// Weigh sets the severity by hand. Needs access.WorkCases and a reason.
func (s *Store) Weigh(ctx context.Context, firm, id string, severity int, why string) error {
	return s.change(ctx, firm, id, "weighed", why, func(_ context.Context, c *Case, _ *db.Tx) error {
		if severity < 0 || severity > 4 {
			return fault.New(fault.Invalid, "label.severity").On("severity")
		}
		if tooShort(why) {
			return fault.New(fault.Invalid, "why").On("why")
		}
		c.Severity = severity
		return nil
	})
}

// Link adds an item by hand; Unlink takes it out again. Both need access.WorkCases.
func (s *Store) Link(ctx context.Context, firm, id string, item reason.Ref) error {
	what := "linked"
	if item.Kind == "group" {
		what = "linked.group"
	}
	return s.write(ctx, firm, id, Event{What: what, Ref: item}, func(ctx context.Context, c *Case, tx *db.Tx) error {
		_, err := s.addItems(ctx, tx, *c, []reason.Ref{item})
		return err
	})
}

// Unlink takes an item out of the case.
func (s *Store) Unlink(ctx context.Context, firm, id string, item reason.Ref, why string) error {
	return s.write(ctx, firm, id, Event{What: "unlinked", Facts: map[string]string{"why": why}, Ref: item}, func(ctx context.Context, _ *Case, tx *db.Tx) error {
		return s.takeOut(ctx, tx, firm, id, item)
	})
}

func (s *Store) takeOut(ctx context.Context, tx *db.Tx, firm, id string, item reason.Ref) error {
	n, err := tx.Exec(ctx, `DELETE FROM crisis_item WHERE firm_id = $1 AND `+family+` AND kind = $3 AND ref_id = $4`, firm, id, item.Kind, item.ID)
	if err == nil && n == 0 {
		err = fault.Missing("item")
	}
	return err
}

// deeds tells whether a line of the timeline is a deed: one done, or the decision to watch only.
func deeds(what string) bool {
	return strings.HasPrefix(what, "deed.done.") || what == "decided.observe"
}

// Note writes a line of the timeline in the transaction of what happened, and has the case looked at again. For other
// rooms; it asks no permission.
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
		if _, err := tx.Exec(ctx, `UPDATE crisis SET look_at = $3 WHERE firm_id = $1 AND id = $2 AND status <> 'closed'`, firm, id, tx.Now()); err != nil {
			return fmt.Errorf("look at case again: %w", err)
		}
		if !deeds(e.What) {
			return nil
		}
		n, err := tx.Exec(ctx, `UPDATE crisis SET acted_at = $3 WHERE firm_id = $1 AND id = $2 AND acted_at = 0`, firm, id, tx.Now())
		if err != nil || n == 0 {
			return err
		}
		return s.calm(ctx, Case{Firm: firm, ID: id}, string(ToAct))
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
