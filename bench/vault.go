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
	"time"

	"chop/internal/access"
	"chop/internal/app"
	"chop/internal/evidence"
	"chop/internal/ledger"
	"chop/internal/reason"
)

const (
	vaultBody  = 900     // bytes of a captured item, as the platform's interface gives it
	vaultLarge = 8 << 20 // bytes of a page capture
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
	begin := time.Now()
	for i := range o.exhibits {
		if err := sealOne(ctx, r, "v", fmt.Sprintf("m%d", i), bytes.Repeat(fmt.Appendf(nil, "%09d", i), vaultBody/9)); err != nil {
			return nil, err
		}
	}
	if _, err := r.Ledger.Checkpoint(ctx); err != nil {
		return nil, err
	}
	sealed := time.Since(begin)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin = time.Now()
	rep, err := r.Evidence.VerifyAll(ctx, "v")
	if err != nil || !rep.Holds() || rep.Exhibits != o.exhibits {
		return nil, fmt.Errorf("%d exhibits, %d failed, %w", rep.Exhibits, len(rep.Failed), err)
	}
	verified := time.Since(begin)
	runtime.ReadMemStats(&after)
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
		{kind, fmt.Sprintf("seal %d items of %d bytes, one after another", o.exhibits, vaultBody), sealed.Round(100 * time.Millisecond).String(), fmt.Sprintf("%.0f/s", n/sealed.Seconds())},
		{kind, fmt.Sprintf("verify all %d, with the log, on %d cores", o.exhibits, runtime.GOMAXPROCS(0)), verified.Round(100 * time.Millisecond).String(),
			fmt.Sprintf("%.0f/s; highest resident memory %s", n/verified.Seconds(), highest)},
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
	begin := time.Now()
	rep, err := r.Evidence.VerifyAll(ctx, "w")
	if err != nil || !rep.Holds() {
		return nil, fmt.Errorf("%d failed, %w", len(rep.Failed), err)
	}
	took := time.Since(begin)
	return []string{kind, fmt.Sprintf("verify %d page captures of %d MB, with the log", n, vaultLarge>>20), took.Round(10 * time.Millisecond).String(),
		fmt.Sprintf("%.0f MB/s over all cores", float64(n*vaultLarge)/1e6/took.Seconds())}, nil
}

func sealOne(ctx context.Context, r *app.Rooms, firm, id string, body []byte) error {
	_, err := r.Evidence.Preserve(ctx, evidence.Capture{Firm: firm, Ref: reason.Ref{Kind: "mention", ID: id}, Title: "Komentarz " + id, Level: evidence.L1,
		Cause: "bench", Files: []evidence.File{{Name: "item.json", Media: "application/json", Body: body}}})
	return err
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
