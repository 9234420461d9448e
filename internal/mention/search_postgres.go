package mention

import (
	"context"
	"fmt"
	"strings"

	"chop/internal/db"
)

func indexPostgres(ctx context.Context, tx *db.Tx, firm string, docs []doc) error {
	var b strings.Builder
	args := make([]any, 0, len(docs)*3)
	for i, d := range docs {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "($%d::bigint, $%d, array_to_tsvector(ARRAY(SELECT DISTINCT w FROM unnest(string_to_array($%d, ' ')) AS w WHERE w <> '')))",
			i*3+1, i*3+2, i*3+3)
		args = append(args, d.doc, firm, d.words)
	}
	_, err := tx.Exec(ctx, `INSERT INTO mention_search (doc, firm_id, words) VALUES `+b.String()+
		` ON CONFLICT (doc) DO UPDATE SET words = excluded.words`, args...)
	if err != nil {
		return fmt.Errorf("index text: %w", err)
	}
	return nil
}

// matchPostgres is a tsquery: of every group one alternative; the last word may be a beginning.
func matchPostgres(groups []string) string {
	var all []string
	for i, g := range groups {
		var alts []string
		for j, w := range strings.Fields(g) {
			q := "'" + strings.ReplaceAll(strings.ReplaceAll(w, `\`, `\\`), "'", "''") + "'"
			if i == len(groups)-1 && j == 0 {
				q += ":*"
			}
			alts = append(alts, q)
		}
		all = append(all, "("+strings.Join(alts, " | ")+")")
	}
	return strings.Join(all, " & ")
}

// index puts texts into the full-text index of the database at hand.
func index(ctx context.Context, tx *db.Tx, firm string, docs []doc) error {
	for len(docs) > 0 {
		n := min(len(docs), 500)
		var err error
		if tx.Dialect() == db.Postgres {
			err = indexPostgres(ctx, tx, firm, docs[:n])
		} else {
			err = indexSQLite(ctx, tx, firm, docs[:n])
		}
		if err != nil {
			return err
		}
		docs = docs[n:]
	}
	return nil
}

// newestHits is how many hits of a search are looked at, newest first; older ones come with the next page.
const newestHits = 5000

// matchClause is the condition "the text is among the newest hits below doc" with its arguments from mark n on.
func matchClause(tx *db.Tx, n int, firms, groups []string, below int64) (clause string, args []any) {
	if tx.Dialect() == db.Postgres {
		args = append([]any{matchPostgres(groups), below}, db.Args(firms)...)
		return fmt.Sprintf("m.doc IN (SELECT doc FROM mention_search WHERE words @@ CAST($%d AS tsquery) AND doc < $%d AND firm_id IN (%s) ORDER BY doc DESC LIMIT %d)",
			n, n+1, db.Marks(n+2, len(firms)), newestHits), args
	}
	return fmt.Sprintf("m.doc IN (SELECT rowid FROM mention_search WHERE mention_search MATCH $%d AND rowid < $%d ORDER BY rowid DESC LIMIT %d)",
		n, n+1, newestHits), []any{matchSQLite(firms, groups), below}
}
