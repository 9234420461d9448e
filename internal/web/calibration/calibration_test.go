package calibration_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/db/dbtest"
	"chop/internal/decision"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/user"
	"chop/internal/web/calibration"
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
	shop, forum source.Source
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
	for name, into := range map[string]*source.Source{"Sklep": &w.shop, "Forum": &w.forum} {
		*into, _, err = w.Sources.Connect(w.system(), w.mine, "webhook", name, source.Settings{"secret": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32))})
		w.ok(err)
	}
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
	calibration.Mount(mux, calibration.Deps{Outcomes: w.Outcomes})
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

func (w *world) ewa() context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-ewa", Name: "Ewa Maj", Firms: map[string]access.Role{w.mine: access.Guardian}})
}

func (w *world) pass(by time.Duration) {
	w.t.Helper()
	w.clock.Forward(by)
	w.ok(w.Jobs.Drain(w.t.Context()))
}

func (w *world) says(at source.Source, author string) string {
	w.t.Helper()
	w.n++
	e, err := w.Mentions.Intake(w.system(), at, source.Batch{Items: []source.Item{{ExternalID: fmt.Sprint("c", w.n), Kind: source.KindComment,
		Post: source.Post{ExternalID: "p1", Title: "Zima w lnie"}, Author: source.Account{ExternalID: author, Name: author}, Text: "Oszuści i tyle " + author, At: w.clock.Now()}}})
	w.ok(err)
	w.pass(0)
	w.ok(w.Mentions.Summarise(w.system(), w.mine, mention.Summary{Mention: e.New[0], Labels: []string{"insult"}, Severity: 2, Status: mention.Open}))
	return e.New[0]
}

// lives decides n times to watch; after the first `worse` of them the author goes on elsewhere.
func (w *world) lives(n, worse int) {
	w.t.Helper()
	for i := range n {
		name := fmt.Sprint("autor", i)
		m := w.says(w.shop, name)
		a, err := w.Decisions.Recommend(w.ewa(), w.mine, m)
		w.ok(err)
		_, err = w.Decisions.Decide(w.ewa(), decision.Choice{Firm: w.mine, Mention: m, Option: decision.Observe, Why: "Czekamy, aż samo ucichnie.", Shown: a.ID})
		w.ok(err)
		w.pass(time.Minute)
		if i < worse {
			w.says(w.forum, name)
		}
	}
	w.pass(24 * time.Hour)
	w.pass(7 * 24 * time.Hour)
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

func (b browser) send(r *http.Request, want int) string {
	b.w.t.Helper()
	res, err := b.Do(r)
	b.w.ok(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	b.w.ok(err)
	if res.StatusCode != want {
		b.w.t.Fatalf("%s %s: %d, want %d\n%.600s", r.Method, r.URL.Path, res.StatusCode, want, raw)
	}
	return string(raw)
}

func (b browser) get(path string, want int) string {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, b.w.url+path, nil)
	b.w.ok(err)
	return b.send(r, want)
}

func (b browser) post(path string, want int, kv ...string) string {
	b.w.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, b.w.url+path, strings.NewReader(v.Encode()))
	b.w.ok(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r, want)
}

func (w *world) shows(text string, parts ...string) {
	w.t.Helper()
	flat := strings.ReplaceAll(text, "\u00a0", " ")
	for _, p := range parts {
		if !strings.Contains(flat, p) {
			w.t.Errorf("the page does not show %q", p)
		}
	}
}

func TestNothingYet(t *testing.T) {
	w := open(t)
	text := w.in("ewa@x.pl").get("/calibration", http.StatusOK)
	w.shows(text, "Nie ma jeszcze skutków", "ryzyka ekspertów", "Nikt jeszcze niczego nie zdecydował")
	if strings.Contains(text, "<svg class=\"chart\"") {
		t.Error("nothing is drawn")
	}
}

func TestForecastsAndWhatCame(t *testing.T) {
	w := open(t)
	w.lives(5, 2)
	text := w.in("kasia@x.pl").get("/calibration", http.StatusOK)
	w.shows(text, "To dopiero 5 rozstrzygniętych skutków", "Wynik Briera", "stała średnia dałaby 0,240", "40%", "class=\"chart\"", "role=\"img\"", "obserwacja",
		"W ostatnich 5", "szacunek ekspercki, nie pomiar")
	if strings.Contains(text, "Policz propozycję") {
		t.Error("staff may not put risks in force and are offered it")
	}
	for _, bad := range []string{"<no value>", "calibration.", "style="} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
}

// A person sees the proposal, accepts it with a reason, and can go back.
func TestAPersonPutsRisksInForce(t *testing.T) {
	w := open(t)
	w.lives(4, 4)
	b := w.in("ewa@x.pl")
	w.shows(b.get("/calibration", http.StatusOK), "/calibration/proposal?firm="+w.mine)
	text := b.get("/calibration/proposal?firm="+w.mine, http.StatusOK)
	w.shows(text, "4 z 4 zaogniło się", "waży tyle, co 10 obserwacji", "Na 4 dawne decyzje")
	shown := regexp.MustCompile(`name="shown" value="([0-9a-f]+)"`).FindStringSubmatch(text)
	if shown == nil {
		t.Fatal("the proposal has no digest")
	}
	w.shows(b.post("/calibration/tunings", http.StatusUnprocessableEntity, "firm", w.mine, "shown", shown[1], "why", " x"), `class="err"`)
	w.shows(b.post("/calibration/tunings", http.StatusConflict, "firm", w.mine, "shown", "beef", "why", "Zawsze gorzej."), "doszły nowe skutki", "Zawsze gorzej.")
	b.post("/calibration/tunings", http.StatusSeeOther, "firm", w.mine, "shown", shown[1], "why", "Zawsze gorzej.")
	w.shows(b.get("/calibration", http.StatusOK), "w użyciu: zmiana 1", "Zawsze gorzej.", "Ewa Maj")
	b.post("/calibration/tunings/withdrawal", http.StatusSeeOther, "firm", w.mine, "why", "Za mało danych.")
	w.shows(b.get("/calibration", http.StatusOK), "w użyciu: ryzyka ekspertów", "Za mało danych.")
}

func TestStrangersSeeNothing(t *testing.T) {
	w := open(t)
	w.in("obcy@x.pl").get("/calibration?firm="+w.mine, http.StatusNotFound)
	w.in("adam@x.pl").get("/calibration", http.StatusForbidden)
	staff := w.in("kasia@x.pl")
	staff.get("/calibration/proposal?firm="+w.mine, http.StatusForbidden)
	staff.post("/calibration/tunings", http.StatusForbidden, "firm", w.mine, "shown", "x", "why", "bo tak")
	staff.post("/calibration/tunings/withdrawal", http.StatusForbidden, "firm", w.mine, "why", "bo tak")
}
