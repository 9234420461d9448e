package groups

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/group"
	"chop/internal/lang"
	"chop/internal/web/page"
)

func itoa(n int) string { return strconv.Itoa(n) }

// decimal writes a figure with so many places as people of the language do.
func decimal(ctx context.Context, x float64, places int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	s := strconv.FormatFloat(x, 'f', places, 64)
	if page.Lang(ctx) == lang.PL {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// chance writes a small probability the way people read it, "q < 0,001".
func chance(ctx context.Context, sign string, p float64) string {
	const small = 0.001
	if p < small {
		return sign + " < " + decimal(ctx, small, 3)
	}
	return sign + " = " + decimal(ctx, p, 3)
}

// soon is a short time, "18 s" or "47 min".
func soon(ctx context.Context, d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return page.Int(ctx, int(d.Round(time.Second)/time.Second)) + "\u00a0s"
	case d < 2*time.Hour:
		return page.Int(ctx, int(d.Round(time.Minute)/time.Minute)) + "\u00a0min"
	}
	return page.Lang(ctx).Span(d)
}

func day(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return page.Lang(ctx).Date(t)
}

// title is the sentence on top, by how much is claimed.
func title(ctx context.Context, g group.Group) string {
	n := count(g, group.In)
	switch {
	case g.State == group.Rejected || n == 0:
		return page.T(ctx, "groups.title."+string(g.State), "Name", g.Name())
	case g.Level <= group.Trigger:
		return page.N(ctx, "groups.title.L2", n)
	}
	return page.N(ctx, "groups.title.L3", n)
}

// observed is what a link shows, "within 60 s on 14 of 15 posts".
func observed(ctx context.Context, l group.Link) string {
	return page.T(ctx, "groups.link.seen", "Within", soon(ctx, l.Within), "Together", page.Int(ctx, l.Together), "Shared", page.Int(ctx, l.Shared))
}

// pair is the whole sentence of a link.
func pair(ctx context.Context, l group.Link) string {
	return page.T(ctx, "groups.link.says", "Within", soon(ctx, l.Within), "Together", page.Int(ctx, l.Together), "Shared", page.Int(ctx, l.Shared),
		"Expected", decimal(ctx, l.Expected, 1), "Q", chance(ctx, "q", l.Q))
}

// picks is whether they pick the same posts, in figures.
func picks(ctx context.Context, f group.Finding) string {
	return page.T(ctx, "groups.picks", "Together", page.Int(ctx, int(math.Round(f.Together))), "Expected", page.Int(ctx, int(math.Round(f.Expected))),
		"SD", page.Int(ctx, int(math.Ceil(f.SD))))
}

// proved is what came on new posts after the group was frozen: the strongest sentence there is.
func proved(ctx context.Context, g group.Group) string {
	p := g.Proof
	switch {
	case g.Frozen.IsZero():
		return page.T(ctx, "groups.proof.unfrozen")
	case p.Posts == 0:
		return page.T(ctx, "groups.proof.none", "Day", day(ctx, g.Frozen))
	case !p.Says():
		return page.N(ctx, "groups.proof.waits", p.Posts, "Day", day(ctx, g.Frozen))
	}
	id := "groups.proof.failed"
	if p.P < 0.01 && float64(p.Near) > p.Expected {
		id = "groups.proof.held"
	}
	return page.N(ctx, id, p.Posts, "Day", day(ctx, g.Frozen), "Near", page.Int(ctx, p.Near), "Pairs", page.Int(ctx, p.Pairs),
		"Within", soon(ctx, time.Duration(p.Window*float64(time.Second))), "Expected", decimal(ctx, p.Expected, 1), "P", chance(ctx, "p", p.P))
}

// against are the facts that do not look like an ordinary wave; each says only what was counted.
func (v View) against(ctx context.Context) (ps []page.Point) {
	f := v.G.Finding
	add := func(s string) { ps = append(ps, page.Point{Side: page.For, Text: s}) }
	if v.Pace.Posts > 0 && v.Pace.N >= 5 && 2*v.Pace.Group <= v.Pace.Others { // a little sooner is nothing
		add(page.N(ctx, "groups.fact.pace", v.Pace.Posts, "Group", soon(ctx, v.Pace.Group), "Others", soon(ctx, v.Pace.Others)))
	}
	if v.G.Level >= group.Organised && f.Together > f.Expected {
		add(picks(ctx, f))
	}
	if n, low, high := delays(v.G); n > 0 {
		from, to, id := decimal(ctx, low, 2), decimal(ctx, high, 2), "groups.fact.delays"
		if from == to {
			id = "groups.fact.delays.even"
		}
		add(page.N(ctx, id, n, "Low", from, "High", to))
	}
	switch {
	case f.Runs == 0 || f.Rate > seldom: // stands among the doubts
	case f.Larger == 0:
		add(page.N(ctx, "groups.fact.unshuffled", f.Runs))
	default:
		add(page.N(ctx, "groups.fact.shuffled", f.Runs, "Larger", page.Int(ctx, f.Larger)))
	}
	for _, s := range f.Signs {
		if s.Strong {
			add(sign(ctx, s))
		}
	}
	return ps
}

// delays are how the delays of those who are in follow the group's.
func delays(g group.Group) (n int, low, high float64) {
	low = 1
	for _, m := range g.Members {
		if m.State == group.In && m.Common > 0 {
			n++
			low, high = min(low, m.R), max(high, m.R)
		}
	}
	return n, low, high
}

// sign is what another kind of evidence says.
func sign(ctx context.Context, s group.Sign) string {
	if s.Evidence != nil {
		says := s.Evidence.Says(page.Lang(ctx))
		if page.Lang(ctx) == lang.PL {
			says = page.Typo(says)
		}
		return says
	}
	return page.T(ctx, "groups.sign", "Channel", page.T(ctx, "groups.channel"), "P", chance(ctx, "p", s.P), "N", page.Int(ctx, len(s.Members)))
}

// disproof is what would bring the finding down.
func (v View) disproof(ctx context.Context) (ps []page.Point) {
	ids := []string{"push", "future", "complaint", "household"}
	if v.G.Level <= group.Trigger {
		ids = slices.Insert(ids, 0, "choice")
	}
	for _, id := range ids {
		ps = append(ps, page.Point{Side: page.Neither, Text: page.T(ctx, "coordination.disconfirm."+id)})
	}
	return append(ps, v.doubts(ctx)...)
}

// doubts are the weak places of this very finding.
func (v View) doubts(ctx context.Context) (ps []page.Point) {
	f := v.G.Finding
	add := func(s string) { ps = append(ps, page.Point{Side: page.Against, Text: s}) }
	if p := v.G.Proof; p.Says() && p.P >= 0.01 {
		add(page.T(ctx, "groups.doubt.proof"))
	}
	switch {
	case f.Runs == 0:
		add(page.T(ctx, "groups.doubt.runs"))
	case f.Rate > seldom && f.Larger == 0:
		add(page.N(ctx, "groups.doubt.runs.few", f.Runs))
	case f.Rate > seldom:
		add(page.T(ctx, "groups.doubt.rate", "Larger", page.Int(ctx, f.Larger), "Runs", page.Int(ctx, f.Runs)))
	}
	if n := strangers(v.G); n > 0 {
		add(page.N(ctx, "groups.doubt.whole", len(f.Members), "Others", page.N(ctx, "groups.n.accounts", n)))
	}
	if f.Seen > 0 && f.Seen < fewPosts {
		add(page.N(ctx, "groups.doubt.few", f.Seen, "Enough", page.Int(ctx, fewPosts)))
	}
	if f.NoTimes > 0 {
		add(page.N(ctx, "groups.doubt.notimes", f.NoTimes))
	}
	if len(f.Signs) == 0 {
		add(page.T(ctx, "groups.doubt.signs"))
	}
	return ps
}

// strangers is how many accounts of the newest finding do not stand in the group any more: a person took them out, or split it.
func strangers(g group.Group) (n int) {
	for _, f := range g.Finding.Members {
		if m, ok := g.Member(f.Account); !ok || m.State == group.Out {
			n++
		}
	}
	return n
}

// seldom is how often a group as large may come up in shuffled histories before that speaks against it.
const seldom = 0.05

// fewPosts is how many posts a place needs before most groups can be found (domain/coordination.md 4.9).
const fewPosts = 80

// pictured says in words what the picture shows.
func (v View) pictured(ctx context.Context, p Picture) string {
	first, maybe := 0, 0
	for _, d := range p.Dots {
		if d.Maybe {
			maybe++
		} else if d.Role == "first" {
			first++
		}
	}
	return page.T(ctx, "groups.net.says", "Members", page.N(ctx, "groups.n.accounts", len(p.Dots)-maybe), "First", page.N(ctx, "groups.n.first", first),
		"Maybe", page.N(ctx, "groups.n.maybe", maybe), "Links", page.N(ctx, "groups.n.links", len(p.Lines)))
}

// spoken says in words what the lanes show.
func (v View) spoken(ctx context.Context) string {
	return page.T(ctx, "groups.lanes.says", "Post", v.Post.name(ctx), "Inside", page.N(ctx, "groups.n.accounts", v.Lanes.Inside),
		"All", page.Int(ctx, len(v.Lanes.Rows)+v.Lanes.Left), "Others", page.N(ctx, "groups.n.ordinary", v.Lanes.Others))
}

func (p Post) name(ctx context.Context) string {
	if t := strings.TrimSpace(p.Title); t != "" {
		return short(t, 80)
	}
	return page.T(ctx, "groups.post.nameless", "Day", day(ctx, p.At))
}

// from says where the lanes begin.
func (v View) from(ctx context.Context) string {
	if v.Lanes.Published {
		return page.T(ctx, "groups.lanes.published", "At", page.When(ctx, v.Lanes.Start))
	}
	if v.Post.At.IsZero() {
		return page.T(ctx, "groups.lanes.first", "At", page.When(ctx, v.Lanes.Start))
	}
	return page.T(ctx, "groups.lanes.later", "At", page.When(ctx, v.Lanes.Start), "After", soon(ctx, v.Lanes.Start.Sub(v.Post.At)))
}

// decided is who said what of a member, and when.
func decided(ctx context.Context, m group.Member) string {
	if m.Decided.IsZero() {
		return page.T(ctx, "group.member."+string(m.State))
	}
	return page.T(ctx, "groups.member.said", "State", page.T(ctx, "group.member."+string(m.State)), "Day", day(ctx, m.Decided), "Who", m.DecidedName)
}

// follows is how a member's delay goes with the group's.
func follows(ctx context.Context, m group.Member) string {
	if m.Common == 0 || m.P <= 0 {
		return ""
	}
	return page.T(ctx, "coordination.member", "R", decimal(ctx, m.R, 2), "N", page.Int(ctx, m.Common), "Once", page.Int(ctx, max(1, int(math.Ceil(1/m.P))-1)))
}

// agrees says whether a finding made again is the kept one.
func (v View) agrees(ctx context.Context) string {
	switch {
	case v.Again.Same:
		return page.T(ctx, "groups.again.same")
	case v.Again.OtherCode:
		return page.T(ctx, "groups.again.newer")
	}
	return page.T(ctx, "groups.again.differs")
}

// differs is the figures of both.
func (v View) differs(ctx context.Context) string {
	brief := func(f group.Finding) string {
		return page.T(ctx, "groups.again.figures", "Level", f.Level.Code(), "Accounts", page.N(ctx, "groups.n.accounts", len(f.Members)),
			"Links", page.N(ctx, "groups.n.links", len(f.Links)), "Z", decimal(ctx, f.Z, 1))
	}
	return page.T(ctx, "groups.again.both", "Kept", brief(v.Again.Kept), "Made", brief(v.Again.Made))
}

func role(ctx context.Context, m group.Member) string {
	if m.State == group.Uncertain {
		return page.T(ctx, "groups.role.maybe")
	}
	if m.Role == "" {
		return page.T(ctx, "groups.role.none")
	}
	return page.T(ctx, "group.role."+m.Role)
}
