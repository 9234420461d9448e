package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"chop/internal/access"
)

// unpack writes the bundle's files into a new folder.
func unpack(t *testing.T, raw []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, f.Name), body)
	}
	return dir
}

func put(t *testing.T, path string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(dir string, args ...string) (string, error) {
	c := exec.Command(args[0], args[1:]...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestStrangersCanCheckTheBundle(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for i := range 6 { // so that the proof has a few steps
			c := capture(fmt.Sprint(i))
			c.Ref.ID = fmt.Sprint(i)
			w.preserve(t, system(t), c)
			w.sign(t)
		}
		lawyer := as(t, "Mecenas", access.Lawyer)
		c := capture("<p>To oszuści</p>", "drugi plik", "")
		e := w.preserve(t, lawyer, c)
		var out bytes.Buffer
		if err := w.Export(lawyer, "a", e.ID, &out); err != nil {
			t.Fatal(err)
		}
		dir := unpack(t, out.Bytes())
		if got, err := run(dir, "sha256sum", "-c", "SHA256SUMS"); err != nil {
			t.Error(got, err)
		}
		if got, err := run(dir, "bash", "check.sh"); err != nil || !strings.HasSuffix(got, "ALL HOLDS\n") {
			t.Error(got, err)
		}
		for _, f := range c.Files {
			if got, err := os.ReadFile(filepath.Join(dir, "files", f.Name)); err != nil || !bytes.Equal(got, f.Body) {
				t.Error(f.Name, err)
			}
		}
		manifest(t, dir)
		for file, words := range map[string][]string{
			"CZYTAJ.txt":  {"DOWÓD D-007", "CZEGO TO NIE POKAZUJE", w.log.VerifierKey()},
			"README.txt":  {"EXHIBIT D-007", "WHAT THIS DOES NOT SHOW", w.log.VerifierKey()},
			"custody.txt": {"2026-11-21T23:52:00.000000Z\tMecenas (u-Mecenas)\texhibit.preserved", "exhibit.exported"},
		} {
			raw, err := os.ReadFile(filepath.Join(dir, file))
			for _, word := range words {
				if err != nil || !strings.Contains(string(raw), word) {
					t.Errorf("%s lacks %q: %v", file, word, err)
				}
			}
		}
		tamperWithBundle(t, out.Bytes())
	})
}

func manifest(t *testing.T, dir string) {
	t.Helper()
	var m map[string]any
	raw, err := os.ReadFile(filepath.Join(dir, "capture.json"))
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"format": "chop/capture/1", "code": "D-007", "sealed_at": "2026-11-21T23:52:00.000000Z",
		"provenance_level": "L1", "cause": "before:hide", "clock": "machine clock, not confirmed by a timestamp authority"} {
		if m[key] != want {
			t.Errorf("%s is %v", key, m[key])
		}
	}
}

// A clever forger makes SHA256SUMS anew; the checks of the manifest, the commitment, the proof and the signature stay.
func tamperWithBundle(t *testing.T, raw []byte) {
	t.Helper()
	edit := func(file, old, new string) func(dir string) {
		return func(dir string) {
			path := filepath.Join(dir, file)
			body, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(body, []byte(old)) {
				t.Fatalf("%s has no %q: %v", file, old, err)
			}
			put(t, path, bytes.Replace(body, []byte(old), []byte(new), 1))
		}
	}
	for name, c := range map[string]struct {
		change func(dir string)
		says   string
	}{
		"a file":        {edit("files/plik-0 ż.html", "oszuści", "uczciwi"), "is not what capture.json lists"},
		"one file more": {func(dir string) { put(t, filepath.Join(dir, "files/x"), []byte("x")) }, "is not what capture.json lists"},
		"one file less": {func(dir string) { _ = os.Remove(filepath.Join(dir, "files/plik-1 ż.html")) }, "another number of files"},
		"names swapped": {func(dir string) {
			f := filepath.Join(dir, "files")
			_ = os.Rename(f+"/plik-0 ż.html", f+"/x")
			_ = os.Rename(f+"/plik-1 ż.html", f+"/plik-0 ż.html")
			_ = os.Rename(f+"/x", f+"/plik-1 ż.html")
		}, "is not what capture.json lists"},
		"the manifest":   {edit("capture.json", "before:hide", "before:show"), "commitment.txt is of another manifest"},
		"the commitment": {edit("commitment.txt", "commitment/v1", "commitment/v2"), "the proof does not lead to the signed root"},
		"the index":      {edit("exhibit.tlog-proof", "index ", "index 1"), "FAIL"},
		"the size":       {edit("checkpoint", "\n", "\n1"), "checkpoint differs"},
		"the name":       {edit("exhibit.tlog-proof", "\n\nchop.", "\n\nchip."), "signature"},
		"the proof":      {edit("exhibit.tlog-proof", "=\n", "=\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), "FAIL"},
		"the key":        {says: "FAIL"},
	} {
		dir := unpack(t, raw)
		if name == "the key" { // whatever the key's first letters are
			body, _ := os.ReadFile(filepath.Join(dir, "ledger.vkey"))
			body[len(body)-9] ^= 1
			put(t, filepath.Join(dir, "ledger.vkey"), body)
		} else {
			c.change(dir)
		}
		if got, err := run(dir, "sha256sum", "--quiet", "-c", "SHA256SUMS"); name != "one file more" && err == nil {
			t.Errorf("%s: sha256sum saw nothing: %s", name, got)
		}
		resum(t, dir)
		if got, err := run(dir, "bash", "check.sh"); err == nil || strings.Contains(got, "ALL HOLDS") || !strings.Contains(got, c.says) {
			t.Errorf("%s: %v: %s", name, err, got)
		}
	}
}

func resum(t *testing.T, dir string) {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "SHA256SUMS" {
			return err
		}
		body, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256(body), name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(lines)
	put(t, filepath.Join(dir, "SHA256SUMS"), []byte(strings.Join(lines, "")))
}
