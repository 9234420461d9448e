package job

import (
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"chop/internal/db"
)

func newPostgres(d *db.DB, q *Queue) (engine, error) {
	e, err := newRiver(q, riverpgxv5.New(d.Pool()), func(tx *db.Tx) pgx.Tx { return tx.PGX() })
	if err != nil {
		return nil, err
	}
	e.healthSQL = `SELECT count(CASE WHEN at <= $1 THEN 1 END), coalesce(min(CASE WHEN at <= $1 THEN at END), 0),
		coalesce(min(CASE WHEN at <= $1 AND (priority = 1 OR queue = 'inside') THEN at END), 0), count(CASE WHEN attempt >= 3 THEN 1 END),
		(SELECT coalesce(max(CAST(floor(extract(epoch FROM finalized_at)) AS BIGINT)), 0) FROM river_job WHERE state = 'completed')
		FROM (SELECT attempt, priority, queue, CAST(floor(extract(epoch FROM scheduled_at)) AS BIGINT) AS at FROM river_job
			WHERE state IN ('available', 'retryable', 'scheduled')) AS waiting`
	return e, nil
}

func newEngine(d *db.DB, q *Queue) (engine, error) {
	if d.Dialect == db.Postgres {
		return newPostgres(d, q)
	}
	return newSQLite(d, q)
}
