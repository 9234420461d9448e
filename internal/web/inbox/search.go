package inbox

import (
	"context"
	"net/http"

	"chop/internal/access"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// Search is the page that looks through everything that was captured.
type Search struct {
	Q       Query
	Rows    []page.MentionRow
	Filters Filters
	Views   []Saved
	Author  string // name behind the author key, when the list is narrowed to one account
	Account string // address of its page, for those who may see profiles
	Pages   page.Pages
	Asked   bool // something narrows the search
	Exports bool
	Decides bool
}

// found is how many results a page holds.
const found = 50

func (d Deps) search(w http.ResponseWriter, r *http.Request) {
	v, err := d.searchView(r.Context(), parse(r))
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	session.Render(w, r, http.StatusOK, searchPage(v))
}

func (d Deps) searchView(ctx context.Context, q Query) (v Search, err error) {
	v = Search{Q: q, Asked: q.narrowed() || q.Label != "" || q.Not != "" || q.Severity > 0 || q.Status != "",
		Exports: len(access.Scope(ctx, access.ExportData)) > 0, Decides: len(access.Scope(ctx, access.Decide)) > 0}
	f := q.filter("")
	f.Limit = found + 1
	list, err := d.Mentions.List(ctx, f)
	if err != nil {
		return v, err
	}
	srcs, err := d.sources(ctx, q.Firm)
	if err != nil {
		return v, err
	}
	older := q
	if len(list) > found {
		list = list[:found]
		older.Below = list[found-1].Doc
	}
	newest := q
	newest.Below = 0
	if q.Below > 0 {
		v.Pages.Newer = newest.searched()
	}
	if older.Below != q.Below {
		v.Pages.Older = older.searched()
	}
	for _, m := range list {
		v.Rows = append(v.Rows, row(ctx, m, srcs.kind(m), Query{Status: allStatus}.at(m.ID), "", false))
		if q.Author != "" && m.AuthorKey == q.Author {
			v.Author, v.Account = m.AuthorName, accountAt(ctx, m)
		}
	}
	if err := d.together(ctx, list, v.Rows); err != nil {
		return v, err
	}
	v.Filters = filters(ctx, q, srcs, allStatus)
	v.Views, err = d.views(ctx, q)
	return v, err
}

// searched is an address of the search page; it carries the firm, so that it shows the same to a colleague.
func (q Query) searched() string {
	v := q.values()
	if q.Firm != "" {
		v.Set("firm", q.Firm)
	}
	return address("/search", v)
}

// exported is the address that gives the same list as a file.
func (q Query) exported(format string) string {
	v := q.values()
	v.Del("below")
	v.Set("format", format)
	if q.Firm != "" {
		v.Set("firm", q.Firm)
	}
	return address("/search/export", v)
}

// narrow tells that more than words was asked for, so the fields for it stand open.
func (v Search) narrow() bool {
	q := v.Q
	q.Words, q.Firm, q.Below = "", "", 0
	if q.Status == allStatus {
		q.Status = ""
	}
	return q != Query{}
}
