package wordpress

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/fnv"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"chop/internal/source"
)

// comment is one comment as WordPress tells it in context=edit, read field by field: what one plugin spoils must not
// lose the rest.
type comment struct {
	id, post, parent, author int
	name, email, url         string
	ip, userAgent            string
	raw, link, status, kind  string
	at                       time.Time
	postRoute                string // "posts", "pages", "product": where the post is found
	bytes                    []byte
}

var errNotList = errors.New("not a list of comments")

// parseList reads an answer that must be a JSON list. Elements without an id cannot be addressed and are left out.
func parseList(body []byte) ([]comment, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, bom))
	if len(body) == 0 || body[0] != '[' {
		return nil, errNotList
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(body, &raws); err != nil {
		return nil, errNotList
	}
	out := make([]comment, 0, len(raws))
	for _, r := range raws {
		if c, ok := parseComment(r); ok {
			out = append(out, c)
		}
	}
	return out, nil
}

func parseComment(b []byte) (comment, bool) {
	var m map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(b, bom), &m) != nil {
		return comment{}, false
	}
	c := comment{id: number(m["id"]), post: number(m["post"]), parent: number(m["parent"]), author: number(m["author"]),
		name: plain(word(m["author_name"])), email: word(m["author_email"]), url: word(m["author_url"]),
		ip: word(m["author_ip"]), userAgent: word(m["author_user_agent"]), link: word(m["link"]),
		status: word(m["status"]), kind: word(m["type"]), raw: content(m["content"]), at: moment(m["date_gmt"], m["date"]),
		postRoute: upRoute(m["_links"]), bytes: bytes.Clone(b)}
	return c, c.id > 0
}

// number reads a number that some plugins write as a string.
func number(b json.RawMessage) int {
	n, err := strconv.Atoi(strings.Trim(string(b), `" `))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func word(b json.RawMessage) string {
	var s string
	if json.Unmarshal(b, &s) != nil {
		return ""
	}
	return s
}

// content is the raw text where we may see it, else the rendered one, as HTML.
func content(b json.RawMessage) string {
	var o struct{ Raw, Rendered *string }
	if json.Unmarshal(b, &o) != nil {
		return word(b)
	}
	switch {
	case o.Raw != nil:
		return *o.Raw
	case o.Rendered != nil:
		return *o.Rendered
	}
	return ""
}

// moment reads date_gmt, which has no zone, or the site's own date when that is missing or zero.
func moment(candidates ...json.RawMessage) time.Time {
	for _, b := range candidates {
		s := strings.TrimSuffix(word(b), "Z")
		if t, err := time.Parse("2006-01-02T15:04:05", s); err == nil && t.Year() > 1990 {
			return t
		}
	}
	return time.Time{}
}

var routePattern = regexp.MustCompile(`/wp/v2/([A-Za-z0-9_-]{1,64})/[0-9]+$`)

// upRoute takes from the link to the post only the name of its collection; the address itself is not followed, because
// it could lead our password anywhere.
func upRoute(links json.RawMessage) string {
	var l struct{ Up []struct{ Href string } }
	if json.Unmarshal(links, &l) != nil || len(l.Up) == 0 {
		return ""
	}
	if m := routePattern.FindStringSubmatch(l.Up[0].Href); m != nil {
		return m[1]
	}
	return ""
}

// wanted leaves out what is no word of the public, such as the order notes of a shop.
func (c comment) wanted() bool {
	switch c.kind {
	case "", "comment", "review", "pingback", "trackback":
		return true
	}
	return false
}

func stateOf(status string) source.State {
	switch status {
	case "approved", "approve", "1":
		return source.Published
	case "spam":
		return source.Spammed
	case "trash", "post-trashed":
		return source.Trashed
	}
	return source.Held
}

// mark is a fingerprint of what may change about a comment.
func (c comment) mark() uint32 {
	h := fnv.New32a()
	for _, s := range []string{c.status, c.raw, c.name, c.email, c.url} {
		h.Write([]byte(s + "\x00"))
	}
	return h.Sum32()
}

// Stand-ins that go back to WordPress where a comment has no address or program of its own (it refuses an empty
// address and replaces an empty program by ours); reading turns them into nothing again.
const (
	noIP        = "0.0.0.0"
	noUserAgent = "-"
)

const (
	metaIP        = "author_ip"
	metaUserAgent = "author_user_agent"
)

func (c comment) meta() source.Meta {
	m := source.Meta{}
	if c.ip != "" && c.ip != noIP {
		m[metaIP] = c.ip
	}
	if c.userAgent != "" && c.userAgent != noUserAgent {
		m[metaUserAgent] = c.userAgent
	}
	return m
}

// item is the comment in the house's words. seen stands in for a time that the place did not tell.
func (c comment) item(me int, seen time.Time) source.Item {
	it := source.Item{ExternalID: strconv.Itoa(c.id), Kind: source.KindComment, Text: plain(c.raw), URL: c.link, At: c.at,
		State: stateOf(c.status), Own: c.author > 0 && c.author == me, Meta: c.meta(), Raw: c.bytes,
		Author: source.Account{Name: c.name, Email: strings.TrimSpace(c.email), URL: c.url}}
	if c.kind == "review" {
		it.Kind = source.KindReview
	}
	if c.parent > 0 {
		it.ParentID = strconv.Itoa(c.parent)
	}
	if c.post > 0 {
		it.Post.ExternalID = strconv.Itoa(c.post)
		it.Post.URL, _, _ = strings.Cut(c.link, "#")
	}
	if c.author > 0 {
		it.Author.ExternalID = strconv.Itoa(c.author)
	}
	if it.At.IsZero() {
		it.At = seen
	}
	return it
}

func validIP(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}
