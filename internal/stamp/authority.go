package stamp

import (
	"sync"
	"time"

	"chop/internal/fetch"
	"chop/internal/tsa"
)

// Authority is a TSA as the administrator set it up, and how it has answered lately.
type Authority struct {
	*tsa.Client
	Development bool
	Qualified   Qualified
	Only        string // kind of thing it stamps; "": every kind

	mu    sync.Mutex
	until time.Time // rests after a failure
	fails int
	last  error
	good  time.Time
}

const (
	firstRest   = 5 * time.Second
	longRest    = 5 * time.Minute
	longestRest = time.Hour // when it asks for patience itself
)

func (a *Authority) serves(kind string) bool { return a.Only == "" || a.Only == kind }

// resting tells whether it is left alone after a failure, and until when.
func (a *Authority) resting(now time.Time) (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// An end far ahead was set before the machine's clock was put back.
	return a.until, now.Before(a.until) && a.until.Sub(now) <= longestRest
}

// note remembers how it answered. Several questions that fail at once count as one failure.
func (a *Authority) note(now time.Time, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = err
	if err == nil {
		a.fails, a.until, a.good = 0, time.Time{}, now
		return
	}
	if now.Before(a.until) && a.until.Sub(now) <= longestRest {
		return
	}
	rest := min(firstRest<<min(a.fails, 10), longRest)
	a.until = now.Add(max(rest, min(fetch.After(err), longestRest)))
	a.fails++
}

// Standing is how an authority answered lately in this process.
type Standing struct {
	Name        string
	Development bool
	Qualified   Qualified
	Only        string
	Good        time.Time // last good answer; zero: none yet
	Last        error     // of the last question
	Until       time.Time // it is not asked before
}

// Standing tells how it answered lately.
func (a *Authority) Standing() Standing {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Standing{a.Name, a.Development, a.Qualified, a.Only, a.good, a.last, a.until}
}
