package groups

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/group"
	"chop/internal/journal"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// sheetNames are the tables that can be taken away. Their columns stand in docs/coordination.md; programs read them, so they stay
// in one language.
var sheetNames = []string{"members", "links"}

// minWhy is how long a reason is at least, in characters.
const minWhy = 10

// export gives a group as CSV. Needs access.ExportData and a reason; it is on record before the first byte leaves.
func (d Deps) export(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	f, err := session.Firm(r, access.ExportData)
	var g group.Group
	if err == nil {
		g, err = d.Groups.Find(ctx, f.ID, r.PathValue("id"))
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	what, why := r.PostFormValue("what"), strings.TrimSpace(r.PostFormValue("why"))
	if !slices.Contains(sheetNames, what) {
		what = sheetNames[0]
	}
	if utf8.RuneCountInString(why) < minWhy {
		d.render(w, r, Form{Verb: "list", Vals: r.PostForm, Err: fault.New(fault.Invalid, "why").On("why")})
		return
	}
	rows := sheet(g, what)
	var b bytes.Buffer
	b.WriteString("\ufeff") // so that spreadsheets read it as UTF-8
	c := csv.NewWriter(&b)
	if err = c.WriteAll(rows); err == nil {
		err = d.Journal.Record(ctx, journal.Entry{Firm: f.ID, Ref: group.Ref(g.ID), Verb: "group.exported", Why: why,
			Data: map[string]string{"number": g.Name(), "what": what, "rows": strconv.Itoa(len(rows) - 1), "version": strconv.Itoa(g.Version)}})
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+strings.ToLower(g.Name())+"-"+what+`.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the visitor may have gone
}

// sheet is a table of the group with its head.
func sheet(g group.Group, what string) (rows [][]string) {
	if what == "links" {
		rows = append(rows, []string{"group", "a", "a_name", "b", "b_name", "shared", "together", "within_s", "expected", "p", "q", "exhibit_id"})
		for _, l := range strongest(g.Links) {
			a, _ := g.Member(l.A)
			b, _ := g.Member(l.B)
			rows = append(rows, []string{g.Name(), page.Cell(l.A), page.Cell(a.Name), page.Cell(l.B), page.Cell(b.Name), itoa(l.Shared), itoa(l.Together),
				float(l.Within.Seconds()), float(l.Expected), float(l.P), float(l.Q), l.Exhibit})
		}
		return rows
	}
	rows = append(rows, []string{"group", "level", "state", "account", "name", "member", "role", "posts", "of_posts", "first", "r", "common", "p", "q", "since",
		"decided_at", "decided_by"})
	for _, m := range order(g.Members) {
		rows = append(rows, []string{g.Name(), g.Level.Code(), string(g.State), page.Cell(m.Account), page.Cell(m.Name), string(m.State), m.Role, itoa(m.Posts),
			itoa(len(g.Finding.Posts)), itoa(m.First), float(m.R), itoa(m.Common), float(m.P), float(m.Q), moment(m.Since), moment(m.Decided), page.Cell(m.DecidedName)})
	}
	return rows
}

func float(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
