// Package journal serves /journal: who did what to what, and why.
package journal

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct{ Journal *journal.Store }

// Mount puts the page under its address.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /journal", d.show)
	mux.HandleFunc("POST /journal", d.verify)
}

// kinds are the beginnings of verbs a reader may choose among.
var kinds = []string{"decision.", "action.", "case.", "mention.", "exhibit.", "alert.", "duty.", "source.", "person.", "firm."}

// View is the page.
type View struct {
	Firm    page.Firm
	Firms   []page.Firm // to choose from
	Kind    string
	Lines   []journal.Line
	Older   string
	First   bool
	Checked bool
	Count   int // lines checked
	Unsound int
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	v, err := d.view(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, showPage(v))
}

// verify checks every line of the firm against the ledger and shows the result.
func (d Deps) verify(w http.ResponseWriter, r *http.Request) {
	v, err := d.view(r)
	if err == nil {
		var bad []string
		v.Count, bad, err = d.Journal.Verify(r.Context(), v.Firm.ID)
		v.Checked, v.Unsound = true, len(bad)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, showPage(v))
}

func (d Deps) view(r *http.Request) (v View, err error) {
	ctx := r.Context()
	f := page.FrameFrom(ctx)
	may := access.Scope(ctx, access.ViewJournal)
	for _, x := range f.Firms {
		if slices.Contains(may, x.ID) {
			v.Firms = append(v.Firms, x)
		}
	}
	if len(v.Firms) == 0 {
		return v, fault.New(fault.Forbidden, "forbidden", "perm", string(access.ViewJournal))
	}
	v.Firm = v.Firms[0]
	for _, x := range v.Firms {
		if x.ID == f.Firm {
			v.Firm = x
		}
	}
	q := r.URL.Query()
	if slices.Contains(kinds, q.Get("kind")) {
		v.Kind = q.Get("kind")
	}
	v.First = q.Get("before") == ""
	lines, next, err := d.Journal.List(ctx, v.Firm.ID, journal.Filter{Verb: v.Kind}, journal.Page{Before: q.Get("before"), Limit: 50})
	if err != nil {
		return v, err
	}
	v.Lines = lines
	if next != "" {
		v.Older = v.address(v.Kind, next)
	}
	return v, nil
}

func (v View) address(kind, before string) string {
	q := url.Values{"firm": {v.Firm.ID}}
	if kind != "" {
		q.Set("kind", kind)
	}
	if before != "" {
		q.Set("before", before)
	}
	return "/journal?" + q.Encode()
}

// sentence is the verb in words; a verb without a message stands as it is.
func sentence(ctx context.Context, verb string) string {
	if page.Lang(ctx).Has("journal." + verb) {
		return page.T(ctx, "journal."+verb)
	}
	return verb
}

// address of the thing a line is about, empty when it has no page.
func address(l journal.Line) string {
	switch l.Ref.Kind {
	case "mention":
		return "/inbox?m=" + url.QueryEscape(l.Ref.ID)
	case "case":
		return "/cases/" + url.PathEscape(l.Ref.ID)
	case "exhibit":
		return "/exhibits/" + url.PathEscape(l.Ref.ID)
	case "source":
		return "/sources/" + url.PathEscape(l.Ref.ID)
	case "firm":
		return "/firms/" + url.PathEscape(l.Ref.ID)
	}
	return ""
}
