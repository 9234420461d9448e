package exhibits

import (
	"context"
	"fmt"
	"strings"

	"chop/internal/evidence"
	"chop/internal/journal"
	"chop/internal/web/page"
)

func sealOf(e evidence.Exhibit, href string) page.SealMark {
	m := page.SealMark{Number: e.Code(), Href: href, State: page.SealDone}
	switch standing(e) {
	case evidence.Waits:
		m.State = page.SealWait
	case evidence.Fails, evidence.Gone:
		m.State = page.SealBad
	}
	return m
}

var stateLooks = map[evidence.State]page.Mark{
	evidence.Holds: {Tone: page.Good, Icon: "circle-check"},
	evidence.Waits: {Tone: page.Line, Icon: "hourglass"},
	evidence.Fails: {Tone: page.Danger, Icon: "triangle-alert"},
	evidence.Gone:  {Tone: page.Line, Icon: "circle-minus"},
}

// stateMark says how the seal stands and when that was last recomputed.
func stateMark(ctx context.Context, e evidence.Exhibit) page.Mark {
	s := standing(e)
	m := stateLooks[s]
	m.Text = page.T(ctx, "exhibits.state."+string(s))
	return m
}

func checked(ctx context.Context, e evidence.Exhibit) string {
	if e.CheckedAt.IsZero() {
		return page.T(ctx, "exhibits.checked.never")
	}
	return page.T(ctx, "exhibits.checked", "At", page.When(ctx, e.CheckedAt))
}

// about says what an exhibit shows, by the kind of the thing.
func about(ctx context.Context, kind string) string {
	if id := "exhibits.of." + kind; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return kind
}

func cause(ctx context.Context, code string) string {
	if id := "exhibits.cause." + code; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return code
}

func title(ctx context.Context, e evidence.Exhibit) string {
	switch {
	case !e.Removed.IsZero():
		return page.T(ctx, "exhibits.gone")
	case e.Forgotten:
		return page.T(ctx, "exhibits.forgotten")
	case e.Unread:
		return page.T(ctx, "exhibits.unread")
	}
	return e.Title
}

// custody is the chain of custody as a timeline, newest first.
func custody(ctx context.Context, lines []journal.Line) []page.Event {
	var out []page.Event
	for i := len(lines) - 1; i >= 0; i-- {
		l := lines[i]
		e := page.Event{At: l.At, Kind: page.EventNote, Title: l.Name, Text: l.Verb}
		if id := "journal." + l.Verb; page.Lang(ctx).Has(id) {
			e.Text = page.T(ctx, id)
		}
		if l.Why != "" {
			e.Text += ": " + l.Why
		}
		if l.Verb == "exhibit.preserved" {
			e.Kind = page.EventSeal
		}
		out = append(out, e)
	}
	return out
}

var checkLooks = map[evidence.State][2]string{evidence.Holds: {"ok", "check"}, evidence.Waits: {"warn", "hourglass"}, evidence.Fails: {"stop", "triangle-alert"}}

// answer is the receipt in one sentence.
func answer(ctx context.Context, rc evidence.Receipt) string {
	return page.T(ctx, "exhibits.answer."+string(rc.State), "Code", rc.Code)
}

func noteOf(s evidence.State) page.NoteKind {
	switch s {
	case evidence.Holds:
		return page.NoteCalm
	case evidence.Fails:
		return page.NoteStop
	}
	return page.NoteInfo
}

func size(ctx context.Context, n int64) string {
	switch {
	case n >= 1<<20:
		return page.Int(ctx, int(n>>20)) + " MB"
	case n >= 1<<10:
		return page.Int(ctx, int(n>>10)) + " kB"
	}
	return page.Int(ctx, int(n)) + " B"
}

// metaName is the name of a piece of a capture's data; one without a name shows its key.
func metaName(ctx context.Context, key string) string {
	if id := "exhibits.meta." + key; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return key
}

// metaValue is a value of the program's own in words; anything else stands as it was captured.
func metaValue(ctx context.Context, key, value string) string {
	if id := "exhibits.value." + key + "." + dashed(value); page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return value
}

// dashed turns a sentence of the program's own into the end of a message's name.
func dashed(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }), "-")
}

// limit is a known defect of the capture; those that the program itself writes have a message.
func limit(ctx context.Context, s string) string {
	id := "exhibits.limit." + dashed(s)
	if page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return s
}

// silence is what no exhibit says, whoever asks.
var silence = []string{"exhibits.not.who", "exhibits.not.true", "exhibits.not.seen", "exhibits.not.before"}

// headline counts the exhibits and those that still wait.
func headline(ctx context.Context, t evidence.Tally) string {
	if t.All == 0 {
		return page.T(ctx, "exhibits.head")
	}
	s := page.N(ctx, "exhibits.tally", t.All)
	if t.Waiting > 0 {
		s += ", " + page.N(ctx, "exhibits.tally.waits", t.Waiting)
	}
	return s
}

func holdsWord(r evidence.Report) string {
	if r.Holds() {
		return "holds"
	}
	return "fails"
}

func wholeNote(r evidence.Report) page.NoteKind {
	if r.Holds() {
		return page.NoteCalm
	}
	return page.NoteStop
}

func wholeIcon(r evidence.Report) string { return stateLooks[evidence.State(holdsWord(r))].Icon }

// troubles is what a verification of everything found, a sentence each.
func troubles(ctx context.Context, r evidence.Report) (list []string) {
	var broken, missing []string
	for _, f := range r.Failed {
		broken = append(broken, f.Code)
	}
	for _, n := range r.Missing {
		missing = append(missing, fmt.Sprintf("D-%03d", n))
	}
	if len(broken) > 0 {
		list = append(list, page.T(ctx, "exhibits.all.broken", "Codes", strings.Join(broken, ", ")))
	}
	if len(missing) > 0 {
		list = append(list, page.T(ctx, "exhibits.all.missing", "Codes", strings.Join(missing, ", ")))
	}
	if len(r.Unknown) > 0 {
		list = append(list, page.T(ctx, "exhibits.all.unknown", "N", page.Int(ctx, len(r.Unknown))))
	}
	if !r.Ledger.Holds() {
		list = append(list, page.T(ctx, "exhibits.all.ledger"))
	}
	return list
}
