package webhook

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/lang"
	"chop/internal/notify"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var at = time.Unix(1614265330, 0)

func client(t *testing.T) *fetch.Client {
	c := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Clock: func() time.Time { return at }})
	t.Cleanup(c.Close)
	return c
}

// The example of the Standard Webhooks rules (domain/connectors.md A17).
func TestTheSignatureIsTheStandardOne(t *testing.T) {
	k, err := key(secret)
	if err != nil {
		t.Fatal(err)
	}
	got := sign(k, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Fatal(got)
	}
}

func TestACallCarriesTheMessageAndItsSignature(t *testing.T) {
	var header http.Header
	var raw []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		raw, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer s.Close()
	m := notify.Message{ID: "n1", To: s.URL + "/hook", Secret: secret, Title: "Zażółć \"x\"", Body: "a\nb", URL: "https://chop.example/c", Urgency: 2, AckURL: "https://chop.example/ack/t"}
	if r, retry, err := New(client(t)).Send(t.Context(), m); err != nil || retry || r.Detail != "204" {
		t.Fatalf("%+v %v %v", r, retry, err)
	}
	k, _ := key(secret)
	if got := header.Get("webhook-signature"); got == "" || got != sign(k, "n1", header.Get("webhook-timestamp"), raw) || header.Get("webhook-timestamp") != "1614265330" || header.Get("webhook-id") != "n1" {
		t.Fatalf("%v", header)
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil || b.Type != "alert" || b.Data.Title != m.Title || b.Data.Body != m.Body || b.Data.AckURL != m.AckURL || !b.Timestamp.Equal(at) {
		t.Fatalf("%+v %v", b, err)
	}
}

func TestAnswersTellWhetherLaterHelps(t *testing.T) {
	for status, c := range map[int]struct {
		code  string
		retry bool
	}{
		200: {"", false}, 202: {"", false}, 301: {"notify.webhook.refused", false}, 400: {"notify.webhook.refused", false}, 404: {"notify.webhook.refused", false},
		408: {"notify.webhook.refused", true}, 410: {"notify.webhook.gone", false}, 429: {"fetch.rate", true}, 500: {"fetch.status", true}, 503: {"fetch.status", true},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		_, retry, err := New(client(t)).Send(t.Context(), notify.Message{ID: "n", To: s.URL, Secret: secret})
		s.Close()
		var f *fault.Error
		errors.As(err, &f)
		if (c.code == "") != (err == nil) || (f != nil && f.Code != c.code) || retry != c.retry {
			t.Errorf("%d: %v, retry %v", status, err, retry)
		}
		if f != nil && !lang.PL.Has("fault."+f.Code) {
			t.Errorf("%s has no sentence", f.Code)
		}
	}
}

func TestPoorAddressesAndSecretsSendNothing(t *testing.T) {
	var called bool
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer s.Close()
	c := New(client(t))
	for to, ok := range map[string]bool{"https://x.example/h?a=b": true, "": false, "ftp://x": false, "https://": false, "https://u:p@x.example": false, "https://x.example/" + strings.Repeat("a", 2000): false, "://": false} {
		if err := c.Check(to); (err == nil) != ok {
			t.Errorf("%q: %v", to, err)
		}
	}
	for _, sec := range []string{"", "whsec_", "whsec_%%%", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if _, retry, err := c.Send(t.Context(), notify.Message{To: s.URL, Secret: sec}); !fault.Is(err, fault.Invalid) || retry {
			t.Errorf("%q: %v", sec, err)
		}
	}
	guarded := fetch.New(fetch.Config{})
	defer guarded.Close()
	if _, retry, err := New(guarded).Send(t.Context(), notify.Message{To: s.URL, Secret: secret}); !fault.Is(err, fault.Invalid) || retry {
		t.Errorf("a private address: %v", err)
	}
	if called {
		t.Error("somebody was called")
	}
	one, other := NewSecret(), NewSecret()
	if _, err := key(one); err != nil || one == other {
		t.Error("new secrets must sign and differ")
	}
}
