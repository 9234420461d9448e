package inbox

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// columns of an export. Their names are those that source/table knows, so a file can be imported again.
var columns = []string{"id", "date", "author", "text", "url", "channel", "post_title", "parent_id", "rating", "lang", "labels", "severity",
	"status", "state", "firm", "changed_on", "as_of"}

// maxExport is how many rows a file holds at most; more is narrowed by time.
const maxExport = 50000

// cellMax is what a cell of a spreadsheet holds (Excel: 32 767 characters).
const cellMax = 32767

// writer takes rows of an export.
type writer interface {
	row(cells []string) error
	close() error
}

// export gives the list as a file. Needs access.ExportData; every export is on record before its first row.
func (d Deps) export(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	q, format := parse(r), r.URL.Query().Get("format")
	firms, err := exportFirms(ctx, q.Firm)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	media, ok := map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson",
		"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}[format]
	if !ok {
		session.Fail(w, r, fault.New(fault.Invalid, "inbox.format"))
		return
	}
	for _, f := range firms {
		if err := d.Journal.Record(ctx, journal.Entry{Firm: f, Ref: reason.Ref{Kind: "export", ID: format}, Verb: "mention.exported",
			Data: map[string]string{"query": q.values().Encode()}}); err != nil {
			session.Fail(w, r, fmt.Errorf("record export: %w", err))
			return
		}
	}
	now := page.FrameFrom(ctx).Now.In(lang.Zone)
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", `attachment; filename="chop-`+now.Format("2006-01-02-1504")+"."+format+`"`)
	out := newWriter(format, w)
	if err := d.write(ctx, q, firms, now, out); err != nil {
		slog.Error("export broke off", "error", err)
		panic(http.ErrAbortHandler) // half a file must not look whole
	}
}

// exportFirms are the firms whose data the person may take out.
func exportFirms(ctx context.Context, firm string) ([]string, error) {
	if firm != "" {
		return []string{firm}, access.Check(ctx, access.ExportData, firm)
	}
	if err := access.CheckAny(ctx, access.ExportData); err != nil {
		return nil, err
	}
	return access.Scope(ctx, access.ExportData), nil
}

// write goes through every firm, newest first.
func (d Deps) write(ctx context.Context, q Query, firms []string, now time.Time, out writer) error {
	if err := out.row(columns); err != nil {
		return err
	}
	left := maxExport
	for _, firm := range firms {
		srcs, err := d.sources(ctx, firm)
		if err != nil {
			return err
		}
		f := q.filter("")
		f.Firm, f.Below, f.Limit = firm, 0, 500
		open := f.Status == mention.Open
		if open { // those come by weight, which cannot be paged: take all and keep them
			f.Status = ""
		}
		for left > 0 {
			list, err := d.Mentions.List(ctx, f)
			if err != nil {
				return err
			}
			titles, err := d.titles(ctx, firm, list)
			if err != nil {
				return err
			}
			for _, m := range list {
				if left == 0 || open && m.Status != mention.Open {
					continue
				}
				left--
				if err := out.row(cells(m, srcs.kind(m), titles[m.Post].Title, firmName(ctx, m.Firm), now)); err != nil {
					return err
				}
			}
			if len(list) < f.Limit {
				break
			}
			f.Below = list[len(list)-1].Doc
		}
	}
	return out.close()
}

func (d Deps) titles(ctx context.Context, firm string, list []mention.Mention) (map[string]mention.Post, error) {
	var posts []string
	seen := map[string]bool{"": true}
	for _, m := range list {
		if !seen[m.Post] {
			seen[m.Post], posts = true, append(posts, m.Post)
		}
	}
	return d.Mentions.Posts(ctx, firm, posts)
}

func cells(m mention.Mention, channel, title, firm string, now time.Time) []string {
	rating := ""
	if m.Rating > 0 {
		rating = strconv.Itoa(m.Rating)
	}
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(lang.Zone).Format(time.RFC3339)
	}
	return []string{m.ExternalID, stamp(m.At), m.AuthorName, m.Text, m.URL, channel, title, m.ParentExt, rating, m.Lang,
		strings.Join(m.Labels, " "), strconv.Itoa(m.Severity), string(m.Status), string(m.State), firm, stamp(m.ChangedAt), stamp(now)}
}

func newWriter(format string, w io.Writer) writer {
	switch format {
	case "jsonl":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return &jsonLines{e: e}
	case "xlsx":
		return &sheet{w: w, f: excelize.NewFile()}
	}
	return &commas{w: w, c: csv.NewWriter(w)}
}

// commas is CSV as spreadsheets open it: with a byte order mark, and no cell that would run as a formula.
type commas struct {
	w      io.Writer
	c      *csv.Writer
	headed bool
}

func (c *commas) row(cells []string) error {
	if !c.headed {
		c.headed = true
		if _, err := io.WriteString(c.w, "\ufeff"); err != nil {
			return err
		}
	}
	safe := make([]string, len(cells))
	for i, s := range cells {
		safe[i] = page.Cell(s)
	}
	return c.c.Write(safe)
}

func (c *commas) close() error { c.c.Flush(); return c.c.Error() }

// jsonLines is one object a line.
type jsonLines struct {
	e    *json.Encoder
	keys []string
}

func (j *jsonLines) row(cells []string) error {
	if j.keys == nil {
		j.keys = cells
		return nil
	}
	m := make(map[string]string, len(cells))
	for i, s := range cells {
		if s != "" {
			m[j.keys[i]] = s
		}
	}
	return j.e.Encode(m)
}

func (j *jsonLines) close() error { return nil }

// sheet is one worksheet of texts; a text is never a formula there.
type sheet struct {
	w io.Writer
	f *excelize.File
	s *excelize.StreamWriter
	n int
}

func (s *sheet) row(cells []string) (err error) {
	if s.s == nil {
		if s.s, err = s.f.NewStreamWriter("Sheet1"); err != nil {
			return fmt.Errorf("begin sheet: %w", err)
		}
	}
	s.n++
	row := make([]any, len(cells))
	for i, c := range cells {
		if rs := []rune(c); len(rs) > cellMax {
			c = string(rs[:cellMax])
		}
		row[i] = c
	}
	return s.s.SetRow("A"+strconv.Itoa(s.n), row)
}

func (s *sheet) close() error {
	if err := s.s.Flush(); err != nil {
		return fmt.Errorf("end sheet: %w", err)
	}
	if err := s.f.Write(s.w); err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	return s.f.Close()
}
