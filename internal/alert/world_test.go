package alert_test

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
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/reason"
	"chop/internal/seal"
)

// phones is a channel whose receivers stand in the test.
type phones struct {
	kind string
	mu   sync.Mutex
	got  []notify.Message
	fail map[string]bool // address: fails for good
	busy map[string]int  // address: fails so many times, then works
}

func (p *phones) Kind() string { return p.kind }

func (p *phones) Check(to string) error {
	if to == "" {
		return fault.New(fault.Invalid, "notify.email.address")
	}
	return nil
}

func (p *phones) Send(_ context.Context, m notify.Message) (notify.Receipt, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail[m.To] {
		return notify.Receipt{}, false, fault.New(fault.Unavailable, "notify.email.refused", "Host", "h", "Code", 550)
	}
	if p.busy[m.To] > 0 {
		p.busy[m.To]--
		return notify.Receipt{}, true, errors.New("busy")
	}
	p.got = append(p.got, m)
	return notify.Receipt{ID: m.ID}, false, nil
}

// take is what arrived since it was last asked: "ewa@x.pl ewa@x.pl".
func (p *phones) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var to []string
	for _, m := range p.got {
		to = append(to, strings.TrimSuffix(m.To, "@x.pl"))
	}
	p.got = nil
	slices.Sort(to)
	return strings.Join(to, " ")
}

func (p *phones) last(t *testing.T) notify.Message {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.got) == 0 {
		t.Fatal("no message arrived")
	}
	return p.got[len(p.got)-1]
}

type world struct {
	t       *testing.T
	d       *db.DB
	clock   *dbtest.Clock
	q       *job.Queue
	alerts  *alert.Store
	duty    *oncall.Store
	journal *journal.Store
	mail    *phones
	firm    string
	keys    *seal.Store
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, newWorld(t, d, clock)) })
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	dir := t.TempDir()
	keys, err := seal.New(t.Context(), d, dir)
	must(t, err)
	log, err := ledger.New(d, bytes.Repeat([]byte{1}, 32), dir)
	must(t, err)
	q, err := job.New(d, job.Config{})
	must(t, err)
	w := &world{t: t, d: d, clock: clock, q: q, journal: journal.New(d, log, keys), keys: keys,
		mail: &phones{kind: "email", fail: map[string]bool{}, busy: map[string]int{}}}
	firms := firm.New(d, w.journal)
	w.duty = oncall.NewStore(oncall.Config{DB: d, Journal: w.journal, Seal: keys, Check: func(kind, to string) error { return w.mail.Check(to) }})
	w.alerts = alert.NewStore(alert.Config{DB: d, Jobs: q, Journal: w.journal, Firms: firms, Duty: w.duty,
		Channels: map[string]notify.Channel{"email": w.mail}, Origin: "https://chop.example/"})
	f, err := firms.Create(w.system(), firm.Firm{Name: "Manufaktura Lniana"})
	must(t, err)
	w.firm = f.ID
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

// hire puts a person into the firm; the e-mail address is name@x.pl.
func (w *world) hire(name string, r access.Role) {
	w.t.Helper()
	must(w.t, w.d.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO person (id, name, email, email_key, created_at) VALUES ($1, $2, $3, $3, $4)`, name, name, name+"@x.pl", tx.Now()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO membership (firm_id, user_id, role, since) VALUES ($1, $2, $3, $4)`, w.firm, name, string(r), tx.Now())
		return err
	}))
	w.clock.Forward(time.Second) // the roster's order is that of joining
}

func (w *world) raise(n alert.New) alert.ID {
	w.t.Helper()
	n.Firm = w.firm
	if n.Key == "" {
		n.Key = "k"
	}
	if n.Title == "" {
		n.Title = "case.title.threat"
	}
	id, err := w.alerts.Raise(w.system(), n)
	must(w.t, err)
	w.drain()
	return id
}

func (w *world) drain() {
	w.t.Helper()
	must(w.t, w.q.Drain(w.t.Context()))
}

// pass lets time go by, with the queue at work at each second change that matters.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for left := d; left > 0; {
		step := min(left, 10*time.Second)
		if d > 10*time.Minute {
			step = min(left, time.Minute)
		}
		w.clock.Forward(step)
		left -= step
		w.drain()
	}
}

func (w *world) wantMail(when, want string) {
	w.t.Helper()
	if got := w.mail.take(); got != want {
		w.t.Fatalf("%s: messages to %q, want %q", when, got, want)
	}
}

func (w *world) find(id alert.ID) alert.Alert {
	w.t.Helper()
	a, err := w.alerts.Find(access.With(w.t.Context(), access.System(w.firm)), id)
	must(w.t, err)
	return a
}

func (w *world) wantState(id alert.ID, want alert.State) alert.Alert {
	w.t.Helper()
	a := w.find(id)
	if a.State != want {
		w.t.Fatalf("the alert is %s, want %s", a.State, want)
	}
	return a
}

func (w *world) verbs(id alert.ID) (out []string) {
	w.t.Helper()
	lines, err := w.journal.Of(w.system(), access.ViewJournal, w.firm, reason.Ref{Kind: alert.RefKind, ID: id})
	must(w.t, err)
	for _, l := range lines {
		out = append(out, strings.TrimPrefix(l.Verb, "alert.")+" by "+l.By)
		if !lang.PL.Has("journal." + l.Verb) {
			w.t.Errorf("the journal verb %s has no sentence", l.Verb)
		}
	}
	return out
}

func (w *world) notices(id alert.ID) []alert.Notice {
	w.t.Helper()
	ns, err := w.alerts.NoticesOf(access.With(w.t.Context(), access.System(w.firm)), id)
	must(w.t, err)
	return ns
}
