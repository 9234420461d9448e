package triage

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"chop/internal/alert"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/mention"
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
		for _, r := range n.Items {
			if r.Kind != "mention" {
				continue
			}
			if _, err := s.Mentions.Preserve(ctx, s.Evidence, f.Firm, r.ID, "triage"); err != nil {
				return err
			}
		}
		at, err := s.Cases.OpenOn(ctx, f.Firm, n.Subject)
		if err != nil {
			return err
		}
		c, news, err := s.Cases.Open(ctx, n)
		if err != nil {
			return err
		}
		if at != nil && f.Kind == pulse.KindAmbush { // the thread has a case already, of a wave perhaps: it tells of the asker
			if err := s.Cases.Note(ctx, f.Firm, c.ID, crisis.Event{What: "pulse." + f.Kind, Facts: n.Facts, Ref: mention.Ref(f.Subject)}); err != nil {
				return err
			}
		}
		if !news && !f.Ambush.Severe {
			return nil
		}
		_, err = s.Alerts.Raise(ctx, alert.New{Firm: f.Firm, Key: crisis.AlertKey(c.ID), Priority: n.Priority, Title: n.Title, Facts: n.Facts,
			Ref: c.Ref(), URL: "/cases/" + c.ID})
		return err
	})
}

// ofPulse is the case that a finding asks for. It never says that anybody acts together: a burst is an inquiry.
func (s *Store) ofPulse(ctx context.Context, f pulse.Finding) (crisis.New, error) {
	n := crisis.New{Firm: f.Firm, Severity: 3, Priority: 2, Title: "case.title." + f.Kind}
	if f.Kind == pulse.KindAmbush {
		return s.ofAmbush(ctx, f, n)
	}
	if f.Kind == pulse.KindReviews {
		x := f.Reviews
		n.Subject = "reviews:" + f.Firm
		n.Facts = map[string]string{"count": strconv.Itoa(x.Count), "days": strconv.Itoa(max(1, int(x.Window.Hours()+23)/24)), "usual": round(x.Expected),
			"single": strconv.Itoa(x.Single), "stars": stars(x.Stars)}
		return n, nil
	}
	if f.Kind == pulse.KindBurst {
		n.Subject = "pulse:" + f.Firm
		n.Facts = map[string]string{"count": strconv.Itoa(f.Burst.Count), "hours": strconv.Itoa(int(f.Burst.Window.Hours())), "usual": round(f.Burst.Expected)}
		if f.Burst.Quiet {
			n.Title += ".quiet"
		}
		return n, nil
	}
	posts, err := s.Mentions.Posts(ctx, f.Firm, []string{f.Subject})
	if err != nil {
		return n, err
	}
	n.Subject = "post:" + f.Subject
	n.Facts = map[string]string{"count": strconv.Itoa(f.Storm.Sour), "all": strconv.Itoa(f.Storm.All), "post": posts[f.Subject].Title,
		"usual": strconv.Itoa(int(math.Round(100 * f.Storm.Usual))), "again": strconv.Itoa(f.Storm.Again),
		"row": strconv.Itoa(f.Storm.Row)}
	n.Items = []reason.Ref{{Kind: "post", ID: f.Subject}}
	return n, nil
}

// ofAmbush is the case of an attacked question: the question and what attacks it. Two who are angry at the same time are told without
// waking anybody; many, or linked ones, wake the person on duty.
func (s *Store) ofAmbush(ctx context.Context, f pulse.Finding, n crisis.New) (crisis.New, error) {
	ms, err := s.Mentions.ByIDs(ctx, f.Firm, append([]string{f.Subject}, f.Ambush.Replies...))
	if err != nil {
		return n, err
	}
	for _, m := range ms {
		if m.ID != f.Subject {
			n.Items = append(n.Items, mention.Ref(m.ID))
			continue
		}
		posts, err := s.Mentions.Posts(ctx, f.Firm, []string{m.Post})
		if err != nil {
			return n, err
		}
		n.Subject = subject(m)
		n.Facts = map[string]string{"asker": m.AuthorName, "excerpt": excerpt(m.Text, 120), "post": posts[m.Post].Title, "accounts": strconv.Itoa(f.Ambush.Accounts),
			"linked": strconv.Itoa(f.Ambush.Linked), "minutes": strconv.Itoa(f.Ambush.Minutes), "others": strconv.Itoa(f.Ambush.Others)}
		n.Items = append([]reason.Ref{mention.Ref(m.ID)}, n.Items...)
	}
	if n.Subject == "" {
		n.Subject = "ambush:" + f.Subject // the question was forgotten meanwhile
	}
	if !f.Ambush.Severe {
		n.Priority = 3
	}
	return n, nil
}

// InCase tells the case room which of its questions are under attack. It is a crisis.Look and asks no permission: the case room has.
func (s *Store) InCase(ctx context.Context, c crisis.Case, mentions []string) (f crisis.Findings, err error) {
	f.Ambushed, err = s.Beat.Ambushed(ctx, c.Firm, mentions)
	return f, err
}

// stars writes how many reviews gave each number of stars, one star first.
func stars(n [5]int) string {
	var list []string
	for _, k := range n {
		list = append(list, strconv.Itoa(k))
	}
	return strings.Join(list, ", ")
}

func round(v float64) string {
	if v < 1 {
		return "<1"
	}
	return strconv.Itoa(int(math.Round(v)))
}

// lively is the open case that moved lately, "" when there is none. Storms look for the case of their own post.
func (s *Store) lively(ctx context.Context, tx *db.Tx, f pulse.Finding) (id string, err error) {
	if f.Kind != pulse.KindBurst {
		return "", nil // Open joins by subject
	}
	_, err = tx.One(ctx, `SELECT id FROM crisis WHERE firm_id = $1 AND status <> 'closed' AND last_at > $2 ORDER BY last_at DESC LIMIT 1`,
		[]any{f.Firm, tx.Now().Add(-sameStory)}, &id)
	if err != nil {
		return "", fmt.Errorf("look for a case at work: %w", err)
	}
	return id, nil
}
