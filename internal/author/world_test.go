package author_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/author"
	"chop/internal/blob"
	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/source"
)

// place is a channel whose items the test brings itself.
type place struct{}

func (place) Describe() source.Description {
	return source.Description{Kind: "place", Every: time.Hour}
}
func (place) Check(context.Context, source.Settings) (source.CheckReport, error) {
	return source.CheckReport{Title: "Place"}, nil
}
func (place) Fetch(context.Context, source.Settings, []byte) (source.Batch, error) {
	return source.Batch{}, nil
}

// world is two firms with a channel each, and everything between a comment and a profile.
type world struct {
	t        testing.TB
	d        *db.DB
	clock    *dbtest.Clock
	jobs     *job.Queue
	journal  *journal.Store
	evidence *evidence.Store
	mentions *mention.Store
	labels   *classify.Store
	authors  *author.Store
	src      map[string]source.Source
	n        int
}

const (
	f1 = "f1"
	f2 = "f2"
)

// engine is opened once: the model takes a while to read.
var engine = sync.OnceValues(builtin.New)

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, build(t, d, clock)) })
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants checks the code of a fault.
func wants(t testing.TB, err error, k fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != k || f.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func build(t testing.TB, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock, src: map[string]source.Source{}}
	dir := t.TempDir()
	keys := must[*seal.Store](t)(seal.New(t.Context(), d, dir))
	log := must[*ledger.Log](t)(ledger.New(d, make([]byte, 32), filepath.Join(dir, "ledger")))
	w.jobs = must[*job.Queue](t)(job.New(d, job.Config{}))
	w.journal = journal.New(d, log, keys)
	w.evidence = evidence.New(evidence.Config{DB: d, Seal: keys, Blob: must[*blob.Disk](t)(blob.New(filepath.Join(dir, "blobs"))), Ledger: log,
		Journal: w.journal, Version: "test"})
	alerts := alert.NewStore(alert.Config{DB: d, Jobs: w.jobs, Journal: w.journal, Firms: firm.New(d, w.journal), Origin: "http://chop.test",
		Duty: oncall.NewStore(oncall.Config{DB: d, Journal: w.journal, Seal: keys})})
	sources := &source.Store{DB: d, Jobs: w.jobs, Seal: keys, Journal: w.journal, Alerts: alerts, Registry: source.Registry{"place": place{}}}
	w.mentions = &mention.Store{DB: d, Jobs: w.jobs, Seal: keys, Ledger: log, Sources: sources}
	w.labels = &classify.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Engine: must[*builtin.Engine](t)(engine())}
	w.authors = &author.Store{DB: d, Jobs: w.jobs, Seal: keys, Journal: w.journal, Mentions: w.mentions, Labels: w.labels, Evidence: w.evidence}
	job.Outside(w.jobs, "mention.pull", w.mentions.Pull)
	job.On(w.jobs, "read", w.read)
	job.On(w.jobs, "author.over", w.authors.Expire)
	job.On(w.jobs, "author.follow", func(ctx context.Context, e author.Follow) error { return w.authors.LookAfter(ctx, e, true) })
	job.On(w.jobs, "test.labelled", func(context.Context, classify.Labelled) error { return nil })
	for _, f := range []string{f1, f2} {
		ok(t, d.Tx(w.system(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO firm (id, name, slug, created_at) VALUES ($1, $2, $3, $4)`, f, f, f, tx.Now())
			return err
		}))
		src, _, err := sources.Connect(w.system(), f, "place", "Sklep", source.Settings{})
		ok(t, err)
		w.src[f] = src
	}
	return w
}

func (w *world) read(ctx context.Context, e mention.Ingested) error {
	if err := w.authors.Note(ctx, e); err != nil {
		return err
	}
	done, err := w.labels.Label(ctx, e)
	if err != nil || len(done.IDs) == 0 {
		return err
	}
	return w.authors.Guard(ctx, done)
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

// as is a person with a role in the first firm.
func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{f1: r}})
}

func (w *world) ewa() context.Context   { return w.as("ewa", access.Guardian) }
func (w *world) tomek() context.Context { return w.as("tomek", access.Guardian) }

// pass lets time go by and everything due happen.
func (w *world) pass(by time.Duration) {
	w.t.Helper()
	w.clock.Forward(by)
	ok(w.t, w.jobs.Drain(w.t.Context()))
}

// says is one item of a batch.
func (w *world) says(who, text string, at time.Time) source.Item {
	w.n++
	return source.Item{ExternalID: fmt.Sprintf("c%d", w.n), Kind: source.KindComment, Post: source.Post{ExternalID: "p1", Title: "Zima w lnie"},
		Author: source.Account{ExternalID: who, Name: "Lena " + who}, Text: text, At: at, URL: "https://fb.test/posts/1#c" + fmt.Sprint(w.n)}
}

// takesIn brings items in and lets them be read; it returns them as captured, by their id at the place.
func (w *world) takesIn(firm string, items ...source.Item) map[string]mention.Mention {
	w.t.Helper()
	var exts []string
	for _, it := range items {
		exts = append(exts, it.ExternalID)
	}
	_, err := w.mentions.Intake(w.system(), w.src[firm], source.Batch{Items: items,
		Deliveries: []source.Delivery{{URL: "https://fb.test/c", Status: 200, Body: fmt.Append(nil, w.n)}}})
	ok(w.t, err)
	w.pass(0)
	return must[map[string]mention.Mention](w.t)(w.mentions.ByExternal(w.system(), firm, w.src[firm].ID, exts))
}

// campaign is an account with a history of angry words, without anything that protects it.
func (w *world) campaign(firm, who string, n int) string {
	w.t.Helper()
	var items []source.Item
	for i := range n {
		items = append(items, w.says(who, fmt.Sprintf("Skandal, zamówienie 553%d za 219 zł nie przyszło, żądam zwrotu pieniędzy!", i),
			w.clock.Now().Add(-time.Duration(n-i)*20*time.Hour)))
	}
	w.takesIn(firm, items...)
	return "place:" + who
}

func (w *world) verbs(ref reason.Ref) (verbs []string) {
	w.t.Helper()
	for _, l := range must[[]journal.Line](w.t)(w.journal.Of(w.system(), access.ViewMentions, f1, ref)) {
		verbs = append(verbs, l.Verb)
	}
	return verbs
}

const because = "Tak wynika z wpisów i naszych odpowiedzi."

func (w *world) count(q string, args ...any) (n int) {
	w.t.Helper()
	ok(w.t, w.d.Read(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, q, args, &n)
		return err
	}))
	return n
}

func (w *world) bytes(q string, args ...any) (list [][]byte) {
	w.t.Helper()
	ok(w.t, w.d.Read(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, q, args, func(scan func(...any) error) error {
			var raw []byte
			err := scan(&raw)
			list = append(list, raw)
			return err
		})
	}))
	return list
}
