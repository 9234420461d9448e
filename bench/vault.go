package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/ledger"
	"chop/internal/reason"
)

const (
	vaultBody  = 900     // bytes of a captured item, as the platform's interface gives it
	vaultLarge = 8 << 20 // bytes of a page capture
	vaultBatch = 100     // exhibits of a transaction
)

// vault seals exhibits, verifies all of them, and looks how much the log's files grew.
func vault(ctx context.Context, o options, kind string) ([][]string, error) {
	p, err := openPlace(ctx, kind)
	if err != nil {
		return nil, err
	}
	defer p.close()
	r, err := app.Open(ctx, app.Config{Data: p.data, DB: p.url}, "bench")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	ctx = access.With(ctx, access.System("*"))
	rows, err := small(ctx, o, r, p, kind)
	if err != nil {
		return nil, err
	}
	big, err := wide(ctx, r, kind)
	return append(rows, big), err
}

// small is many items of a platform's interface.
func small(ctx context.Context, o options, r *app.Rooms, p place, kind string) ([][]string, error) {
	alone := min(o.exhibits, 1000)
	begin := time.Now()
	if err := sealMany(ctx, r, 0, alone); err != nil {
		return nil, err
	}
	single := time.Since(begin)
	begin = time.Now()
	for i := alone; i < o.exhibits; i += vaultBatch { // as an import does it
		if err := r.DB.Tx(ctx, func(ctx context.Context, _ *db.Tx) error { return sealMany(ctx, r, i, min(i+vaultBatch, o.exhibits)) }); err != nil {
			return nil, err
		}
	}
	together := time.Since(begin)
	if _, err := r.Ledger.Checkpoint(ctx); err != nil {
		return nil, err
	}
	begin, cpu := time.Now(), spent()
	rep, err := r.Evidence.VerifyAll(ctx, "v")
	if err != nil || !rep.Holds() || rep.Exhibits != o.exhibits {
		return nil, fmt.Errorf("%d exhibits, %d failed, %w", rep.Exhibits, len(rep.Failed), err)
	}
	verified := time.Since(begin)
	cpu = spent() - cpu
	_, highest := residentOf(os.Getpid())
	begin = time.Now()
	dir := filepath.Join(p.data, "ledger")
	folder, err := ledger.VerifyDir(dir, r.Ledger.VerifierKey())
	if err != nil || !folder.Holds() {
		return nil, fmt.Errorf("folder: %v %w", folder.Troubles, err)
	}
	walked := time.Since(begin)
	grown, err := sizeOf(dir)
	if err != nil {
		return nil, err
	}
	n := float64(o.exhibits)
	return [][]string{
		{kind, fmt.Sprintf("seal %d items of %d bytes, a transaction each", alone, vaultBody), single.Round(100 * time.Millisecond).String(), fmt.Sprintf("%.0f/s", float64(alone)/single.Seconds())},
		{kind, fmt.Sprintf("seal %d more, %d in a transaction", o.exhibits-alone, vaultBatch), together.Round(100 * time.Millisecond).String(), fmt.Sprintf("%.0f/s", float64(o.exhibits-alone)/together.Seconds())},
		{kind, fmt.Sprintf("verify all %d, with the log, on %d cores", o.exhibits, runtime.GOMAXPROCS(0)), verified.Round(100 * time.Millisecond).String(),
			fmt.Sprintf("%.0f/s; %.1f s of processor time; highest resident memory %s", n/verified.Seconds(), cpu.Seconds(), highest)},
		{kind, fmt.Sprintf("verify the folder of the log, %d entries", folder.Leaves), walked.Round(time.Millisecond).String(), fmt.Sprintf("%.0f/s", float64(folder.Leaves)/walked.Seconds())},
		{kind, "folder of the log", fmt.Sprintf("%.1f MB", float64(grown)/1e6), fmt.Sprintf("%.0f bytes per exhibit, %.0f per entry", float64(grown)/n, float64(grown)/float64(folder.Leaves))},
	}, nil
}

// wide is a few large page captures: how fast bytes are hashed and opened.
func wide(ctx context.Context, r *app.Rooms, kind string) ([]string, error) {
	const n = 40
	rnd := rand.New(rand.NewPCG(7, 7))
	body := make([]byte, vaultLarge)
	for i := range n {
		for j := 0; j < len(body); j += 64 {
			body[j] = byte(rnd.Uint32())
		}
		if err := sealOne(ctx, r, "w", fmt.Sprintf("p%d", i), body); err != nil {
			return nil, err
		}
	}
	if _, err := r.Ledger.Checkpoint(ctx); err != nil {
		return nil, err
	}
	begin, cpu := time.Now(), spent()
	rep, err := r.Evidence.VerifyAll(ctx, "w")
	if err != nil || !rep.Holds() {
		return nil, fmt.Errorf("%d failed, %w", len(rep.Failed), err)
	}
	took := time.Since(begin)
	cpu = spent() - cpu
	return []string{kind, fmt.Sprintf("verify %d page captures of %d MB, with the log", n, vaultLarge>>20), took.Round(10 * time.Millisecond).String(),
		fmt.Sprintf("%.0f MB/s over all cores, %.0f MB for a second of one core", float64(n*vaultLarge)/1e6/took.Seconds(), float64(n*vaultLarge)/1e6/cpu.Seconds())}, nil
}

func sealOne(ctx context.Context, r *app.Rooms, firm, id string, body []byte) error {
	_, err := r.Evidence.Preserve(ctx, evidence.Capture{Firm: firm, Ref: reason.Ref{Kind: "mention", ID: id}, Title: "Komentarz " + id, Level: evidence.L1,
		Cause: "bench", Files: []evidence.File{{Name: "item.json", Media: "application/json", Body: body}}})
	return err
}

func sealMany(ctx context.Context, r *app.Rooms, from, to int) error {
	for i := from; i < to; i++ {
		if err := sealOne(ctx, r, "v", fmt.Sprintf("m%d", i), bytes.Repeat(fmt.Appendf(nil, "%09d", i), vaultBody/9)); err != nil {
			return err
		}
	}
	return nil
}

// spent is the processor time of this process so far.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sizeOf is the bytes of all files of a folder.
func sizeOf(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}
