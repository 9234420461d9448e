package stamp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/tsa"
)

// office is an authority that can be switched off, and counts what it is asked.
type office struct {
	*tsa.Development
	mu      sync.Mutex
	trouble error
	asked   atomic.Int64
}

func (o *office) Ask(ctx context.Context, request []byte) ([]byte, error) {
	o.asked.Add(1)
	o.mu.Lock()
	err := o.trouble
	o.mu.Unlock()
	if err != nil {
		return nil, &tsa.Refusal{Flaw: tsa.Away, Cause: err}
	}
	return o.Development.Ask(ctx, request)
}

func (o *office) fails(err error) {
	o.mu.Lock()
	o.trouble = err
	o.mu.Unlock()
}

var errDown = errors.New("down")

type world struct {
	*Store
	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
	jobs  *job.Queue
	log   *ledger.Log
	keys  *seal.Store
	first *office
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, build(t, d, clock)) })
}

func build(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	dir := t.TempDir()
	k, err := seal.New(t.Context(), d, dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(d, make([]byte, 32), dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, d: d, clock: clock, log: l, keys: k}
	w.first = newOffice(t, clock)
	w.open(w.authority("Pierwszy", w.first))
	return w
}

func newOffice(t testing.TB, clock *dbtest.Clock) *office {
	t.Helper()
	d, err := tsa.NewDevelopment(clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &office{Development: d}
}

func (w *world) authority(name string, o *office) *Authority {
	return &Authority{Client: &tsa.Client{Name: name, Way: o, Roots: tsa.Pool(o.Root), Now: w.clock.Now}}
}

// open starts the room anew, as a fresh process would, with these authorities.
func (w *world) open(list ...*Authority) {
	w.t.Helper()
	q, err := job.New(w.d, job.Config{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = q.Stop(context.Background()) })
	w.jobs = q
	w.Store = NewStore(Config{DB: w.d, Jobs: q, Seal: w.keys, Journal: journal.New(w.d, w.log, w.keys), Ledger: w.log, Authorities: list})
}

func system(t testing.TB) context.Context { return access.With(t.Context(), access.System("*")) }

func thing(id string) reason.Ref { return reason.Ref{Kind: Exhibit, ID: id} }

func (w *world) ask(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		if err := w.Want(system(w.t), "a", thing(id), tsa.Sum([]byte(id))); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) drain() {
	w.t.Helper()
	if err := w.jobs.Drain(system(w.t)); err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time go by in steps, doing what is due and what the program does by its timer.
func (w *world) pass(d, step time.Duration) {
	w.t.Helper()
	for ; d > 0; d -= step {
		w.clock.Forward(step)
		if err := w.Tend(system(w.t)); err != nil {
			w.t.Fatal(err)
		}
		w.drain()
	}
}

// one is the only stamp of an exhibit.
func (w *world) one(id string) Token {
	w.t.Helper()
	list, err := w.Of(system(w.t), "a", id)
	if err != nil || len(list) != 1 || list[0].Broken != nil {
		w.t.Fatalf("%s has %d stamps, want one sound: %+v %v", id, len(list), list, err)
	}
	return list[0]
}

func (w *world) none(id string) {
	w.t.Helper()
	if list, err := w.Of(system(w.t), "a", id); err != nil || len(list) != 0 {
		w.t.Fatalf("%s has stamps: %+v %v", id, list, err)
	}
}

func (w *world) sql(q string, args ...any) {
	w.t.Helper()
	err := w.d.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, q, args...)
		if err == nil && n == 0 {
			err = errors.New("it changed nothing")
		}
		return err
	})
	if err != nil {
		w.t.Fatal(q, err)
	}
}
