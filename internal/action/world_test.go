package action_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/alert"
	"chop/internal/blob"
	"chop/internal/classify"
	"chop/internal/consent"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/reason"
	"chop/internal/reply"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/source/wordpress"
)

// world is a firm with a shop that speaks WordPress, and everything between a comment and a deed.
type world struct {
	t         *testing.T
	keys      *seal.Store
	ledger    *ledger.Log
	d         *db.DB
	clock     *dbtest.Clock
	jobs      *job.Queue
	shop      *site.Site
	place     *frail
	firms     *firm.Store
	journal   *journal.Store
	evidence  *evidence.Store
	mentions  *mention.Store
	labels    *classify.Store
	cases     *crisis.Store
	alerts    *alert.Store
	consents  *consent.Store
	mail      mail
	replies   *reply.Store
	decisions *decision.Store
	actions   *action.Store
	firm      string
	source    source.Source
	post      int

	mu     sync.Mutex
	writes []string // calls that change something at the shop
	fault  func(*http.Request) *site.Answer
}

// frail is the real connector whose caller may die around a call.
type frail struct {
	*wordpress.Connector
	before, after func()
}

func (f *frail) Do(ctx context.Context, s source.Settings, d source.Deed) (source.Outcome, error) {
	if f.before != nil {
		f.before()
		return source.Outcome{State: source.Doubtful}, ctx.Err()
	}
	out, err := f.Connector.Do(ctx, s, d)
	if f.after != nil {
		f.after()
	}
	return out, err
}

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
func wants(t testing.TB, err error, k fault.Kind, code string) *fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != k || f.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	return f
}

func build(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock, shop: site.New(clock.Now)}
	dir := t.TempDir()
	keys := must[*seal.Store](t)(seal.New(t.Context(), d, dir))
	log := must[*ledger.Log](t)(ledger.New(d, must[[]byte](t)(keys.Derive("ledger")), dir))
	w.jobs = must[*job.Queue](t)(job.New(d, job.Config{}))
	w.journal, w.keys, w.ledger = journal.New(d, log, keys), keys, log
	w.firms = firm.New(d, w.journal)
	w.evidence = evidence.New(evidence.Config{DB: d, Seal: keys, Blob: must[*blob.Disk](t)(blob.New(filepath.Join(dir, "blobs"))), Ledger: log,
		Journal: w.journal, Version: "test"})
	duty := oncall.NewStore(oncall.Config{DB: d, Journal: w.journal, Seal: keys})
	w.alerts = alert.NewStore(alert.Config{DB: d, Jobs: w.jobs, Journal: w.journal, Firms: w.firms, Duty: duty})
	server := httptest.NewServer(w.shop)
	t.Cleanup(server.Close)
	w.shop.Fault(w.watch)
	host := strings.TrimPrefix(server.URL, "http://")
	w.place = &frail{Connector: wordpress.New(fetch.New(fetch.Config{Clock: clock.Now, AllowHosts: []string{host}, PerSecond: 1e6, Burst: 1000}))}
	sources := &source.Store{DB: d, Jobs: w.jobs, Seal: keys, Journal: w.journal, Alerts: w.alerts, Registry: source.Registry{wordpress.Kind: w.place}}
	w.mentions = &mention.Store{DB: d, Jobs: w.jobs, Seal: keys, Ledger: log, Sources: sources}
	w.labels = &classify.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions}
	w.consents = consent.NewStore(consent.Config{DB: d, Jobs: w.jobs, Journal: w.journal, Seal: keys, Firms: w.firms, Duty: duty, Alerts: w.alerts,
		Channels: map[string]notify.Channel{"email": &w.mail}, Origin: "https://chop.example"})
	w.cases = &crisis.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Alerts: w.alerts, Evidence: w.evidence, Mentions: w.mentions, Consents: w.consents}
	w.replies = &reply.Store{DB: d, Seal: keys, Journal: w.journal}
	w.decisions = &decision.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Labels: w.labels, Cases: w.cases, Sources: sources,
		Evidence: w.evidence, Firms: w.firms, Consents: w.consents, Alerts: w.alerts,
		Replies: w.replies, Grounded: w.replies.Grounded, Staff: func(context.Context, string) ([]string, error) { return []string{"Kasia Lis"}, nil }}
	w.actions = &action.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Alerts: w.alerts, Evidence: w.evidence, Mentions: w.mentions, Cases: w.cases,
		Sources: sources, Decisions: w.decisions}
	w.wire()
	w.open(sources, server.URL)
	return w
}

// wire is the part of the pipeline under test; the other rooms' events are heard and left alone.
func (w *world) wire() {
	job.Outside(w.jobs, "mention.pull", w.mentions.Pull)
	job.On(w.jobs, "decision.wake", w.decisions.Wake)
	job.On(w.jobs, "decision.heard", w.decisions.Heard)
	job.On(w.jobs, "decision.silent", w.decisions.Silent)
	job.Outside(w.jobs, "decision.spam", w.decisions.ClearSpam)
	job.On(w.jobs, "decision.watch", w.decisions.Watch)
	job.On(w.jobs, "action.start", w.actions.Start)
	job.Outside(w.jobs, "action.carry", w.actions.Carry)
	job.Outside(w.jobs, "action.look", w.actions.LookAgain)
	job.On(w.jobs, "test.ingested", func(context.Context, mention.Ingested) error { return nil })
	job.On(w.jobs, "test.opened", func(context.Context, crisis.Opened) error { return nil })
}

func (w *world) open(sources *source.Store, address string) {
	w.t.Helper()
	w.post = w.shop.AddPost("len", "Nowe obrusy", "Z polskiego lnu.")
	f := must[firm.Firm](w.t)(w.firms.Create(w.system(), firm.Firm{Name: "Manufaktura Lniana", Settings: firm.Settings{NetiquettePublished: true,
		Mandate: map[string]string{"reply": firm.Tell, "delete": firm.Tell, "block": firm.Tell, "escalate_legal": firm.Tell}}}))
	w.firm = f.ID
	src, _, err := sources.Connect(w.as("ola", access.Guardian), f.ID, wordpress.Kind, "",
		source.Settings{"url": address, "user": site.User, "password": site.Password})
	ok(w.t, err)
	w.source = src
	w.pass(0)
}

// watch counts what changes the shop and breaks what a test wants broken.
func (w *world) watch(r *http.Request) *site.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Method != http.MethodGet {
		w.writes = append(w.writes, r.Method+" "+r.URL.Path)
	}
	if w.fault != nil {
		return w.fault(r)
	}
	return nil
}

// breaks sets the shop's fault for calls that change something; it hits n times.
func (w *world) breaks(n int, a site.Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = func(r *http.Request) *site.Answer {
		if r.Method == http.MethodGet || n == 0 {
			return nil
		}
		n--
		return &a
	}
}

func (w *world) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.writes)
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

func (w *world) ola() context.Context   { return w.as("ola", access.Guardian) }
func (w *world) basia() context.Context { return w.as("basia", access.Guardian) }

// pass lets time go by and everything due happen.
func (w *world) pass(by time.Duration) {
	w.t.Helper()
	w.clock.Forward(by)
	ok(w.t, w.jobs.Drain(w.t.Context()))
}

// comment writes at the shop, waits until ChOP has seen it, and labels it as a person would.
func (w *world) comment(author, text string, labels ...classify.Label) mention.Mention {
	w.t.Helper()
	id := w.shop.Comment(w.post, 0, author, author+"@example.com", "203.0.113.9", "Mozilla", text)
	w.pass(2 * time.Minute)
	m := w.seen(id)
	if len(labels) > 0 {
		ok(w.t, w.labels.Correct(w.ola(), w.firm, m.ID, labels, 2, "przeczytane"))
		w.pass(0)
	}
	return w.find(m.ID)
}

func (w *world) seen(ext int) mention.Mention {
	w.t.Helper()
	key := strconv.Itoa(ext)
	got := must[map[string]mention.Mention](w.t)(w.mentions.ByExternal(w.ola(), w.firm, w.source.ID, []string{key}))
	m, there := got[key]
	if !there {
		w.t.Fatalf("comment %d has not come in", ext)
	}
	return m
}

func (w *world) find(id string) mention.Mention {
	w.t.Helper()
	return must[mention.Mention](w.t)(w.mentions.Find(w.ola(), w.firm, id))
}

// status is how the shop shows a comment.
func (w *world) status(m mention.Mention) string {
	w.t.Helper()
	for _, c := range w.shop.Comments() {
		if strconv.Itoa(c.ID) == m.ExternalID {
			return c.Status
		}
	}
	w.t.Fatalf("the shop has no comment %s", m.ExternalID)
	return ""
}

const because = "Tak ustaliliśmy z właścicielką."

// choose is a choice in view of fresh advice.
func (w *world) choose(ctx context.Context, m mention.Mention, o decision.Option, text string) decision.Choice {
	w.t.Helper()
	a := must[decision.Advice](w.t)(w.decisions.Recommend(ctx, w.firm, m.ID))
	return decision.Choice{Firm: w.firm, Mention: m.ID, Option: o, Text: text, Why: because, Shown: a.ID}
}

// decides chooses and lets the planning happen.
func (w *world) decides(ctx context.Context, m mention.Mention, o decision.Option, text string) decision.Decision {
	w.t.Helper()
	d := must[decision.Decision](w.t)(w.decisions.Decide(ctx, w.choose(ctx, m, o, text)))
	w.pass(0)
	return d
}

// deed is the first deed of a decision, as it stands now.
func (w *world) deed(d decision.Decision) action.Deed {
	w.t.Helper()
	list := must[[]action.Deed](w.t)(w.actions.ByDecision(w.ola(), w.firm, d.ID))
	if len(list) == 0 {
		w.t.Fatal("the decision has no deed")
	}
	return list[0]
}

func (w *world) isState(d decision.Decision, want action.State) action.Deed {
	w.t.Helper()
	got := w.deed(d)
	if got.State != want {
		w.t.Fatalf("the deed is %s (%s %v, try %d), want %s", got.State, got.Error, got.ErrorData, got.Try, want)
	}
	return got
}

func (w *world) isAt(m mention.Mention, atShop string, status mention.Status) {
	w.t.Helper()
	if got := w.status(m); got != atShop {
		w.t.Errorf("at the shop it is %s, want %s", got, atShop)
	}
	if got := w.find(m.ID); got.Status != status {
		w.t.Errorf("in the inbox it is %s, want %s", got.Status, status)
	}
}

func (w *world) verbs(ref reason.Ref) (verbs []string) {
	w.t.Helper()
	lines := must[[]journal.Line](w.t)(w.journal.Of(w.system(), access.ViewMentions, w.firm, ref))
	for _, l := range lines {
		verbs = append(verbs, l.Verb)
	}
	return verbs
}

// alarms are the titles of the unresolved alerts of deeds.
func (w *world) alarms() (titles []string) {
	w.t.Helper()
	ok(w.t, w.d.Read(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT title FROM alert WHERE firm_id = $1 AND state <> 'resolved' AND title LIKE 'alert.deed.%' ORDER BY title`,
			[]any{w.firm}, func(scan func(...any) error) error {
				var s string
				err := scan(&s)
				titles = append(titles, s)
				return err
			})
	}))
	return titles
}

// noDisk is a vault whose disk has gone.
func (w *world) noDisk() *evidence.Store {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "gone")
	disk := must[*blob.Disk](w.t)(blob.New(dir))
	ok(w.t, os.RemoveAll(dir))
	return evidence.New(evidence.Config{DB: w.d, Seal: w.keys, Blob: disk, Ledger: w.ledger, Journal: w.journal})
}
