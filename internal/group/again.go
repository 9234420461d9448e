package group

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/coordination/detect"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
)

// Versions is the machine's findings of a group that are kept, the newest first. Needs what Find needs.
func (s *Store) Versions(ctx context.Context, firm, id string) (fs []Finding, err error) {
	if _, err := s.Find(ctx, firm, id); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT finding FROM group_version WHERE firm_id = $1 AND group_id = $2 ORDER BY n DESC LIMIT 500`, []any{firm, id},
			func(scan func(...any) error) error {
				var raw string
				if err := scan(&raw); err != nil {
					return err
				}
				fs = append(fs, Finding{})
				return json.Unmarshal([]byte(raw), &fs[len(fs)-1])
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	return fs, nil
}

// Reproduced is a kept finding made again from its input.
type Reproduced struct {
	Kept, Made Finding
	Same       bool // every figure of the group is equal
	OtherCode  bool // the program's method is a newer one; figures may differ
}

// Reproduce makes finding n of a group again from the kept input, with the kept settings and seed, and compares. Needs what
// Find needs. Faults: NotFound "finding"; Unavailable "group.busy" while another one is made; NotFound "group.input" when
// the input is not kept any more.
func (s *Store) Reproduce(ctx context.Context, firm, id string, n int) (r Reproduced, err error) {
	if _, err := s.Find(ctx, firm, id); err != nil {
		return r, err
	}
	x, kept, err := s.inputOf(ctx, firm, id, n)
	if err != nil {
		return r, err
	}
	made, err := s.redo(x, kept)
	if err != nil {
		return r, err
	}
	r = Reproduced{Kept: kept, OtherCode: kept.Code != Code}
	for i, f := range made {
		for n, other := range made { // a merged group's finding is that of one group with the accounts of others beside it
			if n != i {
				f = united(f, other)
			}
		}
		if r.Same = sameTest(kept, f); r.Same {
			r.Made = f
			return r, nil
		}
	}
	if len(made) > 0 {
		r.Made = made[0]
	}
	return r, nil
}

// sameTest compares what the method says. The portion that a split or a refusal left, people's signs and the shuffled
// histories are not the method's; of the group's own members and links nothing may differ.
func sameTest(kept, made Finding) bool {
	f := only(made, func(a string) bool {
		return slices.ContainsFunc(kept.Members, func(m FoundMember) bool { return m.Account == a })
	})
	f.Links = slices.DeleteFunc(f.Links, func(l Link) bool {
		return !slices.ContainsFunc(kept.Links, func(x Link) bool { return x.A == l.A && x.B == l.B })
	})
	for _, x := range []*Finding{&kept, &f} {
		x.Members, x.Links = slices.Clone(x.Members), slices.Clone(x.Links)
		slices.SortFunc(x.Members, func(a, b FoundMember) int { return cmp.Compare(a.Account, b.Account) })
		slices.SortFunc(x.Links, func(a, b Link) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) })
		x.Runs, x.Larger, x.Rate, x.Signs = 0, 0, 0, nil
	}
	return sameFigures(kept, f)
}

// Appeal reckons the newest finding again as if an account had never acted, for whoever says it does not belong: what is
// left of the group without it, and whether it would still be found. Nothing is changed but a line in the journal. Needs
// access.WorkGroups, a person and a reason.
func (s *Store) Appeal(ctx context.Context, firm, id, account, why string) (without Finding, found bool, err error) {
	if err := person(ctx, firm); err != nil {
		return without, false, err
	}
	if why = strings.TrimSpace(why); utf8.RuneCountInString(why) < minReason {
		return without, false, fault.New(fault.Invalid, "why").On("why")
	}
	g, err := s.load(ctx, firm, id)
	if err != nil {
		return without, false, err
	}
	if _, in := g.Member(account); !in {
		return without, false, fault.Missing("member")
	}
	x, kept, err := s.inputOf(ctx, firm, id, g.Version)
	if err != nil {
		return without, false, err
	}
	made, err := s.redo(x.without(account), kept)
	if err != nil {
		return without, false, err
	}
	if len(made) > 0 {
		without = made[0]
	}
	return without, len(without.Members) >= minGroup, s.DB.Tx(ctx, func(ctx context.Context, _ *db.Tx) error {
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(id), Verb: "group.appeal", Why: why,
			Data: map[string]string{"number": g.Name(), "version": fmt.Sprint(g.Version), "found": fmt.Sprint(len(without.Members) >= minGroup)}})
	})
}

// inputOf opens what a finding was made of.
func (s *Store) inputOf(ctx context.Context, firm, id string, n int) (x input, kept Finding, err error) {
	var raw, digest string
	var sealed []byte
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT finding, input FROM group_version WHERE firm_id = $1 AND group_id = $2 AND n = $3`, []any{firm, id, n}, &raw, &digest)
		if err == nil && !found {
			err = fault.Missing("finding")
		}
		if err != nil {
			return err
		}
		if found, err = tx.One(ctx, `SELECT sealed FROM group_input WHERE firm_id = $1 AND digest = $2`, []any{firm, digest}, &sealed); err == nil && !found {
			err = fault.New(fault.NotFound, "group.input")
		}
		return err
	})
	if err != nil {
		return x, kept, err
	}
	if err := json.Unmarshal([]byte(raw), &kept); err != nil {
		return x, kept, fmt.Errorf("read finding: %w", err)
	}
	packed, err := s.Seal.Open(access.With(ctx, access.System(firm)), firm, sealInput, digest, sealed)
	if err != nil {
		return x, kept, fmt.Errorf("open input: %w", err)
	}
	x, err = unpack(digest, packed)
	return x, kept, err
}

// redo runs the method on an input and gives the groups that speak of the same accounts, the most alike first. One at a
// time: it is the only run that a person waits for.
func (s *Store) redo(x input, kept Finding) (made []Finding, err error) {
	if !s.asked.TryLock() {
		return nil, fault.New(fault.Unavailable, "group.busy")
	}
	defer s.asked.Unlock()
	actions, posts, set, err := x.forDetect()
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, m := range kept.Members {
		keys = append(keys, m.Account)
	}
	r := run{in: x, report: detect.Run(actions, posts, set), at: kept.At, digest: kept.Input}
	for _, f := range r.findings() {
		if f.Version = kept.Version; same(keys, f) {
			made = append(made, f)
		}
	}
	slices.SortStableFunc(made, func(a, b Finding) int { return cmp.Compare(overlap(keys, b), overlap(keys, a)) })
	return made, nil
}
