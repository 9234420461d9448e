package ownrule

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reason"
)

// Store keeps the rules of firms. It is an adjuster of labels, before the memory of what people said.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Journal  *journal.Store
	Labels   *classify.Store
	Mentions *mention.Store

	mu     sync.Mutex
	live   map[string]*book // by firm
	trying sync.Mutex       // one trial at a time: it keeps a processor busy
}

// Entry is a rule in the list: its newest version, and the live one when that is an older one.
type Entry struct {
	Rule
	Live *Rule // nil when no version or this very one is live
}

const columns = `id, version, name, words, unless, does, label, severity, channel, stars, under_question, who, who_name, at, state,
	moved_name, moved_at, why, tried_at, tried, asked_at, reworked_at, reworked`

func scanRule(firm string, scan func(...any) error) (Rule, error) {
	r, tried := Rule{Firm: firm}, ""
	if err := scan(&r.ID, &r.Version, &r.Name, &r.Words, &r.Unless, &r.Does, &r.Label, &r.Severity, &r.Channel, &r.Stars, &r.UnderQuestion,
		&r.Who, &r.By, &r.At, &r.State, &r.MovedBy, &r.MovedAt, &r.Why, &r.TriedAt, &tried, &r.AskedAt, &r.ReworkAt, &r.Reworked); err != nil {
		return r, err
	}
	if tried == "" {
		return r, nil
	}
	return r, json.Unmarshal([]byte(tried), &r.Trial)
}

// query reads versions; the condition begins with the firm, which is $1.
func query(ctx context.Context, tx *db.Tx, where, firm string, args ...any) (list []Rule, err error) {
	err = tx.Each(ctx, `SELECT `+columns+` FROM own_rule r WHERE r.firm_id = $1 AND `+where, append([]any{firm}, args...),
		func(scan func(...any) error) error {
			r, err := scanRule(firm, scan)
			list = append(list, r)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the firm's rules: %w", err)
	}
	return list, nil
}

const isNewest = `r.version = (SELECT max(x.version) FROM own_rule x WHERE x.firm_id = r.firm_id AND x.id = r.id)`

// List is the firm's rules, live ones first, then by name, at most 500. Needs access.ViewMentions.
func (s *Store) List(ctx context.Context, firm string) (list []Entry, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	var all []Rule
	if err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		all, err = query(ctx, tx, `(r.state = 'live' OR `+isNewest+`) ORDER BY r.id DESC, r.version DESC LIMIT 1000`, firm)
		return err
	}); err != nil {
		return nil, err
	}
	for i, r := range all {
		if i > 0 && all[i-1].ID == r.ID {
			list[len(list)-1].Live = &all[i]
		} else {
			list = append(list, Entry{Rule: r})
		}
	}
	rank := map[State]int{Live: 0, Draft: 1, Off: 2}
	slices.SortStableFunc(list, func(a, b Entry) int {
		return cmp.Or(rank[a.standing()]-rank[b.standing()], strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return list[:min(len(list), 500)], nil
}

func (e Entry) standing() State {
	if e.Live != nil {
		return Live
	}
	return e.State
}

// Versions is the history of a rule, newest first, at most 100. Needs access.ViewMentions; fault.NotFound "ownrule".
func (s *Store) Versions(ctx context.Context, firm, id string) (list []Rule, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err = query(ctx, tx, `r.id = $2 ORDER BY r.version DESC LIMIT 100`, firm, id)
		return err
	})
	if err == nil && len(list) == 0 {
		err = fault.Missing("ownrule")
	}
	return list, err
}

// newest is the newest version of a rule.
func newest(ctx context.Context, tx *db.Tx, firm, id string) (Rule, error) {
	list, err := query(ctx, tx, `r.id = $2 ORDER BY r.version DESC LIMIT 1`, firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("ownrule")
	}
	if err != nil {
		return Rule{}, err
	}
	return list[0], nil
}

// Write keeps a new rule (id "") or a new version of one, as a draft; what is live stays live. base is the version the person
// saw. Nothing is kept when nothing changed. Needs access.LabelMentions. Faults: Invalid with the field; Conflict
// "ownrule.many", "ownrule.twice" when somebody else wrote meanwhile; NotFound "ownrule".
func (s *Store) Write(ctx context.Context, firm, id string, base int, in Set) (r Rule, err error) {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return r, err
	}
	in = in.clean()
	if err := in.check(s.Kinds()); err != nil {
		return r, err
	}
	who := access.From(ctx)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r = Rule{Firm: firm, ID: id, Version: 1, Set: in, State: Draft, Who: who.User, By: who.Name, At: tx.Now()}
		if id == "" {
			r.ID = db.NewID()
		} else {
			old, err := newest(ctx, tx, firm, id)
			switch {
			case err != nil:
				return err
			case old.Version != base:
				return fault.New(fault.Conflict, "ownrule.twice")
			case old.Set == in:
				r = old
				return nil
			}
			r.Version = old.Version + 1
		}
		if err := room(ctx, tx, firm, r.ID); err != nil {
			return err
		}
		if err := insert(ctx, tx, r); err != nil {
			return err
		}
		tx.Touch(firm, "labels")
		return s.record(ctx, r, "firm.rule_written", "", nil)
	})
	return r, err
}

// Kinds are the kinds of channels a rule can name.
func (s *Store) Kinds() []string { return s.Mentions.Sources.Registry.Kinds() }

// room refuses more rules than a firm may have; the rule itself does not count.
func room(ctx context.Context, tx *db.Tx, firm, id string) error {
	var n int
	if _, err := tx.One(ctx, `SELECT count(DISTINCT r.id) FROM own_rule r WHERE r.firm_id = $1 AND r.id <> $2 AND r.state <> 'off' AND (r.state = 'live' OR `+
		isNewest+`)`, []any{firm, id}, &n); err != nil {
		return fmt.Errorf("count the firm's rules: %w", err)
	}
	if n >= Most {
		return fault.New(fault.Conflict, "ownrule.many", "Most", Most)
	}
	return nil
}

func insert(ctx context.Context, tx *db.Tx, r Rule) error {
	n, err := tx.Exec(ctx, `INSERT INTO own_rule (firm_id, id, version, name, words, unless, does, label, severity, channel, stars, under_question,
		who, who_name, at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING`,
		r.Firm, r.ID, r.Version, r.Name, r.Words, r.Unless, string(r.Does), string(r.Label), r.Severity, r.Channel, r.Stars, r.UnderQuestion,
		r.Who, r.By, r.At, string(r.State))
	if err != nil {
		return fmt.Errorf("save the rule: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "ownrule.twice")
	}
	return nil
}

// GoLive lets a version label new comments at once, in the place of an older one; with relabel those of the last 90 days
// follow. Needs access.LabelMentions and a reason of at least three characters. Faults: Conflict "ownrule.newer" when it is not
// the newest version, "ownrule.untried" without a trial of this version in the last seven days, "ownrule.many"; NotFound.
func (s *Store) GoLive(ctx context.Context, firm, id string, version int, why string, relabel bool) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	if why = tidy(why); len([]rune(why)) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := newest(ctx, tx, firm, id)
		switch {
		case err != nil:
			return err
		case r.Version != version:
			return fault.New(fault.Conflict, "ownrule.newer")
		case r.State == Live:
			return nil
		case !r.Tried(tx.Now()):
			return fault.New(fault.Conflict, "ownrule.untried")
		}
		if err := room(ctx, tx, firm, id); err != nil {
			return err
		}
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `UPDATE own_rule SET state = 'off', moved_name = $3, moved_at = $4 WHERE firm_id = $1 AND id = $2 AND state = 'live'`,
			firm, id, who.Name, tx.Now()); err != nil {
			return fmt.Errorf("put the older version off: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE own_rule SET state = 'live', moved_name = $4, moved_at = $5, why = $6 WHERE firm_id = $1 AND id = $2 AND version = $3`,
			firm, id, version, who.Name, tx.Now(), why); err != nil {
			return fmt.Errorf("put the rule live: %w", err)
		}
		return s.moved(ctx, tx, r, "firm.rule_live", why, relabel)
	})
}

// SwitchOff lets the rule label nothing from now on; a rule that was never live is put aside. With relabel the comments of the
// last 90 days lose what it did. Needs access.LabelMentions. Faults: NotFound "ownrule"; Conflict "ownrule.off" when it is off.
func (s *Store) SwitchOff(ctx context.Context, firm, id string, relabel bool) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := query(ctx, tx, `r.id = $2 AND (r.state = 'live' OR `+isNewest+`) ORDER BY CASE r.state WHEN 'live' THEN 0 ELSE 1 END`, firm, id)
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return fault.Missing("ownrule")
		case list[0].State == Off:
			return fault.New(fault.Conflict, "ownrule.off")
		}
		r := list[0]
		if _, err := tx.Exec(ctx, `UPDATE own_rule SET state = 'off', moved_name = $4, moved_at = $5 WHERE firm_id = $1 AND id = $2 AND version = $3`,
			firm, id, r.Version, access.From(ctx).Name, tx.Now()); err != nil {
			return fmt.Errorf("put the rule off: %w", err)
		}
		return s.moved(ctx, tx, r, "firm.rule_off", "", relabel && r.State == Live)
	})
}

// moved lets every process and the journal know, and asks for the last 90 days when a person wants them too.
func (s *Store) moved(ctx context.Context, tx *db.Tx, r Rule, verb, why string, relabel bool) error {
	if _, err := tx.Exec(ctx, `INSERT INTO learned (firm_id, rules) VALUES ($1, $2) ON CONFLICT (firm_id) DO UPDATE SET rules = excluded.rules`,
		r.Firm, db.NewID()); err != nil {
		return fmt.Errorf("mark the firm's rules as new: %w", err)
	}
	tx.Touch(r.Firm, "labels")
	if relabel {
		if _, err := tx.Exec(ctx, `UPDATE own_rule SET asked_at = $4, reworked_at = 0, reworked = 0 WHERE firm_id = $1 AND id = $2 AND version = $3`,
			r.Firm, r.ID, r.Version, tx.Now()); err != nil {
			return fmt.Errorf("ask for the last 90 days: %w", err)
		}
		if err := s.Jobs.Put(ctx, Relabel{Firm: r.Firm, Rule: r.ID, Version: r.Version}); err != nil {
			return err
		}
	}
	return s.record(ctx, r, verb, why, map[string]string{"relabel": strconv.FormatBool(relabel)})
}

func (s *Store) record(ctx context.Context, r Rule, verb, why string, data map[string]string) error {
	if data == nil {
		data = map[string]string{}
	}
	data["rule"], data["version"], data["name"] = r.ID, strconv.Itoa(r.Version), r.Name
	return s.Journal.Record(ctx, journal.Entry{Firm: r.Firm, Ref: reason.Ref{Kind: "firm", ID: r.Firm}, Verb: verb, Why: why, Data: data})
}
