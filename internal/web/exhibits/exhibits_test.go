package exhibits_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"chop/internal/access"
	"chop/internal/blob"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/stamp"
	"chop/internal/user"
	"chop/internal/web/exhibits"
	"chop/internal/web/session"
)

const password = "trzy zielone sowy"

type world struct {
	t      testing.TB
	d      *db.DB
	dir    string // of the blobs
	sys    context.Context
	ledger *ledger.Log
	vault  *evidence.Store
	users  *user.Store
	mine   firm.Firm
	other  firm.Firm
	server *httptest.Server

	clock   *dbtest.Clock
	keys    *seal.Store
	disk    *blob.Disk
	journal *journal.Store
	firms   *firm.Store
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	clock := dbtest.NewClock()
	w := &world{t: t, d: dbtest.OpenSQLite(t, clock.Now), dir: t.TempDir(), sys: access.With(t.Context(), access.System("*"))}
	k, err := seal.New(t.Context(), w.d, t.TempDir())
	check(t, err)
	w.ledger, err = ledger.New(w.d, make([]byte, 32), filepath.Join(t.TempDir(), "ledger"))
	check(t, err)
	b, err := blob.New(w.dir)
	check(t, err)
	j := journal.New(w.d, w.ledger, k)
	firms := firm.New(w.d, j)
	w.mine, err = firms.Create(w.sys, firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL})
	check(t, err)
	w.other, err = firms.Create(w.sys, firm.Firm{Name: "Kwiaciarnia Mak", Lang: lang.PL})
	check(t, err)
	w.users, err = user.New(user.Config{DB: w.d, Firms: firms, Journal: j, Seal: k, Origin: "https://chop.test"})
	check(t, err)
	w.clock, w.keys, w.disk, w.journal, w.firms = clock, k, b, j, firms
	w.open(nil)
	return w
}

// open starts the vault and its pages, stamped by these authorities or by nobody.
func (w *world) open(stamps *stamp.Store) {
	w.t.Helper()
	w.vault = evidence.New(evidence.Config{DB: w.d, Seal: w.keys, Blob: w.disk, Ledger: w.ledger, Journal: w.journal, Stamps: stamps, Version: "test"})
	mux := http.NewServeMux()
	exhibits.Mount(mux, exhibits.Deps{Evidence: w.vault})
	w.server = httptest.NewServer(session.New(session.Config{Users: w.users, Firms: w.firms, Now: w.clock.Now, PerSecond: 1e6, Burst: 1e6}).Wrap(mux))
	w.t.Cleanup(w.server.Close)
}

const thread = `{"post":{"title":"Zima w lnie","url":"https://x.test/1"},"comments":[
{"id":"m0","author":{"name":"Anna"},"text":"Czy obrus się zbiega?","written_at":"2026-11-21T20:00:00Z"},
{"id":"m1","author":{"name":"<b>Lena</b>"},"text":"<script>alert(1)</script> oszuści","written_at":"2026-11-21T21:00:00Z","answers":"m0"}]}`

func (w *world) preserve(firmID, title string) evidence.Exhibit {
	w.t.Helper()
	e, err := w.vault.Preserve(w.sys, evidence.Capture{Firm: firmID, Ref: reason.Ref{Kind: "mention", ID: "m1"}, Title: title, Level: evidence.L1, Cause: "before:hide",
		Files: []evidence.File{{Name: "thread.json", Media: "application/json", Body: []byte(thread)}, {Name: "strona zapisana.html", Media: "text/html", Body: []byte("<h1>Wpis</h1>")}},
		Meta:  map[string]string{"url": "https://x.test/1"}, Limits: []string{"nie zapisano obrazu strony"}})
	check(w.t, err)
	return e
}

type visitor struct {
	w     *world
	token string
}

func (w *world) visitor(firmID string, role access.Role) *visitor {
	w.t.Helper()
	mail := db.NewID() + "@example.test"
	p, err := w.users.Add(w.sys, user.Newcomer{Name: "Ewa Maj", Email: mail, Password: password, Lang: lang.PL})
	check(w.t, err)
	check(w.t, w.users.Enrol(w.sys, firmID, p.ID, role))
	o, err := w.users.SignIn(w.t.Context(), mail, password, user.Device{Addr: "127.0.0.1"})
	check(w.t, err)
	return &visitor{w, o.Token}
}

type answer struct {
	status int
	header http.Header
	body   []byte
	doc    *html.Node
}

func (v *visitor) ask(method, path string) answer {
	v.w.t.Helper()
	r, err := http.NewRequest(method, v.w.server.URL+path, nil)
	check(v.w.t, err)
	r.AddCookie(&http.Cookie{Name: "chop", Value: v.token})
	resp, err := http.DefaultTransport.RoundTrip(r)
	check(v.w.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	check(v.w.t, err)
	doc, err := html.Parse(bytes.NewReader(raw))
	check(v.w.t, err)
	return answer{resp.StatusCode, resp.Header, raw, doc}
}

func (v *visitor) get(path string) answer { return v.ask(http.MethodGet, path) }

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

// untranslated tells whether a message id reached the page.
func (a answer) untranslated() bool {
	s := text(a.doc)
	return strings.Contains(s, "[exhibits.") || strings.Contains(s, "[evidence.") || strings.Contains(s, "[journal.")
}

func (w *world) custody(e evidence.Exhibit) []journal.Line {
	w.t.Helper()
	lines, err := w.vault.Custody(w.sys, e.Firm, e.ID)
	check(w.t, err)
	return lines
}

func TestTheListShowsEveryExhibitOfTheFirmAndNoOther(t *testing.T) {
	w := newWorld(t)
	v := w.visitor(w.mine.ID, access.Owner)
	if a := v.get("/exhibits"); a.status != 200 || !strings.Contains(text(a.doc), "Nie ma jeszcze dowodów") {
		t.Fatalf("%d", a.status)
	}
	var last evidence.Exhibit
	for i := range 27 {
		last = w.preserve(w.mine.ID, fmt.Sprintf("Lena %d <i>", i))
	}
	secret := w.preserve(w.other.ID, "Tajne")
	a := v.get("/exhibits")
	rows := a.all("data-id", "")
	if a.status != 200 || len(rows) != 25 || a.untranslated() || strings.Contains(string(a.body), "Tajne") || len(a.all("rel", "next")) != 1 {
		t.Fatalf("%d, %d rows", a.status, len(rows))
	}
	if s := text(rows[0]); !strings.Contains(s, last.Code()) || !strings.Contains(s, "Lena 26 <i>") || !strings.Contains(s, "jeszcze nie sprawdzany") {
		t.Error(s)
	}
	older := ""
	for _, x := range a.all("rel", "next")[0].Attr {
		if x.Key == "href" {
			older = x.Val
		}
	}
	if a := v.get(older); len(a.all("data-id", "")) != 2 {
		t.Errorf("%d rows on the second page", len(a.all("data-id", "")))
	}
	for _, p := range []string{"", "/zip", "/files/thread.json", "?show=1"} {
		if a := v.get("/exhibits/" + secret.ID + p); a.status != 404 {
			t.Errorf("%s: %d", p, a.status)
		}
	}
	if a := v.ask(http.MethodPost, "/exhibits/"+secret.ID+"/verify"); a.status != 404 {
		t.Errorf("%d", a.status)
	}
	if n := len(w.custody(secret)); n != 1 {
		t.Errorf("%d entries after strangers knocked", n)
	}
}

func TestWhoMaySeeProof(t *testing.T) {
	w := newWorld(t)
	e := w.preserve(w.mine.ID, "Lena")
	for role, want := range map[access.Role]int{access.Guardian: 200, access.Owner: 200, access.Lawyer: 200} {
		if a := w.visitor(w.mine.ID, role).get("/exhibits/" + e.ID); a.status != want {
			t.Errorf("%s: %d", role, a.status)
		}
	}
	staff := w.visitor(w.mine.ID, access.Staff)
	if a, b := staff.get("/exhibits"), staff.get("/exhibits/"+e.ID); a.status != 403 || b.status != 404 {
		t.Errorf("staff: %d %d", a.status, b.status)
	}
}

func TestLookingAtContentIsRecordedAndLookingAtThePageIsNot(t *testing.T) {
	w := newWorld(t)
	e := w.preserve(w.mine.ID, "Lena")
	v := w.visitor(w.mine.ID, access.Lawyer)
	a := v.get("/exhibits/" + e.ID)
	if a.status != 200 || a.untranslated() || strings.Contains(string(a.body), "oszuści") || len(w.custody(e)) != 1 {
		t.Fatalf("%d, %d entries", a.status, len(w.custody(e)))
	}
	if s := text(a.all("id", "silent")[0]); !strings.Contains(s, "kto naprawdę prowadzi konto") || !strings.Contains(s, "nie zapisano obrazu strony") {
		t.Error(s)
	}
	shown := v.get("/exhibits/" + e.ID + "?show=1")
	s := text(shown.all("id", "thread")[0])
	if !strings.Contains(s, "<script>alert(1)</script> oszuści") || !strings.Contains(s, "Zima w lnie") || bytes.Contains(shown.body, []byte("<script>alert")) {
		t.Error(s)
	}
	lines := w.custody(e)
	if len(lines) != 2 || lines[1].Verb != "exhibit.viewed" || lines[1].Name != "Ewa Maj" {
		t.Errorf("%+v", lines)
	}
	if s := text(shown.all("id", "custody")[0]); !strings.Contains(s, "Ewa Maj Otwarto plik dowodu") {
		t.Error(s)
	}
}

func TestADownloadNeverOpensAsAPage(t *testing.T) {
	w := newWorld(t)
	e := w.preserve(w.mine.ID, "Lena")
	v := w.visitor(w.mine.ID, access.Owner)
	a := v.get("/exhibits/" + e.ID + "/files/strona%20zapisana.html")
	if a.status != 200 || string(a.body) != "<h1>Wpis</h1>" || a.header.Get("Content-Type") != "application/octet-stream" ||
		!strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", a.status, a.header)
	}
	if a := v.get("/exhibits/" + e.ID + "/files/..%2f..%2fetc%2fpasswd"); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}

func TestTheReceiptSaysWhatHolds(t *testing.T) {
	w := newWorld(t)
	e := w.preserve(w.mine.ID, "Lena")
	v := w.visitor(w.mine.ID, access.Owner)
	fresh := v.ask(http.MethodPost, "/exhibits/"+e.ID+"/verify")
	if fresh.status != 200 || len(fresh.all("data-receipt", "waits")) != 1 {
		t.Fatalf("%d %s", fresh.status, text(fresh.doc))
	}
	if a := v.get("/exhibits/" + e.ID + "/verify"); a.status != 303 || a.header.Get("Location") != "/exhibits/"+e.ID {
		t.Errorf("reloading a receipt: %d", a.status)
	}
	_, err := w.ledger.Checkpoint(w.sys)
	check(t, err)
	a := v.ask(http.MethodPost, "/exhibits/"+e.ID+"/verify")
	if len(a.all("data-receipt", "holds")) != 1 || len(a.all("data-check", "file")) != 2 || a.untranslated() ||
		!strings.Contains(text(a.all("id", "receipt")[0]), "Dowód D-001 się zgadza") {
		t.Errorf("%s", text(a.doc))
	}
}

func TestAChangedFileIsToldAndNotHandedOut(t *testing.T) {
	w := newWorld(t)
	e := w.preserve(w.mine.ID, "Lena")
	_, err := w.ledger.Checkpoint(w.sys)
	check(t, err)
	spoil(t, w.dir)
	v := w.visitor(w.mine.ID, access.Owner)
	a := v.ask(http.MethodPost, "/exhibits/"+e.ID+"/verify")
	if a.status != 200 || len(a.all("data-receipt", "fails")) != 1 || !strings.Contains(text(a.all("id", "receipt")[0]), "się nie zgadza") {
		t.Errorf("%d %s", a.status, text(a.doc))
	}
	z := v.get("/exhibits/" + e.ID + "/zip")
	if z.status != 409 || z.header.Get("Content-Disposition") != "" {
		t.Errorf("%d %v", z.status, z.header)
	}
	if l := v.get("/exhibits?only=fails"); len(l.all("data-id", e.ID)) != 1 {
		t.Error("it is not among the failed")
	}
}

// spoil changes a byte of every stored file.
func spoil(t *testing.T, dir string) {
	t.Helper()
	n := 0
	check(t, filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		raw[len(raw)/2] ^= 1
		n++
		return os.WriteFile(p, raw, 0o600)
	}))
	if n == 0 {
		t.Fatal("nothing to spoil")
	}
}

func TestTheBundleIsAWholeZip(t *testing.T) {
	w := newWorld(t)
	e := w.preserve(w.mine.ID, "Lena")
	a := w.visitor(w.mine.ID, access.Lawyer).get("/exhibits/" + e.ID + "/zip")
	z, err := zip.NewReader(bytes.NewReader(a.body), int64(len(a.body)))
	if a.status != 200 || err != nil || !strings.Contains(a.header.Get("Content-Disposition"), "D-001.zip") {
		t.Fatalf("%d %v %v", a.status, err, a.header)
	}
	names := map[string]bool{}
	for _, f := range z.File {
		names[f.Name] = true
	}
	if !names["files/thread.json"] || !names["capture.json"] || !names["SHA256SUMS"] {
		t.Errorf("%v", names)
	}
	if lines := w.custody(e); lines[len(lines)-1].Verb != "exhibit.exported" {
		t.Errorf("%+v", lines)
	}
}

func TestARemovedExhibitKeepsItsPlace(t *testing.T) {
	w := newWorld(t)
	e := w.preserve(w.mine.ID, "Lena")
	check(t, w.vault.Remove(w.sys, w.mine.ID, e.ID, "żądanie osoby"))
	v := w.visitor(w.mine.ID, access.Owner)
	a := v.get("/exhibits/" + e.ID)
	if a.status != 200 || !strings.Contains(text(a.doc), "Treść usunięta") || len(a.all("data-file", "")) != 0 || a.untranslated() {
		t.Errorf("%d %s", a.status, text(a.doc))
	}
	if z := v.get("/exhibits/" + e.ID + "/zip"); z.status != 409 {
		t.Errorf("%d", z.status)
	}
}
