package exhibits

import (
	"context"
	"net/http"
	"slices"
	"time"

	"chop/internal/evidence"
	"chop/internal/web/page"
	"chop/internal/web/session"
)

// stamp asks for a timestamp, or for a newer one over one that ends soon; it comes by itself.
func (d Deps) stamp(w http.ResponseWriter, r *http.Request) {
	e, err := d.find(r)
	if err == nil {
		err = d.Evidence.Stamp(r.Context(), e.Firm, e.ID)
	}
	if err != nil {
		session.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, string(at("/exhibits", e.ID))+"#stamp", http.StatusSeeOther)
}

// worthMark says in a word what a stamp is worth.
func worthMark(ctx context.Context, s evidence.Stamp) page.Mark {
	switch {
	case !s.Holds:
		return page.Mark{Tone: page.Danger, Icon: "triangle-alert", Text: page.T(ctx, "stamp.broken")}
	case s.Development:
		return page.Mark{Tone: page.Warn, Icon: "info", Text: page.T(ctx, "stamp.development")}
	case s.HoldsQualified():
		return page.Mark{Tone: page.Good, Icon: "circle-check", Text: page.T(ctx, "stamp.qualified")}
	}
	return page.Mark{Tone: page.Line, Icon: "stamp", Text: page.T(ctx, "stamp.plain")}
}

func worthText(ctx context.Context, s evidence.Stamp) string {
	switch {
	case s.Development:
		return page.T(ctx, "stamp.worth.development")
	case s.HoldsQualified():
		return page.T(ctx, "stamp.worth.qualified", "Source", s.Qualified.Source, "On", day(ctx, s.Qualified.On))
	}
	return page.T(ctx, "stamp.worth.plain")
}

// day writes a day of the settings as people do.
func day(ctx context.Context, s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return page.Lang(ctx).Date(t)
}

// trial tells whether a check of the receipt is of a stamp from the built-in authority.
func trial(rc evidence.Receipt, c evidence.Check) bool {
	return c.Code == evidence.CheckStamp && slices.ContainsFunc(rc.Stamps, func(s evidence.Stamp) bool { return s.Name == c.File && s.Development })
}

// checkState words a check of the receipt. A stamp that waits is another waiting than the ledger's.
func checkState(ctx context.Context, c evidence.Check) string {
	if c.Code == evidence.CheckStamp && c.State == evidence.Waits {
		return page.T(ctx, "evidence.state.stamp.waits")
	}
	return page.T(ctx, "evidence.state."+string(c.State))
}
