package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chop/internal/access"
	"chop/internal/blob"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/seal"
)

type world struct {
	*evidence.Store
	d     *db.DB
	clock *dbtest.Clock
	keys  *seal.Store
	log   *ledger.Log
	disk  *blob.Disk
	blobs string
}

func each(t *testing.T, f func(t *testing.T, w world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, build(t, d, clock)) })
}

func build(t *testing.T, d *db.DB, clock *dbtest.Clock) world {
	t.Helper()
	dir := t.TempDir()
	k, err := seal.New(t.Context(), d, dir)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := k.Derive("ledger")
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(d, seed, dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := blob.New(filepath.Join(dir, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	s := evidence.New(evidence.Config{DB: d, Seal: k, Blob: b, Ledger: l, Journal: journal.New(d, l, k), Version: "1.2.3"})
	return world{s, d, clock, k, l, b, filepath.Join(dir, "blobs")}
}

func system(t testing.TB) context.Context { return access.With(t.Context(), access.System("*")) }

func as(t testing.TB, name string, r access.Role) context.Context {
	return access.With(t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{"a": r}})
}

var ref = reason.Ref{Kind: "mention", ID: "m1"}

func capture(files ...string) evidence.Capture {
	c := evidence.Capture{Firm: "a", Ref: ref, Title: "Komentarz „oszuści”", Level: evidence.L1, Cause: "before:hide",
		Meta:   map[string]string{"url": "https://example.com/post/1?a=1&b=2", "how": "api"},
		Limits: []string{"Wątek nie wczytany do końca"}}
	for i, f := range files {
		c.Files = append(c.Files, evidence.File{Name: fmt.Sprintf("plik-%d ż.html", i), Media: "text/html", Body: []byte(f)})
	}
	return c
}

func (w world) preserve(t testing.TB, ctx context.Context, c evidence.Capture) evidence.Exhibit {
	t.Helper()
	e, err := w.Preserve(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (w world) sign(t testing.TB) {
	t.Helper()
	if _, err := w.log.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPreservedIsReadBack(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		anna := as(t, "Anna", access.Guardian)
		c := capture("<p>To oszuści</p>", "", strings.Repeat("x", 1<<20))
		e := w.preserve(t, anna, c)
		if e.Code() != "D-001" || e.By != "u-Anna" || e.Name != "Anna" || !e.At.Equal(dbtest.Start) || len(e.Files) != 3 || e.Prev != "" {
			t.Errorf("%+v", e)
		}
		got, err := w.Get(anna, "a", e.ID)
		if err != nil || cmp.Diff(e, got) != "" {
			t.Error(err, cmp.Diff(e, got))
		}
		if got.Title != c.Title || cmp.Diff(c.Meta, got.Meta)+cmp.Diff(c.Limits, got.Limits) != "" || got.Level != evidence.L1 {
			t.Errorf("%+v", got)
		}
		for _, f := range c.Files {
			body, info, err := w.File(anna, "a", e.ID, f.Name)
			if err != nil || !bytes.Equal(body, f.Body) || info.Size != int64(len(f.Body)) || info.Media != f.Media {
				t.Error(f.Name, info, err)
			}
		}
		if _, _, err := w.File(anna, "a", e.ID, "../master.key"); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		lines, err := w.Custody(anna, "a", e.ID)
		if err != nil || len(lines) != 4 || lines[0].Verb != "exhibit.preserved" || lines[3].Verb != "exhibit.viewed" {
			t.Error(lines, err)
		}
		w.nothingShows(t, "oszu")
	})
}

// nothingShows looks for a word in the files of the vault.
func (w world) nothingShows(t *testing.T, word string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(w.blobs, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		n++
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(word)) {
			t.Errorf("%s can be read in %s", word, path)
		}
		return err
	})
	if err != nil || n == 0 {
		t.Error(n, err)
	}
}

func TestSameCaptureIsKeptOnceAndOthersAreLinked(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ctx := system(t)
		first := w.preserve(t, ctx, capture("x"))
		w.clock.Forward(time.Hour)
		if again := w.preserve(t, as(t, "Anna", access.Guardian), capture("x")); cmp.Diff(first, again) != "" {
			t.Error(cmp.Diff(first, again))
		}
		result := capture("x")
		result.Cause = "after:hide"
		second := w.preserve(t, ctx, result)
		if second.Number != 2 || second.Prev != first.ID {
			t.Errorf("%+v", second)
		}
		other := capture("x")
		other.Ref.ID = "m2"
		if third := w.preserve(t, ctx, other); third.Number != 3 || third.Prev != "" {
			t.Errorf("%+v", third)
		}
		other.Firm = "b"
		if e := w.preserve(t, ctx, other); e.Number != 1 {
			t.Errorf("another firm counts on its own: %+v", e)
		}
		es, err := w.Of(ctx, "a", ref)
		if err != nil || len(es) != 2 || es[0].ID != first.ID {
			t.Error(es, err)
		}
		if e, err := w.Latest(ctx, "a", ref); err != nil || e.ID != second.ID {
			t.Error(e, err)
		}
		if _, err := w.Latest(ctx, "b", ref); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		for firm, want := range map[string]bool{"a": true, "b": false} {
			if got, err := w.Has(ctx, firm, ref); err != nil || got != want {
				t.Error(firm, got, err)
			}
		}
	})
}

func TestManyPreserveTheSameAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				c := capture("x")
				c.Ref.ID = fmt.Sprint(i % 3)
				if _, err := w.Preserve(system(t), c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.sign(t)
		rep, err := w.VerifyAll(system(t), "a")
		if err != nil || !rep.Holds() || rep.Exhibits != 3 || rep.Waiting != 0 {
			t.Errorf("%+v %v", rep, err)
		}
	})
}

func TestNothingStaysOfARolledBackPreserve(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		boom := errors.New("boom")
		err := w.d.Tx(system(t), func(ctx context.Context, _ *db.Tx) error {
			w.preserve(t, ctx, capture("x"))
			if ok, err := w.Has(ctx, "a", ref); err != nil || !ok {
				t.Error("not seen inside its own transaction", err)
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if ok, err := w.Has(system(t), "a", ref); err != nil || ok {
			t.Error(ok, err)
		}
		if e := w.preserve(t, system(t), capture("x")); e.Number != 1 {
			t.Errorf("%+v", e)
		}
		w.sign(t)
		if rep, err := w.VerifyAll(system(t), "a"); err != nil || !rep.Holds() {
			t.Errorf("%+v %v", rep, err)
		}
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		e := w.preserve(t, system(t), capture("x"))
		verbs := map[string]func(ctx context.Context) error{
			"preserve": func(ctx context.Context) error { _, err := w.Preserve(ctx, capture("x")); return err },
			"get":      func(ctx context.Context) error { _, err := w.Get(ctx, "a", e.ID); return err },
			"of":       func(ctx context.Context) error { _, err := w.Of(ctx, "a", ref); return err },
			"latest":   func(ctx context.Context) error { _, err := w.Latest(ctx, "a", ref); return err },
			"has":      func(ctx context.Context) error { _, err := w.Has(ctx, "a", ref); return err },
			"list":     func(ctx context.Context) error { _, _, err := w.List(ctx, evidence.Filter{Firm: "a"}); return err },
			"file":     func(ctx context.Context) error { _, _, err := w.File(ctx, "a", e.ID, e.Files[0].Name); return err },
			"custody":  func(ctx context.Context) error { _, err := w.Custody(ctx, "a", e.ID); return err },
			"verify":   func(ctx context.Context) error { _, err := w.Verify(ctx, "a", e.ID); return err },
			"all":      func(ctx context.Context) error { _, err := w.VerifyAll(ctx, "a"); return err },
			"export":   func(ctx context.Context) error { return w.Export(ctx, "a", e.ID, &bytes.Buffer{}) },
			"forget":   func(ctx context.Context) error { _, err := w.Forgettable(ctx, "a"); return err },
			"hold":     func(ctx context.Context) error { return w.Hold(ctx, "a", e.ID, "sprawa") },
			"release":  func(ctx context.Context) error { return w.Release(ctx, "a", e.ID, "koniec") },
			"remove":   func(ctx context.Context) error { return w.Remove(ctx, "a", e.ID, "") }, // refused for its reason, if allowed
		}
		stranger := access.With(t.Context(), access.Principal{User: "x", Firms: map[string]access.Role{"b": access.Guardian}})
		admin := access.With(t.Context(), access.Principal{User: "x", Admin: true})
		for verb, f := range verbs {
			for who, c := range map[string]struct {
				ctx  context.Context
				want fault.Kind
			}{
				"stranger": {stranger, fault.NotFound}, "nobody": {t.Context(), fault.NotFound}, "admin": {admin, fault.Forbidden},
				"staff": {as(t, "s", access.Staff), fault.Forbidden}, "lawyer": {as(t, "l", access.Lawyer), fault.Internal},
				"owner": {as(t, "o", access.Owner), fault.Internal}, "system": {system(t), fault.Internal},
			} {
				switch {
				case verb == "has" && (who == "staff" || who == "admin"):
					c.want = fault.Internal
				case verb == "remove" && who == "lawyer":
					c.want = fault.Forbidden
				case verb == "remove" && c.want == fault.Internal:
					c.want = fault.Invalid
				}
				if err := f(c.ctx); fault.KindOf(err) != c.want || (err == nil) != (c.want == fault.Internal) {
					t.Errorf("%s by %s: %v", verb, who, err)
				}
			}
		}
	})
}

func TestListIsScopedFilteredAndPaged(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ctx := system(t)
		for i := range 7 {
			c := capture(fmt.Sprint(i))
			c.Firm = string("ab"[i%2])
			w.preserve(t, ctx, c)
		}
		anna := as(t, "Anna", access.Guardian) // firm a only
		var codes []string
		for f := (evidence.Filter{Limit: 3}); ; {
			es, next, err := w.List(anna, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range es {
				codes = append(codes, e.Firm+e.Code())
			}
			if f.Before = next; next == "" {
				break
			}
		}
		if got := strings.Join(codes, " "); got != "aD-004 aD-003 aD-002 aD-001" {
			t.Error(got)
		}
		if es, _, err := w.List(ctx, evidence.Filter{}); err != nil || len(es) != 7 {
			t.Error(len(es), err)
		}
		es, _, err := w.List(ctx, evidence.Filter{Firm: "b", Ref: ref})
		if err != nil || len(es) != 3 {
			t.Error(len(es), err)
		}
		if err := w.Hold(ctx, "b", es[1].ID, "sprawa"); err != nil {
			t.Fatal(err)
		}
		if held, _, err := w.List(ctx, evidence.Filter{Firm: "b", Held: true}); err != nil || len(held) != 1 || held[0].ID != es[1].ID {
			t.Error(held, err)
		}
		if es, _, err := w.List(access.With(t.Context(), access.Principal{User: "x"}), evidence.Filter{}); err != nil || es != nil {
			t.Error(es, err)
		}
	})
}

func TestWhatCannotBeKeptIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		named := func(names ...string) (c evidence.Capture) {
			c = capture()
			for _, n := range names {
				c.Files = append(c.Files, evidence.File{Name: n})
			}
			return c
		}
		huge := capture()
		for i := range 3 {
			huge.Files = append(huge.Files, evidence.File{Name: fmt.Sprint(i), Body: make([]byte, evidence.MaxBytes/3+1)})
		}
		untitled := capture("x")
		untitled.Title = " \n"
		for code, cs := range map[string][]evidence.Capture{
			"evidence.title": {untitled}, "evidence.files": {capture()}, "evidence.too_large": {huge},
			"evidence.file_name": {named(""), named("."), named(".."), named("../x"), named("a/b"), named(`a\b`), named("a\nb"), named("-rf"), named(".x"),
				named("x."), named(" x"), named("a\u202eb"), named("a\u200bb"), named("a\x00b"), named("a\xffb"), named("a", "A"), named(strings.Repeat("x", 151)), named("C:x")},
		} {
			for _, c := range cs {
				_, err := w.Preserve(system(t), c)
				var f *fault.Error
				if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Code != code {
					t.Errorf("%s %d files, %q: %v", code, len(c.Files), c.Title, err)
				}
			}
		}
		nowhere := capture("x")
		nowhere.Ref = reason.Ref{}
		if _, err := w.Preserve(system(t), nowhere); err == nil {
			t.Error("a capture of nothing was kept")
		}
		strange := capture("x")
		strange.Title = strings.Repeat("\u202e<b>\x00\xff", 1000)
		if e := w.preserve(t, system(t), strange); len([]rune(e.Title)) != 300 {
			t.Error(len([]rune(e.Title)))
		}
	})
}

func TestHoldStopsRemovalAndRemovalLeavesATrace(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		owner := as(t, "Ola", access.Owner)
		e := w.preserve(t, owner, capture("x", "y"))
		for range 2 {
			if err := w.Hold(owner, "a", e.ID, "pozew"); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Remove(owner, "a", e.ID, "po terminie"); !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		if ok, err := w.Forgettable(owner, "a"); err != nil || ok {
			t.Error(ok, err)
		}
		if err := w.Release(owner, "a", e.ID, " "); !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if err := w.Release(owner, "a", e.ID, "ugoda"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.Remove(owner, "a", e.ID, "po terminie"); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Hold(owner, "a", e.ID, "za późno"); !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		got, err := w.Get(owner, "a", e.ID)
		if err != nil || got.Removed.IsZero() || got.Title != "" || got.Files != nil || got.Checked != evidence.Gone || got.Code() != "D-001" {
			t.Errorf("%+v %v", got, err)
		}
		if has, err := w.Has(owner, "a", ref); err != nil || has {
			t.Error(has, err)
		}
		w.sign(t)
		rc, err := w.Verify(owner, "a", e.ID)
		if err != nil || rc.State != evidence.Gone {
			t.Errorf("%+v %v", rc, err)
		}
		if again := w.preserve(t, owner, capture("x", "y")); again.Number != 2 {
			t.Errorf("%+v", again)
		}
		var verbs []string
		lines, err := w.Custody(owner, "a", e.ID)
		for _, l := range lines {
			verbs = append(verbs, strings.TrimPrefix(l.Verb, "exhibit."))
		}
		if got := strings.Join(verbs, " "); err != nil || got != "preserved held released removed" {
			t.Error(got, err)
		}
	})
}

// Erasing one exhibit destroys its own key: with every row and file put back from a copy, but for the key, nothing of it
// opens. The others, their packages and the log are as whole as before, and what is left names nobody.
func TestAnErasedExhibitIsGoneAndTheOthersStand(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		owner := as(t, "Ola", access.Owner)
		secret := capture("Pożałujesz, Zofio")
		secret.Title = "Groźba Zenobiusza"
		gone := w.preserve(t, owner, secret)
		other := capture("z")
		other.Ref.ID = "m2"
		stays := w.preserve(t, owner, other)
		w.sign(t)
		var address string
		w.one(t, `SELECT blob FROM exhibit_file WHERE firm_id = 'a' AND exhibit_id = $1`, gone.ID, &address)
		raw, err := w.disk.Read(address)
		if err != nil {
			t.Fatal(err)
		}
		var sealed []byte
		w.one(t, `SELECT sealed FROM exhibit WHERE firm_id = 'a' AND id = $1`, gone.ID, &sealed)
		if err := w.Remove(owner, "a", gone.ID, "po terminie"); err != nil {
			t.Fatal(err)
		}
		var key []byte
		w.one(t, `SELECT own_key FROM exhibit WHERE firm_id = 'a' AND id = $1`, gone.ID, &key)
		if len(key) != seal.OwnWrapped || strings.Trim(string(key), "\x00") != "" {
			t.Errorf("the key is not overwritten: %x", key)
		}
		w.sign(t)
		if rep, err := w.VerifyAll(owner, "a"); err != nil || !rep.Holds() || rep.Exhibits != 2 {
			t.Errorf("%+v %v", rep, err)
		}
		var zip bytes.Buffer
		if err := w.Export(owner, "a", stays.ID, &zip); err != nil {
			t.Fatal(err)
		}
		if out, err := run(unpack(t, zip.Bytes()), "bash", "check.sh"); err != nil || !strings.Contains(out, "ALL HOLDS") {
			t.Error(out, err)
		}
		w.nothingShows(t, "Zenobiusz")
		if _, _, err := w.disk.Put(t.Context(), bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
		w.put(t, `UPDATE exhibit SET sealed = $1, removed_at = 0 WHERE firm_id = 'a' AND id = $2`, sealed, gone.ID)
		w.put(t, `INSERT INTO exhibit_file (firm_id, exhibit_id, n, blob) VALUES ('a', $2, 0, $1)`, address, gone.ID)
		back, err := w.Get(owner, "a", gone.ID)
		if err != nil || !back.Unread || back.Title != "" {
			t.Errorf("it opens again: %+v %v", back, err)
		}
		if body, _, err := w.File(owner, "a", gone.ID, gone.Files[0].Name); err == nil {
			t.Errorf("its file opens again: %q", body)
		}
	})
}

func (w world) one(t testing.TB, q, id string, dest any) {
	t.Helper()
	if err := w.d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, q, []any{id}, dest)
		if err == nil && !found {
			err = errors.New("no row")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func (w world) put(t testing.TB, q string, args ...any) {
	t.Helper()
	if err := w.d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, q, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// A legal hold asks every year whether it is still needed.
func TestAHoldIsReviewed(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		owner := as(t, "Ola", access.Owner)
		e := w.preserve(t, owner, capture("x"))
		due := func(want bool) {
			t.Helper()
			got, err := w.Get(owner, "a", e.ID)
			if err != nil || got.ReviewDue(w.clock.Now()) != want {
				t.Fatalf("due: want %v, %+v %v", want, got, err)
			}
		}
		due(false)
		if err := w.Hold(owner, "a", e.ID, "pozew"); err != nil {
			t.Fatal(err)
		}
		w.clock.Forward(364 * 24 * time.Hour)
		due(false)
		w.clock.Forward(24 * time.Hour)
		due(true)
		if err := w.Review(owner, "a", e.ID, ""); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if err := w.Review(owner, "a", e.ID, "sprawa w drugiej instancji"); err != nil {
			t.Fatal(err)
		}
		due(false)
		w.clock.Forward(366 * 24 * time.Hour)
		due(true)
		w.sign(t)
		if rc, err := w.Verify(owner, "a", e.ID); err != nil || rc.State != evidence.Holds {
			t.Errorf("%+v %v", rc, err)
		}
	})
}

func TestForgottenFirm(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		ctx := system(t)
		e := w.preserve(t, ctx, capture("x"))
		if ok, err := w.Forgettable(ctx, "a"); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if err := w.keys.Forget(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		got, err := w.Get(ctx, "a", e.ID)
		if err != nil || !got.Forgotten || got.Title != "" {
			t.Errorf("%+v %v", got, err)
		}
		for what, err := range map[string]error{
			"file":     func() error { _, _, err := w.File(ctx, "a", e.ID, e.Files[0].Name); return err }(),
			"preserve": func() error { _, err := w.Preserve(ctx, capture("y")); return err }(),
			"verify":   func() error { _, err := w.Verify(ctx, "a", e.ID); return err }(),
			"export":   w.Export(ctx, "a", e.ID, &bytes.Buffer{}),
		} {
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != "seal.forgotten" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
