package ownrule

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/mention"
)

// Relabel asks that the comments of the last 90 days get what the live rules now say.
type Relabel struct {
	Firm, Rule string
	Version    int
}

// Kind names the event.
func (Relabel) Kind() string { return "ownrule.relabel" }

// Rework gives the firm's comments of the last 90 days, newest first, at most 20,000, what its live rules now say. What people
// said stays, and comments of more than two days ago wake nobody. It hears Relabel, outside a transaction, and may happen twice.
func (s *Store) Rework(ctx context.Context, e Relabel) error {
	looked, changed := 0, 0
	err := s.walk(ctx, e.Firm, func(ctx context.Context, ms []mention.Mention) (bool, error) {
		if looked += len(ms); looked > reachMost {
			ms = ms[:max(0, len(ms)-(looked-reachMost))]
		}
		n, err := s.Labels.Rework(ctx, e.Firm, ms, s.change(e.Firm))
		changed += n
		return looked < reachMost, err
	})
	if err != nil {
		return fmt.Errorf("label anew by rule %s: %w", e.Rule, err)
	}
	slog.Info("labelled anew by rules", "firm", e.Firm, "rule", e.Rule, "mentions", changed)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := query(ctx, tx, `r.id = $2 AND r.version = $3`, e.Firm, e.Rule, e.Version)
		if err != nil || len(list) == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE own_rule SET reworked_at = $4, reworked = $5 WHERE firm_id = $1 AND id = $2 AND version = $3`,
			e.Firm, e.Rule, e.Version, tx.Now(), changed); err != nil {
			return fmt.Errorf("note the labelling: %w", err)
		}
		tx.Touch(e.Firm, "labels")
		return s.record(ctx, list[0], "firm.rule_reworked", "", map[string]string{"mentions": strconv.Itoa(changed)})
	})
}

// change lets the live rules speak anew.
func (s *Store) change(firm string) classify.Change {
	return func(ctx context.Context, ts []classify.Text, rs []classify.Result) ([]classify.Result, error) {
		return s.Adjust(ctx, firm, ts, rs)
	}
}
