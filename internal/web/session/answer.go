package session

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/time/rate"

	"chop/internal/fault"
	"chop/internal/web/page"
)

// Render writes a whole page. It is made in memory first, so that an error half way does not leave half a page.
func Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	var b bytes.Buffer
	if err := c.Render(r.Context(), &b); err != nil {
		slog.Error("a page could not be drawn", "incident", about(r.Context()).id, "route", r.Pattern, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // the visitor may have gone; there is nobody to tell
	}
}

// JSON answers a script of ours.
func JSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the visitor may have gone; there is nobody to tell
}

// Trouble tells a script of ours what went wrong, in a sentence for people.
func Trouble(w http.ResponseWriter, r *http.Request, err error) {
	if fault.Is(err, fault.Internal) {
		slog.Error("request failed", "incident", about(r.Context()).id, "route", r.Pattern, "error", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(Status(err))
	_ = json.NewEncoder(w).Encode(map[string]string{"error": page.FaultText(r.Context(), err)})
}

// watched remembers the status for the log.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection, for live updates.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// generation is how many buckets are kept before the older half is let go.
const generation = 8192

// buckets are rate limiters by key in bounded memory: two generations, the used ones move to the younger.
type buckets struct {
	mu         sync.Mutex
	per        rate.Limit
	burst      int
	young, old map[string]*rate.Limiter
}

func newBuckets(per rate.Limit, burst int) *buckets {
	return &buckets{per: per, burst: burst, young: map[string]*rate.Limiter{}}
}

func (b *buckets) allow(key string, now time.Time) bool {
	b.mu.Lock()
	l, ok := b.young[key]
	if !ok {
		if l, ok = b.old[key]; !ok {
			l = rate.NewLimiter(b.per, b.burst)
		}
		if len(b.young) >= generation {
			b.old, b.young = b.young, map[string]*rate.Limiter{}
		}
		b.young[key] = l
	}
	b.mu.Unlock()
	return l.AllowN(now, 1)
}
