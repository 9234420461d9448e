// Command bench measures the program as people meet it and writes the figures to docs/measures.md.
//
// It asserts nothing: a figure that misses its aim stands there like the others.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	only     []string
	dbs      []string
	mentions int
	out      string
	ways     string
	data     string // folder of public sets, for the pulses of real series
	workers  int
	items    int           // of a wave
	exhibits int           // of the vault
	program  string        // the built program; made when empty
	seconds  time.Duration // length of the steady loads
}

// series are the measures, in the order of the page. Each returns lines of a Markdown table.
var series = []struct {
	name, title string
	head        []string
	run         func(context.Context, options, string) ([][]string, error)
}{
	{"latency", "Comment accepted to alert handed to the notifier", []string{"Database", "Way in", "Rate", "Comments", "Alerts", "Median", "p99", "Slowest"}, latency},
	{"intake", "Intake, saved and labelled", []string{"Database", "Comments", "Seconds", "Comments/s", "Accepted/s, labels lag behind"}, intake},
	{"pages", "Pages", []string{"Database", "Page", "Median of 20", "Slowest of 20", "Bytes"}, pages},
	{"memory", "Memory", []string{"Database", "Moment", "Resident", "Highest so far"}, memory},
	{"start", "Start", []string{"Database", "Contents", "Median of 5", "Slowest of 5"}, startUp},
	{"deed", "A reply, from the click to the confirmed read-back", []string{"Database", "What", "Replies", "Median", "Slowest"}, deed},
	{"wave", "One decision over many items of one person under one post", []string{"Database", "Items", "Preview", "Decisions", "Deeds after them", "Resident before", "Highest so far"}, waves},
	{"labels", "Labels on one core", []string{"What", "Texts", "Speed", "Memory"}, labels},
	{"groups", "Groups on simulated pages", []string{"Pages", "How many", "Attackers found at L3", "Honest accounts at L3", "Accounts at L2", "Median time of a page"}, groups},
	{"worlds", "Worlds: what is found and falsely flagged", []string{"World", "Worlds", "Attack", "Accounts found at L1 or higher", "L2 or higher", "L3", "Groups found at L3", "Honest accounts at L1", "L2", "L3", "False groups of L3", "ARI"}, worlds},
	{"histories", "Worlds: how much history it needs", []string{"World", "Attack", "20 posts", "40", "60", "80", "100", "120", "160", "240", "Posts to the first finding, median", "Honest accounts at L3 at all lengths"}, histories},
	{"vault", "Vault", []string{"Database", "What", "Took", "Figure"}, vault},
	{"pulses", "Alarms of the pulse where nothing happened", []string{"Stream", "Items an hour", "Months", "Alarms a month", "The first month after nine days", "On days ten times the usual one, of each", "z-score"}, pulses},
	{"bursts", "Attacks: when the pulse tells", []string{"Attack", "Operations", "Told", "Worlds with one told", "After, median", "Told, nine days of history", "Worlds with one told", "The rule of ambushes, were it under a question", "After, median"}, bursts},
	{"size", "Program", []string{"What", "Size"}, size},
}

func main() {
	var o options
	only := flag.String("only", "", "series to run, of latency,intake,pages,memory,start,deed,wave,labels,groups,worlds,histories,pulses,bursts,vault,size")
	dbs := flag.String("db", "sqlite,postgres", "databases to run on")
	flag.IntVar(&o.mentions, "mentions", 1_000_000, "mentions in the database for pages and start")
	flag.StringVar(&o.out, "out", "docs/measures.md", "page whose tables are replaced")
	flag.StringVar(&o.ways, "ways", "intake,webhook", "ways in of the latency series")
	flag.StringVar(&o.data, "data", "", "folder of public sets (coordination/russian, coordination/german-urls) for the pulses series")
	flag.IntVar(&o.items, "items", 100, "items of the wave series, at most 2000")
	flag.IntVar(&o.exhibits, "exhibits", 100_000, "exhibits of the vault series")
	flag.IntVar(&o.workers, "workers", 0, "goroutines that work the queue; the program's own choice when 0")
	flag.StringVar(&o.program, "program", "", "the program, already built; built from ./cmd/chop when empty")
	flag.DurationVar(&o.seconds, "steady", 30*time.Second, "length of the steady loads")
	profile := flag.String("profile", "", "file for a CPU profile of the whole run")
	flag.Parse()
	o.only, o.dbs = list(*only), list(*dbs)
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := profiled(*profile, func() error { return measure(ctx, o, os.Stdout) }); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func profiled(path string, f func() error) error {
	if path == "" {
		return f()
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// measure runs the chosen series on the chosen databases and puts each table into the page as soon as it is there.
func measure(ctx context.Context, o options, say io.Writer) error {
	for _, s := range series {
		if len(o.only) > 0 && !slices.Contains(o.only, s.name) {
			continue
		}
		dbs := o.dbs
		if withoutDatabase(s.name) {
			dbs = []string{""}
		}
		var rows [][]string
		for _, d := range dbs {
			got, err := s.run(ctx, o, d)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", s.name, d, err)
			}
			rows = append(rows, got...)
		}
		text := table(s.head, rows)
		fmt.Fprintf(say, "\n%s\n\n%s", s.title, text)
		if err := replace(o.out, s.name, fmt.Sprintf("`%s`, %s\n\n%s", command(o, s.name), time.Now().UTC().Format(time.DateOnly), text)); err != nil {
			return err
		}
	}
	return nil
}

func withoutDatabase(name string) bool {
	return slices.Contains([]string{"size", "labels", "groups", "worlds", "histories", "pulses"}, name)
}

// command is what makes the table again.
func command(o options, name string) string {
	c := "go run ./bench -only " + name
	if len(o.dbs) == 1 && !withoutDatabase(name) {
		c += " -db " + o.dbs[0]
	}
	if o.mentions != 1_000_000 && (name == "pages" || name == "start") {
		c += fmt.Sprintf(" -mentions %d", o.mentions)
	}
	if o.data != "" && name == "pulses" {
		c += " -data FOLDER"
	}
	if o.items != 100 && name == "wave" {
		c += fmt.Sprintf(" -items %d", o.items)
	}
	if o.exhibits != 100_000 && name == "vault" {
		c += fmt.Sprintf(" -exhibits %d", o.exhibits)
	}
	return c
}

func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	line(slices.Repeat([]string{"---"}, len(head)))
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// replace puts text between the marks of a series; a page without the marks gets them at its end.
func replace(path, name, text string) error {
	raw, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	page := string(raw)
	before, rest, ok := strings.Cut(page, begin)
	if !ok {
		return os.WriteFile(path, []byte(page+"\n"+begin+text+end), 0o644)
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return fmt.Errorf("%s: the mark %q is missing", path, strings.TrimSpace(end))
	}
	return os.WriteFile(path, []byte(before+begin+text+end+after), 0o644)
}

// milli writes a duration for people.
func milli(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// at is the value below which the share q of the sorted list lies.
func at(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
