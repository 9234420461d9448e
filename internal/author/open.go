package author

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"chop/internal/access"
	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// ProfileRef points at one version of a profile.
func ProfileRef(id string) reason.Ref { return reason.Ref{Kind: "profile", ID: id} }

// Portrait is everything that a page about an account shows. For a protected account it holds the card and the flags alone.
type Portrait struct {
	Card     Author
	Flags    []Flag
	Stopped  bool // a flag stands: nothing else is shown
	Signals  []signal.Signal
	Heat     signal.Heat
	Curve    []signal.Point
	Venues   []signal.Venue
	Timeline []signal.Moment
	Estimate estimate.Estimate // what ChOP would say today; no profile by itself
	Standing *Document         // the confirmed version, valid or expired
	Draft    *Document         // a proposal that waits for a person
	Versions []Document        // all, newest first
	// Confidence of Standing now, with decay; Hidden tells that it is below 0.25, or that its scales lost their agreement: motive and
	// escalation are not shown then ("za mało danych").
	Confidence float64
	Hidden     bool
	InUse      bool // decisions read Standing
	Deeds      []Deed
	Facts      []signal.Fact
	Links      []Link
	Contests   []Contest
	Ratings    Ratings
	Readings   []Reading
	Groups     []signal.Company // it may belong to: fact when confirmed, hypothesis when not
}

// Open is the portrait of an account, and records who looked. Needs access.ViewProfiles; it writes, so it must not be called inside a
// reading transaction. Faults: NotFound "missing".
func (s *Store) Open(ctx context.Context, firm, key string) (p Portrait, err error) {
	if err := access.Check(ctx, access.ViewProfiles, firm); err != nil {
		return p, err
	}
	if p.Card, err = s.card(ctx, firm, key); err != nil {
		return p, err
	}
	if err := s.Looked(ctx, firm, key, "profile"); err != nil {
		return p, err
	}
	if p.Flags, err = s.flags(ctx, firm, key); err != nil {
		return p, err
	}
	if err := s.barred(ctx, nil, firm, key); err != nil {
		p.Stopped = true
		return p, ignoring(err, fault.Forbidden)
	}
	set, _, err := s.read(ctx, firm, key)
	if err != nil {
		return p, err
	}
	if ps := estimate.Protections(set); len(ps) > 0 { // seen for the first time now
		if err := s.protect(ctx, firm, key, ps); err != nil {
			return p, err
		}
		if err := s.barred(ctx, nil, firm, key); err != nil {
			p.Stopped = true
			p.Flags, err = s.flags(ctx, firm, key)
			return p, err
		}
	}
	p.Signals, p.Estimate = set.Signals, estimate.Of(set)
	p.Heat, p.Curve, p.Venues = signal.Warm(set.Book.Items), signal.Curve(set.Book.Items), signal.Places(set.Book.Items)
	p.Timeline, p.Facts, p.Groups = signal.Timeline(set.Book), set.Book.Facts, set.Book.Groups
	return p, s.fill(ctx, firm, key, &p)
}

func ignoring(err error, k fault.Kind) error {
	if fault.Is(err, k) {
		return nil
	}
	return err
}

// fill adds what is kept beside the signals.
func (s *Store) fill(ctx context.Context, firm, key string, p *Portrait) (err error) {
	if p.Versions, err = s.documents(ctx, `key = $2`, firm, key); err != nil {
		return err
	}
	for i := range p.Versions {
		d := &p.Versions[i]
		if access.Check(ctx, access.LegalProfiles, firm) != nil {
			d.Legal = "" // field 15 is for lawyers
		}
		switch {
		case d.State == Draft:
			p.Draft = d
		case (d.State == Confirmed || d.State == Expired) && p.Standing == nil:
			p.Standing = d
		}
	}
	if p.Deeds, err = s.Deeds(ctx, firm, key); err != nil {
		return err
	}
	if p.Links, err = s.links(ctx, firm, key); err != nil {
		return err
	}
	if p.Contests, err = s.contests(ctx, firm, key); err != nil {
		return err
	}
	if p.Readings, err = s.readings(ctx, firm, key); err != nil {
		return err
	}
	if p.Standing == nil {
		return nil
	}
	if p.Ratings, err = s.ratings(ctx, firm, p.Standing.ID); err != nil {
		return err
	}
	p.Confidence = p.Standing.Confidence(s.DB.Now(), p.Card.LastAt)
	p.Hidden = p.Confidence < estimate.Shown
	use, err := s.behaviour(ctx, firm, key)
	p.InUse = use.Confidence > 0
	return err
}

// card is the account's card, for verbs that asked already.
func (s *Store) card(ctx context.Context, firm, key string) (a Author, err error) {
	a = Author{Firm: firm, Key: key}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT name, first_at, last_at, mentions FROM author WHERE firm_id = $1 AND key = $2`, []any{firm, key},
			&a.Name, &a.FirstAt, &a.LastAt, &a.Mentions)
		if err == nil && !found {
			err = fault.Missing("author")
		}
		return err
	})
	return a, err
}

// mark is a keyed digest of an account's key: the journal and tombstones speak of it and name nobody.
func (s *Store) mark(ctx context.Context, firm, key string) string {
	m, err := s.Seal.Mark(ctx, firm, "author", []byte(key))
	if err != nil {
		slog.Error("mark an account", "firm", firm, "error", err)
		return "unknown"
	}
	return hex.EncodeToString(m[:16])
}

// Reading is who looked at a profile, in one hour.
type Reading struct {
	Name, Who string
	Purpose   string // profile, blind, advice, legal, export: message "profile.reading.<Purpose>"
	N         int
	LastAt    time.Time
}

// Looked puts a look at a profile on record (law 6): every look is counted, and the first of a person in an hour for a purpose is in
// the journal. Verbs that show a profile call it; decision does when an advice used one.
func (s *Store) Looked(ctx context.Context, firm, key, purpose string) error {
	who := access.From(ctx)
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var n int
		_, err := tx.One(ctx, `INSERT INTO author_reading (firm_id, key, who, purpose, hour, who_name, n, last_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7)
			ON CONFLICT (firm_id, key, who, purpose, hour) DO UPDATE SET n = author_reading.n + 1, last_at = excluded.last_at RETURNING n`,
			[]any{firm, key, who.User, purpose, tx.Now().Unix() / 3600, who.Name, tx.Now()}, &n)
		if err != nil || n > 1 {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(s.mark(ctx, firm, key)), Verb: "profile.looked", Data: map[string]string{"purpose": purpose}})
	})
	if err != nil {
		return fmt.Errorf("record a look at a profile: %w", err)
	}
	return nil
}

func (s *Store) readings(ctx context.Context, firm, key string) (rs []Reading, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT who, who_name, purpose, n, last_at FROM author_reading WHERE firm_id = $1 AND key = $2 ORDER BY last_at DESC LIMIT 50`,
			[]any{firm, key}, func(scan func(...any) error) error {
				var r Reading
				err := scan(&r.Who, &r.Name, &r.Purpose, &r.N, &r.LastAt)
				rs = append(rs, r)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read who looked: %w", err)
	}
	return rs, nil
}
