package watch_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/blob"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/standing"
	"chop/internal/user"
	"chop/internal/web/alerts"
	"chop/internal/web/cases"
	"chop/internal/web/duty"
	"chop/internal/web/session"
	"chop/internal/web/static"
	"chop/internal/web/watch"
)

const password = "trzy zielone sowy"

// world is the pages of duty and cases behind the real edge, on a real database.
type world struct {
	*httptest.Server
	t        *testing.T
	clock    *dbtest.Clock
	db       *db.DB
	jobs     *job.Queue
	firms    *firm.Store
	users    *user.Store
	duty     *oncall.Store
	alerts   *alert.Store
	cases    *crisis.Store
	mentions *mention.Store
	evidence *evidence.Store
	phone    *phone
	ctx      context.Context // of the program itself
	doc      int
}

// phone is a channel that keeps what it was told: the far end of a real one lies outside the house.
type phone struct {
	mu   sync.Mutex
	sent []notify.Message
}

func (p *phone) Kind() string       { return "email" }
func (p *phone) Check(string) error { return nil }
func (p *phone) Send(_ context.Context, m notify.Message) (notify.Receipt, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, m)
	return notify.Receipt{}, false, nil
}

func (p *phone) last(t *testing.T) notify.Message {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sent) == 0 {
		t.Fatal("nothing was sent")
	}
	return p.sent[len(p.sent)-1]
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
	w := &world{t: t, clock: dbtest.NewClock(), phone: &phone{}, ctx: access.With(t.Context(), access.System("*"))}
	d, dir := dbtest.OpenSQLite(t, w.clock.Now), t.TempDir()
	w.db = d
	w.jobs = must[*job.Queue](t)(job.New(d, job.Config{}))
	job.On(w.jobs, "test.opened", func(context.Context, crisis.Opened) error { return nil }) // the queue refuses events nobody hears
	k := must[*seal.Store](t)(seal.New(t.Context(), d, dir))
	l := must[*ledger.Log](t)(ledger.New(d, bytes.Repeat([]byte{1}, 32), dir))
	b := must[*blob.Disk](t)(blob.New(dir + "/blobs"))
	j := journal.New(d, l, k)
	w.firms = firm.New(d, j)
	w.evidence = evidence.New(evidence.Config{DB: d, Seal: k, Blob: b, Ledger: l, Journal: j, Version: "test"})
	w.duty = oncall.NewStore(oncall.Config{DB: d, Journal: j, Seal: k, Check: func(string, string) error { return nil }})
	var edge http.Handler
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { edge.ServeHTTP(rw, r) }))
	t.Cleanup(w.Close)
	w.alerts = alert.NewStore(alert.Config{DB: d, Jobs: w.jobs, Journal: j, Firms: w.firms, Duty: w.duty,
		Channels: map[string]notify.Channel{"email": w.phone}, Origin: w.URL})
	src := &source.Store{DB: d, Jobs: w.jobs, Seal: k, Journal: j, Alerts: w.alerts, Registry: source.Registry{}}
	w.mentions = &mention.Store{DB: d, Jobs: w.jobs, Seal: k, Ledger: l, Sources: src}
	w.cases = &crisis.Store{DB: d, Jobs: w.jobs, Seal: k, Journal: j, Alerts: w.alerts, Evidence: w.evidence, Mentions: w.mentions}
	w.alerts.Acked = w.cases.Acknowledged
	w.users = must[*user.Store](t)(user.New(user.Config{DB: d, Firms: w.firms, Journal: j, Seal: k, Origin: w.URL}))
	mux := http.NewServeMux()
	watch.Mount(mux, watch.Deps{Firms: w.firms, Standing: &standing.Store{DB: d}, Mentions: w.mentions, Cases: w.cases, Alerts: w.alerts, Duty: w.duty, Sources: src})
	cases.Mount(mux, cases.Deps{Firms: w.firms, Cases: w.cases, Mentions: w.mentions, Evidence: w.evidence, Sources: src, Duty: w.duty,
		Labels: &classify.Store{DB: w.db, Mentions: w.mentions}})
	alerts.Mount(mux, alerts.Deps{Alerts: w.alerts})
	duty.Mount(mux, duty.Deps{Firms: w.firms, Duty: w.duty, Alerts: w.alerts})
	mux.Handle(static.Prefix, static.Handler())
	e := session.New(session.Config{Users: w.users, Firms: w.firms, Now: w.clock.Now, Hooks: []string{alert.LinkPath}})
	mux.HandleFunc("POST /prefs", e.Prefs)
	edge = e.Wrap(mux)
	return w
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	if err := w.db.Tx(w.ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, q, args...)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) firm(name, trade, city string) firm.Firm {
	w.t.Helper()
	return must[firm.Firm](w.t)(w.firms.Create(w.ctx, firm.Firm{Name: name, Trade: trade, City: city}))
}

// person joins the firms in a role.
func (w *world) person(name, email string, r access.Role, fs ...firm.Firm) user.Person {
	w.t.Helper()
	p := must[user.Person](w.t)(w.users.Add(w.ctx, user.Newcomer{Name: name, Email: email, Password: password}))
	for _, f := range fs {
		if err := w.users.Enrol(w.ctx, f.ID, p.ID, r); err != nil {
			w.t.Fatal(err)
		}
	}
	return p
}

// channel connects one that was last well at ok.
func (w *world) channel(f firm.Firm, kind, name string, ok time.Time, fails int) string {
	w.t.Helper()
	id := db.NewID()
	w.exec(`INSERT INTO source (firm_id, id, kind, name, settings, cursor, quiet_after, created_at, checked_at, ok_at, item_at, fails)
		VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $8, $8, $9)`, f.ID, id, kind, name, []byte{}, int64(48*3600*1e6),
		w.db.Now().Add(-90*24*time.Hour), ok, fails)
	return id
}

type said struct {
	text, author, labels, status string
	at, due                      time.Time
	severity                     int
	buyer                        bool
}

// says puts one mention into the store.
func (w *world) says(f firm.Firm, src string, x said) string {
	w.t.Helper()
	w.doc++
	id := db.NewID()
	if x.at.IsZero() {
		x.at = w.db.Now()
	}
	w.exec(`INSERT INTO mention (firm_id, id, doc, source_id, ext_id, kind, post_id, parent_ext, author_key, author_name, text, url, lang, at,
		seen_at, changed_at, state, rating, own, revision, delivery_id, meta, labels, severity, buyer, status, due_at)
		VALUES ($1, $2, $3, $4, $2, 'comment', '', '', $5, $5, $6, '', 'pl', $7, $7, $7, 'published', 0, FALSE, 1, '', $8, $9, $10, $11, $12, $13)`,
		f.ID, id, x.at.UnixMicro()<<8+int64(w.doc), src, x.author, x.text, x.at, []byte{}, x.labels, x.severity, x.buyer, x.status, x.due)
	return id
}

func (w *world) open(n crisis.New, mentions ...string) crisis.Case {
	w.t.Helper()
	for _, m := range mentions {
		n.Items = append(n.Items, mention.Ref(m))
	}
	c, _, err := w.cases.Open(w.ctx, n)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) raise(f firm.Firm, key string, priority int, ref reason.Ref, to string) string {
	w.t.Helper()
	return must[string](w.t)(w.alerts.Raise(w.ctx, alert.New{Firm: f.ID, Key: key, Priority: priority, Title: "case.title.threat",
		Facts: map[string]string{"author": "Lena Wróbel"}, Ref: ref, URL: to}))
}

func (w *world) drain() {
	w.t.Helper()
	if err := w.jobs.Drain(w.ctx); err != nil {
		w.t.Fatal(err)
	}
}

// browser keeps cookies and does not follow redirects.
type browser struct {
	*http.Client
	w *world
}

func (w *world) visitor() *browser {
	w.t.Helper()
	jar := must[*cookiejar.Jar](w.t)(cookiejar.New(nil))
	return &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, w}
}

func (w *world) signIn(email string) *browser {
	w.t.Helper()
	b := w.visitor()
	o := must[user.Opened](w.t)(w.users.SignIn(w.ctx, email, password, user.Device{Addr: "192.0.2.1"}))
	home := must[*url.URL](w.t)(url.Parse(w.URL))
	b.Jar.SetCookies(home, []*http.Cookie{{Name: "chop", Value: o.Token, Path: "/"}})
	return b
}

type answer struct {
	*http.Response
	text string
	doc  *html.Node
	t    *testing.T
}

func (b *browser) send(method, path string, form url.Values) answer {
	b.w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.w.t.Context(), method, b.w.URL+path, body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw := must[[]byte](b.w.t)(io.ReadAll(resp.Body))
	doc := must[*html.Node](b.w.t)(html.Parse(bytes.NewReader(raw)))
	return answer{resp, string(raw), doc, b.w.t}
}

func (b *browser) get(path string) answer {
	b.w.t.Helper()
	return b.send(http.MethodGet, path, nil)
}

func (b *browser) post(path string, kv ...string) answer {
	b.w.t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		f.Add(kv[i], kv[i+1])
	}
	return b.send(http.MethodPost, path, f)
}

func (a answer) status(want int) answer {
	a.t.Helper()
	if a.StatusCode != want {
		a.t.Fatalf("status %d, want %d: %s", a.StatusCode, want, words(a.part("main")))
	}
	if i := strings.Index(a.text, "[cases."); i >= 0 {
		a.t.Errorf("a message is missing: %s", a.text[i:min(i+60, len(a.text))])
	}
	return a
}

// part is the element with the id, or of the tag.
func (a answer) part(id string) *html.Node {
	var found *html.Node
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if found != nil {
			return
		}
		if n.Type == html.ElementNode && (attr(n, "id") == id || n.Data == id) {
			found = n
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(a.doc)
	return found
}

// all are the elements of the tag.
func (a answer) all(tag string) (out []*html.Node) {
	for n := range a.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == tag {
			out = append(out, n)
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// words are the visible words of a part, with single spaces.
func words(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for x := range n.Descendants() {
		if x.Type == html.TextNode {
			b.WriteString(x.Data + " ")
		}
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(b.String(), "\u00a0", " ")), " ")
}

func (a answer) shows(part string, want ...string) {
	a.t.Helper()
	got := words(a.part(part))
	for _, s := range want {
		if !strings.Contains(got, s) {
			a.t.Errorf("%s does not say %q: %s", part, s, got)
		}
	}
}

func (a answer) hides(want ...string) {
	a.t.Helper()
	for _, s := range want {
		if strings.Contains(a.text, s) {
			a.t.Errorf("the page says %q", s)
		}
	}
}
