package groups

import (
	"context"
	"slices"

	"chop/internal/access"
	"chop/internal/group"
	"chop/internal/reason"
	"chop/internal/web/page"
)

// Of is the groups of the accounts, by account; none for those who may not see groups. Other pages show them as marks.
func Of(ctx context.Context, s *group.Store, firm string, accounts []string) (map[string][]group.Group, error) {
	who := access.From(ctx)
	if s == nil || len(accounts) == 0 || !who.Holds(access.ViewGroups, firm) && !who.Holds(access.SharedGroups, firm) {
		return nil, nil
	}
	return s.OfAuthors(ctx, firm, accounts)
}

// Marks say beside an account that it acts together with others, and lead to the group. What is only suggested or uncertain looks so.
func Marks(ctx context.Context, gs []group.Group, account string) (ms []page.Mark) {
	for _, g := range gs {
		m := page.Mark{Tone: page.Line, Icon: "waypoints", Href: At(g.Firm, g.ID)}
		id := "groups.mark.L3"
		x, _ := g.Member(account)
		switch {
		case x.State == group.Uncertain:
			id = "groups.mark.maybe"
		case g.Level <= group.Trigger:
			id = "groups.mark.L2"
		case g.State == group.Confirmed:
			m.Tone = page.Danger
		default:
			m.Tone = page.Warn
		}
		m.Text = page.T(ctx, id, "Name", g.Name())
		ms = append(ms, m)
	}
	return ms
}

// Says is what is known of an account in a group: the strongest of its links, in figures.
func Says(ctx context.Context, g group.Group, account string) string {
	for _, l := range strongest(g.Links) {
		switch account {
		case l.A:
			return page.T(ctx, "groups.with", "Name", label(nameIn(g, l.B)), "Says", pair(ctx, l))
		case l.B:
			return page.T(ctx, "groups.with", "Name", label(nameIn(g, l.A)), "Says", pair(ctx, l))
		}
	}
	return ""
}

func nameIn(g group.Group, account string) string { return View{G: g}.nameOf(account) }

// Title is the sentence of a group, "19 accounts act together".
func Title(ctx context.Context, g group.Group) string { return title(ctx, g) }

// State is the mark of what people said of a group.
func State(ctx context.Context, g group.Group) page.Mark { return toned(ctx, g) }

// Undecided are the groups that wait for a person, of one firm; what runs find no more waits for nobody.
func Undecided(ctx context.Context, s *group.Store, firm string) (out []group.Group, err error) {
	if s == nil || !access.From(ctx).Holds(access.ViewGroups, firm) {
		return nil, nil
	}
	all, err := s.List(ctx, firm, false)
	for _, g := range all {
		if open(g) && !g.Faded() {
			out = append(out, g)
		}
	}
	return out, err
}

// InCase are the groups of a case, that opened it or were put into it, and those that could be: some of their accounts write in the case.
func InCase(ctx context.Context, s *group.Store, firm, id string, items []reason.Ref, accounts []string) (in, could []group.Group, err error) {
	who := access.From(ctx)
	if s == nil || !who.Holds(access.ViewGroups, firm) && !who.Holds(access.SharedGroups, firm) {
		return nil, nil, nil
	}
	all, err := s.List(ctx, firm, false)
	if err != nil {
		return nil, nil, err
	}
	writes := map[string]bool{}
	for _, a := range accounts {
		writes[a] = true
	}
	for _, g := range all {
		switch {
		case g.Case == id || slices.Contains(items, group.Ref(g.ID)):
			in = append(in, g)
		case g.Case == "" && shares(g, writes) > 0:
			could = append(could, g)
		}
	}
	return in, could, nil
}

// shares is how many accounts of the group are among those.
func shares(g group.Group, writes map[string]bool) (n int) {
	for _, a := range g.Accounts(false) {
		if writes[a] {
			n++
		}
	}
	return n
}

// HandAt is the form that hands a group to a case.
func HandAt(g group.Group, caseID string) string {
	return At(g.Firm, g.ID) + "&do=hand&case=" + query(caseID) + "#gr-do"
}
