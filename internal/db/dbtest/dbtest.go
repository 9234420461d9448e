// Package dbtest gives every store test a fresh database, once on SQLite and once on PostgreSQL.
//
// PostgreSQL is a throw-away server started from the binaries on the machine (Debian: postgresql). It dies with the
// test process. A machine without the binaries fails the test and names the command that installs them.
package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver, to make databases

	"chop/internal/db"
	"chop/internal/job"
)

// Clock is a clock that only moves when told to.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// Start is the instant at which every test clock begins: Sunday 22 November 2026, 00:52 in Warsaw.
var Start = time.Date(2026, 11, 21, 23, 52, 0, 0, time.UTC)

// NewClock is a clock standing at Start.
func NewClock() *Clock { return &Clock{t: Start} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Forward moves the clock; backward with a negative d.
func (c *Clock) Forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Each runs f on a fresh migrated SQLite file and on a fresh migrated PostgreSQL database.
func Each(t *testing.T, f func(t *testing.T, d *db.DB, clock *Clock)) {
	t.Run("sqlite", func(t *testing.T) {
		c := NewClock()
		f(t, OpenSQLite(t, c.Now), c)
	})
	t.Run("postgres", func(t *testing.T) {
		c := NewClock()
		f(t, OpenPostgres(t, c.Now), c)
	})
}

// OpenSQLite is a fresh migrated SQLite database.
func OpenSQLite(t testing.TB, now func() time.Time) *db.DB {
	t.Helper()
	raw, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "chop.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, path, now)
}

// OpenPostgres is a fresh migrated PostgreSQL database.
func OpenPostgres(t testing.TB, now func() time.Time) *db.DB {
	t.Helper()
	return open(t, PostgresURL(t), now)
}

// sqliteTemplate is a migrated file, made once per process and copied for every test.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "chop-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, path := context.Background(), filepath.Join(dir, "chop.db")
	d, err := db.Open(ctx, db.Config{URL: path})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(migrate(ctx, d), d.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func open(t testing.TB, url string, now func() time.Time) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Config{URL: url, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return d
}

func migrate(ctx context.Context, d *db.DB) error {
	if err := d.Migrate(ctx); err != nil {
		return err
	}
	return job.Migrate(ctx, d)
}

var (
	server  = sync.OnceValues(startServer)
	counter atomic.Int64
)

// PostgresURL makes an empty database on the throw-away server and returns its address. The first database of the
// process is migrated and serves as the template of the others.
func PostgresURL(t testing.TB) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatalf("start a throw-away PostgreSQL: %v", err)
	}
	name := fmt.Sprintf("t%d", counter.Add(1))
	if err := s.exec("CREATE DATABASE " + name + " TEMPLATE chop_template"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	return s.url(name)
}

type pg struct{ socket string }

func (s pg) url(name string) string {
	return fmt.Sprintf("postgres://chop@/%s?host=%s&port=5432", name, s.socket)
}

func (s pg) exec(q string) error {
	h, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer h.Close()
	if _, err = h.Exec(q); err != nil {
		return fmt.Errorf("%s: %w", q, err)
	}
	return nil
}

func startServer() (pg, error) {
	bin, err := binaries()
	if err != nil {
		return pg{}, err
	}
	sweep()
	dir, err := os.MkdirTemp("", "chop-pg-")
	if err != nil {
		return pg{}, err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		return pg{}, err
	}
	init := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "chop", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	init.SysProcAttr, init.Dir = attr, dir
	if out, err := init.CombinedOutput(); err != nil {
		return pg{}, fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := run(exec.Command(filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"), "-k", dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200", "-c", "shared_buffers=64MB"), attr, dir); err != nil {
		return pg{}, err
	}
	s := pg{socket: dir}
	if err := s.template(); err != nil {
		return pg{}, err
	}
	return s, nil
}

// sweep removes what servers of killed test processes left behind.
func sweep() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), "chop-pg-*"))
	for _, dir := range old {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < 2*time.Minute {
			continue // just being made
		}
		if c, err := net.Dial("unix", filepath.Join(dir, socketName)); err == nil {
			_ = c.Close() // somebody's tests are at it
			continue
		}
		_ = os.RemoveAll(dir)
	}
}

const socketName = ".s.PGSQL.5432"

// run starts the server on a thread that never ends, because the signal "my parent died" is tied to the thread.
func run(c *exec.Cmd, attr *syscall.SysProcAttr, dir string) error {
	a := *attr
	a.Pdeathsig = syscall.SIGQUIT
	c.SysProcAttr, c.Dir = &a, dir
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	return await(filepath.Join(dir, socketName))
}

func await(socket string) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		c, err := net.Dial("unix", socket)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("postgres did not come up: %w", err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func (s pg) template() error {
	var err error
	for range 100 { // the socket answers a little before the server accepts
		if err = s.exec("CREATE DATABASE chop_template"); err == nil {
			break
		}
		<-time.After(50 * time.Millisecond)
	}
	if err != nil {
		return err
	}
	ctx := context.Background()
	d, err := db.Open(ctx, db.Config{URL: s.url("chop_template")})
	if err != nil {
		return err
	}
	defer d.Close()
	return migrate(ctx, d)
}

func binaries() (string, error) {
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", errors.New("its server program is not on this machine; install it with: apt-get install -y postgresql (make deps does)")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// unprivileged gives the folder to a user who may run a server: PostgreSQL refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root and there is no user postgres: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
