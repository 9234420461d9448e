// Package standing says in one word how each firm stands: calm, attention or crisis.
//
// Calm must be earned: nothing waits, no case and no alarm is open, and every channel is seen. Silence on a channel
// that nobody looks at is not calm.
package standing

import (
	"time"

	"chop/internal/firm"
	"chop/internal/source"
)

// State is the one word.
type State string

const (
	Calm      State = "calm"
	Attention State = "attention"
	Crisis    State = "crisis"
)

// Facts are the counts a state is judged from.
type Facts struct {
	Urgent     int // open cases of priority 1 or 2 that are not contained
	Cases      int // all open cases, the urgent ones among them
	Waiting    int // mentions that wait for a person
	Late       int // of them, past their time
	Complaints int // of them, genuine complaints
	Alarms     int // alarms nobody has taken, or that nobody answered
	Sources    int // connected channels
	Unseen     int // of them, not seen now: blind, silent for longer than usual, stopped, or never looked at yet
	Expiring   int // of them, seen, but the credential ends within a week
}

// Judge is the state of a firm with these facts.
func Judge(f Facts) State {
	switch {
	case f.Urgent > 0:
		return Crisis
	case f.Cases > 0, f.Waiting > 0, f.Alarms > 0, f.Unseen > 0, f.Sources == 0:
		return Attention
	}
	return Calm
}

// Cause is the weightiest reason of a state that is not calm.
type Cause string

// Causes, the weightiest first; the words for people are the messages "watch.cause.<word>".
const (
	ByCrisis    Cause = "crisis"
	ByAlarm     Cause = "alarm"
	ByLate      Cause = "late"
	ByCase      Cause = "case"
	ByComplaint Cause = "complaint"
	ByUnseen    Cause = "unseen"
	ByNoChannel Cause = "no_channel"
	ByWaiting   Cause = "waiting"
)

// Why is the weightiest reason, and the number that goes with it; "" for a calm firm.
func Why(f Facts) (Cause, int) {
	for _, x := range []struct {
		cause Cause
		n     int
	}{{ByCrisis, f.Urgent}, {ByAlarm, f.Alarms}, {ByLate, f.Late}, {ByCase, f.Cases}, {ByComplaint, f.Complaints}, {ByUnseen, f.Unseen}} {
		if x.n > 0 {
			return x.cause, x.n
		}
	}
	switch {
	case f.Sources == 0:
		return ByNoChannel, 0
	case f.Waiting > 0:
		return ByWaiting, f.Waiting
	}
	return "", 0
}

// Seen tells whether a channel in this condition is really watched. One whose credential ends soon, or whose last look
// failed a moment ago, is.
func Seen(c source.Condition) bool {
	return c == source.Well || c == source.Shaky || c == source.Expiring
}

// Standing is how one firm stands now.
type Standing struct {
	Firm  firm.Firm
	State State
	Facts Facts
	Since time.Time // when the crisis or, without one, the oldest cause began; zero for a calm firm and where nobody knows
	Last  time.Time // newest item of any channel; zero for none
	Due   time.Time // earliest time by which a waiting mention should be decided; zero for none

	begun time.Time // when the oldest urgent case was opened
}

// Totals counts the states.
type Totals struct{ Calm, Attention, Crisis int }

// Count counts them.
func Count(list []Standing) (t Totals) {
	for _, s := range list {
		switch s.State {
		case Crisis:
			t.Crisis++
		case Attention:
			t.Attention++
		default:
			t.Calm++
		}
	}
	return t
}

// earliest is the earlier of two times, where zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
