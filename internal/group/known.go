package group

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// Kinds of known accounts.
const (
	KnownOwn      = "own"      // the firm's people and administrators
	KnownCustomer = "customer" // matched with an order
)

// Known is an account that a person marked: it is left out of every run and of every group.
type Known struct {
	Account, Kind string
	Name          string // as it showed itself last; "" when it only reacted
	Why           string
	Who, WhoName  string
	At            time.Time
}

const sealKnown = "known account"

// Know marks an account as the firm's own or as a customer with an order, with a reason. It is out of every group of the
// firm at once, and of every later run. Needs access.WorkGroups and a person. Faults: Invalid "group.known", "why",
// "group.account".
func (s *Store) Know(ctx context.Context, firm, account, kind, why string) error {
	if err := person(ctx, firm); err != nil {
		return err
	}
	switch {
	case kind != KnownOwn && kind != KnownCustomer:
		return fault.New(fault.Invalid, "group.known").On("kind")
	case account == "" || len(account) > 1024 || !utf8.ValidString(account) || strings.ContainsRune(account, 0):
		return fault.New(fault.Invalid, "group.account").On("account")
	}
	if why = strings.TrimSpace(why); utf8.RuneCountInString(why) < minReason {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		sealed, err := s.Seal.Seal(ctx, firm, sealKnown, account, []byte(why))
		if err != nil {
			return err
		}
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `INSERT INTO known_account (firm_id, account, kind, sealed, who, who_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (firm_id, account) DO UPDATE SET kind = excluded.kind, sealed = excluded.sealed, who = excluded.who,
			who_name = excluded.who_name, at = excluded.at`, firm, account, kind, sealed, who.User, who.Name, tx.Now()); err != nil {
			return fmt.Errorf("mark account: %w", err)
		}
		if err := s.outEverywhere(ctx, tx, firm, account); err != nil {
			return err
		}
		return s.noteKnown(ctx, tx, firm, account, "group.known", why, kind)
	})
}

// Unknow takes the mark off, with a reason; the next run reads the account again. Needs access.WorkGroups and a person.
func (s *Store) Unknow(ctx context.Context, firm, account, why string) error {
	if err := person(ctx, firm); err != nil {
		return err
	}
	if why = strings.TrimSpace(why); utf8.RuneCountInString(why) < minReason {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM known_account WHERE firm_id = $1 AND account = $2`, firm, account)
		if err == nil && n == 0 {
			err = fault.Missing("account")
		}
		if err != nil {
			return err
		}
		return s.noteKnown(ctx, tx, firm, account, "group.unknown", why, "")
	})
}

// noteKnown records that a mark was set or taken off, not whose (the journal names no account), and lets every place be read again.
func (s *Store) noteKnown(ctx context.Context, tx *db.Tx, firm, account, verb, why, kind string) error {
	tx.Touch(firm, Topic)
	if err := s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: "firm", ID: firm}, Verb: verb, Why: why,
		Data: map[string]string{"kind": kind}}); err != nil {
		return err
	}
	var sources []string
	if err := tx.Each(ctx, `SELECT source_id FROM group_run WHERE firm_id = $1`, []any{firm}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		sources = append(sources, id)
		return err
	}); err != nil {
		return err
	}
	for _, src := range sources {
		if err := s.ask(ctx, tx, firm, src); err != nil {
			return err
		}
	}
	return nil
}

// outEverywhere takes the account out of the groups that count.
func (s *Store) outEverywhere(ctx context.Context, tx *db.Tx, firm, account string) error {
	who := access.From(ctx)
	gs, err := s.holding(ctx, firm, []string{account})
	if err != nil {
		return err
	}
	for _, g := range gs {
		if _, err := tx.Exec(ctx, `UPDATE group_member SET state = 'out', frozen = FALSE, decided_at = $4, decided_by = $5, decided_name = $6
			WHERE firm_id = $1 AND group_id = $2 AND account = $3`, firm, g.ID, account, tx.Now(), who.User, who.Name); err != nil {
			return fmt.Errorf("take account out of group: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE found_group SET revision = revision + 1 WHERE firm_id = $1 AND id = $2`, firm, g.ID); err != nil {
			return fmt.Errorf("take account out of group: %w", err)
		}
		if g, err = s.load(ctx, firm, g.ID); err != nil { // as it is now that nobody else decides about it
			return err
		}
		unsign(&g)
		if err := s.put(ctx, tx, g); err != nil {
			return err
		}
		if err := s.Jobs.Put(ctx, Changed{firm, g.ID, true}); err != nil {
			return err
		}
	}
	return nil
}

// KnownAccounts is the firm's marked accounts, the newest first. Needs access.ViewGroups.
func (s *Store) KnownAccounts(ctx context.Context, firm string) (list []Known, err error) {
	if err := access.Check(ctx, access.ViewGroups, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var sealed [][]byte
		err := tx.Each(ctx, `SELECT k.account, k.kind, k.sealed, k.who, k.who_name, k.at, coalesce((SELECT m.author_name FROM mention m
			WHERE m.firm_id = k.firm_id AND m.author_key = k.account ORDER BY m.at DESC LIMIT 1), '') FROM known_account k WHERE k.firm_id = $1`, []any{firm},
			func(scan func(...any) error) error {
				var k Known
				var raw []byte
				err := scan(&k.Account, &k.Kind, &raw, &k.Who, &k.WhoName, &k.At, &k.Name)
				list, sealed = append(list, k), append(sealed, raw)
				return err
			})
		for i := range list {
			if err != nil {
				return err
			}
			var why []byte
			if why, err = s.Seal.Open(ctx, firm, sealKnown, list[i].Account, sealed[i]); err == nil {
				list[i].Why = string(why)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read marked accounts: %w", err)
	}
	slices.SortFunc(list, func(a, b Known) int { return b.At.Compare(a.At) })
	return list, nil
}

// KnownKeys is the firm's marked accounts by key: staff, customers, who is left out. It asks no permission: for rooms that look on the
// program's behalf.
func (s *Store) KnownKeys(ctx context.Context, firm string) (keys map[string]bool, err error) {
	keys = map[string]bool{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT account FROM known_account WHERE firm_id = $1`, []any{firm}, func(scan func(...any) error) error {
			var k string
			err := scan(&k)
			keys[k] = true
			return err
		})
	})
	if err != nil || s.Customers == nil {
		return keys, err
	}
	bought, err := s.Customers(ctx, firm)
	maps.Copy(keys, bought)
	return keys, err
}
