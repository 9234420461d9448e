// Package story tells the promises of the product end to end: a real site, a real connector, real letters and rings,
// one clock that the story moves.
package story

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/app"
	"chop/internal/crisis"
	"chop/internal/db/dbtest"
	"chop/internal/demo/site"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/user"
)

// World is one installation with its outside: a shop that is watched, a mail server and a server of phones.
type World struct {
	*app.Rooms
	t      *testing.T
	clock  *dbtest.Clock
	shop   *site.Site
	url    string
	post   int
	mail   *postOffice
	phones *exchange
	firm   firm.Firm
	source source.Source

	mu    sync.Mutex
	calls []call                           // what changed something at the shop
	fault func(*http.Request) *site.Answer // what the story breaks there
}

// call is a request that changes something at the shop, and how many exhibits stood behind it.
type call struct {
	what     string
	exhibits int
}

// Each tells a story on SQLite and on PostgreSQL.
func Each(t *testing.T, f func(t *testing.T, w *World)) {
	t.Run("sqlite", func(t *testing.T) { f(t, New(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, build(t, dbtest.PostgresURL(t), dbtest.Start)) })
}

// New is a world on SQLite that begins on a Saturday night.
func New(t *testing.T) *World { return build(t, "", dbtest.Start) }

func build(t *testing.T, database string, begin time.Time) *World {
	t.Helper()
	t.Parallel()
	w := &World{t: t, clock: dbtest.NewClock()}
	w.clock.Forward(begin.Sub(dbtest.Start))
	w.mail, w.phones = openPostOffice(t), openExchange(t)
	w.shop, w.url = w.openShop()
	var err error
	w.Rooms, err = app.Open(t.Context(), app.Config{Data: t.TempDir(), DB: database, Origin: "https://chop.example", Allow: []string{"127.0.0.1"}, PerSecond: 1e6,
		SMTP: app.SMTP{Host: "127.0.0.1", Port: w.mail.port, From: "ChOP <dyzur@chop.example>", TLS: "none"}, Now: w.clock.Now}, "story")
	w.ok(err)
	t.Cleanup(w.Rooms.Close)
	w.firm, w.source = w.guard("Manufaktura Lniana", w.url)
	w.post = w.shop.AddPost("zima-w-lnie", "Zima w lnie", "Nowa kolekcja pościeli z polskiego lnu.")
	return w
}

// openShop opens a site whose clock is the story's and whose changes are counted.
func (w *World) openShop() (*site.Site, string) {
	s := site.New(w.clock.Now)
	s.Fault(w.watch)
	server := httptest.NewServer(s)
	w.t.Cleanup(server.Close)
	return s, server.URL
}

// guard takes a firm and its site into care.
func (w *World) guard(name, url string) (firm.Firm, source.Source) {
	w.t.Helper()
	f, err := w.Firms.Create(w.system(), firm.Firm{Name: name, City: "Gdańsk", Lang: lang.PL,
		Settings: firm.Settings{NetiquettePublished: true, RiskAversion: 1,
			Mandate: map[string]string{"reply": firm.Tell, "delete": firm.Tell, "block": firm.Tell, "escalate_legal": firm.Tell}}})
	w.ok(err)
	src, _, err := w.Sources.Connect(w.system(), f.ID, "wordpress", "", source.Settings{"url": url, "user": site.User, "password": site.Password})
	w.ok(err)
	return f, src
}

func (w *World) system() context.Context { return access.With(w.t.Context(), access.System("*")) }

func (w *World) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refuses checks that a wish met its fault.
func (w *World) refuses(err error, kind fault.Kind, code string) *fault.Error {
	w.t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || f.Code != code {
		w.t.Fatalf("got %v, want %s", err, code)
	}
	return f
}

// Person is somebody with an account and a letter box.
type Person struct {
	w     *World
	name  string
	email string
	id    string
	firms map[string]access.Role
}

func (w *World) hire(name string, r access.Role) *Person {
	w.t.Helper()
	p := &Person{w: w, name: name, email: strings.ToLower(name) + "@example.test", firms: map[string]access.Role{w.firm.ID: r}}
	x, err := w.Users.Add(w.system(), user.Newcomer{Name: name, Email: p.email, Password: "haslo na potrzeby " + name, Lang: lang.PL})
	w.ok(err)
	p.id = x.ID
	w.ok(w.Users.Enrol(w.system(), w.firm.ID, p.id, r))
	w.clock.Forward(time.Second) // who joined first is woken first
	return p
}

// Guardian, Owner and Lawyer hire a person for the firm.
func (w *World) Guardian(name string) *Person { w.t.Helper(); return w.hire(name, access.Guardian) }
func (w *World) Owner(name string) *Person    { w.t.Helper(); return w.hire(name, access.Owner) }

// ctx is the person at work.
func (p *Person) ctx() context.Context {
	return access.With(p.w.t.Context(), access.Principal{User: p.id, Name: p.name, Firms: p.firms})
}

// Visitor is a stranger at the shop.
type Visitor struct {
	w    *World
	name string
}

// Visitor comes to the shop.
func (w *World) Visitor(name string) Visitor { return Visitor{w, name} }

// Comments writes under the shop's post and gives the comment's number there.
func (v Visitor) Comments(text string) int { return v.Answers(0, text) }

// Answers writes under another comment.
func (v Visitor) Answers(to int, text string) int {
	return v.w.shop.Comment(v.w.post, to, v.name, strings.ToLower(v.name)+"@visitor.test", "203.0.113.9", "Mozilla/5.0", text)
}

// FastForward lets time go by while the program works, minute by minute; on the day it also does its regular duties.
func (w *World) FastForward(d time.Duration) {
	w.t.Helper()
	for left := d; left > 0; left -= time.Minute {
		w.clock.Forward(min(left, time.Minute))
		w.Work()
	}
}

// Leap lets a long time go by of which the program only sees the end, as after an outage of the machine.
func (w *World) Leap(d time.Duration) {
	w.t.Helper()
	w.clock.Forward(d)
	w.Work()
}

// Work does everything that is due now, and the regular duties.
func (w *World) Work() {
	w.t.Helper()
	w.ok(w.Jobs.Drain(w.system()))
	w.ok(w.Sources.Watch(w.system()))
	w.ok(w.Triage.Overdue(w.system()))
	w.ok(w.Cases.Tend(w.system()))
	_, err := w.Ledger.Checkpoint(w.system())
	w.ok(err)
	w.ok(w.Jobs.Drain(w.system()))
}

// sees is the mention of a comment, which must have come in.
func (w *World) sees(comment int) mention.Mention {
	w.t.Helper()
	key := strconv.Itoa(comment)
	got, err := w.Mentions.ByExternal(w.system(), w.firm.ID, w.source.ID, []string{key})
	w.ok(err)
	m, there := got[key]
	if !there {
		w.t.Fatalf("comment %d of the shop has not come in", comment)
	}
	return m
}

// cases lists all cases of the firm.
func (w *World) cases() []crisis.Case {
	w.t.Helper()
	list, err := w.Cases.List(w.system(), w.firm.ID, false)
	w.ok(err)
	return list
}

// onlyCase is the one case there is.
func (w *World) onlyCase() crisis.Case {
	w.t.Helper()
	list := w.cases()
	if len(list) != 1 {
		w.t.Fatalf("there are %d cases, want 1", len(list))
	}
	return list[0]
}

// alerts lists the alerts of the firm with this title, whatever their state.
func (w *World) alerts(title string) (out []alert.Alert) {
	w.t.Helper()
	list, err := w.Alerts.List(w.system(), alert.Filter{Firm: w.firm.ID, Limit: 1000,
		States: []alert.State{alert.Open, alert.Acknowledged, alert.Unanswered, alert.Resolved}})
	w.ok(err)
	for _, a := range list {
		if a.Title == title {
			out = append(out, a)
		}
	}
	return out
}

// onlyAlert is the one alert with this title, in the state.
func (w *World) onlyAlert(title string, want alert.State) alert.Alert {
	w.t.Helper()
	list := w.alerts(title)
	if len(list) != 1 || list[0].State != want {
		w.t.Fatalf("alerts %s: %v, want one that is %s", title, states(list), want)
	}
	return list[0]
}

func states(list []alert.Alert) (out []string) {
	for _, a := range list {
		out = append(out, string(a.State))
	}
	return out
}

// status is how the shop shows a comment.
func (w *World) status(comment int) string {
	w.t.Helper()
	for _, c := range w.shop.Comments() {
		if c.ID == comment {
			return c.Status
		}
	}
	w.t.Fatalf("the shop has no comment %d", comment)
	return ""
}

// watch stands before the shop: it keeps what changes something there and breaks what the story wants broken.
func (w *World) watch(r *http.Request) *site.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Method != http.MethodGet {
		c := call{what: r.Method + " " + r.URL.Path, exhibits: -1}
		if w.Rooms != nil {
			c.exhibits = w.exhibits()
		}
		w.calls = append(w.calls, c)
	}
	if w.fault != nil {
		return w.fault(r)
	}
	return nil
}

// exhibits counts what lies in the vault of the firm.
func (w *World) exhibits() int {
	list, _, err := w.Evidence.List(w.system(), evidenceOf(w.firm.ID))
	if err != nil {
		return -1
	}
	return len(list)
}

// breaks sets what the shop does instead of answering; nil repairs it.
func (w *World) breaks(f func(*http.Request) *site.Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = f
}

// changes lists the requests that changed something at the shop so far.
func (w *World) changes() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]call(nil), w.calls...)
}
