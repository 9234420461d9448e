package fetch

import (
	"context"
	"crypto/x509"
	"net"
	"sync"
)

// webPorts are the ports on which pages stand.
var webPorts = []uint16{80, 443, 8080, 8443}

// Dialer connects under the client's rules (public addresses only, what was allowed on purpose excepted, web ports only)
// and keeps to the address that a name first led to, so that everything one job sees comes from the same machines.
type Dialer struct {
	guard guard
	mu    sync.Mutex
	pins  map[string]string // "host:port" as asked -> "address:port" as connected
}

// Dialer is a new one, without pins: one for each job.
func (c *Client) Dialer() *Dialer {
	g := guardOf(c.cfg)
	g.ports = webPorts
	return &Dialer{guard: g, pins: map[string]string{}}
}

// Roots are the certificate authorities the client trusts, nil for the system's.
func (c *Client) Roots() *x509.CertPool { return c.cfg.Roots }

// DialContext has the form that net/http's transport asks for. Its errors go through Explain.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	d.mu.Lock()
	pin, pinned := d.pins[addr]
	d.mu.Unlock()
	if !pinned || d.guard.hosts[addr] {
		pin = addr
	}
	conn, err := d.guard.dial(ctx, network, pin)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	if !pinned {
		d.pins[addr] = conn.RemoteAddr().String()
	}
	d.mu.Unlock()
	return conn, nil
}
