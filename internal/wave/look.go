package wave

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/mention"
)

// How much is done in one transaction, and in one piece of work before others have their turn.
const (
	together = 10
	piece    = 2 * time.Second
	promptly = 1500 * time.Millisecond // what the person who asks for a preview waits for
)

// errOvertaken tells that the wave went on without this job.
var errOvertaken = errors.New("the wave went on without this job")

// Step goes on with a wave: looks at items, decides about them, or takes them back. It hears Due, outside a transaction,
// and copes with being called twice: what was done with an item is saved in the transaction that did it, and every few
// items the state of the wave and the rights of the person are asked again.
func (s *Store) Step(ctx context.Context, e Due) error {
	w, err := s.load(ctx, e.Firm, e.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || w.number != e.Number {
		return err
	}
	do, who := s.runSome, w.Who
	switch {
	case w.State == Weighing:
		do = s.lookSome
	case w.State == Running:
	case w.Back == Taking:
		do, who = s.backSome, w.BackWho
	default:
		return nil
	}
	ctx, err = s.as(ctx, w, who)
	if err != nil {
		return s.stop(ctx, w, err)
	}
	for begun := time.Now(); time.Since(begun) < piece; {
		more, err := do(ctx, &w, e.Number)
		switch {
		case errors.Is(err, errOvertaken):
			return nil
		case fault.Is(err, fault.Forbidden):
			return s.stop(ctx, w, err)
		case err != nil:
			return fmt.Errorf("wave %s: %w", w.ID, err)
		case !more:
			return nil
		}
	}
	return s.change(ctx, w.Firm, w.ID, func(ctx context.Context, tx *db.Tx, now *Wave) error {
		if now.number != e.Number {
			return nil
		}
		return s.again(ctx, now, tx.Now())
	})
}

// as is the context of the person in whose name the wave goes on, with the roles they have now. Forbidden when they may
// no longer decide in the firm.
func (s *Store) as(ctx context.Context, w Wave, who string) (context.Context, error) {
	p, err := s.Who(ctx, who)
	if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
		return ctx, err
	}
	if err != nil || !p.Holds(access.Decide, w.Firm) {
		return ctx, fault.New(fault.Forbidden, "wave.role")
	}
	return access.With(ctx, p), nil
}

// stop ends the work of a wave whose person may no longer decide; what waits stays waiting for another person.
func (s *Store) stop(ctx context.Context, w Wave, cause error) error {
	if !fault.Is(cause, fault.Forbidden) {
		return cause
	}
	return s.change(access.With(ctx, access.System(w.Firm)), w.Firm, w.ID, func(ctx context.Context, tx *db.Tx, now *Wave) error {
		if now.Back == Taking && now.State != Running {
			now.Back = Kept
		} else if err := now.move(Stop); err != nil {
			return nil // it went on meanwhile
		}
		now.Stopped = "role"
		return s.record(ctx, *now, "stopped", "", map[string]string{"because": "role", "person": now.Who})
	})
}

// lookNow looks at what can be looked at promptly; the queue does the rest.
func (s *Store) lookNow(ctx context.Context, w *Wave) error {
	for begun := time.Now(); time.Since(begun) < promptly; {
		more, err := s.lookSome(ctx, w, 0)
		if errors.Is(err, errOvertaken) {
			break
		}
		if err != nil || !more {
			return err
		}
	}
	now, err := s.load(ctx, w.Firm, w.ID)
	if err == nil {
		*w = now
	}
	return err
}

// lookSome looks at the next few items and tells whether there are more.
func (s *Store) lookSome(ctx context.Context, w *Wave, _ int64) (more bool, err error) {
	err = s.change(ctx, w.Firm, w.ID, func(ctx context.Context, tx *db.Tx, now *Wave) error {
		if now.State != Weighing {
			return errOvertaken
		}
		items, err := s.some(ctx, *now, `state = 'new'`, together)
		if err != nil {
			return err
		}
		for _, i := range items {
			if err := s.look(ctx, *now, &i); err != nil {
				return err
			}
			i.State, i.At = Weighed, tx.Now()
			if err := s.put(ctx, tx, *now, i); err != nil {
				return err
			}
		}
		if more = len(items) == together; more {
			return nil
		}
		err = s.looked(ctx, tx, now)
		*w = *now
		return err
	})
	return more, err
}

// looked ends the preview.
func (s *Store) looked(ctx context.Context, tx *db.Tx, w *Wave) error {
	if w.Plan.Option == decision.Report {
		items, err := s.some(ctx, *w, `state = 'weighed'`, MostItems)
		if err != nil {
			return err
		}
		told, err := s.reported(ctx, tx, w.Firm)
		if err != nil {
			return err
		}
		before := slices.Clone(items)
		Cap(w.Plan, items, min(MostReports, DayReports-told))
		for n, i := range items {
			if i.Verdict != before[n].Verdict {
				if err := s.put(ctx, tx, *w, i); err != nil {
					return err
				}
			}
		}
	}
	w.ReadyAt = tx.Now()
	return w.move(Look)
}

// look gives an item its verdict, in view of its own advice.
func (s *Store) look(ctx context.Context, w Wave, i *Item) error {
	f, err := s.facts(ctx, w, i.Mention)
	if fault.Is(err, fault.NotFound) {
		i.Verdict = Gone
		return nil
	}
	if err != nil {
		return err
	}
	j := Sort(w.Plan, f.Facts)
	i.Verdict, i.Code, i.Differs, i.Final, i.Advice, i.seen = j.Verdict, j.Code, j.Differs, j.Final, f.advice, digest(f.Mention)
	if len(f.Best) > 0 {
		i.Best = f.Best[0]
	}
	return nil
}

type facts struct {
	Facts
	advice string
}

// facts gathers what the rule asks of an item.
func (s *Store) facts(ctx context.Context, w Wave, id string) (f facts, err error) {
	if f.Mention, err = s.Mentions.Find(ctx, w.Firm, id); err != nil || f.Mention.Own || !w.Plan.Decides() {
		return f, err
	}
	a, err := s.Decisions.Recommend(ctx, w.Firm, id)
	if err != nil {
		return f, err
	}
	f.advice, f.Mention, f.Case = a.ID, a.Mention, a.Case
	f.Way, f.Known = a.Way(w.Plan.Option)
	f.Best = append([]decision.Option{a.Result.Recommended}, a.Result.Companions...)
	f.Owner = access.From(ctx).Firms[w.Firm] == access.Owner
	list, err := s.Decisions.StandingsOf(ctx, w.Firm, []string{id})
	if err != nil {
		return f, err
	}
	for _, x := range list {
		settled := x.Option != decision.Observe || f.Mention.Status == mention.Done || f.Mention.Status == mention.Snoozed
		if x.Live() && settled {
			f.Live = append(f.Live, x.Option)
		}
	}
	return f, nil
}
