// Package crisis is the case: what happened, who is in it, how it goes on, and when it is over.
package crisis

import (
	"time"

	"chop/internal/fault"
	"chop/internal/reason"
)

// Status of a case. It moves forward, and back only by Reopen.
type Status string

const (
	Detected  Status = "detected"  // opened, nobody has taken it yet
	Accepted  Status = "accepted"  // a person leads it
	Contained Status = "contained" // no new hostile items, everything answered
	Closed    Status = "closed"
)

// Resolution says what it turned out to be; it is not the status.
type Resolution string

// Resolutions a person can close with.
const (
	Solved     Resolution = "solved"      // the attack ended
	Criticism  Resolution = "criticism"   // genuine criticism, answered
	FalseAlarm Resolution = "false_alarm" // nothing was the matter
	HandedOver Resolution = "handed_over" // goes on elsewhere: lawyer, police, platform
)

// Resolutions lists them as people choose.
var Resolutions = []Resolution{Solved, Criticism, FalseAlarm, HandedOver}

// Case is one crisis of one firm.
type Case struct {
	Firm, ID    string
	Number      string
	Title       string // message id, or plain text of a person
	Facts       map[string]string
	Subject     string
	Status      Status
	Resolution  Resolution
	Severity    int // 0-4
	Priority    int // 1-4
	Lead        string
	OpenedAt    time.Time
	AcceptedAt  time.Time
	ContainedAt time.Time
	ClosedAt    time.Time
	LastAt      time.Time
}

// Ref points at a case.
func (c Case) Ref() reason.Ref { return reason.Ref{Kind: "case", ID: c.ID} }

// Open tells whether the case still needs people.
func (c Case) Open() bool { return c.Status != Closed }

// Accept makes a person the lead.
func (c *Case) Accept(who string, at time.Time) error {
	if c.Status == Closed {
		return fault.New(fault.Conflict, "case.closed")
	}
	c.Lead = who
	if c.Status == Detected {
		c.Status, c.AcceptedAt = Accepted, at
	}
	return nil
}

// SolvedTest is what "contained" asks for, and whether each condition holds.
type SolvedTest struct {
	NoNewHostile bool // none for quietFor
	AllDecided   bool // every item has been decided
	Sealed       bool // every item has an exhibit
}

// quietFor is how long nothing hostile may come before a case counts as contained (peers.md section 4, 12).
const quietFor = time.Hour

// Holds tells whether all conditions hold.
func (t SolvedTest) Holds() bool { return t.NoNewHostile && t.AllDecided && t.Sealed }

// Contain marks the active phase as over. It needs the solved test, or a reason to go against it.
func (c *Case) Contain(test SolvedTest, why string, at time.Time) error {
	if c.Status == Closed || c.Status == Contained {
		return fault.New(fault.Conflict, "case."+string(c.Status))
	}
	if !test.Holds() && len(why) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	c.Status, c.ContainedAt = Contained, at
	return nil
}

// Close ends the case with what it turned out to be.
func (c *Case) Close(r Resolution, why string, at time.Time) error {
	if c.Status == Closed {
		return fault.New(fault.Conflict, "case.closed")
	}
	known := false
	for _, x := range Resolutions {
		known = known || x == r
	}
	if !known {
		return fault.New(fault.Invalid, "case.resolution").On("resolution")
	}
	if len(why) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	c.Status, c.Resolution, c.ClosedAt = Closed, r, at
	return nil
}

// Reopen takes a contained or closed case back into work.
func (c *Case) Reopen(why string) error {
	if c.Status != Closed && c.Status != Contained {
		return fault.New(fault.Conflict, "case.active")
	}
	if len(why) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	c.Status, c.Resolution, c.ClosedAt, c.ContainedAt = Accepted, "", time.Time{}, time.Time{}
	return nil
}

// Item is a thing that belongs to a case.
type Item struct {
	Ref reason.Ref
	At  time.Time
	Who string
}

// Event is a line of the timeline; its sentence is the message "timeline.<What>" filled with Facts.
type Event struct {
	ID    string
	At    time.Time
	What  string
	Who   string
	Facts map[string]string
	Ref   reason.Ref
}

// Opened tells that a case was opened.
type Opened struct{ Firm, ID string }

// Kind names the event.
func (Opened) Kind() string { return "crisis.opened" }
