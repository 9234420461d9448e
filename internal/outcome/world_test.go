package outcome_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
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
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/outcome"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/source/webhook"
)

// world is a firm with two places that push what is written there, and everything up to what follows a decision.
type world struct {
	t         *testing.T
	clock     *dbtest.Clock
	jobs      *job.Queue
	journal   *journal.Store
	sources   *source.Store
	mentions  *mention.Store
	cases     *crisis.Store
	decisions *decision.Store
	actions   *action.Store
	outcomes  *outcome.Store
	firm      string
	shop      source.Source
	forum     source.Source
	n         int
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
func wants(t testing.TB, err error, k fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != k || f.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func build(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, clock: clock}
	dir := t.TempDir()
	keys := must[*seal.Store](t)(seal.New(t.Context(), d, dir))
	log := must[*ledger.Log](t)(ledger.New(d, must[[]byte](t)(keys.Derive("ledger")), dir))
	w.jobs = must[*job.Queue](t)(job.New(d, job.Config{}))
	w.journal = journal.New(d, log, keys)
	firms := firm.New(d, w.journal)
	proofs := evidence.New(evidence.Config{DB: d, Seal: keys, Blob: must[*blob.Disk](t)(blob.New(filepath.Join(dir, "blobs"))), Ledger: log,
		Journal: w.journal, Version: "test"})
	duty := oncall.NewStore(oncall.Config{DB: d, Journal: w.journal, Seal: keys})
	alerts := alert.NewStore(alert.Config{DB: d, Jobs: w.jobs, Journal: w.journal, Firms: firms, Duty: duty})
	consents := consent.NewStore(consent.Config{DB: d, Jobs: w.jobs, Journal: w.journal, Seal: keys, Firms: firms, Duty: duty, Alerts: alerts})
	w.sources = &source.Store{DB: d, Jobs: w.jobs, Seal: keys, Journal: w.journal, Alerts: alerts, Registry: source.Registry{webhook.Kind: webhook.New()}}
	w.mentions = &mention.Store{DB: d, Jobs: w.jobs, Seal: keys, Ledger: log, Sources: w.sources}
	labels := &classify.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions}
	w.cases = &crisis.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Alerts: alerts, Evidence: proofs, Mentions: w.mentions, Consents: consents}
	w.decisions = &decision.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Labels: labels, Cases: w.cases, Sources: w.sources,
		Evidence: proofs, Firms: firms, Alerts: alerts, Consents: consents}
	w.actions = &action.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Alerts: alerts, Evidence: proofs, Mentions: w.mentions, Cases: w.cases,
		Sources: w.sources, Decisions: w.decisions}
	w.outcomes = &outcome.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Sources: w.sources, Cases: w.cases, Decisions: w.decisions}
	w.decisions.Tune = w.outcomes.Tune
	w.wire()
	may := map[string]string{}
	for _, o := range decision.Options {
		may[string(o)] = firm.Tell
	}
	w.firm = must[firm.Firm](t)(firms.Create(w.system(), firm.Firm{Name: "Piekarnia Rogal",
		Settings: firm.Settings{NetiquettePublished: true, Mandate: may}})).ID
	w.shop, w.forum = w.connect("Sklep"), w.connect("Forum")
	return w
}

func (w *world) wire() {
	job.Outside(w.jobs, "mention.pull", w.mentions.Pull)
	job.On(w.jobs, "decision.wake", w.decisions.Wake)
	job.On(w.jobs, "action.start", w.actions.Start)
	job.Outside(w.jobs, "action.carry", w.actions.Carry)
	job.Outside(w.jobs, "action.look", w.actions.LookAgain)
	job.On(w.jobs, "outcome.begin", w.outcomes.Begin)
	job.On(w.jobs, "outcome.look", w.outcomes.Look)
	job.On(w.jobs, "test.ingested", func(context.Context, mention.Ingested) error { return nil })
	job.On(w.jobs, "test.opened", func(context.Context, crisis.Opened) error { return nil })
}

func (w *world) connect(name string) source.Source {
	w.t.Helper()
	src, _, err := w.sources.Connect(w.ola(), w.firm, webhook.Kind, name, source.Settings{"secret": webhook.NewSecret()})
	ok(w.t, err)
	return src
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

func (w *world) ola() context.Context { return w.as("ola", access.Guardian) }

// pass lets time go by and everything due happen.
func (w *world) pass(by time.Duration) {
	w.t.Helper()
	w.clock.Forward(by)
	ok(w.t, w.jobs.Drain(w.t.Context()))
}

// says lets somebody write at a place now, and labels it.
func (w *world) says(at source.Source, author, text string, severity int, labels ...string) mention.Mention {
	w.t.Helper()
	w.n++
	ext := strconv.Itoa(w.n)
	_, err := w.mentions.Intake(w.system(), at, source.Batch{Items: []source.Item{{ExternalID: ext, Kind: source.KindComment, Text: text,
		Author: source.Account{ExternalID: author, Name: author}, At: w.clock.Now(), Post: source.Post{ExternalID: "post", Title: "Wpis"},
		Raw: []byte(text)}}, Deliveries: []source.Delivery{{Body: []byte(text)}}})
	ok(w.t, err)
	m := must[map[string]mention.Mention](w.t)(w.mentions.ByExternal(w.ola(), w.firm, at.ID, []string{ext}))[ext]
	ok(w.t, w.mentions.Summarise(w.system(), w.firm, mention.Summary{Mention: m.ID, Labels: labels, Severity: severity, Status: mention.Open}))
	return must[mention.Mention](w.t)(w.mentions.Find(w.ola(), w.firm, m.ID))
}

// decides chooses in view of fresh advice, with a reason that differs enough.
func (w *world) decides(m mention.Mention, o decision.Option) decision.Decision {
	w.t.Helper()
	a := must[decision.Advice](w.t)(w.decisions.Recommend(w.ola(), w.firm, m.ID))
	d := must[decision.Decision](w.t)(w.decisions.Decide(w.ola(), decision.Choice{Firm: w.firm, Mention: m.ID, Option: o,
		Why: "Tak ustaliliśmy z właścicielem.", Shown: a.ID}))
	w.pass(0)
	return d
}

// of is what is known of a decision's outcome.
func (w *world) of(d decision.Decision) outcome.Outcome {
	w.t.Helper()
	o, there := must[map[string]outcome.Outcome](w.t)(w.outcomes.Of(w.ola(), w.firm, d.Mention))[d.ID]
	if !there {
		w.t.Fatal("no forecast is kept")
	}
	return o
}

func (w *world) verbs(r reason.Ref) (verbs []string) {
	w.t.Helper()
	for _, l := range must[[]journal.Line](w.t)(w.journal.Of(w.system(), access.ViewMentions, w.firm, r)) {
		verbs = append(verbs, l.Verb)
	}
	return verbs
}
