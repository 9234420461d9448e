package remote

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"chop/internal/db"
)

// rememberFor is how long an answer is used again: the same spam under a hundred posts is asked about once.
const rememberFor = 30 * 24 * time.Hour

// mark is what an answer is remembered by: a keyed digest, from which no text can be guessed.
func (s *Store) mark(ctx context.Context, set Settings, x item) (string, error) {
	x.ID = ""
	raw, err := json.Marshal([]any{set.URL, set.Model, PromptVersion, x})
	if err != nil {
		return "", err
	}
	m, err := s.Seal.Mark(ctx, set.Firm, "second.cache", raw)
	return hex.EncodeToString(m), err
}

// remembered is the kept answer; false when there is none.
func (s *Store) remembered(ctx context.Context, firm, mark string) (o opinion, found bool, err error) {
	var raw string
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err = tx.One(ctx, `SELECT answer FROM second_cache WHERE firm_id = $1 AND asked = $2 AND expires_at > $3`, []any{firm, mark, tx.Now()}, &raw)
		return err
	})
	if err != nil || !found {
		return o, false, err
	}
	return o, true, json.Unmarshal([]byte(raw), &o)
}

// remember keeps answers and drops the expired ones.
func (s *Store) remember(ctx context.Context, firm string, answers map[string]opinion) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM second_cache WHERE firm_id = $1 AND expires_at <= $2`, firm, tx.Now()); err != nil {
			return err
		}
		for _, mark := range slices.Sorted(maps.Keys(answers)) { // always in the same order: two at once wait, and do not lock each other out
			raw, err := json.Marshal(answers[mark])
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO second_cache (firm_id, asked, answer, expires_at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (firm_id, asked) DO UPDATE SET answer = excluded.answer, expires_at = excluded.expires_at`,
				firm, mark, string(raw), tx.Now().Add(rememberFor)); err != nil {
				return fmt.Errorf("remember answer: %w", err)
			}
		}
		return nil
	})
}
