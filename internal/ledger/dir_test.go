package ledger_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	program "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"pgregory.net/rapid"

	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/ledger"
)

// fsck is Tessera's checker of tlog-tiles, built from the version in test/tools/fsck.mod.
func fsck(t *testing.T) func(dir, vkey string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "fsck")
	c := program.Command("go", "build", "-modfile=../../test/tools/fsck.mod", "-o", bin, "github.com/transparency-dev/tessera/cmd/fsck")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build fsck: %v\n%s", err, out)
	}
	return func(dir, vkey string) string {
		key := filepath.Join(t.TempDir(), "vkey")
		if err := os.WriteFile(key, []byte(vkey), 0o600); err != nil {
			t.Fatal(err)
		}
		// It may wait for ever on a damaged log, so its silence counts as a refusal.
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		out, _ := program.CommandContext(ctx, bin, "--storage_url=file://"+dir+"/", "--public_key="+key, "--ui=false").CombinedOutput()
		return string(out)
	}
}

// Its exit status is 0 either way.
const fsckWell = "Successfully fsck'd log"

// The folder is a log of tlog-tiles at every size: our own reader, Tessera's fsck and a second library for proofs say
// so. A copy with one byte changed satisfies neither reader.
func TestStrangersAcceptTheFolder(t *testing.T) {
	check := fsck(t)
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir := t.TempDir()
		l := open(t, d, dir)
		n := 0
		for _, size := range []int{1, 254, 1, 1, 300, 211, 256} {
			var ls [][]byte
			for range size {
				ls = append(ls, leaf(n))
				n++
			}
			if _, err := l.AppendMany(t.Context(), ls); err != nil {
				t.Fatal(err)
			}
			c, err := l.Checkpoint(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r, err := ledger.VerifyDir(dir, l.VerifierKey())
			if err != nil || !r.Holds() || r.Leaves != int64(n) || r.Newest.Root != c.Root {
				t.Fatalf("at %d: %+v %v", n, r, err)
			}
			if out := check(dir, l.VerifierKey()); !strings.Contains(out, fsckWell) {
				t.Fatalf("at %d: %s", n, out)
			}
			secondOpinion(t, l, c, n-1)
		}
		change(t, filepath.Join(dir, "tile/entries/001"), func(b []byte) []byte { b[700] ^= 1; return b })
		if out := check(dir, l.VerifierKey()); strings.Contains(out, fsckWell) {
			t.Error("fsck took a changed entry")
		}
		if r, err := ledger.VerifyDir(dir, l.VerifierKey()); err != nil || !names(r, ledger.TileBad) {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// secondOpinion checks an inclusion proof with transparency-dev's library.
func secondOpinion(t *testing.T, l *ledger.Log, c ledger.Checkpoint, i int) {
	t.Helper()
	p, err := l.Prove(t.Context(), int64(i), c.Size)
	if err != nil {
		t.Fatal(err)
	}
	var path [][]byte
	for _, h := range p {
		path = append(path, slices.Clone(h[:]))
	}
	h := rfc6962.DefaultHasher
	if err := proof.VerifyInclusion(h, uint64(i), uint64(c.Size), h.HashLeaf(leaf(i)), path, c.Root[:]); err != nil {
		t.Error(err)
	}
	if proof.VerifyInclusion(h, uint64(i), uint64(c.Size), h.HashLeaf(leaf(i+1)), path, c.Root[:]) == nil {
		t.Error("it proves another leaf too")
	}
}

func sqlite(t testing.TB) *db.DB { return dbtest.OpenSQLite(t, dbtest.NewClock().Now) }

func change(t testing.TB, path string, f func([]byte) []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(raw), 0o600); err != nil {
		t.Fatal(err)
	}
}

// checked lists the files of a folder that its verification reads.
func checked(t testing.TB, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if rel, _ := filepath.Rel(dir, path); rel == ledger.File || strings.HasPrefix(rel, "tile/") {
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// Any file of the folder flipped, cut, lengthened, removed or exchanged for another is found.
func TestAnyChangeOfTheFolderIsFound(t *testing.T) {
	d := sqlite(t)
	dir := t.TempDir()
	l := open(t, d, dir)
	fill(t, l, 600, 170)
	paths := checked(t, dir)
	if len(paths) < 8 {
		t.Fatalf("only %v", paths)
	}
	rapid.Check(t, func(rt *rapid.T) {
		path := rapid.SampledFrom(paths).Draw(rt, "file")
		raw, err := os.ReadFile(path)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = os.WriteFile(path, raw, 0o600) }()
		switch rapid.SampledFrom([]string{"flip", "cut", "add", "remove", "exchange"}).Draw(rt, "how") {
		case "flip":
			bad := bytes.Clone(raw)
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			err = os.WriteFile(path, bad, 0o600)
		case "cut":
			err = os.WriteFile(path, raw[:rapid.IntRange(0, len(raw)-1).Draw(rt, "length")], 0o600)
		case "add":
			err = os.WriteFile(path, append(bytes.Clone(raw), rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(rt, "more")...), 0o600)
		case "remove":
			if older(path, paths) {
				return // a partial tile of the checkpoint before: nobody misses it
			}
			err = os.Remove(path)
		case "exchange":
			other, rerr := os.ReadFile(rapid.SampledFrom(paths).Draw(rt, "other"))
			if rerr != nil || bytes.Equal(raw, other) {
				return
			}
			err = os.WriteFile(path, other, 0o600)
		}
		if err != nil {
			rt.Fatal(err)
		}
		if r, err := ledger.VerifyDir(dir, l.VerifierKey()); err == nil && r.Holds() {
			rt.Fatalf("%s was changed and it holds", path)
		}
	})
	if r, err := ledger.VerifyDir(dir, l.VerifierKey()); err != nil || !r.Holds() {
		t.Fatalf("put back, and yet: %+v %v", r, err)
	}
}

// older tells whether a wider partial tile, or the full one, lies beside this one.
func older(path string, all []string) bool {
	folder := filepath.Dir(path)
	if !strings.HasSuffix(folder, ".p") {
		return false
	}
	for _, p := range all {
		if p == strings.TrimSuffix(folder, ".p") || filepath.Dir(p) == folder && (len(p) > len(path) || len(p) == len(path) && p > path) {
			return true
		}
	}
	return false
}

// A folder set back to an older copy is noticed at the next start; so is one whose checkpoint alone was set back, by the
// tiles that lie beyond it.
func TestAFolderSetBackIsFoundOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir := t.TempDir()
		l := open(t, d, dir)
		fill(t, l, 20, 10)
		old, err := os.ReadFile(filepath.Join(dir, ledger.File))
		if err != nil {
			t.Fatal(err)
		}
		fill(t, l, 400, 400)
		if r, err := open(t, d, dir).Consistent(t.Context()); err != nil || !r.Holds() || r.Leaves != 420 {
			t.Fatalf("%+v %v", r, err)
		}
		if err := os.WriteFile(filepath.Join(dir, ledger.File), old, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := open(t, d, dir).Consistent(t.Context()); err != nil || !names(r, ledger.DirBack) {
			t.Errorf("%+v %v", r, err)
		}
		if r, err := ledger.VerifyDir(dir, l.VerifierKey()); err != nil || !names(r, ledger.FileExtra) {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// A database set back is noticed at the start, even when it has grown again since.
func TestADatabaseSetBackIsFoundOutAtTheStart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir := t.TempDir()
		l := open(t, d, dir)
		fill(t, l, 20, 5)
		exec(t, d, `DELETE FROM ledger_checkpoint WHERE size > 10; DELETE FROM ledger_leaf WHERE idx >= 10;
			DELETE FROM ledger_hash WHERE idx >= 18; UPDATE ledger_head SET size = 10; DELETE FROM ledger_place`)
		if r, err := open(t, d, dir).Consistent(t.Context()); err != nil || !names(r, ledger.HeadBack) {
			t.Errorf("%+v %v", r, err)
		}
		fill(t, open(t, d, dir), 30, 3)
		if r, err := open(t, d, dir).Consistent(t.Context()); err != nil || !names(r, ledger.CheckpointOther) {
			t.Errorf("%+v %v", r, err)
		}
		if r, err := ledger.VerifyDir(dir, l.VerifierKey()); err != nil || !r.Holds() || r.Leaves != 20 {
			t.Errorf("the folder of the log that was seen is no longer whole: %+v %v", r, err)
		}
	})
}

// Tiles that somebody moved away, and those that a killed process never wrote, are written again.
func TestTheFolderIsMadeUpFor(t *testing.T) {
	d := sqlite(t)
	dir := t.TempDir()
	fill(t, open(t, d, dir), 300, 300)
	if err := os.RemoveAll(filepath.Join(dir, "tile")); err != nil {
		t.Fatal(err)
	}
	l := open(t, d, dir)
	if r, err := ledger.VerifyDir(dir, l.VerifierKey()); err != nil || r.Holds() {
		t.Errorf("no tiles, and it holds: %+v %v", r, err)
	}
	if _, err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Dir(t.Context()); err != nil || !r.Holds() || r.Leaves != 300 {
		t.Errorf("%+v %v", r, err)
	}
}

// A folder that cannot be written keeps nobody from sealing: the signed head stands in the database, the old files stay
// whole, and the folder is made up for as soon as it can be. What a killed process left half written is cleared away.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	d := sqlite(t)
	dir := t.TempDir()
	l := open(t, d, dir)
	fill(t, l, 10, 10)
	blocked := filepath.Join(dir, "tile", "1")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 300, 300)
	if c, err := l.Latest(t.Context()); err != nil || c.Size != 310 {
		t.Fatal(c.Size, err)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Verify(t.Context()); err != nil || !r.Holds() {
		t.Errorf("%+v %v", r, err)
	}
	half := filepath.Join(dir, "part.123")
	if err := os.WriteFile(half, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(half, old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, d, dir).Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Dir(t.Context()); err != nil || !r.Holds() || r.Leaves != 310 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("the half-written file is still there")
	}
}

// What cannot be read at all is an error that says what to do.
func TestAFolderThatIsNoLog(t *testing.T) {
	d := sqlite(t)
	dir := t.TempDir()
	l := open(t, d, dir)
	for name, c := range map[string]struct{ dir, key, says string }{
		"empty":     {dir, l.VerifierKey(), "no file named checkpoint"},
		"no key":    {dir, "", "cannot be read"},
		"not there": {filepath.Join(dir, "x"), l.VerifierKey(), "no log in"},
	} {
		if _, err := ledger.VerifyDir(c.dir, c.key); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fill(t, l, 3, 3)
	other, err := ledger.New(d, bytes.Repeat([]byte{8}, 32), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if r, err := ledger.VerifyDir(dir, other.VerifierKey()); err != nil || !names(r, ledger.CheckpointBad) {
		t.Errorf("another log's key: %+v %v", r, err)
	}
}
