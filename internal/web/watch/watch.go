// Package watch is the duty page: how every firm stands, what wakes people now, who is on duty, which channels are seen.
package watch

import (
	"context"
	"net/http"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/crisis"
	"chop/internal/firm"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/source"
	"chop/internal/standing"
	"chop/internal/web/cases"
	"chop/internal/web/groups"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the page calls.
type Deps struct {
	Firms    *firm.Store
	Standing *standing.Store
	Mentions *mention.Store
	Cases    *crisis.Store
	Alerts   *alert.Store
	Duty     *oncall.Store
	Sources  *source.Store
	Groups   *group.Store
}

// Mount puts the page under its address; the root leads to the first room the person may enter.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /{$}", home)
	mux.HandleFunc("GET /watch", session.Require(access.ViewDuty, d.show))
}

func home(w http.ResponseWriter, r *http.Request) {
	to := "/cases"
	switch a := access.From(r.Context()); {
	case owns(a):
		to = "/owner"
	case access.CheckAny(r.Context(), access.ViewDuty) == nil:
		to = "/watch"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// owns tells that the person is here for a firm of their own and watches no other.
func owns(a access.Principal) bool {
	owner := false
	for _, r := range a.Firms {
		if r == access.Guardian {
			return false
		}
		owner = owner || r == access.Owner
	}
	return owner && !a.Admin
}

// View is the page.
type View struct {
	Firms    int
	Say      []Said
	Alarms   []Alarm
	Rows     []Row
	Folded   []Row // calm firms, when there are too many to show
	Ticks    []string
	Lines    []cases.Line
	Open     int // open cases
	Duty     Duty
	Channels []Channel
	Seen     int // channels seen now
	All      int // channels
	Feed     []Post
	Groups   []Group
	Many     bool // more than one firm is shown
	Work     bool // may open cases
	Manage   bool // may hand duty over
}

// Said is one sentence of the headline with the colour of its state.
type Said struct{ Class, Text string }

// Row is one firm on the wall.
type Row struct {
	page.WallRow
	Buttons []Button
}

// Button leads from a firm in crisis to what can be done.
type Button struct{ Href, Icon, Text, Class string }

// Alarm is one alert that is not resolved.
type Alarm struct {
	ID, Firm, Text, Href, By string
	Priority                 int
	Raised, AckedAt          time.Time
	Loud                     bool // nobody answered
	Taken                    bool
	Nobody                   bool // there was nobody to wake
	May                      bool // take it
	Count                    int
}

// Channel is a channel that needs a look.
type Channel struct {
	Source    source.Source
	Firm      string
	Condition source.Condition
	Since     time.Time
	May       bool
}

// Group is a group that nobody has decided about yet.
type Group struct {
	Firm  string
	Group group.Group
}

// Post is one of the newest mentions.
type Post struct {
	Mention mention.Mention
	Firm    string
	Channel string
	Veiled  bool
}

const (
	foldAbove = 50 // firms above which the calm ones are folded
	shownFeed = 12
	shownCase = 8
)

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	v, err := d.view(r.Context())
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, watchPage(v))
}

// gathered is what several parts of the page need.
type gathered struct {
	now     time.Time
	firm    string // chosen firm, "" for all
	list    []standing.Standing
	names   map[string]string
	cases   []crisis.Case
	tallies map[string]cases.Tally // by case
	sources map[string][]source.Source
	kinds   map[string]string
	people  cases.People
}

func (d Deps) view(ctx context.Context) (v View, err error) {
	g, err := d.gather(ctx)
	if err != nil {
		return v, err
	}
	v.Firms, v.Many = len(g.list), len(g.list) > 1
	v.Say = say(ctx, g.list)
	for _, s := range g.list {
		a := access.From(ctx)
		v.Work = v.Work || a.Holds(access.WorkCases, s.Firm.ID)
		v.Manage = v.Manage || a.Holds(access.ManageDuty, s.Firm.ID)
	}
	for _, f := range []func(context.Context, *gathered, *View) error{d.alarms, d.wall, d.lines, d.duty, d.channels, d.feed, d.groups} {
		if err := f(ctx, g, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (d Deps) gather(ctx context.Context) (*gathered, error) {
	f := page.FrameFrom(ctx)
	g := &gathered{now: f.Now, firm: f.Firm, names: map[string]string{}, tallies: map[string]cases.Tally{},
		sources: map[string][]source.Source{}, kinds: map[string]string{}, people: cases.People{Duty: d.Duty}}
	all, err := d.Firms.List(ctx)
	if err != nil {
		return nil, err
	}
	var firms []firm.Firm
	for _, x := range all {
		g.names[x.ID] = x.Name
		if g.firm == "" || x.ID == g.firm {
			firms = append(firms, x)
		}
	}
	if g.list, err = d.Standing.Of(ctx, firms); err != nil {
		return nil, err
	}
	if g.may(ctx, access.ViewCases) {
		if g.cases, err = d.Cases.List(ctx, g.firm, true); err != nil {
			return nil, err
		}
	}
	if g.may(ctx, access.ViewSources) {
		list, err := d.Sources.List(ctx, g.firm)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			g.sources[s.Firm] = append(g.sources[s.Firm], s)
			g.kinds[s.ID] = s.Kind
		}
	}
	return g, nil
}

// may tells whether the principal holds the permission for what the page shows: the chosen firm, or any.
func (g *gathered) may(ctx context.Context, p access.Perm) bool {
	return g.firm == "" || access.From(ctx).Holds(p, g.firm)
}

// tally counts the mentions of a case once.
func (d Deps) tally(ctx context.Context, g *gathered, c crisis.Case) (t cases.Tally, known bool, err error) {
	if !access.From(ctx).Holds(access.ViewMentions, c.Firm) {
		return t, false, nil
	}
	if t, known = g.tallies[c.ID]; known {
		return t, true, nil
	}
	ms, err := d.Cases.MentionsOf(ctx, c.Firm, c.ID)
	if err != nil {
		return t, false, err
	}
	t = cases.Count(ms)
	g.tallies[c.ID] = t
	return t, true, nil
}

// say is the headline: how many firms stand how, or how the only one does.
func say(ctx context.Context, list []standing.Standing) []Said {
	if len(list) == 1 {
		s := list[0]
		return []Said{{classes[s.State], page.T(ctx, "watch.one."+string(s.State), "Firm", s.Firm.Name)}}
	}
	var out []Said
	t := standing.Count(list)
	for _, x := range []struct {
		state standing.State
		n     int
	}{{standing.Calm, t.Calm}, {standing.Attention, t.Attention}, {standing.Crisis, t.Crisis}} {
		if x.n > 0 {
			out = append(out, Said{classes[x.state], page.N(ctx, "watch.say."+string(x.state), x.n)})
		}
	}
	return out
}

var classes = map[standing.State]string{standing.Calm: "q", standing.Attention: "a", standing.Crisis: "k"}

func (d Deps) alarms(ctx context.Context, g *gathered, v *View) error {
	if !g.may(ctx, access.Acknowledge) {
		return nil
	}
	list, err := d.Alerts.List(ctx, alert.Filter{Firm: g.firm})
	if err != nil {
		return err
	}
	for _, a := range list {
		v.Alarms = append(v.Alarms, Alarm{ID: a.ID, Firm: g.names[a.Firm], Text: page.Typo(a.Sentence(page.Lang(ctx))), Href: a.URL, Priority: a.Priority,
			Raised: a.Raised, AckedAt: a.AckedAt, By: g.people.Name(ctx, a.Firm, a.AckedBy), Loud: a.State == alert.Unanswered,
			Taken: a.State == alert.Acknowledged, Nobody: a.Trouble == alert.Nobody, Count: a.Count, May: a.State != alert.Acknowledged})
	}
	return nil
}

func (d Deps) lines(ctx context.Context, g *gathered, v *View) error {
	v.Open = len(g.cases)
	for _, c := range g.cases[:min(shownCase, len(g.cases))] {
		t, known, err := d.tally(ctx, g, c)
		if err != nil {
			return err
		}
		v.Lines = append(v.Lines, cases.Line{Case: c, Title: cases.Title(ctx, c), Firm: g.names[c.Firm], Lead: g.people.Name(ctx, c.Firm, c.Lead),
			Tally: t, Counted: known})
	}
	return nil
}

func (d Deps) channels(ctx context.Context, g *gathered, v *View) error {
	for _, s := range g.list { // the worst firms first
		for _, x := range g.sources[s.Firm.ID] {
			v.All++
			c := x.Condition(g.now)
			if standing.Seen(c) {
				v.Seen++
			}
			if c == source.Well || c == source.Shaky {
				continue
			}
			v.Channels = append(v.Channels, Channel{Source: x, Firm: s.Firm.Name, Condition: c, Since: unseenSince(x),
				May: access.From(ctx).Holds(access.ManageSources, x.Firm)})
		}
	}
	return nil
}

func (d Deps) feed(ctx context.Context, g *gathered, v *View) error {
	if !g.may(ctx, access.ViewMentions) {
		return nil
	}
	list, err := d.Mentions.List(ctx, mention.Filter{Firm: g.firm, Limit: shownFeed})
	for _, m := range list {
		v.Feed = append(v.Feed, Post{Mention: m, Firm: g.names[m.Firm], Channel: g.kinds[m.Source], Veiled: cases.Veiled(m)})
	}
	return err
}

func (d Deps) groups(ctx context.Context, g *gathered, v *View) error {
	for _, s := range g.list {
		list, err := groups.Undecided(ctx, d.Groups, s.Firm.ID)
		if err != nil {
			return err
		}
		for _, x := range list {
			v.Groups = append(v.Groups, Group{Firm: s.Firm.Name, Group: x})
		}
	}
	return nil
}
