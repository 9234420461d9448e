package session

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/lang"
	"chop/internal/user"
	"chop/internal/web/page"
)

// name is a cookie's name. Over https the __Host- prefix makes browsers refuse one that another host planted.
func (e *Edge) name(s string) string { return cookieName(e.Secure, s) }

func cookieName(secure bool, s string) string {
	if secure {
		return "__Host-" + s
	}
	return s
}

// put sets a cookie for that long, by the browser's own clock; zero: until the browser closes, below zero: no longer.
func put(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	age := int(life.Seconds())
	secure := about(r.Context()).secure
	http.SetCookie(w, &http.Cookie{Name: cookieName(secure, name), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode})
}

func drop(w http.ResponseWriter, r *http.Request, name string) { put(w, r, name, "", -time.Second) }

// Begin gives the browser the session just opened.
func Begin(w http.ResponseWriter, r *http.Request, o user.Opened) {
	put(w, r, "chop", o.Token, o.Life)
}

// End takes the session from the browser.
func End(w http.ResponseWriter, r *http.Request) {
	drop(w, r, "chop")
	drop(w, r, "chop-firm")
}

// Keep gives the browser a small value until it closes; page and name are the program's own words.
func Keep(w http.ResponseWriter, r *http.Request, name, value string) {
	put(w, r, "chop-"+name, value, 0)
}

// Kept is a value given with Keep, "" without one.
func Kept(r *http.Request, name string) string {
	c, err := r.Cookie(cookieName(about(r.Context()).secure, "chop-"+name))
	if err != nil {
		return ""
	}
	return c.Value
}

// Forget takes a kept value back.
func Forget(w http.ResponseWriter, r *http.Request, name string) { drop(w, r, "chop-"+name) }

const (
	maxFlash  = 2000
	prefsLife = 365 * 24 * time.Hour
)

// Flash shows a message on the next page, after a 303.
func Flash(w http.ResponseWriter, r *http.Request, f page.Flash) {
	raw, err := json.Marshal(f)
	if s := base64.RawURLEncoding.EncodeToString(raw); err == nil && len(s) <= maxFlash {
		Keep(w, r, "flash", s)
	}
}

func (e *Edge) takeFlash(w http.ResponseWriter, r *http.Request) []page.Flash {
	if r.Method != http.MethodGet || r.Header.Get("ChOP-Part") != "" || strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return nil
	}
	s := Kept(r, "flash")
	if s == "" {
		return nil
	}
	Forget(w, r, "flash")
	raw, err := base64.RawURLEncoding.DecodeString(s)
	var f page.Flash
	if err != nil || json.Unmarshal(raw, &f) != nil || f.Text == "" {
		return nil
	}
	if f.Undo != "" {
		f.Undo = Local(f.Undo, "")
	}
	return []page.Flash{f}
}

// Local is an address of this very site, or otherwise: nobody is led elsewhere by a link with ?next=.
func Local(next, otherwise string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t\x00") {
		return otherwise
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, "\\") {
		return otherwise
	}
	return u.RequestURI()
}

func escape(s string) string { return url.QueryEscape(s) }

// visitorFrame is the frame before anybody is known: language and theme from cookies, else from the browser.
func (e *Edge) visitorFrame(r *http.Request) page.Frame {
	f := page.Frame{Lang: lang.Parse(r.Header.Get("Accept-Language")), Now: e.Now(), Path: r.URL.Path, Demo: e.Demo}
	if v := Kept(r, "lang"); v != "" {
		f.Lang = lang.Parse(v)
	}
	if v := Kept(r, "theme"); v == "light" || v == "dark" {
		f.Theme = v
	}
	return f
}

// frame adds the person, their firms and the firm they chose (?firm=, kept in a cookie).
func (e *Edge) frame(w http.ResponseWriter, r *http.Request, f page.Frame, v user.Visit) (page.Frame, error) {
	ctx := r.Context()
	f.Lang, f.Theme = lang.Parse(string(v.Person.Lang)), v.Person.Theme
	f.User = page.User{Name: v.Person.Name, Admin: v.Person.Admin}
	for _, role := range access.Roles {
		for _, has := range v.Principal.Firms {
			if has == role {
				f.User.Roles = append(f.User.Roles, role)
				break
			}
		}
	}
	firms, err := e.Firms.List(ctx)
	if err != nil {
		return f, err
	}
	chosen, asked := Kept(r, "firm"), r.URL.Query().Has("firm")
	if asked {
		chosen = r.URL.Query().Get("firm")
	}
	for _, x := range firms {
		f.Firms = append(f.Firms, page.Firm{ID: x.ID, Name: x.Name, State: page.Calm})
		if x.ID == chosen {
			f.Firm = x.ID
		}
	}
	if asked && r.Method == http.MethodGet {
		Keep(w, r, "firm", f.Firm)
	}
	if len(firms) == 1 && !v.Person.Admin { // an administrator also has the view of all firms
		f.Firm = firms[0].ID
	}
	if e.Fill != nil {
		f = e.Fill(page.WithFrame(ctx, f), f)
	}
	return f, nil
}

// Prefs answers POST /prefs: language (lang=pl|en) and theme (theme=light|dark|system) of the person or visitor, then
// back to where they were.
func (e *Edge) Prefs(w http.ResponseWriter, r *http.Request) {
	p, signed := Person(r.Context())
	if v := r.PostFormValue("lang"); v != "" {
		p.Lang = lang.Parse(v)
		put(w, r, "chop-lang", string(p.Lang), prefsLife)
	}
	if v := r.PostFormValue("theme"); v != "" {
		p.Theme = ""
		if v == "light" || v == "dark" {
			p.Theme = v
		}
		put(w, r, "chop-theme", p.Theme, prefsLife)
	}
	if signed {
		if err := e.Users.Describe(r.Context(), p.Name, p.Lang, p.Theme); err != nil {
			Fail(w, r, err)
			return
		}
	}
	http.Redirect(w, r, Local(r.PostFormValue("back"), "/"), http.StatusSeeOther)
}
