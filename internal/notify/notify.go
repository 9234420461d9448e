// Package notify carries a message to a person through a channel. It does not know what the message is about.
package notify

import (
	"context"
)

// Message is one thing to tell one person.
type Message struct {
	ID       string // for idempotency and reply tracking
	To       string // address of the channel's kind: e-mail address, ntfy topic URL, webhook URL
	Secret   string // the address' secret (webhook signing key, ntfy token), if any
	Title    string // one line, plain text
	Body     string // plain text
	URL      string // where to act
	Urgency  int    // 1 urgent, 2 high, 3 ordinary, 4 low
	Tag      string // dedupe/group key at the receiver
	AckURL   string // one-tap acknowledgement, if any
	AckTitle string // its caption in the reader's language
}

// Receipt is what the channel said.
type Receipt struct {
	ID     string // the channel's id of the message
	Detail string
}

// Channel is one way to reach a person. retry tells whether trying again later can help.
type Channel interface {
	Kind() string // "email", "ntfy", "webhook"
	// Check validates an address before it is saved; fault.Invalid explains.
	Check(to string) error
	Send(ctx context.Context, m Message) (r Receipt, retry bool, err error)
}
