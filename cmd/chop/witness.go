package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"chop/internal/witness"
)

type witnessCmd struct {
	Dir    string   `help:"Folder for the witness's key and for what it has seen. Keep it: without it the witness forgets." default:"chop-witness" env:"CHOP_WITNESS_DIR" placeholder:"DIR"`
	Name   string   `help:"How this witness signs, without spaces, e.g. kancelaria.example/chop. Do not change it later." required:"" placeholder:"NAME"`
	Listen string   `help:"Address to listen on; put a proxy with https in front." default:"127.0.0.1:8485" placeholder:"HOST:PORT"`
	Key    []string `name:"log-key" help:"Public key of a log to watch: the line in its file ledger/log.vkey. May be repeated." required:"" placeholder:"VKEY"`
}

// Run confirms the checkpoints of other installations until it is told to stop.
func (c *witnessCmd) Run(ctx context.Context) error {
	s, err := witness.NewServer(c.Dir, c.Name, c.Key, time.Now)
	if err != nil {
		return err
	}
	defer s.Close()
	srv := &http.Server{Addr: c.Listen, Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() { ended <- srv.ListenAndServe() }()
	fmt.Printf("The witness listens on %s. Give this line to the installation it watches:\n--witness \"http://%s %s\"\n", c.Listen, c.Listen, s.Key())
	select {
	case err := <-ended:
		return fmt.Errorf("listen on %s: %w; is another program there? use --listen HOST:PORT", c.Listen, err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
