package ntfy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/lang"
	"chop/internal/notify"
)

// server speaks the JSON side of ntfy: the topic "locked" needs the token, "busy" is over its limit.
type server struct {
	got publication
	n   int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status, code int, what string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%d,"http":%d,"error":%q}`, code, status, what)
	}
	var p publication
	switch err := json.NewDecoder(r.Body).Decode(&p); {
	case r.Method != http.MethodPost || r.URL.Path != "/":
		refuse(404, 40401, "page not found")
	case err != nil:
		refuse(400, 40024, "invalid request: request body must be valid JSON")
	case p.Topic == "locked" && r.Header.Get("Authorization") == "":
		refuse(403, 40301, "forbidden")
	case p.Topic == "locked" && r.Header.Get("Authorization") != "Bearer tk_good":
		refuse(401, 40101, "unauthorized")
	case p.Topic == "busy":
		refuse(429, 42901, "limit reached: too many requests")
	case p.Topic == "broken":
		refuse(500, 50001, "internal server error")
	case p.Topic == "bad":
		refuse(400, 40009, "invalid topic: path invalid")
	case p.Topic == "page":
		fmt.Fprint(w, "<html>parked</html>")
	default:
		s.got = p
		s.n++
		fmt.Fprintf(w, `{"id":"id%d","event":"message","topic":%q}`, s.n, p.Topic)
	}
}

func start(t *testing.T) (*server, *Channel, string) {
	s := &server{}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	c := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(c.Close)
	return s, New(c), h.URL + "/"
}

func TestAMessageRingsWithItsButton(t *testing.T) {
	s, c, url := start(t)
	m := notify.Message{ID: "n", To: url + "locked", Secret: "tk_good", Title: "P1 Manufaktura: groźba\nX-Priority: 1", Body: "żółć", URL: "https://chop.example/c",
		Urgency: 1, AckURL: "https://chop.example/ack/t", AckTitle: "Przyjmuję"}
	r, retry, err := c.Send(t.Context(), m)
	if err != nil || retry || r.ID != "id1" {
		t.Fatalf("%+v %v %v", r, retry, err)
	}
	want := action{"http", "Przyjmuję", "https://chop.example/ack/t", "POST", true}
	if g := s.got; g.Title != m.Title || g.Message != "żółć" || g.Priority != 5 || g.Click != m.URL || !slices.Equal(g.Tags, []string{"rotating_light"}) || len(g.Actions) != 1 || g.Actions[0] != want {
		t.Fatalf("%+v", g)
	}
	for urgency, priority := range map[int]int{2: 4, 3: 3, 4: 2, 0: 3, 99: 3} {
		m.Urgency, m.AckURL = urgency, ""
		if _, _, err := c.Send(t.Context(), m); err != nil || s.got.Priority != priority || len(s.got.Actions) != 0 {
			t.Errorf("urgency %d: %+v %v", urgency, s.got, err)
		}
	}
}

func TestRefusalsAreClear(t *testing.T) {
	_, c, url := start(t)
	for topic, want := range map[string]struct {
		code, number string
		retry        bool
	}{
		"locked": {"notify.ntfy.forbidden", "40301", false}, "bad": {"notify.ntfy.refused", "40009", false}, "busy": {"fetch.rate", "", true},
		"broken": {"fetch.status", "", true}, "page": {"notify.ntfy.not_ntfy", "", false},
	} {
		_, retry, err := c.Send(t.Context(), notify.Message{To: url + topic, Body: "x"})
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != want.code || retry != want.retry {
			t.Errorf("%s: %v, retry %v", topic, err, retry)
			continue
		}
		if s := lang.PL.T("fault."+f.Code, "Host", f.Data["Host"], "Code", f.Data["Code"], "Status", f.Data["Status"]); strings.ContainsAny(s, "[<") || !strings.Contains(s, want.number) {
			t.Errorf("%s: sentence %q", topic, s)
		}
	}
	if _, retry, err := c.Send(t.Context(), notify.Message{To: url + "locked", Secret: "tk_old"}); !fault.Is(err, fault.Invalid) || retry {
		t.Errorf("a wrong token: %v", err)
	}
}

func TestHugeMessagesAreCutBetweenLetters(t *testing.T) {
	s, c, url := start(t)
	for _, text := range []string{strings.Repeat("ż", 5<<20), strings.Repeat("a", 3999) + "ż", strings.Repeat("👻", 2000)} {
		if _, _, err := c.Send(t.Context(), notify.Message{To: url + "t", Title: text, Body: text}); err != nil {
			t.Fatal(err)
		}
		if g := s.got; !utf8.ValidString(g.Message) || strings.ContainsRune(g.Message, utf8.RuneError) || len(g.Message) > 4096 || len(g.Title) > 256 || len(g.Message) < 3990 {
			t.Errorf("%d bytes, title %d", len(g.Message), len(g.Title))
		}
	}
}

func TestAddressesOfTopics(t *testing.T) {
	c := New(fetch.New(fetch.Config{}))
	for to, ok := range map[string]bool{"https://ntfy.sh/moj-temat_1": true, "http://ntfy.lan:8080/x/": true, "": false, "https://ntfy.sh": false, "https://ntfy.sh/a/b": false,
		"https://ntfy.sh/a?x=1": false, "https://u:p@ntfy.sh/a": false, "ntfy.sh/a": false, "https://ntfy.sh/żółw": false, "https://ntfy.sh/" + strings.Repeat("a", 65): false} {
		err := c.Check(to)
		if (err == nil) != ok {
			t.Errorf("%q: %v", to, err)
		}
		if ok {
			continue
		}
		if _, retry, err := c.Send(t.Context(), notify.Message{To: to}); !fault.Is(err, fault.Invalid) || retry {
			t.Errorf("sent to %q: %v", to, err)
		}
	}
}
