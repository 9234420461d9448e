package cases

import (
	"context"
	"slices"
	"strings"

	"chop/internal/crisis"
	"chop/internal/evidence"
	"chop/internal/web/page"
)

// filters of the timeline.
var filters = []string{"all", "decisions", "deeds", "evidence"}

// story tells what happened, newest first, with the exhibits in between, and puts the dots under the pulse.
func (d Deps) story(ctx context.Context, v *View) error {
	list, err := d.Cases.Timeline(ctx, v.Case.Firm, v.Case.ID)
	if err != nil {
		return err
	}
	if err := d.words(ctx, v); err != nil {
		return err
	}
	var all []page.Event
	for _, e := range list {
		all = append(all, v.event(ctx, e))
	}
	for _, e := range gathered(v.Exhibits) {
		all = append(all, sealed(ctx, e))
	}
	slices.SortStableFunc(all, func(a, b page.Event) int { return b.At.Compare(a.At) })
	for _, e := range all {
		if e.Kind == page.EventSeal || e.Kind == page.EventAct || e.Kind == page.EventDecision {
			v.Pulse.Marks = append(v.Pulse.Marks, page.PulseMark{At: e.At, Kind: e.Kind, Text: page.Lang(ctx).Clock(e.At) + " " + e.Title})
		}
		if v.Filter == "all" || v.Filter == filterOf(e.Kind) {
			v.Events = append(v.Events, e)
		}
	}
	return nil
}

// words loads the internal notes for those who work on the case; others see that there is one.
func (d Deps) words(ctx context.Context, v *View) error {
	if !v.Work {
		return nil
	}
	list, err := d.Cases.Memos(ctx, v.Case.Firm, v.Case.ID)
	v.memos = map[string]crisis.Memo{}
	for _, m := range list {
		v.memos[m.ID] = m
	}
	return err
}

func filterOf(k page.EventKind) string {
	switch k {
	case page.EventDecision:
		return "decisions"
	case page.EventAct, page.EventCall:
		return "deeds"
	case page.EventSeal:
		return "evidence"
	}
	return ""
}

// event is a line of the timeline as this person may see it: other people's words stay with those who may see mentions.
func (v View) event(ctx context.Context, e crisis.Event) page.Event {
	out := page.Event{At: e.At, Kind: kindOf(e.What)}
	var kv []any
	for k, x := range e.Facts {
		if k == "excerpt" && !v.Read {
			x = ""
		}
		kv = append(kv, k, x)
	}
	out.Title = e.What
	if id := "timeline." + e.What; page.Lang(ctx).Has(id) {
		out.Title = page.T(ctx, id, kv...)
	}
	if e.Who != "" {
		out.Title += " · " + e.Who
	}
	out.Text = e.Facts["why"]
	if out.Text == "" && v.Read && e.Ref.Kind == "mention" {
		out.Text = e.Facts["excerpt"]
		if v.veiled[e.Ref.ID] {
			out.Text = page.T(ctx, "shell.row.veiled")
		}
	}
	if m, ok := v.memos[e.Ref.ID]; ok && e.Ref.Kind == "note" {
		out.Text = m.Text.Show()
	}
	if e.Ref.Kind == "mention" && v.Read {
		out.More = page.Pair{Name: page.T(ctx, "cases.item.see"), Value: "/inbox?m=" + e.Ref.ID}
	}
	return out
}

// kindOf is the sign of what happened; decisions and deeds name themselves in front of the first dot.
func kindOf(what string) page.EventKind {
	first, _, _ := strings.Cut(what, ".")
	switch first {
	case "deed":
		return page.EventAct
	case "opened", "item":
		return page.EventAlert
	case "note", "linked", "unlinked":
		return page.EventNote
	}
	return page.EventDecision
}

// gathered puts exhibits of the same minute together: a sealed thread is one line, not sixty.
func gathered(es []evidence.Exhibit) (out [][]evidence.Exhibit) {
	for _, e := range es {
		n := len(out) - 1
		if n >= 0 && out[n][0].At.Truncate(60e9).Equal(e.At.Truncate(60e9)) {
			out[n] = append(out[n], e)
			continue
		}
		out = append(out, []evidence.Exhibit{e})
	}
	return out
}

func sealed(ctx context.Context, es []evidence.Exhibit) page.Event {
	e := page.Event{At: es[0].At, Kind: page.EventSeal, Title: page.N(ctx, "cases.sealed", len(es))}
	for i, x := range es {
		if i == 4 {
			e.Text = page.T(ctx, "cases.sealed.more", "N", page.Int(ctx, len(es)-i))
			break
		}
		e.Seals = append(e.Seals, sealMark(x))
	}
	return e
}
