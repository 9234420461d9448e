package outcome

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/source"
)

// Store keeps forecasts, looks at what followed, and keeps the firms' tunings.
type Store struct {
	DB        *db.DB
	Jobs      *job.Queue
	Journal   *journal.Store
	Mentions  *mention.Store
	Sources   *source.Store
	Cases     *crisis.Store
	Decisions *decision.Store
}

// Due asks for a look.
type Due struct {
	Firm, ID string // of the decision
	Look     Look
}

// Kind names the event.
func (Due) Kind() string { return "outcome.due" }

// Observation is one look.
type Observation struct {
	Look    Look
	At      time.Time
	Verdict Verdict
	Cause   string
	Seen    Seen
}

// Outcome is a forecast and what followed. Verdict is empty before the first look; Closed when it is final.
type Outcome struct {
	Forecast
	Verdict Verdict
	Cause   string
	Closed  bool
	Looks   []Observation // in the order of time

	Why, Who, WhoName string // of the person who corrected it
	CorrectedAt       time.Time
}

// Limits of a person's reason, in characters.
const (
	minWhy = 3
	maxWhy = 2000
)

// maxAround bounds what is read of a thread, an author or a firm for one look.
const maxAround = 500

// Begin keeps the forecast of a decision that stands, and sets the times to look. It hears decision.Made, inside a
// transaction; a decision heard of twice changes nothing.
func (s *Store) Begin(ctx context.Context, e decision.Made) error {
	d, err := s.Decisions.Find(ctx, e.Firm, e.ID)
	if fault.Is(err, fault.NotFound) || err == nil && d.State != decision.Decided {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep forecast: %w", err)
	}
	m, err := s.Mentions.Find(ctx, d.Firm, d.Mention)
	if err != nil {
		return fmt.Errorf("keep forecast: %w", err)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		f, err := s.forecast(ctx, d, m)
		if err != nil {
			return err
		}
		fresh, err := insert(ctx, tx, f)
		if err != nil || !fresh {
			return err
		}
		tx.Touch(f.Firm, "decisions")
		for _, l := range []Look{Day, Week} {
			if err := s.Jobs.Put(ctx, Due{f.Firm, f.Decision, l}, job.At(f.At.Add(l.After()))); err != nil {
				return err
			}
		}
		return nil
	})
}

// forecast is what the advice foresaw, as it was shown, and the sizes until the decision stood: when it was made, or when
// the other person agreed.
func (s *Store) forecast(ctx context.Context, d decision.Decision, m mention.Mention) (f Forecast, err error) {
	at := d.At
	if d.SecondAt.After(at) {
		at = d.SecondAt
	}
	f = Forecast{Firm: d.Firm, Decision: d.ID, Mention: d.Mention, Option: d.Option, Class: d.Case.Class(), Version: d.Version, At: at,
		Prior: decision.Tuning{}.Risk(d.Case, d.Option), Others: map[decision.Option]float64{}}
	f.Risk = f.Prior // an option outside the ranking was not shown with a tuned risk
	for _, r := range d.Result.Ranking {
		if r.Option == d.Option {
			f.Risk = r.EscalationRisk
		} else {
			f.Others[r.Option] = r.EscalationRisk
		}
	}
	thread, err := s.thread(ctx, m)
	if err != nil {
		return f, err
	}
	past, err := s.Mentions.List(ctx, mention.Filter{Firm: m.Firm, Author: m.AuthorKey, Limit: maxAround})
	if err != nil {
		return f, err
	}
	f.Before = sizes(m, thread, append(past, m), at)
	return f, nil
}

func (s *Store) thread(ctx context.Context, m mention.Mention) ([]mention.Mention, error) {
	if m.Post == "" {
		return nil, nil
	}
	return s.Mentions.Thread(ctx, m.Firm, m.Post)
}

// Look keeps what is seen a day or a week after. It hears Due, inside a transaction; the same look twice changes nothing.
func (s *Store) Look(ctx context.Context, e Due) error {
	list, err := s.query(ctx, `firm_id = $1 AND decision_id = $2`, "", e.Firm, e.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	o := list[0]
	d, err := s.Decisions.Find(ctx, e.Firm, e.ID)
	if err != nil {
		return fmt.Errorf("look at what followed: %w", err)
	}
	m, err := s.Mentions.Find(ctx, e.Firm, o.Mention)
	if err != nil {
		return fmt.Errorf("look at what followed: %w", err)
	}
	seen, err := s.around(ctx, o.Forecast, m, o.At.Add(e.Look.After()))
	if err != nil {
		return fmt.Errorf("look at what followed: %w", err)
	}
	sees, err := s.sees(ctx, m)
	if err != nil {
		return fmt.Errorf("look at what followed: %w", err)
	}
	x := Observation{Look: e.Look, Seen: seen}
	x.Verdict, x.Cause = judge(seen, d, m, sees)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		x.At = tx.Now()
		return s.keep(ctx, tx, o, x)
	})
}

// around is what was written since the decision where it matters.
func (s *Store) around(ctx context.Context, f Forecast, m mention.Mention, until time.Time) (Seen, error) {
	items, err := s.thread(ctx, m)
	if err != nil {
		return Seen{}, err
	}
	for _, filter := range []mention.Filter{{Author: m.AuthorKey}, {Labels: hostileLabels}} {
		filter.Firm, filter.From, filter.To, filter.Limit = f.Firm, f.At, until, maxAround
		more, err := s.Mentions.List(ctx, filter)
		if err != nil {
			return Seen{}, err
		}
		items = append(items, more...)
	}
	return observe(f, m, items, until), nil
}

// hostileLabels are those that mention.Hostile counts.
var hostileLabels = []string{"threat", "extortion", "hate", "insult", "personal_data", "discouragement", "boycott", "trolling"}

// sees tells whether the place of the mention is still watched: not removed, not paused, not blind.
func (s *Store) sees(ctx context.Context, m mention.Mention) (bool, error) {
	src, err := s.Sources.Find(ctx, m.Firm, m.Source)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c := src.Condition(s.DB.Now())
	return c != source.Paused && c != source.Blind, nil
}

// keep saves a look once; a person's correction stands above it.
func (s *Store) keep(ctx context.Context, tx *db.Tx, o Outcome, x Observation) error {
	seen, err := json.Marshal(x.Seen)
	if err != nil {
		return fmt.Errorf("write look: %w", err)
	}
	n, err := tx.Exec(ctx, `INSERT INTO outcome_look (firm_id, decision_id, look, at, verdict, cause, seen) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT DO NOTHING`, o.Firm, o.Decision, string(x.Look), x.At, string(x.Verdict), x.Cause, string(seen))
	if err != nil || n == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE outcome SET verdict = $3, cause = $4, closed = $5 WHERE firm_id = $1 AND decision_id = $2 AND corrected_at = 0`,
		o.Firm, o.Decision, string(x.Verdict), x.Cause, x.Look == Week); err != nil {
		return fmt.Errorf("save look: %w", err)
	}
	return s.tell(ctx, tx, o.Forecast, string(x.Look)+"."+string(x.Verdict), "")
}

// tell writes the timeline of the open cases and the journal, and wakes the pages.
func (s *Store) tell(ctx context.Context, tx *db.Tx, f Forecast, what, why string) error {
	cases, err := s.Cases.Of(ctx, f.Firm, mention.Ref(f.Mention))
	if err != nil {
		return err
	}
	percent := strconv.Itoa(int(100*f.Risk + 0.5))
	for _, k := range cases {
		e := crisis.Event{What: "outcome." + what, Facts: map[string]string{"percent": percent, "why": why}, Ref: decision.Ref(f.Decision)}
		if err := s.Cases.Note(ctx, f.Firm, k.ID, e); err != nil {
			return err
		}
	}
	tx.Touch(f.Firm, "decisions")
	return s.Journal.Record(ctx, journal.Entry{Firm: f.Firm, Ref: decision.Ref(f.Decision), Verb: "outcome." + what, Why: why,
		Data: map[string]string{"option": string(f.Option), "forecast": percent, "rules": f.Version}})
}

// Correct is a person's word on what followed, which stands above what the program saw. Needs access.Decide, a person, a
// reason, and that a look has been. Faults: Invalid "why", "outcome.verdict"; Conflict "outcome.early".
func (s *Store) Correct(ctx context.Context, firm, id string, v Verdict, why string) error {
	if err := person(ctx, access.Decide, firm); err != nil {
		return err
	}
	why, err := reasonOf(why)
	if err != nil {
		return err
	}
	if v != Calm && v != Escalated && v != Unknown {
		return fault.New(fault.Invalid, "outcome.verdict").On("verdict")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := s.query(ctx, `firm_id = $1 AND decision_id = $2`, "", firm, id)
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return fault.Missing("outcome")
		case list[0].Verdict == "":
			return fault.New(fault.Conflict, "outcome.early")
		}
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `UPDATE outcome SET verdict = $3, cause = '', closed = TRUE, why = $4, who = $5, who_name = $6, corrected_at = $7
			WHERE firm_id = $1 AND decision_id = $2`, firm, id, string(v), why, who.User, who.Name, tx.Now()); err != nil {
			return fmt.Errorf("correct outcome: %w", err)
		}
		return s.tell(ctx, tx, list[0].Forecast, "corrected."+string(v), why)
	})
}

// person asks for the permission and for a human being.
func person(ctx context.Context, p access.Perm, firm string) error {
	if err := access.Check(ctx, p, firm); err != nil {
		return err
	}
	if access.From(ctx).System != "" {
		return fault.New(fault.Forbidden, "decision.person")
	}
	return nil
}

func reasonOf(why string) (string, error) {
	why = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(why, "�"), "\x00", ""))
	if n := utf8.RuneCountInString(why); n < minWhy || n > maxWhy {
		return "", fault.New(fault.Invalid, "why").On("why")
	}
	return why, nil
}

// columns follow firm_id.
const columns = `decision_id, mention_id, option, class, risk, prior, others, version, before, at`

func insert(ctx context.Context, tx *db.Tx, f Forecast) (fresh bool, err error) {
	others, err := json.Marshal(f.Others)
	if err != nil {
		return false, fmt.Errorf("write forecast: %w", err)
	}
	sizes, err := json.Marshal(f.Before)
	if err != nil {
		return false, fmt.Errorf("write forecast: %w", err)
	}
	n, err := tx.Exec(ctx, `INSERT INTO outcome (firm_id, `+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		f.Firm, f.Decision, f.Mention, string(f.Option), f.Class, f.Risk, f.Prior, string(others), f.Version, string(sizes), f.At)
	if err != nil {
		return false, fmt.Errorf("save forecast: %w", err)
	}
	return n == 1, nil
}

// query reads outcomes with their looks. The condition names the firm.
func (s *Store) query(ctx context.Context, where, tail string, args ...any) (list []Outcome, err error) {
	at := map[string]int{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := tx.Each(ctx, `SELECT firm_id, `+columns+`, verdict, cause, closed, why, who, who_name, corrected_at FROM outcome WHERE `+where+` `+tail, args,
			func(scan func(...any) error) error {
				var o Outcome
				var others, sizes string
				if err := scan(&o.Firm, &o.Decision, &o.Mention, &o.Option, &o.Class, &o.Risk, &o.Prior, &others, &o.Version, &sizes, &o.At,
					&o.Verdict, &o.Cause, &o.Closed, &o.Why, &o.Who, &o.WhoName, &o.CorrectedAt); err != nil {
					return err
				}
				at[o.Decision] = len(list)
				list = append(list, o)
				k := len(list) - 1
				if err := json.Unmarshal([]byte(others), &list[k].Others); err != nil {
					return err
				}
				return json.Unmarshal([]byte(sizes), &list[k].Before)
			})
		if err != nil || len(list) == 0 {
			return err
		}
		return tx.Each(ctx, `SELECT decision_id, look, at, verdict, cause, seen FROM outcome_look WHERE firm_id = $1 AND decision_id IN
			(SELECT decision_id FROM outcome WHERE `+where+`) ORDER BY at`, args, func(scan func(...any) error) error {
			var id, seen string
			var x Observation
			if err := scan(&id, &x.Look, &x.At, &x.Verdict, &x.Cause, &seen); err != nil {
				return err
			}
			if i, ok := at[id]; ok {
				list[i].Looks = append(list[i].Looks, x)
				return json.Unmarshal([]byte(seen), &list[i].Looks[len(list[i].Looks)-1].Seen)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	return list, nil
}

// Of is what followed the decisions about a mention, by decision. Needs access.ViewMentions.
func (s *Store) Of(ctx context.Context, firm, mention string) (map[string]Outcome, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	list, err := s.query(ctx, `firm_id = $1 AND mention_id = $2`, "", firm, mention)
	found := map[string]Outcome{}
	for _, o := range list {
		found[o.Decision] = o
	}
	return found, err
}

// maxHistory is how many outcomes and decisions of a firm are looked back on.
const maxHistory = 5000

// List is the firm's outcomes, newest first, at most 5000. Needs access.ViewMentions.
func (s *Store) List(ctx context.Context, firm string) ([]Outcome, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	return s.query(ctx, `firm_id = $1`, fmt.Sprintf(`ORDER BY at DESC, decision_id DESC LIMIT %d`, maxHistory), firm)
}
