package evidence

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/db"
)

// chunk is how many ids stand in one statement: SQLite looks marks up one by one.
const chunk = 200

// Sealed tells which of many things of a kind have an exhibit that was not found broken; see Has. Anybody in the firm
// may ask.
func (s *Store) Sealed(ctx context.Context, firm, kind string, ids []string) (map[string]bool, error) {
	if err := access.Check(ctx, access.ViewFirm, firm); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range chunks(ids) {
			if err := tx.Each(ctx, `SELECT DISTINCT ref_id FROM exhibit WHERE firm_id = $1 AND ref_kind = $2 AND removed_at = 0 AND checked <> 'fails'
				AND ref_id IN (`+db.Marks(3, len(part))+`)`, append([]any{firm, kind}, db.Args(part)...), func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				out[id] = true
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for exhibits: %w", err)
	}
	return out, nil
}

// OfMany is every exhibit of many things of a kind that is still here, oldest first, by what stands outside its manifest:
// number, time, cause and how the last verification ended. Needs access.ViewEvidence.
func (s *Store) OfMany(ctx context.Context, firm, kind string, ids []string) (list []Exhibit, err error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range chunks(ids) {
			if err := tx.Each(ctx, `SELECT firm_id, id, number, ref_kind, ref_id, made_at, made_by, cause, checked FROM exhibit
				WHERE firm_id = $1 AND ref_kind = $2 AND removed_at = 0 AND ref_id IN (`+db.Marks(3, len(part))+`)`,
				append([]any{firm, kind}, db.Args(part)...), func(scan func(...any) error) error {
					var e Exhibit
					err := scan(&e.Firm, &e.ID, &e.Number, &e.Ref.Kind, &e.Ref.ID, &e.At, &e.By, &e.Cause, &e.Checked)
					list = append(list, e)
					return err
				}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list exhibits of many: %w", err)
	}
	slices.SortFunc(list, func(a, b Exhibit) int { return cmp.Compare(a.Number, b.Number) })
	return list, nil
}

func chunks(ids []string) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for len(ids) > 0 {
			n := min(len(ids), chunk)
			if !yield(ids[:n]) {
				return
			}
			ids = ids[n:]
		}
	}
}

// Older is exhibits that are still here and were sealed before a time, oldest first, after the id of the page before, by
// what stands outside their manifests. Needs access.ViewEvidence.
func (s *Store) Older(ctx context.Context, firm string, before time.Time, after string, limit int) (list []Exhibit, err error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT firm_id, id, number, ref_kind, ref_id, made_at, made_by, cause, held_at, reviewed_at FROM exhibit
			WHERE firm_id = $1 AND made_at <= $2 AND id > $3 AND removed_at = 0 ORDER BY id LIMIT $4`, []any{firm, before, after, limit},
			func(scan func(...any) error) error {
				var e Exhibit
				err := scan(&e.Firm, &e.ID, &e.Number, &e.Ref.Kind, &e.Ref.ID, &e.At, &e.By, &e.Cause, &e.Held, &e.Reviewed)
				list = append(list, e)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list old exhibits: %w", err)
	}
	return list, nil
}

// waiting is the condition for exhibits that no checkpoint covers yet.
const waiting = `ticket IN (SELECT ticket FROM ledger_queue)`

// Tally is how many exhibits there are that are still here.
type Tally struct{ All, Waiting int }

// Count counts the exhibits of one firm, or of every firm in which the principal holds access.ViewEvidence.
func (s *Store) Count(ctx context.Context, firm string) (t Tally, err error) {
	firms, all, err := scope(ctx, firm)
	if err != nil || !all && len(firms) == 0 {
		return t, err
	}
	where, args := Filter{}.where(firms)
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*), coalesce(sum(CASE WHEN `+waiting+` THEN 1 ELSE 0 END), 0) FROM exhibit WHERE firm_id <> '' AND `+where, args, &t.All, &t.Waiting)
		return err
	})
	if err != nil {
		return t, fmt.Errorf("count exhibits: %w", err)
	}
	return t, nil
}
