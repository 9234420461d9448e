package pulse

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/job"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/oncall"
)

// Store watches the pulse of firms.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Mentions *mention.Store
}

// Kinds of findings.
const (
	KindBurst = "burst" // hostile items of a firm
	KindStorm = "storm" // reactions under a post
)

// Finding is what went beyond the normal. Subject is the firm's id or the post's.
type Finding struct {
	Firm, ID, Kind, Subject string
	At                      time.Time
	Burst                   Burst
	Storm                   Storm
}

// Found tells of a new finding.
type Found struct{ Firm, ID string }

// Kind names the event.
func (Found) Kind() string { return "pulse.found" }

const (
	history   = 8 * 7 * 24 * time.Hour
	freshFor  = 6 * time.Hour // a baseline serves this long
	episode   = 6 * time.Hour // within it the same thing is not found anew
	mixPosts  = 60            // posts whose reactions make the usual mix
	maxRecent = 5000
)

var calendar = Calendar{Zone: lang.Zone, Holiday: func(t time.Time) bool { _, is := oncall.HolidayOn(t); return is }}

// Observe holds the hostile items of the last hours against the firm's normal. It hears what was just labelled, inside a
// transaction.
func (s *Store) Observe(ctx context.Context, e classify.Labelled) error {
	if len(e.IDs) == 0 {
		return nil
	}
	at, err := s.hostile(ctx, e.Firm)
	if err != nil || len(at) < fewest {
		return err
	}
	b, err := s.baseline(ctx, e.Firm)
	if err != nil {
		return err
	}
	x, yes := b.Look(at, s.DB.Now(), calendar)
	if !yes {
		return nil
	}
	return s.save(ctx, Finding{Firm: e.Firm, Kind: KindBurst, Subject: e.Firm, Burst: x})
}

// React holds the reactions under posts against the firm's usual mix. It hears mention.Ingested, inside a transaction.
func (s *Store) React(ctx context.Context, e mention.Ingested) error {
	for _, post := range e.Reacted {
		if err := s.react(ctx, e.Firm, post); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) react(ctx context.Context, firm, post string) error {
	mixes, err := s.mixes(ctx, firm, post)
	if err != nil || len(mixes) == 0 || mixes[0].Post != post || mixes[0].Sour < fewest {
		return err
	}
	x, yes := LearnMix(mixes[1:]).LookMix(mixes[0])
	if !yes {
		return nil
	}
	if x.Again, err = s.again(ctx, firm, post); err != nil {
		return err
	}
	return s.save(ctx, Finding{Firm: firm, Kind: KindStorm, Subject: post, Storm: x})
}

// hostile is the times of hostile items within the longest window.
func (s *Store) hostile(ctx context.Context, firm string) (at []time.Time, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT at, labels FROM mention WHERE firm_id = $1 AND at > $2 AND own = FALSE ORDER BY at DESC LIMIT $3`,
			[]any{firm, tx.Now().Add(-windows[len(windows)-1]), maxRecent}, func(scan func(...any) error) error {
				var t time.Time
				var labels string
				if err := scan(&t, &labels); err != nil {
					return err
				}
				if mention.Hostile(labels) {
					at = append(at, t)
				}
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read recent hostile items: %w", err)
	}
	return at, nil
}

// baseline is the firm's normal of hostile items, learned anew when it is old. The last day is left out: an attack that
// goes on must not become its own normal.
func (s *Store) baseline(ctx context.Context, firm string) (b Baseline, err error) {
	var data string
	var at time.Time
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT at, data FROM pulse_baseline WHERE firm_id = $1 AND kind = 'hostile'`, []any{firm}, &at, &data)
		return err
	})
	if err != nil {
		return b, fmt.Errorf("read baseline: %w", err)
	}
	if age := s.DB.Now().Sub(at); data != "" && age < freshFor && age > -time.Minute {
		if err := json.Unmarshal([]byte(data), &b); err != nil {
			return b, fmt.Errorf("read baseline: %w", err)
		}
		return b, nil
	}
	if b, err = s.learn(ctx, firm); err != nil {
		return b, err
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return b, fmt.Errorf("write baseline: %w", err)
	}
	return b, s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO pulse_baseline (firm_id, kind, at, data) VALUES ($1, 'hostile', $2, $3)
			ON CONFLICT (firm_id, kind) DO UPDATE SET at = excluded.at, data = excluded.data`, firm, tx.Now(), string(raw))
		if err != nil {
			return fmt.Errorf("save baseline: %w", err)
		}
		return nil
	})
}

func (s *Store) learn(ctx context.Context, firm string) (Baseline, error) {
	end := s.DB.Now().Truncate(time.Hour).Add(-24 * time.Hour)
	begin := end.Add(-history)
	first, err := s.first(ctx, firm)
	if err != nil {
		return Baseline{}, err
	}
	if first.IsZero() || first.After(end) {
		return Learn(nil, calendar), nil
	}
	if first.After(begin) {
		begin = first.Truncate(time.Hour)
	}
	buckets, err := s.Mentions.Pulse(ctx, firm, begin, time.Hour, int(end.Sub(begin)/time.Hour))
	if err != nil {
		return Baseline{}, err
	}
	hours := make([]Hour, len(buckets))
	for i, x := range buckets {
		hours[i] = Hour{x.From, x.Hostile}
	}
	return Learn(hours, calendar), nil
}

// first is when the first item of the firm was seen: what was before is not silence, it is unknown.
func (s *Store) first(ctx context.Context, firm string) (t time.Time, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT at FROM mention WHERE firm_id = $1 ORDER BY at LIMIT 1`, []any{firm}, &t)
		return err
	})
	if err != nil {
		return t, fmt.Errorf("read first item: %w", err)
	}
	return t, nil
}

// mixes are the reactions under the post, then under the posts before it, the latest first.
func (s *Store) mixes(ctx context.Context, firm, post string) (list []Mix, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		at := map[string]int{}
		return tx.Each(ctx, `SELECT r.post_id, r.kind, count(*) FROM reaction r WHERE r.firm_id = $1 AND r.gone_at = 0 AND r.post_id IN
			(SELECT p.id FROM post p WHERE p.firm_id = $1 AND p.at <= (SELECT q.at FROM post q WHERE q.firm_id = $1 AND q.id = $2)
			ORDER BY p.at DESC, p.id DESC LIMIT $3) GROUP BY r.post_id, r.kind ORDER BY CASE WHEN r.post_id = $2 THEN 0 ELSE 1 END, r.post_id, r.kind`,
			[]any{firm, post, mixPosts}, func(scan func(...any) error) error {
				var id, kind string
				var n int
				if err := scan(&id, &kind, &n); err != nil {
					return err
				}
				i, known := at[id]
				if !known {
					i = len(list)
					at[id] = i
					list = append(list, Mix{Post: id})
				}
				list[i].All += n
				if Sour(kind) {
					list[i].Sour += n
				}
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("count reactions: %w", err)
	}
	return list, nil
}

// again counts the accounts that mock under the post and under at least three of the ten posts before it.
func (s *Store) again(ctx context.Context, firm, post string) (n int, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM (SELECT b.author_key FROM reaction b WHERE b.firm_id = $1 AND b.kind IN ('haha', 'angry') AND b.gone_at = 0
			AND b.post_id IN (SELECT p.id FROM post p WHERE p.firm_id = $1 AND p.at < (SELECT q.at FROM post q WHERE q.firm_id = $1 AND q.id = $2)
			ORDER BY p.at DESC LIMIT 10) AND b.author_key IN (SELECT a.author_key FROM reaction a WHERE a.firm_id = $1 AND a.post_id = $2
			AND a.kind IN ('haha', 'angry') AND a.gone_at = 0) GROUP BY b.author_key HAVING count(DISTINCT b.post_id) >= 3) x`, []any{firm, post}, &n)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count those who react again: %w", err)
	}
	return n, nil
}

// save keeps a finding, once for an episode.
func (s *Store) save(ctx context.Context, f Finding) error {
	var figures any = f.Burst
	if f.Kind == KindStorm {
		figures = f.Storm
	}
	raw, err := json.Marshal(figures)
	if err != nil {
		return fmt.Errorf("write finding: %w", err)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE pulse_finding SET last_at = $4 WHERE firm_id = $1 AND kind = $2 AND subject = $3 AND last_at > $5`,
			f.Firm, f.Kind, f.Subject, tx.Now(), tx.Now().Add(-episode))
		if err != nil || n > 0 {
			return err
		}
		f.ID = db.NewID()
		if _, err := tx.Exec(ctx, `INSERT INTO pulse_finding (firm_id, id, kind, subject, at, last_at, figures) VALUES ($1, $2, $3, $4, $5, $5, $6)`,
			f.Firm, f.ID, f.Kind, f.Subject, tx.Now(), string(raw)); err != nil {
			return fmt.Errorf("save finding: %w", err)
		}
		slog.Info("pulse", "firm", f.Firm, "finding", f.ID, "kind", f.Kind)
		return s.Jobs.Put(ctx, Found{f.Firm, f.ID})
	})
}

// Find is one finding. Needs access.ViewMentions; found is false when there is none.
func (s *Store) Find(ctx context.Context, firm, id string) (f Finding, found bool, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return f, false, err
	}
	f = Finding{Firm: firm, ID: id}
	var figures string
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err = tx.One(ctx, `SELECT kind, subject, at, figures FROM pulse_finding WHERE firm_id = $1 AND id = $2`, []any{firm, id},
			&f.Kind, &f.Subject, &f.At, &figures)
		return err
	})
	if err != nil || !found {
		return f, false, err
	}
	if f.Kind == KindStorm {
		err = json.Unmarshal([]byte(figures), &f.Storm)
	} else {
		err = json.Unmarshal([]byte(figures), &f.Burst)
	}
	if err != nil {
		return f, false, fmt.Errorf("read finding %s: %w", id, err)
	}
	return f, true, nil
}
