package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
)

// scene is a vault of one firm with two exhibits, one of them held, all under a checkpoint.
type scene struct {
	world
	one, two evidence.Exhibit
}

func set(t *testing.T, w world) scene {
	t.Helper()
	ctx := system(t)
	s := scene{world: w, one: w.preserve(t, ctx, capture("pierwszy", "drugi"))}
	c := capture("trzeci", "czwarty")
	c.Ref.ID = "m2"
	s.two = w.preserve(t, ctx, c)
	if err := w.Hold(ctx, "a", s.two.ID, "sprawa"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.File(ctx, "a", s.two.ID, s.two.Files[0].Name); err != nil {
		t.Fatal(err)
	}
	w.sign(t)
	rep, err := w.VerifyAll(ctx, "a")
	if err != nil || !rep.Holds() || rep.Exhibits != 2 || rep.Waiting != 0 {
		t.Fatalf("%+v %v", rep, err)
	}
	return s
}

// sql runs statements; $one and $two are the exhibits' ids.
func (s scene) sql(t testing.TB, text string, args ...any) {
	t.Helper()
	err := s.d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for q := range strings.SplitSeq(text, ";") {
			q = strings.NewReplacer("$one", "'"+s.one.ID+"'", "$two", "'"+s.two.ID+"'").Replace(q)
			n, err := tx.Exec(ctx, q, args...)
			if err == nil && n == 0 {
				err = errors.New("it changed nothing")
			}
			if err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s scene) blob(t testing.TB, e evidence.Exhibit, n int) string {
	t.Helper()
	var sum string
	err := s.d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT blob FROM exhibit_file WHERE exhibit_id = $1 AND n = $2`, []any{e.ID, n}, &sum)
		return err
	})
	if err != nil || sum == "" {
		t.Fatal(sum, err)
	}
	return filepath.Join(s.blobs, sum[:2], sum[2:])
}

func (s scene) rewrite(t testing.TB, path string, f func([]byte) []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, f(raw), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Each row is something that a person with the machine in hand could do; code names the check that must fail for the
// first exhibit, or what the report of the whole vault must say.
var tamperings = []struct {
	name, code, sql string
	disk            func(t *testing.T, s scene)
}{
	{name: "a bit of a file", code: evidence.CheckFile, disk: func(t *testing.T, s scene) {
		s.rewrite(t, s.blob(t, s.one, 1), func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	}},
	{name: "a file cut", code: evidence.CheckFile, disk: func(t *testing.T, s scene) {
		s.rewrite(t, s.blob(t, s.one, 0), func(b []byte) []byte { return b[:len(b)-1] })
	}},
	{name: "a file emptied", code: evidence.CheckFile, disk: func(t *testing.T, s scene) {
		s.rewrite(t, s.blob(t, s.one, 0), func([]byte) []byte { return nil })
	}},
	{name: "a file deleted", code: evidence.CheckFile, disk: func(t *testing.T, s scene) {
		if err := os.Remove(s.blob(t, s.one, 0)); err != nil {
			t.Fatal(err)
		}
	}},
	{name: "files swapped on disk", code: evidence.CheckFile, disk: func(t *testing.T, s scene) {
		a, b := s.blob(t, s.one, 0), s.blob(t, s.one, 1)
		for _, step := range [][2]string{{a, a + ".x"}, {b, a}, {a + ".x", b}} {
			if err := os.Rename(step[0], step[1]); err != nil {
				t.Fatal(err)
			}
		}
	}},
	{name: "files swapped in the index", code: evidence.CheckFile, sql: `UPDATE exhibit_file SET n = n + 10 WHERE exhibit_id = $one;
		UPDATE exhibit_file SET n = 11 - n WHERE exhibit_id = $one`},
	{name: "another exhibit's file", code: evidence.CheckFile, sql: `UPDATE exhibit_file SET blob = (SELECT blob FROM exhibit_file WHERE exhibit_id = $two AND n = 0)
		WHERE exhibit_id = $one AND n = 0`},
	{name: "a way out of the store", code: evidence.CheckFile, sql: `UPDATE exhibit_file SET blob = '../../master.key' WHERE exhibit_id = $one AND n = 0`},
	{name: "a file taken from the index", code: evidence.CheckFiles, sql: `DELETE FROM exhibit_file WHERE exhibit_id = $one AND n = 1`},
	{name: "a file added to the index", code: evidence.CheckFiles, sql: `INSERT INTO exhibit_file (firm_id, exhibit_id, n, blob)
		SELECT firm_id, exhibit_id, 2, blob FROM exhibit_file WHERE exhibit_id = $one AND n = 0`},
	{name: "the thing it shows", code: evidence.CheckRecord, sql: `UPDATE exhibit SET ref_id = 'm9' WHERE id = $one`},
	{name: "its time", code: evidence.CheckRecord, sql: `UPDATE exhibit SET made_at = made_at - 1 WHERE id = $one`},
	{name: "its maker", code: evidence.CheckRecord, sql: `UPDATE exhibit SET made_by = 'u-Anna' WHERE id = $one`},
	{name: "its cause", code: evidence.CheckRecord, sql: `UPDATE exhibit SET cause = 'other' WHERE id = $one`},
	{name: "its link", code: evidence.CheckRecord, sql: `UPDATE exhibit SET prev = $two WHERE id = $one`},
	{name: "its number", code: evidence.CheckRecord, sql: `UPDATE exhibit SET number = 7 WHERE id = $one`},
	{name: "numbers swapped", code: evidence.CheckRecord, sql: `UPDATE exhibit SET number = 9 WHERE id = $one;
		UPDATE exhibit SET number = 1 WHERE id = $two; UPDATE exhibit SET number = 2 WHERE id = $one`},
	{name: "another exhibit's manifest", code: evidence.CheckManifest, sql: `UPDATE exhibit SET sealed = (SELECT sealed FROM exhibit WHERE id = $two) WHERE id = $one`},
	{name: "another exhibit's leaf", code: evidence.CheckCommitment, sql: `UPDATE exhibit SET ticket = (SELECT ticket FROM exhibit WHERE id = $two) WHERE id = $one`},
	{name: "no leaf", code: evidence.CheckCommitment, sql: `UPDATE exhibit SET ticket = 1 WHERE id = $one`},
	{name: "a hold nobody ordered", code: evidence.CheckHold, sql: `UPDATE exhibit SET held_at = made_at WHERE id = $one`},
	{name: "called removed", code: evidence.CheckHold, sql: `UPDATE exhibit SET removed_at = made_at WHERE id = $one`},
	{name: "custody erased", code: evidence.CheckCustody, sql: `DELETE FROM journal WHERE ref_id = $one`},
	{name: "custody in another's name", code: evidence.CheckCustody, sql: `UPDATE journal SET by_id = 'u-Anna' WHERE ref_id = $one`},
	{name: "custody at another time", code: evidence.CheckCustody, sql: `UPDATE journal SET at = at - 1 WHERE ref_id = $one`},
	{name: "custody added", code: evidence.CheckCustody, sql: `INSERT INTO journal (firm_id, id, at, by_id, verb, ref_kind, ref_id, sealed, ticket)
		SELECT firm_id, 'zzz', at, by_id, 'exhibit.viewed', ref_kind, ref_id, sealed, ticket FROM journal WHERE ref_id = $one`},
	{name: "the ledger's leaf", code: evidence.CheckCommitment, sql: `UPDATE ledger_leaf SET leaf = (SELECT leaf FROM ledger_leaf WHERE ticket <> (SELECT ticket FROM exhibit WHERE id = $one) ORDER BY idx LIMIT 1) WHERE ticket = (SELECT ticket FROM exhibit WHERE id = $one)`},
	{name: "the ledger's leaf gone", code: evidence.CheckCommitment, sql: `DELETE FROM ledger_leaf WHERE ticket = (SELECT ticket FROM exhibit WHERE id = $one)`},
	{name: "the leaf's place", code: evidence.CheckInclusion, sql: `UPDATE ledger_leaf SET idx = 100 WHERE ticket = (SELECT ticket FROM exhibit WHERE id = $one)`},
	{name: "the ledger's hashes", code: evidence.CheckInclusion, sql: `UPDATE ledger_hash SET hash = (SELECT hash FROM ledger_hash WHERE idx = 0) WHERE idx > 0`},
	{name: "the ledger's head set back", code: evidence.CheckInclusion, sql: `UPDATE ledger_head SET size = 2`},
	{name: "the checkpoint forged", code: evidence.CheckInclusion, sql: `UPDATE ledger_checkpoint SET note = replace(note, 'chop', 'chip')`},
	{name: "the whole ledger set back", code: "ledger", sql: `DELETE FROM ledger_leaf; DELETE FROM ledger_hash; DELETE FROM ledger_checkpoint; UPDATE ledger_head SET size = 0`},
	{name: "a released hold", code: "failed", sql: `UPDATE exhibit SET held_at = 0 WHERE id = $two`},
	{name: "a custody line in the middle erased", code: "failed", sql: `DELETE FROM journal WHERE ref_id = $two AND verb = 'exhibit.held'; UPDATE exhibit SET held_at = 0 WHERE id = $two`},
	{name: "the first exhibit erased", code: "missing", sql: `DELETE FROM exhibit WHERE id = $one`},
	{name: "the last exhibit erased", code: "missing", sql: `DELETE FROM exhibit WHERE id = $two`},
	{name: "the last exhibit erased, counter and all", code: "unknown", sql: `DELETE FROM exhibit WHERE id = $two; UPDATE exhibit_counter SET last = 1`},
	{name: "the counter beyond measure", code: "missing", sql: `UPDATE exhibit_counter SET last = 4000000000`},
}

func TestEveryTamperingIsNamed(t *testing.T) {
	for _, c := range tamperings {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, w world) {
				s := set(t, w)
				if c.sql != "" {
					s.sql(t, c.sql)
				} else {
					c.disk(t, s)
				}
				rep, err := s.VerifyAll(system(t), "a")
				if err != nil || rep.Holds() {
					t.Fatalf("not found: %+v %v", rep, err)
				}
				if !s.named(rep, c.code) {
					t.Errorf("%s is not named in %+v", c.code, rep)
				}
			})
		})
	}
}

func (s scene) named(rep evidence.Report, code string) bool {
	switch code {
	case "ledger":
		return !rep.Ledger.Holds()
	case "failed":
		return len(rep.Failed) == 1 && rep.Failed[0].Exhibit == s.two.ID
	case "missing":
		return len(rep.Missing) > 0
	case "unknown":
		return len(rep.Unknown) == 1 && rep.Unknown[0] == s.two.ID
	}
	for _, rc := range rep.Failed {
		for _, c := range rc.Checks {
			if rc.Exhibit == s.one.ID && c.Code == code && c.State == evidence.Fails {
				return true
			}
		}
	}
	return false
}

// Any bit of anything the vault rests on: sealed rows, commitments, files.
func TestAnyChangedBitIsFound(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		s := set(t, w)
		places := [][2]string{{"exhibit", "sealed"}, {"exhibit", "own_key"}, {"journal", "sealed"}, {"ledger_leaf", "leaf"}, {"ledger_hash", "hash"}, {"file", ""}}
		rapid.Check(t, func(rt *rapid.T) {
			p := rapid.SampledFrom(places).Draw(rt, "place")
			flip := func(b []byte) []byte {
				b = bytes.Clone(b)
				b[rapid.IntRange(0, len(b)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
				return b
			}
			if p[0] == "file" {
				path := s.blob(t, s.two, rapid.IntRange(0, 1).Draw(rt, "file"))
				whole, err := os.ReadFile(path)
				if err != nil {
					rt.Fatal(err)
				}
				s.rewrite(t, path, flip)
				defer s.rewrite(t, path, func([]byte) []byte { return whole })
			} else {
				raws := s.column(t, p)
				raw := rapid.SampledFrom(raws).Draw(rt, "row")
				bad := flip(raw)
				q := fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %s = $2`, p[0], p[1], p[1])
				s.sql(t, q, bad, raw)
				defer s.sql(t, q, raw, bad)
			}
			if rep, err := s.VerifyAll(system(t), "a"); err != nil || rep.Holds() {
				rt.Fatalf("not found: %+v %v", rep, err)
			}
		})
		if rep, err := s.VerifyAll(system(t), "a"); err != nil || !rep.Holds() {
			t.Fatalf("put back, and yet: %+v %v", rep, err)
		}
	})
}

// column is the values of a column that belong to the exhibits.
func (s scene) column(t testing.TB, p [2]string) (raws [][]byte) {
	t.Helper()
	err := s.d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, fmt.Sprintf(`SELECT %s FROM %s`, p[1], p[0]), nil, func(scan func(...any) error) error {
			var raw []byte
			err := scan(&raw)
			raws = append(raws, raw)
			return err
		})
	})
	if err != nil || len(raws) == 0 {
		t.Fatal(raws, err)
	}
	return raws
}

// What fails is never handed out as evidence, and the exhibit shows it; what only waits says so.
func TestBrokenExhibitIsNotHandedOut(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		s := set(t, w)
		ctx := system(t)
		c := capture("nowy")
		c.Ref.ID = "m3"
		fresh := w.preserve(t, ctx, c)
		if e, err := w.Get(ctx, "a", fresh.ID); err != nil || e.Sealed != evidence.Waits {
			t.Errorf("%+v %v", e, err)
		}
		if e, err := w.Get(ctx, "a", s.two.ID); err != nil || e.Sealed != evidence.Holds {
			t.Errorf("%+v %v", e, err)
		}
		rc, err := w.Verify(ctx, "a", fresh.ID)
		if err != nil || rc.State != evidence.Waits || rc.Index != -1 {
			t.Errorf("%+v %v", rc, err)
		}
		path := s.blob(t, s.one, 0)
		s.rewrite(t, path, func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
		if _, _, err := w.File(ctx, "a", s.one.ID, s.one.Files[0].Name); !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
		var out bytes.Buffer
		if err := w.Export(ctx, "a", s.one.ID, &out); !fault.Is(err, fault.Conflict) || out.Len() != 0 {
			t.Error(out.Len(), err)
		}
		if e, err := w.Get(ctx, "a", s.one.ID); err != nil || e.Checked != evidence.Fails || e.CheckedAt.IsZero() {
			t.Errorf("%+v %v", e, err)
		}
		oneRef := s.one.Ref
		if has, err := w.Has(ctx, "a", oneRef); err != nil || has {
			t.Error("a broken exhibit passes for proof", err)
		}
		if again := w.preserve(t, ctx, capture("pierwszy", "drugi")); again.Number != 4 || again.Prev != s.one.ID {
			t.Errorf("%+v", again)
		}
		if has, err := w.Has(ctx, "a", oneRef); err != nil || !has {
			t.Error("preserved anew, and yet no proof", err)
		}
		if bad, _, err := w.List(ctx, evidence.Filter{Firm: "a", Checked: evidence.Fails}); err != nil || len(bad) != 1 {
			t.Error(bad, err)
		}
		s.sql(t, `UPDATE exhibit SET sealed = (SELECT sealed FROM exhibit WHERE id = $one) WHERE id = $two`)
		if e, err := w.Get(ctx, "a", s.two.ID); err != nil || !e.Unread {
			t.Errorf("%+v %v", e, err)
		}
		if _, _, err := w.File(ctx, "a", s.two.ID, "x"); !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	})
}
