package sources

import (
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/source/table"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

const (
	previewRows = 8
	shownRows   = 50               // problems on the page; the rest is in the file to download
	uploadTime  = 15 * time.Minute // for a slow line: 100 MB at 1 Mbit/s
)

// UploadView is the page where a file is chosen.
type UploadView struct {
	Firms   []page.Firm
	Firm    string
	Channel string
	Runs    []mention.Import
	Err     error
}

func (d Deps) uploadView(r *http.Request) (UploadView, error) {
	ctx := r.Context()
	v := UploadView{Firms: managed(ctx), Firm: page.FrameFrom(ctx).Firm, Channel: r.URL.Query().Get("channel")}
	if err := access.CheckAny(ctx, access.ManageSources); err != nil {
		return v, err
	}
	for _, f := range v.Firms {
		if v.Firm != "" && f.ID != v.Firm {
			continue
		}
		runs, err := d.Importer.Imports(ctx, f.ID)
		if err != nil {
			return v, err
		}
		v.Runs = append(v.Runs, runs...)
	}
	slices.SortFunc(v.Runs, func(a, b mention.Import) int { return b.CreatedAt.Compare(a.CreatedAt) })
	v.Runs = v.Runs[:min(len(v.Runs), 10)]
	return v, nil
}

func (d Deps) upload(w http.ResponseWriter, r *http.Request) {
	v, err := d.uploadView(r)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, uploadPage(v))
}

func (d Deps) receive(w http.ResponseWriter, r *http.Request) {
	// A large file over a slow line takes longer than an ordinary request may.
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		session.Fail(w, r, err)
		return
	}
	run, channel, err := d.parts(r)
	if err == nil {
		http.Redirect(w, r, runPath(run.ID, channel), http.StatusSeeOther)
		return
	}
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		err = fault.New(fault.Invalid, "import.too_large", "Limit", mention.MaxImport>>20).On("file")
	}
	if !mendable(err) {
		session.Fail(w, r, err)
		return
	}
	v, verr := d.uploadView(r)
	if verr != nil {
		session.Fail(w, r, verr)
		return
	}
	v.Err, v.Channel = err, channel
	session.Render(w, r, http.StatusUnprocessableEntity, uploadPage(v))
}

func runPath(id, channel string) string {
	p := ImportPath + "/" + url.PathEscape(id)
	if channel != "" {
		p += "?channel=" + url.QueryEscape(channel)
	}
	return p
}

// parts reads the form as it comes: the firm stands before the file, and the file goes to disk without resting here.
func (d Deps) parts(r *http.Request) (run mention.Import, channel string, err error) {
	mr, err := r.MultipartReader()
	if err != nil {
		return run, "", fault.New(fault.Invalid, "import.nothing").On("file").Because(err)
	}
	firm := ""
	for {
		p, err := mr.NextPart()
		if err == io.EOF {
			return run, channel, fault.New(fault.Invalid, "import.nothing").On("file")
		}
		if err != nil {
			return run, channel, cut(err)
		}
		switch p.FormName() {
		case "firm", "channel":
			raw, err := io.ReadAll(io.LimitReader(p, 1000))
			if err != nil {
				return run, channel, cut(err)
			}
			if p.FormName() == "firm" {
				firm = string(raw)
			} else {
				channel = shorten(string(raw))
			}
		case "file":
			if p.FileName() == "" {
				return run, channel, fault.New(fault.Invalid, "import.nothing").On("file")
			}
			run, err = d.Importer.Receive(r.Context(), firm, p.FileName(), p)
			return run, channel, err
		}
	}
}

// cut is a form that broke off; a body over the edge's limit keeps its own error.
func cut(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return err
	}
	return fault.New(fault.Invalid, "import.cut").On("file").Because(err)
}

// RunView is one import: the mapping while it is a draft, its progress and result later.
type RunView struct {
	mention.Import
	FirmName string
	Channel  string
	Preview  mention.Preview
	Kept     []string // names of the firm's mappings
	Problems []mention.ImportProblem
	Preset   string // as typed
	Saved    bool
	Err      error
	Fault    string // why the import ended early
}

func (d Deps) run(w http.ResponseWriter, r *http.Request) {
	run, err := d.Importer.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	d.runPage(w, r, RunView{Import: run, Channel: r.URL.Query().Get("channel")})
}

func (d Deps) runPage(w http.ResponseWriter, r *http.Request, v RunView) {
	ctx := r.Context()
	v.FirmName = firmName(page.FrameFrom(ctx), v.Firm)
	if v.State != mention.ImportDraft {
		d.progress(w, r, v)
		return
	}
	var err error
	v.Preview, err = d.Importer.Preview(ctx, v.ID, previewRows)
	if mendable(err) && v.Err == nil {
		v.Err, err = err, nil
	}
	kept, kerr := d.Importer.Mappings(ctx, v.Firm)
	if err == nil {
		err = kerr
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v.Kept = slices.Sorted(maps.Keys(kept))
	if v.Channel == "" {
		v.Channel = strings.TrimSuffix(v.Name, filepath.Ext(v.Name))
	}
	status := http.StatusOK
	if v.Err != nil {
		status = http.StatusUnprocessableEntity
	}
	session.Render(w, r, status, mappingPage(v))
}

func (d Deps) progress(w http.ResponseWriter, r *http.Request, v RunView) {
	ctx := r.Context()
	var err error
	if v.Problems, err = d.Importer.Trouble(ctx, v.Import, 0, shownRows); err != nil {
		session.Fail(w, r, err)
		return
	}
	v.Channel = v.Import.Channel
	if v.Error != "" {
		v.Fault = page.FaultText(ctx, &fault.Error{Kind: fault.Invalid, Code: v.Error, Data: v.ErrorData})
	}
	session.Render(w, r, http.StatusOK, progressPage(v))
}

// remap takes the mapping a person chose and does what the pressed button says: look again, keep it under a name,
// take a kept one, or start.
func (d Deps) remap(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	run, err := d.Importer.Find(ctx, r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	if run.State != mention.ImportDraft { // started already, perhaps in another window: its page says how far it is
		http.Redirect(w, r, runPath(run.ID, ""), http.StatusSeeOther)
		return
	}
	v := RunView{Import: run, Channel: shorten(r.PostFormValue("channel")), Preset: shorten(r.PostFormValue("preset"))}
	v.Mapping = chosen(r, run.Mapping)
	says := ""
	if r.PostFormValue("do") == "take" {
		v.Err = d.takeKept(r, &v)
	} else {
		v.Err = d.Importer.Remap(ctx, run.ID, v.Mapping)
	}
	if v.Err == nil {
		switch r.PostFormValue("do") {
		case "start":
			_, v.Err = d.Importer.Start(ctx, run.ID, v.Channel)
		case "keep":
			v.Err, says = d.Importer.SaveMapping(ctx, run.ID, v.Preset), "sources.import.kept"
		}
	}
	switch {
	case v.Err == nil:
		if says != "" {
			session.Flash(w, r, page.Flash{Text: page.T(ctx, says, "Name", v.Preset)})
		}
		http.Redirect(w, r, runPath(run.ID, v.Channel), http.StatusSeeOther)
	case fault.Is(v.Err, fault.Conflict): // started meanwhile
		http.Redirect(w, r, runPath(run.ID, ""), http.StatusSeeOther)
	case mendable(v.Err):
		d.runPage(w, r, v)
	default:
		session.Fail(w, r, v.Err)
	}
}

// takeKept puts a kept mapping, or a ready one, in place of the present.
func (d Deps) takeKept(r *http.Request, v *RunView) error {
	ctx, name := r.Context(), r.PostFormValue("kept")
	kept, err := d.Importer.Mappings(ctx, v.Firm)
	if err != nil {
		return err
	}
	m, ok := kept[name]
	if !ok {
		return fault.New(fault.Invalid, "import.preset").On("kept")
	}
	if err := d.Importer.Remap(ctx, v.ID, m); err != nil {
		return err
	}
	v.Mapping = m
	return nil
}

// chosen reads the mapping out of the form; what the form does not ask for stays.
func chosen(r *http.Request, m table.Mapping) table.Mapping {
	out := table.Mapping{Preset: m.Preset, Constants: map[table.Field]string{}, Columns: map[table.Field]string{},
		DateOrder: r.PostFormValue("date_order"), Zone: strings.TrimSpace(r.PostFormValue("zone")), Kind: r.PostFormValue("kind")}
	for _, f := range table.Fields {
		if c := r.PostFormValue("column." + string(f)); c != "" {
			out.Columns[f] = c
		}
	}
	if t := shorten(r.PostFormValue("post_title")); t != "" {
		out.Constants[table.PostTitle] = t
	}
	return out
}

func (d Deps) stop(w http.ResponseWriter, r *http.Request) {
	if err := d.Importer.Stop(r.Context(), r.PathValue("id")); err != nil {
		session.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, runPath(r.PathValue("id"), ""), http.StatusSeeOther)
}

// problems is the list of rows that could not be taken in, for a spreadsheet.
func (d Deps) problems(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	run, err := d.Importer.Find(ctx, r.PathValue("id"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	ps, err := d.Importer.Trouble(ctx, run, 0, 0)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": page.T(ctx, "sources.import.problems.file") + ".csv"}))
	_, _ = io.WriteString(w, "\uFEFF") // so that spreadsheets read it as UTF-8
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	_ = c.Write([]string{page.T(ctx, "sources.import.col.row"), page.T(ctx, "sources.import.col.why")})
	for _, p := range ps {
		_ = c.Write([]string{strconv.Itoa(p.Row), page.Cell(page.FaultText(ctx, p.Fault))})
	}
	c.Flush() // what cannot be written means that the visitor has gone
}
