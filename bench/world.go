package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/oncall"
	"chop/internal/source"
	"chop/internal/user"
)

// World is an installation with firms, a channel each, and a guardian on duty whose telephone is ours.
type world struct {
	*app.Rooms
	firms   []firm.Firm
	sources []source.Source
	secrets []string
	token   string // of the guardian's session
	me      string // the guardian
	phone   *telephone
}

const password = "lniane obrusy z Gdańska"

// furnish makes the world in the rooms.
func furnish(ctx context.Context, r *app.Rooms, firms int, phone *telephone) (*world, error) {
	w := &world{Rooms: r, phone: phone}
	sys := access.With(ctx, access.System("*"))
	ewa, err := r.Users.Add(sys, user.Newcomer{Name: "Ewa Maj", Email: "ewa@chop.example", Password: password, Lang: lang.PL, Admin: true})
	if err != nil {
		return nil, err
	}
	for i := range firms {
		f, err := r.Firms.Create(sys, firm.Firm{Name: fmt.Sprintf("Pracownia %s %d", trades[i%len(trades)], i+1), Lang: lang.PL})
		if err != nil {
			return nil, err
		}
		if err := r.Users.Enrol(sys, f.ID, ewa.ID, access.Guardian); err != nil {
			return nil, err
		}
		src, _, err := r.Sources.Connect(sys, f.ID, "webhook", f.Name, source.Settings{"secret": secret(i)})
		if err != nil {
			return nil, err
		}
		now := r.DB.Now()
		if _, err := r.Duty.AddShift(sys, oncall.Shift{Firm: f.ID, User: ewa.ID, From: now.Add(-time.Hour), To: now.Add(24 * time.Hour)}); err != nil {
			return nil, err
		}
		w.firms, w.sources, w.secrets = append(w.firms, f), append(w.sources, src), append(w.secrets, secret(i))
	}
	if err := w.hand(ctx, ewa.ID); err != nil {
		return nil, fmt.Errorf("hand the telephone over: %w", err)
	}
	o, err := r.Users.SignIn(ctx, "ewa@chop.example", password, user.Device{Addr: "127.0.0.1", Agent: "bench"})
	w.token, w.me = o.Token, ewa.ID
	return w, err
}

// hand makes the telephone the guardian's.
func (w *world) hand(ctx context.Context, ewa string) error {
	me := access.With(ctx, access.Principal{User: ewa, Name: "Ewa Maj", Admin: true})
	c, err := w.Duty.AddContact(me, oncall.Contact{Kind: "ntfy", Address: w.phone.url + "/dyzur"})
	if err != nil {
		return err
	}
	_, code, err := w.Duty.NewCode(me, c.ID)
	if err != nil {
		return err
	}
	return w.Duty.Verify(me, c.ID, code)
}

// telephone is an ntfy server that notes when each case's first message arrived.
type telephone struct {
	url   string
	srv   *http.Server
	mu    sync.Mutex
	rings map[string]time.Time // by case
}

func openTelephone() (*telephone, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &telephone{url: "http://" + l.Addr().String(), rings: map[string]time.Time{}}
	t.srv = &http.Server{Handler: t, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = t.srv.Serve(l) }()
	return t, nil
}

// ServeHTTP takes a message in ntfy's JSON form.
func (t *telephone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var m struct{ Click string }
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil || json.Unmarshal(raw, &m) != nil {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	if _, id, ok := strings.Cut(m.Click, "/cases/"); ok {
		t.mu.Lock()
		if _, rang := t.rings[id]; !rang {
			t.rings[id] = now
		}
		t.mu.Unlock()
	}
	_, _ = io.WriteString(w, `{"id":"x"}`)
}

func (t *telephone) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.rings)
}

func (t *telephone) close() { _ = t.srv.Close() }

// live is a started program in this process.
type live struct {
	*world
	app *app.App
}

// startHere furnishes a new place and runs the program on it.
func startHere(ctx context.Context, o options, p place, firms int) (*live, error) {
	phone, err := openTelephone()
	if err != nil {
		return nil, err
	}
	c := p.config()
	c.Workers = o.workers
	a, err := app.New(ctx, c, "bench", io.Discard)
	if err != nil {
		return nil, err
	}
	w, err := furnish(ctx, a.Rooms, firms, phone)
	if err != nil {
		return nil, err
	}
	return &live{w, a}, a.Start(ctx)
}

func (p place) config() app.Config {
	return app.Config{Listen: "127.0.0.1:0", Data: p.data, DB: p.url, Origin: "http://127.0.0.1", Proxy: true, Allow: []string{"127.0.0.1"}}
}

func (l *live) close(ctx context.Context) error {
	l.phone.close()
	return l.app.Stop(ctx)
}

// system is the principal of handlers.
func system(ctx context.Context) context.Context { return access.With(ctx, access.System("*")) }
