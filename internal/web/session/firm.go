package session

import (
	"net/http"
	"slices"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/web/page"
)

// Firm is the firm a page speaks of: the one the request names, else the chosen one, else the first in which the person
// holds the permission. Faults: Forbidden for a named firm without it, and when there is none.
func Firm(r *http.Request, p access.Perm) (page.Firm, error) {
	ctx := r.Context()
	f, may := page.FrameFrom(ctx), access.Scope(ctx, p)
	id := r.FormValue("firm")
	if id != "" {
		if err := access.Check(ctx, p, id); err != nil {
			return page.Firm{}, err
		}
	}
	var first *page.Firm
	for i, x := range f.Firms {
		if !slices.Contains(may, x.ID) {
			continue
		}
		if x.ID == id || id == "" && x.ID == f.Firm {
			return x, nil
		}
		if first == nil {
			first = &f.Firms[i]
		}
	}
	if id != "" || first == nil {
		return page.Firm{}, fault.New(fault.Forbidden, "forbidden", "perm", string(p))
	}
	return *first, nil
}
