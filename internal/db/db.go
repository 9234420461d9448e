// Package db is one handle over embedded SQLite or PostgreSQL.
//
// Both run the same SQL text in PostgreSQL's dialect with $1 marks. A transaction travels in the context: a verb
// called inside another verb's transaction joins it, so a fact, its events and its journal line commit together.
// Times are BIGINT microseconds UTC, taken from Tx.Now, which stands still for the length of a transaction.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Dialect tells the two engines apart; only files named *_sqlite.go and *_postgres.go may ask.
type Dialect string

const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Config says which database and which clock.
type Config struct {
	URL string           // "postgres://..." or a path of an SQLite file
	Now func() time.Time // nil: the machine's clock
}

// DB is an open database.
type DB struct {
	Dialect Dialect
	url     string
	now     func() time.Time
	real    bool // now is the machine's clock
	write   *sql.DB
	read    *sql.DB
	pool    *pgxpool.Pool // PostgreSQL only
	touches touches
}

// Open connects and checks the engine's version. It does not migrate; see Migrate.
func Open(ctx context.Context, c Config) (*DB, error) {
	real := c.Now == nil
	if real {
		c.Now = time.Now
	}
	d, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	d.real = real
	return d, nil
}

func open(ctx context.Context, c Config) (*DB, error) {
	if strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://") {
		return openPostgres(ctx, c)
	}
	return openSQLite(ctx, c)
}

func openSQLite(ctx context.Context, c Config) (*DB, error) {
	if c.URL == "" {
		return nil, errors.New("open database: no path given; use --data or --db")
	}
	if err := os.MkdirAll(filepath.Dir(c.URL), 0o700); err != nil {
		return nil, fmt.Errorf("open database: make its folder: %w", err)
	}
	w, err := sqliteHandle(c.URL, 1)
	if err != nil {
		return nil, err
	}
	r, err := sqliteHandle(c.URL, 4)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	d := &DB{Dialect: SQLite, url: c.URL, now: c.Now, write: w, read: r}
	if err := d.checkSQLite(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// sqliteHandle opens a pool on the file. Writers take the write lock at BEGIN, so two of them queue and never
// deadlock; synchronous=FULL keeps a commit through a power cut.
func sqliteHandle(path string, conns int) (*sql.DB, error) {
	q := url.Values{}
	for _, p := range []string{"journal_mode(WAL)", "busy_timeout(10000)", "foreign_keys(ON)", "synchronous(FULL)",
		"temp_store(MEMORY)", "cache_size(-32000)", "mmap_size(268435456)"} {
		q.Add("_pragma", p)
	}
	if conns == 1 {
		q.Set("_txlock", "immediate")
	}
	h, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", filepath.Base(path), err)
	}
	h.SetMaxOpenConns(conns)
	h.SetMaxIdleConns(conns)
	return h, nil
}

// checkSQLite refuses versions with the WAL-reset corruption bug (fixed in 3.51.3, sqlite.org/wal.html).
func (d *DB) checkSQLite(ctx context.Context) error {
	var v string
	if err := d.write.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&v); err != nil {
		return fmt.Errorf("open database %s: %w (is the folder writable and the disk not full?)", filepath.Base(d.url), err)
	}
	var a, b, c int
	if _, err := fmt.Sscanf(v, "%d.%d.%d", &a, &b, &c); err != nil {
		return fmt.Errorf("read SQLite version %q: %w", v, err)
	}
	if a*1_000_000+b*1_000+c < 3_051_003 {
		return fmt.Errorf("SQLite %s may corrupt the write-ahead log; 3.51.3 or newer is needed", v)
	}
	return nil
}

func openPostgres(ctx context.Context, c Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read --db address: %w", redact(err, c.URL))
	}
	pc.MaxConns = max(pc.MaxConns, 20) // pgx starts from four: too few for pages, workers and two listeners
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", redact(err, c.URL))
	}
	h := stdlib.OpenDBFromPool(pool)
	d := &DB{Dialect: Postgres, url: c.URL, now: c.Now, write: h, read: h, pool: pool}
	var v int
	if err := h.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&v); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to PostgreSQL: %w", redact(err, c.URL)), d.Close())
	}
	if v < 150000 {
		return nil, errors.Join(fmt.Errorf("PostgreSQL %d is too old; 15 or newer is needed", v/10000), d.Close())
	}
	return d, nil
}

// redact keeps the password of an address out of messages, and the message on one line.
func redact(err error, addr string) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if u, perr := url.Parse(addr); perr == nil && u.User != nil {
		if pw, ok := u.User.Password(); ok && pw != "" {
			text = strings.ReplaceAll(text, pw, "***")
		}
	}
	return errors.New(text + " (is the server running, and is the --db address right?)")
}

// Close closes all handles.
func (d *DB) Close() error {
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	if d.pool != nil {
		d.pool.Close()
	}
	return err
}

// Now is the database's clock.
func (d *DB) Now() time.Time { return d.now().UTC().Truncate(time.Microsecond) }

// Clock is the function behind Now, for rooms that time things outside a transaction.
func (d *DB) Clock() func() time.Time { return d.Now }

// RealClock tells whether Now is the machine's clock rather than a test's.
func (d *DB) RealClock() bool { return d.real }

// URL is the address it was opened with.
func (d *DB) URL() string { return d.url }

// Writer is the one writing connection of SQLite, for the queue: sharing it, both wait in line. With a connection each
// they polled for the file's lock and starved one another under load. Whoever holds a transaction must not ask it for
// another one.
func (d *DB) Writer() *sql.DB { return d.write }

// Pool is the PostgreSQL pool, nil on SQLite.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

type txKey struct{}

// Tx runs f in a write transaction, or inside the one the context already carries. f must use the context it is
// given for everything that belongs to the transaction. An error rolls all of it back.
func (d *DB) Tx(ctx context.Context, f func(ctx context.Context, tx *Tx) error) error {
	if tx, ok := ctx.Value(txKey{}).(*Tx); ok && tx.db == d {
		if tx.readOnly {
			return errors.New("write inside a read-only transaction")
		}
		return f(ctx, tx)
	}
	tx, end, err := d.begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return d.run(ctx, tx, end, f)
}

// Read runs f in a read-only snapshot, or inside the transaction the context already carries.
func (d *DB) Read(ctx context.Context, f func(ctx context.Context, tx *Tx) error) error {
	if tx, ok := ctx.Value(txKey{}).(*Tx); ok && tx.db == d {
		return f(ctx, tx)
	}
	st, err := d.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: d.Dialect == Postgres})
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	tx := &Tx{db: d, q: st, now: d.Now(), readOnly: true}
	return d.run(ctx, tx, func(context.Context, bool) error { return st.Rollback() }, f)
}

func (d *DB) run(ctx context.Context, tx *Tx, end func(context.Context, bool) error, f func(context.Context, *Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			_ = end(context.WithoutCancel(ctx), false)
			panic(p)
		}
	}()
	if err = f(context.WithValue(ctx, txKey{}, tx), tx); err != nil {
		if rerr := end(context.WithoutCancel(ctx), false); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
			slog.Warn("roll back", "error", rerr)
		}
		return err
	}
	if err = d.announce(ctx, tx); err != nil {
		_ = end(context.WithoutCancel(ctx), false)
		return err
	}
	if err = end(ctx, !tx.readOnly); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, g := range tx.after {
		g()
	}
	return nil
}

// begin starts a write transaction. On PostgreSQL it is a pgx transaction on a database/sql connection, so that the
// queue, which speaks pgx, inserts its jobs into the very same transaction.
func (d *DB) begin(ctx context.Context) (*Tx, func(context.Context, bool) error, error) {
	if d.Dialect == SQLite {
		st, err := d.write.BeginTx(ctx, nil)
		if err != nil {
			return nil, nil, err
		}
		return &Tx{db: d, q: st, sql: st, now: d.Now()}, func(_ context.Context, ok bool) error {
			if ok {
				return st.Commit()
			}
			return st.Rollback()
		}, nil
	}
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	var pt pgx.Tx
	err = conn.Raw(func(c any) (err error) {
		pt, err = c.(*stdlib.Conn).Conn().Begin(ctx)
		return err
	})
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return &Tx{db: d, q: conn, pgx: pt, now: d.Now()}, func(ctx context.Context, ok bool) error {
		var err error
		if ok {
			err = pt.Commit(ctx)
		} else {
			err = pt.Rollback(ctx)
		}
		return errors.Join(err, conn.Close())
	}, nil
}

// IsUnique tells whether err is the breach of a unique constraint, on either engine.
func IsUnique(err error) bool {
	var se *sqlite.Error
	if errors.As(err, &se) {
		return se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23505"
}

// IsFull tells whether err says that the disk is full.
func IsFull(err error) bool {
	var se *sqlite.Error
	if errors.As(err, &se) && se.Code()&0xff == sqlite3.SQLITE_FULL {
		return true
	}
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "53100"
}
