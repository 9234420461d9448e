package dossier_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chop/internal/db/dbtest"
	"chop/internal/dossier"
	"chop/internal/dossier/check"
	"chop/internal/evidence"
)

// alone is the room on SQLite: these tests are about the package, which is the same on both databases.
func alone(t testing.TB) *world {
	clock := dbtest.NewClock()
	return build(t, dbtest.OpenSQLite(t, clock.Now), clock)
}

// sample is a package of eight exhibits, one of them with a picture, and a state of the log from before.
func sample(t *testing.T, w *world) (path string, earlier []byte) {
	t.Helper()
	w.exhibit(1)
	earlier = must(w.Ledger.Checkpoint(w.system)).Note
	var ids []string
	for n := range 8 {
		var more []evidence.File
		if n == 3 {
			more = []evidence.File{{Name: "zrzut.png", Media: "image/png", Body: picture()}}
		}
		ids = append(ids, w.exhibit(n+2, more...).ID)
	}
	o := w.order()
	o.Exhibits = ids
	return w.download(w.ready(o)), earlier
}

// content is the files of a zip by a lenient reader: what anybody would unpack.
func content(raw []byte) map[string]string {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil
	}
	m := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil
		}
		body, err := io.ReadAll(r)
		if err != nil {
			return nil
		}
		m[f.Name] += string(body)
		_ = r.Close()
	}
	return m
}

// spoil changes a file's bytes in one of the ways in which files go wrong or are made to.
func spoil(r *rand.Rand, b []byte) (string, []byte) {
	b = bytes.Clone(b)
	at := r.IntN(len(b))
	switch r.IntN(6) {
	case 0, 1:
		b[at] ^= 1 << r.IntN(8)
		return "flip a bit", b
	case 2:
		b[at] += byte(1 + r.IntN(255))
		return "change a byte", b
	case 3:
		return "truncate", b[:at]
	case 4:
		return "insert", slices.Insert(b, at, byte(r.IntN(256)))
	}
	end := min(len(b), at+1+r.IntN(64))
	return "cut out", slices.Delete(b, at, end)
}

func TestTwoThousandSpoiledPackagesAreAllNoticed(t *testing.T) {
	w := alone(t)
	path, _ := sample(t, w)
	whole := must(os.ReadFile(path))
	if r, err := check.Verify(path, check.Trust{}); err != nil || !r.Holds || r.Exhibits != 8 {
		t.Fatalf("%+v, %v", r.Failed(), err)
	}
	files := content(whole)
	r := rand.New(rand.NewPCG(6, 7))
	kinds, wrapper := map[string]int{}, 0
	for done := 0; done < 2000; {
		kind, bad := spoil(r, whole)
		if bytes.Equal(bad, whole) {
			continue
		}
		done++
		kinds[kind]++
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := check.Verify(path, check.Trust{})
		switch same := maps.Equal(content(bad), files); {
		case err != nil || !got.Holds:
		case same && got.Repacked: // no file changed, and the receipt says that the zip around them did
			wrapper++
		default:
			t.Fatalf("%s (%d) passes; the files are the same: %v", kind, done, same)
		}
	}
	t.Logf("2000 spoiled packages of %d bytes, all noticed: %v; %d of them changed the zip only and are remarked upon", len(whole), kinds, wrapper)
}

// deed is a change of an unpacked package that somebody might make.
type deed struct {
	name string
	do   func(r *rand.Rand, dir string, files []string) error
}

func deeds(earlier []byte) []deed {
	pick := func(r *rand.Rand, files []string) string { return files[r.IntN(len(files))] }
	onFile := func(change func(r *rand.Rand, b []byte) []byte) func(*rand.Rand, string, []string) error {
		return func(r *rand.Rand, dir string, files []string) error {
			p := filepath.Join(dir, pick(r, files))
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			return os.WriteFile(p, change(r, b), 0o600)
		}
	}
	return []deed{
		{"spoil a file", onFile(func(r *rand.Rand, b []byte) []byte { _, b = spoil(r, b); return b })},
		{"empty a file", onFile(func(*rand.Rand, []byte) []byte { return nil })},
		{"append to a file", onFile(func(_ *rand.Rand, b []byte) []byte { return append(bytes.Clone(b), '\n') })},
		{"drop a file", func(r *rand.Rand, dir string, files []string) error {
			return os.Remove(filepath.Join(dir, pick(r, files)))
		}},
		{"drop an exhibit", func(r *rand.Rand, dir string, _ []string) error {
			return os.RemoveAll(filepath.Join(dir, fmt.Sprintf("data/D-%03d", 2+r.IntN(8))))
		}},
		{"rename a file", func(r *rand.Rand, dir string, files []string) error {
			p := filepath.Join(dir, pick(r, files))
			return os.Rename(p, p+"x")
		}},
		{"add a file", func(r *rand.Rand, dir string, files []string) error {
			return os.WriteFile(filepath.Join(dir, filepath.Dir(pick(r, files)), "nowy.txt"), []byte("x"), 0o600)
		}},
		{"swap two files", func(r *rand.Rand, dir string, _ []string) error {
			a := filepath.Join(dir, fmt.Sprintf("data/D-%03d/files/item.json", 2+r.IntN(4)))
			b := filepath.Join(dir, fmt.Sprintf("data/D-%03d/files/item.json", 6+r.IntN(4)))
			return swap(a, b)
		}},
		{"swap two exhibits", func(r *rand.Rand, dir string, _ []string) error {
			return swap(filepath.Join(dir, fmt.Sprintf("data/D-%03d", 2+r.IntN(4))), filepath.Join(dir, fmt.Sprintf("data/D-%03d", 6+r.IntN(4))))
		}},
		{"reorder a manifest", func(_ *rand.Rand, dir string, _ []string) error {
			p := filepath.Join(dir, "manifest-sha256.txt")
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			lines := slices.Collect(strings.Lines(string(b)))
			slices.Reverse(lines)
			return os.WriteFile(p, []byte(strings.Join(lines, "")), 0o600)
		}},
		{"roll the log back", func(_ *rand.Rand, dir string, _ []string) error {
			return os.WriteFile(filepath.Join(dir, "log/checkpoint"), earlier, 0o600)
		}},
	}
}

func swap(a, b string) error {
	t := a + ".tmp"
	for _, m := range [][2]string{{a, t}, {b, a}, {t, b}} {
		if err := os.Rename(m[0], m[1]); err != nil {
			return err
		}
	}
	return nil
}

func listed(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var rel string
			rel, err = filepath.Rel(dir, p)
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// foreign is what other people's programs say of an unpacked package; they are believed by their words where their exit
// codes lie.
var foreign = []struct {
	name  string
	holds func(t *testing.T, dir string) bool
}{
	{"sha256sum -c", func(t *testing.T, dir string) bool {
		_, ok := run(t, dir, "sha256sum", "--strict", "--quiet", "-c", "manifest-sha256.txt", "tagmanifest-sha256.txt")
		return ok
	}},
	{"openssl cms -cades", func(t *testing.T, dir string) bool {
		said, ok := run(t, dir, "openssl", "cms", "-verify", "-binary", "-cades", "-purpose", "any", "-no_check_time", "-inform", "PEM",
			"-in", "signatures/tagmanifest-sha256.txt.p7s", "-content", "tagmanifest-sha256.txt", "-CAfile", "signatures/seal-chain.pem", "-out", os.DevNull)
		return ok && strings.Contains(said, "CAdES Verification successful")
	}},
	{"pdfsig (both covers)", func(t *testing.T, dir string) bool {
		for _, name := range []string{dossier.CoverPL, dossier.CoverEN} {
			if said, _ := run(t, dir, "pdfsig", "-nocert", name); !strings.Contains(said, "Signature is Valid.") || !strings.Contains(said, "Total document signed") {
				return false
			}
		}
		return true
	}},
	{"qpdf --check (both covers)", func(t *testing.T, dir string) bool {
		for _, name := range []string{dossier.CoverPL, dossier.CoverEN} {
			if said, ok := run(t, dir, "qpdf", "--check", name); !ok || !strings.Contains(said, "No syntax or stream encoding errors") {
				return false
			}
		}
		return true
	}},
	{"sprawdz.sh", func(t *testing.T, dir string) bool {
		said, ok := run(t, dir, "bash", "sprawdz.sh")
		return ok && strings.Contains(said, "WSZYSTKO SIĘ ZGADZA / ALL HOLDS")
	}},
}

// TestSpoiledFoldersAgainstOtherPeoplesPrograms: every deed is noticed by our check, and sprawdz.sh, which is made of public
// programs only, notices all that does not touch the script itself; how many each program alone notices is logged.
func TestSpoiledFoldersAgainstOtherPeoplesPrograms(t *testing.T) {
	w := alone(t)
	path, earlier := sample(t, w)
	sound := unpack(t, path)
	for _, f := range foreign {
		if !f.holds(t, sound) {
			t.Errorf("%s does not accept a sound package", f.name)
		}
	}
	r := rand.New(rand.NewPCG(8, 9))
	noticed, all := map[string]int{}, deeds(earlier)
	const times = 3
	for range times {
		for _, x := range all {
			dir := filepath.Join(t.TempDir(), "pakiet")
			if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
				t.Fatal(err)
			}
			files := slices.DeleteFunc(listed(t, dir), func(n string) bool { return n == "sprawdz.sh" })
			if err := x.do(r, dir, files); err != nil {
				t.Fatalf("%s: %v", x.name, err)
			}
			if got, err := check.Verify(dir, check.Trust{}); err == nil && got.Holds {
				t.Errorf("%s: our check notices nothing", x.name)
			}
			for _, f := range foreign {
				if !f.holds(t, dir) {
					noticed[f.name]++
				} else if f.name == "sprawdz.sh" {
					t.Errorf("%s: sprawdz.sh notices nothing", x.name)
				}
			}
		}
	}
	for _, f := range foreign {
		t.Logf("%s: %d of %d deeds noticed", f.name, noticed[f.name], times*len(all))
	}
}

// TestReplacedSealOrLogIsNoticedByWhoeverKnowsTheRightOne: somebody who makes the whole package anew with a seal and a log of
// their own passes every computation, and is caught by comparing.
func TestReplacedSealOrLogIsNoticedByWhoeverKnowsTheRightOne(t *testing.T) {
	mine := alone(t)
	path, _ := sample(t, mine)
	right, err := check.Verify(path, check.Trust{})
	if err != nil || !right.Holds {
		t.Fatal(right.Failed(), err)
	}
	forged, _ := sample(t, alone(t))
	if r, err := check.Verify(forged, check.Trust{}); err != nil || !r.Holds || r.Seal == right.Seal || r.Key == right.Key {
		t.Fatalf("the other package: %v %v", r.Failed(), err)
	}
	for _, trust := range []check.Trust{{Seal: right.Seal}, {Key: right.Key}} {
		if r, err := check.Verify(forged, trust); err != nil || r.Holds {
			t.Errorf("it passes against %+v, %v", trust, err)
		}
		if r, err := check.Verify(path, trust); err != nil || !r.Holds {
			t.Errorf("the right one fails against %+v: %v, %v", trust, r.Failed(), err)
		}
	}
}
