package inbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"chop/internal/classify"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/source"
	"chop/internal/web/page"
)

// Query is the filter of a list as it stands in an address.
type Query struct {
	Words, Source, State, Author string
	Label, Not                   string // codes with commas between: at least one of Label, none of Not
	Status                       string // mention.Status, "all", or "" for what the page shows by itself
	Severity                     int
	From, To                     string // days, 2026-11-22; To is the last day shown
	Below                        int64
	Firm                         string // as chosen for the whole frame; not written into addresses of its own
}

// allStatus is the word of the address that takes the filter by status away.
const allStatus = "all"

// statuses are those a person may ask for.
var statuses = []mention.Status{mention.Open, mention.Snoozed, mention.Done, mention.Quiet}

// states are the places of an item that a person may ask for.
var states = []source.State{source.Published, source.Held, source.Spammed, source.Trashed, source.Gone}

func parse(r *http.Request) Query {
	q := read(r.URL.Query())
	q.Firm = page.FrameFrom(r.Context()).Firm
	return q
}

// read takes the filter out of an address; what it does not know it leaves out.
func read(v url.Values) Query {
	q := Query{Words: v.Get("q"), Label: codes(v["label"]), Not: codes(v["not"]), Source: v.Get("source"), State: v.Get("state"), Author: v.Get("author"),
		Status: v.Get("status"), From: day(v.Get("from")), To: day(v.Get("to"))}
	q.Severity, _ = strconv.Atoi(v.Get("severity"))
	q.Severity = min(max(q.Severity, 0), 4)
	q.Below, _ = strconv.ParseInt(v.Get("below"), 10, 64)
	q.Below = max(q.Below, 0)
	return q
}

// codes are the known labels among those given, with commas between, each once and in their usual order, so that the same
// filter has one address.
func codes(given []string) string {
	var out []string
	asked := strings.Split(strings.Join(given, ","), ",")
	for _, l := range allLabels() {
		if slices.Contains(asked, string(l)) {
			out = append(out, string(l))
		}
	}
	return strings.Join(out, ",")
}

// allLabels are the labels a person may ask for and give.
func allLabels() []classify.Label {
	return append(slices.Clone(classify.Labels), classify.FakeReview)
}

// split is the reverse of codes.
func split(codes string) []string {
	if codes == "" {
		return nil
	}
	return strings.Split(codes, ",")
}

func day(s string) string {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return ""
	}
	return s
}

// values is the filter as it goes into an address.
func (q Query) values() url.Values {
	v := url.Values{}
	put := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	put("q", q.Words)
	put("label", q.Label)
	put("not", q.Not)
	put("source", q.Source)
	put("state", q.State)
	put("author", q.Author)
	put("status", q.Status)
	put("from", q.From)
	put("to", q.To)
	if q.Severity > 0 {
		put("severity", strconv.Itoa(q.Severity))
	}
	if q.Below > 0 {
		put("below", strconv.FormatInt(q.Below, 10))
	}
	return v
}

// encode is the filter with its firm, so that the address shows the same to whoever opens it.
func (q Query) encode() string {
	v := q.values()
	if q.Firm != "" {
		v.Set("firm", q.Firm)
	}
	return v.Encode()
}

// at is an address of the inbox: this filter and an open mention, with more pairs of name and value.
func (q Query) at(m string, kv ...string) string {
	v := q.values()
	if m != "" {
		v.Set("m", m)
	}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return address("/inbox", v)
}

func address(path string, v url.Values) string {
	if s := v.Encode(); s != "" {
		return path + "?" + s
	}
	return path
}

// filter is what the store is asked for; otherwise is the status when the address names none.
func (q Query) filter(otherwise mention.Status) mention.Filter {
	f := mention.Filter{Firm: q.Firm, Query: q.Words, Labels: split(q.Label), Without: split(q.Not), Source: q.Source, State: source.State(q.State), Author: q.Author,
		Severity: q.Severity, Below: q.Below, Status: mention.Status(q.Status)}
	switch q.Status {
	case "":
		f.Status = otherwise
	case allStatus:
		f.Status = ""
	}
	if t, err := time.ParseInLocation(time.DateOnly, q.From, lang.Zone); err == nil {
		f.From = t
	}
	if t, err := time.ParseInLocation(time.DateOnly, q.To, lang.Zone); err == nil {
		f.To = t.AddDate(0, 0, 1)
	}
	return f
}

// plain tells that nothing narrows what waits for a decision.
func (q Query) plain() bool {
	return q.Words == "" && q.Label == "" && q.Not == "" && q.Source == "" && q.State == "" && q.Author == "" && q.Severity == 0 &&
		q.From == "" && q.To == "" && (q.Status == "" || q.Status == string(mention.Open))
}

// narrowed tells that something else than the chips narrows the list.
func (q Query) narrowed() bool {
	return q.Words != "" || q.Source != "" || q.State != "" || q.Author != "" || q.From != "" || q.To != ""
}
