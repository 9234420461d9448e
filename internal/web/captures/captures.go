// Package captures is the place where a person brings something into the vault: the address of a page, or files that show
// what ChOP cannot reach.
package captures

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/browser"
	"chop/internal/capture"
	"chop/internal/crisis"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call.
type Deps struct {
	Captures *capture.Store
	Cases    *crisis.Store
	Origin   string // how people reach us, for the bookmark
}

// Path is the place itself. Its forms take files of up to capture.MaxHandIn bytes; the edge must let that much through.
const (
	Path      = "/captures"
	FilesPath = Path + "/files"
	SharePath = Path + "/share"
)

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+Path, d.show)
	mux.HandleFunc("POST "+Path+"/pages", d.ask)
	mux.HandleFunc("POST "+Path+"/files", d.files)
	mux.HandleFunc("POST "+Path+"/share", d.share)
	mux.HandleFunc("GET "+Path+"/share", d.home)
	mux.HandleFunc("POST "+Path+"/{id}/retry", d.retry)
	mux.HandleFunc("POST "+Path+"/setting", d.setting)
}

// View is the page.
type View struct {
	Firms   []page.Firm // in which the person may preserve
	Firm    string
	Typed   capture.HandIn // what was typed, or came with the address
	Form    string         // which form the error belongs to: "page" or "files"
	Err     error
	Again   bool
	Cases   []crisis.Case
	Shots   []Row
	Setting *capture.Setting // of the chosen firm, for those who may change it
	Mark    string           // address of the bookmark
	Lost    bool             // files were shared and could not be kept: no firm was chosen
}

// Row is one look in the list.
type Row struct {
	capture.Shot
	FirmName string
}

// home leads from the address of a telephone's share, opened again, to the place.
func (d Deps) home(w http.ResponseWriter, r *http.Request) {
	if err := access.CheckAny(r.Context(), access.Preserve); err != nil {
		session.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	v := View{Again: true, Typed: capture.HandIn{URL: clip(q.Get("url")), Text: clip(q.Get("text")), Mention: clip(q.Get("mention")), Case: clip(q.Get("case"))}}
	d.render(w, r, v, http.StatusOK)
}

// clip keeps an address from carrying more than a form would take.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) > 4000 {
		s = strings.ToValidUTF8(s[:4000], "")
	}
	return s
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, v View, status int) {
	ctx := r.Context()
	if err := access.CheckAny(ctx, access.Preserve); err != nil {
		session.Fail(w, r, err)
		return
	}
	if err := d.fill(ctx, &v); err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, status, capturesPage(v))
}

func (d Deps) fill(ctx context.Context, v *View) error {
	f := page.FrameFrom(ctx)
	v.Firms = preserving(ctx)
	if v.Firm == "" {
		v.Firm = f.Firm
	}
	if len(v.Firms) == 1 {
		v.Firm = v.Firms[0].ID
	}
	v.Mark = bookmark(d.Origin)
	shots, err := d.Captures.List(ctx, f.Firm)
	if err != nil {
		return err
	}
	for _, s := range shots {
		row := Row{Shot: s}
		if f.Firm == "" && len(f.Firms) > 1 {
			row.FirmName = nameOf(f, s.Firm)
		}
		v.Shots = append(v.Shots, row)
	}
	if len(access.Scope(ctx, access.ViewCases)) > 0 {
		if v.Cases, err = d.Cases.List(ctx, v.Firm, true); err != nil {
			return err
		}
	}
	if v.Firm != "" && access.Check(ctx, access.ManageFirm, v.Firm) == nil {
		set, err := d.Captures.Setting(ctx, v.Firm)
		if err != nil {
			return err
		}
		v.Setting = &set
	}
	return nil
}

func preserving(ctx context.Context) (fs []page.Firm) {
	a := access.From(ctx)
	for _, f := range page.FrameFrom(ctx).Firms {
		if a.Holds(access.Preserve, f.ID) {
			fs = append(fs, f)
		}
	}
	return fs
}

func nameOf(f page.Frame, id string) string {
	for _, x := range f.Firms {
		if x.ID == id {
			return x.Name
		}
	}
	return ""
}

// bookmark opens our page with the address, the title and the chosen words of the page a person looks at. It runs in their
// browser, on that page, and sends nothing by itself: the person sees the form first.
func bookmark(origin string) string {
	return "javascript:(()=>{const s=String(getSelection()).slice(0,2000);open(" + quoted(origin+Path) +
		"+'?url='+encodeURIComponent(location.href)+'&text='+encodeURIComponent((document.title+(s?'\\n'+s:''))),'_blank','noopener')})()"
}

func quoted(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }

func (d Deps) ask(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		session.Fail(w, r, fault.New(fault.Invalid, "form").Because(err))
		return
	}
	f := r.PostForm
	wish := capture.Wish{Firm: f.Get("firm"), URL: f.Get("url"), Why: f.Get("why"), Mention: f.Get("mention"), Case: f.Get("case"), Again: f.Get("again") != ""}
	shot, err := d.Captures.Ask(r.Context(), wish)
	if err == nil {
		http.Redirect(w, r, Path+"#s-"+url.PathEscape(shot.ID), http.StatusSeeOther)
		return
	}
	d.again(w, r, View{Firm: wish.Firm, Form: "page", Err: err, Again: wish.Again, Typed: capture.HandIn{URL: wish.URL, Why: wish.Why, Mention: wish.Mention, Case: wish.Case}})
}

// again shows the form with what was typed when the person can mend it.
func (d Deps) again(w http.ResponseWriter, r *http.Request, v View) {
	switch fault.KindOf(v.Err) {
	case fault.Invalid, fault.Conflict:
		d.render(w, r, v, http.StatusUnprocessableEntity)
	default:
		session.Fail(w, r, v.Err)
	}
}

const uploadTime = 15 * time.Minute // for a slow line

func (d Deps) files(w http.ResponseWriter, r *http.Request) {
	h, err := read(w, r)
	var x evidence.Exhibit
	if err == nil {
		x, err = d.Captures.HandIn(r.Context(), h)
	}
	if err != nil {
		d.again(w, r, View{Firm: h.Firm, Form: "files", Err: err, Again: true, Typed: h})
		return
	}
	d.received(w, r, x)
}

// received leads to the exhibit, where the person sees the digests of what was kept.
func (d Deps) received(w http.ResponseWriter, r *http.Request, x evidence.Exhibit) {
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "captures.received", "Code", x.Code())})
	http.Redirect(w, r, "/exhibits/"+url.PathEscape(x.ID), http.StatusSeeOther)
}

// share takes what a telephone shares with the installed page. Telephones put the address into the text. What came is kept at
// once for the firm that is chosen; who works for several and chose none sees the form with the words, and has to add the
// files again.
func (d Deps) share(w http.ResponseWriter, r *http.Request) {
	h, err := read(w, r)
	if err != nil {
		d.again(w, r, View{Form: "files", Err: err, Again: true, Typed: h})
		return
	}
	if h.URL == "" {
		h.URL = addressIn(h.Text)
	}
	if h.Firm = page.FrameFrom(r.Context()).Firm; h.Firm == "" {
		if fs := preserving(r.Context()); len(fs) == 1 {
			h.Firm = fs[0].ID
		}
	}
	if h.Firm == "" || len(h.Files) == 0 {
		d.render(w, r, View{Firm: h.Firm, Again: true, Typed: h, Lost: len(h.Files) > 0}, http.StatusOK)
		return
	}
	x, err := d.Captures.HandIn(r.Context(), h)
	if err != nil {
		d.again(w, r, View{Firm: h.Firm, Form: "files", Err: err, Again: true, Typed: h})
		return
	}
	d.received(w, r, x)
}

func addressIn(text string) string {
	for _, w := range strings.Fields(text) {
		if strings.HasPrefix(w, "https://") || strings.HasPrefix(w, "http://") {
			if _, err := browser.CheckURL(w); err == nil {
				return w
			}
		}
	}
	return ""
}

// read takes the form of files apart.
func read(w http.ResponseWriter, r *http.Request) (h capture.HandIn, err error) {
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return h, err
	}
	mr, err := r.MultipartReader()
	if err != nil {
		return h, fault.New(fault.Invalid, "handin.nothing").On("files").Because(err)
	}
	total := int64(0)
	for {
		p, err := mr.NextPart()
		if err == io.EOF {
			return h, nil
		}
		if err != nil {
			return h, broken(err)
		}
		body, err := io.ReadAll(io.LimitReader(p, capture.MaxHandIn+1-total))
		if err != nil {
			return h, broken(err)
		}
		if total += int64(len(body)); total > capture.MaxHandIn {
			return h, fault.New(fault.Invalid, "handin.large", "Name", p.FileName(), "File", capture.MaxFile>>20, "All", capture.MaxHandIn>>20).On("files")
		}
		put(&h, p.FormName(), p.FileName(), body)
		if len(h.Files) > capture.MaxFiles {
			return h, fault.New(fault.Invalid, "handin.files", "Max", capture.MaxFiles).On("files")
		}
	}
}

// put files one part of the form. An empty file field is no file.
func put(h *capture.HandIn, field, file string, body []byte) {
	switch field {
	case "firm":
		h.Firm = string(body)
	case "url":
		h.URL = strings.TrimSpace(string(body))
	case "text":
		h.Text = strings.TrimSpace(h.Text + "\n" + string(body))
	case "title":
		h.Text = strings.TrimSpace(string(body) + "\n" + h.Text)
	case "why":
		h.Why = string(body)
	case "case":
		h.Case = string(body)
	case "mention":
		h.Mention = string(body)
	case "files":
		if file != "" || len(body) > 0 {
			h.Files = append(h.Files, evidence.File{Name: file, Body: body})
		}
	}
}

func broken(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return fault.New(fault.Invalid, "handin.large", "Name", "", "File", capture.MaxFile>>20, "All", capture.MaxHandIn>>20).On("files")
	}
	return fault.New(fault.Invalid, "handin.broken").On("files").Because(err)
}

func (d Deps) retry(w http.ResponseWriter, r *http.Request) {
	shot, err := d.Captures.Retry(r.Context(), r.FormValue("firm"), r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, Path+"#s-"+url.PathEscape(shot.ID), http.StatusSeeOther)
}

func (d Deps) setting(w http.ResponseWriter, r *http.Request) {
	err := d.Captures.Set(r.Context(), r.FormValue("firm"), capture.Setting{Serious: r.FormValue("serious") != "", Deed: r.FormValue("deed") != ""})
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "captures.setting.kept")})
	http.Redirect(w, r, Path, http.StatusSeeOther)
}
