package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"chop/internal/db"
)

// engine is River on one of the two databases.
type engine interface {
	insert(ctx context.Context, tx *db.Tx, params []river.InsertManyParams) error
	complete(ctx context.Context, tx *db.Tx, id int64) error
	start(ctx context.Context) error
	stop(ctx context.Context) error
	drain(ctx context.Context) (int, error)
	health(ctx context.Context) (Health, error)
}

// riverEngine is the same for both drivers, but for how our transaction becomes the driver's.
type riverEngine[TTx any] struct {
	q       *Queue
	driver  riverdriver.Driver[TTx]
	client  *river.Client[TTx]
	in      func(*db.Tx) TTx
	recover func(context.Context) error // before Start: take back what a killed process had in hand

	healthSQL string

	promoting    chan struct{} // closed when promote has ended
	endPromoting context.CancelFunc
}

func newRiver[TTx any](q *Queue, driver riverdriver.Driver[TTx], in func(*db.Tx) TTx) (*riverEngine[TTx], error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{q: q})
	c := &river.Config{
		Workers:              workers,
		Queues:               map[string]river.QueueConfig{inside: {MaxWorkers: q.config.Workers}, outside: {MaxWorkers: q.config.Outside}},
		FetchCooldown:        10 * time.Millisecond,
		FetchPollInterval:    250 * time.Millisecond,
		JobTimeout:           2 * time.Minute,
		RescueStuckJobsAfter: 3 * time.Minute,
		MaxAttempts:          maxAttempts,
		RetryPolicy:          retryPolicy{q.db.Now},
		Logger:               slog.New(quiet{slog.Default().Handler()}),

		CompletedJobRetentionPeriod: time.Hour,
		ReindexerSchedule:           never{},
	}
	if !q.db.RealClock() {
		c.Test.Time = stubbed{q.db.Now}
	}
	client, err := river.NewClient(driver, c)
	if err != nil {
		return nil, err
	}
	return &riverEngine[TTx]{q: q, driver: driver, client: client, in: in}, nil
}

func (e *riverEngine[TTx]) insert(ctx context.Context, tx *db.Tx, params []river.InsertManyParams) error {
	_, err := e.client.InsertManyTx(ctx, e.in(tx), params)
	return err
}

// complete marks a job as done inside the transaction of its effects. Nothing updated means that somebody else has
// taken the job over meanwhile: the effects must not happen twice.
func (e *riverEngine[TTx]) complete(ctx context.Context, tx *db.Tx, id int64) error {
	now := tx.Now()
	rows, err := e.driver.UnwrapExecutor(e.in(tx)).JobSetStateIfRunningMany(ctx, &riverdriver.JobSetStateIfRunningManyParams{
		ID: []int64{id}, Attempt: []*int{nil}, ErrData: [][]byte{nil}, FinalizedAt: []*time.Time{&now},
		MetadataDoMerge: []bool{false}, MetadataUpdates: [][]byte{nil}, ScheduledAt: []*time.Time{nil},
		State: []rivertype.JobState{rivertype.JobStateCompleted},
	})
	if err != nil {
		return fmt.Errorf("complete job: %w", err)
	}
	if len(rows) == 0 || rows[0].State != rivertype.JobStateCompleted {
		return errors.New("complete job: it is no longer ours")
	}
	return nil
}

func (e *riverEngine[TTx]) start(ctx context.Context) error {
	if e.recover != nil {
		if err := e.recover(ctx); err != nil {
			return fmt.Errorf("take back unfinished jobs: %w", err)
		}
	}
	if err := e.client.Start(ctx); err != nil {
		return err
	}
	pctx, cancel := context.WithCancel(ctx)
	e.promoting = make(chan struct{})
	e.endPromoting = cancel
	go e.promote(pctx)
	return nil
}

// promoteEvery is how exactly timers fire. River's own scheduler looks every five seconds, too coarse for a guard.
const promoteEvery = 300 * time.Millisecond

// promote hands timers that have become due to the workers.
func (e *riverEngine[TTx]) promote(ctx context.Context) {
	defer close(e.promoting)
	t := time.NewTicker(promoteEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := e.q.db.Now()
		if _, err := e.driver.GetExecutor().JobSchedule(ctx, &riverdriver.JobScheduleParams{Max: 1000, Now: &now}); err != nil && ctx.Err() == nil {
			slog.Warn("timers were not looked at", "error", err)
		}
	}
}

func (e *riverEngine[TTx]) stop(ctx context.Context) error {
	if e.promoting != nil {
		e.endPromoting()
		<-e.promoting
	}
	err := e.client.Stop(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = e.client.StopAndCancel(context.WithoutCancel(ctx))
	}
	return err
}

// drain works one round of due jobs by the database's clock.
func (e *riverEngine[TTx]) drain(ctx context.Context) (int, error) {
	now, total := e.q.db.Now(), 0
	exec := e.driver.GetExecutor()
	if _, err := exec.JobSchedule(ctx, &riverdriver.JobScheduleParams{Max: 1000, Now: &now}); err != nil {
		return 0, fmt.Errorf("schedule due jobs: %w", err)
	}
	for _, queue := range []string{inside, outside} {
		rows, err := exec.JobGetAvailable(ctx, &riverdriver.JobGetAvailableParams{
			ClientID: "drain", MaxAttemptedBy: 10, MaxToLock: 100, Now: &now, Queue: queue})
		if err != nil {
			return total, fmt.Errorf("fetch due jobs: %w", err)
		}
		for _, r := range rows {
			if err := e.drainOne(ctx, r, queue); err != nil {
				return total, err
			}
			total++
		}
	}
	return total, nil
}

func (e *riverEngine[TTx]) drainOne(ctx context.Context, r *rivertype.JobRow, queue string) error {
	var t task
	if err := json.Unmarshal(r.EncodedArgs, &t); err != nil {
		return fmt.Errorf("read job %d: %w", r.ID, err)
	}
	err := e.q.work(ctx, r.ID, t)
	if queue == inside || (err == nil && queue == outside) {
		if err != nil {
			return fmt.Errorf("%s: %w", t.To, err)
		}
		if queue == inside {
			return nil
		}
		return e.q.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return e.complete(ctx, tx, r.ID) })
	}
	logFailure(t, r.Attempt, err)
	at := e.q.db.Now().Add(backoff(r.Attempt))
	_, err = e.driver.GetExecutor().JobSetStateIfRunningMany(ctx, &riverdriver.JobSetStateIfRunningManyParams{
		ID: []int64{r.ID}, Attempt: []*int{nil}, ErrData: [][]byte{nil}, FinalizedAt: []*time.Time{nil},
		MetadataDoMerge: []bool{false}, MetadataUpdates: [][]byte{nil}, ScheduledAt: []*time.Time{&at},
		State: []rivertype.JobState{rivertype.JobStateRetryable},
	})
	return err
}

// health reads the queue's table; healthSQL yields due, oldest due, oldest pressing one, failing, last done; times in epoch
// seconds, 0 for none.
func (e *riverEngine[TTx]) health(ctx context.Context) (h Health, err error) {
	var oldest, pressing, done int64
	now := e.q.db.Now()
	err = e.q.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, e.healthSQL, []any{now.Unix()}, &h.Due, &oldest, &pressing, &h.Failing, &done)
		return err
	})
	if err != nil {
		return h, fmt.Errorf("read the queue's health: %w", err)
	}
	h.OldestDue, h.Pressing, h.LastDone = instant(oldest), instant(pressing), instant(done)
	return h, nil
}

func instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Migrate brings the queue's own tables up to date.
func Migrate(ctx context.Context, d *db.DB) error {
	q := &Queue{db: d, config: Config{Workers: 1, Outside: 1}}
	e, err := newEngine(d, q)
	if err != nil {
		return err
	}
	defer e.stop(ctx) //nolint:errcheck // nothing was started
	return e.(interface{ migrate(context.Context) error }).migrate(ctx)
}

func (e *riverEngine[TTx]) migrate(ctx context.Context) error {
	m, err := rivermigrate.New(e.driver, &rivermigrate.Config{Logger: slog.New(quiet{slog.Default().Handler()})})
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate queue: %w", err)
	}
	return nil
}

// worker hands River's jobs to the queue.
type worker struct {
	river.WorkerDefaults[task]
	q *Queue
}

// Work runs one job.
func (w *worker) Work(ctx context.Context, j *river.Job[task]) error {
	err := w.q.work(ctx, j.ID, j.Args)
	if err != nil {
		logFailure(j.Args, j.Attempt, err)
	}
	return err
}

// Timeout is how long a job may take; 0 is the queue's own limit.
func (w *worker) Timeout(j *river.Job[task]) time.Duration { return w.q.handlers[j.Args.To].limit }

type retryPolicy struct{ now func() time.Time }

func (p retryPolicy) NextRetry(r *rivertype.JobRow) time.Time { return p.now().Add(backoff(r.Attempt)) }

// never keeps River from rebuilding indexes on its own.
type never struct{}

func (never) Next(t time.Time) time.Time { return t.AddDate(100, 0, 0) }

// stubbed lets a test's clock rule over the queue too.
type stubbed struct{ now func() time.Time }

func (s stubbed) Now() time.Time       { return s.now() }
func (s stubbed) NowOrNil() *time.Time { t := s.now(); return &t }

// quiet drops River's chatter: we log our own line per job.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError && q.Handler.Enabled(ctx, l)
}
