// Package alert wakes people: it raises, gathers, pages by the firm's policy, escalates until somebody answers, and
// pages again when an answered alert is forgotten.
//
// Each alert that nobody has taken has exactly one timer that counts, or is unanswered, which is loud by itself.
// Timers of the queue are never cancelled; they carry a number, and only the alert's present number acts.
package alert

import (
	"strings"
	"time"
	"unicode"

	"chop/internal/fault"
	"chop/internal/reason"
)

// ID names an alert.
type ID = string

// State of an alert.
type State string

const (
	Open         State = "open"         // people are being woken
	Acknowledged State = "acknowledged" // somebody has taken it
	Unanswered   State = "unanswered"   // everybody was woken and nobody answered
	Resolved     State = "resolved"
)

// New describes an alert to raise.
type New struct {
	Firm     string
	Key      string // repeats with the same key join the alert while it is not resolved
	Priority int    // 1 (minutes) to 4 (next day)
	Title    string // message id filled with Facts, or plain text
	Facts    map[string]string
	Ref      reason.Ref
	URL      string // path within ChOP where to act
	Standing bool   // a condition looked at again and again, not a new event: repeats keep it alive but do not count
}

// Alert is something that needs a human now.
type Alert struct {
	ID         ID
	Firm       string
	Key        string
	Priority   int
	Title      string
	Facts      map[string]string
	Ref        reason.Ref
	URL        string
	State      State
	Trouble    string // "nobody" when there was nobody to wake; message "alert.trouble.<word>"
	Count      int    // times it was raised
	Raised     time.Time
	Last       time.Time
	Wave       int       // pagings begun so far, from 1
	WaveAt     time.Time // when the present one began
	Stage      int       // next stage of the plan
	Next       time.Time // when ChOP acts again by itself; zero when not
	AckedAt    time.Time
	AckedBy    string // person id of whoever acknowledged last
	Forgotten  int    // times it was acknowledged and then forgotten
	ResolvedAt time.Time
	ResolvedBy string

	timer int
}

// Trouble of an alert.
const Nobody = "nobody"

// NoticeState is what became of one message.
type NoticeState string

const (
	Pending   NoticeState = "pending"
	Sent      NoticeState = "sent"      // the channel took it
	Delivered NoticeState = "delivered" // the person answered through it
	Failed    NoticeState = "failed"
	Withdrawn NoticeState = "withdrawn" // no longer needed when its turn came
)

// Notice is one message to one person by one contact.
type Notice struct {
	ID         string
	Firm       string
	Alert      ID
	Wave       int
	Stage      int
	User       string
	Contact    string
	Kind       string // channel
	State      NoticeState
	Tries      int
	Detail     string         // receipt when sent; when failed the fault code, message "fault.<Detail>"
	DetailData map[string]any // values for that message
	Created    time.Time
	Tried      time.Time
	SentAt     time.Time
	Delivered  time.Time
}

const (
	maxKey     = 300
	maxFact    = 200
	maxFacts   = 30
	maxExcerpt = 120 // characters of somebody's words in a message
)

// clean checks and trims what is raised. The priority is forced into its range rather than refused: an alarm is never
// lost to a wrong number.
func clean(n New) (New, error) {
	n.Title = line(n.Title, maxFact)
	if n.Firm == "" || n.Key == "" || n.Title == "" {
		return n, fault.New(fault.Invalid, "alert.incomplete")
	}
	n.Priority = min(max(n.Priority, 1), 4)
	if r := []rune(n.Key); len(r) > maxKey {
		n.Key = string(r[:maxKey])
	}
	if !strings.HasPrefix(n.URL, "/") || strings.HasPrefix(n.URL, "//") {
		n.URL = "/"
	}
	facts := map[string]string{}
	for k, v := range n.Facts {
		most := maxFact
		if k == "excerpt" {
			most = maxExcerpt
		}
		if len(facts) < maxFacts {
			facts[line(k, maxFact)] = line(v, most)
		}
	}
	n.Facts = facts
	return n, nil
}

// line is s on one line without control, zero-width and direction characters, at most n characters.
func line(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return string(r)
}

// patience is how long an acknowledged alert may stay unresolved before it is taken for forgotten: the time limits of
// domain/decisions.md 1.7 (P1 15 min, P2 1 h, P3 3 h, P4 24 h).
func patience(priority int) time.Duration {
	switch priority {
	case 1:
		return 15 * time.Minute
	case 2:
		return time.Hour
	case 3:
		return 3 * time.Hour
	}
	return 24 * time.Hour
}

// calm is how long after the beginning of a paging that nobody answered a repeat may wake people again.
const calm = 30 * time.Minute

// repaged tells whether a repeat with this priority begins a new paging: when it is more urgent than before, or when
// everybody slept through the last one a while ago.
func (a Alert) repaged(priority int, now time.Time) bool {
	if priority < a.Priority {
		return true
	}
	return a.State == Unanswered && now.Sub(a.WaveAt) >= calm
}

// begin starts a new paging now.
func (a *Alert) begin(now time.Time) {
	a.State, a.Trouble, a.Stage, a.WaveAt = Open, "", 0, now
	a.Wave++
	a.arm(now)
}

// arm sets the one timer that counts.
func (a *Alert) arm(at time.Time) {
	a.timer++
	a.Next = at
}

// disarm leaves no timer that counts.
func (a *Alert) disarm() { a.arm(time.Time{}) }

// acknowledge takes the alert, or keeps hold of it: its time begins anew. It tells whether anything changed; a second
// tap of the same person within a minute changes nothing.
func (a *Alert) acknowledge(who string, now time.Time) bool {
	again := a.State == Acknowledged && a.AckedBy == who && now.Sub(a.AckedAt) < time.Minute
	if a.State == Resolved || again {
		return false
	}
	a.State, a.Trouble, a.AckedBy, a.AckedAt = Acknowledged, "", who, now
	a.arm(now.Add(patience(a.Priority)))
	return true
}

func (a *Alert) resolve(who string, now time.Time) bool {
	if a.State == Resolved {
		return false
	}
	a.State, a.ResolvedBy, a.ResolvedAt = Resolved, who, now
	a.disarm()
	return true
}

// giveUp ends the paging without an answer.
func (a *Alert) giveUp(trouble string) {
	a.State, a.Trouble = Unanswered, trouble
	a.disarm()
}
