package journal_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/user"
	webjournal "chop/internal/web/journal"
	"chop/internal/web/session"
)

const password = "trzy zielone sowy"

// world is the journal behind the real edge, on a real database.
type world struct {
	*httptest.Server
	t       *testing.T
	d       *db.DB
	clock   *dbtest.Clock
	sys     context.Context
	firms   *firm.Store
	users   *user.Store
	journal *journal.Store
	mine    firm.Firm
	other   firm.Firm
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
	dir := t.TempDir()
	w := &world{t: t, clock: dbtest.NewClock(), sys: access.With(t.Context(), access.System("*"))}
	w.d = dbtest.OpenSQLite(t, w.clock.Now)
	k := must[*seal.Store](t)(seal.New(t.Context(), w.d, dir))
	l := must[*ledger.Log](t)(ledger.New(w.d, bytes.Repeat([]byte{1}, 32), dir))
	w.journal = journal.New(w.d, l, k)
	w.firms = firm.New(w.d, w.journal)
	w.users = must[*user.Store](t)(user.New(user.Config{DB: w.d, Firms: w.firms, Journal: w.journal, Seal: k, Origin: "https://chop.test"}))
	w.mine = must[firm.Firm](t)(w.firms.Create(w.sys, firm.Firm{Name: "Manufaktura Lniana"}))
	w.other = must[firm.Firm](t)(w.firms.Create(w.sys, firm.Firm{Name: "Kwiaciarnia Mak"}))
	mux := http.NewServeMux()
	webjournal.Mount(mux, webjournal.Deps{Journal: w.journal, Users: w.users})
	e := session.New(session.Config{Users: w.users, Firms: w.firms, Now: w.clock.Now, PerSecond: 1e6, Burst: 1e6})
	w.Server = httptest.NewServer(e.Wrap(mux))
	t.Cleanup(w.Close)
	return w
}

// visitor is a signed-in person at a browser.
type visitor struct {
	w     *world
	id    string
	token string
}

// visitor joins the firms in the role; "" is an administrator without any.
func (w *world) visitor(name string, role access.Role, fs ...firm.Firm) visitor {
	w.t.Helper()
	mail := db.NewID() + "@example.test"
	p := must[user.Person](w.t)(w.users.Add(w.sys, user.Newcomer{Name: name, Email: mail, Password: password, Admin: role == ""}))
	for _, f := range fs {
		if err := w.users.Enrol(w.sys, f.ID, p.ID, role); err != nil {
			w.t.Fatal(err)
		}
	}
	return visitor{w, p.ID, must[user.Opened](w.t)(w.users.SignIn(w.t.Context(), mail, password, user.Device{Addr: "127.0.0.1"})).Token}
}

// record puts one line on record as the visitor.
func (v visitor) record(e journal.Entry) {
	v.w.t.Helper()
	if err := v.w.journal.Record(access.With(v.w.t.Context(), access.Principal{User: v.id, Name: "Ewa Maj"}), e); err != nil {
		v.w.t.Fatal(err)
	}
}

type answer struct {
	*http.Response
	text string
	doc  *html.Node
}

func (v visitor) send(method, path string) answer {
	v.w.t.Helper()
	r := must[*http.Request](v.w.t)(http.NewRequestWithContext(v.w.t.Context(), method, v.w.URL+path, http.NoBody))
	r.AddCookie(&http.Cookie{Name: "chop", Value: v.token})
	a := must[*http.Response](v.w.t)(http.DefaultTransport.RoundTrip(r))
	defer a.Body.Close()
	text := string(must[[]byte](v.w.t)(io.ReadAll(a.Body)))
	return answer{a, text, must[*html.Node](v.w.t)(html.Parse(strings.NewReader(text)))}
}

func (v visitor) get(path string) answer { return v.send(http.MethodGet, path) }

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	for x := range n.Descendants() {
		if x.Type == html.TextNode {
			b.WriteString(x.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// rows are the lines of the table: when, who, what, why.
func (a answer) rows() (out []string) {
	for n := range a.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "tr" && strings.HasPrefix(attr(n, "id"), "l-") {
			out = append(out, words(n))
		}
	}
	return out
}

// link is the address behind the words, "" without one.
func (a answer) link(says string) string {
	for n := range a.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && words(n) == says {
			return attr(n, "href")
		}
	}
	return ""
}

func TestWhoReadsWhichJournal(t *testing.T) {
	w := open(t)
	for _, r := range access.Roles {
		v := w.visitor("Ewa Maj", r, w.mine)
		may := access.Allows(r, access.ViewJournal)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if a := v.send(method, "/journal"); a.StatusCode != map[bool]int{true: 200, false: 403}[may] {
				t.Errorf("%s %s: %d", r, method, a.StatusCode)
			}
			if a := v.send(method, "/journal/installation"); a.StatusCode != 403 {
				t.Errorf("%s %s reads the installation's journal: %d", r, method, a.StatusCode)
			}
			if a := v.send(method, "/journal?firm="+w.other.ID); strings.Contains(a.text, w.other.Name) {
				t.Errorf("%s %s reads another firm's journal", r, method)
			}
		}
	}
	boss := w.visitor("Zofia Bosak", "")
	if a := boss.get("/journal"); a.StatusCode != 403 {
		t.Errorf("an administrator reads firms' journals: %d", a.StatusCode)
	}
	a := boss.get("/journal/installation")
	if got := strings.Join(a.rows(), "\n"); a.StatusCode != 200 || !strings.Contains(got, "Założono konto") || !strings.Contains(got, "Zalogowano") ||
		strings.Contains(got, "Dodano firmę") {
		t.Errorf("%d %s", a.StatusCode, got)
	}
}

func TestALineSaysWhoDidWhatToWhatAndWhy(t *testing.T) {
	w := open(t)
	v := w.visitor("Ewa Maj", access.Guardian, w.mine)
	staff := w.visitor("Jan Kos", access.Staff, w.mine)
	why := `<script>alert(1)</script> "bo tak"`
	v.record(journal.Entry{Firm: w.mine.ID, Ref: reason.Ref{Kind: "mention", ID: "m&1"}, Verb: "decision.decided", Why: why, Data: map[string]string{"option": "hide"}})
	v.record(journal.Entry{Firm: w.mine.ID, Ref: reason.Ref{Kind: "exhibit", ID: "e1"}, Verb: "exhibit.viewed", Data: map[string]string{"code": "D-2026-7"}})
	v.record(journal.Entry{Firm: w.mine.ID, Ref: reason.Ref{Kind: "comet", ID: "c1"}, Verb: "comet.seen"})
	v.record(journal.Entry{Firm: w.mine.ID, Ref: reason.Ref{Kind: "person", ID: staff.id}, Verb: "person.role_changed", Data: map[string]string{"role": "lawyer"}})
	a := v.get("/journal")
	got := strings.ReplaceAll(strings.Join(a.rows(), "\n"), "\u00a0", " ")
	for _, s := range []string{"Ewa Maj Decyzja Ukryj " + why, "Otwarto plik dowodu D-2026-7", "Zapis: comet.seen", "Zmieniono rolę Jan Kos · pomoc prawna"} {
		if !strings.Contains(got, s) {
			t.Errorf("no %q in\n%s", s, got)
		}
	}
	if strings.Contains(a.text, "<script>alert") {
		t.Error("the reason is not escaped")
	}
	for says, to := range map[string]string{"Decyzja": "/inbox?m=m%261&firm=" + w.mine.ID, "Otwarto plik dowodu": "/exhibits/e1?firm=" + w.mine.ID,
		"Zmieniono rolę": "/people?firm=" + w.mine.ID, "Zapis: comet.seen": "", "Dodano firmę": "/firms/" + w.mine.ID} {
		if got := a.link(says); got != to {
			t.Errorf("%s leads to %q, want %q", says, got, to)
		}
	}
}

func TestTheListIsNarrowed(t *testing.T) {
	w := open(t)
	v := w.visitor("Ewa Maj", access.Guardian, w.mine)
	for i, verb := range []string{"case.opened", "alert.raised", "case.closed"} {
		w.clock.Forward(time.Duration(i) * 24 * time.Hour)
		v.record(journal.Entry{Firm: w.mine.ID, Ref: reason.Ref{Kind: "case", ID: "c"}, Verb: verb})
	}
	day := func(back int) string { return w.clock.Now().In(lang.Zone).AddDate(0, 0, -back).Format(time.DateOnly) }
	for _, c := range []struct {
		query url.Values
		rows  int
	}{
		{url.Values{}, 5}, // the firm made, the person joined, and the three
		{url.Values{"kind": {"case."}}, 2}, {url.Values{"kind": {"comet."}}, 5}, {url.Values{"by": {v.id}}, 3}, {url.Values{"by": {"system"}}, 2}, {url.Values{"by": {"nobody"}}, 0},
		{url.Values{"since": {day(2)}}, 2}, {url.Values{"since": {day(0)}}, 1}, {url.Values{"until": {day(1)}}, 4}, {url.Values{"until": {day(4)}}, 0},
		{url.Values{"since": {day(2)}, "until": {day(2)}}, 1}, {url.Values{"since": {"' OR 1=1"}, "until": {"2026-13-45"}}, 5},
		{url.Values{"by": {strings.Repeat("x", 5000)}}, 5}, {url.Values{"before": {"zzz"}}, 5}, {url.Values{"before": {"0"}}, 0},
	} {
		if a := v.get("/journal?" + c.query.Encode()); a.StatusCode != 200 || len(a.rows()) != c.rows {
			t.Errorf("%v: %d, %d rows, want %d", c.query, a.StatusCode, len(a.rows()), c.rows)
		}
	}
	if to := v.get("/journal?kind=case.").link("Ewa Maj"); !strings.Contains(to, "by="+v.id) || !strings.Contains(to, "kind=case.") {
		t.Errorf("the name leads to %q", to)
	}
}

func TestALongJournalHasPages(t *testing.T) {
	w := open(t)
	v := w.visitor("Ewa Maj", access.Owner, w.mine)
	for range 60 {
		v.record(journal.Entry{Firm: w.mine.ID, Ref: reason.Ref{Kind: "case", ID: "c"}, Verb: "case.note"})
	}
	a := v.get("/journal?kind=case.")
	older := a.link("Starsze")
	if len(a.rows()) != 50 || older == "" || a.link("Nowsze") != "" {
		t.Fatalf("%d rows, older %q", len(a.rows()), older)
	}
	b := v.get(older)
	if len(b.rows()) != 10 || b.link("Starsze") != "" || b.link("Nowsze") == "" {
		t.Errorf("%d rows on the second page", len(b.rows()))
	}
}

func TestTheFileHoldsTheNarrowedJournalAndIsOnRecord(t *testing.T) {
	w := open(t)
	v := w.visitor("Ewa Maj", access.Owner, w.mine)
	for range 510 {
		v.record(journal.Entry{Firm: w.mine.ID, Ref: reason.Ref{Kind: "case", ID: "c"}, Verb: "case.note", Why: `=HYPERLINK("x";"y"), ąę`, Data: map[string]string{"k": "v"}})
	}
	a := v.get("/journal?format=csv&kind=case.&before=0")
	if a.StatusCode != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv") || !strings.Contains(a.Header.Get("Content-Disposition"), ".csv") {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	rows := must[[][]string](t)(csv.NewReader(strings.NewReader(strings.TrimPrefix(a.text, "\ufeff"))).ReadAll())
	if len(rows) != 511 || rows[0][3] != "verb" || rows[1][3] != "case.note" || rows[1][1] != "Ewa Maj" || rows[1][2] != v.id ||
		rows[1][7] != `'=HYPERLINK("x";"y"), ąę` || rows[1][8] != `{"k":"v"}` || rows[510][9] == rows[1][9] {
		t.Errorf("%d rows, %q", len(rows), rows[:2])
	}
	if got := v.get("/journal").rows()[0]; !strings.Contains(got, "Ewa Maj Pobrano dziennik do pliku") {
		t.Errorf("the export is not on record: %s", got)
	}
	if a := w.visitor("Jan Kos", access.Staff, w.mine).get("/journal?format=csv"); a.StatusCode != 403 {
		t.Errorf("staff takes the journal out: %d", a.StatusCode)
	}
}

func TestACheckFindsTheLineThatWasChanged(t *testing.T) {
	w := open(t)
	v := w.visitor("Ewa Maj", access.Guardian, w.mine)
	v.record(journal.Entry{Firm: w.mine.ID, Ref: reason.Ref{Kind: "case", ID: "c"}, Verb: "case.closed"})
	if a := v.send(http.MethodPost, "/journal?kind=case."); a.StatusCode != 200 || !strings.Contains(a.text, "note-calm") || !strings.Contains(a.text, "Dziennik się") || len(a.rows()) != 1 {
		t.Fatalf("%d: a sound journal does not hold", a.StatusCode)
	}
	err := w.d.Tx(w.sys, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE journal SET verb = 'case.opened' WHERE firm_id = $1 AND verb = 'case.closed'`, w.mine.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a := v.send(http.MethodPost, "/journal")
	marked := slices.DeleteFunc(a.rows(), func(s string) bool { return !strings.Contains(s, "różni się od zapisanego") })
	if a.StatusCode != 200 || !strings.Contains(a.text, "note-stop") || len(marked) != 1 || !strings.Contains(marked[0], "Otwarto sprawę") {
		t.Errorf("%d: %q is marked", a.StatusCode, marked)
	}
	if a := v.get("/journal"); strings.Contains(a.text, "note-stop") || strings.Contains(a.text, "note-calm") {
		t.Error("an answer nobody asked for")
	}
}
