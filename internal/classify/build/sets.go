package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/classify/examples"
	"chop/internal/classify/linear"
)

// sample is a text with what is known of it.
type sample struct {
	text   classify.Text
	want   []float32
	weight float32
	set    string
	full   bool // every label is known: it counts for calibration and bars
	harm   int  // of CBD: 0 or 1; -1 elsewhere
	row    int  // in its set
	stars  int  // of a review
}

// heads numbers the heads by name.
var heads = func() map[string]int {
	m := map[string]int{}
	for i, h := range builtin.Heads() {
		m[h] = i
	}
	return m
}()

// grave are the labels ordinary customers' texts do not carry.
var grave = []classify.Label{classify.Threat, classify.Extortion, classify.Hate, classify.Insult, classify.Distress, classify.Boycott,
	classify.Trolling, classify.Spam, classify.Satire, classify.Employment, classify.PersonalData}

// abusive are the labels that may be what CBD calls harmful.
var abusive = []classify.Label{classify.Insult, classify.Hate, classify.Threat, classify.Extortion, classify.Trolling, classify.PersonalData}

func blank(t classify.Text, set string, row int, weight float32) sample {
	s := sample{text: t, set: set, row: row, weight: weight, harm: -1, want: make([]float32, len(heads))}
	for i := range s.want {
		s.want[i] = linear.Unknown
	}
	return s
}

func (s *sample) is(head string, v float32) { s.want[heads[head]] = v }

func (s *sample) none(ls ...classify.Label) {
	for _, l := range ls {
		s.is(string(l), 0)
	}
}

// know takes everything an annotator said.
func (s *sample) know(ls []classify.Label, buyer bool, severity, sentiment int) {
	s.full = true
	for _, l := range classify.Labels {
		s.is(string(l), 0)
	}
	for _, l := range ls {
		s.is(string(l), 1)
	}
	s.is("buyer", one(buyer))
	s.is("severity>=3", one(severity >= 3))
	s.is("severity>=4", one(severity >= 4))
	s.is("warm", float32(sentiment+2)/4)
}

func one(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// assembled are examples put together from parts: learned from, never counted.
const assembled = "train_verges_pairs.tsv"

// own reads the examples of this repository.
func own(pattern string) ([]sample, error) {
	xs, err := examples.Read(pattern)
	if err != nil {
		return nil, err
	}
	out := make([]sample, 0, len(xs))
	for i, x := range xs {
		x.Text.Lang = "" // the engine has to find out
		s := blank(x.Text, "own", i, 1)
		s.know(x.Labels, x.Buyer, x.Severity, x.Sentiment)
		s.full = x.File != assembled // parts met in other folds would flatter cross-validation
		if !slices.ContainsFunc(x.Labels, func(l classify.Label) bool { return slices.Contains(abusive, l) }) {
			s.is("harm", 0)
		}
		for _, t := range []string{"firm", "product", "staff", "author_other"} {
			s.is("target:"+t, one(x.Target == t))
		}
		out = append(out, s)
	}
	return out, nil
}

// checks reads the examples the rules are tested on: each says only what a text must and must not be.
func checks(name string) ([]sample, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []sample
	sc := bufio.NewScanner(f)
	for n := 0; sc.Scan(); n++ {
		var e struct {
			classify.Text
			Must    []classify.Label `json:"must"`
			MustNot []classify.Label `json:"must_not"`
			Buyer   bool             `json:"buyer"`
		}
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
		}
		e.Text.Lang = ""
		s := blank(e.Text, "checks", n, 1)
		s.none(e.MustNot...)
		for _, l := range e.Must {
			s.is(string(l), 1)
		}
		if len(e.Must) > 0 && e.Must[0] != classify.Neutral {
			s.is(string(classify.Neutral), 0)
		}
		if e.Buyer {
			s.is("buyer", 1)
		}
		out = append(out, s)
	}
	return out, sc.Err()
}

// marks reads labels given to rows of a public set, by row.
func marks(name string) (map[int]func(*sample), error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := map[int]func(*sample){}
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		if sc.Text() == "" || strings.HasPrefix(sc.Text(), "#") {
			continue
		}
		fs := strings.Split(sc.Text(), "\t")
		if len(fs) < 4 {
			return nil, fmt.Errorf("%s:%d: %d fields", name, n, len(fs))
		}
		row, err := strconv.Atoi(fs[0])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: row %q", name, n, fs[0])
		}
		e, err := examples.Parse(strings.Join([]string{fs[1], fs[2], fs[3], "none", "x"}, "\t"))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		out[row] = func(s *sample) { s.know(e.Labels, e.Buyer, e.Severity, e.Sentiment) }
	}
	return out, sc.Err()
}

func table(name string, comma rune) ([][]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if comma == '\t' { // tab-separated sets do not quote
		var out [][]string
		sc := bufio.NewScanner(f)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			out = append(out, strings.Split(sc.Text(), "\t"))
		}
		return out[1:], sc.Err()
	}
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rows[1:], nil
}

// cbd reads the Polish tweets of PolEval 2019.
func cbd(data, labels string) ([]sample, error) {
	rows, err := table(filepath.Join(data, "cbd/train.tsv"), '\t')
	if err != nil {
		return nil, err
	}
	known, err := marks(labels)
	if err != nil {
		return nil, err
	}
	var out []sample
	for i, r := range rows {
		s := blank(classify.Text{Text: r[0]}, "cbd", i, 1)
		s.harm = int(r[len(r)-1][0] - '0')
		if m := known[i]; m != nil {
			m(&s)
		} else if s.harm == 0 {
			s.none(grave[:4]...)
		}
		s.is("harm", float32(s.harm))
		out = append(out, s)
	}
	return out, nil
}

// allegro reads product reviews; their stars are given to the engine with every second one.
func allegro(data, labels string) ([]sample, error) {
	rows, err := table(filepath.Join(data, "allegro-reviews/train.tsv"), '\t')
	if err != nil {
		return nil, err
	}
	known, err := marks(labels)
	if err != nil {
		return nil, err
	}
	var out []sample
	for i, r := range rows {
		stars, err := strconv.ParseFloat(r[len(r)-1], 64)
		if err != nil {
			return nil, fmt.Errorf("allegro row %d: %w", i, err)
		}
		s := blank(classify.Text{Text: strings.Join(r[:len(r)-1], " ")}, "allegro", i, 1)
		s.stars = int(stars)
		if pick(i, 2) == 0 {
			s.text.Rating = int(stars)
		}
		if m := known[i]; m != nil {
			m(&s)
		} else {
			s.weight = 0.35
			s.none(grave...)
			s.is("harm", 0)
			s.is("warm", float32(stars-1)/4)
			switch {
			case stars >= 5:
				s.is("praise", 1)
				s.none(classify.Discouragement, classify.Claim, classify.Complaint, classify.HealthSafety)
			case stars <= 2:
				s.is("praise", 0)
				s.is("buyer", 0)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// pick spreads rows over n parts by a hash, so that neighbours part.
func pick(row, n int) int {
	h := fnv.New32a()
	fmt.Fprint(h, row)
	return int(h.Sum32()>>3) % n
}
