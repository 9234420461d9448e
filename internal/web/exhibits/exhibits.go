// Package exhibits is the place of proof: what was sealed, who had it in hand, whether it still holds.
package exhibits

import (
	"context"
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"chop/internal/access"
	"chop/internal/dossier"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call.
type Deps struct {
	Evidence *evidence.Store
	Dossiers *dossier.Store // nil: packages are not shown
}

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /exhibits", d.list)
	mux.HandleFunc("POST /exhibits/verify", d.verifyAll)
	mux.HandleFunc("GET /exhibits/verify", d.leave)
	mux.HandleFunc("GET /exhibits/{id}", d.show)
	mux.HandleFunc("POST /exhibits/{id}/verify", d.verify)
	mux.HandleFunc("GET /exhibits/{id}/verify", d.back)
	mux.HandleFunc("POST /exhibits/{id}/stamp", d.stamp)
	mux.HandleFunc("GET /exhibits/{id}/zip", d.zip)
	mux.HandleFunc("GET /exhibits/{id}/files/{name}", d.file)
}

const perPage = 25

// Row is one exhibit in the list.
type Row struct {
	evidence.Exhibit
	FirmName string
	Custody  int // entries in its chain of custody
}

// ListView is the page of all exhibits.
type ListView struct {
	Rows    []Row
	Firm    string
	Only    string // "", "waits", "held", "fails"
	Tally   evidence.Tally
	Whole   []evidence.Report // of a verification of everything, just made
	Next    string            // address of older ones
	First   bool              // the newest page
	Failing int
}

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	if err := access.CheckAny(r.Context(), access.ViewEvidence); err != nil {
		session.Fail(w, r, err)
		return
	}
	v, err := d.rows(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, listPage(v))
}

func (d Deps) rows(r *http.Request) (ListView, error) {
	ctx, q := r.Context(), r.URL.Query()
	f := page.FrameFrom(ctx)
	v := ListView{Firm: f.Firm, Only: q.Get("only"), First: q.Get("before") == ""}
	ask := evidence.Filter{Firm: f.Firm, Before: q.Get("before"), Limit: perPage}
	switch v.Only {
	case "held":
		ask.Held = true
	case "waits":
		ask.Waits = true
	case "fails":
		ask.Checked = evidence.Fails
	default:
		v.Only = ""
	}
	var err error
	if v.Tally, err = d.Evidence.Count(ctx, f.Firm); err != nil {
		return v, err
	}
	es, next, err := d.Evidence.List(ctx, ask)
	if err != nil {
		return v, err
	}
	for _, e := range es {
		lines, err := d.Evidence.Custody(ctx, e.Firm, e.ID)
		if err != nil {
			return v, err
		}
		row := Row{Exhibit: e, Custody: len(lines)}
		if f.Firm == "" && len(f.Firms) > 1 {
			row.FirmName = firmName(f, e.Firm)
		}
		if standing(e) == evidence.Fails {
			v.Failing++
		}
		v.Rows = append(v.Rows, row)
	}
	if next != "" {
		v.Next = "/exhibits?" + url.Values{"before": {next}, "only": {v.Only}}.Encode()
	}
	return v, nil
}

// verifyAll recomputes every exhibit of the chosen firm, or of each of the person's firms, and shows what came out.
func (d Deps) verifyAll(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := access.CheckAny(ctx, access.ViewEvidence); err != nil {
		session.Fail(w, r, err)
		return
	}
	firms := access.Scope(ctx, access.ViewEvidence)
	if now := page.FrameFrom(ctx).Firm; now != "" {
		firms = []string{now}
	}
	var whole []evidence.Report
	for _, f := range firms {
		rep, err := d.Evidence.VerifyAll(ctx, f)
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		whole = append(whole, rep)
	}
	v, err := d.rows(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v.Whole = whole
	session.Render(w, r, http.StatusOK, listPage(v))
}

// leave leads from the address of a verification to the list: it is made by asking for it, not by looking.
func (d Deps) leave(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/exhibits", http.StatusSeeOther)
}

func firmName(f page.Frame, id string) string {
	for _, x := range f.Firms {
		if x.ID == id {
			return x.Name
		}
	}
	return ""
}

// standing is how an exhibit stands by what is known without verifying it again.
func standing(e evidence.Exhibit) evidence.State {
	switch {
	case !e.Removed.IsZero():
		return evidence.Gone
	case e.Unread || e.Checked == evidence.Fails:
		return evidence.Fails
	}
	return e.Sealed
}

// find looks for the exhibit in every firm in which the person may see evidence, the chosen one first.
func (d Deps) find(r *http.Request) (evidence.Exhibit, error) {
	ctx := r.Context()
	firms := access.Scope(ctx, access.ViewEvidence)
	if now := page.FrameFrom(ctx).Firm; slices.Contains(firms, now) {
		firms = append([]string{now}, firms...)
	}
	for _, f := range firms {
		e, err := d.Evidence.Get(ctx, f, r.PathValue("id"))
		if !fault.Is(err, fault.NotFound) {
			return e, err
		}
	}
	return evidence.Exhibit{}, fault.Missing("exhibit")
}

// View is the page of one exhibit.
type View struct {
	Packages []dossier.Package // it went into
	evidence.Exhibit
	FirmName string
	State    evidence.State
	Lines    []journal.Line
	Stamps   evidence.Stamps
	Receipt  *evidence.Receipt // of a verification just made
	Thread   *Thread           // shown on request, because looking is recorded
	About    string            // address of what it shows
}

// Thread is what an exhibit of a mention holds, as it was sealed.
type Thread struct {
	Title, URL string
	Comments   []page.Comment
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	e, err := d.find(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v := View{Exhibit: e}
	if r.URL.Query().Has("show") && r.Header.Get("ChOP-Part") == "" {
		if v.Thread, err = d.thread(r.Context(), e); err != nil {
			session.Fail(w, r, err)
			return
		}
	}
	d.page(w, r, v)
}

func (d Deps) page(w http.ResponseWriter, r *http.Request, v View) {
	var err error
	if v.Lines, err = d.Evidence.Custody(r.Context(), v.Firm, v.ID); err != nil {
		session.Fail(w, r, err)
		return
	}
	if v.Removed.IsZero() && !v.Forgotten {
		if v.Stamps, err = d.Evidence.Stamps(r.Context(), v.Firm, v.ID); err != nil {
			session.Fail(w, r, err)
			return
		}
	}
	if d.Dossiers != nil {
		if v.Packages, err = d.Dossiers.With(r.Context(), v.Firm, v.ID); err != nil {
			session.Fail(w, r, err)
			return
		}
	}
	v.FirmName, v.State = firmName(page.FrameFrom(r.Context()), v.Firm), standing(v.Exhibit)
	if v.Ref.Kind == "mention" {
		v.About = "/inbox?id=" + url.QueryEscape(v.Ref.ID)
	}
	session.Render(w, r, http.StatusOK, exhibitPage(v))
}

// verify recomputes everything and shows the receipt at once: it is an answer, not a state.
func (d Deps) verify(w http.ResponseWriter, r *http.Request) {
	e, err := d.find(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	rc, err := d.Evidence.Verify(r.Context(), e.Firm, e.ID)
	if err == nil {
		e, err = d.Evidence.Get(r.Context(), e.Firm, e.ID)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	d.page(w, r, View{Exhibit: e, Receipt: &rc})
}

// back leads from the address of a receipt to the exhibit: a receipt is made by asking for it, not by looking.
func (d Deps) back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, string(at("/exhibits", r.PathValue("id"))), http.StatusSeeOther)
}

// attach makes an answer a download that no browser opens as a page of ours.
func attach(h http.Header, name, media string) {
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "no-store")
}

func (d Deps) file(w http.ResponseWriter, r *http.Request) {
	e, err := d.find(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	body, info, err := d.Evidence.File(r.Context(), e.Firm, e.ID, r.PathValue("name"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	attach(w.Header(), e.Code()+"-"+info.Name, "application/octet-stream")
	_, _ = w.Write(body) // the visitor may have gone
}

// zip hands out the bundle. Before its first byte an error is still a page; after it the connection breaks, so that
// half a bundle is never taken for a whole one.
func (d Deps) zip(w http.ResponseWriter, r *http.Request) {
	e, err := d.find(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	out := &late{w: w, name: e.Code() + ".zip"}
	if err := d.Evidence.Export(r.Context(), e.Firm, e.ID, out); err != nil {
		if out.begun {
			slog.Warn("a bundle broke off", "exhibit", e.ID, "error", err)
			panic(http.ErrAbortHandler)
		}
		session.Fail(w, r, err)
	}
}

// late sets the headers with the first byte.
type late struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

func (l *late) Write(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		attach(l.w.Header(), l.name, "application/zip")
	}
	return l.w.Write(p)
}

// sealedItem is a mention as its exhibit holds it.
type sealedItem struct {
	ID     string `json:"id"`
	Author struct {
		Name string `json:"name"`
	} `json:"author"`
	Text   string    `json:"text"`
	At     time.Time `json:"written_at"`
	Rating int       `json:"rating"`
	Parent string    `json:"answers"`
	GoneAt time.Time `json:"gone_at"`
}

// thread opens the sealed thread, or the single item when there is none. Nothing when the exhibit holds neither.
func (d Deps) thread(ctx context.Context, e evidence.Exhibit) (*Thread, error) {
	for _, name := range []string{"thread.json", "item.json"} {
		if !slices.ContainsFunc(e.Files, func(f evidence.FileInfo) bool { return f.Name == name }) {
			continue
		}
		body, _, err := d.Evidence.File(ctx, e.Firm, e.ID, name)
		if err != nil {
			return nil, err
		}
		return readThread(name, body, e.Ref.ID), nil
	}
	return nil, nil
}

// readThread reads what mention.Preserve wrote. What it cannot read it leaves to the download.
func readThread(name string, body []byte, about string) *Thread {
	var sealed struct {
		Post struct {
			Title string `json:"title"`
			URL   string `json:"url"`
		} `json:"post"`
		Comments []sealedItem `json:"comments"`
	}
	if name == "item.json" {
		var one sealedItem
		if json.Unmarshal(body, &one) != nil {
			return nil
		}
		sealed.Comments = []sealedItem{one}
	} else if json.Unmarshal(body, &sealed) != nil {
		return nil
	}
	t := &Thread{Title: sealed.Post.Title, URL: sealed.Post.URL}
	for _, c := range sealed.Comments {
		t.Comments = append(t.Comments, page.Comment{ID: "c-" + c.ID, Author: c.Author.Name, Text: c.Text, At: c.At, Stars: c.Rating,
			Reply: c.Parent != "", Deleted: !c.GoneAt.IsZero(), Selected: c.ID == about})
	}
	return t
}

func at(parts ...string) templ.SafeURL {
	for i := range parts {
		if i > 0 {
			parts[i] = url.PathEscape(parts[i])
		}
	}
	return templ.SafeURL(strings.Join(parts, "/"))
}
