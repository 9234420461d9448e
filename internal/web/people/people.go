// Package people is the page of a firm's people and of one's own account.
package people

import (
	"context"
	"net/http"
	"net/url"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/lang"
	"chop/internal/user"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call.
type Deps struct {
	Users *user.Store
	Firms *firm.Store
}

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /people", d.show)
	mux.HandleFunc("POST /people/invite", d.invite)
	mux.HandleFunc("POST /people/withdraw", d.withdraw)
	mux.HandleFunc("POST /people/role", d.role)
	mux.HandleFunc("POST /people/remove", d.remove)
	mux.HandleFunc("POST /people/admin", d.admin)
	mux.HandleFunc("POST /people/close", d.close)
	mux.HandleFunc("POST /people/rescue", d.rescue)
	mux.HandleFunc("POST /people/firms", d.addFirm)
	mountMe(mux, d)
}

// View is the page of one firm's people.
type View struct {
	Firm    firm.Firm
	Members []user.Member
	Open    []user.Invitation
	Self    string
	May     bool // change anything
	Mails   bool

	Sent         user.Invitation // just made; its link is shown this once
	Email, Why   string          // as typed, when something was wrong
	Role         access.Role
	Whom         string // the member whose form was wrong
	Err          error
	InviteFailed bool
}

// House is the page of the whole installation, for administrators.
type House struct {
	Firms  []firm.Firm
	People []user.Person
	Self   string
	Name   string // of the new firm, as typed
	Whom   string
	Link   string // to rescue Whom; shown this once
	Err    error
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if id := page.FrameFrom(ctx).Firm; id != "" {
		d.firm(w, r, id, View{})
		return
	}
	if access.From(ctx).Admin {
		d.house(w, r, House{})
		return
	}
	if err := access.CheckAny(ctx, access.ViewPeople); err != nil {
		session.Fail(w, r, err)
		return
	}
	fs, err := d.Firms.List(ctx)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, choosePage(fs))
}

// firm shows the people of one firm; v brings what a form just did or got wrong.
func (d Deps) firm(w http.ResponseWriter, r *http.Request, id string, v View) {
	status, err := d.fill(r.Context(), id, &v)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, status, firmPage(v))
}

func (d Deps) fill(ctx context.Context, id string, v *View) (status int, err error) {
	if v.Members, err = d.Users.Members(ctx, id); err != nil {
		return 0, err
	}
	if v.Firm, err = d.Firms.Find(ctx, id); err != nil {
		return 0, err
	}
	if v.Open, err = d.Users.Invitations(ctx, id); err != nil {
		return 0, err
	}
	a := access.From(ctx)
	v.Self, v.May, v.Mails = a.User, a.Holds(access.ManagePeople, id), d.Users.Mails()
	if v.Err == nil {
		return http.StatusOK, nil
	}
	if mendable(v.Err) {
		return session.Status(v.Err), nil
	}
	return 0, v.Err
}

// mendable tells whether the person can put the error right in the form.
func mendable(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.Unavailable)
}

func (d Deps) invite(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("firm")
	v := View{Email: r.PostFormValue("email"), Role: access.Role(r.PostFormValue("role"))}
	sent, err := d.Users.Invite(r.Context(), id, v.Email, v.Role, lang.Tag(r.PostFormValue("lang")))
	if err != nil {
		v.Err, v.InviteFailed = err, true
	} else {
		v = View{Sent: sent}
	}
	d.firm(w, r, id, v)
}

func (d Deps) withdraw(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("firm")
	if err := d.Users.Withdraw(r.Context(), id, r.PostFormValue("id")); err != nil {
		session.Fail(w, r, err)
		return
	}
	back(w, r, id, "people.withdrawn")
}

func (d Deps) role(w http.ResponseWriter, r *http.Request) {
	v := View{Whom: r.PostFormValue("user"), Why: r.PostFormValue("why"), Role: access.Role(r.PostFormValue("role"))}
	id := r.PostFormValue("firm")
	if v.Err = d.Users.ChangeRole(r.Context(), id, v.Whom, v.Role, v.Why); v.Err != nil {
		d.firm(w, r, id, v)
		return
	}
	back(w, r, id, "people.changed")
}

func (d Deps) remove(w http.ResponseWriter, r *http.Request) {
	v := View{Whom: r.PostFormValue("user"), Why: r.PostFormValue("why")}
	id := r.PostFormValue("firm")
	if v.Err = d.Users.Remove(r.Context(), id, v.Whom, v.Why); v.Err != nil {
		d.firm(w, r, id, v)
		return
	}
	back(w, r, id, "people.removed")
}

func back(w http.ResponseWriter, r *http.Request, firmID, says string) {
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
	http.Redirect(w, r, "/people?firm="+url.QueryEscape(firmID), http.StatusSeeOther)
}

func (d Deps) house(w http.ResponseWriter, r *http.Request, h House) {
	ctx := r.Context()
	if h.Err != nil && !mendable(h.Err) {
		session.Fail(w, r, h.Err)
		return
	}
	var err error
	if h.People, err = d.Users.People(ctx); err == nil {
		h.Firms, err = d.Firms.List(ctx)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	h.Self = access.From(ctx).User
	status := http.StatusOK
	if h.Err != nil {
		status = session.Status(h.Err)
	}
	session.Render(w, r, status, housePage(h))
}

func (d Deps) admin(w http.ResponseWriter, r *http.Request) {
	h := House{Whom: r.PostFormValue("user")}
	h.Err = d.Users.SetAdmin(r.Context(), h.Whom, r.PostFormValue("admin") == "yes", r.PostFormValue("why"))
	d.ruled(w, r, h)
}

func (d Deps) close(w http.ResponseWriter, r *http.Request) {
	h := House{Whom: r.PostFormValue("user")}
	h.Err = d.Users.Disable(r.Context(), h.Whom, r.PostFormValue("closed") == "yes", r.PostFormValue("why"))
	d.ruled(w, r, h)
}

func (d Deps) rescue(w http.ResponseWriter, r *http.Request) {
	h := House{Whom: r.PostFormValue("user")}
	h.Link, h.Err = d.Users.Rescue(r.Context(), h.Whom, r.PostFormValue("why"))
	d.house(w, r, h)
}

func (d Deps) ruled(w http.ResponseWriter, r *http.Request, h House) {
	if h.Err != nil {
		d.house(w, r, h)
		return
	}
	back(w, r, "", "people.account.changed")
}

func (d Deps) addFirm(w http.ResponseWriter, r *http.Request) {
	h := House{Name: r.PostFormValue("name")}
	f, err := d.Firms.Create(r.Context(), firm.Firm{Name: h.Name, City: r.PostFormValue("city"),
		Trade: r.PostFormValue("trade"), Lang: page.Lang(r.Context())})
	if h.Err = err; err != nil {
		d.house(w, r, h)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "people.firms.made", "Firm", f.Name)})
	http.Redirect(w, r, "/people?firm="+url.QueryEscape(f.ID), http.StatusSeeOther)
}
