package journal

import (
	"net/url"
	"slices"
	"time"

	"chop/internal/journal"
	"chop/internal/lang"
)

// Query narrows the list; it lives in the address. Empty fields do not narrow.
type Query struct {
	Kind         string // beginning of a verb
	By           string // person id
	Since, Until string // days, 2006-01-02; both count
	Before       string // the list goes on below this line
}

// maxID is longer than any id; a longer one in an address is nobody's.
const maxID = 64

// parse reads an address. What is not understood does not narrow.
func parse(q url.Values, kinds []string) Query {
	x := Query{By: short(q.Get("by")), Since: day(q.Get("since")), Until: day(q.Get("until")), Before: short(q.Get("before"))}
	if slices.Contains(kinds, q.Get("kind")) {
		x.Kind = q.Get("kind")
	}
	return x
}

func short(id string) string {
	if len(id) > maxID {
		return ""
	}
	return id
}

// day is s when it is a day of a calendar, else "".
func day(s string) string {
	if _, err := time.ParseInLocation(time.DateOnly, s, lang.Zone); err != nil {
		return ""
	}
	return s
}

func (x Query) filter() journal.Filter {
	f := journal.Filter{Verb: x.Kind, By: x.By}
	if t, err := time.ParseInLocation(time.DateOnly, x.Since, lang.Zone); err == nil {
		f.Since = t
	}
	if t, err := time.ParseInLocation(time.DateOnly, x.Until, lang.Zone); err == nil {
		f.Until = t.AddDate(0, 0, 1)
	}
	return f
}

func (x Query) values() url.Values {
	q := url.Values{}
	for _, p := range [][2]string{{"kind", x.Kind}, {"by", x.By}, {"since", x.Since}, {"until", x.Until}, {"before", x.Before}} {
		if p[1] != "" {
			q.Set(p[0], p[1])
		}
	}
	return q
}

func (x Query) kind(k string) Query    { x.Kind, x.Before = k, ""; return x }
func (x Query) by(id string) Query     { x.By, x.Before = id, ""; return x }
func (x Query) before(id string) Query { x.Before = id; return x }

// narrowed tells whether anything is left out beside the kind.
func (x Query) narrowed() bool { return x.By != "" || x.Since != "" || x.Until != "" }

// at is the address of this journal under a query; more are pairs to add.
func (v View) at(x Query, more ...string) string {
	q := x.values()
	if v.Firm.ID != "" {
		q.Set("firm", v.Firm.ID)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	if len(q) == 0 {
		return v.Path
	}
	return v.Path + "?" + q.Encode()
}
