package owner

import (
	"context"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/group"
	"chop/internal/web/cases"
	"chop/internal/web/groups"
	"chop/internal/web/page"
)

// cases are the open matters in plain words.
func (d Deps) cases(ctx context.Context, v *View) error {
	list, err := d.Cases.List(ctx, v.Firm.ID, true)
	if err != nil {
		return err
	}
	for _, c := range list[:min(len(list), shownCases)] {
		icon := "folder-open"
		if c.Status == crisis.Contained {
			icon = "circle-check"
		}
		l := Line{Icon: icon, At: c.LastAt, Href: "/cases/" + c.ID, Text: cases.Title(ctx, c) + ". " + page.T(ctx, "owner.case."+string(c.Status))}
		if l.Says, err = d.summary(ctx, c); err != nil {
			return err
		}
		v.Doing = append(v.Doing, l)
	}
	return nil
}

// summary is the matter in a few sentences, for those who may read what was written.
func (d Deps) summary(ctx context.Context, c crisis.Case) (says []string, err error) {
	if !access.From(ctx).Holds(access.ViewMentions, c.Firm) {
		return nil, nil
	}
	x, err := d.Cases.Situation(ctx, c.Firm, c.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range crisis.Summary(x, page.Lang(ctx)) {
		says = append(says, page.Typo(s))
	}
	return says, nil
}

var deedIcons = map[decision.Option]string{decision.Reply: "reply", decision.MovePrivate: "mail", decision.Hide: "eye-off", decision.Delete: "trash-2",
	decision.Block: "user-x", decision.Report: "flag", decision.EscalateLegal: "scale", decision.Statement: "megaphone"}

// deeds are what was done in the last day, counted: the report of the same day that the authority matrix owes the firm.
func (d Deps) deeds(ctx context.Context, v *View) error {
	if !access.From(ctx).Holds(access.ViewMentions, v.Firm.ID) {
		return nil
	}
	list, err := d.Decisions.List(ctx, decision.Filter{Firm: v.Firm.ID, State: decision.Decided, Limit: 500})
	if err != nil {
		return err
	}
	since := page.FrameFrom(ctx).Now.Add(-today)
	counts, last := map[decision.Option]int{}, map[decision.Option]time.Time{}
	for _, x := range list {
		if x.At.Before(since) || !x.Live() || x.Outcome == decision.ByHand {
			continue
		}
		counts[x.Option]++
		if x.At.After(last[x.Option]) {
			last[x.Option] = x.At
		}
	}
	for _, o := range decision.Options {
		if n := counts[o]; n > 0 && deedIcons[o] != "" {
			v.Doing = append(v.Doing, Line{Icon: deedIcons[o], At: last[o], Text: page.N(ctx, "owner.did."+string(o), n)})
		}
	}
	return nil
}

// groups are what is known of accounts that act together, said calmly: only what is organised, and never who.
func (d Deps) groups(ctx context.Context, v *View) error {
	if d.Groups == nil || !access.From(ctx).Holds(access.ViewGroups, v.Firm.ID) {
		return nil
	}
	list, err := d.Groups.List(ctx, v.Firm.ID, false)
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.Level >= group.Organised && !g.Faded() {
			v.Doing = append(v.Doing, Line{Icon: "waypoints", At: g.Changed, Href: groups.At(g.Firm, g.ID),
				Text: page.N(ctx, "groups.owner."+string(g.State), len(g.Accounts(false)))})
		}
	}
	return nil
}
