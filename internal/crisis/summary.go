package crisis

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/mention"
)

// Situation is a case in the figures that the owner's summary is made of.
type Situation struct {
	Case       Case
	Lead       string // name
	Accounts   int    // that wrote something hostile
	Hostile    int
	Day        int     // hostile items of the last 24 hours
	Hour       int     // hostile items of the last hour
	Normal     float64 // hostile items on an ordinary day
	Complaints int     // genuine ones, which are never removed
	Asked      int     // buyers' questions
	Answered   int     // of them, with an answer of ours
	Items      int
	Sealed     int
	Waiting    int // items without a decision
	Requests   int // of ours to the owner
	Now        time.Time
}

// Situation counts what is known of a case.
func (f Facts) Situation() Situation {
	x := Situation{Case: f.Case, Normal: f.Normal, Now: f.Now}
	accounts := map[string]bool{}
	for _, m := range f.theirs() {
		x.Items++
		if f.Sealed[m.ID] {
			x.Sealed++
		}
		if m.Status == mention.Open || m.Status == mention.New {
			x.Waiting++
		}
		if m.Has("complaint") && !Hostile(m) {
			x.Complaints++
		}
		if question(m) {
			x.Asked++
			if f.Found.Answered[m.ID] {
				x.Answered++
			}
		}
		if !Hostile(m) {
			continue
		}
		x.Hostile++
		accounts[m.AuthorKey] = true
		if age := f.Now.Sub(m.SeenAt); age < time.Hour {
			x.Hour++
			x.Day++
		} else if age < 24*time.Hour {
			x.Day++
		}
	}
	x.Accounts = len(accounts)
	for _, p := range f.Found.Pending {
		if p.Kind == "consent" {
			x.Requests++
		}
	}
	return x
}

// Situation is the figures of a case for the owner's summary. Needs access.ViewMentions.
func (s *Store) Situation(ctx context.Context, firm, id string) (x Situation, err error) {
	f, err := s.Facts(ctx, firm, id)
	if err != nil {
		return x, err
	}
	if f.Normal, err = s.Normal(ctx, firm); err != nil {
		return x, err
	}
	x = f.Situation()
	roster, err := s.Alerts.Duty.Roster(ctx, firm)
	for _, m := range roster {
		if m.ID == x.Case.Lead {
			x.Lead = m.Name
		}
	}
	return x, err
}

// Normal is how many hostile items an ordinary day brings a firm: the median of the four weeks before yesterday. Needs
// access.ViewMentions.
func (s *Store) Normal(ctx context.Context, firm string) (float64, error) {
	const day, days = 24 * time.Hour, 28
	list, err := s.Mentions.Pulse(ctx, firm, s.DB.Now().Truncate(day).Add(-(days+1)*day), day, days)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	var ns []int
	for _, b := range list {
		ns = append(ns, b.Hostile)
	}
	slices.Sort(ns)
	return float64(ns[len(ns)/2-1]+ns[len(ns)/2]) / 2, nil
}

// Summary tells an owner in three to five short sentences what happens, how big it is against an ordinary day, what we do
// now, what we ask of them, and when they hear next. It is made of figures alone, names no account, and uses no word of
// the trade.
func Summary(x Situation, t lang.Tag) []string {
	if !x.Case.Open() {
		return ended(x, t)
	}
	out := []string{what(x, t), size(x, t), doing(x, t), ask(x, t)}
	if next := x.Case.WordAt; !next.IsZero() {
		id := "summary.next"
		if x.Now.After(next) {
			id = "summary.next.late"
		}
		out = append(out, t.T(id, "At", t.When(next, x.Now)))
	}
	return out
}

// what happens: by the title the rules gave the case; a person's own title is not for the owner's eyes, who may be named
// in it.
func what(x Situation, t lang.Tag) string {
	if x.Case.Status == Contained {
		return t.T("summary.what.contained")
	}
	id := "summary.what." + lastPart(x.Case.Title)
	if !t.Has(x.Case.Title) || !t.Has(id) {
		id = "summary.what.other"
	}
	post := x.Case.Facts["post"]
	if post == "" && t.Has(id+".nopost") {
		id += ".nopost"
	}
	return t.T(id, "Post", post)
}

func lastPart(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return s[i+1:]
		}
	}
	return s
}

// size of it against an ordinary day.
func size(x Situation, t lang.Tag) string {
	switch {
	case x.Hostile == 0 && x.Items == 0:
		if n, err := strconv.Atoi(x.Case.Facts["count"]); err == nil && x.Case.Title == "case.title.group" {
			return t.N("summary.size.group", n)
		}
		return t.T("summary.size.none")
	case x.Hostile == 0:
		return t.N("summary.size.items", x.Items)
	case x.Case.Status == Contained || x.Hour == 0:
		return t.N("summary.size.quiet", x.Hostile, "Accounts", t.N("summary.accounts", x.Accounts))
	}
	normal := int(math.Round(x.Normal))
	id := "summary.size"
	if normal == 0 {
		id = "summary.size.rare"
	}
	return t.N(id, x.Day, "Accounts", t.N("summary.accounts", x.Accounts), "Normal", t.Int(normal))
}

// doing is what we do now.
func doing(x Situation, t lang.Tag) string {
	switch {
	case x.Lead == "":
		return t.T("summary.doing.nobody")
	case x.Case.Status == Contained:
		return t.T("summary.doing.contained", "Lead", x.Lead)
	case x.Asked > x.Answered:
		return t.N("summary.doing.answers", x.Asked-x.Answered, "Lead", x.Lead)
	case x.Waiting > 0:
		return t.N("summary.doing.decides", x.Waiting, "Lead", x.Lead)
	}
	return t.T("summary.doing.watches", "Lead", x.Lead)
}

// ask is what we ask of the owner; calm advice when nothing.
func ask(x Situation, t lang.Tag) string {
	switch {
	case x.Requests > 0:
		return t.N("summary.ask", x.Requests)
	case x.Case.Status == Contained:
		return t.T("summary.ask.nothing")
	case x.Complaints > 0:
		return t.N("summary.ask.complaints", x.Complaints)
	}
	return t.T("summary.ask.quiet")
}

func ended(x Situation, t lang.Tag) []string {
	id := "summary.ended." + string(x.Case.Resolution)
	if !t.Has(id) {
		id = "summary.ended"
	}
	out := []string{t.T(id)}
	if x.Hostile > 0 {
		out = append(out, t.N("summary.ended.size", x.Hostile, "Accounts", t.N("summary.accounts", x.Accounts), "Span", t.Span(x.Case.ClosedAt.Sub(x.Case.Round()))))
	} else {
		out = append(out, t.T("summary.ended.span", "Span", t.Span(x.Case.ClosedAt.Sub(x.Case.Round()))))
	}
	return append(out, t.T("summary.ended.watch"))
}

// For reports.

// Timing is a case with the clocks it was measured by.
type Timing struct {
	Case   Case
	Clocks []Clock
}

// Timings are the cases opened in [from, to) with their clocks, oldest first; merged ones are part of another. Needs
// access.ViewCases.
func (s *Store) Timings(ctx context.Context, firm string, from, to time.Time) (list []Timing, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	cs, err := s.query(ctx, `firm_id = $1 AND opened_at >= $2 AND opened_at < $3 AND merged_into = ''`, `ORDER BY opened_at, id LIMIT 5000`, firm, from, to)
	for _, c := range cs {
		list = append(list, Timing{c, c.Clocks()})
	}
	return list, err
}

// Story is the whole timeline of a case for a file, oldest first, at most 10,000 lines; internal notes stand in it as lines
// without their words. It is journalled. Needs access.ExportData.
func (s *Store) Story(ctx context.Context, firm, id string) ([]Event, error) {
	if err := access.Check(ctx, access.ExportData, firm); err != nil {
		return nil, err
	}
	c, err := s.load(ctx, firm, id)
	if err != nil {
		return nil, err
	}
	if c.Merged() {
		return nil, fault.New(fault.Conflict, "case.merged")
	}
	list, err := s.timeline(ctx, firm, id, 10_000)
	if err != nil {
		return nil, err
	}
	slices.Reverse(list)
	return list, s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: c.Ref(), Verb: "case.exported"})
}
