package story

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chop/internal/alert"
	"chop/internal/classify/remote"
	"chop/internal/mention"
)

// reader is a place that speaks the chat protocol and finds a threat in texts with a certain word.
type reader struct {
	*httptest.Server
	word string
	down atomic.Bool
	last atomic.Value // the newest request
}

func openReader(t *testing.T, word string) *reader {
	r := &reader{word: word}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (p *reader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	p.last.Store(string(raw))
	var body struct{ Messages []struct{ Content string } }
	var user struct{ Items []struct{ ID, Text string } }
	if err != nil || json.Unmarshal(raw, &body) != nil || len(body.Messages) != 2 || json.Unmarshal([]byte(body.Messages[1].Content), &user) != nil || p.down.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var out []string
	for _, x := range user.Items {
		says := `"labels":[{"label":"neutral","score":1}],"severity":0`
		if strings.Contains(x.Text, p.word) {
			says = `"labels":[{"label":"threat","score":0.9}],"severity":4`
		}
		out = append(out, fmt.Sprintf(`{"id":%q,%s}`, x.ID, says))
	}
	content, _ := json.Marshal(`{"items":[` + strings.Join(out, ",") + `]}`)
	fmt.Fprintf(w, `{"choices":[{"message":{"content":%s}}],"usage":{"prompt_tokens":500,"completion_tokens":60}}`, content)
}

// A second engine that a firm switched on sees a threat the built-in one does not, and somebody is woken. While it is
// away nothing waits for it.
func TestASecondEngineWakesSomebody(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna := w.Guardian("Anna")
		place := openReader(t, "magnolie")
		s := remote.DefaultSettings(w.firm.ID)
		s.On, s.URL, s.Model, s.Scope = true, place.URL+"/v1", "model", remote.All
		w.ok(w.Second.Save(anna.ctx(), remote.Change{Settings: s, Key: "klucz", Accept: true}))

		place.down.Store(true)
		harmless := w.Visitor("Darek").Comments("Dziękuję, Anna z obsługi pomogła wybrać magnolie. Numer zamówienia 1234567890.")
		w.FastForward(time.Minute)
		m := w.sees(harmless)
		if m.Has("threat") || m.Status == mention.New {
			t.Fatalf("the built-in labels did not come at once: %v %s", m.Labels, m.Status)
		}
		anna.GetsNothing()
		if st, err := w.Second.State(anna.ctx(), w.firm.ID); err != nil || st.DownSince.IsZero() {
			t.Fatalf("nobody is told that the engine is away: %+v %v", st, err)
		}

		place.down.Store(false)
		w.FastForward(3 * time.Minute)
		if m = w.sees(harmless); !m.Has("threat") || m.Severity != 4 || m.Status != mention.Open {
			t.Fatalf("%v severity %d %s", m.Labels, m.Severity, m.Status)
		}
		if raw := place.last.Load().(string); strings.Contains(raw, "1234567890") || strings.Contains(raw, "Anna") || !strings.Contains(raw, "[NUMBER]") || !strings.Contains(raw, "[NAME]") {
			t.Errorf("what left is not redacted")
		}
		proofs, err := w.Evidence.Of(anna.ctx(), w.firm.ID, mention.Ref(m.ID))
		w.ok(err)
		if len(proofs) != 1 {
			t.Errorf("%d exhibits", len(proofs))
		}
		anna.Taps(anna.GetsLetter("P1"))
		w.onlyAlert("case.title.threat", alert.Acknowledged)
		w.onlyCase()
		w.FastForward(5 * time.Minute)
		anna.GetsNothing()

		w.ok(w.Second.SwitchOff(anna.ctx(), w.firm.ID))
		calm := w.Visitor("Teresa").Comments("U nas magnolie już przekwitły.")
		w.FastForward(time.Minute)
		if m := w.sees(calm); m.Has("threat") {
			t.Fatal("it was asked although it is off")
		}
	})
}
