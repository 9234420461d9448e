package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Files from elsewhere are the ones we looked at, and each has its licence beside it.
func TestVendoredFilesAreUnchanged(t *testing.T) {
	list, err := os.ReadFile("vendored.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "  ")
		if len(f) != 4 {
			t.Fatalf("line %q", line)
		}
		body, err := files.ReadFile("files/" + f[1])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != f[0] {
			t.Errorf("%s changed", f[1])
		}
		listed[f[1]] = true
	}
	for name := range table() {
		if path.Ext(name) == ".woff2" && !listed[name] {
			t.Errorf("%s is not in vendored.txt", name)
		}
	}
	if len(listed) != 5 {
		t.Errorf("%d files listed", len(listed))
	}
}

func get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestServing(t *testing.T) {
	for name, a := range table() {
		res := get(t, URL(name))
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != 200 || !bytes.Equal(body, Read(name)) || res.Header.Get("Content-Type") != a.kind || a.kind == "" {
			t.Errorf("%s: %d %s", name, res.StatusCode, res.Header)
		}
		if !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, res.Header)
		}
		if again := get(t, URL(name), "If-None-Match", res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %d on the second visit", name, again.StatusCode)
		}
		if plain := get(t, Prefix+name); plain.StatusCode != 200 || plain.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s by its bare name: %d %v", name, plain.StatusCode, plain.Header)
		}
	}
}

func TestCompression(t *testing.T) {
	res := get(t, URL("chop.css"), "Accept-Encoding", "br, gzip")
	if res.Header.Get("Content-Encoding") != "gzip" || res.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatal(res.Header)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(body, Read("chop.css")) {
		t.Error("another style sheet came out")
	}
	for _, h := range []string{"", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"} {
		if get(t, URL("chop.css"), "Accept-Encoding", h).Header.Get("Content-Encoding") != "" {
			t.Errorf("%q got gzip", h)
		}
	}
	if get(t, URL("fonts/hanken-latin.woff2"), "Accept-Encoding", "gzip").Header.Get("Content-Encoding") != "" {
		t.Error("a font was compressed twice")
	}
}

func TestRefusals(t *testing.T) {
	for _, p := range []string{"/static/", "/static/none.css", "/static/../static.go", "/static/base.css", "/static/fonts/OFL.txt", "/static/chop.0000000000000000.css"} {
		if res := get(t, p); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", p, res.StatusCode)
		}
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, URL("chop.css"), nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	w = httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodHead, URL("chop.css"), nil))
	if w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestNothingLeadsOutside(t *testing.T) {
	css := string(Read("chop.css"))
	for _, m := range regexp.MustCompile(`url\(([^)]*)\)`).FindAllStringSubmatch(css, -1) {
		if get(t, m[1]).StatusCode != 200 {
			t.Errorf("style sheet names %s", m[1])
		}
	}
	outside := regexp.MustCompile(`(https?:)?//[a-z0-9-]+\.[a-z]|@import|\beval\(|new Function|innerHTML|document\.write`)
	for name := range table() {
		if path.Ext(name) == ".woff2" {
			continue
		}
		body := bytes.ReplaceAll(Read(name), []byte("http://www.w3.org/2000/svg"), nil)
		if m := outside.Find(body); m != nil {
			t.Errorf("%s holds %s", name, m)
		}
	}
}

func TestSpriteAndManifestAreWellFormed(t *testing.T) {
	d := xml.NewDecoder(bytes.NewReader(Read("icons.svg")))
	seen := map[string]bool{}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := tok.(xml.StartElement); ok && s.Name.Local == "symbol" {
			for _, a := range s.Attr {
				if a.Name.Local == "id" {
					if seen[a.Value] {
						t.Errorf("%s twice", a.Value)
					}
					seen[a.Value] = true
				}
			}
		}
	}
	if len(seen) < 120 || !seen["g-calm"] || !seen["g-attn"] || !seen["g-crisis"] {
		t.Errorf("%d symbols", len(seen))
	}
	var m struct {
		Icons []struct{ Src string }
	}
	if err := json.Unmarshal(Read("site.webmanifest"), &m); err != nil || len(m.Icons) == 0 || get(t, m.Icons[0].Src).StatusCode != 200 {
		t.Errorf("manifest %v %v", m, err)
	}
}

func TestUnknownNamePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a misspelt name went unseen")
		}
	}()
	URL("chop.cs")
}
