// Package feed watches an RSS, Atom or JSON feed: comments under a blog, reviews, search alerts.
//
// A feed shows what is new and can do nothing, so every deed on its items becomes a manual task.
package feed

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/source"
)

// Kind names this kind of source.
const Kind = "feed"

const every = 20 * time.Second // ChOP's choice, stretched when nothing comes; with conditional GET an unchanged feed costs a few hundred bytes

// Connector reads feeds. It is safe for concurrent use.
type Connector struct{ http *fetch.Client }

// New returns the connector that calls out through f.
func New(f *fetch.Client) *Connector { return &Connector{http: f} }

// Describe says that a feed can only be watched.
func (c *Connector) Describe() source.Description {
	return source.Description{
		Kind:    Kind,
		Letters: "RS",
		Every:   every,
		Fields: []source.Field{
			{Name: "url", Type: "url", Required: true},
			{Name: "kind", Type: "select", Options: []string{source.KindComment, source.KindReview, source.KindPost}, Default: source.KindComment},
			{Name: "user", Type: "text"},
			{Name: "password", Type: "secret"},
		},
	}
}

// Check reads the feed once and tells its title. Faults: Invalid feed.page (a page, perhaps with a link to its feed),
// feed.empty, feed.broken, feed.nested, feed.password, feed.missing, feed.status, feed.kind and those of fetch.Do.
func (c *Connector) Check(ctx context.Context, s source.Settings) (source.CheckReport, error) {
	if _, err := kindOf(s); err != nil {
		return source.CheckReport{}, err
	}
	r, err := c.get(ctx, s, cursor{})
	if err != nil {
		return source.CheckReport{}, err
	}
	p, err := parse(r.Body, r.Header.Get("Content-Type"), r.URL)
	if err != nil {
		return source.CheckReport{}, err
	}
	rep := source.CheckReport{Title: plain(p.Title)}
	if rep.Title == "" {
		rep.Title = s["url"]
	}
	if len(p.Items) == 0 {
		rep.Notes = append(rep.Notes, "source.feed.note.empty")
	}
	rep.Entries = len(p.Items)
	return rep, nil
}

// Fetch reads what is new or changed since the cursor; an empty cursor gives all the feed still shows. Faults are
// those of Check; when the place asks for patience Batch.RetryAfter says how much.
func (c *Connector) Fetch(ctx context.Context, s source.Settings, cur []byte) (source.Batch, error) {
	kind, err := kindOf(s)
	if err != nil {
		return source.Batch{}, err
	}
	seen := readCursor(cur, s["url"])
	r, err := c.get(ctx, s, seen)
	if err != nil {
		return source.Batch{Cursor: cur, RetryAfter: fetch.After(err)}, err
	}
	if r.Status == http.StatusNotModified {
		return source.Batch{Cursor: cur}, nil
	}
	p, err := parse(r.Body, r.Header.Get("Content-Type"), r.URL)
	if err != nil {
		return source.Batch{Cursor: cur}, err
	}
	items, next := news(p, seen, kind, r.At)
	next.ETag, next.Modified, next.URL = r.Header.Get("ETag"), r.Header.Get("Last-Modified"), s["url"]
	b := source.Batch{Items: items, Cursor: next.bytes()}
	if len(items) > 0 {
		b.Deliveries = []source.Delivery{{URL: r.URL, Status: r.Status, Header: r.Lines, At: r.At, Body: r.Body}}
	}
	return b, nil
}

func kindOf(s source.Settings) (string, error) {
	switch k := s["kind"]; k {
	case "":
		return source.KindComment, nil
	case source.KindComment, source.KindReview, source.KindPost:
		return k, nil
	}
	return "", fault.New(fault.Invalid, "feed.kind").On("kind")
}

// get asks for the feed, conditionally when the cursor knows the last answer.
func (c *Connector) get(ctx context.Context, s source.Settings, seen cursor) (*fetch.Response, error) {
	h := http.Header{"Accept": {"application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"}}
	if seen.ETag != "" {
		h.Set("If-None-Match", seen.ETag)
	}
	if seen.Modified != "" {
		h.Set("If-Modified-Since", seen.Modified)
	}
	r, err := c.http.Do(ctx, fetch.Request{URL: s["url"], Header: h, User: s["user"], Password: s["password"]})
	if err != nil {
		return nil, onURL(err)
	}
	return r, statusFault(r.Status)
}

// onURL points a fault about the address at the form field.
func onURL(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Invalid && f.Field == "" {
		f.Field = "url"
	}
	return err
}

func statusFault(status int) error {
	switch {
	case status == http.StatusOK, status == http.StatusNotModified:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.New(fault.Invalid, "feed.password", "Status", status).On("password")
	case status == http.StatusNotFound, status == http.StatusGone:
		return fault.New(fault.Invalid, "feed.missing", "Status", status).On("url")
	}
	return fault.New(fault.Unavailable, "feed.status", "Status", status)
}

// isPage tells a web page from a feed by its beginning.
func isPage(body []byte, contentType string) bool {
	start := strings.ToLower(strings.TrimSpace(string(body[:min(len(body), 1024)])))
	return strings.HasPrefix(start, "<!doctype html") || strings.Contains(start, "<html") || strings.HasPrefix(strings.ToLower(contentType), "text/html")
}
