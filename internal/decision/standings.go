package decision

import (
	"context"
	"fmt"

	"chop/internal/access"
	"chop/internal/db"
)

// Standing is where a decision stands, without what was known and shown then.
type Standing struct {
	Mention string
	Option  Option
	State   State
	Outcome Outcome
	Who     string
}

// Live tells whether the decision still counts, as Decision.Live.
func (s Standing) Live() bool {
	return Decision{State: s.State, Outcome: s.Outcome}.Live()
}

// Standings tells where many decisions stand, by id. Needs access.ViewMentions.
func (s *Store) Standings(ctx context.Context, firm string, ids []string) (map[string]Standing, error) {
	return s.standings(ctx, firm, "id", ids)
}

// StandingsOf tells where the decisions about many mentions stand, by id. Needs access.ViewMentions.
func (s *Store) StandingsOf(ctx context.Context, firm string, mentions []string) (map[string]Standing, error) {
	return s.standings(ctx, firm, "mention_id", mentions)
}

func (s *Store) standings(ctx context.Context, firm, by string, ids []string) (map[string]Standing, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	out := map[string]Standing{}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for len(ids) > 0 {
			part := ids[:min(len(ids), 500)]
			ids = ids[len(part):]
			err := tx.Each(ctx, `SELECT id, mention_id, option, state, outcome, who FROM decision WHERE firm_id = $1 AND `+by+` IN (`+
				db.Marks(2, len(part))+`)`, append([]any{firm}, db.Args(part)...), func(scan func(...any) error) error {
				var id string
				var x Standing
				err := scan(&id, &x.Mention, &x.Option, &x.State, &x.Outcome, &x.Who)
				out[id] = x
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read standings: %w", err)
	}
	return out, nil
}

// trace is a decision without what was known and shown then, for the checks that read every earlier one of an account or a
// thread: a wave reads them again for each of its items.
type trace struct {
	Mention, Thread string
	Option          Option
	State           State
	Outcome         Outcome
	WhoName         string
	ResultExt       string
	words           string
}

func (t trace) live() bool { return Decision{State: t.State, Outcome: t.Outcome}.Live() }

func (s *Store) traces(ctx context.Context, firm, where string, args ...any) (list []trace, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT mention_id, thread, option, state, outcome, who_name, result_ext, words FROM decision WHERE firm_id = $1 AND `+where, append([]any{firm}, args...),
			func(scan func(...any) error) error {
				var t trace
				err := scan(&t.Mention, &t.Thread, &t.Option, &t.State, &t.Outcome, &t.WhoName, &t.ResultExt, &t.words)
				list = append(list, t)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read traces of decisions: %w", err)
	}
	return list, nil
}
