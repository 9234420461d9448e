package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/source"
)

// titlesFor is how long a post's title is remembered.
const titlesFor = time.Hour

// excerptLen bounds the text of a post that goes with each of its comments, in characters.
const excerptLen = 2000

// titles fills in what the comments stand under. A post that cannot be read leaves its comments without a title; that
// is no reason to hold the comments back.
func (c *Connector) titles(ctx context.Context, p *place, items []source.Item) {
	routes := map[string][]string{}
	c.mu.Lock()
	if now := c.f.Now(); now.After(p.until) || len(p.posts) > 5000 {
		p.posts, p.until = map[string]source.Post{}, now.Add(titlesFor)
	}
	for _, it := range items {
		id := it.Post.ExternalID
		if _, known := p.posts[id]; known || id == "" {
			continue
		}
		route := routeOf(it.Raw)
		if !slices.Contains(routes[route], id) {
			routes[route] = append(routes[route], id)
		}
	}
	c.mu.Unlock()
	for route, ids := range routes {
		for part := range slices.Chunk(ids, pageSize) {
			c.readPosts(ctx, p, route, part)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range items {
		if post, ok := p.posts[items[i].Post.ExternalID]; ok && post.ExternalID != "" {
			items[i].Post = post
		}
	}
}

func routeOf(raw []byte) string {
	if c, ok := parseComment(raw); ok && c.postRoute != "" {
		return c.postRoute
	}
	return "posts"
}

// readPosts remembers the posts that the place shows; one it does not show is remembered as unknown, so that it is not
// asked about at every look.
func (c *Connector) readPosts(ctx context.Context, p *place, route string, ids []string) {
	q := url.Values{"include": {strings.Join(ids, ",")}, "per_page": {strconv.Itoa(pageSize)}, "_fields": {"id,title,link,date_gmt,excerpt"}}
	resp, err := c.call(ctx, p, http.MethodGet, "/wp/v2/"+route, q, nil)
	if err != nil {
		return
	}
	var raws []map[string]json.RawMessage
	if resp.Status == http.StatusOK && json.Unmarshal(resp.Body, &raws) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		p.posts[id] = source.Post{}
	}
	for _, m := range raws {
		id := strconv.Itoa(number(m["id"]))
		if _, asked := p.posts[id]; asked {
			p.posts[id] = source.Post{ExternalID: id, Title: plain(content(m["title"])), Text: clip(plain(content(m["excerpt"])), excerptLen),
				URL: word(m["link"]), At: moment(m["date_gmt"])}
		}
	}
}
