// Package wave makes the same decision over many items of one firm: a frozen list, how each item stands, one reason, and
// then item by item the ordinary decision with its own proof and journal line. A wave can be paused, cancelled and taken
// back, goes on after a crash, and never sweeps criticism along (law 4).
package wave

import (
	"strings"
	"time"

	"chop/internal/decision"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/reason"
)

// State is where a wave stands.
type State string

const (
	Weighing  State = "weighing"  // the list is frozen, each item is being looked at
	Ready     State = "ready"     // the preview is whole and waits for a person
	Running   State = "running"   // items are being decided
	Paused    State = "paused"    // by a person
	Stopped   State = "stopped"   // by itself: the person may no longer decide
	Ended     State = "ended"     // every item came to its end
	Cancelled State = "cancelled" // by a person; what was done stays
	Dropped   State = "dropped"   // the preview was thrown away
)

// Move is what happens to a wave.
type Move string

const (
	Look   Move = "look" // the last item was looked at
	Start  Move = "start"
	Pause  Move = "pause"
	Resume Move = "resume"
	Stop   Move = "stop"
	Finish Move = "finish"
	Cancel Move = "cancel"
	Drop   Move = "drop"
)

// moves is the whole life of a wave. Nothing leads back from its end.
var moves = map[State]map[Move]State{
	Weighing: {Look: Ready, Stop: Dropped, Drop: Dropped},
	Ready:    {Start: Running, Drop: Dropped},
	Running:  {Pause: Paused, Stop: Stopped, Finish: Ended, Cancel: Cancelled},
	Paused:   {Resume: Running, Cancel: Cancelled},
	Stopped:  {Resume: Running, Cancel: Cancelled},
}

// Next is where a move leads; false when a wave in this state cannot make it.
func Next(from State, m Move) (State, bool) {
	to, ok := moves[from][m]
	return to, ok
}

// Over tells that no further item will be decided.
func (s State) Over() bool { return s == Ended || s == Cancelled || s == Dropped }

// Live tells that a page should keep looking.
func (s State) Live() bool { return s == Weighing || s == Running }

// Bounds. The figures are settings of this program, chosen with domain/decisions.md 4.4 (G18) and 6.11 in mind.
const (
	MostItems   = 2000          // in one list
	MostReports = 25            // of one wave: a place that is reported to in hundreds is mass-reported, whoever is right
	DayReports  = 50            // of a firm's waves within a day
	MostAsks    = 10            // questions to the owner from one wave: nobody answers a hundred
	Fresh       = 2 * time.Hour // how long a preview may be started
	MostSecond  = 200           // items that another person answers for at once
	likeWindow  = 45 * 24 * time.Hour
	minWhy      = 3
	minDiffer   = 10 // as decision.Decide asks where a choice differs from the advice
	maxWhy      = 2000
	maxTries    = 3 // of one item that runs into a defect
)

// Options are what a wave may do: what can be taken back, decides nothing at the place, or is proof. A reply is never
// written twice in the same words, and what strikes an account is decided one by one.
var Options = []decision.Option{decision.Hide, decision.Report, decision.Observe, macro.Seal, decision.Delete}

// Origin says how the items were chosen.
type Origin struct {
	Kind string `json:"kind"`           // picks, author, post, like, case, list
	Ref  string `json:"ref,omitempty"`  // account key, post id, mention id, case id, or the address of the list
	Name string `json:"name,omitempty"` // as people call it
}

// Kinds of origins.
const (
	ByPicks  = "picks"
	ByAuthor = "author"
	ByPost   = "post"
	ByText   = "like"
	ByCase   = "case"
	ByList   = "list"
)

// Wave is one decision over many items.
type Wave struct {
	Firm, ID     string
	State        State
	Plan         macro.Plan
	Macro        string // id, when a macro gave the plan
	MacroVersion int
	Origin       Origin
	Found, Total int // what fitted, and what was taken into the list
	Why          string
	Who, WhoName string // in whose name it is decided
	MadeAt       time.Time
	ReadyAt      time.Time
	StartedAt    time.Time
	EndedAt      time.Time
	Stopped      string // why it stopped by itself: "role"
	Back         Back
	BackWho      string
	BackName     string
	BackAt       time.Time
	BackWhy      string

	number int64
}

// Back is how taking the whole wave back goes.
type Back string

const (
	Kept   Back = ""         // it stands
	Taking Back = "underway" // item by item
	Taken  Back = "done"
)

// Ref points at a wave.
func Ref(id string) reason.Ref { return reason.Ref{Kind: "wave", ID: id} }

// ItemState is where an item of a wave stands.
type ItemState string

const (
	Unseen  ItemState = "new"     // not looked at
	Weighed ItemState = "weighed" // it has a verdict
	Waiting ItemState = "waiting" // for its turn
	Left    ItemState = "left"    // a person, or its verdict, left it out
	Done    ItemState = "done"    // its decision is on record, or its proof
	Skipped ItemState = "skipped" // something had changed, or a rule said no
	Failed  ItemState = "failed"
)

// Item is one item of a wave.
type Item struct {
	Mention  string
	N        int
	State    ItemState
	Verdict  Verdict
	Code     string // guard, or id of the message that says why not
	Differs  bool
	Final    bool
	Advice   string          // what was shown
	Best     decision.Option // what was recommended for this item
	Decision string
	Exhibit  string
	At       time.Time
	Back     string // taken, kept
	BackCode string

	seen  string
	tries int
}

// Due asks to go on with a wave. Number tells it from older timers.
type Due struct {
	Firm, ID string
	Number   int64
}

// Kind names the event.
func (Due) Kind() string { return "wave.due" }

// Tally counts the items of a wave.
type Tally struct {
	States   map[ItemState]int
	Verdicts map[Verdict]int // of items that were weighed, in whatever state they are
	Differs  int             // of those that would be done
	Final    int             // of those that would be done
	Back     map[string]int  // taken, kept
}

// Todo is how many still wait for their turn.
func (t Tally) Todo() int { return t.States[Waiting] }

// Over is how many of those that were started came to their end.
func (t Tally) Over() int { return t.States[Done] + t.States[Skipped] + t.States[Failed] }

// Started is how many were started.
func (t Tally) Started() int { return t.Over() + t.Todo() }

// Percent of the way.
func (t Tally) Percent() int {
	if n := t.Started(); n > 0 {
		return 100 * t.Over() / n
	}
	return 0
}

// MinWhy is how long the one reason has to be: as long as the most demanding item asks.
func MinWhy(p macro.Plan, differs int) int {
	switch {
	case differs > 0:
		return minDiffer
	case p.Decides() || len(p.Labels) > 0:
		return minWhy
	}
	return 0
}

// digest is what the preview of an item was judged on: the item itself, and what is said of it.
func digest(m mention.Mention) string {
	return sum(m.ID, m.Revision, m.State, m.GoneAt.IsZero()) + ":" + sum(m.Labels, m.Severity, m.Buyer)
}

// changed tells that the item is no longer what the preview was judged on. Labels that the wave itself gives, and that
// spread to its likes, are no change.
func (w Wave) changed(i Item, m mention.Mention) bool {
	now := digest(m)
	if now == i.seen {
		return false
	}
	item, _, _ := strings.Cut(now, ":")
	then, _, _ := strings.Cut(i.seen, ":")
	return item != then || len(w.Plan.Labels) == 0 || !w.Plan.Relabelled(m)
}
