package remote

import (
	"context"
	"encoding/json"
	"fmt"
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

const purpose = "second.settings"

// secrets are sealed in the database.
type secrets struct {
	Key   string   `json:"key,omitempty"`
	Names []string `json:"names,omitempty"`
}

// Change is what a person saves. An empty Key keeps the old one, unless the place changes.
type Change struct {
	Settings
	Key     string
	DropKey bool
	Accept  bool // the privacy note, for the place that stands in URL
}

// DefaultSettings is what a firm starts from: switched off, no budget spent without a word.
func DefaultSettings(firm string) Settings {
	return Settings{Firm: firm, Scope: Doubtful, Thread: true, DayTokens: 200_000, Currency: "PLN"}
}

// Currencies are those a budget may be in.
var Currencies = []string{"PLN", "EUR", "USD"}

const (
	maxNames     = 300
	maxKey       = 4000
	maxDayTokens = 1_000_000_000
)

func ref(firm string) reason.Ref { return reason.Ref{Kind: "firm", ID: firm} }

// Settings are the firm's; the defaults when nobody has saved any. Needs access.ManageFirm.
func (s *Store) Settings(ctx context.Context, firm string) (Settings, error) {
	if err := access.Check(ctx, access.ManageFirm, firm); err != nil {
		return Settings{}, err
	}
	set, _, err := s.open(ctx, firm)
	return set, err
}

// open reads settings and secrets, for the room's own use.
func (s *Store) open(ctx context.Context, firm string) (set Settings, sec secrets, err error) {
	set = Settings{Firm: firm}
	var sealed []byte
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		set.Set, err = tx.One(ctx, `SELECT enabled, url, model, sealed, scope, thread, day_tokens, month_cost, price_in, price_out, currency,
			accepted, accepted_at, accepted_by FROM second_engine WHERE firm_id = $1`, []any{firm}, &set.On, &set.URL, &set.Model, &sealed,
			(*string)(&set.Scope), &set.Thread, &set.DayTokens, (*int64)(&set.MonthCost), (*int64)(&set.PriceIn), (*int64)(&set.PriceOut),
			&set.Currency, &set.Accepted, &set.AcceptedAt, &set.AcceptedBy)
		return err
	})
	if err != nil {
		return set, sec, fmt.Errorf("read second engine: %w", err)
	}
	if !set.Set {
		return DefaultSettings(firm), sec, nil
	}
	raw, err := s.Seal.Open(ctx, firm, purpose, firm, sealed)
	if err != nil {
		return set, sec, fmt.Errorf("open second engine: %w", err)
	}
	if err := json.Unmarshal(raw, &sec); err != nil {
		return set, sec, err
	}
	set.Names, set.HasKey = sec.Names, sec.Key != ""
	return set, sec, nil
}

// Save keeps the settings, and switches on or off as they say. Needs access.ManageFirm. Texts go to no place for which
// nobody has accepted the privacy note, and a kept key never goes to another place than it was typed for. Faults
// (Invalid, on their field): second.url, plain, model, names, number, accept, key_again, key.
func (s *Store) Save(ctx context.Context, c Change) error {
	if err := access.Check(ctx, access.ManageFirm, c.Firm); err != nil {
		return err
	}
	if err := c.clean(); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		was, sec, err := s.open(ctx, c.Firm)
		if err != nil {
			return err
		}
		if err := c.follow(was, &sec); err != nil {
			return err
		}
		origin, _ := place(c.URL)
		switch {
		case c.Accept:
			c.Accepted, c.AcceptedAt, c.AcceptedBy = origin, tx.Now(), access.From(ctx).Name
		case c.On && was.Accepted != origin:
			return fault.New(fault.Invalid, "second.accept").On("accept")
		default:
			c.Accepted, c.AcceptedAt, c.AcceptedBy = was.Accepted, was.AcceptedAt, was.AcceptedBy
		}
		if err := s.write(ctx, tx, c.Settings, sec); err != nil {
			return err
		}
		if err := s.Jobs.Put(ctx, Ask{c.Firm}); err != nil { // what waits need not wait for the end of an old rest
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: c.Firm, Ref: ref(c.Firm), Verb: "second.set", Data: map[string]string{
			"on": fmt.Sprint(c.On), "host": c.Host(), "name": c.Model, "scope": string(c.Scope), "thread": fmt.Sprint(c.Thread),
			"day_tokens": fmt.Sprint(c.DayTokens), "month_cost": fmt.Sprint(c.MonthCost), "accepted": fmt.Sprint(c.Accept)}})
	})
}

// clean makes what was typed fit to keep.
func (c *Change) clean() (err error) {
	c.Model, c.Key = strings.TrimSpace(c.Model), strings.TrimSpace(c.Key)
	if c.URL, err = cleanURL(c.URL); err != nil {
		return err
	}
	if c.Model == "" || len(c.Model) > 200 || !printable(c.Model) {
		return fault.New(fault.Invalid, "second.model").On("model")
	}
	if len(c.Key) > maxKey || !printable(c.Key) || strings.ContainsRune(c.Key, ' ') {
		return fault.New(fault.Invalid, "second.key").On("key")
	}
	c.Names = slices.DeleteFunc(slices.Clone(c.Names), func(n string) bool { return strings.TrimSpace(n) == "" })
	for i, n := range c.Names {
		if c.Names[i] = strings.TrimSpace(n); len(n) > 200 || !utf8.ValidString(n) {
			return fault.New(fault.Invalid, "second.names", "Max", maxNames).On("names")
		}
	}
	if len(c.Names) > maxNames {
		return fault.New(fault.Invalid, "second.names", "Max", maxNames).On("names")
	}
	if c.Scope != All {
		c.Scope = Doubtful
	}
	if !slices.Contains(Currencies, c.Currency) {
		c.Currency = Currencies[0]
	}
	if c.DayTokens < 0 || c.DayTokens > maxDayTokens {
		return fault.New(fault.Invalid, "second.number").On("day")
	}
	return nil
}

// printable tells whether a text can stand in a header: no control characters, nothing but ASCII.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// follow carries the kept key along, or refuses to when the place is another.
func (c *Change) follow(was Settings, sec *secrets) error {
	sec.Names = c.Names
	before, _ := place(was.URL)
	now, _ := place(c.URL)
	switch {
	case c.Key != "":
		sec.Key = c.Key
	case c.DropKey:
		sec.Key = ""
	case sec.Key != "" && before != now:
		return fault.New(fault.Invalid, "second.key_again").On("key")
	}
	return nil
}

// write saves the settings; what went wrong before is forgotten, because it was with others.
func (s *Store) write(ctx context.Context, tx *db.Tx, set Settings, sec secrets) error {
	raw, err := json.Marshal(sec)
	if err != nil {
		return err
	}
	sealed, err := s.Seal.Seal(ctx, set.Firm, purpose, set.Firm, raw)
	if err != nil {
		return fmt.Errorf("seal second engine: %w", err)
	}
	tx.Touch(set.Firm, "engines")
	_, err = tx.Exec(ctx, `INSERT INTO second_engine (firm_id, enabled, url, model, sealed, scope, thread, day_tokens, month_cost, price_in, price_out,
		currency, accepted, accepted_at, accepted_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (firm_id) DO UPDATE SET enabled = excluded.enabled, url = excluded.url, model = excluded.model, sealed = excluded.sealed,
		scope = excluded.scope, thread = excluded.thread, day_tokens = excluded.day_tokens, month_cost = excluded.month_cost,
		price_in = excluded.price_in, price_out = excluded.price_out, currency = excluded.currency, accepted = excluded.accepted,
		accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by, fails = 0, down_since = 0, rest_until = 0, troubles = '[]'`,
		set.Firm, set.On, set.URL, set.Model, sealed, string(set.Scope), set.Thread, set.DayTokens, int64(set.MonthCost), int64(set.PriceIn),
		int64(set.PriceOut), set.Currency, set.Accepted, set.AcceptedAt, set.AcceptedBy)
	if err != nil {
		return fmt.Errorf("save second engine: %w", err)
	}
	return nil
}

// SwitchOff stops asking at once; what is on its way to the place can no longer be called back. Needs access.ManageFirm.
func (s *Store) SwitchOff(ctx context.Context, firm string) error {
	if err := access.Check(ctx, access.ManageFirm, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE second_engine SET enabled = FALSE, fails = 0, down_since = 0, rest_until = 0 WHERE firm_id = $1 AND enabled = TRUE`, firm)
		if err != nil || n == 0 {
			return err
		}
		tx.Touch(firm, "engines")
		if err := s.forget(ctx, firm); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: ref(firm), Verb: "second.off"})
	})
}

// Usage is what the firm's questions took today and this month. Needs access.ManageFirm.
func (s *Store) Usage(ctx context.Context, firm string) (day, month Use, err error) {
	if err := access.Check(ctx, access.ManageFirm, firm); err != nil {
		return day, month, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		day, month, err = spent(ctx, tx, firm, tx.Now())
		return err
	})
	return day, month, err
}

// State is how the firm's second engine is doing, for pages that show labels. Needs access.ViewMentions or
// access.ManageFirm.
func (s *Store) State(ctx context.Context, firm string) (State, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil && access.Check(ctx, access.ManageFirm, firm) != nil {
		return State{}, err
	}
	st, _, err := s.state(ctx, firm)
	return st, err
}

func (s *Store) state(ctx context.Context, firm string) (st State, fails int, err error) {
	var raw string
	var now time.Time
	found := false
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		now = tx.Now()
		found, err = tx.One(ctx, `SELECT enabled, fails, down_since, rest_until, troubles FROM second_engine WHERE firm_id = $1`, []any{firm},
			&st.On, &fails, &st.DownSince, &st.RestUntil, &raw)
		return err
	})
	if err != nil || !found {
		return st, 0, err
	}
	if err := json.Unmarshal([]byte(raw), &st.Troubles); err != nil {
		return st, 0, fmt.Errorf("read troubles: %w", err)
	}
	if len(st.Troubles) > 0 && isBudget(st.Troubles[0].Code) && !now.Before(st.RestUntil) {
		st.DownSince = time.Time{} // the budget has begun anew
	}
	return st, fails, nil
}
