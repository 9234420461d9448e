package source

import (
	"encoding/json"
	"time"

	"chop/internal/fault"
)

// Source is one connected channel of a firm.
type Source struct {
	Firm       string
	ID         string
	Kind       string
	Name       string
	Cursor     []byte
	Paused     bool
	QuietAfter time.Duration // silence longer than this is an alarm; 0 never
	Poll       int64
	Every      time.Duration
	CreatedAt  time.Time
	CheckedAt  time.Time
	OKAt       time.Time
	ItemAt     time.Time
	NextAt     time.Time
	ExpiresAt  time.Time
	Fails      int
	Error      string // fault code of the last failure, empty when the last look went well
	ErrorData  map[string]any
	Items      int
}

// Condition is the health of a source in one word; its name is the message "source.condition.<word>".
type Condition string

const (
	Fresh    Condition = "fresh"    // connected, not looked at yet
	Well     Condition = "well"     // seen as expected
	Shaky    Condition = "shaky"    // the last looks failed, not long enough to worry
	Blind    Condition = "blind"    // we do not see this channel
	Quiet    Condition = "quiet"    // we look, but nothing has come for longer than usual
	Expiring Condition = "expiring" // the credential ends within a week
	Paused   Condition = "paused"   // a person stopped it
)

// When a failing source counts as blind, and how early an ending credential is told.
const (
	blindAfter   = 2 * time.Minute
	expiresSoon  = 7 * 24 * time.Hour
	defaultQuiet = 48 * time.Hour
)

// Condition judges the source's health at now.
func (s Source) Condition(now time.Time) Condition {
	switch {
	case s.Paused:
		return Paused
	case s.Fails > 0 && (s.OKAt.IsZero() || now.Sub(s.OKAt) >= blindAfter || s.permanent()):
		return Blind
	case endsSoon(s.ExpiresAt, now):
		return Expiring
	case s.silent(now):
		return Quiet
	case s.Fails > 0:
		return Shaky
	case s.CheckedAt.IsZero() && s.ItemAt.IsZero():
		return Fresh
	}
	return Well
}

func endsSoon(at, now time.Time) bool { return !at.IsZero() && now.Add(expiresSoon).After(at) }

// Troubled tells whether a person should look at it.
func (c Condition) Troubled() bool { return c == Blind || c == Quiet || c == Expiring }

// permanent errors do not pass by waiting: a wrong password stays wrong.
func (s Source) permanent() bool {
	k, _ := s.ErrorData["permanent"].(bool)
	return k
}

func (s Source) silent(now time.Time) bool {
	if s.QuietAfter == 0 {
		return false
	}
	last := s.ItemAt
	if last.IsZero() {
		last = s.CreatedAt
	}
	return now.Sub(last) > s.QuietAfter
}

// pace says how long to wait before the next look. A channel with traffic is looked at often, a quiet one less so;
// failures double the distance up to five minutes; the place's own wish for patience always wins.
func pace(base, last time.Duration, gotItems bool, fails int, retryAfter time.Duration) time.Duration {
	next := last + last/4
	switch {
	case fails > 0:
		next = min(base<<min(fails, 8), 5*time.Minute)
	case gotItems || last == 0:
		next = base
	}
	if fails == 0 {
		next = min(max(next, base), 6*base)
	}
	return max(next, retryAfter)
}

// Events.

// Due asks for a look at a source. Number tells it from older timers of the same source.
type Due struct {
	Firm, Source string
	Number       int64
}

// Kind names the event.
func (Due) Kind() string { return "source.due" }

// checkSettings completes values with defaults and refuses what the description does not allow.
func checkSettings(d Description, in Settings) (Settings, error) {
	out := Settings{}
	for _, f := range d.Fields {
		v := in[f.Name]
		if v == "" {
			v = f.Default
		}
		if v == "" && f.Required {
			return nil, fault.New(fault.Invalid, "source.required").On(f.Name)
		}
		if len(v) > 4096 {
			return nil, fault.New(fault.Invalid, "source.too_long").On(f.Name)
		}
		if v != "" {
			out[f.Name] = v
		}
	}
	return out, nil
}

// marshal never fails on the maps it is used for.
func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}
