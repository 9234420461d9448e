package consent_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/consent"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/reason"
	"chop/internal/seal"
)

// mail is a channel whose receivers stand in the test.
type mail struct {
	mu   sync.Mutex
	got  []notify.Message
	fail map[string]bool // address: fails for good
}

func (p *mail) Kind() string       { return "email" }
func (p *mail) Check(string) error { return nil }

func (p *mail) Send(_ context.Context, m notify.Message) (notify.Receipt, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail[m.To] {
		return notify.Receipt{}, false, fault.New(fault.Unavailable, "notify.email.refused", "Host", "h", "Code", 550)
	}
	p.got = append(p.got, m)
	return notify.Receipt{ID: m.ID}, false, nil
}

type world struct {
	t        *testing.T
	d        *db.DB
	clock    *dbtest.Clock
	q        *job.Queue
	consents *consent.Store
	alerts   *alert.Store
	journal  *journal.Store
	mail     *mail
	firm     string
	heard    []string // events
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, build(t, d, clock)) })
}

func build(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	dir := t.TempDir()
	keys, err := seal.New(t.Context(), d, dir)
	ok(t, err)
	log, err := ledger.New(d, bytes.Repeat([]byte{1}, 32), dir)
	ok(t, err)
	w := &world{t: t, d: d, clock: clock, journal: journal.New(d, log, keys), mail: &mail{fail: map[string]bool{}}}
	w.q, err = job.New(d, job.Config{})
	ok(t, err)
	firms := firm.New(d, w.journal)
	duty := oncall.NewStore(oncall.Config{DB: d, Journal: w.journal, Seal: keys})
	channels := map[string]notify.Channel{"email": w.mail}
	w.alerts = alert.NewStore(alert.Config{DB: d, Jobs: w.q, Journal: w.journal, Firms: firms, Duty: duty, Origin: "https://chop.example"})
	w.consents = consent.NewStore(consent.Config{DB: d, Jobs: w.q, Journal: w.journal, Seal: keys, Firms: firms, Duty: duty, Alerts: w.alerts,
		Channels: channels, Origin: "https://chop.example/"})
	job.On(w.q, "test.answered", func(_ context.Context, e consent.Answered) error {
		w.heard = append(w.heard, "answered "+e.ID)
		return nil
	})
	job.On(w.q, "test.lapsed", func(_ context.Context, e consent.LapsedOne) error {
		w.heard = append(w.heard, "lapsed "+e.ID)
		return nil
	})
	f, err := firms.Create(access.With(t.Context(), access.System("*")), firm.Firm{Name: "Manufaktura Lniana"})
	ok(t, err)
	w.firm = f.ID
	return w
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t testing.TB, err error, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

// hire puts a person into the firm; the e-mail address is name@x.pl.
func (w *world) hire(name string, r access.Role) {
	w.t.Helper()
	ok(w.t, w.d.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO person (id, name, email, email_key, created_at) VALUES ($1, $2, $3, $3, $4)`, name, name, name+"@x.pl", tx.Now()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO membership (firm_id, user_id, role, since) VALUES ($1, $2, $3, $4)`, w.firm, name, string(r), tx.Now())
		return err
	}))
}

func (w *world) pass(by time.Duration) {
	w.t.Helper()
	w.clock.Forward(by)
	ok(w.t, w.q.Drain(w.t.Context()))
}

const quote = "Po tym kremie mam plamy, a Kowalska z ulicy Długiej milczy"

// ask asks whether something may be deleted, with an hour to answer.
func (w *world) ask() consent.Question {
	w.t.Helper()
	q, err := w.consents.Ask(w.as("ewa", access.Guardian), consent.New{Firm: w.firm, Key: "k", Role: access.Owner, Kind: "decision", Ref: reason.Ref{Kind: "decision", ID: "d1"},
		Title: consent.Line{ID: "consent.title.delete"}, Silence: consent.Line{ID: "consent.silence.hide"}, Quote: quote,
		Deadline: w.clock.Now().Add(time.Hour), URL: "/inbox"})
	ok(w.t, err)
	return q
}

func (w *world) find(id string) consent.Question {
	w.t.Helper()
	q, err := w.consents.Find(w.as("ewa", access.Guardian), w.firm, id)
	ok(w.t, err)
	return q
}

// token is the one of the last message.
func (w *world) token() string {
	w.t.Helper()
	w.mail.mu.Lock()
	defer w.mail.mu.Unlock()
	if len(w.mail.got) == 0 {
		w.t.Fatal("no message arrived")
	}
	m := w.mail.got[len(w.mail.got)-1]
	return strings.TrimPrefix(m.URL, "https://chop.example"+consent.LinkPath)
}

func (w *world) alarms() (titles []string) {
	w.t.Helper()
	list, err := w.alerts.List(w.as("ewa", access.Guardian), alert.Filter{Firm: w.firm})
	ok(w.t, err)
	for _, a := range list {
		titles = append(titles, a.Title)
	}
	slices.Sort(titles)
	return titles
}
