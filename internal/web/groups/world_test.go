package groups_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/group"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/source"
	"chop/internal/user"
	"chop/internal/web/authors"
	"chop/internal/web/cases"
	"chop/internal/web/groups"
	"chop/internal/web/inbox"
	"chop/internal/web/owner"
	"chop/internal/web/session"
	"chop/internal/web/signin"
	"chop/internal/web/watch"
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
	groups.Mount(mux, groups.Deps{Groups: w.Groups, Mentions: w.Mentions, Cases: w.Cases, Evidence: w.Evidence, Journal: w.Journal, Hand: w.Triage.HandGroup})
	inbox.Mount(mux, inbox.Deps{Mentions: w.Mentions, Labels: w.Labels, Decisions: w.Decisions, Actions: w.Actions, Evidence: w.Evidence, Cases: w.Cases, Sources: w.Sources,
		Journal: w.Journal, Groups: w.Groups})
	cases.Mount(mux, cases.Deps{Firms: w.Firms, Cases: w.Cases, Mentions: w.Mentions, Labels: w.Labels, Evidence: w.Evidence, Sources: w.Sources, Duty: w.Duty, Groups: w.Groups})
	authors.Mount(mux, authors.Deps{Authors: w.Authors, Mentions: w.Mentions, Evidence: w.Evidence, Groups: w.Groups})
	watch.Mount(mux, watch.Deps{Firms: w.Firms, Standing: w.Standing, Mentions: w.Mentions, Cases: w.Cases, Alerts: w.Alerts, Duty: w.Duty, Sources: w.Sources, Groups: w.Groups})
	owner.Mount(mux, owner.Deps{Firms: w.Firms, Standing: w.Standing, Cases: w.Cases, Consents: w.Consents, Decisions: w.Decisions, Mentions: w.Mentions, Duty: w.Duty, Ledger: w.Ledger,
		Groups: w.Groups, Beat: w.Beat})
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

// Accounts of the played page.
const (
	ordinary = 130
	members  = 8
	posts    = 90
)

// lead is the name of the first member: nothing a page may take for its own.
const lead = "<b>Prawda</b>\u202e o Lnie =HYPERLINK(1)"

func memberName(i int) string {
	if i == 0 {
		return lead
	}
	return fmt.Sprintf("Konto %02d", i)
}

// plays is ninety posts in as many days, ordinary accounts that come when they like, and members that come within a minute of one
// another to the same posts; the last of them writes, the others react. The runs follow.
func (w *world) plays() {
	w.t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var b source.Batch
	add := func(post int, name, text string, after time.Duration) {
		w.n++
		at := w.clock.Now().Add(-time.Duration(posts-post) * 24 * time.Hour)
		it := source.Item{ExternalID: fmt.Sprint("r", w.n), Kind: source.KindReaction, Reaction: "haha", Author: source.Account{ExternalID: name, Name: name}, At: at.Add(after),
			Post: source.Post{ExternalID: fmt.Sprint("p", post), Title: fmt.Sprintf("Post %d: <i>zima</i> w lnie", post), At: at}}
		if text != "" {
			it.Kind, it.Reaction, it.Text = source.KindComment, "", text
		}
		b.Items = append(b.Items, it)
	}
	for p := range posts {
		for a := range ordinary {
			if r.Float64() < 0.12 {
				add(p, fmt.Sprint("Klient ", a), "", time.Duration(float64(20*time.Minute)*math.Exp(1.2*r.NormFloat64())))
			}
		}
		if p%5 > 1 {
			continue
		}
		trigger := time.Duration(float64(25*time.Minute) * math.Exp(1.1*r.NormFloat64()))
		for m := range members {
			if r.Float64() < 0.93 {
				add(p, memberName(m), "", trigger+time.Duration(r.IntN(50))*time.Second)
			}
		}
	}
	add(posts-1, memberName(0), "Nie kupujcie tam, oszuści.", 3*time.Hour)
	add(posts-1, "Klient 3", "Zamówienie 5531 za 219 zł nie przyszło, żądam zwrotu pieniędzy! <script>1</script>", 4*time.Hour)
	for part := range slices.Chunk(b.Items, 500) {
		_, err := w.Mentions.Intake(w.system(), w.src, source.Batch{Items: part})
		w.ok(err)
	}
	w.ok(w.Jobs.Drain(w.system()))
	w.pass(time.Minute)
}

// pass lets time go by and everything due happen.
func (w *world) pass(by time.Duration) {
	w.t.Helper()
	w.clock.Forward(by)
	w.ok(w.Jobs.Drain(w.system()))
}

// group is the one group of the firm.
func (w *world) group() group.Group {
	w.t.Helper()
	gs, err := w.Groups.List(w.system(), w.mine, true)
	w.ok(err)
	if len(gs) != 1 {
		w.t.Fatalf("%d groups, want one", len(gs))
	}
	return gs[0]
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

func (w *world) lacks(page string, texts ...string) {
	w.t.Helper()
	page = strings.ReplaceAll(page, "\u00a0", " ")
	for _, s := range texts {
		if strings.Contains(page, s) {
			w.t.Errorf("the page says %q", s)
		}
	}
}

func said(lines []journal.Line, why string) bool {
	return slices.ContainsFunc(lines, func(l journal.Line) bool { return l.Why == why })
}
