// Package ntfy rings a phone through an ntfy server, the public one or the firm's own.
package ntfy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/notify"
)

// Channel publishes to topics through the guarded client. A topic's address is a secret: whoever knows it reads along.
type Channel struct{ client *fetch.Client }

// New is a channel over the client, whose limits and guard apply.
func New(c *fetch.Client) *Channel { return &Channel{client: c} }

// Kind is "ntfy".
func (c *Channel) Kind() string { return "ntfy" }

// topicName is what ntfy accepts as a topic (docs.ntfy.sh/publish).
var topicName = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// Check tells with the fault Invalid "notify.ntfy.address" what is no topic address like https://ntfy.sh/my-topic.
func (c *Channel) Check(to string) error {
	_, _, err := split(to)
	return err
}

// split gives the server's root and the topic.
func split(to string) (root, topic string, err error) {
	u, perr := url.Parse(to)
	if perr == nil {
		topic = strings.Trim(u.Path, "/")
	}
	if perr != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || !topicName.MatchString(topic) {
		return "", "", fault.New(fault.Invalid, "notify.ntfy.address").On("address")
	}
	return u.Scheme + "://" + u.Host + "/", topic, nil
}

// publication is ntfy's JSON form of publishing: it goes to the root, carries every alphabet, and nothing in a title
// can become a header.
type publication struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title,omitempty"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags,omitempty"`
	Click    string   `json:"click,omitempty"`
	Actions  []action `json:"actions,omitempty"`
}

// action "http" makes the phone itself call the address: one tap, without a browser.
type action struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url"`
	Method string `json:"method"`
	Clear  bool   `json:"clear"`
}

// Limits of the server in bytes; a longer message would become a file (docs.ntfy.sh/publish#limitations).
const (
	maxMessage = 4000
	maxTitle   = 250
)

var (
	priorities = map[int]int{1: 5, 2: 4, 3: 3, 4: 2}
	tags       = map[int][]string{1: {"rotating_light"}, 2: {"warning"}}
)

func publish(topic string, m notify.Message) publication {
	p := publication{Topic: topic, Title: cut(m.Title, maxTitle), Message: cut(m.Body, maxMessage), Priority: 3, Tags: tags[m.Urgency], Click: m.URL}
	if v, ok := priorities[m.Urgency]; ok {
		p.Priority = v
	}
	if m.AckURL != "" {
		p.Actions = []action{{Action: "http", Label: m.AckTitle, URL: m.AckURL, Method: http.MethodPost, Clear: true}}
	}
	return p
}

// cut shortens to at most n bytes between letters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// Send publishes the message. Trying again helps after network trouble, 429 and 5xx. Faults: notify.ntfy.address,
// notify.ntfy.forbidden (401, 403: the token is missing or wrong for this topic), notify.ntfy.refused, and those of fetch.
func (c *Channel) Send(ctx context.Context, m notify.Message) (notify.Receipt, bool, error) {
	root, topic, err := split(m.To)
	if err != nil {
		return notify.Receipt{}, false, err
	}
	raw, err := json.Marshal(publish(topic, m))
	if err != nil {
		return notify.Receipt{}, false, fmt.Errorf("write publication: %w", err)
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if m.Secret != "" {
		h.Set("Authorization", "Bearer "+m.Secret)
	}
	res, err := c.client.Do(ctx, fetch.Request{Method: http.MethodPost, URL: root, Header: h, Body: raw, MaxBody: 64 << 10})
	if err != nil {
		return notify.Receipt{}, fault.Is(err, fault.Unavailable), err
	}
	return judge(root, res)
}

// reply is ntfy's answer: an id, or its own five-digit error code such as 40301.
type reply struct {
	ID    string `json:"id"`
	Code  int    `json:"code"`
	Error string `json:"error"`
}

func judge(root string, res *fetch.Response) (notify.Receipt, bool, error) {
	var r reply
	known := json.Unmarshal(res.Body, &r) == nil
	host := strings.TrimSuffix(strings.SplitN(root, "://", 2)[1], "/")
	switch {
	case res.Status == http.StatusOK && known && r.ID != "":
		return notify.Receipt{ID: r.ID}, false, nil
	case res.Status == http.StatusUnauthorized || res.Status == http.StatusForbidden:
		return notify.Receipt{}, false, fault.New(fault.Invalid, "notify.ntfy.forbidden", "Host", host, "Code", code(r, res))
	case res.Status == http.StatusOK: // something answers there, but it is not ntfy
		return notify.Receipt{}, false, fault.New(fault.Invalid, "notify.ntfy.not_ntfy", "Host", host)
	}
	return notify.Receipt{}, res.Status == http.StatusRequestTimeout,
		fault.New(fault.Unavailable, "notify.ntfy.refused", "Host", host, "Code", code(r, res))
}

func code(r reply, res *fetch.Response) int {
	if r.Code != 0 {
		return r.Code
	}
	return res.Status
}
