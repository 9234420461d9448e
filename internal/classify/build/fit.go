package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/classify/linear"
)

const (
	examplesDir = "internal/classify/examples"
	engineDir   = "internal/classify/builtin"
	leastNames  = 3 // a rule has to be met so often to be a feature
	leastGrams  = 2 // a gram has to be met so often to get a weight
)

func build(data string, o linear.Options, dry bool, folds int, only, scoresFile string) error {
	if !dry {
		if err := writeLexicon(data, filepath.Join(engineDir, "lexicon.txt")); err != nil {
			return err
		}
	}
	ss, err := samples(data)
	if err != nil {
		return err
	}
	names := builtin.Learning()
	rows := read(ss, names)
	fmt.Printf("%d texts, %d named features\n", len(ss), len(names.Seen(leastNames)))
	c := newCorpus(ss, rows, names, o, only)
	scores := c.cross(folds)
	c.report(scores, only)
	if scoresFile != "" {
		if err := c.writeScores(scoresFile, scores); err != nil {
			return err
		}
	}
	if dry {
		return nil
	}
	m := c.fit(nil).Pack(c.examples, leastGrams)
	c.calibrate(m, scores)
	if only != "" {
		if m, err = c.into(m, only); err != nil {
			return err
		}
	}
	f, err := os.Create(filepath.Join(engineDir, "model.bin"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := m.Write(f); err != nil {
		return err
	}
	return f.Close()
}

// into puts the heads just fitted into the weights there are. Nothing but these heads may have changed since those were made.
func (c *corpus) into(m *linear.Model, only string) (*linear.Model, error) {
	raw, err := os.ReadFile(filepath.Join(engineDir, "model.bin"))
	if err != nil {
		return nil, err
	}
	old, err := linear.Open(raw)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(old.Names, m.Names) || len(old.Heads) != len(m.Heads) {
		return nil, fmt.Errorf("the weights there are know other features; fit all heads")
	}
	for _, h := range strings.Split(only, ",") {
		k, ok := heads[h]
		if !ok {
			return nil, fmt.Errorf("no head %q", h)
		}
		old.Take(m, k)
	}
	return old, nil
}

func samples(data string) ([]sample, error) {
	var all []sample
	for _, read := range []func() ([]sample, error){
		func() ([]sample, error) { return own(filepath.Join(examplesDir, "train_*.tsv")) },
		func() ([]sample, error) { return checks("internal/classify/rules/testdata/examples.jsonl") },
		func() ([]sample, error) { return cbd(data, filepath.Join(examplesDir, "cbd.labels.tsv")) },
		func() ([]sample, error) { return allegro(data, filepath.Join(examplesDir, "allegro.labels.tsv")) },
		func() ([]sample, error) { return english(data) },
	} {
		ss, err := read()
		if err != nil {
			return nil, err
		}
		all = append(all, ss...)
	}
	return all, nil
}

// read makes rows of all texts, side by side but numbered as if in order: names are counted by one reader first.
func read(ss []sample, names *builtin.Names) []linear.Row {
	rows := make([]linear.Row, len(ss))
	r := builtin.NewReader(names)
	for i := range ss {
		rows[i] = r.Row(ss[i].text)
	}
	return rows
}

// corpus is everything a fit sees.
type corpus struct {
	samples  []sample
	examples []linear.Example
	options  linear.Options
}

func newCorpus(ss []sample, rows []linear.Row, names *builtin.Names, o linear.Options, only string) *corpus {
	keep := names.Seen(leastNames)
	slices.Sort(keep)
	renumber := names.Onto(keep)
	o.Names = keep
	c := &corpus{samples: ss, options: o}
	for i := range ss {
		var named []linear.Named
		for _, n := range rows[i].Named {
			if id := renumber[n.ID]; id >= 0 {
				named = append(named, linear.Named{ID: uint16(id), Value: n.Value})
			}
		}
		rows[i].Named = named
		want := ss[i].want
		if only != "" {
			want = slices.Clone(want)
			for h, k := range heads {
				if !slices.Contains(strings.Split(only, ","), h) {
					want[k] = linear.Unknown
				}
			}
		}
		c.examples = append(c.examples, linear.Example{Row: rows[i], Want: want, Weight: ss[i].weight})
	}
	return c
}

// fit fits on all examples but those out leaves out: twice, with and without log-count ratios, and takes the mean.
func (c *corpus) fit(out func(i int) bool) *linear.Weights {
	var xs []linear.Example
	for i := range c.examples {
		if out == nil || !out(i) {
			xs = append(xs, c.examples[i])
		}
	}
	w := linear.Fit(xs, c.options)
	other := c.options
	other.Ratio, other.Seed = !other.Ratio, other.Seed+1
	w.Mean(linear.Fit(xs, other))
	return w
}

// cross scores every sample by a model that has not seen it: [sample][head].
func (c *corpus) cross(folds int) [][]float32 {
	scores := make([][]float32, len(c.samples))
	for k := range folds {
		mine := func(i int) bool { return pick(c.samples[i].row*7+len(c.samples[i].set), folds) == k }
		m := c.fit(mine).Pack(c.examples, leastGrams)
		var wg sync.WaitGroup
		n := runtime.GOMAXPROCS(0)
		for p := range n {
			wg.Add(1)
			go func() {
				defer wg.Done()
				var s linear.Scratch
				for i := p; i < len(c.samples); i += n {
					if mine(i) {
						scores[i] = slices.Clone(m.Scores(c.examples[i].Row, &s))
					}
				}
			}()
		}
		wg.Wait()
	}
	return scores
}

// outcome counts right and wrong answers of one head.
type outcome struct{ tp, fp, fn float64 }

func (o outcome) precision() float64 { return o.tp / math.Max(o.tp+o.fp, 1e-9) }
func (o outcome) recall() float64    { return o.tp / math.Max(o.tp+o.fn, 1e-9) }

// f is van Rijsbergen's F (1979).
func (o outcome) f(beta float64) float64 {
	b := beta * beta
	return (1 + b) * o.tp / math.Max((1+b)*o.tp+b*o.fn+o.fp, 1e-9)
}

func (o outcome) f1() float64 { return 2 * o.tp / math.Max(2*o.tp+o.fp+o.fn, 1e-9) }

// point is a scored answer.
type point struct {
	score  float64
	yes    bool
	weight float64
}

// best finds the bar with the highest F among those of at least the wanted precision; in F a recall counts as beta precisions.
func best(ps []point, precision, beta float64) (bar float64, o outcome) {
	ps = slices.Clone(ps)
	slices.SortFunc(ps, func(a, b point) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	all := 0.0
	for _, p := range ps {
		if p.yes {
			all++
		}
	}
	var now outcome
	bar = math.Inf(1)
	for i, p := range ps {
		if p.yes {
			now.tp++
		} else {
			now.fp++
		}
		now.fn = all - now.tp
		if i+1 < len(ps) && ps[i+1].score == p.score {
			continue
		}
		if now.precision() >= precision && now.f(beta) > o.f(beta) {
			o, bar = now, p.score
			if i+1 < len(ps) {
				bar = (p.score + ps[i+1].score) / 2
			}
		}
	}
	return bar, o
}

// points are the answers of one head on samples of which it is known, filtered.
func (c *corpus) points(scores [][]float32, head int, take func(s *sample) bool) []point {
	var ps []point
	for i := range c.samples {
		s := &c.samples[i]
		if w := s.want[head]; w >= 0 && take(s) {
			ps = append(ps, point{float64(scores[i][head]), w > 0.5, 1})
		}
	}
	return ps
}

// report prints what cross-validation saw, each head at its bar.
func (c *corpus) report(scores [][]float32, only string) {
	fmt.Printf("%-16s %6s %6s %6s %6s   by cross-validation, at the bar\n", "head", "yes", "P", "R", "F1")
	sum, n := 0.0, 0.0
	yes := make([]func(i int) bool, len(c.options.Heads))
	for h, name := range c.options.Heads {
		a, b, bar := c.calibration(h, scores)
		yes[h] = func(i int) bool { return linear.Sigmoid(float64(a*scores[i][h]+b)) >= float64(bar) }
		var o outcome
		for i := range c.samples {
			if w := c.examples[i].Want[h]; w >= 0 && judged(&c.samples[i]) {
				o.count(yes[h](i), w > 0.5)
			}
		}
		if only != "" && o.tp == 0 {
			continue
		}
		fmt.Printf("%-16s %6.0f %6.3f %6.3f %6.3f\n", name, o.tp+o.fn, o.precision(), o.recall(), o.f1())
		if slices.Contains(classify.Labels, classify.Label(name)) {
			sum, n = sum+o.f1(), n+1
		}
	}
	fmt.Printf("macro F1 of labels %.3f\n", sum/n)
	c.reportAttitude(scores)
	c.reportHarm(scores, yes)
}

// reportHarm prints what the labels come to on sets others made: harmful tweets, and false alarms on reviews.
func (c *corpus) reportHarm(scores [][]float32, yes []func(i int) bool) {
	abuse := func(i int) bool {
		return yes[heads["insult"]](i) || yes[heads["hate"]](i) || yes[heads["threat"]](i) || yes[heads["harm"]](i)
	}
	var o outcome
	var low, alarms int
	for i := range c.samples {
		s := &c.samples[i]
		switch {
		case s.harm >= 0:
			o.count(abuse(i), s.harm == 1)
		case s.set == "allegro" && s.stars <= 2:
			low++
			alarms += count(abuse(i))
		}
	}
	ps := c.points(scores, heads["harm"], func(s *sample) bool { return s.harm >= 0 })
	_, b := best(ps, 0, 1)
	_, p := best(ps, 0.85, 1)
	fmt.Printf("CBD, any of insult, hate, threat: P %.3f R %.3f F1 %.3f; its own head: F1 %.3f; at P %.2f R %.3f\n",
		o.precision(), o.recall(), o.f1(), b.f1(), p.precision(), p.recall())
	fmt.Printf("reviews of one and two stars called insult, hate or threat: %d of %d (%.2f%%)\n", alarms, low, 100*float64(alarms)/math.Max(1, float64(low)))
}

// reportAttitude prints how often the sign of the attitude is right, for several widths of what counts as none.
func (c *corpus) reportAttitude(scores [][]float32) {
	h := heads["warm"]
	for _, band := range []float64{0.1, 0.15, 0.2, 0.25, 0.3} {
		right, all := 0, 0
		for i := range c.samples {
			if w := c.examples[i].Want[h]; w >= 0 && judged(&c.samples[i]) {
				all++
				x := 2*linear.Sigmoid(float64(scores[i][h])) - 1
				right += count(signOver(x, band) == signOver(float64(2*w-1), 0.1))
			}
		}
		fmt.Printf("attitude, none within %.2f: sign right %.3f of %d\n", band, float64(right)/math.Max(1, float64(all)), all)
	}
}
