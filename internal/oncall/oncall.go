// Package oncall knows who is on duty for a firm, whom to wake next, and how each person can be reached.
//
// The calculators are pure. A rota is never written out into shifts: it is computed for the span in question, and a
// shift entered by hand wins over it.
package oncall

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/lang"
)

// Member is a person of a firm as far as waking them is concerned.
type Member struct {
	ID    string
	Name  string
	Email string
	Lang  lang.Tag
	Role  access.Role
}

// Wakes tells whether the person may acknowledge an alarm, and so may be woken by one.
func (m Member) Wakes() bool { return access.Allows(m.Role, access.Acknowledge) }

// Roster lists the people of a firm whose accounts are open, guardians first, each group in a lasting order.
type Roster func(ctx context.Context, firm string) ([]Member, error)

// Shift is one person's duty for one firm, From included, To excluded.
type Shift struct {
	ID   string // empty for a shift computed from the rota
	Firm string
	User string
	From time.Time
	To   time.Time
	Note string
}

// Holds tells whether the shift covers t.
func (s Shift) Holds(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// Rotations.
const (
	Daily  = "daily"
	Weekly = "weekly"
)

// Rota hands duty over in turn, every day or every week at the same hour on the wall clock of lang.Zone, also on the
// days when the clocks change.
type Rota struct {
	Users    []string  // in order of turns
	Start    time.Time // the day of the first turn; its hour does not matter
	Hour     int       // of the handover, 0-23
	Rotation string
}

// Empty tells whether the rota puts anybody on duty.
func (r Rota) Empty() bool { return len(r.Users) == 0 || r.Start.IsZero() }

const maxTurns = 50

// Clean checks a rota; faults are Invalid "oncall.rota".
func (r Rota) Clean() (Rota, error) {
	if len(r.Users) == 0 {
		return Rota{}, nil
	}
	year := r.Start.Year()
	if len(r.Users) > maxTurns || r.Hour < 0 || r.Hour > 23 || year < 2000 || year > 2200 || (r.Rotation != Daily && r.Rotation != Weekly) {
		return Rota{}, fault.New(fault.Invalid, "oncall.rota").On("rota")
	}
	for _, u := range r.Users {
		if strings.TrimSpace(u) == "" || strings.ContainsRune(u, '\n') {
			return Rota{}, fault.New(fault.Invalid, "oncall.rota").On("users")
		}
	}
	return r, nil
}

func (r Rota) days() int {
	if r.Rotation == Weekly {
		return 7
	}
	return 1
}

// turn is the instant at which the kth turn begins.
func (r Rota) turn(k int) time.Time {
	y, m, d := r.Start.In(lang.Zone).Date()
	return time.Date(y, m, d+k*r.days(), r.Hour, 0, 0, 0, lang.Zone)
}

// at is the number of the turn that covers t; negative before the first.
func (r Rota) at(t time.Time) int {
	k := int(t.Sub(r.turn(0)).Hours()/24) / r.days()
	for !r.turn(k + 1).After(t) { // the guess may be one off around a change of the clocks
		k++
	}
	for r.turn(k).After(t) {
		k--
	}
	return k
}

// Shifts lists the turns that touch the span [from, to), whole.
func (r Rota) Shifts(firm string, from, to time.Time) []Shift {
	if r.Empty() {
		return nil
	}
	var out []Shift
	for k := max(r.at(from), 0); r.turn(k).Before(to); k++ {
		out = append(out, Shift{Firm: firm, User: r.Users[k%len(r.Users)], From: r.turn(k).UTC(), To: r.turn(k + 1).UTC()})
	}
	return out
}

// Calendar is who is on duty during [from, to): the rota, where shifts entered by hand do not say otherwise. Of two
// of those the one entered later wins, ids being ordered by time. The result neither overlaps nor leaves the span.
func Calendar(rota, manual []Shift, from, to time.Time) []Shift {
	manual = slices.Clone(manual)
	sort.SliceStable(manual, func(i, j int) bool { return manual[i].ID < manual[j].ID })
	layers := append(slices.Clone(rota), manual...) // later layers cover earlier ones
	edges := []time.Time{from, to}
	for _, s := range layers {
		for _, t := range []time.Time{s.From, s.To} {
			if t.After(from) && t.Before(to) {
				edges = append(edges, t)
			}
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	var out []Shift
	for i := 0; i+1 < len(edges); i++ {
		top := -1
		for j, s := range layers {
			if s.Holds(edges[i]) {
				top = j
			}
		}
		if top < 0 || !edges[i].Before(edges[i+1]) {
			continue
		}
		out = appendShift(out, layers[top], edges[i], edges[i+1])
	}
	return out
}

// appendShift adds the piece [from, to) of s, joined to the piece before when it is the same shift.
func appendShift(out []Shift, s Shift, from, to time.Time) []Shift {
	if n := len(out); n > 0 && out[n-1].To.Equal(from) && out[n-1].User == s.User && out[n-1].ID == s.ID && s.ID != "" {
		out[n-1].To = to
		return out
	}
	s.From, s.To = from, to
	return append(out, s)
}

// Gap is a span in which nobody is on duty.
type Gap struct{ From, To time.Time }

// Gaps lists the spans of [from, to) that the calendar leaves empty. A shift of somebody who is no longer in the
// roster counts as empty.
func Gaps(calendar []Shift, roster []Member, from, to time.Time) []Gap {
	var out []Gap
	at := from
	for _, s := range calendar {
		if !wakeable(roster, s.User) {
			continue
		}
		if s.From.After(at) {
			out = append(out, Gap{at, s.From})
		}
		if s.To.After(at) {
			at = s.To
		}
	}
	if at.Before(to) {
		out = append(out, Gap{at, to})
	}
	return out
}

func find(roster []Member, user string) (Member, bool) {
	for _, m := range roster {
		if m.ID == user {
			return m, true
		}
	}
	return Member{}, false
}

func wakeable(roster []Member, user string) bool {
	m, ok := find(roster, user)
	return ok && m.Wakes()
}
