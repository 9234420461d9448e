package retention

import (
	"context"
	"strconv"

	"chop/internal/retention"
	"chop/internal/web/page"
)

// lasts is a rule in words.
func lasts(ctx context.Context, r retention.Rule) string {
	if r.Kind == retention.Auto {
		return page.T(ctx, "retention.auto."+strconv.Itoa(r.Days))
	}
	return page.N(ctx, "retention.lasts", r.Days)
}

func typedWhy(v View, kind string) string {
	if v.Typed.Kind == kind {
		return v.Typed.Why
	}
	return ""
}

func typedDays(v View, r retention.Rule) string {
	if v.Typed.Kind == string(r.Kind) {
		return v.Typed.Days
	}
	return strconv.Itoa(r.Days)
}
