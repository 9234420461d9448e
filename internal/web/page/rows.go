package page

import (
	"time"

	"github.com/a-h/templ"

	"chop/internal/classify"
)

// MentionRow is one line of the inbox list. j, k, x and Enter work on it by themselves.
type MentionRow struct {
	ID       string // of the mention
	Href     string // opens it
	Into     string // ids that opening swaps, e.g. "pane-thread pane-rec"
	Channel  string // kind
	Author   string
	Text     string
	Veiled   bool // distressing: Text is not shown in the list
	At       time.Time
	Labels   []classify.Label
	Severity int // shown from 3 up
	Marks    []Mark
	Clock    ClockFace // zero for none
	Firm     string    // name, when the list shows many firms
	On       bool      // open now
	Done     string    // what was done about it, "" while it waits
	Pick     string    // name of the checkbox; its value is ID
}

func (r MentionRow) attrs() templ.Attributes {
	m := templ.Attributes{"data-id": r.ID}
	if r.On {
		m["data-on"] = ""
	}
	if r.Done != "" {
		m["data-done"] = ""
	}
	return m
}

// done fills the line under a finished row with what was done.
func (r MentionRow) done() templ.Attributes {
	if r.Done == "" {
		return nil
	}
	return templ.Attributes{"data-what": r.Done}
}

// WallRow is one firm on the wall of the duty room. A calm firm takes one quiet line.
type WallRow struct {
	Name  string
	Href  string
	State State
	Sub   string // "Kryzys · e-sklep, Gdańsk"; not shown for a calm firm
	Pulse Pulse
	Clock ClockFace // zero for none
	Meta  string    // a few words under the clock
	Why   string    // what is going on, in a sentence; the buttons are the children
}
