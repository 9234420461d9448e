package crisis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reason"
)

// TaskState is where a task stands.
type TaskState string

// States of a task.
const (
	ToDo    TaskState = "open"
	Done    TaskState = "done"
	Dropped TaskState = "dropped" // not done, with a reason
)

// Kinds of tasks: by hand, and what rules ask for.
const (
	ByHand    = "hand"
	AskAnswer = "answer" // a buyer's question waits for an answer
	AskFacts  = "ambush" // the same while others attack it: with facts, and privately too
	AskDeed   = "deed"   // the place cannot do a decided deed: a person does
	AskOwner  = "owner"  // the owner does not know yet
	AskWord   = "word"   // the owner's word on a matter of health and safety
)

// Task is something to do in a case.
type Task struct {
	Firm, ID, Case string
	Kind           string
	Key            string            // what a rule asks for once
	Text           string            // by hand: a person's words; otherwise empty, see Title
	Facts          map[string]string // values for the title of a rule's task
	Ref            reason.Ref        // what it is about
	Who            string            // person; empty: nobody yet
	DueAt          time.Time
	State          TaskState
	MadeAt         time.Time
	MadeBy         string
	EndedAt        time.Time
	EndedBy        string
	RemindedAt     time.Time
}

// Title is the message id of a rule's task, filled with Facts; empty for a person's own words.
func (t Task) Title() string {
	if t.Kind == ByHand {
		return ""
	}
	return "task." + t.Kind
}

// Late tells whether the task should have been done by now.
func (t Task) Late(now time.Time) bool {
	return t.State == ToDo && !t.DueAt.IsZero() && now.After(t.DueAt)
}

// TaskRef points at a task.
func TaskRef(id string) reason.Ref { return reason.Ref{Kind: "task", ID: id} }

const maxTask = 500 // characters

// asked are the tasks that rules ask for, from what is known of the case now.
func (f Facts) asked() (ts []Task) {
	c := f.Case
	for _, m := range f.theirs() {
		if question(m) && !f.Found.Answered[m.ID] {
			ts = append(ts, f.answer(m))
		}
		if m.Has("health_safety") && f.Found.Word != nil && !f.Found.Word[m.ID] {
			ts = append(ts, Task{Kind: AskWord, Key: "word:" + m.ID, Ref: mention.Ref(m.ID), Facts: map[string]string{"author": m.AuthorName},
				DueAt: m.SeenAt.Add(time.Hour)})
		}
	}
	for _, p := range f.Found.Pending {
		if p.Kind == "manual" {
			ts = append(ts, Task{Kind: AskDeed, Key: "deed:" + p.Ref.ID, Ref: mention.Ref(p.Mention), DueAt: p.At.Add(time.Hour)})
		}
	}
	if c.ToldAt.IsZero() {
		ts = append(ts, Task{Kind: AskOwner, Key: fmt.Sprintf("owner:%d", c.Round().UnixMicro()), Ref: c.Ref(), DueAt: c.Round().Add(ownerLimit(c))})
	}
	return ts
}

// underAttack is how long an asker may wait among hostile answers (domain/decisions.md S02).
const underAttack = 15 * time.Minute

// answer is the task to answer a buyer's question. One and the same question has one task: under attack it becomes the more pressing
// kind.
func (f Facts) answer(m mention.Mention) Task {
	t := Task{Kind: AskAnswer, Key: "answer:" + m.ID, Ref: mention.Ref(m.ID), Facts: map[string]string{"author": m.AuthorName},
		DueAt: first(m.DueAt, m.SeenAt.Add(time.Hour))}
	if since, attacked := f.Found.Ambushed[m.ID]; attacked {
		t.Kind = AskFacts
		if soon := since.Add(underAttack); soon.Before(t.DueAt) {
			t.DueAt = soon
		}
		t.Facts["question"] = excerpt(m.Text, 200)
	}
	return t
}

// excerpt is the beginning of a text, at most n characters.
func excerpt(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// ownerLimit is when the owner should know: the escalation ladder of domain/decisions.md 6.5.
func ownerLimit(c Case) time.Duration {
	switch {
	case c.Priority == 1 || c.Severity >= 3:
		return 15 * time.Minute
	case c.Severity >= 2:
		return time.Hour
	}
	return 3 * time.Hour
}

const taskColumns = `firm_id, id, crisis_id, kind, key, sealed, ref_kind, ref_id, who, due_at, state, made_at, made_by, ended_at, ended_by, reminded_at`

func (s *Store) queryTasks(ctx context.Context, where string, args ...any) (list []Task, err error) {
	var sealed [][]byte
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+taskColumns+` FROM crisis_task WHERE `+where+` ORDER BY CASE WHEN state = 'open' THEN 0 ELSE 1 END,
			CASE WHEN due_at = 0 THEN 1 ELSE 0 END, due_at, id LIMIT 500`, args, func(scan func(...any) error) error {
			var t Task
			var b []byte
			err := scan(&t.Firm, &t.ID, &t.Case, &t.Kind, &t.Key, &b, &t.Ref.Kind, &t.Ref.ID, &t.Who, &t.DueAt, &t.State, &t.MadeAt, &t.MadeBy,
				&t.EndedAt, &t.EndedBy, &t.RemindedAt)
			list, sealed = append(list, t), append(sealed, b)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read tasks: %w", err)
	}
	for i := range list {
		var body struct {
			Text  string
			Facts map[string]string
		}
		if err := s.openJSON(ctx, list[i].Firm, "crisis.task", list[i].ID, sealed[i], &body); err != nil {
			return nil, err
		}
		list[i].Text, list[i].Facts = body.Text, body.Facts
	}
	return list, nil
}

// Tasks is what is to be done in a case and what was, open ones first by their time. Needs access.WorkCases.
func (s *Store) Tasks(ctx context.Context, firm, id string) ([]Task, error) {
	if err := access.Check(ctx, access.WorkCases, firm); err != nil {
		return nil, err
	}
	return s.queryTasks(ctx, `firm_id = $1 AND `+family, firm, id)
}

// MyTasks is the open tasks of the principal in all their firms, and those that nobody has taken, the most pressing
// first. Needs access.WorkCases in some firm; others get none.
func (s *Store) MyTasks(ctx context.Context) (mine, free []Task, err error) {
	firms := access.Scope(ctx, access.WorkCases)
	if len(firms) == 0 {
		return nil, nil, nil
	}
	n := len(firms)
	list, err := s.queryTasks(ctx, `firm_id IN (`+db.Marks(1, n)+`) AND state = 'open' AND who IN (`+db.Marks(n+1, 2)+`) AND crisis_id IN
		(SELECT id FROM crisis k WHERE k.firm_id = crisis_task.firm_id AND (k.status <> 'closed' OR k.root <> ''))`,
		append(db.Args(firms), access.From(ctx).User, "")...)
	for _, t := range list {
		if t.Who == "" {
			free = append(free, t)
		} else {
			mine = append(mine, t)
		}
	}
	return mine, free, err
}

// NewTask is a task a person adds.
type NewTask struct {
	Text string
	Who  string // empty: nobody yet
	Due  time.Time
}

// AddTask adds a task to an open case. Needs access.WorkCases. Faults: Invalid "case.task", "case.person"; Conflict
// "case.closed".
func (s *Store) AddTask(ctx context.Context, firm, id string, n NewTask) error {
	n.Text = strings.TrimSpace(n.Text)
	if n.Text == "" || len([]rune(n.Text)) > maxTask {
		return fault.New(fault.Invalid, "case.task").On("text")
	}
	t := Task{Firm: firm, ID: db.NewID(), Case: id, Kind: ByHand, Text: n.Text, Who: n.Who, DueAt: n.Due}
	t.Key = "hand:" + t.ID
	return s.write(ctx, firm, id, Event{What: "task.made", Ref: TaskRef(t.ID)}, func(ctx context.Context, c *Case, tx *db.Tx) error {
		if !c.Open() {
			return fault.New(fault.Conflict, "case.closed")
		}
		if t.Who != "" {
			if err := s.worker(ctx, firm, t.Who, "who"); err != nil {
				return err
			}
		}
		if err := s.insertTask(ctx, tx, t); err != nil {
			return err
		}
		return s.tell(ctx, *c, t.Who, "tell.task.given")
	})
}

func (s *Store) insertTask(ctx context.Context, tx *db.Tx, t Task) error {
	sealed, err := s.sealJSON(ctx, t.Firm, "crisis.task", t.ID, map[string]any{"text": t.Text, "facts": t.Facts})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO crisis_task (firm_id, id, crisis_id, kind, key, sealed, ref_kind, ref_id, who, due_at, state, made_at, made_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`, t.Firm, t.ID, t.Case, t.Kind, t.Key, sealed,
		t.Ref.Kind, t.Ref.ID, t.Who, t.DueAt, string(ToDo), tx.Now(), access.From(ctx).User)
	if err != nil {
		return fmt.Errorf("add task: %w", err)
	}
	return nil
}

// TakeTask makes an open task the principal's own, whoever had it; GiveTask makes it another person's; ReturnTask makes
// it nobody's again. All need access.WorkCases. Faults: NotFound; Conflict "case.task_over"; Invalid "case.person".
func (s *Store) TakeTask(ctx context.Context, firm, id, task string) error {
	return s.onTask(ctx, firm, id, task, "task.taken", "", func(_ context.Context, t *Task) error {
		t.Who = access.From(ctx).User
		return nil
	})
}

// GiveTask gives a task to a person of ours; see TakeTask.
func (s *Store) GiveTask(ctx context.Context, firm, id, task, who string) error {
	return s.onTask(ctx, firm, id, task, "task.given", "", func(ctx context.Context, t *Task) error {
		t.Who = who
		return s.worker(ctx, firm, who, "who")
	})
}

// ReturnTask gives a task back; see TakeTask.
func (s *Store) ReturnTask(ctx context.Context, firm, id, task string) error {
	return s.onTask(ctx, firm, id, task, "task.returned", "", func(_ context.Context, t *Task) error {
		t.Who = ""
		return nil
	})
}

// EndTask ends a task as done, or drops it; dropping needs a reason. Needs access.WorkCases. Faults: NotFound; Conflict
// "case.task_over"; Invalid "why".
func (s *Store) EndTask(ctx context.Context, firm, id, task string, to TaskState, why string) error {
	if to != Done && to != Dropped {
		return fault.New(fault.Invalid, "case.task").On("state")
	}
	if to == Dropped && tooShort(why) {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.onTask(ctx, firm, id, task, "task."+string(to), why, func(_ context.Context, t *Task) error {
		t.State = to
		return nil
	})
}

// onTask is the shape of every verb on a task.
func (s *Store) onTask(ctx context.Context, firm, id, task, what, why string, rule func(context.Context, *Task) error) error {
	e := Event{What: what, Facts: map[string]string{"why": why}, Ref: TaskRef(task)}
	return s.write(ctx, firm, id, e, func(ctx context.Context, c *Case, tx *db.Tx) error {
		list, err := s.queryTasks(ctx, `firm_id = $1 AND `+family+` AND id = $3`, firm, id, task)
		if err == nil && len(list) == 0 {
			err = fault.Missing("task")
		}
		if err != nil {
			return err
		}
		t := list[0]
		if t.State != ToDo {
			return fault.New(fault.Conflict, "case.task_over")
		}
		was := t.Who
		if err := rule(ctx, &t); err != nil {
			return err
		}
		if t.State != ToDo {
			t.EndedAt, t.EndedBy = tx.Now(), access.From(ctx).User
		}
		if err := s.putTask(ctx, tx, t); err != nil {
			return err
		}
		if t.Who != was {
			return s.tell(ctx, *c, t.Who, "tell.task.given")
		}
		return nil
	})
}

func (s *Store) putTask(ctx context.Context, tx *db.Tx, t Task) error {
	_, err := tx.Exec(ctx, `UPDATE crisis_task SET who = $3, state = $4, ended_at = $5, ended_by = $6, reminded_at = $7, due_at = $8
		WHERE firm_id = $1 AND id = $2`, t.Firm, t.ID, t.Who, string(t.State), t.EndedAt, t.EndedBy, t.RemindedAt, t.DueAt)
	if err != nil {
		return fmt.Errorf("save task: %w", err)
	}
	return nil
}

// syncTasks adds what rules ask for and ends what they no longer do: the question was answered, the owner knows. What a
// person dropped is not asked for again. It tells whether anything changed.
func (s *Store) syncTasks(ctx context.Context, tx *db.Tx, f Facts, have []Task) (changed bool, err error) {
	c, wanted, known := f.Case, map[string]bool{}, map[string]Task{}
	for _, t := range have {
		known[t.Key] = t
	}
	for _, t := range f.asked() {
		wanted[t.Key] = true
		if old, is := known[t.Key]; is {
			if old.State == ToDo && t.Kind == AskFacts && old.Kind == AskAnswer {
				if err := s.press(ctx, tx, old, t); err != nil {
					return false, err
				}
				changed = true
			}
			continue
		}
		t.Firm, t.ID, t.Case = c.Firm, db.NewID(), c.ID
		if err := s.insertTask(ctx, tx, t); err != nil {
			return false, err
		}
		changed = true
		if err := s.Journal.Record(ctx, journal.Entry{Firm: c.Firm, Ref: c.Ref(), Verb: "case.task.asked", Data: map[string]string{"task": t.ID, "kind": t.Kind}}); err != nil {
			return false, err
		}
	}
	for _, t := range have {
		if t.Kind == ByHand || t.State != ToDo || wanted[t.Key] {
			continue
		}
		t.State, t.EndedAt, t.EndedBy = Done, tx.Now(), access.From(ctx).User
		if err := s.putTask(ctx, tx, t); err != nil {
			return false, err
		}
		changed = true
		if err := s.Note(ctx, c.Firm, c.ID, Event{What: "task.done", Ref: TaskRef(t.ID)}); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// press makes a task the more pressing kind of the same.
func (s *Store) press(ctx context.Context, tx *db.Tx, old, t Task) error {
	sealed, err := s.sealJSON(ctx, old.Firm, "crisis.task", old.ID, map[string]any{"text": "", "facts": t.Facts})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE crisis_task SET kind = $3, sealed = $4, due_at = $5 WHERE firm_id = $1 AND id = $2`, old.Firm, old.ID, t.Kind, sealed, t.DueAt); err != nil {
		return fmt.Errorf("save task: %w", err)
	}
	return s.Journal.Record(ctx, journal.Entry{Firm: old.Firm, Ref: reason.Ref{Kind: "case", ID: old.Case}, Verb: "case.task.asked", Data: map[string]string{"task": old.ID, "kind": t.Kind}})
}

// owned ends the rule's task to tell the owner, in the transaction in which they came to know.
func (s *Store) owned(ctx context.Context, tx *db.Tx, c Case) error {
	_, err := tx.Exec(ctx, `UPDATE crisis_task SET state = 'done', ended_at = $3, ended_by = $4 WHERE firm_id = $1 AND kind = 'owner' AND state = 'open' AND `+family,
		c.Firm, c.ID, tx.Now(), access.From(ctx).User)
	if err != nil {
		return fmt.Errorf("end task: %w", err)
	}
	return nil
}
