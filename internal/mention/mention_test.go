package mention

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/oncall"
	"chop/internal/seal"
	"chop/internal/source"
)

// world is a firm with one source and a queue that counts what it hears.
type world struct {
	*Store
	d      *db.DB
	ctx    context.Context
	src    source.Source
	events []Ingested
	clock  *dbtest.Clock
}

// place is a connector whose next answer the test decides.
type place struct{ next func() (source.Batch, error) }

func (p *place) Describe() source.Description {
	return source.Description{Kind: "place", Every: 3 * time.Second}
}
func (p *place) Check(context.Context, source.Settings) (source.CheckReport, error) {
	return source.CheckReport{Title: "Place"}, nil
}
func (p *place) Fetch(context.Context, source.Settings, []byte) (source.Batch, error) {
	return p.next()
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock, p source.Connector) *world {
	t.Helper()
	w := &world{d: d, clock: clock}
	k, err := seal.New(t.Context(), d, t.TempDir())
	check(t, err)
	l, err := ledger.New(d, make([]byte, 32), filepath.Join(t.TempDir(), "ledger"))
	check(t, err)
	q, err := job.New(d, job.Config{})
	check(t, err)
	t.Cleanup(func() { _ = q.Stop(context.Background()) })
	j := journal.New(d, l, k)
	alerts := alert.NewStore(alert.Config{DB: d, Jobs: q, Journal: j, Firms: firm.New(d, j), Origin: "http://chop.test",
		Duty: oncall.NewStore(oncall.Config{DB: d, Journal: j, Seal: k})})
	sources := &source.Store{DB: d, Jobs: q, Seal: k, Journal: j, Alerts: alerts, Registry: source.Registry{"place": p}}
	w.Store = &Store{DB: d, Jobs: q, Seal: k, Ledger: l, Sources: sources}
	job.Outside(q, "pull", w.Pull)
	job.On(q, "hear", func(_ context.Context, e Ingested) error { w.events = append(w.events, e); return nil })
	w.ctx = access.With(t.Context(), access.System("*"))
	check(t, addFirm(w.ctx, d, "f1", "MAN"))
	w.src, _, err = sources.Connect(w.ctx, "f1", "place", "Sklep", source.Settings{})
	check(t, err)
	w.ctx = access.With(t.Context(), access.Principal{User: "u", Name: "Ewa", Firms: map[string]access.Role{"f1": access.Guardian}})
	return w
}

func addFirm(ctx context.Context, d *db.DB, id, slug string) error {
	return d.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO firm (id, name, slug, created_at) VALUES ($1, $1, $2, $3)`, id, slug, tx.Now())
		return err
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func comment(id, text string, at time.Time) source.Item {
	return source.Item{ExternalID: id, Kind: source.KindComment, Post: source.Post{ExternalID: "p1", Title: "Zima w lnie"},
		Author: source.Account{Name: "Jan " + id, Email: id + "@example.test"}, Text: text, At: at}
}

func batch(items ...source.Item) source.Batch {
	return source.Batch{Items: items, Deliveries: []source.Delivery{{URL: "https://place.test/c", Status: 200, Body: fmt.Append(nil, len(items))}}}
}

func (w *world) all(t testing.TB) []Mention {
	t.Helper()
	list, err := w.List(w.ctx, Filter{Limit: 500})
	check(t, err)
	return list
}

func TestRepeatsAndDisorderChangeNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		sys := access.With(w.ctx, access.System("*"))
		a, b := comment("1", "Czy macie obrusy?", clock.Now()), comment("2", "Piękne", clock.Now())
		for _, bt := range []source.Batch{batch(b), batch(a, b, a), batch(b, a), batch(a)} {
			_, err := w.Intake(sys, w.src, bt)
			check(t, err)
		}
		list := w.all(t)
		if len(list) != 2 || list[0].Revision != 1 || list[1].Revision != 1 {
			t.Fatalf("%+v", list)
		}
		check(t, w.Jobs.Drain(sys))
		news := 0
		for _, e := range w.events {
			news += len(e.New)
			if len(e.Edited)+len(e.Moved) > 0 {
				t.Errorf("an unchanged item was told as changed: %+v", e)
			}
		}
		if news != 2 {
			t.Fatalf("%d new were told", news)
		}
	})
}

func TestEditsMakeRevisionsAndDisappearanceIsRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		sys := access.With(w.ctx, access.System("*"))
		at := clock.Now()
		_, err := w.Intake(sys, w.src, batch(comment("1", "Koleżanka kupiła", at), comment("2", "zostaje", at)))
		check(t, err)
		clock.Forward(time.Minute)
		_, err = w.Intake(sys, w.src, batch(comment("1", "Kupiłam", at)))
		check(t, err)
		clock.Forward(time.Minute)
		sweep := source.Batch{Sweep: &source.Sweep{From: at.Add(-time.Hour), To: clock.Now(), Present: map[string]source.State{"2": source.Published}}}
		_, err = w.Intake(sys, w.src, sweep)
		check(t, err)
		_, err = w.Intake(sys, w.src, sweep) // noticed once
		check(t, err)
		byExt, err := w.ByExternal(w.ctx, "f1", w.src.ID, []string{"1", "2"})
		check(t, err)
		m := byExt["1"]
		if m.Text != "Kupiłam" || m.State != source.Gone || !m.GoneAt.Equal(clock.Now()) || m.Revision != 3 || byExt["2"].State != source.Published {
			t.Fatalf("%+v", byExt)
		}
		revs, err := w.Revisions(w.ctx, "f1", m.ID)
		check(t, err)
		if len(revs) != 3 || revs[0].Text != "Koleżanka kupiła" || revs[1].Text != "Kupiłam" || revs[2].State != source.Gone {
			t.Fatalf("%+v", revs)
		}
		_, err = w.Intake(sys, w.src, batch(comment("1", "Kupiłam", at))) // it came back
		check(t, err)
		if m, _ = w.Find(w.ctx, "f1", m.ID); m.State != source.Published || !m.GoneAt.IsZero() {
			t.Fatalf("%+v", m)
		}
	})
}

func TestRawBytesAreKeptSealedAndOpenAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		b := batch(comment("1", "x", clock.Now()))
		b.Deliveries[0].Body = []byte(`[{"id":1,"tajne":"słowa"}]`)
		_, err := w.Intake(access.With(w.ctx, access.System("*")), w.src, b)
		check(t, err)
		got, err := w.RawDelivery(w.ctx, "f1", w.all(t)[0].Delivery)
		check(t, err)
		if string(got.Body) != string(b.Deliveries[0].Body) || got.Status != 200 {
			t.Fatalf("%+v", got)
		}
		var stored []byte
		check(t, d.Read(w.ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.One(ctx, `SELECT body FROM delivery`, nil, &stored)
			return err
		}))
		if strings.Contains(string(stored), "tajne") {
			t.Fatal("the raw bytes lie open in the database")
		}
	})
}

func TestSearchUnderstandsPolish(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		sys := access.With(w.ctx, access.System("*"))
		check(t, addFirm(sys, d, "f2", "OBC"))
		other := w.src
		other.Firm = "f2"
		_, err := w.Intake(sys, w.src, batch(
			comment("1", "Złodzieje z Łodzi, nie oddali pieniędzy", clock.Now()),
			comment("2", "Polecam tę firmę każdemu klientowi", clock.Now()),
			comment("3", "Pies zjadł obrus", clock.Now())))
		check(t, err)
		_, err = w.Intake(sys, other, batch(comment("9", "Złodzieje u obcych", clock.Now())))
		check(t, err)
		for query, want := range map[string]string{
			"złodziej": "1", "zlodziejom": "1", "lodz": "1", "Łódź": "1", "firma": "2", "klienci": "2", "psy": "3", "obrusami": "3",
			"pies obrus": "3", "pies klient": "", "zlodz": "1", `" OR 1 *`: "", "'; DROP TABLE mention": "", "zima": "1 2 3",
		} {
			list, err := w.List(w.ctx, Filter{Query: query})
			if err != nil {
				t.Fatalf("%q: %v", query, err)
			}
			var got []string
			for _, m := range list {
				got = append(got, m.ExternalID)
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want {
				t.Errorf("%q finds %v, want %q", query, got, want)
			}
		}
	})
}

func TestAnEditIsFoundByItsNewWordsOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		sys := access.With(w.ctx, access.System("*"))
		for _, text := range []string{"zielony", "czerwony"} {
			_, err := w.Intake(sys, w.src, batch(comment("1", text, clock.Now())))
			check(t, err)
		}
		for query, want := range map[string]int{"zielony": 0, "czerwony": 1} {
			if list, err := w.List(w.ctx, Filter{Query: query}); err != nil || len(list) != want {
				t.Errorf("%q: %d hits, %v", query, len(list), err)
			}
		}
	})
}

func TestHostileTextIsStoredAndFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		items := []source.Item{
			comment("nul", "a\x00b", clock.Now()), comment("bad", "\xff\xfe zły", clock.Now()), comment("empty", "", clock.Now()),
			comment("bidi", "abc\u202edef", clock.Now()), comment(strings.Repeat("x", 3000), "długi identyfikator", clock.Now()),
			comment("sql", "'); DROP TABLE mention; --", clock.Now()), comment("huge", strings.Repeat("ą", 2<<20), clock.Now()),
			comment("future", "z przyszłości", clock.Now().AddDate(10, 0, 0)), comment("nodate", "bez daty", time.Time{}),
		}
		items = append(items, source.Item{Text: "no id at all"})
		_, err := w.Intake(access.With(w.ctx, access.System("*")), w.src, batch(items...))
		check(t, err)
		list := w.all(t)
		if len(list) != 9 {
			t.Fatalf("%d of 9 kept", len(list))
		}
		for _, m := range list {
			if strings.ContainsRune(m.Text, 0) || len(m.Text) > maxText || m.At.After(clock.Now()) || m.At.IsZero() {
				t.Errorf("%.20s: %d bytes, %v", m.ExternalID, len(m.Text), m.At)
			}
		}
	})
}

func TestAFailedLookIsTriedAgainAndLosesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		fails := 3
		p := &place{}
		p.next = func() (source.Batch, error) {
			if fails > 0 {
				fails--
				return source.Batch{}, fault.New(fault.Unavailable, "fetch.timeout", "Host", "place.test")
			}
			return batch(comment("1", "jestem", dbtest.Start)), nil
		}
		w := newWorld(t, d, clock, p)
		sys := access.With(w.ctx, access.System("*"))
		check(t, w.Jobs.Drain(sys))
		src, err := w.Sources.Find(w.ctx, "f1", w.src.ID)
		check(t, err)
		if src.Fails != 1 || src.Error != "fetch.timeout" {
			t.Fatalf("%+v", src)
		}
		for range 10 {
			clock.Forward(time.Minute)
			check(t, w.Jobs.Drain(sys))
		}
		src, err = w.Sources.Find(w.ctx, "f1", w.src.ID)
		check(t, err)
		if src.Fails != 0 || src.Items != 1 || src.Condition(clock.Now()) != source.Well || len(w.all(t)) != 1 {
			t.Fatalf("%+v, %d mentions", src, len(w.all(t)))
		}
	})
}

// Whatever the order, the repeats and the batches, the same items leave the same mentions (law 1).
func TestAnyDeliveryOrderLeavesTheSameMentions(t *testing.T) {
	d := dbtest.OpenSQLite(t, dbtest.NewClock().Now)
	w := newWorld(t, d, dbtest.NewClock(), &place{})
	sys := access.With(w.ctx, access.System("*"))
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		n := rapid.IntRange(1, 6).Draw(r, "items")
		deliveries := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 8), 1, 6).Draw(r, "deliveries")
		seen := map[string]bool{}
		for _, ids := range deliveries {
			var items []source.Item
			for _, i := range ids {
				id := fmt.Sprintf("%d-%d", round, i)
				seen[id] = true
				items = append(items, comment(id, "tekst "+id, dbtest.Start))
			}
			if _, err := w.Intake(sys, w.src, batch(items...)); err != nil {
				r.Fatal(err)
			}
		}
		var exts []string
		for id := range seen {
			exts = append(exts, id)
		}
		got, err := w.ByExternal(w.ctx, "f1", w.src.ID, exts)
		if err != nil || len(got) != len(seen) {
			r.Fatalf("%d mentions of %d items, %v", len(got), len(seen), err)
		}
		for _, m := range got {
			if m.Revision != 1 {
				r.Fatalf("%s has %d revisions", m.ExternalID, m.Revision)
			}
		}
	})
}

func TestAnotherFirmSeesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		_, err := w.Intake(access.With(w.ctx, access.System("*")), w.src, batch(comment("1", "tajne", clock.Now())))
		check(t, err)
		m := w.all(t)[0]
		for name, p := range map[string]access.Principal{
			"stranger": {User: "x", Firms: map[string]access.Role{"f2": access.Owner}},
			"lawyer":   {User: "l", Firms: map[string]access.Role{"f1": access.Lawyer}},
			"nobody":   {}, "administrator": {User: "a", Admin: true},
		} {
			ctx := access.With(t.Context(), p)
			if _, err := w.Find(ctx, "f1", m.ID); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s finds it: %v", name, err)
			}
			if list, err := w.List(ctx, Filter{Query: "tajne"}); err != nil || len(list) != 0 {
				t.Errorf("%s lists %d, %v", name, len(list), err)
			}
			if _, err := w.Locate(ctx, m.ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s locates it: %v", name, err)
			}
		}
	})
}

// When the guarding of a firm ends, its channels rest: no look, no delivery at the door, no alarm about silence.
func TestAnArchivedFirmIsNoLongerWatched(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		looks := 0
		p := &place{next: func() (source.Batch, error) { looks++; return source.Batch{}, nil }}
		w := newWorld(t, d, clock, p)
		sys := access.With(w.ctx, access.System("*"))
		check(t, w.Jobs.Drain(sys))
		if looks != 1 {
			t.Fatalf("%d looks at a guarded firm", looks)
		}
		check(t, d.Tx(sys, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE firm SET archived_at = $1`, tx.Now())
			return err
		}))
		clock.Forward(100 * time.Hour)
		check(t, w.Jobs.Drain(sys))
		check(t, w.Sources.Watch(sys))
		if _, err := w.Sources.ByID(sys, w.src.ID); !fault.Is(err, fault.NotFound) || looks != 1 {
			t.Fatalf("%d looks, %v", looks, err)
		}
	})
}
