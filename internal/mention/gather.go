package mention

import (
	"context"
	"fmt"
	"strings"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// Gather is everything of one firm that fits the filter, newest first, at most most of it, and how much fits in whole.
// It reads past the limit of List, for deeds over many. Needs access.ViewMentions in f.Firm.
func (s *Store) Gather(ctx context.Context, f Filter, most int) (list []Mention, all int, err error) {
	if f.Firm == "" {
		return nil, 0, fault.Missing("firm")
	}
	if err := access.Check(ctx, access.ViewMentions, f.Firm); err != nil {
		return nil, 0, err
	}
	f.Below = 0
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		c := f.where(tx, []string{f.Firm})
		if c == nil {
			return nil
		}
		where := strings.Join(c.parts, " AND ")
		if _, err := tx.One(ctx, `SELECT count(*) FROM mention m WHERE m.firm_id = $1 AND `+where, c.args, &all); err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT `+columns+` FROM mention m WHERE m.firm_id = $1 AND `+where+fmt.Sprintf(` ORDER BY m.doc DESC LIMIT %d`, max(most, 0)), c.args,
			func(scan func(...any) error) error {
				m, err := scanMention(scan)
				list = append(list, m)
				return err
			})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("gather mentions: %w", err)
	}
	return list, all, nil
}
