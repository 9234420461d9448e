package learn

import (
	"cmp"
	"slices"
	"strings"

	"chop/internal/classify"
	"chop/internal/classify/measure"
)

// Figure is how well the engine gives one label, by what people say.
type Figure struct {
	Label     classify.Label
	Precision measure.Share // of those it gave the label, people gave it too
	Recall    measure.Share // of those people gave the label, the engine had given it
}

// Agreement compares what the engine said with what people said of the same comments.
type Agreement struct {
	Judged int
	Alike  measure.Share // all labels the same
	Labels []Figure      // that occur, as people see them
}

// Agree measures over judgements, of which the newest of each mention counts. Of blind ones, half are drawn from comments with
// labels: that changes nothing for precision, but recall is true only among those drawn from all comments, so it is taken there.
func Agree(js []classify.Judgement) Agreement {
	js = read(newest(js))
	a := Agreement{Judged: len(js)}
	same := 0
	for _, j := range js {
		if len(classify.Missing(j.Labels, j.Said.Labels))+len(classify.Missing(j.Said.Labels, j.Labels)) == 0 {
			same++
		}
	}
	a.Alike = measure.NewShare(same, len(js))
	for _, l := range labels() {
		var both, given, found, held int
		for _, j := range js {
			said, is := j.Said.Has(l), j.Has(l)
			given, both = given+count(said), both+count(said && is)
			if !j.Blind || j.Drawn == classify.DrawnRandom {
				held, found = held+count(is), found+count(said && is)
			}
		}
		if given+held > 0 {
			a.Labels = append(a.Labels, Figure{l, measure.NewShare(both, given), measure.NewShare(found, held)})
		}
	}
	return a
}

func labels() []classify.Label { return append(slices.Clone(classify.Labels), classify.FakeReview) }

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// read leaves out what no engine had read.
func read(js []classify.Judgement) []classify.Judgement {
	return slices.DeleteFunc(slices.Clone(js), func(j classify.Judgement) bool { return j.Engine == "" })
}

// Split parts judgements into blind ones, which tell the truth about the engine, and the rest, which people chose because
// something looked wrong.
func Split(js []classify.Judgement) (blind, seen []classify.Judgement) {
	for _, j := range js {
		switch {
		case !j.TakenAt.IsZero():
		case j.Blind:
			blind = append(blind, j)
		default:
			seen = append(seen, j)
		}
	}
	return blind, seen
}

// Mixup is a label the engine gave in the place of one that people gave; one of them may be empty: given, or missed, beside
// others that were right.
type Mixup struct {
	Said, Is classify.Label
	Mentions []string
}

// Mixups lists them, most frequent first.
func Mixups(js []classify.Judgement) []Mixup {
	type pair struct{ said, is classify.Label }
	found := map[pair][]string{}
	for _, j := range read(newest(js)) {
		wrong, missed := classify.Missing(j.Said.Labels, j.Labels), classify.Missing(j.Labels, j.Said.Labels)
		if len(wrong)+len(missed) == 0 {
			continue
		}
		if len(wrong) == 0 {
			wrong = []classify.Label{""}
		}
		if len(missed) == 0 {
			missed = []classify.Label{""}
		}
		for _, a := range wrong {
			for _, b := range missed {
				found[pair{a, b}] = append(found[pair{a, b}], j.Mention)
			}
		}
	}
	var out []Mixup
	for p, ms := range found {
		out = append(out, Mixup{p.said, p.is, ms})
	}
	slices.SortFunc(out, func(a, b Mixup) int {
		return cmp.Or(cmp.Compare(len(b.Mentions), len(a.Mentions)), cmp.Compare(a.Said, b.Said), cmp.Compare(a.Is, b.Is))
	})
	return out
}

// People tells how far people agree with each other.
type People struct {
	Doubly  int // comments that two people and more judged blind
	Alpha   float64
	Known   bool // Alpha says something
	ByLabel []LabelAlpha
}

// LabelAlpha is the agreement about one label: given or not.
type LabelAlpha struct {
	Label classify.Label
	Alpha float64
	Given int // how often people gave it
}

// Enough is how many doubly judged comments make the agreement of people worth a figure.
const Enough = 20

// EnoughGiven is how often a label must have been given for its own figure to say something.
const EnoughGiven = 5

// Together measures the agreement of people over blind judgements: whoever saw another's answer would not be independent.
func Together(js []classify.Judgement) People {
	units := double(js)
	p := People{Doubly: len(units)}
	sets := make([][]string, len(units))
	for i, u := range units {
		for _, v := range u {
			sets[i] = append(sets[i], join(v.Labels))
		}
	}
	p.Alpha, p.Known = measure.Alpha(sets, measure.Masi)
	for _, l := range labels() {
		x := LabelAlpha{Label: l}
		values := make([][]string, len(units))
		for i, u := range units {
			for _, v := range u {
				values[i] = append(values[i], string('0'+rune(count(v.Has(l)))))
				x.Given += count(v.Has(l))
			}
		}
		var ok bool
		if x.Alpha, ok = measure.Alpha(values, measure.Nominal); ok {
			p.ByLabel = append(p.ByLabel, x)
		}
	}
	return p
}

func join(ls []classify.Label) string {
	ss := make([]string, len(ls))
	for i, l := range ls {
		ss[i] = string(l)
	}
	slices.Sort(ss)
	return strings.Join(ss, ",")
}

// double is the blind verdicts of mentions that several people judged, one of each person.
func double(js []classify.Judgement) [][]classify.Verdict {
	byMention, order := map[string][]classify.Verdict{}, []string{}
	seen := map[[2]string]bool{}
	for _, j := range js {
		k := [2]string{j.Mention, j.Who}
		if !j.Blind || !j.TakenAt.IsZero() || seen[k] {
			continue
		}
		seen[k] = true
		if byMention[j.Mention] == nil {
			order = append(order, j.Mention)
		}
		byMention[j.Mention] = append(byMention[j.Mention], j.Verdict)
	}
	var out [][]classify.Verdict
	for _, m := range order {
		if len(byMention[m]) > 1 {
			out = append(out, byMention[m])
		}
	}
	return out
}
