package page

import (
	"strings"
	"time"

	"chop/internal/classify"
	"chop/internal/lang"
)

// Comment is one item of a thread: as readers see it, plus our marks.
type Comment struct {
	ID       string // id of the element; must be safe as an id
	Author   string
	Text     string
	Edits    []Edit // when given, shown in place of Text
	At       time.Time
	Stars    int // of a review, 0 for none
	Channel  string
	Labels   []classify.Label
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
	Seals []SealMark
	Marks []Mark
	Undo  string // address of a POST that takes it back
	More  Pair   // Name: words of a link, Value: its address
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
