// Package outcome watches what follows a decision and compares it with what was foreseen: after a day and after a week.
//
// What it says is about the account and the thread after the deed, never that the deed caused it, and never who
// somebody is: another account that writes the same is only suspected. What cannot be seen is "cannot tell", which
// counts neither as success nor as failure.
package outcome

import (
	"math"
	"slices"
	"strings"
	"time"

	"chop/internal/classify/memory"
	"chop/internal/decision"
	"chop/internal/mention"
	"chop/internal/source"
)

// Look is one of the two times we look at what followed.
type Look string

const (
	Day  Look = "day"  // after 24 hours: what is seen so far
	Week Look = "week" // after 7 days: the last word of the program
)

// After is how long after the decision the look is.
func (l Look) After() time.Duration {
	if l == Day {
		return 24 * time.Hour
	}
	return 7 * 24 * time.Hour
}

// Window is how long a sign of escalation counts (domain/decisions.md 4.2). Both looks ask about the same 72 hours: the
// first sees the first day of them, the second all, with what came in late. What happens after them is kept, told, and
// not counted.
const Window = 72 * time.Hour

const (
	crowd   = 5                  // people who join make an escalation
	twice   = 2                  // times the intensity make one
	hottest = 4                  // top of the scale of severity: nothing can be twice of 3
	before  = 7 * 24 * time.Hour // the author's doing until then is measured over this
)

// Verdict says how it went.
type Verdict string

const (
	Calm      Verdict = "calm"
	Escalated Verdict = "escalated"
	Unknown   Verdict = "unknown" // nobody can tell
)

// Causes why nobody can tell; their sentences are the messages "outcome.cause.<code>".
const (
	causeUndone   = "undone"   // the decision was taken back
	causeFailed   = "failed"   // its deed failed or was given up
	causeUndoneBy = "not_done" // a person has not done it yet
	causeGone     = "gone"     // the item is no longer there, and not by our deed
	causeSource   = "source"   // we do not see the place any more
)

// Before is what stood when the decision was made.
type Before struct {
	Hostile   []string `json:"hostile"`   // accounts that were hostile in the thread
	Venues    []string `json:"venues"`    // sources where the author wrote
	Intensity float64  `json:"intensity"` // mean severity of the author's items
	Items     int      `json:"items"`     // of the author
}

// Forecast is what was foreseen when a decision stood.
type Forecast struct {
	Firm, Decision, Mention string
	Option                  decision.Option
	Class                   string
	Risk, Prior             float64 // probability of escalation within the window: as shown, and without the firm's tuning
	Others                  map[decision.Option]float64
	Version                 string
	Before                  Before
	At                      time.Time
}

// Band names the forecast: low, medium, high.
func (f Forecast) Band() string { return decision.RiskWord(f.Risk) }

// Seen is what a look found since the decision, inside the window unless it says otherwise.
type Seen struct {
	Returned  bool     `json:"returned"`  // the author was hostile again
	Venues    []string `json:"venues"`    // sources where the author had not written before
	Suspects  []string `json:"suspects"`  // mentions by other accounts with the same name or nearly the same words
	Joined    int      `json:"joined"`    // hostile accounts that were not in the thread before
	Call      bool     `json:"call"`      // somebody called to act against the firm
	Intensity float64  `json:"intensity"` // mean severity of the author's new items
	Was       float64  `json:"was"`       // and of those before
	Later     bool     `json:"later"`     // hostile again after the window
}

// Signs are the ways in which it escalated (domain/decisions.md 4.2), as codes of the messages "outcome.sign.<code>".
func (s Seen) Signs() []string {
	var signs []string
	for _, x := range []struct {
		code string
		seen bool
	}{
		{"venue", len(s.Venues) > 0},
		{"intensity", s.Intensity > s.Was && s.Intensity >= min(twice*max(s.Was, 0.5), hottest)},
		{"call", s.Call},
		{"joined", s.Joined >= crowd},
	} {
		if x.seen {
			signs = append(signs, x.code)
		}
	}
	return signs
}

// sizes measures what stands when a decision is made. thread is what stands under the same post, past what the author
// wrote anywhere.
func sizes(m mention.Mention, thread, past []mention.Mention, at time.Time) Before {
	b := Before{Hostile: []string{}, Venues: []string{m.Source}}
	for _, t := range thread {
		if !t.Own && hostile(t) && !t.At.After(at) {
			b.Hostile = append(b.Hostile, t.AuthorKey)
		}
	}
	heat := 0
	for _, p := range unique(past) {
		if p.At.After(at) || p.AuthorKey != m.AuthorKey {
			continue
		}
		b.Venues = append(b.Venues, p.Source)
		if at.Sub(p.At) < before || p.ID == m.ID {
			heat, b.Items = heat+p.Severity, b.Items+1
		}
	}
	if b.Items > 0 {
		b.Intensity = float64(heat) / float64(b.Items)
	}
	b.Hostile, b.Venues = set(b.Hostile), set(b.Venues)
	return b
}

func set(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

func hostile(m mention.Mention) bool { return mention.Hostile("," + strings.Join(m.Labels, ",") + ",") }

// observe looks at what was written between the decision and the look: by the author anywhere, by anybody in the thread,
// and by hostile accounts of the firm.
func observe(f Forecast, m mention.Mention, items []mention.Mention, until time.Time) Seen {
	s := Seen{Venues: []string{}, Suspects: []string{}, Was: f.Before.Intensity}
	end := f.At.Add(Window)
	joined, heat, n := []string{}, 0, 0
	words := memory.Read(m.Text, "")
	for _, x := range unique(items) {
		switch {
		case x.Own || x.ID == m.ID || !x.At.After(f.At) || x.At.After(until):
			continue
		case x.At.After(end):
			s.Later = s.Later || x.AuthorKey == m.AuthorKey && hostile(x)
			continue
		}
		own, thread := x.AuthorKey == m.AuthorKey, m.Post != "" && x.Post == m.Post
		if own {
			heat, n = heat+x.Severity, n+1
			s.Returned = s.Returned || hostile(x)
			if hostile(x) && !slices.Contains(f.Before.Venues, x.Source) {
				s.Venues = append(s.Venues, x.Source)
			}
		} else if hostile(x) && alike(m, x, words) {
			s.Suspects = append(s.Suspects, x.ID)
		}
		s.Call = s.Call || (own || thread) && x.Has("boycott")
		if thread && !own && hostile(x) && !slices.Contains(f.Before.Hostile, x.AuthorKey) {
			joined = append(joined, x.AuthorKey)
		}
	}
	if n > 0 {
		s.Intensity = math.Round(100*float64(heat)/float64(n)) / 100
	}
	s.Venues, s.Suspects, s.Joined = set(s.Venues), set(s.Suspects), len(set(joined))
	return s
}

func unique(items []mention.Mention) []mention.Mention {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b mention.Mention) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(items, func(a, b mention.Mention) bool { return a.ID == b.ID })
}

// alike suspects, and no more, that the same hand wrote both: the same shown name at another account, or nearly the same
// words, where there are enough of them to mean something.
func alike(m, x mention.Mention, words memory.Text) bool {
	if name := folded(m.AuthorName); name == folded(x.AuthorName) && !slices.Contains(nameless, name) {
		return true
	}
	return !words.Short() && memory.Words(words, memory.Read(x.Text, "")) != memory.Other
}

// nameless are shown names that many carry.
var nameless = []string{"", "anonim", "anonimowy", "anonymous", "gość", "guest", "użytkownik", "klient", "klientka"}

func folded(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// judge says how it went, and when nobody can tell, why. seesPlace tells that the place is still watched.
func judge(s Seen, d decision.Decision, m mention.Mention, seesPlace bool) (Verdict, string) {
	switch {
	case d.State != decision.Decided:
		return Unknown, causeUndone
	case d.Outcome == decision.Failed || d.Outcome == decision.Dropped:
		return Unknown, causeFailed
	case d.Outcome == decision.ByHand || d.Outcome == decision.Underway:
		return Unknown, causeUndoneBy
	case len(s.Signs()) > 0:
		return Escalated, ""
	case !seesPlace:
		return Unknown, causeSource
	case gone(m) && d.Option != decision.Hide && d.Option != decision.Delete && d.Option != decision.Block && d.Option != decision.Report:
		return Unknown, causeGone
	}
	return Calm, ""
}

func gone(m mention.Mention) bool {
	return !m.GoneAt.IsZero() || m.State == source.Gone || m.State == source.Trashed || m.State == source.Spammed
}
