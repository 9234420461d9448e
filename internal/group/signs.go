package group

import (
	"context"
	"fmt"
	"slices"

	"chop/internal/coordination/channel"
	"chop/internal/db"
)

// wordsRead is how many comments, and as many reactions, the other channels look at, the newest.
const wordsRead = 20_000

// examine lays other kinds of evidence beside the groups of a run (domain/coordination.md 4.5): what their accounts wrote,
// linked to and are called, against everybody else at the place. Dates of creation are not told by any place that is read.
func (s *Store) examine(ctx context.Context, r *run) error {
	p, err := s.page(ctx, r.firm, r.src)
	if err != nil {
		return err
	}
	var groups [][]string
	for _, g := range r.report.Groups {
		var in []string
		for _, m := range g.Members {
			in = append(in, m.Account)
		}
		groups = append(groups, in)
	}
	for _, list := range channel.Examine(p, groups) {
		r.signs = append(r.signs, signsOf(list, len(groups)))
	}
	return nil
}

// signsOf keeps what was looked at. A sign is strong when its family may lift the group to level four by itself; those
// that only support or describe never are.
func signsOf(list []channel.Evidence, groups int) (signs []Sign) {
	for _, e := range list {
		if !e.Tested {
			continue
		}
		f := e.Channel.Family()
		strong := f != channel.None && slices.Contains(channel.Eligible(list, groups), f) && slices.Contains(channel.Eligible([]channel.Evidence{e}, groups), f)
		signs = append(signs, Sign{Channel: string(e.Channel), P: e.P, Members: e.Accounts, Evidence: &e, Strong: strong})
	}
	return signs
}

// page is what a place shows of its accounts besides times.
func (s *Store) page(ctx context.Context, firm, src string) (p channel.Page, err error) {
	names := map[string]string{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Each(ctx, `SELECT author_key, author_name, post_id, id, text, at, own FROM mention WHERE firm_id = $1 AND source_id = $2
			ORDER BY at DESC LIMIT $3`, []any{firm, src, wordsRead}, func(scan func(...any) error) error {
			var x channel.Said
			var name string
			var at int64
			var own bool
			if err := scan(&x.Account, &name, &x.Post, &x.Content, &x.Text, &at, &own); err != nil {
				return err
			}
			if own {
				p.Own = append(p.Own, x.Text)
				return nil
			}
			x.At = float64(at) / 1e6
			if names[x.Account] == "" {
				names[x.Account] = name
			}
			p.Said = append(p.Said, x)
			return nil
		}); err != nil {
			return err
		}
		if err := tx.Each(ctx, `SELECT author_key, author_name, post_id, kind, at FROM reaction WHERE firm_id = $1 AND source_id = $2
			ORDER BY at DESC LIMIT $3`, []any{firm, src, wordsRead}, func(scan func(...any) error) error {
			var x channel.Said
			var name string
			var at int64
			err := scan(&x.Account, &name, &x.Post, &x.Reaction, &at)
			x.At = float64(at) / 1e6
			if names[x.Account] == "" {
				names[x.Account] = name
			}
			p.Said = append(p.Said, x)
			return err
		}); err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT title, text FROM post WHERE firm_id = $1 AND source_id = $2`, []any{firm, src}, func(scan func(...any) error) error {
			var title, text string
			err := scan(&title, &text)
			p.Own = append(p.Own, title, text)
			return err
		})
	})
	if err != nil {
		return p, fmt.Errorf("read words of source %s: %w", src, err)
	}
	for id, name := range names {
		p.Accounts = append(p.Accounts, channel.Account{ID: id, Handle: name})
	}
	return p, nil
}
