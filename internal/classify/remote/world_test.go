package remote_test

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/classify"
	"chop/internal/classify/remote"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/seal"
	"chop/internal/source"
)

// plain is a first engine whose labels the test reads off: complaint for "źle", praise for the rest. It is sure of both.
type plain struct{}

func (plain) Name() string { return "plain/1" }
func (plain) Classify(_ context.Context, ts []classify.Text) ([]classify.Result, error) {
	out := make([]classify.Result, len(ts))
	for i, t := range ts {
		out[i] = classify.Result{Lang: "pl", Engine: "plain/1", Labels: []classify.Scored{{Label: classify.Praise, Score: 0.95}}}
		if len(t.Text) > 0 && t.Text[0] == '!' {
			out[i].Labels, out[i].Severity = []classify.Scored{{Label: classify.Complaint, Score: 0.9}}, 2
		}
	}
	return out, nil
}

// shop is a source that the test feeds.
type shop struct{}

func (shop) Describe() source.Description { return source.Description{Kind: "shop", Push: true} }
func (shop) Check(context.Context, source.Settings) (source.CheckReport, error) {
	return source.CheckReport{Title: "Sklep"}, nil
}
func (shop) Fetch(context.Context, source.Settings, []byte) (source.Batch, error) {
	return source.Batch{}, nil
}

type world struct {
	*remote.Store
	t        *testing.T
	d        *db.DB
	clock    *dbtest.Clock
	jobs     *job.Queue
	labels   *classify.Store
	mentions *mention.Store
	journal  *journal.Store
	place    *place
	firm     firm.Firm
	src      source.Source
	sys      context.Context
	guardian context.Context
	woken    []string // mentions that triage was asked to read again
	n        int
}

func open(t *testing.T, d *db.DB, clock *dbtest.Clock, patience time.Duration) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock, place: openPlace(t), sys: access.With(t.Context(), access.System("*"))}
	k, err := seal.New(t.Context(), d, t.TempDir())
	w.ok(err)
	l, err := ledger.New(d, make([]byte, 32), filepath.Join(t.TempDir(), "ledger"))
	w.ok(err)
	w.jobs, err = job.New(d, job.Config{})
	w.ok(err)
	t.Cleanup(func() { _ = w.jobs.Stop(context.Background()) })
	w.journal = journal.New(d, l, k)
	firms := firm.New(d, w.journal)
	alerts := alert.NewStore(alert.Config{DB: d, Jobs: w.jobs, Journal: w.journal, Firms: firms, Origin: "http://chop.test",
		Duty: oncall.NewStore(oncall.Config{DB: d, Journal: w.journal, Seal: k})})
	sources := &source.Store{DB: d, Jobs: w.jobs, Seal: k, Journal: w.journal, Alerts: alerts, Registry: source.Registry{"shop": shop{}}}
	w.mentions = &mention.Store{DB: d, Jobs: w.jobs, Seal: k, Ledger: l, Sources: sources}
	w.labels = &classify.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Engine: plain{}, Adjusters: []classify.Adjuster{classify.Kept{DB: d}}}
	calls := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, PerSecond: 1e6, Burst: 1e6, Clock: clock.Now, Total: patience})
	t.Cleanup(calls.Close)
	w.Store = remote.New(remote.Config{DB: d, Jobs: w.jobs, Seal: k, Journal: w.journal, Labels: w.labels, Fetch: calls,
		Staff: func(context.Context, string) ([]string, error) { return []string{"Żaneta Wilk"}, nil }})
	job.On(w.jobs, "read", func(ctx context.Context, e mention.Ingested) error {
		done, err := w.labels.Label(ctx, e)
		return errors.Join(err, w.Consider(ctx, done))
	})
	job.On(w.jobs, "triage", func(_ context.Context, e classify.Labelled) error { w.woken = append(w.woken, e.IDs...); return nil })
	job.Outside(w.jobs, "second.ask", w.Ask)
	w.firm, err = firms.Create(w.sys, firm.Firm{Name: "Manufaktura Lniana"})
	w.ok(err)
	w.src, _, err = sources.Connect(w.sys, w.firm.ID, "shop", "Sklep", source.Settings{})
	w.ok(err)
	w.guardian = w.person(access.Guardian)
	return w
}

// each runs a test on both databases.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, c *dbtest.Clock) { f(t, open(t, d, c, patient)) })
}

// sqlite runs a test on one, where the database makes no difference.
func sqlite(t *testing.T, patience ...time.Duration) *world {
	c := dbtest.NewClock()
	return open(t, dbtest.OpenSQLite(t, c.Now), c, append(patience, patient)[0])
}

func (w *world) person(r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: string(r), Name: "Ewa Maj", Firms: map[string]access.Role{w.firm.ID: r}})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refuses(err error, code, field string) {
	w.t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Field != field {
		w.t.Fatalf("got %v, want %s on %q", err, code, field)
	}
}

// settings are good ones for the place.
func (w *world) settings() remote.Change {
	s := remote.DefaultSettings(w.firm.ID)
	s.On, s.URL, s.Model, s.Scope = true, w.place.URL+"/v1", "dobry-model", remote.All
	return remote.Change{Settings: s, Key: "tajny-klucz", Accept: true}
}

// on switches the engine on, with changes to the good settings.
func (w *world) on(change ...func(*remote.Change)) {
	w.t.Helper()
	c := w.settings()
	for _, f := range change {
		f(&c)
	}
	w.ok(w.Save(w.guardian, c))
}

// comes lets comments come in and gives the ids of their mentions, in order.
func (w *world) comes(texts ...string) []string {
	w.t.Helper()
	var items []source.Item
	var exts []string
	for _, text := range texts {
		w.n++
		ext := "k" + string(rune('a'+w.n/26)) + string(rune('a'+w.n%26))
		exts = append(exts, ext)
		items = append(items, source.Item{ExternalID: ext, Kind: source.KindComment, Text: text, At: w.clock.Now(), State: source.Published,
			Author: source.Account{Name: "Gość", ExternalID: "g"}})
	}
	return w.brings(exts, items...)
}

func (w *world) brings(exts []string, items ...source.Item) (ids []string) {
	w.t.Helper()
	_, err := w.mentions.Intake(w.sys, w.src, source.Batch{Items: items})
	w.ok(err)
	w.ok(w.jobs.Drain(w.sys))
	got, err := w.mentions.ByExternal(w.sys, w.firm.ID, w.src.ID, exts)
	w.ok(err)
	for _, e := range exts {
		ids = append(ids, got[e].ID)
	}
	return ids
}

// after lets time go by and the queue work.
func (w *world) after(d time.Duration) {
	w.t.Helper()
	w.clock.Forward(d)
	w.ok(w.jobs.Drain(w.sys))
}

func (w *world) of(id string) classify.Result {
	w.t.Helper()
	r, err := w.labels.Of(w.guardian, w.firm.ID, id)
	w.ok(err)
	return r
}

func (w *world) state() remote.State {
	w.t.Helper()
	st, err := w.State(w.guardian, w.firm.ID)
	w.ok(err)
	return st
}

// waits is how many mentions wait for an opinion.
func (w *world) waits() (n int) {
	w.t.Helper()
	w.ok(w.d.Read(w.sys, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM second_due WHERE firm_id = $1`, []any{w.firm.ID}, &n)
		return err
	}))
	return n
}

func labels(r classify.Result) (ls []string) {
	for _, x := range r.Labels {
		ls = append(ls, string(x.Label))
	}
	slices.Sort(ls)
	return ls
}

// patient is how long calls may take where nothing is slow: a busy machine must not fail a test.
const patient = time.Minute

// ingested is the event of these mentions having come in.
func ingested(w *world, ids []string) mention.Ingested {
	return mention.Ingested{Firm: w.firm.ID, Source: w.src.ID, Edited: ids}
}
