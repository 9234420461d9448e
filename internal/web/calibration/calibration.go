// Package calibration serves /calibration: how often a firm's forecasts came true, how often people chose otherwise than
// recommended, and the firm's own escalation risks, which only a person puts in force.
package calibration

import (
	"context"
	"net/http"
	"net/url"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/outcome"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct {
	Outcomes *outcome.Store
}

const path = "/calibration"

// Mount puts the page under its addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+path, d.show)
	mux.HandleFunc("GET "+path+"/proposal", d.proposal)
	mux.HandleFunc("POST "+path+"/tunings", d.accept)
	mux.HandleFunc("POST "+path+"/tunings/withdrawal", d.withdraw)
}

func at(firm, part string) string { return path + part + "?" + url.Values{"firm": {firm}}.Encode() }

// View is the page of one firm.
type View struct {
	Firm     page.Firm
	May      bool // put risks in force
	Found    outcome.Calibration
	Tunings  []outcome.Kept
	Proposal *outcome.Proposal
	Err      error  // of the last form
	Form     string // which form it was
	Why      string // what was typed
}

// The forms of the page.
const (
	formAccept   = "accept"
	formWithdraw = "withdraw"
)

func (v View) live() *outcome.Kept {
	if len(v.Tunings) > 0 && v.Tunings[0].Live() {
		return &v.Tunings[0]
	}
	return nil
}

// typed is what stands in the reason of a form again after a mistake.
func (v View) typed(form string) string {
	if v.Form == form {
		return v.Why
	}
	return ""
}

func (v View) wrong(ctx context.Context, form string) string {
	if v.Form != form {
		return ""
	}
	return page.FieldError(ctx, v.Err, "why")
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) { d.render(w, r, false, "", nil) }

func (d Deps) proposal(w http.ResponseWriter, r *http.Request) { d.render(w, r, true, "", nil) }

func (d Deps) render(w http.ResponseWriter, r *http.Request, propose bool, form string, slip error) {
	ctx := r.Context()
	f, err := session.Firm(r, access.ViewMentions)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := View{Firm: f, May: access.From(ctx).Holds(access.ManageFirm, f.ID), Err: slip, Form: form, Why: r.PostFormValue("why")}
	if v.Found, err = d.Outcomes.Calibration(ctx, f.ID); err == nil {
		v.Tunings, err = d.Outcomes.Tunings(ctx, f.ID)
	}
	if err == nil && propose {
		var p outcome.Proposal
		if p, err = d.Outcomes.Propose(ctx, f.ID); err == nil {
			v.Proposal = &p
		}
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if slip != nil {
		status = session.Status(slip)
	}
	session.Render(w, r, status, calibrationPage(v))
}

func (d Deps) accept(w http.ResponseWriter, r *http.Request) {
	d.post(w, r, formAccept, "calibration.done.accepted", func(ctx context.Context, firm string) error {
		return d.Outcomes.Accept(ctx, firm, r.PostFormValue("shown"), r.PostFormValue("why"))
	})
}

func (d Deps) withdraw(w http.ResponseWriter, r *http.Request) {
	d.post(w, r, formWithdraw, "calibration.done.withdrawn", func(ctx context.Context, firm string) error {
		return d.Outcomes.Withdraw(ctx, firm, r.PostFormValue("why"))
	})
}

// post carries out a verb; what a person can put right comes back with the page and what was typed.
func (d Deps) post(w http.ResponseWriter, r *http.Request, form, says string, verb func(ctx context.Context, firm string) error) {
	ctx := r.Context()
	f, err := session.Firm(r, access.ViewMentions)
	if err == nil {
		err = verb(ctx, f.ID)
	}
	switch {
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
		d.render(w, r, form == formAccept, form, err)
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(ctx, says)})
		http.Redirect(w, r, at(f.ID, ""), http.StatusSeeOther)
	}
}
