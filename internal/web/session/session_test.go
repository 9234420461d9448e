package session

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/user"
)

func FuzzLocal(f *testing.F) {
	for _, s := range []string{"/a?b=c", "//x", "/\\x", "https://x", "/%2fx", "/a//b", "/..//x", "/\t/x", "javascript:1", "/x\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Local(s, "/home")
		base, _ := url.Parse("https://chop.test/signin")
		to, err := base.Parse(got)
		if err != nil || to.Host != "chop.test" || to.Scheme != "https" || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\x00") {
			t.Fatalf("%q leads to %q (%v)", s, got, err)
		}
	})
}

func TestABucketEmptiesAndFillsAndMemoryIsBounded(t *testing.T) {
	now := dbtest.Start
	b := newBuckets(1, 3)
	got := ""
	for range 5 {
		got += fmt.Sprint(b.allow("a", now), " ")
	}
	if got != "true true true false false " {
		t.Error(got)
	}
	if !b.allow("b", now) || b.allow("a", now) || !b.allow("a", now.Add(time.Second)) {
		t.Error("keys are not apart, or time does not fill")
	}
	for i := range 5 * generation {
		b.allow(fmt.Sprint(i), now)
	}
	if n := len(b.young) + len(b.old); n > 2*generation {
		t.Errorf("%d buckets are kept", n)
	}
}

func TestTheVisitorsAddress(t *testing.T) {
	for _, c := range []struct {
		proxy         bool
		header, wants string
	}{
		{false, "203.0.113.9", "192.0.2.1:1234"}, {true, "203.0.113.9", "203.0.113.9"}, {true, "6.6.6.6, 203.0.113.9", "203.0.113.9"},
		{true, "6.6.6.6, x", "192.0.2.1:1234"}, {true, "", "192.0.2.1:1234"}, {true, "2001:db8::1", "2001:db8::1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Forwarded-For", c.header)
		if got := New(Config{Proxy: c.proxy}).address(r); got != c.wants {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestPathsThatNeedNobody(t *testing.T) {
	list := []string{"/signin", "/signin/", "/static/"}
	for path, want := range map[string]bool{"/signin": true, "/signin/code": true, "/signinx": false, "/static/../people": false, "/static//people": false, "/people": false, "/": false, "": false} {
		if covers(list, path) != want {
			t.Errorf("%q", path)
		}
	}
}

func TestFaultsHaveTheirStatus(t *testing.T) {
	for k, want := range map[fault.Kind]int{fault.NotFound: 404, fault.Invalid: 422, fault.Forbidden: 403, fault.Conflict: 409, fault.Unavailable: 503, fault.Internal: 500} {
		if got := Status(fmt.Errorf("while: %w", fault.New(k, "x"))); got != want {
			t.Errorf("%d: %d", k, got)
		}
	}
	if got := Status(fault.New(fault.Unavailable, user.Throttled)); got != 429 {
		t.Error(got)
	}
}

// The log names the route, never the address with its secrets nor a person.
func TestTheLogKeepsSecretsOut(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	d := dbtest.OpenSQLite(t, nil)
	users, err := user.New(user.Config{DB: d, Origin: "https://chop.test"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /reset/{token}", func(w http.ResponseWriter, r *http.Request) { Fail(w, r, fault.Missing("x")) })
	e := New(Config{Users: users, Firms: firm.New(d, nil)}).Wrap(mux)
	r := httptest.NewRequest(http.MethodGet, "/reset/TOPSECRET?email=anna@example.com", nil)
	r.AddCookie(&http.Cookie{Name: "chop", Value: "COOKIESECRET"})
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != 404 || !strings.Contains(log.String(), `route="GET /reset/{token}"`) || !strings.Contains(log.String(), "status=404") {
		t.Errorf("%d %s", w.Code, log.String())
	}
	for _, secret := range []string{"TOPSECRET", "anna@example.com", "COOKIESECRET", "192.0.2.1"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %s", secret)
		}
	}
}
