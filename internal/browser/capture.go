package browser

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"chop/internal/fault"
	"chop/internal/fetch"
)

// Limits of one capture; zero fields take the defaults.
type Limits struct {
	Time     time.Duration // for everything, 60 s
	Load     time.Duration // until the page has come, 25 s; then it is taken as it is
	Bytes    int64         // of all answers, 60 MB
	Response int64         // of one answer, 20 MB
	Requests int           // 1,500
	Height   int           // CSS pixels of the picture, 16,000
	Screens  int           // how many screens it scrolls down for what loads late, 20
}

func (l Limits) complete() Limits {
	l.Time = cmp.Or(l.Time, 60*time.Second)
	l.Load = cmp.Or(l.Load, 25*time.Second)
	l.Bytes = cmp.Or(l.Bytes, 60<<20)
	l.Response = cmp.Or(l.Response, 20<<20)
	l.Requests = cmp.Or(l.Requests, 1500)
	l.Height = cmp.Or(l.Height, 16_000)
	l.Screens = cmp.Or(l.Screens, 20)
	return l
}

// How the page is looked at, the same for every page.
const (
	Width    = 1280 // CSS pixels of the window
	Height   = 900
	Locale   = "pl-PL"
	TimeZone = "Europe/Warsaw"
)

// Hop is one step of the way to the page.
type Hop struct {
	URL    string `json:"url"`
	Status int    `json:"status"`
}

// Page is what a capture saw. When Wall.Kind is not Content, it shows an obstacle, never the content asked for, though
// pictures and exchanges are there as far as they go.
type Page struct {
	Requested   string
	Final       string // address after redirects, also those by scripts
	Redirects   []Hop  // before the final answer
	Status      int    // of the document
	Title       string
	Text        string // what a visitor can read
	IP          netip.Addr
	Certificate *x509.Certificate // of the server, nil without TLS
	Began       time.Time
	Ended       time.Time
	PNG         []byte // the whole page, from the top
	PDF         []byte
	MHTML       []byte
	Exchanges   []Exchange
	Wall        Wall
	Limits      []Limit
	Browser     string // "Chrome/156.0.…"
	UserAgent   string
	Sandbox     bool // whether Chromium's sandbox was on
}

// Limit is a known defect of a capture: a code (message "capture.limit.<code>") and a number or word for it.
type Limit struct {
	Code string
	Data string
}

func (p *Page) limit(code string, data ...any) {
	p.Limits = append(p.Limits, Limit{code, fmt.Sprint(data...)})
}

// Cert is the server's certificate as PEM and its SHA-256, empty without TLS.
func (p *Page) Cert() (text, sum string) {
	if p.Certificate == nil {
		return "", ""
	}
	h := sha256.Sum256(p.Certificate.Raw)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate.Raw})), hex.EncodeToString(h[:])
}

// Bytes is the size of all answers' bodies.
func (p *Page) Bytes() (n int64) {
	for _, e := range p.Exchanges {
		n += int64(len(e.Body))
	}
	return n
}

// Config of a Browser.
type Config struct {
	Client  *fetch.Client // whose rules say what may be reached
	Version string        // of this program, added to the browser's name towards the place
}

// Browser captures pages. It is safe for concurrent use; every capture starts a program of its own, which took up to 800 MB for a tall page.
type Browser struct{ cfg Config }

// New opens nothing.
func New(c Config) *Browser {
	c.Version = cmp.Or(c.Version, "dev")
	return &Browser{c}
}

// Capture looks at a page as an anonymous visitor: it opens the address, waits, scrolls down and back, and keeps what it
// sees. It never clicks, types, answers a question or signs in. What stands in the way is told in Page.Wall, not as an
// error. Errors: the faults of CheckURL; Unavailable "browser.missing", "browser.start"; the context's own.
func (b *Browser) Capture(ctx context.Context, address string, l Limits) (*Page, error) {
	u, err := CheckURL(address)
	if err != nil {
		return nil, err
	}
	l = l.complete()
	ctx, cancel := context.WithTimeout(ctx, l.Time+10*time.Second)
	defer cancel()
	p := &Page{Requested: u.String(), Final: u.String(), Began: b.cfg.Client.Now()}
	t := &tape{limits: l, clock: time.Now}
	guard, err := listen(b.cfg.Client, t)
	if err != nil {
		return nil, fmt.Errorf("start the browser's guard: %w", err)
	}
	defer guard.close()
	s, err := b.open(ctx, guard)
	if err != nil {
		return nil, err
	}
	defer s.end()
	p.Sandbox = s.Sandbox
	v := &visit{shown: map[cdp.LoaderID]bool{}, page: p, tape: t, limits: l, session: s, end: time.Now().Add(l.Time)}
	err = v.run(b.cfg.Version)
	p.Exchanges, p.Ended = t.close(), b.cfg.Client.Now()
	v.conclude(err)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
		return nil, cause
	}
	return p, nil
}

func (b *Browser) open(ctx context.Context, guard *proxy) (*session, error) {
	flags, err := guard.flags()
	if err != nil {
		return nil, err
	}
	flags["lang"] = Locale
	flags["accept-lang"] = "pl-PL,pl,en"
	flags["window-size"] = fmt.Sprintf("%d,%d", Width, Height)
	flags["hide-scrollbars"] = true
	flags["disable-popup-blocking"] = false // chromedp allows pop-ups; a page being kept gets none
	flags["block-new-web-contents"] = true
	return open(ctx, flags)
}

const maxURL = 2048

// CheckURL reads an address a person typed: http or https, no password in it, no more than 2,048 characters. It says
// nothing of where the name leads; that is decided when it is dialled. Faults: Invalid "browser.url" (on "url").
func CheckURL(s string) (*url.URL, error) {
	bad := fault.New(fault.Invalid, "browser.url").On("url")
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxURL || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, bad
	}
	if !strings.Contains(s, "://") && !strings.HasPrefix(s, "/") && strings.Contains(s, ".") && !strings.Contains(strings.SplitN(s, "/", 2)[0], ":") {
		s = "https://" + s // as people copy addresses
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return nil, bad
	}
	return u, nil
}

// version asks the browser who it is, and makes the name it gives to places: that of a browser on a desk, and ours.
func version(ctx context.Context, t *chromedp.Target, ours string) (product, agent string, err error) {
	v, err := cdp.Call(ctx, t, browser.GetVersion, cdp.Empty{})
	if err != nil {
		return "", "", err
	}
	product = strings.Replace(v.Product, "HeadlessChrome", "Chrome", 1)
	return product, strings.Replace(v.UserAgent, "HeadlessChrome", "Chrome", 1) + " ChOP/" + ours, nil
}
