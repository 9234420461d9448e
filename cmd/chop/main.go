// Command chop guards small firms against hate and unfair attacks online.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"chop/internal/app"
)

// version is set by the build.
var version = "dev"

// commands are what people and scripts rely on (docs/commands.md).
type commands struct {
	Log string `help:"How much to log: debug, info, warn, error." default:"warn" enum:"debug,info,warn,error" env:"CHOP_LOG"`

	Serve      serveCmd      `cmd:"" help:"Web, API and workers in one process."`
	Work       workCmd       `cmd:"" help:"Workers only."`
	Classify   classifyCmd   `cmd:"" help:"Label texts: JSON lines in, JSON lines out."`
	Advise     adviseCmd     `cmd:"" help:"Rank options for cases: JSON lines in, JSON lines out."`
	Coordinate coordinateCmd `cmd:"" help:"Find accounts that act together: CSV of actions in, groups with evidence out."`
	Simulate   simulateCmd   `cmd:"" help:"Play a page with honest life and attacks into CSV files."`
	Train      trainCmd      `cmd:"" help:"Learn from a firm's judgements."`
	Capture    captureCmd    `cmd:"" help:"Look at a page and preserve what is seen: in a firm's vault, or in a folder."`
	Verify     verifyCmd     `cmd:"" help:"Recompute every hash and proof: of the vault, a package, an exhibit, a log directory."`
	Witness    witnessCmd    `cmd:"" help:"Confirm that the log of another installation only grows."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the database up to date."`
	User       userCmd       `cmd:"" help:"Make a sign-in link for a person who lost access."`
	Doctor     doctorCmd     `cmd:"" help:"Check the installation and name what is wrong."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// place is where an installation keeps its things.
type place struct {
	Data string `help:"Data folder: keys, files and, by default, the database." default:"${data}" env:"CHOP_DATA" placeholder:"DIR"`
	DB   string `help:"postgres://... for PostgreSQL; SQLite in the data folder when absent." name:"db" env:"CHOP_DB" placeholder:"URL"`
	Blob string `help:"s3://BUCKET?endpoint=https://... to keep files there rather than in the data folder; keys in CHOP_S3_KEY and CHOP_S3_SECRET." env:"CHOP_BLOB" placeholder:"URL"`

	Witnesses []string `name:"witness" help:"Address and public key of a witness, with a space between, as chop witness prints them. May be repeated." env:"CHOP_WITNESS" sep:"," placeholder:"\"URL KEY\""`
}

// config is what every command needs to open the installation.
func (p place) config() app.Config {
	return app.Config{Data: p.Data, DB: p.DB, Blob: p.Blob, Witnesses: p.Witnesses}
}

// stamps is where timestamps come from.
type stamps struct {
	Timestamps string `help:"File that names the timestamp authorities; development: the built-in one, for trials; none." env:"CHOP_TIMESTAMPS" placeholder:"FILE"`
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("chop"), kong.Description("ChOP guards small firms against hate and unfair attacks online."),
		kong.Vars{"data": app.DefaultData()}, kong.UsageOnError())
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level(c.Log)})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(); err != nil {
		if !errors.Is(err, errSaid) {
			fmt.Fprintln(os.Stderr, "chop: "+err.Error())
		}
		os.Exit(1)
	}
}

// errSaid ends with status 1 after the command has said everything itself.
var errSaid = errors.New("said")

func level(s string) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(s)); err != nil {
		return slog.LevelWarn
	}
	return l
}
