// Package job is the durable queue: events enqueued in the transaction that made them true, handled at least once
// outside and exactly once inside the database.
//
// River does the work behind this page, on both databases. Timers are events put with At;
// nobody cancels them: the handler looks at the state again.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"chop/internal/access"
	"chop/internal/db"
)

// Event is a fact that later rooms want to hear of. It is stored as JSON; Kind never changes.
type Event interface{ Kind() string }

// Config of the queue; every zero value is usable.
type Config struct {
	Workers int // goroutines that run database handlers (default 64 on SQLite, where they wait in line, 8 on PostgreSQL)
	Outside int // goroutines that run handlers with effects outside (default 16)
}

// Queue is open for Put from the start, and works after Start.
type Queue struct {
	db       *db.DB
	config   Config
	engine   engine
	handlers map[string]handler  // by name
	hears    map[string][]string // event kind -> handler names
}

type handler struct {
	outside bool
	limit   time.Duration // 0: the queue's
	run     func(ctx context.Context, event json.RawMessage) error
}

// task is the one kind of job River sees.
type task struct {
	To    string          `json:"to"` // handler name
	Event json.RawMessage `json:"event"`
}

// Kind names the job for River.
func (task) Kind() string { return "chop" }

const (
	inside  = "inside"
	outside = "outside"
)

// New makes a queue on the database. Register every handler before the first Put.
func New(d *db.DB, c Config) (*Queue, error) {
	if c.Workers == 0 {
		c.Workers = 8
		if d.Dialect == db.SQLite {
			c.Workers = 64 // one works at a time; many fetched at once cost fewer transactions of the queue
		}
	}
	if c.Outside == 0 {
		c.Outside = 16
	}
	q := &Queue{db: d, config: c, handlers: map[string]handler{}, hears: map[string][]string{}}
	e, err := newEngine(d, q)
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	q.engine = e
	return q, nil
}

// On registers a handler that works inside the database: it runs in a transaction carried by the context, and the
// job completes in the same commit, so its effects happen exactly once.
func On[E Event](q *Queue, name string, f func(ctx context.Context, e E) error) {
	add(q, name, false, f)
}

// Outside registers a handler with effects outside the database. It runs at least once and must cope with twice.
func Outside[E Event](q *Queue, name string, f func(ctx context.Context, e E) error) {
	add(q, name, true, f)
}

// Long is Outside for work that may take up to limit, which is longer than the queue gives others.
func Long[E Event](q *Queue, name string, limit time.Duration, f func(ctx context.Context, e E) error) {
	Outside(q, name, f)
	h := q.handlers[name]
	h.limit = limit
	q.handlers[name] = h
}

func add[E Event](q *Queue, name string, out bool, f func(ctx context.Context, e E) error) {
	if _, twice := q.handlers[name]; twice {
		panic("two job handlers are named " + name)
	}
	var zero E
	q.hears[zero.Kind()] = append(q.hears[zero.Kind()], name)
	q.handlers[name] = handler{outside: out, run: func(ctx context.Context, raw json.RawMessage) error {
		var e E
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("read event for %s: %w", name, err)
		}
		return f(access.With(ctx, access.System("*")), e)
	}}
}

// Option changes how an event is put.
type Option func(*river.InsertOpts)

// At delays the event until t.
func At(t time.Time) Option { return func(o *river.InsertOpts) { o.ScheduledAt = t } }

// Urgent lets the event overtake others.
func Urgent() Option { return func(o *river.InsertOpts) { o.Priority = 1 } }

// maxAttempts is practically "until it works": backoff is capped, and Health shows what keeps failing.
const maxAttempts = 10_000

// Put enqueues the event for every handler that hears it, in the context's transaction or in one of its own.
// An event nobody hears is a defect and is refused.
func (q *Queue) Put(ctx context.Context, e Event, opts ...Option) error {
	names := q.hears[e.Kind()]
	if len(names) == 0 {
		return fmt.Errorf("put event: nobody hears %q", e.Kind())
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("put event %s: %w", e.Kind(), err)
	}
	params := make([]river.InsertManyParams, len(names))
	for i, n := range names {
		o := &river.InsertOpts{Queue: inside, Priority: 2, MaxAttempts: maxAttempts}
		if q.handlers[n].outside {
			o.Queue = outside
		}
		for _, f := range opts {
			f(o)
		}
		params[i] = river.InsertManyParams{Args: task{To: n, Event: raw}, InsertOpts: o}
	}
	return q.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := q.engine.insert(ctx, tx, params); err != nil {
			return fmt.Errorf("put event %s: %w", e.Kind(), err)
		}
		return nil
	})
}

// work runs one job; the caller marks outside jobs as done.
func (q *Queue) work(ctx context.Context, id int64, t task) error {
	h, ok := q.handlers[t.To]
	if !ok {
		return fmt.Errorf("no handler is named %q; is this an older version of the program?", t.To)
	}
	if h.outside {
		return h.run(ctx, t.Event)
	}
	return q.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := h.run(ctx, t.Event); err != nil {
			return err
		}
		return q.engine.complete(ctx, tx, id)
	})
}

// Start begins to work. Stop ends it after the running jobs, at the latest after ten seconds.
func (q *Queue) Start(ctx context.Context) error { return q.engine.start(ctx) }

// Stop ends the work.
func (q *Queue) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return q.engine.stop(ctx)
}

// Drain runs everything that is due by the database's clock until nothing is, in this goroutine. Tests and one-shot
// commands use it instead of Start. A failing handler ends it with the error, unless it is an outside one whose
// retry is then scheduled like in ordinary work.
func (q *Queue) Drain(ctx context.Context) error {
	for range 10_000 {
		n, err := q.engine.drain(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
	return fmt.Errorf("drain: the queue feeds itself without end")
}

// Health is the state of the queue for the page of the machine and for the alarm.
type Health struct {
	Due       int       // waiting although their time has come
	OldestDue time.Time // zero when none is due
	Pressing  time.Time // the oldest due one that works inside the database or is urgent; zero when none is due
	LastDone  time.Time // when a job was last completed, of those still kept
	Failing   int       // tried at least three times without success
}

// Stuck tells whether the queue stands still: something pressing has waited longer than the span, or anything has and
// nothing was completed meanwhile. A hundred deeds that wait for their turn at a place are work, not trouble.
func (h Health) Stuck(now time.Time, span time.Duration) bool {
	late := func(t time.Time) bool { return !t.IsZero() && now.Sub(t) > span }
	return late(h.Pressing) || late(h.OldestDue) && (h.LastDone.IsZero() || late(h.LastDone))
}

// Health looks at what is due and what keeps failing.
func (q *Queue) Health(ctx context.Context) (Health, error) { return q.engine.health(ctx) }

// backoff before the nth retry: 1, 2, 4 ... seconds, at most two minutes. A guard tries soon and never gives up.
func backoff(attempt int) time.Duration {
	return min(time.Second<<min(max(attempt-1, 0), 10), 2*time.Minute)
}

func logFailure(t task, attempt int, err error) {
	slog.Warn("job failed", "to", t.To, "attempt", attempt, "retry_in", backoff(attempt).String(), "error", err)
}
