package group

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"chop/internal/access"
	"chop/internal/coordination/detect"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/seal"
)

// Store keeps groups.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Seal     *seal.Store
	Journal  *journal.Store
	Evidence *evidence.Store
	Zone     *time.Location // of the firms' nights; UTC when nil

	// Customers are accounts of which a person told that they bought something; they are left out of runs. nil: nobody knows.
	Customers func(ctx context.Context, firm string) (map[string]bool, error)
	// Objected are those of the accounts that objected to being profiled; runs leave them out. nil: nobody knows.
	Objected func(ctx context.Context, firm string, accounts []string) (map[string]bool, error)

	settings            detect.Settings // tests make runs shorter; the zero value is detect.Default
	quick, whole, asked sync.Mutex      // one run of each kind at a time
}

// Topic is what listeners are told when a group changed.
const Topic = "groups"

// Found tells of a group that is new, or whose level rose.
type Found struct{ Firm, ID string }

// Kind names the event.
func (Found) Kind() string { return "group.found" }

// Changed tells that a person, or a run, changed what is said of a group.
type Changed struct {
	Firm, ID string
	Person   bool
}

// Kind names the event.
func (Changed) Kind() string { return "group.changed" }

// List is the firm's groups, those that count first, then by level and size. Rejected, split and merged ones are left out
// unless all is set. Needs access.ViewGroups; with access.SharedGroups those handed to a case.
func (s *Store) List(ctx context.Context, firm string, all bool) ([]Group, error) {
	shared, err := mayView(ctx, firm)
	if err != nil {
		return nil, err
	}
	gs, err := s.query(ctx, `g.firm_id = $1`, firm)
	if err != nil {
		return nil, err
	}
	gs = slices.DeleteFunc(gs, func(g Group) bool { return !all && !g.State.Live() || shared && g.Case == "" })
	slices.SortStableFunc(gs, func(a, b Group) int {
		return cmp.Or(rank(a.State)-rank(b.State), cmp.Compare(b.Level, a.Level), len(b.Accounts(false))-len(a.Accounts(false)), a.Number-b.Number)
	})
	return gs, nil
}

func rank(s State) int {
	return slices.Index([]State{Confirmed, Suggested, Rejected, Merged}, s)
}

// mayView tells whether the principal sees only what was shared.
func mayView(ctx context.Context, firm string) (shared bool, err error) {
	if access.Check(ctx, access.ViewGroups, firm) == nil {
		return false, nil
	}
	if access.Check(ctx, access.SharedGroups, firm) == nil {
		return true, nil
	}
	return false, access.Check(ctx, access.ViewGroups, firm)
}

// Find is one group. Needs access.ViewGroups, or access.SharedGroups for one handed to a case. fault.NotFound when there is
// none.
func (s *Store) Find(ctx context.Context, firm, id string) (Group, error) {
	shared, err := mayView(ctx, firm)
	if err != nil {
		return Group{}, err
	}
	g, err := s.load(ctx, firm, id)
	if err == nil && shared && g.Case == "" {
		return Group{}, fault.Missing("group")
	}
	return g, err
}

// load is one group, without asking.
func (s *Store) load(ctx context.Context, firm, id string) (Group, error) {
	gs, err := s.query(ctx, `g.firm_id = $1 AND g.id = $2`, firm, id)
	if err == nil && len(gs) == 0 {
		err = fault.Missing("group")
	}
	if err != nil {
		return Group{}, err
	}
	return gs[0], nil
}

// OfAuthor is the groups that count in which the account is in or may be, without faded ones. Needs what List needs.
func (s *Store) OfAuthor(ctx context.Context, firm, key string) ([]Group, error) {
	return s.having(ctx, firm, []string{key})
}

// OfAuthors is OfAuthor for many accounts at once, by account.
func (s *Store) OfAuthors(ctx context.Context, firm string, keys []string) (map[string][]Group, error) {
	gs, err := s.having(ctx, firm, keys)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, k := range keys {
		wanted[k] = true
	}
	of := map[string][]Group{}
	for _, g := range gs {
		for _, k := range g.Accounts(true) {
			if wanted[k] {
				of[k] = append(of[k], g)
			}
		}
	}
	return of, nil
}

// Linked is which of the accounts belong to the same group with another one of them, with the group's id: those of whom
// one may say "linked". Confirmed and suggested groups of level 3 and more count. It asks no permission: for rooms that
// look at a firm on the program's behalf.
func (s *Store) Linked(ctx context.Context, firm string, keys []string) (map[string]string, error) {
	gs, err := s.holding(ctx, firm, keys)
	if err != nil {
		return nil, err
	}
	linked := map[string]string{}
	for _, g := range gs {
		if g.Faded() || g.Level < Organised && g.State != Confirmed {
			continue
		}
		in := slices.DeleteFunc(g.Accounts(false), func(k string) bool { return !slices.Contains(keys, k) })
		for _, k := range in {
			if len(in) > 1 && linked[k] == "" {
				linked[k] = g.ID
			}
		}
	}
	return linked, nil
}

// having is the groups of accounts for a person.
func (s *Store) having(ctx context.Context, firm string, keys []string) ([]Group, error) {
	shared, err := mayView(ctx, firm)
	if err != nil {
		return nil, err
	}
	gs, err := s.holding(ctx, firm, keys)
	return slices.DeleteFunc(gs, func(g Group) bool { return g.Faded() || shared && g.Case == "" }), err
}

// holding is the live groups in which one of the accounts is in or uncertain.
func (s *Store) holding(ctx context.Context, firm string, keys []string) (gs []Group, err error) {
	ids := map[string]bool{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range slices.Chunk(keys, 500) {
			if err := tx.Each(ctx, `SELECT m.group_id FROM group_member m JOIN found_group g ON g.firm_id = m.firm_id AND g.id = m.group_id
				WHERE m.firm_id = $1 AND m.state <> 'out' AND g.state IN ('suggested', 'confirmed') AND m.account IN (`+db.Marks(2, len(part))+`)`,
				append([]any{firm}, db.Args(part)...), func(scan func(...any) error) error {
					var id string
					err := scan(&id)
					ids[id] = true
					return err
				}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for groups of accounts: %w", err)
	}
	for id := range ids {
		g, err := s.load(ctx, firm, id)
		if err != nil {
			return nil, err
		}
		gs = append(gs, g)
	}
	slices.SortFunc(gs, func(a, b Group) int { return a.Number - b.Number })
	return gs, nil
}

// query reads groups with their newest finding, members and exhibits.
func (s *Store) query(ctx context.Context, where string, args ...any) (gs []Group, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := tx.Each(ctx, `SELECT g.firm_id, g.id, g.number, g.source_id, g.level, g.state, g.version, g.revision, g.made_at, g.changed_at, g.decided_at,
			g.decided_by, g.decided_name, g.signed_at, g.signed_by, g.signed_name, g.origin, g.became, g.case_id, g.exhibit_id, g.lost_at, g.frozen_at, g.proof, v.finding
			FROM found_group g JOIN group_version v ON v.firm_id = g.firm_id AND v.group_id = g.id AND v.n = g.version
			WHERE `+where+` ORDER BY g.number`, args, func(scan func(...any) error) error {
			var g Group
			var proof, finding string
			if err := scan(&g.Firm, &g.ID, &g.Number, &g.Source, &g.Level, &g.State, &g.Version, &g.Revision, &g.MadeAt, &g.Changed, &g.Decided,
				&g.DecidedBy, &g.DecidedName, &g.Signed, &g.SignedBy, &g.SignedName, &g.Origin, &g.Became, &g.Case, &g.Exhibit, &g.Lost, &g.Frozen, &proof, &finding); err != nil {
				return err
			}
			if g.Proof.P = 1; proof != "" {
				if err := json.Unmarshal([]byte(proof), &g.Proof); err != nil {
					return err
				}
			}
			gs = append(gs, g)
			return json.Unmarshal([]byte(finding), &gs[len(gs)-1].Finding)
		})
		for i := range gs {
			if err != nil {
				return err
			}
			if err = s.fill(ctx, tx, &gs[i]); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	return gs, nil
}

// fill adds the members, their figures and the links.
func (s *Store) fill(ctx context.Context, tx *db.Tx, g *Group) error {
	found := map[string]FoundMember{}
	for _, m := range g.Finding.Members {
		found[m.Account] = m
	}
	out := map[string]bool{}
	err := tx.Each(ctx, `SELECT account, name, state, frozen, added_at, decided_at, decided_by, decided_name FROM group_member
		WHERE firm_id = $1 AND group_id = $2`, []any{g.Firm, g.ID}, func(scan func(...any) error) error {
		var m Member
		err := scan(&m.Account, &m.Name, &m.State, &m.Frozen, &m.Added, &m.Decided, &m.DecidedBy, &m.DecidedName)
		f := found[m.Account]
		m.Role, m.Since, m.R, m.Common, m.P, m.Q, m.Posts, m.First = f.Role, f.Since, f.R, f.Common, f.P, f.Q, f.Posts, f.First
		out[m.Account] = m.State == Out
		g.Members = append(g.Members, m)
		return err
	})
	if err != nil {
		return err
	}
	order := func(m Member) int {
		i := slices.IndexFunc(g.Finding.Members, func(f FoundMember) bool { return f.Account == m.Account })
		if i < 0 {
			return len(g.Finding.Members)
		}
		return i
	}
	slices.SortFunc(g.Members, func(a, b Member) int {
		return cmp.Or(slices.Index(memberStates, a.State)-slices.Index(memberStates, b.State), order(a)-order(b), cmp.Compare(a.Account, b.Account))
	})
	exhibits := map[[2]string]string{}
	if err := tx.Each(ctx, `SELECT a, b, exhibit_id FROM group_exhibit WHERE firm_id = $1 AND group_id = $2`, []any{g.Firm, g.ID},
		func(scan func(...any) error) error {
			var a, b, id string
			err := scan(&a, &b, &id)
			exhibits[[2]string{a, b}] = id
			return err
		}); err != nil {
		return err
	}
	for _, l := range g.Finding.Links {
		if is, known := out[l.A]; !known || is {
			continue
		}
		if is, known := out[l.B]; !known || is {
			continue
		}
		l.Exhibit = exhibits[[2]string{l.A, l.B}]
		g.Links = append(g.Links, l)
	}
	return nil
}

var memberStates = []MemberState{In, Uncertain, Out}
