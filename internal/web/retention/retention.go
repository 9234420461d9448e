// Package retention serves /retention: how long proof is kept, what is past its time, which legal holds wait for a word.
package retention

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"chop/internal/access"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/retention"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the page calls.
type Deps struct {
	Retention *retention.Store
	Evidence  *evidence.Store
}

const path = "/retention"

// Mount puts the page under its addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, d.show)
	mux.HandleFunc("POST "+path+"/rules", d.change)
	mux.HandleFunc("POST "+path+"/erase", d.erase)
	mux.HandleFunc("POST "+path+"/holds/{id}", d.review)
}

const shown = 100

// View is the page.
type View struct {
	Firm  page.Firm
	Rules []retention.Rule
	Due   []retention.Item
	Holds []evidence.Exhibit // whose review is due
	Kept  int                // of Due: those that a hold keeps
	May   bool
	Typed Typed
}

// Typed is what a form held when it could not be kept, and why.
type Typed struct {
	Kind, Days, Why, Hold string
	Err                   error
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) { d.render(w, r, Typed{}) }

func (d Deps) render(w http.ResponseWriter, r *http.Request, typed Typed) {
	f, err := session.Firm(r, access.ViewEvidence)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v, err := d.view(r.Context(), f)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v.Typed = typed
	status := http.StatusOK
	if typed.Err != nil {
		status = session.Status(typed.Err)
	}
	session.Render(w, r, status, retentionPage(v))
}

func (d Deps) view(ctx context.Context, f page.Firm) (View, error) {
	a := access.From(ctx)
	v := View{Firm: f, May: a.Holds(access.Preserve, f.ID) && a.Holds(access.ManageFirm, f.ID)}
	set, err := d.Retention.Rules(ctx, f.ID)
	if err != nil {
		return v, err
	}
	for _, r := range retention.Defaults {
		v.Rules = append(v.Rules, set[r.Kind])
	}
	if v.Due, err = d.Retention.Due(ctx, f.ID, shown); err != nil {
		return v, err
	}
	for _, x := range v.Due {
		if x.Blocked() {
			v.Kept++
		}
	}
	held, _, err := d.Evidence.List(ctx, evidence.Filter{Firm: f.ID, Held: true, Limit: 500})
	for _, e := range held {
		if e.ReviewDue(page.FrameFrom(ctx).Now) {
			v.Holds = append(v.Holds, e)
		}
	}
	return v, err
}

// keep answers a verb: back to the page with a word, or the page again with what was typed.
func (d Deps) keep(w http.ResponseWriter, r *http.Request, err error, typed Typed, says string) {
	var f *fault.Error
	switch {
	case err == nil:
		session.Flash(w, r, page.Flash{Text: says})
		http.Redirect(w, r, path+"?firm="+url.QueryEscape(r.PostFormValue("firm")), http.StatusSeeOther)
	case errors.As(err, &f) && (f.Kind == fault.Invalid || f.Kind == fault.Conflict):
		typed.Err = err
		d.render(w, r, typed)
	default:
		session.Fail(w, r, err)
	}
}

func (d Deps) change(w http.ResponseWriter, r *http.Request) {
	typed := Typed{Kind: r.PostFormValue("kind"), Days: r.PostFormValue("days"), Why: r.PostFormValue("why")}
	days, err := strconv.Atoi(strings.TrimSpace(typed.Days))
	if err != nil {
		days = -1 // outside of every limit: the verb names them
	}
	err = d.Retention.Change(r.Context(), r.PostFormValue("firm"), retention.Kind(typed.Kind), days, typed.Why)
	d.keep(w, r, err, typed, page.T(r.Context(), "retention.changed"))
}

func (d Deps) erase(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		session.Fail(w, r, fault.New(fault.Invalid, "retention.why"))
		return
	}
	why := r.PostFormValue("why")
	n, err := d.Retention.Erase(r.Context(), r.PostFormValue("firm"), r.PostForm["id"], why)
	d.keep(w, r, err, Typed{Kind: "erase", Why: why}, page.N(r.Context(), "retention.erased", n))
}

func (d Deps) review(w http.ResponseWriter, r *http.Request) {
	id, why := r.PathValue("id"), r.PostFormValue("why")
	err := d.Evidence.Review(r.Context(), r.PostFormValue("firm"), id, why)
	d.keep(w, r, err, Typed{Hold: id, Why: why}, page.T(r.Context(), "retention.reviewed"))
}
