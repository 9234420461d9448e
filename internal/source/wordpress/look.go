package wordpress

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/source"
)

const (
	history    = 7 * 24 * time.Hour // how far the first look and the sweeps reach back
	sweepEvery = 5 * time.Minute    // how often edits and disappearances are looked for
	sweepSlack = 24 * time.Hour     // "after" is compared in the site's local time, which clocks and settings may shift
	glance     = 20                 // newest comments that every look reads
	pageSize   = 100                // WordPress's own limit
	newPages   = 5                  // pages of new comments in one look
	sweepPages = 3                  // pages of a sweep in one look
	seam       = 20                 // comments read again where one look takes up another's work
)

// cursor is what one look leaves for the next.
type cursor struct {
	Low    int            `json:"low"`              // every id up to this one was given
	High   int            `json:"high,omitempty"`   // newest id of a catch-up that is not finished
	Offset int            `json:"offset,omitempty"` // how deep the catch-up is
	Marks  map[int]uint32 `json:"marks,omitempty"`  // fingerprints of the newest comments
	Swept  time.Time      `json:"swept,omitzero"`   // when the last sweep ended
	Sweep  *sweep         `json:"sweep,omitempty"`  // a sweep under way
}

// sweep is a full re-reading of the recent past, oldest first, in as many looks as it takes.
type sweep struct {
	From   time.Time               `json:"from"`
	Began  time.Time               `json:"began"`
	Next   time.Time               `json:"next"` // what lies before was claimed
	Offset int                     `json:"offset"`
	LastID int                     `json:"last_id"`
	Tail   map[string]source.State `json:"tail,omitempty"` // seen, but not claimed yet
}

// look is one Fetch.
type look struct {
	c     *Connector
	p     *place
	now   time.Time
	cur   cursor
	batch source.Batch
	given map[int]bool
	came  *fetch.Response // the answer of the last delivery
}

// Fetch reads the newest comments by id, which no clock can disturb, and every few minutes the last seven days again,
// for edits and disappearances. An empty or unreadable cursor starts with seven days.
//
// When the place fails half-way, what was read is returned without an error and the next look meets the failure.
func (c *Connector) Fetch(ctx context.Context, s source.Settings, from []byte) (source.Batch, error) {
	p, err := c.place(ctx, s)
	if err != nil {
		return source.Batch{Cursor: from, RetryAfter: fetch.After(err)}, err
	}
	l := &look{c: c, p: p, now: c.f.Now().UTC(), given: map[int]bool{}}
	if len(from) > 0 && json.Unmarshal(from, &l.cur) != nil {
		l.cur = cursor{}
	}
	err = l.newest(ctx)
	if err == nil && l.cur.Offset == 0 {
		err = l.sweep(ctx)
	}
	if err != nil {
		c.forgetIfStale(s, err)
		if len(l.batch.Items) == 0 {
			return source.Batch{Cursor: from, RetryAfter: fetch.After(err)}, err
		}
		l.batch.RetryAfter, l.batch.More = fetch.After(err), false
	}
	c.titles(ctx, p, l.batch.Items)
	slices.SortFunc(l.batch.Items, oldestFirst)
	l.batch.Cursor, err = json.Marshal(l.cur)
	return l.batch, err
}

// oldestFirst puts a comment before the answers to it, within one second too: ids grow, and are compared as numbers.
func oldestFirst(a, b source.Item) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(len(a.ExternalID), len(b.ExternalID)), cmp.Compare(a.ExternalID, b.ExternalID))
}

// forgetIfStale drops what we know of the place when the trouble may come from an old address or account.
func (c *Connector) forgetIfStale(s source.Settings, err error) {
	if f := (*fault.Error)(nil); errors.As(err, &f) && (f.Kind == fault.Invalid || f.Code == "wordpress.redirected" || f.Code == "wordpress.not_json") {
		c.forget(s)
	}
}

// list reads one page of comments in every status.
func (l *look) list(ctx context.Context, q url.Values) ([]comment, *fetch.Response, error) {
	q.Set("context", "edit")
	q.Set("status", "any")
	q.Set("type", "all")
	resp, err := l.c.call(ctx, l.p, http.MethodGet, "/wp/v2/comments", q, nil)
	if err != nil {
		return nil, nil, err
	}
	if resp.Status != http.StatusOK {
		return nil, nil, l.p.refusal(resp)
	}
	list, err := parseList(resp.Body)
	if err != nil {
		return nil, nil, l.p.notJSON(resp)
	}
	return list, resp, nil
}

// newest reads downwards from the newest id until it meets what was given before. A flood that does not fit into one
// look is taken up where it was left.
func (l *look) newest(ctx context.Context) error {
	size, catchUp := glance, l.cur.Offset > 0
	if catchUp {
		size = pageSize
	}
	for range newPages {
		start := max(l.cur.Offset-seam, 0)
		q := url.Values{"orderby": {"id"}, "order": {"desc"}, "per_page": {strconv.Itoa(size)}}
		if start > 0 {
			q.Set("offset", strconv.Itoa(start))
		}
		list, resp, err := l.list(ctx, q)
		if err != nil {
			return err
		}
		first := l.cur.Offset == 0 && !catchUp
		met := l.takeNew(list, resp, first)
		l.cur.Offset = start + len(list)
		if met || len(list) < size {
			l.cur.Low, l.cur.High, l.cur.Offset = max(l.cur.Low, l.cur.High), 0, 0
			return nil
		}
		size = pageSize
	}
	l.batch.More = true
	return nil
}

// takeNew gives what is new on a page and tells whether the page reached what was given before. The first page is also
// compared with its fingerprints: that shows fresh edits, and comments whose id became visible late.
func (l *look) takeNew(list []comment, resp *fetch.Response, first bool) (met bool) {
	old := l.cur.Marks
	if first {
		l.cur.Marks = map[int]uint32{}
	}
	for _, c := range list {
		l.cur.High = max(l.cur.High, c.id)
		known := l.cur.Low > 0 && c.id <= l.cur.Low
		ancient := l.cur.Low == 0 && !c.at.IsZero() && c.at.Before(l.now.Add(-history))
		met = met || known || ancient
		if first {
			l.cur.Marks[c.id] = c.mark()
		}
		mark, marked := old[c.id]
		if (!known && !ancient) || (first && known && (!marked || mark != c.mark())) {
			l.give(c, resp)
		}
	}
	return met
}

// give puts a comment into the batch, once, with the answer it came in.
func (l *look) give(c comment, resp *fetch.Response) {
	if l.given[c.id] || !c.wanted() {
		return
	}
	l.given[c.id] = true
	if l.came != resp {
		l.batch.Deliveries, l.came = append(l.batch.Deliveries, delivery(resp)), resp
	}
	it := c.item(l.p.me, resp.At.UTC())
	it.Delivery = len(l.batch.Deliveries) - 1
	l.batch.Items = append(l.batch.Items, it)
}

func delivery(r *fetch.Response) source.Delivery {
	return source.Delivery{URL: r.URL, Status: r.Status, Header: r.Lines, At: r.At.UTC(), Body: r.Body}
}

// sweep reads the recent past again and claims, in stretches, that everything standing there was seen.
func (l *look) sweep(ctx context.Context) error {
	st := l.cur.Sweep
	if st == nil {
		if l.now.Sub(l.cur.Swept) < sweepEvery && !l.now.Before(l.cur.Swept) {
			return nil
		}
		from := l.now.Add(-history).Truncate(time.Second)
		st = &sweep{From: from, Began: l.now, Next: from}
	}
	present := st.Tail
	if present == nil {
		present = map[string]source.State{}
	}
	ended := false
	var last time.Time
	for range sweepPages {
		list, resp, err := l.sweepPage(ctx, st)
		if err != nil {
			l.cur.Sweep = nil // what was seen of it is lost with this look: start over rather than claim too much
			return err
		}
		if st.Offset > 0 && (len(list) == 0 || list[0].id != st.LastID) {
			l.cur.Sweep = nil // the list moved under our hands: no claim, the next look starts over
			return nil
		}
		l.takeSwept(st, list, resp, present)
		if len(list) > 0 {
			last = list[len(list)-1].at
			st.LastID = list[len(list)-1].id
		}
		if ended = len(list) < pageSize; ended {
			break
		}
		st.Offset = max(st.Offset-1, 0) + len(list)
	}
	l.claim(st, present, ended, last)
	return nil
}

// sweepPage reads the next page, beginning with the last comment of the one before, to see that the seam holds.
func (l *look) sweepPage(ctx context.Context, st *sweep) ([]comment, *fetch.Response, error) {
	q := url.Values{"orderby": {"date_gmt"}, "order": {"asc"}, "per_page": {strconv.Itoa(pageSize)},
		"after": {st.From.Add(-sweepSlack).Format(time.RFC3339)}}
	if st.Offset > 1 {
		q.Set("offset", strconv.Itoa(st.Offset-1))
	}
	return l.list(ctx, q)
}

func (l *look) takeSwept(st *sweep, list []comment, resp *fetch.Response, present map[string]source.State) {
	for _, c := range list {
		if c.at.Before(st.From) {
			continue
		}
		present[strconv.Itoa(c.id)] = stateOf(c.status)
		l.give(c, resp)
	}
}

// claim states what was fully seen. The last second of an unfinished stretch stays open: more of it may be on the next
// page, so those already seen are carried over.
func (l *look) claim(st *sweep, present map[string]source.State, ended bool, last time.Time) {
	if ended {
		l.batch.Sweep = &source.Sweep{From: st.Next, To: st.Began, Present: present}
		l.cur.Sweep, l.cur.Swept = nil, l.now
		return
	}
	l.cur.Sweep, st.Tail = st, present
	if !last.After(st.Next) {
		return
	}
	l.batch.Sweep = &source.Sweep{From: st.Next, To: last.Add(-time.Microsecond), Present: present}
	st.Next, st.Tail = last, map[string]source.State{}
	for _, it := range l.batch.Items {
		if s, ok := present[it.ExternalID]; ok && !it.At.Before(last) {
			st.Tail[it.ExternalID] = s
		}
	}
}
