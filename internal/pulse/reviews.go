package pulse

import (
	"context"
	"fmt"
	"time"

	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/pulse/review"
)

const (
	reviewsBack = 380 * 24 * time.Hour // two weeks and the year before them
	fewBad      = 5
	maxReviews  = 20_000
)

// Rated holds the stars of the last two weeks against the firm's own year. It hears what was just labelled, inside a
// transaction.
func (s *Store) Rated(ctx context.Context, e classify.Labelled) error {
	if len(e.IDs) == 0 || e.Judged != "" {
		return nil
	}
	look, err := s.worthLooking(ctx, e.Firm)
	if err != nil || !look {
		return err
	}
	list, err := s.reviews(ctx, e.Firm)
	if err != nil {
		return err
	}
	x, yes := review.Look(list, s.DB.Now())
	if !yes {
		return nil
	}
	return s.save(ctx, Finding{Firm: e.Firm, Kind: KindReviews, Subject: e.Firm, Reviews: x})
}

// worthLooking tells that bad reviews came within the hour, that there are enough of them in two weeks, and that the same was
// not just found.
func (s *Store) worthLooking(ctx context.Context, firm string) (yes bool, err error) {
	var fresh, all, found int
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := tx.Now()
		if _, err := tx.One(ctx, `SELECT count(*) FROM mention WHERE firm_id = $1 AND rating > 0 AND rating <= 2 AND own = FALSE AND at > $2`,
			[]any{firm, now.Add(-time.Hour)}, &fresh); err != nil || fresh == 0 {
			return err
		}
		if _, err := tx.One(ctx, `SELECT count(*) FROM mention WHERE firm_id = $1 AND rating > 0 AND rating <= 2 AND own = FALSE AND at > $2`,
			[]any{firm, now.Add(-14 * 24 * time.Hour)}, &all); err != nil || all < fewBad {
			return err
		}
		_, err := tx.One(ctx, `SELECT count(*) FROM pulse_finding WHERE firm_id = $1 AND kind = 'reviews' AND last_at > $2`,
			[]any{firm, now.Add(-episode)}, &found)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for bad reviews: %w", err)
	}
	return fresh > 0 && all >= fewBad && found == 0, nil
}

func (s *Store) reviews(ctx context.Context, firm string) (list []review.Review, err error) {
	var accounts []string
	times := map[string]int{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT at, rating, author_key FROM mention WHERE firm_id = $1 AND rating > 0 AND own = FALSE AND at > $2 ORDER BY at DESC LIMIT $3`,
			[]any{firm, tx.Now().Add(-reviewsBack), maxReviews}, func(scan func(...any) error) error {
				var r review.Review
				var account string
				if err := scan(&r.At, &r.Stars, &account); err != nil {
					return err
				}
				list, accounts = append(list, r), append(accounts, account)
				times[account]++
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	for i, a := range accounts {
		list[i].Single = times[a] == 1
	}
	return list, nil
}
