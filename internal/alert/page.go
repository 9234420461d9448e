package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"chop/internal/db"
	"chop/internal/oncall"
)

// page begins a paging. A repeated event finds the paging begun and does nothing.
func (s *Store) page(ctx context.Context, e Raised) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, found, err := hold(ctx, tx, e.Firm, e.ID)
		if err != nil || !found || a.State != Open || a.Stage != 0 {
			return err
		}
		return s.advance(ctx, tx, a)
	})
}

// step is what the alert's timer does: wake the next people, give up, or take an acknowledged alert for forgotten.
func (s *Store) step(ctx context.Context, e Step) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, found, err := hold(ctx, tx, e.Firm, e.ID)
		if err != nil || !found || a.timer != e.Timer {
			return err
		}
		switch a.State {
		case Open:
			return s.advance(ctx, tx, a)
		case Acknowledged:
			a.Forgotten++
			a.begin(tx.Now())
			if err := s.save(ctx, tx, a); err != nil {
				return err
			}
			return s.record(ctx, a, "alert.forgotten", "by", a.AckedBy)
		}
		return nil
	})
}

// advance wakes the people of the next stage and sets the timer for the one after. A stage with nobody to wake is
// passed over at once, but not into the next round: rounds keep their distance.
func (s *Store) advance(ctx context.Context, tx *db.Tx, a Alert) error {
	stages, roster, end, err := s.Duty.Plan(ctx, a.Firm, a.WaveAt)
	if err != nil {
		return fmt.Errorf("plan paging: %w", err)
	}
	if !anybody(stages) {
		return s.leave(ctx, tx, a, roster, Nobody)
	}
	if a.Stage >= len(stages) {
		return s.leave(ctx, tx, a, roster, "")
	}
	for woken := false; !woken && a.Stage < len(stages); {
		users := stages[a.Stage].Users
		if a.Stage == 0 && a.AckedBy != "" { // who had it knows most about it
			users = append([]string{a.AckedBy}, users...)
		}
		if woken, err = s.wake(ctx, tx, a, users, roster); err != nil {
			return err
		}
		a.Stage++
		if !sameRound(stages, a.Stage-1, a.Stage) {
			break
		}
	}
	at := end
	if a.Stage < len(stages) {
		at = stages[a.Stage].At
	}
	a.arm(later(at, tx.Now()))
	return s.save(ctx, tx, a)
}

func anybody(stages []oncall.Stage) bool {
	return slices.ContainsFunc(stages, func(g oncall.Stage) bool { return len(g.Users) > 0 })
}

func sameRound(stages []oncall.Stage, i, j int) bool {
	return i >= 0 && j < len(stages) && stages[i].Round == stages[j].Round
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// leave gives up: the state is loud on every page, and everybody who may answer is told once more.
func (s *Store) leave(ctx context.Context, tx *db.Tx, a Alert, roster []oncall.Member, trouble string) error {
	var all []string
	for _, m := range roster {
		all = append(all, m.ID)
	}
	a.giveUp(trouble)
	if _, err := s.wake(ctx, tx, a, all, roster); err != nil {
		return err
	}
	slog.Error("alert unanswered", "firm", a.Firm, "alert", a.ID, "priority", a.Priority, "trouble", trouble)
	if err := s.save(ctx, tx, a); err != nil {
		return err
	}
	return s.record(ctx, a, "alert.unanswered", "trouble", trouble)
}

// wake writes the notices of a stage: the most urgent alerts go to all contacts of a person at once, others to the
// first, and to the next one when that fails. It tells whether there was anything to send.
func (s *Store) wake(ctx context.Context, tx *db.Tx, a Alert, users []string, roster []oncall.Member) (bool, error) {
	woken := false
	for _, u := range users {
		m, ok := member(roster, u)
		if !ok {
			continue
		}
		cs, err := s.Duty.Contacts(ctx, m)
		if err != nil {
			return false, err
		}
		if a.Priority > 1 && a.State == Open {
			cs = cs[:min(len(cs), 1)]
		}
		for _, c := range cs {
			if err := s.notice(ctx, tx, a, a.Stage, c); err != nil {
				return false, err
			}
			woken = true
		}
	}
	return woken, nil
}

// member finds a person who may be woken: the roster is asked each time, so whoever left the firm learns nothing more.
func member(roster []oncall.Member, user string) (oncall.Member, bool) {
	i := slices.IndexFunc(roster, func(m oncall.Member) bool { return m.ID == user && m.Wakes() })
	if i < 0 {
		return oncall.Member{}, false
	}
	return roster[i], true
}

// notice writes one message to send. The same alert, stage and contact is one notice, however often it is asked for.
func (s *Store) notice(ctx context.Context, tx *db.Tx, a Alert, stage int, c oncall.Contact) error {
	id := db.NewID()
	n, err := tx.Exec(ctx, `INSERT INTO notice (firm_id, id, alert_id, wave, stage, user_id, contact_id, kind, state, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
		a.Firm, id, a.ID, a.Wave, stage, c.User, c.ID, c.Kind, string(Pending), tx.Now())
	if err != nil {
		return fmt.Errorf("write notice: %w", err)
	}
	if n == 0 {
		return nil
	}
	return s.Jobs.Put(ctx, Send{Firm: a.Firm, Notice: id}, urgent(a)...)
}

const noticeColumns = `id, firm_id, alert_id, wave, stage, user_id, contact_id, kind, state, tries, detail, detail_data,
	created_at, tried_at, sent_at, delivered_at`

func notices(ctx context.Context, tx *db.Tx, where string, args ...any) (out []Notice, err error) {
	err = tx.Each(ctx, `SELECT `+noticeColumns+` FROM notice WHERE `+where, args, func(scan func(...any) error) error {
		var n Notice
		var data string
		err := scan(&n.ID, &n.Firm, &n.Alert, &n.Wave, &n.Stage, &n.User, &n.Contact, &n.Kind, &n.State, &n.Tries, &n.Detail, &data,
			&n.Created, &n.Tried, &n.SentAt, &n.Delivered)
		if err != nil {
			return err
		}
		out = append(out, n)
		return json.Unmarshal([]byte(data), &out[len(out)-1].DetailData)
	})
	if err != nil {
		return nil, fmt.Errorf("list notices: %w", err)
	}
	return out, nil
}

// failedFor goes on after a notice has failed for good: to the person's next contact, or, when nobody of the stage can
// be reached, to the next stage at once.
func (s *Store) failedFor(ctx context.Context, tx *db.Tx, a Alert, n Notice) error {
	if a.State != Open || a.Wave != n.Wave || a.Stage != n.Stage+1 {
		return nil
	}
	stages, roster, _, err := s.Duty.Plan(ctx, a.Firm, a.WaveAt)
	if err != nil {
		return fmt.Errorf("plan paging: %w", err)
	}
	tried, err := notices(ctx, tx, `firm_id = $1 AND alert_id = $2 AND wave = $3 AND stage = $4`, a.Firm, a.ID, n.Wave, n.Stage)
	if err != nil {
		return err
	}
	if m, ok := member(roster, n.User); ok {
		cs, err := s.Duty.Contacts(ctx, m)
		if err != nil {
			return err
		}
		for _, c := range cs {
			if !slices.ContainsFunc(tried, func(t Notice) bool { return t.User == c.User && t.Contact == c.ID }) {
				return s.notice(ctx, tx, a, n.Stage, c)
			}
		}
	}
	hope := slices.ContainsFunc(tried, func(t Notice) bool { return t.State != Failed && t.State != Withdrawn })
	if hope || !sameRound(stages, n.Stage, a.Stage) {
		return nil
	}
	a.arm(tx.Now())
	return s.save(ctx, tx, a)
}
