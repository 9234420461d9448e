package pulse

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/mention"
	"chop/internal/oncall"
	"chop/internal/pulse/review"
)

// Store watches the pulse of firms.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Mentions *mention.Store
	Journal  *journal.Store

	// What later rooms know; nil where there is none.
	Linked   func(ctx context.Context, firm string, accounts []string) (map[string]string, error) // account -> group of it and another one of them
	Known    func(ctx context.Context, firm string) (map[string]bool, error)                      // staff and customers, by account
	Answered func(ctx context.Context, firm string, mentions []string) (map[string]bool, error)   // those with an answer of ours
}

// Kinds of findings.
const (
	KindBurst   = "burst"   // hostile items of a firm
	KindStorm   = "storm"   // reactions under a post
	KindAmbush  = "ambush"  // answers to a potential customer's question
	KindReviews = "reviews" // stars unlike the firm's own history
)

// Finding is what went beyond the normal. Subject is the firm's id, the post's or the question's.
type Finding struct {
	Firm, ID, Kind, Subject string
	At                      time.Time
	Burst                   Burst
	Storm                   Storm
	Ambush                  Ambush
	Reviews                 review.Alarm
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
	b, err := s.baseline(ctx, e.Firm, hostileOnly)
	if err != nil {
		return err
	}
	x, yes := b.Look(at, s.DB.Now(), calendar)
	if !yes {
		return nil
	}
	all, err := s.baseline(ctx, e.Firm, everything)
	if err != nil {
		return err
	}
	x.Quiet = all.Quiet(s.DB.Now(), calendar)
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
	if x.Again, x.Row, err = s.again(ctx, firm, post); err != nil {
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

// Baselines of a firm.
const (
	hostileOnly = "hostile" // what a burst is held against
	everything  = "traffic" // when its audience writes at all
)

// baseline is the firm's normal of a kind of items, learned anew when it is old.
func (s *Store) baseline(ctx context.Context, firm, kind string) (b Baseline, err error) {
	var data string
	var at time.Time
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT at, data FROM pulse_baseline WHERE firm_id = $1 AND kind = $2`, []any{firm, kind}, &at, &data)
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
	if b, err = s.learn(ctx, firm, kind); err != nil {
		return b, err
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return b, fmt.Errorf("write baseline: %w", err)
	}
	return b, s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO pulse_baseline (firm_id, kind, at, data) VALUES ($1, $2, $3, $4)
			ON CONFLICT (firm_id, kind) DO UPDATE SET at = excluded.at, data = excluded.data`, firm, kind, tx.Now(), string(raw))
		if err != nil {
			return fmt.Errorf("save baseline: %w", err)
		}
		return nil
	})
}

func (s *Store) learn(ctx context.Context, firm, kind string) (Baseline, error) {
	first, err := s.first(ctx, firm)
	if err != nil {
		return Baseline{}, err
	}
	begin, end, ok := span(first, s.DB.Now())
	if !ok {
		return Learn(nil, calendar), nil
	}
	buckets, err := s.Mentions.Pulse(ctx, firm, begin, time.Hour, int(end.Sub(begin)/time.Hour))
	if err != nil {
		return Baseline{}, err
	}
	hours := make([]Hour, len(buckets))
	for i, x := range buckets {
		hours[i] = Hour{x.From, x.Hostile}
		if kind == everything {
			hours[i].Count += x.Ordinary
		}
	}
	return Learn(hours, calendar), nil
}

// QuietHours is when the firm's own audience usually does not write, in hours of the firm's zone; ok is false when that is not known.
// Needs access.ViewCases.
func (s *Store) QuietHours(ctx context.Context, firm string) (from, to int, ok bool, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return 0, 0, false, err
	}
	b, err := s.baseline(access.With(ctx, access.System(firm)), firm, everything) // figures of hours, no words
	if err != nil {
		return 0, 0, false, err
	}
	from, to, ok = b.QuietHours()
	return from, to, ok, nil
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

// again counts the accounts that mock under the post and under at least three of the ten posts before it, and the posts of these
// eleven under which they stand in a row.
func (s *Store) again(ctx context.Context, firm, post string) (n, rows int, err error) {
	lists, sour := map[string][]string{}, map[string]map[string]bool{} // by post; by account the posts
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT r.post_id, r.author_key, r.kind FROM reaction r WHERE r.firm_id = $1 AND r.gone_at = 0 AND r.post_id IN
			(SELECT p.id FROM post p WHERE p.firm_id = $1 AND p.at <= (SELECT q.at FROM post q WHERE q.firm_id = $1 AND q.id = $2)
			ORDER BY CASE WHEN p.id = $2 THEN 0 ELSE 1 END, p.at DESC LIMIT 11) ORDER BY r.post_id, r.at, r.ext_id LIMIT 20000`, []any{firm, post},
			func(scan func(...any) error) error {
				var id, account, kind string
				if err := scan(&id, &account, &kind); err != nil {
					return err
				}
				lists[id] = append(lists[id], account)
				if Sour(kind) {
					if sour[account] == nil {
						sour[account] = map[string]bool{}
					}
					sour[account][id] = true
				}
				return nil
			})
	})
	if err != nil {
		return 0, 0, fmt.Errorf("count those who react again: %w", err)
	}
	who := map[string]bool{}
	for a, posts := range sour {
		if posts[post] && len(posts) >= 4 {
			who[a] = true
		}
	}
	return len(who), inARow(slices.Collect(maps.Values(lists)), who), nil
}

// save keeps a finding, once for an episode.
func (s *Store) save(ctx context.Context, f Finding) error {
	var figures any = f.Burst
	switch f.Kind {
	case KindStorm:
		figures = f.Storm
	case KindReviews:
		figures = f.Reviews
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
	into := map[string]any{KindBurst: &f.Burst, KindStorm: &f.Storm, KindAmbush: &f.Ambush, KindReviews: &f.Reviews}[f.Kind]
	if into == nil {
		return f, false, fmt.Errorf("read finding %s: kind %q is unknown", id, f.Kind)
	}
	if err := json.Unmarshal([]byte(figures), into); err != nil {
		return f, false, fmt.Errorf("read finding %s: %w", id, err)
	}
	return f, true, nil
}
