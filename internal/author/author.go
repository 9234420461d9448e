// Package author keeps the accounts behind mentions: how much they write and since when. It describes accounts, never
// persons.
package author

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/mention"
)

// Author is one account as it has shown itself to one firm.
type Author struct {
	Firm, Key string
	Name      string
	FirstAt   time.Time
	LastAt    time.Time
	Mentions  int
}

// Store keeps authors.
type Store struct {
	DB       *db.DB
	Mentions *mention.Store
}

// Note counts new mentions on their accounts' cards. It hears mention.Ingested, inside a transaction.
func (s *Store) Note(ctx context.Context, e mention.Ingested) error {
	if len(e.New) == 0 {
		return nil
	}
	ms, err := s.Mentions.ByIDs(ctx, e.Firm, e.New)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Insert(ctx, `INSERT INTO author (firm_id, key, name, handle, url, first_at, last_at, mentions)`, cards(ms),
			`ON CONFLICT (firm_id, key) DO UPDATE SET name = excluded.name, mentions = author.mentions + excluded.mentions,
			first_at = CASE WHEN excluded.first_at < author.first_at THEN excluded.first_at ELSE author.first_at END,
			last_at = CASE WHEN excluded.last_at > author.last_at THEN excluded.last_at ELSE author.last_at END`)
		if err != nil {
			return fmt.Errorf("note authors: %w", err)
		}
		return nil
	})
}

// cards sums the mentions of a batch per account, in a lasting order: two batches never lock each other out.
func cards(ms []mention.Mention) [][]any {
	sums := map[string]*Author{}
	for _, m := range ms {
		if m.Own {
			continue
		}
		a, ok := sums[m.AuthorKey]
		if !ok {
			a = &Author{Firm: m.Firm, Key: m.AuthorKey, FirstAt: m.At, LastAt: m.At}
			sums[m.AuthorKey] = a
		}
		a.Name = m.AuthorName
		a.Mentions++
		if m.At.Before(a.FirstAt) {
			a.FirstAt = m.At
		}
		if m.At.After(a.LastAt) {
			a.LastAt = m.At
		}
	}
	rows := make([][]any, 0, len(sums))
	for _, a := range sums {
		rows = append(rows, []any{a.Firm, a.Key, a.Name, "", "", a.FirstAt, a.LastAt, a.Mentions})
	}
	slices.SortFunc(rows, func(x, y []any) int { return strings.Compare(x[1].(string), y[1].(string)) })
	return rows
}

// Find is the card of an account. Needs access.ViewMentions; fault.NotFound when it never wrote.
func (s *Store) Find(ctx context.Context, firm, key string) (a Author, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return a, err
	}
	a = Author{Firm: firm, Key: key}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT name, first_at, last_at, mentions FROM author WHERE firm_id = $1 AND key = $2`, []any{firm, key},
			&a.Name, &a.FirstAt, &a.LastAt, &a.Mentions)
		if err == nil && !found {
			err = fault.Missing("author")
		}
		return err
	})
	return a, err
}
