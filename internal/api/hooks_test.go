package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/api"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/ledger"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/source/webhook"
	"chop/internal/user"
	"chop/internal/web/session"
)

type world struct {
	t        testing.TB
	d        *db.DB
	clock    *dbtest.Clock
	sys      context.Context
	q        *job.Queue
	sources  *source.Store
	mentions *mention.Store
	src      source.Source
	secret   string
	server   *httptest.Server
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock, deps api.Deps) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock, secret: webhook.NewSecret(), sys: access.With(t.Context(), access.System("*"))}
	k, err := seal.New(t.Context(), d, t.TempDir())
	check(t, err)
	l, err := ledger.New(d, make([]byte, 32), filepath.Join(t.TempDir(), "ledger"))
	check(t, err)
	w.q, err = job.New(d, job.Config{})
	check(t, err)
	t.Cleanup(func() { _ = w.q.Stop(context.Background()) })
	j := journal.New(d, l, k)
	firms := firm.New(d, j)
	alerts := alert.NewStore(alert.Config{DB: d, Jobs: w.q, Journal: j, Firms: firms, Duty: oncall.NewStore(oncall.Config{DB: d, Journal: j, Seal: k})})
	w.sources = &source.Store{DB: d, Jobs: w.q, Seal: k, Journal: j, Alerts: alerts, Registry: source.Registry{webhook.Kind: webhook.New(), "other": other{}}}
	w.mentions = &mention.Store{DB: d, Jobs: w.q, Seal: k, Ledger: l, Sources: w.sources}
	job.On(w.q, "hear", func(context.Context, mention.Ingested) error { return nil })
	job.Outside(w.q, "pull", func(context.Context, source.Due) error { return nil })
	f, err := firms.Create(w.sys, firm.Firm{Name: "Manufaktura Lniana", Lang: lang.PL})
	check(t, err)
	w.src = w.connect(f.ID, webhook.Kind)
	users, err := user.New(user.Config{DB: d, Firms: firms, Journal: j, Seal: k, Origin: "https://chop.test"})
	check(t, err)
	deps.DB, deps.Sources, deps.Mentions = d, w.sources, w.mentions
	mux := http.NewServeMux()
	api.Mount(mux, deps)
	edge := session.New(session.Config{Users: users, Firms: firms, Now: clock.Now, Hooks: []string{api.HooksPath}, Large: []string{api.HooksPath},
		PerSecond: 1e6, Burst: 1e6})
	w.server = httptest.NewServer(edge.Wrap(mux))
	t.Cleanup(w.server.Close)
	return w
}

// other is a kind of source that nobody pushes to.
type other struct{ *webhook.Connector }

func (other) Describe() source.Description { return source.Description{Kind: "other"} }
func (other) Check(context.Context, source.Settings) (source.CheckReport, error) {
	return source.CheckReport{Title: "Other"}, nil
}

func (w *world) connect(firm, kind string) source.Source {
	w.t.Helper()
	src, _, err := w.sources.Connect(w.sys, firm, kind, "Sklep", source.Settings{"secret": w.secret})
	check(w.t, err)
	return src
}

// request is a well signed delivery.
func (w *world) request(id, body string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.server.URL+"/hooks/"+w.src.ID, strings.NewReader(body))
	check(w.t, err)
	now := w.clock.Now()
	r.Header.Set(webhook.HeaderID, id)
	r.Header.Set(webhook.HeaderTimestamp, fmt.Sprint(now.Unix()))
	r.Header.Set(webhook.HeaderSignature, webhook.Sign(w.secret, id, now, []byte(body)))
	return r
}

type answer struct {
	status   int
	header   http.Header
	Accepted int
	Ignored  []string
	Replay   bool
	Code     string
	Error    string
}

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	check(w.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	check(w.t, err)
	a := answer{status: resp.StatusCode, header: resp.Header}
	if err := json.Unmarshal(raw, &a); err != nil {
		w.t.Fatalf("the answer is no JSON: %q", raw)
	}
	return a
}

func (w *world) mentionsNow() (n int) {
	w.t.Helper()
	check(w.t, w.d.Read(w.sys, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM mention`, nil, &n)
		return err
	}))
	return n
}

const two = `{"items":[{"external_id":"1","text":"Czy macie obrusy?","likes":3},{"external_id":"2","text":"Oszuści"}]}`

func TestADeliveryIsTakenInOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, api.Deps{})
		a := w.send(w.request("msg_1", two))
		if a.status != 200 || a.Accepted != 2 || len(a.Ignored) != 1 || a.Ignored[0] != "items[].likes" || a.Replay {
			t.Fatalf("%+v", a)
		}
		if a.header.Get("Set-Cookie") != "" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Errorf("%v", a.header)
		}
		again := w.send(w.request("msg_1", two))
		if again.status != 200 || !again.Replay || again.Accepted != 0 || again.Ignored == nil {
			t.Errorf("%+v", again)
		}
		clock.Forward(time.Hour) // the sender tries again under a new time
		if late := w.send(w.request("msg_1", two)); late.status != 200 || !late.Replay {
			t.Errorf("%+v", late)
		}
		if n := w.mentionsNow(); n != 2 {
			t.Errorf("%d mentions", n)
		}
	})
}

func TestManySendersOfOneDeliveryAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, api.Deps{})
		got := make([]answer, 4)
		var wg sync.WaitGroup
		for i := range got {
			r := w.request("msg_same", two)
			wg.Go(func() { got[i] = w.send(r) })
		}
		wg.Wait()
		accepted := 0
		for _, a := range got {
			if a.status != 200 && a.status != 429 {
				t.Errorf("%+v", a)
			}
			accepted += a.Accepted
		}
		if n := w.mentionsNow(); n != 2 || accepted != 2 {
			t.Errorf("%d mentions, %d accepted", n, accepted)
		}
	})
}

func TestARefusedDeliveryMayBeMendedAndSentAgain(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{})
	if a := w.send(w.request("msg_1", `{"items":[{"text":"bez id"}]}`)); a.status != 422 || a.Code != "webhook.missing" {
		t.Fatalf("%+v", a)
	}
	if a := w.send(w.request("msg_1", two)); a.status != 200 || a.Accepted != 2 {
		t.Errorf("%+v", a)
	}
}

func TestRefusalsHaveTheirStatusAndSentence(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{})
	foreign := w.connect(w.src.Firm, "other")
	other := webhook.NewSecret()
	change := func(f func(r *http.Request)) *http.Request {
		r := w.request("msg_x", two)
		f(r)
		return r
	}
	at := func(d time.Duration) *http.Request {
		return change(func(r *http.Request) {
			ts := clock.Now().Add(d)
			r.Header.Set(webhook.HeaderTimestamp, fmt.Sprint(ts.Unix()))
			r.Header.Set(webhook.HeaderSignature, webhook.Sign(w.secret, "msg_x", ts, []byte(two)))
		})
	}
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"nobody's source": {change(func(r *http.Request) { r.URL.Path = "/hooks/" + db.NewID() }), 404, "missing"},
		"a strange id":    {change(func(r *http.Request) { r.URL.Path = "/hooks/' OR 1=1 --" }), 404, "missing"},
		"another kind":    {change(func(r *http.Request) { r.URL.Path = "/hooks/" + foreign.ID }), 404, "missing"},
		"no signature":    {change(func(r *http.Request) { r.Header.Del(webhook.HeaderSignature) }), 401, "webhook.header_missing"},
		"another's key": {change(func(r *http.Request) {
			r.Header.Set(webhook.HeaderSignature, webhook.Sign(other, "msg_x", clock.Now(), []byte(two)))
		}), 401, "webhook.signature"},
		"another's id": {change(func(r *http.Request) { r.Header.Set(webhook.HeaderID, "msg_y") }), 401, "webhook.signature"},
		"changed body": {change(func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(two, "Oszuści", "Super ..", 1)))
		}), 401, "webhook.signature"},
		"an hour old":       {at(-time.Hour), 401, "webhook.stale"},
		"from tomorrow":     {at(24 * time.Hour), 401, "webhook.future"},
		"strange time":      {change(func(r *http.Request) { r.Header.Set(webhook.HeaderTimestamp, "dziś") }), 401, "webhook.header_malformed"},
		"no JSON":           {w.request("a", `{"items":[`), 422, "webhook.json"},
		"nothing":           {w.request("b", ``), 422, "webhook.empty"},
		"no UTF-8":          {w.request("c", "{\"external_id\":\"\xb9\"}"), 422, "webhook.utf8"},
		"very deep":         {w.request("d", strings.Repeat(`{"items":[`, 100_000)), 422, "webhook.json"},
		"too many":          {w.request("e", `{"items":[`+strings.Repeat(`{"external_id":"1"},`, webhook.MaxItems)+`{"external_id":"1"}]}`), 422, "webhook.too_many"},
		"too large":         {w.request("f", strings.Repeat("a", webhook.MaxBody+1)), 413, "webhook.too_large"},
		"too large in bits": {change(func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 20<<20)), -1 }), 413, "webhook.too_large"},
	} {
		a := w.send(c.r)
		if a.status != c.status || a.Code != c.code || a.Error == "" || strings.Contains(a.Error, "[") && strings.Contains(a.Error, "fault.") {
			t.Errorf("%s: %d %s %q, want %d %s", name, a.status, a.Code, a.Error, c.status, c.code)
		}
	}
	if n := w.mentionsNow(); n != 0 {
		t.Errorf("%d mentions out of refused deliveries", n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestHostileTextsAreKeptAsTheyAre(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{})
	texts := []string{`<script>alert(1)</script>`, "abc\u202Etxt.exe", "a\u200Bb", `'; DROP TABLE mention; --`, strings.Repeat("ą", webhook.MaxText/2)}
	var items []map[string]string
	for i, s := range texts {
		items = append(items, map[string]string{"external_id": fmt.Sprint(i), "text": s})
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	check(t, enc.Encode(map[string]any{"items": items}))
	if a := w.send(w.request("h", body.String())); a.status != 200 || a.Accepted != len(texts) {
		t.Fatalf("%+v", a)
	}
	var got []string
	check(t, w.d.Read(w.sys, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT text FROM mention ORDER BY ext_id`, nil, func(scan func(...any) error) error {
			var s string
			err := scan(&s)
			got = append(got, s)
			return err
		})
	}))
	for i, s := range texts {
		if got[i] != s {
			t.Errorf("%d: %.60q became %.60q", i, s, got[i])
		}
	}
}

func TestAPausedChannelAsksToComeBack(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{})
	check(t, w.sources.Pause(w.sys, w.src.Firm, w.src.ID, true, "remont"))
	if a := w.send(w.request("p", two)); a.status != 503 || a.Code != "hooks.paused" || a.header.Get("Retry-After") == "" {
		t.Errorf("%+v", a)
	}
	check(t, w.sources.Pause(w.sys, w.src.Firm, w.src.ID, false, ""))
	if a := w.send(w.request("p", two)); a.status != 200 || a.Accepted != 2 {
		t.Errorf("%+v", a)
	}
	check(t, w.sources.Remove(w.sys, w.src.Firm, w.src.ID, "koniec umowy"))
	if a := w.send(w.request("q", two)); a.status != 404 {
		t.Errorf("%+v", a)
	}
}

func TestOneSourceCannotUseUpTheMachine(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{PerSecond: 1})
	last := answer{}
	for i := range 101 {
		last = w.send(w.request(fmt.Sprint("r", i), `{"items":[]}`))
	}
	if last.status != 429 || last.Code != "hooks.often" || last.header.Get("Retry-After") == "" {
		t.Fatalf("%+v", last)
	}
	first := w.src
	w.src = w.connect(first.Firm, webhook.Kind)
	if a := w.send(w.request("z", two)); a.status != 200 {
		t.Errorf("another source suffers: %+v", a)
	}
	w.src = first
	clock.Forward(2 * time.Second)
	if a := w.send(w.request("z", two)); a.status != 200 {
		t.Errorf("time does not help: %+v", a)
	}
}

func TestASlowBodyIsNotWaitedForForever(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{Patience: 50 * time.Millisecond})
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	check(t, err)
	defer conn.Close()
	check(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(conn, "POST /hooks/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"items\":", w.src.ID)
	check(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	check(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestTimeout || !resp.Close {
		t.Errorf("%d, closes %v", resp.StatusCode, resp.Close)
	}
}

func TestABodyThatBreaksOffChangesNothing(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	check(t, err)
	check(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(conn, "POST /hooks/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{}", w.src.ID)
	check(t, err)
	check(t, conn.(*net.TCPConn).CloseWrite())
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	check(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest || w.mentionsNow() != 0 {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestSentencesComeInTheLanguageAskedFor(t *testing.T) {
	clock := dbtest.NewClock()
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{})
	r := w.request("l", "")
	en := w.send(r)
	r = w.request("l", "")
	r.Header.Set("Accept-Language", "pl-PL,pl;q=0.9")
	if pl := w.send(r); pl.Error != "Przesyłka jest pusta." || en.Error == pl.Error {
		t.Errorf("%q and %q", pl.Error, en.Error)
	}
}
