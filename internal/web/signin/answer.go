package signin

import (
	"net/http"

	"github.com/a-h/templ"

	"chop/internal/fault"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// parsed reads the form; what cannot be read has been answered.
func parsed(w http.ResponseWriter, r *http.Request) bool {
	if err := r.ParseForm(); err != nil {
		if session.Status(err) == http.StatusInternalServerError {
			err = fault.New(fault.Invalid, "form").Because(err)
		}
		session.Fail(w, r, err)
		return false
	}
	return true
}

// answer shows the form again with what was wrong, or the error page when that is nothing the person can mend here.
func answer(w http.ResponseWriter, r *http.Request, err error, form templ.Component) {
	switch {
	case fault.Is(err, fault.Internal):
		session.Fail(w, r, err)
	case fault.Is(err, fault.NotFound):
		dead(w, r, err)
	default:
		session.Render(w, r, session.Status(err), form)
	}
}

// dead says that a link no longer works.
func dead(w http.ResponseWriter, r *http.Request, err error) {
	if !fault.Is(err, fault.NotFound) {
		session.Fail(w, r, err)
		return
	}
	f := page.FrameFrom(r.Context())
	f.User = page.User{} // the same page for everybody
	session.Render(w, r, http.StatusNotFound, page.ErrorPage(f, http.StatusNotFound,
		page.T(r.Context(), "signin.dead.title"), page.T(r.Context(), "signin.dead.text"), ""))
}
