// Package firms serves /firms: the protected firms, their names and the mandate they gave.
package firms

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"chop/internal/access"
	"chop/internal/decision"
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

// byMatrix stands in the form for saying nothing: the authority matrix decides.
const byMatrix = "matrix"

// said is what the firm said about the option, in the words of the form.
func said(s firm.Settings, option string) string {
	if v := s.May(option); v != "" {
		return v
	}
	return byMatrix
}

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
	Ways    []Way
	Matrix  []decision.Authority // what applies where the firm said nothing
	Why     string               // of the change, as typed
	Errors  error
	Archive bool   // the form that ends the guarding is open
	End     string // reason of the end, as typed
	Refused error  // what is wrong with the end
}

// Way leads to another place of the firm.
type Way struct{ Href, Icon, Name string }

var ways = []struct {
	way Way
	may access.Perm
}{
	{Way{"/sources?firm=", "plug-zap", "shell.room.sources"}, access.ViewSources},
	{Way{"/people?firm=", "users", "shell.room.people"}, access.ViewPeople},
	{Way{"/journal?firm=", "file-text", "shell.room.journal"}, access.ViewJournal},
	{Way{"/pulse?firm=", "activity", "pulse.title"}, access.ViewCases},
	{Way{"/engines?firm=", "git-merge", "engines.title"}, access.ManageFirm},
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
	ctx, live := r.Context(), f.Archived.IsZero()
	v := View{Firm: f, Matrix: decision.Matrix(), May: live && access.Check(ctx, access.ManageFirm, f.ID) == nil,
		Close: live && access.CheckAny(ctx, access.Install) == nil, Archive: r.URL.Query().Has("archive")}
	for _, x := range ways {
		if live && access.Check(ctx, x.may, f.ID) == nil {
			v.Ways = append(v.Ways, Way{x.way.Href + url.QueryEscape(f.ID), x.way.Icon, x.way.Name})
		}
	}
	return v
}

func (d Deps) update(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if large(w, r) {
		return
	}
	was, err := d.Firms.Find(ctx, r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	f, why := read(r, was), r.PostFormValue("why")
	_, err = d.Firms.Update(ctx, f, why)
	if fault.Is(err, fault.Invalid) {
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

// large answers a form that does not fit: half of it must not count as the whole.
func large(w http.ResponseWriter, r *http.Request) bool {
	var big *http.MaxBytesError
	err := r.ParseForm()
	if errors.As(err, &big) {
		session.Fail(w, r, err)
		return true
	}
	return false
}

// read is the firm with the form's answers. An answer that is not one of the known keeps what was.
func read(r *http.Request, f firm.Firm) firm.Firm {
	f.Name, f.Trade, f.City = r.PostForm.Get("name"), r.PostForm.Get("trade"), r.PostForm.Get("city")
	f.Lang = lang.Parse(r.PostForm.Get("lang"))
	f.Words = strings.Split(r.PostForm.Get("words"), "\n")
	f.Settings.NetiquettePublished = r.PostForm.Get("netiquette") != ""
	f.Settings.PreauthoriseSpam = r.PostForm.Get("spam") != ""
	f.Settings.DutyPhone = r.PostForm.Get("duty_phone")
	f.Settings.Pause, f.Settings.HoldingLine = r.PostForm.Get("pause") != "", r.PostForm.Get("holding_line")
	for _, x := range risks {
		if r.PostForm.Get("risk") == x.name {
			f.Settings.RiskAversion = x.value
		}
	}
	mandate := maps.Clone(f.Settings.Mandate)
	if mandate == nil {
		mandate = map[string]string{}
	}
	for _, o := range mandated {
		switch v := r.PostForm.Get("may-" + o); v {
		case firm.Tell, firm.Ask, firm.Never:
			mandate[o] = v
		case byMatrix:
			delete(mandate, o)
		}
	}
	f.Settings.Mandate = mandate
	return f
}

func (d Deps) archive(w http.ResponseWriter, r *http.Request) {
	ctx, id := r.Context(), r.PathValue("id")
	why := r.PostFormValue("why")
	err := d.Firms.Archive(ctx, id, why)
	if fault.Is(err, fault.Invalid) {
		f, ferr := d.Firms.Find(ctx, id)
		if ferr != nil {
			session.Fail(w, r, ferr)
			return
		}
		v := view(r, f)
		v.Archive, v.End, v.Refused = true, why, err
		session.Render(w, r, http.StatusUnprocessableEntity, showPage(v))
		return
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(ctx, "firms.archived")})
	http.Redirect(w, r, "/firms?firm=", http.StatusSeeOther)
}

// risks are the three plain answers behind the number of domain/decisions.md, lambda.
var risks = []struct {
	value float64
	name  string
}{{0.5, "bold"}, {1, "usual"}, {2, "careful"}}
