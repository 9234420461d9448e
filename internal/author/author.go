// Package author keeps the accounts behind mentions: how much they write, and for some of them a behaviour profile (PPA), a dated,
// evidence-linked and contestable description of how one account behaves towards one firm in public (domain/decisions.md 3).
//
// It describes accounts, never persons. A profile is drafted from evidence and stands only when a person confirmed it; it expires by
// itself; it triggers nothing: decisions read four figures of it and nothing here calls anything that acts. No profile is made of
// minors, of people in distress, or of accounts whose owner objected; nothing is shared between firms; every reading is on record.
package author

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/author/signal"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/polish"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Author is one account as it has shown itself to one firm.
type Author struct {
	Firm, Key string
	Name      string
	FirstAt   time.Time
	LastAt    time.Time
	Mentions  int
}

// Ref points at an account.
func Ref(key string) reason.Ref { return reason.Ref{Kind: "author", ID: key} }

// Store keeps accounts and their profiles.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Seal     *seal.Store
	Journal  *journal.Store
	Mentions *mention.Store
	Labels   *classify.Store
	Evidence *evidence.Store

	// Together tells which groups of accounts that act together an account may belong to; a later room sets it, nil: none does.
	Together func(ctx context.Context, firm, key string) ([]signal.Company, error)
	// Forgotten is told, in the same transaction, that an account objected; a later room sets it, nil: none needs to know.
	Forgotten func(ctx context.Context, firm, key, why string) error

	recent recent
}

// Topic is what listeners are told when a profile changed.
const Topic = "authors"

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
		_, err := tx.Insert(ctx, `INSERT INTO author (firm_id, key, name, handle, url, first_at, last_at, mentions, fold)`, cards(ms),
			`ON CONFLICT (firm_id, key) DO UPDATE SET name = excluded.name, fold = excluded.fold, mentions = author.mentions + excluded.mentions,
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
		rows = append(rows, []any{a.Firm, a.Key, a.Name, "", "", a.FirstAt, a.LastAt, a.Mentions, foldName(a.Name)})
	}
	slices.SortFunc(rows, func(x, y []any) int { return strings.Compare(x[1].(string), y[1].(string)) })
	return rows
}

// foldName is a name as it is compared: folded, in single spaces. A name of fewer than four letters says nothing.
func foldName(name string) string {
	f := strings.Join(strings.Fields(polish.Fold(name)), " ")
	if len(f) < 4 {
		return ""
	}
	return f
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
