package wordpress

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"

	"chop/internal/fault"
	"chop/internal/source"
)

// Check tries address, password and right to moderate, in this order. Faults are wordpress.* and fetch.* and name the
// field they concern.
func (c *Connector) Check(ctx context.Context, s source.Settings) (source.CheckReport, error) {
	c.forget(s)
	p, err := c.discover(ctx, s)
	if err != nil {
		return source.CheckReport{}, err
	}
	if err := c.introspect(ctx, p); err != nil {
		return source.CheckReport{}, err
	}
	if err := c.whoAmI(ctx, p); err != nil {
		return source.CheckReport{}, err
	}
	resp, err := c.call(ctx, p, http.MethodGet, "/wp/v2/comments", url.Values{"context": {"edit"}, "status": {"any"}, "per_page": {"1"}}, nil)
	if err != nil {
		return source.CheckReport{}, err
	}
	if resp.Status != http.StatusOK {
		return source.CheckReport{}, p.refusal(resp)
	}
	if _, err := parseList(resp.Body); err != nil {
		return source.CheckReport{}, p.notJSON(resp)
	}
	return source.CheckReport{Title: p.title, Account: p.name, Notes: p.notes()}, nil
}

// introspect asks about the application password itself, so that a site where such passwords are turned off is told
// from a wrong one.
func (c *Connector) introspect(ctx context.Context, p *place) error {
	resp, err := c.call(ctx, p, http.MethodGet, "/wp/v2/users/me/application-passwords/introspect", nil, nil)
	if err != nil {
		return err
	}
	code, _ := said(resp)
	switch {
	case resp.Status == http.StatusOK:
		return nil
	case code == "rest_no_route", code == "application_passwords_disabled", resp.Status == http.StatusUnauthorized && isPasswordCode(code) && !p.appPw:
		return fault.New(fault.Invalid, "wordpress.no_app_passwords", "Host", p.root.host()).On("password")
	}
	return p.refusal(resp)
}

// notes are the things worth knowing that stop nothing.
func (p *place) notes() []string {
	notes := []string{"source.wordpress.note.poll"}
	u, err := url.Parse(p.root.base)
	if err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		notes = append(notes, "source.wordpress.note.http")
	}
	return notes
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && a.IsLoopback())
}
