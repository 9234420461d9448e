package triage

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"chop/internal/alert"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/pulse"
	"chop/internal/reason"
)

// sameStory is how lately a case must have moved for a burst to belong to it rather than open one of its own.
const sameStory = 3 * time.Hour

// Pulse opens a case on what went beyond the firm's normal, or writes it into the case that is at work on it. It hears
// pulse.Found, inside a transaction.
func (s *Store) Pulse(ctx context.Context, e pulse.Found) error {
	f, found, err := s.Beat.Find(ctx, e.Firm, e.ID)
	if err != nil || !found {
		return err
	}
	n, err := s.ofPulse(ctx, f)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		k, err := s.lively(ctx, tx, f)
		if err != nil {
			return err
		}
		if k != "" {
			return s.Cases.Note(ctx, f.Firm, k, crisis.Event{What: "pulse." + f.Kind, Facts: n.Facts})
		}
		c, news, err := s.Cases.Open(ctx, n)
		if err != nil || !news {
			return err
		}
		_, err = s.Alerts.Raise(ctx, alert.New{Firm: f.Firm, Key: crisis.AlertKey(c.ID), Priority: c.Priority, Title: n.Title, Facts: n.Facts,
			Ref: c.Ref(), URL: "/cases/" + c.ID})
		return err
	})
}

// ofPulse is the case that a finding asks for. It never says that anybody acts together: a burst is an inquiry.
func (s *Store) ofPulse(ctx context.Context, f pulse.Finding) (crisis.New, error) {
	n := crisis.New{Firm: f.Firm, Severity: 3, Priority: 2, Title: "case.title." + f.Kind}
	if f.Kind == pulse.KindBurst {
		n.Subject = "pulse:" + f.Firm
		n.Facts = map[string]string{"count": strconv.Itoa(f.Burst.Count), "hours": strconv.Itoa(int(f.Burst.Window.Hours())), "usual": round(f.Burst.Expected)}
		return n, nil
	}
	posts, err := s.Mentions.Posts(ctx, f.Firm, []string{f.Subject})
	if err != nil {
		return n, err
	}
	n.Subject = "post:" + f.Subject
	n.Facts = map[string]string{"count": strconv.Itoa(f.Storm.Sour), "all": strconv.Itoa(f.Storm.All), "post": posts[f.Subject].Title,
		"usual": strconv.Itoa(int(math.Round(100 * f.Storm.Usual))), "again": strconv.Itoa(f.Storm.Again)}
	n.Items = []reason.Ref{{Kind: "post", ID: f.Subject}}
	return n, nil
}

func round(v float64) string {
	if v < 1 {
		return "<1"
	}
	return strconv.Itoa(int(math.Round(v)))
}

// lively is the open case that moved lately, "" when there is none. Storms look for the case of their own post.
func (s *Store) lively(ctx context.Context, tx *db.Tx, f pulse.Finding) (id string, err error) {
	if f.Kind == pulse.KindStorm {
		return "", nil // Open joins by subject
	}
	_, err = tx.One(ctx, `SELECT id FROM crisis WHERE firm_id = $1 AND status <> 'closed' AND last_at > $2 ORDER BY last_at DESC LIMIT 1`,
		[]any{f.Firm, tx.Now().Add(-sameStory)}, &id)
	if err != nil {
		return "", fmt.Errorf("look for a case at work: %w", err)
	}
	return id, nil
}
