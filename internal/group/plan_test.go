package group

import (
	"context"
	"strings"
	"testing"

	"chop/internal/db"
	"chop/internal/db/dbtest"
)

// A run reads a place by its own indexes: a firm's other places, however busy, cost it nothing.
func TestAPlaceIsReadByItsOwnIndexes(t *testing.T) {
	clock := dbtest.NewClock()
	d := dbtest.OpenSQLite(t, clock.Now)
	for _, q := range []string{ownAccounts, newestMentions, newestReactions} {
		plan := ""
		ok(t, d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return tx.Each(ctx, "EXPLAIN QUERY PLAN "+q, []any{f1, src, 20_000}[:strings.Count(q, "$")], func(scan func(...any) error) error {
				var id, parent, unused int
				var step string
				err := scan(&id, &parent, &unused, &step)
				plan += step + "\n"
				return err
			})
		}))
		if !strings.Contains(plan, "firm_id=? AND source_id=?") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s\nis read by %s", q, plan)
		}
	}
}
