package crisis

import (
	"context"
	"encoding/json"
	"fmt"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/reason"
)

const columns = `firm_id, id, number, title, facts, subject, status, resolution, severity, priority, lead, opened_at, accepted_at,
	contained_at, closed_at, last_at`

func (s *Store) query(ctx context.Context, where, tail string, args ...any) (list []Case, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM crisis WHERE `+where+` `+tail, args, func(scan func(...any) error) error {
			var c Case
			var facts string
			if err := scan(&c.Firm, &c.ID, &c.Number, &c.Title, &facts, &c.Subject, &c.Status, &c.Resolution, &c.Severity, &c.Priority,
				&c.Lead, &c.OpenedAt, &c.AcceptedAt, &c.ContainedAt, &c.ClosedAt, &c.LastAt); err != nil {
				return err
			}
			list = append(list, c)
			return json.Unmarshal([]byte(facts), &list[len(list)-1].Facts)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	return list, nil
}

func (s *Store) load(ctx context.Context, firm, id string) (Case, error) {
	list, err := s.query(ctx, `firm_id = $1 AND id = $2`, "", firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("case")
	}
	if err != nil {
		return Case{}, err
	}
	return list[0], nil
}

// Find is one case of any firm of the principal. Needs access.ViewCases; fault.NotFound otherwise.
func (s *Store) Find(ctx context.Context, id string) (Case, error) {
	firms := access.Scope(ctx, access.ViewCases)
	if len(firms) == 0 {
		return Case{}, fault.Missing("case")
	}
	list, err := s.query(ctx, `id = $1 AND firm_id IN (`+db.Marks(2, len(firms))+`)`, "", append([]any{id}, db.Args(firms)...)...)
	if err == nil && len(list) == 0 {
		err = fault.Missing("case")
	}
	if err != nil {
		return Case{}, err
	}
	return list[0], nil
}

// List is the cases of one firm, or of all firms of the principal: open ones first by priority, then the latest.
// Needs access.ViewCases.
func (s *Store) List(ctx context.Context, firm string, openOnly bool) ([]Case, error) {
	firms := access.Scope(ctx, access.ViewCases)
	if firm != "" {
		if err := access.Check(ctx, access.ViewCases, firm); err != nil {
			return nil, err
		}
		firms = []string{firm}
	}
	if len(firms) == 0 {
		return nil, nil
	}
	where := `firm_id IN (` + db.Marks(1, len(firms)) + `)`
	if openOnly {
		where += ` AND status <> 'closed'`
	}
	return s.query(ctx, where, `ORDER BY CASE WHEN status = 'closed' THEN 1 ELSE 0 END, priority, last_at DESC LIMIT 200`, db.Args(firms)...)
}

// Of is the open cases an item belongs to. Needs access.ViewCases.
func (s *Store) Of(ctx context.Context, firm string, r reason.Ref) ([]Case, error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	return s.query(ctx, `firm_id = $1 AND status <> 'closed' AND id IN
		(SELECT crisis_id FROM crisis_item WHERE firm_id = $1 AND kind = $2 AND ref_id = $3)`, "", firm, r.Kind, r.ID)
}

// Items is what belongs to a case, oldest first, at most 1000. Needs access.ViewCases.
func (s *Store) Items(ctx context.Context, firm, id string) (list []Item, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT kind, ref_id, at, who FROM crisis_item WHERE firm_id = $1 AND crisis_id = $2 ORDER BY at, ref_id LIMIT 1000`,
			[]any{firm, id}, func(scan func(...any) error) error {
				var i Item
				err := scan(&i.Ref.Kind, &i.Ref.ID, &i.At, &i.Who)
				list = append(list, i)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read items of case: %w", err)
	}
	return list, nil
}

// Timeline is what happened in a case, newest first, at most 500 lines. Needs access.ViewCases.
func (s *Store) Timeline(ctx context.Context, firm, id string) (list []Event, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, at, what, who, facts, ref_kind, ref_id FROM crisis_event WHERE firm_id = $1 AND crisis_id = $2
			ORDER BY at DESC, id DESC LIMIT 500`, []any{firm, id}, func(scan func(...any) error) error {
			var e Event
			var facts string
			if err := scan(&e.ID, &e.At, &e.What, &e.Who, &facts, &e.Ref.Kind, &e.Ref.ID); err != nil {
				return err
			}
			list = append(list, e)
			return json.Unmarshal([]byte(facts), &list[len(list)-1].Facts)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	return list, nil
}

// MentionsOf is the mentions of a case, oldest first. Needs access.ViewMentions.
func (s *Store) MentionsOf(ctx context.Context, firm, id string) ([]mention.Mention, error) {
	items, err := s.Items(ctx, firm, id)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, i := range items {
		if i.Ref.Kind == "mention" {
			ids = append(ids, i.Ref.ID)
		}
	}
	return s.Mentions.ByIDs(ctx, firm, ids)
}

// Test looks whether the case is solved. Needs access.ViewMentions.
func (s *Store) Test(ctx context.Context, firm, id string) (t SolvedTest, err error) {
	ms, err := s.MentionsOf(ctx, firm, id)
	if err != nil {
		return t, err
	}
	now := s.DB.Now()
	t = SolvedTest{NoNewHostile: true, AllDecided: true, Sealed: true}
	for _, m := range ms {
		if m.Severity >= 1 && now.Sub(m.SeenAt) < quietFor {
			t.NoNewHostile = false
		}
		if m.Status == mention.Open || m.Status == mention.New {
			t.AllDecided = false
		}
		has, err := s.Evidence.Has(ctx, firm, mention.Ref(m.ID))
		if err != nil {
			return t, err
		}
		t.Sealed = t.Sealed && has
	}
	return t, nil
}
