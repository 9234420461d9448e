package wave

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"chop/internal/access"
	"chop/internal/classify/memory"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/macro"
	"chop/internal/mention"
)

// Selection says which items of a firm a wave is about: picked one by one, or everything like something.
type Selection struct {
	Firm   string
	Origin Origin
	Picks  []string       // mention ids, for ByPicks
	Filter mention.Filter // the list itself for ByList; Status, From and To narrow the other kinds
}

// candidates is among how many of the newest items like texts are looked for.
const candidates = 10_000

// Choose is the items of a selection, the heaviest first, at most MostItems, and how many fit in whole. The firm's own
// words are never among them. Needs access.ViewMentions in the firm. Faults: Invalid "wave.none" for a selection that is
// no selection; NotFound of what it points at.
func (s *Store) Choose(ctx context.Context, sel Selection) (list []mention.Mention, found int, err error) {
	if err := access.Check(ctx, access.ViewMentions, sel.Firm); err != nil {
		return nil, 0, err
	}
	f := sel.Filter
	f.Firm = sel.Firm
	switch sel.Origin.Kind {
	case ByPicks:
		list, err = s.picked(ctx, sel.Firm, sel.Picks)
	case ByCase:
		list, err = s.ofCase(ctx, sel.Firm, sel.Origin.Ref, f)
	case ByText:
		list, err = s.alike(ctx, sel.Firm, sel.Origin.Ref, f)
	case ByAuthor, ByPost, ByList:
		if sel.Origin.Kind == ByAuthor {
			f.Author = sel.Origin.Ref
		}
		if sel.Origin.Kind == ByPost {
			f.Post = sel.Origin.Ref
		}
		if sel.Origin.Ref == "" {
			return nil, 0, fault.New(fault.Invalid, "wave.none")
		}
		list, found, err = s.Mentions.Gather(ctx, f, MostItems)
	default:
		return nil, 0, fault.New(fault.Invalid, "wave.none")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("choose items of wave: %w", err)
	}
	whole := len(list)
	list = slices.DeleteFunc(list, func(m mention.Mention) bool { return m.Own })
	found = max(found-(whole-len(list)), len(list))
	slices.SortStableFunc(list, func(a, b mention.Mention) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), b.At.Compare(a.At), cmp.Compare(b.Doc, a.Doc))
	})
	return list[:min(len(list), MostItems)], found, nil
}

func (s *Store) picked(ctx context.Context, firm string, picks []string) (list []mention.Mention, err error) {
	picks = slices.Clone(picks)
	slices.Sort(picks)
	picks = slices.Compact(picks)
	for part := range slices.Chunk(picks, 500) {
		ms, err := s.Mentions.ByIDs(ctx, firm, part)
		if err != nil {
			return nil, err
		}
		list = append(list, ms...)
	}
	return list, nil
}

// narrowed leaves what the filter asks of status and time.
func narrowed(list []mention.Mention, f mention.Filter) []mention.Mention {
	return slices.DeleteFunc(list, func(m mention.Mention) bool {
		return f.Status != "" && m.Status != f.Status || !f.From.IsZero() && m.At.Before(f.From) || !f.To.IsZero() && !m.At.Before(f.To)
	})
}

func (s *Store) ofCase(ctx context.Context, firm, id string, f mention.Filter) ([]mention.Mention, error) {
	c, err := s.Cases.Find(ctx, id)
	if err == nil && c.Firm != firm {
		err = fault.Missing("case")
	}
	if err != nil {
		return nil, err
	}
	list, err := s.Cases.MentionsOf(ctx, firm, id)
	return narrowed(list, f), err
}

// alike is the item itself and those with the same words, or nearly: a person's copies, wherever they stand.
func (s *Store) alike(ctx context.Context, firm, id string, f mention.Filter) ([]mention.Mention, error) {
	m, err := s.Mentions.Find(ctx, firm, id)
	if err != nil {
		return nil, err
	}
	if f.From.IsZero() {
		f.From = s.DB.Now().Add(-likeWindow)
	}
	list, _, err := s.Mentions.Gather(ctx, f, candidates)
	if err != nil {
		return nil, err
	}
	return Alike(m, list), nil
}

// Alike leaves those of the list that say nearly the same as m, m among them. Texts of a few words are alike only when
// they are the same.
func Alike(m mention.Mention, list []mention.Mention) (out []mention.Mention) {
	words := memory.Read(m.Text, "")
	for _, x := range list {
		if x.ID == m.ID || len(m.Text) <= 3*len(x.Text)+20 && len(x.Text) <= 3*len(m.Text)+20 && memory.Words(words, memory.Read(x.Text, "")) != memory.Other {
			out = append(out, x)
		}
	}
	return out
}

// New is a wave to be looked at.
type New struct {
	Selection
	Plan  macro.Plan
	Macro string // id: the plan is that of its newest version
}

// Create freezes the list of a selection and begins to look at every item. Nothing is decided yet. Small lists are looked
// at before it returns. Needs access.Decide and a person. Faults: Invalid "wave.none" (nothing fits), "wave.option" (not
// decided about many at once), "macro.until"; those of Choose.
func (s *Store) Create(ctx context.Context, n New) (w Wave, err error) {
	if err := s.person(ctx, n.Firm); err != nil {
		return w, err
	}
	who := access.From(ctx)
	w = Wave{Firm: n.Firm, ID: db.NewID(), State: Weighing, Plan: n.Plan, Origin: n.Origin, Who: who.User, WhoName: who.Name}
	if n.Macro != "" {
		m, err := s.Macros.Find(ctx, n.Firm, n.Macro)
		if err != nil {
			return w, err
		}
		if !m.Live {
			return w, fault.New(fault.Conflict, "macro.off")
		}
		w.Plan, w.Macro, w.MacroVersion = m.Plan, m.ID, m.Version
	}
	if !offered(w.Plan) {
		return w, fault.New(fault.Invalid, "wave.option").On("option")
	}
	if _, err := macro.Until(w.Plan.Until, s.DB.Now()); err != nil {
		return w, err
	}
	list, found, err := s.Choose(ctx, n.Selection)
	if err != nil {
		return w, err
	}
	if len(list) == 0 {
		return w, fault.New(fault.Invalid, "wave.none")
	}
	w.Found, w.Total = found, len(list)
	items := make([]Item, len(list))
	for i, m := range list {
		items[i] = Item{Mention: m.ID, N: i + 1, State: Unseen}
	}
	if err := s.begin(ctx, &w, items); err != nil {
		return w, fmt.Errorf("freeze wave: %w", err)
	}
	return w, s.lookNow(ctx, &w)
}

func (s *Store) begin(ctx context.Context, w *Wave, items []Item) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		w.MadeAt = tx.Now()
		if err := s.insert(ctx, tx, *w, items); err != nil {
			return err
		}
		if err := s.record(ctx, *w, "frozen", "", map[string]string{"option": string(w.Plan.Option), "items": fmt.Sprint(w.Total),
			"origin": w.Origin.Kind, "macro": w.Macro}); err != nil {
			return err
		}
		if err := s.again(ctx, w, tx.Now()); err != nil {
			return err
		}
		return s.save(ctx, tx, *w)
	})
}
