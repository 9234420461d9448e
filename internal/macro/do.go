package macro

import (
	"context"
	"fmt"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/reason"
)

// Order is a plan for one item, as a person gave it in view of one advice.
type Order struct {
	Firm, Mention string
	Plan          Plan
	Why           string // what the person wrote; the plan's own reason when empty
	Shown         string // decision.Advice.ID
	Subject       string // of a case that the plan opens: items of one wave go into one case
	Title         string
}

// Result is what came of an order.
type Result struct {
	Decision decision.Decision // the zero Decision when none was made
	Exhibit  string            // id of the proof
	Case     string            // id of the case the item went into
}

// Do takes the steps of a plan with one item, all of them or none: the proof and the decision, new labels, the case. Each
// step is the ordinary verb with its own permission, guard-rails, proof and journal line; the person is the context's
// principal. Inside a caller's transaction a fault leaves nothing behind: rights are asked first, and only the decision
// has rules of its own. Faults: those of decision.Decide, classify.Correct, crisis.Open and mention.Preserve.
func (s *Store) Do(ctx context.Context, o Order) (r Result, err error) {
	if err := may(ctx, o); err != nil {
		return r, err
	}
	why := clean(o.Why)
	if why == "" {
		why = o.Plan.Why
	}
	if len(o.Plan.Labels) > 0 && utf8.RuneCountInString(why) < minWhy {
		return r, fault.New(fault.Invalid, "why").On("why")
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		m, err := s.Mentions.Find(ctx, o.Firm, o.Mention)
		if err != nil {
			return err
		}
		if err := s.decide(ctx, tx, o, why, &r); err != nil {
			return err
		}
		if len(o.Plan.Labels) > 0 && !o.Plan.Relabelled(m) {
			if err := s.Labels.Correct(ctx, m.Firm, m.ID, o.Plan.Labels, o.Plan.Severity, why); err != nil {
				return err
			}
		}
		r.Case, err = s.link(ctx, m, o)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return r, nil
}

// may asks for everything the steps need before the first of them.
func may(ctx context.Context, o Order) error {
	if access.From(ctx).System != "" {
		return fault.New(fault.Forbidden, "decision.person")
	}
	for _, p := range o.Plan.Perms() {
		if err := access.Check(ctx, p, o.Firm); err != nil {
			return err
		}
	}
	return nil
}

// Perms is what a person needs for the steps of the plan.
func (p Plan) Perms() []access.Perm {
	ps := []access.Perm{access.ViewMentions}
	if p.Decides() {
		ps = append(ps, access.Decide)
	}
	if p.Option == Seal || p.Decides() && p.Option != decision.Observe {
		ps = append(ps, access.Preserve)
	}
	if len(p.Labels) > 0 {
		ps = append(ps, access.LabelMentions)
	}
	if p.Case {
		ps = append(ps, access.WorkCases)
	}
	return ps
}

func (s *Store) decide(ctx context.Context, tx *db.Tx, o Order, why string, r *Result) error {
	switch o.Plan.Option {
	case "":
		return nil
	case Seal:
		x, err := s.Mentions.Preserve(ctx, s.Evidence, o.Firm, o.Mention, "person")
		r.Exhibit = x.ID
		return err
	}
	until, err := Until(o.Plan.Until, tx.Now())
	if err != nil {
		return err
	}
	r.Decision, err = s.Decisions.Decide(ctx, decision.Choice{Firm: o.Firm, Mention: o.Mention, Option: o.Plan.Option, Text: o.Plan.Text,
		Why: why, Shown: o.Shown, Until: until})
	r.Exhibit = r.Decision.Exhibit
	return err
}

// link puts the item into a case, unless it is in an open one.
func (s *Store) link(ctx context.Context, m mention.Mention, o Order) (string, error) {
	if !o.Plan.Case {
		return "", nil
	}
	cases, err := s.Cases.Of(ctx, m.Firm, mention.Ref(m.ID))
	if err != nil {
		return "", err
	}
	for _, c := range cases {
		if c.Open() {
			return c.ID, nil
		}
	}
	c, _, err := s.Cases.Open(ctx, crisis.New{Firm: m.Firm, Subject: o.Subject, Title: o.Title, Severity: m.Severity, Priority: 3,
		Items: []reason.Ref{mention.Ref(m.ID)}})
	if err != nil {
		return "", fmt.Errorf("case of the plan: %w", err)
	}
	return c.ID, nil
}
