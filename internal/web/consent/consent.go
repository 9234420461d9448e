// Package consent shows one question to the firm behind a link that opens on a telephone without sign-in, and takes the
// answer. GET never acts.
package consent

import (
	"net/http"
	"net/url"

	"golang.org/x/time/rate"

	"chop/internal/access"
	"chop/internal/consent"
	"chop/internal/fault"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the page calls. consent.LinkPath must be among the edge's public paths.
type Deps struct{ Consents *consent.Store }

// A person opens a link a few times; a guesser needs many.
const (
	perSecond = rate.Limit(0.5)
	burst     = 20
)

// Mount puts the page under its address.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+consent.LinkPath+"{token}", session.Sparing(perSecond, burst, d.show))
	mux.HandleFunc("POST "+consent.LinkPath+"{token}", session.Sparing(perSecond, burst, d.answer))
}

// show changes nothing: mail scanners and previews open every link.
func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	g, err := d.Consents.Peek(r.Context(), r.PathValue("token"))
	d.render(w, r, http.StatusOK, g, "", nil, err)
}

// answer takes the answer. A reload and a second press end at the same page.
func (d Deps) answer(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	said, words := r.PostFormValue("answer"), r.PostFormValue("words")
	err := fault.New(fault.Invalid, "consent.choice").On("answer")
	if said == "yes" || said == "no" {
		if e := d.Consents.AnswerByToken(r.Context(), token, said == "yes", words); e == nil || fault.Is(e, fault.Conflict) {
			http.Redirect(w, r, consent.LinkPath+url.PathEscape(token), http.StatusSeeOther) // the page says who has answered
			return
		} else if !fault.Is(e, fault.Invalid) {
			d.render(w, r, 0, consent.Glance{}, "", nil, e)
			return
		} else {
			d.again(w, r, token, words, e)
			return
		}
	}
	d.again(w, r, token, words, err)
}

// again shows the form with what was typed and what is wrong.
func (d Deps) again(w http.ResponseWriter, r *http.Request, token, words string, mistake error) {
	g, err := d.Consents.Peek(r.Context(), token)
	d.render(w, r, http.StatusUnprocessableEntity, g, words, mistake, err)
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, status int, g consent.Glance, words string, mistake, err error) {
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
		session.Render(w, r, status, askPage(f, g, words, mistake))
	}
}

// Caption is what a button of a question says; answer is "yes" or "no".
func Caption(answer, kind string, f page.Frame) string {
	if id := "ask." + answer + "." + kind; f.Lang.Has(id) {
		return page.Typo(f.Lang.T(id))
	}
	return page.Typo(f.Lang.T("ask." + answer))
}

func lawyers(q consent.Question) bool { return q.Role == access.Lawyer }
