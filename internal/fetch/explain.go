package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chop/internal/fault"
)

// Later says that the place asked for patience. Find it with errors.As, or with After.
type Later struct{ After time.Duration }

func (l Later) Error() string { return "asked to come back in " + l.After.String() }

// After is how long the place asked to wait, 0 when it did not say.
func After(err error) time.Duration {
	var l Later
	if errors.As(err, &l) {
		return l.After
	}
	return 0
}

// arrived marks an error that came after the request was on its way.
type arrived struct{ err error }

func (a arrived) Error() string { return a.err.Error() }
func (a arrived) Unwrap() error { return a.err }

// MayHaveArrived tells whether the place may have acted on the call although no good answer came. False means that the
// request never left.
func MayHaveArrived(err error) bool {
	var a arrived
	return errors.As(err, &a)
}

// maxPatience bounds Retry-After, so that one absurd header does not silence a source.
const maxPatience = 24 * time.Hour

// RetryAfter reads a Retry-After header: seconds or an HTTP date (RFC 9110 10.2.3). 0 when absent, past or unreadable.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	var d time.Duration
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		d = time.Duration(min(max(n, 0), int64(maxPatience/time.Second))) * time.Second
	} else if t, err := http.ParseTime(v); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), maxPatience)
}

func statusFault(r *Response, host string) error {
	code := ""
	switch {
	case r.Status == http.StatusTooManyRequests:
		code = "fetch.rate"
	case r.Status >= 500:
		code = "fetch.status"
	default:
		return nil
	}
	f := fault.New(fault.Unavailable, code, "Host", host, "Status", r.Status)
	if d := RetryAfter(r.Header, r.At); d > 0 {
		f.Err = Later{d}
	}
	return f
}

// Explain turns the error of a dial, a handshake or an exchange of somebody else's transport that uses a Dialer into the
// fault the client itself would give; see Do.
func Explain(err error, host string) *fault.Error { return explain(err, host, 0) }

// explain turns a failed exchange into a fault whose message names the cause and the cure.
func explain(err error, host string, limit int64) *fault.Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the wrapper repeats the address, whose query may hold a secret
	}
	kind, code := classify(err)
	f := fault.New(kind, "fetch."+code, "Host", host).Because(err)
	if code == "too_large" {
		f.Data["MB"] = max(limit>>20, 1)
	}
	return f
}

func classify(err error) (fault.Kind, string) {
	var private privateAddress
	var port closedPort
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &private):
		return fault.Invalid, "private_address"
	case errors.As(err, &port):
		return fault.Invalid, "port"
	case errors.Is(err, errScheme):
		return fault.Invalid, "bad_url"
	case errors.Is(err, errRedirects):
		return fault.Invalid, "redirects"
	case errors.Is(err, errTooLarge):
		return fault.Unavailable, "too_large"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fault.Unavailable, "timeout"
	case errors.As(err, &dns):
		return fault.Unavailable, "dns"
	case isTLS(err):
		return fault.Unavailable, "tls"
	case errors.As(err, &timeout) && timeout.Timeout():
		return fault.Unavailable, "timeout"
	case errors.Is(err, errTruncated):
		return fault.Unavailable, "truncated"
	case isRefused(err):
		return fault.Unavailable, "refused"
	}
	return fault.Unavailable, "failed"
}

func isRefused(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func isTLS(err error) bool {
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &record) || errors.As(err, &alert)
}
