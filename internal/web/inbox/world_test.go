package inbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/alert"
	"chop/internal/blob"
	"chop/internal/classify"
	"chop/internal/classify/rules"
	"chop/internal/crisis"
	"chop/internal/db/dbtest"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/evidence"
	"chop/internal/fetch"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/outcome"
	"chop/internal/reply"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/source/wordpress"
	"chop/internal/user"
	"chop/internal/web/inbox"
	"chop/internal/web/session"
	"chop/internal/web/signin"
	"chop/internal/web/static"
)

const good = "trzy zielone sowy"

// watcher is a place that we only watch: everything there is done by hand.
type watcher struct{}

func (watcher) Describe() source.Description {
	return source.Description{Kind: "google", Letters: "G", Manual: true}
}
func (watcher) Check(context.Context, source.Settings) (source.CheckReport, error) {
	return source.CheckReport{Title: "Opinie Google"}, nil
}
func (watcher) Fetch(context.Context, source.Settings, []byte) (source.Batch, error) {
	return source.Batch{}, nil
}

// world is two firms behind the real edge: one with a shop that speaks WordPress and reviews we only watch.
type world struct {
	*httptest.Server
	t         testing.TB
	clock     *dbtest.Clock
	shop      *site.Site
	jobs      *job.Queue
	users     *user.Store
	firms     *firm.Store
	mentions  *mention.Store
	replies   *reply.Store
	decisions *decision.Store
	journal   *journal.Store
	macros    *macro.Store
	sources   *source.Store
	firm      string
	other     string
	post      int
	wp, g     source.Source
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB) *world {
	t.Helper()
	clock := dbtest.NewClock()
	d, dir := dbtest.OpenSQLite(t, clock.Now), t.TempDir()
	w := &world{t: t, clock: clock, shop: site.New(clock.Now)}
	keys := must[*seal.Store](t)(seal.New(t.Context(), d, dir))
	log := must[*ledger.Log](t)(ledger.New(d, must[[]byte](t)(keys.Derive("ledger")), dir))
	w.jobs = must[*job.Queue](t)(job.New(d, job.Config{}))
	w.journal = journal.New(d, log, keys)
	w.firms = firm.New(d, w.journal)
	ev := evidence.New(evidence.Config{DB: d, Seal: keys, Blob: must[*blob.Disk](t)(blob.New(filepath.Join(dir, "blobs"))), Ledger: log,
		Journal: w.journal, Version: "test"})
	alerts := alert.NewStore(alert.Config{DB: d, Jobs: w.jobs, Journal: w.journal, Firms: w.firms,
		Duty: oncall.NewStore(oncall.Config{DB: d, Journal: w.journal, Seal: keys})})
	shop := httptest.NewServer(w.shop)
	t.Cleanup(shop.Close)
	place := wordpress.New(fetch.New(fetch.Config{Clock: clock.Now, AllowHosts: []string{strings.TrimPrefix(shop.URL, "http://")}, PerSecond: 1e6, Burst: 1000}))
	w.sources = &source.Store{DB: d, Jobs: w.jobs, Seal: keys, Journal: w.journal, Alerts: alerts,
		Registry: source.Registry{wordpress.Kind: place, "google": watcher{}}}
	w.mentions = &mention.Store{DB: d, Jobs: w.jobs, Seal: keys, Ledger: log, Sources: w.sources}
	labels := &classify.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Engine: rules.New()}
	cases := &crisis.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Alerts: alerts, Evidence: ev, Mentions: w.mentions}
	replies := &reply.Store{DB: d, Seal: keys, Journal: w.journal}
	w.replies = replies
	w.decisions = &decision.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Labels: labels, Cases: cases, Sources: w.sources,
		Evidence: ev, Firms: w.firms, Replies: replies, Grounded: replies.Grounded}
	actions := &action.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Alerts: alerts, Evidence: ev, Mentions: w.mentions, Cases: cases,
		Sources: w.sources, Decisions: w.decisions}
	outcomes := &outcome.Store{DB: d, Jobs: w.jobs, Journal: w.journal, Mentions: w.mentions, Sources: w.sources, Cases: cases, Decisions: w.decisions}
	job.On(w.jobs, "outcome.begin", outcomes.Begin)
	job.On(w.jobs, "outcome.look", outcomes.Look)
	job.Outside(w.jobs, "mention.pull", w.mentions.Pull)
	job.On(w.jobs, "classify.label", func(ctx context.Context, e mention.Ingested) error { _, err := labels.Label(ctx, e); return err })
	job.On(w.jobs, "decision.wake", w.decisions.Wake)
	job.On(w.jobs, "action.start", actions.Start)
	job.Outside(w.jobs, "action.carry", actions.Carry)
	job.Outside(w.jobs, "action.look", actions.LookAgain)
	job.On(w.jobs, "test.labelled", func(context.Context, classify.Labelled) error { return nil })
	job.On(w.jobs, "test.opened", func(context.Context, crisis.Opened) error { return nil })
	w.users = must[*user.Store](t)(user.New(user.Config{DB: d, Firms: w.firms, Journal: w.journal, Seal: keys, Origin: "http://localhost"}))
	mux := http.NewServeMux()
	signin.Mount(mux, signin.Deps{Users: w.users})
	w.macros = &macro.Store{DB: d, Journal: w.journal, Mentions: w.mentions, Labels: labels, Cases: cases, Evidence: ev, Decisions: w.decisions}
	inbox.Mount(mux, inbox.Deps{Mentions: w.mentions, Labels: labels, Decisions: w.decisions, Replies: replies, Actions: actions, Macros: w.macros, Outcomes: outcomes, Evidence: ev, Cases: cases,
		Sources: w.sources, Journal: w.journal})
	mux.Handle(static.Prefix, static.Handler())
	e := session.New(session.Config{Users: w.users, Firms: w.firms, Now: clock.Now})
	mux.HandleFunc("POST /prefs", e.Prefs)
	w.Server = httptest.NewServer(e.Wrap(mux))
	t.Cleanup(w.Close)
	w.settle(shop.URL)
	return w
}

// settle makes the firms, their channels and their people.
func (w *world) settle(shop string) {
	sys := access.With(w.t.Context(), access.System("*"))
	w.post = w.shop.AddPost("len", "Zima w lnie", "Gruba pościel szyta u nas w Gdańsku. Przedsprzedaż do końca listopada, pierwsze paczki jadą 1 grudnia.")
	w.firm = must[firm.Firm](w.t)(w.firms.Create(sys, firm.Firm{Name: "Manufaktura Lniana", Settings: firm.Settings{NetiquettePublished: true,
		Mandate: map[string]string{"reply": firm.Tell, "delete": firm.Tell, "block": firm.Tell, "escalate_legal": firm.Tell}}})).ID
	w.other = must[firm.Firm](w.t)(w.firms.Create(sys, firm.Firm{Name: "Kwiaciarnia Mak"})).ID
	var err error
	w.wp, _, err = w.sources.Connect(sys, w.firm, wordpress.Kind, "Sklep", source.Settings{"url": shop, "user": site.User, "password": site.Password})
	ok(w.t, err)
	w.g, _, err = w.sources.Connect(sys, w.firm, "google", "Opinie Google", source.Settings{})
	ok(w.t, err)
	for mail, p := range map[string]struct {
		name string
		firm string
		role access.Role
	}{"ewa@x.pl": {"Ewa Maj", w.firm, access.Guardian}, "ola@x.pl": {"Ola Dąb", w.firm, access.Guardian}, "joanna@x.pl": {"Joanna Wilk", w.firm, access.Owner},
		"kasia@x.pl": {"Kasia Lis", w.firm, access.Staff}, "adam@x.pl": {"Adam Prawo", w.firm, access.Lawyer}, "obcy@x.pl": {"Olga Obca", w.other, access.Guardian}} {
		u := must[user.Person](w.t)(w.users.Add(sys, user.Newcomer{Name: p.name, Email: mail, Password: good, Lang: lang.PL}))
		ok(w.t, w.users.Enrol(sys, p.firm, u.ID, p.role))
	}
	w.pass(0)
}

func (w *world) pass(by time.Duration) {
	w.t.Helper()
	w.clock.Forward(by)
	ok(w.t, w.jobs.Drain(w.t.Context()))
}

// writes puts a comment at the shop and waits until ChOP has read it.
func (w *world) writes(author, text string, parent int) int {
	w.t.Helper()
	id := w.shop.Comment(w.post, parent, author, strings.ToLower(strings.Fields(author)[0])+"@example.com", "203.0.113.9", "Mozilla", text)
	w.pass(2 * time.Minute)
	return id
}

// reviews takes in a review at the place that is only watched.
func (w *world) reviews(id, author, text string, stars int) mention.Mention {
	w.t.Helper()
	return w.takes(source.Item{ExternalID: id, Kind: source.KindReview, Author: source.Account{Name: author, ExternalID: author},
		Text: text, Rating: stars, URL: "https://maps.example/r/" + id, At: w.clock.Now()})
}

func (w *world) takes(items ...source.Item) mention.Mention {
	w.t.Helper()
	_, err := w.mentions.Intake(access.With(w.t.Context(), access.System("*")), w.g, source.Batch{Items: items})
	ok(w.t, err)
	w.pass(time.Second)
	return w.find(items[0].Author.Name)
}

// find is the newest mention of an author.
func (w *world) find(author string) mention.Mention {
	w.t.Helper()
	ctx := access.With(w.t.Context(), access.System(w.firm))
	for _, m := range must[[]mention.Mention](w.t)(w.mentions.List(ctx, mention.Filter{Limit: 500})) {
		if m.AuthorName == author {
			return m
		}
	}
	w.t.Fatalf("nothing of %s", author)
	return mention.Mention{}
}

// browser keeps cookies and does not follow redirects.
type browser struct {
	*http.Client
	t    testing.TB
	home string
}

type answer struct {
	*http.Response
	text string
	doc  *html.Node
}

func (w *world) in(mail string) *browser {
	w.t.Helper()
	jar := must[*cookiejar.Jar](w.t)(cookiejar.New(nil))
	b := &browser{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, w.t, w.URL}
	if a := b.post("/signin", "email", mail, "password", good); a.StatusCode != http.StatusSeeOther {
		w.t.Fatalf("sign-in of %s: %d", mail, a.StatusCode)
	}
	return b
}

func (b *browser) send(method, path string, body io.Reader) answer {
	b.t.Helper()
	r := must[*http.Request](b.t)(http.NewRequestWithContext(b.t.Context(), method, b.home+path, body))
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res := must[*http.Response](b.t)(b.Do(r))
	defer res.Body.Close()
	raw := must[[]byte](b.t)(io.ReadAll(res.Body))
	return answer{res, string(raw), must[*html.Node](b.t)(html.Parse(strings.NewReader(string(raw))))}
}

func (b *browser) get(path string) answer { b.t.Helper(); return b.send(http.MethodGet, path, nil) }

func (b *browser) post(path string, kv ...string) answer {
	b.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	return b.send(http.MethodPost, path, strings.NewReader(v.Encode()))
}

// form is the hidden fields of the first form that posts to the address and chooses the option.
func (a answer) form(t testing.TB, action, option string) (kv []string) {
	t.Helper()
	for f := range a.doc.Descendants() {
		if f.Data != "form" || attr(f, "action") != action {
			continue
		}
		kv = kv[:0]
		chosen := option == ""
		for in := range f.Descendants() {
			if in.Data == "input" && attr(in, "type") == "hidden" {
				kv = append(kv, attr(in, "name"), attr(in, "value"))
				chosen = chosen || attr(in, "name") == "option" && attr(in, "value") == option
			}
		}
		if chosen {
			return kv
		}
	}
	t.Fatalf("no form to %s for %q", action, option)
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what stands in the element with the id, "" when there is none.
func (a answer) in(id string) string {
	for n := range a.doc.Descendants() {
		if attr(n, "id") == id {
			return words(n)
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(b.String()), " "), "\u00a0", " ")
}

// has counts the elements that carry the class.
func (a answer) count(class string) (n int) {
	for e := range a.doc.Descendants() {
		for _, c := range strings.Fields(attr(e, "class")) {
			if c == class {
				n++
			}
		}
	}
	return n
}

func (a answer) is(t testing.TB, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, first(words(a.doc), 600))
	}
	return a
}

func first(s string, n int) string { return s[:min(len(s), n)] }

func (w *world) status(ext int) string {
	for _, c := range w.shop.Comments() {
		if c.ID == ext {
			return c.Status
		}
	}
	return strconv.Itoa(ext) + " is not there"
}
