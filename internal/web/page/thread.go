package page

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/a-h/templ"

	"chop/internal/classify"
	"chop/internal/lang"
)

// Comment is one item of a thread: as readers see it, plus our marks.
type Comment struct {
	ID       string // id of the element; must be safe as an id
	Author   string
	Text     string
	Pieces   []Piece // when given, shown in place of Text: the same with marks
	Edits    []Edit  // when given, shown in place of Text
	At       time.Time
	Stars    int // of a review, 0 for none
	Channel  string
	Labels   []classify.Label
	Why      string // address where the labels are explained, "" for none
	Into     string // ids that following Why swaps
	Marks    []Mark // anything else: edited, hidden, group
	Seals    []SealMark
	Clock    ClockFace // zero for none
	Reply    bool      // answers the one above
	Firm     bool      // written by the firm
	Hostile  bool
	Deleted  bool // gone from the place, kept by us
	Gone     bool // hidden from readers
	Selected bool
	Context  bool // the parent of the selected one
	Veiled   bool // distressing: blurred until somebody asks for it
}

// body is the text as it is shown.
func (c Comment) body() []Piece {
	if len(c.Pieces) > 0 {
		return c.Pieces
	}
	return []Piece{{Text: c.Text}}
}

// Piece is a stretch of a text, marked when it speaks for labels.
type Piece struct {
	Text   string
	Labels []classify.Label
}

const quietMark = "hl hl-1"

// mark is the class of a piece's mark: three kinds that differ by line as well as by colour.
func (p Piece) mark() string {
	kind := quietMark
	for _, l := range p.Labels {
		switch labelLooks[l].tone {
		case Danger:
			return "hl hl-4"
		case Warn:
			kind = "hl"
		}
	}
	return kind
}

// Loud tells whether the mark stands for a label of danger or warning.
func (p Piece) Loud() bool { return len(p.Labels) > 0 && p.mark() != quietMark }

func (p Piece) says(ctx context.Context) string {
	names := make([]string, len(p.Labels))
	for i, l := range p.Labels {
		names[i] = LabelName(ctx, l)
	}
	return strings.Join(names, ", ")
}

// Marked is a text with its marks; the style sheet reads a mark's title out to those who do not see its line. It is written
// by hand: between two letters of a word there is no room for the white space of a template.
func Marked(ps []Piece) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		var b strings.Builder
		for _, p := range ps {
			if len(p.Labels) == 0 {
				b.WriteString(templ.EscapeString(p.Text))
				continue
			}
			b.WriteString(`<mark class="` + p.mark() + `" title="` + templ.EscapeString(p.says(ctx)) + `">` + templ.EscapeString(p.Text) + `</mark>`)
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// Edit is a piece of a text that was changed.
type Edit struct {
	Text string
	Old  bool // was there before
	New  bool // came later
}

func (c Comment) class() string {
	on := []string{"cm"}
	for _, k := range []struct {
		yes  bool
		name string
	}{{c.Reply, "cm-r"}, {c.Firm, "cm-firm"}, {c.Hostile, "cm-host"}, {c.Deleted, "cm-del"}, {c.Selected, "cm-sel"}, {c.Context, "cm-ctx"}} {
		if k.yes {
			on = append(on, k.name)
		}
	}
	return strings.Join(on, " ")
}

// stars are five stars with n filled.
func stars(n int) string {
	n = clamp(n, 0, 5)
	return strings.Repeat("★", n) + strings.Repeat("☆", 5-n)
}

// EventKind is what sort of thing happened, for the sign on the timeline.
type EventKind string

const (
	EventAlert    EventKind = "alert"
	EventSeal     EventKind = "seal"
	EventAct      EventKind = "act"
	EventDecision EventKind = "dec"
	EventLaw      EventKind = "law"
	EventNote     EventKind = "note"
	EventCall     EventKind = "call"
)

var eventIcons = map[EventKind]string{EventAlert: "bell-ring", EventSeal: "stamp", EventAct: "zap",
	EventDecision: "gavel", EventLaw: "scale", EventNote: "notebook-pen", EventCall: "phone"}

// Event is one entry of a timeline.
type Event struct {
	At    time.Time
	Kind  EventKind
	Title string
	Text  string
	// Inside are words for our own eyes, shown in their own colour.
	Inside string
	Seals  []SealMark
	Marks  []Mark
	Undo   string // address of a POST that takes it back
	More   Pair   // Name: words of a link, Value: its address
}

func (e Event) icon() string {
	if i, ok := eventIcons[e.Kind]; ok {
		return i
	}
	return "circle-dot"
}

func (e Event) class() string {
	if e.Kind == EventCall {
		return "mk mk-act"
	}
	return "mk mk-" + string(e.Kind)
}

func (e Event) says() string {
	if _, ok := eventIcons[e.Kind]; ok {
		return "shell.event." + string(e.Kind)
	}
	return "shell.event.note"
}

// newDay tells whether a heading with the date stands before entry i: the day differs from the one above, or from today.
func newDay(now time.Time, es []Event, i int) bool {
	above := now
	if i > 0 {
		above = es[i-1].At
	}
	day := func(x time.Time) string { return x.In(lang.Zone).Format(time.DateOnly) }
	return day(es[i].At) != day(above)
}
