// Package macros serves /macros: several steps that a person takes with one click, written, tried out in words, switched
// on and off, with their history.
package macros

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/macro"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct{ Macros *macro.Store }

const path = "/macros"

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	may := func(h http.HandlerFunc) http.HandlerFunc { return session.Require(access.ViewMentions, h) }
	mux.HandleFunc("GET "+path, may(d.list))
	mux.HandleFunc("GET "+path+"/new", may(d.blank))
	mux.HandleFunc("GET "+path+"/{id}", may(d.show))
	mux.HandleFunc("POST "+path, may(d.save))
	mux.HandleFunc("POST "+path+"/{id}", may(d.save))
	mux.HandleFunc("POST "+path+"/{id}/on", may(d.turn(true)))
	mux.HandleFunc("POST "+path+"/{id}/off", may(d.turn(false)))
}

// at is the address of a macro of a firm; of the list when id is empty.
func at(firm, id string) string {
	to := path
	if id != "" {
		to += "/" + url.PathEscape(id)
	}
	return to + "?firm=" + url.QueryEscape(firm)
}

// List is the page of a firm's macros.
type List struct {
	Firm page.Firm
	May  bool
	All  []macro.Macro
}

// View is the page of one macro, or of a new one.
type View struct {
	Firm     page.Firm
	M        macro.Macro
	Base     int
	Own      bool
	Err      error
	May      bool
	Versions []macro.Macro
}

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	all, err := d.Macros.List(r.Context(), f.ID)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, listPage(List{Firm: f, May: mayWrite(r.Context(), f.ID), All: all}))
}

func mayWrite(ctx context.Context, firm string) bool {
	return access.From(ctx).Holds(access.Decide, firm)
}

func (d Deps) blank(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err == nil {
		err = access.Check(r.Context(), access.Decide, f.ID)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, macroPage(View{Firm: f, May: true, M: macro.Macro{Firm: f.ID, Live: true, Plan: macro.Plan{Option: decision.Hide}}}))
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	m, err := d.Macros.Find(r.Context(), f.ID, r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	d.render(w, r, View{Firm: f, M: m, Base: m.Version, Own: m.Owner != ""})
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, v View) {
	ctx := r.Context()
	v.May = mayWrite(ctx, v.Firm.ID)
	if v.M.ID != "" {
		var err error
		if v.Versions, err = d.Macros.Versions(ctx, v.Firm.ID, v.M.ID); err != nil {
			session.Fail(w, r, err)
			return
		}
	}
	status := http.StatusOK
	if v.Err != nil {
		status = session.Status(v.Err)
	}
	session.Render(w, r, status, macroPage(v))
}

// save writes a new macro, or a new version of one.
func (d Deps) save(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	ctx := r.Context()
	m, base := read(r, f.ID)
	made, err := d.Macros.Save(ctx, m, base)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		d.render(w, r, View{Firm: f, M: m, Base: base, Own: m.Owner != "", Err: err})
		return
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(ctx, "macros.said.saved", "Name", made.Name)})
	http.Redirect(w, r, at(f.ID, ""), http.StatusSeeOther)
}

// read is what the form says.
func read(r *http.Request, firm string) (m macro.Macro, base int) {
	m = macro.Macro{Firm: firm, ID: r.PathValue("id"), Live: r.PostFormValue("live") != "", Name: r.PostFormValue("name"), Key: r.PostFormValue("key"),
		Why: r.PostFormValue("because")}
	if r.PostFormValue("own") != "" {
		m.Owner = "own"
	}
	for _, l := range r.PostForm["for"] {
		m.Labels = append(m.Labels, classify.Label(l))
	}
	m.Plan = macro.Plan{Option: decision.Option(r.PostFormValue("option")), Why: r.PostFormValue("why"), Until: r.PostFormValue("until"),
		Text: r.PostFormValue("text"), Case: r.PostFormValue("case") != ""}
	for _, l := range r.PostForm["label"] {
		m.Plan.Labels = append(m.Plan.Labels, classify.Label(l))
	}
	m.Plan.Severity, _ = strconv.Atoi(r.PostFormValue("severity"))
	base, _ = strconv.Atoi(r.PostFormValue("base")) // nonsense is no version in force
	return m, base
}

func (d Deps) turn(live bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := session.Firm(r, access.ViewMentions)
		if err == nil {
			err = d.Macros.Switch(r.Context(), f.ID, r.PathValue("id"), live)
		}
		if fault.Is(err, fault.Conflict) {
			session.Flash(w, r, page.Flash{Text: page.FaultText(r.Context(), err)})
			err = nil
		}
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		http.Redirect(w, r, at(f.ID, ""), http.StatusSeeOther)
	}
}

func optionName(ctx context.Context, o decision.Option) string {
	switch o {
	case "":
		return page.T(ctx, "macros.option.none")
	case macro.Seal:
		return page.T(ctx, "waves.option.seal")
	}
	return page.T(ctx, "option."+string(o))
}

// Steps says what a plan does, step by step.
func Steps(ctx context.Context, p macro.Plan) (out []string) {
	switch {
	case p.Option == macro.Seal:
		out = append(out, page.T(ctx, "macros.does.seal"))
	case p.Option == decision.Observe && p.Until != "":
		out = append(out, page.T(ctx, "macros.does.until", "At", page.T(ctx, "inbox.snooze."+p.Until)))
	case p.Option != "":
		out = append(out, optionName(ctx, p.Option))
	}
	if len(p.Labels) > 0 {
		out = append(out, page.T(ctx, "macros.does.labels", "Labels", names(ctx, p.Labels)))
	}
	if p.Case {
		out = append(out, page.T(ctx, "macros.does.case"))
	}
	return out
}

func names(ctx context.Context, ls []classify.Label) string {
	out := make([]string, len(ls))
	for i, l := range ls {
		out[i] = page.LabelName(ctx, l)
	}
	return strings.Join(out, ", ")
}

func allLabels() []classify.Label { return append(slices.Clone(classify.Labels), classify.FakeReview) }

func (v View) options(ctx context.Context) (os []page.Option) {
	for _, o := range macro.Options {
		os = append(os, page.Option{Value: string(o), Text: optionName(ctx, o), Selected: o == v.M.Plan.Option})
	}
	return os
}

func (v View) untils(ctx context.Context) (os []page.Option) {
	for _, u := range macro.Untils {
		text := page.T(ctx, "waves.until.none")
		if u != "" {
			text = page.T(ctx, "inbox.snooze."+u)
		}
		os = append(os, page.Option{Value: u, Text: text, Selected: u == v.M.Plan.Until})
	}
	return os
}

func (v View) keys(ctx context.Context) (os []page.Option) {
	os = append(os, page.Option{Text: page.T(ctx, "macros.key.none")})
	for _, k := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		os = append(os, page.Option{Value: k, Text: k, Selected: k == v.M.Key})
	}
	return os
}

func (v View) weights() (os []page.Option) {
	for n := range 5 {
		os = append(os, page.Option{Value: strconv.Itoa(n), Text: strconv.Itoa(n), Selected: n == v.M.Plan.Severity})
	}
	return os
}

func (v View) action() string {
	if v.M.ID == "" {
		return path
	}
	return path + "/" + url.PathEscape(v.M.ID)
}

func (v View) title(ctx context.Context) string {
	if v.M.ID == "" {
		return page.T(ctx, "macros.new")
	}
	return v.M.Name
}
