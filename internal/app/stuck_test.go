package app

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/oncall"
	"chop/internal/source"
	"chop/internal/user"
)

// A queue that stands still cannot carry its own alarm: the guardian's telephone rings past it, once in half an hour,
// and again when the trouble comes back (law 8).
func TestAStuckQueueRingsPastItself(t *testing.T) {
	var rings int
	phone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var m struct{ Title string }
		if json.Unmarshal(raw, &m) == nil && m.Title == lang.PL.T("app.stuck.title") {
			rings++
		}
		_, _ = io.WriteString(w, `{"id":"x"}`)
	}))
	defer phone.Close()
	clock := dbtest.NewClock()
	r, err := Open(t.Context(), Config{Data: t.TempDir(), Now: clock.Now, Allow: []string{"127.0.0.1"}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Jobs.Stop(context.Background()); r.Close() })
	ctx := access.With(t.Context(), access.System("*"))
	guard(t, ctx, r, phone.URL+"/dyzur")

	look := func(want int) {
		t.Helper()
		if err := r.watchQueue(ctx); err != nil || rings != want {
			t.Fatalf("%d rings, want %d; %v", rings, want, err)
		}
	}
	look(0)
	if err := r.Jobs.Put(ctx, source.Due{Firm: "f", Source: db.NewID(), Number: 1}); err != nil {
		t.Fatal(err)
	}
	clock.Forward(time.Minute)
	look(0)
	clock.Forward(5 * time.Minute)
	look(1)
	clock.Forward(5 * time.Minute)
	look(1)
	clock.Forward(30 * time.Minute)
	look(2)
	if err := r.Jobs.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	look(2)
}

// guard makes a firm with one guardian who is reached at the address.
func guard(t *testing.T, ctx context.Context, r *Rooms, address string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := r.Firms.Create(ctx, firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL, Settings: firm.Settings{RiskAversion: 1}})
	must(err)
	p, err := r.Users.Add(ctx, user.Newcomer{Name: "Ewa Maj", Email: "ewa@chop.example", Password: "bardzo dlugie haslo", Lang: lang.PL})
	must(err)
	must(r.Users.Enrol(ctx, f.ID, p.ID, access.Guardian))
	me := access.With(ctx, access.Principal{User: p.ID, Name: p.Name, Firms: map[string]access.Role{f.ID: access.Guardian}})
	c, err := r.Duty.AddContact(me, oncall.Contact{Kind: "ntfy", Address: address})
	must(err)
	_, code, err := r.Duty.NewCode(me, c.ID)
	must(err)
	must(r.Duty.Verify(me, c.ID, code))
}
