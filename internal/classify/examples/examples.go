// Package examples reads the labelled texts of this folder: what the built-in engine learns from and is measured on.
package examples

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"chop/internal/classify"
)

// Example is one text with the labels people agreed on.
type Example struct {
	classify.Text
	Labels    []classify.Label
	Buyer     bool
	Severity  int // 0..4
	Sentiment int // -2 hostile .. 2 warm
	Target    string
	File      string // name of the file it stands in
}

// Has tells whether the example carries the label.
func (e *Example) Has(l classify.Label) bool { return slices.Contains(e.Labels, l) }

// Targets are what a text may be about.
var Targets = []string{"firm", "product", "staff", "author_other", "group", "none"}

// Read reads the files that match the pattern, in the order of their names; the format is in README.md. The error names
// file and line.
func Read(pattern string) ([]Example, error) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no examples at %s (%v)", pattern, err)
	}
	slices.Sort(files)
	var out []Example
	for _, name := range files {
		xs, err := readFile(name)
		if err != nil {
			return nil, err
		}
		out = append(out, xs...)
	}
	return out, nil
}

func readFile(name string) ([]Example, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read examples: %w", err)
	}
	defer f.Close()
	var out []Example
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := Parse(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", filepath.Base(name), n, err)
		}
		e.File = filepath.Base(name)
		e.ID = fmt.Sprintf("%s:%d", e.File, n)
		out = append(out, e)
	}
	return out, sc.Err()
}

// Parse reads one line.
func Parse(line string) (e Example, err error) {
	fs := strings.Split(line, "\t")
	if len(fs) < 5 || strings.TrimSpace(fs[4]) == "" {
		return e, fmt.Errorf("%d fields; labels, severity, sentiment, target and text are needed", len(fs))
	}
	if e.Labels, e.Buyer, err = parseLabels(fs[0]); err != nil {
		return e, err
	}
	if e.Severity, err = strconv.Atoi(fs[1]); err != nil || e.Severity < 0 || e.Severity > 4 {
		return e, fmt.Errorf("severity %q", fs[1])
	}
	if e.Sentiment, err = strconv.Atoi(fs[2]); err != nil || e.Sentiment < -2 || e.Sentiment > 2 {
		return e, fmt.Errorf("sentiment %q", fs[2])
	}
	if e.Target = fs[3]; !slices.Contains(Targets, e.Target) {
		return e, fmt.Errorf("target %q", fs[3])
	}
	e.Text.Text, e.Lang = unescape.Replace(fs[4]), "pl"
	for _, f := range fs[5:] {
		if err := e.key(f); err != nil {
			return e, err
		}
	}
	return e, nil
}

var unescape = strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`)

func parseLabels(s string) (ls []classify.Label, buyer bool, err error) {
	for part := range strings.SplitSeq(s, ",") {
		name, isBuyer := strings.CutSuffix(strings.TrimSpace(part), "!")
		l := classify.Label(name)
		if !slices.Contains(classify.Labels, l) || isBuyer && l != classify.Question || slices.Contains(ls, l) {
			return nil, false, fmt.Errorf("label %q", part)
		}
		buyer = buyer || isBuyer
		ls = append(ls, l)
	}
	if len(ls) > 1 && slices.Contains(ls, classify.Neutral) {
		return nil, false, fmt.Errorf("neutral stands alone, not in %q", s)
	}
	return ls, buyer, nil
}

func (e *Example) key(f string) (err error) {
	k, v, _ := strings.Cut(f, "=")
	switch k {
	case "":
	case "lang":
		e.Lang = v
	case "rating":
		if e.Rating, err = strconv.Atoi(v); err != nil || e.Rating < 1 || e.Rating > 5 {
			return fmt.Errorf("rating %q", v)
		}
	case "post":
		e.Post = unescape.Replace(v)
	case "parent":
		e.Parent = unescape.Replace(v)
	case "parent_labels":
		e.ParentLabels, _, err = parseLabels(v)
	case "channel":
		e.Channel = v
	default:
		return fmt.Errorf("key %q", k)
	}
	return err
}
