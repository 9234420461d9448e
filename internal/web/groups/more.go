package groups

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/a-h/templ"

	"chop/internal/classify"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/web/page"
)

// How many rows stand open before the rest is folded away; what is beyond the most stands in the file alone.
const (
	firstLinks    = 8
	mostLinks     = 300
	firstIn       = 8
	firstVersions = 3
)

// parts are the members whose rows stand open, the first of them and everybody to decide, and the rest.
func parts(ms []group.Member) (open, folded []group.Member) {
	for i, m := range ms {
		if i < firstIn || m.State == group.Uncertain {
			open = append(open, m)
		} else {
			folded = append(folded, m)
		}
	}
	return open, folded
}

func (v View) crumbs(ctx context.Context) []page.Pair {
	way := []page.Pair{{Name: page.T(ctx, "groups"), Value: path + "?firm=" + query(v.Firm.ID)}}
	if v.Case != nil {
		way = append(way, page.Pair{Name: v.Case.Number, Value: "/cases/" + query(v.Case.ID)})
	}
	return append(way, page.Pair{Name: page.T(ctx, "groups.group", "Name", v.G.Name())})
}

// settled is who decided, or that nobody has.
func (v View) settled(ctx context.Context) string {
	if v.G.Decided.IsZero() {
		return page.T(ctx, "groups.settled.nobody")
	}
	return page.T(ctx, "groups.settled."+string(v.G.State), "Day", day(ctx, v.G.Decided), "Who", v.G.DecidedName)
}

// plays tells whether somebody in the group has the role.
func (v View) plays(role string) bool {
	return slices.ContainsFunc(v.G.Members, func(m group.Member) bool { return m.State == group.In && m.Role == role })
}

func (v View) laneName(l Lane) string {
	ms := standing(v.G.Members)
	if l.Who < len(ms) {
		return name(ms[l.Who])
	}
	return ""
}

// tick is a time under the lanes.
func tick(ctx context.Context, d time.Duration) string {
	if d == 0 {
		return page.T(ctx, "groups.lanes.zero")
	}
	return soon(ctx, d)
}

func whole(ctx context.Context, x float64) string { return page.Int(ctx, int(math.Round(x))) }

// signs are the other kinds of evidence, strong ones as speaking for, weak ones as open.
func (v View) signs(ctx context.Context) (ps []page.Point) {
	for _, s := range v.G.Finding.Signs {
		p := page.Point{Side: page.Neither, Text: sign(ctx, s)}
		if s.Strong {
			p.Side = page.For
		}
		ps = append(ps, p)
	}
	return ps
}

// counter is what speaks against the last level: the general grounds, the weak places, and who is beside the group.
func (v View) counter(ctx context.Context) []page.Point {
	ps := v.disproof(ctx)
	if v.Critics.Accounts > 0 {
		ps = append(ps, page.Point{Side: page.Neither, Text: page.N(ctx, "groups.critics.n", v.Critics.Accounts)})
	}
	if n := count(v.G, group.Uncertain); n > 0 {
		ps = append(ps, page.Point{Side: page.Against, Text: page.N(ctx, "groups.doubt.uncertain", n)})
	}
	return ps
}

// formed tells whether the form that was asked for can stand on the page.
func (v View) formed() bool {
	if !v.Work || !v.G.State.Live() && v.Form.Err == nil {
		return false
	}
	switch v.Form.Verb {
	case "confirm":
		return v.G.State == group.Suggested || v.Form.Err != nil
	case "merge":
		return len(v.Others) > 0
	case "sign":
		return signable(v.G) || v.Form.Err != nil
	case "decide":
		_, ok := v.G.Member(v.Form.val("account"))
		return ok && slices.Contains([]string{"in", "out"}, v.Form.val("state"))
	}
	_, ok := verbs[v.Form.Verb]
	return ok
}

func (v View) post(verb string) string {
	return path + "/" + v.G.ID + "/" + verb + "?firm=" + query(v.Firm.ID)
}

func (v View) others(ctx context.Context) (os []page.Option) {
	for _, g := range v.Others {
		os = append(os, page.Option{Value: g.ID, Text: g.Name() + ": " + title(ctx, g), Selected: g.ID == v.Form.val("into")})
	}
	return os
}

func (v View) cases() (os []page.Option) {
	for _, c := range v.Cases {
		os = append(os, page.Option{Value: c.ID, Text: c.Number, Selected: c.ID == v.Form.val("case")})
	}
	return os
}

// accounts are those that stand in the group.
func (v View) accounts() (os []page.Option) {
	for _, m := range standing(v.G.Members) {
		os = append(os, page.Option{Value: m.Account, Text: short(v.apart(m), 130), Selected: m.Account == v.Form.val("account")})
	}
	return os
}

func (v View) kinds(ctx context.Context) (os []page.Option) {
	for _, k := range []string{group.KnownCustomer, group.KnownOwn} {
		os = append(os, page.Option{Value: k, Text: page.T(ctx, "group.known."+k), Selected: k == v.Form.val("kind")})
	}
	return os
}

func (v View) sheets(ctx context.Context) (os []page.Option) {
	for _, s := range sheetNames {
		os = append(os, page.Option{Value: s, Text: page.T(ctx, "groups.sheet."+s)})
	}
	return os
}

// remains is what is left without the account.
func (v View) remains(ctx context.Context) string {
	if !v.Without.Stands {
		return page.T(ctx, "groups.appeal.falls")
	}
	return page.N(ctx, "groups.appeal.stands", v.Without.Members, "Level", v.Without.Level.Code(), "P", chance(ctx, "p", v.Without.P))
}

// own is what is known of the account that appeals: its own figures, all of them.
func (v View) own(ctx context.Context) (ps []page.Point) {
	add := func(s string) { ps = append(ps, page.Point{Side: page.Neither, Text: s}) }
	m, _ := v.G.Member(v.Without.Account)
	add(page.T(ctx, "groups.own.member", "State", page.T(ctx, "group.member."+string(m.State)), "Posts", page.Int(ctx, m.Posts), "All", page.Int(ctx, len(v.G.Finding.Posts)), "Since", day(ctx, m.Since)))
	if f := follows(ctx, m); f != "" {
		add(f)
	}
	n := 0
	for _, l := range strongest(v.G.Links) {
		if (l.A == m.Account || l.B == m.Account) && n < 3 {
			other := l.A
			if other == m.Account {
				other = l.B
			}
			add(page.T(ctx, "groups.own.link", "Name", label(v.nameOf(other)), "Says", pair(ctx, l)))
			n++
		}
	}
	return ps
}

// excerpt is a text as a critic's beginning; a distressing one is not shown here.
func excerpt(m mention.Mention) string {
	if m.Has(string(classify.Threat)) || m.Has(string(classify.Hate)) || m.Has(string(classify.Distress)) {
		return "…"
	}
	return short(m.Text, 160)
}

func (v List) chips(ctx context.Context) []page.Choice {
	at := path + "?firm=" + query(v.Firm.ID)
	return []page.Choice{{Text: page.T(ctx, "groups.list.live"), Href: at, On: !v.All}, {Text: page.T(ctx, "groups.list.all"), Href: at + "&all=1", On: v.All}}
}

// early is how many accounts were only early together.
func (v List) early() (n int) {
	for _, x := range v.Runs {
		n += x.Synchronous
	}
	return n
}

// scant tells whether too little was read for an empty list to mean much.
func (v List) scant() bool {
	for _, x := range v.Runs {
		if x.Posts >= fewPosts {
			return false
		}
	}
	return true
}

func (v List) emptyTitle(ctx context.Context) string {
	switch {
	case v.Shared:
		return page.T(ctx, "groups.none.shared")
	case len(v.Runs) == 0:
		return page.T(ctx, "groups.none.unread")
	}
	return page.T(ctx, "groups.none")
}

func (v List) emptyText(ctx context.Context) string {
	switch {
	case v.Shared:
		return page.T(ctx, "groups.none.shared.text")
	case len(v.Runs) == 0:
		return page.T(ctx, "groups.none.unread.text")
	case v.scant():
		return page.T(ctx, "groups.none.scant", "Enough", page.Int(ctx, fewPosts))
	}
	return page.T(ctx, "groups.none.text")
}

// taken is the account whose mark is about to be taken off.
func (v List) taken() (k group.Known, ok bool) {
	if v.Form.Verb != "unknow" || !v.Work {
		return k, false
	}
	i := slices.IndexFunc(v.Known, func(x group.Known) bool { return x.Account == v.Form.val("account") })
	if i < 0 {
		return k, false
	}
	return v.Known[i], true
}

func (v List) takeBack(k group.Known) templ.SafeURL {
	return templ.SafeURL(path + "?firm=" + query(v.Firm.ID) + "&do=unknow&account=" + query(k.Account) + "#gr-unknow")
}
