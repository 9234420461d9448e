package wave_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/source/wordpress"
	"chop/internal/wave"
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
	firms     *firm.Store
	journal   *journal.Store
	evidence  *evidence.Store
	mentions  *mention.Store
	labels    *classify.Store
	cases     *crisis.Store
	alerts    *alert.Store
	decisions *decision.Store
	actions   *action.Store
	macros    *macro.Store
	waves     *wave.Store
	roles     map[string]access.Role // of the people, now
	firm      string
	source    source.Source
	post      int

	mu     sync.Mutex
	writes []string // calls that change something at the shop
	fault  func(*http.Request) *site.Answer
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
	place := wordpress.New(fetch.New(fetch.Config{Clock: clock.Now, AllowHosts: []string{host}, PerSecond: 1e6, Burst: 1000}))
	sources := &source.Store{DB: d, Jobs: w.jobs, Seal: keys, Journal: w.journal, Alerts: w.alerts, Registry: source.Registry{wordpress.Kind: place}}
	w.mentions = &mention.Store{DB: d, Jobs: w.jobs, Seal: keys, Ledger: log, Sources: sources}
	w.labels = &classify.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions}
	consents := consent.NewStore(consent.Config{DB: d, Jobs: w.jobs, Journal: w.journal, Seal: keys, Firms: w.firms, Duty: duty, Alerts: w.alerts,
		Origin: "https://chop.example"})
	w.cases = &crisis.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Alerts: w.alerts, Evidence: w.evidence, Mentions: w.mentions, Consents: consents}
	w.decisions = &decision.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Labels: w.labels, Cases: w.cases, Sources: sources,
		Evidence: w.evidence, Firms: w.firms, Consents: consents, Alerts: w.alerts}
	w.actions = &action.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Alerts: w.alerts, Evidence: w.evidence, Mentions: w.mentions, Cases: w.cases,
		Sources: sources, Decisions: w.decisions}
	w.macros = &macro.Store{DB: d, Journal: w.journal, Mentions: w.mentions, Labels: w.labels, Cases: w.cases, Evidence: w.evidence, Decisions: w.decisions}
	w.waves = &wave.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Seal: keys, Mentions: w.mentions, Cases: w.cases, Decisions: w.decisions,
		Actions: w.actions, Macros: w.macros, Who: w.who}
	w.roles = map[string]access.Role{"u-ola": access.Guardian, "u-basia": access.Guardian, "u-ewa": access.Owner}
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
	job.On(w.jobs, "action.start", w.actions.Start)
	job.Outside(w.jobs, "action.carry", w.actions.Carry)
	job.Outside(w.jobs, "action.look", w.actions.LookAgain)
	job.Outside(w.jobs, "wave.step", w.waves.Step)
	job.On(w.jobs, "test.ingested", func(context.Context, mention.Ingested) error { return nil })
	job.On(w.jobs, "test.labelled", func(context.Context, classify.Labelled) error { return nil })
	job.On(w.jobs, "test.opened", func(context.Context, crisis.Opened) error { return nil })
}

func (w *world) open(sources *source.Store, address string) {
	w.t.Helper()
	w.post = w.shop.AddPost("len", "Nowe obrusy", "Z polskiego lnu.")
	f := must[firm.Firm](w.t)(w.firms.Create(w.system(), firm.Firm{Name: "Manufaktura Lniana", Settings: firm.Settings{NetiquettePublished: true}}))
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

// who is a person with the role they have now.
func (w *world) who(_ context.Context, id string) (access.Principal, error) {
	r, there := w.roles[id]
	if !there {
		return access.Principal{}, fault.New(fault.Forbidden, "forbidden")
	}
	return access.Principal{User: id, Name: strings.TrimPrefix(id, "u-"), Firms: map[string]access.Role{w.firm: r}}, nil
}

// comments writes many at the shop, waits until ChOP has seen them, and labels them as a person would.
func (w *world) comments(author string, n int, labels ...classify.Label) (list []mention.Mention) {
	w.t.Helper()
	var ids []int
	for k := range n {
		ids = append(ids, w.shop.Comment(w.post, 0, author, author+"@example.com", "203.0.113.9", "Mozilla", fmt.Sprintf("Wpis %s numer %d o obrusach", author, k)))
	}
	for len(w.seen(ids)) < n {
		w.pass(2 * time.Minute)
	}
	got := w.seen(ids)
	for _, id := range ids {
		m := got[strconv.Itoa(id)]
		w.label(m, labels...)
		list = append(list, w.find(m.ID))
	}
	w.pass(0)
	return list
}

// label corrects the labels of an item.
func (w *world) label(m mention.Mention, labels ...classify.Label) {
	w.t.Helper()
	ok(w.t, w.labels.Correct(w.ola(), w.firm, m.ID, labels, 2, "przeczytane"))
}

func (w *world) seen(ids []int) map[string]mention.Mention {
	w.t.Helper()
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = strconv.Itoa(id)
	}
	return must[map[string]mention.Mention](w.t)(w.mentions.ByExternal(w.ola(), w.firm, w.source.ID, keys))
}

func (w *world) find(id string) mention.Mention {
	w.t.Helper()
	return must[mention.Mention](w.t)(w.mentions.Find(w.ola(), w.firm, id))
}

const because = "Ta sama osoba wkleja to samo pod każdym wpisem."

// picks are the items picked one by one.
func (w *world) picks(ms ...mention.Mention) wave.Selection {
	sel := wave.Selection{Firm: w.firm, Origin: wave.Origin{Kind: wave.ByPicks}}
	for _, m := range ms {
		sel.Picks = append(sel.Picks, m.ID)
	}
	return sel
}

// preview freezes and looks.
func (w *world) preview(sel wave.Selection, o decision.Option) wave.Wave {
	w.t.Helper()
	v := must[wave.Wave](w.t)(w.waves.Create(w.ola(), wave.New{Selection: sel, Plan: macro.Plan{Option: o}}))
	w.pass(0)
	return w.wave(v)
}

// starts begins a wave without waiting for its end.
func (w *world) starts(v wave.Wave, c wave.Choice) {
	w.t.Helper()
	must[wave.Wave](w.t)(w.waves.Start(w.ola(), w.firm, v.ID, wave.Go{Choice: c, Why: because}))
}

func (w *world) wave(v wave.Wave) wave.Wave {
	w.t.Helper()
	return must[wave.Wave](w.t)(w.waves.Find(w.ola(), v.ID))
}

func (w *world) items(v wave.Wave) map[string]wave.Item {
	w.t.Helper()
	out := map[string]wave.Item{}
	for _, i := range must[[]wave.Item](w.t)(w.waves.Items(w.ola(), w.wave(v))) {
		out[i.Mention] = i
	}
	return out
}

func (w *world) tally(v wave.Wave) wave.Tally {
	w.t.Helper()
	return must[wave.Tally](w.t)(w.waves.Tally(w.ola(), w.wave(v)))
}

func (w *world) isNow(v wave.Wave, want wave.State) wave.Wave {
	w.t.Helper()
	now := w.wave(v)
	if now.State != want {
		w.t.Fatalf("the wave is %s, want %s", now.State, want)
	}
	return now
}

// choose is a choice in view of fresh advice.
func (w *world) choose(ctx context.Context, m mention.Mention, o decision.Option) decision.Choice {
	w.t.Helper()
	a := must[decision.Advice](w.t)(w.decisions.Recommend(ctx, w.firm, m.ID))
	return decision.Choice{Firm: w.firm, Mention: m.ID, Option: o, Why: because, Shown: a.ID}
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

func (w *world) verbs(ref reason.Ref) (verbs []string) {
	w.t.Helper()
	lines := must[[]journal.Line](w.t)(w.journal.Of(w.system(), access.ViewMentions, w.firm, ref))
	for _, l := range lines {
		verbs = append(verbs, l.Verb)
	}
	return verbs
}
