package browser

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"log/slog"
	"math/big"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"chop/internal/fetch"
)

// proxy stands between the browser and the internet, inside this process: everything the browser asks for goes through
// it. It dials under fetch's rules, opens TLS itself (and checks the server's certificate) so that it sees and keeps
// what the server really sent, and enforces the limits.
type proxy struct {
	tape      *tape
	outer     *http.Server // speaks the proxy's protocol to the browser
	inner     *http.Server // speaks for the servers, inside the browser's tunnels
	tunnels   *tunnels
	transport *http.Transport
	key       *ecdsa.PrivateKey // of every certificate shown to the browser
	addr      string
	mu        sync.Mutex
	certs     map[string]*tls.Certificate
}

const (
	tunnelHandshake = 10 * time.Second
	maxSent         = 1 << 20 // bytes of a request's body that are passed on
)

// listen starts a proxy for one capture.
func listen(c *fetch.Client, t *tape) (*proxy, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{tape: t, key: key, addr: l.Addr().String(), certs: map[string]*tls.Certificate{}, tunnels: &tunnels{c: make(chan net.Conn), end: make(chan struct{})}}
	dialer := c.Dialer()
	p.transport = &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: c.Roots(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1, so that an archive holds what was said
		TLSHandshakeTimeout:    tunnelHandshake,
		ResponseHeaderTimeout:  t.limits.Load,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    6,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
	silent := log.New(io.Discard, "", 0)
	p.outer = &http.Server{Handler: http.HandlerFunc(p.ask), ErrorLog: silent, ReadHeaderTimeout: tunnelHandshake}
	p.inner = &http.Server{Handler: http.HandlerFunc(p.ask), ErrorLog: silent, ReadHeaderTimeout: time.Minute,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, tunnelKey{}, c) }}
	go func() { logServe(p.outer.Serve(l)) }()
	go func() { logServe(p.inner.Serve(p.tunnels)) }()
	return p, nil
}

func logServe(err error) {
	if !errors.Is(err, http.ErrServerClosed) {
		slog.Error("guard of the browser ended", "error", err)
	}
}

func (p *proxy) close() {
	_ = p.outer.Close()
	_ = p.inner.Close()
	p.transport.CloseIdleConnections()
}

// flags make the browser use the proxy for everything, and trust the certificates it shows and no others of its kind.
func (p *proxy) flags() (map[string]any, error) {
	spki, err := x509.MarshalPKIXPublicKey(&p.key.PublicKey)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(spki)
	return map[string]any{
		"proxy-server":                        "http://" + p.addr,
		"proxy-bypass-list":                   "<-loopback>",                        // the machine itself is asked for through the proxy too
		"host-resolver-rules":                 "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", // the browser resolves no name
		"ignore-certificate-errors-spki-list": base64.StdEncoding.EncodeToString(sum[:]),
		"dns-prefetch-disable":                true,
	}, nil
}

// tunnels is a listener whose connections are the browser's tunnels.
type tunnels struct {
	c    chan net.Conn
	end  chan struct{}
	once sync.Once
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.c:
		return c, nil
	case <-t.end:
		return nil, net.ErrClosed
	}
}
func (t *tunnels) Close() error   { t.once.Do(func() { close(t.end) }); return nil }
func (t *tunnels) Addr() net.Addr { return &net.TCPAddr{} }

type tunnelKey struct{}

// tunnel is one connection of the browser to what it believes to be host.
type tunnel struct {
	net.Conn
	scheme, host string // host with port
}

// peeked gives back the byte that told TLS from plain text.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (c peeked) Read(b []byte) (int, error) { return c.r.Read(b) }

func (p *proxy) ask(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		p.connect(w, r)
		return
	}
	u := *r.URL
	if t, ok := r.Context().Value(tunnelKey{}).(tunnel); ok {
		u.Scheme, u.Host = t.scheme, plainHost(t.scheme, t.host)
	}
	p.forward(w, r, &u)
}

// plainHost leaves out the port that goes without saying.
func plainHost(scheme, host string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// connect opens a tunnel towards ourselves: what is asked for inside it is forwarded like everything else.
func (p *proxy) connect(w http.ResponseWriter, r *http.Request) {
	h, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	conn, buf, err := h.Hijack()
	if err != nil {
		return
	}
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(tunnelHandshake))
	first, err := buf.Peek(1)
	if err != nil {
		_ = conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	t := tunnel{Conn: peeked{conn, buf.Reader}, scheme: "http", host: r.Host}
	if first[0] == 0x16 { // a TLS handshake
		name, _, _ := net.SplitHostPort(r.Host)
		t.scheme = "https"
		t.Conn = tls.Server(t.Conn, &tls.Config{NextProtos: []string{"http/1.1"}, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.cert(name) }})
	}
	select {
	case p.tunnels.c <- t:
	case <-p.tunnels.end:
		_ = conn.Close()
	}
}

// cert is a certificate for the browser's eyes only.
func (p *proxy) cert(name string) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.certs[name]; c != nil {
		return c, nil
	}
	now := time.Now() // the browser's own clock is the machine's
	t := &x509.Certificate{SerialNumber: big.NewInt(int64(len(p.certs) + 1)), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(name); ip != nil {
		t.IPAddresses = []net.IP{ip}
	} else {
		t.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &p.key.PublicKey, p.key)
	if err != nil {
		return nil, err
	}
	c := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: p.key}
	p.certs[name] = c
	return c, nil
}

// hop are the headers that belong to one connection only.
var hop = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func outgoing(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range hop {
		h.Del(name)
	}
	if h.Get("Accept-Encoding") != "" {
		h.Set("Accept-Encoding", "gzip") // what every reader of archives unpacks
	}
	return h
}

// forward asks the server and hands its answer to the browser, keeping both.
func (p *proxy) forward(w http.ResponseWriter, r *http.Request, u *url.URL) {
	h := outgoing(r.Header)
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	if callsHome(u) {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	e := p.tape.begin(r.Method, u.String(), h)
	if e == nil {
		http.Error(w, "ChOP: limit", http.StatusServiceUnavailable)
		return
	}
	if r.Header.Get("Upgrade") != "" {
		p.refuse(w, e, "browser.websocket")
		return
	}
	body, err := sent(r.Body, maxSent)
	if err != nil {
		p.refuse(w, e, "browser.sent")
		return
	}
	res, err := p.exchange(r.Context(), u, e, body)
	if err != nil {
		p.refuse(w, e, fetch.Explain(err, u.Host).Code)
		return
	}
	defer res.Body.Close()
	p.answer(w, res, e)
}

func (p *proxy) exchange(ctx context.Context, u *url.URL, e *Exchange, body []byte) (*http.Response, error) {
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if a, err := netip.ParseAddrPort(i.Conn.RemoteAddr().String()); err == nil {
			p.tape.note(e, func() { e.IP = a.Addr().Unmap() })
		}
	}}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), e.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		req.Body, req.ContentLength = nil, 0
	}
	req.Header = e.Sent
	res, err := p.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	p.tape.note(e, func() {
		e.SentBody, e.Status, e.Header = body, res.StatusCode, res.Header.Clone()
		_, e.Phrase, _ = strings.Cut(res.Status, " ")
		if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
			e.Cert = res.TLS.PeerCertificates[0]
		}
	})
	return res, nil
}

func (p *proxy) answer(w http.ResponseWriter, res *http.Response, e *Exchange) {
	for name, vs := range res.Header {
		w.Header()[name] = vs
	}
	for _, name := range hop {
		w.Header().Del(name)
	}
	w.WriteHeader(res.StatusCode)
	err := p.tape.copy(w, res.Body, e)
	p.tape.end(e, func() {
		if err != nil && e.Cut == "" {
			e.Cut = "disconnect"
		}
	})
	if err != nil {
		panic(http.ErrAbortHandler) // so that the browser does not take a part for the whole
	}
}

// refuse answers in the server's place. The page sees a failure, the tape keeps why.
func (p *proxy) refuse(w http.ResponseWriter, e *Exchange, code string) {
	p.tape.end(e, func() { e.Refused = code })
	http.Error(w, "ChOP: "+code, http.StatusBadGateway)
}

func (t *tape) note(e *Exchange, change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed && !e.done {
		change()
	}
}

// home are the services Chromium calls on its own, whatever its flags say. They are neither asked nor kept: they are no
// part of the page, and nobody shall learn from them that something is being looked at.
var home = []string{"clients2.google.com/time/", "accounts.google.com/ListAccounts", "update.googleapis.com/", "optimizationguide-pa.googleapis.com/",
	"safebrowsing.googleapis.com/", "safebrowsingohttpgateway.googleapis.com/", "clientservices.googleapis.com/", "content-autofill.googleapis.com/",
	"redirector.gvt1.com/", "edgedl.me.gvt1.com/", "clients2.googleusercontent.com/crx/", "android.clients.google.com/"}

func callsHome(u *url.URL) bool {
	return slices.ContainsFunc(home, func(prefix string) bool { return strings.HasPrefix(u.Host+u.Path, prefix) })
}

func mediaType(s string) string {
	m, _, err := mime.ParseMediaType(s)
	if err != nil {
		m, _, _ = strings.Cut(s, ";")
	}
	return strings.ToLower(strings.TrimSpace(m))
}
