package ledger_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/ledger"
)

var seed = bytes.Repeat([]byte{7}, 32)

func open(t testing.TB, d *db.DB, dir string) *ledger.Log {
	t.Helper()
	l, err := ledger.New(d, seed, dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func leaf(i int) []byte { return ledger.Commit([]byte("salt"), fmt.Append(nil, i)) }

// fill hands in n leaves in batches of the given size, with a checkpoint after each, and returns their tickets.
func fill(t testing.TB, l *ledger.Log, n, size int) (tickets []int64) {
	t.Helper()
	for i := 0; i < n; i += size {
		var ls [][]byte
		for j := i; j < min(n, i+size); j++ {
			ls = append(ls, leaf(j))
		}
		first, err := l.AppendMany(t.Context(), ls)
		if err != nil {
			t.Fatal(err)
		}
		for j := range ls {
			tickets = append(tickets, first+int64(j))
		}
		if _, err := l.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return tickets
}

// In batches of any size the log is the tree of RFC 6962: the roots are those of a second computation, every leaf is
// proved in the last checkpoint, and every checkpoint begins the last.
func TestLogIsTheTreeOfItsLeaves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		l, ctx := open(t, d, t.TempDir()), t.Context()
		verifier, err := note.NewVerifier(l.VerifierKey())
		if err != nil {
			t.Fatal(err)
		}
		var heads []ledger.Checkpoint
		var tickets []int64
		n := 0
		for _, size := range []int{1, 1, 2, 3, 5, 1, 30, 27} {
			var ls [][]byte
			for range size {
				ls = append(ls, leaf(n))
				n++
			}
			first, err := l.AppendMany(ctx, ls)
			if err != nil {
				t.Fatal(err)
			}
			for i := range ls {
				tickets = append(tickets, first+int64(i))
			}
			c, err := l.Checkpoint(ctx)
			if err != nil || c.Size != int64(n) {
				t.Fatal(c, err)
			}
			if _, err := note.Open(c.Note, note.VerifierList(verifier)); err != nil {
				t.Fatal(err)
			}
			heads = append(heads, c)
		}
		last := heads[len(heads)-1]
		for i, ticket := range tickets {
			e, err := l.Find(ctx, ticket)
			if err != nil || e.Index != int64(i) || !bytes.Equal(e.Leaf, leaf(i)) || !e.At.Equal(dbtest.Start) {
				t.Fatal(e, err)
			}
			p, err := l.Prove(ctx, e.Index, last.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(p, last.Size, last.Root, e.Index, tlog.RecordHash(leaf(i))); err != nil {
				t.Error(i, err)
			}
			if tlog.CheckRecord(p, last.Size, last.Root, e.Index, tlog.RecordHash(leaf(i+1))) == nil {
				t.Error(i, "proves another leaf too")
			}
		}
		compareHeads(t, l, heads)
		if r, err := l.Verify(ctx); err != nil || !r.Holds() || r.Leaves != int64(n) || r.Checkpoints != len(heads) {
			t.Errorf("%+v %v", r, err)
		}
		if _, err := l.Prove(ctx, 0, last.Size+1); err == nil {
			t.Error("proved in a tree that does not exist")
		}
	})
}

// compareHeads holds every checkpoint against the reference, and the last one against all before it.
func compareHeads(t *testing.T, l *ledger.Log, heads []ledger.Checkpoint) {
	t.Helper()
	last := heads[len(heads)-1]
	for _, c := range heads {
		if want := reference(t, int(c.Size)); c.Root != want {
			t.Errorf("root of %d", c.Size)
		}
		p, err := l.Consistency(t.Context(), c.Size, last.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(p, last.Size, last.Root, c.Size, c.Root); err != nil {
			t.Error(c.Size, err)
		}
	}
}

// reference computes the root with x/mod's own code over an in-memory store.
func reference(t *testing.T, n int) tlog.Hash {
	var stored []tlog.Hash
	r := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, _ error) {
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i := range n {
		hs, err := tlog.StoredHashes(int64(i), leaf(i), r)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hs...)
	}
	h, err := tlog.TreeHash(int64(n), r)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestLeavesOfARolledBackTransactionAreNotLogged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		l, ctx, boom := open(t, d, t.TempDir()), t.Context(), errors.New("boom")
		var ticket int64
		err := d.Tx(ctx, func(ctx context.Context, _ *db.Tx) (err error) {
			if ticket, err = l.Append(ctx, leaf(1)); err != nil {
				return err
			}
			if e, err := l.Find(ctx, ticket); err != nil || e.Index != -1 {
				t.Error(e, err)
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if c, err := l.Checkpoint(ctx); err != nil || c.Size != 0 {
			t.Fatal(c, err)
		}
		if _, err := l.Find(ctx, ticket); !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		for _, bad := range [][]byte{nil, make([]byte, ledger.MaxLeaf+1)} {
			if _, err := l.Append(ctx, bad); err == nil {
				t.Errorf("a leaf of %d bytes was taken", len(bad))
			}
		}
	})
}

// Two transactions that touch rows in opposite order around an append must not lock each other out over the log.
func TestAppendingNeverWaitsForAnotherTransaction(t *testing.T) {
	d := dbtest.OpenPostgres(t, dbtest.NewClock().Now)
	l, ctx := open(t, d, t.TempDir()), t.Context()
	err := d.Tx(ctx, func(inner context.Context, _ *db.Tx) error {
		if _, err := l.Append(inner, leaf(1)); err != nil {
			return err
		}
		_, err := l.Append(ctx, leaf(2)) // outside, while the first is still open
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := l.Checkpoint(ctx); err != nil || c.Size != 2 {
		t.Fatal(c, err)
	}
}

func TestManyAppendAndSignAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir, ctx := t.TempDir(), t.Context()
		l := open(t, d, dir)
		var wg sync.WaitGroup
		for w := range 8 {
			l := open(t, d, dir)
			wg.Go(func() {
				for i := range 10 {
					if _, err := l.Append(ctx, leaf(100*w+i)); err != nil {
						t.Error(err)
					}
					if i%3 == 0 {
						if _, err := l.Checkpoint(ctx); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		if c, err := l.Checkpoint(ctx); err != nil || c.Size != 80 {
			t.Fatal(c, err)
		}
		if r, err := l.Verify(ctx); err != nil || !r.Holds() || r.Waiting != 0 {
			t.Fatalf("%+v %v", r, err)
		}
	})
}

// The log may be verified while it grows.
func TestGrowthIsNoTrouble(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		l, done := open(t, d, t.TempDir()), make(chan bool)
		fill(t, l, 50, 10)
		go func() {
			defer close(done)
			fill(t, l, 60, 2)
		}()
		for growing := true; growing; {
			select {
			case <-done:
				growing = false
			default:
			}
			if r, err := l.Verify(t.Context()); err != nil || !r.Holds() {
				t.Errorf("%+v %v", r, err)
				<-done
				return
			}
		}
	})
}

// Each change that somebody with the database in hand could make is named.
func TestTamperingIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ sql, code string }{
		"a leaf rewritten":              {`UPDATE ledger_leaf SET leaf = CAST('x' AS BYTEA) WHERE idx = 3`, ledger.NodeChanged},
		"a leaf deleted":                {`DELETE FROM ledger_leaf WHERE idx = 3`, ledger.LeafMissing},
		"the last leaf deleted":         {`DELETE FROM ledger_leaf WHERE idx = 19`, ledger.LeafMissing},
		"a leaf moved away":             {`UPDATE ledger_leaf SET idx = -3 WHERE idx = 3`, ledger.LeafMissing},
		"a hash rewritten":              {`UPDATE ledger_hash SET hash = (SELECT hash FROM ledger_hash WHERE idx = 1) WHERE idx = 2`, ledger.NodeChanged},
		"a hash deleted":                {`DELETE FROM ledger_hash WHERE idx = 30`, ledger.NodeChanged},
		"a hash cut":                    {`UPDATE ledger_hash SET hash = CAST('x' AS BYTEA) WHERE idx = 2`, ledger.NodeChanged},
		"the head set back":             {`UPDATE ledger_head SET size = 10`, ledger.HeadBack},
		"the head set forward":          {`UPDATE ledger_head SET size = 21`, ledger.LeafMissing},
		"the head far forward":          {`UPDATE ledger_head SET size = 4000000000000000`, ledger.LeafMissing},
		"the head below nothing":        {`UPDATE ledger_head SET size = -1`, ledger.LeafExtra},
		"the head deleted":              {`DELETE FROM ledger_head`, ledger.HeadBack},
		"a checkpoint's text":           {`UPDATE ledger_checkpoint SET note = replace(note, '10', '11') WHERE size = 10`, ledger.CheckpointBad},
		"a checkpoint's size":           {`UPDATE ledger_checkpoint SET size = 9 WHERE size = 10`, ledger.CheckpointBad},
		"the last checkpoints deleted":  {`DELETE FROM ledger_checkpoint WHERE size > 10; DELETE FROM ledger_leaf WHERE idx >= 10; UPDATE ledger_head SET size = 10`, ledger.HeadBack},
		"all set back to an older time": {`DELETE FROM ledger_checkpoint WHERE size > 10; DELETE FROM ledger_leaf WHERE idx >= 10; DELETE FROM ledger_hash WHERE idx >= 18; UPDATE ledger_head SET size = 10`, ledger.HeadBack},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
				l := open(t, d, t.TempDir())
				fill(t, l, 20, 5)
				exec(t, d, c.sql)
				r, err := l.Verify(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !names(r, c.code) {
					t.Errorf("want %s, got %v", c.code, r.Troubles)
				}
			})
		})
	}
}

func names(r ledger.Report, code string) bool {
	for _, x := range r.Troubles {
		if x.Code == code {
			return true
		}
	}
	return false
}

func exec(t testing.TB, d *db.DB, sql string) {
	t.Helper()
	err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for q := range strings.SplitSeq(sql, ";") {
			if d.Dialect == db.Postgres {
				q = strings.ReplaceAll(q, "CAST('x' AS BYTEA)", "'x'::bytea")
			} else {
				q = strings.ReplaceAll(q, "CAST('x' AS BYTEA)", "x'78'")
			}
			if _, err := tx.Exec(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A log set back and grown again beyond its old size is still found out: the checkpoint outside stays as it was.
func TestALogThatWasSetBackAndGrewAgainIsFoundOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir := t.TempDir()
		l := open(t, d, dir)
		fill(t, l, 20, 5)
		before, err := os.ReadFile(filepath.Join(dir, ledger.File))
		if err != nil {
			t.Fatal(err)
		}
		exec(t, d, `DELETE FROM ledger_checkpoint WHERE size > 10; DELETE FROM ledger_leaf WHERE idx >= 10;
			DELETE FROM ledger_hash WHERE idx >= 18; UPDATE ledger_head SET size = 10`)
		fill(t, l, 30, 3)
		r, err := l.Verify(t.Context())
		if err != nil || !names(r, ledger.CheckpointOther) {
			t.Fatalf("%+v %v", r, err)
		}
		if after, _ := os.ReadFile(filepath.Join(dir, ledger.File)); !bytes.Equal(before, after) {
			t.Error("the checkpoint outside was replaced")
		}
		if err := os.WriteFile(filepath.Join(dir, ledger.File), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := l.Verify(t.Context()); err != nil || !names(r, ledger.FileBad) {
			t.Fatalf("%+v %v", r, err)
		}
	})
}

// Any bit of any leaf, hash or checkpoint.
func TestAnyChangedBitIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		l := open(t, d, t.TempDir())
		fill(t, l, 13, 4)
		rapid.Check(t, func(rt *rapid.T) {
			at := rapid.SampledFrom([][2]string{{"ledger_leaf", "leaf"}, {"ledger_hash", "hash"}, {"ledger_checkpoint", "note"}}).Draw(rt, "column")
			key := "idx"
			if at[1] == "note" {
				key = "size"
			}
			put := func(id int64, v any) {
				exec1(t, d, fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %s = $2`, at[0], at[1], key), v, id)
			}
			var ids []int64
			var raws [][]byte
			read(t, d, fmt.Sprintf(`SELECT %s, %s FROM %s ORDER BY 1`, key, at[1], at[0]), &ids, &raws)
			n := rapid.IntRange(0, len(ids)-1).Draw(rt, "row")
			bad := bytes.Clone(raws[n])
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 6).Draw(rt, "bit")
			if at[1] == "note" {
				if bytes.ContainsRune(bad, 0) || !strings.EqualFold(strings.ToValidUTF8(string(bad), ""), string(bad)) {
					return // a text column cannot hold it
				}
				put(ids[n], string(bad))
				defer put(ids[n], string(raws[n]))
			} else {
				put(ids[n], bad)
				defer put(ids[n], raws[n])
			}
			if r, err := l.Verify(t.Context()); err != nil || r.Holds() {
				rt.Fatalf("not found: %+v %v", r, err)
			}
		})
		if r, err := l.Verify(t.Context()); err != nil || !r.Holds() {
			t.Fatalf("put back, and yet: %+v %v", r, err)
		}
	})
}

func exec1(t testing.TB, d *db.DB, q string, args ...any) {
	t.Helper()
	if err := d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, q, args...)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d rows", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, d *db.DB, q string, ids *[]int64, raws *[][]byte) {
	t.Helper()
	if err := d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, q, nil, func(scan func(...any) error) error {
			var id int64
			var raw []byte
			err := scan(&id, &raw)
			*ids, *raws = append(*ids, id), append(*raws, raw)
			return err
		})
	}); err != nil {
		t.Fatal(err)
	}
}

// The commitment can be recomputed with sha256sum, depends on everything in it, and does not mix its parts up.
func TestCommitment(t *testing.T) {
	want := "chop/commitment/v1\n61\n" + fmt.Sprintf("%x\n", sha256.Sum256([]byte("p"))) + fmt.Sprintf("%x\n", sha256.Sum256([]byte("q")))
	if got := string(ledger.Preimage([]byte("a"), []byte("p"), []byte("q"))); got != want {
		t.Errorf("%q", got)
	}
	seen := map[string]int{}
	for i, c := range [][]byte{
		ledger.Commit(nil), ledger.Commit([]byte("a")), ledger.Commit([]byte("a"), nil), ledger.Commit([]byte("a"), []byte("pq")),
		ledger.Commit([]byte("a"), []byte("p"), []byte("q")), ledger.Commit([]byte("a"), []byte("q"), []byte("p")),
		ledger.Commit([]byte("b"), []byte("p"), []byte("q")),
	} {
		if j, twice := seen[string(c)]; twice {
			t.Errorf("%d and %d", i, j)
		}
		seen[string(c)] = i
	}
}

func BenchmarkAppendMany(b *testing.B) {
	d := dbtest.OpenSQLite(b, nil)
	l := open(b, d, b.TempDir())
	ls := make([][]byte, 5000)
	for i := range ls {
		ls[i] = leaf(i)
	}
	for b.Loop() {
		if _, err := l.AppendMany(b.Context(), ls); err != nil {
			b.Fatal(err)
		}
		if _, err := l.Checkpoint(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(ls))/b.Elapsed().Seconds(), "leaves/s")
}
