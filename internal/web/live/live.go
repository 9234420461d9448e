// Package live tells open pages which regions to refetch, by server-sent events.
package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"chop/internal/access"
	"chop/internal/db"
)

// Deps is what the place needs. Done ends all streams when the program stops, so that stopping does not wait for them.
type Deps struct {
	DB   *db.DB
	Done <-chan struct{}
}

// Mount adds the stream at GET /live.
func Mount(mux *http.ServeMux, d Deps) { mux.HandleFunc("GET /live", d.stream) }

const (
	gather    = 150 * time.Millisecond // changes within this time are told together
	heartbeat = 20 * time.Second       // keeps proxies from closing a silent stream; pages miss it after 45 s
	longest   = 30 * time.Minute       // then the page connects anew and its session is looked at again
)

// stream tells the topics that changed in firms of the principal, until the page goes away.
func (d Deps) stream(w http.ResponseWriter, r *http.Request) {
	want := strings.FieldsFunc(r.URL.Query().Get("topics"), func(c rune) bool { return c == ',' || c == ' ' })
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{})
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	box := &box{may: access.From(r.Context()), want: want, bell: make(chan struct{}, 1)}
	defer d.DB.Listen(box.put)()
	if _, err := fmt.Fprint(w, "retry: 2000\n\n"+d.beat()); err != nil || rc.Flush() != nil {
		return
	}
	tick, end := time.NewTicker(heartbeat), time.After(longest)
	defer tick.Stop()
	for {
		text := ""
		select {
		case <-r.Context().Done():
			return
		case <-d.Done:
			return
		case <-end:
			return
		case <-tick.C:
			text = d.beat()
		case <-box.bell:
			time.Sleep(gather)
			text = event(box.take())
		}
		if _, err := fmt.Fprint(w, text); err != nil || rc.Flush() != nil {
			return
		}
	}
}

// beat tells the server's time: pages set their clocks by it and notice a dead stream.
func (d Deps) beat() string {
	return `event: beat` + "\n" + `data: {"now":"` + d.DB.Now().Format(time.RFC3339) + `"}` + "\n\n"
}

func event(topics []string) string {
	raw, err := json.Marshal(map[string][]string{"topics": topics})
	if err != nil {
		panic(err) // a list of strings always marshals
	}
	return "event: change\ndata: " + string(raw) + "\n\n"
}

// box gathers what changed for one page.
type box struct {
	may  access.Principal
	want []string
	bell chan struct{}

	mu     sync.Mutex
	topics []string
}

func (b *box) put(ts []db.Touched) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range ts {
		if t.Firm != "*" && !b.may.Knows(t.Firm) {
			continue
		}
		names := []string{t.Topic}
		if t.Topic == "*" {
			names = b.want
		}
		for _, n := range names {
			if slices.Contains(b.want, n) && !slices.Contains(b.topics, n) {
				b.topics = append(b.topics, n)
			}
		}
	}
	if len(b.topics) == 0 {
		return
	}
	select {
	case b.bell <- struct{}{}:
	default:
	}
}

func (b *box) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	ts := b.topics
	b.topics = nil
	return ts
}
