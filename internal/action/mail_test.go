package action_test

import (
	"context"
	"sync"

	"chop/internal/fault"
	"chop/internal/notify"
)

// mail is a channel whose receivers stand in the test.
type mail struct {
	mu   sync.Mutex
	got  []notify.Message
	down bool
}

func (p *mail) Kind() string { return "email" }

func (p *mail) Check(string) error { return nil }

func (p *mail) Send(_ context.Context, m notify.Message) (notify.Receipt, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return notify.Receipt{}, false, fault.New(fault.Unavailable, "notify.email.unreachable", "Host", "h")
	}
	p.got = append(p.got, m)
	return notify.Receipt{ID: m.ID}, false, nil
}

// letters are the messages that arrived so far.
func (p *mail) letters() []notify.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]notify.Message(nil), p.got...)
}
