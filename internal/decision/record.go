package decision

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/reason"
	"chop/internal/reply/lint"
)

// State is where a decision stands.
type State string

const (
	Second  State = "second"  // waits for another person
	Decided State = "made"    // stands; its deed is on the way or done
	Refused State = "refused" // the other person said no
	Undone  State = "undone"  // taken back

	Consent    State = "consent" // waits for the firm's owner, or for its lawyer
	Unanswered State = "lapsed"  // they did not answer in time; silence is never a yes
)

// Outcome says how the deed of a decision goes; empty when it has none.
type Outcome string

const (
	Underway  Outcome = "underway"
	ByHand    Outcome = "manual" // a person is to do it
	Succeeded Outcome = "done"
	Failed    Outcome = "failed"
	Dropped   Outcome = "dropped" // a person gave the task up
)

// Decision is what a person chose, with exactly what was known and shown then.
type Decision struct {
	Firm, ID, Mention string
	Thread            string
	N                 int64 // number in the thread
	Author            string
	Revision          int
	Option            Option
	Text, Why         string
	Differs           bool
	State             State
	Shown             string // advice id
	ShownAt           time.Time
	Case              Case
	Result            Result
	Version           string
	Exhibit           string // id
	Until             time.Time
	Who, WhoName      string
	At                time.Time
	Second            string
	SecondName        string
	SecondWhy         string
	SecondAt          time.Time
	Outcome           Outcome
	ResultExt         string
	UndoneAt          time.Time

	Consent  string        // question it waits for, or the last one it waited for
	Deadline time.Time     // of that question
	Needs    []access.Role // whose word it still needs, in the order of asking
	Silence  Silence       // what the owner was told no answer means
	After    string        // decision whose question nobody answered: this one is the milder thing in its place

	SendAt time.Time      // a reply that waits for its time; zero: at once
	Checks []lint.Finding // what the checks of a reply said and the person saw

	words    string
	settings firm.Settings
}

// Ref points at a decision.
func Ref(id string) reason.Ref { return reason.Ref{Kind: "decision", ID: id} }

// Live tells whether the decision still counts: neither refused nor undone, and its deed did not fail.
func (d Decision) Live() bool {
	return (d.State == Decided || d.State == Second || d.State == Consent) && d.Outcome != Failed && d.Outcome != Dropped
}

const columns = `firm_id, id, mention_id, thread, n, author_key, revision, option, text, words, why, differs, state, advice_id, shown_at, inputs,
	result, version, exhibit, until, who, who_name, at, second, second_name, second_why, second_at, outcome, result_ext, undone_at,
	consent, deadline, needs, silence, after_id, send_at, checks`

func scanDecision(scan func(...any) error) (d Decision, err error) {
	var inputs, result, needs, checks string
	if err := scan(&d.Firm, &d.ID, &d.Mention, &d.Thread, &d.N, &d.Author, &d.Revision, &d.Option, &d.Text, &d.words, &d.Why, &d.Differs, &d.State,
		&d.Shown, &d.ShownAt, &inputs, &result, &d.Version, &d.Exhibit, &d.Until, &d.Who, &d.WhoName, &d.At, &d.Second, &d.SecondName,
		&d.SecondWhy, &d.SecondAt, &d.Outcome, &d.ResultExt, &d.UndoneAt, &d.Consent, &d.Deadline, &needs, &d.Silence, &d.After,
		&d.SendAt, &checks); err != nil {
		return d, err
	}
	if err := json.Unmarshal([]byte(inputs), &d.Case); err != nil {
		return d, fmt.Errorf("read inputs of decision %s: %w", d.ID, err)
	}
	if err := json.Unmarshal([]byte(result), &d.Result); err != nil {
		return d, fmt.Errorf("read result of decision %s: %w", d.ID, err)
	}
	if err := json.Unmarshal([]byte(checks), &d.Checks); err != nil {
		return d, fmt.Errorf("read checks of decision %s: %w", d.ID, err)
	}
	d.Result.Version, d.Needs = d.Version, splitRoles(needs)
	return d, nil
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, d Decision) error {
	inputs, result, err := encode(d.Case, d.Result)
	if err != nil {
		return err
	}
	checks, err := encodeChecks(d.Checks)
	if err != nil {
		return err
	}
	_, err = tx.Insert(ctx, `INSERT INTO decision (`+columns+`)`, [][]any{{d.Firm, d.ID, d.Mention, d.Thread, d.N, d.Author, d.Revision,
		string(d.Option), d.Text, d.words, d.Why, d.Differs, string(d.State), d.Shown, d.ShownAt, inputs, result, d.Version, d.Exhibit, d.Until,
		d.Who, d.WhoName, d.At, d.Second, d.SecondName, d.SecondWhy, d.SecondAt, string(d.Outcome), d.ResultExt, d.UndoneAt,
		d.Consent, d.Deadline, joinRoles(d.Needs), string(d.Silence), d.After, d.SendAt, checks}}, "")
	if err != nil {
		return fmt.Errorf("save decision: %w", err)
	}
	return nil
}

func encode(c Case, r Result) (inputs, result string, err error) {
	a, err := json.Marshal(c)
	if err != nil {
		return "", "", fmt.Errorf("write inputs: %w", err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		return "", "", fmt.Errorf("write result: %w", err)
	}
	return string(a), string(b), nil
}

func (s *Store) query(ctx context.Context, where, tail string, args ...any) (list []Decision, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM decision WHERE `+where+` `+tail, args, func(scan func(...any) error) error {
			d, err := scanDecision(scan)
			list = append(list, d)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	return list, nil
}

// Find is one decision of the firm. Needs access.ViewMentions; fault.NotFound when it does not exist.
func (s *Store) Find(ctx context.Context, firm, id string) (Decision, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return Decision{}, err
	}
	return s.load(ctx, firm, id)
}

func (s *Store) load(ctx context.Context, firm, id string) (Decision, error) {
	list, err := s.query(ctx, `firm_id = $1 AND id = $2`, "", firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("decision")
	}
	if err != nil {
		return Decision{}, err
	}
	return list[0], nil
}

// Of is the decisions about a mention, newest first. Needs access.ViewMentions.
func (s *Store) Of(ctx context.Context, firm, mention string) ([]Decision, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	return s.query(ctx, `firm_id = $1 AND mention_id = $2`, `ORDER BY n DESC LIMIT 200`, firm, mention)
}

// Filter says which decisions to list; empty fields do not filter.
type Filter struct {
	Firm   string // one firm; empty: every firm of the principal
	State  State
	Before time.Time // page back: older than this
	Limit  int       // default 50, at most 500
}

// List is the decisions that fit, newest first. Needs access.ViewMentions. State Second gives those that wait for
// another person, State Consent those that wait for the owner or the lawyer.
func (s *Store) List(ctx context.Context, f Filter) ([]Decision, error) {
	firms := access.Scope(ctx, access.ViewMentions)
	if f.Firm != "" {
		if err := access.Check(ctx, access.ViewMentions, f.Firm); err != nil {
			return nil, err
		}
		firms = []string{f.Firm}
	}
	if len(firms) == 0 {
		return nil, nil
	}
	where, args := []string{`firm_id IN (` + db.Marks(1, len(firms)) + `)`}, db.Args(firms)
	if f.State != "" {
		args = append(args, string(f.State))
		where = append(where, fmt.Sprintf("state = $%d", len(args)))
	}
	if !f.Before.IsZero() {
		args = append(args, f.Before)
		where = append(where, fmt.Sprintf("at < $%d", len(args)))
	}
	limit := 50
	if f.Limit > 0 {
		limit = min(f.Limit, 500)
	}
	return s.query(ctx, strings.Join(where, " AND "), fmt.Sprintf("ORDER BY at DESC, id DESC LIMIT %d", limit), args...)
}

// Events.

// Made tells that a decision stands and may be carried out.
type Made struct{ Firm, ID string }

// Kind names the event.
func (Made) Kind() string { return "decision.made" }

// Due asks to look again at what was only observed.
type Due struct{ Firm, ID string }

// Kind names the event.
func (Due) Kind() string { return "decision.due" }
