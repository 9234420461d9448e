package labels

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/classify/measure"
	"chop/internal/lang"
	"chop/internal/learn"
	"chop/internal/web/page"
)

// View is the page of one firm.
type View struct {
	Firm page.Firm
	Part string
	May  bool  // judge, train and put live
	Err  error // of the last form

	Blind, Seen learn.Agreement // partEngine
	Mixups      []learn.Mixup
	Listed      bool // the comments of one mixup are listed
	Said, Is    classify.Label
	List        []Line

	People  learn.People // partPeople
	Samples []Row

	Drift learn.Drift // partDrift

	Cases  int // partModel: comments to learn from
	Models []Version

	Judged         []Line // partJudged, newest first
	From           int    // how many newer ones are left out
	Pages          page.Pages
	Contradictions []Pair
}

// Line is one judged comment.
type Line struct {
	classify.Judgement
	Text string // shortened; empty when it is no longer kept
	Gone bool
}

// Pair is a contradiction.
type Pair struct{ Newer, Older Line }

// Row is one blind sample in the list.
type Row struct {
	learn.Sample
	Mine   int // judged by the person who looks
	Others int // other people who judged
}

// Version is one version of the firm's model.
type Version struct {
	learn.Model
	Rests bool
}

const (
	shownJudged = 20
	shownMixups = 15
	shownText   = 240 // characters
)

// fill reads what the part shows.
func (d Deps) fill(ctx context.Context, v *View) error {
	if v.Part == partDrift {
		var err error
		v.Drift, err = d.Learn.Drift(ctx, v.Firm.ID)
		return err
	}
	js, err := d.Labels.Judgements(ctx, v.Firm.ID)
	if err != nil {
		return err
	}
	switch v.Part {
	case partEngine:
		return d.engine(ctx, v, js)
	case partPeople:
		return d.people(ctx, v, js)
	case partModel:
		return d.models(ctx, v)
	}
	return d.judged(ctx, v, js)
}

func (d Deps) engine(ctx context.Context, v *View, js []classify.Judgement) error {
	blind, seen := learn.Split(js)
	v.Blind, v.Seen = learn.Agree(blind), learn.Agree(seen)
	all := learn.Mixups(append(append([]classify.Judgement{}, blind...), seen...))
	v.Mixups = all[:min(len(all), shownMixups)]
	if !v.Listed {
		return nil
	}
	var list []classify.Judgement
	for _, m := range all {
		if m.Said != v.Said || m.Is != v.Is {
			continue
		}
		for _, id := range m.Mentions[:min(len(m.Mentions), shownJudged)] {
			list = append(list, judgementOf(js, id))
		}
	}
	var err error
	v.List, err = d.lines(ctx, v.Firm.ID, list)
	return err
}

// judgementOf is the newest judgement of a mention that holds.
func judgementOf(js []classify.Judgement, id string) classify.Judgement {
	for _, j := range js {
		if j.Mention == id && j.TakenAt.IsZero() {
			return j
		}
	}
	return classify.Judgement{Mention: id}
}

func (d Deps) people(ctx context.Context, v *View, js []classify.Judgement) error {
	v.People = learn.Together(js)
	list, err := d.Learn.Samples(ctx, v.Firm.ID)
	me := access.From(ctx).User
	for _, x := range list {
		r := Row{Sample: x, Mine: x.Done(me)}
		for _, p := range x.People() {
			if p != me {
				r.Others++
			}
		}
		v.Samples = append(v.Samples, r)
	}
	return err
}

func (d Deps) models(ctx context.Context, v *View) error {
	list, err := d.Learn.Models(ctx, v.Firm.ID)
	if err != nil {
		return err
	}
	for _, m := range list {
		v.Models = append(v.Models, Version{m, d.Learn.Rests(m)})
	}
	if v.May {
		cases, err := d.Learn.Cases(ctx, v.Firm.ID)
		if err != nil {
			return err
		}
		v.Cases = len(cases)
	}
	return nil
}

func (d Deps) judged(ctx context.Context, v *View, js []classify.Judgement) (err error) {
	from := max(0, min(v.From, len(js)))
	to := min(from+shownJudged, len(js))
	if v.Judged, err = d.lines(ctx, v.Firm.ID, js[from:to]); err != nil {
		return err
	}
	v.Pages = page.Pages{From: from + 1, To: to, Total: len(js)}
	if from > 0 {
		v.Pages.Newer = v.judgedFrom(from - shownJudged)
	}
	if to < len(js) {
		v.Pages.Older = v.judgedFrom(to)
	}
	if from > 0 {
		return nil
	}
	pairs, err := d.Memory.Contradictions(ctx, v.Firm.ID)
	if err != nil {
		return err
	}
	var flat []classify.Judgement
	for _, p := range pairs {
		flat = append(flat, p.Newer, p.Older)
	}
	lines, err := d.lines(ctx, v.Firm.ID, flat)
	for i := 0; i+1 < len(lines); i += 2 {
		v.Contradictions = append(v.Contradictions, Pair{lines[i], lines[i+1]})
	}
	return err
}

func (v View) judgedFrom(n int) string {
	return at(v.Firm.ID, partJudged) + "&from=" + strconv.Itoa(max(n, 0))
}

// lines puts the words to judgements.
func (d Deps) lines(ctx context.Context, firm string, js []classify.Judgement) ([]Line, error) {
	texts, err := d.Labels.Texts(ctx, firm, js)
	if err != nil {
		return nil, err
	}
	out := make([]Line, len(js))
	for i, j := range js {
		out[i] = Line{Judgement: j, Text: short(texts[i].Text), Gone: texts[i].ID == ""}
	}
	return out, nil
}

// short is the beginning of a text, on one line.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= shownText {
		return s
	}
	return string([]rune(s)[:shownText]) + "…"
}

// tabs lead to the parts, and to the rules the firm writes itself.
func (v View) tabs(ctx context.Context) (cs []page.Choice) {
	for _, p := range parts {
		cs = append(cs, page.Choice{Text: page.T(ctx, "labels.part."+p), Href: at(v.Firm.ID, p), On: p == v.Part})
	}
	return append(cs, page.Choice{Text: page.T(ctx, "labels.part.rules"), Href: "/rules?" + url.Values{"firm": {v.Firm.ID}}.Encode()})
}

// percent is a share as a whole number, "83%".
func percent(x float64) string { return fmt.Sprintf("%.0f%%", 100*x) }

// interval is where the share lies in nineteen of twenty such samples.
func interval(s measure.Share) string {
	return fmt.Sprintf("%.0f–%.0f%%", 100*s.Low, 100*s.High)
}

// decimal is a number with two places, as the language writes it. A true minus sign stands before what is below zero.
func decimal(ctx context.Context, x float64) string {
	s := fmt.Sprintf("%.2f", math.Abs(x))
	if page.Lang(ctx) == lang.PL {
		s = strings.Replace(s, ".", ",", 1)
	}
	if x <= -0.005 {
		return "−" + s
	}
	return s
}

// alphaWord is what an alpha means: from 0.8 reliable, from 0.667 for tentative conclusions (Krippendorff, Content Analysis, 2004).
func alphaWord(a float64) string {
	switch {
	case a >= 0.8:
		return "good"
	case a >= 0.667:
		return "fair"
	case a > 0.2:
		return "weak"
	}
	return "none"
}

func alphaTone(a float64) page.Tone {
	switch alphaWord(a) {
	case "good":
		return page.Good
	case "fair":
		return page.Line
	}
	return page.Warn
}

// mixupHref lists the comments of a mixup.
func (v View) mixupHref(m learn.Mixup) string {
	return at(v.Firm.ID, partEngine) + "&said=" + string(m.Said) + "&is=" + string(m.Is) + "#mixed"
}

// column is one week of a spark line: where it stands and how high.
type column struct {
	x, y, h string
	recent  bool
}

const (
	sparkHigh = 24.0
	sparkStep = 8
)

// spark is the weeks of a label as columns, the highest one full.
func spark(r learn.Drifted) (cs []column) {
	top := 0.0
	for _, w := range r.Weeks {
		top = max(top, w.Value())
	}
	for i, w := range r.Weeks {
		h := 0.0
		if top > 0 {
			h = sparkHigh * w.Value() / top
		}
		if w.Of > 0 {
			h = max(h, 1.5)
		}
		cs = append(cs, column{fmt.Sprint(i * sparkStep), fmt.Sprintf("%.1f", sparkHigh-h), fmt.Sprintf("%.1f", h), i >= len(r.Weeks)-learn.RecentWeeks})
	}
	return cs
}

// moved is what became of a label: "more", "less" or "" when chance explains it.
func moved(r learn.Drifted) string {
	switch {
	case !r.Recent.Apart(r.Before):
		return ""
	case r.Recent.Value() > r.Before.Value():
		return "more"
	}
	return "less"
}

// state is the word for what a version is used for.
func (m Version) state() string {
	if m.Rests && m.State != learn.Off {
		return "rests"
	}
	return string(m.State)
}

func (m Version) mark(ctx context.Context) page.Mark {
	looks := map[string]page.Mark{"trial": {Tone: page.Ask, Icon: "eye"}, "live": {Tone: page.Good, Icon: "circle-check"},
		"off": {Tone: page.Line, Icon: "circle-minus"}, "rests": {Tone: page.Warn, Icon: "pause"}}
	k := looks[m.state()]
	k.Text = page.T(ctx, "labels.model.state."+m.state())
	return k
}

// gain counts answers that are right now and were not, less those that were and are not.
func (m Version) gain() (right, wrong, missed int) {
	for _, l := range m.Report.Labels {
		right += l.After.Right - l.Before.Right
		wrong += l.After.Wrong - l.Before.Wrong
		missed += l.After.Missed - l.Before.Missed
	}
	return right, wrong, missed
}

// same tells that the version answers like the engine without it on every comment it was measured on.
func (m Version) same() bool {
	for _, l := range m.Report.Labels {
		if l.After != l.Before {
			return false
		}
	}
	return true
}

// worse tells that the version makes more mistakes than the engine without it.
func (m Version) worse() bool {
	_, wrong, missed := m.gain()
	return wrong+missed > 0
}

// signed is a difference with its sign.
func signed(n int) string {
	switch {
	case n > 0:
		return fmt.Sprintf("+%d", n)
	case n < 0:
		return fmt.Sprintf("−%d", -n)
	}
	return "0"
}
