package db

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Touched says that something of a firm changed, in words of the caller ("mentions", "cases").
type Touched struct {
	Firm  string `json:"f"`
	Topic string `json:"t"`
}

// touches carries what committed transactions changed to whoever listens, across processes on PostgreSQL.
type touches struct {
	mu        sync.Mutex
	listeners map[int]func([]Touched)
	next      int
}

// Touch tells the listeners, once the transaction has committed, that a topic of a firm changed.
func (t *Tx) Touch(firm, topic string) {
	x := Touched{firm, topic}
	for _, y := range t.touched {
		if x == y {
			return
		}
	}
	t.touched = append(t.touched, x)
}

// Listen calls f for everything touched from now on, until the returned function is called. f must not block.
func (d *DB) Listen(f func([]Touched)) (stop func()) {
	d.touches.mu.Lock()
	defer d.touches.mu.Unlock()
	if d.touches.listeners == nil {
		d.touches.listeners = map[int]func([]Touched){}
	}
	n := d.touches.next
	d.touches.next++
	d.touches.listeners[n] = f
	return func() {
		d.touches.mu.Lock()
		defer d.touches.mu.Unlock()
		delete(d.touches.listeners, n)
	}
}

func (d *DB) tell(ts []Touched) {
	d.touches.mu.Lock()
	defer d.touches.mu.Unlock()
	for _, f := range d.touches.listeners {
		f(ts)
	}
}

const channel = "chop_touched"

// announce makes PostgreSQL tell every process at commit; on SQLite there is only this one.
func (d *DB) announce(ctx context.Context, tx *Tx) error {
	if len(tx.touched) == 0 {
		return nil
	}
	if d.Dialect == SQLite {
		ts := tx.touched
		tx.AfterCommit(func() { d.tell(ts) })
		return nil
	}
	raw, err := json.Marshal(tx.touched)
	if err != nil {
		return err
	}
	if len(raw) > 7000 { // a notification holds 8000 bytes; a mass change is told as "everything"
		raw = []byte(`[{"f":"*","t":"*"}]`)
	}
	if _, err := tx.Exec(ctx, `SELECT pg_notify($1, $2)`, channel, string(raw)); err != nil {
		return fmt.Errorf("announce change: %w", err)
	}
	return nil
}

// Relay hears other processes' changes on PostgreSQL and tells this one's listeners, until ctx ends. It reconnects.
func (d *DB) Relay(ctx context.Context) {
	if d.Dialect == SQLite {
		return
	}
	for ctx.Err() == nil {
		if err := d.relayOnce(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("live updates interrupted, reconnecting", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

func (d *DB) relayOnce(ctx context.Context) error {
	c, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if _, err := c.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	for {
		n, err := c.Conn().WaitForNotification(ctx)
		if err != nil {
			return err
		}
		var ts []Touched
		if err := json.Unmarshal([]byte(n.Payload), &ts); err != nil {
			return fmt.Errorf("read announcement: %w", err)
		}
		d.tell(ts)
	}
}
