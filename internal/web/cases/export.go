package cases

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"chop/internal/crisis"
	"chop/internal/fault"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// exported is one line of a timeline as a file tells it. Internal notes are lines without their words.
type exported struct {
	At      time.Time         `json:"at"`
	What    string            `json:"what"`
	Says    string            `json:"says"`
	Who     string            `json:"who"`
	Why     string            `json:"why,omitempty"`
	Facts   map[string]string `json:"facts,omitempty"`
	Kind    string            `json:"ref_kind,omitempty"`
	Ref     string            `json:"ref_id,omitempty"`
	Case    string            `json:"case"`
	Updated time.Time         `json:"updated_at"` // of the case
}

// export writes the whole timeline of a case as CSV or JSON, oldest first.
func (d Deps) export(w http.ResponseWriter, r *http.Request, write func(http.ResponseWriter, []exported) error, kind, ending string) {
	ctx := r.Context()
	c, err := d.Cases.Find(ctx, r.PathValue("id"))
	if err == nil && c.Merged() {
		err = fault.New(fault.Conflict, "case.merged")
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	list, err := d.Cases.Story(ctx, c.Firm, c.ID)
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	rows := make([]exported, len(list))
	for i, e := range list {
		says, why := title(ctx, e, e.Facts), e.Facts["why"]
		facts := map[string]string{}
		for k, x := range e.Facts {
			if k != "why" {
				facts[k] = x
			}
		}
		rows[i] = exported{At: e.At, What: e.What, Says: says, Who: e.Who, Why: why, Facts: facts, Kind: e.Ref.Kind, Ref: e.Ref.ID, Case: e.Case, Updated: c.LastAt}
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", c.Number+ending))
	if err := write(w, rows); err != nil {
		session.Fail(w, r, err)
	}
}

func (d Deps) csv(w http.ResponseWriter, r *http.Request) {
	d.export(w, r, func(w http.ResponseWriter, rows []exported) error {
		out := csv.NewWriter(w)
		_ = out.Write([]string{"at", "what", "says", "who", "why", "ref_kind", "ref_id", "case", "updated_at"})
		for _, x := range rows {
			_ = out.Write([]string{x.At.Format(time.RFC3339), x.What, page.Cell(x.Says), page.Cell(x.Who), page.Cell(x.Why), x.Kind, x.Ref, x.Case,
				x.Updated.Format(time.RFC3339)})
		}
		out.Flush()
		return out.Error()
	}, "text/csv; charset=utf-8", ".csv")
}

func (d Deps) json(w http.ResponseWriter, r *http.Request) {
	d.export(w, r, func(w http.ResponseWriter, rows []exported) error {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(rows)
	}, "application/json; charset=utf-8", ".json")
}

// redirect leads from a case that was merged to the one it became.
func redirect(w http.ResponseWriter, r *http.Request, c crisis.Case) {
	http.Redirect(w, r, "/cases/"+c.Root, http.StatusSeeOther)
}
