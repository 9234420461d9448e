package decision

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/reply"
	"chop/internal/reply/lint"
	"chop/internal/source"
)

// maxAhead is how far ahead a reply may be scheduled: later nobody remembers what it answered.
const maxAhead = 30 * 24 * time.Hour

// speaks tells whether the option puts words before the author.
func speaks(o Option) bool { return o == Reply || o == MovePrivate }

// Check reads a text that is not sent yet against everything that is known of the item (domain/decisions.md 2.4). It
// writes nothing. Needs access.ViewMentions.
func (s *Store) Check(ctx context.Context, firm, mentionID string, o Option, text string) (lint.Report, error) {
	a, err := s.weigh(ctx, firm, mentionID)
	if err != nil {
		return lint.Report{}, fmt.Errorf("check reply: %w", err)
	}
	return s.check(ctx, a, o, tidy(text))
}

// CheckIn is Check with the advice at hand. Needs access.ViewMentions.
func (s *Store) CheckIn(ctx context.Context, a Advice, o Option, text string) (lint.Report, error) {
	if err := access.Check(ctx, access.ViewMentions, a.Mention.Firm); err != nil {
		return lint.Report{}, err
	}
	return s.check(ctx, a, o, tidy(text))
}

func (s *Store) check(ctx context.Context, a Advice, o Option, text string) (lint.Report, error) {
	in, err := s.lintInput(ctx, a, o, text)
	if err != nil {
		return lint.Report{}, fmt.Errorf("check reply: %w", err)
	}
	return lint.Check(in), nil
}

// lintInput gathers what a reply is judged by.
func (s *Store) lintInput(ctx context.Context, a Advice, o Option, text string) (in lint.Input, err error) {
	m, c, who := a.Mention, a.Case, access.From(ctx)
	in = lint.Input{Text: text, Private: o == MovePrivate, Review: m.Kind == source.KindReview, Source: m.Text, Author: m.AuthorName,
		Replies: c.Replies, PileOn: c.PileOn, Arousal: c.Arousal, Truth: c.Truth, Firm: a.firmName, Known: []string{a.firmName},
		Brief:  c.Has(praise) && !c.Has(complaint, question, claim, insult),
		Lawyer: who.Firms[m.Firm] == access.Lawyer, Owner: who.Firms[m.Firm] == access.Owner, Night: night(s.DB.Now())}
	for _, t := range a.items {
		switch {
		case t.ID == m.ID:
		case t.Own:
			in.Known = append(in.Known, t.Text)
		case t.AuthorKey == m.AuthorKey && len(in.Disclosed) < mostDisclosed:
			in.Disclosed = append(in.Disclosed, t.Text)
		}
	}
	posts, err := s.Mentions.Posts(ctx, m.Firm, slices.DeleteFunc([]string{m.Post}, func(id string) bool { return id == "" }))
	if err != nil {
		return in, err
	}
	for _, p := range posts {
		in.Known = append(in.Known, p.Title, p.Text)
	}
	if s.Staff != nil {
		if in.Staff, err = s.Staff(access.With(ctx, access.System(m.Firm)), m.Firm); err != nil {
			return in, err
		}
	}
	if s.Replies == nil {
		return in, nil
	}
	return in, s.desk(ctx, m, &in)
}

// mostDisclosed bounds how many comments of the author are compared with.
const mostDisclosed = 30

// desk adds what the reply desk knows: the firm's facts, what was answered lately, and what the person typed when.
func (s *Store) desk(ctx context.Context, m mention.Mention, in *lint.Input) (err error) {
	if in.Recent, err = s.Replies.Recent(ctx, m.Firm); err != nil {
		return err
	}
	facts, err := s.Replies.Facts(ctx, m.Firm)
	if err != nil {
		return err
	}
	for _, f := range facts {
		in.Known = append(in.Known, f.Text)
	}
	d, err := s.Replies.Draft(ctx, m.Firm, m.ID)
	if err != nil {
		return err
	}
	in.Typed = len(strings.Fields(in.Text))
	if !d.TypedAt.IsZero() {
		in.Typed, in.SinceTyped = d.Typed, s.DB.Now().Sub(d.TypedAt)
	}
	return nil
}

// speak is the rule of words: what the checks block is not decided, wherever the form came from; a variable without a
// value is never sent as a brace; a night's long text rests (L17). What the checks said is kept with the decision.
func (s *Store) speak(ctx context.Context, c Choice, now Advice, w Way, d *Decision) error {
	if err := s.schedule(c, w, d); err != nil || !speaks(c.Option) || c.Text == "" {
		return err
	}
	if left := reply.Braces(c.Text); len(left) > 0 {
		return fault.New(fault.Invalid, "decision.braces", "Names", strings.Join(left, ", ")).On("text")
	}
	r, err := s.check(ctx, now, c.Option, c.Text)
	if err != nil {
		return err
	}
	if codes := r.Blocks(); len(codes) > 0 {
		return blocked(codes, r)
	}
	d.Checks = r.Findings
	if r.Has(lint.CoolDown) && w.Can {
		if rested := d.At.Add(lint.CoolDownTime); d.SendAt.Before(rested) {
			d.SendAt = rested
		}
	}
	return nil
}

// blocked is the fault that names the checks that stand in the way.
func blocked(codes []lint.Code, r lint.Report) error {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = string(c)
	}
	return fault.New(fault.Invalid, "decision.lint", "Codes", strings.Join(names, ", "), "Findings", r.Findings).On("text")
}

// schedule takes the time at which a reply is to be sent. Where a person writes it by hand there is nothing to schedule.
func (s *Store) schedule(c Choice, w Way, d *Decision) error {
	if c.SendAt.IsZero() {
		return nil
	}
	if c.Option != Reply || !w.Can || !c.SendAt.After(d.At) || c.SendAt.After(d.At.Add(maxAhead)) {
		return fault.New(fault.Invalid, "decision.send_at").On("send_at")
	}
	d.SendAt = c.SendAt
	return nil
}

// spoken tells the desk what was decided to be said.
func (s *Store) spoken(ctx context.Context, d Decision) error {
	if d.Option != Reply || s.Replies == nil {
		return nil
	}
	return s.Replies.Sent(ctx, d.Firm, d.Mention, d.Thread, d.ID, d.Text)
}

// Still tells whether a reply that waited for its time may go out now; the fault says why not: "decision.held.changed"
// (the author changed the item), "gone", "more" (they wrote more in the thread), "decided" (another decision about the item
// came after), "paused" (G16), or "decision.guard", "decision.mandate", "decision.lint". For the room that carries deeds
// out, in its transaction.
func (s *Store) Still(ctx context.Context, d Decision) (trouble, err error) {
	if d.SendAt.IsZero() || !speaks(d.Option) {
		return nil, nil
	}
	held := func(what string) error { return fault.New(fault.Conflict, "decision.held."+what) }
	now, err := s.weigh(ctx, d.Firm, d.Mention)
	switch {
	case err != nil:
		return nil, err
	case now.Mention.Revision != d.Revision:
		return held("changed"), nil
	case !now.Mention.Visible():
		return held("gone"), nil
	}
	for _, t := range now.items {
		if t.AuthorKey == d.Author && t.ID != d.Mention && !t.Own && t.SeenAt.After(d.At) {
			return held("more"), nil
		}
	}
	list, err := s.query(ctx, `firm_id = $1 AND mention_id = $2 AND n > $3`, "", d.Firm, d.Mention, d.N)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(list, func(x Decision) bool { return x.Live() && x.State == Decided }) {
		return held("decided"), nil
	}
	if paused, err := s.Paused(ctx, d.Firm); err != nil || paused {
		return held("paused"), err
	}
	c := now.Case
	c.Replies = max(0, c.Replies-1) // it counts itself
	if g := guardOf(c, d.Option); g != "" {
		return fault.New(fault.Forbidden, "decision.guard", "Guard", g, "Option", string(d.Option)), nil
	}
	if AuthorityFor(c, d.Option, now.settings).Level == Forbidden {
		return fault.New(fault.Forbidden, "decision.mandate", "Option", string(d.Option)), nil
	}
	now.Case = c
	r, err := s.check(ctx, now, d.Option, d.Text)
	if err != nil {
		return nil, err
	}
	if codes := r.Blocks(); len(codes) > 0 {
		return blocked(codes, r), nil
	}
	return nil, nil
}

func encodeChecks(list []lint.Finding) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("write checks: %w", err)
	}
	return string(raw), nil
}

// wish is what the journal keeps of a refused wish.
func wish(c Choice, f *fault.Error) map[string]string {
	data := map[string]string{"option": string(c.Option)}
	if f.Code == "decision.lint" {
		data["checks"] = fmt.Sprint(f.Data["Codes"])
	} else {
		data["guard"] = fmt.Sprint(f.Data["Guard"])
	}
	return data
}
