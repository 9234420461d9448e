package owner

import (
	"errors"
	"net/http"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// keep answers a verb: back to the page with a word of thanks, or the page again with what was typed.
func (d Deps) keep(w http.ResponseWriter, r *http.Request, err error, typed Typed, says, anchor string) {
	var f *fault.Error
	switch {
	case err == nil:
		session.Flash(w, r, page.Flash{Text: page.T(r.Context(), says)})
		http.Redirect(w, r, back(r.PostFormValue("firm"), anchor), http.StatusSeeOther)
	case errors.As(err, &f) && (f.Kind == fault.Invalid || f.Kind == fault.Conflict):
		typed.Err = err
		d.render(w, r, session.Status(err), typed)
	default:
		session.Fail(w, r, err)
	}
}

// answer says yes or no to what the firm is asked.
func (d Deps) answer(w http.ResponseWriter, r *http.Request) {
	id, said, words := r.PathValue("id"), r.PostFormValue("answer"), r.PostFormValue("words")
	err := access.Check(r.Context(), access.Answer, r.PostFormValue("firm"))
	switch {
	case err != nil:
	case said == "yes" || said == "no":
		err = d.Consents.Answer(r.Context(), r.PostFormValue("firm"), id, said == "yes", words)
	default:
		err = fault.New(fault.Invalid, "consent.choice")
	}
	d.keep(w, r, err, Typed{Ask: id, Words: words}, "ask.done."+said, "")
}

// call reports a crisis and wakes the person on duty.
func (d Deps) call(w http.ResponseWriter, r *http.Request) {
	words := r.PostFormValue("words")
	_, err := d.Cases.Report(r.Context(), r.PostFormValue("firm"), words)
	d.keep(w, r, err, Typed{Call: words}, "owner.called", "")
}

// submit asks whether a text may be published.
func (d Deps) submit(w http.ResponseWriter, r *http.Request) {
	text := r.PostFormValue("text")
	_, err := d.Consents.Submit(r.Context(), r.PostFormValue("firm"), text)
	d.keep(w, r, err, Typed{Draft: text}, "owner.draft.sent", "#drafts")
}

// review is the guardian's answer to a text.
func (d Deps) review(w http.ResponseWriter, r *http.Request) {
	id, words, fine := r.PathValue("id"), r.PostFormValue("words"), r.PostFormValue("fine")
	err := d.Consents.Review(r.Context(), r.PostFormValue("firm"), id, fine == "yes", words)
	d.keep(w, r, err, Typed{Review: id, Words: words, Fine: fine}, "owner.draft.answered", "#drafts")
}
