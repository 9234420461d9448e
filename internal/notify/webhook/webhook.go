// Package webhook tells another program of an alarm with a signed HTTP call (Standard Webhooks).
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/notify"
)

// Channel calls addresses through the guarded client.
type Channel struct{ client *fetch.Client }

// New is a channel over the client, whose limits and guard apply.
func New(c *fetch.Client) *Channel { return &Channel{client: c} }

// Kind is "webhook".
func (c *Channel) Kind() string { return "webhook" }

// Check tells with the fault Invalid "notify.webhook.address" what cannot be called.
func (c *Channel) Check(to string) error {
	u, err := url.Parse(to)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil || len(to) > 2000 {
		return fault.New(fault.Invalid, "notify.webhook.address").On("address")
	}
	return nil
}

// body is what the receiver gets; "type" tells it apart from later kinds.
type body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	URL     string `json:"url,omitempty"`
	Urgency int    `json:"urgency"`
	Tag     string `json:"tag,omitempty"`
	AckURL  string `json:"ack_url,omitempty"`
}

// Send posts the message; any 2xx is success. Trying again helps after network trouble, 408, 429 and 5xx, not after
// other answers. Faults: notify.webhook.address, notify.webhook.secret, notify.webhook.gone (410: the receiver asks to
// be left alone), notify.webhook.refused, and those of fetch.
func (c *Channel) Send(ctx context.Context, m notify.Message) (notify.Receipt, bool, error) {
	if err := c.Check(m.To); err != nil {
		return notify.Receipt{}, false, err
	}
	key, err := key(m.Secret)
	if err != nil {
		return notify.Receipt{}, false, err
	}
	now := c.client.Now().UTC()
	raw, err := json.Marshal(body{Type: "alert", Timestamp: now.Truncate(time.Second),
		Data: data{ID: m.ID, Title: m.Title, Body: m.Body, URL: m.URL, Urgency: m.Urgency, Tag: m.Tag, AckURL: m.AckURL}})
	if err != nil {
		return notify.Receipt{}, false, fmt.Errorf("write webhook: %w", err)
	}
	ts := strconv.FormatInt(now.Unix(), 10)
	res, err := c.client.Do(ctx, fetch.Request{Method: http.MethodPost, URL: m.To, Body: raw, MaxBody: 64 << 10, Header: http.Header{
		"Content-Type": {"application/json"}, "Webhook-Id": {m.ID}, "Webhook-Timestamp": {ts},
		"Webhook-Signature": {sign(key, m.ID, ts, raw)}}})
	if err != nil {
		return notify.Receipt{}, fault.Is(err, fault.Unavailable), err
	}
	return c.judge(res)
}

func (c *Channel) judge(res *fetch.Response) (notify.Receipt, bool, error) {
	host := ""
	if u, err := url.Parse(res.URL); err == nil {
		host = u.Host
	}
	switch {
	case res.Status/100 == 2:
		return notify.Receipt{Detail: strconv.Itoa(res.Status)}, false, nil
	case res.Status == http.StatusGone:
		return notify.Receipt{}, false, fault.New(fault.Invalid, "notify.webhook.gone", "Host", host)
	}
	return notify.Receipt{}, res.Status == http.StatusRequestTimeout,
		fault.New(fault.Unavailable, "notify.webhook.refused", "Host", host, "Status", res.Status)
}

const secretPrefix = "whsec_"

// NewSecret makes a signing secret of 32 random bytes to show once to whoever sets up the receiver.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails, crypto/rand ends the program instead
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

func key(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(secret), secretPrefix)
	k, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(k) < 16 {
		return nil, fault.New(fault.Invalid, "notify.webhook.secret").On("secret")
	}
	return k, nil
}

// sign is the Standard Webhooks signature: HMAC-SHA-256 over "id.timestamp.body" (domain/connectors.md A17).
func sign(key []byte, id, ts string, body []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + ts + "."))
	m.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}
