// Package session stands before every page: it knows who asks, in which language, how often, and what may not pass.
package session

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/user"
	"chop/internal/web/page"
)

// Config says what stands behind and around the edge. Zero figures take the values of New.
type Config struct {
	Users  *user.Store
	Firms  *firm.Store
	Now    func() time.Time
	Secure bool // people reach ChOP over https, here or at a proxy
	Proxy  bool // one trusted proxy stands in front; the last X-Forwarded-For address is the visitor's
	Demo   bool

	// Public are further paths that need no sign-in; one that ends in / covers everything below it.
	Public []string
	// Hooks are paths, like Public, at which programs call us without a browser: they check their caller themselves.
	Hooks []string
	// Large are paths, like Public, that take bodies up to LargeBody.
	Large     []string
	Body      int64 // bytes; 1 MB
	LargeBody int64 // bytes; 32 MB

	PerSecond rate.Limit // requests per second of one network or session; 20
	Burst     int        // 200

	// Fill adds to the frame what other rooms know: states of firms, counts, duty. It may be nil.
	Fill func(ctx context.Context, f page.Frame) page.Frame
}

// Edge is the handler before all pages.
type Edge struct {
	Config
	networks, sessions *buckets
	cross              *http.CrossOriginProtection
}

// own are the paths of sign-in, which need nobody signed in.
var own = []string{"/signin", "/signin/", "/signout", "/prefs", "/forgot", "/" + user.FirstPath + "/", "/" + user.ResetPath + "/",
	"/" + user.InvitePath + "/", "/static/", "/healthz", "/readyz"}

// New is an edge; Wrap puts it before the pages.
func New(c Config) *Edge {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Body == 0 {
		c.Body = 1 << 20
	}
	if c.LargeBody == 0 {
		c.LargeBody = 32 << 20
	}
	if c.PerSecond == 0 {
		c.PerSecond, c.Burst = 20, 200
	}
	return &Edge{Config: c, cross: http.NewCrossOriginProtection(),
		networks: newBuckets(c.PerSecond, c.Burst), sessions: newBuckets(c.PerSecond, c.Burst)}
}

type key struct{}

// request is what the edge found out about one request.
type request struct {
	id      string
	secure  bool
	network string // address of the visitor
	token   string
	visit   user.Visit
	signed  bool
}

func about(ctx context.Context) *request {
	if q, ok := ctx.Value(key{}).(*request); ok {
		return q
	}
	return &request{}
}

// Person is who is signed in; ok is false for a visitor.
func Person(ctx context.Context) (p user.Person, ok bool) {
	q := about(ctx)
	return q.visit.Person, q.signed
}

// Token is the session token the browser came with, "" without one. It is for user.Store alone.
func Token(ctx context.Context) string { return about(ctx).token }

// Device is where the request comes from, for opening a session.
func Device(r *http.Request) user.Device {
	q := about(r.Context())
	return user.Device{Addr: q.network, Agent: r.UserAgent(), Old: q.token}
}

// Wrap puts the edge before the pages.
func (e *Edge) Wrap(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		q := &request{id: incident(), secure: e.Secure, network: e.address(r)}
		sw := &watched{ResponseWriter: w}
		sw.Header().Set("X-Request-ID", q.id)
		e.headers(sw.Header())
		r = r.WithContext(context.WithValue(r.Context(), key{}, q))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				slog.Error("a page broke", "incident", q.id, "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
				if sw.status == 0 {
					show(sw, r, http.StatusInternalServerError, "")
				}
			}
			slog.Info("request", "id", q.id, "method", r.Method, "route", r.Pattern, "status", sw.code(), "ms", time.Since(begun).Milliseconds())
		}()
		e.pass(sw, &r, q, pages)
	})
}

// pass leads a request through the checks, cheapest first, and on to its page. It replaces *rp on the way, so that
// the log sees the route the page was found by.
func (e *Edge) pass(w http.ResponseWriter, rp **http.Request, q *request, pages http.Handler) {
	r := *rp
	hook := covers(e.Hooks, r.URL.Path)
	*rp = r.WithContext(page.WithFrame(r.Context(), e.visitorFrame(r)))
	r = *rp
	if !e.networks.allow(user.IPPrefix(q.network), e.Now()) {
		w.Header().Set("Retry-After", "5")
		show(w, r, http.StatusTooManyRequests, "")
		return
	}
	if err := e.cross.Check(r); err != nil && !hook {
		show(w, r, http.StatusForbidden, page.T(r.Context(), "fault.cross_origin"))
		return
	}
	most := e.Body
	if covers(e.Large, r.URL.Path) {
		most = e.LargeBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if hook || strings.HasPrefix(r.URL.Path, "/static/") || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
		pages.ServeHTTP(w, r)
		return
	}
	if err := e.recognise(w, rp, q); err != nil {
		Fail(w, r, err)
		return
	}
	r = *rp
	if q.signed && !e.sessions.allow(q.visit.Session, e.Now()) {
		w.Header().Set("Retry-After", "5")
		show(w, r, http.StatusTooManyRequests, "")
		return
	}
	if !q.signed && !covers(own, r.URL.Path) && !covers(e.Public, r.URL.Path) {
		turnAway(w, r)
		return
	}
	pages.ServeHTTP(w, r)
}

// recognise finds out who asks and puts the principal and the frame into the context.
func (e *Edge) recognise(w http.ResponseWriter, rp **http.Request, q *request) (err error) {
	r := *rp
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Cookie")
	if c, err := r.Cookie(e.name("chop")); err == nil {
		q.token = c.Value
	}
	if q.visit, q.signed, err = e.Users.Visit(r.Context(), q.token); err != nil {
		return err
	}
	ctx := r.Context()
	f := page.FrameFrom(ctx)
	if q.signed {
		ctx = access.With(ctx, q.visit.Principal)
		if f, err = e.frame(w, r.WithContext(ctx), f, q.visit); err != nil {
			return err
		}
	}
	f.Flash = e.takeFlash(w, r)
	*rp = r.WithContext(page.WithFrame(ctx, f))
	return nil
}

// turnAway sends a visitor to sign in. A script's request gets 401 instead: it would take the form for data.
func turnAway(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("ChOP-Part") != "" || strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	to := "/signin"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		to += "?next=" + escape(r.URL.RequestURI())
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// policy is the content security policy: everything from here, nothing inline, nobody frames us.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (e *Edge) headers(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	if e.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// address is the visitor's address. A header is believed only when a proxy of ours is known to write it, and then
// only its last entry, which the proxy itself added.
func (e *Edge) address(r *http.Request) string {
	if e.Proxy {
		all := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
		last := strings.TrimSpace(all[strings.LastIndexByte(all, ',')+1:])
		if _, err := netip.ParseAddr(last); err == nil {
			return last
		}
	}
	return r.RemoteAddr
}

// covers tells whether a list has the path, or a folder it lies in. Paths that are not clean are never covered.
func covers(list []string, path string) bool {
	if strings.Contains(path, "..") || strings.Contains(path, "//") {
		return false
	}
	return slices.ContainsFunc(list, func(p string) bool {
		return p == path || strings.HasSuffix(p, "/") && strings.HasPrefix(path, p)
	})
}

func incident() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails, crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

// Require lets a page through only for those who hold p somewhere; the verbs behind it check the firm themselves.
func Require(p access.Perm, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := access.CheckAny(r.Context(), p); err != nil {
			Fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// Status is the HTTP status of an error.
func Status(err error) int {
	var big *http.MaxBytesError
	var f *fault.Error
	if errors.As(err, &big) {
		return http.StatusRequestEntityTooLarge
	}
	if errors.As(err, &f) && f.Code == user.Throttled {
		return http.StatusTooManyRequests
	}
	switch fault.KindOf(err) {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Fail answers an error with its status and a calm page. What broke stands in the log under the incident's id, which
// the page shows.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	if status == http.StatusInternalServerError {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return // the visitor has gone
		}
		slog.Error("request failed", "incident", about(r.Context()).id, "route", r.Pattern, "error", err)
		show(w, r, status, "")
		return
	}
	sentence := ""
	var f *fault.Error
	if errors.As(err, &f) {
		sentence = page.FaultText(r.Context(), err)
	}
	show(w, r, status, sentence)
}

// show renders the error page; without a sentence it takes the one of the status.
func show(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	ctx := r.Context()
	id, cure := "session.refused", ""
	switch status {
	case http.StatusInternalServerError:
		id, cure = "session.internal", page.T(ctx, "session.internal.cure", "ID", about(ctx).id)
	case http.StatusTooManyRequests:
		id = "session.often"
	case http.StatusRequestEntityTooLarge:
		id = "session.large"
	case http.StatusNotFound:
		id = "session.missing"
	case http.StatusForbidden:
		id = "session.forbidden"
	case http.StatusServiceUnavailable:
		id = "session.unavailable"
	}
	if sentence == "" {
		sentence = page.T(ctx, id+".text")
	}
	Render(w, r, status, page.ErrorPage(page.FrameFrom(ctx), status, page.T(ctx, id+".title"), sentence, cure))
}
