package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/consent"
	"chop/internal/fault"
	"chop/internal/source"
	"chop/internal/user"
	"chop/internal/web/captures"
	"chop/internal/web/live"
	"chop/internal/web/page"
	"chop/internal/web/session"
	"chop/internal/web/sources"
	"chop/internal/web/static"
)

// handler is the whole web: the edge before all pages.
func (a *App) handler() http.Handler {
	mux := http.NewServeMux()
	edge := session.New(session.Config{Users: a.Users, Firms: a.Firms, Now: a.DB.Clock(), Secure: a.config.secure(), Proxy: a.config.Proxy,
		Demo: a.config.Demo, Public: []string{"/demo/", consent.LinkPath}, Hooks: []string{"/hooks/", alert.LinkPath}, Large: []string{"/hooks/", sources.ImportPath, captures.FilesPath, captures.SharePath},
		LargeBody: 110 << 20, Fill: a.fill, PerSecond: rate.Limit(a.config.Visits), Burst: int(10 * a.config.Visits)})
	a.health(mux)
	mux.Handle("GET "+static.Prefix, static.Handler())
	mux.HandleFunc("POST /prefs", edge.Prefs)
	live.Mount(mux, live.Deps{DB: a.DB, Done: a.done})
	a.mountPlaces(mux)
	a.mountDemo(mux)
	mux.HandleFunc("/", lost)
	return edge.Wrap(mux)
}

// lost answers for addresses that lead nowhere, in the language of the person.
func lost(w http.ResponseWriter, r *http.Request) { session.Fail(w, r, fault.Missing("page")) }

// health answers without sign-in: /healthz that the process lives, /readyz that it can work.
func (a *App) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := a.ready(r.Context()); err != nil {
			slog.Error("not ready", "error", err)
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
}

// fill adds to the frame what the layout shows of other rooms. What cannot be read is left out: a page must not fail
// because a number beside its menu does.
func (a *App) fill(ctx context.Context, f page.Frame) page.Frame {
	warn := func(what string, err error) {
		if err != nil {
			slog.Warn("the frame lacks a number", "what", what, "error", err)
		}
	}
	if len(access.Scope(ctx, access.ViewMentions)) > 0 {
		c, err := a.Mentions.Count(ctx, "")
		warn("mentions", err)
		f.Counts.Inbox, f.Counts.Urgent = c.Open, c.Urgent
	}
	cases, err := a.Cases.List(ctx, "", true)
	warn("cases", err)
	f.Counts.Cases = len(cases)
	f.Counts.Groups, err = a.Groups.Waiting(ctx)
	warn("groups", err)
	channels, err := a.Sources.List(ctx, "")
	warn("sources", err)
	f.Counts.Sources = troubled(a.DB.Now(), channels)
	warn("states", a.fillStates(ctx, f))
	return f
}

// fillStates gives every firm of the switcher its state.
func (a *App) fillStates(ctx context.Context, f page.Frame) error {
	firms, err := a.Firms.List(ctx)
	if err != nil {
		return err
	}
	list, err := a.Standing.Of(ctx, firms)
	if err != nil {
		return err
	}
	for _, st := range list {
		for i := range f.Firms {
			if f.Firms[i].ID == st.Firm.ID {
				f.Firms[i].State = page.State(st.State)
			}
		}
	}
	return nil
}

func troubled(now time.Time, list []source.Source) (n int) {
	for _, s := range list {
		if s.Condition(now).Troubled() {
			n++
		}
	}
	return n
}

// OpenDemo lets visitors of a demonstration in as one of its people, at /demo/NAME. Without --demo there is no such place.
func (a *App) OpenDemo(enter func(r *http.Request, who string, d user.Device) (user.Opened, error)) {
	if a.config.Demo {
		a.enter.Store(&enter)
	}
}

// Terminal is where words for the person who started the program go.
func (a *App) Terminal() io.Writer { return a.say }

func (a *App) mountDemo(mux *http.ServeMux) {
	if !a.config.Demo {
		return
	}
	mux.HandleFunc("GET /demo/{who}", func(w http.ResponseWriter, r *http.Request) {
		enter := a.enter.Load()
		if enter == nil {
			http.Error(w, "the demonstration is being prepared; reload in a moment", http.StatusServiceUnavailable)
			return
		}
		o, err := (*enter)(r, r.PathValue("who"), session.Device(r))
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		session.Begin(w, r, o)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
}
