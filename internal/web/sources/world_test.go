package sources_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fetch"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/source/feed"
	"chop/internal/source/table"
	"chop/internal/source/webhook"
	"chop/internal/source/wordpress"
	"chop/internal/user"
	"chop/internal/web/session"
	"chop/internal/web/sources"
)

const password = "trzy zielone sowy"

// world is a server with two firms and people in them.
type world struct {
	t        testing.TB
	d        *db.DB
	clock    *dbtest.Clock
	sys      context.Context
	q        *job.Queue
	sources  *source.Store
	mentions *mention.Store
	users    *user.Store
	firms    *firm.Store
	mine     firm.Firm
	other    firm.Firm
	imports  string // folder
	server   *httptest.Server
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, clock: dbtest.NewClock(), sys: access.With(t.Context(), access.System("*"))}
	w.d = dbtest.OpenSQLite(t, w.clock.Now)
	k, err := seal.New(t.Context(), w.d, t.TempDir())
	check(t, err)
	l, err := ledger.New(w.d, make([]byte, 32), filepath.Join(t.TempDir(), "ledger"))
	check(t, err)
	w.q, err = job.New(w.d, job.Config{})
	check(t, err)
	t.Cleanup(func() { _ = w.q.Stop(context.Background()) })
	j := journal.New(w.d, l, k)
	w.firms = firm.New(w.d, j)
	alerts := alert.NewStore(alert.Config{DB: w.d, Jobs: w.q, Journal: j, Firms: w.firms, Duty: oncall.NewStore(oncall.Config{DB: w.d, Journal: j, Seal: k})})
	f := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Clock: w.clock.Now})
	t.Cleanup(f.Close)
	w.sources = &source.Store{DB: w.d, Jobs: w.q, Seal: k, Journal: j, Alerts: alerts, Registry: source.Registry{
		"shop": shop{webhook.New()}, webhook.Kind: webhook.New(), table.Kind: table.New(), feed.Kind: feed.New(f), wordpress.Kind: wordpress.New(f)}}
	w.mentions = &mention.Store{DB: w.d, Jobs: w.q, Seal: k, Ledger: l, Sources: w.sources}
	w.imports = t.TempDir()
	im, err := mention.NewImporter(w.mentions, j, w.imports)
	check(t, err)
	job.On(w.q, "hear", func(context.Context, mention.Ingested) error { return nil })
	job.Outside(w.q, "pull", w.mentions.Pull)
	job.Outside(w.q, "import", im.Run)
	w.mine, err = w.firms.Create(w.sys, firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL})
	check(t, err)
	w.other, err = w.firms.Create(w.sys, firm.Firm{Name: "Kwiaciarnia Mak", Lang: lang.PL})
	check(t, err)
	w.users, err = user.New(user.Config{DB: w.d, Firms: w.firms, Journal: j, Seal: k, Origin: "https://chop.test"})
	check(t, err)
	mux := http.NewServeMux()
	sources.Mount(mux, sources.Deps{Sources: w.sources, Importer: im, Firms: w.firms, Journal: j, Origin: "https://chop.test"})
	edge := session.New(session.Config{Users: w.users, Firms: w.firms, Now: w.clock.Now, Large: []string{sources.ImportPath}, LargeBody: mention.MaxImport + 1<<20,
		PerSecond: 1e6, Burst: 1e6})
	w.server = httptest.NewServer(edge.Wrap(mux))
	t.Cleanup(w.server.Close)
	return w
}

// shop is a place where something can be done.
type shop struct{ *webhook.Connector }

func (shop) Describe() source.Description {
	return source.Description{Kind: "shop", Letters: "SH", Push: true, Capabilities: source.Capabilities{
		source.Reply: {Can: true, Note: "source.wordpress.can.reply", MaxText: 1300}}}
}

func (shop) Check(context.Context, source.Settings) (source.CheckReport, error) {
	return source.CheckReport{Title: "Sklep"}, nil
}

// visitor is a signed-in person at a browser.
type visitor struct {
	w *world
	c *http.Client
}

func (w *world) visitor(firmID string, role access.Role) *visitor {
	w.t.Helper()
	mail := db.NewID() + "@example.test"
	p, err := w.users.Add(w.sys, user.Newcomer{Name: "Ewa Maj", Email: mail, Password: password, Lang: lang.PL})
	check(w.t, err)
	check(w.t, w.users.Enrol(w.sys, firmID, p.ID, role))
	o, err := w.users.SignIn(w.t.Context(), mail, password, user.Device{Addr: "127.0.0.1"})
	check(w.t, err)
	jar := &jar{cookies: map[string]string{"chop": o.Token}}
	return &visitor{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// jar keeps cookies by name, for one host.
type jar struct{ cookies map[string]string }

func (j *jar) SetCookies(_ *url.URL, cs []*http.Cookie) {
	for _, c := range cs {
		if c.Value == "" {
			delete(j.cookies, c.Name)
		} else {
			j.cookies[c.Name] = c.Value
		}
	}
}

func (j *jar) Cookies(*url.URL) []*http.Cookie {
	var out []*http.Cookie
	for n, v := range j.cookies {
		out = append(out, &http.Cookie{Name: n, Value: v})
	}
	return out
}

// answer is a page as it came.
type answer struct {
	status int
	header http.Header
	body   string
	doc    *html.Node
}

func (v *visitor) do(r *http.Request) answer {
	v.w.t.Helper()
	resp, err := v.c.Do(r)
	check(v.w.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	check(v.w.t, err)
	doc, err := html.Parse(bytes.NewReader(raw))
	check(v.w.t, err)
	return answer{resp.StatusCode, resp.Header, string(raw), doc}
}

func (v *visitor) get(path string) answer {
	v.w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, v.w.server.URL+path, nil)
	check(v.w.t, err)
	return v.do(r)
}

func (v *visitor) post(path string, kv ...string) answer {
	v.w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		form.Add(kv[i], kv[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, v.w.server.URL+path, strings.NewReader(form.Encode()))
	check(v.w.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(r)
}

// upload sends a file as the browser does: the firm stands before it.
func (v *visitor) upload(firmID, name string, file io.Reader) answer {
	v.w.t.Helper()
	pr, pw := io.Pipe()
	m := multipart.NewWriter(pw)
	go func() {
		_ = m.WriteField("firm", firmID)
		p, err := m.CreateFormFile("file", name)
		if err == nil {
			_, err = io.Copy(p, file)
		}
		if err == nil {
			err = m.Close()
		}
		pw.CloseWithError(err)
	}()
	r, err := http.NewRequest(http.MethodPost, v.w.server.URL+sources.ImportPath, pr)
	check(v.w.t, err)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return v.do(r)
}

// all finds the elements whose attribute has the value; "" is any value.
func (a answer) all(attr, value string) (found []*html.Node) {
	for n := range a.doc.Descendants() {
		for _, x := range n.Attr {
			if x.Key == attr && (value == "" || x.Val == value) {
				found = append(found, n)
			}
		}
	}
	return found
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func attr(n *html.Node, key string) string {
	for _, x := range n.Attr {
		if x.Key == key {
			return x.Val
		}
	}
	return ""
}

// value is what stands in a control.
func (a answer) value(t testing.TB, id string) string {
	t.Helper()
	ns := a.all("id", id)
	if len(ns) != 1 {
		t.Fatalf("%d controls %q", len(ns), id)
	}
	return attr(ns[0], "value")
}

// untranslated lists message ids that reached the page.
func (a answer) untranslated() (ids []string) {
	for n := range a.doc.Descendants() {
		if n.Type == html.TextNode && strings.Contains(n.Data, "[sources.") {
			ids = append(ids, n.Data)
		}
	}
	return ids
}

func (w *world) connect(firmID, kind, name string, s source.Settings) source.Source {
	w.t.Helper()
	src, _, err := w.sources.Connect(w.sys, firmID, kind, name, s)
	check(w.t, err)
	return src
}

// rss is a feed of n items whose server can be told to refuse.
type rss struct {
	n    int
	down bool
}

func (f *rss) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.down {
		http.Error(w, "przerwa", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprint(w, `<rss version="2.0"><channel><title>Komentarze: Blog o lnie</title>`)
	for i := range f.n {
		fmt.Fprintf(w, `<item><title>Wpis %d</title><description>Komentarz %d</description><guid>g%d</guid></item>`, i, i, i)
	}
	fmt.Fprint(w, `</channel></rss>`)
}
