// Package static serves the style sheet, scripts, fonts and pictures of the pages from inside the program.
//
// Every file has an address with a hash of its content, so a browser may keep it for ever and never shows a page with
// yesterday's style. A test compares the files that come from elsewhere with vendored.txt.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed files
var files embed.FS

// Prefix is where Handler must be mounted.
const Prefix = "/static/"

// bundles are served as one file each.
var bundles = map[string][]string{
	"chop.css": {"base.css", "parts.css", "screens.css", "more.css"},
	"chop.js":  {"swap.js", "live.js", "chop.js"},
}

// asset is one file as it is served.
type asset struct {
	body, zipped []byte // zipped is nil where it would not help
	kind         string
	etag         string
	url          string
}

var table = sync.OnceValue(build)

// URL is the address of a file, e.g. URL("chop.css"); it panics on a name that does not exist, so that a test of any
// page finds a misspelt one.
func URL(name string) string {
	a, ok := table()[name]
	if !ok {
		panic("static: no file " + name)
	}
	return a.url
}

// Read is the content of a file as it is served; nil when there is none.
func Read(name string) []byte {
	if a, ok := table()[name]; ok {
		return a.body
	}
	return nil
}

// Handler answers below Prefix. An address with the right hash may be kept for ever; a bare name must be asked again.
func Handler() http.Handler {
	byPath := map[string]*asset{}
	for name, a := range table() {
		byPath[a.url] = a
		byPath[Prefix+name] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byPath[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		serve(w, r, a)
	})
}

func serve(w http.ResponseWriter, r *http.Request, a *asset) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if r.URL.Path == a.url {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, etag := a.body, a.etag
	if a.zipped != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, etag = a.zipped, a.etag+"-gz"
		h.Set("Content-Encoding", "gzip")
	}
	etag = `"` + etag + `"`
	h.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the reader went away: nothing to do about it
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" {
			q = strings.ReplaceAll(q, " ", "")
			return q != "q=0" && q != "q=0.0"
		}
	}
	return false
}

// build reads the embedded files; fonts and pictures first, because the style sheet names them by address.
func build() map[string]*asset {
	t := map[string]*asset{}
	parts := map[string]bool{}
	for _, names := range bundles {
		for _, n := range names {
			parts[n] = true
		}
	}
	err := fs.WalkDir(files, "files", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(p, "files/")
		if !parts[name] && kinds[path.Ext(name)] != "" {
			t[name] = newAsset(name, read(p))
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	for name, names := range bundles {
		var b bytes.Buffer
		for _, n := range names {
			b.Write(read("files/" + n))
			b.WriteByte('\n')
		}
		t[name] = newAsset(name, rewrite(b.Bytes(), t))
	}
	t["site.webmanifest"] = newAsset("site.webmanifest", rewrite(t["site.webmanifest"].body, t))
	return t
}

// rewrite replaces names in url(...) and "src" by addresses with a hash.
func rewrite(b []byte, t map[string]*asset) []byte {
	for name, a := range t {
		b = bytes.ReplaceAll(b, []byte("url("+name+")"), []byte("url("+a.url+")"))
		b = bytes.ReplaceAll(b, []byte(`"src": "`+name+`"`), []byte(`"src": "`+a.url+`"`))
	}
	return b
}

func read(p string) []byte {
	b, err := files.ReadFile(p)
	if err != nil {
		panic(err)
	}
	return b
}

// kinds are the types that are served; licences and lists lie beside them and are not.
var kinds = map[string]string{
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".svg":         "image/svg+xml",
	".woff2":       "font/woff2",
	".webmanifest": "application/manifest+json",
}

func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:8])
	ext := path.Ext(name)
	return &asset{body: body, zipped: zip(body), kind: kinds[ext], etag: tag,
		url: Prefix + strings.TrimSuffix(name, ext) + "." + tag + ext}
}

// zip compresses, or answers nil when that saves less than a tenth.
func zip(body []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err)
	}
	if _, err := z.Write(body); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	if b.Len() > len(body)*9/10 {
		return nil
	}
	return b.Bytes()
}
