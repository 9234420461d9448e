// Package firms serves /firms: the protected firms, their names and the mandate they gave.
package firms

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct{ Firms *firm.Store }

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /firms", d.list)
	mux.HandleFunc("POST /firms", d.create)
	mux.HandleFunc("GET /firms/{id}", d.show)
	mux.HandleFunc("POST /firms/{id}", d.update)
	mux.HandleFunc("POST /firms/{id}/archive", d.archive)
}

// mandated are the options a firm gives its consent for, in the codes of decision.
var mandated = []string{"reply", "move_private", "hide", "delete", "block", "report", "escalate_legal", "statement"}

// ListView is the page of all firms.
type ListView struct {
	Firms  []firm.Firm
	May    bool // create
	Asked  bool // the form of a new firm is open
	Form   firm.Firm
	Errors error
}

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	d.render(w, r, http.StatusOK, ListView{Asked: r.URL.Query().Has("new")})
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, status int, v ListView) {
	ctx := r.Context()
	if err := access.CheckAny(ctx, access.ViewFirm); err != nil {
		session.Fail(w, r, err)
		return
	}
	var err error
	if v.Firms, err = d.Firms.List(ctx); err != nil {
		session.Fail(w, r, err)
		return
	}
	v.May = access.CheckAny(ctx, access.Install) == nil
	session.Render(w, r, status, listPage(v))
}

func (d Deps) create(w http.ResponseWriter, r *http.Request) {
	f := firm.Firm{Name: r.PostFormValue("name"), Trade: r.PostFormValue("trade"), City: r.PostFormValue("city"),
		Lang: lang.Parse(r.PostFormValue("lang")), Settings: firm.Settings{RiskAversion: 1}}
	made, err := d.Firms.Create(r.Context(), f)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		d.render(w, r, http.StatusUnprocessableEntity, ListView{Asked: true, Form: f, Errors: err})
		return
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "firms.created", "Name", made.Name)})
	http.Redirect(w, r, "/firms/"+made.ID, http.StatusSeeOther)
}

// View is the page of one firm.
type View struct {
	Firm    firm.Firm
	May     bool // change
	Close   bool // archive
	Why     string
	Errors  error
	Archive bool // the form that ends the guarding is open
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	f, err := d.Firms.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, showPage(view(r, f)))
}

func view(r *http.Request, f firm.Firm) View {
	ctx := r.Context()
	return View{Firm: f, May: access.Check(ctx, access.ManageFirm, f.ID) == nil, Close: access.CheckAny(ctx, access.Install) == nil,
		Archive: r.URL.Query().Has("archive")}
}

func (d Deps) update(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f, err := d.Firms.Find(ctx, r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	read(r, &f)
	why := r.PostFormValue("why")
	if _, err = d.Firms.Update(ctx, f, why); fault.Is(err, fault.Invalid) {
		v := view(r, f)
		v.Errors, v.Why = err, why
		session.Render(w, r, http.StatusUnprocessableEntity, showPage(v))
		return
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(ctx, "firms.saved")})
	http.Redirect(w, r, "/firms/"+f.ID, http.StatusSeeOther)
}

// read puts the form's answers into the firm.
func read(r *http.Request, f *firm.Firm) {
	_ = r.ParseForm()
	f.Name, f.Trade, f.City = r.PostForm.Get("name"), r.PostForm.Get("trade"), r.PostForm.Get("city")
	f.Lang = lang.Parse(r.PostForm.Get("lang"))
	f.Words = strings.Split(r.PostForm.Get("words"), "\n")
	f.Settings.NetiquettePublished = r.PostForm.Get("netiquette") != ""
	f.Settings.PreauthoriseSpam = r.PostForm.Get("spam") != ""
	if v, err := strconv.ParseFloat(r.PostForm.Get("risk"), 64); err == nil {
		f.Settings.RiskAversion = v
	}
	f.Settings.Mandate = map[string]string{}
	for _, o := range mandated {
		if v := r.PostForm.Get("may-" + o); v == firm.Tell || v == firm.Never {
			f.Settings.Mandate[o] = v
		}
	}
}

func (d Deps) archive(w http.ResponseWriter, r *http.Request) {
	ctx, id := r.Context(), r.PathValue("id")
	err := d.Firms.Archive(ctx, id, r.PostFormValue("why"))
	if fault.Is(err, fault.Invalid) {
		f, ferr := d.Firms.Find(ctx, id)
		if ferr != nil {
			session.Fail(w, r, ferr)
			return
		}
		v := view(r, f)
		v.Archive, v.Errors = true, err
		session.Render(w, r, http.StatusUnprocessableEntity, showPage(v))
		return
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(ctx, "firms.archived")})
	http.Redirect(w, r, "/firms?"+url.Values{"firm": {""}}.Encode(), http.StatusSeeOther)
}

// risks are the three plain answers behind the number of domain/decisions.md, lambda.
var risks = []struct {
	value float64
	name  string
}{{0.5, "bold"}, {1, "usual"}, {2, "careful"}}
