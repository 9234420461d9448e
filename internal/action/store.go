package action

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/source"
)

// Store keeps deeds and carries them out.
type Store struct {
	DB        *db.DB
	Jobs      *job.Queue
	Journal   *journal.Store
	Alerts    *alert.Store
	Evidence  *evidence.Store
	Mentions  *mention.Store
	Cases     *crisis.Store
	Sources   *source.Store
	Decisions *decision.Store
}

// Start plans the deed of a decision: at the place after the undo window, or as a task for a person where the place
// cannot. It hears decision.Made, inside a transaction.
func (s *Store) Start(ctx context.Context, e decision.Made) error {
	c, err := s.Decisions.Find(ctx, e.Firm, e.ID)
	if err != nil {
		return fmt.Errorf("start deed: %w", err)
	}
	if c.State != decision.Decided || c.Option == decision.Observe || c.Option == decision.Statement {
		return nil
	}
	m, err := s.Mentions.Find(ctx, e.Firm, c.Mention)
	if err != nil {
		return fmt.Errorf("start deed: %w", err)
	}
	_, can, err := s.actor(ctx, e.Firm, m.Source)
	if err != nil && !gone(err) {
		return fmt.Errorf("start deed: %w", err)
	}
	verb, does := decision.Verb(c.Option, c.Case.Labels, can)
	if verb == "" {
		verb = source.Verb(c.Option) // a task without a place: hand over to the lawyer
	}
	d := Deed{Firm: c.Firm, ID: db.NewID(), Decision: c.ID, Mention: m.ID, Source: m.Source, Option: c.Option, Verb: verb,
		Item: m.ExternalID, Text: c.Text, State: Planned, Exhibit: c.Exhibit, MadeBy: c.Who}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d.MadeAt = tx.Now()
		outcome, what := decision.ByHand, "task"
		if does {
			outcome, what = decision.Underway, "planned"
			d.DueAt = tx.Now().Add(UndoWindow)
			if c.SendAt.After(d.DueAt) { // a reply that waits for its time can be called off until then
				d.DueAt = c.SendAt
			}
		}
		if err := s.plan(ctx, tx, &d, does); err != nil {
			return err
		}
		if err := s.Decisions.Settle(ctx, d.Firm, d.Decision, outcome, ""); err != nil {
			return err
		}
		return s.tell(ctx, tx, d, what, "")
	})
}

// plan saves a new deed with its timer, or as a task.
func (s *Store) plan(ctx context.Context, tx *db.Tx, d *Deed, does bool) error {
	how := Assign
	if does {
		how = Schedule
	}
	if err := d.move(how); err != nil {
		return err
	}
	if err := s.insert(ctx, tx, *d); err != nil || !does {
		return err
	}
	return s.Jobs.Put(ctx, Due{d.Firm, d.ID, d.Number}, job.At(d.DueAt))
}

// gone tells that a source was removed or its kind is no longer known: nothing can be done there.
func gone(err error) bool { return fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) }

// actor is the connector of a source and what it can do; nil when it only watches.
func (s *Store) actor(ctx context.Context, firm, id string) (source.Actor, source.Capabilities, error) {
	src, err := s.Sources.Find(ctx, firm, id)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.Sources.Registry.Find(src.Kind)
	if err != nil {
		return nil, nil, err
	}
	a, ok := c.(source.Actor)
	if !ok {
		return nil, nil, nil
	}
	return a, c.Describe().Capabilities, nil
}

const columns = `firm_id, id, decision_id, mention_id, source_id, option, verb, item, text, state, exhibit, exhibit_after, number, try, looks,
	repeated, due_at, made_at, made_by, begun_at, ended_at, result_ext, result_url, error, error_data, detail, note, reverses, reversal`

func scanDeed(scan func(...any) error) (d Deed, err error) {
	var data string
	if err := scan(&d.Firm, &d.ID, &d.Decision, &d.Mention, &d.Source, &d.Option, &d.Verb, &d.Item, &d.Text, &d.State, &d.Exhibit, &d.ExhibitAfter,
		&d.Number, &d.Try, &d.Looks, &d.Repeated, &d.DueAt, &d.MadeAt, &d.MadeBy, &d.BegunAt, &d.EndedAt, &d.ResultExt, &d.ResultURL, &d.Error,
		&data, &d.Detail, &d.Note, &d.Reverses, &d.Reversal); err != nil {
		return d, err
	}
	return d, json.Unmarshal([]byte(data), &d.ErrorData)
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, d Deed) error {
	_, err := tx.Insert(ctx, `INSERT INTO deed (`+columns+`)`, [][]any{{d.Firm, d.ID, d.Decision, d.Mention, d.Source, string(d.Option),
		string(d.Verb), d.Item, d.Text, string(d.State), d.Exhibit, d.ExhibitAfter, d.Number, d.Try, d.Looks, d.Repeated, d.DueAt, d.MadeAt, d.MadeBy,
		d.BegunAt, d.EndedAt, d.ResultExt, d.ResultURL, d.Error, "{}", d.Detail, d.Note, d.Reverses, d.Reversal}}, "")
	if err != nil {
		return fmt.Errorf("save deed: %w", err)
	}
	return nil
}

// change is the shape of every verb on a deed: lock, load, rule, save. The rule sees the newest state.
func (s *Store) change(ctx context.Context, firm, id string, rule func(context.Context, *db.Tx, *Deed) error) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE deed SET state = state WHERE firm_id = $1 AND id = $2`, firm, id); err != nil {
			return fmt.Errorf("lock deed: %w", err)
		}
		d, err := s.load(ctx, firm, id)
		if err != nil {
			return err
		}
		if err := rule(ctx, tx, &d); err != nil {
			return err
		}
		return s.save(ctx, tx, d)
	})
}

func (s *Store) save(ctx context.Context, tx *db.Tx, d Deed) error {
	data, err := json.Marshal(d.ErrorData)
	if err != nil {
		return fmt.Errorf("save deed: %w", err)
	}
	if d.ErrorData == nil {
		data = []byte("{}")
	}
	if _, err := tx.Exec(ctx, `UPDATE deed SET state = $3, exhibit_after = $4, number = $5, try = $6, looks = $7, repeated = $8, due_at = $9,
		begun_at = $10, ended_at = $11, result_ext = $12, result_url = $13, error = $14, error_data = $15, detail = $16, note = $17, reversal = $18
		WHERE firm_id = $1 AND id = $2`, d.Firm, d.ID, string(d.State), d.ExhibitAfter, d.Number, d.Try, d.Looks, d.Repeated, d.DueAt, d.BegunAt,
		d.EndedAt, d.ResultExt, d.ResultURL, d.Error, string(data), d.Detail, d.Note, d.Reversal); err != nil {
		return fmt.Errorf("save deed: %w", err)
	}
	return nil
}

// tell writes the timeline of the open cases and the journal, and wakes the pages. what is planned, task, done, failed,
// doubtful, reverted, undone, cancelled.
func (s *Store) tell(ctx context.Context, tx *db.Tx, d Deed, what, why string) error {
	tx.Touch(d.Firm, "deeds")
	tx.Touch(d.Firm, "mentions")
	if what != "planned" {
		cases, err := s.Cases.Of(ctx, d.Firm, mention.Ref(d.Mention))
		if err != nil {
			return err
		}
		for _, k := range cases {
			e := crisis.Event{What: "deed." + what + "." + string(d.Verb), Facts: map[string]string{"why": why}, Ref: Ref(d.ID)}
			if err := s.Cases.Note(ctx, d.Firm, k.ID, e); err != nil {
				return err
			}
		}
	}
	return s.Journal.Record(ctx, journal.Entry{Firm: d.Firm, Ref: mention.Ref(d.Mention), Verb: "action." + what, Why: why,
		Data: map[string]string{"deed": d.ID, "decision": d.Decision, "verb": string(d.Verb), "exhibit": d.Exhibit,
			"exhibit_after": d.ExhibitAfter, "error": d.Error}})
}

func (s *Store) query(ctx context.Context, where, tail string, args ...any) (list []Deed, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM deed WHERE `+where+` `+tail, args, func(scan func(...any) error) error {
			d, err := scanDeed(scan)
			list = append(list, d)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read deeds: %w", err)
	}
	return list, nil
}

func (s *Store) load(ctx context.Context, firm, id string) (Deed, error) {
	list, err := s.query(ctx, `firm_id = $1 AND id = $2`, "", firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("deed")
	}
	if err != nil {
		return Deed{}, err
	}
	return list[0], nil
}

// Find is one deed. Needs access.ViewMentions; fault.NotFound when it does not exist.
func (s *Store) Find(ctx context.Context, firm, id string) (Deed, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return Deed{}, err
	}
	return s.load(ctx, firm, id)
}

// Of is the deeds about a mention, newest first. Needs access.ViewMentions.
func (s *Store) Of(ctx context.Context, firm, mention string) ([]Deed, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	return s.query(ctx, `firm_id = $1 AND mention_id = $2`, `ORDER BY id DESC LIMIT 200`, firm, mention)
}

// ByDecision is the deeds of a decision, its reversals among them, oldest first. Needs access.ViewMentions.
func (s *Store) ByDecision(ctx context.Context, firm, decision string) ([]Deed, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	return s.query(ctx, `firm_id = $1 AND decision_id = $2`, `ORDER BY id`, firm, decision)
}

// Task is what a person is to do at a place that cannot be told to.
type Task struct {
	Deed
	Link    string // where the item stands
	Author  string
	Exhibit string // number of the proof, D-001
}

// Tasks is the open tasks of one firm, or of all firms of the principal, oldest first. Needs access.ViewMentions.
func (s *Store) Tasks(ctx context.Context, firm string) ([]Task, error) {
	firms := access.Scope(ctx, access.ViewMentions)
	if firm != "" {
		if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
			return nil, err
		}
		firms = []string{firm}
	}
	if len(firms) == 0 {
		return nil, nil
	}
	list, err := s.query(ctx, `state = 'manual' AND firm_id IN (`+db.Marks(1, len(firms))+`)`, `ORDER BY made_at, id LIMIT 500`, db.Args(firms)...)
	if err != nil {
		return nil, err
	}
	tasks := make([]Task, len(list))
	for i, d := range list {
		if tasks[i], err = s.task(ctx, d); err != nil {
			return nil, err
		}
	}
	return tasks, nil
}

func (s *Store) task(ctx context.Context, d Deed) (Task, error) {
	t := Task{Deed: d}
	m, err := s.Mentions.Find(ctx, d.Firm, d.Mention)
	if err != nil {
		return t, err
	}
	t.Link, t.Author = m.URL, m.AuthorName
	// Only the number is told; whoever may see the task may know under which number the proof lies.
	x, err := s.Evidence.Get(access.With(ctx, access.System(d.Firm)), d.Firm, d.Exhibit)
	if err == nil {
		t.Exhibit = x.Code()
	}
	return t, err
}

// TaskDone is a person's word that the task is done. Needs access.Decide. Faults: Conflict "action.state".
func (s *Store) TaskDone(ctx context.Context, firm, id, note string) error {
	return s.finish(ctx, firm, id, note, Succeed, decision.Succeeded, "done")
}

// TaskDropped gives the task up; the mention is open again. Needs access.Decide and a reason.
func (s *Store) TaskDropped(ctx context.Context, firm, id, why string) error {
	if err := access.Check(ctx, access.Decide, firm); err != nil {
		return err
	}
	if len([]rune(strings.TrimSpace(why))) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.finish(ctx, firm, id, why, Cancel, decision.Dropped, "cancelled")
}

func (s *Store) finish(ctx context.Context, firm, id, note string, m Move, o decision.Outcome, what string) error {
	if err := access.Check(ctx, access.Decide, firm); err != nil {
		return err
	}
	note = strings.TrimSpace(note)
	if len([]rune(note)) > 2000 {
		return fault.New(fault.Invalid, "action.note", "Max", 2000).On("note")
	}
	return s.change(ctx, firm, id, func(ctx context.Context, tx *db.Tx, d *Deed) error {
		if d.State != Manual {
			return fault.New(fault.Conflict, "action.state", "State", string(d.State))
		}
		if err := d.move(m); err != nil {
			return err
		}
		d.Note, d.EndedAt = note, tx.Now()
		if err := s.Decisions.Settle(ctx, firm, d.Decision, o, ""); err != nil {
			return err
		}
		return s.tell(ctx, tx, *d, what, note)
	})
}
