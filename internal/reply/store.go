package reply

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Store keeps facts, saved replies, drafts and what was answered.
type Store struct {
	DB      *db.DB
	Seal    *seal.Store
	Journal *journal.Store
}

// Ref points at a saved reply.
func Ref(id string) reason.Ref { return reason.Ref{Kind: "saved_reply", ID: id} }

// Facts is what the firm says of itself, by key; those that are no longer valid among them. Needs access.ViewMentions.
func (s *Store) Facts(ctx context.Context, firm string) (list []Fact, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT key, text, valid_until, who, who_name, at FROM reply_fact WHERE firm_id = $1 ORDER BY key`, []any{firm},
			func(scan func(...any) error) error {
				f := Fact{Firm: firm}
				err := scan(&f.Key, &f.Text, &f.Until, &f.Who, &f.WhoName, &f.At)
				list = append(list, f)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read facts of the firm: %w", err)
	}
	return list, nil
}

// SetFact keeps a fact; one with the same key is replaced, and the journal has both. Needs access.Decide. Faults: Invalid
// "reply.key", "reply.fact", "reply.until"; Conflict "reply.facts_many".
func (s *Store) SetFact(ctx context.Context, f Fact) error {
	if err := access.Check(ctx, access.Decide, f.Firm); err != nil {
		return err
	}
	f, err := f.clean()
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if !f.Until.IsZero() && !f.Until.After(tx.Now()) {
			return fault.New(fault.Invalid, "reply.until").On("until")
		}
		var n int
		if _, err := tx.One(ctx, `SELECT count(*) FROM reply_fact WHERE firm_id = $1 AND key <> $2`, []any{f.Firm, f.Key}, &n); err != nil {
			return err
		}
		if n >= MostFacts {
			return fault.New(fault.Conflict, "reply.facts_many", "Most", MostFacts)
		}
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `INSERT INTO reply_fact (firm_id, key, text, valid_until, who, who_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (firm_id, key) DO UPDATE SET text = excluded.text, valid_until = excluded.valid_until, who = excluded.who,
			who_name = excluded.who_name, at = excluded.at`, f.Firm, f.Key, f.Text, f.Until, who.User, who.Name, tx.Now()); err != nil {
			return fmt.Errorf("save fact: %w", err)
		}
		return s.tell(ctx, tx, f.Firm, reason.Ref{Kind: "reply_fact", ID: f.Key}, "reply.fact", map[string]string{"key": f.Key, "text": f.Text})
	})
}

// DropFact takes a fact away. Needs access.Decide; NotFound "reply_fact".
func (s *Store) DropFact(ctx context.Context, firm, key string) error {
	if err := access.Check(ctx, access.Decide, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM reply_fact WHERE firm_id = $1 AND key = $2`, firm, key)
		if err == nil && n == 0 {
			err = fault.Missing("reply_fact")
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, firm, reason.Ref{Kind: "reply_fact", ID: key}, "reply.fact_dropped", map[string]string{"key": key})
	})
}

func (s *Store) tell(ctx context.Context, tx *db.Tx, firm string, ref reason.Ref, verb string, data map[string]string) error {
	tx.Touch(firm, "replies")
	return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: ref, Verb: verb, Data: data})
}

// Saved is the shared saved replies of the firm and the person's own, by name. Needs access.ViewMentions.
func (s *Store) Saved(ctx context.Context, firm string) (list []Saved, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, owner, name, lang, labels, variants, approved, who, who_name, at FROM saved_reply
			WHERE firm_id = $1 AND (owner = '' OR owner = $2)`, []any{firm, access.From(ctx).User}, func(scan func(...any) error) error {
			r, err := scanSaved(firm, scan)
			list = append(list, r)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read saved replies: %w", err)
	}
	slices.SortFunc(list, func(a, b Saved) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

func scanSaved(firm string, scan func(...any) error) (Saved, error) {
	r, labels, variants := Saved{Firm: firm}, "", ""
	if err := scan(&r.ID, &r.Owner, &r.Name, &r.Lang, &labels, &variants, &r.Approved, &r.Who, &r.WhoName, &r.At); err != nil {
		return r, err
	}
	if l := strings.Trim(labels, ","); l != "" {
		r.Labels = strings.Split(l, ",")
	}
	return r, json.Unmarshal([]byte(variants), &r.Variants)
}

// Save keeps a saved reply, new when it has no ID. What belongs to another person cannot be changed. Only what the owner
// saves is approved (domain/decisions.md section 9: "from approved template"). Needs access.Decide.
// Faults: Invalid "reply.name", "reply.variants", "reply.variable"; Conflict "reply.saved_many"; NotFound "saved_reply".
func (s *Store) Save(ctx context.Context, r Saved) (Saved, error) {
	if err := access.Check(ctx, access.Decide, r.Firm); err != nil {
		return r, err
	}
	r, err := r.clean()
	if err != nil {
		return r, err
	}
	variants, err := json.Marshal(r.Variants)
	if err != nil {
		return r, fmt.Errorf("write variants: %w", err)
	}
	labels := ""
	if len(r.Labels) > 0 {
		labels = "," + strings.Join(r.Labels, ",") + ","
	}
	who := access.From(ctx)
	if r.Owner != "" {
		r.Owner = who.User
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r.Approved = who.Firms[r.Firm] == access.Owner
		r.Who, r.WhoName, r.At = who.User, who.Name, tx.Now()
		if r.ID != "" {
			n, err := tx.Exec(ctx, `UPDATE saved_reply SET owner = $3, name = $4, lang = $5, labels = $6, variants = $7, who = $8, who_name = $9, at = $10,
				approved = $12 WHERE firm_id = $1 AND id = $2 AND (owner = '' OR owner = $11)`, r.Firm, r.ID, r.Owner, r.Name, r.Lang, labels, string(variants),
				r.Who, r.WhoName, r.At, who.User, r.Approved)
			if err == nil && n == 0 {
				err = fault.Missing("saved_reply")
			}
			if err != nil {
				return err
			}
			return s.tell(ctx, tx, r.Firm, Ref(r.ID), "reply.saved", map[string]string{"name": r.Name})
		}
		var n int
		if _, err := tx.One(ctx, `SELECT count(*) FROM saved_reply WHERE firm_id = $1`, []any{r.Firm}, &n); err != nil {
			return err
		}
		if n >= MostSaved {
			return fault.New(fault.Conflict, "reply.saved_many", "Most", MostSaved)
		}
		r.ID = db.NewID()
		if _, err := tx.Exec(ctx, `INSERT INTO saved_reply (firm_id, id, owner, name, lang, labels, variants, who, who_name, at, approved)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, r.Firm, r.ID, r.Owner, r.Name, r.Lang, labels, string(variants), r.Who, r.WhoName, r.At,
			r.Approved); err != nil {
			return fmt.Errorf("save reply: %w", err)
		}
		return s.tell(ctx, tx, r.Firm, Ref(r.ID), "reply.saved", map[string]string{"name": r.Name})
	})
	return r, err
}

// Remove takes a saved reply away; what was sent with it stays. Needs access.Decide; NotFound "saved_reply".
func (s *Store) Remove(ctx context.Context, firm, id string) error {
	if err := access.Check(ctx, access.Decide, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM saved_reply WHERE firm_id = $1 AND id = $2 AND (owner = '' OR owner = $3)`, firm, id, access.From(ctx).User)
		if err == nil && n == 0 {
			err = fault.Missing("saved_reply")
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, firm, Ref(id), "reply.removed", nil)
	})
}
