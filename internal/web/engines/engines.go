// Package engines is the page of a firm's second engine: whom to ask, what leaves, what it may cost, and how it is doing.
package engines

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"chop/internal/access"
	"chop/internal/classify/remote"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the page calls.
type Deps struct {
	Firms  *firm.Store
	Second *remote.Store
}

// Mount puts the page under its address.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /engines", d.show)
	mux.HandleFunc("POST /engines", d.save)
	mux.HandleFunc("POST /engines/off", d.off)
	mux.HandleFunc("POST /engines/try", d.try)
}

// View is the page of one firm, or the list of firms when none is chosen.
type View struct {
	Firm       firm.Firm
	Firms      []Brief
	Set        remote.Settings
	State      remote.State
	Day, Month remote.Use
	Form       form
	Trial      *remote.Trial
}

// Brief is one firm of the list.
type Brief struct {
	ID, Name string
	State    remote.State
}

// form is what a person sent, kept when it was wrong. part is "save" or "try".
type form struct {
	part string
	url.Values
	err error
}

func (f form) errFor(part string) error {
	if f.part == part {
		return f.err
	}
	return nil
}

// slip is the error when the person can put it right on this page.
func (f form) slip() error {
	if fault.Is(f.err, fault.Invalid) {
		return f.err
	}
	return nil
}

// val is what was typed in the part, or what stands now.
func (f form) val(part, name, now string) string {
	if f.part == part {
		return f.Get(name)
	}
	return now
}

func (f form) checked(name string, now bool) bool {
	if f.part == "save" {
		return f.Get(name) != ""
	}
	return now
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	id := cmp.Or(r.URL.Query().Get("firm"), page.FrameFrom(r.Context()).Firm)
	if id == "" {
		d.list(w, r)
		return
	}
	d.render(w, r, http.StatusOK, id, form{}, nil)
}

// list is the firms whose settings the person manages.
func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := access.CheckAny(ctx, access.ManageFirm); err != nil {
		session.Fail(w, r, err)
		return
	}
	firms, err := d.Firms.List(ctx)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	var v View
	for _, f := range firms {
		if access.Check(ctx, access.ManageFirm, f.ID) != nil {
			continue
		}
		st, err := d.Second.State(ctx, f.ID)
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		v.Firms = append(v.Firms, Brief{f.ID, f.Name, st})
	}
	session.Render(w, r, http.StatusOK, listPage(v))
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, status int, id string, f form, t *remote.Trial) {
	v, err := d.view(r.Context(), id)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v.Form, v.Trial = f, t
	session.Render(w, r, status, enginePage(v))
}

func (d Deps) view(ctx context.Context, id string) (v View, err error) {
	if v.Set, err = d.Second.Settings(ctx, id); err != nil {
		return v, err
	}
	if v.Firm, err = d.Firms.Find(ctx, id); err != nil {
		return v, err
	}
	if v.State, err = d.Second.State(ctx, id); err != nil {
		return v, err
	}
	v.Day, v.Month, err = d.Second.Usage(ctx, id)
	return v, err
}

// read reads a form; what is wrong with it is told and false comes back.
func read(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	if err := r.ParseForm(); err != nil {
		session.Fail(w, r, fault.New(fault.Invalid, "second.unset").Because(err))
		return nil, false
	}
	return r.PostForm, true
}

func (d Deps) save(w http.ResponseWriter, r *http.Request) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	id := in.Get("firm")
	c, err := change(in)
	if may := access.Check(r.Context(), access.ManageFirm, id); may != nil {
		err = may
	}
	if err == nil {
		err = d.Second.Save(r.Context(), c)
	}
	switch {
	case fault.Is(err, fault.Invalid):
		d.render(w, r, http.StatusUnprocessableEntity, id, form{"save", in, err}, nil)
	case err != nil:
		session.Fail(w, r, err)
	default:
		says := "engines.done.saved"
		if c.On {
			says = "engines.done.on"
		}
		back(w, r, id, says)
	}
}

// change reads the form of the settings.
func change(in url.Values) (c remote.Change, err error) {
	c.Settings = remote.Settings{Firm: in.Get("firm"), On: in.Get("do") == "on", URL: in.Get("url"), Model: in.Get("model"), Scope: remote.Scope(in.Get("scope")),
		Thread: in.Get("thread") != "", Names: strings.Split(in.Get("names"), "\n"), Currency: in.Get("currency")}
	c.Key, c.DropKey, c.Accept = in.Get("key"), in.Get("drop") != "", in.Get("accept") != ""
	n, err := strconv.ParseInt(cmp.Or(strings.Join(strings.Fields(in.Get("day")), ""), "0"), 10, 64)
	if err != nil {
		return c, fault.New(fault.Invalid, "second.number").On("day")
	}
	c.DayTokens = n
	for name, to := range map[string]*remote.Money{"month": &c.MonthCost, "in": &c.PriceIn, "out": &c.PriceOut} {
		m, ok := remote.ParseMoney(in.Get(name))
		if !ok {
			return c, fault.New(fault.Invalid, "second.number").On(name)
		}
		*to = m
	}
	return c, nil
}

func (d Deps) off(w http.ResponseWriter, r *http.Request) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	if err := d.Second.SwitchOff(r.Context(), in.Get("firm")); err != nil {
		session.Fail(w, r, err)
		return
	}
	back(w, r, in.Get("firm"), "engines.done.off")
}

// try shows the answer at once instead of sending the browser on: it is kept nowhere that another request could read.
func (d Deps) try(w http.ResponseWriter, r *http.Request) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	id := in.Get("firm")
	t, err := d.Second.Try(r.Context(), id, in.Get("text"))
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Forbidden):
		session.Fail(w, r, err)
	case err != nil && fault.Is(err, fault.Internal):
		session.Fail(w, r, err)
	case err != nil:
		d.render(w, r, session.Status(err), id, form{"try", in, err}, nil)
	default:
		d.render(w, r, http.StatusOK, id, form{part: "try", Values: in}, &t)
	}
}

func back(w http.ResponseWriter, r *http.Request, id, says string) {
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
	http.Redirect(w, r, "/engines?firm="+url.QueryEscape(id), http.StatusSeeOther)
}
