package rules_test

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

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/source"
	"chop/internal/user"
	"chop/internal/web/rules"
	"chop/internal/web/session"
	"chop/internal/web/signin"
)

const password = "trzy zielone sowy"

type world struct {
	*app.Rooms
	t           *testing.T
	url         string
	clock       *dbtest.Clock
	mine, other string
	src         source.Source
	n           int
}

func open(t *testing.T) *world {
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
	}{"ewa@x.pl": {"Ewa Maj", w.mine, access.Guardian}, "kasia@x.pl": {"Kasia Lis", w.mine, access.Staff},
		"adam@x.pl": {"Adam Prawo", w.mine, access.Lawyer}, "obcy@x.pl": {"Olga Obca", w.other, access.Guardian}} {
		u, err := w.Users.Add(w.system(), user.Newcomer{Name: p.name, Email: mail, Password: password, Lang: lang.PL})
		w.ok(err)
		w.ok(w.Users.Enrol(w.system(), p.firm, u.ID, p.role))
	}
	mux := http.NewServeMux()
	signin.Mount(mux, signin.Deps{Users: w.Users})
	rules.Mount(mux, rules.Deps{Rules: w.OwnRules, Mentions: w.Mentions})
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

// writes takes in comments and lets them be read.
func (w *world) writes(texts ...string) []string {
	w.t.Helper()
	var b source.Batch
	for _, text := range texts {
		w.n++
		b.Items = append(b.Items, source.Item{ExternalID: fmt.Sprint("c", w.n), Kind: source.KindComment, Post: source.Post{ExternalID: "p1", Title: "Zima w lnie"},
			Author: source.Account{ExternalID: fmt.Sprint("a", w.n), Name: "Gość"}, Text: text, At: w.clock.Now()})
	}
	e, err := w.Mentions.Intake(w.system(), w.src, b)
	w.ok(err)
	w.ok(w.Jobs.Drain(w.system()))
	return e.New
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

func address(to string) string { p, _, _ := strings.Cut(to, "?"); return p }

func TestARuleFromDraftToOff(t *testing.T) {
	w := open(t)
	w.writes("Żegnam was <b>na</b> zawsze & wszędzie", "Ładny obrus")
	ewa := w.in("ewa@x.pl")
	w.has(ewa.get("/rules?firm="+w.mine, 200), "Nie ma jeszcze reguł", "/rules/new?firm="+w.mine)
	w.has(ewa.get("/rules/new?firm="+w.mine, 200), "Dodaje etykietę: skarga", `value="raise:4"`, `value="add:threat"`)
	_, to := ewa.post("/rules", 303, "firm", w.mine, "base", "0", "name", "Odejście", "words", "żegnamy was, <script>alert(1)</script>", "does", "add:boycott")
	rule := address(to)
	page := ewa.get(to, 200)
	w.has(page, "Najpierw wypróbuj tę wersję", "&lt;script&gt;alert(1)&lt;/script&gt;", "szkic")
	if strings.Contains(page, "<script>alert") || strings.Contains(page, rule+"/live") {
		t.Error("the page runs the words, or lets an untried rule go live")
	}
	ewa.post(rule+"/live", 409, "firm", w.mine, "version", "1", "why", "bo tak trzeba")
	ewa.post(rule+"/trial", 303, "firm", w.mine, "version", "1")
	w.has(ewa.get(to, 200), "przejrzano 2 komentarze", ">Żegnam was</mark>", "&lt;b&gt;na&lt;/b&gt; zawsze &amp; wszędzie", "/inbox/", rule+"/live")
	page, _ = ewa.post(rule+"/live", 422, "firm", w.mine, "version", "1", "why", "x", "relabel", "on")
	w.has(page, `id="f-why-err"`, `value="x"`)
	ewa.post(rule+"/live", 303, "firm", w.mine, "version", "1", "why", "klienci tak mówią", "relabel", "on")
	w.has(ewa.get(to, 200), "Ostatnie 90 dni są właśnie oznaczane", "klienci tak mówią", rule+"/off")
	w.ok(w.Jobs.Drain(w.system()))
	w.has(ewa.get(to, 200), "Oznaczono na nowo 1 komentarz")
	w.has(ewa.get("/rules?firm="+w.mine, 200), "działa", "dotyczy 1, zmienia 1")

	page, _ = ewa.post(rule+"/versions", 422, "firm", w.mine, "base", "1", "name", "Odejście", "words", "...", "does", "take:threat")
	w.has(page, `id="f-words-err"`, ">...</textarea>")
	page, _ = ewa.post(rule+"/versions", 422, "firm", w.mine, "base", "1", "name", "Odejście", "words", "żegnamy", "does", "take:threat")
	w.has(page, `id="f-does-err"`, "To etykieta bezpieczeństwa")
	ewa.post(rule+"/versions", 409, "firm", w.mine, "base", "7", "name", "Odejście", "words", "żegnamy", "does", "raise:2")
	ewa.post(rule+"/versions", 303, "firm", w.mine, "base", "1", "name", "Odejście", "words", "żegnamy", "does", "raise:2", "stars", "2", "channel", "webhook", "question", "on")
	w.has(ewa.get(to, 200), "Wersja 2", "Podnosi wagę do 2", "tylko w kanale: Webhook", "najwyżej 2/5", "tylko w odpowiedzi na pytanie")
	ewa.post(rule+"/off", 303, "firm", w.mine)
	w.has(ewa.get(to, 200), "wyłączona")
}

func TestWhatCannotBeIsRefusedAndKept(t *testing.T) {
	w := open(t)
	ewa := w.in("ewa@x.pl")
	for field, form := range map[string][]string{
		"name":    {"name", "", "words", "x", "does", "add:spam"},
		"words":   {"name", "x", "words", strings.Repeat("ą", 300), "does", "add:spam"},
		"unless":  {"name", "x", "words", "x", "unless", "!?", "does", "add:spam"},
		"does":    {"name", "x", "words", "x", "does", "add:neutral"},
		"stars":   {"name", "x", "words", "x", "does", "raise:1", "stars", "many"},
		"channel": {"name", "x", "words", "x", "does", "raise:1", "channel", "<b>"},
	} {
		page, _ := ewa.post("/rules", 422, append(form, "firm", w.mine)...)
		w.has(page, `id="f-`+field+`-err"`)
	}
	page, _ := ewa.post("/rules", 422, "firm", w.mine, "name", "\"><img src=x onerror=alert(1)>", "words", "", "does", "raise:9")
	if strings.Contains(page, "<img src=x") {
		t.Error("what was typed runs")
	}
}

func TestOnlyThoseWhoMay(t *testing.T) {
	w := open(t)
	ewa, kasia, adam, obcy := w.in("ewa@x.pl"), w.in("kasia@x.pl"), w.in("adam@x.pl"), w.in("obcy@x.pl")
	_, to := ewa.post("/rules", 303, "firm", w.mine, "name", "Odejście", "words", "żegnamy was", "does", "add:complaint")
	rule := address(to)
	page := kasia.get(to, 200) // staff may look
	if strings.Contains(page, "<form method=\"post\" action=\"/rules") || strings.Contains(page, rule+"/trial") {
		t.Error("staff are offered what they may not do")
	}
	kasia.get("/rules?firm="+w.mine, 200)
	kasia.get("/rules/new?firm="+w.mine, 403)
	for _, p := range []string{"/rules", rule + "/versions", rule + "/trial", rule + "/live", rule + "/off"} {
		kasia.post(p, 403, "firm", w.mine, "name", "x", "words", "x", "does", "add:spam", "version", "1", "why", "bo tak", "base", "1")
		obcy.post(p, 404, "firm", w.mine, "name", "x", "words", "x", "does", "add:spam", "version", "1", "why", "bo tak", "base", "1")
	}
	adam.get("/rules?firm="+w.mine, 403)
	obcy.get(to, 404)
	obcy.get(rule+"?firm="+w.other, 404)
	obcy.post(rule+"/off", 404, "firm", w.other)
	ewa.get("/rules/no-such?firm="+w.mine, 404)
}
