package cases

import (
	"context"
	"maps"
	"slices"
	"strings"

	"chop/internal/crisis"
	"chop/internal/evidence"
	"chop/internal/web/groups"
	"chop/internal/web/page"
)

// filters of the timeline.
var filters = []string{"all", "decisions", "deeds", "evidence", "alerts", "notes", "tasks", "people"}

// shownLines is how much of the timeline is shown until somebody asks for all.
const shownLines = 40

// story tells what happened, newest first, with the exhibits in between, and puts the dots under the pulse.
func (d Deps) story(ctx context.Context, v *View) error {
	list, err := d.Cases.Timeline(ctx, v.Case.Firm, v.Case.ID)
	if err != nil {
		return err
	}
	if err := d.words(ctx, v); err != nil {
		return err
	}
	var all []told
	for _, e := range list {
		x := v.event(ctx, e)
		if v.Filter == "all" || v.Filter == filterOf(e.What, x.Kind) {
			x.Shown = true
		}
		all = append(all, x)
	}
	for _, e := range gathered(v.Exhibits) {
		x := told{Event: sealed(ctx, e), Shown: v.Filter == "all" || v.Filter == "evidence"}
		all = append(all, x)
	}
	slices.SortStableFunc(all, func(a, b told) int { return b.At.Compare(a.At) })
	for _, e := range all {
		if e.Kind == page.EventSeal || e.Kind == page.EventAct || e.Kind == page.EventDecision {
			v.Pulse.Marks = append(v.Pulse.Marks, page.PulseMark{At: e.At, Kind: e.Kind, Text: page.Lang(ctx).Clock(e.At) + " " + e.Title})
		}
		if e.Shown {
			v.Events = append(v.Events, e.Event)
		}
	}
	if n := len(v.Events) - shownLines; n > 0 && !v.Long {
		v.Room.More, v.Events = n, v.Events[:shownLines]
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

// told is a line of the timeline, and whether the filter shows it.
type told struct {
	page.Event
	Shown bool
}

func filterOf(what string, k page.EventKind) string {
	first, _, _ := strings.Cut(what, ".")
	switch first {
	case "note":
		return "notes"
	case "task":
		return "tasks"
	case "opened", "item", "acked", "late", "again", "call", "solved", "pulse":
		return "alerts"
	case "told", "owner_knows", "promised", "word_sent", "handed", "took", "watched", "unwatched", "accepted":
		return "people"
	}
	switch k {
	case page.EventDecision:
		return "decisions"
	case page.EventAct, page.EventCall:
		return "deeds"
	}
	return ""
}

// title is what happened, in the language of the request.
func title(ctx context.Context, e crisis.Event, facts map[string]string) string {
	id := "timeline." + e.What
	if !page.Lang(ctx).Has(id) {
		return e.What
	}
	var kv []any
	for k, x := range facts {
		kv = append(kv, k, x)
	}
	return page.T(ctx, id, kv...)
}

// event is a line of the timeline as this person may see it: other people's words stay with those who may see mentions.
func (v View) event(ctx context.Context, e crisis.Event) told {
	out := told{Event: page.Event{At: e.At, Kind: kindOf(e.What)}}
	facts := e.Facts
	if !v.Read && facts["excerpt"] != "" {
		facts = maps.Clone(facts)
		facts["excerpt"] = ""
	}
	out.Title = title(ctx, e, facts)
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
		out.Inside = m.Text.Show()
		out.Marks = []page.Mark{{Tone: page.Line, Icon: "eye-off", Text: page.T(ctx, "cases.inside")}}
	}
	if t := v.Room.texts[e.Ref.ID]; t != "" && e.Ref.Kind == "task" {
		out.Text = strings.TrimSuffix(t+". "+out.Text, ". ")
	}
	if e.Ref.Kind == "group" {
		out.More = page.Pair{Name: page.T(ctx, "groups.of.case.see"), Value: groups.At(v.Case.Firm, e.Ref.ID)}
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
	case "told", "call", "owner_knows":
		return page.EventCall
	case "opened", "item", "late", "again", "pulse":
		return page.EventAlert
	case "note", "linked", "unlinked", "task", "handed", "took", "watched", "unwatched", "related", "unrelated", "promised", "word_sent":
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
