// Package app puts the rooms together: what they are made of, how they start, how they stop, and the path of a comment.
package app

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Config says how one process runs. Every field has a usable zero value but Data.
type Config struct {
	Listen  string // host:port; default 127.0.0.1:8484
	Data    string // folder for keys, files and, by default, the database
	DB      string // postgres://...; empty: SQLite in Data
	Blob    string // s3://bucket?endpoint=...; empty: a folder in Data
	Origin  string // "https://chop.example": how people reach us; default from Listen
	Proxy   bool   // one trusted proxy in front
	Demo    bool
	Workers int
	NoWork  bool // web only: another process works the queue
	NoWeb   bool // workers only

	// Witnesses confirm that the log only grows: address and public key, with a space between.
	Witnesses []string

	// Allow lists private addresses that connectors may call, e.g. a site in the own network.
	Allow []string

	PerSecond float64 // calls per second to one place; 5 when 0
	Visits    float64 // requests per second of one network or session, ten times as many at once; 20 when 0

	// Timestamps is "development" for the built-in authority, "none", or the path of a file of settings
	// (docs/operations.md); empty: timestamps.yaml in Data when it is there.
	Timestamps string

	SMTP SMTP
	Now  func() time.Time // nil: the machine's clock
}

// SMTP is how letters leave. An empty Host means that none do, and the pages say so.
type SMTP struct {
	Host, User, Password, From string
	Port                       int
	TLS                        string // "none", "starttls" (default), "tls"
}

func (c *Config) complete() error {
	if c.Data == "" {
		return fmt.Errorf("no data folder given; use --data DIR")
	}
	c.Listen = cmp.Or(c.Listen, "127.0.0.1:8484")
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q: %w; write HOST:PORT, for example 127.0.0.1:8484", c.Listen, err)
	}
	if c.Origin == "" {
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "localhost"
		}
		c.Origin = "http://" + net.JoinHostPort(host, port)
	}
	c.Origin = strings.TrimSuffix(c.Origin, "/")
	return nil
}

func (c *Config) secure() bool { return strings.HasPrefix(c.Origin, "https://") }

// allowed reads the private addresses: single addresses or networks.
func (c *Config) allowed() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range c.Allow {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return nil, fmt.Errorf("--allow %q is neither an address nor a network, like 192.168.1.20 or 10.0.0.0/8", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// lockFolder makes sure that one process owns the data folder: with SQLite a second one would take its jobs away.
func lockFolder(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("the data folder %s is in use by another ChOP; stop that one, or use another --data", dir)
	}
	return f.Close, nil
}
