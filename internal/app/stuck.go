package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/notify"
	"chop/internal/oncall"
)

const (
	stuckAfter = 2 * time.Minute  // a pressing job may wait this long before the queue counts as stuck
	stuckAgain = 30 * time.Minute // between two calls about the same trouble
)

// watchQueue makes a stuck queue loud (law 8). Alerts travel through the queue, so this one call goes past it: straight
// to every guardian, by every contact they have.
func (r *Rooms) watchQueue(ctx context.Context) error {
	h, err := r.Jobs.Health(ctx)
	if err != nil {
		return err
	}
	now := r.DB.Now()
	if !h.Stuck(now, stuckAfter) {
		r.stuckTold = time.Time{}
		return nil
	}
	slog.Error("the queue is stuck", "due", h.Due, "oldest_seconds", int(now.Sub(h.OldestDue).Seconds()), "failing", h.Failing)
	if !r.stuckTold.IsZero() && now.Sub(r.stuckTold) < stuckAgain {
		return nil
	}
	r.stuckTold = now
	people, err := r.guardians(ctx)
	if err != nil {
		return fmt.Errorf("find guardians: %w", err)
	}
	for _, m := range people {
		r.call(ctx, m, now.Sub(h.OldestDue))
	}
	return nil
}

// call tells one person by all contacts; one that fails does not keep the others from ringing.
func (r *Rooms) call(ctx context.Context, m oncall.Member, late time.Duration) {
	contacts, err := r.Duty.Contacts(ctx, m)
	if err != nil {
		slog.Error("no contacts of a guardian", "person", m.ID, "error", err)
	}
	for _, c := range contacts {
		ch, ok := r.channels[c.Kind]
		if !ok {
			continue
		}
		_, _, err := ch.Send(ctx, notify.Message{ID: db.NewID(), To: c.Address, Secret: c.Secret, Urgency: 1, Tag: "queue",
			Title: m.Lang.T("app.stuck.title"), Body: m.Lang.T("app.stuck.body", "Late", m.Lang.Span(late))})
		if err != nil {
			slog.Error("a guardian could not be told about the stuck queue", "person", m.ID, "channel", c.Kind, "error", err)
		}
	}
}

// guardians is everybody who guards a firm, each once.
func (r *Rooms) guardians(ctx context.Context) ([]oncall.Member, error) {
	firms, err := r.Firms.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []oncall.Member
	seen := map[string]bool{}
	for _, f := range firms {
		_, roster, _, err := r.Duty.Plan(ctx, f.ID, r.DB.Now())
		if err != nil {
			return nil, err
		}
		for _, m := range roster {
			if m.Role == access.Guardian && !seen[m.ID] {
				seen[m.ID] = true
				out = append(out, m)
			}
		}
	}
	return out, nil
}
