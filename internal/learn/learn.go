// Package learn makes an engine better for one firm from what its people said, and measures how well people and engine agree.
package learn

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/classify/builtin"
	"chop/internal/classify/memory"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reason"
)

// Store keeps the firms' own models and the samples that people judge.
type Store struct {
	DB       *db.DB
	Journal  *journal.Store
	Labels   *classify.Store
	Mentions *mention.Store
	Base     *builtin.Engine // what a firm's model is added to

	mu   sync.Mutex
	live map[string]tuned // by firm
}

// tuned is a firm's live engine as of a stamp; engine is nil when the firm has none that fits.
type tuned struct {
	stamp  string
	engine classify.Engine
}

// State says what a version of a firm's model is used for.
type State string

const (
	Trial State = "trial" // made and measured, not used
	Live  State = "live"  // reads new comments
	Off   State = "off"   // was live
)

// Model is one version of a firm's own model.
type Model struct {
	Firm      string
	Version   int
	Engine    string // the engine it was made for
	Report    builtin.Report
	State     State
	Who, Name string
	At        time.Time
}

// Rests tells whether the engine has changed since the model was made: then it is not used and must be trained again.
func (s *Store) Rests(m Model) bool { return m.Engine != s.Base.Name() }

// Needed is how many judged comments a training needs at least: with fewer, five-fold figures say nothing.
const Needed = 30

// Train makes a new version of the firm's model of its judgements, for trial. It takes seconds. Needs access.LabelMentions.
// Faults: Invalid "train.few" below Needed comments.
func (s *Store) Train(ctx context.Context, firm string) (Model, error) {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return Model{}, err
	}
	cases, err := s.Cases(ctx, firm)
	if err != nil {
		return Model{}, err
	}
	if len(cases) < Needed {
		return Model{}, fault.New(fault.Invalid, "train.few", "Have", len(cases), "Need", Needed)
	}
	t, rep := s.Base.Train(cases)
	who := access.From(ctx)
	m := Model{Firm: firm, Engine: s.Base.Name(), Report: rep, State: Trial, Who: who.User, Name: who.Name}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		m.At = tx.Now()
		if err := insert(ctx, tx, &m, t); err != nil {
			return err
		}
		tx.Touch(firm, "labels")
		return s.record(ctx, m, "firm.model_trained", map[string]string{"cases": fmt.Sprint(len(cases))})
	})
	return m, err
}

func insert(ctx context.Context, tx *db.Tx, m *Model, t *builtin.Tuning) error {
	tuning, err := json.Marshal(t)
	if err != nil {
		return err
	}
	report, err := json.Marshal(m.Report)
	if err != nil {
		return err
	}
	if _, err := tx.One(ctx, `SELECT coalesce(max(version), 0) + 1 FROM firm_model WHERE firm_id = $1`, []any{m.Firm}, &m.Version); err != nil {
		return fmt.Errorf("number the model: %w", err)
	}
	n, err := tx.Exec(ctx, `INSERT INTO firm_model (firm_id, version, engine, tuning, report, state, who, who_name, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		m.Firm, m.Version, m.Engine, string(tuning), string(report), string(m.State), m.Who, m.Name, m.At)
	if err != nil {
		return fmt.Errorf("save the model: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "train.twice")
	}
	return nil
}

func (s *Store) record(ctx context.Context, m Model, verb string, data map[string]string) error {
	if data == nil {
		data = map[string]string{}
	}
	data["version"] = fmt.Sprint(m.Version)
	return s.Journal.Record(ctx, journal.Entry{Firm: m.Firm, Ref: reason.Ref{Kind: "firm", ID: m.Firm}, Verb: verb, Data: data})
}

// Cases is what people said of the firm's comments, newest word about each, as the engine learns it. Of texts with the very
// same words only the newest counts, so that no case is measured by its own copy. Needs access.LabelMentions.
func (s *Store) Cases(ctx context.Context, firm string) ([]builtin.Case, error) {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return nil, err
	}
	js, err := s.Labels.Judgements(ctx, firm)
	if err != nil {
		return nil, err
	}
	js = newest(js)
	texts, err := s.Labels.Texts(ctx, firm, js)
	if err != nil {
		return nil, err
	}
	var cases []builtin.Case
	var seen []memory.Text
	book := map[string][]int{} // by place: short words are another case elsewhere
	for i, t := range texts {
		x := memory.Read(t.Text, js[i].Place)
		if t.ID == "" || repeated(x, seen, book[js[i].Place]) {
			continue
		}
		book[js[i].Place] = append(book[js[i].Place], len(seen))
		seen = append(seen, x)
		cases = append(cases, builtin.Case{Text: t, Labels: js[i].Labels, Buyer: js[i].Buyer, Severity: js[i].Severity})
	}
	return cases, nil
}

func repeated(x memory.Text, seen []memory.Text, at []int) bool {
	for _, i := range at {
		if memory.Compare(x, seen[i]) == memory.Same {
			return true
		}
	}
	return false
}

// newest keeps the newest judgement of each mention that was not taken back; js is newest first.
func newest(js []classify.Judgement) (out []classify.Judgement) {
	seen := map[string]bool{}
	for _, j := range js {
		if j.TakenAt.IsZero() && !seen[j.Mention] {
			seen[j.Mention] = true
			out = append(out, j)
		}
	}
	return out
}

// Models is the firm's versions, newest first. Needs access.ViewMentions.
func (s *Store) Models(ctx context.Context, firm string) (list []Model, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT version, engine, report, state, who, who_name, at FROM firm_model WHERE firm_id = $1 ORDER BY version DESC LIMIT 50`,
			[]any{firm}, func(scan func(...any) error) error {
				m, raw := Model{Firm: firm}, ""
				if err := scan(&m.Version, &m.Engine, &raw, &m.State, &m.Who, &m.Name, &m.At); err != nil {
					return err
				}
				err := json.Unmarshal([]byte(raw), &m.Report)
				list = append(list, m)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read the firm's models: %w", err)
	}
	return list, nil
}

// PutLive lets a version read new comments from now on, in the place of any other. Needs access.LabelMentions. Faults:
// NotFound "model"; Conflict "train.again" when the engine has changed since it was made.
func (s *Store) PutLive(ctx context.Context, firm string, version int) error {
	return s.move(ctx, firm, version, Live, "firm.model_live")
}

// PutOff lets the engine read new comments without the version. Needs access.LabelMentions. Faults: NotFound "model";
// Conflict "train.state" when it is not live.
func (s *Store) PutOff(ctx context.Context, firm string, version int) error {
	return s.move(ctx, firm, version, Off, "firm.model_off")
}

func (s *Store) move(ctx context.Context, firm string, version int, to State, verb string) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		m := Model{Firm: firm, Version: version}
		found, err := tx.One(ctx, `SELECT engine, state FROM firm_model WHERE firm_id = $1 AND version = $2`, []any{firm, version}, &m.Engine, &m.State)
		switch {
		case err != nil:
			return fmt.Errorf("read the model: %w", err)
		case !found:
			return fault.Missing("model")
		case to == Live && s.Rests(m):
			return fault.New(fault.Conflict, "train.again")
		case to == Off && m.State != Live:
			return fault.New(fault.Conflict, "train.state")
		case m.State == to:
			return nil
		}
		if to == Live {
			if _, err := tx.Exec(ctx, `UPDATE firm_model SET state = 'off' WHERE firm_id = $1 AND state = 'live'`, firm); err != nil {
				return fmt.Errorf("put the model off: %w", err)
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE firm_model SET state = $3 WHERE firm_id = $1 AND version = $2`, firm, version, string(to)); err != nil {
			return fmt.Errorf("put the model %s: %w", to, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO learned (firm_id, model) VALUES ($1, $2) ON CONFLICT (firm_id) DO UPDATE SET model = excluded.model`,
			firm, db.NewID()); err != nil {
			return fmt.Errorf("mark the firm's model as new: %w", err)
		}
		tx.Touch(firm, "labels")
		return s.record(ctx, m, verb, nil)
	})
}

// keptEngines bounds the engines held in memory; the rest is opened again when it is needed.
const keptEngines = 200

// Engine is the base engine with the firm's live model; nil when there is none that fits it. For classify.Store.ByFirm.
func (s *Store) Engine(ctx context.Context, firm string) (classify.Engine, error) {
	stamp := ""
	if err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT model FROM learned WHERE firm_id = $1`, []any{firm}, &stamp)
		return err
	}); err != nil {
		return nil, fmt.Errorf("look for the firm's model: %w", err)
	}
	if stamp == "" {
		return nil, nil
	}
	s.mu.Lock()
	t, ok := s.live[firm]
	s.mu.Unlock()
	if ok && t.stamp == stamp {
		return t.engine, nil
	}
	e, err := s.open(ctx, firm)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || len(s.live) >= keptEngines {
		s.live = map[string]tuned{}
	}
	s.live[firm] = tuned{stamp, e}
	return e, nil
}

func (s *Store) open(ctx context.Context, firm string) (classify.Engine, error) {
	raw := ""
	var found bool
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		found, err = tx.One(ctx, `SELECT tuning FROM firm_model WHERE firm_id = $1 AND state = 'live' AND engine = $2`, []any{firm, s.Base.Name()}, &raw)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	var t builtin.Tuning
	if err := json.Unmarshal([]byte(raw), &t); err != nil {
		return nil, fmt.Errorf("read the firm's model: %w", err)
	}
	return s.Base.With(&t), nil
}
