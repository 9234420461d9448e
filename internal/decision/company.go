package decision

import (
	"context"
	"math"
	"slices"

	"chop/internal/access"
	"chop/internal/group"
	"chop/internal/mention"
)

// Company is a group of accounts that act together, at work in the thread of an item.
type Company struct {
	ID, Number string // "G-07"
	Level      string // "L2" to "L4"
	Confirmed  bool   // by a person; otherwise a hypothesis
	Here       int    // accounts of it that wrote in this thread within a day
	Author     bool   // the item's author is in it
	Effect     string // "reason.company.<Effect>": pileon2, pileon1, none

	accounts []string
}

// fewCompany is how many accounts of a group make it at work in a thread.
const fewCompany = 3

// companies are the groups at work in a thread. Uncertain accounts count for nobody.
func (s *Store) companies(ctx context.Context, in Inputs) (list []Company, err error) {
	if s.Groups == nil {
		return nil, nil
	}
	keys := []string{in.Mention.AuthorKey}
	for _, t := range in.Thread {
		if !t.Own && !slices.Contains(keys, t.AuthorKey) {
			keys = append(keys, t.AuthorKey)
		}
	}
	of, err := s.Groups.OfAuthors(access.With(ctx, access.System(in.Mention.Firm)), in.Mention.Firm, keys)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, k := range keys {
		for _, g := range of[k] {
			if !seen[g.ID] && g.Level >= group.Organised && g.Lost.IsZero() {
				seen[g.ID] = true
				list = append(list, companyOf(g, in))
			}
		}
	}
	return list, nil
}

func companyOf(g group.Group, in Inputs) Company {
	c := Company{ID: g.ID, Number: g.Name(), Level: g.Level.Code(), Confirmed: g.State == group.Confirmed, accounts: g.Accounts(false)}
	here := map[string]bool{}
	for _, t := range in.Thread {
		if !t.Own && in.Now.Sub(t.At) < joinWindow && slices.Contains(c.accounts, t.AuthorKey) {
			here[t.AuthorKey] = true
		}
	}
	c.Here, c.Author = len(here), slices.Contains(c.accounts, in.Mention.AuthorKey)
	switch {
	case c.Here < fewCompany:
		c.Effect = "none"
	case c.Confirmed:
		c.Effect = "pileon2"
	default:
		c.Effect = "pileon1"
	}
	return c
}

// joined puts in what groups do to the fields of the thread (domain/decisions.md 4.1). A confirmed group at work here is a
// pile-on whatever each of it writes, and its items weigh in the share of hostile ones; a suggested one only says that some
// joined. Nothing is said of the item itself: whoever is in a group keeps every protection that the words have (G1), and the
// author's own criticism weighs what it weighed.
func joined(c Case, in Inputs) Case {
	for _, x := range in.Companies {
		switch x.Effect {
		case "pileon2":
			c.PileOn, c.HateShare = max(c.PileOn, 2), max(c.HateShare, groupShare(in, x))
		case "pileon1":
			c.PileOn = max(c.PileOn, 1)
		}
	}
	return c
}

// groupShare is the share of hostile items when those of a confirmed group count among them, except genuine criticism.
func groupShare(in Inputs, x Company) float64 {
	all, n := others(in), 0
	for _, t := range all {
		if hostile(t) || slices.Contains(x.accounts, t.AuthorKey) && !genuine(t) {
			n++
		}
	}
	if len(all) < fewInThread {
		return 0
	}
	return math.Round(100*float64(n)/float64(len(all))) / 100
}

// genuine is what a firm must bear and answer, whoever writes it.
func genuine(m mention.Mention) bool {
	return m.Buyer || m.Has(complaint) || m.Has(opinion) || m.Has(healthSafety) || m.Has(question)
}
