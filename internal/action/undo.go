package action

import (
	"context"
	"strings"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/source"
)

// Undo takes a deed back. Before the place was called it is called off; afterwards a new deed does the contrary, where
// the place can, and its result is the deed's state Undone. It gives the deed that takes it back, or the cancelled deed.
// Needs access.Decide. Faults: Conflict "action.busy" (the place is being called or asked), "action.cannot_undo" (Data
// Verb: this place knows no way back), "action.by_hand" (a person did it), "action.state" (nothing to take back).
func (s *Store) Undo(ctx context.Context, firm, id, why string) (back Deed, err error) {
	if err := access.Check(ctx, access.Decide, firm); err != nil {
		return back, err
	}
	why = strings.TrimSpace(why)
	err = s.change(ctx, firm, id, func(ctx context.Context, tx *db.Tx, d *Deed) error {
		switch {
		case d.Reverses != "":
			return fault.New(fault.Conflict, "action.cannot_undo", "Verb", string(d.Verb))
		case d.State == Doing || d.State == Doubtful || d.Reversal != "" && d.State == Done:
			return fault.New(fault.Conflict, "action.busy")
		case d.State == Waiting || d.State == Manual:
			err := s.callOff(ctx, tx, d, why)
			back = *d
			return err
		case d.State == Done && d.Hand():
			return fault.New(fault.Conflict, "action.by_hand")
		case d.State == Done:
			back, err = s.reverse(ctx, tx, d, why)
			return err
		}
		return fault.New(fault.Conflict, "action.state", "State", string(d.State))
	})
	return back, err
}

// callOff cancels what has not begun.
func (s *Store) callOff(ctx context.Context, tx *db.Tx, d *Deed, why string) error {
	if err := d.move(Cancel); err != nil {
		return err
	}
	d.EndedAt, d.Note = tx.Now(), why
	if err := s.Decisions.Reversed(ctx, d.Firm, d.Decision, why); err != nil {
		return err
	}
	return s.tell(ctx, tx, *d, "cancelled", why)
}

// reverse plans the contrary of a done deed; it goes out at once.
func (s *Store) reverse(ctx context.Context, tx *db.Tx, d *Deed, why string) (Deed, error) {
	back, err := s.contrary(ctx, *d)
	if err != nil {
		return back, err
	}
	back.MadeAt, back.MadeBy, back.DueAt, back.Note = tx.Now(), access.From(ctx).User, tx.Now(), why
	if err := s.plan(ctx, tx, &back, true); err != nil {
		return back, err
	}
	d.Reversal = back.ID
	return back, s.tell(ctx, tx, back, "planned", why)
}

// contrary is the deed that takes d back, or Conflict "action.cannot_undo".
func (s *Store) contrary(ctx context.Context, d Deed) (Deed, error) {
	cannot := fault.New(fault.Conflict, "action.cannot_undo", "Verb", string(d.Verb))
	_, can, err := s.actor(ctx, d.Firm, d.Source)
	if err != nil && !gone(err) {
		return Deed{}, err
	}
	verb, ok := decision.Back(d.Verb, can)
	item := d.Item
	if d.Verb == source.Reply {
		item = d.ResultExt
	}
	if !ok || item == "" {
		return Deed{}, cannot
	}
	return Deed{Firm: d.Firm, ID: db.NewID(), Decision: d.Decision, Mention: d.Mention, Source: d.Source, Verb: verb, Item: item,
		State: Planned, Exhibit: d.Exhibit, Reverses: d.ID}, nil
}

// release lets a deed be taken back again after its reversal failed, and brings the mention back to people.
func (s *Store) release(ctx context.Context, reversal Deed) error {
	if err := s.change(ctx, reversal.Firm, reversal.Reverses, func(_ context.Context, _ *db.Tx, d *Deed) error {
		d.Reversal = ""
		return nil
	}); err != nil {
		return err
	}
	return s.Mentions.SetStatus(ctx, reversal.Firm, reversal.Mention, mention.Open)
}
