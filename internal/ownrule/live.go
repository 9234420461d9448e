package ownrule

import (
	"context"
	"fmt"
	"strings"

	"chop/internal/classify"
	"chop/internal/classify/rules"
	"chop/internal/db"
)

// keptBooks bounds what is held in memory; the rest is read again when it is needed.
const keptBooks = 200

func byID(a, b ready) int { return strings.Compare(a.ID, b.ID) }

// book is the firm's live rules; nil when it never had any. What is held is used as long as its stamp is that of the
// database, so it is right with many processes and inside any transaction.
func (s *Store) book(ctx context.Context, firm string) (*book, error) {
	stamp := ""
	if err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT rules FROM learned WHERE firm_id = $1`, []any{firm}, &stamp)
		return err
	}); err != nil {
		return nil, fmt.Errorf("look for the firm's rules: %w", err)
	}
	if stamp == "" {
		return nil, nil
	}
	s.mu.Lock()
	b := s.live[firm]
	s.mu.Unlock()
	if b != nil && b.stamp == stamp {
		return b, nil
	}
	var list []Rule
	if err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if _, err = tx.One(ctx, `SELECT rules FROM learned WHERE firm_id = $1`, []any{firm}, &stamp); err != nil {
			return err // of the same moment as the rules
		}
		list, err = query(ctx, tx, `r.state = 'live' ORDER BY r.id`, firm)
		return err
	}); err != nil {
		return nil, err
	}
	b = newBook(stamp, list)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || len(s.live) >= keptBooks {
		s.live = map[string]*book{}
	}
	s.live[firm] = b
	return b, nil
}

// Adjust gives texts what the firm's live rules say. It stands before the memory of people's words, so a person's word wins.
func (s *Store) Adjust(ctx context.Context, firm string, ts []classify.Text, rs []classify.Result) ([]classify.Result, error) {
	b, err := s.book(ctx, firm)
	if err != nil || b == nil || len(ts) != len(rs) {
		return rs, err
	}
	channels := map[string]string{}
	if b.channels() {
		if channels, err = s.channels(ctx, firm, ts); err != nil {
			return nil, err
		}
	}
	out := make([]classify.Result, len(rs))
	for i, r := range rs {
		if len(b.rules) == 0 {
			out[i] = r.WithoutRules()
			continue
		}
		out[i] = b.rule(subject{ts[i], channels[ts[i].ID], rules.Lay(ts[i].Text)}, r)
	}
	return out, nil
}

// channels are the kinds of the channels that mentions came through, by mention.
func (s *Store) channels(ctx context.Context, firm string, ts []classify.Text) (map[string]string, error) {
	out := map[string]string{}
	ids := []any{firm}
	for _, t := range ts {
		ids = append(ids, t.ID)
	}
	if len(ts) == 0 {
		return out, nil
	}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT m.id, s.kind FROM mention m JOIN source s ON s.firm_id = m.firm_id AND s.id = m.source_id
			WHERE m.firm_id = $1 AND m.id IN (`+db.Marks(2, len(ts))+`)`, ids, func(scan func(...any) error) error {
			var id, kind string
			err := scan(&id, &kind)
			out[id] = kind
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the channels of mentions: %w", err)
	}
	return out, nil
}
