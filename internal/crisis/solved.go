package crisis

import (
	"strings"
	"time"

	"chop/internal/alert"
	"chop/internal/mention"
	"chop/internal/reason"
)

// Conditions of the solved test, in the order in which they are shown (peers.md section 4, 12; domain/decisions.md 6.5).
const (
	Quiet    = "quiet"    // nothing hostile came for the firm's time of quiet
	Decided  = "decided"  // every item has been decided about
	Answered = "answered" // every buyer's question has an answer of ours
	Sealed   = "sealed"   // every item has an exhibit
	Told     = "told"     // the owner knows
	Settled  = "settled"  // no decision, consent or deed waits or is in doubt
	Alerts   = "alerts"   // no alert P1 or P2 of the case rings on
	Word     = "word"     // about health and safety the owner gave their word; only where such an item is
)

// Condition is one condition of the solved test.
type Condition struct {
	Name  string
	Holds bool
	N, Of int          // how many of how many are missing
	Refs  []reason.Ref // the first of what is missing, to act upon
	Until time.Time    // Quiet: when it holds by itself if nothing comes
	Kind  string       // Settled: what the first missing one waits for
}

// SolvedTest is what "contained" asks for, and whether each condition holds. The empty test does not hold.
type SolvedTest []Condition

// Holds tells whether all conditions hold.
func (t SolvedTest) Holds() bool { return len(t) > 0 && t.Missing() == 0 }

// Missing counts the conditions that do not hold.
func (t SolvedTest) Missing() (n int) {
	for _, c := range t {
		if !c.Holds {
			n++
		}
	}
	return n
}

// Pending is something of the case that is not through.
type Pending struct {
	Kind    string // second, consent, underway, doubtful, manual: message "cases.pending.<kind>"
	Ref     reason.Ref
	Mention string
	At      time.Time
}

// Findings is what later rooms know of a case's items, and the case itself cannot.
type Findings struct {
	Answered map[string]bool      // mentions that have an answer of ours
	Pending  []Pending            // what waits for somebody or is in doubt
	Word     map[string]bool      // mentions about health and safety on which the owner gave their word
	Ambushed map[string]time.Time // questions under attack, and since when we know
}

func (f *Findings) add(g Findings) {
	f.Answered, f.Word = union(f.Answered, g.Answered), union(f.Word, g.Word)
	f.Pending = append(f.Pending, g.Pending...)
	if f.Ambushed == nil {
		f.Ambushed = g.Ambushed
	}
}

func union(a, b map[string]bool) map[string]bool {
	if a == nil {
		return b
	}
	for k, v := range b {
		a[k] = a[k] || v
	}
	return a
}

// Setup is what a firm asks of its cases.
type Setup struct {
	Quiet time.Duration // without a new hostile item
	Again time.Duration // in which a closed case opens again by itself
}

// DefaultSetup is an hour of quiet (peers.md section 4, 12) and three days in which the same thing is the same case; the
// second figure is ours.
func DefaultSetup() Setup { return Setup{Quiet: time.Hour, Again: 72 * time.Hour} }

// Facts is everything the solved test, the tasks and the summary look at.
type Facts struct {
	Case     Case
	Items    []Item
	Mentions []mention.Mention // oldest first, the firm's own among them
	Sealed   map[string]bool   // mentions that have an exhibit
	Found    Findings
	Alerts   []alert.Alert // about the case or its items, not resolved
	Setup    Setup
	Normal   float64 // hostile items on an ordinary day of this firm
	Now      time.Time
}

// theirs are the mentions that are not the firm's own.
func (f Facts) theirs() (ms []mention.Mention) {
	for _, m := range f.Mentions {
		if !m.Own {
			ms = append(ms, m)
		}
	}
	return ms
}

// Hostile tells whether a mention counts as hostile: by its labels, as the pulse counts. A complaint does not.
func Hostile(m mention.Mention) bool {
	return len(m.Labels) > 0 && mention.Hostile(","+strings.Join(m.Labels, ",")+",")
}

// question is a buyer's question that is still there to be answered.
func question(m mention.Mention) bool { return m.Buyer && m.Visible() }

// Test is the solved test.
func (f Facts) Test() SolvedTest {
	t := SolvedTest{f.quiet(),
		f.each(Decided, func(mention.Mention) bool { return true }, func(m mention.Mention) bool { return m.Status != mention.Open && m.Status != mention.New }),
		f.each(Answered, question, func(m mention.Mention) bool { return f.Found.Answered[m.ID] }),
		f.each(Sealed, func(mention.Mention) bool { return true }, func(m mention.Mention) bool { return f.Sealed[m.ID] }),
		{Name: Told, Holds: !f.Case.ToldAt.IsZero()}, f.settled(), f.alerts()}
	if w := f.each(Word, func(m mention.Mention) bool { return m.Has("health_safety") }, f.word); w.Of > 0 {
		t = append(t, w)
	}
	return t
}

func (f Facts) quiet() Condition {
	var last time.Time
	for _, m := range f.theirs() {
		if Hostile(m) && m.SeenAt.After(last) {
			last = m.SeenAt
		}
	}
	c := Condition{Name: Quiet, Holds: true}
	if !last.IsZero() {
		c.Until = last.Add(f.Setup.Quiet)
		c.Holds = !f.Now.Before(c.Until)
	}
	return c
}

// shownRefs is how many of what is missing a condition names.
const shownRefs = 5

// each is a condition on every mention of a kind.
func (f Facts) each(name string, of, holds func(mention.Mention) bool) Condition {
	c := Condition{Name: name}
	for _, m := range f.theirs() {
		if !of(m) {
			continue
		}
		c.Of++
		if holds(m) {
			continue
		}
		c.N++
		if len(c.Refs) < shownRefs {
			c.Refs = append(c.Refs, mention.Ref(m.ID))
		}
	}
	c.Holds = c.N == 0
	return c
}

// word: the owner's word on the item itself, or that they were told by voice after it came.
func (f Facts) word(m mention.Mention) bool {
	return f.Found.Word[m.ID] || f.Found.Word == nil && !f.Case.ToldAt.Before(m.SeenAt)
}

func (f Facts) settled() Condition {
	c := Condition{Name: Settled, N: len(f.Found.Pending), Holds: len(f.Found.Pending) == 0}
	for _, p := range f.Found.Pending[:min(shownRefs, len(f.Found.Pending))] {
		c.Refs = append(c.Refs, mention.Ref(p.Mention))
	}
	if c.N > 0 {
		c.Kind = f.Found.Pending[0].Kind
	}
	return c
}

// alerts: the case's own alert ends with the test, so it only counts while nobody has taken the case or the alert; those
// about clocks and promises of the case not at all.
func (f Facts) alerts() Condition {
	c := Condition{Name: Alerts}
	for _, a := range f.Alerts {
		own := a.Key == AlertKey(f.Case.ID) && (f.Case.Lead != "" || a.State == alert.Acknowledged)
		if a.Priority > 2 || own || strings.HasPrefix(a.Key, lateKey(f.Case.ID, "")) {
			continue
		}
		c.N++
		if len(c.Refs) < shownRefs {
			c.Refs = append(c.Refs, reason.Ref{Kind: alert.RefKind, ID: a.ID})
		}
	}
	c.Holds = c.N == 0
	return c
}

// lateKey is the dedupe key of an alert about a clock or a promise of a case.
func lateKey(id, what string) string { return "case.late:" + id + ":" + what }
