package alert_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/job"
)

// run is one random history of a few alerts, with what must be true of them kept beside.
type run struct {
	*world
	keys   []string
	counts map[string]int // raises since the key was last resolved
	ids    map[string]alert.ID
}

func (r *run) list(t *rapid.T) map[string]alert.Alert {
	all, err := r.alerts.List(access.With(r.t.Context(), access.System(r.firm)), alert.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]alert.Alert{}
	for _, a := range all {
		if _, twice := out[a.Key]; twice {
			t.Fatalf("two open alerts of %s", a.Key)
		}
		out[a.Key] = a
	}
	return out
}

// check: no raise is lost, and whatever is not resolved has a timer ahead of it or is unanswered.
func (r *run) check(t *rapid.T) {
	all := r.list(t)
	for _, k := range r.keys {
		a, found := all[k]
		if found != (r.counts[k] > 0) || a.Count != r.counts[k] {
			t.Fatalf("%s was raised %d times, the alert says %d", k, r.counts[k], a.Count)
		}
		waiting := a.State == alert.Open || a.State == alert.Acknowledged
		if found && waiting != a.Next.After(r.d.Now()) {
			t.Fatalf("%s is %s, its timer at %v, now %v", k, a.State, a.Next, r.d.Now())
		}
	}
}

// toTheEnd lets time go from timer to timer: each must go off, and without an answer the end is always loud.
func (r *run) toTheEnd(t *rapid.T) {
	for range 2000 {
		var due alert.Alert
		for _, a := range r.list(t) {
			if !a.Next.IsZero() && (due.ID == "" || a.Next.Before(due.Next)) {
				due = a
			}
		}
		if due.ID == "" {
			break
		}
		r.clock.Forward(due.Next.Sub(r.d.Now()))
		r.drain()
		if a := r.find(due.ID); a.State == due.State && a.Next.Equal(due.Next) {
			t.Fatalf("the timer of %s (%s) did nothing", a.Key, a.State)
		}
	}
	for k, a := range r.list(t) {
		if a.State != alert.Unanswered {
			t.Fatalf("%s ended as %s", k, a.State)
		}
	}
}

func TestNoAlertIsLostAndEachWaitsForSomething(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock)
	people := []string{"ewa", "tomasz", "joanna"}
	w.hire("ewa", access.Guardian)
	w.hire("tomasz", access.Guardian)
	w.hire("joanna", access.Owner)
	rapid.Check(t, func(t *rapid.T) {
		r := &run{world: w, counts: map[string]int{}, ids: map[string]alert.ID{}}
		for range 3 {
			r.keys = append(r.keys, db.NewID())
		}
		for range rapid.IntRange(1, 12).Draw(t, "length") {
			r.one(t, people)
			r.drain()
			r.check(t)
		}
		r.toTheEnd(t)
		for _, k := range r.keys {
			if err := w.alerts.ResolveKey(w.system(), w.firm, k); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// one does one random thing.
func (r *run) one(t *rapid.T, people []string) {
	k := rapid.SampledFrom(r.keys).Draw(t, "key")
	who := rapid.SampledFrom(people).Draw(t, "who")
	ctx := r.as(who, access.Guardian)
	var err error
	switch what := rapid.SampledFrom([]string{"raise", "raise", "raise", "ack", "resolve", "wait", "wait", "break", "mend", "replay", "leave", "join"}).Draw(t, "what"); what {
	case "raise":
		r.ids[k], err = r.alerts.Raise(r.system(), alert.New{Firm: r.firm, Key: k, Title: "t", Priority: rapid.IntRange(1, 4).Draw(t, "priority")})
		r.counts[k]++
	case "ack":
		err = r.alerts.AcknowledgeKey(ctx, r.firm, k)
		r.drain()
		r.mail.take()
		r.clock.Forward(14 * time.Minute) // less than any patience
		r.drain()
		for _, m := range r.mail.got {
			if r.ids[k] != "" && m.Tag == "alert-"+r.ids[k] {
				t.Fatal("somebody was woken by an alert that was just acknowledged")
			}
		}
	case "resolve":
		err = r.alerts.ResolveKey(ctx, r.firm, k)
		r.counts[k] = 0
	case "wait":
		r.clock.Forward(time.Duration(rapid.IntRange(1, 7200).Draw(t, "seconds")) * time.Second)
	case "break", "mend":
		r.mail.fail[who+"@x.pl"] = what == "break"
	case "replay":
		for _, e := range []job.Event{alert.Raised{Firm: r.firm, ID: r.ids[k]}, alert.Step{Firm: r.firm, ID: r.ids[k]}} { // stale ones
			if err == nil {
				err = r.q.Put(r.t.Context(), e)
			}
		}
	case "leave", "join":
		at := map[string]int{"leave": 1, "join": 0}[what]
		err = r.d.Tx(r.t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE person SET disabled_at = $2 WHERE id = $1`, who, at)
			return err
		})
	}
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", k, err))
	}
}
