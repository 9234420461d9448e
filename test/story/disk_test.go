package story

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/source"
)

// logbook keeps what the program logs during the stories.
var logbook book

type book struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *book) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logbook, nil)))
	os.Exit(m.Run())
}

// logged tells whether a line about the firm holds all the words.
func (w *World) logged(words ...string) bool {
	logbook.mu.Lock()
	defer logbook.mu.Unlock()
line:
	for _, l := range strings.Split(logbook.b.String(), "\n") {
		for _, word := range append(words, w.firm.ID) {
			if !strings.Contains(l, word) {
				continue line
			}
		}
		return true
	}
	return false
}

// A full disk is named in the log and at the source, and wakes somebody; with space again nothing is missing.
func TestAFullDiskLosesNothing(t *testing.T) {
	w := New(t)
	anna := w.Guardian("Anna")
	w.Visitor("Teresa").Comments("Mam komplet drugi rok, po praniu coraz milszy.")
	w.FastForward(time.Minute)
	w.pages(0)
	for n := range 60 {
		w.Visitor("Teresa").Comments(fmt.Sprintf("Obrus numer %d. ", n) + w.incompressible())
	}
	w.patiently(5 * time.Minute)
	s, err := w.Sources.Find(anna.ctx(), w.firm.ID, w.source.ID)
	w.ok(err)
	if s.Error != "storage.full" || s.Condition(w.clock.Now()) != source.Blind {
		t.Errorf("the source is %s, its trouble is %q", s.Condition(w.clock.Now()), s.Error)
	}
	if !w.logged("storage.full", `"source":"`+w.source.ID) {
		t.Error("the log does not name the full disk")
	}
	w.pages(1 << 30)
	w.FastForward(10 * time.Minute)
	w.wantEach()
	for _, a := range w.alerts("alert.source.blind") {
		if a.State != alert.Resolved {
			t.Errorf("the alarm is still %s", a.State)
		}
	}
	w.FastForward(time.Minute)
	if rep, err := w.Ledger.Verify(w.system()); err != nil || !rep.Holds() {
		t.Errorf("the ledger: %v %v", rep.Troubles, err)
	}
}

// pages lets the database grow by so many pages and no more, as a full disk does.
func (w *World) pages(more int) {
	w.t.Helper()
	w.ok(w.DB.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var now int
		if _, err := tx.One(ctx, `PRAGMA page_count`, nil, &now); err != nil {
			return err
		}
		var limit int
		_, err := tx.One(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, now+more), nil, &limit)
		return err
	}))
}

// incompressible is a text that needs its room.
func (w *World) incompressible() string {
	var b strings.Builder
	for range 60 {
		b.WriteString(db.NewID() + " ")
	}
	return strings.TrimSpace(b.String())
}

// patiently lets time go by although work fails.
func (w *World) patiently(d time.Duration) {
	w.t.Helper()
	for left := d; left > 0; left -= 20 * time.Second {
		w.clock.Forward(20 * time.Second)
		for _, err := range []error{w.Jobs.Drain(w.system()), w.Sources.Watch(w.system())} {
			if err != nil && !db.IsFull(err) {
				w.t.Fatalf("other trouble than a full disk: %v", err)
			}
		}
	}
}
