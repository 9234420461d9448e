package browser_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"chop/internal/browser"
	"chop/internal/fault"
)

const letter = `<!doctype html><html lang="pl"><meta charset="utf-8"><title>Pakiet dowodowy</title><body>
<h1>Zażółć gęślą jaźń — „cytat”</h1><p style="break-before: page">Druga strona</p><h2 style="break-before: page">Trzecia</h2>
<img alt="" src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="></body></html>`

func TestPrintedPagesAreA4NumberedAndReadable(t *testing.T) {
	pdf, err := browser.Print(t.Context(), []byte(letter))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(tool(t, "pdftotext", "-layout", path, "-"), " ", "")
	for _, want := range []string{"Zażółć gęślą jaźń — „cytat”", "Druga strona", "Trzecia", "1 / 3", "3 / 3"} {
		if !strings.Contains(text, strings.ReplaceAll(want, " ", "")) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if info := tool(t, "pdfinfo", path); !strings.Contains(info, "A4") || !strings.Contains(info, "Pages:           3") {
		t.Error(info)
	}
	for _, line := range strings.Split(strings.TrimSpace(tool(t, "pdffonts", path)), "\n")[2:] {
		// name type encoding emb sub uni object ID
		if f := strings.Fields(line); len(f) < 6 || f[len(f)-5] != "yes" {
			t.Errorf("a font is not embedded: %s", line)
		}
	}
	if out := tool(t, "qpdf", "--check", path); !strings.Contains(out, "No syntax or stream encoding errors found") {
		t.Error(out)
	}
}

// tool runs a foreign program; a machine without it fails the test.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%s is missing: run make deps", name)
	}
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

func TestADocumentBeingPrintedReachesNothing(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer s.Close()
	secret := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(secret, []byte("TAJEMNICA"), 0o644); err != nil {
		t.Fatal(err)
	}
	doc := strings.NewReplacer("URL", s.URL, "FILE", "file://"+secret).Replace(`<!doctype html><meta charset="utf-8">
		<link rel="stylesheet" href="URL/a.css"><link rel="preconnect" href="URL"><style>@font-face { font-family: x; src: url(URL/x.woff2) } p { font-family: x }</style>
		<meta http-equiv="refresh" content="0; url=URL/next"><p>Treść</p><img src="URL/a.png"><iframe src="URL/b"></iframe><iframe src="FILE"></iframe>
		<object data="FILE"></object><embed src="FILE"><script>document.body.append("SKRYPT"); fetch("URL/c"); location = "URL/d"</script>`)
	pdf, err := browser.Print(t.Context(), []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	text := tool(t, "pdftotext", path, "-")
	if !strings.Contains(text, "Treść") || strings.Contains(text, "TAJEMNICA") || strings.Contains(text, "SKRYPT") || asked.Load() != 0 {
		t.Errorf("%d requests, text %q", asked.Load(), text)
	}
}

func TestNothingIsLeftOfABrowser(t *testing.T) {
	t.Setenv("TMPDIR", open(t))
	if _, err := browser.Print(t.Context(), []byte(letter)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := browser.Print(ctx, []byte(letter)); err == nil {
		t.Error("printed after the end")
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) != 0 {
		t.Error(left, err)
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if raw, err := os.ReadFile(l); err == nil && bytes.Contains(raw, []byte(os.Getenv("TMPDIR"))) {
			t.Errorf("%s still runs: %q", l, raw)
		}
	}
}

// open is a folder that any account may enter, as /tmp is.
func open(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chop-test-")
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestAnEmptyDocumentIsNotPrinted(t *testing.T) {
	if _, err := browser.Print(t.Context(), nil); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func TestAMachineWithoutABrowserSaysSo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := browser.Print(t.Context(), []byte(letter))
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "browser.missing" {
		t.Error(err)
	}
}
