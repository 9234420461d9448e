package authors_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/source"
	"chop/internal/user"
	"chop/internal/web/authors"
	"chop/internal/web/session"
	"chop/internal/web/signin"
)

const password = "trzy zielone sowy"

type world struct {
	*app.Rooms
	t           testing.TB
	url         string
	clock       *dbtest.Clock
	mine, other string
	src         source.Source
	n           int
}

func open(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: dbtest.NewClock()}
	var err error
	w.Rooms, err = app.Open(t.Context(), app.Config{Data: t.TempDir(), Origin: "https://chop.example", Now: w.clock.Now}, "test")
	w.ok(err)
	t.Cleanup(w.Rooms.Close)
	for _, f := range []struct {
		id   *string
		name string
	}{{&w.mine, "Manufaktura Lniana"}, {&w.other, "Kwiaciarnia Mak"}} {
		made, err := w.Firms.Create(w.system(), firm.Firm{Name: f.name, Lang: lang.PL})
		w.ok(err)
		*f.id = made.ID
	}
	w.src, _, err = w.Sources.Connect(w.system(), w.mine, "webhook", "Sklep", source.Settings{"secret": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))})
	w.ok(err)
	for mail, p := range map[string]struct {
		name, firm string
		role       access.Role
	}{"ewa@x.pl": {"Ewa Maj", w.mine, access.Guardian}, "ola@x.pl": {"Ola Dąb", w.mine, access.Guardian}, "joanna@x.pl": {"Joanna Wilk", w.mine, access.Owner},
		"kasia@x.pl": {"Kasia Lis", w.mine, access.Staff},
		"adam@x.pl":  {"Adam Prawo", w.mine, access.Lawyer}, "obcy@x.pl": {"Olga Obca", w.other, access.Guardian}} {
		u, err := w.Users.Add(w.system(), user.Newcomer{Name: p.name, Email: mail, Password: password, Lang: lang.PL})
		w.ok(err)
		w.ok(w.Users.Enrol(w.system(), p.firm, u.ID, p.role))
	}
	mux := http.NewServeMux()
	signin.Mount(mux, signin.Deps{Users: w.Users})
	authors.Mount(mux, authors.Deps{Authors: w.Authors, Mentions: w.Mentions, Evidence: w.Evidence})
	s := httptest.NewServer(session.New(session.Config{Users: w.Users, Firms: w.Firms, Now: w.clock.Now, PerSecond: 1e6, Burst: 1e6}).Wrap(mux))
	t.Cleanup(s.Close)
	w.url = s.URL
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

// campaign is n items of one account, the newest now, and lets them be read; it gives the key of the account.
func (w *world) campaign(name string, n int, text string) string {
	w.t.Helper()
	for from := 0; from < n; from += 500 {
		var b source.Batch
		for i := from; i < min(from+500, n); i++ {
			w.n++
			b.Items = append(b.Items, source.Item{ExternalID: fmt.Sprint("c", w.n), Kind: source.KindComment, Post: source.Post{ExternalID: "p1", Title: "Zima w lnie"},
				Author: source.Account{ExternalID: name, Name: name}, Text: fmt.Sprintf(text, i), URL: "https://fb.test/p/1", At: w.clock.Now().Add(-time.Duration(i) * 20 * time.Hour)})
		}
		_, err := w.Mentions.Intake(w.system(), w.src, b)
		w.ok(err)
		w.ok(w.Jobs.Drain(w.system()))
	}
	return "webhook:" + name
}

// browser is a signed-in person; it does not follow redirects.
type browser struct {
	w *world
	*http.Client
}

func (w *world) in(mail string) browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.ok(err)
	b := browser{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	b.post("/signin", http.StatusSeeOther, "email", mail, "password", password)
	return b
}

func (b browser) send(r *http.Request, want int) (text, to string) {
	b.w.t.Helper()
	res, err := b.Do(r)
	b.w.ok(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	b.w.ok(err)
	if res.StatusCode != want {
		b.w.t.Fatalf("%s %s: %d, want %d\n%.600s", r.Method, r.URL.Path, res.StatusCode, want, raw)
	}
	return string(raw), res.Header.Get("Location")
}

func (b browser) get(path string, want int) string {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, b.w.url+path, nil)
	b.w.ok(err)
	text, _ := b.send(r, want)
	return text
}

func (b browser) post(path string, want int, kv ...string) (text, to string) {
	b.w.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, b.w.url+path, strings.NewReader(v.Encode()))
	b.w.ok(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(r, want)
}

// has checks that a page holds each of the texts.
func (w *world) has(page string, texts ...string) {
	w.t.Helper()
	page = strings.ReplaceAll(page, "\u00a0", " ")
	for _, s := range texts {
		if !strings.Contains(page, s) {
			w.t.Errorf("the page lacks %q", s)
		}
	}
}
