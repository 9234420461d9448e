package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/ledger"
	"chop/internal/stamp"
	"chop/internal/tsa"
)

type migrateCmd struct{ place }

// Run brings the database up to date and prints its version.
func (c *migrateCmd) Run(ctx context.Context) error {
	r, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	v, err := r.DB.Version(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("the database is at version %d\n", v)
	return nil
}

// open opens the rooms for a command beside the running program; nothing is started.
func (p place) open(ctx context.Context) (*app.Rooms, error) {
	if err := p.there(); err != nil {
		return nil, err
	}
	c := p.config()
	c.Timestamps = "none"
	return app.Open(ctx, c, version)
}

// there refuses a data folder that does not exist: a command beside the program must not make one.
func (p place) there() error {
	if p.DB == "" {
		if _, err := os.Stat(p.Data); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("there is no data folder %s; name it with --data DIR, or start with: chop serve", p.Data)
		}
	}
	return nil
}

type userCmd struct {
	place
	Email  string `arg:"" help:"E-mail of the person."`
	Origin string `help:"How people reach this installation." default:"http://127.0.0.1:8484" env:"CHOP_ORIGIN"`
}

// Run prints a link with which the person chooses a new password.
func (c *userCmd) Run(ctx context.Context) error {
	r, err := app.Open(ctx, app.Config{Data: c.Data, DB: c.DB, Blob: c.Blob, Origin: c.Origin}, version)
	if err != nil {
		return err
	}
	defer r.Close()
	link, err := r.Users.ResetLink(access.With(ctx, access.System("*")), c.Email)
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("no open account has the address %s; look for it on the page /people", c.Email)
	}
	if err != nil {
		return err
	}
	fmt.Println(link)
	return nil
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Println("chop " + version)
	return nil
}

type doctorCmd struct {
	place
	stamps
	Allow []string `help:"Private address or network that may be called." env:"CHOP_ALLOW" placeholder:"ADDR"`
	JSON  bool     `help:"Print findings as JSON."`
}

// finding is one thing the doctor looked at.
type finding struct {
	What  string `json:"what"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
}

// Run looks at the machine, the database, the queue and the ledger.
func (c *doctorCmd) Run(ctx context.Context) error {
	if err := c.there(); err != nil {
		return err
	}
	r, err := app.Open(ctx, app.Config{Data: c.Data, DB: c.DB, Allow: c.Allow, Timestamps: c.Timestamps}, version)
	if err != nil {
		return err
	}
	defer r.Close()
	list := examine(ctx, r)
	well := true
	for _, f := range list {
		well = well && f.OK
	}
	if c.JSON {
		err = json.NewEncoder(os.Stdout).Encode(list)
	} else {
		for _, f := range list {
			mark := "ok  "
			if !f.OK {
				mark = "BAD "
			}
			fmt.Printf("%s %-12s %s\n", mark, f.What, f.Found)
		}
	}
	if err == nil && !well {
		err = errSaid
	}
	return err
}

func examine(ctx context.Context, r *app.Rooms) []finding {
	ctx = access.With(ctx, access.System("*"))
	var list []finding
	add := func(what, found string, err error) {
		if err != nil {
			found = err.Error()
		}
		list = append(list, finding{what, err == nil, found})
	}
	v, err := r.DB.Version(ctx)
	add("database", fmt.Sprintf("%s, version %d", r.DB.Dialect, v), err)
	h, err := r.Jobs.Health(ctx)
	if err == nil && h.Failing > 0 {
		err = fmt.Errorf("%d jobs keep failing; the log says why", h.Failing)
	}
	add("queue", fmt.Sprintf("%d due", h.Due), err)
	rep, err := r.Ledger.Verify(ctx)
	if err == nil && !rep.Holds() {
		err = errors.New("hashes do not fit together; run chop verify")
	}
	add("ledger", "every hash holds", err)
	list = append(list, timestamps(ctx, r)...)
	quick, err := r.Ledger.Consistent(ctx)
	if err == nil && !quick.Holds() {
		err = fmt.Errorf("%s; docs/operations.md says what to do", quick.Troubles[0].Code)
	}
	add("log", fmt.Sprintf("%d entries, continues what was seen", quick.Leaves), err)
	add("files", "the store of files can be used", r.Blob.Check(ctx))
	list = append(list, witnesses(ctx, r)...)
	add("clock", r.DB.Now().Format(time.RFC3339), clockSane(r.DB))
	return list
}

// timestamps asks every authority for a real timestamp: what answers otherwise proves nothing.
func timestamps(ctx context.Context, r *app.Rooms) (list []finding) {
	if len(r.Stamps.Authorities) == 0 {
		return []finding{{"timestamps", true, "no authority; the time of exhibits is the machine's alone (docs/operations.md)"}}
	}
	for _, a := range r.Stamps.Authorities {
		f := finding{What: "timestamps"}
		t, err := a.Stamp(ctx, tsa.Sum([]byte("chop doctor "+db.NewID())))
		switch {
		case err != nil:
			f.Found = a.Name + ": " + err.Error()
		case a.Development:
			f.OK, f.Found = true, a.Name+": for trials only, worth nothing in court"
		default:
			f.OK, f.Found = true, fmt.Sprintf("%s: %s, time off by %s, certificate until %s, %s", a.Name, t.Authority(),
				r.DB.Now().Sub(t.Time).Round(time.Second), t.Expires().Format(time.DateOnly), qualified(a.Qualified))
		}
		list = append(list, f)
	}
	h, err := r.Stamps.Health(ctx)
	f := finding{"timestamps", err == nil && !h.Late, fmt.Sprintf("%d wait", h.Waiting)}
	if err != nil {
		f.Found = err.Error()
	} else if h.Late {
		f.Found = fmt.Sprintf("%d wait, the oldest since %s", h.Waiting, h.Oldest.Format(time.RFC3339))
	}
	return append(list, f)
}

func qualified(q stamp.Qualified) string {
	if !q.Known() {
		return "not qualified as far as anybody here knows"
	}
	return fmt.Sprintf("qualified by %s, looked up on %s", q.Source, q.On)
}

// clockSane notices a machine whose clock was never set.
func clockSane(d *db.DB) error {
	if d.Now().Year() < 2026 {
		return errors.New("the machine's clock stands in the past; set it before anything is sealed")
	}
	return nil
}

// witnesses tells how each witness answered last.
func witnesses(ctx context.Context, r *app.Rooms) (list []finding) {
	ws, err := r.Ledger.Witnesses(ctx)
	if err != nil {
		return []finding{{"witness", false, err.Error()}}
	}
	for _, w := range ws {
		list = append(list, finding{"witness", w.State == ledger.WitnessSigned || w.State == ledger.WitnessNever,
			fmt.Sprintf("%s: %s, %d entries. %s", w.Name, w.State, w.Size, w.Detail)})
	}
	return list
}
