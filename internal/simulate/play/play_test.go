package play_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/simulate"
	"chop/internal/simulate/play"
	"chop/internal/source"
	"chop/internal/source/webhook"
)

// place takes deliveries by the rules of the real one, after refusing the first few.
type place struct {
	mu     sync.Mutex
	secret string
	busy   int
	seen   map[string]int
	items  []source.Item
	errs   []error
}

func (p *place) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	id, b, err := webhook.Receive(p.secret, r, body, time.Now())
	p.seen[id]++
	switch {
	case p.busy > 0:
		p.busy--
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case err != nil || len(b.Ignored) > 0:
		p.errs = append(p.errs, err)
		w.WriteHeader(http.StatusUnprocessableEntity)
	case p.seen[id] == 1 || p.busy == 0:
		p.items = append(p.items, b.Items...)
	}
}

func small() simulate.Page {
	s := simulate.Attacked(3)
	s.Days, s.Posts, s.Accounts, s.Wave, s.Bomb = 20, 12, 200, 20, 5
	return simulate.Make(s)
}

func serve(t *testing.T, busy int) (*place, play.Target) {
	t.Helper()
	p := &place{secret: webhook.NewSecret(), busy: busy, seen: map[string]int{}}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	return p, play.Target{URL: srv.URL + "/", Source: "s1", Secret: p.secret}
}

func TestAPageArrivesWholeInOrderAtABusyPlace(t *testing.T) {
	place, target := serve(t, 1)
	page := small()
	target.Past = true
	sent, err := play.Page(context.Background(), page, target)
	if err != nil {
		t.Fatal(err)
	}
	questions, answers, rated := 0, 0, 0
	for i, it := range place.items {
		if i > 0 && it.At.Before(place.items[i-1].At) {
			t.Fatal("out of order")
		}
		if strings.HasSuffix(it.ExternalID, "-q") {
			questions++
		}
		if strings.HasSuffix(it.ParentID, "-q") {
			answers++
		}
		if it.Kind == source.KindReview && it.Rating > 0 {
			rated++
		}
	}
	if len(place.errs) > 0 || sent != len(place.items) || sent != len(page.Actions)+len(page.Reviews)+questions || questions == 0 || answers == 0 || rated != len(page.Reviews) {
		t.Errorf("%v: %d sent, %d arrived, %d questions, %d answers, %d of %d reviews", place.errs, sent, len(place.items), questions, answers, rated, len(page.Reviews))
	}
	if last := place.items[len(place.items)-1].At; time.Since(last) > time.Minute || place.items[0].At.After(last.Add(-15*24*time.Hour)) {
		t.Errorf("from %v to %v", place.items[0].At, last)
	}
}

func TestHighSpeedMakesDaysOfSeconds(t *testing.T) {
	place, target := serve(t, 0)
	target.Speed = 1e7
	begun := time.Now()
	if _, err := play.Page(context.Background(), small(), target); err != nil {
		t.Fatal(err)
	}
	if first := place.items[0].At; first.Before(begun.Add(-time.Second)) {
		t.Errorf("what is sent now is said to be of %v", first)
	}
}

func TestATargetThatCannotBePlayedToIsRefusedWithTheCure(t *testing.T) {
	good := play.Target{URL: "http://127.0.0.1:1", Source: "s", Secret: webhook.NewSecret(), Speed: 1}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*play.Target){
		"--into": func(t *play.Target) { t.URL = "chop.example" }, "--source": func(t *play.Target) { t.Source = "" },
		"--secret": func(t *play.Target) { t.Secret = "secret" }, "--speed": func(t *play.Target) { t.Speed = -1 },
	} {
		x := good
		change(&x)
		if err := x.Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARefusalIsToldInThePlacesWords(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"code":"webhook.signature","error":"The signature does not fit."}`)
	}))
	defer srv.Close()
	sent, err := play.Page(context.Background(), small(), play.Target{URL: srv.URL, Source: "s", Secret: webhook.NewSecret()})
	if sent != 0 || err == nil || !strings.Contains(err.Error(), "The signature does not fit.") {
		t.Errorf("%d %v", sent, err)
	}
}
