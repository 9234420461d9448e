package oncall

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Config is what the store works with.
type Config struct {
	DB      *db.DB
	Journal *journal.Store
	Seal    *seal.Store
	Roster  Roster                           // Members of the database when nil
	Check   func(kind, address string) error // of a contact's address; without it no contact can be added
}

// Store keeps shifts, rotas, policies, handover notes and contacts.
type Store struct {
	Config
	db *db.DB
}

// NewStore is a store on the database.
func NewStore(c Config) *Store {
	s := &Store{Config: c, db: c.DB}
	if s.Roster == nil {
		s.Roster = s.members
	}
	if s.Check == nil {
		s.Check = func(kind, _ string) error {
			return fault.New(fault.Unavailable, "notify.channel_missing", "Kind", kind)
		}
	}
	return s
}

// members reads the people of a firm from the memberships.
func (s *Store) members(ctx context.Context, firm string) (ms []Member, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT p.id, p.name, p.email, p.lang, m.role FROM membership m JOIN person p ON p.id = m.user_id
			WHERE m.firm_id = $1 AND p.disabled_at = 0
			ORDER BY CASE m.role WHEN 'guardian' THEN 0 WHEN 'owner' THEN 1 ELSE 2 END, m.since, p.id`, []any{firm},
			func(scan func(...any) error) error {
				var m Member
				var tag string
				err := scan(&m.ID, &m.Name, &m.Email, &tag, &m.Role)
				m.Lang = lang.Parse(tag)
				ms = append(ms, m)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list members of a firm: %w", err)
	}
	return ms, nil
}

// RefKind is the kind of a reason.Ref that points at the duty of a firm.
const RefKind = "duty"

func (s *Store) record(ctx context.Context, firm, verb, why string, data map[string]string) error {
	return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: RefKind, ID: firm}, Verb: verb, Why: why, Data: data})
}

// text is s as kept in notes: trimmed, without control and direction characters except line breaks.
func text(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	r := []rune(strings.TrimSpace(s))
	return string(r[:min(len(r), most)])
}

const maxShift = 31 * 24 * time.Hour

// AddShift puts a person on duty by hand; it wins over the rota. Needs access.ManageDuty. Faults: Invalid
// "oncall.shift" (span), "oncall.person" (not somebody who may be woken for this firm).
func (s *Store) AddShift(ctx context.Context, sh Shift) (Shift, error) {
	if err := access.Check(ctx, access.ManageDuty, sh.Firm); err != nil {
		return sh, err
	}
	if !sh.From.Before(sh.To) || sh.To.Sub(sh.From) > maxShift {
		return sh, fault.New(fault.Invalid, "oncall.shift").On("to")
	}
	sh.ID, sh.Note = db.NewID(), text(sh.Note, 500)
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		roster, err := s.Roster(ctx, sh.Firm)
		if err != nil {
			return err
		}
		if !wakeable(roster, sh.User) {
			return fault.New(fault.Invalid, "oncall.person").On("user")
		}
		if _, err := tx.Exec(ctx, `INSERT INTO duty_shift (firm_id, id, user_id, from_at, to_at, note) VALUES ($1, $2, $3, $4, $5, $6)`,
			sh.Firm, sh.ID, sh.User, sh.From, sh.To, sh.Note); err != nil {
			return fmt.Errorf("add shift: %w", err)
		}
		tx.Touch(sh.Firm, "duty")
		return s.record(ctx, sh.Firm, "duty.shift_added", sh.Note, map[string]string{"user": sh.User,
			"from": sh.From.UTC().Format(time.RFC3339), "to": sh.To.UTC().Format(time.RFC3339)})
	})
	return sh, err
}

// RemoveShift takes back a shift entered by hand. Needs access.ManageDuty.
func (s *Store) RemoveShift(ctx context.Context, firm, id string) error {
	if err := access.Check(ctx, access.ManageDuty, firm); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM duty_shift WHERE firm_id = $1 AND id = $2`, firm, id)
		if err != nil {
			return fmt.Errorf("remove shift: %w", err)
		}
		if n == 0 {
			return fault.Missing("shift")
		}
		tx.Touch(firm, "duty")
		return s.record(ctx, firm, "duty.shift_removed", "", map[string]string{"shift": id})
	})
}

// Setup is the rota and the policy of a firm; the default policy when none was set. Needs access.ViewDuty.
func (s *Store) Setup(ctx context.Context, firm string) (r Rota, p Policy, err error) {
	if err := access.Check(ctx, access.ViewDuty, firm); err != nil {
		return r, p, err
	}
	return s.setup(ctx, firm)
}

func (s *Store) setup(ctx context.Context, firm string) (r Rota, p Policy, err error) {
	rota, policy := "{}", "{}"
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT rota, policy FROM duty_setup WHERE firm_id = $1`, []any{firm}, &rota, &policy)
		return err
	})
	if err != nil {
		return r, p, fmt.Errorf("read duty of a firm: %w", err)
	}
	if err := json.Unmarshal([]byte(rota), &r); err != nil {
		return r, p, fmt.Errorf("read rota: %w", err)
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return r, p, fmt.Errorf("read policy: %w", err)
	}
	if len(p.Steps) == 0 {
		p = Default()
	}
	return r, p, nil
}

// SetRota changes the rota; an empty one ends it. Needs access.ManageDuty. Faults: Invalid "oncall.rota", "oncall.person".
func (s *Store) SetRota(ctx context.Context, firm string, r Rota, why string) error {
	if err := access.Check(ctx, access.ManageDuty, firm); err != nil {
		return err
	}
	r, err := r.Clean()
	if err != nil {
		return err
	}
	return s.save(ctx, firm, "rota", r, r.Users, why)
}

// SetPolicy changes whom an alarm wakes; the zero policy goes back to the default. Needs access.ManageDuty. Faults:
// Invalid "oncall.policy", "oncall.person".
func (s *Store) SetPolicy(ctx context.Context, firm string, p Policy, why string) error {
	if err := access.Check(ctx, access.ManageDuty, firm); err != nil {
		return err
	}
	var users []string
	if len(p.Steps) > 0 {
		if _, err := p.Clean(); err != nil {
			return err
		}
		for _, step := range p.Steps {
			for _, t := range step.Targets {
				if t != Duty && t != Next && t != Owner && t != All {
					users = append(users, t)
				}
			}
		}
	}
	return s.save(ctx, firm, "policy", p, users, why)
}

func (s *Store) save(ctx context.Context, firm, column string, v any, users []string, why string) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", column, err)
	}
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		roster, err := s.Roster(ctx, firm)
		if err != nil {
			return err
		}
		for _, u := range users {
			if !wakeable(roster, u) {
				return fault.New(fault.Invalid, "oncall.person").On(column)
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO duty_setup (firm_id, `+column+`, changed_at) VALUES ($1, $2, $3)
			ON CONFLICT (firm_id) DO UPDATE SET `+column+` = excluded.`+column+`, changed_at = excluded.changed_at`, firm, string(raw), tx.Now()); err != nil {
			return fmt.Errorf("save %s: %w", column, err)
		}
		tx.Touch(firm, "duty")
		return s.record(ctx, firm, "duty."+column+"_set", why, nil)
	})
}

// Calendar is who is on duty for the firm during [from, to), at most a year. Needs access.ViewDuty.
func (s *Store) Calendar(ctx context.Context, firm string, from, to time.Time) ([]Shift, error) {
	if err := access.Check(ctx, access.ViewDuty, firm); err != nil {
		return nil, err
	}
	if to.Sub(from) > 366*24*time.Hour {
		return nil, fault.New(fault.Invalid, "oncall.shift").On("to")
	}
	r, _, err := s.setup(ctx, firm)
	if err != nil {
		return nil, err
	}
	manual, err := s.manual(ctx, firm, from, to)
	if err != nil {
		return nil, err
	}
	return Calendar(r.Shifts(firm, from, to), manual, from, to), nil
}

func (s *Store) manual(ctx context.Context, firm string, from, to time.Time) (out []Shift, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, user_id, from_at, to_at, note FROM duty_shift WHERE firm_id = $1 AND to_at > $2 AND from_at < $3 ORDER BY id`,
			[]any{firm, from, to}, func(scan func(...any) error) error {
				sh := Shift{Firm: firm}
				err := scan(&sh.ID, &sh.User, &sh.From, &sh.To, &sh.Note)
				out = append(out, sh)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list shifts: %w", err)
	}
	return out, nil
}

// view is how far around an instant OnDuty looks for the ends of its shift.
const view = 32 * 24 * time.Hour

// OnDuty is the shift that covers the instant, cut where another takes over; ok is false when nobody is on duty.
// Needs access.ViewDuty.
func (s *Store) OnDuty(ctx context.Context, firm string, at time.Time) (sh Shift, ok bool, err error) {
	cal, err := s.Calendar(ctx, firm, at.Add(-view), at.Add(view))
	if err != nil {
		return sh, false, err
	}
	roster, err := s.Roster(ctx, firm)
	if err != nil {
		return sh, false, err
	}
	for _, c := range cal {
		if c.Holds(at) && wakeable(roster, c.User) {
			return c, true, nil
		}
	}
	return sh, false, nil
}

// Plan is whom an alarm of the instant wakes, and when it gives up, by the firm's present settings. Needs access.ViewDuty.
func (s *Store) Plan(ctx context.Context, firm string, at time.Time) (stages []Stage, roster []Member, end time.Time, err error) {
	_, p, err := s.Setup(ctx, firm)
	if err != nil {
		return nil, nil, end, err
	}
	if roster, err = s.Roster(ctx, firm); err != nil {
		return nil, nil, end, err
	}
	horizon := at.Add(time.Duration(p.Repeat+1)*p.round() + time.Minute)
	cal, err := s.Calendar(ctx, firm, at, horizon)
	if err != nil {
		return nil, nil, end, err
	}
	stages, end = Plan(p, cal, roster, at)
	return stages, roster, end, nil
}

// Warn lists the spans of the next seven days in which nobody is on duty. Needs access.ViewDuty.
func (s *Store) Warn(ctx context.Context, firm string) ([]Gap, error) {
	from := s.db.Now()
	to := from.Add(7 * 24 * time.Hour)
	cal, err := s.Calendar(ctx, firm, from, to)
	if err != nil {
		return nil, err
	}
	roster, err := s.Roster(ctx, firm)
	if err != nil {
		return nil, err
	}
	return Gaps(cal, roster, from, to), nil
}

// Note is what one duty tells the next.
type Note struct {
	ID   string
	By   string // person id
	At   time.Time
	Text string
}

// HandOver leaves a note for whoever takes over. Needs access.ManageDuty.
// Fault: Invalid "oncall.note" when empty.
func (s *Store) HandOver(ctx context.Context, firm, note string) (Note, error) {
	if err := access.Check(ctx, access.ManageDuty, firm); err != nil {
		return Note{}, err
	}
	n := Note{ID: db.NewID(), By: access.From(ctx).User, Text: text(note, 4000)}
	if n.Text == "" {
		return n, fault.New(fault.Invalid, "oncall.note").On("note")
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n.At = tx.Now()
		if _, err := tx.Exec(ctx, `INSERT INTO duty_note (firm_id, id, by_id, at, text) VALUES ($1, $2, $3, $4, $5)`, firm, n.ID, n.By, n.At, n.Text); err != nil {
			return fmt.Errorf("leave a note: %w", err)
		}
		tx.Touch(firm, "duty")
		return s.record(ctx, firm, "duty.handed_over", "", map[string]string{"note": n.ID})
	})
	return n, err
}

// Notes lists the newest handover notes first, at most n (20 when 0). Needs access.ViewDuty.
func (s *Store) Notes(ctx context.Context, firm string, n int) (out []Note, err error) {
	if err := access.Check(ctx, access.ViewDuty, firm); err != nil {
		return nil, err
	}
	if n <= 0 || n > 200 {
		n = 20
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, by_id, at, text FROM duty_note WHERE firm_id = $1 ORDER BY id DESC LIMIT $2`, []any{firm, n},
			func(scan func(...any) error) error {
				var x Note
				err := scan(&x.ID, &x.By, &x.At, &x.Text)
				out = append(out, x)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list handover notes: %w", err)
	}
	return out, nil
}
