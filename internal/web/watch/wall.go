package watch

import (
	"context"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/standing"
	"chop/internal/web/cases"
	"chop/internal/web/page"
)

// The wall shows the last twelve hours in quarters.
const (
	quarter  = 15 * time.Minute
	quarters = 48
)

var heights = map[standing.State]int{standing.Crisis: 84, standing.Attention: 34, standing.Calm: 22}

// wall makes one row per firm, all on the same axis and scale.
func (d Deps) wall(ctx context.Context, g *gathered, v *View) error {
	from := g.now.Truncate(quarter).Add(-(quarters - 1) * quarter)
	for i := range 4 {
		v.Ticks = append(v.Ticks, page.Lang(ctx).Clock(from.Add(time.Duration(i)*3*time.Hour)))
	}
	fold := len(g.list) > foldAbove
	scale := 0
	for _, s := range g.list {
		r, err := d.row(ctx, g, s, from, fold && s.State == standing.Calm)
		if err != nil {
			return err
		}
		for i := range r.Pulse.Ordinary {
			scale = max(scale, r.Pulse.Ordinary[i]+r.Pulse.Hostile[i])
		}
		if fold && s.State == standing.Calm {
			v.Folded = append(v.Folded, r)
		} else {
			v.Rows = append(v.Rows, r)
		}
	}
	for i := range v.Rows {
		v.Rows[i].Pulse.Scale = scale
	}
	return nil
}

// row is one firm; a folded one gets no picture.
func (d Deps) row(ctx context.Context, g *gathered, s standing.Standing, from time.Time, folded bool) (r Row, err error) {
	id := s.Firm.ID
	r.WallRow = page.WallRow{Name: s.Firm.Name, State: page.State(s.State), Href: "/inbox?firm=" + id}
	if !s.Last.IsZero() {
		r.Meta = page.T(ctx, "watch.last", "Span", page.Ago(ctx, s.Last))
	}
	if folded {
		return r, nil
	}
	if r.Pulse, err = d.pulse(ctx, s, from); err != nil {
		return r, err
	}
	r.Pulse.Blind = blind(g.sources[id], g.now)
	switch s.State {
	case standing.Crisis:
		return r, d.crisis(ctx, g, s, &r)
	case standing.Attention:
		attention(ctx, s, &r)
	}
	return r, nil
}

func (d Deps) pulse(ctx context.Context, s standing.Standing, from time.Time) (page.Pulse, error) {
	p := page.Pulse{ID: "p-" + s.Firm.ID, Height: heights[s.State], From: from, Step: quarter}
	if !access.From(ctx).Holds(access.ViewMentions, s.Firm.ID) {
		p.Sentence = page.T(ctx, "watch.pulse.hidden", "Firm", s.Firm.Name)
		return p, nil
	}
	list, err := d.Mentions.Pulse(ctx, s.Firm.ID, from, quarter, quarters)
	if err != nil {
		return p, err
	}
	ordinary, hostile, most := 0, 0, 0
	for _, b := range list {
		p.Ordinary, p.Hostile = append(p.Ordinary, b.Ordinary), append(p.Hostile, b.Hostile)
		ordinary, hostile, most = ordinary+b.Ordinary, hostile+b.Hostile, max(most, b.Hostile)
	}
	p.Sentence = page.T(ctx, "watch.pulse", "Firm", s.Firm.Name, "Ordinary", page.Int(ctx, ordinary), "Hostile", page.Int(ctx, hostile), "Most", page.Int(ctx, most))
	if s.State == standing.Crisis && most > 1 {
		p.Peak = page.T(ctx, "watch.peak", "N", page.Int(ctx, most))
	}
	if hostile == 0 && s.Facts.Complaints > 0 {
		return p, d.complaints(ctx, s.Firm.ID, &p)
	}
	return p, nil
}

// complaints draws genuine complaints in amber where nothing hostile glows.
func (d Deps) complaints(ctx context.Context, firm string, p *page.Pulse) error {
	list, err := d.Mentions.List(ctx, mention.Filter{Firm: firm, Labels: []string{string(classify.Complaint)}, From: p.From, Limit: 500})
	for _, m := range list {
		if i := int(m.At.Sub(p.From) / p.Step); i >= 0 && i < len(p.Hostile) && p.Ordinary[i] > 0 {
			p.Hostile[i]++
			p.Ordinary[i]--
			p.Complaint = true
		}
	}
	return err
}

// blind is where a channel of the firm was not seen, up to now.
func blind(list []source.Source, now time.Time) (spans []page.Span) {
	for _, s := range list {
		if c := s.Condition(now); c != source.Fresh && !standing.Seen(c) {
			spans = append(spans, page.Span{From: unseenSince(s), To: now})
		}
	}
	return spans
}

// unseenSince is the last time the channel showed that it lives.
func unseenSince(s source.Source) time.Time {
	last := s.CreatedAt
	if s.OKAt.After(last) && (s.Fails > 0 || s.Paused) {
		last = s.OKAt
	}
	if s.ItemAt.After(last) {
		last = s.ItemAt
	}
	return last
}

// attention says in the second line why, and how long it has lasted or how much time is left.
func attention(ctx context.Context, s standing.Standing, r *Row) {
	cause, n := standing.Why(s.Facts)
	r.Sub = page.T(ctx, "state.attention")
	if cause != "" {
		r.Sub += " · " + page.N(ctx, "watch.cause."+string(cause), n)
	}
	switch {
	case !s.Due.IsZero():
		r.Clock = page.Until(s.Due)
	case !s.Since.IsZero():
		r.Clock = page.Since(s.Since)
	}
	switch {
	case cause == standing.ByUnseen, cause == standing.ByNoChannel:
		r.Href = "/sources?firm=" + s.Firm.ID
	case s.Facts.Waiting > 0:
		r.Meta = page.N(ctx, "watch.waits", s.Facts.Waiting)
	}
}

// crisis tells in a sentence what happens and leads to what can be done.
func (d Deps) crisis(ctx context.Context, g *gathered, s standing.Standing, r *Row) error {
	id := s.Firm.ID
	r.Sub = strings.Join(filled(page.T(ctx, "state.crisis"), s.Firm.Trade, s.Firm.City), " · ")
	r.Clock, r.Meta = page.Since(s.Since), ""
	c, ok := worst(g.cases, id)
	if !ok {
		r.Why = page.N(ctx, "watch.cause.crisis", max(1, s.Facts.Urgent))
		return nil
	}
	r.Href, r.Clock = "/cases/"+c.ID, page.Since(c.OpenedAt)
	r.Meta = page.T(ctx, "watch.taken.nobody")
	if !c.AcceptedAt.IsZero() {
		r.Meta = page.T(ctx, "watch.taken", "Span", page.Lang(ctx).Span(c.AcceptedAt.Sub(c.OpenedAt)))
	}
	t, known, err := d.tally(ctx, g, c)
	if err != nil {
		return err
	}
	r.Why = sentence(ctx, c, t, known, s.Facts.Urgent)
	if known && s.Facts.Waiting > 0 {
		r.Buttons = append(r.Buttons, Button{"/inbox?firm=" + id, "inbox", page.N(ctx, "watch.decisions", s.Facts.Waiting), "btn btn-primary"})
	}
	r.Buttons = append(r.Buttons, Button{"/cases/" + c.ID, "folder-open", page.T(ctx, "watch.case"), "btn"})
	if name, mail := d.owner(ctx, id); mail != "" {
		r.Buttons = append(r.Buttons, Button{"mailto:" + mail, "mail", name, "btn"})
	}
	return nil
}

// sentence is what happens in a case: its title, then the counts.
func sentence(ctx context.Context, c crisis.Case, t cases.Tally, known bool, urgent int) string {
	parts := []string{ended(cases.Title(ctx, c))}
	if known && t.Items > 0 {
		parts = append(parts, page.N(ctx, "watch.items", t.Items, "Accounts", page.N(ctx, "cases.plain.accounts", len(t.Accounts))))
	}
	switch {
	case known && t.Buyers > 0:
		parts = append(parts, page.N(ctx, "watch.waiting", t.Waiting)+" "+page.N(ctx, "watch.buyers", t.Buyers))
	case known && t.Waiting > 0:
		parts = append(parts, page.N(ctx, "watch.waiting", t.Waiting))
	}
	if urgent > 1 {
		parts = append(parts, page.N(ctx, "watch.more", urgent-1))
	}
	return strings.Join(parts, " ")
}

// ended closes a title with a full stop.
func ended(s string) string {
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

func filled(ss ...string) (out []string) {
	for _, s := range ss {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// worst is the most urgent open case of the firm that is not contained; the list stands in that order.
func worst(list []crisis.Case, firm string) (crisis.Case, bool) {
	for _, c := range list {
		if c.Firm == firm && c.Status != crisis.Contained && c.Priority <= 2 {
			return c, true
		}
	}
	return crisis.Case{}, false
}

// owner is how to reach the firm's owner; empty when nobody owns it here.
func (d Deps) owner(ctx context.Context, firm string) (name, mail string) {
	roster, err := d.Duty.Roster(ctx, firm)
	if err != nil {
		return "", ""
	}
	for _, m := range roster {
		if m.Role == access.Owner && m.Email != "" {
			return m.Name, m.Email
		}
	}
	return "", ""
}
