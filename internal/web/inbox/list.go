package inbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"chop/internal/classify"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/web/groups"
	"chop/internal/web/page"
)

// snippet is how many characters of a text a row holds.
const snippet = 240

// kind is the kind of channel that a mention came from; of a removed one the account still knows it.
func (s sources) kind(m mention.Mention) string {
	if src, ok := s.find(m.Source); ok {
		return src.Kind
	}
	kind, _, _ := strings.Cut(m.AuthorKey, ":")
	return kind
}

// blind are the names of the channels that we do not see as we should.
func (s sources) blind(now time.Time) (names []string) {
	for _, x := range s.all {
		if c := x.Condition(now); c == source.Blind || c == source.Quiet || c == source.Paused || c == source.Fresh {
			names = append(names, x.Name)
		}
	}
	return names
}

// row is a mention as a line of the list.
func row(ctx context.Context, m mention.Mention, kind, href, into string, on bool) page.MentionRow {
	r := page.MentionRow{ID: m.ID, Href: href, Into: into, Channel: kind, Author: authorName(ctx, m), Text: short(textOf(ctx, m)),
		Veiled: distressing(m), At: m.At, Labels: labels(m), Severity: m.Severity, Marks: marks(ctx, m), On: on, Pick: "pick"}
	f := page.FrameFrom(ctx)
	if f.Firm == "" && len(f.Firms) > 1 {
		r.Firm = firmName(ctx, m.Firm)
	}
	switch m.Status {
	case mention.Open:
		if !m.DueAt.IsZero() {
			r.Clock = page.Until(m.DueAt)
		}
	case mention.Done:
		r.Done = page.T(ctx, "inbox.row.done")
	case mention.Snoozed:
		r.Marks = append(r.Marks, page.Mark{Tone: page.Line, Icon: "clock", Text: page.T(ctx, "inbox.row.snoozed")})
	}
	return r
}

func authorName(ctx context.Context, m mention.Mention) string {
	if strings.TrimSpace(m.AuthorName) == "" {
		return page.T(ctx, "inbox.nameless")
	}
	return m.AuthorName
}

func firmName(ctx context.Context, id string) string {
	for _, f := range page.FrameFrom(ctx).Firms {
		if f.ID == id {
			return f.Name
		}
	}
	return ""
}

// textOf is what was written; a review without a word says its stars.
func textOf(ctx context.Context, m mention.Mention) string {
	if strings.TrimSpace(m.Text) == "" {
		if m.Rating > 0 {
			return page.T(ctx, "inbox.stars_only", "N", m.Rating)
		}
		return page.T(ctx, "inbox.wordless")
	}
	return m.Text
}

func short(s string) string {
	s = strings.Join(strings.Fields(s[:min(len(s), 4*snippet)]), " ")
	if rs := []rune(strings.ToValidUTF8(s, "")); len(rs) > snippet {
		return string(rs[:snippet]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// distressing texts are covered until somebody asks for them: the guardian reads hundreds a night (DESIGN.md 1.11).
func distressing(m mention.Mention) bool {
	return m.Severity >= 3 && (m.Has(string(classify.Hate)) || m.Has(string(classify.Threat)))
}

// labels in the order people know, without what says nothing beside others.
func labels(m mention.Mention) (ls []classify.Label) {
	for _, l := range allLabels() {
		buyers := l == classify.Question && m.Buyer // the mark says it better
		if m.Has(string(l)) && !buyers && !(l == classify.Neutral && len(m.Labels) > 1) {
			ls = append(ls, l)
		}
	}
	return ls
}

// marks are what follows from the labels: a buyer's question, criticism that is answered and never removed.
func marks(ctx context.Context, m mention.Mention) (ms []page.Mark) {
	if m.Buyer {
		ms = append(ms, page.Mark{Tone: page.Ask, Icon: "message-circle-question-mark", Text: page.T(ctx, "inbox.mark.buyer")})
	}
	if protected(m) {
		ms = append(ms, page.Mark{Tone: page.Good, Icon: "shield-check", Text: page.T(ctx, "inbox.mark.protected")})
	}
	return ms
}

// protected is a genuine complaint without what the law wants gone; the guard-rails judge for themselves.
func protected(m mention.Mention) bool {
	return m.Has(string(classify.Complaint)) && !slices.ContainsFunc(m.Labels, func(l string) bool {
		switch classify.Label(l) {
		case classify.Hate, classify.PersonalData, classify.Spam, classify.Threat, classify.FakeReview:
			return true
		}
		return false
	})
}

func heading(ctx context.Context, q Query) string {
	switch {
	case q.Words != "":
		return page.T(ctx, "inbox.heading.words", "Words", q.Words)
	case q.Status == allStatus && q.Label == string(classify.Praise):
		return page.T(ctx, "inbox.chip.praise")
	case q.Status == allStatus:
		return page.T(ctx, "inbox.heading.all")
	case q.Status != "" && q.Status != string(mention.Open):
		return page.T(ctx, "inbox.status."+q.Status)
	case q.Label != "" && !strings.Contains(q.Label, ","):
		return page.LabelName(ctx, classify.Label(q.Label))
	case q.Severity >= 3:
		return page.T(ctx, "inbox.chip.urgent")
	}
	return page.T(ctx, "inbox.heading.waiting")
}

// chips are the filters one tap away. They keep the channel and the place that were chosen.
func chips(ctx context.Context, q Query, c mention.Counts) []page.Choice {
	base := Query{Source: q.Source, State: q.State, Words: q.Words, Author: q.Author, From: q.From, To: q.To}
	with := func(change func(*Query)) Query { n := base; change(&n); return n }
	list := []struct {
		id, icon string
		n        int
		q        Query
	}{
		{"waiting", "", 0, base},
		{"urgent", "siren", c.Urgent, with(func(n *Query) { n.Severity = 3 })},
		{"questions", "message-circle-question-mark", 0, with(func(n *Query) { n.Label = string(classify.Question) })},
		{"complaints", "message-square-warning", 0, with(func(n *Query) { n.Label = string(classify.Complaint) })},
		{"praise", "heart", 0, with(func(n *Query) { n.Label, n.Status = string(classify.Praise), allStatus })},
		{"all", "", 0, with(func(n *Query) { n.Status = allStatus })},
	}
	out := make([]page.Choice, len(list))
	for i, x := range list {
		on := x.q.Label == q.Label && q.Not == "" && x.q.Severity == q.Severity && (x.q.Status == q.Status || x.q.Status == "" && q.Status == string(mention.Open))
		out[i] = page.Choice{Text: page.T(ctx, "inbox.chip."+x.id), Icon: x.icon, Href: x.q.at(""), Count: x.n, On: on}
	}
	return out
}

// narrowing are the labels that narrow the list, each as a chip that takes itself away. One label that has a chip of its
// own among those above is not repeated.
func narrowing(ctx context.Context, q Query, at func(Query) string) (cs []page.Choice) {
	less := func(list, l string) string {
		return strings.Join(slices.DeleteFunc(split(list), func(x string) bool { return x == l }), ",")
	}
	for _, l := range split(q.Label) {
		n := q
		n.Label, n.Below = less(q.Label, l), 0
		cs = append(cs, page.Choice{Text: page.LabelName(ctx, classify.Label(l)), Icon: "x", Href: at(n), On: true})
	}
	for _, l := range split(q.Not) {
		n := q
		n.Not, n.Below = less(q.Not, l), 0
		cs = append(cs, page.Choice{Text: page.T(ctx, "inbox.filter.without", "Label", page.LabelName(ctx, classify.Label(l))), Icon: "x", Href: at(n), On: true})
	}
	return cs
}

// Filters are the fields under "Filters".
type Filters struct {
	Label, Not, Source, State, Status, Firm, Severity []page.Option
	On                                                int // how many narrow the list
}

// filters are the answers to choose from; status is what counts when the address names none.
func filters(ctx context.Context, q Query, srcs sources, status string) (f Filters) {
	any := page.Option{Text: page.T(ctx, "inbox.filter.any")}
	pick := func(value, text, chosen string) page.Option {
		return page.Option{Value: value, Text: text, Selected: value == chosen}
	}
	f.Source, f.State, f.Firm = []page.Option{any}, []page.Option{any}, []page.Option{any}
	with, without := split(q.Label), split(q.Not)
	for _, l := range allLabels() {
		o := page.Option{Value: string(l), Text: page.LabelName(ctx, l), Selected: slices.Contains(with, string(l))}
		f.Label = append(f.Label, o)
		o.Selected = slices.Contains(without, string(l))
		f.Not = append(f.Not, o)
	}
	for _, s := range srcs.all {
		f.Source = append(f.Source, pick(s.ID, s.Name, q.Source))
	}
	for _, s := range states {
		f.State = append(f.State, pick(string(s), page.T(ctx, "inbox.state."+string(s)), q.State))
	}
	if q.Status != "" {
		status = q.Status
	}
	for _, s := range statuses {
		f.Status = append(f.Status, pick(string(s), page.T(ctx, "inbox.status."+string(s)), status))
	}
	f.Status = append(f.Status, pick(allStatus, page.T(ctx, "inbox.status.all"), status))
	frame := page.FrameFrom(ctx)
	for _, x := range frame.Firms {
		f.Firm = append(f.Firm, pick(x.ID, x.Name, frame.Firm))
	}
	for i, text := range []string{any.Text, "1+", "2+", "3+", "4"} {
		value := ""
		if i > 0 {
			value = text[:1]
		}
		f.Severity = append(f.Severity, page.Option{Value: value, Text: text, Selected: i == q.Severity})
	}
	for _, v := range []string{q.Source, q.State, q.Author, q.From, q.To} {
		if v != "" {
			f.On++
		}
	}
	if n := len(with); n > 1 {
		f.On += n
	}
	f.On += len(without)
	return f
}

// together marks the rows whose account acts with others. The mark is no link here: the row opens the mention, which says why.
func (d Deps) together(ctx context.Context, list []mention.Mention, rows []page.MentionRow) error {
	keys := map[string][]string{}
	for _, m := range list {
		if !m.Own && m.AuthorKey != "" && !slices.Contains(keys[m.Firm], m.AuthorKey) {
			keys[m.Firm] = append(keys[m.Firm], m.AuthorKey)
		}
	}
	of := map[string]map[string][]group.Group{}
	for firm, ks := range keys {
		gs, err := groups.Of(ctx, d.Groups, firm, ks)
		if err != nil {
			return err
		}
		of[firm] = gs
	}
	for i, m := range list {
		for _, x := range groups.Marks(ctx, of[m.Firm][m.AuthorKey], m.AuthorKey) {
			x.Href = ""
			rows[i].Marks = append(rows[i].Marks, x)
		}
	}
	return nil
}
