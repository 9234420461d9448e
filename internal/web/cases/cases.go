// Package cases is the list of cases and the room of one case.
package cases

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/source"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what these pages call.
type Deps struct {
	Firms    *firm.Store
	Cases    *crisis.Store
	Mentions *mention.Store
	Labels   *classify.Store
	Evidence *evidence.Store
	Sources  *source.Store
	Duty     *oncall.Store
	Groups   *group.Store
}

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET /cases", session.Require(access.ViewCases, d.list))
	mux.HandleFunc("POST /cases", d.open)
	mux.HandleFunc("GET /cases/tasks", session.Require(access.WorkCases, d.mine))
	mux.HandleFunc("GET /cases/{id}", d.show)
	mux.HandleFunc("GET /cases/{id}/timeline.csv", d.csv)
	mux.HandleFunc("GET /cases/{id}/timeline.json", d.json)
	mux.HandleFunc("POST /cases/{id}/{verb}", d.act)
	mux.HandleFunc("POST /cases/{id}/tasks/{task}/{verb}", d.onTask)
}

// Line is one case of a list.
type Line struct {
	Case    crisis.Case
	Title   string
	Firm    string
	Lead    string
	Tally   Tally
	Counted bool // the tally is known: the person may see mentions
}

// List is the page of cases.
type List struct {
	Lines  []Line
	Show   string // open or all
	Open   int
	Firm   string // chosen firm
	May    bool   // open a case by hand
	New    bool   // the form is shown
	Firms  []firm.Firm
	Typed  crisis.New
	Note   string
	Err    error
	Now    time.Time
	Closed int
}

// counted is how many cases of the list are tallied; the rest shows no next step.
const counted = 30

func (d Deps) list(w http.ResponseWriter, r *http.Request) {
	v := List{New: r.URL.Query().Has("new"), Typed: crisis.New{Severity: 2, Priority: 3}, Show: r.URL.Query().Get("show")}
	d.render(w, r, v)
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, v List) {
	if err := d.fill(r.Context(), &v); err != nil {
		session.Fail(w, r, err)
		return
	}
	status := http.StatusOK
	if v.Err != nil {
		status = session.Status(v.Err)
	}
	session.Render(w, r, status, listPage(v))
}

func (d Deps) fill(ctx context.Context, v *List) error {
	f := page.FrameFrom(ctx)
	v.Firm, v.Now = f.Firm, f.Now
	if v.Show != "all" {
		v.Show = "open"
	}
	all, err := d.Cases.List(ctx, v.Firm, false)
	if err != nil {
		return err
	}
	firms, err := d.Firms.List(ctx)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, x := range firms {
		names[x.ID] = x.Name
		if access.From(ctx).Holds(access.WorkCases, x.ID) {
			v.Firms = append(v.Firms, x)
		}
	}
	v.May = len(v.Firms) > 0
	v.Typed.Firm = cmp.Or(v.Typed.Firm, v.Firm)
	people := People{Duty: d.Duty}
	for _, c := range all {
		if !c.Open() {
			v.Closed++
			if v.Show == "open" {
				continue
			}
		} else {
			v.Open++
		}
		l := Line{Case: c, Title: Title(ctx, c), Firm: names[c.Firm], Lead: people.Name(ctx, c.Firm, c.Lead)}
		if c.Open() && len(v.Lines) < counted {
			if l.Tally, l.Counted, err = d.tally(ctx, c); err != nil {
				return err
			}
		}
		v.Lines = append(v.Lines, l)
	}
	return nil
}

// tally counts the mentions of a case, when the person may see them.
func (d Deps) tally(ctx context.Context, c crisis.Case) (Tally, bool, error) {
	if !access.From(ctx).Holds(access.ViewMentions, c.Firm) {
		return Tally{}, false, nil
	}
	ms, err := d.Cases.MentionsOf(ctx, c.Firm, c.ID)
	return Count(ms), err == nil, err
}

// open opens a case by hand, e.g. after a telephone call.
func (d Deps) open(w http.ResponseWriter, r *http.Request) {
	v := List{New: true, Note: r.PostFormValue("note")}
	v.Typed = crisis.New{Firm: r.PostFormValue("firm"), Title: strings.TrimSpace(r.PostFormValue("title")),
		Severity: number(r, "severity", 2), Priority: number(r, "priority", 3)}
	c, err := d.opened(r.Context(), v)
	switch {
	case fault.Is(err, fault.Invalid):
		v.Err = err
		d.render(w, r, v)
	case err != nil:
		session.Fail(w, r, err)
	default:
		session.Flash(w, r, page.Flash{Text: page.T(r.Context(), "cases.opened", "Number", c.Number)})
		http.Redirect(w, r, "/cases/"+url.PathEscape(c.ID), http.StatusSeeOther)
	}
}

func (d Deps) opened(ctx context.Context, v List) (c crisis.Case, err error) {
	n := v.Typed
	switch {
	case n.Severity < 0 || n.Severity > 4:
		return c, fault.New(fault.Invalid, "label.severity").On("severity")
	case n.Priority < 1 || n.Priority > 4:
		return c, fault.New(fault.Invalid, "cases.priority").On("priority")
	case len([]rune(n.Title)) > maxTitle:
		return c, fault.New(fault.Invalid, "case.title").On("title")
	case len(v.Note) > maxNote:
		return c, fault.New(fault.Invalid, "case.note").On("note")
	}
	if c, _, err = d.Cases.Open(ctx, n); err != nil || strings.TrimSpace(v.Note) == "" {
		return c, err
	}
	return c, d.Cases.Write(ctx, c.Firm, c.ID, v.Note)
}

const (
	maxTitle = 160  // characters
	maxNote  = 5000 // bytes, as crisis.Store.Write allows
)

// number is a whole number of a form; missing or broken gives what the fault will be told about.
func number(r *http.Request, name string, missing int) int {
	s := r.PostFormValue(name)
	if s == "" {
		return missing
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// Title is the case's title in the language of the request: a message of ours, or a person's own words.
func Title(ctx context.Context, c crisis.Case) string {
	l := page.Lang(ctx)
	if !l.Has(c.Title) {
		return strings.TrimSpace(c.Title)
	}
	var kv []any
	for k, x := range c.Facts {
		kv = append(kv, k, x)
	}
	return page.T(ctx, c.Title, kv...)
}

// People looks up names of a firm's people, once per firm.
type People struct {
	Duty  *oncall.Store
	known map[string]map[string]string
}

// Name is the name of a person of the firm, "" for nobody and for somebody who has left.
func (p *People) Name(ctx context.Context, firm, user string) string {
	if user == "" {
		return ""
	}
	if p.known == nil {
		p.known = map[string]map[string]string{}
	}
	if p.known[firm] == nil {
		p.known[firm] = map[string]string{}
		if roster, err := p.Duty.Roster(ctx, firm); err == nil {
			for _, m := range roster {
				p.known[firm][m.ID] = m.Name
			}
		}
	}
	return p.known[firm][user]
}
