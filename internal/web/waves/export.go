package waves

import (
	"encoding/csv"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"chop/internal/access"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/wave"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

func fromMicros(n int64) time.Time {
	if n <= 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// export is every item of a wave as CSV: how it stood, what became of it, its decision and its proof. On record.
func (d Deps) export(w http.ResponseWriter, r *http.Request) {
	x, found := d.find(w, r)
	if !found {
		return
	}
	ctx := r.Context()
	if err := access.Check(ctx, access.ExportData, x.Firm); err != nil {
		session.Fail(w, r, err)
		return
	}
	items, err := d.Waves.Items(ctx, x)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	stand, err := d.Waves.Standings(ctx, x, items)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	rows := [][]string{{"n", "id", "url", "author", "text", "written_at", "labels", "recommended", "verdict", "state", "because", "decision", "exhibit", "at"}}
	for _, i := range items {
		m, err := d.Mentions.Find(ctx, x.Firm, i.Mention)
		if err != nil {
			m = mention.Mention{}
		}
		rows = append(rows, []string{strconv.Itoa(i.N), i.Mention, m.URL, m.AuthorName, m.Text, stamp(m.At), fmt.Sprint(m.Labels), string(i.Best),
			string(i.Verdict), fate(i, stand[i.Decision]), says(ctx, x, i), i.Decision, i.Exhibit, stamp(i.At)})
	}
	if err := d.Journal.Record(ctx, journal.Entry{Firm: x.Firm, Ref: wave.Ref(x.ID), Verb: "wave.exported", Data: map[string]string{"items": strconv.Itoa(len(items))}}); err != nil {
		session.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="wave-%s.csv"`, x.MadeAt.Format("2006-01-02-1504")))
	out := csv.NewWriter(w)
	for _, row := range rows {
		for c := range row {
			row[c] = page.Cell(row[c])
		}
		if err := out.Write(row); err != nil {
			slog.Warn("export of a wave broke off", "error", err)
			return
		}
	}
	out.Flush()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
