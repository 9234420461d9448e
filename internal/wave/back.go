package wave

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
)

// Hold pauses a running wave. Needs access.Decide. Faults: Conflict "wave.state".
func (s *Store) Hold(ctx context.Context, firm, id string) error {
	return s.turn(ctx, firm, id, Pause, "paused", func(*db.Tx, *Wave) error { return nil })
}

// Resume goes on with a wave that was paused, or that stopped because its person may no longer decide. What follows is
// decided in the name of the principal. Needs access.Decide. Faults: Conflict "wave.state".
func (s *Store) Resume(ctx context.Context, firm, id string) error {
	return s.turn(ctx, firm, id, Resume, "resumed", func(tx *db.Tx, w *Wave) error {
		who := access.From(ctx)
		w.Who, w.WhoName, w.Stopped = who.User, who.Name, ""
		return nil
	})
}

// Cancel ends a wave at once; what was done stays and is listed. Needs access.Decide. Faults: Conflict "wave.state".
func (s *Store) Cancel(ctx context.Context, firm, id string) error {
	return s.turn(ctx, firm, id, Cancel, "cancelled", func(tx *db.Tx, w *Wave) error {
		w.EndedAt = tx.Now()
		return nil
	})
}

// Drop throws a preview away. Needs access.Decide. Faults: Conflict "wave.state".
func (s *Store) Drop(ctx context.Context, firm, id string) error {
	return s.turn(ctx, firm, id, Drop, "dropped", func(tx *db.Tx, w *Wave) error {
		w.EndedAt = tx.Now()
		return nil
	})
}

func (s *Store) turn(ctx context.Context, firm, id string, m Move, what string, rule func(*db.Tx, *Wave) error) error {
	if err := s.person(ctx, firm); err != nil {
		return err
	}
	return s.change(ctx, firm, id, func(ctx context.Context, tx *db.Tx, w *Wave) error {
		if err := w.move(m); err != nil {
			return err
		}
		if err := rule(tx, w); err != nil {
			return err
		}
		if err := s.record(ctx, *w, what, "", nil); err != nil || w.State != Running {
			return err
		}
		return s.again(ctx, w, tx.Now())
	})
}

// TakeBack takes the whole wave back: what waits in the undo window is called off, what was done at a place is reversed
// where the place knows a way, what waits for another person is withdrawn. Proofs and corrected labels stay. A wave that
// still runs is cancelled first. Needs access.Decide and a person. Faults: Conflict "wave.state", "wave.taken_back";
// Invalid "why".
func (s *Store) TakeBack(ctx context.Context, firm, id, why string) error {
	if err := s.person(ctx, firm); err != nil {
		return err
	}
	if why = tidy(why); len([]rune(why)) < minWhy {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.change(ctx, firm, id, func(ctx context.Context, tx *db.Tx, w *Wave) error {
		switch {
		case w.Back != Kept:
			return fault.New(fault.Conflict, "wave.taken_back")
		case w.State == Running || w.State == Paused || w.State == Stopped:
			if err := w.move(Cancel); err != nil {
				return err
			}
			w.EndedAt = tx.Now()
		case w.State != Ended && w.State != Cancelled:
			return fault.New(fault.Conflict, "wave.state", "State", string(w.State))
		}
		who := access.From(ctx)
		w.Back, w.BackWho, w.BackName, w.BackAt, w.BackWhy, w.Stopped = Taking, who.User, who.Name, tx.Now(), why, ""
		if err := s.record(ctx, *w, "taking_back", why, nil); err != nil {
			return err
		}
		return s.again(ctx, w, tx.Now())
	})
}

// A deed that is being carried out is asked again in a moment, a few times.
const (
	busyWait = 3 * time.Second
	maxBusy  = 10
)

// backSome takes the next few items back and tells whether there are more. The newest go first: they are the most
// likely to wait still.
func (s *Store) backSome(ctx context.Context, w *Wave, number int64) (more bool, err error) {
	err = s.change(ctx, w.Firm, w.ID, func(ctx context.Context, tx *db.Tx, now *Wave) error {
		if now.Back != Taking || now.number != number {
			return errOvertaken
		}
		ctx, err := s.as(ctx, *now, now.BackWho)
		if err != nil {
			return err
		}
		items, err := s.sorted(ctx, *now, `state = 'done' AND back = ''`, "n DESC", together)
		if err != nil {
			return err
		}
		busy := false
		for _, i := range items {
			if i.Back, i.BackCode, err = s.backOne(ctx, *now, i); err != nil {
				return err
			}
			if i.BackCode == "action.busy" && i.tries < maxBusy { // the place is being called just now
				busy, i.Back, i.tries = true, "", i.tries+1
			}
			if err := s.put(ctx, tx, *now, i); err != nil {
				return err
			}
		}
		switch more = len(items) == together; {
		case busy:
			more = false
			return s.again(ctx, now, tx.Now().Add(busyWait))
		case more:
			return nil
		}
		now.Back = Taken
		t, err := s.Tally(ctx, *now)
		if err != nil {
			return err
		}
		return s.record(ctx, *now, "taken_back", "", map[string]string{"taken": fmt.Sprint(t.Back["taken"]), "kept": fmt.Sprint(t.Back["kept"])})
	})
	return more, err
}

// backOne takes one item back, or says why it stays.
func (s *Store) backOne(ctx context.Context, w Wave, i Item) (back, code string, err error) {
	if i.Decision == "" {
		return "kept", "wave.proof", nil
	}
	d, err := s.Decisions.Find(ctx, w.Firm, i.Decision)
	if err != nil {
		return "", "", err
	}
	err = s.undo(ctx, w, d)
	var f *fault.Error
	switch {
	case err == nil:
		return "taken", "", nil
	case errors.As(err, &f) && f.Kind != fault.Internal && f.Code != "forbidden":
		return "kept", f.Code, nil
	}
	return "", "", err
}

func (s *Store) undo(ctx context.Context, w Wave, d decision.Decision) error {
	switch d.State {
	case decision.Second:
		return s.Decisions.Refuse(ctx, w.Firm, d.ID, w.BackWhy)
	case decision.Consent:
		return s.Decisions.Withdraw(ctx, w.Firm, d.ID, w.BackWhy)
	}
	deeds, err := s.Actions.ByDecision(ctx, w.Firm, d.ID)
	if err != nil {
		return err
	}
	for _, x := range deeds {
		if x.Reverses == "" && x.State != action.Cancelled {
			_, err := s.Actions.Undo(ctx, w.Firm, x.ID, w.BackWhy)
			return err
		}
	}
	return s.Decisions.Undo(ctx, w.Firm, d.ID, w.BackWhy)
}

// Window is until when what was done last can be called off before a place hears of it; zero when it has passed.
func (w Wave) Window(now time.Time) time.Time {
	last := w.EndedAt
	if last.IsZero() || w.Back != Kept || !now.Before(last.Add(action.UndoWindow)) {
		return time.Time{}
	}
	return last.Add(action.UndoWindow)
}
