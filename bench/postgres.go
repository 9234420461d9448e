package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// cluster is a PostgreSQL server of our own with its ordinary settings: unlike the one of the tests it waits for the disk.
type cluster struct {
	dir string
	cmd *exec.Cmd
}

// openCluster makes and starts a server in a new folder.
func openCluster(ctx context.Context) (*cluster, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return nil, errors.New("PostgreSQL's server is not on this machine: apt-get install -y postgresql")
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "chop-bench-pg-")
	if err != nil {
		return nil, err
	}
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() == 0 {
		if attr.Credential, err = owner(dir); err != nil {
			return nil, err
		}
	}
	run := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), args...)
		c.Dir, c.SysProcAttr = dir, attr
		return c
	}
	data := filepath.Join(dir, "data")
	if out, err := run("initdb", "-D", data, "-U", "chop", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	s := &cluster{dir: dir, cmd: run("postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "shared_buffers=1GB",
		"-c", "max_wal_size=4GB", "-c", "random_page_cost=1.1")}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, s.await(ctx)
}

func owner(dir string) (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root and there is no user postgres: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
}

func (s *cluster) await(ctx context.Context) (err error) {
	for range 300 {
		var c *pgx.Conn
		if c, err = pgx.Connect(ctx, s.url("postgres")); err == nil {
			return c.Close(ctx)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("PostgreSQL did not come up: %w", err)
}

func (s *cluster) url(name string) string {
	return fmt.Sprintf("postgres://chop@/%s?host=%s&port=5432", name, s.dir)
}

// create makes an empty database.
func (s *cluster) create(ctx context.Context, name string) (string, error) {
	c, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, "CREATE DATABASE "+name)
	return s.url(name), err
}

// close stops the server and removes its folder.
func (s *cluster) close() {
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

// place is a data folder and a database for one run.
type place struct {
	data, url string
	server    *cluster
}

func openPlace(ctx context.Context, kind string) (p place, err error) {
	if p.data, err = os.MkdirTemp("", "chop-bench-"); err != nil {
		return p, err
	}
	switch kind {
	case "sqlite":
		return p, nil
	case "postgres":
		if p.server, err = openCluster(ctx); err != nil {
			return p, err
		}
		p.url, err = p.server.create(ctx, "bench")
		return p, err
	}
	return p, fmt.Errorf("there is no database %q; use sqlite or postgres", kind)
}

func (p place) close() {
	if p.server != nil {
		p.server.close()
	}
	_ = os.RemoveAll(p.data)
}
