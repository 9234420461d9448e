package author

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/db"
	"chop/internal/mention"
)

// Behaviour is what decisions read of an account: four figures, and whether it is a minor's. Confidence 0 means that nothing may be
// concluded.
type Behaviour struct {
	Profile    string // id of the version it comes from; empty for none
	Motive     string
	Escalation int // 0 low, 1 medium, 2 high
	Confidence float64
	Reach      int
	ReachKnown bool // somebody measured the reach, or reactions show it
	Minor      bool
}

// none is an account of which nothing is concluded.
func none() Behaviour { return Behaviour{Motive: string(estimate.Undetermined), Escalation: 1} }

// Behaviour is what an advice may take into account: the profile that a person confirmed, while it is valid, uncontested and sure
// enough to be shown; and the reach as reactions to recent items (past) and what people told show it. A draft counts for nothing.
// Nothing comes of protected accounts. Needs access.ViewMentions; whoever may not view profiles gets the reach alone.
func (s *Store) Behaviour(ctx context.Context, firm, key string, past []mention.Mention) (Behaviour, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return Behaviour{}, err
	}
	b := none()
	var err error
	if access.Check(ctx, access.ViewProfiles, firm) == nil {
		if b, err = s.behaviour(ctx, firm, key); err != nil {
			return b, fmt.Errorf("read behaviour: %w", err)
		}
	} else if b.Minor, err = s.minor(ctx, firm, key); err != nil {
		return b, err
	}
	if b.Profile == "" {
		err = s.reach(ctx, firm, key, past, &b)
	}
	return b, err
}

func (s *Store) minor(ctx context.Context, firm, key string) (bool, error) {
	fs, err := s.flags(ctx, firm, key)
	for _, f := range fs {
		if f.Kind == estimate.Minor && f.Stands() {
			return true, err
		}
	}
	return false, err
}

// behaviour reads the confirmed profile, or none.
func (s *Store) behaviour(ctx context.Context, firm, key string) (b Behaviour, err error) {
	b = none()
	if b.Minor, err = s.minor(ctx, firm, key); err != nil || b.Minor {
		return b, err
	}
	found, open := false, 0
	var lastItem, until, now, last time.Time
	p := none()
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		now = tx.Now()
		if found, err = tx.One(ctx, `SELECT id, motive, escalation, reach, confidence, last_item_at, valid_until FROM author_profile
			WHERE firm_id = $1 AND key = $2 AND state = 'confirmed'`, []any{firm, key}, &p.Profile, &p.Motive, &p.Escalation, &p.Reach, &p.Confidence,
			&lastItem, &until); err != nil || !found {
			return err
		}
		if _, err = tx.One(ctx, `SELECT last_at FROM author WHERE firm_id = $1 AND key = $2`, []any{firm, key}, &last); err != nil {
			return err
		}
		_, err = tx.One(ctx, `SELECT count(*) FROM author_contest WHERE firm_id = $1 AND key = $2 AND outcome = ''`, []any{firm, key}, &open)
		return err
	})
	if err != nil || !found || open > 0 || !now.Before(until) {
		return b, err
	}
	if s.barred(ctx, nil, firm, key) != nil {
		return b, nil
	}
	p.Confidence = decayed(p.Confidence, now.Sub(later(lastItem, last)))
	if p.Confidence < estimate.Shown { // what is not shown must not weigh
		return b, nil
	}
	lost, err := s.withdrawn(ctx, firm)
	if err != nil {
		return b, err
	}
	if lost[motiveScale] {
		p.Motive = string(estimate.Undetermined)
	}
	if lost[bandScale] {
		p.Escalation = b.Escalation
	}
	if lost[Influence] {
		p.Reach = 0
	}
	p.ReachKnown = !lost[Influence]
	return p, nil
}

// reach grades an account without a profile from what is at hand.
func (s *Store) reach(ctx context.Context, firm, key string, past []mention.Mention, b *Behaviour) error {
	facts, err := s.facts(ctx, firm, key)
	if err != nil {
		return err
	}
	book := signal.Book{Now: s.DB.Now(), Facts: facts}
	for _, m := range past {
		if m.AuthorKey == key {
			book.Items = append(book.Items, signal.Item{ID: m.ID, Ext: m.ExternalID, At: m.At, Account: key})
		}
	}
	own := past[:0:0]
	for _, m := range past {
		if m.AuthorKey == key {
			own = append(own, m)
		}
	}
	if err := s.company(ctx, firm, own, book.Items); err != nil {
		return err
	}
	set := signal.Read(book)
	b.Reach = estimate.ReachOf(set).R
	b.ReachKnown = set.Of("B20").Ok() || set.Of("B18").Part("most") > 0 || b.Reach > 0
	return nil
}
