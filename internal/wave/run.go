package wave

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/macro"
	"chop/internal/mention"
)

// Go is what a person says when a wave starts.
type Go struct {
	Choice
	Why   string
	Count int // typed by hand; asked for when something cannot be taken back
}

// Start lets a wave begin, in the name of the principal. Needs access.Decide and a person. Faults: Invalid "wave.empty"
// (nothing is left to do), "wave.asks" (the owner would be asked too often), "wave.count" (Data N: so many it would be), "decision.why_differs", "decision.why_long",
// "why"; Conflict "wave.stale" (the preview is too old), "wave.state".
func (s *Store) Start(ctx context.Context, firm, id string, g Go) (w Wave, err error) {
	if err := s.person(ctx, firm); err != nil {
		return w, err
	}
	g.Why = tidy(g.Why)
	err = s.change(ctx, firm, id, func(ctx context.Context, tx *db.Tx, now *Wave) error {
		if err := now.move(Start); err != nil {
			return err
		}
		if tx.Now().Sub(now.ReadyAt) > Fresh {
			return fault.New(fault.Conflict, "wave.stale")
		}
		items, err := s.some(ctx, *now, `state = 'weighed'`, MostItems)
		if err != nil {
			return err
		}
		taken, err := g.check(*now, items)
		if err != nil {
			return err
		}
		if err := s.pick(ctx, tx, *now, items, g.Choice); err != nil {
			return err
		}
		who := access.From(ctx)
		now.Why, now.Who, now.WhoName, now.StartedAt = g.Why, who.User, who.Name, tx.Now()
		w = *now
		if err := s.record(ctx, *now, "started", g.Why, map[string]string{"option": string(now.Plan.Option), "items": fmt.Sprint(taken),
			"left": fmt.Sprint(now.Total - taken)}); err != nil {
			return err
		}
		return s.again(ctx, now, tx.Now())
	})
	return w, err
}

// check is the rule of starting: something is to be done, the reason is long enough for the most demanding item, and
// who does what cannot be taken back has counted.
func (g Go) check(w Wave, items []Item) (taken int, err error) {
	differs, final, asks := 0, 0, 0
	for _, i := range items {
		if !g.Picked(i) {
			continue
		}
		taken++
		if i.Differs {
			differs++
		}
		if i.Final {
			final++
		}
		if i.Verdict == Asks {
			asks++
		}
	}
	n, least := utf8.RuneCountInString(g.Why), MinWhy(w.Plan, differs)
	switch {
	case taken == 0:
		return 0, fault.New(fault.Invalid, "wave.empty")
	case asks > MostAsks:
		return 0, fault.New(fault.Invalid, "wave.asks", "Most", MostAsks)
	case n > maxWhy:
		return 0, fault.New(fault.Invalid, "decision.why_long", "Max", maxWhy).On("why")
	case n < least && least == minDiffer:
		return 0, fault.New(fault.Invalid, "decision.why_differs", "Min", minDiffer).On("why")
	case n < least:
		return 0, fault.New(fault.Invalid, "why").On("why")
	case Counts(w.Plan, final) && g.Count != taken:
		return 0, fault.New(fault.Invalid, "wave.count", "N", taken).On("count")
	}
	return taken, nil
}

// Counts tells whether a person has to type the number of items: what is done cannot be taken back.
func Counts(p macro.Plan, final int) bool { return p.Option == decision.Delete || final > 0 }

// pick writes down who takes part.
func (s *Store) pick(ctx context.Context, tx *db.Tx, w Wave, items []Item, c Choice) error {
	for _, i := range items {
		if i.State = Left; c.Picked(i) {
			i.State = Waiting
		}
		if err := s.put(ctx, tx, w, i); err != nil {
			return err
		}
	}
	return nil
}

// runSome decides about the next few items and tells whether there are more. When one of them runs into a defect, each
// is tried by itself, so that one cannot hold up the others.
func (s *Store) runSome(ctx context.Context, w *Wave, number int64) (more bool, err error) {
	more, err = s.run(ctx, w, number, together)
	if err == nil || errors.Is(err, errOvertaken) || fault.Is(err, fault.Forbidden) || ctx.Err() != nil {
		return more, err
	}
	first, err := s.run(ctx, w, number, 1)
	if err == nil || errors.Is(err, errOvertaken) || fault.Is(err, fault.Forbidden) || ctx.Err() != nil {
		return first, err
	}
	return true, s.stumbled(ctx, w, number, err)
}

// run is one transaction: it holds the wave, so that nobody works on it beside.
func (s *Store) run(ctx context.Context, w *Wave, number int64, most int) (more bool, err error) {
	err = s.change(ctx, w.Firm, w.ID, func(ctx context.Context, tx *db.Tx, now *Wave) error {
		if now.State != Running || now.number != number {
			return errOvertaken
		}
		ctx, err := s.as(ctx, *now, now.Who)
		if err != nil {
			return err
		}
		items, err := s.some(ctx, *now, `state = 'waiting'`, most)
		if err != nil {
			return err
		}
		for _, i := range items {
			if err := s.one(ctx, tx, *now, &i); err != nil {
				return err
			}
			i.At = tx.Now()
			if err := s.put(ctx, tx, *now, i); err != nil {
				return err
			}
		}
		if more = len(items) == most; more {
			return nil
		}
		return s.finish(ctx, tx, now)
	})
	return more, err
}

func (s *Store) finish(ctx context.Context, tx *db.Tx, w *Wave) error {
	if err := w.move(Finish); err != nil {
		return err
	}
	w.EndedAt = tx.Now()
	t, err := s.Tally(ctx, *w)
	if err != nil {
		return err
	}
	return s.record(ctx, *w, "ended", "", map[string]string{"done": fmt.Sprint(t.States[Done]), "skipped": fmt.Sprint(t.States[Skipped]),
		"failed": fmt.Sprint(t.States[Failed])})
}

// one decides about one item. What a rule refuses is written down with its reason and does not stop the others; only a
// defect is returned.
func (s *Store) one(ctx context.Context, tx *db.Tx, w Wave, i *Item) error {
	skip := func(code string) { i.State, i.Code = Skipped, code }
	m, err := s.Mentions.Find(ctx, w.Firm, i.Mention)
	switch {
	case fault.Is(err, fault.NotFound):
		skip("wave.gone")
		return nil
	case err != nil:
		return err
	case w.changed(*i, m):
		skip("wave.changed")
		return nil
	}
	r, err := s.order(ctx, w, *i)
	if code, _ := codeOf(err); code == "decision.stale" {
		r, err = s.anew(ctx, w, i)
	}
	if code, ours := codeOf(err); ours {
		skip(code)
		return nil
	}
	if err != nil {
		return err
	}
	i.State, i.Code, i.Decision, i.Exhibit = Done, "", r.Decision.ID, r.Exhibit
	return s.told(ctx, w, *i, r)
}

func (s *Store) order(ctx context.Context, w Wave, i Item) (macro.Result, error) {
	return s.Macros.Do(ctx, macro.Order{Firm: w.Firm, Mention: i.Mention, Plan: w.Plan, Why: w.Why, Shown: i.Advice, Subject: "wave:" + w.ID,
		Title: w.title()})
}

// anew is for an item in whose thread somebody decided about something else meanwhile. When its own advice and verdict
// are what they were, the person's choice still holds; otherwise it is not decided blindly.
func (s *Store) anew(ctx context.Context, w Wave, i *Item) (r macro.Result, err error) {
	f, err := s.facts(ctx, w, i.Mention)
	if err != nil {
		return r, err
	}
	if j := Sort(w.Plan, f.Facts); j.Verdict != i.Verdict || j.Differs != i.Differs || j.Final != i.Final {
		return r, fault.New(fault.Conflict, "wave.changed")
	}
	i.Advice = f.advice
	return s.order(ctx, w, *i)
}

// codeOf is the id of the sentence that says why not, and whether it is a rule's word rather than a defect or a right
// that was lost.
func codeOf(err error) (code string, ours bool) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal || f.Code == "forbidden" {
		return "", false
	}
	if g, ok := f.Data["Guard"].(string); ok && f.Code == "decision.guard" {
		return g, true
	}
	return f.Code, true
}

// told writes the item's own line of the journal, with the wave that it belongs to.
func (s *Store) told(ctx context.Context, w Wave, i Item, r macro.Result) error {
	if w.Macro != "" {
		if err := s.Macros.Note(ctx, macro.Macro{Firm: w.Firm, ID: w.Macro, Version: w.MacroVersion}, i.Mention, r); err != nil {
			return err
		}
	}
	return s.Journal.Record(ctx, journal.Entry{Firm: w.Firm, Ref: mention.Ref(i.Mention), Verb: "wave.item", Data: map[string]string{
		"wave": w.ID, "option": string(w.Plan.Option), "decision": i.Decision, "exhibit": i.Exhibit, "case": r.Case}})
}

// stumbled counts a defect against the item whose turn it was; after a few it is given up and named.
func (s *Store) stumbled(ctx context.Context, w *Wave, number int64, cause error) error {
	slog.Error("item of a wave", "wave", w.ID, "error", cause)
	return s.change(ctx, w.Firm, w.ID, func(ctx context.Context, tx *db.Tx, now *Wave) error {
		if now.State != Running || now.number != number {
			return errOvertaken
		}
		items, err := s.some(ctx, *now, `state = 'waiting'`, 1)
		if err != nil || len(items) == 0 {
			return err
		}
		i := items[0]
		if i.tries++; i.tries >= maxTries {
			i.State, i.Code, i.At = Failed, "wave.defect", tx.Now()
		}
		return s.put(ctx, tx, *now, i)
	})
}

// title is what a case is called that the wave opens.
func (w Wave) title() string {
	if w.Origin.Name != "" {
		return w.Origin.Name
	}
	return "wave.case"
}
