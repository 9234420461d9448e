// Package pulse serves /pulse: what is ordinary for a firm, when it is told of more, and what it calls an attack on a question.
package pulse

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/pulse"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct{ Beat *pulse.Store }

const path = "/pulse"

// Mount puts the page under its addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, d.show)
	mux.HandleFunc("POST "+path+"/ambush", d.change)
}

// View is the page of one firm.
type View struct {
	Firm     page.Firm
	May      bool // change the rule
	From, To int  // hours in which usually nobody writes
	Quiet    bool // they are known
	Form     Form
	Err      error
}

// Form is the rule as a person typed it. Counts is countLinked or countHostile.
type Form struct{ Accounts, Minutes, Counts, Why string }

const (
	countLinked  = "linked"
	countHostile = "hostile"
)

func formOf(r pulse.Rule) Form {
	f := Form{Accounts: strconv.Itoa(r.Accounts), Minutes: strconv.Itoa(int(r.Within.Minutes())), Counts: countHostile}
	if r.Linked {
		f.Counts = countLinked
	}
	return f
}

// rule reads the form. What is no whole number, or says neither who counts, is a fault of its field.
func (f Form) rule() (r pulse.Rule, err error) {
	n, err := strconv.Atoi(strings.TrimSpace(f.Accounts))
	if err != nil {
		return r, fault.New(fault.Invalid, "pulse.accounts").On("accounts")
	}
	m, err := strconv.Atoi(strings.TrimSpace(f.Minutes))
	if err != nil || m > 24*60 {
		return r, fault.New(fault.Invalid, "pulse.within").On("within")
	}
	if f.Counts != countLinked && f.Counts != countHostile {
		return r, fault.New(fault.Invalid, "pulse.counts").On("counts")
	}
	return pulse.Rule{Accounts: n, Within: time.Duration(m) * time.Minute, Linked: f.Counts == countLinked}, nil
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) { d.render(w, r, nil, nil) }

// render is the page; typed is what a person typed, nil for the rule as it is kept, and slip what was wrong with it.
func (d Deps) render(w http.ResponseWriter, r *http.Request, typed *Form, slip error) {
	ctx := r.Context()
	f, err := session.Firm(r, access.ViewCases)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := View{Firm: f, May: access.From(ctx).Holds(access.ManageFirm, f.ID), Err: slip}
	if err := d.fill(ctx, &v); err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if slip != nil {
		v.Form, status = *typed, session.Status(slip)
	}
	session.Render(w, r, status, pulsePage(v))
}

func (d Deps) fill(ctx context.Context, v *View) (err error) {
	if v.From, v.To, v.Quiet, err = d.Beat.QuietHours(ctx, v.Firm.ID); err != nil {
		return err
	}
	rule, err := d.Beat.Rule(ctx, v.Firm.ID)
	v.Form = formOf(rule)
	return err
}

func (d Deps) change(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f, err := session.Firm(r, access.ViewCases)
	if err == nil {
		err = access.Check(ctx, access.ManageFirm, f.ID)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	form := Form{r.PostFormValue("accounts"), r.PostFormValue("within"), r.PostFormValue("counts"), r.PostFormValue("why")}
	rule, err := form.rule()
	if err == nil {
		err = d.Beat.SetRule(ctx, f.ID, rule, form.Why)
	}
	switch {
	case fault.Is(err, fault.Invalid):
		d.render(w, r, &form, err)
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(ctx, "pulse.saved")})
		http.Redirect(w, r, path+"?"+url.Values{"firm": {f.ID}}.Encode(), http.StatusSeeOther)
	}
}
