package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"chop/internal/fault"
)

// Request is one call. Redirects are followed for GET and HEAD only: a deed must not silently become a reading.
type Request struct {
	Method   string // GET when empty
	URL      string
	Header   http.Header
	Body     []byte
	User     string // basic authorisation, sent when User is not empty and only to the host of URL
	Password string
	MaxBody  int64 // bytes, Config.MaxBody when 0
}

// Response is what came over the wire. Body is decompressed and complete.
type Response struct {
	URL    string // the last address after redirects
	Status int
	Header http.Header // without Set-Cookie and credentials
	Lines  []string    // the same as "Name: value", by name, fit for keeping
	At     time.Time
	Body   []byte
}

// Get reads an address. See Do.
func (c *Client) Get(ctx context.Context, address string) (*Response, error) {
	return c.Do(ctx, Request{URL: address})
}

// Do makes the call. Faults have the codes fetch.bad_url, private_address, redirects (Invalid) and fetch.dns, refused,
// timeout, tls, too_large, truncated, status, rate, failed (Unavailable). For fetch.status (5xx) and fetch.rate (429)
// the response is returned too. Other statuses are answers, not errors. See After and MayHaveArrived for what an error
// says about trying again.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	u, err := parseURL(r.URL)
	if err != nil {
		return nil, err
	}
	p, leave, ok := c.enter(u.Host, ctx.Done())
	if !ok {
		return nil, explain(ctx.Err(), u.Host, 0)
	}
	defer leave()
	if err := p.limit.Wait(ctx); err != nil {
		return nil, fault.New(fault.Unavailable, "fetch.timeout", "Host", u.Host).Because(err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Total)
	defer cancel()
	var wrote atomic.Bool
	resp, err := c.exchange(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }}), u, r)
	if err != nil {
		f := explain(err, u.Host, cmp.Or(r.MaxBody, c.cfg.MaxBody))
		if wrote.Load() {
			f.Err = arrived{f.Err}
		}
		return nil, f
	}
	return resp, statusFault(resp, u.Host)
}

func (c *Client) exchange(ctx context.Context, u *url.URL, r Request) (*Response, error) {
	req, err := http.NewRequestWithContext(ctx, method(r), u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if len(r.Body) == 0 {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	for k, v := range r.Header {
		req.Header[http.CanonicalHeaderKey(k)] = slices.Clone(v)
	}
	req.Header.Del("Accept-Encoding") // the transport asks for gzip itself and unpacks it
	req.Header.Set("User-Agent", "ChOP/"+c.cfg.Version)
	if r.User != "" {
		req.SetBasicAuth(r.User, r.Password)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := readAll(res.Body, cmp.Or(r.MaxBody, c.cfg.MaxBody))
	if err != nil {
		return nil, err
	}
	return &Response{URL: res.Request.URL.String(), Status: res.StatusCode, Header: public(res.Header),
		Lines: lines(res.Header), At: c.cfg.Clock(), Body: body}, nil
}

func method(r Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

var (
	errTooLarge  = errors.New("body over the limit")
	errRedirects = errors.New("too many redirects")
	errTruncated = errors.New("body ended early")
	errScheme    = errors.New("redirect to an address that is not http or https")
)

// readAll reads a whole body or fails: a part of it is never taken for the content.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(b)) > limit {
		return nil, errTooLarge
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil, err
	}
	if err != nil {
		return nil, errors.Join(errTruncated, err)
	}
	return b, nil
}

func parseURL(s string) (*url.URL, error) {
	bad := fault.New(fault.Invalid, "fetch.bad_url")
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return nil, bad // the cause would repeat the address, which may hold a secret
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return nil, bad
	}
	u.Fragment = ""
	return u, nil
}

// checkRedirect lets GET go on to at most five further addresses; the guard looks at each when it is dialled.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if m := via[0].Method; m != http.MethodGet && m != http.MethodHead {
		return http.ErrUseLastResponse
	}
	if len(via) > maxRedirects {
		return errRedirects
	}
	if _, err := parseURL(req.URL.String()); err != nil {
		return errScheme
	}
	for _, v := range via {
		if !sameHost(v.URL, req.URL) {
			req.Header.Del("Authorization")
			req.Header.Del("Cookie")
			req.Header.Del("Referer")
		}
	}
	return nil
}

// sameHost: the same name, and neither another port nor a step down from TLS.
func sameHost(from, to *url.URL) bool {
	if from.Hostname() != to.Hostname() {
		return false
	}
	upgrade := from.Scheme == "http" && to.Scheme == "https" && from.Port() == "" && to.Port() == ""
	return upgrade || (from.Scheme == to.Scheme && from.Port() == to.Port())
}

var secretHeaders = []string{"Set-Cookie", "Set-Cookie2", "Authorization", "Proxy-Authorization", "Www-Authenticate", "X-Wp-Nonce"}

func public(h http.Header) http.Header {
	h = h.Clone()
	for _, n := range secretHeaders {
		h.Del(n)
	}
	return h
}

func lines(h http.Header) []string {
	var out []string
	for name, values := range public(h) {
		for _, v := range values {
			out = append(out, name+": "+v)
		}
	}
	slices.Sort(out)
	return out
}
