package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chop/internal/fault"
	"pgregory.net/rapid"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, cfg Config) *Client {
	t.Helper()
	if cfg.Allow == nil && cfg.AllowHosts == nil {
		cfg.Allow = loopback
	}
	if cfg.PerSecond == 0 {
		cfg.PerSecond, cfg.Burst = 1000, 1000
	}
	c := New(cfg)
	t.Cleanup(c.Close)
	return c
}

func wantCode(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Kind != kind {
		t.Fatalf("error %v, want %s of kind %d", err, code, kind)
	}
}

func TestAnAnswerComesWholeAndWithoutCredentials(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("User-Agent") != "ChOP/1.2" || r.Header.Get("X-Ask") != "a" {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("Set-Cookie", "sid=secret")
		w.Header().Set("X-Total", "7")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, "zażółć")
		z.Close()
	})
	r, err := client(t, Config{Version: "1.2"}).Do(context.Background(), Request{URL: s.URL + "/a#part", Header: http.Header{"X-Ask": {"a"}}})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(r.Lines, "\n")
	if string(r.Body) != "zażółć" || r.Status != 200 || !strings.Contains(all, "X-Total: 7") || strings.Contains(all, "secret") || r.Header.Get("Set-Cookie") != "" {
		t.Fatalf("%q %d %v", r.Body, r.Status, r.Lines)
	}
}

func TestBadAddresses(t *testing.T) {
	c := client(t, Config{})
	for _, a := range []string{"", "sklep.pl", "ftp://sklep.pl/", "file:///etc/passwd", "http://", "http://user:pw@sklep.pl/", "http://a b/", "javascript:alert(1)", "http://%zz/", "gopher://x"} {
		_, err := c.Get(context.Background(), a)
		wantCode(t, err, fault.Invalid, "fetch.bad_url")
		if strings.Contains(err.Error(), "pw") {
			t.Errorf("the error repeats a secret: %v", err)
		}
	}
}

func TestTheGuardJudgesTheDialledAddress(t *testing.T) {
	var called atomic.Bool
	s := serve(t, func(http.ResponseWriter, *http.Request) { called.Store(true) })
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	c := New(Config{Connect: 2 * time.Second})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "169.254.169.254", "10.0.0.1", "192.168.1.1", "100.64.0.1",
		"[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255"} {
		_, err := c.Get(context.Background(), "http://"+host+port+"/")
		wantCode(t, err, fault.Invalid, "fetch.private_address")
		if MayHaveArrived(err) {
			t.Errorf("%s: a refused call is said to have left", host)
		}
	}
	if called.Load() {
		t.Fatal("a private address was called")
	}
}

func TestPublicAddresses(t *testing.T) {
	for a, want := range map[string]bool{
		"8.8.8.8": true, "185.199.108.153": true, "2606:4700::1111": true, "2a00:1450:401b::1": true, "100.63.255.255": true, "172.32.0.1": true,
		"100.127.255.255": false, "172.16.0.1": false, "172.31.255.255": false, "127.255.0.1": false, "::ffff:10.1.1.1": false, "::10.1.1.1": false,
		"192.0.0.192": false, "198.18.0.1": false, "203.0.113.9": false, "fe80::1%eth0": false, "2606:4700::1111%eth0": false, "ff02::1": false,
		"fec0::1": false, "2001::1": false, "64:ff9b:1::a00:1": false, "240.0.0.1": false,
	} {
		if got := Public(netip.MustParseAddr(a)); got != want {
			t.Errorf("Public(%s) = %v", a, got)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestNoIPv4PrivateAddressHidesInIPv6(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		private := [4]byte{10, rapid.Byte().Draw(t, "b"), rapid.Byte().Draw(t, "c"), rapid.Byte().Draw(t, "d")}
		for _, prefix := range []string{"::ffff:0:0", "::", "64:ff9b::"} {
			b := netip.MustParseAddr(prefix).As16()
			copy(b[12:], private[:])
			if Public(netip.AddrFrom16(b)) {
				t.Fatalf("%s is taken for public", netip.AddrFrom16(b))
			}
		}
	})
}

func TestRedirects(t *testing.T) {
	private := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the private server was called") })
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/private":
			http.Redirect(w, r, private.URL, http.StatusFound)
		case "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		case "/end":
			user, pw, _ := r.BasicAuth()
			fmt.Fprintf(w, "%s %s:%s", r.Method, user, pw)
		default:
			n, _ := strconv.Atoi(r.URL.Path[1:])
			to := fmt.Sprintf("/%d", n-1)
			if n <= 1 {
				to = "/end"
			}
			http.Redirect(w, r, to, http.StatusFound)
		}
	})
	c := client(t, Config{AllowHosts: []string{s.Listener.Addr().String()}})
	_, err := c.Get(context.Background(), s.URL+"/private")
	wantCode(t, err, fault.Invalid, "fetch.private_address")
	_, err = c.Get(context.Background(), s.URL+"/file")
	wantCode(t, err, fault.Invalid, "fetch.bad_url")
	_, err = c.Get(context.Background(), s.URL+"/6")
	wantCode(t, err, fault.Invalid, "fetch.redirects")
	r, err := c.Do(context.Background(), Request{URL: s.URL + "/5", User: "u", Password: "p"})
	if err != nil || string(r.Body) != "GET u:p" || r.URL != s.URL+"/end" {
		t.Fatalf("%v %+v", err, r)
	}
	r, err = c.Do(context.Background(), Request{Method: "POST", URL: s.URL + "/1", Body: []byte("x")})
	if err != nil || r.Status != http.StatusFound {
		t.Fatalf("a deed followed a redirect: %v %+v", err, r)
	}
}

func TestCredentialsStayWithTheHost(t *testing.T) {
	var seen atomic.Value
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { seen.Store(r.Header.Clone()) })
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	_, err := client(t, Config{}).Do(context.Background(), Request{URL: first.URL, User: "u", Password: "p", Header: http.Header{"Cookie": {"a=b"}}})
	if err != nil {
		t.Fatal(err)
	}
	h := seen.Load().(http.Header)
	if h.Get("Authorization") != "" || h.Get("Cookie") != "" {
		t.Fatalf("credentials went to another host: %v", h)
	}
}

func TestHugeTruncatedAndSlow(t *testing.T) {
	free := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/huge":
			w.Write(bytes.Repeat([]byte("a"), 3<<20))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, 8<<20))
			z.Close()
		case "/exact":
			w.Write(bytes.Repeat([]byte("a"), 1<<20))
		case "/short", "/hangup":
			conn, buf, _ := w.(http.Hijacker).Hijack()
			if r.URL.Path == "/short" {
				buf.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{\"id\":")
				buf.Flush()
			}
			conn.Close()
		case "/chunk":
			conn, buf, _ := w.(http.Hijacker).Hijack()
			buf.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
			buf.Flush()
			conn.Close()
		case "/slow":
			<-free
		case "/drip":
			w.Write([]byte("a"))
			w.(http.Flusher).Flush()
			<-free
		}
	})
	defer close(free)
	c := client(t, Config{MaxBody: 1 << 20, Total: 5 * time.Second})
	for path, code := range map[string]string{"/huge": "too_large", "/bomb": "too_large", "/short": "truncated", "/chunk": "truncated", "/hangup": "failed"} {
		r, err := c.Get(context.Background(), s.URL+path)
		wantCode(t, err, fault.Unavailable, "fetch."+code)
		if r != nil || !MayHaveArrived(err) {
			t.Errorf("%s: response %v, arrived %v", path, r, MayHaveArrived(err))
		}
	}
	if r, err := c.Get(context.Background(), s.URL+"/exact"); err != nil || len(r.Body) != 1<<20 {
		t.Fatalf("a body of exactly the limit: %v", err)
	}
	quick := client(t, Config{Total: 60 * time.Millisecond})
	for _, path := range []string{"/slow", "/drip"} {
		_, err := quick.Get(context.Background(), s.URL+path)
		wantCode(t, err, fault.Unavailable, "fetch.timeout")
		if !MayHaveArrived(err) {
			t.Errorf("%s: it did arrive", path)
		}
	}
}

func TestConnectionsThatFail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	l.Close()
	_, err = client(t, Config{}).Get(context.Background(), closed)
	wantCode(t, err, fault.Unavailable, "fetch.refused")
	if MayHaveArrived(err) {
		t.Error("a refused call cannot have arrived")
	}
	_, err = client(t, Config{}).Get(context.Background(), "http://nie-ma-takiej.invalid/?token=tajne")
	wantCode(t, err, fault.Unavailable, "fetch.dns")
	if strings.Contains(err.Error(), "tajne") {
		t.Errorf("the error repeats the address: %v", err)
	}
	tls := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer tls.Close()
	_, err = client(t, Config{}).Get(context.Background(), tls.URL)
	wantCode(t, err, fault.Unavailable, "fetch.tls")
	roots := x509.NewCertPool()
	roots.AddCert(tls.Certificate())
	if _, err = client(t, Config{Roots: roots}).Get(context.Background(), tls.URL); err != nil {
		t.Error(err)
	}
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, err = client(t, Config{}).Get(context.Background(), strings.Replace(plain.URL, "http:", "https:", 1))
	wantCode(t, err, fault.Unavailable, "fetch.tls")
}

func TestStatusesThatAreFaults(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", r.URL.Query().Get("after"))
		n, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(n)
		io.WriteString(w, "why")
	})
	c := client(t, Config{Clock: func() time.Time { return now }})
	for _, x := range []struct {
		path, code string
		after      time.Duration
	}{
		{"/429?after=120", "fetch.rate", 2 * time.Minute},
		{"/429?after=Sat,+21+Nov+2026+12:00:30+GMT", "fetch.rate", 30 * time.Second},
		{"/429", "fetch.rate", 0},
		{"/503?after=99999999999", "fetch.status", 24 * time.Hour},
		{"/500?after=-5", "fetch.status", 0},
		{"/500?after=soon", "fetch.status", 0},
		{"/503?after=Sat,+21+Nov+2026+11:00:00+GMT", "fetch.status", 0},
	} {
		r, err := c.Get(context.Background(), s.URL+x.path)
		wantCode(t, err, fault.Unavailable, x.code)
		if r == nil || string(r.Body) != "why" || After(err) != x.after || !r.At.Equal(now) {
			t.Errorf("%s: after %v, response %+v", x.path, After(err), r)
		}
	}
	for _, n := range []int{200, 204, 304, 400, 401, 403, 404, 409, 410} {
		if r, err := c.Get(context.Background(), fmt.Sprintf("%s/%d", s.URL, n)); err != nil || r.Status != n {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestAHostIsNotHurried(t *testing.T) {
	inside, most := atomic.Int32{}, atomic.Int32{}
	gate := make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		n := inside.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-gate
		inside.Add(-1)
	})
	c := client(t, Config{Concurrent: 2, PerSecond: 1000, Burst: 1000})
	done := make(chan error)
	for range 6 {
		go func() { _, err := c.Get(context.Background(), s.URL); done <- err }()
	}
	for range 6 {
		gate <- struct{}{}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if most.Load() > 2 {
		t.Fatalf("%d calls at once", most.Load())
	}
	slow := client(t, Config{PerSecond: 0.001, Burst: 1})
	close(gate)
	if _, err := slow.Get(context.Background(), s.URL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := slow.Get(ctx, s.URL)
	wantCode(t, err, fault.Unavailable, "fetch.timeout")
	if MayHaveArrived(err) {
		t.Error("the second call never left")
	}
}

func TestManyHostsAreForgotten(t *testing.T) {
	c := New(Config{})
	for i := range maxHosts + 10 {
		c.giveBack(c.borrow(strconv.Itoa(i)))
	}
	if len(c.pace) > maxHosts {
		t.Fatalf("%d hosts remembered", len(c.pace))
	}
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"http://a", "https://ż.pl/?q=%20", "http://[::1]:80", "http://a@b", "//x", "http://a\x00b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parseURL(s)
		if err == nil && (u.Hostname() == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https")) {
			t.Fatalf("%q became %v", s, u)
		}
	})
}
