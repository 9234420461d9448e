package wordpress

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/source"
)

// place is what we know of one site under one account.
type place struct {
	root   root
	title  string
	user   string
	secret string
	me     int    // our user id there
	name   string // our name there
	appPw  bool   // the site says that application passwords work

	posts map[string]source.Post // guarded by Connector.mu
	until time.Time              // when posts is asked anew
}

// root is where the REST interface answers: /wp-json/ or, without pretty addresses, ?rest_route=.
type root struct {
	base  string // "https://sklep.pl/blog", no slash at the end
	query bool
}

func (r root) address(route string, q url.Values) string {
	a := r.base + "/wp-json" + route
	if r.query {
		a = r.base + "/?rest_route=" + route
	}
	switch enc := q.Encode(); {
	case enc == "":
		return a
	case r.query:
		return a + "&" + enc
	default:
		return a + "?" + enc
	}
}

func (r root) host() string {
	u, err := url.Parse(r.base)
	if err != nil {
		return r.base
	}
	return u.Host
}

// normalise makes the site's address out of what a person typed or copied: with or without https, with the panel's
// path, with a query.
func normalise(typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	if !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	u, err := url.Parse(typed)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || strings.ContainsAny(u.Host, " <>\"") {
		return "", fault.New(fault.Invalid, "wordpress.address").On("url")
	}
	path := u.EscapedPath()
	for _, tail := range []string{"/wp-admin", "/wp-login.php", "/wp-json", "/index.php", "/xmlrpc.php"} {
		if i := strings.Index(path, tail); i >= 0 {
			path = path[:i]
		}
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + strings.TrimRight(path, "/"), nil
}

// index is the answer at the root of the REST interface.
type index struct {
	Name           string         `json:"name"`
	Namespaces     []string       `json:"namespaces"`
	Authentication map[string]any `json:"authentication"`
}

// discover finds where the REST interface answers and what the site is called.
func (c *Connector) discover(ctx context.Context, s source.Settings) (*place, error) {
	site, err := normalise(s["url"])
	if err != nil {
		return nil, err
	}
	p := &place{user: strings.TrimSpace(s["user"]), secret: strings.ReplaceAll(s["password"], " ", ""), posts: map[string]source.Post{}}
	wordpress := false
	for _, r := range []root{{base: site}, {base: site, query: true}} {
		p.root = r
		resp, err := c.call(ctx, p, http.MethodGet, "/", nil, nil)
		if err != nil {
			return nil, onField(err, "url")
		}
		var ix index
		if json.Unmarshal(resp.Body, &ix) == nil && slices.Contains(ix.Namespaces, "wp/v2") {
			p.title = plain(ix.Name)
			_, p.appPw = ix.Authentication["application-passwords"]
			return p, p.settle(resp.URL)
		}
		if code, _ := said(resp); resp.Status == http.StatusUnauthorized && isPasswordCode(code) {
			p.appPw = true
			return p, p.settle(resp.URL)
		}
		wordpress = wordpress || looksLikeWordPress(resp.Body)
	}
	if wordpress {
		return nil, fault.New(fault.Invalid, "wordpress.rest_off", "Host", p.root.host()).On("url")
	}
	return nil, fault.New(fault.Invalid, "wordpress.not_wordpress", "Host", p.root.host()).On("url")
}

// looksLikeWordPress: its pages and its refusals name its folders or its REST error codes.
func looksLikeWordPress(body []byte) bool {
	b := string(body)
	return strings.Contains(b, "wp-content") || strings.Contains(b, "wp-includes") || strings.Contains(b, `"rest_`)
}

// settle takes over the address that answered after redirects, if it is still the same site: "www." and a step up to
// TLS are, another name or a step down is not, for the password would go there.
func (p *place) settle(final string) error {
	from, err1 := url.Parse(p.root.base)
	to, err2 := url.Parse(final)
	if err1 != nil || err2 != nil {
		return errors.Join(err1, err2)
	}
	base := to.Scheme + "://" + to.Host
	if i := strings.Index(to.EscapedPath(), "/wp-json"); i >= 0 {
		base += to.EscapedPath()[:i]
	} else {
		base += strings.TrimRight(to.EscapedPath(), "/")
	}
	bare := func(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") }
	if bare(from) != bare(to) || (from.Scheme == "https" && to.Scheme != "https") {
		return fault.New(fault.Invalid, "wordpress.moved", "Address", base).On("url")
	}
	p.root.base = base
	return nil
}

// place gives the known site, or learns where it is and who we are there. A fault names what to change.
func (c *Connector) place(ctx context.Context, s source.Settings) (*place, error) {
	key := placeKey(s)
	c.mu.Lock()
	p := c.places[key]
	c.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := c.discover(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := c.whoAmI(ctx, p); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.places) > 10000 {
		clear(c.places)
	}
	c.places[key] = p
	return p, nil
}

// forget makes the next call learn the place anew, after its address or password stopped working.
func (c *Connector) forget(s source.Settings) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.places, placeKey(s))
}

// placeKey does not keep the password itself.
func placeKey(s source.Settings) string {
	h := sha256.New()
	for _, k := range []string{"url", "user", "password"} {
		h.Write([]byte(s[k] + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// whoAmI learns our user id, which also proves the password.
func (c *Connector) whoAmI(ctx context.Context, p *place) error {
	resp, err := c.call(ctx, p, http.MethodGet, "/wp/v2/users/me", nil, nil)
	if err != nil {
		return err
	}
	if resp.Status != http.StatusOK {
		return p.refusal(resp)
	}
	var me struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	if err := json.Unmarshal(resp.Body, &me); err != nil || me.ID <= 0 {
		return p.notJSON(resp)
	}
	p.me, p.name = me.ID, plain(me.Name)
	return nil
}

// call makes one request as our account. The faults are those of fetch.Client.Do; other statuses come as they are.
func (c *Connector) call(ctx context.Context, p *place, method, route string, q url.Values, body any) (*fetch.Response, error) {
	r := fetch.Request{Method: method, URL: p.root.address(route, q), User: p.user, Password: p.secret, Header: http.Header{"Accept": {"application/json"}}}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r.Body = b
		r.Header.Set("Content-Type", "application/json")
	}
	return c.f.Do(ctx, r)
}

func onField(err error, field string) error {
	var f *fault.Error
	if errors.As(err, &f) {
		f.Field = field
	}
	return err
}
