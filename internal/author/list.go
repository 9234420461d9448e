package author

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
)

// Row is an account in the list of a firm's accounts.
type Row struct {
	Key, Name   string
	Mentions    int
	LastAt      time.Time
	Profile     string // id of the standing profile or of the draft; empty for none
	State       State
	ValidUntil  time.Time
	Flagged     bool // not profiled; nothing else is told here
	Ratings     int
	WaitsForYou bool // a second, blind rating is missing and this person may still give it
}

// Accounts lists the accounts that wrote most and last, those with a profile first. Needs access.ViewProfiles.
func (s *Store) Accounts(ctx context.Context, firm string, limit int) (list []Row, err error) {
	if err := access.Check(ctx, access.ViewProfiles, firm); err != nil {
		return nil, err
	}
	who := access.From(ctx).User
	rates := access.Check(ctx, access.WorkProfiles, firm) == nil
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT a.key, a.name, a.mentions, a.last_at, coalesce(p.id, ''), coalesce(p.state, ''), coalesce(p.valid_until, 0),
			(SELECT count(*) FROM author_flag f WHERE f.firm_id = a.firm_id AND f.key = a.key AND f.lifted_at = 0 AND (f.owner_at = 0 OR f.lawyer_at = 0)),
			(SELECT count(*) FROM author_rating r WHERE r.firm_id = a.firm_id AND r.profile_id = p.id),
			(SELECT count(*) FROM author_reading l WHERE l.firm_id = a.firm_id AND l.key = a.key AND l.who = $2 AND l.last_at >= p.made_at
				AND l.purpose IN ('profile', 'export', 'advice'))
			FROM author a LEFT JOIN author_profile p ON p.firm_id = a.firm_id AND p.key = a.key AND p.state IN ('draft', 'confirmed')
			WHERE a.firm_id = $1 ORDER BY CASE WHEN p.id IS NULL THEN 1 ELSE 0 END, a.mentions DESC, a.last_at DESC, a.key LIMIT $3`,
			[]any{firm, who, min(max(limit, 1), 500)}, func(scan func(...any) error) error {
				var r Row
				var flags, seen int
				err := scan(&r.Key, &r.Name, &r.Mentions, &r.LastAt, &r.Profile, &r.State, &r.ValidUntil, &flags, &r.Ratings, &seen)
				r.Flagged = flags > 0
				r.WaitsForYou = rates && r.State == Confirmed && r.Ratings == 1 && seen == 0
				list = append(list, r)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return list, nil
}
