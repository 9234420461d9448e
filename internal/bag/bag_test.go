package bag_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/bag"
)

var noon = time.Date(2026, 11, 22, 12, 0, 1, 0, time.UTC)

var files = map[string]string{"data/D-001/files/zażółć.txt": "gęślą\n", "data/D-001/capture.json": "{}\n", "data/D-002/files/a.bin": "\x00\x01", "README.md": "read\n"}

const sealFile = "signatures/seal"

func loose(path string) bool { return path == sealFile }

func made(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := bag.NewWriter(&b, "pakiet", noon)
	for _, name := range []string{"README.md", "data/D-001/capture.json", "data/D-001/files/zażółć.txt", "data/D-002/files/a.bin"} {
		if err := w.Add(name, []byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	err := w.Close([]bag.Field{{Name: "Contact-Name", Value: "two\nlines"}}, func(tags []byte) (map[string][]byte, error) {
		return map[string][]byte{sealFile: fmt.Appendf(nil, "%d", len(tags))}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func keep(t *testing.T, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// check opens and checks; what cannot be opened is one problem.
func check(t *testing.T, path string) bag.Report {
	t.Helper()
	s, err := bag.Open(path)
	if err != nil {
		return bag.Report{Problems: []bag.Problem{{Code: "open", Why: err.Error()}}}
	}
	defer s.Close()
	return bag.Check(s, loose)
}

func unpack(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("unzip", "-q", path, "-d", dir).CombinedOutput(); err != nil {
		t.Fatalf("unzip: %v\n%s", err, out)
	}
	return filepath.Join(dir, "pakiet")
}

func TestBagHoldsPackedUnpackedAndForSha256sum(t *testing.T) {
	path := keep(t, made(t))
	r := check(t, path)
	if !r.Holds() || r.Info["Contact-Name"] != "two lines" || r.Info["Payload-Oxum"] != "14.3" {
		t.Errorf("packed: %+v", r)
	}
	s, err := bag.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if same, err := s.SameWrapper(); !same || err != nil {
		t.Errorf("the wrapper is not recognised: %v", err)
	}
	dir := unpack(t, path)
	if r := check(t, dir); !r.Holds() {
		t.Errorf("unpacked: %+v", r.Problems)
	}
	cmd := exec.Command("sha256sum", "--strict", "--quiet", "-c", bag.Manifest, bag.TagManifest)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
	info, err := os.Stat(filepath.Join(dir, "README.md"))
	if err != nil || !info.ModTime().UTC().Truncate(24*time.Hour).Equal(noon.Truncate(24*time.Hour)) {
		t.Errorf("unpacked with the time %v, %v", info.ModTime(), err)
	}
}

func TestBagPackedAgainHoldsAndIsSaidToBePackedAgain(t *testing.T) {
	dir := unpack(t, keep(t, made(t)))
	path := filepath.Join(t.TempDir(), "again.zip")
	cmd := exec.Command("zip", "-q", "-r", path, "pakiet")
	cmd.Dir = filepath.Dir(dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("zip: %v\n%s", err, out)
	}
	if r := check(t, path); !r.Holds() {
		t.Errorf("%+v", r.Problems)
	}
	s, err := bag.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if same, err := s.SameWrapper(); same || err != nil {
		t.Errorf("the wrapper of another program passes for ours: %v", err)
	}
}

func TestNoBitOfAZipChangesUnseen(t *testing.T) {
	whole := made(t)
	path := keep(t, whole)
	for i := range whole {
		for _, bit := range []byte{1, 0x20, 0x80} {
			bad := bytes.Clone(whole)
			bad[i] ^= bit
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if !check(t, path).Holds() {
				continue
			}
			s, err := bag.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			same, err := s.SameWrapper()
			sealed, _ := s.Read(sealFile)
			if same && err == nil && string(sealed) == fmt.Sprint(len(read(t, s, bag.TagManifest))) {
				t.Errorf("bit %x of byte %d of %d may change unseen", bit, i, len(whole))
			}
			_ = s.Close()
		}
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if check(t, path).Holds() {
			t.Errorf("cut to %d of %d bytes it still holds", n, len(whole))
		}
	}
}

func read(t *testing.T, s *bag.Source, name string) []byte {
	t.Helper()
	raw, err := s.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestEveryKindOfTamperingInAFolderHasItsName(t *testing.T) {
	for name, c := range map[string]struct {
		code string
		do   func(dir string) error
	}{
		"changed":          {bag.Changed, func(d string) error { return os.WriteFile(d+"/data/D-002/files/a.bin", []byte("xy"), 0o600) }},
		"grown":            {bag.Amount, func(d string) error { return os.WriteFile(d+"/data/D-002/files/a.bin", []byte("xyz"), 0o600) }},
		"dropped":          {bag.Missing, func(d string) error { return os.Remove(d + "/data/D-001/capture.json") }},
		"renamed":          {bag.Extra, func(d string) error { return os.Rename(d+"/README.md", d+"/README.txt") }},
		"added":            {bag.Extra, func(d string) error { return os.WriteFile(d+"/data/more", nil, 0o600) }},
		"added beside":     {bag.Extra, func(d string) error { return os.WriteFile(d+"/signatures/other", nil, 0o600) }},
		"manifest gone":    {bag.Missing, func(d string) error { return os.Remove(d + "/" + bag.Manifest) }},
		"manifest emptied": {bag.Extra, func(d string) error { return os.WriteFile(d+"/"+bag.Manifest, nil, 0o600) }},
		"declaration":      {bag.Unreadable, func(d string) error { return os.WriteFile(d+"/"+bag.Declaration, []byte("x"), 0o600) }},
		"swapped": {bag.Changed, func(d string) error {
			a, b := d+"/data/D-001/capture.json", d+"/data/D-002/files/a.bin"
			return firstOf(os.Rename(a, d+"/t"), os.Rename(b, a), os.Rename(d+"/t", b))
		}},
		"a link": {"open", func(d string) error {
			return firstOf(os.Remove(d+"/README.md"), os.Symlink("/etc/passwd", d+"/README.md"))
		}},
		"a clash of case": {"open", func(d string) error { return os.WriteFile(d+"/readme.MD", nil, 0o600) }},
		"a clash of forms": {"open", func(d string) error {
			return os.WriteFile(d+"/data/D-001/files/zaz\u0307o\u0301łc\u0301.txt", nil, 0o600)
		}},
		"hidden letters": {"open", func(d string) error { return os.WriteFile(d+"/data/a\u202egnp.exe", nil, 0o600) }},
	} {
		dir := unpack(t, keep(t, made(t)))
		if err := c.do(dir); err != nil {
			t.Fatal(err)
		}
		r := check(t, dir)
		if !slices.ContainsFunc(r.Problems, func(p bag.Problem) bool { return p.Code == c.code }) {
			t.Errorf("%s: %+v", name, r.Problems)
		}
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// trick makes a zip with the given entries and lets the test spoil it.
func trick(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTricksWithZipsAreRefused(t *testing.T) {
	bomb := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, _ := z.Create("x")
		_, _ = w.Write(make([]byte, 64<<20))
		_ = z.Close()
		return b.Bytes()
	}
	link := func() []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		h := &zip.FileHeader{Name: "x"}
		h.SetMode(os.ModeSymlink | 0o777)
		w, _ := z.CreateHeader(h)
		_, _ = io.WriteString(w, "/etc/passwd")
		_ = z.Close()
		return b.Bytes()
	}
	ours := made(t)
	for name, body := range map[string][]byte{
		"a name twice":      trick(t, "a", "a"),
		"a clash of case":   trick(t, "a", "A"),
		"out of the folder": trick(t, "../a"),
		"from the root":     trick(t, "/a"),
		"windows path":      trick(t, `a\b`),
		"a drive":           trick(t, "c:a"),
		"a device":          trick(t, "d/NUL.txt"),
		"a dot":             trick(t, "a/./b"),
		"a bomb":            bomb(),
		"a link":            link(),
		"bytes before":      append([]byte("MZ"), ours...),
		"bytes after":       append(bytes.Clone(ours), "x"...),
		"two zips":          append(bytes.Clone(ours), ours...),
		"other inner name":  bytes.Replace(ours, []byte("README.md"), []byte("readme.md"), 1),
		"no zip":            []byte("PK"),
		"empty":             nil,
	} {
		if _, err := bag.Open(keep(t, body)); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

func TestNamesThatCannotStandAreRefusedAndMadeSafe(t *testing.T) {
	for _, name := range []string{"", "a/../b", "/a", "a//b", "a\nb", "a%0Ab", " a", "a.", "-rf", "con", "data/lpt1.txt", "a\u200bb", "a:b", "\xff", strings.Repeat("x", 300)} {
		w := bag.NewWriter(io.Discard, "p", noon)
		if err := w.Add("data/"+name, nil); err == nil {
			t.Errorf("%q was taken", name)
		}
		w = bag.NewWriter(io.Discard, "p", noon)
		if err := w.Add("data/"+bag.SafeName(name), nil); err != nil {
			t.Errorf("%q made safe is %q: %v", name, bag.SafeName(name), err)
		}
	}
	w := bag.NewWriter(io.Discard, "p", noon)
	if err := firstOf(w.Add("data/Łódź", nil), w.Add("data/łódź", nil)); err == nil {
		t.Error("two names that are one on some systems were taken")
	}
}
