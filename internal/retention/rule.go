// Package retention says how long exhibits are kept, proposes what is past its time, and erases it.
//
// Defaults and limits are data (domain/evidence-legal.md E.2(5)); a firm shortens or lengthens them within the limits and
// says why. Whatever the time: an open case keeps its proof, and a legal hold keeps everything. Nothing is erased that
// nobody was shown, unless the firm switched that on.
package retention

import (
	"time"

	"chop/internal/crisis"
)

// Kind is why an exhibit is kept; each has the message "retention.kind.<kind>".
type Kind string

const (
	NoCase  Kind = "no_case" // of something that never came into a case
	Closed  Kind = "closed"  // of a case that was closed without a claim
	Private Kind = "private" // for a private prosecution: three years from the act (art. 101 § 2 KK)
	Civil   Kind = "civil"   // for a civil claim: three years and one for what follows (art. 442¹ KC)
	Open    Kind = "open"    // of a case that is open: without end
	Auto    Kind = "auto"    // not a time: 1 when the program erases by itself what is past its time
)

// Rule is how long a kind is kept, in days, and how far a firm may go.
type Rule struct {
	Kind           Kind
	Days, Min, Max int
}

const year = 365

// Defaults are the rules of a firm that changed nothing. The limits keep a firm from erasing proof before a claim can be
// brought, and from keeping people's words for ever without a reason.
var Defaults = []Rule{
	{NoCase, 90, 30, year},
	{Closed, year, 90, 3 * year},
	{Private, 3*year + 1, 3*year + 1, 5 * year}, // one day more: three years hold a leap day
	{Civil, 4*year + 1, 3*year + 1, 20*year + 5},
	{Auto, 0, 0, 1},
}

// Set is a firm's rules by kind.
type Set map[Kind]Rule

// defaults is a fresh set.
func defaults() Set {
	s := Set{}
	for _, r := range Defaults {
		s[r.Kind] = r
	}
	return s
}

// Case is what the rules need to know of a case.
type Case struct {
	Open   bool
	Closed time.Time
	Path   Kind // Private, Civil, or empty
}

// Until is to when an exhibit sealed at the given time is kept, and why; the zero time means without end. Of several
// reasons the one that keeps longest counts. The acts' own time is not asked for: it lies before the seal, so that counting from
// the seal never ends before the law's time does.
func (s Set) Until(sealed time.Time, cases []Case) (Kind, time.Time) {
	if len(cases) == 0 {
		return NoCase, s.after(NoCase, sealed)
	}
	var why Kind
	var until time.Time
	later := func(k Kind, t time.Time) {
		if t.After(until) {
			why, until = k, t
		}
	}
	for _, c := range cases {
		if c.Open {
			return Open, time.Time{}
		}
		later(Closed, s.after(Closed, c.Closed))
		if c.Path != "" {
			later(c.Path, s.after(c.Path, sealed))
		}
	}
	return why, until
}

func (s Set) after(k Kind, t time.Time) time.Time { return t.AddDate(0, 0, s[k].Days) }

// shortest is the time before which nothing can be past its time.
func (s Set) shortest() int {
	n := s[NoCase].Days
	for _, k := range []Kind{Closed, Private, Civil} {
		n = min(n, s[k].Days)
	}
	return n
}

func stateOf(c crisis.Case, path Kind) Case {
	return Case{Open: c.Open(), Closed: c.ClosedAt, Path: path}
}
