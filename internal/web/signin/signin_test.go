package signin_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"chop/internal/access"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/seal"
	"chop/internal/user"
	"chop/internal/web/page"
	"chop/internal/web/people"
	"chop/internal/web/session"
	"chop/internal/web/signin"
	"chop/internal/web/static"
)

const good = "trzy zielone sowy"

type site struct {
	*httptest.Server
	users *user.Store
	firms *firm.Store
	clock *dbtest.Clock
}

// open is the whole way in behind the real edge, on a real database.
func open(t *testing.T, change func(*session.Config)) *site {
	t.Helper()
	clock := dbtest.NewClock()
	d := dbtest.OpenSQLite(t, clock.Now)
	dir := t.TempDir()
	k, err := seal.New(t.Context(), d, dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(d, bytes.Repeat([]byte{1}, 32), dir)
	if err != nil {
		t.Fatal(err)
	}
	j := journal.New(d, l, k)
	s := &site{firms: firm.New(d, j), clock: clock}
	mux := http.NewServeMux()
	var edge http.Handler
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { edge.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	s.URL = strings.Replace(s.URL, "127.0.0.1", "localhost", 1) // passkeys belong to a name, never to a number
	if s.users, err = user.New(user.Config{DB: d, Firms: s.firms, Journal: j, Seal: k, Origin: s.URL}); err != nil {
		t.Fatal(err)
	}
	c := session.Config{Users: s.users, Firms: s.firms, Now: clock.Now, Hooks: []string{"/hooks/"}, Large: []string{"/import"}, LargeBody: 4 << 20}
	if change != nil {
		change(&c)
	}
	e := session.New(c)
	signin.Mount(mux, signin.Deps{Users: s.users})
	people.Mount(mux, people.Deps{Users: s.users, Firms: s.firms})
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("POST /prefs", e.Prefs)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		session.Render(w, r, http.StatusOK, page.Layout(page.FrameFrom(r.Context())))
	})
	mux.HandleFunc("GET /boom", func(http.ResponseWriter, *http.Request) { panic("secret detail") })
	mux.HandleFunc("GET /conflict", func(w http.ResponseWriter, r *http.Request) {
		session.Fail(w, r, fault.New(fault.Conflict, "user.last_owner"))
	})
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, r *http.Request) {
		session.Fail(w, r, io.ErrUnexpectedEOF)
	})
	size := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			session.Fail(w, r, err)
		}
	}
	mux.HandleFunc("POST /hooks/x", size)
	mux.HandleFunc("POST /import", size)
	edge = e.Wrap(mux)
	return s
}

func system(t *testing.T) context.Context { return access.With(t.Context(), access.System("*")) }

func (s *site) add(t *testing.T, name, email string, admin bool) user.Person {
	t.Helper()
	p, err := s.users.Add(system(t), user.Newcomer{Name: name, Email: email, Password: good, Admin: admin})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// browser keeps cookies and does not follow redirects.
type browser struct {
	*http.Client
	t    *testing.T
	home string
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, t, s.URL}
}

type answer struct {
	*http.Response
	text string
}

func (b *browser) send(r *http.Request) answer {
	b.t.Helper()
	w, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer w.Body.Close()
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{w, string(raw)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.home+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(r)
}

func (b *browser) post(path string, kv ...string) answer {
	b.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.home+path, strings.NewReader(v.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(r)
}

func (b *browser) in(email string) {
	b.t.Helper()
	if a := b.post("/signin", "email", email, "password", good); a.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("sign-in: %d", a.StatusCode)
	}
}

func (a answer) leads(t *testing.T, to string) {
	t.Helper()
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != to {
		t.Errorf("%s: %d to %q, want 303 to %q", a.Request.URL.Path, a.StatusCode, a.Header.Get("Location"), to)
	}
}

func (a answer) is(t *testing.T, status int) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s %s: %d, want %d", a.Request.Method, a.Request.URL.Path, a.StatusCode, status)
	}
}

func TestFirstRunLeadsToTheFirstSource(t *testing.T) {
	s := open(t, nil)
	link, err := s.users.FirstLink(system(t))
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	b.get("/first/zgadnij").is(t, http.StatusNotFound)
	if a := b.get("/first/" + link); a.StatusCode != http.StatusOK || !strings.Contains(a.text, "Nazwa firmy") || !strings.Contains(a.text, `lang="pl"`) {
		t.Fatal(a.text)
	}
	form := []string{"name", "<script>alert(1)</script>", "email", "anna@example.com", "password", "krótkie", "firm", "Manufaktura \"L\""}
	a := b.post("/first/"+link, form...)
	a.is(t, http.StatusUnprocessableEntity)
	if strings.Contains(a.text, "<script>alert") || !strings.Contains(a.text, "&lt;script&gt;alert(1)") || !strings.Contains(a.text, "Hasło ma mieć co najmniej") {
		t.Errorf("the form came back wrong: %s", a.text)
	}
	form[5] = good
	a = b.post("/first/"+link, form...)
	fs, err := s.firms.List(system(t))
	if err != nil || len(fs) != 1 {
		t.Fatal(fs, err)
	}
	a.leads(t, "/sources/new?firm="+fs[0].ID)
	home := b.get("/")
	home.is(t, http.StatusOK)
	if strings.Contains(home.text, "<script>alert") {
		t.Error("a name became markup")
	}
	s.browser(t).post("/first/"+link, form...).is(t, http.StatusNotFound)
}

func TestAVisitorIsSentToSignInAndBack(t *testing.T) {
	s := open(t, nil)
	s.add(t, "Anna Wilk", "anna@example.com", true)
	b := s.browser(t)
	b.get("/people?firm=x&a=%2F").leads(t, "/signin?next=%2Fpeople%3Ffirm%3Dx%26a%3D%252F")
	b.post("/people/invite").leads(t, "/signin")
	for next, want := range map[string]string{
		"/people?firm=x": "/people?firm=x", "": "/", "//evil.example": "/", "https://evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/",
		"javascript:alert(1)": "/", "/%5Cevil.example": "/", "/\tevil": "/", "/%2F/evil.example": "/", "people": "/", "/a\r\nSet-Cookie: x=1": "/",
		"/ok#x": "/ok", "http:/evil": "/", "/@evil.example": "/@evil.example",
	} {
		s.browser(t).post("/signin", "email", "anna@example.com", "password", good, "next", next).leads(t, want)
	}
	a := b.get("/signin?next=" + url.QueryEscape("//evil.example"))
	if strings.Contains(a.text, "evil") {
		t.Error("the form carries a foreign address")
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/live", nil)
	r.Header.Set("Accept", "text/event-stream")
	b.send(r).is(t, http.StatusUnauthorized)
}

func TestSignInAnswersTheSameForEverybodyAndCountsTries(t *testing.T) {
	s := open(t, nil)
	s.add(t, "Anna Wilk", "anna@example.com", false)
	try := func(email, pw string) answer { return s.browser(t).post("/signin", "email", email, "password", pw) }
	known, unknown := try("anna@example.com", "złe hasło 1"), try("nikt@example.com", "złe hasło 1")
	known.is(t, http.StatusForbidden)
	if a, b := strings.ReplaceAll(known.text, "anna@", ""), strings.ReplaceAll(unknown.text, "nikt@", ""); a != b || unknown.StatusCode != known.StatusCode {
		t.Error("the answer tells who has an account")
	}
	for range 4 {
		try("anna@example.com", "złe hasło 1").is(t, http.StatusForbidden)
	}
	try("anna@example.com", good).is(t, http.StatusTooManyRequests)
	s.clock.Forward(16 * time.Minute)
	try("anna@example.com", good).leads(t, "/")
	if a, b := s.browser(t).post("/forgot", "email", "anna@example.com"), s.browser(t).post("/forgot", "email", "nikt@example.com"); a.text != b.text || a.StatusCode != 200 {
		t.Error("the reset answer tells who has an account")
	}
}

func TestRequestsFromOtherSitesAreRefused(t *testing.T) {
	s := open(t, nil)
	s.add(t, "Anna Wilk", "anna@example.com", true)
	b := s.browser(t)
	b.in("anna@example.com")
	for _, path := range []string{"/people/firms", "/me/password", "/signout", "/signin", "/prefs", "/me/app/remove"} {
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader("name=Podstęp"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header, value)
			b.send(r).is(t, http.StatusForbidden)
		}
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/hooks/x", strings.NewReader("{}"))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	b.send(r).is(t, http.StatusOK)
	b.get("/").is(t, http.StatusOK)
}

func TestCookiesAndHeaders(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := open(t, func(c *session.Config) { c.Secure = secure })
		s.add(t, "Anna Wilk", "anna@example.com", false)
		a := s.browser(t).post("/signin", "email", "anna@example.com", "password", good)
		var c *http.Cookie
		for _, x := range a.Cookies() {
			if strings.HasSuffix(x.Name, "chop") {
				c = x
			}
		}
		if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure ||
			(c.Name == "__Host-chop") != secure || len(c.Value) < 43 {
			t.Errorf("cookie %+v", c)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		if (a.Header.Get("Strict-Transport-Security") != "") != secure {
			t.Error("HSTS")
		}
	}
}

func TestAPlantedCookieIsNotTaken(t *testing.T) {
	s := open(t, nil)
	s.add(t, "Anna Wilk", "anna@example.com", false)
	s.add(t, "Zła Osoba", "mallory@example.com", false)
	evil := s.browser(t)
	evil.in("mallory@example.com")
	u, _ := url.Parse(s.URL)
	victim := s.browser(t)
	victim.Jar.SetCookies(u, evil.Jar.Cookies(u))
	before := evil.Jar.Cookies(u)[0].Value
	victim.in("anna@example.com")
	if victim.Jar.Cookies(u)[0].Value == before {
		t.Error("the token stayed")
	}
	evil.get("/me").leads(t, "/signin?next=%2Fme")
	if a := victim.get("/me"); !strings.Contains(a.text, "Anna Wilk") {
		t.Error("the victim is somebody else")
	}
}

func TestSecondFactorOnThePages(t *testing.T) {
	s := open(t, nil)
	s.add(t, "Anna Wilk", "anna@example.com", false)
	b := s.browser(t)
	b.in("anna@example.com")
	b.post("/me/app", "current", "złe").is(t, http.StatusUnprocessableEntity)
	b.post("/me/app", "current", good).leads(t, "/me#app")
	a := b.get("/me")
	_, after, ok := strings.Cut(a.text, `<dd class="mono">`)
	if !ok || !strings.Contains(a.text, `src="data:image/png;base64,`) {
		t.Fatal("no secret on the page")
	}
	secret, _, _ := strings.Cut(after, "<")
	now := func() string {
		c, err := totp.GenerateCode(secret, s.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	b.post("/me/app/confirm", "code", "123").is(t, http.StatusUnprocessableEntity)
	a = b.post("/me/app/confirm", "code", now())
	a.is(t, http.StatusOK)
	if strings.Count(a.text, `<li class="mono">`) != 10 {
		t.Error("ten codes are shown")
	}
	b.get("/me").is(t, http.StatusOK)
	s.clock.Forward(time.Minute)
	half := s.browser(t)
	half.post("/signin", "email", "anna@example.com", "password", good, "next", "/me").leads(t, "/signin/code?next=%2Fme")
	half.get("/me").leads(t, "/signin?next=%2Fme")
	half.get("/signin/code?next=/me").is(t, http.StatusOK)
	half.post("/signin/code", "code", "999999", "next", "/me").is(t, http.StatusUnprocessableEntity)
	half.post("/signin/code", "code", now(), "next", "/me").leads(t, "/me")
	half.get("/me").is(t, http.StatusOK)
	half.post("/signout").leads(t, "/signin")
	half.get("/me").leads(t, "/signin?next=%2Fme")
}

func TestInvitationOnThePages(t *testing.T) {
	s := open(t, nil)
	f, err := s.firms.Create(system(t), firm.Firm{Name: "Kwiaciarnia <Mak> & Syn"})
	if err != nil {
		t.Fatal(err)
	}
	o := s.add(t, "Olga Mak", "olga@example.com", false)
	if err := s.users.Enrol(system(t), f.ID, o.ID, access.Owner); err != nil {
		t.Fatal(err)
	}
	b := s.browser(t)
	b.in("olga@example.com")
	b.post("/people/invite", "firm", f.ID, "email", "nie adres", "role", "staff").is(t, http.StatusUnprocessableEntity)
	b.post("/people/invite", "firm", f.ID, "email", "ewa@example.com", "role", "admin").is(t, http.StatusUnprocessableEntity)
	a := b.post("/people/invite", "firm", f.ID, "email", "ewa@example.com", "role", "staff", "lang", "pl")
	a.is(t, http.StatusOK)
	_, after, ok := strings.Cut(a.text, `value="`+s.URL+"/invitation/")
	if !ok {
		t.Fatal("no link is shown")
	}
	link, _, _ := strings.Cut(after, `"`)
	guest := s.browser(t)
	if a := guest.get("/invitation/" + link); a.StatusCode != 200 || strings.Contains(a.text, "<Mak>") || !strings.Contains(a.text, "&lt;Mak&gt;") {
		t.Error("the invitation's page")
	}
	guest.post("/invitation/"+link, "name", "Ewa\u202e Nowa", "password", "krótkie").is(t, http.StatusUnprocessableEntity)
	guest.post("/invitation/"+link, "name", "Ewa\u202e Nowa\r\nBcc: x", "password", good).leads(t, "/")
	if a := b.get("/people"); !strings.Contains(a.text, "Ewa Nowa Bcc: x") {
		t.Error("the new person is not listed on one line")
	}
	guest.get("/people").is(t, http.StatusForbidden)
	guest.get("/invitation/"+link).is(t, http.StatusNotFound)
	if v, err := s.users.Invite(system(t), f.ID, "z@example.com", access.Lawyer, lang.EN); err != nil || !strings.HasPrefix(v.Link, s.URL) {
		t.Error(v, err)
	}
}

func TestPeopleAreChangedWithAReason(t *testing.T) {
	s := open(t, nil)
	f, err := s.firms.Create(system(t), firm.Firm{Name: "Alfa"})
	if err != nil {
		t.Fatal(err)
	}
	o, p := s.add(t, "Olga", "olga@example.com", false), s.add(t, "Piotr", "piotr@example.com", false)
	for id, r := range map[string]access.Role{o.ID: access.Owner, p.ID: access.Staff} {
		if err := s.users.Enrol(system(t), f.ID, id, r); err != nil {
			t.Fatal(err)
		}
	}
	b := s.browser(t)
	b.in("olga@example.com")
	b.post("/people/role", "firm", f.ID, "user", p.ID, "role", "lawyer").is(t, http.StatusUnprocessableEntity)
	b.post("/people/role", "firm", f.ID, "user", p.ID, "role", "lawyer", "why", "prowadzi pozew").leads(t, "/people?firm="+f.ID)
	b.post("/people/remove", "firm", f.ID, "user", o.ID, "why", "odchodzę").is(t, http.StatusConflict)
	b.post("/people/admin", "user", o.ID, "admin", "yes", "why", "chcę").is(t, http.StatusForbidden)
	b.post("/people/firms", "name", "Moja").is(t, http.StatusForbidden)
	b.post("/people/remove", "firm", f.ID, "user", p.ID, "why", "koniec umowy").leads(t, "/people?firm="+f.ID)
	if a := b.get("/people"); strings.Contains(a.text, "piotr@example.com") || !strings.Contains(a.text, "już dostępu do firmy") {
		t.Error("Piotr is still there, or nothing was said")
	}
	admin := s.browser(t)
	s.add(t, "Adam Admin", "adam@example.com", true)
	admin.in("adam@example.com")
	if a := admin.get("/people?firm="); !strings.Contains(a.text, "piotr@example.com") {
		t.Error("the administrator does not see every account")
	}
	admin.post("/people/firms", "name", " ").is(t, http.StatusUnprocessableEntity)
	admin.post("/people/firms", "name", "Beta").is(t, http.StatusSeeOther)
	admin.post("/people/rescue", "user", p.ID).is(t, http.StatusUnprocessableEntity)
	if a := admin.post("/people/rescue", "user", p.ID, "why", "zgubiony telefon"); !strings.Contains(a.text, s.URL+"/reset/") {
		t.Error("no rescue link")
	}
	b.post("/people/rescue", "user", p.ID, "why", "chcę").is(t, http.StatusForbidden)
	admin.post("/people/close", "user", p.ID, "closed", "yes", "why", "odszedł").leads(t, "/people?firm=")
	s.browser(t).post("/signin", "email", "piotr@example.com", "password", good).is(t, http.StatusForbidden)
}

func TestLanguageAndThemeAreKept(t *testing.T) {
	s := open(t, nil)
	s.add(t, "Anna Wilk", "anna@example.com", false)
	b := s.browser(t)
	b.post("/prefs", "lang", "en", "back", "/signin").leads(t, "/signin")
	if a := b.get("/signin"); !strings.Contains(a.text, `lang="en"`) || !strings.Contains(a.text, "Good day") {
		t.Error("the visitor's language")
	}
	b.in("anna@example.com")
	if a := b.get("/"); !strings.Contains(a.text, `lang="pl"`) {
		t.Error("the person's own language comes first")
	}
	b.post("/prefs", "theme", "dark", "lang", "en", "back", "//evil.example").leads(t, "/")
	other := s.browser(t)
	other.in("anna@example.com")
	if a := other.get("/"); !strings.Contains(a.text, `lang="en"`) || !strings.Contains(a.text, `data-theme="dark"`) {
		t.Error("preferences do not follow the person")
	}
}

func TestTroubleIsCalm(t *testing.T) {
	s := open(t, func(c *session.Config) { c.PerSecond, c.Burst = 1, 30 })
	s.add(t, "Anna Wilk", "anna@example.com", false)
	b := s.browser(t)
	b.in("anna@example.com")
	for path, want := range map[string]int{"/boom": 500, "/broken": 500, "/conflict": 409, "/people/none": 404} {
		a := b.get(path)
		a.is(t, want)
		if strings.Contains(a.text, "secret detail") || strings.Contains(a.text, "unexpected EOF") {
			t.Errorf("%s tells too much", path)
		}
		if want == 500 && !strings.Contains(a.text, a.Header.Get("X-Request-ID")) {
			t.Errorf("%s has no incident number", path)
		}
	}
	big := strings.NewReader(strings.Repeat("a", 2<<20))
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/hooks/x", big)
	b.send(r).is(t, http.StatusRequestEntityTooLarge)
	r, _ = http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/import", strings.NewReader(strings.Repeat("a", 2<<20)))
	b.send(r).is(t, http.StatusOK)
	b.post("/signin", "email", strings.Repeat("a", 2<<20)).is(t, http.StatusRequestEntityTooLarge)
	got := 0
	for range 60 {
		if b.get("/signin").StatusCode == http.StatusTooManyRequests {
			got++
		}
	}
	if got < 30 {
		t.Errorf("%d of 60 were held back", got)
	}
	s.clock.Forward(time.Minute)
	b.get("/").is(t, http.StatusOK)
}
