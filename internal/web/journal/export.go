package journal

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"chop/internal/access"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/reason"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// columns of the file; programs read them, so they stay in one language.
var columns = []string{"time", "person", "person_id", "verb", "what", "thing", "thing_id", "why", "data", "line"}

// export gives the narrowed journal as CSV, newest first. Needs access.ExportData in the firm; the export itself is on
// record before its first row.
func (d Deps) export(w http.ResponseWriter, r *http.Request, v View) {
	ctx := r.Context()
	if v.Firm.ID != "" {
		if err := access.Check(ctx, access.ExportData, v.Firm.ID); err != nil {
			session.Fail(w, r, err)
			return
		}
	}
	v.Q.Before = ""
	err := d.Journal.Record(ctx, journal.Entry{Firm: v.Firm.ID, Ref: reason.Ref{Kind: "export", ID: "csv"}, Verb: "journal.exported",
		Data: map[string]string{"query": v.Q.values().Encode()}})
	if err != nil {
		session.Fail(w, r, fmt.Errorf("record export: %w", err))
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="chop-journal-`+page.FrameFrom(ctx).Now.In(lang.Zone).Format("2006-01-02-1504")+`.csv"`)
	if err := d.write(ctx, w, v); err != nil {
		slog.Error("export of the journal broke off", "error", err)
		panic(http.ErrAbortHandler) // half a file must not look whole
	}
}

func (d Deps) write(ctx context.Context, w io.Writer, v View) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil { // so that spreadsheets read it as UTF-8
		return err
	}
	c := csv.NewWriter(w)
	if err := c.Write(columns); err != nil {
		return err
	}
	for p := (journal.Page{Limit: 500}); ; {
		lines, next, err := d.Journal.List(ctx, v.Firm.ID, v.Q.filter(), p)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := c.Write(cells(ctx, l)); err != nil {
				return err
			}
		}
		if p.Before = next; next == "" {
			c.Flush()
			return c.Error()
		}
	}
}

func cells(ctx context.Context, l journal.Line) []string {
	data := ""
	if len(l.Data) > 0 {
		raw, _ := json.Marshal(l.Data) // a map of strings always has a text
		data = string(raw)
	}
	row := []string{l.At.In(lang.Zone).Format(time.RFC3339), l.Name, l.By, l.Verb, sentence(ctx, l.Verb), l.Ref.Kind, l.Ref.ID, l.Why, data, l.ID}
	for i := range row {
		row[i] = page.Cell(row[i])
	}
	return row
}
