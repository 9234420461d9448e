package dossier_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/blob"
	"chop/internal/browser"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/dossier"
	"chop/internal/evidence"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/reason"
	"chop/internal/seal"
	"chop/internal/sign"
	"chop/internal/source"
)

// world is the room on a real database with two firms, a guardian and a lawyer of the first.
type world struct {
	*dossier.Store
	t      testing.TB
	clock  *dbtest.Clock
	ev     *evidence.Store
	blobs  string
	firm   string
	other  string
	system context.Context
	orders []dossier.Build // what the queue was handed
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// printed is one real print, used again where the test is not about the paper.
var printed = sync.OnceValue(func() []byte {
	return must(browser.Print(context.Background(), []byte(`<!doctype html><meta charset="utf-8"><title>x</title><p>Zażółć gęślą jaźń`)))
})

func samePaper(context.Context, []byte) ([]byte, error) { return printed(), nil }

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, build(t, d, clock)) })
}

func build(t testing.TB, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, clock: clock, system: access.With(t.Context(), access.System("*")), blobs: filepath.Join(dir, "blobs")}
	jobs := must(job.New(d, job.Config{}))
	job.On(jobs, "test.opened", func(context.Context, crisis.Opened) error { return nil })
	job.Outside(jobs, "test.build", func(_ context.Context, b dossier.Build) error { w.orders = append(w.orders, b); return nil })
	if err := job.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	k := must(seal.New(t.Context(), d, dir))
	l := must(ledger.New(d, must(k.Derive("ledger")), filepath.Join(dir, "ledger")))
	j := journal.New(d, l, k)
	firms := firm.New(d, j)
	disk := must(blob.New(w.blobs))
	w.ev = evidence.New(evidence.Config{DB: d, Seal: k, Blob: disk, Ledger: l, Journal: j, Version: "test"})
	duty := oncall.NewStore(oncall.Config{DB: d, Journal: j, Seal: k, Check: func(string, string) error { return nil }})
	alerts := alert.NewStore(alert.Config{DB: d, Jobs: jobs, Journal: j, Firms: firms, Duty: duty, Channels: map[string]notify.Channel{}, Origin: "https://chop.example"})
	mentions := &mention.Store{DB: d, Jobs: jobs, Seal: k, Ledger: l, Sources: &source.Store{DB: d, Jobs: jobs, Seal: k, Journal: j, Alerts: alerts, Registry: source.Registry{}}}
	cases := &crisis.Store{DB: d, Jobs: jobs, Seal: k, Journal: j, Alerts: alerts, Evidence: w.ev, Mentions: mentions}
	w.firm = must(firms.Create(w.system, firm.Firm{Name: "Manufaktura Lniana"})).ID
	w.other = must(firms.Create(w.system, firm.Firm{Name: "Sushi Hanami"})).ID
	w.Store = &dossier.Store{DB: d, Jobs: jobs, Seal: k, Blob: disk, Ledger: l, Journal: j, Firms: firms, Evidence: w.ev, Cases: cases, Mentions: mentions,
		Keeper: sign.Keep(filepath.Join(dir, "sign"), clock.Now), Version: "test", Print: samePaper}
	return w
}

func (w *world) as(name string, r access.Role) context.Context {
	return access.With(w.t.Context(), access.Principal{User: "u-" + name, Name: name, Firms: map[string]access.Role{w.firm: r}})
}

func (w *world) lawyer() context.Context { return w.as("Mecenas Nowak", access.Lawyer) }

func picture() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 900, 2400))
	for i := range img.Pix {
		img.Pix[i] = byte(i / 977)
	}
	img.Set(3, 3, color.White)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// exhibit seals something a firm received; n makes it different from others.
func (w *world) exhibit(n int, files ...evidence.File) evidence.Exhibit {
	w.t.Helper()
	item := fmt.Sprintf(`{"id":"m%d","author":{"name":"Jan Kowalski"},"text":"=Oszuści nr %d! Zadzwoń do Jan\u0061 KOWALSKIEGO: jan@example.com, 601 202 303","url":"https://example.com/%d","written_at":"2026-11-21T20:00:00Z"}`, n, n, n)
	c := evidence.Capture{Firm: w.firm, Ref: reason.Ref{Kind: "mention", ID: fmt.Sprint("m", n)}, Title: "Jan Kowalski", Level: evidence.L1, Cause: "decision",
		Meta: map[string]string{"url": fmt.Sprintf("https://example.com/%d", n), "how": "api"}, Limits: []string{"api capture; no picture of the page"},
		Files: append([]evidence.File{{Name: "item.json", Media: "application/json", Body: []byte(item)}}, files...)}
	return must(w.ev.Preserve(w.system, c))
}

func (w *world) order() dossier.Order {
	return dossier.Order{Recipient: "adw. Anna Nowak", Why: "pozew o ochronę dóbr", Operator: "Ewa Maj", ForAuthors: "Dwie osoby miały prawdziwe zamówienia.", Lang: lang.PL}
}

// ready orders a package and has it made.
func (w *world) ready(o dossier.Order) dossier.Package {
	w.t.Helper()
	p, err := w.Make(w.lawyer(), w.firm, o)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Build(w.system, dossier.Build{Firm: w.firm, ID: p.ID}); err != nil {
		w.t.Fatal(err)
	}
	p = must(w.Get(w.lawyer(), w.firm, p.ID))
	if p.State != dossier.Ready {
		w.t.Fatalf("%+v", p)
	}
	return p
}

// download writes the package to a file and returns its path.
func (w *world) download(p dossier.Package) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), p.File)
	err := w.Download(w.lawyer(), w.firm, p.ID, "dla sądu", func(name string, size int64, body func(func([]byte, error) bool)) error {
		var all []byte
		for b, err := range body {
			if err != nil {
				return err
			}
			all = append(all, b...)
		}
		if name != p.File || size != int64(len(all)) {
			w.t.Errorf("%s of %d bytes, not %s of %d", name, size, p.File, len(all))
		}
		return os.WriteFile(path, all, 0o600)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return path
}

func run(t testing.TB, dir, name string, args ...string) (string, bool) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if _, exit := err.(*exec.ExitError); err != nil && !exit {
		t.Fatalf("%s: %v (scripts/deps.sh installs it)", name, err)
	}
	return string(out), err == nil
}

// unpack returns the bag's folder.
func unpack(t testing.TB, path string) string {
	t.Helper()
	dir := t.TempDir()
	if out, ok := run(t, dir, "unzip", "-q", path); !ok {
		t.Fatal(out)
	}
	tops := must(os.ReadDir(dir))
	if len(tops) != 1 {
		t.Fatalf("%d folders at the top", len(tops))
	}
	return filepath.Join(dir, tops[0].Name())
}
