package fetch

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// guard decides which addresses may be dialled. It looks at the address the socket is about to connect to, after the
// name was resolved, so a name that changes its answer between check and call gains nothing.
type guard struct {
	allow   []netip.Prefix
	hosts   map[string]bool // "host:port" as typed
	connect time.Duration
	ports   []uint16 // the only ports of public addresses that may be dialled; nil: every port
}

// privateAddress is the guard's refusal.
type privateAddress struct{ addr netip.Addr }

func (p privateAddress) Error() string { return fmt.Sprintf("address %s is not public", p.addr) }

// closedPort is the guard's refusal of a port that no page stands on.
type closedPort struct{ port uint16 }

func (c closedPort) Error() string { return fmt.Sprintf("port %d is not one of the web", c.port) }

func (g guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: g.connect, KeepAlive: 30 * time.Second}
	if !g.hosts[addr] {
		d.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error { return g.check(resolved) }
	}
	return d.DialContext(ctx, network, addr)
}

func (g guard) check(resolved string) error {
	ap, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return fmt.Errorf("dial address %q: %w", resolved, err)
	}
	a := ap.Addr()
	if Public(a) {
		if g.ports != nil && !slices.Contains(g.ports, ap.Port()) {
			return closedPort{ap.Port()}
		}
		return nil
	}
	plain := a.Unmap().WithZone("")
	for _, p := range g.allow {
		if p.Contains(plain) {
			return nil
		}
	}
	return privateAddress{a}
}

// special lists what netip's own predicates leave out: the IANA special-purpose registries (RFC 6890 and successors)
// and the translation prefixes behind which a private IPv4 address can hide.
var special = prefixes(
	"0.0.0.0/8",        // this network, RFC 791
	"100.64.0.0/10",    // carrier-grade NAT, RFC 6598
	"192.0.0.0/24",     // IETF protocol assignments; 192.0.0.192 is a cloud's metadata service
	"192.0.2.0/24",     // documentation, RFC 5737
	"192.88.99.0/24",   // 6to4 relay, RFC 7526
	"198.18.0.0/15",    // benchmarking, RFC 2544
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"240.0.0.0/4",      // reserved, and the broadcast address
	"168.63.129.16/32", // a cloud's host agent
	"::/96",            // unspecified, loopback, IPv4-compatible
	"64:ff9b::/96",     // NAT64, RFC 6052
	"64:ff9b:1::/48",   // local NAT64, RFC 8215
	"100::/64",         // discard, RFC 6666
	"2001::/23",        // IETF assignments, Teredo among them
	"2001:db8::/32",    // documentation
	"2002::/16",        // 6to4
	"3fff::/20",        // documentation, RFC 9637
	"5f00::/16",        // segment routing, RFC 9602
	"fec0::/10",        // site-local, RFC 3879
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Public tells whether a belongs to the open internet. IPv4 addresses written as IPv6 are judged as IPv4.
func Public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

func tlsConfig(cfg Config) *tls.Config {
	c := &tls.Config{RootCAs: cfg.Roots, MinVersion: tls.VersionTLS12}
	if cfg.Certificate != nil {
		c.Certificates = []tls.Certificate{*cfg.Certificate}
	}
	return c
}
