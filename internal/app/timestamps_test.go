package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db/dbtest"
	"chop/internal/evidence"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/reason"
)

// An authority that falls silent is an alarm of the firm whose proofs wait; it ends by itself when stamps come again
// (law 8).
func TestASilentAuthorityIsAnAlarm(t *testing.T) {
	clock := dbtest.NewClock()
	c := Config{Data: t.TempDir(), Now: clock.Now, Timestamps: "development"}
	r, err := Open(t.Context(), c, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Jobs.Stop(context.Background()); r.Close() })
	ctx := access.With(t.Context(), access.System("*"))
	ours, err := r.Firms.Create(ctx, firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL})
	if err != nil {
		t.Fatal(err)
	}
	other, err := r.Firms.Create(ctx, firm.Firm{Name: "Kwiaciarnia Mak", Lang: lang.PL})
	if err != nil {
		t.Fatal(err)
	}
	way := r.Stamps.Authorities[0].Way
	r.Stamps.Authorities[0].Way = away{}
	if _, err := r.Evidence.Preserve(ctx, evidence.Capture{Firm: ours.ID, Ref: reason.Ref{Kind: "page", ID: "1"}, Title: "Strona",
		Files: []evidence.File{{Name: "a.html", Body: []byte("a")}}}); err != nil {
		t.Fatal(err)
	}
	look := func(want int) {
		t.Helper()
		if err := r.Jobs.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if err := r.watchStamps(ctx); err != nil {
			t.Fatal(err)
		}
		for id, n := range map[string]int{ours.ID: want, other.ID: 0} {
			list, err := r.Alerts.List(ctx, alert.Filter{Firm: id})
			if err != nil || len(list) != n {
				t.Fatalf("%d alarms, want %d: %+v %v", len(list), n, list, err)
			}
			if n == 1 && !strings.Contains(list[0].Sentence(lang.PL), "Czeka na nie: 1.") {
				t.Error(list[0].Sentence(lang.PL))
			}
		}
	}
	look(0)
	clock.Forward(10 * time.Minute)
	look(0)
	clock.Forward(6 * time.Minute)
	look(1)
	clock.Forward(time.Hour)
	look(1)
	r.Stamps.Authorities[0].Way = way
	clock.Forward(10 * time.Minute)
	if err := r.Stamps.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	look(0)
}

type away struct{}

func (away) Ask(context.Context, []byte) ([]byte, error) { return nil, context.DeadlineExceeded }

func TestWhereTimestampSettingsComeFrom(t *testing.T) {
	dir := t.TempDir()
	if s, err := (Config{Data: dir}).timestampSettings(); err != nil || len(s.Authorities) != 0 {
		t.Error(s, err)
	}
	file := filepath.Join(dir, TimestampsFile)
	if err := os.WriteFile(file, []byte("authorities: [{name: Próbny, development: true}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := (Config{Data: dir}).timestampSettings(); err != nil || len(s.Authorities) != 1 || s.Authorities[0].Name != "Próbny" {
		t.Error(s, err)
	}
	if s, err := (Config{Data: dir, Timestamps: "none"}).timestampSettings(); err != nil || len(s.Authorities) != 0 {
		t.Error(s, err)
	}
	if _, err := (Config{Data: dir, Timestamps: filepath.Join(dir, "gone.yaml")}).timestampSettings(); err == nil || !strings.Contains(err.Error(), "gone.yaml") {
		t.Error("a file that was named and is not there must not pass in silence", err)
	}
	if err := os.WriteFile(file, []byte("authorities: [{name: A}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Data: dir}, "test"); err == nil || !strings.Contains(err.Error(), "url is missing") {
		t.Error("the program starts with broken settings", err)
	}
}
