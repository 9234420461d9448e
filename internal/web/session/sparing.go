package session

import (
	"net/http"

	"golang.org/x/time/rate"

	"chop/internal/user"
	"chop/internal/web/page"
)

// Sparing lets one network ask for a page only now and then: for addresses that open without sign-in, where guessing must not
// pay. It stands besides the edge's own limit.
func Sparing(per rate.Limit, burst int, next http.HandlerFunc) http.HandlerFunc {
	b := newBuckets(per, burst)
	return func(w http.ResponseWriter, r *http.Request) {
		if !b.allow(user.IPPrefix(about(r.Context()).network), page.FrameFrom(r.Context()).Now) {
			w.Header().Set("Retry-After", "30")
			show(w, r, http.StatusTooManyRequests, "")
			return
		}
		next(w, r)
	}
}
