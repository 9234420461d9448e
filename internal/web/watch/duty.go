package watch

import (
	"context"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/oncall"
	"chop/internal/standing"
	"chop/internal/web/page"
)

// Duty is who watches.
type Duty struct {
	On      []Watcher
	Bare    []string // firms without anybody on duty
	Chain   []Link   // who is woken next
	ChainOf string   // the firm the chain belongs to
	Nobody  bool     // an alarm of that firm would wake nobody
	Note    oncall.Note
	NoteBy  string
	NoteOf  string
}

// Watcher is a person on duty now.
type Watcher struct {
	ID, Name string
	From, To time.Time
	Firms    int
	First    string // name of the first of these firms
}

// Link is one step of the escalation.
type Link struct {
	Names string
	After int // minutes after the alarm
}

// watched is how many firms are looked at for duty, the worst first.
const watched = 60

func (d Deps) duty(ctx context.Context, g *gathered, v *View) error {
	at := map[string]int{}
	for _, s := range visible(ctx, g.list) {
		sh, on, err := d.Duty.OnDuty(ctx, s.Firm.ID, g.now)
		if err != nil {
			return err
		}
		if !on {
			v.Duty.Bare = append(v.Duty.Bare, s.Firm.Name)
		} else if i, seen := at[sh.User]; seen {
			v.Duty.On[i].Firms++
		} else {
			at[sh.User] = len(v.Duty.On)
			v.Duty.On = append(v.Duty.On, Watcher{ID: sh.User, Name: g.people.Name(ctx, s.Firm.ID, sh.User), From: sh.From, To: sh.To, Firms: 1, First: s.Firm.Name})
		}
		notes, err := d.Duty.Notes(ctx, s.Firm.ID, 1)
		if err != nil {
			return err
		}
		if len(notes) > 0 && notes[0].At.After(v.Duty.Note.At) && g.now.Sub(notes[0].At) < noteLife {
			v.Duty.Note, v.Duty.NoteOf, v.Duty.NoteBy = notes[0], s.Firm.Name, g.people.Name(ctx, s.Firm.ID, notes[0].By)
		}
	}
	return d.chain(ctx, g, v)
}

// noteLife is how long a handover note stays on the wall.
const noteLife = 48 * time.Hour

func visible(ctx context.Context, list []standing.Standing) (out []standing.Standing) {
	for _, s := range list {
		if len(out) < watched && access.From(ctx).Holds(access.ViewDuty, s.Firm.ID) {
			out = append(out, s)
		}
	}
	return out
}

// chain is whom an alarm of the worst firm would wake, step by step.
func (d Deps) chain(ctx context.Context, g *gathered, v *View) error {
	list := visible(ctx, g.list)
	if len(list) == 0 {
		return nil
	}
	f := list[0].Firm
	stages, roster, _, err := d.Duty.Plan(ctx, f.ID, g.now)
	if err != nil {
		return err
	}
	v.Duty.ChainOf, v.Duty.Nobody = f.Name, true
	for _, s := range stages {
		if len(s.Users) > 0 {
			v.Duty.Nobody = false
		}
		after := int(s.At.Sub(g.now).Minutes())
		if s.Round > 0 || after == 0 || len(s.Users) == 0 {
			continue
		}
		v.Duty.Chain = append(v.Duty.Chain, Link{Names: names(roster, s.Users), After: after})
	}
	return nil
}

func names(roster []oncall.Member, users []string) string {
	var out []string
	for _, u := range users {
		for _, m := range roster {
			if m.ID == u {
				out = append(out, m.Name)
			}
		}
	}
	return strings.Join(out, ", ")
}

// hours is the span of a shift as people say it: only times within a day, days too when it is longer.
func hours(ctx context.Context, w Watcher) string {
	l := page.Lang(ctx)
	if w.To.Sub(w.From) < 24*time.Hour {
		return l.Clock(w.From) + "–" + l.Clock(w.To)
	}
	return page.T(ctx, "watch.until", "At", page.When(ctx, w.To))
}
