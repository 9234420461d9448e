package labels_test

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

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/classify"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/source"
	"chop/internal/user"
	"chop/internal/web/labels"
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
	}{"ewa@x.pl": {"Ewa Maj", w.mine, access.Guardian}, "jan@x.pl": {"Jan Wilk", w.mine, access.Owner}, "kasia@x.pl": {"Kasia Lis", w.mine, access.Staff},
		"adam@x.pl": {"Adam Prawo", w.mine, access.Lawyer}, "obcy@x.pl": {"Olga Obca", w.other, access.Guardian}} {
		u, err := w.Users.Add(w.system(), user.Newcomer{Name: p.name, Email: mail, Password: password, Lang: lang.PL})
		w.ok(err)
		w.ok(w.Users.Enrol(w.system(), p.firm, u.ID, p.role))
	}
	mux := http.NewServeMux()
	signin.Mount(mux, signin.Deps{Users: w.Users})
	labels.Mount(mux, labels.Deps{Labels: w.Labels, Memory: w.Memory, Learn: w.Learn, Mentions: w.Mentions})
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
			Author: source.Account{ExternalID: fmt.Sprint("a", w.n), Name: "<b>Gość</b>"}, Text: text, At: w.clock.Now()})
	}
	e, err := w.Mentions.Intake(w.system(), w.src, b)
	w.ok(err)
	w.ok(w.Jobs.Drain(w.system()))
	return e.New
}

func many(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("Komentarz numer %d o obrusie w kratę", i))
	}
	return out
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

func (w *world) has(page string, words ...string) {
	w.t.Helper()
	page = strings.ReplaceAll(page, "\u00a0", " ")
	for _, x := range words {
		if !strings.Contains(page, x) {
			w.t.Errorf("the page lacks %q", x)
		}
	}
}

func TestAnEmptyFirmSeesWhatToDo(t *testing.T) {
	w := open(t)
	b := w.in("ewa@x.pl")
	at := "/labels?firm=" + w.mine
	w.has(b.get(at, 200), "Jeszcze nikt nie oceniał w ciemno", "Nikt jeszcze nie poprawił")
	w.has(b.get(at+"&part=people", 200), "Za mało, żeby to zmierzyć", "Nie wylosowano jeszcze")
	w.has(b.get(at+"&part=drift", 200), "Jeszcze za wcześnie")
	w.has(b.get(at+"&part=model", 200), "0 ocenionych komentarzy", "aria-disabled")
	w.has(b.get(at+"&part=judged", 200), "Nie ma jeszcze ocen")
	w.has(b.get("/labels?part=nonsense&said=%3Cscript%3E&is=x", 200), "Program i ludzie")
	text, _ := b.post("/labels/models", 422, "firm", w.mine)
	w.has(text, "potrzeba 30", "jest 0")
	text, _ = b.post("/labels/samples", 409, "firm", w.mine)
	w.has(text, "potrzeba 10 komentarzy")
}

// A whole sample is judged from the first comment to the last, with a mistake on the way.
func TestASampleIsJudgedBlind(t *testing.T) {
	w := open(t)
	w.writes(many(30)...)
	b := w.in("ewa@x.pl")
	_, to := b.post("/labels/samples", 303, "firm", w.mine)
	page := b.get(to, 200)
	w.has(page, "Komentarz 1 z 10", "&lt;b&gt;Gość&lt;/b&gt;", `data-pick="7"`)
	if regexp.MustCompile(`name="label"[^>]*checked`).MatchString(page) {
		t.Error("the page gives an answer away")
	}
	at := strings.Split(to, "?")[0]
	text, _ := b.post(at, 422, "firm", w.mine, "n", "1", "severity", "")
	w.has(text, "Wybierz przynajmniej jedną etykietę", "Komentarz 1 z 10")
	for n := range 10 {
		b.post(at, 303, "firm", w.mine, "n", fmt.Sprint(n+1), "label", "complaint", "label", "question", "buyer", "on", "severity", "")
	}
	b.post(at, 303, "firm", w.mine, "n", "3", "label", "praise") // judged before: nothing changes
	b.post(at, 404, "firm", w.mine, "n", "99", "label", "praise")
	b.post(at, 404, "firm", w.mine, "n", "x", "label", "praise")
	js, err := w.Labels.Judgements(w.system(), w.mine)
	w.ok(err)
	if len(js) != 10 || js[0].Severity != 2 || !js[0].Buyer || len(js[0].Labels) != 2 || !js[0].Blind {
		t.Errorf("%d judgements, %+v", len(js), js[0])
	}
	w.has(b.get("/labels?firm="+w.mine, 200), "Oceniono 10 komentarzy", "bez stronniczości", "Co program myli")
	w.has(b.get("/labels?firm="+w.mine+"&said=neutral&is=complaint", 200), "Te komentarze", "o obrusie w kratę")
	people := w.in("jan@x.pl").get("/labels?firm="+w.mine+"&part=people", 200)
	w.has(people, "0 z 10", "1 osoba", "Oceniaj")
}

func TestACorrectionIsTakenBackAndAContradictionShows(t *testing.T) {
	w := open(t)
	const text = "<script>alert(1)</script> ten sklep to kpina z klienta"
	ids := w.writes(text, text)
	ewa := access.With(t.Context(), access.Principal{User: "e", Name: "Ewa <Maj>", Firms: map[string]access.Role{w.mine: access.Guardian}})
	w.ok(w.Labels.Correct(ewa, w.mine, ids[0], []classify.Label{classify.Complaint}, 2, "a < b"))
	w.clock.Forward(1e9)
	w.ok(w.Labels.Correct(ewa, w.mine, ids[1], []classify.Label{classify.Trolling}, 1, "zaczepka"))
	b := w.in("jan@x.pl")
	page := b.get("/labels?firm="+w.mine+"&part=judged", 200)
	w.has(page, "Oceny, które sobie przeczą", "&lt;script&gt;alert(1)", "Ewa &lt;Maj&gt;", "a &lt; b", "Wycofaj ocenę")
	js, err := w.Labels.Judgements(w.system(), w.mine)
	w.ok(err)
	b.post("/labels/judgements/"+js[0].ID+"/withdrawal", 303, "firm", w.mine)
	page = b.get("/labels?firm="+w.mine+"&part=judged", 200)
	w.has(page, "Wycofana")
	if strings.Contains(page, "Oceny, które sobie przeczą") {
		t.Error("a judgement taken back contradicts still")
	}
	b.post("/labels/judgements/"+js[0].ID+"/withdrawal", 409, "firm", w.mine)
	b.post("/labels/judgements/none/withdrawal", 404, "firm", w.mine)
}

func TestAModelIsTrainedAndSwitched(t *testing.T) {
	w := open(t)
	ewa := access.With(t.Context(), access.Principal{User: "e", Name: "Ewa", Firms: map[string]access.Role{w.mine: access.Guardian}})
	for i, id := range w.writes(many(32)...) {
		l := []classify.Label{classify.Praise, classify.Complaint}[i%2]
		w.ok(w.Labels.JudgeBlind(ewa, w.mine, id, classify.Verdict{Labels: []classify.Label{l}}, classify.DrawnRandom))
	}
	b := w.in("jan@x.pl")
	b.post("/labels/models", 303, "firm", w.mine)
	at := "/labels?firm=" + w.mine + "&part=model"
	w.has(b.get(at, 200), "Wersja 1", "na próbę", "Włącz", "z 32 komentarzy", "32 ocenione komentarze")
	b.post("/labels/models/1/live", 303, "firm", w.mine)
	w.has(b.get(at, 200), "włączona", "Wyłącz")
	b.post("/labels/models/1/off", 303, "firm", w.mine)
	w.has(b.get(at, 200), "wyłączona")
	b.post("/labels/models/1/off", 409, "firm", w.mine)
	b.post("/labels/models/7/live", 404, "firm", w.mine)
	b.post("/labels/models/x/live", 404, "firm", w.mine)
	w.in("kasia@x.pl").post("/labels/models/1/live", 403, "firm", w.mine)
}

func TestWhoSeesThePage(t *testing.T) {
	w := open(t)
	w.writes(many(12)...)
	staff := w.in("kasia@x.pl")
	page := staff.get("/labels?firm="+w.mine+"&part=people", 200)
	if strings.Contains(page, "Oceń 10 komentarzy") {
		t.Error("staff is offered what they may not do")
	}
	staff.post("/labels/samples", 403, "firm", w.mine)
	staff.post("/labels/models", 403, "firm", w.mine)
	w.in("adam@x.pl").get("/labels?firm="+w.mine, 403)
	stranger := w.in("obcy@x.pl")
	for _, part := range []string{"", "&part=people", "&part=drift", "&part=model", "&part=judged"} {
		stranger.get("/labels?firm="+w.mine+part, 404)
	}
	_, to := w.in("ewa@x.pl").post("/labels/samples", 303, "firm", w.mine)
	id := strings.TrimPrefix(strings.Split(to, "?")[0], "/labels/samples/")
	stranger.get("/labels/samples/"+id+"?firm="+w.mine, 404)
	stranger.get("/labels/samples/"+id+"?firm="+w.other, 404)
	stranger.post("/labels/samples/"+id, 404, "firm", w.other, "n", "1", "label", "praise")
	stranger.post("/labels/models", 404, "firm", w.mine)
	staff.get("/labels/samples/"+id+"?firm="+w.mine, 403)
}
