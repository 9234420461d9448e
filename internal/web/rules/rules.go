// Package rules serves /rules: the label rules that a firm writes itself, tried on its history before they go live.
package rules

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/ownrule"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct {
	Rules    *ownrule.Store
	Mentions *mention.Store
}

const path = "/rules"

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, d.list)
	mux.HandleFunc("GET "+path+"/new", d.blank)
	mux.HandleFunc("GET "+path+"/{id}", d.show)
	mux.HandleFunc("POST "+path, d.write)
	mux.HandleFunc("POST "+path+"/{id}/versions", d.write)
	mux.HandleFunc("POST "+path+"/{id}/trial", d.post(d.try))
	mux.HandleFunc("POST "+path+"/{id}/live", d.post(d.live))
	mux.HandleFunc("POST "+path+"/{id}/off", d.post(d.off))
}

// at is the address of a rule of a firm; of the list when id is empty.
func at(firm, id string) string {
	to := path
	if id != "" {
		to += "/" + url.PathEscape(id)
	}
	return to + "?firm=" + url.QueryEscape(firm)
}

func mayWrite(ctx context.Context, firm string) bool {
	return access.From(ctx).Holds(access.LabelMentions, firm)
}

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	entries, err := d.Rules.List(r.Context(), f.ID)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, listPage(List{Firm: f, May: mayWrite(r.Context(), f.ID), Entries: entries}))
}

// blank is the form of a new rule.
func (d Deps) blank(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err == nil {
		err = access.Check(r.Context(), access.LabelMentions, f.ID)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	d.newPage(w, r, f, Form{Set: ownrule.Set{Does: ownrule.Adds, Label: classify.Complaint}}, nil)
}

func (d Deps) newPage(w http.ResponseWriter, r *http.Request, f page.Firm, form Form, slip error) {
	form.Kinds, form.Err = d.Rules.Kinds(), slip
	session.Render(w, r, status(slip), newPage(f, form))
}

func status(slip error) int {
	if slip == nil {
		return http.StatusOK
	}
	return session.Status(slip)
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) { d.render(w, r, nil, nil) }

// render is the page of a rule. form is what a person typed, nil for the rule as it is kept; slip is what was wrong.
func (d Deps) render(w http.ResponseWriter, r *http.Request, form *Form, slip error) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := View{Firm: f, May: mayWrite(r.Context(), f.ID), Err: slip, Why: r.PostFormValue("why"), Relabel: r.PostFormValue("relabel") != ""}
	if err := d.fill(r.Context(), &v, r.PathValue("id")); err != nil {
		session.Fail(w, r, err)
		return
	}
	if form != nil {
		v.Form.Set, v.Form.Base, v.Form.Err, v.Form.Open = form.Set, form.Base, slip, true
	}
	session.Render(w, r, status(slip), rulePage(v))
}

// write keeps a new rule or a new version.
func (d Deps) write(w http.ResponseWriter, r *http.Request) {
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	form := formOf(r)
	id := r.PathValue("id")
	rule, err := d.Rules.Write(r.Context(), f.ID, id, form.Base, form.Set)
	switch slip := onForm(err); {
	case err == nil:
		session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "rules.done.written"), Sub: page.T(r.Context(), "rules.done.written.sub")})
		http.Redirect(w, r, at(f.ID, rule.ID), http.StatusSeeOther)
	case !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict):
		session.Fail(w, r, err)
	case id == "":
		d.newPage(w, r, f, form, slip)
	default:
		d.render(w, r, &form, slip)
	}
}

// onForm leads what is wrong with label and severity to the one control that holds both.
func onForm(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && (f.Field == "label" || f.Field == "severity") {
		c := *f
		return c.On("does")
	}
	return err
}

// formOf reads the form.
func formOf(r *http.Request) (f Form) {
	f.Base, _ = strconv.Atoi(r.PostFormValue("base")) // what is no number is no version, and the store says so
	f.Name, f.Words, f.Unless = r.PostFormValue("name"), r.PostFormValue("words"), r.PostFormValue("unless")
	does, what, _ := strings.Cut(r.PostFormValue("does"), ":")
	f.Does = ownrule.Does(does)
	if f.Does == ownrule.Raises {
		f.Severity, _ = strconv.Atoi(what) // likewise
	} else {
		f.Label = classify.Label(what)
	}
	f.Channel, f.UnderQuestion = r.PostFormValue("channel"), r.PostFormValue("question") != ""
	if s := r.PostFormValue("stars"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			n = -1
		}
		f.Stars = n
	}
	return f
}

// post carries out a verb on a rule; what a person can put right comes back with the page.
func (d Deps) post(verb func(r *http.Request, firm, id string) (says string, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := session.Firm(r, access.ViewMentions)
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		id := r.PathValue("id")
		says, err := verb(r, f.ID, id)
		switch {
		case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
			d.render(w, r, nil, err)
		case err != nil:
			session.Fail(w, r, err)
		default:
			session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
			http.Redirect(w, r, at(f.ID, id), http.StatusSeeOther)
		}
	}
}

// version is the one the person saw; what is no number is no version.
func version(r *http.Request) int {
	n, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return 0
	}
	return n
}

func (d Deps) try(r *http.Request, firm, id string) (string, error) {
	_, err := d.Rules.Try(r.Context(), firm, id, version(r))
	return "rules.done.tried", err
}

func (d Deps) live(r *http.Request, firm, id string) (string, error) {
	relabel := r.PostFormValue("relabel") != ""
	says := "rules.done.live"
	if relabel {
		says = "rules.done.live.relabel"
	}
	return says, d.Rules.GoLive(r.Context(), firm, id, version(r), r.PostFormValue("why"), relabel)
}

func (d Deps) off(r *http.Request, firm, id string) (string, error) {
	return "rules.done.off", d.Rules.SwitchOff(r.Context(), firm, id, r.PostFormValue("relabel") != "")
}
