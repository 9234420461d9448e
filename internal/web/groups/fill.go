package groups

import (
	"cmp"
	"context"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/web/page"
)

// How much of a group a page reads.
const (
	mostPosts   = 24  // offered for the picture
	pacePosts   = 8   // over which the medians are taken
	mostCritics = 500 // items of complaint looked through
	criticsSaid = 3
)

// fill reads what the page shows besides the group itself. What a person may not see is left out, not refused.
func (d Deps) fill(ctx context.Context, v *View, post string) (err error) {
	who, firm := access.From(ctx), v.Firm.ID
	v.Work, v.Take = who.Holds(access.WorkGroups, firm), who.Holds(access.ExportData, firm)
	v.Profiles = who.Holds(access.ViewProfiles, firm)
	if v.Versions, err = d.Groups.Versions(ctx, firm, v.G.ID); err != nil {
		return err
	}
	if v.Case, err = d.caseOf(ctx, v.G); err != nil {
		return err
	}
	if err = d.sealed(ctx, v); err != nil {
		return err
	}
	if v.Work && v.G.State.Live() {
		if err = d.offers(ctx, v); err != nil {
			return err
		}
	}
	if who.Holds(access.ViewMentions, firm) {
		if err = d.acts(ctx, v, post); err != nil {
			return err
		}
		if err = d.critics(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// offers are what the group may be merged with, and the cases it may be handed to.
func (d Deps) offers(ctx context.Context, v *View) error {
	all, err := d.Groups.List(ctx, v.Firm.ID, false)
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.ID != v.G.ID && g.Source == v.G.Source {
			v.Others = append(v.Others, g)
		}
	}
	if v.Form.Verb == "hand" {
		v.Cases, err = d.Cases.List(ctx, v.Firm.ID, true)
	}
	return err
}

// sealed are the exhibits of the links.
func (d Deps) sealed(ctx context.Context, v *View) error {
	v.seals = map[string]page.SealMark{}
	if !access.From(ctx).Holds(access.ViewEvidence, v.Firm.ID) {
		return nil
	}
	es, err := d.Evidence.Of(ctx, v.Firm.ID, group.Ref(v.G.ID))
	if err != nil {
		return err
	}
	for _, e := range es {
		if e.Removed.IsZero() {
			v.seals[e.ID] = sealMark(e)
		}
	}
	return nil
}

func sealMark(e evidence.Exhibit) page.SealMark {
	m := page.SealMark{Number: e.Code(), Href: "/exhibits/" + e.ID + "?firm=" + e.Firm}
	switch {
	case e.Checked == evidence.Fails || e.Unread:
		m.State = page.SealBad
	case e.Checked == evidence.Waits:
		m.State = page.SealWait
	}
	return m
}

// acts reads who did what under the chosen post, and how soon under several.
func (d Deps) acts(ctx context.Context, v *View, chosen string) (err error) {
	if v.Posts, err = d.posts(ctx, v.G); err != nil || len(v.Posts) == 0 {
		return err
	}
	v.Post = v.Posts[0]
	if i := slices.IndexFunc(v.Posts, func(p Post) bool { return p.ID == chosen }); i >= 0 {
		v.Post = v.Posts[i]
	}
	recent := v.Posts[:min(len(v.Posts), pacePosts)]
	wanted := []string{v.Post.ID}
	for _, p := range recent {
		wanted = append(wanted, p.ID)
	}
	list, err := d.Groups.Under(ctx, v.Firm.ID, v.G.ID, wanted...)
	if err != nil {
		return err
	}
	place, under := map[string]int{}, map[string][]group.Act{}
	for i, m := range standing(v.G.Members) {
		place[m.Account] = i
	}
	for _, a := range list {
		under[a.Object] = append(under[a.Object], a)
	}
	v.Lanes = lanes(v.Post.At, placed(under[v.Post.ID], place))
	v.Pace = pace(recent, under, place)
	return nil
}

// posts are those under which the group stood, the newest first: posts, and questions of potential customers.
func (d Deps) posts(ctx context.Context, g group.Group) (list []Post, err error) {
	var posts, questions []string
	for _, o := range g.Finding.Posts {
		if r := group.ObjectRef(o); r.Kind == "post" {
			posts = append(posts, r.ID)
		} else if r.ID != "" {
			questions = append(questions, r.ID)
		}
	}
	ps, err := d.Mentions.Posts(ctx, g.Firm, posts)
	if err != nil {
		return nil, err
	}
	ms, err := d.Mentions.ByIDs(ctx, g.Firm, questions)
	if err != nil {
		return nil, err
	}
	for _, o := range g.Finding.Posts {
		r := group.ObjectRef(o)
		if p, ok := ps[r.ID]; ok {
			list = append(list, Post{ID: o, Title: cmp.Or(p.Title, p.Text), At: p.At})
		} else if i := slices.IndexFunc(ms, func(m mention.Mention) bool { return m.ID == r.ID }); i >= 0 {
			list = append(list, Post{ID: o, Title: ms[i].Text, At: ms[i].At})
		}
	}
	slices.SortFunc(list, func(a, b Post) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return list[:min(len(list), mostPosts)], nil
}

// pace is how soon the group and everybody else acted under the same posts.
func pace(posts []Post, under map[string][]group.Act, place map[string]int) (p Pace) {
	var ours, others []time.Duration
	for _, x := range posts {
		if !x.At.IsZero() {
			p.Posts++
			ours, others = paced(placed(under[x.ID], place), x.At, ours, others)
		}
	}
	if len(ours) == 0 || len(others) == 0 {
		return Pace{}
	}
	p.Group, p.Others, p.N = median(ours), median(others), len(others)
	return p
}

// placed gives everybody a number: the group's accounts their places, others one below zero each.
func placed(list []group.Act, place map[string]int) (acts []Act) {
	others := map[string]int{}
	for _, a := range list {
		i, ok := place[a.Account]
		if !ok {
			if i, ok = others[a.Account]; !ok {
				i = -1 - len(others)
				others[a.Account] = i
			}
		}
		acts = append(acts, Act{Who: i, At: a.At})
	}
	return acts
}

// paced adds how long after the publication each first acted, to the group's and to everybody else's.
func paced(acts []Act, published time.Time, ours, others []time.Duration) (o, e []time.Duration) {
	seen := map[int]bool{}
	for _, a := range acts {
		after := a.At.Sub(published)
		switch {
		case after < 0 || seen[a.Who]:
		case a.Who < 0:
			others = append(others, after)
		default:
			ours = append(ours, after)
		}
		seen[a.Who] = seen[a.Who] || after >= 0
	}
	return ours, others
}

func median(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// critics are the accounts outside the group that complained at its place since it began.
func (d Deps) critics(ctx context.Context, v *View) error {
	ms, err := d.Mentions.List(ctx, mention.Filter{Firm: v.Firm.ID, Source: v.G.Source, Labels: []string{string(classify.Complaint)}, From: since(v.G), Limit: mostCritics})
	if err != nil {
		return err
	}
	v.Critics.More = len(ms) == mostCritics
	seen := map[string]bool{}
	for _, m := range ms {
		if x, ok := v.G.Member(m.AuthorKey); m.Own || ok && x.State != group.Out || seen[m.AuthorKey] {
			continue
		}
		seen[m.AuthorKey] = true
		if v.Critics.Accounts++; len(v.Critics.Said) < criticsSaid {
			v.Critics.Said = append(v.Critics.Said, m)
		}
	}
	return nil
}

// hand gives the group to a case: the case keeps it among its items, and those who see the case see the group.
func (d Deps) hand(ctx context.Context, firm, id string, revision int, into, why string) error {
	c, err := d.Cases.Find(ctx, into)
	if fault.Is(err, fault.NotFound) || err == nil && (c.Firm != firm || c.Status == crisis.Closed) {
		return fault.New(fault.Invalid, "groups.case").On("case")
	}
	if err != nil {
		return err
	}
	return d.Hand(ctx, firm, id, revision, c.ID, why)
}
