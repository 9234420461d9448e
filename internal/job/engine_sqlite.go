package job

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river/riverdriver/riversqlite"

	"chop/internal/db"
)

func newSQLite(d *db.DB, q *Queue) (engine, error) {
	h := d.Writer()
	e, err := newRiver(q, riversqlite.New(h), func(tx *db.Tx) *sql.Tx { return tx.SQL() })
	if err != nil {
		return nil, err
	}
	e.healthSQL = `SELECT count(CASE WHEN at <= $1 THEN 1 END), coalesce(min(CASE WHEN at <= $1 THEN at END), 0),
		coalesce(min(CASE WHEN at <= $1 AND (priority = 1 OR queue = 'inside') THEN at END), 0), count(CASE WHEN attempt >= 3 THEN 1 END),
		(SELECT coalesce(max(CAST(strftime('%s', finalized_at) AS INTEGER)), 0) FROM river_job WHERE state = 'completed')
		FROM (SELECT attempt, priority, queue, CAST(strftime('%s', scheduled_at) AS INTEGER) AS at FROM river_job
			WHERE state IN ('available', 'retryable', 'scheduled'))`
	// One process owns the file, so whatever is "running" before it starts was in the hands of a killed one.
	e.recover = func(ctx context.Context) error {
		_, err := h.ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running'`)
		return err
	}
	return e, nil
}
