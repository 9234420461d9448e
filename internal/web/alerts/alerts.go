// Package alerts takes alarms: from a page by a signed-in person, and by a link of one tap without sign-in.
package alerts

import (
	"net/http"
	"net/url"

	"chop/internal/alert"
	"chop/internal/fault"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call. alert.LinkPath must be among the edge's hooks: the button of a phone posts from elsewhere.
type Deps struct{ Alerts *alert.Store }

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("POST /alerts/{id}/acknowledgement", d.acknowledge)
	mux.HandleFunc("GET "+alert.LinkPath+"{token}", d.peek)
	mux.HandleFunc("POST "+alert.LinkPath+"{token}", d.tap)
}

// acknowledge takes an alarm and goes back to where the person was.
func (d Deps) acknowledge(w http.ResponseWriter, r *http.Request) {
	if err := d.Alerts.Acknowledge(r.Context(), r.PathValue("id")); err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "watch.alert.taken")})
	http.Redirect(w, r, session.Local(r.PostFormValue("back"), "/watch"), http.StatusSeeOther)
}

// peek shows the page behind a link. It changes nothing: mail scanners and previews open every link.
func (d Deps) peek(w http.ResponseWriter, r *http.Request) {
	g, err := d.Alerts.Peek(r.Context(), r.PathValue("token"))
	d.answer(w, r, g, err)
}

// tap takes the alarm. Pressing again, reloading and an alarm that somebody else has taken all end at the same page.
func (d Deps) tap(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if _, err := d.Alerts.AcknowledgeByToken(r.Context(), token); err != nil {
		d.answer(w, r, alert.Glance{}, err)
		return
	}
	http.Redirect(w, r, alert.LinkPath+url.PathEscape(token), http.StatusSeeOther)
}

func (d Deps) answer(w http.ResponseWriter, r *http.Request, g alert.Glance, err error) {
	f := page.FrameFrom(r.Context())
	f.Flash = nil
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	switch {
	case fault.Is(err, fault.NotFound):
		session.Render(w, r, http.StatusNotFound, deadPage(f))
	case err != nil:
		session.Fail(w, r, err)
	default:
		if f.User.Name == "" { // a visitor reads the language of the person the link was sent to
			f.Lang = g.Lang
			r = r.WithContext(page.WithFrame(r.Context(), f))
		}
		session.Render(w, r, http.StatusOK, glancePage(f, g))
	}
}
