// Package groups serves /groups: accounts that act together, each group with what it rests on, what would disprove it, and
// what people decided.
package groups

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/group"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct {
	Groups   *group.Store
	Mentions *mention.Store
	Cases    *crisis.Store
	Evidence *evidence.Store
	Journal  *journal.Store // every list that leaves is on record
	// Hand gives a group to a case, in one transaction.
	Hand func(ctx context.Context, firm, id string, revision int, caseID, why string) error
}

const path = "/groups"

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, d.list)
	mux.HandleFunc("POST "+path+"/unknow", session.Require(access.WorkGroups, d.unknow))
	mux.HandleFunc("GET "+path+"/{id}", d.show)
	mux.HandleFunc("POST "+path+"/{id}/again", d.again)
	mux.HandleFunc("POST "+path+"/{id}/list", session.Require(access.ExportData, d.export))
	mux.HandleFunc("POST "+path+"/{id}/appeal", session.Require(access.WorkGroups, d.appeal))
	mux.HandleFunc("POST "+path+"/{id}/{verb}", session.Require(access.WorkGroups, d.act))
}

// At is the address of a group.
func At(firm, id string) string {
	return path + "/" + url.PathEscape(id) + "?firm=" + url.QueryEscape(firm)
}

func query(s string) string { return url.QueryEscape(s) }

func accountAt(firm, key string) string {
	return "/authors/" + url.PathEscape(key) + "?firm=" + query(firm)
}

// do is the address of the page with a form open.
func (v View) do(verb, more string) templ.SafeURL {
	if more != "" {
		more = "&" + more
	}
	return templ.SafeURL(At(v.Firm.ID, v.G.ID) + "&do=" + verb + more + "#gr-do")
}

// firmOf is the firm of the request, for those who see all its groups and for those who see what was shared.
func firmOf(r *http.Request) (page.Firm, error) {
	f, err := session.Firm(r, access.ViewGroups)
	if fault.Is(err, fault.Forbidden) && access.CheckAny(r.Context(), access.SharedGroups) == nil {
		return session.Firm(r, access.SharedGroups)
	}
	return f, err
}

// List is the page of a firm's groups.
type List struct {
	Firm   page.Firm
	All    bool // with those that count no more
	Rows   []row
	Runs   []group.Run
	Work   bool
	Shared bool // only what was handed to a case is shown
	Known  []group.Known
	Form   Form // of the account whose mark is taken off
}

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	d.listWith(w, r, Form{Verb: r.URL.Query().Get("do"), Vals: r.URL.Query()})
}

func (d Deps) listWith(w http.ResponseWriter, r *http.Request, form Form) {
	ctx := r.Context()
	f, err := firmOf(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	who := access.From(ctx)
	v := List{Firm: f, Form: form, All: r.URL.Query().Get("all") != "", Work: who.Holds(access.WorkGroups, f.ID), Shared: !who.Holds(access.ViewGroups, f.ID)}
	gs, err := d.Groups.List(ctx, f.ID, v.All)
	for _, g := range gs {
		x := row{G: g, Since: since(g)}
		if x.Case, err = d.caseOf(ctx, g); err != nil {
			break
		}
		v.Rows = append(v.Rows, x)
	}
	if err == nil && !v.Shared {
		if v.Runs, err = d.Groups.Runs(ctx, f.ID); err == nil {
			v.Known, err = d.Groups.KnownAccounts(ctx, f.ID)
		}
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, statusOf(form), listPage(v))
}

// caseOf is the case a group was handed to; none when the person may not see it.
func (d Deps) caseOf(ctx context.Context, g group.Group) (*crisis.Case, error) {
	if g.Case == "" || !access.From(ctx).Holds(access.ViewCases, g.Firm) {
		return nil, nil
	}
	c, err := d.Cases.Find(ctx, g.Case)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return &c, err
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	d.render(w, r, Form{Verb: q.Get("do"), Vals: q})
}

// render is the page of a group with a form open. The form keeps what a person typed.
func (d Deps) render(w http.ResponseWriter, r *http.Request, form Form) {
	d.renderWith(w, r, View{Form: form})
}

func (d Deps) renderWith(w http.ResponseWriter, r *http.Request, v View) {
	ctx := r.Context()
	f, err := firmOf(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v.Firm = f
	if v.G, err = d.Groups.Find(ctx, f.ID, r.PathValue("id")); err == nil {
		err = d.fill(ctx, &v, r.FormValue("post"))
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, statusOf(v.Form), groupPage(v))
}

func statusOf(f Form) int {
	if f.Err != nil {
		return session.Status(f.Err)
	}
	return http.StatusOK
}

func orKey(name, key string) string { return cmp.Or(name, key) }
