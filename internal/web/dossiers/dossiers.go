// Package dossiers is the place of packages for lawyers: choosing what goes in and for whom, watching one being built,
// handing it out with a reason.
package dossiers

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/dossier"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/web/cases"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call.
type Deps struct {
	Dossiers *dossier.Store
	Evidence *evidence.Store
	Cases    *crisis.Store
}

const path = "/dossiers"

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, d.list)
	mux.HandleFunc("GET "+path+"/new", d.choose)
	mux.HandleFunc("POST "+path, d.order)
	mux.HandleFunc("GET "+path+"/{id}", d.show)
	mux.HandleFunc("POST "+path+"/{id}/file", d.download)
	mux.HandleFunc("GET "+path+"/{id}/file", d.back)
	mux.HandleFunc("POST "+path+"/{id}/removal", d.discard)
}

// Row is a package in the list.
type Row struct {
	dossier.Package
	FirmName string
}

// ListView is the page of all packages.
type ListView struct {
	Rows []Row
	May  bool
}

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := access.CheckAny(ctx, access.ViewEvidence); err != nil {
		session.Fail(w, r, err)
		return
	}
	f := page.FrameFrom(ctx)
	ps, err := d.Dossiers.List(ctx, f.Firm)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := ListView{May: len(access.Scope(ctx, access.ViewEvidence)) > 0}
	for _, p := range ps {
		row := Row{Package: p}
		if f.Firm == "" && len(f.Firms) > 1 {
			row.FirmName = firmName(f, p.Firm)
		}
		v.Rows = append(v.Rows, row)
	}
	session.Render(w, r, http.StatusOK, listPage(v))
}

func firmName(f page.Frame, id string) string {
	for _, x := range f.Firms {
		if x.ID == id {
			return x.Name
		}
	}
	return ""
}

// shown is how many exhibits a firm's builder offers when no case is chosen.
const shown = 200

// ChooseView is the builder.
type ChooseView struct {
	Firm     page.Firm
	Case     *crisis.Case // nil: exhibits are chosen freely
	Cases    []crisis.Case
	Exhibits []evidence.Exhibit
	Form     Form
	Err      error
}

// Form is what was typed.
type Form struct {
	Chosen, Favours                              []string
	Recipient, Why, Operator, ForAuthors, AgeKey string
	Hide                                         string // one word or name in a line
	HideMail                                     bool
	Lang                                         lang.Tag
}

func (f Form) order(of string) dossier.Order {
	return dossier.Order{Case: of, Exhibits: f.Chosen, Recipient: f.Recipient, Why: f.Why, Operator: f.Operator, ForAuthors: f.ForAuthors,
		Favours: f.Favours, Hide: strings.Split(f.Hide, "\n"), HideMail: f.HideMail, AgeKey: f.AgeKey, Lang: f.Lang}
}

func (d Deps) choose(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	form := Form{Operator: page.FrameFrom(r.Context()).User.Name, Lang: page.Lang(r.Context()), Chosen: q["exhibit"]}
	d.builder(w, r, q.Get("case"), form, nil)
}

// builder shows the form, with what is wrong with it.
func (d Deps) builder(w http.ResponseWriter, r *http.Request, of string, form Form, wrong error) {
	v, err := d.fill(r, of, form)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if v.Err = wrong; wrong != nil {
		status = http.StatusUnprocessableEntity
	}
	session.Render(w, r, status, choosePage(v))
}

func (d Deps) fill(r *http.Request, of string, form Form) (v ChooseView, err error) {
	ctx := r.Context()
	v.Form = form
	if of != "" {
		c, err := d.Cases.Find(ctx, of)
		if err != nil {
			return v, err
		}
		v.Case = &c
		v.Firm = page.Firm{ID: c.Firm, Name: firmName(page.FrameFrom(ctx), c.Firm)}
		if v.Exhibits, err = d.Dossiers.OfCase(ctx, c.Firm, c.ID); err != nil {
			return v, err
		}
	} else {
		if v.Firm, err = session.Firm(r, access.ViewEvidence); err != nil {
			return v, err
		}
		if v.Cases, err = d.Cases.List(ctx, v.Firm.ID, false); err != nil {
			return v, err
		}
	}
	if v.Exhibits, err = d.offered(ctx, v); err != nil {
		return v, err
	}
	if v.Case != nil && len(v.Form.Chosen) == 0 {
		for _, e := range v.Exhibits {
			v.Form.Chosen = append(v.Form.Chosen, e.ID)
		}
	}
	return v, nil
}

// offered is the exhibits to choose from, with their titles: those of the case, or the newest of the firm and those already
// chosen.
func (d Deps) offered(ctx context.Context, v ChooseView) (list []evidence.Exhibit, err error) {
	if v.Case == nil {
		if list, _, err = d.Evidence.List(ctx, evidence.Filter{Firm: v.Firm.ID, Limit: shown}); err != nil {
			return nil, err
		}
	}
	have := map[string]bool{}
	for _, e := range list {
		have[e.ID] = true
	}
	var more []string
	for _, e := range v.Exhibits {
		more = append(more, e.ID)
	}
	for _, id := range append(more, v.Form.Chosen...) {
		if have[id] {
			continue
		}
		have[id] = true
		e, err := d.Evidence.Get(ctx, v.Firm.ID, id)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return slices.DeleteFunc(list, func(e evidence.Exhibit) bool { return !e.Removed.IsZero() || e.Forgotten }), nil
}

func (d Deps) order(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		session.Fail(w, r, fault.New(fault.Invalid, "form").Because(err))
		return
	}
	form := Form{Chosen: r.Form["exhibit"], Favours: r.Form["favours"], Recipient: r.FormValue("recipient"), Why: r.FormValue("why"),
		Operator: r.FormValue("operator"), ForAuthors: r.FormValue("for_authors"), AgeKey: r.FormValue("age_key"), Hide: r.FormValue("hide"),
		HideMail: r.FormValue("hide_mail") != "", Lang: lang.Parse(r.FormValue("lang"))}
	of := r.FormValue("case")
	firm, err := d.firmOf(r, of)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	o := form.order(of)
	if len(o.Exhibits) == 0 {
		o.Case = "" // nothing ticked is nothing wanted, not everything
	}
	p, err := d.Dossiers.Make(r.Context(), firm, o)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		d.builder(w, r, of, form, err)
		return
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, string(at(p.ID)), http.StatusSeeOther)
}

func (d Deps) firmOf(r *http.Request, of string) (string, error) {
	if of == "" {
		f, err := session.Firm(r, access.ViewEvidence)
		return f.ID, err
	}
	c, err := d.Cases.Find(r.Context(), of)
	return c.Firm, err
}

// View is the page of one package.
type View struct {
	dossier.Package
	FirmName string
	Exhibits []evidence.Exhibit
	Case     *crisis.Case
	Err      error
}

// find looks for the package in every firm in which the person may see evidence.
func (d Deps) find(r *http.Request) (dossier.Package, error) {
	ctx := r.Context()
	for _, f := range access.Scope(ctx, access.ViewEvidence) {
		p, err := d.Dossiers.Get(ctx, f, r.PathValue("id"))
		if !fault.Is(err, fault.NotFound) {
			return p, err
		}
	}
	return dossier.Package{}, fault.Missing("dossier")
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	p, err := d.find(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	d.page(w, r, View{Package: p})
}

func (d Deps) page(w http.ResponseWriter, r *http.Request, v View) {
	ctx := r.Context()
	v.FirmName = firmName(page.FrameFrom(ctx), v.Firm)
	for _, id := range v.Package.Exhibits {
		e, err := d.Evidence.Get(ctx, v.Firm, id)
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		v.Exhibits = append(v.Exhibits, e)
	}
	if v.Order.Case != "" {
		c, err := d.Cases.Find(ctx, v.Order.Case)
		if err != nil && !fault.Is(err, fault.NotFound) {
			session.Fail(w, r, err)
			return
		}
		if err == nil {
			v.Case = &c
		}
	}
	status := http.StatusOK
	if v.Err != nil {
		status = http.StatusUnprocessableEntity
	}
	if v.Underway() {
		w.Header().Set("Refresh", "15") // for browsers without scripts, and for word that came before the page listened
	}
	session.Render(w, r, status, packagePage(v))
}

// back leads from the address of a file to its package: a file is handed out by asking with a reason, not by looking.
func (d Deps) back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, string(at(r.PathValue("id"))), http.StatusSeeOther)
}

// download hands the file out. Once its first byte has left, an error breaks the connection, so that half a package is never
// taken for a whole one.
func (d Deps) download(w http.ResponseWriter, r *http.Request) {
	p, err := d.find(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	begun := false
	err = d.Dossiers.Download(r.Context(), p.Firm, p.ID, r.FormValue("why"), func(name string, size int64, body func(func([]byte, error) bool)) error {
		h := w.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		h.Set("Content-Length", strconv.FormatInt(size, 10))
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		h.Set("Cache-Control", "no-store")
		for b, err := range body {
			if err != nil {
				return err
			}
			begun = true
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err == nil:
	case begun:
		slog.Warn("a package broke off", "package", p.ID, "error", err)
		panic(http.ErrAbortHandler)
	case fault.Is(err, fault.Invalid):
		d.page(w, r, View{Package: p, Err: err})
	default:
		for _, k := range []string{"Content-Type", "Content-Disposition", "Content-Length"} {
			w.Header().Del(k)
		}
		session.Fail(w, r, err)
	}
}

func (d Deps) discard(w http.ResponseWriter, r *http.Request) {
	p, err := d.find(r)
	if err == nil {
		err = d.Dossiers.Discard(r.Context(), p.Firm, p.ID, r.FormValue("why"))
	}
	var f *fault.Error
	if errors.As(err, &f) && f.Kind == fault.Invalid {
		f.Field = "discard"
		d.page(w, r, View{Package: p, Err: err})
		return
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, string(at(p.ID)), http.StatusSeeOther)
}

func at(parts ...string) templ.SafeURL {
	s := path
	for _, p := range parts {
		s += "/" + url.PathEscape(p)
	}
	return templ.SafeURL(s)
}

func caseTitle(ctx context.Context, c crisis.Case) string {
	return c.Number + " · " + cases.Title(ctx, c)
}
