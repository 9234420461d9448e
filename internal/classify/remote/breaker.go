package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/fetch"
)

// keptTroubles is how many failures the page shows.
const keptTroubles = 8

// restAfter is how long the place is left alone after so many failures in a row: the first times a moment, then longer,
// at most half an hour. A place that asked for patience gets what it asked for, at most a day.
func restAfter(fails int, asked time.Duration) time.Duration {
	d := 30 * time.Second << min(max(fails-1, 0), 6)
	return max(min(d, 30*time.Minute), min(asked, 24*time.Hour))
}

func isBudget(code string) bool { return code == "second.budget_day" || code == "second.budget_month" }

// failed puts a failure on record and tells until when the place rests.
func (s *Store) failed(ctx context.Context, firm string, cause error) (rest time.Time, err error) {
	code, data := "second.failed", map[string]any(nil)
	var f *fault.Error
	if errors.As(cause, &f) {
		code, data = f.Code, maps.Clone(f.Data)
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		st, fails, err := s.state(ctx, firm)
		if err != nil {
			return err
		}
		rest = tx.Now().Add(restAfter(fails+1, fetch.After(cause)))
		if isBudget(code) {
			rest = roomAt(code, tx.Now())
		}
		if st.DownSince.IsZero() {
			st.DownSince = tx.Now()
		}
		st.Troubles = append([]Trouble{{Code: code, Data: data, At: tx.Now()}}, st.Troubles...)
		raw, err := json.Marshal(st.Troubles[:min(len(st.Troubles), keptTroubles)])
		if err != nil {
			return err
		}
		tx.Touch(firm, "engines")
		tx.Touch(firm, "mentions")
		_, err = tx.Exec(ctx, `UPDATE second_engine SET fails = $2, down_since = $3, rest_until = $4, troubles = $5 WHERE firm_id = $1`,
			firm, fails+1, st.DownSince, rest, string(raw))
		return err
	})
	if err != nil {
		return rest, fmt.Errorf("record failure of the second engine: %w", err)
	}
	return rest, nil
}

// worked ends a time of failures; the list of them stays.
func (s *Store) worked(ctx context.Context, firm string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE second_engine SET fails = 0, down_since = 0, rest_until = 0 WHERE firm_id = $1 AND down_since > 0`, firm)
		if err != nil {
			return fmt.Errorf("record that the second engine works: %w", err)
		}
		if n > 0 {
			tx.Touch(firm, "engines")
			tx.Touch(firm, "mentions")
		}
		return nil
	})
}
