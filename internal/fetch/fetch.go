// Package fetch makes the outgoing HTTP calls to addresses that people type: bounded in time, size and pace, and never
// to a private address.
package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Config of a Client. The zero value is the safe one for production.
type Config struct {
	Version    string         // goes into the User-Agent, "dev" when empty
	Allow      []netip.Prefix // private ranges that may be called on purpose (self-hosted places, tests)
	AllowHosts []string       // "host:port" that may be called wherever the name points (demo, tests)
	Connect    time.Duration  // for the connection and the TLS handshake, 10 s when 0
	Total      time.Duration  // for the whole exchange with its redirects, 30 s when 0
	MaxBody    int64          // bytes of a decompressed body, 10 MB when 0
	PerSecond  float64        // calls per second to one host, 5 when 0
	Burst      int            // calls to one host at once from rest, 10 when 0
	Concurrent int            // calls under way to one host, 4 when 0
	Roots      *x509.CertPool // certificate authorities, the system's when nil
	Clock      func() time.Time

	Certificate *tls.Certificate // shown to servers that ask who calls; none when nil
}

const (
	maxRedirects = 5
	maxHosts     = 4096 // remembered paces; more than that and the idle ones are forgotten
)

// Client makes calls. It is safe for concurrent use; one serves the whole process.
type Client struct {
	cfg  Config
	http *http.Client
	mu   sync.Mutex
	pace map[string]*pace
}

// pace keeps one host from being hurried.
type pace struct {
	limit *rate.Limiter
	slots chan struct{}
	users int // calls that hold or wait for a slot; guarded by Client.mu
}

// New returns a client. It opens nothing.
func New(cfg Config) *Client {
	cfg = withDefaults(cfg)
	c := &Client{cfg: cfg, pace: map[string]*pace{}}
	c.http = &http.Client{Transport: transport(cfg), CheckRedirect: checkRedirect}
	return c
}

// Now is the client's clock.
func (c *Client) Now() time.Time { return c.cfg.Clock() }

// Close drops the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func withDefaults(c Config) Config {
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Connect <= 0 {
		c.Connect = 10 * time.Second
	}
	if c.Total <= 0 {
		c.Total = 30 * time.Second
	}
	if c.MaxBody <= 0 {
		c.MaxBody = 10 << 20
	}
	if c.PerSecond <= 0 {
		c.PerSecond = 5
	}
	if c.Burst <= 0 {
		c.Burst = 10
	}
	if c.Concurrent <= 0 {
		c.Concurrent = 4
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c
}

// enter waits for the host's turn; the returned func gives the slot back.
func (c *Client) enter(host string, done <-chan struct{}) (*pace, func(), bool) {
	p := c.borrow(host)
	select {
	case p.slots <- struct{}{}:
		return p, func() { <-p.slots; c.giveBack(p) }, true
	case <-done:
		c.giveBack(p)
		return nil, nil, false
	}
}

func (c *Client) borrow(host string) *pace {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pace[host]
	if p == nil {
		if len(c.pace) >= maxHosts {
			c.forgetIdle()
		}
		p = &pace{limit: rate.NewLimiter(rate.Limit(c.cfg.PerSecond), c.cfg.Burst), slots: make(chan struct{}, c.cfg.Concurrent)}
		c.pace[host] = p
	}
	p.users++
	return p
}

func (c *Client) giveBack(p *pace) {
	c.mu.Lock()
	p.users--
	c.mu.Unlock()
}

// forgetIdle is called with the lock held.
func (c *Client) forgetIdle() {
	for h, p := range c.pace {
		if p.users == 0 {
			delete(c.pace, h)
		}
	}
}

func guardOf(cfg Config) guard {
	g := guard{allow: cfg.Allow, hosts: map[string]bool{}, connect: cfg.Connect}
	for _, h := range cfg.AllowHosts {
		g.hosts[h] = true
	}
	return g
}

func transport(cfg Config) *http.Transport {
	g := guardOf(cfg)
	t := &http.Transport{
		Proxy:                  nil, // a proxy would dial for us, out of the guard's sight
		DialContext:            g.dial,
		TLSHandshakeTimeout:    cfg.Connect,
		ResponseHeaderTimeout:  cfg.Total,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
	if cfg.Roots != nil || cfg.Certificate != nil {
		t.TLSClientConfig = tlsConfig(cfg)
	}
	return t
}
