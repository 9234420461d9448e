package people

import (
	"encoding/base64"
	"io"
	"net/http"

	"chop/internal/fault"
	"chop/internal/lang"
	"chop/internal/user"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

func mountMe(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /me", d.me)
	mux.HandleFunc("POST /me", d.describe)
	mux.HandleFunc("POST /me/password", d.password)
	mux.HandleFunc("POST /me/app", d.startApp)
	mux.HandleFunc("POST /me/app/confirm", d.confirmApp)
	mux.HandleFunc("POST /me/app/remove", d.removeApp)
	mux.HandleFunc("POST /me/codes", d.codes)
	mux.HandleFunc("POST /me/sessions/{id}/end", d.endSession)
	mux.HandleFunc("POST /me/passkeys/begin", d.beginPasskey)
	mux.HandleFunc("POST /me/passkeys", d.addPasskey)
	mux.HandleFunc("POST /me/passkeys/{id}/remove", d.removePasskey)
}

// Me is the page of one's own account.
type Me struct {
	Person   user.Person
	Sessions []user.Session
	Keys     []user.Passkey
	Setup    *user.AppKey // a secret that waits for its first code
	Part     string       // the form that Err belongs to
	Err      error
}

func picture(k *user.AppKey) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(k.PNG)
}

func (d Deps) me(w http.ResponseWriter, r *http.Request) { d.own(w, r, "", nil) }

// own shows the account; part names the form that err belongs to.
func (d Deps) own(w http.ResponseWriter, r *http.Request, part string, err error) {
	if err != nil && !mendable(err) {
		session.Fail(w, r, err)
		return
	}
	m, failed := d.load(r)
	if failed != nil {
		session.Fail(w, r, failed)
		return
	}
	m.Part, m.Err = part, err
	status := http.StatusOK
	if err != nil {
		status = session.Status(err)
	}
	session.Render(w, r, status, mePage(m))
}

func (d Deps) load(r *http.Request) (m Me, err error) {
	ctx := r.Context()
	if m.Person, err = d.Users.Self(ctx); err != nil {
		return m, err
	}
	if m.Sessions, err = d.Users.Sessions(ctx, session.Token(ctx)); err != nil {
		return m, err
	}
	if m.Keys, err = d.Users.Passkeys(ctx); err != nil {
		return m, err
	}
	k, err := d.Users.AppKey(ctx)
	if err == nil {
		m.Setup = &k
	}
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return m, err
}

func done(w http.ResponseWriter, r *http.Request, says string) {
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
	http.Redirect(w, r, "/me", http.StatusSeeOther)
}

func (d Deps) describe(w http.ResponseWriter, r *http.Request) {
	err := d.Users.Describe(r.Context(), r.PostFormValue("name"), lang.Tag(r.PostFormValue("lang")), r.PostFormValue("theme"))
	if err != nil {
		d.own(w, r, "about", err)
		return
	}
	done(w, r, "me.saved")
}

func (d Deps) password(w http.ResponseWriter, r *http.Request) {
	o, err := d.Users.ChangePassword(r.Context(), r.PostFormValue("current"), r.PostFormValue("password"), session.Device(r))
	if err != nil {
		d.own(w, r, "password", err)
		return
	}
	session.Begin(w, r, o)
	done(w, r, "me.password.done")
}

func (d Deps) startApp(w http.ResponseWriter, r *http.Request) {
	if _, err := d.Users.StartApp(r.Context(), r.PostFormValue("current")); err != nil {
		d.own(w, r, "app", err)
		return
	}
	http.Redirect(w, r, "/me#app", http.StatusSeeOther)
}

func (d Deps) confirmApp(w http.ResponseWriter, r *http.Request) {
	codes, o, err := d.Users.ConfirmApp(r.Context(), r.PostFormValue("code"), session.Device(r))
	if err != nil {
		d.own(w, r, "app", err)
		return
	}
	session.Begin(w, r, o)
	session.Render(w, r, http.StatusOK, codesPage(codes))
}

func (d Deps) removeApp(w http.ResponseWriter, r *http.Request) {
	if err := d.Users.RemoveApp(r.Context(), r.PostFormValue("current")); err != nil {
		d.own(w, r, "app", err)
		return
	}
	done(w, r, "me.app.removed")
}

func (d Deps) codes(w http.ResponseWriter, r *http.Request) {
	codes, err := d.Users.RenewCodes(r.Context(), r.PostFormValue("current"))
	if err != nil {
		d.own(w, r, "app", err)
		return
	}
	session.Render(w, r, http.StatusOK, codesPage(codes))
}

func (d Deps) endSession(w http.ResponseWriter, r *http.Request) {
	if err := d.Users.EndSession(r.Context(), r.PathValue("id")); err != nil {
		session.Fail(w, r, err)
		return
	}
	done(w, r, "me.sessions.ended")
}

func (d Deps) beginPasskey(w http.ResponseWriter, r *http.Request) {
	c, err := d.Users.StartPasskey(r.Context(), r.PostFormValue("current"))
	if err != nil {
		session.Trouble(w, r, err)
		return
	}
	session.Keep(w, r, "ceremony", c.Token)
	session.JSON(w, c.Options)
}

func (d Deps) addPasskey(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = d.Users.AddPasskey(r.Context(), session.Kept(r, "ceremony"), r.URL.Query().Get("name"), raw)
	}
	session.Forget(w, r, "ceremony")
	if err != nil {
		session.Trouble(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "me.passkeys.added")})
	session.JSON(w, map[string]string{"next": "/me"})
}

func (d Deps) removePasskey(w http.ResponseWriter, r *http.Request) {
	if err := d.Users.RemovePasskey(r.Context(), r.PathValue("id"), r.PostFormValue("current")); err != nil {
		d.own(w, r, "passkeys", err)
		return
	}
	done(w, r, "me.passkeys.removed")
}
