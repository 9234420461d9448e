package group

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/blob"
	"chop/internal/coordination/detect"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/seal"
	"chop/internal/simulate"
)

// world is two firms whose places are filled from simulated pages, and everything between an action and a group.
type world struct {
	t       testing.TB
	d       *db.DB
	clock   *dbtest.Clock
	jobs    *job.Queue
	journal *journal.Store
	vault   *evidence.Store
	groups  *Store
	found   []Found
	changed []Changed
}

const (
	f1  = "f1"
	f2  = "f2"
	src = "s1"
)

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, build(t, d, clock)) })
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t testing.TB, err error, k fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != k || f.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func build(t testing.TB, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock}
	dir := t.TempDir()
	keys, err := seal.New(t.Context(), d, dir)
	ok(t, err)
	log, err := ledger.New(d, make([]byte, 32), filepath.Join(dir, "ledger"))
	ok(t, err)
	w.jobs, err = job.New(d, job.Config{})
	ok(t, err)
	disk, err := blob.New(filepath.Join(dir, "blobs"))
	ok(t, err)
	w.journal = journal.New(d, log, keys)
	w.vault = evidence.New(evidence.Config{DB: d, Seal: keys, Blob: disk, Ledger: log, Journal: w.journal, Version: "test"})
	set := detect.Default()
	set.Permutations = 1000
	w.groups = &Store{DB: d, Jobs: w.jobs, Seal: keys, Journal: w.journal, Evidence: w.vault, settings: set}
	job.Outside(w.jobs, "group.run", w.groups.Run)
	job.Outside(w.jobs, "group.whole", w.groups.RunWhole)
	job.On(w.jobs, "group.seal", w.groups.Sealed)
	job.On(w.jobs, "test.found", func(_ context.Context, e Found) error { w.found = append(w.found, e); return nil })
	job.On(w.jobs, "test.changed", func(_ context.Context, e Changed) error { w.changed = append(w.changed, e); return nil })
	for _, f := range []string{f1, f2} {
		w.exec(`INSERT INTO firm (id, name, slug, created_at) VALUES ($1, $1, $1, 1)`, f)
	}
	return w
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	ok(w.t, w.d.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.Exec(ctx, q, args...); return err }))
}

func (w *world) count(q string, args ...any) (n int) {
	w.t.Helper()
	ok(w.t, w.d.Read(w.t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.One(ctx, q, args, &n); return err }))
	return n
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{f1: r}})
}

func (w *world) ewa() context.Context { return w.as("ewa", access.Guardian) }

// small is a page that is played in a moment and still long enough to find its group.
func small(seed uint64) simulate.Settings {
	return simulate.Settings{Seed: seed, Days: 120, Posts: 160, Accounts: 900, Popularity: 10, Fans: 6, Critics: 4}
}

func attacked(seed uint64) simulate.Settings {
	s := small(seed)
	s.Pile = 12
	return s
}

// shifted moves a page so that it ends a day before the clock.
func (w *world) shifted(s simulate.Settings) simulate.Page {
	p := simulate.Make(s)
	by := w.clock.Now().Add(-24*time.Hour).Unix() - p.Actions[len(p.Actions)-1].At
	for i := range p.Actions {
		p.Actions[i].At += by
	}
	for i := range p.Posts {
		p.Posts[i].Published += by
	}
	return p
}

// put writes a page into the tables as intake would, in the order of the actions; a third of them are reactions.
func (w *world) put(firm string, p simulate.Page, actions []simulate.Action) {
	w.t.Helper()
	ok(w.t, w.d.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var posts, mentions, reactions [][]any
		for _, x := range p.Posts {
			posts = append(posts, []any{firm, x.ID, src, x.ID, x.ID, "", "", time.Unix(x.Published, 0)})
		}
		for i, a := range actions {
			at := time.Unix(a.At, 0)
			if len(a.Content)%3 == 0 || strings.HasSuffix(a.Content, "7") {
				reactions = append(reactions, []any{firm, src, a.Content, a.Post, "", "place:" + a.Account, a.Account, "haha", at, tx.Now()})
				continue
			}
			mentions = append(mentions, []any{firm, firm + a.Content, tx.Now().UnixMicro()*1000 + int64(i), src, a.Content, "comment", a.Post, "", "place:" + a.Account, a.Account, "tekst",
				"", "pl", at, tx.Now(), tx.Now(), "published", 0, false, 1, "", []byte{}})
		}
		for _, x := range []struct {
			head string
			rows [][]any
		}{{`INSERT INTO post (firm_id, id, source_id, ext_id, title, text, url, at)`, posts},
			{`INSERT INTO mention (firm_id, id, doc, source_id, ext_id, kind, post_id, parent_ext, author_key, author_name, text, url, lang, at, seen_at,
				changed_at, state, rating, own, revision, delivery_id, meta)`, mentions},
			{`INSERT INTO reaction (firm_id, source_id, ext_id, post_id, parent_ext, author_key, author_name, kind, at, seen_at)`, reactions}} {
			if len(x.rows) == 0 {
				continue
			}
			if _, err := tx.Insert(ctx, x.head, x.rows, "ON CONFLICT DO NOTHING"); err != nil {
				return err
			}
		}
		return nil
	}))
	w.clock.Forward(time.Minute) // the numbers of documents follow the clock
	w.hear(firm)
}

// hear tells the room that something came in.
func (w *world) hear(firm string) {
	w.t.Helper()
	ok(w.t, w.groups.Note(w.system(), mention.Ingested{Firm: firm, Source: src, New: []string{"x"}}))
}

// pass lets time go by and everything due happen.
func (w *world) pass(by time.Duration) {
	w.t.Helper()
	w.clock.Forward(by)
	ok(w.t, w.jobs.Drain(w.t.Context()))
}

// plays puts a whole page in and lets the runs follow.
func (w *world) plays(firm string, s simulate.Settings) simulate.Page {
	w.t.Helper()
	p := w.shifted(s)
	w.put(firm, p, p.Actions)
	w.pass(0)
	return p
}

func (w *world) list(all bool) []Group {
	w.t.Helper()
	gs, err := w.groups.List(w.ewa(), f1, all)
	ok(w.t, err)
	return gs
}

// only is the one group of the first firm.
func (w *world) only() Group {
	w.t.Helper()
	gs := w.list(false)
	if len(gs) != 1 {
		w.t.Fatalf("%d groups, want one", len(gs))
	}
	return gs[0]
}

// attackers are the keys of a page's attackers.
func attackers(p simulate.Page) (keys []string) {
	for _, a := range p.Accounts {
		if a.Role == "attack" {
			keys = append(keys, "place:"+a.Name)
		}
	}
	slices.Sort(keys)
	return keys
}

// before and after part a page at the publication of its nth post.
func before(p simulate.Page, n int) (early, late []simulate.Action) {
	at := map[string]int{}
	for i, x := range p.Posts {
		at[x.ID] = i
	}
	for _, a := range p.Actions {
		if at[a.Post] < n {
			early = append(early, a)
		} else {
			late = append(late, a)
		}
	}
	return early, late
}

const why = "Sprawdziłam posty i czasy, to się zgadza."

func (w *world) verbs(id string) (verbs []string) { return w.verbsIn(w.system(), id) }

func (w *world) verbsIn(ctx context.Context, id string) (verbs []string) {
	w.t.Helper()
	lines, err := w.journal.Of(ctx, access.ViewGroups, f1, Ref(id))
	ok(w.t, err)
	for _, l := range lines {
		verbs = append(verbs, l.Verb)
	}
	return verbs
}

func names(ms []FoundMember) (list []string) {
	for _, m := range ms {
		list = append(list, m.Account)
	}
	slices.Sort(list)
	return list
}

func byNumber(a, b Group) int { return cmp.Compare(a.Number, b.Number) }

func describe(g Group) string {
	return fmt.Sprintf("%s %s %s v%d r%d in %d", g.Name(), g.Level.Code(), g.State, g.Version, g.Revision, len(g.Accounts(false)))
}

// signs lays other kinds of evidence beside the newest finding, as a full run would have.
func (w *world) signs(signs ...Sign) {
	w.t.Helper()
	g := w.only()
	g.Finding.Signs = signs
	raw, err := json.Marshal(g.Finding)
	ok(w.t, err)
	w.exec(`UPDATE group_version SET finding = $4 WHERE firm_id = $1 AND group_id = $2 AND n = $3`, g.Firm, g.ID, g.Version, string(raw))
}
