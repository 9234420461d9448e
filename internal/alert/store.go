package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/reason"
)

// Config is what the store works with.
type Config struct {
	DB       *db.DB
	Jobs     *job.Queue
	Journal  *journal.Store
	Firms    *firm.Store
	Duty     *oncall.Store
	Channels map[string]notify.Channel // by kind; a kind that is missing is not configured
	Origin   string                    // "https://chop.example", the beginning of every link
}

// Acked is told, in the same transaction, of every acknowledgement that changed something.
type Acked func(context.Context, Alert) error

// Store keeps the alerts and their notices.
type Store struct {
	Config
	Acked Acked // later rooms listen here; nil: nobody does
	db    *db.DB
}

// NewStore is a store on the database; it registers the handlers that page, escalate and send with the queue.
func NewStore(c Config) *Store {
	c.Origin = strings.TrimRight(c.Origin, "/")
	s := &Store{Config: c, db: c.DB}
	job.On(c.Jobs, "alert.page", s.page)
	job.On(c.Jobs, "alert.step", s.step)
	job.Outside(c.Jobs, "alert.send", s.send)
	job.Outside(c.Jobs, "alert.word", s.word)
	return s
}

// RefKind is the kind of a reason.Ref that points at an alert.
const RefKind = "alert"

// Topic is what db.Tx.Touch tells listeners about alerts.
const Topic = "alerts"

const columns = `id, firm_id, key, priority, title, facts, ref_kind, ref_id, url, state, trouble, count, raised_at, last_at, wave, wave_at,
	stage, timer, next_at, acked_at, acked_by, forgotten, resolved_at, resolved_by`

func read(scan func(...any) error) (a Alert, err error) {
	var facts string
	err = scan(&a.ID, &a.Firm, &a.Key, &a.Priority, &a.Title, &facts, &a.Ref.Kind, &a.Ref.ID, &a.URL, &a.State, &a.Trouble, &a.Count,
		&a.Raised, &a.Last, &a.Wave, &a.WaveAt, &a.Stage, &a.timer, &a.Next, &a.AckedAt, &a.AckedBy, &a.Forgotten, &a.ResolvedAt, &a.ResolvedBy)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(facts), &a.Facts)
}

func one(ctx context.Context, tx *db.Tx, q string, args ...any) (a Alert, found bool, err error) {
	err = tx.Each(ctx, q, args, func(scan func(...any) error) error {
		found = true
		a, err = read(scan)
		return err
	})
	return a, found, err
}

// hold loads an alert and keeps every other transaction from changing it until this one ends.
func hold(ctx context.Context, tx *db.Tx, firm, id string) (a Alert, found bool, err error) {
	a, found, err = one(ctx, tx, `UPDATE alert SET timer = timer WHERE firm_id = $1 AND id = $2 RETURNING `+columns, firm, id)
	if err != nil {
		return a, false, fmt.Errorf("load alert %s: %w", id, err)
	}
	return a, found, nil
}

// save writes what verbs may change, and puts the timer into the queue.
func (s *Store) save(ctx context.Context, tx *db.Tx, a Alert) error {
	facts, err := json.Marshal(a.Facts)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE alert SET priority = $3, title = $4, facts = $5, ref_kind = $6, ref_id = $7, url = $8, state = $9, trouble = $10,
		wave = $11, wave_at = $12, stage = $13, timer = $14, next_at = $15, acked_at = $16, acked_by = $17, forgotten = $18, resolved_at = $19,
		resolved_by = $20 WHERE firm_id = $1 AND id = $2`, a.Firm, a.ID, a.Priority, a.Title, string(facts), a.Ref.Kind, a.Ref.ID, a.URL,
		string(a.State), a.Trouble, a.Wave, a.WaveAt, a.Stage, a.timer, a.Next, a.AckedAt, a.AckedBy, a.Forgotten, a.ResolvedAt, a.ResolvedBy)
	if err != nil {
		return fmt.Errorf("save alert %s: %w", a.ID, err)
	}
	tx.Touch(a.Firm, Topic)
	return s.schedule(ctx, a)
}

// schedule puts the alert's timer: a paging that has not begun is an event for others too.
func (s *Store) schedule(ctx context.Context, a Alert) error {
	switch {
	case a.Next.IsZero():
		return nil
	case a.State == Open && a.Stage == 0:
		return s.Jobs.Put(ctx, Raised{a.Firm, a.ID}, job.Urgent())
	}
	return s.Jobs.Put(ctx, Step{a.Firm, a.ID, a.timer}, job.At(a.Next), job.Urgent())
}

func (s *Store) record(ctx context.Context, a Alert, verb string, kv ...string) error {
	e := journal.Entry{Firm: a.Firm, Ref: reason.Ref{Kind: RefKind, ID: a.ID}, Verb: verb, Data: map[string]string{"priority": fmt.Sprint(a.Priority)}}
	for i := 0; i+1 < len(kv); i += 2 {
		e.Data[kv[i]] = kv[i+1]
	}
	return s.Journal.Record(ctx, e)
}

// Raise wakes people, or adds to the alert with the same key that is not resolved yet: that one counts up, and pages
// again when the new priority is higher. It joins the context's transaction. Rooms call it inside their own verbs;
// the principal must know the firm.
func (s *Store) Raise(ctx context.Context, n New) (ID, error) {
	if err := access.Check(ctx, access.ViewFirm, n.Firm); err != nil {
		return "", err
	}
	n, err := clean(n)
	if err != nil {
		return "", err
	}
	var id ID
	err = s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for range 5 { // between looking and inserting another transaction may raise or resolve the same key
			if id, err = s.again(ctx, tx, n); err != nil || id != "" {
				return err
			}
			if id, err = s.insert(ctx, tx, n); err != nil || id != "" {
				return err
			}
		}
		return errors.New("the key changes hands too fast")
	})
	if err != nil {
		return "", fmt.Errorf("raise alert: %w", err)
	}
	return id, nil
}

// again adds to an alert of the key; the id is empty when there is none.
func (s *Store) again(ctx context.Context, tx *db.Tx, n New) (ID, error) {
	more := 1
	if n.Standing {
		more = 0
	}
	a, found, err := one(ctx, tx, `UPDATE alert SET count = count + $4, last_at = $3 WHERE firm_id = $1 AND key = $2 AND state <> 'resolved'
		RETURNING `+columns, n.Firm, n.Key, tx.Now(), more)
	if err != nil || !found {
		return "", err
	}
	if !n.Standing {
		tx.Touch(a.Firm, Topic)
	}
	if !a.repaged(n.Priority, tx.Now()) {
		return a.ID, nil
	}
	if n.Priority < a.Priority {
		a.Priority, a.Title, a.Facts, a.Ref, a.URL = n.Priority, n.Title, n.Facts, n.Ref, n.URL
	}
	a.begin(tx.Now())
	if err := s.save(ctx, tx, a); err != nil {
		return "", err
	}
	return a.ID, s.record(ctx, a, "alert.paged_again")
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, n New) (ID, error) {
	a := Alert{ID: db.NewID(), Firm: n.Firm, Key: n.Key, Priority: n.Priority, Title: n.Title, Facts: n.Facts, Ref: n.Ref, URL: n.URL,
		Count: 1, Raised: tx.Now(), Last: tx.Now()}
	a.begin(tx.Now())
	k, err := tx.Exec(ctx, `INSERT INTO alert (firm_id, id, key, priority, title, state, raised_at, last_at, wave, wave_at, stage, timer, next_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (firm_id, key) WHERE state <> 'resolved' DO NOTHING`,
		a.Firm, a.ID, a.Key, a.Priority, a.Title, string(a.State), a.Raised, a.Last, a.Wave, a.WaveAt, a.Stage, a.timer, a.Next)
	if err != nil || k == 0 {
		return "", err
	}
	if err := s.save(ctx, tx, a); err != nil {
		return "", err
	}
	slog.Info("alert raised", "firm", a.Firm, "alert", a.ID, "priority", a.Priority)
	return a.ID, s.record(ctx, a, "alert.raised")
}

// Acknowledge takes the alert: nobody else is woken. Whoever has taken it may do so again to say "still on it"; if it
// is neither repeated nor resolved within 15 min (P1), 1 h (P2), 3 h (P3) or 24 h (P4), people are woken again. A
// resolved alert stays as it is. Needs access.Acknowledge; others learn NotFound.
func (s *Store) Acknowledge(ctx context.Context, id ID) error {
	return s.change(ctx, id, s.acknowledge)
}

// Resolve ends the alert. Needs access.Acknowledge.
func (s *Store) Resolve(ctx context.Context, id ID) error {
	return s.change(ctx, id, s.resolve)
}

func (s *Store) acknowledge(ctx context.Context, tx *db.Tx, a Alert) error {
	late := tx.Now().Sub(a.WaveAt)
	if !a.acknowledge(access.From(ctx).User, tx.Now()) {
		return nil
	}
	if err := s.save(ctx, tx, a); err != nil {
		return err
	}
	if s.Acked != nil {
		if err := s.Acked(ctx, a); err != nil {
			return err
		}
	}
	return s.record(ctx, a, "alert.acknowledged", "seconds", fmt.Sprint(int(late.Seconds())))
}

func (s *Store) resolve(ctx context.Context, tx *db.Tx, a Alert) error {
	if !a.resolve(access.From(ctx).User, tx.Now()) {
		return nil
	}
	if err := s.save(ctx, tx, a); err != nil {
		return err
	}
	return s.record(ctx, a, "alert.resolved")
}

func (s *Store) change(ctx context.Context, id ID, verb func(context.Context, *db.Tx, Alert) error) error {
	a, err := s.Find(ctx, id)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, found, err := hold(ctx, tx, a.Firm, id)
		if err != nil || !found {
			return err
		}
		return verb(ctx, tx, a)
	})
}

// AcknowledgeKey acknowledges the alert of a key, if one is not resolved. Rooms call it inside their own verbs, whose
// permission was asked; the principal must hold access.Acknowledge.
func (s *Store) AcknowledgeKey(ctx context.Context, firm, key string) error {
	return s.changeKey(ctx, firm, key, s.acknowledge)
}

// ResolveKey resolves the alert of a key, if one is not resolved; see AcknowledgeKey.
func (s *Store) ResolveKey(ctx context.Context, firm, key string) error {
	return s.changeKey(ctx, firm, key, s.resolve)
}

func (s *Store) changeKey(ctx context.Context, firm, key string, verb func(context.Context, *db.Tx, Alert) error) error {
	if err := access.Check(ctx, access.Acknowledge, firm); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, found, err := one(ctx, tx, `UPDATE alert SET timer = timer WHERE firm_id = $1 AND key = $2 AND state <> 'resolved' RETURNING `+columns, firm, key)
		if err != nil || !found {
			return err
		}
		return verb(ctx, tx, a)
	})
}

// Find is one alert. Needs access.Acknowledge in its firm; others learn NotFound.
func (s *Store) Find(ctx context.Context, id ID) (a Alert, err error) {
	found := false
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, found, err = one(ctx, tx, `SELECT `+columns+` FROM alert WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return a, fmt.Errorf("find alert: %w", err)
	}
	if !found || access.Check(ctx, access.Acknowledge, a.Firm) != nil {
		return Alert{}, fault.Missing("alert")
	}
	return a, nil
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Firm   string
	States []State // open, acknowledged and unanswered when empty
	Since  time.Time
	Limit  int // 200 when 0, 1000 at most
}

// List is the alerts of the firms in which the principal holds access.Acknowledge: the unanswered first, then open,
// then by priority and age.
func (s *Store) List(ctx context.Context, f Filter) (out []Alert, err error) {
	firms := access.Scope(ctx, access.Acknowledge)
	if f.Firm != "" {
		if err := access.Check(ctx, access.Acknowledge, f.Firm); err != nil {
			return nil, err
		}
		firms = []string{f.Firm}
	}
	if len(firms) == 0 {
		return nil, nil
	}
	if len(f.States) == 0 {
		f.States = []State{Open, Acknowledged, Unanswered}
	}
	if f.Limit <= 0 || f.Limit > 1000 {
		f.Limit = 200
	}
	args := db.Args(firms)
	for _, st := range f.States {
		args = append(args, string(st))
	}
	n := len(args)
	args = append(args, f.Since, f.Limit)
	q := `SELECT ` + columns + ` FROM alert WHERE firm_id IN (` + db.Marks(1, len(firms)) + `) AND state IN (` + db.Marks(len(firms)+1, len(f.States)) +
		`) AND raised_at >= ` + db.Marks(n+1, 1) + ` ORDER BY CASE state WHEN 'unanswered' THEN 0 WHEN 'open' THEN 1 WHEN 'acknowledged' THEN 2 ELSE 3 END,
		priority, raised_at, id LIMIT ` + db.Marks(n+2, 1)
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, q, args, func(scan func(...any) error) error {
			a, err := read(scan)
			out = append(out, a)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	return out, nil
}

// NoticesOf lists whom an alert was told to and what became of it, oldest first. Needs access.Acknowledge.
func (s *Store) NoticesOf(ctx context.Context, id ID) ([]Notice, error) {
	a, err := s.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Notice
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		out, err = notices(ctx, tx, `firm_id = $1 AND alert_id = $2 ORDER BY id`, a.Firm, id)
		return err
	})
	return out, err
}

// Configured lists the kinds of channels this installation can send through.
func (s *Store) Configured() []string {
	var ks []string
	for k := range s.Channels {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}
