// Package signin is the way in: signing in, the second factor, first run, invitations and a forgotten password.
package signin

import (
	_ "embed"
	"errors"
	"io"
	"net/http"
	"net/url"

	"chop/internal/fault"
	"chop/internal/user"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call.
type Deps struct{ Users *user.Store }

//go:embed passkey.js
var script []byte

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /signin", d.form)
	mux.HandleFunc("POST /signin", d.signIn)
	mux.HandleFunc("GET /signin/code", d.codeForm)
	mux.HandleFunc("POST /signin/code", d.code)
	mux.HandleFunc("GET /signin/passkey.js", passkeyScript)
	mux.HandleFunc("POST /signin/passkey", d.askPasskey)
	mux.HandleFunc("POST /signin/passkey/answer", d.passkey)
	mux.HandleFunc("POST /signout", d.signOut)
	mux.HandleFunc("GET /forgot", forgotForm)
	mux.HandleFunc("POST /forgot", d.forgot)
	mux.HandleFunc("GET /"+user.ResetPath+"/{token}", d.resetForm)
	mux.HandleFunc("POST /"+user.ResetPath+"/{token}", d.reset)
	mux.HandleFunc("GET /"+user.FirstPath+"/{token}", d.firstForm)
	mux.HandleFunc("POST /"+user.FirstPath+"/{token}", d.first)
	mux.HandleFunc("GET /"+user.InvitePath+"/{token}", d.inviteForm)
	mux.HandleFunc("POST /"+user.InvitePath+"/{token}", d.accept)
	mux.HandleFunc("POST /"+user.InvitePath+"/{token}/join", d.join)
}

// Form is what a person typed and what was wrong with it.
type Form struct {
	Email, Name, Firm string
	Next              string
	Action            string
	Err               error
}

func (d Deps) form(w http.ResponseWriter, r *http.Request) {
	next := session.Local(r.URL.Query().Get("next"), "/")
	if _, ok := session.Person(r.Context()); ok {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	session.Render(w, r, http.StatusOK, signInPage(Form{Next: next}))
}

func (d Deps) signIn(w http.ResponseWriter, r *http.Request) {
	if !parsed(w, r) {
		return
	}
	f := Form{Email: r.PostFormValue("email"), Next: session.Local(r.PostFormValue("next"), "/")}
	o, err := d.Users.SignIn(r.Context(), f.Email, r.PostFormValue("password"), session.Device(r))
	if err != nil {
		f.Err = err
		answer(w, r, err, signInPage(f))
		return
	}
	session.Begin(w, r, o)
	enter(w, r, o, f.Next)
}

// enter leads on after a password or link was accepted: to the code when one is still to come.
func enter(w http.ResponseWriter, r *http.Request, o user.Opened, next string) {
	if o.Second {
		next = "/signin/code?next=" + url.QueryEscape(next)
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (d Deps) codeForm(w http.ResponseWriter, r *http.Request) {
	next := session.Local(r.URL.Query().Get("next"), "/")
	if session.Token(r.Context()) == "" {
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return
	}
	session.Render(w, r, http.StatusOK, codePage(Form{Next: next}))
}

func (d Deps) code(w http.ResponseWriter, r *http.Request) {
	if !parsed(w, r) {
		return
	}
	f := Form{Next: session.Local(r.PostFormValue("next"), "/")}
	o, err := d.Users.Second(r.Context(), r.PostFormValue("code"), session.Device(r))
	if err != nil {
		f.Err = err
		if fault.Is(err, fault.Forbidden) {
			session.End(w, r)
			answer(w, r, err, signInPage(f))
			return
		}
		answer(w, r, err, codePage(f))
		return
	}
	session.Begin(w, r, o)
	http.Redirect(w, r, f.Next, http.StatusSeeOther)
}

func (d Deps) signOut(w http.ResponseWriter, r *http.Request) {
	if err := d.Users.SignOut(r.Context(), session.Token(r.Context())); err != nil {
		session.Fail(w, r, err)
		return
	}
	session.End(w, r)
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "signin.out")})
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

func forgotForm(w http.ResponseWriter, r *http.Request) {
	session.Render(w, r, http.StatusOK, forgotPage(Form{}))
}

func (d Deps) forgot(w http.ResponseWriter, r *http.Request) {
	if !parsed(w, r) {
		return
	}
	f := Form{Email: r.PostFormValue("email")}
	if f.Err = d.Users.Forgot(r.Context(), f.Email, page.Lang(r.Context()), session.Device(r)); f.Err != nil {
		answer(w, r, f.Err, forgotPage(f))
		return
	}
	session.Render(w, r, http.StatusOK, sentPage())
}

func (d Deps) resetForm(w http.ResponseWriter, r *http.Request) {
	if err := d.Users.LinkLives(r.Context(), user.ResetPath, r.PathValue("token")); err != nil {
		dead(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, resetPage(Form{Action: r.URL.Path}))
}

func (d Deps) reset(w http.ResponseWriter, r *http.Request) {
	if !parsed(w, r) {
		return
	}
	o, err := d.Users.Reset(r.Context(), r.PathValue("token"), r.PostFormValue("password"), session.Device(r))
	if err != nil {
		answer(w, r, err, resetPage(Form{Action: r.URL.Path, Err: err}))
		return
	}
	session.Begin(w, r, o)
	enter(w, r, o, "/")
}

func (d Deps) firstForm(w http.ResponseWriter, r *http.Request) {
	if err := d.Users.LinkLives(r.Context(), user.FirstPath, r.PathValue("token")); err != nil {
		dead(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, firstPage(Form{Action: r.URL.Path}))
}

func (d Deps) first(w http.ResponseWriter, r *http.Request) {
	if !parsed(w, r) {
		return
	}
	f := Form{Action: r.URL.Path, Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Firm: r.PostFormValue("firm")}
	n := user.Newcomer{Name: f.Name, Email: f.Email, Password: r.PostFormValue("password"), Lang: page.Lang(r.Context())}
	o, made, err := d.Users.First(r.Context(), r.PathValue("token"), n, f.Firm, session.Device(r))
	if err != nil {
		var x *fault.Error
		if errors.As(err, &x) && (x.Code == "firm.name" || x.Code == "firm.long") {
			err = fault.New(x.Kind, x.Code, "max", x.Data["max"]).On("firm")
		}
		f.Err = err
		answer(w, r, err, firstPage(f))
		return
	}
	session.Begin(w, r, o)
	http.Redirect(w, r, "/sources/new?firm="+url.QueryEscape(made.ID), http.StatusSeeOther)
}

func (d Deps) inviteForm(w http.ResponseWriter, r *http.Request) { d.invite(w, r, Form{}) }

func (d Deps) invite(w http.ResponseWriter, r *http.Request, f Form) {
	v, err := d.Users.Invited(r.Context(), r.PathValue("token"))
	if err != nil {
		dead(w, r, err)
		return
	}
	f.Action = "/" + user.InvitePath + "/" + r.PathValue("token")
	p, signed := session.Person(r.Context())
	status := http.StatusOK
	if f.Err != nil {
		status = session.Status(f.Err)
	}
	if status == http.StatusInternalServerError {
		session.Fail(w, r, f.Err)
		return
	}
	session.Render(w, r, status, invitePage(f, v, signed, signed && sameAddress(p.Email, v.Email)))
}

func sameAddress(a, b string) bool {
	_, x, err := user.CleanEmail(a)
	_, y, err2 := user.CleanEmail(b)
	return err == nil && err2 == nil && x == y
}

func (d Deps) accept(w http.ResponseWriter, r *http.Request) {
	if !parsed(w, r) {
		return
	}
	f := Form{Name: r.PostFormValue("name")}
	o, err := d.Users.Accept(r.Context(), r.PathValue("token"), f.Name, r.PostFormValue("password"), page.Lang(r.Context()), session.Device(r))
	if err != nil {
		f.Err = err
		d.invite(w, r, f)
		return
	}
	session.Begin(w, r, o)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (d Deps) join(w http.ResponseWriter, r *http.Request) {
	v, err := d.Users.Join(r.Context(), r.PathValue("token"))
	if err != nil {
		d.invite(w, r, Form{Err: err})
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "signin.invite.joined", "Firm", v.FirmName)})
	http.Redirect(w, r, "/?firm="+url.QueryEscape(v.Firm), http.StatusSeeOther)
}

func passkeyScript(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(script) // the visitor may have gone; there is nobody to tell
}

func (d Deps) askPasskey(w http.ResponseWriter, r *http.Request) {
	c, err := d.Users.AskPasskey(r.Context())
	if err != nil {
		session.Trouble(w, r, err)
		return
	}
	session.Keep(w, r, "ceremony", c.Token)
	session.JSON(w, c.Options)
}

func (d Deps) passkey(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		session.Trouble(w, r, err)
		return
	}
	o, err := d.Users.SignInPasskey(r.Context(), session.Kept(r, "ceremony"), raw, session.Device(r))
	session.Forget(w, r, "ceremony")
	if err != nil {
		session.Trouble(w, r, err)
		return
	}
	session.Begin(w, r, o)
	session.JSON(w, map[string]string{"next": session.Local(r.URL.Query().Get("next"), "/")})
}
