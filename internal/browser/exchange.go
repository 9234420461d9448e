package browser

import (
	"bytes"
	"crypto/x509"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Exchange is one request of the page and what came back, as they went over the wire: the body still has its content
// encoding; HTTP's own framing (chunks) is taken off.
type Exchange struct {
	Method   string
	URL      string
	Sent     http.Header
	SentBody []byte
	At       time.Time // when the request left
	Took     time.Duration
	IP       netip.Addr        // of the server, zero when there was no connection
	Cert     *x509.Certificate // of the server, nil without TLS
	Status   int               // 0 when no answer came
	Phrase   string            // of the status line: "Not Found"
	Header   http.Header
	Body     []byte
	Cut      string // why the body is not whole: "length", "time", "disconnect"; empty when it is
	Refused  string // code of the fault when no answer came: "fetch.private_address", "browser.websocket"
	done     bool
}

// Type is the MIME type without parameters, "" when the server gave none.
func (e Exchange) Type() string { return mediaType(e.Header.Get("Content-Type")) }

// tape keeps the exchanges of one capture within its limits.
type tape struct {
	mu     sync.Mutex
	limits Limits
	clock  func() time.Time
	list   []*Exchange
	bytes  int64
	open   int       // exchanges under way
	last   time.Time // when something last began or ended
	over   bool      // a limit of the whole capture was reached
	closed bool
}

// begin enters a request; nil when the limits allow no more.
func (t *tape) begin(method, url string, sent http.Header) *Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.list) >= t.limits.Requests || t.bytes >= t.limits.Bytes {
		t.over = true
		return nil
	}
	e := &Exchange{Method: method, URL: url, Sent: sent, At: t.clock()}
	t.list = append(t.list, e)
	t.open++
	t.last = e.At
	return e
}

func (t *tape) end(e *Exchange, change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.done {
		return
	}
	if !t.closed {
		change()
	}
	e.done = true
	e.Took = t.clock().Sub(e.At)
	t.open--
	t.last = t.clock()
}

// take keeps bytes of a body; false when no more may come.
func (t *tape) take(e *Exchange, p []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || e.done {
		return false
	}
	room := min(t.limits.Response-int64(len(e.Body)), t.limits.Bytes-t.bytes)
	n := min(int64(len(p)), max(room, 0))
	e.Body = append(e.Body, p[:n]...)
	t.bytes += n
	if n < int64(len(p)) {
		e.Cut = "length"
		t.over = t.over || t.bytes >= t.limits.Bytes
		return false
	}
	return true
}

// quiet tells whether nothing has been under way for a while. An exchange that has run longer than patience (a stream
// that stays open) does not count.
func (t *tape) quiet(calm, patience time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, busy := t.clock(), 0
	for _, e := range t.list {
		if !e.done && now.Sub(e.At) < patience {
			busy++
		}
	}
	return busy == 0 && now.Sub(t.last) >= calm
}

// close ends the recording: what is under way is cut off. It returns everything in the order of the requests.
func (t *tape) close() []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	out := make([]Exchange, len(t.list))
	for i, e := range t.list {
		out[i] = *e
		if !e.done {
			out[i].Cut, out[i].Took = "time", t.clock().Sub(e.At)
		}
	}
	return out
}

// find is the last exchange of an address.
func (t *tape) find(address string) *Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	address, _, _ = strings.Cut(address, "#")
	for _, e := range slices.Backward(t.list) {
		if e.URL == address {
			found := *e
			return &found
		}
	}
	return nil
}

// copy hands a body on to the page and keeps it.
func (t *tape) copy(w io.Writer, body io.Reader, e *Exchange) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if !t.take(e, buf[:n]) {
				return http.ErrAbortHandler
			}
			if _, werr := w.Write(buf[:n]); werr != nil {
				return werr
			}
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sent reads what the page sends, at most as much as is kept.
func sent(r io.Reader, most int64) ([]byte, error) {
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = http.ErrContentLength
	}
	return b.Bytes(), err
}
