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
	if p.DB == "" {
		if _, err := os.Stat(p.Data); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no data folder %s; name it with --data DIR, or start with: chop serve", p.Data)
		}
	}
	return app.Open(ctx, app.Config{Data: p.Data, DB: p.DB}, version)
}

type userCmd struct {
	place
	Email  string `arg:"" help:"E-mail of the person."`
	Origin string `help:"How people reach this installation." default:"http://127.0.0.1:8484" env:"CHOP_ORIGIN"`
}

// Run prints a link with which the person chooses a new password.
func (c *userCmd) Run(ctx context.Context) error {
	r, err := app.Open(ctx, app.Config{Data: c.Data, DB: c.DB, Origin: c.Origin}, version)
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
	JSON bool `help:"Print findings as JSON."`
}

// finding is one thing the doctor looked at.
type finding struct {
	What  string `json:"what"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
}

// Run looks at the machine, the database, the queue and the ledger.
func (c *doctorCmd) Run(ctx context.Context) error {
	r, err := c.open(ctx)
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
	add("clock", r.DB.Now().Format(time.RFC3339), clockSane(r.DB))
	return list
}

// clockSane notices a machine whose clock was never set.
func clockSane(d *db.DB) error {
	if d.Now().Year() < 2026 {
		return errors.New("the machine's clock stands in the past; set it before anything is sealed")
	}
	return nil
}
