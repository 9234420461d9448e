package mention

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/db"
)

// MaxOfAuthor is how many items of accounts are read at most, the newest.
const MaxOfAuthor = 10_000

// OfAuthors is what accounts wrote to the firm, oldest first, at most MaxOfAuthor. Needs access.ViewMentions.
func (s *Store) OfAuthors(ctx context.Context, firm string, keys []string) (list []Mention, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, k := range keys {
			if err := tx.Each(ctx, `SELECT `+columns+` FROM mention m WHERE m.firm_id = $1 AND m.author_key = $2 AND m.own = FALSE
				ORDER BY m.at DESC LIMIT 10000`, []any{firm, k}, func(scan func(...any) error) error {
				m, err := scanMention(scan)
				list = append(list, m)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read mentions of accounts: %w", err)
	}
	slices.SortStableFunc(list, func(a, b Mention) int { return a.At.Compare(b.At) })
	return list[max(0, len(list)-MaxOfAuthor):], nil
}

// Answer is an item that stands under another one: whose it is, and whether it is ours.
type Answer struct {
	ID, ParentExt, Source string
	AuthorKey             string
	Own                   bool
}

// inOne is how many ids one statement asks about.
const inOne = 500

// Answers are the items under the given ones (ids at the place, by source), and Backing counts the standing reactions under them by
// id at the place. Both leave out nothing but what is gone. Needs access.ViewMentions.
func (s *Store) Answers(ctx context.Context, firm, source string, exts []string) (answers []Answer, backing map[string]int, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, nil, err
	}
	backing = map[string]int{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range slices.Chunk(exts, inOne) {
			args := append([]any{firm, source}, db.Args(part)...)
			if err := tx.Each(ctx, `SELECT id, parent_ext, author_key, own FROM mention WHERE firm_id = $1 AND source_id = $2
				AND parent_ext <> '' AND parent_ext IN (`+db.Marks(3, len(part))+`) AND gone_at = 0`, args, func(scan func(...any) error) error {
				a := Answer{Source: source}
				err := scan(&a.ID, &a.ParentExt, &a.AuthorKey, &a.Own)
				answers = append(answers, a)
				return err
			}); err != nil {
				return err
			}
			if err := tx.Each(ctx, `SELECT parent_ext, count(*) FROM reaction WHERE firm_id = $1 AND source_id = $2
				AND parent_ext IN (`+db.Marks(3, len(part))+`) AND gone_at = 0 GROUP BY parent_ext`, args, func(scan func(...any) error) error {
				var ext string
				var n int
				err := scan(&ext, &n)
				backing[ext] = n
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read answers: %w", err)
	}
	return answers, backing, nil
}

// OursUnder are our own words under posts, oldest first. Needs access.ViewMentions.
func (s *Store) OursUnder(ctx context.Context, firm string, posts []string) (list []Mention, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range slices.Chunk(posts, inOne) {
			if err := tx.Each(ctx, `SELECT `+columns+` FROM mention m WHERE m.firm_id = $1 AND m.own = TRUE
				AND m.post_id IN (`+db.Marks(2, len(part))+`) ORDER BY m.at LIMIT 5000`, append([]any{firm}, db.Args(part)...),
				func(scan func(...any) error) error {
					m, err := scanMention(scan)
					list = append(list, m)
					return err
				}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read our words under posts: %w", err)
	}
	slices.SortStableFunc(list, func(a, b Mention) int { return a.At.Compare(b.At) })
	return list, nil
}

// Between is what others wrote in a stretch of time, oldest first, at most limit. Needs access.ViewMentions.
func (s *Store) Between(ctx context.Context, firm string, from, to time.Time, limit int) (list []Mention, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM (SELECT * FROM mention WHERE firm_id = $1 AND at >= $2 AND at < $3 AND own = FALSE
			ORDER BY at DESC LIMIT $4) m ORDER BY m.at, m.doc`, []any{firm, from, to, limit}, func(scan func(...any) error) error {
			m, err := scanMention(scan)
			list = append(list, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read mentions of a time: %w", err)
	}
	return list, nil
}

// Asking are the potential customers' questions under a post from a time on, newest first, at most 50. Needs access.ViewMentions.
func (s *Store) Asking(ctx context.Context, firm, post string, from time.Time) ([]Mention, error) {
	return s.under(ctx, firm, `SELECT `+columns+` FROM mention m WHERE m.firm_id = $1 AND m.post_id = $2 AND m.at >= $3 AND m.buyer = TRUE AND m.own = FALSE
		ORDER BY m.at DESC LIMIT 50`, post, from)
}

// Since is what stands under a post, oldest first, from a time on: the newest 1000 of it. Needs access.ViewMentions.
func (s *Store) Since(ctx context.Context, firm, post string, from time.Time) ([]Mention, error) {
	return s.under(ctx, firm, `SELECT `+columns+` FROM (SELECT * FROM mention WHERE firm_id = $1 AND post_id = $2 AND at >= $3
		ORDER BY at DESC LIMIT 1000) m ORDER BY m.at, m.doc`, post, from)
}

func (s *Store) under(ctx context.Context, firm, query, post string, from time.Time) (list []Mention, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, query, []any{firm, post, from}, func(scan func(...any) error) error {
			m, err := scanMention(scan)
			list = append(list, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read what stands under a post: %w", err)
	}
	return list, nil
}
