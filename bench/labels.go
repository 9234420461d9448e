package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/classify/examples"
	"chop/internal/polish"
)

// labels measures how fast texts are labelled on one core, beside fastText giving one label to the same texts. What counts is time
// of the processor, ours and fastText's alike, so that other work on the machine disturbs the figures little.
func labels(ctx context.Context, _ options, _ string) ([][]string, error) {
	xs, err := examples.Read("internal/classify/examples/held_*.tsv")
	if err != nil {
		return nil, fmt.Errorf("run this from the root of the repository: %w", err)
	}
	before := heap()
	began := processor()
	e, err := builtin.New()
	if err != nil {
		return nil, err
	}
	opened := processor() - began
	rows := [][]string{{"opening the built-in engine", "", fmt.Sprintf("%d ms", opened.Milliseconds()), fmt.Sprintf("%.1f MB", float64(heap()-before)/1e6)}}
	short, long := shortTexts(xs), longTexts(xs)
	prev := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(prev)
	for _, set := range []struct {
		name  string
		texts []classify.Text
	}{{"short", short}, {"long", long}} {
		for _, brief := range []bool{true, false} {
			e.Brief = brief
			row, err := timeEngine(ctx, e, set.name, set.texts)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	right, err := topLabels(ctx, e, xs, short)
	if err != nil {
		return nil, err
	}
	rows = append(rows, []string{"first label is one of the wanted", "short", fmt.Sprintf("%.1f%%", right), ""})
	peer, err := fastText(ctx, xs, map[string][]classify.Text{"short": short, "long": long})
	if err != nil {
		return nil, err
	}
	return append(rows, peer...), nil
}

// processor is the time this process has spent on processors.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func shortTexts(xs []examples.Example) []classify.Text {
	ts := make([]classify.Text, 0, len(xs))
	for _, x := range xs {
		x.Text.Lang = "" // as they come in: nobody has said what language they are
		ts = append(ts, x.Text)
	}
	return ts
}

// longTexts puts texts together until they are as long as a long review, 1,500 letters.
func longTexts(xs []examples.Example) []classify.Text {
	rnd := rand.New(rand.NewPCG(3, 4))
	ts := make([]classify.Text, 200)
	for i := range ts {
		for len(ts[i].Text) < 1500 {
			ts[i].Text += xs[rnd.IntN(len(xs))].Text.Text + " "
		}
	}
	return ts
}

func timeEngine(ctx context.Context, e classify.Engine, name string, ts []classify.Text) ([]string, error) {
	letters := 0
	for _, t := range ts {
		letters += len(t.Text)
	}
	var before, after runtime.MemStats
	n, began := 0, processor()
	runtime.ReadMemStats(&before)
	for processor()-began < 3*time.Second {
		if _, err := e.Classify(ctx, ts); err != nil {
			return nil, err
		}
		n += len(ts)
	}
	took := (processor() - began).Seconds()
	runtime.ReadMemStats(&after)
	what := "all labels with reasons"
	if b, ok := e.(*builtin.Engine); ok && b.Brief {
		what = "all labels, reasons off"
	}
	return []string{what, fmt.Sprintf("%s, %d bytes", name, letters/len(ts)), fmt.Sprintf("%.0f texts/s", float64(n)/took),
		fmt.Sprintf("%.0f allocations a text", float64(after.Mallocs-before.Mallocs)/float64(n))}, nil
}

// fastText trains Debian's fastText on our examples, first label only, and times its prediction. Time to start and to load its
// model is taken off.
func fastText(ctx context.Context, held []examples.Example, sets map[string][]classify.Text) ([][]string, error) {
	program, err := exec.LookPath("fasttext")
	if err != nil {
		return nil, errors.New("fastText is not installed; install it with: apt-get install fasttext")
	}
	dir, err := os.MkdirTemp("", "fasttext")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	train, err := examples.Read("internal/classify/examples/train_*.tsv")
	if err != nil {
		return nil, err
	}
	input, model := filepath.Join(dir, "train.txt"), filepath.Join(dir, "model")
	if err := writeLabelled(input, train); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, program, "supervised", "-input", input, "-output", model, "-epoch", "25", "-wordNgrams", "2",
		"-minn", "3", "-maxn", "5", "-bucket", "200000", "-dim", "50", "-thread", "2", "-seed", "1").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("train fastText: %w: %s", err, out)
	}
	var rows [][]string
	for _, name := range []string{"short", "long"} {
		row, err := timeFastText(ctx, program, model+".bin", dir, name, sets[name])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	right, err := fastTextRight(ctx, program, model+".bin", dir, held)
	if err != nil {
		return nil, err
	}
	rows = append(rows, []string{"fastText, its label is one of the wanted", "short", fmt.Sprintf("%.1f%%", right), ""})
	info, err := os.Stat(model + ".bin")
	if err != nil {
		return nil, err
	}
	return append(rows, []string{"fastText, its model on disk", "", "", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6)}), nil
}

func writeLabelled(name string, xs []examples.Example) error {
	var b bytes.Buffer
	for _, x := range xs {
		fmt.Fprintf(&b, "__label__%s %s\n", x.Labels[0], oneLine(x.Text.Text))
	}
	return os.WriteFile(name, b.Bytes(), 0o600)
}

func oneLine(s string) string { return strings.Join(strings.Fields(polish.Fold(s)), " ") }

func timeFastText(ctx context.Context, program, model, dir, name string, ts []classify.Text) ([]string, error) {
	run := func(times int) (time.Duration, error) {
		path := filepath.Join(dir, "texts.txt")
		f, err := os.Create(path)
		if err != nil {
			return 0, err
		}
		w := bufio.NewWriter(f)
		for range times {
			for _, t := range ts {
				fmt.Fprintln(w, oneLine(t.Text))
			}
		}
		if err := errors.Join(w.Flush(), f.Close()); err != nil {
			return 0, err
		}
		c := exec.CommandContext(ctx, program, "predict", model, path)
		if out, err := c.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("fastText: %w: %s", err, out)
		}
		return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), nil
	}
	idle, err := run(0)
	if err != nil {
		return nil, err
	}
	times := max(1, 100_000/len(ts))
	took, err := run(times)
	if err != nil {
		return nil, err
	}
	rate := float64(times*len(ts)) / (took - idle).Seconds()
	letters := 0
	for _, t := range ts {
		letters += len(t.Text)
	}
	return []string{"fastText, one label", fmt.Sprintf("%s, %d bytes", name, letters/len(ts)), fmt.Sprintf("%.0f texts/s", rate), ""}, nil
}

// topLabels is the share of texts whose likeliest label is among the wanted, in per cent.
func topLabels(ctx context.Context, e classify.Engine, xs []examples.Example, ts []classify.Text) (float64, error) {
	rs, err := e.Classify(ctx, ts)
	if err != nil {
		return 0, err
	}
	n := 0
	for i, r := range rs {
		if xs[i].Has(r.Labels[0].Label) {
			n++
		}
	}
	return 100 * float64(n) / float64(len(xs)), nil
}

func fastTextRight(ctx context.Context, program, model, dir string, xs []examples.Example) (float64, error) {
	path := filepath.Join(dir, "held.txt")
	var b bytes.Buffer
	for _, x := range xs {
		fmt.Fprintln(&b, oneLine(x.Text.Text))
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, program, "predict", model, path).Output()
	if err != nil {
		return 0, fmt.Errorf("fastText: %w", err)
	}
	lines, n := strings.Split(strings.TrimRight(string(out), "\n"), "\n"), 0
	if len(lines) != len(xs) {
		return 0, fmt.Errorf("fastText answered %d texts of %d", len(lines), len(xs))
	}
	for i, l := range lines {
		if xs[i].Has(classify.Label(strings.TrimPrefix(l, "__label__"))) {
			n++
		}
	}
	return 100 * float64(n) / float64(len(xs)), nil
}
