package outcome

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// Kept is a tuning as a person accepted it.
type Kept struct {
	decision.Tuning
	Outcomes, Flips, Replayed int
	Why, WhoName              string
	At                        time.Time
	EndedAt                   time.Time // zero: in force
	EndedName, EndedWhy       string
}

// Live tells whether the tuning is in force.
func (k Kept) Live() bool { return k.N > 0 && k.EndedAt.IsZero() }

// Tune is the firm's tuning in force, the zero one when there is none. Needs access.ViewMentions.
func (s *Store) Tune(ctx context.Context, firm string) (decision.Tuning, error) {
	list, err := s.tunings(ctx, firm, 1)
	if err != nil || len(list) == 0 || !list[0].Live() {
		return decision.Tuning{}, err
	}
	return list[0].Tuning, nil
}

// Tunings is the firm's tunings, newest first. Needs access.ViewMentions.
func (s *Store) Tunings(ctx context.Context, firm string) ([]Kept, error) {
	return s.tunings(ctx, firm, 50)
}

func (s *Store) tunings(ctx context.Context, firm string, limit int) (list []Kept, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT n, shifts, outcomes, flips, replayed, why, who_name, at, ended_at, ended_name, ended_why FROM outcome_tuning
			WHERE firm_id = $1 ORDER BY n DESC LIMIT `+strconv.Itoa(limit), []any{firm}, func(scan func(...any) error) error {
			var k Kept
			var shifts string
			if err := scan(&k.N, &shifts, &k.Outcomes, &k.Flips, &k.Replayed, &k.Why, &k.WhoName, &k.At, &k.EndedAt, &k.EndedName, &k.EndedWhy); err != nil {
				return err
			}
			err := json.Unmarshal([]byte(shifts), &k.Shifts)
			list = append(list, k)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read tunings: %w", err)
	}
	return list, nil
}

// Calibration is how the firm's forecasts came true and how often people chose otherwise. Needs access.ViewMentions.
func (s *Store) Calibration(ctx context.Context, firm string) (Calibration, error) {
	list, err := s.List(ctx, firm)
	if err != nil {
		return Calibration{}, err
	}
	c := Calibrate(list)
	last, err := s.Decisions.List(ctx, decision.Filter{Firm: firm, Limit: 500})
	c.Overrides = overrides(last)
	return c, err
}

// Propose re-estimates the firm's escalation risks from its own outcomes, and replays its last 500 decisions with them.
// It keeps nothing. Needs access.ManageFirm.
func (s *Store) Propose(ctx context.Context, firm string) (Proposal, error) {
	if err := access.Check(ctx, access.ManageFirm, firm); err != nil {
		return Proposal{}, err
	}
	now, err := s.Tune(ctx, firm)
	if err != nil {
		return Proposal{}, err
	}
	list, err := s.List(ctx, firm)
	if err != nil {
		return Proposal{}, err
	}
	p := propose(list, now)
	past, err := s.Decisions.List(ctx, decision.Filter{Firm: firm, Limit: 500})
	if err != nil {
		return Proposal{}, err
	}
	p.Flips, p.Replayed = replay(past, p.Now, p.Next)
	return p, nil
}

// Accept puts a proposal in force for the firm, by a person and with a reason; the advice is made with it from then on,
// and says so in its version. Needs access.ManageFirm. Faults: Invalid "why"; Conflict "outcome.proposal_old" when other
// outcomes came in since it was shown, "outcome.proposal_same" when it would change nothing.
func (s *Store) Accept(ctx context.Context, firmID, shown, why string) error {
	if err := person(ctx, access.ManageFirm, firmID); err != nil {
		return err
	}
	why, err := reasonOf(why)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := s.Propose(ctx, firmID)
		switch {
		case err != nil:
			return err
		case p.Digest != shown:
			return fault.New(fault.Conflict, "outcome.proposal_old")
		case p.Next.Equal(p.Now):
			return fault.New(fault.Conflict, "outcome.proposal_same")
		}
		shifts, err := json.Marshal(p.Next.Shifts)
		if err != nil {
			return fmt.Errorf("write tuning: %w", err)
		}
		who := access.From(ctx)
		if err := s.end(ctx, tx, firmID, ""); err != nil {
			return err
		}
		var n int64
		if _, err := tx.One(ctx, `SELECT coalesce(max(n), 0) FROM outcome_tuning WHERE firm_id = $1`, []any{firmID}, &n); err != nil {
			return fmt.Errorf("number tuning: %w", err)
		}
		n++
		if _, err := tx.Exec(ctx, `INSERT INTO outcome_tuning (firm_id, n, shifts, outcomes, flips, replayed, why, who, who_name, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, firmID, n, string(shifts), p.Outcomes, len(p.Flips), p.Replayed, why,
			who.User, who.Name, tx.Now()); err != nil {
			return fmt.Errorf("save tuning: %w", err)
		}
		return s.note(ctx, tx, firmID, "tuned", why, map[string]string{"tuning": strconv.FormatInt(n, 10), "outcomes": strconv.Itoa(p.Outcomes),
			"flips": strconv.Itoa(len(p.Flips)), "shifts": string(shifts)})
	})
}

// Withdraw goes back to the experts' priors, by a person and with a reason. Needs access.ManageFirm. Faults: Invalid
// "why"; Conflict "outcome.no_tuning".
func (s *Store) Withdraw(ctx context.Context, firmID, why string) error {
	if err := person(ctx, access.ManageFirm, firmID); err != nil {
		return err
	}
	why, err := reasonOf(why)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		t, err := s.Tune(ctx, firmID)
		switch {
		case err != nil:
			return err
		case t.N == 0:
			return fault.New(fault.Conflict, "outcome.no_tuning")
		}
		if err := s.end(ctx, tx, firmID, why); err != nil {
			return err
		}
		return s.note(ctx, tx, firmID, "untuned", why, map[string]string{"tuning": strconv.FormatInt(t.N, 10)})
	})
}

// end closes whatever tuning is in force.
func (s *Store) end(ctx context.Context, tx *db.Tx, firmID, why string) error {
	_, err := tx.Exec(ctx, `UPDATE outcome_tuning SET ended_at = $2, ended_name = $3, ended_why = $4 WHERE firm_id = $1 AND ended_at = 0`,
		firmID, tx.Now(), access.From(ctx).Name, why)
	if err != nil {
		return fmt.Errorf("end tuning: %w", err)
	}
	return nil
}

func (s *Store) note(ctx context.Context, tx *db.Tx, firmID, what, why string, data map[string]string) error {
	tx.Touch(firmID, "decisions")
	return s.Journal.Record(ctx, journal.Entry{Firm: firmID, Ref: reason.Ref{Kind: "firm", ID: firmID}, Verb: "outcome." + what, Why: why, Data: data})
}
