package dossiers_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"chop/internal/access"
	"chop/internal/blob"
	"chop/internal/browser"
	"chop/internal/crisis"
	"chop/internal/db/dbtest"
	"chop/internal/dossier"
	"chop/internal/evidence"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/sign"
	"chop/internal/user"
	"chop/internal/web/dossiers"
	"chop/internal/web/session"
)

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// TestALawyerHasAPackageBuiltAndTakesIt: the way through the pages, with words that try to be markup.
func TestALawyerHasAPackageBuiltAndTakesIt(t *testing.T) {
	clock, dir, sys := dbtest.NewClock(), t.TempDir(), access.With(t.Context(), access.System("*"))
	d := dbtest.OpenSQLite(t, clock.Now)
	jobs := must(job.New(d, job.Config{}))
	k := must(seal.New(t.Context(), d, dir))
	l := must(ledger.New(d, make([]byte, 32), filepath.Join(dir, "ledger")))
	j := journal.New(d, l, k)
	firms, disk := firm.New(d, j), must(blob.New(filepath.Join(dir, "blobs")))
	ev := evidence.New(evidence.Config{DB: d, Seal: k, Blob: disk, Ledger: l, Journal: j, Version: "test"})
	mentions := &mention.Store{DB: d, Jobs: jobs, Seal: k, Ledger: l}
	cases := &crisis.Store{DB: d, Jobs: jobs, Seal: k, Journal: j, Evidence: ev, Mentions: mentions}
	store := &dossier.Store{DB: d, Jobs: jobs, Seal: k, Blob: disk, Ledger: l, Journal: j, Firms: firms, Evidence: ev, Cases: cases, Mentions: mentions,
		Keeper: sign.Keep(filepath.Join(dir, "sign"), clock.Now), Version: "test", Print: browser.Print}
	job.Outside(jobs, "dossier.build", func(context.Context, dossier.Build) error { return nil })
	mine := must(firms.Create(sys, firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL}))
	e := must(ev.Preserve(sys, evidence.Capture{Firm: mine.ID, Ref: reason.Ref{Kind: "case", ID: "k"}, Title: "<b>Lena</b>", Level: evidence.L1, Cause: "person",
		Files: []evidence.File{{Name: "a.txt", Media: "text/plain", Body: []byte("oszuści")}}}))
	users := must(user.New(user.Config{DB: d, Firms: firms, Journal: j, Seal: k, Origin: "https://chop.test"}))
	const password = "trzy zielone sowy"
	p := must(users.Add(sys, user.Newcomer{Name: "Mec. Nowak", Email: "nowak@example.test", Password: password, Lang: lang.PL}))
	if err := users.Enrol(sys, mine.ID, p.ID, access.Lawyer); err != nil {
		t.Fatal(err)
	}
	o := must(users.SignIn(t.Context(), "nowak@example.test", password, user.Device{Addr: "127.0.0.1"}))
	mux := http.NewServeMux()
	dossiers.Mount(mux, dossiers.Deps{Dossiers: store, Evidence: ev, Cases: cases})
	server := httptest.NewServer(session.New(session.Config{Users: users, Firms: firms, Now: clock.Now, PerSecond: 1e6, Burst: 1e6}).Wrap(mux))
	defer server.Close()
	ask := func(method, path string, form url.Values) (int, http.Header, string) {
		r := must(http.NewRequest(method, server.URL+path, strings.NewReader(form.Encode())))
		r.AddCookie(&http.Cookie{Name: "chop", Value: o.Token})
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		a := must((&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r))
		defer a.Body.Close()
		return a.StatusCode, a.Header, string(must(io.ReadAll(a.Body)))
	}
	if status, _, body := ask("GET", "/dossiers/new?exhibit="+e.ID, nil); status != 200 || !strings.Contains(body, "D-001") || strings.Contains(body, "<b>Lena</b>") {
		t.Fatalf("the builder: %d %.600s", status, body)
	}
	form := url.Values{"exhibit": {e.ID}, "recipient": {"<i>Sąd</i>"}, "why": {"pozew"}, "operator": {"Ewa"}}
	if status, _, body := ask("POST", "/dossiers", form); status != 422 || !strings.Contains(body, "Napisz, co przemawia za autorami") || !strings.Contains(body, "&lt;i&gt;Sąd") {
		t.Fatalf("an order without what speaks for the authors: %d %.600s", status, body)
	}
	form.Set("for_authors", "Nic w korespondencji ani w zamówieniach.")
	status, header, _ := ask("POST", "/dossiers", form)
	at := header.Get("Location")
	if status != 303 || !strings.HasPrefix(at, "/dossiers/") {
		t.Fatalf("the order: %d to %q", status, at)
	}
	if _, header, body := ask("GET", at, nil); header.Get("Refresh") == "" || !strings.Contains(body, "czeka na swoją kolej") {
		t.Errorf("a waiting package: %.600s", body)
	}
	if err := store.Build(sys, dossier.Build{Firm: mine.ID, ID: strings.TrimPrefix(at, "/dossiers/")}); err != nil {
		t.Fatal(err)
	}
	if _, header, body := ask("GET", at, nil); header.Get("Refresh") != "" || !strings.Contains(body, "Pakiet jest gotowy") {
		t.Errorf("a package that is ready: %.600s", body)
	}
	if status, _, body := ask("POST", at+"/file", url.Values{"why": {""}}); status != 422 || strings.HasPrefix(body, "PK") {
		t.Errorf("a download without a reason: %d", status)
	}
	status, header, body := ask("POST", at+"/file", url.Values{"why": {"dla sądu"}})
	if status != 200 || !strings.HasPrefix(body, "PK") || !strings.Contains(header.Get("Content-Disposition"), "pakiet-P-001") {
		t.Errorf("the download: %d %v", status, header)
	}
	if status, _, body := ask("GET", "/dossiers", nil); status != 200 || !strings.Contains(body, "P-001") || !strings.Contains(body, "&lt;i&gt;Sąd") {
		t.Errorf("the list: %d", status)
	}
}
