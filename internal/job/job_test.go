package job_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/job"
)

type Happened struct{ N int }

func (Happened) Kind() string { return "test.happened" }

type Followed struct{}

func (Followed) Kind() string { return "test.followed" }

func queue(t *testing.T, d *db.DB) *job.Queue {
	t.Helper()
	q, err := job.New(d, job.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop queue: %v", err)
		}
	})
	return q
}

func addFirm(ctx context.Context, d *db.DB) error {
	return d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		id := db.NewID()
		_, err := tx.Exec(ctx, `INSERT INTO firm (id, name, slug, created_at) VALUES ($1, $1, $1, $2)`, id, tx.Now())
		return err
	})
}

func firms(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM firm`, nil, &n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnEventOfARolledBackTransactionNeverHappened(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		q := queue(t, d)
		var heard int
		job.On(q, "count", func(context.Context, Happened) error { heard++; return nil })
		boom := errors.New("boom")
		put := func(fail error) error {
			return d.Tx(t.Context(), func(ctx context.Context, _ *db.Tx) error {
				if err := q.Put(ctx, Happened{}); err != nil {
					return err
				}
				return fail
			})
		}
		if err := put(boom); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if err := put(nil); err != nil {
			t.Fatal(err)
		}
		if err := q.Drain(t.Context()); err != nil || heard != 1 {
			t.Fatalf("heard %d, %v", heard, err)
		}
	})
}

func TestEveryHandlerHearsAndTimersWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		q := queue(t, d)
		var in, out int
		job.On(q, "in", func(context.Context, Happened) error { in++; return nil })
		job.Outside(q, "out", func(context.Context, Happened) error { out++; return nil })
		if err := q.Put(t.Context(), Happened{}, job.At(d.Now().Add(5*time.Minute))); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			forward time.Duration
			want    int
		}{{0, 0}, {4 * time.Minute, 0}, {2 * time.Minute, 1}, {time.Hour, 1}} {
			clock.Forward(step.forward)
			if err := q.Drain(t.Context()); err != nil || in != step.want || out != step.want {
				t.Fatalf("after %v: in %d, out %d, %v", step.forward, in, out, err)
			}
		}
	})
}

func TestAFailingHandlerLeavesNothingBehindAndIsRetried(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		q := queue(t, d)
		var tries int
		job.Outside(q, "send", func(context.Context, Happened) error {
			if tries++; tries < 3 {
				return errors.New("not now")
			}
			return nil
		})
		if err := q.Put(t.Context(), Happened{}); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := q.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			clock.Forward(3 * time.Minute)
		}
		if tries != 3 {
			t.Fatalf("%d tries", tries)
		}
	})
}

func TestRunningWorkersDoEveryEffectOnce(t *testing.T) {
	for name, open := range map[string]func(testing.TB, func() time.Time) *db.DB{"sqlite": dbtest.OpenSQLite, "postgres": dbtest.OpenPostgres} {
		t.Run(name, func(t *testing.T) {
			d := open(t, nil)
			q := queue(t, d)
			var done atomic.Int64
			all := make(chan struct{})
			job.On(q, "add", func(ctx context.Context, _ Happened) error { return addFirm(ctx, d) })
			job.Outside(q, "tell", func(context.Context, Happened) error {
				if done.Add(1) == 200 {
					close(all)
				}
				return nil
			})
			if err := q.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i := range 200 {
				if err := q.Put(t.Context(), Happened{i}); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case <-all:
			case <-time.After(30 * time.Second):
				t.Fatalf("%d of 200 told", done.Load())
			}
			deadline := time.Now().Add(30 * time.Second)
			for firms(t, d) != 200 {
				if time.Now().After(deadline) {
					t.Fatalf("%d firms", firms(t, d))
				}
			}
		})
	}
}

func TestHealthCountsWhatIsDueAndWhatFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		q := queue(t, d)
		job.Outside(q, "fail", func(context.Context, Happened) error { return errors.New("never") })
		if err := q.Put(t.Context(), Happened{}); err != nil {
			t.Fatal(err)
		}
		clock.Forward(time.Second)
		h, err := q.Health(t.Context())
		if err != nil || h.Due != 1 || h.Failing != 0 || h.OldestDue.IsZero() {
			t.Fatalf("%+v %v", h, err)
		}
		for range 4 {
			if err := q.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			clock.Forward(3 * time.Minute)
		}
		if h, err = q.Health(t.Context()); err != nil || h.Failing != 1 {
			t.Fatalf("%+v %v", h, err)
		}
	})
}

// Deeds that wait their turn at a place are not an alarm while the queue works; a late job inside, or a late urgent one, is.
func TestAQueueThatWorksIsNotStuck(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		q := queue(t, d)
		job.Outside(q, "deed", func(context.Context, Happened) error { return nil })
		job.On(q, "note", func(context.Context, Followed) error { return nil })
		stuck := func(want bool, what string) {
			t.Helper()
			h, err := q.Health(t.Context())
			if err != nil || h.Stuck(clock.Now(), 2*time.Minute) != want {
				t.Fatalf("%s: %+v %v", what, h, err)
			}
		}
		put := func(e job.Event, o ...job.Option) {
			t.Helper()
			if err := q.Put(t.Context(), e, o...); err != nil {
				t.Fatal(err)
			}
		}
		put(Happened{})
		clock.Forward(3 * time.Minute)
		stuck(true, "a deed waits and nothing was ever done")
		if err := q.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.Forward(time.Minute)
		put(Happened{}, job.At(clock.Now().Add(-3*time.Minute)))
		stuck(false, "a deed waits and another was done a minute ago")
		put(Happened{}, job.Urgent(), job.At(clock.Now().Add(-3*time.Minute)))
		stuck(true, "an urgent one waits")
		if err := q.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		put(Followed{}, job.At(clock.Now().Add(-3*time.Minute)))
		stuck(true, "a job inside the database waits")
	})
}

func TestAnEventNobodyHearsIsRefused(t *testing.T) {
	q := queue(t, dbtest.OpenSQLite(t, nil))
	if err := q.Put(t.Context(), Happened{}); err == nil {
		t.Fatal("it was accepted")
	}
}

func TestALongHandlerHasItsOwnLimit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		q := queue(t, d)
		left := make(chan time.Duration, 1)
		job.Long(q, "long", time.Hour, func(ctx context.Context, _ Happened) error {
			end, _ := ctx.Deadline()
			left <- time.Until(end)
			return nil
		})
		if err := q.Put(t.Context(), Happened{}); err != nil {
			t.Fatal(err)
		}
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case l := <-left:
			if l < 50*time.Minute {
				t.Errorf("it has %v", l)
			}
		case <-time.After(time.Minute):
			t.Fatal("it did not run")
		}
	})
}
