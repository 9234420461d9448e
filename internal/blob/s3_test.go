package blob

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"chop/internal/fault"
)

const (
	s3Key    = "klucz-sejfu"
	s3Secret = "tajny-klucz-sejfu"
)

// store is an S3 server on a real port, which checks signatures of version 4, and what goes wrong on the way to it.
type store struct {
	url     string
	mu      sync.Mutex
	trouble func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func serve(t *testing.T) *store {
	t.Helper()
	back := s3mem.New()
	if err := back.CreateBucket("dowody"); err != nil {
		t.Fatal(err)
	}
	server := gofakes3.New(back).Server()
	s := &store{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !signed4(r) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code></Error>`)
			return
		}
		s.mu.Lock()
		trouble := s.trouble
		s.mu.Unlock()
		if trouble != nil {
			trouble(w, r, server)
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s.url = web.URL
	return s
}

func (s *store) goesWrong(f func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = f
}

func (s *store) open(t *testing.T, bucket, secret string) *S3 {
	t.Helper()
	b, err := NewS3("s3://"+bucket+"/chop?endpoint="+s.url+"&region=us-east-1", s3Key, secret)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signed4 computes the signature of the request again (AWS Signature Version 4, "Authenticating Requests").
func signed4(r *http.Request) bool {
	fields := map[string]string{}
	for f := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "), ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[k] = v
	}
	scope := strings.SplitN(fields["Credential"], "/", 2)
	if len(scope) != 2 || scope[0] != s3Key {
		return false
	}
	parts := strings.Split(scope[1], "/")
	if len(parts) != 4 {
		return false
	}
	var headers strings.Builder
	for h := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		v := r.Header.Get(h)
		switch h {
		case "host":
			v = r.Host
		case "content-length":
			v = r.Header.Get("Content-Length")
		}
		headers.WriteString(h + ":" + strings.TrimSpace(v) + "\n")
	}
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	canonical := strings.Join([]string{r.Method, (&url.URL{Path: r.URL.Path}).EscapedPath(), query, headers.String(), fields["SignedHeaders"],
		r.Header.Get("X-Amz-Content-Sha256")}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	text := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope[1] + "\n" + hex.EncodeToString(sum[:])
	key := []byte("AWS4" + s3Secret)
	for _, p := range append(slices.Clone(parts), text) {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(p))
		key = m.Sum(nil)
	}
	return hex.EncodeToString(key) == fields["Signature"]
}

// A bucket keeps what a folder keeps: every promise of Store, for both.
func TestBothStoresKeepTheirPromises(t *testing.T) {
	for name, s := range map[string]Store{"disk": disk(t), "s3": serve(t).open(t, "dowody", s3Secret),
		"moving": Moving{New: serve(t).open(t, "dowody", s3Secret), Old: disk(t)}} {
		t.Run(name, func(t *testing.T) {
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, raw := range [][]byte{[]byte("x"), bytes.Repeat([]byte("dowód "), 300_000)} {
				want := sha256.Sum256(raw)
				for range 2 { // the same again is fine
					sum, size, err := s.Put(t.Context(), bytes.NewReader(raw))
					if err != nil || size != int64(len(raw)) || sum != hex.EncodeToString(want[:]) {
						t.Fatal(sum, size, err)
					}
				}
				sum := hex.EncodeToString(want[:])
				if got, err := s.Read(sum); err != nil || !bytes.Equal(got, raw) {
					t.Fatal(len(got), err)
				}
				if n, err := s.Stat(sum); err != nil || n != int64(len(raw)) {
					t.Error(n, err)
				}
				if err := errors.Join(s.Remove(sum), s.Remove(sum)); err != nil {
					t.Error(err)
				}
				if _, err := s.Read(sum); !fault.Is(err, fault.NotFound) {
					t.Error(err)
				}
				if _, err := s.Stat(sum); !fault.Is(err, fault.NotFound) {
					t.Error(err)
				}
			}
			if _, err := s.Open("../../etc/passwd"); !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		})
	}
}

// What was in the folder is found after the change to a bucket; what is damaged in the bucket is read from the folder.
func TestAnInstallationMovesToABucket(t *testing.T) {
	old, s := disk(t), serve(t)
	bucket := s.open(t, "dowody", s3Secret)
	sum, _, err := old.Put(t.Context(), strings.NewReader("przed zmianą"))
	if err != nil {
		t.Fatal(err)
	}
	m := Moving{New: bucket, Old: old}
	if got, err := m.Read(sum); err != nil || string(got) != "przed zmianą" {
		t.Fatal(string(got), err)
	}
	if _, _, err := m.Put(t.Context(), strings.NewReader("przed zmianą")); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Stat(sum); err != nil {
		t.Error("it was not written into the bucket:", err)
	}
	s.goesWrong(changesBytes)
	if got, err := m.Read(sum); err != nil || string(got) != "przed zmianą" {
		t.Error(string(got), err)
	}
}

func changesBytes(w http.ResponseWriter, r *http.Request, next http.Handler) {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	body := rec.Body.Bytes()
	if len(body) > 0 {
		body[len(body)/2] ^= 1
	}
	_, _ = w.Write(body)
}

// Each thing that goes wrong between us and the store is named, and none hands out wrong bytes or claims a file is kept
// that is not.
func TestWhatGoesWrongWithABucketIsNamed(t *testing.T) {
	const text = "Pożałujesz. Wiemy, gdzie masz magazyn."
	for name, c := range map[string]struct {
		trouble func(w http.ResponseWriter, r *http.Request, next http.Handler)
		code    string // of reading; empty: ErrCorrupt
		puts    string // of writing; empty: it succeeds
	}{
		"changed bytes": {changesBytes, "", ""},
		"half an answer": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method != http.MethodGet {
				next.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
		}, "blob.away", ""},
		"half an upload": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodPut {
				r.Body = io.NopCloser(io.LimitReader(r.Body, 7))
			}
			next.ServeHTTP(w, r)
		}, "whole", "blob.away"},
		"a full store": {func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodPut {
				w.WriteHeader(http.StatusInsufficientStorage)
				_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>XMinioStorageFull</Code></Error>`)
				return
			}
			next.ServeHTTP(w, r)
		}, "whole", "blob.full"},
		"nobody answers": {func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }, "blob.away", "blob.away"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			b := s.open(t, "dowody", s3Secret)
			sum, _, err := b.Put(t.Context(), strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			s.goesWrong(c.trouble)
			got, err := b.Read(sum)
			switch {
			case c.code == "whole" && (err != nil || string(got) != text):
				t.Error(string(got), err)
			case c.code == "" && !errors.Is(err, ErrCorrupt):
				t.Error("read:", string(got), err)
			case c.code != "whole" && c.code != "" && code(err) != c.code:
				t.Error("read:", string(got), err)
			}
			other, _, err := b.Put(t.Context(), strings.NewReader("inny plik"))
			if code(err) != c.puts {
				t.Error("put:", err)
			}
			s.goesWrong(nil)
			if _, err := b.Read(other); c.puts == "" && err != nil || c.puts != "" && other != "" {
				t.Error("after:", other, err)
			}
			half := sha256.Sum256([]byte("inny plik"))
			if _, err := b.Stat(hex.EncodeToString(half[:])); c.puts != "" && !fault.Is(err, fault.NotFound) {
				t.Error("half a file is in the bucket:", err)
			}
		})
	}
}

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func TestWrongKeysAndBucketsAreNamed(t *testing.T) {
	s := serve(t)
	if err := s.open(t, "dowody", "inny").Check(t.Context()); code(err) != "blob.denied" {
		t.Error(err)
	}
	if err := s.open(t, "niema", s3Secret).Check(t.Context()); code(err) != "blob.bucket" {
		t.Error(err)
	}
	dead := httptest.NewServer(nil)
	dead.Close()
	if err := (&store{url: dead.URL}).open(t, "dowody", s3Secret).Check(t.Context()); code(err) != "blob.away" {
		t.Error(err)
	}
}

func TestAddressesOfBuckets(t *testing.T) {
	for address, says := range map[string]string{
		"https://dowody": "s3://BUCKET",
		"s3://":          "s3://BUCKET",
		"s3://klucz:haslo@dowody?endpoint=https://x": "not into the address",
		"s3://dowody":                      "endpoint",
		"s3://dowody?endpoint=x":           "endpoint",
		"s3://dowody?endpoint=ftp://x":     "endpoint",
		"s3://dowody?endpoint=https://x/y": "endpoint",
	} {
		if _, err := NewS3(address, "k", "s"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := NewS3("s3://dowody?endpoint=https://x", "", ""); err == nil || !strings.Contains(err.Error(), "CHOP_S3_KEY") {
		t.Error(err)
	}
}
