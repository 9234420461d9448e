package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"chop/internal/fault"
)

func disk(t *testing.T) *Disk {
	t.Helper()
	d, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatIsPutIsRead(t *testing.T) {
	d := disk(t)
	rapid.Check(t, func(rt *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(rt, "raw")
		sum, size, err := d.Put(t.Context(), bytes.NewReader(raw))
		want := sha256.Sum256(raw)
		if err != nil || size != int64(len(raw)) || sum != hex.EncodeToString(want[:]) {
			rt.Fatal(sum, size, err)
		}
		if got, err := d.Read(sum); err != nil || !bytes.Equal(got, raw) {
			rt.Fatal(got, err)
		}
		if n, err := d.Stat(sum); err != nil || n != size {
			rt.Fatal(n, err)
		}
	})
}

func TestEveryDamageIsSeenAndHealed(t *testing.T) {
	d, raw := disk(t), []byte(strings.Repeat("dowód ", 50))
	sum, _, err := d.Put(t.Context(), bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	path, _ := d.path(sum)
	rapid.Check(t, func(rt *rapid.T) {
		bad := bytes.Clone(raw)
		switch rapid.IntRange(0, 2).Draw(rt, "damage") {
		case 0:
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		case 1:
			bad = bad[:rapid.IntRange(0, len(bad)-1).Draw(rt, "cut")]
		default:
			bad = append(bad, rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(rt, "tail")...)
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			rt.Fatal(err)
		}
		if _, err := d.Read(sum); !errors.Is(err, ErrCorrupt) {
			rt.Fatalf("damage not seen: %v", err)
		}
		if _, _, err := d.Put(t.Context(), bytes.NewReader(raw)); err != nil {
			rt.Fatal(err)
		}
		if got, err := d.Read(sum); err != nil || !bytes.Equal(got, raw) {
			rt.Fatalf("not healed: %v", err)
		}
	})
}

func TestManyPutTheSameAtOnce(t *testing.T) {
	d, raw := disk(t), bytes.Repeat([]byte("x"), 1<<20)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			sum, _, err := d.Put(t.Context(), iotest.HalfReader(bytes.NewReader(raw)))
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := d.Read(sum); err != nil || len(got) != len(raw) {
				t.Error(len(got), err)
			}
		})
	}
	wg.Wait()
	empty(t, d)
}

func empty(t *testing.T, d *Disk) {
	t.Helper()
	if left, err := os.ReadDir(d.temp()); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestBrokenOffPutLeavesNothing(t *testing.T) {
	d := disk(t)
	boom := errors.New("boom")
	if _, _, err := d.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.Put(ctx, strings.NewReader("never")); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	empty(t, d)
	if all, _ := os.ReadDir(d.dir); len(all) != 1 {
		t.Errorf("files: %v", all)
	}
}

func TestFullDiskIsAFaultToTryLater(t *testing.T) {
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0) // writing here fails as on a full disk
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, _, err = write(t.Context(), f, strings.NewReader("x"))
	err = explain("store file", err)
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Unavailable || e.Code != "blob.full" {
		t.Fatal(err)
	}
}

func TestNobodysAddressLeadsNowhere(t *testing.T) {
	d := disk(t)
	if err := os.WriteFile(filepath.Join(d.dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sum := range []string{"", "secret", "../secret", strings.Repeat("../", 22), strings.Repeat("A", 64),
		strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 63) + "\n"} {
		if _, err := d.Read(sum); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q read: %v", sum, err)
		}
		if _, err := d.Stat(sum); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q stat: %v", sum, err)
		}
	}
}

func TestRemoveTwiceAndOldLeftoversGo(t *testing.T) {
	d := disk(t)
	sum, _, err := d.Put(t.Context(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Remove(sum); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Stat(sum); !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	old, fresh := filepath.Join(d.temp(), "put-old"), filepath.Join(d.temp(), "put-fresh")
	for _, p := range []string{old, fresh} {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ago := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, ago, ago); err != nil {
		t.Fatal(err)
	}
	if _, err := New(d.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Error("an old leftover stayed")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("another process's file went", err)
	}
}
