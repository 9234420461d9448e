package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/classify/examples"
	"chop/internal/classify/rules"
	"chop/internal/polish"
)

// measureHeld prints how an engine does on the examples nothing learns from, without being told their language.
func measureHeld(pattern string, wrong, rulesAlone bool) error {
	var e classify.Engine
	e, err := builtin.New()
	if err != nil {
		return err
	}
	if rulesAlone {
		e = rules.New()
	}
	xs, err := examples.Read(filepath.Join(examplesDir, pattern))
	if err != nil {
		return err
	}
	if xs, err = unseen(xs); err != nil {
		return err
	}
	by := map[classify.Label]*outcome{}
	for _, l := range classify.Labels {
		by[l] = &outcome{}
	}
	var buyer outcome
	var severe, sentiment, target, exact int
	var cal calibration
	for _, x := range xs {
		x.Text.Lang = ""
		rs, err := e.Classify(context.Background(), []classify.Text{x.Text})
		if err != nil {
			return err
		}
		r := rs[0]
		same := true
		for _, l := range classify.Labels {
			by[l].count(r.Has(l), x.Has(l))
			same = same && r.Has(l) == x.Has(l)
		}
		for _, s := range r.Labels {
			if s.Label != classify.Neutral {
				cal.add(s.Score, x.Has(s.Label))
			}
		}
		buyer.count(r.BuyerQuestion, x.Buyer)
		exact += count(same)
		severe += count(r.Severity == x.Severity)
		sentiment += count(signOver(r.Sentiment, 0.15) == signOver(float64(x.Sentiment), 0.15))
		target += count(r.Target == x.Target)
		if wrong && !same {
			fmt.Printf("%-40q want %v got %v\n", cut(x.Text.Text, 120), x.Labels, r.Labels)
		}
	}
	fmt.Printf("%d texts of %s by %s\n\n| label | texts | precision | recall | F1 |\n| --- | --- | --- | --- | --- |\n", len(xs), pattern, e.Name())
	sum, n := 0.0, 0.0
	for _, l := range classify.Labels {
		o := by[l]
		if o.tp+o.fn == 0 {
			continue
		}
		fmt.Printf("| %s | %.0f | %.2f | %.2f | %.2f |\n", l, o.tp+o.fn, o.precision(), o.recall(), o.f1())
		sum, n = sum+o.f1(), n+1
	}
	fmt.Printf("| macro | | | | %.3f |\n| buyer's question | %.0f | %.2f | %.2f | %.2f |\n\n", sum/n, buyer.tp+buyer.fn, buyer.precision(), buyer.recall(), buyer.f1())
	all := float64(len(xs))
	fmt.Printf("all labels right %.3f, severity right %.3f, sign of sentiment %.3f, target %.3f, calibration error %.3f\n",
		float64(exact)/all, float64(severe)/all, float64(sentiment)/all, float64(target)/all, cal.error())
	return nil
}

// unseen leaves out what stands word for word among the examples the model learned from: "nie polecam" is nobody's.
func unseen(xs []examples.Example) ([]examples.Example, error) {
	train, err := examples.Read(filepath.Join(examplesDir, "train_*.tsv"))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, x := range train {
		seen[polish.Fold(x.Text.Text)] = true
	}
	all := len(xs)
	xs = slices.DeleteFunc(xs, func(x examples.Example) bool { return seen[polish.Fold(x.Text.Text)] })
	fmt.Printf("%d texts left out: they stand among the training examples\n", all-len(xs))
	return xs, nil
}

func (o *outcome) count(got, want bool) {
	switch {
	case got && want:
		o.tp++
	case got:
		o.fp++
	case want:
		o.fn++
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// signOver is the sign of x, or 0 within the band.
func signOver(x, band float64) int {
	switch {
	case x > band:
		return 1
	case x < -band:
		return -1
	}
	return 0
}

func cut(s string, n int) string {
	if rs := []rune(s); len(rs) > n {
		return string(rs[:n]) + "…"
	}
	return s
}

// calibration compares scores given with how often they were right, in ten bins (expected calibration error).
type calibration struct{ n, sum, right [10]float64 }

func (c *calibration) add(p float64, right bool) {
	b := min(int(p*10), 9)
	c.n[b]++
	c.sum[b] += p
	if right {
		c.right[b]++
	}
}

func (c *calibration) error() float64 {
	all, e := 0.0, 0.0
	for b := range c.n {
		all += c.n[b]
		e += math.Abs(c.sum[b] - c.right[b])
	}
	return e / math.Max(all, 1)
}
