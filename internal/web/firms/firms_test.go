package firms_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/seal"
	"chop/internal/user"
	"chop/internal/web/firms"
	"chop/internal/web/session"
)

const password = "trzy zielone sowy"

// world is the pages of firms behind the real edge, on a real database.
type world struct {
	*httptest.Server
	t       *testing.T
	sys     context.Context
	firms   *firm.Store
	users   *user.Store
	journal *journal.Store
	mine    firm.Firm
	other   firm.Firm
}

func must[T any](t *testing.T) func(T, error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func open(t *testing.T) *world {
	t.Helper()
	clock, dir := dbtest.NewClock(), t.TempDir()
	d := dbtest.OpenSQLite(t, clock.Now)
	k := must[*seal.Store](t)(seal.New(t.Context(), d, dir))
	l := must[*ledger.Log](t)(ledger.New(d, bytes.Repeat([]byte{1}, 32), dir))
	w := &world{t: t, sys: access.With(t.Context(), access.System("*")), journal: journal.New(d, l, k)}
	w.firms = firm.New(d, w.journal)
	w.users = must[*user.Store](t)(user.New(user.Config{DB: d, Firms: w.firms, Journal: w.journal, Seal: k, Origin: "https://chop.test"}))
	w.mine = w.firm(firm.Firm{Name: "Manufaktura Lniana", City: "Gdańsk", Settings: firm.Settings{RiskAversion: 1.3,
		Mandate: map[string]string{"block": firm.Never, "observe": firm.Tell}}})
	w.other = w.firm(firm.Firm{Name: "Kwiaciarnia Mak"})
	mux := http.NewServeMux()
	firms.Mount(mux, firms.Deps{Firms: w.firms})
	e := session.New(session.Config{Users: w.users, Firms: w.firms, Now: clock.Now, PerSecond: 1e6, Burst: 1e6})
	w.Server = httptest.NewServer(e.Wrap(mux))
	t.Cleanup(w.Close)
	return w
}

func (w *world) firm(f firm.Firm) firm.Firm { return must[firm.Firm](w.t)(w.firms.Create(w.sys, f)) }

func (w *world) find(id string) firm.Firm {
	w.t.Helper()
	return must[firm.Firm](w.t)(w.firms.Find(w.sys, id))
}

// visitor is a signed-in person at a browser.
type visitor struct {
	w     *world
	token string
}

// visitor joins Manufaktura Lniana in the role; "" is an administrator without any.
func (w *world) visitor(role access.Role) visitor {
	w.t.Helper()
	mail := db.NewID() + "@example.test"
	p := must[user.Person](w.t)(w.users.Add(w.sys, user.Newcomer{Name: "Ewa Maj", Email: mail, Password: password, Admin: role == ""}))
	if role != "" {
		if err := w.users.Enrol(w.sys, w.mine.ID, p.ID, role); err != nil {
			w.t.Fatal(err)
		}
	}
	return visitor{w, must[user.Opened](w.t)(w.users.SignIn(w.t.Context(), mail, password, user.Device{Addr: "127.0.0.1"})).Token}
}

type answer struct {
	status int
	to     string
	text   string
	doc    *html.Node
}

func (v visitor) send(method, path, body string) answer {
	v.w.t.Helper()
	r := must[*http.Request](v.w.t)(http.NewRequestWithContext(v.w.t.Context(), method, v.w.URL+path, strings.NewReader(body)))
	r.AddCookie(&http.Cookie{Name: "chop", Value: v.token})
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := must[*http.Response](v.w.t)(http.DefaultTransport.RoundTrip(r))
	defer a.Body.Close()
	text := string(must[[]byte](v.w.t)(io.ReadAll(a.Body)))
	return answer{a.StatusCode, a.Header.Get("Location"), text, must[*html.Node](v.w.t)(html.Parse(strings.NewReader(text)))}
}

func (v visitor) get(path string) answer { return v.send(http.MethodGet, path, "") }

func (v visitor) post(path string, kv ...string) answer {
	q := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		q.Add(kv[i], kv[i+1])
	}
	return v.send(http.MethodPost, path, q.Encode())
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// all are the elements of a kind that ok accepts.
func (a answer) all(tag string, ok func(*html.Node) bool) (out []*html.Node) {
	for n := range a.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == tag && ok(n) {
			out = append(out, n)
		}
	}
	return out
}

// checked are the answers given in the form: name=value of every radio and box that is on.
func (a answer) checked() map[string]string {
	m := map[string]string{}
	for _, n := range a.all("input", func(n *html.Node) bool { return has(n, "checked") && attr(n, "name") != "" }) {
		m[attr(n, "name")] = attr(n, "value")
	}
	return m
}

// value of the control with the id.
func (a answer) value(id string) string {
	for n := range a.doc.Descendants() {
		if n.Type != html.ElementNode || attr(n, "id") != id {
			continue
		}
		if n.Data == "textarea" && n.FirstChild != nil {
			return n.FirstChild.Data
		}
		return attr(n, "value")
	}
	return ""
}

func TestWhoSeesWhichFirms(t *testing.T) {
	w := open(t)
	for _, r := range access.Roles {
		v := w.visitor(r)
		if a := v.get("/firms"); a.status != 200 || !strings.Contains(a.text, w.mine.Name) || strings.Contains(a.text, w.other.Name) {
			t.Errorf("%s: %d, the list must hold the own firm alone", r, a.status)
		}
		if a := v.get("/firms/" + w.other.ID); a.status != 404 || strings.Contains(a.text, w.other.Name) {
			t.Errorf("%s reads another firm: %d", r, a.status)
		}
		for _, path := range []string{"/firms/" + w.other.ID, "/firms/" + w.other.ID + "/archive", "/firms/none"} {
			if a := v.post(path, "name", "x", "why", "x"); a.status != 404 && a.status != 403 {
				t.Errorf("%s posts to %s: %d", r, path, a.status)
			}
		}
		if a := v.post("/firms", "name", "Nowa"); a.status != 403 {
			t.Errorf("%s creates a firm: %d", r, a.status)
		}
		may := access.Allows(r, access.ManageFirm)
		a := v.get("/firms/" + w.mine.ID)
		if a.status != 200 || strings.Contains(a.text, "firm-archive") || may != strings.Contains(a.text, `id="f-why"`) {
			t.Errorf("%s: %d, the form must be open only to those who may change it", r, a.status)
		}
		if a := v.post("/firms/"+w.mine.ID, "name", w.mine.Name); !may && a.status != 403 {
			t.Errorf("%s changes the firm: %d", r, a.status)
		}
		if a := v.post("/firms/"+w.mine.ID+"/archive", "why", "x"); a.status != 403 {
			t.Errorf("%s ends the care: %d", r, a.status)
		}
	}
	a := w.visitor("").get("/firms")
	if !strings.Contains(a.text, w.other.Name) || !strings.Contains(a.text, "/firms?new") || !strings.Contains(a.text, "/journal/installation") {
		t.Error("an administrator does not see all firms")
	}
	if f := w.find(w.other.ID); f.Name != "Kwiaciarnia Mak" || !f.Archived.IsZero() {
		t.Errorf("a stranger changed it: %+v", f)
	}
}

func TestAnAdministratorAddsAFirm(t *testing.T) {
	w := open(t)
	v := w.visitor("")
	if a := v.get("/firms?new"); a.value("f-name") != "" || len(a.all("form", func(n *html.Node) bool { return attr(n, "action") == "/firms" })) != 1 {
		t.Error("no empty form")
	}
	if a := v.post("/firms", "name", " ", "city", "Łódź"); a.status != 422 || a.value("f-city") != "Łódź" || !strings.Contains(a.text, `href="#f-name"`) {
		t.Errorf("%d: the form must come back with what was typed and lead to the mistake", a.status)
	}
	if a := v.post("/firms", "name", "Piekarnia", "trade", strings.Repeat("x", 81)); a.status != 422 || !strings.Contains(a.text, `id="f-trade-err"`) {
		t.Errorf("a long trade: %d", a.status)
	}
	a := v.post("/firms", "name", "Piekarnia <b>Rogal</b>", "trade", "piekarnia", "city", "Poznań", "lang", "en")
	if a.status != 303 || !strings.HasPrefix(a.to, "/firms/") {
		t.Fatalf("%d to %q", a.status, a.to)
	}
	f := w.find(strings.TrimPrefix(a.to, "/firms/"))
	if f.Name != "Piekarnia <b>Rogal</b>" || f.City != "Poznań" || f.Lang != "en" || f.Settings.RiskAversion != 1 {
		t.Errorf("%+v", f)
	}
	if a := v.get(a.to); a.status != 200 || strings.Contains(a.text, "<b>Rogal") || !strings.Contains(a.text, "Piekarnia &lt;b&gt;") {
		t.Error("the name is not escaped")
	}
}

func TestTheFormShowsAndKeepsTheMandate(t *testing.T) {
	w := open(t)
	v := w.visitor(access.Owner)
	path := "/firms/" + w.mine.ID
	got := v.get(path).checked()
	if got["may-block"] != firm.Never || got["may-hide"] != "matrix" || got["risk"] != "" || len(got) != 9 {
		t.Errorf("%v", got)
	}
	a := v.post(path, "name", "Manufaktura Lniana 2", "trade", "sklep", "city", "Gdynia", "lang", "en", "words", "Lniana\r\nobrus\r\n\r\nlniana", "risk", "careful",
		"netiquette", "on", "spam", "on", "may-block", firm.Ask, "may-hide", firm.Tell, "may-delete", firm.Never, "may-reply", "always", "why", "po rozmowie")
	if a.status != 303 || a.to != path {
		t.Fatalf("%d to %q", a.status, a.to)
	}
	f := w.find(w.mine.ID)
	s := f.Settings
	if f.Name != "Manufaktura Lniana 2" || f.City != "Gdynia" || f.Lang != "en" || strings.Join(f.Words, "|") != "Lniana|obrus" || f.Slug != w.mine.Slug {
		t.Errorf("%+v", f)
	}
	if s.RiskAversion != 2 || !s.NetiquettePublished || !s.PreauthoriseSpam || s.May("block") != firm.Ask || s.May("hide") != firm.Tell ||
		s.May("delete") != firm.Never || s.May("reply") != "" || s.May("observe") != firm.Tell {
		t.Errorf("%+v", s)
	}
	lines, _, err := w.journal.List(w.sys, w.mine.ID, journal.Filter{Verb: "firm.updated"}, journal.Page{})
	if err != nil || len(lines) != 1 || lines[0].Why != "po rozmowie" || lines[0].Name != "Ewa Maj" {
		t.Errorf("%v %v", lines, err)
	}
	got = v.get(path).checked()
	if got["risk"] != "careful" || got["may-hide"] != firm.Tell || got["netiquette"] != "on" || got["spam"] != "on" {
		t.Errorf("%v", got)
	}
}

func TestACautionOfItsOwnSurvivesTheForm(t *testing.T) {
	w := open(t)
	v := w.visitor(access.Guardian)
	for _, risk := range []string{"", "NaN", "Infinity", "3"} {
		if a := v.post("/firms/"+w.mine.ID, "name", "Lniana", "risk", risk); a.status != 303 {
			t.Errorf("%q: %d", risk, a.status)
		}
		if f := w.find(w.mine.ID); f.Settings.RiskAversion != 1.3 || f.Settings.May("block") != firm.Never {
			t.Errorf("%q changed %+v", risk, f.Settings)
		}
	}
	v.post("/firms/"+w.mine.ID, "name", "Lniana", "risk", "bold")
	if f := w.find(w.mine.ID); f.Settings.RiskAversion != 0.5 {
		t.Errorf("%+v", f.Settings)
	}
}

func TestMistakesComeBackWithWhatWasTyped(t *testing.T) {
	w := open(t)
	v := w.visitor(access.Guardian)
	path := "/firms/" + w.mine.ID
	a := v.post(path, "name", "", "city", "</textarea><script>", "words", "</textarea><script>alert(1)</script>", "why", "\"><i>", "may-hide", firm.Never)
	if a.status != 422 || a.value("f-city") != "</textarea><script>" || a.value("f-words") != "</textarea><script>alert(1)</script>" ||
		a.value("f-why") != "\"><i>" || a.checked()["may-hide"] != firm.Never || strings.Contains(a.text, "<script>alert") {
		t.Errorf("%d", a.status)
	}
	var many strings.Builder
	for i := range 501 {
		many.WriteString(strings.Repeat("a", 1+i%90) + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "\n")
	}
	if a := v.post(path, "name", "Lniana", "words", many.String()); a.status != 422 || !strings.Contains(a.text, `id="f-words-err"`) {
		t.Errorf("501 words: %d", a.status)
	}
	if a := v.post(path, "name", "Lniana", "words", strings.Repeat("ą", 1<<20)); a.status != 413 {
		t.Errorf("a body that does not fit: %d", a.status)
	}
	if a := v.send(http.MethodPost, path, "name=%zz&words=%"); a.status != 422 {
		t.Errorf("a torn form: %d", a.status)
	}
	if f := w.find(w.mine.ID); f.Name != w.mine.Name {
		t.Errorf("%+v", f)
	}
}

func TestTheEndNeedsAReasonAndClosesTheForm(t *testing.T) {
	w := open(t)
	v, guardian := w.visitor(""), w.visitor(access.Guardian)
	path := "/firms/" + w.mine.ID
	if a := v.get(path); strings.Contains(a.text, "f-archive-why") {
		t.Error("the end is open before anybody asked")
	}
	if a := v.get(path + "?archive"); !strings.Contains(a.text, "f-archive-why") {
		t.Error("no form of the end")
	}
	if a := v.post(path+"/archive", "why", " \u200b"); a.status != 422 || !strings.Contains(a.text, `href="#f-archive-why"`) || !strings.Contains(a.text, `id="f-archive-why-err"`) {
		t.Errorf("no reason: %d", a.status)
	}
	if a := v.post(path+"/archive", "why", "umowa wygasła"); a.status != 303 {
		t.Fatalf("%d", a.status)
	}
	if f := w.find(w.mine.ID); f.Archived.IsZero() {
		t.Error("not archived")
	}
	a := v.get(path)
	if a.status != 200 || strings.Contains(a.text, `id="f-why"`) || strings.Contains(a.text, "firm-archive") {
		t.Errorf("%d: the form of an ended firm is still open", a.status)
	}
	if a := guardian.post(path, "name", "Znowu"); a.status != 404 {
		t.Errorf("an ended firm was changed: %d", a.status)
	}
	if a := v.post(path+"/archive", "why", "jeszcze raz"); a.status != 404 {
		t.Errorf("ended twice: %d", a.status)
	}
	if a := v.get("/firms"); strings.Contains(a.text, w.mine.Name+"</bdi>") {
		t.Error("an ended firm is on the list")
	}
}
