package ownrule

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/classify/rules"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/mention"
)

// How far back a rule is tried and may reach.
const (
	reach     = 90 * 24 * time.Hour
	reachMost = 20_000
	chunk     = 500
)

// Trial is what a rule would do to the comments of the last 90 days.
type Trial struct {
	Looked  int  // comments looked at
	Cut     bool // there were more than were looked at
	Touched int  // have the words and everything the rule asks for
	Changed int  // would carry other labels or another severity
	Person  int  // a person's word stands: the rule changes nothing there
	Against int  // a person's word says otherwise than the rule
	Urgent  int  // would wake somebody if they came now, and would not without the rule
	Lost    int  // the live version touches them and this one does not
	By      string
}

// Example is one comment that the rule touches.
type Example struct {
	Mention       string
	Before, After classify.Verdict // without and with this version; alike where a person's word stands
	Person        bool             // a person's word stands
	Against       bool             // and says otherwise than the rule
	Lost          bool             // only the live version touches it
}

// Changes tells whether the comment would be labelled otherwise.
func (e Example) Changes() bool { return !e.Before.Same(e.After) }

// MostExamples is how many examples a trial keeps: those against it first, then the newest, then some spread over the time.
const (
	MostExamples = 50
	mostAgainst  = 10
	mostNewest   = 25
)

// Try runs the newest version of a rule over the firm's comments of the last 90 days, newest first, at most 20,000, and keeps
// what it finds. It takes seconds, reads only, and changes no label. Needs access.LabelMentions. Faults: NotFound "ownrule";
// Conflict "ownrule.newer" when there is a newer version, "ownrule.busy" while another trial runs.
func (s *Store) Try(ctx context.Context, firm, id string, version int) (Trial, error) {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return Trial{}, err
	}
	if !s.trying.TryLock() {
		return Trial{}, fault.New(fault.Conflict, "ownrule.busy")
	}
	defer s.trying.Unlock()
	var r Rule
	if err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		r, err = newest(ctx, tx, firm, id)
		return err
	}); err != nil {
		return Trial{}, err
	}
	if r.Version != version {
		return Trial{}, fault.New(fault.Conflict, "ownrule.newer")
	}
	t, err := s.trial(ctx, r)
	if err != nil {
		return Trial{}, fmt.Errorf("try the rule %s: %w", r.ID, err)
	}
	t.By = access.From(ctx).Name
	return t.Trial, s.keep(ctx, r, t)
}

// trial is a trial under way.
type trial struct {
	Trial
	store    *Store
	rule     ready
	old      *ready // the live version of the same rule
	now      *book  // as rules are, without this one when this very version is live
	then     *book  // with this version
	said     map[string]classify.Verdict
	examples []Example
}

func (s *Store) trial(ctx context.Context, r Rule) (*trial, error) {
	b, err := s.book(ctx, r.Firm)
	if err != nil {
		return nil, err
	}
	if b == nil {
		b = &book{}
	}
	p, err := r.compile()
	if err != nil {
		return nil, err
	}
	t := &trial{store: s, rule: ready{r, p}, now: b, then: b.with(r)}
	if i := slices.IndexFunc(b.rules, func(x ready) bool { return x.ID == r.ID }); i >= 0 {
		t.old = &b.rules[i]
	}
	if r.State == Live { // what the rule does is told against having none
		t.old, t.now = nil, b.without(r.ID)
	}
	if t.said, err = s.said(ctx, r.Firm); err != nil {
		return nil, err
	}
	return t, s.walk(ctx, r.Firm, t.look)
}

// said is the newest word of a person about each comment, blind ones too.
func (s *Store) said(ctx context.Context, firm string) (map[string]classify.Verdict, error) {
	js, err := s.Labels.Judgements(ctx, firm)
	out := map[string]classify.Verdict{}
	for _, j := range js {
		if _, newer := out[j.Mention]; !newer && j.TakenAt.IsZero() {
			out[j.Mention] = j.Verdict
		}
	}
	return out, err
}

// walk goes through the firm's comments of the last 90 days in chunks, newest first, until f has seen enough.
func (s *Store) walk(ctx context.Context, firm string, f func(ctx context.Context, ms []mention.Mention) (goOn bool, err error)) error {
	q := mention.Filter{Firm: firm, From: s.DB.Now().Add(-reach), Limit: chunk}
	for {
		ms, err := s.Mentions.List(ctx, q)
		if err != nil || len(ms) == 0 {
			return err
		}
		q.Below = ms[len(ms)-1].Doc
		ms = slices.DeleteFunc(ms, func(m mention.Mention) bool { return m.Own || m.Kind == "post" })
		if goOn, err := f(ctx, ms); err != nil || !goOn {
			return err
		}
	}
}

// look tries the rule on one chunk. Context is read only for texts that have the words.
func (t *trial) look(ctx context.Context, ms []mention.Mention) (bool, error) {
	if t.Looked+len(ms) > reachMost {
		ms, t.Cut = ms[:reachMost-t.Looked], true
	}
	t.Looked += len(ms)
	sheets := map[string]*rules.Sheet{}
	var some []mention.Mention
	for _, m := range ms {
		sheet := rules.Lay(m.Text)
		_, is := t.rule.says(sheet)
		if !is && t.old != nil {
			_, is = t.old.says(sheet)
		}
		if is {
			sheets[m.ID], some = sheet, append(some, m)
		}
	}
	if len(some) == 0 {
		return !t.Cut, ctx.Err()
	}
	return !t.Cut, t.weigh(ctx, some, sheets)
}

func (t *trial) weigh(ctx context.Context, ms []mention.Mention, sheets map[string]*rules.Sheet) error {
	firm := t.rule.Firm
	texts, err := t.store.Labels.Threads(ctx, firm, ms)
	if err != nil {
		return err
	}
	ids, list := make([]string, len(ms)), make([]classify.Text, len(ms))
	for i, m := range ms {
		ids[i], list[i] = m.ID, texts[m.ID]
	}
	layers, err := t.store.Labels.Layers(ctx, firm, ids)
	if err != nil {
		return err
	}
	channels := map[string]string{}
	if t.now.channels() || t.then.channels() {
		if channels, err = t.store.channels(ctx, firm, list); err != nil {
			return err
		}
	}
	for i, m := range ms {
		l, read := layers[m.ID]
		s := subject{list[i], channels[m.ID], sheets[m.ID]}
		_, touches := t.rule.finds(s)
		lost := false
		if !touches && t.old != nil {
			_, lost = t.old.finds(s)
		}
		if read && (touches || lost) {
			t.count(s, l, touches)
		}
	}
	return nil
}

// count adds one comment that the rule touches, or that only its live version does.
func (t *trial) count(s subject, l classify.Layers, touches bool) {
	e := Example{Mention: s.ID, Person: l.Person(), Lost: !touches}
	if e.Person {
		e.Before = classify.VerdictOf(l.Stands)
		e.After = e.Before
	} else {
		before, after := t.now.rule(s, l.Engine), t.then.rule(s, l.Engine)
		e.Before, e.After = classify.VerdictOf(before), classify.VerdictOf(after)
		if classify.Priority(after) == 1 && classify.Priority(before) != 1 {
			t.Urgent++
		}
	}
	said, judged := t.said[s.ID]
	if !judged && e.Person {
		said, judged = e.Before, true
	}
	e.Against = touches && judged && t.rule.against(said)
	for n, is := range map[*int]bool{&t.Touched: touches, &t.Lost: e.Lost, &t.Changed: e.Changes(), &t.Person: e.Person && touches, &t.Against: e.Against} {
		if is {
			*n++
		}
	}
	t.examples = append(t.examples, e)
}

// against tells whether a person's word says otherwise than the rule.
func (r Rule) against(v classify.Verdict) bool {
	switch r.Does {
	case Adds:
		return !v.Has(r.Label)
	case Takes:
		return v.Has(r.Label)
	}
	return v.Severity < r.Severity
}

// pick chooses among all examples, newest first: some against the rule, the newest, and some spread evenly over the rest.
func pick(all []Example) []Example {
	if len(all) <= MostExamples {
		return all
	}
	chosen := map[int]bool{}
	for i, e := range all {
		if e.Against && len(chosen) < mostAgainst {
			chosen[i] = true
		}
	}
	for i := 0; i < len(all) && i < mostNewest; i++ {
		chosen[i] = true
	}
	free := MostExamples - len(chosen)
	rest := len(all) - mostNewest
	for k := range free {
		chosen[mostNewest+k*rest/free] = true
	}
	out := make([]Example, 0, MostExamples)
	for i, e := range all {
		if chosen[i] {
			out = append(out, e)
		}
	}
	return out
}

// keep stores the result beside the version it belongs to.
func (s *Store) keep(ctx context.Context, r Rule, t *trial) error {
	tried, err := json.Marshal(t.Trial)
	if err != nil {
		return err
	}
	examples, err := json.Marshal(pick(t.examples))
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE own_rule SET tried_at = $4, tried = $5, examples = $6 WHERE firm_id = $1 AND id = $2 AND version = $3`,
			r.Firm, r.ID, r.Version, tx.Now(), string(tried), string(examples)); err != nil {
			return fmt.Errorf("keep the trial: %w", err)
		}
		tx.Touch(r.Firm, "labels")
		return s.record(ctx, r, "firm.rule_tried", "", map[string]string{"looked": strconv.Itoa(t.Looked), "touched": strconv.Itoa(t.Touched),
			"changed": strconv.Itoa(t.Changed), "against": strconv.Itoa(t.Against)})
	})
}

// Examples are those of the trial of a version. Needs access.ViewMentions.
func (s *Store) Examples(ctx context.Context, firm, id string, version int) (list []Example, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	raw := ""
	if err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT examples FROM own_rule WHERE firm_id = $1 AND id = $2 AND version = $3`, []any{firm, id, version}, &raw)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read examples: %w", err)
	}
	if raw == "" {
		return nil, nil
	}
	return list, json.Unmarshal([]byte(raw), &list)
}

// Place is where a rule's words stand in a text, as bytes.
func (s Set) Place(text string) (from, to int, found bool) {
	p, err := s.compile()
	if err != nil {
		return 0, 0, false
	}
	span, ok := p.says(rules.Lay(text))
	return span.From, span.To, ok
}
