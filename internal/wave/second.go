package wave

import (
	"context"
	"errors"
	"fmt"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
)

// Answer is what another person says of the items of a wave that wait for them.
type Answer struct {
	Yes  bool
	Pick []string // mention ids, at most MostSecond
	Why  string
}

// Second is the other person's answer for many items of a wave at once. Each decision is confirmed or refused by itself,
// with its own journal line; what a rule refuses is left and counted. Needs access.SecondPerson, another person than the
// one who decided, and a reason. Faults: Forbidden "decision.same_person"; Invalid "why", "wave.empty", "wave.too_many".
func (s *Store) Second(ctx context.Context, firm, id string, a Answer) (done, left int, err error) {
	if err := access.Check(ctx, access.SecondPerson, firm); err != nil {
		return 0, 0, err
	}
	a.Why = tidy(a.Why)
	switch {
	case access.From(ctx).System != "":
		return 0, 0, fault.New(fault.Forbidden, "decision.person")
	case len([]rune(a.Why)) < minWhy:
		return 0, 0, fault.New(fault.Invalid, "why").On("why")
	case len(a.Pick) == 0:
		return 0, 0, fault.New(fault.Invalid, "wave.empty")
	case len(a.Pick) > MostSecond:
		return 0, 0, fault.New(fault.Invalid, "wave.too_many", "Most", MostSecond)
	}
	w, err := s.load(ctx, firm, id)
	if err != nil {
		return 0, 0, err
	}
	waits, err := s.SecondWaits(ctx, w)
	if err != nil {
		return 0, 0, err
	}
	picked := map[string]bool{}
	for _, p := range a.Pick {
		picked[p] = true
	}
	var first error
	for _, i := range waits {
		if !picked[i.Mention] {
			continue
		}
		err := s.answer(ctx, firm, i.Decision, a)
		var f *fault.Error
		switch {
		case err == nil:
			done++
		case errors.As(err, &f) && f.Kind != fault.Internal:
			left++
			first = errors.Join(first, f)
		default:
			return done, left, err
		}
	}
	if done == 0 && first != nil {
		return 0, left, first
	}
	if done == 0 {
		return 0, left, fault.New(fault.Conflict, "decision.not_waiting")
	}
	return done, left, s.answered(ctx, w, a, done)
}

func (s *Store) answer(ctx context.Context, firm, id string, a Answer) error {
	if a.Yes {
		return s.Decisions.Confirm(ctx, firm, id, a.Why)
	}
	return s.Decisions.Refuse(ctx, firm, id, a.Why)
}

func (s *Store) answered(ctx context.Context, w Wave, a Answer, n int) error {
	what := "refused"
	if a.Yes {
		what = "confirmed"
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		tx.Touch(w.Firm, "waves")
		return s.record(ctx, w, what, a.Why, map[string]string{"items": fmt.Sprint(n)})
	})
}

// SecondWaits is the items of a wave whose decisions wait for another person. Needs access.ViewMentions.
func (s *Store) SecondWaits(ctx context.Context, w Wave) ([]Item, error) {
	items, err := s.Items(ctx, w)
	if err != nil {
		return nil, err
	}
	stand, err := s.Standings(ctx, w, items)
	if err != nil {
		return nil, err
	}
	var out []Item
	for _, i := range items {
		if stand[i.Decision].State == decision.Second {
			out = append(out, i)
		}
	}
	return out, nil
}

// Standings tells how the decisions of the items stand now, by decision id. Needs access.ViewMentions.
func (s *Store) Standings(ctx context.Context, w Wave, items []Item) (map[string]decision.Standing, error) {
	var ids []string
	for _, i := range items {
		if i.Decision != "" {
			ids = append(ids, i.Decision)
		}
	}
	return s.Decisions.Standings(ctx, w.Firm, ids)
}
