package crisis

import (
	"context"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// TellOwner records that somebody of ours told the owner by voice, with what was said, and when they will hear again (zero:
// nothing was promised). Needs access.WorkCases. Faults: Invalid "case.how", "case.note", "case.word"; Conflict
// "case.closed".
func (s *Store) TellOwner(ctx context.Context, firm, id, how, note string, next time.Time) error {
	note = strings.TrimSpace(note)
	switch {
	case how != ToldCall && how != ToldMeeting:
		return fault.New(fault.Invalid, "case.how").On("how")
	case tooShort(note) || len(note) > maxNote:
		return fault.New(fault.Invalid, "case.note").On("note")
	}
	ref := reason.Ref{Kind: "note", ID: db.NewID()}
	e := Event{What: "told", Facts: map[string]string{"how": how}, Ref: ref}
	return s.write(ctx, firm, id, e, func(ctx context.Context, c *Case, tx *db.Tx) error {
		if err := promise(c, next, tx.Now()); err != nil {
			return err
		}
		c.ToldAt, c.ToldHow, c.ToldBy = tx.Now(), how, access.From(ctx).User
		if err := s.calm(ctx, *c, promised); err != nil {
			return err
		}
		if err := s.owned(ctx, tx, *c); err != nil {
			return err
		}
		return s.memo(ctx, tx, *c, ref.ID, note, nil)
	})
}

func promise(c *Case, next, now time.Time) error {
	if !c.Open() {
		return fault.New(fault.Conflict, "case.closed")
	}
	if !next.IsZero() && (!next.After(now) || next.Sub(now) > 7*24*time.Hour) {
		return fault.New(fault.Invalid, "case.word").On("next")
	}
	c.WordAt = next
	return nil
}

// Promise keeps when the owner will hear from us next; an alert is raised when that time passes without a word. Needs
// access.WorkCases. Faults: Invalid "case.word"; Conflict "case.closed".
func (s *Store) Promise(ctx context.Context, firm, id string, next time.Time) error {
	return s.change(ctx, firm, id, "promised", "", func(ctx context.Context, c *Case, tx *db.Tx) error {
		if next.IsZero() {
			return fault.New(fault.Invalid, "case.word").On("next")
		}
		if err := promise(c, next, tx.Now()); err != nil {
			return err
		}
		return s.calm(ctx, *c, promised)
	})
}

// OwnerKnows records the owner's own "I know". Only an owner of the firm may say so.
func (s *Store) OwnerKnows(ctx context.Context, firm, id string) error {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return err
	}
	who := access.From(ctx)
	if who.Firms[firm] != access.Owner {
		return fault.New(fault.Forbidden, "case.owner")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := s.held(ctx, tx, firm, id)
		if err != nil {
			return err
		}
		if c.Merged() {
			if c, err = s.held(ctx, tx, firm, c.Root); err != nil {
				return err
			}
		}
		if !c.Open() || c.ToldHow == ToldOwner && !c.ToldAt.IsZero() {
			return nil
		}
		c.ToldAt, c.ToldHow, c.ToldBy, c.lookAt = tx.Now(), ToldOwner, who.User, tx.Now()
		if err := s.put(ctx, tx, c); err != nil {
			return err
		}
		if err := s.owned(ctx, tx, c); err != nil {
			return err
		}
		if err := s.Note(ctx, firm, c.ID, Event{What: "owner_knows"}); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: c.Ref(), Verb: "case.owner_knows"})
	})
}

// owners tells every owner of the firm that a case has news for them; what it is stands on their page.
func (s *Store) owners(ctx context.Context, c Case, title string) error {
	roster, err := s.Alerts.Duty.Roster(ctx, c.Firm)
	if err != nil {
		return err
	}
	for _, m := range roster {
		if m.Role != access.Owner {
			continue
		}
		if err := s.Alerts.Tell(ctx, alert.Word{Firm: c.Firm, User: m.ID, Title: title, Facts: map[string]string{"number": c.Number}, URL: "/owner"}); err != nil {
			return err
		}
	}
	return nil
}

// SendWord tells the owners that there is news on their page, and keeps when they will hear next. It does not count as
// "the owner knows": only their answer does. Needs access.WorkCases. Faults as Promise.
func (s *Store) SendWord(ctx context.Context, firm, id string, next time.Time) error {
	return s.change(ctx, firm, id, "word_sent", "", func(ctx context.Context, c *Case, tx *db.Tx) error {
		if err := promise(c, next, tx.Now()); err != nil {
			return err
		}
		if err := s.calm(ctx, *c, promised); err != nil {
			return err
		}
		return s.owners(ctx, *c, "tell.owner.word")
	})
}
