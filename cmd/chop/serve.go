package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"chop/internal/app"
	"chop/internal/demo"
)

type serveCmd struct {
	place
	Listen  string   `help:"Address to listen on." default:"127.0.0.1:8484" env:"CHOP_LISTEN" placeholder:"HOST:PORT"`
	Origin  string   `help:"How people reach this installation, e.g. https://chop.example." env:"CHOP_ORIGIN" placeholder:"URL"`
	Proxy   bool     `help:"One trusted proxy stands in front." env:"CHOP_PROXY"`
	Demo    bool     `help:"A lively sample firm under a simulated attack, in a throw-away data folder."`
	Allow   []string `help:"Private address or network that channels may call, e.g. 192.168.1.20." env:"CHOP_ALLOW" placeholder:"ADDR"`
	WebOnly bool     `help:"Do not work the queue here; another process does."`
	stamps
	SMTPHost string `name:"smtp-host" help:"Mail server." env:"CHOP_SMTP_HOST"`
	SMTPPort int    `name:"smtp-port" help:"Port of the mail server." env:"CHOP_SMTP_PORT"`
	SMTPUser string `name:"smtp-user" env:"CHOP_SMTP_USER"`
	SMTPPass string `name:"smtp-password" env:"CHOP_SMTP_PASSWORD" help:"Better given in the environment as CHOP_SMTP_PASSWORD."`
	SMTPFrom string `name:"smtp-from" env:"CHOP_SMTP_FROM" help:"Sender of letters, e.g. ChOP <dyzur@chop.example>."`
	SMTPTLS  string `name:"smtp-tls" env:"CHOP_SMTP_TLS" enum:"none,starttls,tls" default:"starttls" help:"none, starttls or tls."`
}

func (c *serveCmd) config() app.Config {
	return app.Config{Listen: c.Listen, Data: c.Data, DB: c.DB, Blob: c.Blob, Witnesses: c.Witnesses, Origin: c.Origin, Proxy: c.Proxy, Demo: c.Demo, Allow: c.Allow, NoWork: c.WebOnly, Timestamps: c.Timestamps,
		SMTP: app.SMTP{Host: c.SMTPHost, Port: c.SMTPPort, User: c.SMTPUser, Password: c.SMTPPass, From: c.SMTPFrom, TLS: c.SMTPTLS}}
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context) error {
	conf := c.config()
	if !c.Demo {
		return serve(ctx, conf, nil)
	}
	dir, err := os.MkdirTemp("", "chop-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	conf.Data, conf.DB, conf.Blob = dir, "", ""
	d, err := demo.New()
	if err != nil {
		return err
	}
	defer d.Close()
	conf.Allow = append(conf.Allow, "127.0.0.1")
	conf.Timestamps = cmp.Or(conf.Timestamps, "development")
	return serve(ctx, conf, d.Play)
}

// serve runs the program, and beside it what play does with its rooms.
func serve(ctx context.Context, conf app.Config, play func(context.Context, *app.App) error) error {
	a, err := app.New(ctx, conf, version, os.Stdout)
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	ended := make(chan error, 1)
	if play != nil {
		go func() { ended <- play(ctx, a) }()
	}
	for running := true; running && err == nil; {
		select {
		case <-ctx.Done():
			running = false
		case err = <-ended:
			if err != nil {
				err = fmt.Errorf("demonstration: %w", err)
			}
		}
	}
	stop, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if serr := a.Stop(stop); serr != nil {
		return serr
	}
	return err
}

type workCmd struct {
	place
	stamps
	Allow []string `help:"Private address or network that channels may call." env:"CHOP_ALLOW" placeholder:"ADDR"`
}

// Run works the queue until it is told to stop.
func (c *workCmd) Run(ctx context.Context) error {
	if c.DB == "" {
		return fmt.Errorf("workers beside a web process need PostgreSQL: give --db postgres://...; with SQLite, chop serve does both")
	}
	return serve(ctx, app.Config{Data: c.Data, DB: c.DB, Blob: c.Blob, Witnesses: c.Witnesses, Allow: c.Allow, NoWeb: true, Timestamps: c.Timestamps}, nil)
}
