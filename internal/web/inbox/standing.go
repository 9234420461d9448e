package inbox

import (
	"context"
	"net/url"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/source"
	"chop/internal/web/page"
)

// Standing is a decision and how its deed goes.
type Standing struct {
	ID, Deed  string
	Title     string
	Text, Why string
	State     string // a sentence
	Tone      page.Tone
	Icon      string
	Undo      string // address of the POST that takes it back
	Second    bool   // waits for another person
	CanSecond bool   // and this person may be it
	Withdraw  bool   // this person proposed it
	Task      bool   // a person is to do it
	TaskText  string
	TaskLink  string
	Seal      page.SealMark
	ResultURL string
	Live      bool
	Followed  *Followed
	Reached   string // when the question to the firm arrived, or who agreed
	Recall    bool   // it waits for the firm and may be taken back
}

// maxStanding is how many decisions are shown beside the advice; all stand in the history.
const maxStanding = 3

// stand fills what was decided about the mention and how it goes.
func (d Deps) stand(ctx context.Context, it *Item) error {
	m := it.M
	list, err := d.Decisions.Of(ctx, m.Firm, m.ID)
	if err != nil {
		return err
	}
	deeds, err := d.Actions.Of(ctx, m.Firm, m.ID)
	if err != nil {
		return err
	}
	outcomes, err := d.outcomesOf(ctx, m.Firm, m.ID)
	if err != nil {
		return err
	}
	can := d.can(ctx, m.Firm, m.Source)
	for i, c := range list {
		s, err := d.standing(ctx, it, c, deeds, can)
		if err != nil {
			return err
		}
		s.Followed = followed(ctx, outcomes, c)
		if s.Live && c.State == decision.Decided {
			it.Decided, it.Made = true, append(it.Made, c.Option)
		}
		if i < maxStanding && (s.Live || s.Task || i == 0) {
			it.Standings = append(it.Standings, s)
		}
		it.History = append(it.History, event(ctx, c, s))
	}
	return nil
}

func event(ctx context.Context, c decision.Decision, s Standing) page.Event {
	e := page.Event{At: c.At, Kind: page.EventDecision, Title: s.Title, Text: c.Why}
	if s.State != "" {
		e.Marks = []page.Mark{{Tone: s.Tone, Icon: s.Icon, Text: s.State}}
	}
	if c.SecondName != "" && c.Consent == "" {
		id := "inbox.second.said_yes"
		if c.State == decision.Refused {
			id = "inbox.second.said_no"
		}
		e.Text += " " + page.T(ctx, id, "Who", c.SecondName, "Why", c.SecondWhy)
	}
	return e
}

func (d Deps) standing(ctx context.Context, it *Item, c decision.Decision, deeds []action.Deed, can source.Capabilities) (s Standing, err error) {
	who := access.From(ctx)
	s = Standing{ID: c.ID, Text: c.Text, Why: c.Why, Live: c.Live(), Icon: icons[c.Option], Tone: page.Plain,
		Title: page.T(ctx, "inbox.standing", "Who", c.WhoName, "Option", optionNoun(ctx, c.Option), "At", page.When(ctx, c.At))}
	if c.Exhibit != "" && who.Holds(access.ViewEvidence, c.Firm) {
		x, err := d.Evidence.Get(ctx, c.Firm, c.Exhibit)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return s, err
		}
		if err == nil {
			s.Seal = seal(x.Code(), x.ID, c.Firm, string(x.Checked))
		}
	}
	may := who.Holds(access.Decide, c.Firm) && who.System == ""
	switch c.State {
	case decision.Second:
		s.Second, s.Withdraw = true, c.Who == who.User
		s.CanSecond = who.Holds(access.SecondPerson, c.Firm)
		s.State, s.Tone, s.Icon = page.T(ctx, "inbox.second.waits"), page.Warn, "user-check"
		return s, nil
	case decision.Consent:
		q, err := d.Decisions.Consents.Find(ctx, c.Firm, c.Consent)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return s, err
		}
		s.asked(ctx, c, q, may)
		return s, nil
	case decision.Unanswered:
		s.ended(ctx, c)
		return s, nil
	case decision.Refused:
		s.State, s.Icon = page.T(ctx, "inbox.second.refused"), "x"
		s.ended(ctx, c)
		return s, nil
	case decision.Undone:
		s.State, s.Icon = page.T(ctx, "inbox.deed.undone"), "undo-2"
		return s, nil
	}
	s.ended(ctx, c)
	deed, reversal := deedOf(c.ID, deeds)
	if deed == nil {
		s.quiet(ctx, c, may)
		return s, nil
	}
	s.Deed = deed.ID
	s.deed(ctx, *deed, reversal)
	s.task(ctx, it, *deed, may)
	if may && takesBack(*deed, reversal, can) {
		s.Undo = "/deeds/" + url.PathEscape(deed.ID) + "/undo?" + firmMention(c.Firm, c.Mention)
	}
	return s, nil
}

func firmMention(firm, m string) string { return url.Values{"firm": {firm}, "m": {m}}.Encode() }

// quiet is the line of a decision without a deed, or whose deed has not been sorted out yet.
func (s *Standing) quiet(ctx context.Context, c decision.Decision, may bool) {
	switch {
	case !c.Until.IsZero():
		s.State, s.Icon = page.T(ctx, "inbox.deed.watched", "At", page.When(ctx, c.Until)), "clock"
	case c.Option == decision.Observe:
		s.State = page.T(ctx, "inbox.deed.observed")
	case c.Option == decision.Statement:
		s.State = page.T(ctx, "inbox.deed.statement")
	default:
		s.State, s.Icon = page.T(ctx, "inbox.deed.planned"), "hourglass"
	}
	if may {
		s.Undo = "/decisions/" + url.PathEscape(c.ID) + "/undo?" + firmMention(c.Firm, c.Mention)
	}
}

// deedOf is the newest deed of a decision and the deed that takes it back.
func deedOf(id string, deeds []action.Deed) (deed, reversal *action.Deed) {
	for i := range deeds {
		if deeds[i].Decision == id && deeds[i].Reverses == "" {
			deed = &deeds[i]
			break
		}
	}
	if deed == nil || deed.Reversal == "" {
		return deed, nil
	}
	for i := range deeds {
		if deeds[i].ID == deed.Reversal {
			return deed, &deeds[i]
		}
	}
	return deed, nil
}

// deed puts the state of a deed into words.
func (s *Standing) deed(ctx context.Context, d action.Deed, reversal *action.Deed) {
	now := page.FrameFrom(ctx).Now
	s.ResultURL = outward(d.ResultURL)
	at := page.When(ctx, d.EndedAt)
	switch d.State {
	case action.Planned, action.Doing:
		s.State, s.Icon = page.T(ctx, "inbox.deed.doing"), "hourglass"
	case action.Waiting:
		s.State, s.Icon = page.T(ctx, "inbox.deed.window"), "hourglass"
		if d.Try == 0 && d.DueAt.Sub(now) > action.UndoWindow {
			s.State, s.Icon = page.T(ctx, "reply.waits", "At", page.When(ctx, d.DueAt)), "clock"
		} else if d.Try > 0 {
			s.State = page.T(ctx, "inbox.deed.patience", "At", page.When(ctx, d.DueAt))
		}
	case action.Done:
		s.State, s.Tone, s.Icon = page.T(ctx, "inbox.deed.done", "At", at), page.Good, "check"
		switch {
		case reversal != nil && !reversal.Over():
			s.State, s.Tone, s.Icon = page.T(ctx, "inbox.deed.undoing"), page.Plain, "hourglass"
		case d.Hand():
			s.State = page.T(ctx, "inbox.deed.by_hand", "At", at)
		case d.ExhibitAfter != "":
			s.State = page.T(ctx, "inbox.deed.checked", "At", at)
		}
	case action.Failed:
		s.State, s.Tone, s.Icon = page.T(ctx, "inbox.deed.failed", "Cause", cause(ctx, d)), page.Danger, "circle-alert"
	case action.Doubtful:
		s.State, s.Tone, s.Icon = page.T(ctx, "inbox.deed.doubtful"), page.Warn, "circle-help"
	case action.Undone:
		s.State, s.Icon = page.T(ctx, "inbox.deed.undone"), "undo-2"
	case action.Manual:
		s.State, s.Tone, s.Icon = page.T(ctx, "inbox.deed.task"), page.Warn, "hand"
	case action.Cancelled:
		s.State, s.Icon = page.T(ctx, "inbox.deed.cancelled"), "x"
	}
}

// cause is what went wrong, in our words, and in the place's own when it gave some.
func cause(ctx context.Context, d action.Deed) string {
	t := page.Lang(ctx)
	var kv []any
	for k, v := range d.ErrorData {
		kv = append(kv, k, v)
	}
	switch {
	case d.Error != "" && t.Has("fault."+d.Error):
		return page.T(ctx, "fault."+d.Error, kv...)
	case d.Detail != "":
		return d.Detail
	}
	return page.T(ctx, "inbox.deed.nocause")
}

// task is what a person needs to do it by hand.
func (s *Standing) task(ctx context.Context, it *Item, d action.Deed, may bool) {
	if d.State != action.Manual {
		return
	}
	s.Task, s.TaskText, s.TaskLink = may, d.Text, it.Thread.Link
	s.Why = page.T(ctx, "inbox.task."+string(d.Verb))
	if !page.Lang(ctx).Has("inbox.task." + string(d.Verb)) {
		s.Why = page.T(ctx, "inbox.task.other")
	}
}

// takesBack tells whether the deed can be taken back now; a task is given up with its own button.
func takesBack(d action.Deed, reversal *action.Deed, can source.Capabilities) bool {
	switch d.State {
	case action.Waiting:
		return true
	case action.Done:
		_, ok := decision.Back(d.Verb, can)
		return ok && !d.Hand() && reversal == nil
	}
	return false
}

// can is what the place of the mention does for us; nothing when it only watches or was removed.
func (d Deps) can(ctx context.Context, firm, id string) source.Capabilities {
	src, err := d.Sources.Find(ctx, firm, id)
	if err != nil {
		return nil
	}
	c, err := d.Sources.Registry.Find(src.Kind)
	if err != nil {
		return nil
	}
	if _, acts := c.(source.Actor); !acts {
		return nil
	}
	return c.Describe().Capabilities
}
