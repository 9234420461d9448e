package cases

import (
	"context"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/oncall"
	"chop/internal/web/page"
)

// Room is what those who work on a case see beside its items: tasks, notes, hand-over, relations, people of ours.
type Room struct {
	Now      time.Time
	Clocks   []crisis.Clock
	Facts    crisis.Facts
	Summary  []string
	Tasks    []crisis.Task // open
	Ended    []crisis.Task
	Hand     *crisis.HandOver // nobody has confirmed it yet
	Team     []oncall.Member  // who works on cases of the firm
	Watchers []string         // names
	Watching bool
	Related  []crisis.Relation
	Merged   []crisis.Case
	Setup    crisis.Setup
	Manage   bool // may change the rules of the firm's cases
	Export   bool // may take the timeline out
	More     int  // lines of the timeline that are not shown
	Me       string

	names map[string]string // of our people, by id
	texts map[string]string // of tasks, by id
}

// room fills what stands around the items.
func (d Deps) roomOf(ctx context.Context, v *View) (err error) {
	c, a := v.Case, access.From(ctx)
	r := &v.Room
	r.Now, r.Clocks, r.Me = page.FrameFrom(ctx).Now, c.Clocks(), a.User
	r.Manage, r.Export = a.Holds(access.ManageFirm, c.Firm), a.Holds(access.ExportData, c.Firm)
	r.names, r.texts = map[string]string{}, map[string]string{}
	roster, err := d.Duty.Roster(ctx, c.Firm)
	if err != nil {
		return err
	}
	for _, m := range roster {
		r.names[m.ID] = m.Name
		if access.Allows(m.Role, access.WorkCases) {
			r.Team = append(r.Team, m)
		}
	}
	watchers, err := d.Cases.Watchers(ctx, c.Firm, c.ID)
	if err != nil {
		return err
	}
	for _, w := range watchers {
		r.Watching = r.Watching || w == a.User
		if n := r.names[w]; n != "" && w != c.Lead {
			r.Watchers = append(r.Watchers, n)
		}
	}
	if r.Related, err = d.Cases.Related(ctx, c.Firm, c.ID); err != nil {
		return err
	}
	if r.Merged, err = d.Cases.Merged(ctx, c.Firm, c.ID); err != nil {
		return err
	}
	if r.Setup, err = d.Cases.Setup(ctx, c.Firm); err != nil || !v.Work {
		return err
	}
	return d.work(ctx, v)
}

// work fills tasks and the hand-over note.
func (d Deps) work(ctx context.Context, v *View) error {
	c, r := v.Case, &v.Room
	tasks, err := d.Cases.Tasks(ctx, c.Firm, c.ID)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		r.texts[t.ID] = TaskText(ctx, t)
		if t.State == crisis.ToDo && c.Open() {
			r.Tasks = append(r.Tasks, t)
		} else {
			r.Ended = append(r.Ended, t)
		}
	}
	slices.SortStableFunc(r.Tasks, func(a, b crisis.Task) int { return mine(b, r.Me) - mine(a, r.Me) })
	notes, err := d.Cases.HandOvers(ctx, c.Firm, c.ID)
	if len(notes) > 0 && notes[0].Unread() && c.Open() {
		r.Hand = &notes[0]
	}
	return err
}

func mine(t crisis.Task, me string) int {
	if t.Who == me {
		return 1
	}
	return 0
}

// TaskText is a task in the words of the page: a rule's, or a person's own.
func TaskText(ctx context.Context, t crisis.Task) string {
	id := t.Title()
	if id == "" {
		return t.Text
	}
	var kv []any
	for k, x := range t.Facts {
		kv = append(kv, k, x)
	}
	return page.T(ctx, id, kv...)
}

// facts fills what the solved test and the summary look at.
func (d Deps) facts(ctx context.Context, v *View) (err error) {
	f, err := d.Cases.Facts(ctx, v.Case.Firm, v.Case.ID)
	if err != nil {
		return err
	}
	if f.Normal, err = d.Cases.Normal(ctx, v.Case.Firm); err != nil {
		return err
	}
	v.Room.Facts, v.Test = f, f.Test()
	x := f.Situation()
	x.Lead = v.Lead
	for _, s := range crisis.Summary(x, page.Lang(ctx)) {
		v.Room.Summary = append(v.Room.Summary, page.Typo(s))
	}
	return nil
}

// pressing is the clock shown on top: the one that runs out first.
func (v View) pressing() (crisis.Clock, bool) { return v.Case.Pressing() }

func tone(x crisis.Verdict) page.Tone {
	switch x {
	case crisis.Over, crisis.Missed:
		return page.Danger
	case crisis.Met:
		return page.Good
	}
	return page.Line
}

// knows is how the owner knows of the case, in one sentence.
func (v View) knows(ctx context.Context) string {
	c := v.Case
	if c.ToldAt.IsZero() {
		return page.T(ctx, "cases.told.not")
	}
	how := "cases.how." + c.ToldHow
	if c.ToldHow == crisis.ToldOwner {
		how = "cases.told.owner"
	}
	return page.T(ctx, "cases.told.at", "At", page.When(ctx, c.ToldAt), "How", page.T(ctx, how))
}

// lacks says what of a condition is missing.
func lacks(ctx context.Context, c crisis.Condition) string {
	if c.Holds {
		return ""
	}
	kind := c.Kind
	if kind != "" && !page.Lang(ctx).Has("cases.pending."+kind) {
		kind = "other"
	}
	kv := []any{"N", page.Int(ctx, c.N), "Of", page.Int(ctx, c.Of), "At", page.When(ctx, c.Until), "What", ""}
	if kind != "" {
		kv[len(kv)-1] = page.T(ctx, "cases.pending."+kind)
	}
	return page.T(ctx, "cases.lacks."+c.Name, kv...)
}

// remedy is where what is missing can be done; empty when only time helps.
func (v View) remedy(c crisis.Condition) string {
	switch {
	case c.Holds || c.Name == crisis.Quiet:
		return ""
	case c.Name == crisis.Told:
		return "/cases/" + v.Case.ID + "?do=told#case-do"
	case c.Name == crisis.Word:
		return "/cases/" + v.Case.ID + "?do=close#case-do"
	case c.Name == crisis.Alerts:
		return "/watch"
	case len(c.Refs) > 0 && c.Refs[0].Kind == "mention":
		return "/inbox?m=" + c.Refs[0].ID
	}
	return ""
}

func (v View) watchedBy(ctx context.Context) string {
	if len(v.Room.Watchers) == 0 {
		return ""
	}
	return page.T(ctx, "cases.watched", "Names", strings.Join(v.Room.Watchers, ", "))
}

// soonest are the choices of when something is due, in minutes.
var soonest = []int{15, 30, 60, 120, 180, 720, 1440}

func inMinutes(ctx context.Context, none string, now int) []page.Option {
	os := []page.Option{{Value: "0", Text: page.T(ctx, none), Selected: now == 0}}
	for _, n := range soonest {
		os = append(os, page.Option{Value: itoa(n), Selected: n == now,
			Text: page.T(ctx, "cases.next.minutes", "Span", page.Lang(ctx).Span(time.Duration(n)*time.Minute))})
	}
	return os
}

func team(ctx context.Context, v View, none, now string) []page.Option {
	os := []page.Option{{Value: "", Text: page.T(ctx, none), Selected: now == ""}}
	for _, m := range v.Room.Team {
		os = append(os, page.Option{Value: m.ID, Text: m.Name, Selected: m.ID == now})
	}
	return os
}
