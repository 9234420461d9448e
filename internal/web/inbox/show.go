package inbox

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/mention"
	"chop/internal/web/page"
)

// mode is which of list and item a phone shows.
func (v View) mode() string {
	if v.Asked {
		return "item"
	}
	return "list"
}

// source is the address the regions refresh from: it names the open mention, so that a newcomer on top of the list
// never changes what the person is looking at.
func (v View) source() string {
	if v.Item == nil {
		return v.Q.at("")
	}
	if v.Item.Thread.Reader {
		return v.Q.at(v.Item.M.ID, "reader", "on")
	}
	return v.Q.at(v.Item.M.ID)
}

func (v View) number(ctx context.Context) string {
	if v.More && !v.Q.plain() {
		return page.Int(ctx, shown) + "+"
	}
	return page.Int(ctx, v.Count)
}

// ownChips are the labels with a chip of their own above every list.
var ownChips = []classify.Label{classify.Question, classify.Complaint, classify.Praise}

// narrowing are the chips of the labels that narrow the list, none when a chip above says so already.
func (v View) narrowing(ctx context.Context) []page.Choice {
	if v.Q.Not == "" && slices.Contains(ownChips, classify.Label(v.Q.Label)) {
		return nil
	}
	return narrowing(ctx, v.Q, func(q Query) string { return q.at("") })
}

func (v Search) narrowing(ctx context.Context) []page.Choice {
	return narrowing(ctx, v.Q, Query.searched)
}

func joined(names []string) string {
	if len(names) > 4 {
		names = append(names[:4:4], "…")
	}
	return strings.Join(names, ", ")
}

func marked(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": "true"}
}

func ask(a page.Act) templ.Attributes {
	if a.Dialog == "" {
		return nil
	}
	return templ.Attributes{"data-ask": a.Dialog, "aria-haspopup": "dialog"}
}

func (it *Item) clock() bool { return it.M.Status == mention.Open && !it.M.DueAt.IsZero() }

// postName is whose post it is: the firm's own, as far as we know.
func (it *Item) postName() string {
	if it.Thread.Firm != "" {
		return it.Thread.Firm
	}
	return page.ChannelName(it.Thread.Channel)
}

func (it *Item) path(deed string) string { return "/inbox/" + it.M.ID + "/" + deed }

// main is the one deed of the bar at the bottom of a phone.
func (it *Item) main() (page.Act, bool) {
	if !it.Advised || len(it.Advice.First) == 0 || it.Decided {
		return page.Act{}, false
	}
	return it.Advice.First[0], true
}

// asked is the form that stands open in the pane: the one with a mistake, or the one asked for without script.
func (it *Item) asked() (Form, bool) {
	for _, f := range it.Advice.Forms {
		if f.Option == it.Slip.Ask {
			return f, true
		}
	}
	return Form{}, false
}

// typed is what the person wrote in the form of this option before, or what stands there at first.
func (it *Item) typed(o decision.Option, before, first string) string {
	if it.Slip.Ask == o && it.Slip.Err != nil {
		return before
	}
	return first
}

func (it *Item) wrong(ctx context.Context, o decision.Option, field string) string {
	if it.Slip.Ask != o {
		return ""
	}
	return page.FieldError(ctx, it.Slip.Err, field)
}

func (it *Item) replyHint(ctx context.Context, f Form) string {
	if f.NoteMax > 0 {
		return page.T(ctx, "inbox.reply.max", "Max", page.Int(ctx, f.NoteMax))
	}
	return page.T(ctx, "inbox.reply.hint")
}

func (it *Item) sealCaption(ctx context.Context) string {
	if it.Seal.Number != "" {
		return page.T(ctx, "inbox.seal.again", "Number", it.Seal.Number)
	}
	return page.T(ctx, "inbox.seal.first")
}

func (a Advice) replyAdvised() bool {
	for _, x := range a.First {
		if x.Icon == icons[decision.Reply] {
			return true
		}
	}
	return false
}

// snoozeMin is how long the reason for waiting is: watching may be what was advised.
func (a Advice) snoozeMin() int {
	if a.Best == decision.Observe {
		return minWhy
	}
	return minDiffer
}

// picked are the attributes of a label's box: its key and the severity it brings.
func (c LabelChoice) picked() templ.Attributes {
	return templ.Attributes{"data-pick": c.Key, "data-gravity": strconv.Itoa(c.Gravity)}
}

// relabelling opens the window of the correction; where its form stands open in the pane already, the link leads there.
func relabelling(it *Item) templ.Attributes {
	if it.Labels.Open {
		return nil
	}
	return templ.Attributes{"data-ask": "relabel", "aria-haspopup": "dialog"}
}

// replyText is what stands in the reply: what the person typed, here or before.
func (it *Item) replyText() string {
	if it.Desk != nil {
		return it.Desk.Text
	}
	return it.typed(decision.Reply, it.Slip.Text, "")
}

// checking tells the script where to ask for the checks.
func (it *Item) checking() templ.Attributes {
	if it.Desk == nil {
		return nil
	}
	return templ.Attributes{"data-check": it.path("check")}
}

// first is what stands in the note of an option before anybody typed.
func (it *Item) first(ctx context.Context, o decision.Option) string {
	if o == decision.MovePrivate {
		return it.opener(ctx)
	}
	return ""
}

func (m Meter) tone() string {
	if m.Publish {
		return ""
	}
	return "a"
}
