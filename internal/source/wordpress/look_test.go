package wordpress

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/demo/site"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/source"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// world is a shop and a connector that looks at it, on one clock.
type world struct {
	*site.Site
	t    *testing.T
	now  time.Time
	c    *Connector
	s    source.Settings
	post int
	cur  []byte
	mu   sync.Mutex
	asks []string // what the shop was asked
}

func open(t *testing.T) *world {
	w := &world{t: t, now: noon}
	clock := func() time.Time { return w.now }
	w.Site = site.New(clock)
	w.post = w.AddPost("posciel", "Nowa pościel & poszewki", "Z lnu.")
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.asks = append(w.asks, r.Method+" "+r.URL.Path)
		w.mu.Unlock()
		w.ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	f := fetch.New(fetch.Config{AllowHosts: []string{srv.Listener.Addr().String()}, PerSecond: 1e6, Burst: 1e6, Clock: clock, Total: 5 * time.Second, MaxBody: 2 << 20})
	t.Cleanup(f.Close)
	w.c = New(f)
	w.s = source.Settings{"url": srv.URL, "user": site.User, "password": site.Password}
	return w
}

func (w *world) say(text string) int {
	return w.Comment(w.post, 0, "Jan", "jan@example.test", "192.0.2.7", "Mozilla/5.0", text)
}

func (w *world) look() source.Batch {
	w.t.Helper()
	b, err := w.c.Fetch(context.Background(), w.s, w.cur)
	if err != nil {
		w.t.Fatal(err)
	}
	w.cur = b.Cursor
	return b
}

func texts(b source.Batch) []string {
	var out []string
	for _, it := range b.Items {
		out = append(out, it.Text)
	}
	return out
}

func wantFault(t *testing.T, err error, code, field string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Field != field {
		t.Fatalf("error %v, want %s on %q", err, code, field)
	}
}

func TestCommentsInEveryState(t *testing.T) {
	w := open(t)
	a := w.say("Tom &amp; <b>Jerry</b>")
	w.SetStatus(w.say("czeka"), site.Hold)
	w.SetStatus(w.say("spam"), site.Spam)
	w.SetStatus(w.say("kosz"), site.Trash)
	w.Add(site.Comment{Post: w.post, Parent: a, UserID: 2, Author: site.Title, Text: "Dziękujemy"})
	b := w.look()
	if got, want := texts(b), []string{"Tom & Jerry", "czeka", "spam", "kosz", "Dziękujemy"}; !sameSet(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	states := map[string]source.State{}
	for _, it := range b.Items {
		states[it.Text] = it.State
		if it.Own != (it.Text == "Dziękujemy") || it.Post.Title != "Nowa pościel & poszewki" || it.Post.Text != "Z lnu." {
			t.Errorf("%+v", it)
		}
		d := b.Deliveries[it.Delivery]
		if !bytes.Contains(d.Body, it.Raw) || d.Status != 200 || strings.Contains(strings.ToLower(strings.Join(d.Header, "\n")), "authorization:") {
			t.Errorf("delivery of %s: %d %v", it.ExternalID, d.Status, d.Header)
		}
	}
	if fmt.Sprint(states) != fmt.Sprint(map[string]source.State{"Tom & Jerry": source.Published, "czeka": source.Held, "spam": source.Spammed, "kosz": source.Trashed, "Dziękujemy": source.Published}) {
		t.Errorf("states %v", states)
	}
	first := b.Items[0]
	if first.Meta["author_ip"] == "" || first.Author.Email != "jan@example.test" || first.Author.ExternalID != "" {
		t.Errorf("%+v", first)
	}
	if own := find(b, "Dziękujemy"); own.ParentID != strconv.Itoa(a) || own.Author.ExternalID != "2" {
		t.Errorf("%+v", own)
	}
	if b.Sweep == nil || len(b.Sweep.Present) != 5 || !b.Sweep.To.Equal(noon) {
		t.Errorf("sweep %+v", b.Sweep)
	}
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func find(b source.Batch, text string) source.Item {
	for _, it := range b.Items {
		if it.Text == text {
			return it
		}
	}
	return source.Item{}
}

func TestOnlyWhatIsNew(t *testing.T) {
	w := open(t)
	w.say("raz")
	w.look()
	w.now = w.now.Add(time.Minute)
	if b := w.look(); len(b.Items) != 0 || len(b.Deliveries) != 0 || b.Sweep != nil || b.More {
		t.Fatalf("a quiet minute brought %v", texts(b))
	}
	w.say("dwa")
	w.say("trzy w tej samej sekundzie")
	w.Add(site.Comment{Post: w.post, Author: "Z importu", Text: "z dawną datą", At: noon.AddDate(-1, 0, 0)})
	if got := texts(w.look()); len(got) != 3 || got[0] != "z dawną datą" {
		t.Fatalf("%v", got)
	}
}

func TestEditsAndDisappearances(t *testing.T) {
	w := open(t)
	a, b2 := w.say("raz"), w.say("dwa")
	w.look()
	w.Edit(a, "raz, ale ostrzej")
	if got := texts(w.look()); len(got) != 1 || got[0] != "raz, ale ostrzej" {
		t.Fatalf("a fresh edit: %v", got)
	}
	for i := range 30 {
		w.say(fmt.Sprint("dalej ", i))
	}
	w.look()
	w.Edit(a, "edycja w głębi")
	w.Remove(b2)
	if got := w.look(); len(got.Items) != 0 {
		t.Fatalf("before the sweep: %v", texts(got))
	}
	w.now = w.now.Add(sweepEvery)
	got := w.look()
	if find(got, "edycja w głębi").ExternalID == "" || got.Sweep == nil || len(got.Sweep.Present) != 31 {
		t.Fatalf("sweep %+v, %d items", got.Sweep, len(got.Items))
	}
	if _, still := got.Sweep.Present[strconv.Itoa(b2)]; still || got.Sweep.From.After(noon) || got.Sweep.To.Before(noon) {
		t.Errorf("the lost comment is not noticed: %+v", got.Sweep)
	}
}

// A flood larger than one look comes in whole, each comment given, while more arrives.
func TestAFloodComesInWhole(t *testing.T) {
	w := open(t)
	w.say("przed")
	w.look()
	w.now = w.now.Add(time.Minute)
	for i := range 1300 {
		w.say(fmt.Sprint("fala ", i))
	}
	got, looks := map[string]bool{}, 0
	for more := true; more; looks++ {
		b := w.look()
		for _, it := range b.Items {
			got[it.ExternalID] = true
		}
		more = b.More
		w.say(fmt.Sprint("jeszcze ", looks))
	}
	for _, it := range w.look().Items {
		got[it.ExternalID] = true
	}
	if looks < 3 || len(got) != 1300+looks {
		t.Fatalf("%d comments in %d looks", len(got), looks)
	}
}

// Sweeps of a busy week go in stretches; whatever they claim is true.
func TestSweepsNeverClaimTooMuch(t *testing.T) {
	w := open(t)
	for i := range 950 {
		w.say(fmt.Sprint("fala ", i))
		if i%3 == 0 && (i < 250 || i > 650) { // hundreds within one second in the middle
			w.now = w.now.Add(time.Second)
		}
	}
	claimed, upTo := map[string]bool{}, time.Time{}
	for n := 0; n < 20 && !upTo.Equal(w.now); n++ {
		b := w.look()
		if b.Sweep == nil {
			continue
		}
		if !upTo.IsZero() && b.Sweep.From.Sub(upTo) > time.Microsecond {
			t.Errorf("a gap between %v and %v", upTo, b.Sweep.From)
		}
		upTo = b.Sweep.To
		for _, c := range w.Comments() {
			id := strconv.Itoa(c.ID)
			if c.At.Before(b.Sweep.From) || c.At.After(b.Sweep.To) {
				continue
			}
			if _, ok := b.Sweep.Present[id]; !ok {
				t.Fatalf("comment %s of %v stands there, yet [%v, %v] says it does not", id, c.At, b.Sweep.From, b.Sweep.To)
			}
			claimed[id] = true
		}
	}
	if len(claimed) != 950 {
		t.Fatalf("%d of 950 claimed", len(claimed))
	}
}

// A comment that vanishes while a sweep is under way must not make its neighbours vanish.
func TestASweepStartsOverWhenTheListMoves(t *testing.T) {
	w := open(t)
	for i := range 450 {
		w.say(fmt.Sprint("fala ", i))
		w.now = w.now.Add(time.Second)
	}
	for b := w.look(); b.More || b.Sweep == nil; b = w.look() {
	}
	w.Remove(w.Comments()[10].ID)
	b := w.look()
	if b.Sweep != nil {
		t.Fatalf("claimed after the list moved: %v to %v", b.Sweep.From, b.Sweep.To)
	}
	var present int
	for range 3 {
		if b = w.look(); b.Sweep != nil {
			present += len(b.Sweep.Present)
		}
	}
	if present < 449 {
		t.Errorf("the new sweep saw %d", present)
	}
}

func TestTroubleAtThePlace(t *testing.T) {
	type answer = site.Answer
	html := map[string]string{"Content-Type": "text/html"}
	for name, x := range map[string]struct {
		a           answer
		code, field string
		after       time.Duration
	}{
		"patience":    {answer{Status: 429, Header: map[string]string{"Retry-After": "90"}}, "fetch.rate", "", 90 * time.Second},
		"error":       {answer{Status: 500, Body: []byte("<b>Fatal error</b>")}, "fetch.status", "", 0},
		"maintenance": {answer{Status: 503, Header: map[string]string{"Retry-After": "600"}}, "fetch.status", "", 10 * time.Minute},
		"half":        {answer{Half: true}, "fetch.truncated", "", 0},
		"hang up":     {answer{HangUp: true}, "fetch.failed", "", 0},
		"html":        {answer{Header: html, Body: []byte("<html>przerwa</html>")}, "wordpress.not_json", "", 0},
		"empty":       {answer{}, "wordpress.not_json", "", 0},
		"cut json":    {answer{Body: []byte(`[{"id":1,"cont`)}, "wordpress.not_json", "", 0},
		"warning":     {answer{Body: []byte("<br />\n<b>Warning</b>: x\n[]")}, "wordpress.not_json", "", 0},
		"huge":        {answer{Body: bytes.Repeat([]byte(" "), 10<<20)}, "fetch.too_large", "", 0},
		"firewall":    {answer{Status: 403, Header: html, Body: []byte("<html>Forbidden</html>")}, "wordpress.blocked", "", 0},
		"no route":    {answer{Status: 404, Body: []byte(`{"code":"rest_no_route"}`)}, "wordpress.rest_off", "url", 0},
		"password":    {answer{Status: 401, Body: []byte(`{"code":"rest_forbidden_context"}`)}, "wordpress.password", "password", 0},
		"role":        {answer{Status: 403, Body: []byte(`{"code":"rest_forbidden_context"}`)}, "wordpress.no_moderate", "user", 0},
		"odd refusal": {answer{Status: 400, Body: []byte(`{"code":"x","message":"<b>nie</b>"}`)}, "wordpress.refused", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.say("raz")
			w.look()
			before := string(w.cur)
			w.say("dwa")
			w.Fault(func(r *http.Request) *site.Answer {
				if strings.HasSuffix(r.URL.Path, "/comments") {
					return &x.a
				}
				return nil
			})
			b, err := w.c.Fetch(context.Background(), w.s, w.cur)
			wantFault(t, err, x.code, x.field)
			if string(b.Cursor) != before || len(b.Items) != 0 || b.RetryAfter != x.after {
				t.Errorf("cursor %s, items %d, patience %v", b.Cursor, len(b.Items), b.RetryAfter)
			}
			w.Fault(nil)
			if got := texts(w.look()); len(got) != 1 || got[0] != "dwa" {
				t.Errorf("after the trouble: %v", got)
			}
		})
	}
}

// Trouble in the middle of a flood keeps what was read and loses nothing.
func TestTroubleHalfWay(t *testing.T) {
	w := open(t)
	w.say("przed")
	w.look()
	w.now = w.now.Add(sweepEvery)
	for i := range 700 {
		w.say(fmt.Sprint("fala ", i))
	}
	got, troubles := map[string]bool{}, 0
	calls := 0
	w.Fault(func(r *http.Request) *site.Answer {
		if calls++; calls%4 == 0 && strings.HasSuffix(r.URL.Path, "/comments") {
			troubles++
			return &site.Answer{Status: 429, Header: map[string]string{"Retry-After": "5"}}
		}
		return nil
	})
	for n := 0; n < 30; n++ {
		b, err := w.c.Fetch(context.Background(), w.s, w.cur)
		if err == nil {
			w.cur = b.Cursor
		}
		for _, it := range b.Items {
			got[it.Text] = true
		}
		if b.Sweep != nil {
			for _, c := range w.Comments() {
				if _, ok := b.Sweep.Present[strconv.Itoa(c.ID)]; !ok && !c.At.Before(b.Sweep.From) && !c.At.After(b.Sweep.To) {
					t.Fatalf("comment %d is said to be gone", c.ID)
				}
			}
		}
	}
	delete(got, "przed") // a sweep gives it again
	if len(got) != 700 || troubles == 0 {
		t.Fatalf("%d of 700 comments, %d troubles", len(got), troubles)
	}
}

func TestOddCursors(t *testing.T) {
	for _, cur := range []string{"", "null", "{", `{"low":-5}`, `{"low":999999}`, `{"offset":5000,"high":3}`, "[]", `{"sweep":{"offset":70,"last_id":3}}`, `{"low":"x"}`} {
		w := open(t)
		w.say("raz")
		w.cur = []byte(cur)
		seen := false
		for range 3 {
			seen = seen || find(w.look(), "raz").ExternalID != ""
			w.now = w.now.Add(sweepEvery)
		}
		if !seen {
			t.Errorf("cursor %q hides a comment", cur)
		}
	}
}

func TestAQuietMinuteAsksOnce(t *testing.T) {
	w := open(t)
	w.say("raz")
	w.look()
	w.asks = nil
	w.now = w.now.Add(time.Minute)
	w.look()
	if len(w.asks) != 1 {
		t.Errorf("a quiet minute took %v", w.asks)
	}
}

// A sweep that fails after some of its pages starts over: what those pages showed is not held against the rest.
func TestASweepThatBreaksOffClaimsNothing(t *testing.T) {
	w := open(t)
	for i := range 950 {
		w.say(fmt.Sprint("fala ", i))
		w.now = w.now.Add(time.Second)
	}
	for b := w.look(); b.Sweep == nil; b = w.look() {
	}
	calls := 0
	w.Fault(func(r *http.Request) *site.Answer {
		if calls++; calls == 3 { // the newest, a page of the sweep, the next one
			return &site.Answer{Status: 500}
		}
		return nil
	})
	if b := w.look(); b.Sweep != nil || len(b.Items) == 0 {
		t.Fatalf("%d items, sweep %v", len(b.Items), b.Sweep)
	}
	w.Fault(nil)
	for range 4 {
		b := w.look()
		if b.Sweep == nil {
			t.Fatal("no sweep")
		}
		for _, c := range w.Comments() {
			if _, ok := b.Sweep.Present[strconv.Itoa(c.ID)]; !ok && !c.At.Before(b.Sweep.From) && !c.At.After(b.Sweep.To) {
				t.Fatalf("comment %d is said to be gone", c.ID)
			}
		}
	}
}

// Comments destroyed while a flood is being read must not hide others between two looks.
func TestAFloodThatShrinks(t *testing.T) {
	w := open(t)
	w.say("przed")
	w.look()
	w.now = w.now.Add(time.Minute)
	for i := range 900 {
		w.say(fmt.Sprint("fala ", i))
	}
	got := map[string]bool{}
	b := w.look()
	all := w.Comments()
	for _, c := range all[len(all)-15:] {
		w.Remove(c.ID)
	}
	for ; ; b = w.look() {
		for _, it := range b.Items {
			got[it.ExternalID] = true
		}
		if !b.More {
			break
		}
	}
	if len(got) != 900 {
		t.Fatalf("%d of 900", len(got))
	}
}
