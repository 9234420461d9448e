// Package authors serves /authors: the accounts that write to a firm, and the page of one account with its behaviour profile.
package authors

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"chop/internal/access"
	"chop/internal/author"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct {
	Authors  *author.Store
	Mentions *mention.Store
	Evidence *evidence.Store
	Groups   *group.Store
}

const path = "/authors"

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, session.Require(access.ViewProfiles, d.list))
	mux.HandleFunc("GET "+path+"/{key}", session.Require(access.ViewProfiles, d.show))
	mux.HandleFunc("GET "+path+"/{key}/rating", session.Require(access.WorkProfiles, d.blind))
	mux.HandleFunc("POST "+path+"/{key}/rating", session.Require(access.WorkProfiles, d.rate))
	mux.HandleFunc("GET "+path+"/{key}/extract", session.Require(access.WorkProfiles, d.extract(access.WorkProfiles)))
	mux.HandleFunc("GET "+path+"/{key}/package", session.Require(access.LegalProfiles, d.extract(access.LegalProfiles)))
	mux.HandleFunc("GET "+path+"/{key}/look", session.Require(access.Answer, d.flagged))
	mux.HandleFunc("POST "+path+"/{key}/look", session.Require(access.Answer, d.look))
	mux.HandleFunc("POST "+path+"/{key}/legal", session.Require(access.LegalProfiles, d.legal))
	mux.HandleFunc("POST "+path+"/{key}/{verb}", session.Require(access.WorkProfiles, d.act))
}

// At is the address of an account's page.
func At(firm, key string) string { return at(firm, key, "", "") }

// at is an address below an account; more is a further query.
func at(firm, key, below, more string) string {
	if below != "" {
		below = "/" + below
	}
	if more != "" {
		more = "&" + more
	}
	return path + "/" + url.PathEscape(key) + below + "?firm=" + url.QueryEscape(firm) + more
}

// List is the page of accounts.
type List struct {
	Firm page.Firm
	By   string
	Name string
	Skip int
	Rows []author.Listed
	More bool
	Work bool
}

// inList is how many accounts stand on one page.
const inList = 50

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewProfiles)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	q := r.URL.Query()
	v := List{Firm: f, By: q.Get("by"), Name: q.Get("name"), Work: access.From(r.Context()).Holds(access.WorkProfiles, f.ID)}
	if !slices.Contains(author.Orders, v.By) {
		v.By = author.ByGrave
	}
	if n, err := strconv.Atoi(q.Get("skip")); err == nil {
		v.Skip = min(max(n, 0), 100_000)
	}
	v.Rows, v.More, err = d.Authors.List(r.Context(), f.ID, author.Listing{By: v.By, Name: v.Name, Skip: v.Skip, Limit: inList})
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, listPage(v))
}

// at is the address of the list as it is, with an order or a place changed.
func (v List) at(by string, skip int) string {
	q := url.Values{"firm": {v.Firm.ID}, "by": {by}}
	if v.Name != "" {
		q.Set("name", v.Name)
	}
	if skip > 0 {
		q.Set("skip", strconv.Itoa(skip))
	}
	return path + "?" + q.Encode()
}

func (v List) orders(ctx context.Context) (cs []page.Choice) {
	for _, by := range author.Orders {
		cs = append(cs, page.Choice{Text: page.T(ctx, "authors.by."+by), Href: v.at(by, 0), On: v.By == by && v.Name == ""})
	}
	return cs
}

func (v List) pages() page.Pages {
	var p page.Pages
	if v.Skip > 0 {
		p.Newer = v.at(v.By, max(v.Skip-inList, 0))
	}
	if v.More {
		p.Older = v.at(v.By, v.Skip+inList)
	}
	return p
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	d.render(w, r, Form{Verb: q.Get("do"), Vals: q})
}

// render is the page of an account with a form open. The form keeps what a person typed.
func (d Deps) render(w http.ResponseWriter, r *http.Request, form Form) {
	f, err := session.Firm(r, access.ViewProfiles)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := View{Firm: f, Key: r.PathValue("key"), Form: form, Picked: r.URL.Query().Get("version")}
	if n, err := strconv.Atoi(r.URL.Query().Get("skip")); err == nil {
		v.Skip = max(n, 0)
	}
	if err := d.fill(r.Context(), &v); err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, status(form.Err), authorPage(v))
}

func status(slip error) int {
	if slip == nil {
		return http.StatusOK
	}
	return session.Status(slip)
}

// blind is what a second rater sees: what the account did, and no estimate.
func (d Deps) blind(w http.ResponseWriter, r *http.Request) {
	d.renderBlind(w, r, Form{Vals: r.URL.Query()})
}

func (d Deps) renderBlind(w http.ResponseWriter, r *http.Request, form Form) {
	ctx := r.Context()
	f, err := session.Firm(r, access.WorkProfiles)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := View{Firm: f, Key: r.PathValue("key"), Form: form, Work: true}
	if v.P, err = d.Authors.Blind(ctx, f.ID, r.FormValue("profile")); err == nil && v.P.Card.Key != v.Key {
		err = fault.Missing("profile")
	}
	if err == nil {
		err = d.moments(ctx, &v)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, status(form.Err), blindPage(v))
}

// rate takes the second rating.
func (d Deps) rate(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f, err := session.Firm(r, access.WorkProfiles)
	if err == nil {
		err = d.Authors.Rate(ctx, f.ID, r.PostFormValue("profile"), rated(r))
	}
	switch {
	case fault.Is(err, fault.Invalid):
		d.renderBlind(w, r, Form{Vals: r.PostForm, Err: err})
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "authors.done.rating")})
		http.Redirect(w, r, At(f.ID, r.PathValue("key")), http.StatusSeeOther)
	}
}

// rated reads a rating; what is no number is no rating, and the store says so.
func rated(r *http.Request) author.Rated {
	x := author.Rated{Scale: map[string]int{}, Band: -1}
	for _, s := range author.Scales {
		if n, err := strconv.Atoi(r.PostFormValue(s)); err == nil {
			x.Scale[s] = n
		}
	}
	x.Motive = motive(r.PostFormValue("motive"))
	if n, err := strconv.Atoi(r.PostFormValue("band")); err == nil {
		x.Band = n
	}
	return x
}

// flagged is the page of the owner and of a lawyer: whether an account may be a whistle-blower, and for a lawyer the legal marker. It
// shows no profile.
func (d Deps) flagged(w http.ResponseWriter, r *http.Request) { d.renderFlagged(w, r, Form{}) }

func (d Deps) renderFlagged(w http.ResponseWriter, r *http.Request, form Form) {
	ctx := r.Context()
	f, err := session.Firm(r, access.Answer)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := View{Firm: f, Key: r.PathValue("key"), Form: form}
	if access.From(ctx).Holds(access.LegalProfiles, f.ID) {
		l, slip := d.Authors.Legal(ctx, f.ID, v.Key)
		v.Legal, v.P.Flags, err = &l, l.Flags, slip
	} else if v.P.Flags, err = d.Authors.Protected(ctx, f.ID, v.Key); err == nil && len(v.P.Flags) == 0 {
		err = fault.Missing("flag")
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, status(form.Err), lookPage(v))
}

// look records that the owner or a lawyer has looked; legal sets the lawyer's marker.
func (d Deps) look(w http.ResponseWriter, r *http.Request) {
	d.looked(w, r, "look", func(ctx context.Context, firm, key string) error {
		return d.Authors.Look(ctx, firm, key, r.PostFormValue("why"))
	})
}

func (d Deps) legal(w http.ResponseWriter, r *http.Request) {
	d.looked(w, r, "legal", func(ctx context.Context, firm, key string) error {
		l, err := d.Authors.Legal(ctx, firm, key)
		if err == nil && l.Profile == "" {
			err = fault.Missing("profile")
		}
		if err != nil {
			return err
		}
		return d.Authors.MarkLegal(ctx, firm, l.Profile, r.PostFormValue("legal"), r.PostFormValue("why"))
	})
}

func (d Deps) looked(w http.ResponseWriter, r *http.Request, verb string, do func(ctx context.Context, firm, key string) error) {
	ctx, key := r.Context(), r.PathValue("key")
	f, err := session.Firm(r, access.Answer)
	if err == nil {
		err = do(ctx, f.ID, key)
	}
	switch {
	case fault.Is(err, fault.Invalid):
		d.renderFlagged(w, r, Form{Verb: verb, Vals: r.PostForm, Err: err})
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "authors.done."+verb)})
		http.Redirect(w, r, at(f.ID, key, "look", ""), http.StatusSeeOther)
	}
}

// extract is what a firm holds about an account, to be given to its owner: a page to read, or JSON.
func (d Deps) extract(p access.Perm) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := session.Firm(r, p)
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		x, err := d.Authors.Export(r.Context(), f.ID, r.PathValue("key"))
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		write, kind, name := x.HTML, "text/html; charset=utf-8", "wyciag-konta.html"
		if r.URL.Query().Get("format") == "json" {
			write, kind, name = x.JSON, "application/json", "wyciag-konta.json"
		}
		var b bytes.Buffer
		if err := write(&b); err != nil {
			session.Fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(b.Bytes()) // the visitor has gone
	}
}
