package author

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/author/signal"
	"chop/internal/db"
	"chop/internal/job"
	"chop/internal/mention"
)

// Deed is a deed of ours towards an account and what followed (field 12).
type Deed struct {
	Firm, ID string // id of the decision
	Key      string
	Mention  string
	Option   string
	At       time.Time
	After    signal.After
	Items    int       // it wrote in the week after
	FirstAt  time.Time // its first item after the deed
	SeenAt   time.Time
}

// Follow asks to look what followed a deed: after a day, and after a week.
type Follow struct{ Firm, Deed string }

// Kind names the event.
func (Follow) Kind() string { return "author.follow" }

// NoteDeed writes down a deed towards an account, for the room that decided it, in its transaction; the same decision is noted once.
// What the account does next is looked at after a day and after a week.
func (s *Store) NoteDeed(ctx context.Context, d Deed) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO author_deed (firm_id, id, key, mention_id, option, at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT DO NOTHING`, d.Firm, d.ID, d.Key, d.Mention, d.Option, d.At)
		if err != nil || n == 0 {
			return err
		}
		tx.Touch(d.Firm, Topic)
		for _, after := range []time.Duration{24 * time.Hour, followFor} {
			if err := s.Jobs.Put(ctx, Follow{d.Firm, d.ID}, job.At(d.At.Add(after))); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unnote takes a deed back that never happened or was undone: nothing can have followed it.
func (s *Store) Unnote(ctx context.Context, firm, id string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		tx.Touch(firm, Topic)
		_, err := tx.Exec(ctx, `DELETE FROM author_deed WHERE firm_id = $1 AND id = $2`, firm, id)
		return err
	})
}

// Deeds is what we did towards an account, oldest first. Needs access.ViewProfiles or access.ViewMentions.
func (s *Store) Deeds(ctx context.Context, firm, key string) (ds []Deed, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	return s.deeds(ctx, `firm_id = $1 AND key = $2`, firm, key)
}

func (s *Store) deeds(ctx context.Context, where string, args ...any) (ds []Deed, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT firm_id, id, key, mention_id, option, at, after, items, first_at, seen_at FROM author_deed WHERE `+where+` ORDER BY at, id`,
			args, func(scan func(...any) error) error {
				var d Deed
				err := scan(&d.Firm, &d.ID, &d.Key, &d.Mention, &d.Option, &d.At, &d.After, &d.Items, &d.FirstAt, &d.SeenAt)
				ds = append(ds, d)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read deeds towards an account: %w", err)
	}
	return ds, nil
}

// LookAfter looks what followed a deed (B16). It hears Follow, inside a transaction; live tells whether the deed still counts.
func (s *Store) LookAfter(ctx context.Context, e Follow, live bool) error {
	ds, err := s.deeds(ctx, `firm_id = $1 AND id = $2`, e.Firm, e.Deed)
	if err != nil || len(ds) == 0 {
		return err
	}
	if !live {
		return s.Unnote(ctx, e.Firm, e.Deed)
	}
	d := ds[0]
	ms, err := s.Mentions.OfAuthors(ctx, d.Firm, []string{d.Key})
	if err != nil {
		return err
	}
	end := d.At.Add(followFor)
	others, err := s.Mentions.Between(ctx, d.Firm, d.At, end, theirsCompared)
	if err != nil {
		return err
	}
	newcomers, err := s.newcomers(ctx, d, others)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d.follow(tx.Now(), ms, newcomers)
		tx.Touch(d.Firm, Topic)
		_, err := tx.Exec(ctx, `UPDATE author_deed SET after = $3, items = $4, first_at = $5, seen_at = $6 WHERE firm_id = $1 AND id = $2`,
			d.Firm, d.ID, string(d.After), d.Items, d.FirstAt, tx.Now())
		return err
	})
}

// newcomers keeps what was written by accounts that had not written before the deed.
func (s *Store) newcomers(ctx context.Context, d Deed, others []mention.Mention) ([]mention.Mention, error) {
	known := map[string]bool{d.Key: true}
	for _, o := range others {
		if _, asked := known[o.AuthorKey]; asked {
			continue
		}
		card, err := s.card(ctx, d.Firm, o.AuthorKey)
		if err != nil {
			return nil, err
		}
		known[o.AuthorKey] = card.FirstAt.Before(d.At)
	}
	return slices.DeleteFunc(slices.Clone(others), func(o mention.Mention) bool { return known[o.AuthorKey] }), nil
}

// follow reads what the account did in the week after the deed, from its items (oldest first) and those of accounts that were new
// then. Until the week is over, only what is certain already is said: calm is not.
func (d *Deed) follow(now time.Time, ms, newcomers []mention.Mention) {
	end := d.At.Add(followFor)
	var subject map[string]bool
	venues := map[string]bool{}
	var after []mention.Mention
	for _, m := range ms {
		switch {
		case m.ID == d.Mention:
			subject = signal.Shingles(m.Text)
			venues[venue(m)] = true
		case !m.At.After(d.At):
			venues[venue(m)] = true
		case m.At.Before(end):
			after = append(after, m)
		}
	}
	same := func(m mention.Mention) bool { return signal.Jaccard(subject, signal.Shingles(m.Text)) >= signal.Near }
	d.Items, d.FirstAt, d.After = len(after), time.Time{}, signal.NotYet
	if len(after) > 0 {
		d.FirstAt = after[0].At
	}
	hostile := slices.ContainsFunc(after, func(m mention.Mention) bool { return m.Severity >= 1 || mention.Hostile(joined(m.Labels)) })
	switch {
	case len(subject) >= 2 && slices.ContainsFunc(newcomers, same):
		d.After = signal.NewAccount
	case slices.ContainsFunc(after, func(m mention.Mention) bool { return !venues[venue(m)] }):
		d.After = signal.NewVenue
	case slices.ContainsFunc(after, same):
		d.After = signal.RePost
	case hostile:
		d.After = signal.WentOn
	case !now.Before(end):
		d.After = signal.Calm
	}
}

func joined(labels []string) (s string) {
	s = ","
	for _, l := range labels {
		s += l + ","
	}
	return s
}
