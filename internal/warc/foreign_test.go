package warc_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chop/internal/warc"
	"chop/test/browser"
)

const readers = "../../.cache/warc-readers"

// run gives a program's output and whether it ended well. A machine without the program fails the test.
func run(t *testing.T, name string, args ...string) (string, bool) {
	t.Helper()
	c := exec.Command(name, args...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v: run make deps", name, err)
	}
	return string(out), err == nil
}

func node(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	if _, err := os.Stat(readers + "/node_modules/warcio/package.json"); err != nil {
		t.Fatalf("%v: run make deps", err)
	}
	return run(t, "node", args...)
}

func save(t *testing.T, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWarcioReadsTheArchive(t *testing.T) {
	m := build(t)
	path := save(t, "data.warc.gz", m.data)
	cli := readers + "/node_modules/warcio/dist/cli.js"
	out, ok := node(t, cli, "index", path)
	if !ok || strings.Count(out, "\n") != m.w.Count() {
		t.Errorf("%v %s", ok, out)
	}
	if out, ok = node(t, "testdata/digests.cjs", readers, path); !ok || strings.TrimSpace(out) != "14" {
		t.Errorf("%v %s", ok, out)
	}
	out, ok = node(t, cli, "cdx-index", "--format", "cdxj", path)
	if !ok {
		t.Fatal(out)
	}
	sameIndex(t, m, out)
}

// sameIndex holds our index against a foreign one. Ours leaves out what was posted, and adds a digest of each record.
func sameIndex(t *testing.T, m made, foreign string) {
	t.Helper()
	own, err := m.w.Index()
	if err != nil {
		t.Fatal(err)
	}
	lines := func(s string) (list []string) {
		for l := range strings.Lines(s) {
			key, rest, _ := strings.Cut(l, " ")
			stamp, raw, _ := strings.Cut(rest, " ")
			var v map[string]string
			if err := json.Unmarshal([]byte(raw), &v); err != nil {
				t.Fatal(l, err)
			}
			if v["method"] != "" {
				continue
			}
			delete(v, "recordDigest")
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, key+" "+stamp+" "+string(b))
		}
		slices.Sort(list)
		return list
	}
	if a, b := lines(string(own)), lines(foreign); !slices.Equal(a, b) || len(a) != 6 {
		t.Errorf("ours:\n%s\nforeign:\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

func TestWarcioFindsChangesButNotACutBetweenRecords(t *testing.T) {
	m := build(t)
	bad := bytes.Clone(m.data)
	bad[len(bad)/2] ^= 4
	if out, ok := node(t, "testdata/digests.cjs", readers, save(t, "bad.warc.gz", bad)); ok && strings.TrimSpace(out) == "14" {
		t.Errorf("a changed byte passed: %s", out)
	}
	// The trap: a file cut at the end of a record is sound for everybody. Only the count tells.
	last := bytes.LastIndex(m.data, []byte{0x1f, 0x8b, 8})
	out, ok := node(t, "testdata/digests.cjs", readers, save(t, "cut.warc.gz", m.data[:last]))
	if !ok || strings.TrimSpace(out) != "13" {
		t.Errorf("the trap is gone, the docs are to be changed: %v %s", ok, out)
	}
	if list, err := read(m.data[:last]); err != nil || len(list) == m.w.Count() {
		t.Error(len(list), err)
	}
}

func TestJSWaczMakesTheSameIndex(t *testing.T) {
	m := build(t)
	out := filepath.Join(t.TempDir(), "x.wacz")
	if said, ok := node(t, readers+"/node_modules/@harvard-lil/js-wacz/bin/cli.js", "create", "-f", save(t, "data.warc.gz", m.data), "-o", out); !ok {
		t.Fatal(said)
	}
	z, err := zip.OpenReader(out)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("indexes/index.cdx")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	sameIndex(t, m, string(raw))
}

// repack changes one file of a package.
func repack(t *testing.T, raw []byte, name string, change func([]byte) []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, found := zip.NewWriter(&out), false
	put := func(name string, body []byte) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == name {
			found = true
			if body = change(body); body == nil {
				continue
			}
		}
		put(f.Name, body)
	}
	if !found {
		put(name, change(nil))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOrdinaryToolsCheckThePackage(t *testing.T) {
	m := build(t)
	out, ok := run(t, "bash", "testdata/check_wacz.sh", save(t, "a.wacz", m.wacz))
	for _, want := range []string{"FILES-OK", "LIST-OK", "DIGEST-OK", "SIGNATURE-OK"} {
		if !ok || !strings.Contains(out, want) {
			t.Fatalf("%v %s", ok, out)
		}
	}
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b }
	in := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
	}
	for name, bad := range map[string][]byte{
		"archive":   repack(t, m.wacz, "archive/data.warc.gz", flip),
		"index":     repack(t, m.wacz, "indexes/index.cdx", flip),
		"pages":     repack(t, m.wacz, "pages/pages.jsonl", in("12", "13")),
		"list":      repack(t, m.wacz, "datapackage.json", in("ChOP 1.2.3", "ChOP 1.2.4")),
		"signature": repack(t, m.wacz, "datapackage-digest.json", in(`"signature": "`, `"signature": "AAAA`)),
		"added":     repack(t, m.wacz, "extra.txt", func([]byte) []byte { return []byte("x") }),
		"left out":  repack(t, m.wacz, "page.txt", func([]byte) []byte { return nil }),
	} {
		if out, ok := run(t, "bash", "testdata/check_wacz.sh", save(t, "bad.wacz", bad)); ok {
			t.Errorf("%s: passes ordinary tools: %s", name, out)
		}
		if _, err := warc.Open(bad); err == nil {
			t.Errorf("%s: passes our own reader", name)
		}
	}
	if o, err := warc.Open(repack(t, m.wacz, "page.txt", func(b []byte) []byte { return b })); err != nil || len(o.Records) != 14 {
		t.Error("packed anew without a change, and yet refused", err)
	}
}

// Others' player shows the page. That is no check of integrity: the player showed altered archives without complaint when
// it was tried; it shows that a reader of the package sees what the visitor saw.
func TestReplayWebPageShowsThePage(t *testing.T) {
	m := build(t)
	player := readers + "/replaywebpage-2.5.3"
	if _, err := os.Stat(player + "/ui.js"); err != nil {
		t.Fatalf("%v: run make deps", err)
	}
	dir := t.TempDir()
	const index = `<!doctype html><meta charset="utf-8"><script src="/ui.js"></script><replay-web-page style="height: 700px; display: block" source="/a.wacz"
		url="https://www.forum.example/watek/12?b=2&a=1" replayBase="/replay/" embed="full"></replay-web-page>`
	for name, body := range map[string][]byte{"a.wacz": m.wacz, "index.html": []byte(index)} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir))) // answers Range
	mux.HandleFunc("/ui.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, player+"/ui.js") })
	mux.HandleFunc("/replay/sw.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, player+"/sw.js") })
	s := httptest.NewServer(mux)
	defer s.Close()
	tab := browser.Open(t)
	tab.Go(s.URL + "/")
	// The page stands in frames within shadow trees.
	tab.Until(`(function find(root) {
		if (root.body?.innerText?.includes("To oszuści, zażółć gęślą jaźń")) return true;
		for (const e of root.querySelectorAll("*")) {
			if (e.shadowRoot && find(e.shadowRoot)) return true;
			try { if (e.contentDocument && find(e.contentDocument)) return true } catch {}
		}
		return false;
	})(document)`)
}
