package crisis_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/blob"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/user"
)

// world is the case room on a real database, with two guardians, an owner and a lawyer.
type world struct {
	t        *testing.T
	db       *db.DB
	clock    *dbtest.Clock
	jobs     *job.Queue
	cases    *crisis.Store
	alerts   *alert.Store
	mentions *mention.Store
	evidence *evidence.Store
	post     *box
	firm     string
	people   map[string]string // first name -> id
	system   context.Context
	found    crisis.Findings // what later rooms would say
	n        int
}

// box keeps letters: the far end of a real channel lies outside the house.
type box struct {
	mu   sync.Mutex
	sent []notify.Message
}

func (b *box) Kind() string       { return "email" }
func (b *box) Check(string) error { return nil }
func (b *box) Send(_ context.Context, m notify.Message) (notify.Receipt, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, m)
	return notify.Receipt{}, false, nil
}

// take gives the letters to an address since the last call.
func (b *box) take(to string) (out []notify.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rest []notify.Message
	for _, m := range b.sent {
		if m.To == to {
			out = append(out, m)
		} else {
			rest = append(rest, m)
		}
	}
	b.sent = rest
	return out
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := &world{t: t, db: d, clock: clock, post: &box{}, people: map[string]string{}, system: access.With(t.Context(), access.System("*"))}
		dir := t.TempDir()
		w.jobs = must(job.New(d, job.Config{}))
		job.On(w.jobs, "test.opened", func(context.Context, crisis.Opened) error { return nil }) // the queue refuses events nobody hears
		if err := job.Migrate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		k := must(seal.New(t.Context(), d, dir))
		l := must(ledger.New(d, bytes.Repeat([]byte{1}, 32), dir))
		j := journal.New(d, l, k)
		firms := firm.New(d, j)
		w.evidence = evidence.New(evidence.Config{DB: d, Seal: k, Blob: must(blob.New(dir + "/blobs")), Ledger: l, Journal: j, Version: "test"})
		duty := oncall.NewStore(oncall.Config{DB: d, Journal: j, Seal: k, Check: func(string, string) error { return nil }})
		w.alerts = alert.NewStore(alert.Config{DB: d, Jobs: w.jobs, Journal: j, Firms: firms, Duty: duty, Channels: map[string]notify.Channel{"email": w.post},
			Origin: "https://chop.example"})
		src := &source.Store{DB: d, Jobs: w.jobs, Seal: k, Journal: j, Alerts: w.alerts, Registry: source.Registry{}}
		w.mentions = &mention.Store{DB: d, Jobs: w.jobs, Seal: k, Ledger: l, Sources: src}
		w.cases = &crisis.Store{DB: d, Jobs: w.jobs, Seal: k, Journal: j, Alerts: w.alerts, Evidence: w.evidence, Mentions: w.mentions,
			Look: []crisis.Look{func(context.Context, crisis.Case, []string) (crisis.Findings, error) { return w.found, nil }}}
		w.alerts.Acked = w.cases.Acknowledged
		w.firm = must(firms.Create(w.system, firm.Firm{Name: "Manufaktura Lniana"})).ID
		users := must(user.New(user.Config{DB: d, Firms: firms, Journal: j, Seal: k, Origin: "https://chop.example"}))
		for _, p := range []struct {
			first, last string
			role        access.Role
		}{{"Ewa", "Maj", access.Guardian}, {"Tomasz", "Rybak", access.Guardian}, {"Joanna", "Lis", access.Owner}, {"Paweł", "Sowiński", access.Lawyer}} {
			x := must(users.Add(w.system, user.Newcomer{Name: p.first + " " + p.last, Email: p.first[:3] + "@example.com", Password: "trzy zielone sowy"}))
			w.ok(users.Enrol(w.system, w.firm, x.ID, p.role))
			w.people[p.first] = x.ID
		}
		f(t, w)
	})
}

var roles = map[string]access.Role{"Ewa": access.Guardian, "Tomasz": access.Guardian, "Joanna": access.Owner, "Paweł": access.Lawyer}

// as is a person at work.
func (w *world) as(first string) context.Context {
	return access.With(w.t.Context(), access.Principal{User: w.people[first], Name: first, Firms: map[string]access.Role{w.firm: roles[first]}})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refuses(err error, kind fault.Kind) {
	w.t.Helper()
	if !fault.Is(err, kind) {
		w.t.Fatalf("got %v, want kind %v", err, kind)
	}
}

type said struct {
	author, label, parent string
	buyer, own            bool
	status                mention.Status
}

// says puts a mention into the store.
func (w *world) says(x said) string {
	w.t.Helper()
	w.n++
	id := db.NewID()
	if x.status == "" {
		x.status = mention.Done
	}
	w.ok(w.db.Tx(w.system, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO mention (firm_id, id, doc, source_id, ext_id, kind, post_id, parent_ext, author_key, author_name, text, url, lang, at,
			seen_at, changed_at, state, rating, own, revision, delivery_id, meta, labels, severity, buyer, status, due_at)
			VALUES ($1, $2, $3, 's', $2, 'comment', '', $4, $5, $5, 'słowa', '', 'pl', $6, $6, $6, 'published', 0, $7, 1, '', $8, $9, 2, $10, $11, $12)`,
			w.firm, id, tx.Now().UnixMicro()<<8+int64(w.n), x.parent, x.author, tx.Now(), x.own, []byte{}, ","+x.label+",", x.buyer, string(x.status), time.Time{})
		return err
	}))
	return id
}

// seals takes proof of a mention.
func (w *world) seals(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		_, err := w.mentions.Preserve(w.as("Ewa"), w.evidence, w.firm, id, "triage")
		w.ok(err)
	}
}

func (w *world) open(subject string, mentions ...string) crisis.Case {
	w.t.Helper()
	c, _, err := w.tryOpen(subject, mentions...)
	w.ok(err)
	return c
}

func (w *world) tryOpen(subject string, mentions ...string) (crisis.Case, bool, error) {
	n := crisis.New{Firm: w.firm, Subject: subject, Title: "case.title.wave", Severity: 2, Priority: 2}
	for _, m := range mentions {
		n.Items = append(n.Items, mention.Ref(m))
	}
	return w.cases.Open(w.system, n)
}

func (w *world) find(id string) crisis.Case {
	w.t.Helper()
	c, err := w.cases.Find(w.as("Ewa"), id)
	w.ok(err)
	return c
}

func (w *world) tend() {
	w.t.Helper()
	w.ok(w.cases.Tend(w.system))
	w.ok(w.jobs.Drain(w.system))
}

func (w *world) items(id string) int {
	w.t.Helper()
	list, err := w.cases.Items(w.as("Ewa"), w.firm, id)
	w.ok(err)
	return len(list)
}

// open tasks of a case by kind.
func (w *world) tasks(id string) map[string]crisis.Task {
	w.t.Helper()
	list, err := w.cases.Tasks(w.as("Ewa"), w.firm, id)
	w.ok(err)
	out := map[string]crisis.Task{}
	for _, t := range list {
		if t.State == crisis.ToDo {
			out[t.Kind] = t
		}
	}
	return out
}

// rings lists the alerts with this title that are not resolved.
func (w *world) rings(title string) (n int) {
	w.t.Helper()
	list, err := w.alerts.List(w.system, alert.Filter{Firm: w.firm})
	w.ok(err)
	for _, a := range list {
		if a.Title == title {
			n++
		}
	}
	return n
}

// lines are the timeline's words, oldest first.
func (w *world) lines(id string) (out []string) {
	w.t.Helper()
	list, err := w.cases.Timeline(w.as("Ewa"), w.firm, id)
	w.ok(err)
	for _, e := range list {
		out = append([]string{e.What}, out...)
	}
	return out
}
