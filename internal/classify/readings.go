package classify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
)

// Reading is what is known of a mention's content, and who said it when.
type Reading struct {
	Result
	Revision int
	Why      string // of a person
	At       time.Time
}

// Person tells whether a person's word stands.
func (r Reading) Person() bool { return r.Engine == ByPerson }

// Readings are the readings of many mentions by their ids, each as Of gives it; what nobody has read is not there.
// Needs access.ViewMentions.
func (s *Store) Readings(ctx context.Context, firm string, ids []string) (map[string]Reading, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	out := map[string]Reading{}
	if len(ids) == 0 {
		return out, nil
	}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT mention_id, revision, result, why, at FROM labelling WHERE firm_id = $1 AND mention_id IN (`+db.Marks(2, len(ids))+`)
			ORDER BY mention_id, revision DESC, CASE maker WHEN 'person' THEN 0 WHEN 'memory' THEN 1 ELSE 2 END, at DESC`, append([]any{firm}, db.Args(ids)...),
			func(scan func(...any) error) error {
				var id, raw string
				var r Reading
				if err := scan(&id, &r.Revision, &raw, &r.Why, &r.At); err != nil {
					return err
				}
				if _, newer := out[id]; newer {
					return nil
				}
				if err := json.Unmarshal([]byte(raw), &r.Result); err != nil {
					return fmt.Errorf("labels of %s: %w", id, err)
				}
				out[id] = r
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	return out, nil
}
