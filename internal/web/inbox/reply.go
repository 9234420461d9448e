package inbox

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/reply"
	"chop/internal/reply/lint"
	"chop/internal/source"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Desk is the reply editor beside an item.
type Desk struct {
	Text    string // what the person has typed so far
	Writing string // who else is writing, in a sentence
	Saved   []page.Option
	Kind    string   // what the proposed draft is, in words
	Missing []string // facts the proposed draft lacks
	Facts   string   // address where they are kept, "" when the person may not write them
	Phrases []Phrase
	Checks  *Checks // nil while nothing is written
	Send    []page.Option
	SendAt  string
	Least   string // earliest time that can be chosen
}

// Phrase is a sentence that helps to find the tone (domain/decisions.md 2.4).
type Phrase struct{ Code, Text string }

// Checks is what the checks say of the text.
type Checks struct {
	Lines   []CheckLine
	Blocked bool
	Apology *Meter
}

// CheckLine is one finding, or something good.
type CheckLine struct {
	Class, Icon, Says, Text string
}

// Meter is the worth of an apology.
type Meter struct {
	Points  int
	Publish bool
	Good    []string
	Better  []string
}

// phrases in the order of use: opening, empathy, next step, private talk.
var phrases = []string{"thanks", "sorry", "understand", "look", "private", "chance"}

// fillDesk reads what the editor shows. When the desk fails, the reply can still be written.
func (d Deps) fillDesk(ctx context.Context, a decision.Advice, it *Item) {
	if d.Replies == nil || !it.May || it.Advice.Reply == nil {
		return
	}
	desk, err := d.desk(ctx, a, it)
	if err != nil {
		slog.Error("no reply desk", "mention", it.M.ID, "error", err)
		return
	}
	it.Desk = &desk
}

func (d Deps) desk(ctx context.Context, a decision.Advice, it *Item) (v Desk, err error) {
	m := it.M
	draft, err := d.Replies.Draft(ctx, m.Firm, m.ID)
	if err != nil {
		return v, err
	}
	v.Text = it.typed(decision.Reply, it.Slip.Text, draft.Text)
	l, busy, err := d.Replies.Writing(ctx, m.Firm, m.ID)
	if err != nil {
		return v, err
	}
	if busy {
		v.Writing = page.T(ctx, "reply.writing", "Who", l.Name, "Span", page.Lang(ctx).Span(max(page.FrameFrom(ctx).Now.Sub(l.Since), time.Minute)))
	}
	item, err := d.toAnswer(ctx, a, m)
	if err != nil {
		return v, err
	}
	for _, r := range item.Saved {
		if r.Fits(m.Labels) {
			v.Saved = append(v.Saved, page.Option{Value: r.ID, Text: r.Name})
		}
	}
	p := reply.Propose(item)
	v.Kind = page.T(ctx, "reply.kind."+p.Kind)
	for _, name := range p.Missing {
		v.Missing = append(v.Missing, missing(ctx, name))
	}
	v.Facts = "/replies?firm=" + m.Firm
	tag := lang.Parse(cmp.Or(m.Lang, "pl"))
	for _, code := range phrases {
		if code == "private" && a.Case.PileOn >= 2 {
			continue // R24: who is sent away while many watch is seen to be sent away
		}
		v.Phrases = append(v.Phrases, Phrase{code, tag.T("reply.phrase." + code)})
	}
	if v.Text != "" {
		r, err := d.Decisions.CheckIn(ctx, a, decision.Reply, v.Text)
		if err != nil {
			return v, err
		}
		c := checks(ctx, r)
		v.Checks = &c
	}
	v.times(ctx, it)
	return v, nil
}

func (v Desk) lacks() string { return strings.Join(v.Missing, ", ") }

// times are the choices of when to send.
func (v *Desk) times(ctx context.Context, it *Item) {
	for _, code := range []string{"", "1h", "3h", "morning", "at"} {
		v.Send = append(v.Send, page.Option{Value: code, Text: page.T(ctx, "reply.send."+cmp.Or(code, "now")), Selected: it.Slip.Send == code})
	}
	v.SendAt = it.Slip.SendAt
	v.Least = page.FrameFrom(ctx).Now.In(lang.Zone).Format(atForm)
}

const atForm = "2006-01-02T15:04"

// sendAt turns the choice of a time to send into an instant; zero: at once.
func sendAt(code, at string, now time.Time) (time.Time, error) {
	if code != "at" {
		t, err := macro.Until(code, now)
		if err != nil {
			return t, fault.New(fault.Invalid, "decision.send_at").On("send_at")
		}
		return t, nil
	}
	t, err := time.ParseInLocation(atForm, at, lang.Zone)
	if err != nil {
		return t, fault.New(fault.Invalid, "decision.send_at").On("send_at")
	}
	return t, nil
}

// missing names what a draft lacks, for people.
func missing(ctx context.Context, name string) string {
	if key, ok := strings.CutPrefix(name, "fakt:"); ok {
		return page.T(ctx, "reply.missing.fact", "Key", key)
	}
	return page.T(ctx, "reply.missing.value", "Name", name)
}

// toAnswer gathers what a draft is made from.
func (d Deps) toAnswer(ctx context.Context, a decision.Advice, m mention.Mention) (in reply.Item, err error) {
	in = reply.Item{Text: m.Text, Author: m.AuthorName, Lang: m.Lang, Labels: m.Labels, Buyer: m.Buyer, Review: m.Kind == source.KindReview,
		PileOn: a.Case.PileOn, By: access.From(ctx).Name, Now: page.FrameFrom(ctx).Now.In(lang.Zone)}
	in.Unclear = a.Case.Truth == "unknown" && (a.Case.Has("health_safety") || a.Case.Media)
	if w, ok := a.Way(decision.Reply); ok {
		in.Most = w.MaxText
	}
	for _, f := range page.FrameFrom(ctx).Firms {
		if f.ID == m.Firm {
			in.Firm = f.Name
		}
	}
	if in.Facts, err = d.Replies.Facts(ctx, m.Firm); err != nil {
		return in, err
	}
	if in.Saved, err = d.Replies.Saved(ctx, m.Firm); err != nil {
		return in, err
	}
	in.Used, err = d.Replies.Used(ctx, m.Firm, decision.ThreadOf(m))
	return in, err
}

// checks puts a report into lines: what stops it first, then what waits or would be better, then what is good.
func checks(ctx context.Context, r lint.Report) Checks {
	c := Checks{Blocked: len(r.Blocks()) > 0}
	for _, f := range r.Findings {
		l := CheckLine{Class: "warn", Icon: "triangle-alert", Says: page.T(ctx, "lint.level."+string(f.Level()))}
		switch f.Level() {
		case lint.Block:
			l.Class, l.Icon = "stop", "hand"
		case lint.Delay:
			l.Icon = "clock"
		}
		var kv []any
		for k, v := range f.Facts {
			kv = append(kv, k, v)
		}
		l.Text = page.T(ctx, f.Message(), kv...)
		c.Lines = append(c.Lines, l)
	}
	good := func(id string, kv ...any) {
		c.Lines = append(c.Lines, CheckLine{Class: "ok", Icon: "check", Says: page.T(ctx, "reply.good"), Text: page.T(ctx, id, kv...)})
	}
	if !r.Has(lint.Length) {
		good("lint.ok.length", "N", r.Words)
	}
	if r.Person {
		good("lint.ok.person")
	}
	if r.Concrete {
		good("lint.ok.concrete")
	}
	if !c.Blocked {
		good("lint.ok.safe")
	}
	if r.Apology.Is {
		m := meter(ctx, r.Apology)
		c.Apology = &m
	}
	return c
}

func meter(ctx context.Context, a lint.Apology) Meter {
	m := Meter{Points: a.Points, Publish: a.Publish}
	for _, p := range a.Elements {
		switch {
		case p.Got:
			m.Good = append(m.Good, page.T(ctx, "apology."+p.Code))
		case p.Fail != "":
			m.Better = append(m.Better, page.T(ctx, "apology.fail."+p.Fail))
		case p.Code != "forgive":
			m.Better = append(m.Better, page.T(ctx, "apology."+p.Code+".better"))
		}
	}
	for _, p := range a.Minus {
		m.Better = append(m.Better, page.T(ctx, "reply.apology.minus", "What", page.T(ctx, "apology."+p.Code), "N", p.Weight))
	}
	return m
}

// check keeps what was typed and says what the checks think of it: the part alone for the script, else the whole page.
func (d Deps) check(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	m, err := d.Mentions.Locate(ctx, r.PathValue("m"))
	if err == nil {
		err = d.Replies.Keep(ctx, m.Firm, m.ID, r.PostFormValue("text"))
	}
	switch {
	case err != nil && fault.Is(err, fault.Invalid):
		d.again(w, r, m, back(r), Slip{Ask: decision.Reply, Text: r.PostFormValue("text"), Why: r.PostFormValue("why"), Err: err})
		return
	case err != nil:
		session.Fail(w, r, err)
		return
	case r.Header.Get("ChOP-Part") == "":
		http.Redirect(w, r, back(r).at(m.ID)+"#reply-"+m.ID, http.StatusSeeOther)
		return
	}
	var c *Checks
	if strings.TrimSpace(r.PostFormValue("text")) != "" {
		report, err := d.Decisions.Check(ctx, m.Firm, m.ID, decision.Reply, r.PostFormValue("text"))
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		v := checks(ctx, report)
		c = &v
	}
	session.Render(w, r, http.StatusOK, checkPart(c))
}

// draft puts a draft or a phrase into the text; what was typed stays.
func (d Deps) draft(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	m, err := d.Mentions.Locate(ctx, r.PathValue("m"))
	if err == nil {
		err = d.Replies.Keep(ctx, m.Firm, m.ID, r.PostFormValue("text"))
	}
	if err == nil {
		if code := r.PostFormValue("phrase"); code != "" {
			err = d.putPhrase(ctx, m, code)
		} else {
			err = d.putDraft(ctx, w, r, m)
		}
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, back(r).at(m.ID)+"#reply-"+m.ID, http.StatusSeeOther)
}

func (d Deps) putPhrase(ctx context.Context, m mention.Mention, code string) error {
	for _, p := range phrases {
		if p == code {
			return d.Replies.Append(ctx, m.Firm, m.ID, lang.Parse(cmp.Or(m.Lang, "pl")).T("reply.phrase."+code))
		}
	}
	return fault.Missing("phrase")
}

func (d Deps) putDraft(ctx context.Context, w http.ResponseWriter, r *http.Request, m mention.Mention) error {
	a, err := d.Decisions.Recommend(ctx, m.Firm, m.ID)
	if err != nil {
		return err
	}
	item, err := d.toAnswer(ctx, a, m)
	if err != nil {
		return err
	}
	item.WantedID = r.PostFormValue("use")
	p := reply.Propose(item)
	if len(p.Missing) > 0 {
		var names []string
		for _, n := range p.Missing {
			names = append(names, missing(ctx, n))
		}
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "reply.put.missing"), Sub: strings.Join(names, ", ")})
	}
	return d.Replies.Put(ctx, m.Firm, m.ID, p)
}

// opener is how a private talk may begin (domain/decisions.md 2.4), in the language of the comment.
func (it *Item) opener(ctx context.Context) string {
	tag := lang.Parse(cmp.Or(it.M.Lang, "pl"))
	return tag.T("reply.opener", "Who", access.From(ctx).Name)
}
