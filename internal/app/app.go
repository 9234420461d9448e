package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/user"
)

// App is one running process.
type App struct {
	*Rooms
	config   Config
	version  string
	unlock   func() error
	server   *http.Server
	listener net.Listener
	stop     context.CancelFunc
	done     chan struct{} // closed when stopping begins: open streams end
	ticking  chan struct{} // closed when the ticker has ended
	say      io.Writer     // for the person at the terminal
	enter    atomic.Pointer[func(*http.Request, string, user.Device) (user.Opened, error)]
}

// New opens the data folder and the database and wires everything; nothing runs yet. Words for the person at the
// terminal, such as the first sign-in link, go to say.
func New(ctx context.Context, c Config, version string, say io.Writer) (*App, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	a := &App{config: c, version: version, say: say, done: make(chan struct{}), ticking: make(chan struct{})}
	var err error
	if a.unlock, err = lockFolder(c.Data); err != nil {
		return nil, err
	}
	if a.Rooms, err = Open(ctx, c, version); err != nil {
		return nil, errors.Join(err, a.unlock())
	}
	return a, nil
}

// Addr is where the web listens, once started.
func (a *App) Addr() string { return a.listener.Addr().String() }

// Origin is the address people use.
func (a *App) Origin() string { return a.config.Origin }

// Start begins to watch, to work and to answer.
func (a *App) Start(ctx context.Context) error {
	run, stop := context.WithCancel(access.With(context.WithoutCancel(ctx), access.System("*")))
	a.stop = stop
	if err := a.continues(run, a.say); err != nil {
		return err
	}
	if !a.config.NoWeb {
		if err := a.serve(run); err != nil {
			return err
		}
	}
	if !a.config.NoWork {
		if err := a.Jobs.Start(run); err != nil {
			return fmt.Errorf("start the queue: %w", err)
		}
		go a.tick(run)
	} else {
		close(a.ticking)
	}
	return a.welcome(run)
}

func (a *App) serve(run context.Context) error {
	var err error
	if a.listener, err = net.Listen("tcp", a.config.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w; is another program there? use --listen HOST:PORT", a.config.Listen, err)
	}
	a.server = &http.Server{Handler: a.handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, WriteTimeout: 5 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
	go a.DB.Relay(run)
	go func() {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("the web server ended", "error", err)
		}
	}()
	return nil
}

// welcome tells the person at the terminal where to go, with a sign-in link when nobody has an account yet.
func (a *App) welcome(ctx context.Context) error {
	if a.config.NoWeb {
		fmt.Fprintf(a.say, "ChOP %s works the queue.\n", a.version)
		return nil
	}
	if a.config.Demo {
		fmt.Fprintf(a.say, "ChOP %s: %s\n", a.version, a.config.Origin)
		return nil
	}
	token, err := a.Users.FirstLink(ctx)
	if err != nil {
		return fmt.Errorf("make the first sign-in link: %w", err)
	}
	if token == "" {
		fmt.Fprintf(a.say, "ChOP %s: %s\n", a.version, a.config.Origin)
		return nil
	}
	fmt.Fprintf(a.say, "ChOP %s is ready. Open this link once to create the first account (it lives 24 hours):\n%s\n", a.version,
		a.Users.Link(user.FirstPath, token))
	return nil
}

// tickEvery is how often the program looks after sources, the queue and the ledger.
const tickEvery = 5 * time.Second

// tick looks after what has no timer of its own: lost timers, silent sources, a stuck queue, checkpoints, old rows.
func (a *App) tick(ctx context.Context) {
	defer close(a.ticking)
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		for _, d := range duties {
			if n%d.every != 0 {
				continue
			}
			if err := d.do(a.Rooms, ctx); err != nil && ctx.Err() == nil {
				slog.Error("regular duty failed", "duty", d.name, "error", err)
			}
		}
	}
}

// duties are done every so many ticks.
var duties = []struct {
	name  string
	every int
	do    func(*Rooms, context.Context) error
}{
	{"watch sources", 3, func(r *Rooms, ctx context.Context) error { return r.Sources.Watch(ctx) }},
	{"watch deadlines", 6, func(r *Rooms, ctx context.Context) error { return r.Triage.Overdue(ctx) }},
	{"tend cases", 6, func(r *Rooms, ctx context.Context) error { return r.Cases.Tend(ctx) }},
	{"settle askers", 6, func(r *Rooms, ctx context.Context) error { return r.Beat.Settle(ctx) }},
	{"watch queue", 6, (*Rooms).watchQueue},
	{"checkpoint", 12, func(r *Rooms, ctx context.Context) error { _, err := r.Ledger.Checkpoint(ctx); return err }},
	{"timestamps", 3, func(r *Rooms, ctx context.Context) error { return r.Stamps.Tend(ctx) }},
	{"watch timestamps", 12, (*Rooms).watchStamps},
	{"witness", 12, func(r *Rooms, ctx context.Context) error { return r.Ledger.Cosign(ctx) }},
	{"tidy", 720, (*Rooms).tidy},
	{"retention", 4320, (*Rooms).retain},
}

// tidy drops what is only of passing use.
func (r *Rooms) tidy(ctx context.Context) error {
	return errors.Join(r.Users.Tidy(ctx), r.Sources.Tidy(ctx))
}

// Stop ends everything in the reverse order: no new requests, streams closed, running jobs finished.
func (a *App) Stop(ctx context.Context) error {
	close(a.done)
	var errs []error
	if a.server != nil {
		c, cancel := context.WithTimeout(ctx, 10*time.Second)
		errs = append(errs, a.server.Shutdown(c))
		cancel()
	}
	if a.stop != nil {
		a.stop()
		<-a.ticking
	}
	errs = append(errs, a.Jobs.Stop(ctx))
	a.Rooms.Close()
	return errors.Join(append(errs, a.unlock())...)
}

// ready tells whether this process can do its work, for /readyz.
func (r *Rooms) ready(ctx context.Context) error {
	if err := r.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var n int
		_, err := tx.One(ctx, `SELECT 1`, nil, &n)
		return err
	}); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	h, err := r.Jobs.Health(ctx)
	if err != nil {
		return err
	}
	if h.Stuck(r.DB.Now(), stuckAfter) {
		return fmt.Errorf("queue: %d jobs are late", h.Due)
	}
	return nil
}

// DefaultData is the data folder when none is named: ./chop-data.
func DefaultData() string {
	if d := os.Getenv("CHOP_DATA"); d != "" {
		return d
	}
	return "chop-data"
}
