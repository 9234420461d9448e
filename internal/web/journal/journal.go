// Package journal serves /journal: who did what to what, and why.
package journal

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/user"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Deps is what the place needs.
type Deps struct {
	Journal *journal.Store
	Users   *user.Store // for the names of people
}

const (
	firmPath  = "/journal"
	housePath = "/journal/installation"
)

// Mount puts the pages under their addresses.
func Mount(mux *http.ServeMux, d Deps) {
	mux.HandleFunc("GET "+firmPath, d.show(d.firm))
	mux.HandleFunc("POST "+firmPath, d.verify(d.firm))
	mux.HandleFunc("GET "+housePath, d.show(d.house))
	mux.HandleFunc("POST "+housePath, d.verify(d.house))
}

// firmKinds and houseKinds are the beginnings of verbs a reader may choose among.
var (
	firmKinds = []string{"decision.", "action.", "case.", "mention.", "exhibit.", "alert.", "duty.", "source.", "import.", "person.",
		"firm."}
	houseKinds = []string{"person.", "contact."}
)

// View is the page of one firm's journal, or of the installation's.
type View struct {
	Path  string
	Firm  page.Firm   // its ID is "" for the installation
	Firms []page.Firm // to choose from
	House bool        // the installation's journal may be chosen, too
	Kinds []string
	Names map[string]string // of the people, by id
	Whom  []string          // ids to choose from, by name
	Q     Query
	Lines []journal.Line
	Older string
	Check Check
}

// Check is what a check of all lines found.
type Check struct {
	Done  bool
	Lines int
	Bad   []string // ids of the lines that are not what was written
}

// opener finds out which journal is meant and whether the person may read it.
type opener func(ctx context.Context) (View, error)

func (d Deps) show(open opener) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := open(r.Context())
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		v.Q = parse(r.URL.Query(), v.Kinds)
		if r.URL.Query().Get("format") == "csv" {
			d.export(w, r, v)
			return
		}
		d.render(w, r, v)
	}
}

// verify checks every line against the ledger and shows the result.
func (d Deps) verify(open opener) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := open(r.Context())
		if err == nil {
			v.Q, v.Check.Done = parse(r.URL.Query(), v.Kinds), true
			v.Check.Lines, v.Check.Bad, err = d.Journal.Verify(r.Context(), v.Firm.ID)
		}
		if err != nil {
			session.Fail(w, r, err)
			return
		}
		d.render(w, r, v)
	}
}

func (d Deps) render(w http.ResponseWriter, r *http.Request, v View) {
	lines, next, err := d.Journal.List(r.Context(), v.Firm.ID, v.Q.filter(), journal.Page{Before: v.Q.Before})
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	v.Lines = lines
	if next != "" {
		v.Older = v.at(v.Q.before(next))
	}
	v.remember(lines)
	session.Render(w, r, http.StatusOK, showPage(v))
}

// firm is the journal of the chosen firm, else of the first one the person may read.
func (d Deps) firm(ctx context.Context) (View, error) {
	f, may := page.FrameFrom(ctx), access.Scope(ctx, access.ViewJournal)
	v := View{Path: firmPath, House: access.From(ctx).Admin, Kinds: firmKinds, Names: map[string]string{}}
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
	members, err := d.Users.Members(ctx, v.Firm.ID)
	for _, m := range members {
		v.add(m.ID, m.Name)
	}
	return v, err
}

// house is the journal of the installation, for administrators: accounts, sign-ins, ways to reach people.
func (d Deps) house(ctx context.Context) (View, error) {
	v := View{Path: housePath, Kinds: houseKinds, Names: map[string]string{}}
	people, err := d.Users.People(ctx)
	for _, p := range people {
		v.add(p.ID, p.Name)
	}
	return v, err
}

func (v *View) add(id, name string) {
	v.Names[id], v.Whom = name, append(v.Whom, id)
}

// remember takes the names of those who have left from the lines themselves.
func (v *View) remember(lines []journal.Line) {
	for _, l := range lines {
		if _, known := v.Names[l.By]; !known && l.By != "" && l.Name != "" {
			v.add(l.By, l.Name)
		}
	}
	if v.Q.By != "" && !slices.Contains(v.Whom, v.Q.By) {
		v.Whom = append(v.Whom, v.Q.By)
	}
	slices.SortStableFunc(v.Whom, func(a, b string) int {
		return strings.Compare(strings.ToLower(v.Names[a]), strings.ToLower(v.Names[b]))
	})
}
