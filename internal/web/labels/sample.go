package labels

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/learn"
	"chop/internal/mention"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Blind is the page on which one comment of a sample is judged.
type Blind struct {
	Firm    page.Firm
	Sample  string
	N, Of   int
	Post    mention.Post
	Parent  *mention.Mention // the comment it answers
	Comment mention.Mention
	Choices []Choice
	Chosen  classify.Verdict
	Err     error
}

// Choice is one label to choose; Key picks it.
type Choice struct {
	Label   classify.Label
	Key     string
	Gravity int
	On      bool
}

// keys pick labels, as in the window of corrections.
var keys = map[classify.Label]string{classify.Threat: "1", classify.Extortion: "2", classify.Hate: "3", classify.PersonalData: "4",
	classify.HealthSafety: "5", classify.Distress: "6", classify.Insult: "7", classify.Complaint: "8", classify.Claim: "9",
	classify.Discouragement: "0", classify.Boycott: "b", classify.Question: "q", classify.Opinion: "o", classify.Employment: "e",
	classify.Trolling: "t", classify.Spam: "s", classify.Satire: "y", classify.Praise: "p", classify.Neutral: "n", classify.FakeReview: "f"}

func sampleAt(firm, id string) string {
	return path + "/samples/" + url.PathEscape(id) + "?firm=" + url.QueryEscape(firm)
}

// draw has a sample drawn and begins it.
func (d Deps) draw(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	x, err := d.Learn.Draw(r.Context(), f.ID)
	switch {
	case fault.Is(err, fault.Conflict):
		d.render(w, r, partPeople, err)
	case err != nil:
		session.Fail(w, r, err)
	default:
		http.Redirect(w, r, sampleAt(f.ID, x.ID), http.StatusSeeOther)
	}
}

// sample shows the next comment that the person has not judged.
func (d Deps) sample(w http.ResponseWriter, r *http.Request) {
	f, x, err := d.open(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	it := x.Next(access.From(r.Context()).User)
	if it == nil {
		session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "labels.done.sample")})
		http.Redirect(w, r, at(f.ID, partPeople), http.StatusSeeOther)
		return
	}
	d.ask(w, r, f, x, *it, classify.Verdict{}, nil)
}

// open is the firm and the sample of a request, for those who may judge.
func (d Deps) open(r *http.Request) (f page.Firm, x learn.Sample, err error) {
	if f, err = session.Firm(r, access.ViewMentions); err != nil {
		return f, x, err
	}
	if err = access.Check(r.Context(), access.LabelMentions, f.ID); err != nil {
		return f, x, err
	}
	x, err = d.Learn.Sample(r.Context(), f.ID, r.PathValue("id"))
	return f, x, err
}

// judge keeps a verdict and goes on to the next comment.
func (d Deps) judge(w http.ResponseWriter, r *http.Request) {
	f, x, err := d.open(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	n, err := strconv.Atoi(r.PostFormValue("n"))
	if err != nil || n < 1 || n > len(x.Items) {
		session.Fail(w, r, fault.Missing("sample"))
		return
	}
	v := verdict(r)
	err = d.Learn.Judge(r.Context(), f.ID, x.ID, n, v)
	switch {
	case fault.Is(err, fault.Invalid):
		d.ask(w, r, f, x, x.Items[n-1], v, err)
	case err != nil && !fault.Is(err, fault.Conflict): // judged before: go on
		session.Fail(w, r, err)
	default:
		http.Redirect(w, r, sampleAt(f.ID, x.ID), http.StatusSeeOther)
	}
}

// verdict reads the form. Without a choice of its own the severity is that of the gravest label.
func verdict(r *http.Request) (v classify.Verdict) {
	for _, l := range r.PostForm["label"] {
		v.Labels = append(v.Labels, classify.Label(l))
		v.Severity = max(v.Severity, classify.Gravity(classify.Label(l)))
	}
	v.Buyer = r.PostFormValue("buyer") != ""
	if v.Buyer {
		v.Severity = max(v.Severity, 2)
	}
	if s, err := strconv.Atoi(r.PostFormValue("severity")); err == nil {
		v.Severity = s
	}
	return v
}

func (d Deps) ask(w http.ResponseWriter, r *http.Request, f page.Firm, x learn.Sample, it learn.Item, chosen classify.Verdict, slip error) {
	b := Blind{Firm: f, Sample: x.ID, N: x.Done(access.From(r.Context()).User) + 1, Of: len(x.Items), Chosen: chosen, Err: slip}
	if err := d.context(r.Context(), &b, it); err != nil {
		session.Fail(w, r, err)
		return
	}
	for _, l := range append(slices.Clone(classify.Labels), classify.FakeReview) {
		b.Choices = append(b.Choices, Choice{Label: l, Key: keys[l], Gravity: classify.Gravity(l), On: chosen.Has(l)})
	}
	status := http.StatusOK
	if slip != nil {
		status = session.Status(slip)
	}
	session.Render(w, r, status, blindPage(b, it.N))
}

// context reads the comment with its thread.
func (d Deps) context(ctx context.Context, b *Blind, it learn.Item) (err error) {
	if b.Comment, err = d.Mentions.Find(ctx, b.Firm.ID, it.Mention); err != nil {
		return err
	}
	m := b.Comment
	posts, err := d.Mentions.Posts(ctx, m.Firm, []string{m.Post})
	if err != nil {
		return err
	}
	b.Post = posts[m.Post]
	if m.ParentExt == "" {
		return nil
	}
	found, err := d.Mentions.ByExternal(ctx, m.Firm, m.Source, []string{m.ParentExt})
	if p, ok := found[m.ParentExt]; ok {
		b.Parent = &p
	}
	return err
}

// severities are the weights to choose from; blank follows the labels.
func (b Blind) severities(ctx context.Context) (os []page.Option) {
	os = append(os, page.Option{Text: page.T(ctx, "labels.blind.severity.auto"), Selected: true})
	for n := range 5 {
		v := strconv.Itoa(n)
		os = append(os, page.Option{Value: v, Text: page.T(ctx, "inbox.severity."+v)})
	}
	return os
}
