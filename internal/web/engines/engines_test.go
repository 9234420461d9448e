package engines_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/classify/remote"
	"chop/internal/classify/rules"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fetch"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/seal"
	"chop/internal/user"
	"chop/internal/web/engines"
	"chop/internal/web/session"
)

const password = "trzy zielone sowy"

// world is the page behind the real edge, with a place that finds a threat in everything.
type world struct {
	*httptest.Server
	t      *testing.T
	place  *httptest.Server
	status int // of the place, 200 when 0
	sys    context.Context
	users  *user.Store
	second *remote.Store
	mine   firm.Firm
	other  firm.Firm
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
	q := must[*job.Queue](t)(job.New(d, job.Config{}))
	t.Cleanup(func() { _ = q.Stop(context.Background()) })
	w := &world{t: t, sys: access.With(t.Context(), access.System("*"))}
	j := journal.New(d, l, k)
	firms := firm.New(d, j)
	w.users = must[*user.Store](t)(user.New(user.Config{DB: d, Firms: firms, Journal: j, Seal: k, Origin: "https://chop.test"}))
	w.mine = must[firm.Firm](t)(firms.Create(w.sys, firm.Firm{Name: "Lniana <b>"}))
	w.other = must[firm.Firm](t)(firms.Create(w.sys, firm.Firm{Name: "Kwiaciarnia Mak"}))
	w.place = httptest.NewServer(http.HandlerFunc(w.answer))
	t.Cleanup(w.place.Close)
	calls := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Clock: clock.Now})
	t.Cleanup(calls.Close)
	labels := &classify.Store{DB: d, Jobs: q, Journal: j, Mentions: &mention.Store{DB: d, Jobs: q, Seal: k, Ledger: l}, Engine: rules.New()}
	w.second = remote.New(remote.Config{DB: d, Jobs: q, Seal: k, Journal: j, Labels: labels, Fetch: calls})
	job.Outside(q, "second.ask", w.second.Ask)
	mux := http.NewServeMux()
	engines.Mount(mux, engines.Deps{Firms: firms, Second: w.second})
	e := session.New(session.Config{Users: w.users, Firms: firms, Now: clock.Now, PerSecond: 1e6, Burst: 1e6})
	w.Server = httptest.NewServer(e.Wrap(mux))
	t.Cleanup(w.Close)
	return w
}

func (w *world) answer(rw http.ResponseWriter, r *http.Request) {
	if w.status != 0 {
		rw.WriteHeader(w.status)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	const before = `\"id\":\"` // the last one: the instructions have an example
	id, _, _ := strings.Cut(string(raw)[strings.LastIndex(string(raw), before)+len(before):], `\"`)
	fmt.Fprintf(rw, `{"choices":[{"message":{"content":%q}}],"usage":{"prompt_tokens":300,"completion_tokens":40}}`,
		`{"items":[{"id":"`+id+`","labels":[{"label":"threat","score":0.9},{"label":"spam","score":0.9}],"severity":4}]}`)
}

type visitor struct {
	w     *world
	token string
}

// visitor joins the firm in the role; "" is an administrator without any.
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
	status   int
	to, text string
	doc      *html.Node
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

// save posts good settings with changes.
func (v visitor) save(kv ...string) answer {
	q := url.Values{"firm": {v.w.mine.ID}, "url": {v.w.place.URL + "/v1"}, "model": {"dobry"}, "key": {"tajny"}, "scope": {"all"}, "thread": {"on"},
		"names": {"Anna Nowak\r\nJan"}, "day": {"50 000"}, "month": {"20,50"}, "in": {"0,15"}, "out": {"0,60"}, "currency": {"EUR"}, "accept": {"on"}, "do": {"on"}}
	for i := 0; i+1 < len(kv); i += 2 {
		q.Set(kv[i], kv[i+1])
	}
	return v.send(http.MethodPost, "/engines", q.Encode())
}

func (v visitor) post(path string, kv ...string) answer {
	q := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		q.Set(kv[i], kv[i+1])
	}
	return v.send(http.MethodPost, path, q.Encode())
}

// node is the element with this id, nil when there is none.
func (a answer) node(id string) (found *html.Node) {
	for n := range a.doc.Descendants() {
		for _, x := range n.Attr {
			if x.Key == "id" && x.Val == id {
				return n
			}
		}
	}
	return nil
}

func (a answer) value(id string) string {
	n := a.node(id)
	if n == nil {
		return "(no " + id + ")"
	}
	for _, x := range n.Attr {
		if x.Key == "value" {
			return x.Val
		}
	}
	return words(n)
}

func words(n *html.Node) string {
	var b strings.Builder
	if n != nil {
		for x := range n.Descendants() {
			if x.Type == html.TextNode {
				b.WriteString(x.Data + " ")
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestFromOffToOnToOff(t *testing.T) {
	w := open(t)
	v := w.visitor(access.Guardian)
	path := "/engines?firm=" + w.mine.ID
	a := v.get(path)
	if a.status != 200 || !strings.Contains(words(a.node("engine-state")), "wyłączona") || strings.Contains(a.text, "Lniana <b>") || a.node("f-text") != nil {
		t.Fatalf("%d %s", a.status, words(a.node("engine-state")))
	}
	if a := v.save(); a.status != 303 || a.to != path {
		t.Fatalf("%d to %q: %s", a.status, a.to, words(a.node("main")))
	}
	a = v.get(path)
	if s := words(a.node("engine-state")); !strings.Contains(s, "włączona") || !strings.Contains(s, "dobry") {
		t.Errorf("state: %s", s)
	}
	if strings.Contains(a.text, "tajny") || a.value("f-model") != "dobry" || a.value("f-month") != "20,50" || a.value("f-day") != "50000" || a.value("f-names") != "Anna Nowak Jan" ||
		a.node("f-drop") == nil || !strings.Contains(a.text, "Ewa Maj") {
		t.Errorf("the form does not show what was saved, or shows the key")
	}
	if a := v.post("/engines/off", "firm", w.mine.ID); a.status != 303 {
		t.Errorf("%d", a.status)
	}
	if s := words(v.get(path).node("engine-state")); !strings.Contains(s, "wyłączona") {
		t.Errorf("state: %s", s)
	}
}

func TestMistakesComeBackWithWhatWasTyped(t *testing.T) {
	w := open(t)
	v := w.visitor(access.Owner)
	for _, c := range []struct{ name, value, field string }{
		{"url", `"><script>alert(1)</script>`, "url"}, {"url", "http://api.example.com", "url"}, {"model", "", "model"}, {"key", "a b", "key"},
		{"day", "dużo", "day"}, {"month", "-5", "month"}, {"in", "x", "in"}, {"out", "1e99", "out"}, {"accept", "", "accept"},
	} {
		a := v.save(c.name, c.value)
		if a.status != 422 || a.node("f-"+c.field+"-err") == nil || !strings.Contains(a.text, `href="#f-`+c.field+`"`) || strings.Contains(a.text, "<script>alert") {
			t.Errorf("%s=%q: %d %s", c.name, c.value, a.status, words(a.node("main")))
		}
		if c.name != "key" && c.name != "accept" && a.value("f-"+c.name) != c.value {
			t.Errorf("%s=%q came back as %q", c.name, c.value, a.value("f-"+c.name))
		}
		if strings.Contains(a.text, "tajny") {
			t.Error("the key came back")
		}
	}
	if got, err := w.second.Settings(w.sys, w.mine.ID); err != nil || got.Set {
		t.Errorf("a mistake was saved: %+v %v", got, err)
	}
}

func TestTheSampleShowsWhatLeft(t *testing.T) {
	w := open(t)
	v := w.visitor(access.Guardian)
	v.save("do", "off")
	a := v.post("/engines/try", "firm", w.mine.ID, "text", "Zadzwoń 601 234 567 <i>, Nowak")
	s := words(a.node("engine-trial"))
	for _, want := range []string{"[PHONE] <i>, [NAME]", "groźba", "Dodała: groźba", "Widzi też: spam", "340 tokenów"} {
		if !strings.Contains(strings.ReplaceAll(strings.ToLower(s), "\u00a0", " "), strings.ToLower(want)) {
			t.Errorf("no %q in %s", want, s)
		}
	}
	if a.status != 200 || strings.Contains(a.text, "<i>") || strings.Contains(s, "601") {
		t.Errorf("%d %s", a.status, s)
	}
	if a := v.post("/engines/try", "firm", w.mine.ID, "text", ""); a.status != 422 || a.node("f-text-err") == nil {
		t.Errorf("empty: %d", a.status)
	}
	w.status = 401
	if a := v.post("/engines/try", "firm", w.mine.ID, "text", "Zimna zupa"); a.status != 503 || !strings.Contains(words(a.node("engine-try")), "nie przyjęła klucza") || a.node("errbox-h") != nil || a.value("f-text") != "Zimna zupa" {
		t.Errorf("%d %s", a.status, words(a.node("main")))
	}
}

func TestWhoSeesThePage(t *testing.T) {
	w := open(t)
	for role, want := range map[access.Role]int{access.Guardian: 200, access.Owner: 200, "": 200, access.Staff: 403, access.Lawyer: 403} {
		v := w.visitor(role)
		if a := v.get("/engines?firm=" + w.mine.ID); a.status != want {
			t.Errorf("%q: %d, want %d", role, a.status, want)
		}
		if want == 403 {
			for _, a := range []answer{v.save(), v.post("/engines/off", "firm", w.mine.ID), v.post("/engines/try", "firm", w.mine.ID, "text", "Zimna zupa")} {
				if a.status != 403 {
					t.Errorf("%q may: %d", role, a.status)
				}
			}
		}
		if role == "" {
			continue
		}
		for _, a := range []answer{v.get("/engines?firm=" + w.other.ID), v.save("firm", w.other.ID), v.post("/engines/off", "firm", w.other.ID),
			v.post("/engines/try", "firm", w.other.ID, "text", "Zimna zupa"), v.get("/engines?firm=nobody")} {
			if a.status != 404 {
				t.Errorf("%q reaches another firm: %d", role, a.status)
			}
		}
		if a := v.get("/engines"); want == 200 && (a.status != 200 || strings.Contains(a.text, "Mak")) || want == 403 && a.status != 403 {
			t.Errorf("%q list: %d", role, a.status)
		}
	}
}
