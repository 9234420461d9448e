package retention

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// Config is what the room stands on.
type Config struct {
	DB       *db.DB
	Journal  *journal.Store
	Evidence *evidence.Store
	Cases    *crisis.Store
}

// Store keeps the firms' rules and knows what is past its time.
type Store struct {
	db       *db.DB
	journal  *journal.Store
	evidence *evidence.Store
	cases    *crisis.Store
}

// New is a store on its parts.
func New(c Config) *Store {
	return &Store{db: c.DB, journal: c.Journal, evidence: c.Evidence, cases: c.Cases}
}

// Rules is the firm's rules. Needs access.ViewEvidence.
func (s *Store) Rules(ctx context.Context, firm string) (Set, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return nil, err
	}
	set := defaults()
	err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT kind, days FROM retention_rule WHERE firm_id = $1`, []any{firm}, func(scan func(...any) error) error {
			var k Kind
			var days int
			if err := scan(&k, &days); err != nil {
				return err
			}
			if r, ok := set[k]; ok {
				r.Days = days
				set[k] = r
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read rules of retention: %w", err)
	}
	return set, nil
}

// Change sets how many days the firm keeps a kind. Needs access.Preserve, access.ManageFirm and a reason. Faults: Invalid
// "retention.days" outside the limits, "retention.why".
func (s *Store) Change(ctx context.Context, firm string, k Kind, days int, why string) error {
	if err := mayErase(ctx, firm); err != nil {
		return err
	}
	rule, ok := defaults()[k]
	if !ok {
		return fault.Missing("rule")
	}
	if days < rule.Min || days > rule.Max {
		return fault.New(fault.Invalid, "retention.days", "Min", rule.Min, "Max", rule.Max).On("days")
	}
	if strings.TrimSpace(why) == "" {
		return fault.New(fault.Invalid, "retention.why").On("why")
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `INSERT INTO retention_rule (firm_id, kind, days, why, who, who_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (firm_id, kind) DO UPDATE SET days = excluded.days, why = excluded.why, who = excluded.who, who_name = excluded.who_name,
			at = excluded.at`, firm, string(k), days, why, who.User, who.Name, tx.Now()); err != nil {
			return err
		}
		tx.Touch(firm, evidence.Topic)
		return s.journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: "firm", ID: firm}, Verb: "retention.changed", Why: why,
			Data: map[string]string{"kind": string(k), "days": strconv.Itoa(days)}})
	})
	if err != nil {
		return fmt.Errorf("change retention: %w", err)
	}
	return nil
}

func mayErase(ctx context.Context, firm string) error {
	for _, p := range []access.Perm{access.Preserve, access.ManageFirm} {
		if err := access.Check(ctx, p, firm); err != nil {
			return err
		}
	}
	return nil
}

// Intend says what a case's proof is kept for: Private, Civil, or "" for nothing more. Needs access.Preserve and a reason.
// Faults: Invalid "retention.path", "retention.why"; NotFound.
func (s *Store) Intend(ctx context.Context, firm, caseID string, path Kind, why string) error {
	if err := access.Check(ctx, access.Preserve, firm); err != nil {
		return err
	}
	if path != "" && path != Private && path != Civil {
		return fault.New(fault.Invalid, "retention.path").On("path")
	}
	if strings.TrimSpace(why) == "" {
		return fault.New(fault.Invalid, "retention.why").On("why")
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := s.cases.Find(ctx, caseID)
		if err != nil {
			return err
		}
		if c.Firm != firm {
			return fault.Missing("case")
		}
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `INSERT INTO retention_path (firm_id, case_id, path, why, who, who_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (firm_id, case_id) DO UPDATE SET path = excluded.path, why = excluded.why, who = excluded.who, who_name = excluded.who_name,
			at = excluded.at`, firm, caseID, string(path), why, who.User, who.Name, tx.Now()); err != nil {
			return err
		}
		return s.journal.Record(ctx, journal.Entry{Firm: firm, Ref: c.Ref(), Verb: "retention.intended", Why: why,
			Data: map[string]string{"path": string(path)}})
	})
	if err != nil {
		return fmt.Errorf("say what proof is kept for: %w", err)
	}
	return nil
}

// Item is an exhibit that is past its time.
type Item struct {
	evidence.Exhibit
	Kind  Kind
	Until time.Time
}

// Blocked tells whether a legal hold keeps it all the same.
func (i Item) Blocked() bool { return !i.Held.IsZero() }

// Due is the firm's exhibits that are past their time, oldest first, at most limit. Those under a legal hold are among
// them and cannot be erased. Needs access.ViewEvidence.
func (s *Store) Due(ctx context.Context, firm string, limit int) (out []Item, err error) {
	set, err := s.Rules(ctx, firm)
	if err != nil {
		return nil, err
	}
	now := s.db.Now()
	before := now.AddDate(0, 0, -set.shortest())
	for after := ""; len(out) < limit; {
		page, err := s.evidence.Older(ctx, firm, before, after, 200)
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, e := range page {
			k, until, err := s.until(ctx, set, e)
			if err != nil {
				return out, err
			}
			if !until.IsZero() && !until.After(now) && len(out) < limit {
				out = append(out, Item{e, k, until})
			}
		}
		after = page[len(page)-1].ID
	}
	return out, nil
}

func (s *Store) until(ctx context.Context, set Set, e evidence.Exhibit) (Kind, time.Time, error) {
	cases, err := s.cases.AllOf(ctx, e.Firm, e.Ref)
	if err != nil {
		return "", time.Time{}, err
	}
	var states []Case
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, c := range cases {
			var path Kind
			if _, err := tx.One(ctx, `SELECT path FROM retention_path WHERE firm_id = $1 AND case_id = $2`, []any{e.Firm, c.ID}, &path); err != nil {
				return err
			}
			states = append(states, stateOf(c, path))
		}
		return nil
	})
	k, until := set.Until(e.At, states)
	return k, until, err
}

// Erase erases exhibits that are past their time, and tells how many. Needs access.Preserve, access.ManageFirm and a reason.
// Faults: Invalid "retention.why"; Conflict "retention.not_due", "evidence.held". The first fault ends it; what was
// erased before stays erased.
func (s *Store) Erase(ctx context.Context, firm string, ids []string, why string) (n int, err error) {
	if err := mayErase(ctx, firm); err != nil {
		return 0, err
	}
	if strings.TrimSpace(why) == "" {
		return 0, fault.New(fault.Invalid, "retention.why").On("why")
	}
	set, err := s.Rules(ctx, firm)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		e, err := s.evidence.Get(ctx, firm, id)
		if err != nil {
			return n, err
		}
		if !e.Removed.IsZero() {
			continue
		}
		_, until, err := s.until(ctx, set, e)
		if err != nil {
			return n, err
		}
		if until.IsZero() || until.After(s.db.Now()) {
			return n, fault.New(fault.Conflict, "retention.not_due", "Code", e.Code())
		}
		if err := s.evidence.Remove(ctx, firm, id, why); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// sweepMost is how many exhibits of a firm one sweep erases.
const sweepMost = 500

// Sweep erases what is past its time in the firms that switched that on, and writes the number of what waits for a person
// in the others into the log. For the system; called by a timer.
func (s *Store) Sweep(ctx context.Context, firms []string) error {
	for _, f := range firms {
		set, err := s.Rules(ctx, f)
		if err != nil {
			return err
		}
		due, err := s.Due(ctx, f, sweepMost)
		if err != nil {
			return err
		}
		var ids []string
		for _, d := range due {
			if !d.Blocked() {
				ids = append(ids, d.ID)
			}
		}
		if set[Auto].Days == 0 || len(ids) == 0 {
			if len(due) > 0 {
				slog.Info("exhibits are past their time", "firm", f, "due", len(due), "held", len(due)-len(ids))
			}
			continue
		}
		n, err := s.Erase(ctx, f, ids, "po terminie, zgodnie z regułami firmy")
		slog.Info("exhibits past their time were erased", "firm", f, "erased", n)
		if err != nil {
			return err
		}
	}
	return nil
}
