package classify_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/db/dbtest"
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

// plain reads a few words: what it says is known to the tests, whatever engines learn.
type plain struct{}

func (plain) Name() string { return "plain/1" }

func (plain) Classify(_ context.Context, ts []classify.Text) ([]classify.Result, error) {
	var out []classify.Result
	for _, t := range ts {
		r := classify.Result{ID: t.ID, Lang: "pl", Engine: "plain/1"}
		add := func(l classify.Label, severity int) {
			r.Labels, r.Severity = append(r.Labels, classify.Scored{Label: l, Score: 0.9}), max(r.Severity, severity)
			r.Reasons = append(r.Reasons, reason.Reason{Rule: string(l) + ".word", Weight: 0.9})
		}
		low := strings.ToLower(t.Text)
		for _, x := range []struct {
			word     string
			label    classify.Label
			severity int
		}{{"spalę", classify.Threat, 4}, {"oszuści", classify.Insult, 2}, {"dziurawy", classify.Complaint, 2}, {"?", classify.Question, 1}, {"super", classify.Praise, 0}} {
			if strings.Contains(low, x.word) {
				add(x.label, x.severity)
			}
		}
		if len(r.Labels) == 0 {
			add(classify.Neutral, 0)
		}
		out = append(out, r)
	}
	return out, nil
}

// place is a connector that is never asked.
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

// world is two firms, one with a source, and what labels their comments.
type world struct {
	t      *testing.T
	d      *db.DB
	clock  *dbtest.Clock
	jobs   *job.Queue
	seal   *seal.Store
	ledger *ledger.Log
	src    source.Source
	n      int

	journal  *journal.Store
	mentions *mention.Store
	labels   *classify.Store
	memory   *classify.Memory
	heard    []classify.Labelled
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock}
	var err error
	w.seal, err = seal.New(t.Context(), d, t.TempDir())
	w.ok(err)
	w.ledger, err = ledger.New(d, make([]byte, 32), filepath.Join(t.TempDir(), "ledger"))
	w.ok(err)
	w.start()
	w.ok(d.Tx(w.system(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO firm (id, name, slug, created_at) VALUES ('f1', 'Manufaktura', 'MAN', $1), ('f2', 'Inna', 'INN', $1)`, tx.Now())
		return err
	}))
	w.src, _, err = w.mentions.Sources.Connect(w.system(), "f1", "place", "Sklep", source.Settings{})
	w.ok(err)
	return w
}

// start wires the rooms, as after a restart of the program on the same database.
func (w *world) start() {
	w.t.Helper()
	q, err := job.New(w.d, job.Config{})
	w.ok(err)
	w.t.Cleanup(func() { _ = q.Stop(context.Background()) })
	w.jobs, w.journal = q, journal.New(w.d, w.ledger, w.seal)
	alerts := alert.NewStore(alert.Config{DB: w.d, Jobs: q, Journal: w.journal, Firms: firm.New(w.d, w.journal), Origin: "http://chop.test",
		Duty: oncall.NewStore(oncall.Config{DB: w.d, Journal: w.journal, Seal: w.seal})})
	sources := &source.Store{DB: w.d, Jobs: q, Seal: w.seal, Journal: w.journal, Alerts: alerts, Registry: source.Registry{"place": place{}}}
	w.mentions = &mention.Store{DB: w.d, Jobs: q, Seal: w.seal, Ledger: w.ledger, Sources: sources}
	w.labels = &classify.Store{DB: w.d, Jobs: q, Journal: w.journal, Mentions: w.mentions, Engine: plain{}}
	w.memory = classify.NewMemory(w.labels)
	w.labels.Adjusters = []classify.Adjuster{w.memory}
	job.Outside(q, "pull", w.mentions.Pull)
	job.On(q, "label", func(ctx context.Context, e mention.Ingested) error { _, err := w.labels.Label(ctx, e); return err })
	job.Outside(q, "spread", w.memory.Spread)
	job.On(q, "triage", func(_ context.Context, e classify.Labelled) error { w.heard = append(w.heard, e); return nil })
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{"f1": r}})
}

func (w *world) ewa() context.Context { return w.as("Ewa", access.Guardian) }
func (w *world) jan() context.Context { return w.as("Jan", access.Owner) }

// writes lets an account write under a comment ("" under the post) and gives the mention's id.
func (w *world) writes(text, under string) string {
	w.t.Helper()
	return w.all(under, text)[0]
}

// all takes in many comments at once.
func (w *world) all(under string, texts ...string) (ids []string) {
	w.t.Helper()
	b := source.Batch{Deliveries: []source.Delivery{{URL: "https://place.test/", Status: 200, Body: fmt.Append(nil, w.n)}}}
	for _, text := range texts {
		w.n++
		b.Items = append(b.Items, source.Item{ExternalID: fmt.Sprint("c", w.n), ParentID: under, Kind: source.KindComment,
			Post: source.Post{ExternalID: "p1", Title: "Zima w lnie"}, Author: source.Account{ExternalID: fmt.Sprint("a", w.n), Name: "Gość"},
			Text: text, At: w.clock.Now()})
	}
	e, err := w.mentions.Intake(w.system(), w.src, b)
	w.ok(err)
	w.work()
	return e.New
}

func (w *world) work() {
	w.t.Helper()
	w.ok(w.jobs.Drain(w.system()))
}

// corrects lets a person correct and everything that follows happen.
func (w *world) corrects(ctx context.Context, id string, severity int, labels ...classify.Label) {
	w.t.Helper()
	w.clock.Forward(time.Second)
	w.ok(w.labels.Correct(ctx, "f1", id, labels, severity, "przeczytane"))
	w.work()
}

func (w *world) of(id string) classify.Result {
	w.t.Helper()
	r, err := w.labels.Of(w.ewa(), "f1", id)
	w.ok(err)
	return r
}

// is checks the labels of a mention, in its list and in its reading.
func (w *world) is(id string, want ...classify.Label) {
	w.t.Helper()
	m, err := w.mentions.Find(w.ewa(), "f1", id)
	w.ok(err)
	var list, read []classify.Label
	for _, l := range m.Labels {
		list = append(list, classify.Label(l))
	}
	for _, l := range w.of(id).Labels {
		read = append(read, l.Label)
	}
	if !slices.Equal(list, want) || !slices.Equal(read, want) {
		w.t.Errorf("%q is %v in the list and %v when read, want %v", m.Text, list, read, want)
	}
}

func (w *world) judgements() []classify.Judgement {
	w.t.Helper()
	js, err := w.labels.Judgements(w.ewa(), "f1")
	w.ok(err)
	return js
}

func (w *world) verbs(id string) (vs []string) {
	w.t.Helper()
	lines, err := w.journal.Of(w.ewa(), access.ViewMentions, "f1", mention.Ref(id))
	w.ok(err)
	for _, l := range lines {
		vs = append(vs, l.Verb)
	}
	return vs
}

// edits changes the nth comment at its place.
func (w *world) edits(n int, text string) {
	w.t.Helper()
	_, err := w.mentions.Intake(w.system(), w.src, source.Batch{
		Items: []source.Item{{ExternalID: fmt.Sprint("c", n), Kind: source.KindComment, Post: source.Post{ExternalID: "p1", Title: "Zima w lnie"},
			Author: source.Account{ExternalID: fmt.Sprint("a", n), Name: "Gość"}, Text: text, At: w.clock.Now()}},
		Deliveries: []source.Delivery{{URL: "https://place.test/", Status: 200, Body: []byte("edit")}}})
	w.ok(err)
	w.work()
}
