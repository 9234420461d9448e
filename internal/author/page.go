package author

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/polish"
)

// Orders of a list of accounts.
const (
	ByGrave = "grave" // most grave items of the last 30 days
	ByItems = "items" // most items
	ByLast  = "last"  // wrote last
)

// Orders lists them.
var Orders = []string{ByGrave, ByItems, ByLast}

// Listing says which accounts of a firm are wanted.
type Listing struct {
	By    string // ByGrave when empty
	Name  string // beginning of the name; empty for all, at most maxNamed are looked at
	Skip  int
	Limit int
}

// Listed is one account of a list. Of an account that must not be profiled it holds the flag and no figures.
type Listed struct {
	Author
	Grave      int       // items of severity 2 and more in the last 30 days
	Flag       string    // kind of a standing flag
	State      State     // of the newest version that is a draft or confirmed; empty for none
	Profile    string    // its id
	ValidUntil time.Time // of a confirmed one
	Rated      int       // how many people rated it
	MayRate    bool      // the caller has neither rated nor seen it
}

const graveFor = 30 * 24 * time.Hour

// List is accounts of a firm, and whether there are more. Needs access.ViewProfiles.
func (s *Store) List(ctx context.Context, firm string, q Listing) (rows []Listed, more bool, err error) {
	if err := access.Check(ctx, access.ViewProfiles, firm); err != nil {
		return nil, false, err
	}
	q.Limit, q.Skip = min(max(q.Limit, 1), 200), max(q.Skip, 0)
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if rows, err = s.cardsBy(ctx, tx, firm, q); err != nil || len(rows) == 0 {
			return err
		}
		if more = len(rows) > q.Limit; more {
			rows = rows[:q.Limit]
		}
		at := map[string]*Listed{}
		keys := make([]string, len(rows))
		for i := range rows {
			at[rows[i].Key], keys[i] = &rows[i], rows[i].Key
		}
		return s.beside(ctx, tx, firm, keys, at)
	})
	if err != nil {
		return nil, false, fmt.Errorf("list accounts: %w", err)
	}
	return rows, more, nil
}

// cardsBy reads one row more than asked for.
func (s *Store) cardsBy(ctx context.Context, tx *db.Tx, firm string, q Listing) (rows []Listed, err error) {
	const card = `SELECT a.key, a.name, a.first_at, a.last_at, a.mentions`
	sql, args := card+` FROM author a WHERE a.firm_id = $1 ORDER BY a.mentions DESC, a.key LIMIT $2 OFFSET $3`, []any{firm, q.Limit + 1, q.Skip}
	switch from := polish.Fold(tidy(q.Name)); {
	case from != "":
		sql = card + ` FROM author a WHERE a.firm_id = $1 AND a.fold <> '' AND a.fold >= $4 AND a.fold < $5 ORDER BY a.fold, a.key LIMIT $2 OFFSET $3`
		args = append(args, from, from+"\U0010FFFF")
	case q.By == ByLast:
		sql = card + ` FROM author a WHERE a.firm_id = $1 ORDER BY a.last_at DESC, a.key LIMIT $2 OFFSET $3`
	case q.By != ByItems:
		sql = card + ` FROM (SELECT author_key, count(*) AS n FROM mention WHERE firm_id = $1 AND own = FALSE AND severity >= 2 AND at >= $4
			GROUP BY author_key ORDER BY n DESC, author_key LIMIT $2 OFFSET $3) g JOIN author a ON a.firm_id = $1 AND a.key = g.author_key ORDER BY g.n DESC, a.key`
		args = append(args, tx.Now().Add(-graveFor))
	}
	err = tx.Each(ctx, sql, args, func(scan func(...any) error) error {
		r := Listed{Author: Author{Firm: firm}}
		err := scan(&r.Key, &r.Name, &r.FirstAt, &r.LastAt, &r.Mentions)
		rows = append(rows, r)
		return err
	})
	return rows, err
}

// beside adds what is kept about the accounts of a list.
func (s *Store) beside(ctx context.Context, tx *db.Tx, firm string, keys []string, at map[string]*Listed) error {
	marks, args := db.Marks(2, len(keys)), append([]any{firm}, db.Args(keys)...)
	since := fmt.Sprintf("$%d", len(args)+1)
	if err := tx.Each(ctx, `SELECT author_key, count(*) FROM mention WHERE firm_id = $1 AND author_key IN (`+marks+`) AND own = FALSE AND severity >= 2
		AND at >= `+since+` GROUP BY author_key`, append(args[:len(args):len(args)], tx.Now().Add(-graveFor)), func(scan func(...any) error) error {
		var k string
		var n int
		err := scan(&k, &n)
		at[k].Grave = n
		return err
	}); err != nil {
		return err
	}
	if err := s.profilesOf(ctx, tx, marks, args, at); err != nil {
		return err
	}
	return tx.Each(ctx, `SELECT key, kind, owner_at, lawyer_at, lifted_at FROM author_flag WHERE firm_id = $1 AND key IN (`+marks+`)`, args,
		func(scan func(...any) error) error {
			var k string
			var f Flag
			err := scan(&k, &f.Kind, &f.OwnerAt, &f.LawyerAt, &f.Lifted)
			if f.Stands() && (at[k].Flag == "" || final(f.Kind)) {
				*at[k] = Listed{Author: Author{Firm: at[k].Firm, Key: k, Name: at[k].Name}, Flag: f.Kind}
			}
			return err
		})
}

func (s *Store) profilesOf(ctx context.Context, tx *db.Tx, marks string, args []any, at map[string]*Listed) error {
	if err := tx.Each(ctx, `SELECT key, id, state, valid_until FROM author_profile WHERE firm_id = $1 AND key IN (`+marks+`)
		AND state IN ('draft', 'confirmed') ORDER BY version`, args, func(scan func(...any) error) error {
		var k, id, state string
		var until time.Time
		err := scan(&k, &id, &state, &until)
		at[k].Profile, at[k].State, at[k].ValidUntil = id, State(state), until
		return err
	}); err != nil {
		return err
	}
	who := access.From(ctx)
	for k, r := range at {
		if r.State != Confirmed || !who.Holds(access.WorkProfiles, r.Firm) {
			continue
		}
		var mine, seen int
		if _, err := tx.One(ctx, `SELECT count(*), coalesce(sum(CASE WHEN who = $3 THEN 1 ELSE 0 END), 0) FROM author_rating WHERE firm_id = $1 AND profile_id = $2`,
			[]any{r.Firm, r.Profile, who.User}, &r.Rated, &mine); err != nil {
			return err
		}
		if _, err := tx.One(ctx, `SELECT count(*) FROM author_reading r JOIN author_profile p ON p.firm_id = r.firm_id AND p.id = $2 WHERE r.firm_id = $1 AND r.key = $4
			AND r.who = $3 AND r.purpose IN ('profile', 'export', 'advice') AND r.last_at >= p.made_at`, []any{r.Firm, r.Profile, who.User, k}, &seen); err != nil {
			return err
		}
		r.MayRate = mine == 0 && seen == 0
	}
	return nil
}

// Held tells whether a legal hold on proof of what the account wrote holds erasure back. Needs access.WorkProfiles.
func (s *Store) Held(ctx context.Context, firm, key string) (bool, error) {
	if err := access.Check(ctx, access.WorkProfiles, firm); err != nil {
		return false, err
	}
	return s.held(ctx, firm, key)
}
