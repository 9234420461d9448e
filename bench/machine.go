package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/source"
)

// built is the program as people get it: stripped, in a folder of its own.
func built(ctx context.Context, o options) (path string, remove func(), err error) {
	if o.program != "" {
		return o.program, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "chop-bench-bin-")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "chop")
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./cmd/chop")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("build: %w: %s", err, out)
	}
	return path, func() { _ = os.RemoveAll(dir) }, nil
}

func size(ctx context.Context, o options, _ string) ([][]string, error) {
	path, remove, err := built(ctx, o)
	if err != nil {
		return nil, err
	}
	defer remove()
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return [][]string{{"static program, stripped", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6)}}, nil
}

// process is the program running beside us.
type process struct {
	cmd  *exec.Cmd
	addr string
}

// launch starts the program and waits until it answers.
func launch(ctx context.Context, program string, p place) (*process, time.Duration, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, 0, err
	}
	addr := l.Addr().String()
	_ = l.Close()
	args := []string{"serve", "--proxy", "--data", p.data, "--listen", addr}
	if p.url != "" {
		args = append(args, "--db", p.url)
	}
	c := exec.CommandContext(ctx, program, args...)
	begin := time.Now()
	if err := c.Start(); err != nil {
		return nil, 0, err
	}
	for time.Since(begin) < time.Minute {
		res, err := http.Get("http://" + addr + "/healthz")
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			return &process{c, addr}, time.Since(begin), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return nil, 0, fmt.Errorf("the program did not answer on %s", addr)
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// resident reads the resident set now and at its highest, in MB.
func (p *process) resident() (now, highest string) { return residentOf(p.cmd.Process.Pid) }

func residentOf(pid int) (now, highest string) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "?", "?"
	}
	for _, line := range strings.Split(string(raw), "\n") {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kb, _ := strconv.Atoi(f[1])
		switch f[0] {
		case "VmRSS:":
			now = fmt.Sprintf("%d MB", kb/1000)
		case "VmHWM:":
			highest = fmt.Sprintf("%d MB", kb/1000)
		}
	}
	return now, highest
}

// startUp times the program from its call to its first answer.
func startUp(ctx context.Context, o options, kind string) ([][]string, error) {
	program, remove, err := built(ctx, o)
	if err != nil {
		return nil, err
	}
	defer remove()
	p, err := openPlace(ctx, kind)
	if err != nil {
		return nil, err
	}
	defer p.close()
	first, err := starts(ctx, program, p, 1)
	if err != nil {
		return nil, err
	}
	empty, err := starts(ctx, program, p, 5)
	if err != nil {
		return nil, err
	}
	return [][]string{
		{kind, "first start, making the tables", milli(first[0]), milli(first[0])},
		{kind, "empty", milli(at(empty, 0.5)), milli(empty[len(empty)-1])},
	}, nil
}

func starts(ctx context.Context, program string, p place, n int) ([]time.Duration, error) {
	var took []time.Duration
	for range n {
		x, d, err := launch(ctx, program, p)
		if err != nil {
			return nil, err
		}
		x.stop()
		took = append(took, d)
	}
	slices.Sort(took)
	return took, nil
}

// memory looks at the running program when it is idle and after 200 deliveries a second.
func memory(ctx context.Context, o options, kind string) ([][]string, error) {
	program, remove, err := built(ctx, o)
	if err != nil {
		return nil, err
	}
	defer remove()
	p, err := openPlace(ctx, kind)
	if err != nil {
		return nil, err
	}
	defer p.close()
	w, err := startHere(ctx, o, p, 20) // makes the firms, then leaves the place to the program
	if err != nil {
		return nil, err
	}
	sources, secrets := w.sources, w.secrets
	if err := w.close(ctx); err != nil {
		return nil, err
	}
	x, _, err := launch(ctx, program, p)
	if err != nil {
		return nil, err
	}
	defer x.stop()
	time.Sleep(5 * time.Second)
	now, highest := x.resident()
	rows := [][]string{{kind, "idle, five seconds after the start", now, highest}}
	if err := x.load(access.With(ctx, access.System("*")), sources, secrets, 200, o.seconds); err != nil {
		return nil, err
	}
	now, highest = x.resident()
	return append(rows, []string{kind, fmt.Sprintf("after %v of 200 deliveries/s", o.seconds), now, highest}), nil
}

// load knocks on the program's webhook door.
func (p *process) load(ctx context.Context, sources []source.Source, secrets []string, perSecond int, d time.Duration) error {
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	until, send, random := time.Now().Add(d), hookSender("http://"+p.addr, sources, secrets), rand.New(rand.NewPCG(5, 5))
	done := make(chan error, perSecond*int(d.Seconds()+2))
	n := 0
	for ; time.Now().Before(until); n++ {
		<-tick.C
		it := comment(random, "memory", n, false)
		go func() { done <- send(ctx, n, it) }()
	}
	for range n {
		if err := <-done; err != nil {
			return err
		}
	}
	return nil
}
