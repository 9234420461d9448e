package remote_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// item is a text as it arrived at the place.
type item struct {
	ID, Text, Post, Parent, Lang string
}

// question is a request as it arrived.
type question struct {
	Model       string
	Format      string // of the answer asked for
	Key         string
	Temperature *float64
	MaxTokens   int
	NewMax      int
	System      string
	Items       []item
	raw         string
}

// place is a server that speaks the chat protocol. Unless a test says otherwise it answers well: what it thinks of a
// text stands in opinions, by a part of the text; of everything else it thinks neutral.
type place struct {
	*httptest.Server
	t        *testing.T
	mu       sync.Mutex
	asked    []question
	opinions map[string]string // part of a text -> labels as JSON, with severity
	answer   func(w http.ResponseWriter, q question) bool
}

func openPlace(t *testing.T) *place {
	p := &place{t: t, opinions: map[string]string{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *place) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := p.read(r)
	p.mu.Lock()
	p.asked = append(p.asked, q)
	answer := p.answer
	p.mu.Unlock()
	if r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" {
		http.NotFound(w, r)
		return
	}
	if answer == nil || !answer(w, q) {
		p.well(w, q)
	}
}

func (p *place) read(r *http.Request) question {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Error(err)
	}
	var body struct {
		Model       string
		Messages    []struct{ Role, Content string }
		Temperature *float64
		MaxTokens   int                   `json:"max_tokens"`
		NewMax      int                   `json:"max_completion_tokens"`
		Format      struct{ Type string } `json:"response_format"`
	}
	if err := json.Unmarshal(raw, &body); err != nil || len(body.Messages) != 2 || body.Messages[0].Role != "system" || body.Messages[1].Role != "user" {
		p.t.Errorf("a request that is none: %v %s", err, raw)
		return question{}
	}
	var user struct{ Items []item }
	if err := json.Unmarshal([]byte(body.Messages[1].Content), &user); err != nil {
		p.t.Errorf("the user message is no JSON: %v", err)
	}
	return question{body.Model, body.Format.Type, r.Header.Get("Authorization"), body.Temperature, body.MaxTokens, body.NewMax, body.Messages[0].Content,
		user.Items, string(raw)}
}

// well answers as a good place does.
func (p *place) well(w http.ResponseWriter, q question) {
	var entries []string
	for _, x := range q.Items {
		says := `"labels":[{"label":"neutral","score":0.9}],"severity":0`
		p.mu.Lock()
		for part, o := range p.opinions {
			if strings.Contains(x.Text, part) {
				says = o
			}
		}
		p.mu.Unlock()
		entries = append(entries, fmt.Sprintf(`{"id":%q,%s}`, x.ID, says))
	}
	reply(w, `{"items":[`+strings.Join(entries, ",")+`]}`, "stop", `{"prompt_tokens":400,"completion_tokens":50}`)
}

func reply(w http.ResponseWriter, content, finish, usage string) {
	w.Header().Set("Content-Type", "application/json")
	c, _ := json.Marshal(content)
	fmt.Fprintf(w, `{"id":"x","object":"chat.completion","choices":[{"index":0,"finish_reason":%q,"message":{"role":"assistant","content":%s}}],"usage":%s}`, finish, c, usage)
}

// thinks sets the place's opinion of texts with this part.
func (p *place) thinks(part, labels string, severity int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opinions[part] = fmt.Sprintf(`"labels":[%s],"severity":%d`, labels, severity)
}

// answers replaces the way the place answers; f says false to answer well.
func (p *place) answers(f func(w http.ResponseWriter, q question) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// questions are those that came since the last call.
func (p *place) questions() []question {
	p.mu.Lock()
	defer p.mu.Unlock()
	qs := p.asked
	p.asked = nil
	return qs
}

// goodAnswer is the content of a good answer.
func goodAnswer(w *world, q question) string {
	rec := httptest.NewRecorder()
	w.place.well(rec, q)
	var body struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		w.t.Error(err)
	}
	return body.Choices[0].Message.Content
}
