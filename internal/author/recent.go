package author

import (
	"context"
	"fmt"
	"sync"
	"time"

	"chop/internal/author/signal"
	"chop/internal/db"
)

// Signals of accounts with a long history take seconds to read. They are kept for a while, as long as nothing of the account changed.
const (
	longFrom = 500              // items; below, signals are always read anew
	keptFor  = 10 * time.Minute // others' texts and our replies may have changed meanwhile
	keptMost = 64               // accounts
)

// imprint changes when something changes that signals of an account rest on.
type imprint struct {
	items, gone, revisions, severity, labels, deeds, facts, links int
	last                                                          time.Time
	groups                                                        string
}

type kept struct {
	imprint
	set      signal.Set
	accounts []Account
	at       time.Time
}

// recent are the accounts read last, by firm and key.
type recent struct {
	mu sync.Mutex
	of map[[2]string]kept
}

func (r *recent) get(firm, key string, i imprint, now time.Time) (kept, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.of[[2]string{firm, key}]
	age := now.Sub(k.at)
	return k, ok && k.imprint == i && age >= 0 && age < keptFor
}

func (r *recent) put(firm, key string, k kept) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil || len(r.of) >= keptMost {
		r.of = map[[2]string]kept{}
	}
	r.of[[2]string{firm, key}] = k
}

// imprint looks what there is of an account.
func (s *Store) imprint(ctx context.Context, firm, key string) (i imprint, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.One(ctx, `SELECT count(*), coalesce(sum(CASE WHEN gone_at > 0 THEN 1 ELSE 0 END), 0), coalesce(sum(revision), 0),
			coalesce(sum(severity), 0), coalesce(sum(length(labels)), 0) FROM mention WHERE firm_id = $1 AND author_key = $2`, []any{firm, key},
			&i.items, &i.gone, &i.revisions, &i.severity, &i.labels); err != nil {
			return err
		}
		_, err := tx.One(ctx, `SELECT (SELECT count(*) FROM author_deed WHERE firm_id = $1 AND key = $2 AND after <> ''),
			(SELECT count(*) FROM author_fact WHERE firm_id = $1 AND key = $2),
			(SELECT count(*) FROM author_link WHERE firm_id = $1 AND state = 'confirmed' AND (a = $2 OR b = $2)),
			(SELECT last_at FROM author WHERE firm_id = $1 AND key = $2)`, []any{firm, key}, &i.deeds, &i.facts, &i.links, &i.last)
		return err
	})
	if err != nil {
		return i, err
	}
	groups, err := s.groupsOf(ctx, firm, key)
	i.groups = fmt.Sprint(groups)
	return i, err
}
