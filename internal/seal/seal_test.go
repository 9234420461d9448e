package seal_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/seal"
)

func open(t *testing.T, d *db.DB, dir string) *seal.Store {
	t.Helper()
	k, err := seal.New(t.Context(), d, dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What is sealed opens in its own place only, and not after any change of any bit.
func TestSealedBytesOpenOnlyWhereTheyBelong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		k, ctx := open(t, d, t.TempDir()), t.Context()
		names := rapid.SampledFrom([]string{"", "a", "b", "ab", "a|b", "ż"})
		rapid.Check(t, func(t *rapid.T) {
			plain := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "plain")
			place := [3]string{names.Draw(t, "firm"), names.Draw(t, "purpose"), names.Draw(t, "id")}
			other := [3]string{names.Draw(t, "firm2"), names.Draw(t, "purpose2"), names.Draw(t, "id2")}
			sealed, err := k.Seal(ctx, place[0], place[1], place[2], plain)
			if err != nil {
				t.Fatal(err)
			}
			if len(plain) > 8 && bytes.Contains(sealed, plain) {
				t.Fatal("the plain text shows")
			}
			got, err := k.Open(ctx, place[0], place[1], place[2], sealed)
			if err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("%q, %v", got, err)
			}
			if _, err := k.Open(ctx, other[0], other[1], other[2], sealed); (err == nil) != (other == place) {
				t.Fatalf("sealed for %q, opened as %q: %v", place, other, err)
			}
			i := rapid.IntRange(0, 8*len(sealed)-1).Draw(t, "bit")
			sealed[i/8] ^= 1 << (i % 8)
			if _, err := k.Open(ctx, place[0], place[1], place[2], sealed); !errors.Is(err, seal.ErrBroken) {
				t.Fatalf("bit %d changed: %v", i, err)
			}
		})
	})
}

func TestForgottenFirmStaysForgottenEverywhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		dir, ctx := t.TempDir(), t.Context()
		here, there := open(t, d, dir), open(t, d, dir)
		a, _ := here.Seal(ctx, "a", "p", "1", []byte("tajne"))
		b, _ := here.Seal(ctx, "b", "p", "1", []byte("inne"))
		if got, err := there.Open(ctx, "a", "p", "1", a); err != nil || string(got) != "tajne" {
			t.Fatal("the other process does not read it", err)
		}
		for range 2 {
			if err := here.Forget(ctx, "a"); err != nil {
				t.Fatal(err)
			}
		}
		if err := here.Forget(ctx, "never-seen"); err != nil {
			t.Fatal(err)
		}
		clock.Forward(10 * time.Second)
		for name, k := range map[string]*seal.Store{"here": here, "there": there, "restarted": open(t, d, dir)} {
			_, err := k.Open(ctx, "a", "p", "1", a)
			forgotten(t, name+" open", err)
			_, err = k.Seal(ctx, "a", "p", "2", nil)
			forgotten(t, name+" seal", err)
			_, err = k.Seal(ctx, "never-seen", "p", "2", nil)
			forgotten(t, name+" seal unseen", err)
			if got, err := k.Open(ctx, "b", "p", "1", b); err != nil || string(got) != "inne" {
				t.Errorf("%s: the other firm: %q %v", name, got, err)
			}
		}
		if here.Forget(ctx, "") == nil {
			t.Error("the installation was forgotten")
		}
	})
}

func forgotten(t *testing.T, what string, err error) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.NotFound || f.Code != "seal.forgotten" {
		t.Errorf("%s: %v", what, err)
	}
}

// A key born in a transaction that was rolled back must not live on in memory: nobody could ever open its texts.
func TestKeyOfRolledBackTransactionIsNotUsed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir, ctx, boom := t.TempDir(), t.Context(), errors.New("boom")
		k := open(t, d, dir)
		err := d.Tx(ctx, func(ctx context.Context, _ *db.Tx) error {
			sealed, err := k.Seal(ctx, "a", "p", "1", []byte("x"))
			if err != nil {
				return err
			}
			if _, err := k.Open(ctx, "a", "p", "1", sealed); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		sealed, err := k.Seal(ctx, "a", "p", "1", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := open(t, d, dir).Open(ctx, "a", "p", "1", sealed); err != nil || string(got) != "x" {
			t.Fatalf("after a restart: %q %v", got, err)
		}
		err = d.Tx(ctx, func(ctx context.Context, _ *db.Tx) error {
			if err := k.Forget(ctx, "a"); err != nil {
				return err
			}
			_, err := k.Open(ctx, "a", "p", "1", sealed)
			forgotten(t, "inside the forgetting", err)
			return boom
		})
		if _, oerr := k.Open(ctx, "a", "p", "1", sealed); oerr != nil || !errors.Is(err, boom) {
			t.Fatal("a forgetting that was rolled back forgot", oerr, err)
		}
	})
}

func TestManyAtOnceShareOneKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir, ctx := t.TempDir(), t.Context()
		reader := open(t, d, dir)
		var wg sync.WaitGroup
		sealed := make([][]byte, 8)
		for i := range sealed {
			k := open(t, d, dir)
			wg.Go(func() {
				var err error
				if sealed[i], err = k.Seal(ctx, "a", "p", "1", []byte("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, s := range sealed {
			if _, err := reader.Open(ctx, "a", "p", "1", s); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestMarksAreEqualForEqualDataOfOneFirmOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir, ctx := t.TempDir(), t.Context()
		k := open(t, d, dir)
		mark := func(k *seal.Store, firm, purpose, s string) string {
			m, err := k.Mark(ctx, firm, purpose, []byte(s))
			if err != nil {
				t.Fatal(err)
			}
			return string(m)
		}
		want := mark(k, "a", "p", "x")
		if got := mark(open(t, d, dir), "a", "p", "x"); got != want {
			t.Error("equal data, different marks")
		}
		for _, other := range []string{mark(k, "b", "p", "x"), mark(k, "a", "q", "x"), mark(k, "a", "p", "y")} {
			if other == want {
				t.Error("a mark says too much")
			}
		}
	})
}

func TestMasterKeyIsGuarded(t *testing.T) {
	good := strings.Repeat("0f", 32)
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"open to the group": {good, 0o640, "chmod 600"},
		"open to all":       {good, 0o604, "chmod 600"},
		"short":             {good[:62], 0o600, "64 hexadecimal digits"},
		"long":              {good + "00", 0o600, "64 hexadecimal digits"},
		"empty":             {"", 0o600, "64 hexadecimal digits"},
		"not hexadecimal":   {"zz" + good[2:], 0o600, "64 hexadecimal digits"},
		"sound":             {good + "\n", 0o600, ""},
		"sound, read only":  {good, 0o400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := dbtest.OpenSQLite(t, dbtest.NewClock().Now), t.TempDir()
			path := filepath.Join(dir, seal.MasterFile)
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := seal.New(t.Context(), d, dir)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), good[:20]) {
				t.Fatal("the error tells the key")
			}
		})
	}
}

// A lost or foreign master key is found at the start, not when the first proof is needed.
func TestForeignMasterKeyIsRefusedAtStart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		dir, ctx := t.TempDir(), t.Context()
		k := open(t, d, dir)
		info, err := os.Stat(filepath.Join(dir, seal.MasterFile))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v %v", info, err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Fatalf("files left behind: %v", left)
		}
		if _, err := k.Seal(ctx, "a", "p", "1", nil); err != nil {
			t.Fatal(err)
		}
		empty := t.TempDir()
		if _, err := seal.New(ctx, d, empty); err == nil || !strings.Contains(err.Error(), "restore it from the backup") {
			t.Errorf("missing key: %v", err)
		}
		if left, _ := os.ReadDir(empty); len(left) != 0 {
			t.Errorf("made a second master key: %v", left)
		}
		foreign := t.TempDir()
		_ = os.WriteFile(filepath.Join(foreign, seal.MasterFile), []byte(strings.Repeat("ab", 32)), 0o600)
		if _, err := seal.New(ctx, d, foreign); err == nil || !strings.Contains(err.Error(), "does not open it") {
			t.Errorf("foreign key: %v", err)
		}
		one, _ := k.Derive("x")
		same, _ := open(t, d, dir).Derive("x")
		other, _ := k.Derive("y")
		if !bytes.Equal(one, same) || bytes.Equal(one, other) || len(one) != 32 {
			t.Error("derived secrets")
		}
	})
}
