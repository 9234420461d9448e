package capture_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"path/filepath"
	"testing"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/blob"
	"chop/internal/browser"
	"chop/internal/capture"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/seal"
	"chop/internal/source"
)

// world is a firm with a source, a vault and a browser whose next page the test decides.
type world struct {
	*capture.Store
	t     testing.TB
	d     *db.DB
	clock *dbtest.Clock
	jobs  *job.Queue
	sees  func(address string) (*browser.Page, error)
	asked []string // addresses the browser was sent to
	src   source.Source
	sys   context.Context
	ewa   context.Context // guardian
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, build(t, d, clock)) })
}

func build(t testing.TB, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock, sys: access.With(t.Context(), access.System("*"))}
	dir := t.TempDir()
	k, err := seal.New(t.Context(), d, dir)
	w.ok(err)
	l, err := ledger.New(d, make([]byte, 32), filepath.Join(dir, "ledger"))
	w.ok(err)
	b, err := blob.New(filepath.Join(dir, "blobs"))
	w.ok(err)
	w.jobs, err = job.New(d, job.Config{})
	w.ok(err)
	t.Cleanup(func() { _ = w.jobs.Stop(context.Background()) })
	j := journal.New(d, l, k)
	alerts := alert.NewStore(alert.Config{DB: d, Jobs: w.jobs, Journal: j, Firms: firm.New(d, j), Origin: "http://chop.test",
		Duty: oncall.NewStore(oncall.Config{DB: d, Journal: j, Seal: k})})
	sources := &source.Store{DB: d, Jobs: w.jobs, Seal: k, Journal: j, Alerts: alerts, Registry: source.Registry{"place": place{}}}
	mentions := &mention.Store{DB: d, Jobs: w.jobs, Seal: k, Ledger: l, Sources: sources}
	vault := evidence.New(evidence.Config{DB: d, Seal: k, Blob: b, Ledger: l, Journal: j, Version: "1.2.3"})
	w.Store, err = capture.Open(&capture.Store{DB: d, Jobs: w.jobs, Seal: k, Journal: j, Evidence: vault, Mentions: mentions, Version: "1.2.3",
		Look: func(_ context.Context, address string, _ browser.Limits) (*browser.Page, error) {
			w.asked = append(w.asked, address)
			return w.sees(address)
		}})
	w.ok(err)
	job.Outside(w.jobs, "take", w.Take)
	job.On(w.jobs, "changed", w.Changed)
	job.Outside(w.jobs, "pull", mentions.Pull)
	w.ok(d.Tx(w.sys, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO firm (id, name, slug, created_at) VALUES ('f1', 'Manowce', 'MAN', $1), ('f2', 'Inna', 'INN', $1)`, tx.Now())
		return err
	}))
	w.src, _, err = sources.Connect(w.sys, "f1", "place", "Sklep", source.Settings{})
	w.ok(err)
	w.ewa = as(t, "Ewa", access.Guardian)
	w.sees = func(address string) (*browser.Page, error) { return page(clock, address), nil }
	return w
}

// place is a channel that brings nothing by itself.
type place struct{}

func (place) Describe() source.Description { return source.Description{Kind: "place", Push: true} }
func (place) Check(context.Context, source.Settings) (source.CheckReport, error) {
	return source.CheckReport{}, nil
}
func (place) Fetch(context.Context, source.Settings, []byte) (source.Batch, error) {
	return source.Batch{}, errors.New("never fetched")
}

func as(t testing.TB, name string, r access.Role) context.Context {
	return access.With(t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{"f1": r}})
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) work() {
	w.t.Helper()
	w.ok(w.jobs.Drain(w.sys))
}

// page is a page of content as a browser brings it.
func page(clock *dbtest.Clock, address string) *browser.Page {
	html := []byte("<!doctype html><title>Opinie</title><p>Nie polecam</p>")
	return &browser.Page{Requested: address, Final: address, Status: 200, Title: "Opinie", Text: "Nie polecam", IP: netip.MustParseAddr("203.0.113.7"),
		Began: clock.Now(), Ended: clock.Now(), PNG: []byte("\x89PNG\r\n\x1a\n"), PDF: []byte("%PDF-1.7"), MHTML: []byte("From: x"), Browser: "Chrome/1", UserAgent: "Chrome ChOP/1.2.3", Sandbox: true,
		Exchanges: []browser.Exchange{
			{Method: "GET", URL: address, At: clock.Now(), Status: 200, Phrase: "OK", Header: http.Header{"Content-Type": {"text/html"}}, Body: html},
			{Method: "GET", URL: "http://10.0.0.1/x", At: clock.Now(), Refused: "fetch.private_address"}}}
}

// wall is a page with an obstacle.
func wall(clock *dbtest.Clock, address string, k browser.Kind, detail string) *browser.Page {
	p := page(clock, address)
	p.Wall, p.Text = browser.Wall{Kind: k, Rule: "x", Detail: detail}, "Zaloguj się"
	return p
}

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func (w *world) only() capture.Shot {
	w.t.Helper()
	list, err := w.List(w.ewa, "f1")
	w.ok(err)
	if len(list) == 0 {
		w.t.Fatal("no look")
	}
	return list[len(list)-1]
}
