// Package inbox is the page where a person decides: what waits, the thread as readers see it, advice and deeds. It also
// searches everything that was captured.
package inbox

import (
	"context"
	_ "embed"
	"net/http"
	"net/url"
	"slices"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/classify"
	"chop/internal/classify/remote"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/group"
	"chop/internal/journal"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/outcome"
	"chop/internal/reply"
	"chop/internal/source"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call.
type Deps struct {
	Mentions  *mention.Store
	Labels    *classify.Store
	Second    *remote.Store // nil: no firm has a second engine
	Decisions *decision.Store
	Replies   *reply.Store // nil: replies are written without the desk
	Actions   *action.Store
	Outcomes  *outcome.Store // nil: what follows is not watched
	Macros    *macro.Store   // nil: no macros are offered
	Evidence  *evidence.Store
	Cases     *crisis.Store
	Sources   *source.Store
	Journal   *journal.Store // every export is on record
	Groups    *group.Store   // nil: nothing is said of who acts together
}

//go:embed inbox.js
var script []byte

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	may := func(h http.HandlerFunc) http.HandlerFunc { return session.Require(access.ViewMentions, h) }
	mux.HandleFunc("GET /inbox", may(d.show))
	mux.HandleFunc("GET /inbox/inbox.js", counter)
	mux.HandleFunc("POST /inbox/views", may(d.saveView))
	mux.HandleFunc("POST /inbox/views/{id}/removal", may(d.removeView))
	mux.HandleFunc("GET /inbox/{m}", may(d.lead))
	mux.HandleFunc("GET /inbox/{m}/{deed}", may(d.lead))
	mux.HandleFunc("POST /inbox/{m}/decision", may(d.decide))
	mux.HandleFunc("POST /inbox/{m}/check", may(d.check))
	mux.HandleFunc("POST /inbox/{m}/draft", may(d.draft))
	mux.HandleFunc("POST /inbox/{m}/fact", may(d.answer))
	mux.HandleFunc("POST /inbox/{m}/label", may(d.relabel))
	mux.HandleFunc("POST /inbox/{m}/label/confirmation", may(d.agree))
	mux.HandleFunc("POST /inbox/{m}/label/undo", may(d.unjudge))
	mux.HandleFunc("POST /inbox/{m}/seal", may(d.seal))
	mux.HandleFunc("POST /inbox/{m}/macro", may(d.applyMacro))
	mux.HandleFunc("POST /decisions/{id}/confirmation", may(d.confirm))
	mux.HandleFunc("POST /decisions/{id}/refusal", may(d.refuse))
	mux.HandleFunc("POST /decisions/{id}/withdrawal", may(d.withdraw))
	mux.HandleFunc("POST /decisions/{id}/outcome", may(d.correct))
	mux.HandleFunc("POST /decisions/{id}/undo", may(d.undoDecision))
	mux.HandleFunc("POST /deeds/{id}/undo", may(d.undoDeed))
	mux.HandleFunc("POST /deeds/{id}/completion", may(d.taskDone))
	mux.HandleFunc("POST /deeds/{id}/withdrawal", may(d.taskDropped))
	mux.HandleFunc("GET /search", may(d.search))
	mux.HandleFunc("GET /search/export", may(d.export))
}

func counter(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = w.Write(script) // the visitor may have gone
}

// View is the page of the three panes.
type View struct {
	Q       Query
	Heading string
	Count   int
	More    bool // there are more than shown
	Chips   []page.Choice
	Rows    []page.MentionRow
	Filters Filters
	Views   []Saved
	Blind   []string // channels we do not see now
	Sources int
	Asked   bool // a mention was asked for: a phone shows it
	Decides bool // the person may decide somewhere
	Item    *Item
}

// shown is how many rows the list holds at most.
const shown = 100

func (d Deps) show(w http.ResponseWriter, r *http.Request) {
	d.render(w, r, parse(r), r.URL.Query().Get("m"), Slip{Ask: decision.Option(r.URL.Query().Get("ask")), Label: r.URL.Query().Has("relabel")}, http.StatusOK)
}

// lead brings an address that names a mention to the three panes.
func (d Deps) lead(w http.ResponseWriter, r *http.Request) {
	m, err := d.Mentions.Locate(r.Context(), r.PathValue("m"))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/inbox?m="+url.QueryEscape(m.ID), http.StatusSeeOther)
}

// Slip is what a form got wrong, with what was typed; the zero Slip is none.
type Slip struct {
	Ask       decision.Option // the option whose form stands open
	Label     bool            // the form of the labels stands open
	Err       error
	Text, Why string
	Until     string
	Send      string // when a reply is to go
	SendAt    string
	Quick     string // code of a usual reason
	Labels    []string
	Severity  int
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, q Query, m string, s Slip, status int) {
	v, err := d.view(r.Context(), q, m, s, r.URL.Query())
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, status, inboxPage(v))
}

// view fills the page: the list, and the mention asked for or the first one that waits.
func (d Deps) view(ctx context.Context, q Query, m string, s Slip, address url.Values) (v View, err error) {
	v = View{Q: q, Asked: m != "", Decides: len(access.Scope(ctx, access.Decide)) > 0}
	f := q.filter(mention.Open)
	f.Limit = shown + 1
	list, err := d.Mentions.List(ctx, f)
	if err != nil {
		return v, err
	}
	if v.More = len(list) > shown; v.More {
		list = list[:shown]
	}
	srcs, err := d.sources(ctx, q.Firm)
	if err != nil {
		return v, err
	}
	if err := d.frameList(ctx, &v, list, srcs); err != nil {
		return v, err
	}
	if m == "" && len(list) > 0 {
		m = list[0].ID
	}
	for i := range list {
		v.Rows = append(v.Rows, row(ctx, list[i], srcs.kind(list[i]), q.at(list[i].ID), panes, list[i].ID == m))
	}
	if err := d.together(ctx, list, v.Rows); err != nil {
		return v, err
	}
	if m == "" {
		return v, nil
	}
	found, err := d.Mentions.Locate(ctx, m)
	if err != nil {
		return v, err
	}
	v.Item, err = d.item(ctx, found, q, s, address)
	return v, err
}

// panes are the regions that opening another mention swaps.
const panes = "pane-list pane-thread pane-rec sticky-act"

// frameList fills what stands above the rows.
func (d Deps) frameList(ctx context.Context, v *View, list []mention.Mention, srcs sources) (err error) {
	v.Count = len(list)
	open, err := d.Mentions.Count(ctx, v.Q.Firm)
	if err != nil {
		return err
	}
	if v.Q.plain() {
		v.Count = open.Open
	}
	v.Heading = heading(ctx, v.Q)
	v.Chips = chips(ctx, v.Q, open)
	v.Filters = filters(ctx, v.Q, srcs, string(mention.Open))
	v.Sources, v.Blind = len(srcs.all), srcs.blind(page.FrameFrom(ctx).Now)
	v.Views, err = d.views(ctx, v.Q)
	return err
}

// sources are the channels by id.
type sources struct {
	all []source.Source
}

// sources of one firm, or of all; a person who may not see channels still sees mentions.
func (d Deps) sources(ctx context.Context, firm string) (s sources, err error) {
	s.all, err = d.Sources.List(ctx, firm)
	if fault.Is(err, fault.Forbidden) {
		return s, nil
	}
	return s, err
}

func (s sources) find(id string) (source.Source, bool) {
	i := slices.IndexFunc(s.all, func(x source.Source) bool { return x.ID == id })
	if i < 0 {
		return source.Source{}, false
	}
	return s.all[i], true
}
