package user_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/seal"
	"chop/internal/user"
)

const good = "trzy zielone sowy"

type letter struct{ to, subject, body string }

type world struct {
	*user.Store
	d     *db.DB
	clock *dbtest.Clock
	firms *firm.Store
	log   *journal.Store

	mu   sync.Mutex
	post []letter
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		dir := t.TempDir()
		k, err := seal.New(t.Context(), d, dir)
		if err != nil {
			t.Fatal(err)
		}
		l, err := ledger.New(d, bytes.Repeat([]byte{1}, 32), dir)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{d: d, clock: clock, log: journal.New(d, l, k)}
		w.firms = firm.New(d, w.log)
		w.Store, err = user.New(user.Config{DB: d, Firms: w.firms, Journal: w.log, Seal: k, Origin: "https://chop.test/", Mailer: w.mail})
		if err != nil {
			t.Fatal(err)
		}
		f(t, w)
	})
}

func (w *world) mail(_ context.Context, to string, _ lang.Tag, subject, body string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.post = append(w.post, letter{to, subject, body})
	return nil
}

// letters waits for the post and takes it out of the box.
func (w *world) letters() []letter {
	w.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	ls := w.post
	w.post = nil
	return ls
}

// token is what stands behind the path in a letter or link.
func token(t *testing.T, text, path string) string {
	t.Helper()
	_, after, ok := strings.Cut(text, "https://chop.test/"+path+"/")
	if !ok {
		t.Fatalf("no link of %s in %q", path, text)
	}
	return strings.Fields(after)[0]
}

func system(t *testing.T) context.Context { return access.With(t.Context(), access.System("*")) }

func (w *world) add(t *testing.T, email string, admin bool) user.Person {
	t.Helper()
	p, err := w.Add(system(t), user.Newcomer{Name: "Osoba " + email[:1], Email: email, Password: good, Admin: admin})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) firm(t *testing.T, name string) string {
	t.Helper()
	f, err := w.firms.Create(system(t), firm.Firm{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return f.ID
}

func (w *world) enrol(t *testing.T, firmID, who string, r access.Role) {
	t.Helper()
	if err := w.Enrol(system(t), firmID, who, r); err != nil {
		t.Fatal(err)
	}
}

var here = user.Device{Addr: "198.51.100.7:4711", Agent: "test"}

// in is the context of a person after a real sign-in, and their token.
func (w *world) in(t *testing.T, email string) (context.Context, string) {
	t.Helper()
	o, err := w.SignIn(t.Context(), email, good, here)
	if err != nil {
		t.Fatal(err)
	}
	return w.with(t, o.Token), o.Token
}

func (w *world) with(t *testing.T, token string) context.Context {
	t.Helper()
	p, err := w.Principal(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return access.With(t.Context(), p)
}

func (w *world) alive(t *testing.T, token string) bool {
	t.Helper()
	_, ok, err := w.Visit(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}
