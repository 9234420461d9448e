package site

import (
	"bytes"
	"fmt"
	"net/http"
)

// Answer is a fault that the shop shows instead of its own answer.
type Answer struct {
	Status int // 200 when 0
	Header map[string]string
	Body   []byte
	After  bool            // do what was asked first, then answer with the fault
	Half   bool            // give the shop's own answer, broken off in the middle
	HangUp bool            // close the connection without a word
	Wait   <-chan struct{} // keep the caller waiting until this closes or the caller leaves
}

// Fault sets the hook that is asked before every request; nil from it means no fault, nil instead of it removes it.
func (s *Site) Fault(hook func(*http.Request) *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = hook
}

// ServeHTTP answers as the shop, or as its fault.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	hook := s.fault
	s.mu.RUnlock()
	var a *Answer
	if hook != nil {
		a = hook(r)
	}
	if a == nil {
		s.open(w, r)
		return
	}
	own := &record{header: http.Header{}, status: http.StatusOK}
	if a.After || a.Half {
		s.open(own, r)
	}
	a.give(w, r, own)
}

func (a *Answer) give(w http.ResponseWriter, r *http.Request, own *record) {
	if a.Wait != nil {
		select {
		case <-a.Wait:
		case <-r.Context().Done():
			return
		}
	}
	if a.HangUp || a.Half {
		a.breakOff(w, own)
		return
	}
	for k, v := range a.Header {
		w.Header().Set(k, v)
	}
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	w.Write(a.Body)
}

func (a *Answer) breakOff(w http.ResponseWriter, own *record) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // a connection that cannot be taken over is cut by the server
	}
	defer conn.Close()
	if !a.Half {
		return
	}
	body := own.body.Bytes()
	fmt.Fprintf(buf, "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", own.status, len(body))
	buf.Write(body[:len(body)/2])
	buf.Flush()
}

// record keeps the shop's own answer instead of sending it.
type record struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *record) Header() http.Header         { return r.header }
func (r *record) WriteHeader(status int)      { r.status = status }
func (r *record) Write(b []byte) (int, error) { return r.body.Write(b) }
