package fetch

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"chop/internal/fault"
)

func TestADialerKeepsToTheAddressItFoundFirst(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	d := client(t, Config{}).Dialer()
	name := strings.Replace(s.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	conn, err := d.DialContext(t.Context(), "tcp", name)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if d.pins[name] != s.Listener.Addr().String() {
		t.Errorf("%v", d.pins)
	}
	other := serve(t, func(http.ResponseWriter, *http.Request) {})
	d.pins[name] = other.Listener.Addr().String() // as if the name now led elsewhere
	if conn, err = d.DialContext(t.Context(), "tcp", name); err != nil || conn.RemoteAddr().String() != other.Listener.Addr().String() {
		t.Fatal(conn, err)
	}
	conn.Close()
}

func TestADialerReachesPublicAddressesAndWebPortsOnly(t *testing.T) {
	g := guard{ports: webPorts}
	for addr, code := range map[string]string{
		"127.0.0.1:80": "private_address", "10.0.0.1:443": "private_address", "[::1]:80": "private_address", "[::ffff:10.0.0.1]:80": "private_address",
		"169.254.169.254:80": "private_address", "[fd00::1]:443": "private_address", "93.184.216.34:22": "port", "93.184.216.34:6379": "port",
		"93.184.216.34:80": "", "93.184.216.34:443": "", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443": "",
	} {
		err := g.check(addr)
		if code == "" && err != nil || code != "" && (err == nil || Explain(err, "h").Code != "fetch."+code) {
			t.Errorf("%s: %v, want %q", addr, err, code)
		}
	}
	open := guard{ports: webPorts, allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	if err := open.check("10.0.0.1:9000"); err != nil {
		t.Errorf("what was allowed on purpose has the port it has: %v", err)
	}
	d := client(t, Config{Allow: []netip.Prefix{}, AllowHosts: []string{"x:1"}}).Dialer()
	_, err := d.DialContext(t.Context(), "tcp", "127.0.0.1:80")
	wantCode(t, Explain(err, "127.0.0.1"), fault.Invalid, "fetch.private_address")
	var op *net.OpError
	if !errors.As(err, &op) || len(d.pins) != 0 {
		t.Error(err, d.pins)
	}
}
