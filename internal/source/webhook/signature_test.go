package webhook

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"chop/internal/fault"

	"pgregory.net/rapid"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var sent = time.Unix(1614265330, 0)

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func header(id, ts, sig string) http.Header {
	h := http.Header{}
	for name, v := range map[string]string{HeaderID: id, HeaderTimestamp: ts, HeaderSignature: sig} {
		if v != "" {
			h.Set(name, v)
		}
	}
	return h
}

func TestSignAgreesWithOpenSSL(t *testing.T) {
	got := Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", sent, []byte(`{"test": 2432232314}`))
	// the value was computed independently: openssl dgst -sha256 -mac HMAC over id.timestamp.body
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestVerifyTellsEachTroubleApart(t *testing.T) {
	body := []byte(`{"test": 2432232314}`)
	ts := strconv.FormatInt(sent.Unix(), 10)
	good := Sign(secret, "m1", sent, body)
	other := Sign(NewSecret(), "m1", sent, body)
	for name, c := range map[string]struct {
		secret, id, ts, sig string
		now                 time.Time
		want                string
	}{
		"good":                   {secret, "m1", ts, good, sent, ""},
		"at the edge, late":      {secret, "m1", ts, good, sent.Add(Tolerance), ""},
		"at the edge, early":     {secret, "m1", ts, good, sent.Add(-Tolerance), ""},
		"rotation, second valid": {secret, "m1", ts, other + " " + good, sent, ""},
		"other versions beside":  {secret, "m1", ts, "v1a,AAAA v2,xx " + good, sent, ""},
		"stale":                  {secret, "m1", ts, good, sent.Add(Tolerance + time.Second), "webhook.stale"},
		"future":                 {secret, "m1", ts, good, sent.Add(-Tolerance - time.Second), "webhook.future"},
		"no id":                  {secret, "", ts, good, sent, "webhook.header_missing"},
		"no time":                {secret, "m1", "", good, sent, "webhook.header_missing"},
		"no signature":           {secret, "m1", ts, "", sent, "webhook.header_missing"},
		"time is a word":         {secret, "m1", "now", good, sent, "webhook.header_malformed"},
		"time overflows":         {secret, "m1", "9223372036854775807", good, sent, "webhook.header_malformed"},
		"negative time":          {secret, "m1", "-5", good, sent, "webhook.header_malformed"},
		"huge id":                {secret, strings.Repeat("x", maxID+1), ts, good, sent, "webhook.header_malformed"},
		"another id":             {secret, "m2", ts, good, sent, "webhook.signature"},
		"another secret":         {secret, "m1", ts, other, sent, "webhook.signature"},
		"time moved":             {secret, "m1", strconv.FormatInt(sent.Unix()+1, 10), good, sent, "webhook.signature"},
		"version missing":        {secret, "m1", ts, strings.TrimPrefix(good, "v1,"), sent, "webhook.signature"},
		"signature not base64":   {secret, "m1", ts, "v1,!!!", sent, "webhook.signature"},
		"empty signature":        {secret, "m1", ts, "v1,", sent, "webhook.signature"},
		"our secret empty":       {"", "m1", ts, good, sent, "webhook.secret"},
		"our secret no base64":   {"whsec_%%%", "m1", ts, good, sent, "webhook.secret"},
		"our secret too short":   {"whsec_AAAA", "m1", ts, good, sent, "webhook.secret"},
		"our secret no prefix":   {strings.TrimPrefix(secret, prefix), "m1", ts, good, sent, "webhook.secret"},
	} {
		id, err := Verify(c.secret, header(c.id, c.ts, c.sig), body, c.now)
		if code(err) != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if (id == "m1") != (c.want == "") {
			t.Errorf("%s: id %q", name, id)
		}
	}
}

func TestTheSecretNeverStandsInAnError(t *testing.T) {
	for _, s := range []string{"whsec_hush!hush", "hush-hush", "whsec_aHVzaA=="} {
		if err := CheckSecret(s); err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "aHVz") {
			t.Errorf("%s: %v", s, err)
		}
	}
	if Sign("hush", "m", sent, nil) != "" {
		t.Error("a malformed secret signed something")
	}
}

func TestASignedMessageHoldsAndAChangedOneDoesNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewSecret()
		id := rapid.StringMatching(`[A-Za-z0-9_.-]{1,64}`).Draw(t, "id")
		body := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "body")
		h := header(id, strconv.FormatInt(sent.Unix(), 10), Sign(s, id, sent, body))
		if _, err := Verify(s, h, body, sent); err != nil {
			t.Fatal(err)
		}
		i := rapid.IntRange(0, len(body)-1).Draw(t, "i")
		body[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, err := Verify(s, h, body, sent); code(err) != "webhook.signature" {
			t.Fatalf("a changed body passed: %v", err)
		}
	})
}

func TestReceiveKeepsTheDeliveryWithoutCredentials(t *testing.T) {
	body := []byte(`{"external_id":"1","text":"Dzień dobry"}`)
	r := httptest.NewRequest(http.MethodPost, "/in/abc?token=t", nil)
	r.Header = header("m1", strconv.FormatInt(sent.Unix(), 10), Sign(secret, "m1", sent, body))
	r.Header.Set("Authorization", "Bearer hush")
	r.Header.Set("Cookie", "hush")
	id, b, err := Receive(secret, r, body, sent)
	if err != nil || id != "m1" || len(b.Items) != 1 {
		t.Fatal(id, b, err)
	}
	d := b.Deliveries[0]
	if d.URL != "/in/abc" || !d.At.Equal(sent) || string(d.Body) != string(body) {
		t.Errorf("delivery %+v", d)
	}
	if list := strings.Join(d.Header, "\n"); strings.Contains(list, "hush") || !strings.Contains(list, "Webhook-Id: m1") {
		t.Errorf("header %v", d.Header)
	}
	if _, _, err := Receive(secret, r, make([]byte, MaxBody+1), sent); code(err) != "webhook.too_large" {
		t.Errorf("11 MB: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(secret, "m1", "1614265330", "v1,AAAA", []byte("{}"))
	f.Add("whsec_", "", "", "v1,", []byte(nil))
	f.Fuzz(func(t *testing.T, s, id, ts, sig string, body []byte) {
		h := header(id, ts, sig)
		if got, err := Verify(s, h, body, sent); err == nil {
			n, _ := strconv.ParseInt(ts, 10, 64)
			want := strings.TrimPrefix(Sign(s, got, time.Unix(n, 0), body), "v1,")
			if ts == strconv.FormatInt(n, 10) && !strings.Contains(sig, want) {
				t.Fatalf("accepted %q", sig)
			}
		} else if code(err) == "" {
			t.Fatalf("not a fault: %v", err)
		}
	})
}
