package triage

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"chop/internal/alert"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/group"
	"chop/internal/mention"
	"chop/internal/pulse"
	"chop/internal/reason"
)

// Store carries out what the rules ask for.
type Store struct {
	DB       *db.DB
	Mentions *mention.Store
	Alerts   *alert.Store
	Cases    *crisis.Store
	Evidence *evidence.Store
	Beat     *pulse.Store
	Groups   *group.Store
}

const (
	window = 30 * time.Minute // how far back a wave is counted
	old    = 48 * time.Hour   // what was written longer before we saw it (history, imports) opens nothing and wakes nobody
)

// Run asks the rules about mentions that were just read. It hears classify.Labelled, inside a transaction.
func (s *Store) Run(ctx context.Context, e classify.Labelled) error {
	ms, err := s.Mentions.ByIDs(ctx, e.Firm, e.IDs)
	if err != nil {
		return err
	}
	ms = slices.DeleteFunc(ms, func(m mention.Mention) bool { return m.Own || m.Severity == 0 && !m.Buyer || m.SeenAt.Sub(m.At) > old })
	if len(ms) == 0 {
		return nil
	}
	facts, err := s.facts(ctx, e, ms)
	if err != nil {
		return err
	}
	for _, f := range facts {
		for _, r := range all {
			if eff, asks := r(f); asks {
				if err := s.apply(ctx, f.Mention, eff); err != nil {
					return fmt.Errorf("triage %s of mention %s: %w", eff.Rule, f.Mention.ID, err)
				}
			}
		}
	}
	return nil
}

func (s *Store) facts(ctx context.Context, e classify.Labelled, ms []mention.Mention) ([]Facts, error) {
	var posts []string
	for _, m := range ms {
		if m.Post != "" && !slices.Contains(posts, m.Post) {
			posts = append(posts, m.Post)
		}
	}
	byPost, err := s.Mentions.Posts(ctx, e.Firm, posts)
	if err != nil {
		return nil, err
	}
	waves := map[string]Wave{}
	for _, p := range posts {
		if waves[p], err = s.wave(ctx, e.Firm, p); err != nil {
			return nil, err
		}
	}
	open := map[string]*crisis.Case{}
	out := make([]Facts, len(ms))
	for i, m := range ms {
		on := subject(m)
		if _, known := open[on]; !known {
			if open[on], err = s.Cases.OpenOn(ctx, e.Firm, on); err != nil {
				return nil, err
			}
		}
		out[i] = Facts{Mention: m, PostTitle: byPost[m.Post].Title, Wave: waves[m.Post], Case: open[on]}
	}
	return out, nil
}

func (s *Store) wave(ctx context.Context, firm, post string) (w Wave, err error) {
	authors := map[string]bool{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT author_key, labels FROM mention WHERE firm_id = $1 AND at >= $2 AND own = FALSE AND post_id = $3 LIMIT 1000`,
			[]any{firm, tx.Now().Add(-window), post}, func(scan func(...any) error) error {
				var author, labels string
				if err := scan(&author, &labels); err != nil {
					return err
				}
				if mention.Hostile(labels) {
					w.Hostile++
					authors[author] = true
				}
				return nil
			})
	})
	if err != nil {
		return w, fmt.Errorf("count the wave: %w", err)
	}
	w.Authors = len(authors)
	return w, nil
}

// apply carries an effect out. The same rule on the same item acts once, however often it is asked.
func (s *Store) apply(ctx context.Context, m mention.Mention, e Effect) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO triage_effect (firm_id, key, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			m.Firm, e.Rule+" "+m.ID, tx.Now())
		if err != nil || n == 0 {
			return err
		}
		slog.Info("triage", "firm", m.Firm, "mention", m.ID, "rule", e.Rule, "priority", e.Priority)
		if e.Preserve {
			if _, err := s.Mentions.Preserve(ctx, s.Evidence, m.Firm, m.ID, "triage"); err != nil {
				return err
			}
		}
		if e.Case {
			return s.intoCase(ctx, tx, m, e)
		}
		if e.Page {
			_, err = s.Alerts.Raise(ctx, alert.New{Firm: m.Firm, Key: e.Rule + ":" + e.Subject, Priority: e.Priority, Title: e.Title,
				Facts: e.Facts, Ref: mention.Ref(m.ID), URL: "/inbox?m=" + m.ID})
		}
		return err
	})
}

// casesPerHour is the quota of cases that rules may open for one firm; more are gathered in one.
const casesPerHour = 10

func (s *Store) intoCase(ctx context.Context, tx *db.Tx, m mention.Mention, e Effect) error {
	subject, err := s.withinQuota(ctx, tx, m.Firm, e.Subject)
	if err != nil {
		return err
	}
	items := []reason.Ref{mention.Ref(m.ID)}
	c, news, err := s.Cases.Open(ctx, crisis.New{Firm: m.Firm, Subject: subject, Title: e.Title, Facts: e.Facts, Severity: e.Severity,
		Priority: e.Priority, Items: items})
	if err != nil || !news || !e.Page {
		return err
	}
	at := "/cases/" + c.ID
	if e.Priority == 1 { // one item that must be seen to now: whoever is woken stands before it and the advice at once
		at = "/inbox?m=" + m.ID
	}
	_, err = s.Alerts.Raise(ctx, alert.New{Firm: m.Firm, Key: crisis.AlertKey(c.ID), Priority: e.Priority, Title: e.Title, Facts: e.Facts,
		Ref: c.Ref(), URL: at})
	return err
}

func (s *Store) withinQuota(ctx context.Context, tx *db.Tx, firm, subject string) (string, error) {
	var n, same int
	_, err := tx.One(ctx, `SELECT count(*), coalesce(sum(CASE WHEN subject = $3 AND status <> 'closed' THEN 1 ELSE 0 END), 0)
		FROM crisis WHERE firm_id = $1 AND opened_at >= $2`, []any{firm, tx.Now().Add(-time.Hour), subject}, &n, &same)
	if err != nil {
		return "", fmt.Errorf("count cases: %w", err)
	}
	if n >= casesPerHour && same == 0 {
		return "flood", nil
	}
	return subject, nil
}

// askerWaits is how long before its deadline of an hour a buyer's question is told: an unanswered one costs a sale.
const askerWaits = 40 * time.Minute

// Overdue raises one alert for every firm in which something waits past its time, or a buyer's question for twenty
// minutes, and resolves it when nothing does. The program calls it every half minute; calling it often changes nothing.
func (s *Store) Overdue(ctx context.Context) error {
	late := map[string]int{}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT f.id, coalesce(sum(CASE WHEN m.due_at < $1 AND m.severity >= 1 OR m.buyer AND m.due_at < $2 THEN 1 ELSE 0 END), 0)
			FROM firm f LEFT JOIN mention m ON m.firm_id = f.id AND m.status = 'open' AND m.due_at > 0 AND m.seen_at - m.at < $3 GROUP BY f.id`,
			[]any{tx.Now(), tx.Now().Add(askerWaits), old.Microseconds()}, func(scan func(...any) error) error {
				var firm string
				var n int
				err := scan(&firm, &n)
				late[firm] = n
				return err
			})
	})
	if err != nil {
		return fmt.Errorf("look for what waits too long: %w", err)
	}
	for firm, n := range late {
		if err := s.tellLate(ctx, firm, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) tellLate(ctx context.Context, firm string, n int) error {
	if n == 0 {
		return s.Alerts.ResolveKey(ctx, firm, "overdue")
	}
	_, err := s.Alerts.Raise(ctx, alert.New{Firm: firm, Key: "overdue", Priority: 2, Title: "alert.overdue", Standing: true,
		Facts: map[string]string{"count": fmt.Sprint(n)}, Ref: reason.Ref{Kind: "firm", ID: firm}, URL: "/inbox?firm=" + firm})
	return err
}
