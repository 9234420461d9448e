// Package crisis is the case: what happened, who is in it, how it goes on, and when it is over.
package crisis

import (
	"strings"
	"time"
	"unicode/utf8"

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

	BeganAt  time.Time // its first item was published; zero when unknown
	RoundAt  time.Time // the present round began: opened, or opened again after it was closed
	AckedAt  time.Time // somebody answered its alert, or accepted it
	ActedAt  time.Time // first deed done, or first decision to observe
	SolvedAt time.Time // the solved test held, or the case was closed
	ToldAt   time.Time // the owner knows
	ToldHow  string    // Told...
	ToldBy   string    // person
	WordAt   time.Time // when the owner was promised the next word

	MergedInto string // the case it was merged into; its own status is closed then
	Root       string // the case at the end of that chain

	mergedWas Status
	lookAt    time.Time
}

// How the owner came to know.
const (
	ToldOwner   = "owner"   // said so on their own page
	ToldCall    = "call"    // somebody of ours rang them, with a note
	ToldMeeting = "meeting" // face to face, with a note
)

// Ref points at a case.
func (c Case) Ref() reason.Ref { return reason.Ref{Kind: "case", ID: c.ID} }

// Open tells whether the case still needs people.
func (c Case) Open() bool { return c.Status != Closed }

// Merged tells whether the case goes on as another one.
func (c Case) Merged() bool { return c.MergedInto != "" }

// Round is when the present round began.
func (c Case) Round() time.Time {
	if c.RoundAt.IsZero() {
		return c.OpenedAt
	}
	return c.RoundAt
}

// Accept makes a person the lead.
func (c *Case) Accept(who string, at time.Time) error {
	if c.Status == Closed {
		return fault.New(fault.Conflict, "case.closed")
	}
	c.Lead = who
	if c.Status == Detected {
		c.Status, c.AcceptedAt = Accepted, at
	}
	if c.AckedAt.IsZero() {
		c.AckedAt = at
	}
	return nil
}

// Contain marks the active phase as over. It needs the solved test, or a reason to go against it.
func (c *Case) Contain(test SolvedTest, why string, at time.Time) error {
	if c.Status == Closed || c.Status == Contained {
		return fault.New(fault.Conflict, "case."+string(c.Status))
	}
	if !test.Holds() && tooShort(why) {
		return fault.New(fault.Invalid, "why").On("why")
	}
	c.Status, c.ContainedAt = Contained, at
	if test.Holds() && c.SolvedAt.IsZero() {
		c.SolvedAt = at
	}
	return nil
}

// tooShort tells whether a reason says nothing.
func tooShort(why string) bool { return utf8.RuneCountInString(strings.TrimSpace(why)) < 3 }

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
	if tooShort(why) {
		return fault.New(fault.Invalid, "why").On("why")
	}
	c.Status, c.Resolution, c.ClosedAt = Closed, r, at
	if c.SolvedAt.IsZero() {
		c.SolvedAt = at
	}
	c.WordAt = time.Time{}
	return nil
}

// Reopen takes a contained or closed case back into work by a person.
func (c *Case) Reopen(why string, at time.Time) error {
	if c.Merged() {
		return fault.New(fault.Conflict, "case.merged")
	}
	if c.Status != Closed && c.Status != Contained {
		return fault.New(fault.Conflict, "case.active")
	}
	if tooShort(why) {
		return fault.New(fault.Invalid, "why").On("why")
	}
	c.again(at)
	return nil
}

// again takes a case back into work. A case that was only contained was not over: its clocks go on from where they
// began. One that was closed begins a new round, with new clocks and an owner who does not know yet.
func (c *Case) again(at time.Time) {
	if c.Status == Closed {
		c.RoundAt, c.AckedAt, c.ActedAt = at, time.Time{}, time.Time{}
		c.ToldAt, c.ToldHow, c.ToldBy = time.Time{}, "", ""
	}
	c.Status, c.Resolution, c.ClosedAt, c.ContainedAt, c.SolvedAt = Accepted, "", time.Time{}, time.Time{}, time.Time{}
	if c.Lead == "" {
		c.Status = Detected
	}
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
	Case  string // the case it was written in; another one than asked for after a merge
}

// Opened tells that a case was opened.
type Opened struct{ Firm, ID string }

// Kind names the event.
func (Opened) Kind() string { return "crisis.opened" }
