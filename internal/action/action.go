// Package action carries decided deeds out at their places, once, with proof before and after, and takes them back.
package action

import (
	"time"

	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/reason"
	"chop/internal/source"
)

// State is where a deed stands.
type State string

const (
	Planned   State = "planned"   // decided, not yet sorted out
	Waiting   State = "waiting"   // for its time: the window to take it back, or patience a place asked for
	Doing     State = "doing"     // the place is being called
	Done      State = "done"      // true at the place, or said so by the person who did it
	Failed    State = "failed"    // surely not done, and will not be tried again
	Doubtful  State = "doubtful"  // it may or may not have happened: the place is asked
	Undone    State = "undone"    // done, then taken back
	Manual    State = "manual"    // a task for a person
	Cancelled State = "cancelled" // called off before anything happened
)

// States lists them in the order of a deed's life.
var States = []State{Planned, Waiting, Doing, Done, Failed, Doubtful, Undone, Manual, Cancelled}

// Move is what happens to a deed.
type Move string

const (
	Schedule Move = "schedule" // the place can do it
	Assign   Move = "assign"   // the place cannot: a person does
	Begin    Move = "begin"    // the call goes out
	Postpone Move = "postpone" // surely not done, will be tried again
	Succeed  Move = "succeed"
	Fail     Move = "fail"
	Doubt    Move = "doubt"
	Reverse  Move = "reverse"
	Cancel   Move = "cancel"
)

// Moves lists them.
var Moves = []Move{Schedule, Assign, Begin, Postpone, Succeed, Fail, Doubt, Reverse, Cancel}

// moves is the whole life of a deed. There is no way from Doubtful or Doing to a second call but through Postpone,
// which needs the place's own word that nothing happened.
var moves = map[State]map[Move]State{
	Planned:  {Schedule: Waiting, Assign: Manual},
	Waiting:  {Begin: Doing, Cancel: Cancelled, Fail: Failed},
	Doing:    {Succeed: Done, Fail: Failed, Doubt: Doubtful, Postpone: Waiting},
	Doubtful: {Succeed: Done, Fail: Failed, Postpone: Waiting},
	Done:     {Reverse: Undone},
	Manual:   {Succeed: Done, Cancel: Cancelled},
}

// Next is where a move leads; false when a deed in this state cannot make it.
func Next(from State, m Move) (State, bool) {
	to, ok := moves[from][m]
	return to, ok
}

// Times and bounds of carrying out.
const (
	UndoWindow = 10 * time.Second // a person may think better of it before the place is called
	settle     = 20 * time.Second // a place that gave no answer may still be at work: ask no sooner
	lookAgain  = time.Minute      // second read-back, when caches of the place have passed
	patience   = 5 * time.Second  // before the first repetition; doubles
	maxWait    = 10 * time.Minute // between attempts, unless the place asks for more
	maxTries   = 8                // attempts, about half an hour when the place asks for no patience
	alarmLooks = 4                // unanswered questions before a person is called
	maxLooks   = 5                // of the second read-back
)

// Deed is one decided deed at a place, or a task for a person.
type Deed struct {
	Firm, ID     string
	Decision     string
	Mention      string
	Source       string
	Option       decision.Option // empty for a reversal
	Verb         source.Verb     // of a task: what a person is to do
	Item         string          // id at the place
	Text         string
	State        State
	Exhibit      string // proof taken before
	ExhibitAfter string // proof of the result
	Number       int64  // of the timer that counts
	Try          int
	Looks        int
	Repeated     bool
	DueAt        time.Time // waiting: when the place is called
	MadeAt       time.Time
	MadeBy       string
	BegunAt      time.Time
	EndedAt      time.Time
	ResultExt    string // id at the place of what it made
	ResultURL    string
	Error        string // fault code of the last trouble: message "fault.<Error>" filled with ErrorData
	ErrorData    map[string]any
	Detail       string // the place's own words
	Note         string
	Reverses     string // deed that this one takes back
	Reversal     string // deed that takes this one back
}

// Ref points at a deed.
func Ref(id string) reason.Ref { return reason.Ref{Kind: "deed", ID: id} }

// Over tells that nothing more will happen to the deed by itself.
func (d Deed) Over() bool {
	return d.State == Done || d.State == Failed || d.State == Undone || d.State == Cancelled
}

// Hand tells whether a person does it or did it.
func (d Deed) Hand() bool { return d.State == Manual || d.Try == 0 && d.State == Done }

// move changes the state or tells that it cannot.
func (d *Deed) move(m Move) error {
	to, ok := Next(d.State, m)
	if !ok {
		return fault.New(fault.Conflict, "action.state", "State", string(d.State))
	}
	d.State = to
	return nil
}

// backoff before the next attempt after the nth: 5, 10, 20 ... seconds, at most ten minutes, or what the place asks.
func backoff(try int, asked time.Duration) time.Duration {
	return max(min(patience<<min(max(try-1, 0), 10), maxWait), asked)
}

// transient tells that waiting may help.
func transient(err error) bool { return fault.Is(err, fault.Unavailable) }

// Events.

// Due asks to carry a deed out, or to ask the place about a doubtful one. Number tells it from older timers.
type Due struct {
	Firm, Deed string
	Number     int64
}

// Kind names the event.
func (Due) Kind() string { return "action.due" }

// Look asks to read back once more whether a done deed still holds.
type Look struct {
	Firm, Deed string
	N          int // how often it was tried to look
}

// Kind names the event.
func (Look) Kind() string { return "action.look" }
