package stamp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"net/netip"

	"chop/internal/fetch"
	"chop/internal/tsa"
)

// folder holds the files that settings name: the root of an authority and a certificate of ours with its key.
type folder struct {
	t    *testing.T
	dir  string
	tsa  *tsa.Development // the authority behind the addresses
	ours *tsa.Development // gives us a certificate and a key; any will do
}

func newFolder(t *testing.T) folder {
	t.Helper()
	d, err := tsa.NewDevelopment(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	f := folder{t: t, dir: t.TempDir(), tsa: d}
	f.put("roots.pem", string(tsa.EncodePEM([]*x509.Certificate{d.Root})))
	f.put("password", "tajne\n")
	keep := filepath.Join(f.dir, "ours")
	if f.ours, err = tsa.OpenDevelopment(keep, time.Now); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(keep, "authority.pem"))
	if err != nil {
		t.Fatal(err)
	}
	f.put("ours.pem", string(raw))
	f.put("other.key", string(f.otherKey()))
	return f
}

func (f folder) otherKey() []byte {
	dir := filepath.Join(f.dir, "other")
	if _, err := tsa.OpenDevelopment(dir, time.Now); err != nil {
		f.t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "authority.pem"))
	if err != nil {
		f.t.Fatal(err)
	}
	return raw
}

func (f folder) put(name, text string) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// open reads settings and makes them ready, as the program does at its start.
func (f folder) open(text string) ([]*Authority, error) {
	s, err := ReadSettings(f.put("timestamps.yaml", text))
	if err != nil {
		return nil, err
	}
	return s.Open(Ground{Data: f.dir, Now: time.Now, Call: func(c fetch.Config) *fetch.Client {
		c.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Total = 2 * time.Second
		client := fetch.New(c)
		f.t.Cleanup(client.Close)
		return client
	}})
}

// Whoever writes the file wrongly learns where and what to write instead.
func TestBadSettingsNamePlaceAndCure(t *testing.T) {
	f := newFolder(t)
	one := func(lines string) string {
		return "authorities:\n  - name: Urząd\n    url: https://tsa.example\n    roots: roots.pem\n    " + strings.ReplaceAll(lines, "\n", "\n    ") + "\n"
	}
	for text, says := range map[string]string{
		"authorities: {":                       "yaml",
		"authority: x":                         "authority",
		"checkpoint_every: 1s":                 "between 1m and 24h",
		"checkpoint_every: often":              "often",
		"alarm_after: 100h":                    "alarm_after",
		"authorities: [{url: http://x}]":       "name is missing",
		"authorities: [{name: A}]":             "url is missing",
		"authorities: [{name: A, url: h}]":     "roots is missing",
		one("for: everyone"):                   "exhibits, checkpoints or everything",
		one("policy: 1.a"):                     "object identifier",
		one("auth: magic"):                     "none, basic, certificate or signed",
		one("auth: basic"):                     "user and password_file",
		one("user: ja"):                        "auth is none",
		one("auth: signed"):                    "certificate and key",
		one("qualified: {source: lista}"):      "qualified needs source",
		one("qualified: {on: 2026-11-30}"):     "qualified needs source",
		one("roots: none.pem") + "":            "roots",
		one("qualified: {source: l, on: wcz}"): "2026-11-30",
		"authorities: [{name: A, url: https://x, roots: password}]":                                                    "openssl x509",
		"authorities: [{name: A, url: https://x, roots: gone.pem}]":                                                    "gone.pem",
		"authorities: [{name: A, url: http://x, roots: roots.pem, auth: certificate, certificate: ours.pem, key: k}]":  "https only",
		one("auth: signed\ncertificate: ours.pem\nkey: other.key"):                                                     "is not the key of",
		one("auth: signed\ncertificate: ours.pem\nkey: password"):                                                      "no private key",
		one("auth: basic\nuser: ja\npassword_file: gone"):                                                              "password_file",
		"authorities: [{name: A, development: true, qualified: {source: x, on: 2026-11-30}}]":                          "never qualified",
		"authorities: [{name: A, development: true, url: http://x}]":                                                   "inside the program",
		"authorities: [{name: A, development: true}, {name: A, url: http://x, roots: roots.pem}]":                      "same name",
		"authorities: [{name: B, development: true}, {name: C, url: http://x, roots: roots.pem, tls_roots: gone.pem}]": "authority 2 (C)",
	} {
		if text == one("roots: none.pem") {
			says = "already" // YAML itself refuses a field given twice
		}
		if _, err := f.open(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s\n  says: %v\n  want: %s", text, err, says)
		}
	}
	if _, err := ReadSettings(filepath.Join(f.dir, "gone.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, text := range []string{"", "checkpoint_every: 5m\nalarm_after: 1h\n", "authorities: []"} {
		if list, err := f.open(text); err != nil || len(list) != 0 {
			t.Errorf("%q: %v %v", text, list, err)
		}
	}
}

// Each way of proving who we are, against a real server over the network, with the right and the wrong credentials.
func TestEveryWayToAnAuthority(t *testing.T) {
	f := newFolder(t)
	open := httptest.NewServer(f.tsa)
	defer open.Close()
	behind, signed := *f.tsa, *f.tsa
	behind.User, behind.Secret = "chop", "tajne"
	basic := httptest.NewServer(&behind)
	defer basic.Close()
	signed.Accept = []*x509.Certificate{f.ours.Signer}
	sign := httptest.NewServer(&signed)
	defer sign.Close()
	mutual := httptest.NewUnstartedServer(f.tsa)
	mutual.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
		if string(raw[0]) != string(f.ours.Signer.Raw) {
			return errors.New("not one of our customers")
		}
		return nil
	}}
	mutual.StartTLS()
	defer mutual.Close()
	f.put("tls.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: mutual.Certificate().Raw})))
	f.put("wrong", "zgadywanka")

	for _, c := range []struct {
		name, url, lines string
		good             bool
	}{
		{"plain", open.URL, "", true},
		{"basic", basic.URL, "auth: basic, user: chop, password_file: password", true},
		{"basic, wrong password", basic.URL, "auth: basic, user: chop, password_file: wrong", false},
		{"basic, nobody", basic.URL, "", false},
		{"signed", sign.URL, "auth: signed, certificate: ours.pem, key: ours.pem", true},
		{"signed by a stranger", sign.URL, "auth: signed, certificate: other.key, key: other.key", false},
		{"not signed", sign.URL, "", false},
		{"certificate", mutual.URL, "auth: certificate, certificate: ours.pem, key: ours.pem, tls_roots: tls.pem", true},
		{"a stranger's certificate", mutual.URL, "auth: certificate, certificate: other.key, key: other.key, tls_roots: tls.pem", false},
		{"no certificate", mutual.URL, "tls_roots: tls.pem", false},
		{"an unknown server", mutual.URL, "auth: certificate, certificate: ours.pem, key: ours.pem", false},
		{"the other content type", sign.URL, "auth: signed, certificate: ours.pem, key: ours.pem, content_type: application/pkcs7-mime", true},
	} {
		list, err := f.open("authorities:\n  - {name: A, url: '" + c.url + "', roots: roots.pem, " + c.lines + "}\n")
		if err != nil {
			t.Fatal(c.name, err)
		}
		got, err := list[0].Stamp(t.Context(), tsa.Sum([]byte(c.name)))
		if (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && strings.Contains(err.Error(), "tajne") {
			t.Errorf("%s: the password stands in the error", c.name)
		}
		if err == nil && got.Authority() != tsa.DevelopmentName {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// An authority that answers slowly, hugely, with nonsense, or by sending us elsewhere.
func TestAnAuthorityThatMisbehaves(t *testing.T) {
	f := newFolder(t)
	end := make(chan struct{})
	defer close(end)
	for name, c := range map[string]struct {
		flaw   tsa.Flaw
		answer http.HandlerFunc
	}{
		"slow":       {tsa.Away, func(w http.ResponseWriter, r *http.Request) { <-end }},
		"huge":       {tsa.Away, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(make([]byte, tsa.MaxResponse+1)) }},
		"large":      {tsa.Malformed, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(make([]byte, tsa.MaxResponse)) }},
		"empty":      {tsa.Away, func(w http.ResponseWriter, r *http.Request) {}},
		"a web page": {tsa.Malformed, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("<html>Zapłać</html>")) }},
		"elsewhere": {tsa.Away, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		}},
		"broken": {tsa.Away, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
		"cut": {tsa.Away, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("0"))
		}},
	} {
		server := httptest.NewServer(c.answer)
		list, err := f.open("authorities:\n  - {name: A, url: '" + server.URL + "', roots: roots.pem}\n")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err = list[0].Stamp(ctx, tsa.Sum(nil))
		cancel()
		var r *tsa.Refusal
		if !errors.As(err, &r) || r.Flaw != c.flaw {
			t.Errorf("%s: %v, want %s", name, err, c.flaw)
		}
		if name != "slow" {
			server.Close()
		} else {
			defer server.CloseClientConnections()
		}
	}
	list, err := f.open("authorities:\n  - {name: A, url: 'http://127.0.0.1:1/', roots: roots.pem}\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := list[0].Stamp(t.Context(), tsa.Sum(nil)); tsa.FlawOf(err) != tsa.Away {
		t.Error(err)
	}
}

func TestDevelopmentSettings(t *testing.T) {
	dir := t.TempDir()
	list, err := DevelopmentSettings().Open(Ground{Data: dir, Now: time.Now})
	if err != nil || len(list) != 1 || !list[0].Development || list[0].Qualified.Known() {
		t.Fatal(list, err)
	}
	if _, err := list[0].Stamp(t.Context(), tsa.Sum(nil)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "development-timestamps", "authority.pem")); err != nil {
		t.Error(err)
	}
}
