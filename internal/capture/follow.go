package capture

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/browser"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/source"
)

func sorted(list []string) []string { slices.Sort(list); return list }

// Changed seals the new state of items that were sealed before and were edited, moved or removed at their place: a later
// exhibit, linked to the first. A page on which an item stood that is gone is looked at again. Part of reading a batch, in
// its transaction.
func (s *Store) Changed(ctx context.Context, e mention.Ingested) error {
	ids := slices.Concat(e.Edited, e.Moved)
	if len(ids) == 0 {
		return nil
	}
	sealed, err := s.Evidence.Sealed(ctx, e.Firm, "mention", ids)
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !sealed[id] })
	if len(ids) == 0 {
		return nil
	}
	ms, err := s.Mentions.ByIDs(ctx, e.Firm, ids)
	if err != nil {
		return err
	}
	for _, m := range ms {
		cause := MovedWas
		switch {
		case m.State == source.Gone || !m.GoneAt.IsZero():
			cause = Vanished
		case slices.Contains(e.Edited, m.ID):
			cause = EditedWas
		}
		if _, err := s.Mentions.Preserve(ctx, s.Evidence, e.Firm, m.ID, cause); err != nil {
			return fmt.Errorf("seal the later state: %w", err)
		}
		if cause == Vanished {
			if err := s.lookAgain(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookAgain asks for a look at every page that was kept for an item.
func (s *Store) lookAgain(ctx context.Context, m mention.Mention) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var pages []string
		if err := tx.Each(ctx, `SELECT id FROM capture_page WHERE firm_id = $1 AND mention_id = $2`, []any{m.Firm, m.ID}, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			pages = append(pages, id)
			return err
		}); err != nil {
			return err
		}
		for _, p := range pages {
			if ok, err := s.byItself(ctx, tx, m.Firm); err != nil || !ok {
				return err
			}
			if _, err := s.plan(ctx, tx, m.Firm, p, Vanished, time.Time{}); err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
		}
		return nil
	})
}

// Setting is what a firm wants to be kept as pages by itself. Both are off at first: every look starts a browser, and the
// place sees a visitor.
type Setting struct {
	Serious bool // serious items with a public address, again after 1 h, 24 h, 7 and 30 days
	Deed    bool // items about which somebody decides
}

// Setting reads it. Anybody in the firm may ask.
func (s *Store) Setting(ctx context.Context, firm string) (v Setting, err error) {
	if err := access.Check(ctx, access.ViewFirm, firm); err != nil {
		return v, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT serious, deed FROM capture_setting WHERE firm_id = $1`, []any{firm}, &v.Serious, &v.Deed)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("read the setting of captures: %w", err)
	}
	return v, nil
}

// Set changes it. Needs access.ManageFirm.
func (s *Store) Set(ctx context.Context, firm string, v Setting) error {
	if err := access.Check(ctx, access.ManageFirm, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO capture_setting (firm_id, serious, deed) VALUES ($1, $2, $3)
			ON CONFLICT (firm_id) DO UPDATE SET serious = excluded.serious, deed = excluded.deed`, firm, v.Serious, v.Deed); err != nil {
			return fmt.Errorf("keep the setting of captures: %w", err)
		}
		tx.Touch(firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: "firm", ID: firm}, Verb: "capture.setting",
			Data: map[string]string{"serious": fmt.Sprint(v.Serious), "deed": fmt.Sprint(v.Deed)}})
	})
}

// severe is from which severity on an item counts as serious.
const severe = 3

// Consider asks for looks at the pages of serious items, where the firm wants them. Part of reading a batch.
func (s *Store) Consider(ctx context.Context, firm string, ids []string) error {
	set, err := s.Setting(ctx, firm)
	if err != nil || !set.Serious {
		return err
	}
	ms, err := s.Mentions.ByIDs(ctx, firm, ids)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if m.Severity < severe || m.Own {
			continue
		}
		if err := s.byRule(ctx, m, Serious, true); err != nil {
			return err
		}
	}
	return nil
}

// Decide asks for a look at the page of an item about which somebody decided, where the firm wants it. The deed does not
// wait for it: the item itself was sealed before.
func (s *Store) Decide(ctx context.Context, firm, id string) error {
	set, err := s.Setting(ctx, firm)
	if err != nil || !set.Deed {
		return err
	}
	ms, err := s.Mentions.ByIDs(ctx, firm, []string{id})
	if err != nil || len(ms) == 0 {
		return err
	}
	return s.byRule(ctx, ms[0], Decided, false)
}

// byRule asks on the program's own behalf. An item without an address that a browser may open is left.
func (s *Store) byRule(ctx context.Context, m mention.Mention, cause string, more bool) error {
	u, err := browser.CheckURL(m.URL)
	if err != nil {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		ok, err := s.byItself(ctx, tx, m.Firm)
		if err != nil || !ok {
			return err
		}
		if _, err = s.ask(ctx, Wish{Firm: m.Firm, URL: u.String(), Mention: m.ID, Again: more}, cause, time.Time{}); fault.Is(err, fault.Conflict) {
			return nil // enough waits already
		}
		return err
	})
}
