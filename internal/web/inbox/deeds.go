package inbox

import (
	"context"
	"net/http"
	"net/url"

	"chop/internal/action"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// back is the filter a form was sent from.
func back(r *http.Request) Query {
	v, err := url.ParseQuery(r.PostFormValue("back"))
	if err != nil {
		v = url.Values{}
	}
	q := read(v)
	q.Firm = page.FrameFrom(r.Context()).Firm
	return q
}

// next is the mention that waits after this one in the list the person came from, "" when none does.
func (d Deps) next(ctx context.Context, q Query, m string) (string, error) {
	f := q.filter(mention.Open)
	f.Limit = shown
	list, err := d.Mentions.List(ctx, f)
	if err != nil {
		return "", err
	}
	first, passed := "", false
	for _, x := range list {
		switch {
		case x.ID == m:
			passed = true
		case x.Status != mention.Open:
		case passed:
			return x.ID, nil
		case first == "":
			first = x.ID
		}
	}
	return first, nil
}

// decide records a decision about one mention and goes on to the next that waits.
func (d Deps) decide(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	m, err := d.Mentions.Locate(ctx, r.PathValue("m"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	q := back(r)
	s := Slip{Ask: decision.Option(r.PostFormValue("option")), Text: r.PostFormValue("text"), Why: r.PostFormValue("why"), Until: r.PostFormValue("until"),
		Send: r.PostFormValue("send"), SendAt: r.PostFormValue("send_at")}
	c := decision.Choice{Firm: m.Firm, Mention: m.ID, Option: s.Ask, Text: s.Text, Why: s.Why, Shown: r.PostFormValue("shown"), AskOwner: r.PostFormValue("ask_owner") != ""}
	next, err := d.next(ctx, q, m.ID)
	if err == nil {
		c.Until, err = macro.Until(s.Until, page.FrameFrom(ctx).Now)
	}
	if err == nil && s.Send != "" {
		c.SendAt, err = sendAt(s.Send, s.SendAt, page.FrameFrom(ctx).Now)
	}
	var made decision.Decision
	if err == nil {
		made, err = d.Decisions.Decide(ctx, c)
	}
	if err != nil {
		s.Err = err
		d.again(w, r, m, q, s)
		return
	}
	session.Flash(w, r, flash(ctx, m, made, r.PostFormValue("hand") != ""))
	if r.PostFormValue("hand") != "" && made.State == decision.Decided {
		next = m.ID // the task is told there
	}
	http.Redirect(w, r, q.at(next), http.StatusSeeOther)
}

// again shows the page with what was wrong and what was typed; faults that no form can mend get their own page.
func (d Deps) again(w http.ResponseWriter, r *http.Request, m mention.Mention, q Query, s Slip) {
	f := faultOf(s.Err)
	if f == nil || f.Kind == fault.Internal || f.Kind == fault.NotFound || f.Code == "forbidden" {
		session.Fail(w, r, s.Err)
		return
	}
	d.render(w, r, q, m.ID, s, session.Status(s.Err))
}

func flash(ctx context.Context, m mention.Mention, c decision.Decision, hand bool) page.Flash {
	f := page.Flash{Text: page.T(ctx, "inbox.done."+string(c.Option), "Author", authorName(ctx, m)),
		Undo: "/decisions/" + url.PathEscape(c.ID) + "/undo?" + firmMention(m.Firm, m.ID)}
	switch {
	case c.State == decision.Consent:
		f.Text, f.Undo = page.T(ctx, "inbox.done.asked"), ""
	case c.State == decision.Second:
		f.Text, f.Undo, f.Sub = page.T(ctx, "inbox.done.second", "Option", optionNoun(ctx, c.Option)), "", page.T(ctx, "inbox.done.second.sub")
	case !c.SendAt.IsZero():
		f.Text = page.T(ctx, "reply.done.later", "At", page.When(ctx, c.SendAt))
	case !c.Until.IsZero():
		f.Text = page.T(ctx, "inbox.done.snooze", "At", page.When(ctx, c.Until))
	case hand:
		f.Sub = page.T(ctx, "inbox.done.hand")
	case c.Option != decision.Observe && c.Option != decision.Statement:
		f.Sub = page.T(ctx, "inbox.done.window")
	}
	return f
}

// answer keeps a fact that only a person can know; the advice is weighed anew.
func (d Deps) answer(w http.ResponseWriter, r *http.Request) {
	m, err := d.Mentions.Locate(r.Context(), r.PathValue("m"))
	if err == nil {
		err = d.Decisions.Answer(r.Context(), m.Firm, m.ID, r.PostFormValue("field"), r.PostFormValue("value"))
	}
	d.stay(w, r, m.ID, err, "inbox.done.fact")
}

// seal takes proof of the mention now.
func (d Deps) seal(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	m, err := d.Mentions.Locate(ctx, r.PathValue("m"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	x, err := d.Mentions.Preserve(ctx, d.Evidence, m.Firm, m.ID, "person")
	if err == nil {
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "inbox.done.seal", "Number", x.Code())})
	}
	d.stay(w, r, m.ID, err, "")
}

// stay answers a deed that leaves the person where they are.
func (d Deps) stay(w http.ResponseWriter, r *http.Request, m string, err error, done string) {
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	if done != "" {
		session.Flash(w, r, page.Flash{Text: page.T(r.Context(), done)})
	}
	http.Redirect(w, r, back(r).at(m), http.StatusSeeOther)
}

// confirm and refuse are the other person's answer. The firm comes with the form; the stores check it.
func (d Deps) confirm(w http.ResponseWriter, r *http.Request) {
	d.second(w, r, d.Decisions.Confirm, "inbox.done.confirmed")
}

func (d Deps) refuse(w http.ResponseWriter, r *http.Request) {
	d.second(w, r, d.Decisions.Refuse, "inbox.done.refused")
}

func (d Deps) second(w http.ResponseWriter, r *http.Request, verb func(ctx context.Context, firm, id, why string) error, done string) {
	ctx := r.Context()
	c, err := d.Decisions.Find(ctx, r.FormValue("firm"), r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	err = verb(ctx, c.Firm, c.ID, r.PostFormValue("why"))
	if f := faultOf(err); f != nil && (f.Kind == fault.Invalid || f.Kind == fault.Conflict) {
		m, found := d.Mentions.Find(ctx, c.Firm, c.Mention)
		if found != nil {
			session.Fail(w, r, found)
			return
		}
		d.again(w, r, m, back(r), Slip{Err: err, Why: r.PostFormValue("why")})
		return
	}
	d.stay(w, r, c.Mention, err, done)
}

// undoDecision takes a decision back; when its deed has begun, the deed.
func (d Deps) undoDecision(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	c, err := d.Decisions.Find(ctx, r.FormValue("firm"), r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	deeds, err := d.Actions.ByDecision(ctx, c.Firm, c.ID)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	deed, _ := deedOf(c.ID, deeds)
	if deed == nil {
		err = d.Decisions.Undo(ctx, c.Firm, c.ID, r.PostFormValue("why"))
		d.undone(w, r, c.Mention, err, "inbox.done.undone")
		return
	}
	d.takeBack(w, r, *deed)
}

func (d Deps) undoDeed(w http.ResponseWriter, r *http.Request) {
	deed, err := d.Actions.Find(r.Context(), r.FormValue("firm"), r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	d.takeBack(w, r, deed)
}

func (d Deps) takeBack(w http.ResponseWriter, r *http.Request, deed action.Deed) {
	b, err := d.Actions.Undo(r.Context(), deed.Firm, deed.ID, r.PostFormValue("why"))
	done := "inbox.done.undone"
	if err == nil && b.Reverses != "" {
		done = "inbox.done.undoing"
	}
	d.undone(w, r, deed.Mention, err, done)
}

// undone tells calmly when it was too late: what happened meanwhile stands on the page.
func (d Deps) undone(w http.ResponseWriter, r *http.Request, m string, err error, done string) {
	if fault.Is(err, fault.Conflict) {
		session.Flash(w, r, page.Flash{Text: page.FaultText(r.Context(), err)})
		err, done = nil, ""
	}
	d.stay(w, r, m, err, done)
}

func (d Deps) taskDone(w http.ResponseWriter, r *http.Request) {
	d.task(w, r, func(ctx context.Context, firm, id string) error {
		return d.Actions.TaskDone(ctx, firm, id, r.PostFormValue("why"))
	}, "inbox.done.task")
}

func (d Deps) taskDropped(w http.ResponseWriter, r *http.Request) {
	d.task(w, r, func(ctx context.Context, firm, id string) error {
		return d.Actions.TaskDropped(ctx, firm, id, r.PostFormValue("why"))
	}, "inbox.done.dropped")
}

func (d Deps) task(w http.ResponseWriter, r *http.Request, verb func(ctx context.Context, firm, id string) error, done string) {
	ctx := r.Context()
	deed, err := d.Actions.Find(ctx, r.FormValue("firm"), r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	err = verb(ctx, deed.Firm, deed.ID)
	if f := faultOf(err); f != nil && (f.Kind == fault.Invalid || f.Kind == fault.Conflict) {
		m, found := d.Mentions.Find(ctx, deed.Firm, deed.Mention)
		if found != nil {
			session.Fail(w, r, found)
			return
		}
		d.again(w, r, m, back(r), Slip{Err: err, Why: r.PostFormValue("why")})
		return
	}
	d.stay(w, r, deed.Mention, err, done)
}
