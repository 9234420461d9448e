package author

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/author/signal"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
)

const sealFact = "author fact"

// toldFact is the sealed part of a fact.
type toldFact struct{ Field, Value, Source string }

// Tell keeps what a person saw in public and ChOP cannot see (signal.Fields), with where and when it was seen. Needs
// access.WorkProfiles and a person. Faults: Invalid "author.fact", "author.source", "author.seen", "author.words"; Forbidden
// "author.protected".
func (s *Store) Tell(ctx context.Context, firm, key string, f signal.Fact) error {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	f.Source = tidy(f.Source)
	n := utf8.RuneCountInString(f.Source)
	switch {
	case !signal.CheckFact(f.Field, f.Value):
		return fault.New(fault.Invalid, "author.fact", "Field", f.Field).On("value")
	case n < 3 || n > 500:
		return fault.New(fault.Invalid, "author.source").On("source")
	case f.SeenAt.IsZero() || f.SeenAt.After(s.DB.Now().Add(24*time.Hour)):
		return fault.New(fault.Invalid, "author.seen").On("seen")
	}
	if err := clean(f.Source, "source"); err != nil {
		return err
	}
	if _, err := s.card(ctx, firm, key); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.barred(ctx, tx, firm, key); err != nil {
			return err
		}
		raw, err := json.Marshal(toldFact{f.Field, f.Value, f.Source})
		if err != nil {
			return err
		}
		id, who := db.NewID(), access.From(ctx)
		sealed, err := s.Seal.Seal(ctx, firm, sealFact, id, raw)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO author_fact (firm_id, id, key, sealed, seen_at, who, who_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			firm, id, key, sealed, f.SeenAt, who.User, who.Name, tx.Now()); err != nil {
			return fmt.Errorf("save what was told: %w", err)
		}
		tx.Touch(firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(s.mark(ctx, firm, key)), Verb: "author.told", Data: map[string]string{"field": f.Field}})
	})
}

func (s *Store) facts(ctx context.Context, firm, key string) (fs []signal.Fact, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var ids []string
		var raws [][]byte
		err := tx.Each(ctx, `SELECT id, sealed, seen_at, who, who_name, at FROM author_fact WHERE firm_id = $1 AND key = $2 ORDER BY at, id`,
			[]any{firm, key}, func(scan func(...any) error) error {
				var f signal.Fact
				var id string
				var raw []byte
				err := scan(&id, &raw, &f.SeenAt, &f.Who, &f.Name, &f.At)
				fs, ids, raws = append(fs, f), append(ids, id), append(raws, raw)
				return err
			})
		for i := range fs {
			if err != nil {
				return err
			}
			var plain string
			if plain, err = s.words(ctx, firm, sealFact, ids[i], raws[i]); err == nil && plain != "" {
				var t toldFact
				err = json.Unmarshal([]byte(plain), &t)
				fs[i].Field, fs[i].Value, fs[i].Source = t.Field, t.Value, t.Source
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was told: %w", err)
	}
	return fs, nil
}

// Customers are the accounts of the firm of which a person told that they bought something, with source and date. It asks no
// permission: for rooms that must leave them alone.
func (s *Store) Customers(ctx context.Context, firm string) (keys map[string]bool, err error) {
	type row struct {
		key, id string
		sealed  []byte
	}
	var rows []row
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT key, id, sealed FROM author_fact WHERE firm_id = $1 ORDER BY at, id`, []any{firm}, func(scan func(...any) error) error {
			var r row
			err := scan(&r.key, &r.id, &r.sealed)
			rows = append(rows, r)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read customers: %w", err)
	}
	keys = map[string]bool{}
	for _, r := range rows {
		var f toldFact
		if err := s.openJSON(ctx, firm, sealFact, r.id, r.sealed, &f); err != nil {
			return nil, err
		}
		if f.Field == "customer" {
			keys[r.key] = f.Value == "yes" // the newest word holds
		}
	}
	maps.DeleteFunc(keys, func(_ string, yes bool) bool { return !yes })
	return keys, nil
}
