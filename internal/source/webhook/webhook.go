// Package webhook takes in mentions that other programs push to us, signed by the Standard Webhooks rules.
//
// The edge reads the request, asks Receive (or Verify and Decode), remembers the id for RememberFor and hands the
// batch to the intake. A repeat of a remembered id is answered as accepted and changes nothing.
package webhook

import (
	"context"
	"net/http"
	"sort"
	"strings"
	"time"

	"chop/internal/source"
)

// Kind names this kind of source.
const Kind = "webhook"

// RememberFor is how long the store keeps accepted ids. A copied request is refused by its time after Tolerance; a
// sender's own retry carries the same id under a new time, and senders retry for days.
const RememberFor = 7 * 24 * time.Hour

// Connector is the generic incoming webhook. It holds nothing: the place calls us.
type Connector struct{}

// New returns the connector for the registry.
func New() *Connector { return &Connector{} }

// Describe says that the place calls us and that only watching is possible. An empty secret is filled by the caller
// with NewSecret when the source is saved.
func (c *Connector) Describe() source.Description {
	return source.Description{
		Kind:    Kind,
		Letters: "WH",
		Push:    true,
		Fields:  []source.Field{{Name: "secret", Type: "secret"}},
	}
}

// Check tells whether the secret can be used; the fault is Invalid on the field "secret".
func (c *Connector) Check(_ context.Context, s source.Settings) (source.CheckReport, error) {
	if err := CheckSecret(s["secret"]); err != nil {
		return source.CheckReport{}, err
	}
	return source.CheckReport{Notes: []string{"source.webhook.note.waiting"}}, nil
}

// Fetch has nothing to read: items come through Receive. The cursor stays as it is.
func (c *Connector) Fetch(_ context.Context, _ source.Settings, cursor []byte) (source.Batch, error) {
	return source.Batch{Cursor: cursor}, nil
}

// Receive checks and reads one pushed request. id is the sender's message id, to be remembered for RememberFor. The
// faults are those of Verify and Decode; nothing of the body is read before the signature holds.
func Receive(secret string, r *http.Request, body []byte, now time.Time) (id string, b source.Batch, err error) {
	if len(body) > MaxBody {
		return "", b, tooLarge(len(body))
	}
	if id, err = Verify(secret, r.Header, body, now); err != nil {
		return "", b, err
	}
	if b, err = Decode(body, now); err != nil {
		return id, b, err
	}
	b.Deliveries[0].URL = r.URL.Path
	b.Deliveries[0].Header = headerList(r.Header)
	return id, b, nil
}

// headerList writes the header in a fixed order without the credentials a proxy or a sender may have put there.
func headerList(h http.Header) []string {
	var out []string
	for name, values := range h {
		switch strings.ToLower(name) {
		case "authorization", "proxy-authorization", "cookie", "x-api-key":
			continue
		}
		for _, v := range values {
			out = append(out, name+": "+v)
		}
	}
	sort.Strings(out)
	return out
}
