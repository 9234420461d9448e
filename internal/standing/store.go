package standing

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/firm"
	"chop/internal/source"
)

// Store gathers the facts of firms.
type Store struct{ DB *db.DB }

// Of is how the firms stand, the worst first, then by name. The state itself may be known to whoever knows the firm;
// counts of what the principal may not see are left out. fault.NotFound for a firm that is not the principal's.
func (s *Store) Of(ctx context.Context, firms []firm.Firm) ([]Standing, error) {
	if len(firms) == 0 {
		return nil, nil
	}
	by := make(map[string]*Standing, len(firms))
	ids := make([]string, 0, len(firms))
	list := make([]Standing, len(firms))
	for i, f := range firms {
		if err := access.Check(ctx, access.ViewFirm, f.ID); err != nil {
			return nil, err
		}
		list[i].Firm = f
		by[f.ID] = &list[i]
		ids = append(ids, f.ID)
	}
	if err := s.gather(ctx, ids, by); err != nil {
		return nil, fmt.Errorf("gather how firms stand: %w", err)
	}
	for i := range list {
		list[i].State = Judge(list[i].Facts)
		switch list[i].State {
		case Calm:
			list[i].Since = time.Time{}
		case Crisis:
			list[i].Since = list[i].begun
		}
		list[i].veil(ctx)
	}
	slices.SortStableFunc(list, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(rank(a.State), rank(b.State)), cmp.Compare(a.Firm.Name, b.Firm.Name))
	})
	return list, nil
}

func rank(s State) int { return slices.Index([]State{Crisis, Attention, Calm}, s) }

// veil takes out the counts that the principal may not see.
func (s *Standing) veil(ctx context.Context) {
	a, f := access.From(ctx), s.Firm.ID
	if !a.Holds(access.ViewMentions, f) {
		s.Facts.Waiting, s.Facts.Late, s.Facts.Complaints, s.Last, s.Due = 0, 0, 0, time.Time{}, time.Time{}
	}
	if !a.Holds(access.ViewCases, f) {
		s.Facts.Urgent, s.Facts.Cases = 0, 0
	}
	if !a.Holds(access.ViewSources, f) {
		s.Facts.Sources, s.Facts.Unseen, s.Facts.Expiring = 0, 0, 0
	}
	if !a.Holds(access.Acknowledge, f) {
		s.Facts.Alarms = 0
	}
}

func (s *Store) gather(ctx context.Context, ids []string, by map[string]*Standing) error {
	return s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, f := range []func(context.Context, *db.Tx, []string, map[string]*Standing) error{cases, mentions, alarms, sources} {
			if err := f(ctx, tx, ids, by); err != nil {
				return err
			}
		}
		return nil
	})
}

func cases(ctx context.Context, tx *db.Tx, ids []string, by map[string]*Standing) error {
	return tx.Each(ctx, `SELECT firm_id, count(*), sum(CASE WHEN priority <= 2 AND status <> 'contained' THEN 1 ELSE 0 END), min(opened_at),
		coalesce(min(CASE WHEN priority <= 2 AND status <> 'contained' THEN opened_at END), 0) FROM crisis WHERE status <> 'closed' AND firm_id IN (`+db.Marks(1, len(ids))+`) GROUP BY firm_id`, db.Args(ids),
		func(scan func(...any) error) error {
			var id string
			var all, urgent int
			var since, begun time.Time
			if err := scan(&id, &all, &urgent, &since, &begun); err != nil {
				return err
			}
			x := by[id]
			x.Facts.Cases, x.Facts.Urgent, x.Since, x.begun = all, urgent, earliest(x.Since, since), begun
			return nil
		})
}

// mentions asks for one firm after the other: that walks along the index of what waits, while one query for all of
// them was seen to read every mention they ever had.
func mentions(ctx context.Context, tx *db.Tx, ids []string, by map[string]*Standing) error {
	for _, id := range ids {
		var f Facts
		var since, due time.Time
		_, err := tx.One(ctx, `SELECT count(*), coalesce(sum(CASE WHEN due_at > 0 AND due_at < $2 THEN 1 ELSE 0 END), 0),
			coalesce(sum(CASE WHEN labels LIKE '%,complaint,%' THEN 1 ELSE 0 END), 0), coalesce(min(seen_at), 0),
			coalesce(min(CASE WHEN due_at > 0 THEN due_at END), 0)
			FROM mention WHERE firm_id = $1 AND status = 'open'`, []any{id, tx.Now()}, &f.Waiting, &f.Late, &f.Complaints, &since, &due)
		if err != nil {
			return err
		}
		x := by[id]
		x.Facts.Waiting, x.Facts.Late, x.Facts.Complaints, x.Due = f.Waiting, f.Late, f.Complaints, due
		if f.Waiting > 0 {
			x.Since = earliest(x.Since, since)
		}
	}
	return nil
}

func alarms(ctx context.Context, tx *db.Tx, ids []string, by map[string]*Standing) error {
	return tx.Each(ctx, `SELECT firm_id, count(*), min(raised_at) FROM alert WHERE state IN ('open', 'unanswered') AND firm_id IN (`+
		db.Marks(1, len(ids))+`) GROUP BY firm_id`, db.Args(ids), func(scan func(...any) error) error {
		var id string
		var n int
		var since time.Time
		if err := scan(&id, &n, &since); err != nil {
			return err
		}
		by[id].Facts.Alarms, by[id].Since = n, earliest(by[id].Since, since)
		return nil
	})
}

// sources reads only what the health of a channel is judged from.
func sources(ctx context.Context, tx *db.Tx, ids []string, by map[string]*Standing) error {
	return tx.Each(ctx, `SELECT firm_id, paused, quiet_after, created_at, checked_at, ok_at, item_at, expires_at, fails, error_data
		FROM source WHERE removed_at = 0 AND firm_id IN (`+db.Marks(1, len(ids))+`)`, db.Args(ids), func(scan func(...any) error) error {
		var x source.Source
		var quiet int64
		var data string
		if err := scan(&x.Firm, &x.Paused, &quiet, &x.CreatedAt, &x.CheckedAt, &x.OKAt, &x.ItemAt, &x.ExpiresAt, &x.Fails, &data); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(data), &x.ErrorData); err != nil {
			return fmt.Errorf("read trouble of a source: %w", err)
		}
		x.QuietAfter = time.Duration(quiet) * time.Microsecond
		by[x.Firm].add(x, tx.Now())
		return nil
	})
}

// add counts one channel.
func (s *Standing) add(x source.Source, now time.Time) {
	s.Facts.Sources++
	if x.ItemAt.After(s.Last) {
		s.Last = x.ItemAt
	}
	c := x.Condition(now)
	switch {
	case c == source.Expiring:
		s.Facts.Expiring++
	case !Seen(c):
		s.Facts.Unseen++
		s.Since = earliest(s.Since, lastSeen(x))
	}
}

// lastSeen is until when the channel was known to be well.
func lastSeen(x source.Source) time.Time {
	switch {
	case x.Fails == 0 && !x.Paused && !x.ItemAt.IsZero():
		return x.ItemAt
	case !x.OKAt.IsZero():
		return x.OKAt
	}
	return x.CreatedAt
}
