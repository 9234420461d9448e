package mention

import (
	"context"
	"fmt"
	"strings"

	"chop/internal/db"
)

func indexSQLite(ctx context.Context, tx *db.Tx, firm string, docs []doc) error {
	rows := make([][]any, len(docs))
	for i, d := range docs {
		if d.again {
			if _, err := tx.Exec(ctx, `DELETE FROM mention_search WHERE rowid = $1`, d.doc); err != nil {
				return fmt.Errorf("index text: %w", err)
			}
		}
		rows[i] = []any{d.doc, firmWord(firm) + " " + d.words}
	}
	if _, err := tx.Insert(ctx, `INSERT INTO mention_search (rowid, words)`, rows, ""); err != nil {
		return fmt.Errorf("index text: %w", err)
	}
	return nil
}

// firmWord makes the firm a word of the index, so that a search never walks through another firm's texts.
func firmWord(firm string) string { return "f" + strings.ReplaceAll(firm, "-", "") }

// matchSQLite is an FTS5 query: any of the firms, and of every group one alternative; the last word may be a beginning.
func matchSQLite(firms, groups []string) string {
	var b strings.Builder
	b.WriteByte('(')
	for i, f := range firms {
		if i > 0 {
			b.WriteString(" OR ")
		}
		b.WriteString(`"` + firmWord(f) + `"`)
	}
	b.WriteByte(')')
	for i, g := range groups {
		b.WriteString(" AND (")
		for j, w := range strings.Fields(g) {
			if j > 0 {
				b.WriteString(" OR ")
			}
			b.WriteString(`"` + w + `"`)
			if i == len(groups)-1 && j == 0 {
				b.WriteByte('*')
			}
		}
		b.WriteByte(')')
	}
	return b.String()
}
