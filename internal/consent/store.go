package consent

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Config is what the store works with.
type Config struct {
	DB       *db.DB
	Jobs     *job.Queue
	Journal  *journal.Store
	Seal     *seal.Store
	Firms    *firm.Store
	Duty     *oncall.Store
	Alerts   *alert.Store
	Channels map[string]notify.Channel // by kind
	Origin   string                    // "https://chop.example", the beginning of every link
}

// Store keeps questions and their answers.
type Store struct {
	Config
	db *db.DB
}

// NewStore is a store on the database; it registers the handlers that send and that end questions with the queue.
func NewStore(c Config) *Store {
	c.Origin = strings.TrimRight(c.Origin, "/")
	s := &Store{Config: c, db: c.DB}
	job.On(c.Jobs, "consent.due", s.lapse)
	job.Outside(c.Jobs, "consent.send", s.send)
	return s
}

// purposes of what is sealed.
const (
	ofQuestion = "consent"
	ofWords    = "consent.words"
	ofDraft    = "draft"
	ofAnswer   = "draft.answer"
)

const columns = `firm_id, id, key, role, kind, ref_kind, ref_id, state, sealed, url, asked_by, asked_name, asked_at, deadline, reached_at,
	answered_by, answered_name, answered_at, words`

// query reads questions whose condition, given by the callers here, begins with the firm.
func (s *Store) query(ctx context.Context, where, tail string, args ...any) (list []Question, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var boxes, words [][]byte
		err := tx.Each(ctx, `SELECT `+columns+` FROM consent WHERE `+where+` `+tail, args, func(scan func(...any) error) error {
			var q Question
			var box, said []byte
			err := scan(&q.Firm, &q.ID, &q.Key, &q.Role, &q.Kind, &q.Ref.Kind, &q.Ref.ID, &q.State, &box, &q.URL, &q.AskedBy, &q.AskedName,
				&q.AskedAt, &q.Deadline, &q.ReachedAt, &q.AnsweredBy, &q.AnsweredName, &q.AnsweredAt, &said)
			list, boxes, words = append(list, q), append(boxes, box), append(words, said)
			return err
		})
		if err != nil {
			return err
		}
		for i := range list {
			if err := s.unseal(ctx, &list[i], boxes[i], words[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read questions: %w", err)
	}
	return list, nil
}

func (s *Store) unseal(ctx context.Context, q *Question, box, words []byte) error {
	raw, err := s.Seal.Open(ctx, q.Firm, ofQuestion, q.ID, box)
	if err != nil {
		return err
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return fmt.Errorf("read question %s: %w", q.ID, err)
	}
	q.Title, q.Says, q.Silence, q.Quote, q.Veiled, q.Text = b.Title, b.Says, b.Silence, b.Quote, b.Veiled, b.Text
	if len(words) == 0 {
		return nil
	}
	raw, err = s.Seal.Open(ctx, q.Firm, ofWords, q.ID, words)
	q.Words = string(raw)
	return err
}

// Ask asks, or gives the question with the same key that is still open. It joins the context's transaction; the
// messages go out after the commit. Rooms call it inside their own verbs; the principal must know the firm. When the
// firm has nobody to ask, or no way to reach them, the person on duty is woken at once.
func (s *Store) Ask(ctx context.Context, n New) (q Question, err error) {
	if err := access.Check(ctx, access.ViewFirm, n.Firm); err != nil {
		return q, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if n, err = clean(n, tx.Now()); err != nil {
			return err
		}
		old, err := s.query(ctx, `firm_id = $1 AND key = $2 AND state = 'open'`, "", n.Firm, n.Key)
		if err != nil {
			return err
		}
		if len(old) > 0 && !n.Tell {
			q = old[0]
			return nil
		}
		q, err = s.insert(ctx, tx, n)
		return err
	})
	if err != nil {
		return q, fmt.Errorf("ask the firm: %w", err)
	}
	return q, nil
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, n New) (Question, error) {
	who := access.From(ctx)
	q := Question{Firm: n.Firm, ID: db.NewID(), Key: n.Key, Role: n.Role, Kind: n.Kind, Ref: n.Ref, State: Open, Title: n.Title, Says: n.Says,
		Silence: n.Silence, Quote: n.Quote, Veiled: n.Veiled, Text: n.Text, URL: n.URL, AskedBy: who.User, AskedName: who.Name,
		AskedAt: tx.Now(), Deadline: n.Deadline}
	if n.Tell {
		q.State = Told
	}
	raw, err := json.Marshal(body{q.Title, q.Says, q.Silence, q.Quote, q.Veiled, q.Text})
	if err != nil {
		return q, fmt.Errorf("write question: %w", err)
	}
	box, err := s.Seal.Seal(ctx, q.Firm, ofQuestion, q.ID, raw)
	if err != nil {
		return q, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO consent (firm_id, id, key, role, kind, ref_kind, ref_id, state, sealed, url, asked_by, asked_name,
		asked_at, deadline, words) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, q.Firm, q.ID, q.Key, string(q.Role),
		q.Kind, q.Ref.Kind, q.Ref.ID, string(q.State), box, q.URL, q.AskedBy, q.AskedName, q.AskedAt, q.Deadline, []byte{}); err != nil {
		return q, fmt.Errorf("save question: %w", err)
	}
	if !n.Tell {
		if err := s.Jobs.Put(ctx, Due{q.Firm, q.ID}, job.At(q.Deadline)); err != nil {
			return q, err
		}
	}
	if err := s.deliver(ctx, tx, q); err != nil {
		return q, err
	}
	tx.Touch(q.Firm, Topic)
	verb := "consent.asked"
	if n.Tell {
		verb = "consent.told"
	}
	return q, s.record(ctx, q, verb, "")
}

func (s *Store) record(ctx context.Context, q Question, verb, why string) error {
	return s.Journal.Record(ctx, journal.Entry{Firm: q.Firm, Ref: q.Ref, Verb: verb, Why: why,
		Data: map[string]string{"consent": q.ID, "kind": q.Kind, "role": string(q.Role), "state": string(q.State)}})
}

// hold loads a question and keeps every other transaction from changing it until this one ends.
func (s *Store) hold(ctx context.Context, tx *db.Tx, firm, id string) (Question, error) {
	if _, err := tx.Exec(ctx, `UPDATE consent SET state = state WHERE firm_id = $1 AND id = $2`, firm, id); err != nil {
		return Question{}, fmt.Errorf("lock question: %w", err)
	}
	return s.load(ctx, firm, id)
}

func (s *Store) load(ctx context.Context, firm, id string) (Question, error) {
	list, err := s.query(ctx, `firm_id = $1 AND id = $2`, "", firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("consent")
	}
	if err != nil {
		return Question{}, err
	}
	return list[0], nil
}

// Answer says yes or no, with optional words. Needs access.Answer and the role that was asked; a person, never the
// program. Faults: Conflict "consent.over" (Data Who: who answered), Forbidden "consent.role", Invalid "consent.words".
func (s *Store) Answer(ctx context.Context, firm, id string, yes bool, words string) error {
	if err := access.Check(ctx, access.Answer, firm); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.answer(ctx, tx, firm, id, yes, words)
	})
}

func (s *Store) answer(ctx context.Context, tx *db.Tx, firm, id string, yes bool, words string) error {
	q, err := s.hold(ctx, tx, firm, id)
	if err != nil {
		return err
	}
	if err := q.answer(access.From(ctx), yes, words, tx.Now()); err != nil {
		return err
	}
	box := []byte{}
	if q.Words != "" {
		if box, err = s.Seal.Seal(ctx, q.Firm, ofWords, q.ID, []byte(q.Words)); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE consent SET state = $3, answered_by = $4, answered_name = $5, answered_at = $6, words = $7
		WHERE firm_id = $1 AND id = $2`, q.Firm, q.ID, string(q.State), q.AnsweredBy, q.AnsweredName, q.AnsweredAt, box); err != nil {
		return fmt.Errorf("save answer: %w", err)
	}
	if err := s.ended(ctx, tx, q, "consent."+string(q.State), q.Words); err != nil {
		return err
	}
	return s.Jobs.Put(ctx, Answered{q.Firm, q.ID, q.Ref}, job.Urgent())
}

// ended is what follows every end of a question but silence: the alarm about it is over.
func (s *Store) ended(ctx context.Context, tx *db.Tx, q Question, verb, why string) error {
	tx.Touch(q.Firm, Topic)
	if err := s.Alerts.ResolveKey(access.With(ctx, access.System(q.Firm)), q.Firm, alertKey(q.ID)); err != nil {
		return err
	}
	return s.record(ctx, q, verb, why)
}

// Withdraw ends an open question that is no longer needed; one that is over stays as it is. Rooms call it inside their
// own verbs; the principal must know the firm.
func (s *Store) Withdraw(ctx context.Context, firm, id, why string) error {
	if err := access.Check(ctx, access.ViewFirm, firm); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		q, err := s.hold(ctx, tx, firm, id)
		if err != nil || q.State != Open {
			return err
		}
		q.State = Withdrawn
		if err := s.close(ctx, tx, q); err != nil {
			return err
		}
		return s.ended(ctx, tx, q, "consent.withdrawn", why)
	})
}

func (s *Store) close(ctx context.Context, tx *db.Tx, q Question) error {
	if _, err := tx.Exec(ctx, `UPDATE consent SET state = $3 WHERE firm_id = $1 AND id = $2`, q.Firm, q.ID, string(q.State)); err != nil {
		return fmt.Errorf("end question: %w", err)
	}
	return nil
}

// lapse is the timer: a question that is still open when its time is over was not answered, and somebody is woken.
func (s *Store) lapse(ctx context.Context, e Due) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		q, err := s.hold(ctx, tx, e.Firm, e.ID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil || q.State != Open || tx.Now().Before(q.Deadline) {
			return err
		}
		q.State = Lapsed
		if err := s.close(ctx, tx, q); err != nil {
			return err
		}
		tx.Touch(q.Firm, Topic)
		if err := s.record(ctx, q, "consent.lapsed", ""); err != nil {
			return err
		}
		if err := s.alarm(ctx, q, "lapsed"); err != nil {
			return err
		}
		return s.Jobs.Put(ctx, LapsedOne{q.Firm, q.ID, q.Ref}, job.Urgent())
	})
}

func alertKey(id string) string { return "consent:" + id }

// alarm wakes the person on duty: nobody was reached, or nobody answered.
func (s *Store) alarm(ctx context.Context, q Question, what string) error {
	priority := 2
	if q.Kind == Safety {
		priority = 1
	}
	_, err := s.Alerts.Raise(access.With(ctx, access.System(q.Firm)), alert.New{Firm: q.Firm, Key: alertKey(q.ID), Priority: priority,
		Title: "alert.consent." + what + "." + q.Kind, Ref: q.Ref, URL: q.URL})
	return err
}

// Kinds of questions that more than one room speaks of.
const (
	Safety = "safety" // health or safety: the owner must know within 15 minutes (G12)
	Close  = "close"  // may a case about health or safety be closed (G12)
)

// Find is one question. Guardians and owners may read all of their firms, lawyers what was asked of lawyers; others
// learn NotFound.
func (s *Store) Find(ctx context.Context, firm, id string) (Question, error) {
	if err := access.Check(ctx, access.ViewFirm, firm); err != nil {
		return Question{}, err
	}
	q, err := s.load(ctx, firm, id)
	if err == nil && !q.sees(access.From(ctx)) {
		return Question{}, fault.Missing("consent")
	}
	return q, err
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Firm  string // one firm; empty: every firm in which the principal answers or decides
	State State
	Limit int // 50 when 0, 200 at most
}

// List is the questions the principal may read, the most pressing first among open ones, otherwise the newest first.
func (s *Store) List(ctx context.Context, f Filter) ([]Question, error) {
	var firms []string
	if f.Firm != "" {
		if err := access.Check(ctx, access.ViewFirm, f.Firm); err != nil {
			return nil, err
		}
		firms = []string{f.Firm}
	} else {
		firms = access.Scope(ctx, access.ViewFirm)
	}
	if len(firms) == 0 {
		return nil, nil
	}
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	args := db.Args(firms)
	where, order := `firm_id IN (`+db.Marks(1, len(firms))+`)`, `ORDER BY asked_at DESC, id DESC`
	if f.State != "" {
		args = append(args, string(f.State))
		where += fmt.Sprintf(` AND state = $%d`, len(args))
	}
	if f.State == Open {
		order = `ORDER BY deadline, id`
	}
	list, err := s.query(ctx, where, order+fmt.Sprintf(" LIMIT %d", f.Limit), args...)
	if err != nil {
		return nil, err
	}
	seen := list[:0]
	for _, q := range list {
		if q.sees(access.From(ctx)) {
			seen = append(seen, q)
		}
	}
	return seen, nil
}

// Said tells whether somebody said yes to a question of the kind about the thing. For other rooms, in their own
// verbs; it asks no permission.
func (s *Store) Said(ctx context.Context, firm, kind string, ref reason.Ref) (yes bool, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var n int
		_, err := tx.One(ctx, `SELECT count(*) FROM consent WHERE firm_id = $1 AND ref_kind = $2 AND ref_id = $3 AND kind = $4 AND state = 'yes'`,
			[]any{firm, ref.Kind, ref.ID, kind}, &n)
		yes = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for an answer: %w", err)
	}
	return yes, nil
}

// Asked tells whether a question with the key was asked since then, answered or not. For other rooms, in their own verbs; it
// asks no permission.
func (s *Store) Asked(ctx context.Context, firm, key string, since time.Time) (asked bool, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var n int
		_, err := tx.One(ctx, `SELECT count(*) FROM consent WHERE firm_id = $1 AND key = $2 AND asked_at >= $3`, []any{firm, key, since}, &n)
		asked = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for a question: %w", err)
	}
	return asked, nil
}
