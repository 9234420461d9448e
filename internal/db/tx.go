package db

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Tx is a transaction with its own standing clock.
type Tx struct {
	db       *DB
	q        querier
	sql      *sql.Tx
	pgx      pgx.Tx
	now      time.Time
	readOnly bool
	after    []func()
	touched  []Touched
}

type querier interface {
	ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row
}

// Now is the time at which the transaction began.
func (t *Tx) Now() time.Time { return t.now }

// Dialect tells the engine; only *_sqlite.go and *_postgres.go files may ask.
func (t *Tx) Dialect() Dialect { return t.db.Dialect }

// SQL is the SQLite transaction for the queue, nil on PostgreSQL.
func (t *Tx) SQL() *sql.Tx { return t.sql }

// PGX is the PostgreSQL transaction for the queue, nil on SQLite.
func (t *Tx) PGX() pgx.Tx { return t.pgx }

// AfterCommit runs f once the transaction has committed; never when it rolls back.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// Exec runs a statement and tells how many rows it touched.
func (t *Tx) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	r, err := t.q.ExecContext(ctx, q, bind(args)...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query runs a query; prefer Each and One.
func (t *Tx) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return t.q.QueryContext(ctx, q, bind(args)...)
}

// One scans the first row into dest; found is false when there is none.
func (t *Tx) One(ctx context.Context, q string, args []any, dest ...any) (found bool, err error) {
	err = t.q.QueryRowContext(ctx, q, bind(args)...).Scan(scan(dest)...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Each calls f for every row; f scans it with the function it is given.
func (t *Tx) Each(ctx context.Context, q string, args []any, f func(scan func(dest ...any) error) error) error {
	rows, err := t.q.QueryContext(ctx, q, bind(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(func(dest ...any) error { return rows.Scan(scan(dest)...) }); err != nil {
			return err
		}
	}
	return rows.Err()
}

// maxArgs keeps a statement under both engines' limits (SQLite 32 766 parameters, PostgreSQL 65 535).
const maxArgs = 30_000

// Insert writes many rows with few statements: head is "INSERT INTO t (a, b)", tail what follows the values
// ("ON CONFLICT ... DO NOTHING", or empty). All rows have the same number of values. It returns the rows touched.
func (t *Tx) Insert(ctx context.Context, head string, rows [][]any, tail string) (int64, error) {
	var total int64
	for len(rows) > 0 {
		n := min(len(rows), max(1, min(500, maxArgs/len(rows[0]))))
		var b strings.Builder
		b.WriteString(head)
		b.WriteString(" VALUES ")
		args := make([]any, 0, n*len(rows[0]))
		for i, r := range rows[:n] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('(')
			b.WriteString(t.insertMarks(len(args)+1, len(r)))
			b.WriteByte(')')
			args = append(args, r...)
		}
		b.WriteByte(' ')
		b.WriteString(tail)
		k, err := t.Exec(ctx, b.String(), args...)
		if err != nil {
			return total, err
		}
		total += k
		rows = rows[n:]
	}
	return total, nil
}

// insertMarks are nameless on SQLite: the driver looks names up one by one, which takes quadratic time for many.
func (t *Tx) insertMarks(from, n int) string {
	if t.db.Dialect == SQLite {
		return strings.Repeat("?,", n-1) + "?"
	}
	return Marks(from, n)
}

// Marks writes n marks from $from on: Marks(3, 2) is "$3,$4".
func Marks(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

// Args turns a list of one type into arguments, for use with Marks in an IN clause.
func Args[T any](vs []T) []any {
	as := make([]any, len(vs))
	for i, v := range vs {
		as[i] = v
	}
	return as
}

// bind writes times as microseconds, the zero time as 0.
func bind(args []any) []any {
	out := args
	for i, a := range args {
		t, ok := a.(time.Time)
		if !ok {
			continue
		}
		if &out[0] == &args[0] {
			out = append([]any(nil), args...)
		}
		out[i] = Micros(t)
	}
	return out
}

// scan reads *time.Time from microseconds.
func scan(dest []any) []any {
	for i, d := range dest {
		if p, ok := d.(*time.Time); ok {
			dest[i] = (*micros)(p)
		}
	}
	return dest
}

type micros time.Time

func (m *micros) Scan(v any) error {
	switch x := v.(type) {
	case nil:
		*m = micros(time.Time{})
	case int64:
		*m = micros(FromMicros(x))
	default:
		return errors.New("a time column must be BIGINT microseconds")
	}
	return nil
}

// Micros is t as microseconds UTC; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros reverses Micros.
func FromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// NewID makes a time-ordered id (UUIDv7).
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
