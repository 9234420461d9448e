package macro

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reason"
)

// Store keeps macros and carries their plans out.
type Store struct {
	DB        *db.DB
	Journal   *journal.Store
	Mentions  *mention.Store
	Labels    *classify.Store
	Cases     *crisis.Store
	Evidence  *evidence.Store
	Decisions *decision.Store
}

// Ref points at a macro.
func Ref(id string) reason.Ref { return reason.Ref{Kind: "macro", ID: id} }

const columns = `m.firm_id, m.id, m.version, m.live, m.owner, m.name, m.key, m.labels, m.plan, m.why, m.who, m.who_name, m.at`

func scanMacro(scan func(...any) error, more ...any) (m Macro, err error) {
	var labels, plan string
	if err := scan(append([]any{&m.Firm, &m.ID, &m.Version, &m.Live, &m.Owner, &m.Name, &m.Key, &labels, &plan, &m.Why, &m.Who, &m.WhoName,
		&m.At}, more...)...); err != nil {
		return m, err
	}
	for _, l := range strings.FieldsFunc(labels, func(r rune) bool { return r == ',' }) {
		m.Labels = append(m.Labels, classify.Label(l))
	}
	if err := json.Unmarshal([]byte(plan), &m.Plan); err != nil {
		return m, fmt.Errorf("read plan of macro %s: %w", m.ID, err)
	}
	return m, nil
}

// List is the newest versions of a firm's macros that the principal may use, by name: the shared ones and their own.
// Needs access.ViewMentions.
func (s *Store) List(ctx context.Context, firm string) (list []Macro, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+`, count(u.at), COALESCE(max(u.at), 0) FROM macro m
			LEFT JOIN macro_use u ON u.firm_id = m.firm_id AND u.macro_id = m.id
			WHERE m.firm_id = $1 AND m.latest AND m.owner IN ('', $2)
			GROUP BY m.firm_id, m.id, m.version, m.live, m.owner, m.name, m.key, m.labels, m.plan, m.why, m.who, m.who_name, m.at
			ORDER BY m.name, m.id`, []any{firm, access.From(ctx).User}, func(scan func(...any) error) error {
			var used int
			var last int64
			m, err := scanMacro(scan, &used, &last)
			m.Used, m.UsedAt = used, db.FromMicros(last)
			list = append(list, m)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list macros: %w", err)
	}
	return list, nil
}

// For is the live macros that are offered for an item, those with a key first. Needs access.ViewMentions.
func (s *Store) For(ctx context.Context, x mention.Mention) ([]Macro, error) {
	all, err := s.List(ctx, x.Firm)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m Macro) bool { return !m.Fits(x) })
	slices.SortStableFunc(all, func(a, b Macro) int {
		switch {
		case a.Key == b.Key:
			return 0
		case a.Key == "":
			return 1
		case b.Key == "":
			return -1
		}
		return strings.Compare(a.Key, b.Key)
	})
	return all, nil
}

// Find is the newest version of a macro that the principal may use. Needs access.ViewMentions; fault.NotFound when there
// is none, or when it is somebody else's own.
func (s *Store) Find(ctx context.Context, firm, id string) (Macro, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return Macro{}, err
	}
	list, err := s.versions(ctx, firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("macro")
	}
	if err != nil {
		return Macro{}, err
	}
	return list[0], nil
}

// Versions is the history of a macro, newest first. Needs access.ViewMentions.
func (s *Store) Versions(ctx context.Context, firm, id string) ([]Macro, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	return s.versions(ctx, firm, id)
}

func (s *Store) versions(ctx context.Context, firm, id string) (list []Macro, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM macro m WHERE m.firm_id = $1 AND m.id = $2 AND m.owner IN ('', $3) ORDER BY m.version DESC`,
			[]any{firm, id, access.From(ctx).User}, func(scan func(...any) error) error {
				m, err := scanMacro(scan)
				list = append(list, m)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read macro: %w", err)
	}
	return list, nil
}

// Save writes a new macro (ID empty) or a new version of one; base is the version that was changed. Needs access.Decide
// and a person. Faults: Invalid of the plan, "macro.name", "macro.key"; Conflict "macro.changed" (somebody saved
// meanwhile), "macro.key_taken" (Data Name), "macro.too_many".
func (s *Store) Save(ctx context.Context, m Macro, base int) (Macro, error) {
	if err := s.person(ctx, m.Firm); err != nil {
		return m, err
	}
	m = m.tidy()
	if err := m.check(); err != nil {
		return m, err
	}
	who := access.From(ctx)
	if m.Owner != "" {
		m.Owner = who.User
	}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		old, err := s.before(ctx, tx, &m, base)
		if err != nil {
			return err
		}
		if err := s.room(ctx, m); err != nil {
			return err
		}
		m.Version, m.Who, m.WhoName, m.At = old+1, who.User, who.Name, tx.Now()
		return s.insert(ctx, tx, m)
	})
	return m, err
}

// before takes the place of the newest version, which is gone back to as history.
func (s *Store) before(ctx context.Context, tx *db.Tx, m *Macro, base int) (version int, err error) {
	if m.ID == "" {
		m.ID = db.NewID()
		return 0, nil
	}
	if _, err := s.Find(ctx, m.Firm, m.ID); err != nil {
		return 0, err
	}
	n, err := tx.Exec(ctx, `UPDATE macro SET latest = FALSE WHERE firm_id = $1 AND id = $2 AND version = $3 AND latest`, m.Firm, m.ID, base)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "macro.changed")
	}
	return base, err
}

// room refuses a key that is taken and a macro too many.
func (s *Store) room(ctx context.Context, m Macro) error {
	if !m.Live {
		return nil
	}
	list, err := s.List(ctx, m.Firm)
	if err != nil {
		return err
	}
	n := 0
	for _, x := range list {
		if x.ID == m.ID || !x.Live {
			continue
		}
		if n++; m.Key != "" && x.Key == m.Key {
			return fault.New(fault.Conflict, "macro.key_taken", "Key", m.Key, "Name", x.Name).On("key")
		}
	}
	if n >= Most {
		return fault.New(fault.Conflict, "macro.too_many", "Most", Most)
	}
	return nil
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, m Macro) error {
	plan, err := json.Marshal(m.Plan)
	if err != nil {
		return fmt.Errorf("save macro: %w", err)
	}
	var labels []string
	for _, l := range m.Labels {
		labels = append(labels, string(l))
	}
	if _, err := tx.Insert(ctx, `INSERT INTO macro (firm_id, id, version, latest, live, owner, name, key, labels, plan, why, who, who_name, at)`,
		[][]any{{m.Firm, m.ID, m.Version, true, m.Live, m.Owner, m.Name, m.Key, strings.Join(labels, ","), string(plan), m.Why, m.Who, m.WhoName,
			m.At}}, ""); err != nil {
		return fmt.Errorf("save macro: %w", err)
	}
	tx.Touch(m.Firm, "macros")
	return s.Journal.Record(ctx, journal.Entry{Firm: m.Firm, Ref: Ref(m.ID), Verb: "macro.saved", Why: m.Why,
		Data: map[string]string{"version": fmt.Sprint(m.Version), "option": string(m.Plan.Option), "live": fmt.Sprint(m.Live)}})
}

// Switch offers a macro to people or no longer. Needs access.Decide and a person.
func (s *Store) Switch(ctx context.Context, firm, id string, live bool) error {
	if err := s.person(ctx, firm); err != nil {
		return err
	}
	m, err := s.Find(ctx, firm, id)
	if err != nil {
		return err
	}
	if m.Live == live {
		return nil
	}
	m.Live, m.Why = live, ""
	_, err = s.Save(ctx, m, m.Version)
	return err
}

// Apply takes the steps of a macro with one item, as a person pressed it in view of version and advice. Needs what the
// steps need. Faults: Conflict "macro.changed" (another version is in force), "macro.off"; those of Do.
func (s *Store) Apply(ctx context.Context, o Order, id string, version int) (r Result, err error) {
	if err := s.person(ctx, o.Firm); err != nil {
		return r, err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		m, err := s.Find(ctx, o.Firm, id)
		switch {
		case err != nil:
			return err
		case m.Version != version:
			return fault.New(fault.Conflict, "macro.changed")
		case !m.Live:
			return fault.New(fault.Conflict, "macro.off")
		}
		o.Plan, o.Subject, o.Title = m.Plan, "macro:"+m.ID, m.Name
		if r, err = s.Do(ctx, o); err != nil {
			return err
		}
		return s.Note(ctx, m, o.Mention, r)
	})
	return r, err
}

// Note counts one use of a macro on an item, with a line in the journal. For rooms that call Do themselves, in their
// transaction.
func (s *Store) Note(ctx context.Context, m Macro, mentionID string, r Result) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO macro_use (firm_id, macro_id, mention_id, at, version, who) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT DO NOTHING`, m.Firm, m.ID, mentionID, tx.Now(), m.Version, access.From(ctx).User); err != nil {
			return fmt.Errorf("count use of macro: %w", err)
		}
		tx.Touch(m.Firm, "macros")
		return s.Journal.Record(ctx, journal.Entry{Firm: m.Firm, Ref: mention.Ref(mentionID), Verb: "macro.used", Data: map[string]string{
			"macro": m.ID, "version": fmt.Sprint(m.Version), "decision": r.Decision.ID, "exhibit": r.Exhibit, "case": r.Case}})
	})
}

func (s *Store) person(ctx context.Context, firm string) error {
	if err := access.Check(ctx, access.Decide, firm); err != nil {
		return err
	}
	if access.From(ctx).System != "" {
		return fault.New(fault.Forbidden, "decision.person")
	}
	return nil
}
