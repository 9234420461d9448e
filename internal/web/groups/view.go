package groups

import (
	"cmp"
	"context"
	"slices"
	"time"

	"chop/internal/crisis"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/web/page"
)

// View is the page of a group.
type View struct {
	Firm page.Firm
	G    group.Group
	Form Form
	Work bool // the person may decide
	Take bool // the person may take the list away

	Versions []group.Finding // newest first
	Others   []group.Group   // of the firm, that this one may be merged with
	Cases    []crisis.Case   // open ones it may be handed to
	Case     *crisis.Case    // it was handed to
	Posts    []Post          // that may stand in the picture
	Post     Post            // that does
	Lanes    Lanes
	Pace     Pace
	Critics  Critics
	Without  *Appeal
	Again    *group.Reproduced        // a kept finding, made again
	seals    map[string]page.SealMark // by exhibit id
	Profiles bool                     // the person may open the page of an account
}

// Post is one under which the group stood.
type Post struct {
	ID, Title string
	At        time.Time
}

// Pace is how soon the group and everybody else act under the same posts: the medians after publication.
type Pace struct {
	Posts         int
	Group, Others time.Duration
	N             int // of others
}

// Critics are those who complain and are in no group: nothing here lowers the weight of what they say.
type Critics struct {
	Accounts int
	More     bool // there were more than were read
	Said     []mention.Mention
}

// Appeal is the finding counted again without one account.
type Appeal struct {
	Account string
	Stands  bool // a group remains
	Level   group.Level
	Members int
	P       float64
}

// order is the members as people read them: who is in, who acts first, who acts most; then those to decide; then those out.
func order(ms []group.Member) []group.Member {
	state := map[group.MemberState]int{group.In: 0, group.Uncertain: 1, group.Out: 2}
	role := map[string]int{"first": 0, "with": 1, "seldom": 2, "": 3}
	ms = slices.Clone(ms)
	slices.SortStableFunc(ms, func(a, b group.Member) int {
		return cmp.Or(cmp.Compare(state[a.State], state[b.State]), cmp.Compare(role[a.Role], role[b.Role]), cmp.Compare(b.Posts, a.Posts),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.Account, b.Account))
	})
	return ms
}

// count is how many members are in a state.
func count(g group.Group, s group.MemberState) (n int) {
	for _, m := range g.Members {
		if m.State == s {
			n++
		}
	}
	return n
}

// standing are the members that are drawn: in or not decided.
func standing(ms []group.Member) (out []group.Member) {
	for _, m := range order(ms) {
		if m.State != group.Out {
			out = append(out, m)
		}
	}
	return out
}

// beyond is how many times more often than chance a pair stood together.
func beyond(l group.Link) float64 { return max(0, float64(l.Together)-l.Expected) }

// strongest are the links, those furthest beyond chance first.
func strongest(ls []group.Link) []group.Link {
	ls = slices.Clone(ls)
	slices.SortStableFunc(ls, func(a, b group.Link) int {
		return cmp.Or(cmp.Compare(a.Q, b.Q), cmp.Compare(beyond(b), beyond(a)), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	return ls
}

// picture draws the group as it stands.
func (v View) picture() Picture {
	ms := standing(v.G.Members)
	at := map[string]int{}
	nodes := make([]Node, len(ms))
	for i, m := range ms {
		at[m.Account] = i
		nodes[i] = Node{Name: name(m), Role: m.Role, Maybe: m.State == group.Uncertain}
	}
	var edges []Edge
	for _, l := range v.G.Links {
		a, okA := at[l.A]
		b, okB := at[l.B]
		if okA && okB {
			edges = append(edges, Edge{A: a, B: b, Beyond: beyond(l)})
		}
	}
	return draw(nodes, edges)
}

// name is what an account is called here: as it shows itself, else its key.
func name(m group.Member) string { return cmp.Or(m.Name, m.Account) }

func (v View) nameOf(account string) string {
	if m, ok := v.G.Member(account); ok {
		return name(m)
	}
	return account
}

func (v View) apartOf(account string) string {
	if m, ok := v.G.Member(account); ok {
		return v.apart(m)
	}
	return account
}

// apart is what an account is called where a person picks it: two of the same name are told apart by their keys.
func (v View) apart(m group.Member) string {
	for _, o := range v.G.Members {
		if o.Account != m.Account && name(o) == name(m) {
			return short(name(m), 60) + " (" + short(m.Account, 60) + ")"
		}
	}
	return name(m)
}

// open tells whether a person has to say something: nobody has, or some accounts are uncertain.
func open(g group.Group) bool {
	return g.State == group.Suggested || g.State == group.Confirmed && count(g, group.Uncertain) > 0
}

// signable tells whether level 4 may be signed off: organised, confirmed, and another kind of evidence that speaks strongly of its accounts.
func signable(g group.Group) bool {
	return g.State == group.Confirmed && g.Level == group.Organised && g.Finding.Level == group.Organised && len(g.Strong()) > 0
}

// row is how one line of the list reads.
type row struct {
	G     group.Group
	Case  *crisis.Case
	Since time.Time
}

func since(g group.Group) (at time.Time) {
	for _, m := range g.Members {
		if m.State != group.Out && !m.Since.IsZero() && (at.IsZero() || m.Since.Before(at)) {
			at = m.Since
		}
	}
	return at
}

// toned is how a state looks.
func toned(ctx context.Context, g group.Group) page.Mark {
	m := page.Mark{Tone: page.Line, Text: page.T(ctx, "group.state."+string(g.State))}
	switch g.State {
	case group.Suggested:
		m.Tone, m.Icon = page.Warn, "circle-help"
	case group.Confirmed:
		m.Tone, m.Icon = page.Danger, "check"
	}
	return m
}
