package group

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
)

// Verbs of people. Each takes the revision the person saw and a reason of at least ten characters; each leaves the machine's
// findings as they are, and a line in the journal. They need access.WorkGroups and a person. Faults: Conflict
// "group.changed" when the group is not as it was shown any more, "group.over" when it no longer counts; Invalid "why".

// minReason is how long a reason is at least, in characters.
const minReason = 10

// Confirm says that the accounts act together. Every link's actions are sealed as an exhibit.
func (s *Store) Confirm(ctx context.Context, firm, id string, revision int, why string) error {
	return s.change(ctx, firm, id, revision, why, "group.confirmed", func(ctx context.Context, tx *db.Tx, g *Group) (map[string]string, error) {
		if g.State == Confirmed {
			return nil, fault.New(fault.Conflict, "group.confirmed")
		}
		if len(g.Accounts(false)) < minGroup {
			return nil, fault.New(fault.Invalid, "group.few", "Least", minGroup)
		}
		g.State = Confirmed
		if err := s.forgive(ctx, tx, firm, g.Accounts(false)); err != nil {
			return nil, err
		}
		return map[string]string{"members": strconv.Itoa(len(g.Accounts(false))), "links": strconv.Itoa(len(g.Links))}, s.freeze(ctx, tx, g)
	})
}

// Reject says that they do not. All pairs of its accounts are remembered: they are not suggested again before there are new
// posts on which they met and a smaller chance (see again).
func (s *Store) Reject(ctx context.Context, firm, id string, revision int, why string) error {
	return s.change(ctx, firm, id, revision, why, "group.rejected", func(ctx context.Context, tx *db.Tx, g *Group) (map[string]string, error) {
		g.State, g.Level = Rejected, g.Finding.Level
		return nil, s.refuse(ctx, tx, *g, refusedPairs(*g))
	})
}

// tellAlso tells of the other group that a verb made or changed: a line in its own journal, and whoever listens seals and notes it.
func (s *Store) tellAlso(ctx context.Context, g Group, verb, why string, data map[string]string) error {
	data["number"] = g.Name()
	if err := s.Journal.Record(ctx, journal.Entry{Firm: g.Firm, Ref: Ref(g.ID), Verb: verb, Why: strings.TrimSpace(why), Data: data}); err != nil {
		return err
	}
	return s.Jobs.Put(ctx, Changed{g.Firm, g.ID, true})
}

// minGroup is how many make a group.
const minGroup = 3

// Split makes a new group of some accounts; the rest stays under the old number. Both keep the machine's finding; the new
// group has the state of the old one. Links between the two sides are refused like those of a rejected group. Faults:
// Invalid "group.split" when a side would have fewer than three accounts, or one is not a member.
func (s *Store) Split(ctx context.Context, firm, id string, revision int, accounts []string, why string) (newID string, err error) {
	err = s.change(ctx, firm, id, revision, why, "group.split", func(ctx context.Context, tx *db.Tx, g *Group) (map[string]string, error) {
		there := g.Accounts(true)
		for _, a := range accounts {
			if !slices.Contains(there, a) {
				return nil, fault.New(fault.Invalid, "group.split", "Least", minGroup).On("accounts")
			}
		}
		accounts = slices.Compact(slices.Sorted(slices.Values(accounts)))
		if len(accounts) < minGroup || len(there)-len(accounts) < minGroup {
			return nil, fault.New(fault.Invalid, "group.split", "Least", minGroup).On("accounts")
		}
		var n Group
		if n, err = s.splitOff(ctx, tx, g, accounts); err != nil {
			return nil, err
		}
		newID = n.ID
		if err := s.tellAlso(ctx, n, "group.split", why, map[string]string{"from": g.Name()}); err != nil {
			return nil, err
		}
		return map[string]string{"new": n.Name(), "members": strconv.Itoa(len(accounts))}, nil
	})
	return newID, err
}

// Merge lets the group go on as part of another one of the same firm and place. Faults: Invalid "group.merge" when they are
// the same, of different places, or the other no longer counts.
func (s *Store) Merge(ctx context.Context, firm, id string, revision int, into, why string) error {
	return s.change(ctx, firm, id, revision, why, "group.merged", func(ctx context.Context, tx *db.Tx, g *Group) (map[string]string, error) {
		// Nobody decides about the other one either until this is saved.
		if _, err := tx.Exec(ctx, `UPDATE found_group SET revision = revision WHERE firm_id = $1 AND id = $2`, firm, into); err != nil {
			return nil, fmt.Errorf("hold group: %w", err)
		}
		to, err := s.load(ctx, firm, into)
		if err != nil {
			return nil, err
		}
		if to.ID == g.ID || to.Source != g.Source || !to.State.Live() {
			return nil, fault.New(fault.Invalid, "group.merge").On("into")
		}
		g.State, g.Became = Merged, to.ID
		if err := s.join(ctx, tx, *g, to); err != nil {
			return nil, err
		}
		return map[string]string{"into": to.Name()}, s.tellAlso(ctx, to, "group.merged", why, map[string]string{"from": g.Name()})
	})
}

// Decide says whether an account belongs. The machine does not change that again. Faults: NotFound "member"; Invalid
// "group.member" for another state than in or out, "group.few" when a confirmed group would have fewer than three.
func (s *Store) Decide(ctx context.Context, firm, id string, revision int, account string, to MemberState, why string) error {
	return s.change(ctx, firm, id, revision, why, "group.member."+string(to), func(ctx context.Context, tx *db.Tx, g *Group) (map[string]string, error) {
		if to != In && to != Out {
			return nil, fault.New(fault.Invalid, "group.member").On("state")
		}
		i := slices.IndexFunc(g.Members, func(m Member) bool { return m.Account == account })
		if i < 0 {
			return nil, fault.Missing("member")
		}
		g.Members[i].State = to
		if g.State == Confirmed && len(g.Accounts(false)) < minGroup {
			return nil, fault.New(fault.Invalid, "group.few", "Least", minGroup)
		}
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `UPDATE group_member SET state = $4, decided_at = $5, decided_by = $6, decided_name = $7
			WHERE firm_id = $1 AND group_id = $2 AND account = $3`, firm, id, account, string(to), tx.Now(), who.User, who.Name); err != nil {
			return nil, fmt.Errorf("decide member: %w", err)
		}
		unsign(g)
		return nil, s.freeze(ctx, tx, g)
	})
}

// SignOff says "organised, with signs of accounts made for it" (level 4). Only a confirmed group of level 3 with another
// kind of evidence at a chance of at most 0.01 / number of groups can be signed off. Faults: Invalid "group.signoff".
func (s *Store) SignOff(ctx context.Context, firm, id string, revision int, why string) error {
	return s.change(ctx, firm, id, revision, why, "group.signed", func(ctx context.Context, tx *db.Tx, g *Group) (map[string]string, error) {
		signs := g.Strong()
		if g.State != Confirmed || g.Level != Organised || g.Finding.Level < Organised || len(signs) == 0 {
			return nil, fault.New(fault.Invalid, "group.signoff")
		}
		who := access.From(ctx)
		g.Level, g.Signed, g.SignedBy, g.SignedName = Inauthentic, tx.Now(), who.User, who.Name
		return map[string]string{"signs": strings.Join(signs, ",")}, nil
	})
}

// unsign takes a signature back whose ground spoke of accounts that are out now.
func unsign(g *Group) {
	if !g.Signed.IsZero() && len(g.Strong()) == 0 {
		g.Level, g.Signed, g.SignedBy, g.SignedName = g.Finding.Level, time.Time{}, "", ""
	}
}

// Strong are the channels of the newest finding that speak strongly of at least three accounts that are in: the ground of SignOff.
func (g Group) Strong() []string { return strong(g.Finding, g.Accounts(false)) }

// strong are the channels that speak strongly of at least three of the accounts.
func strong(f Finding, accounts []string) (channels []string) {
	for _, c := range f.Signs {
		n := 0
		for _, a := range c.Members {
			if slices.Contains(accounts, a) {
				n++
			}
		}
		if c.Strong && n >= minGroup {
			channels = append(channels, c.Channel)
		}
	}
	return channels
}

// change runs a person's verb on a group as it was shown, saves it, and tells.
func (s *Store) change(ctx context.Context, firm, id string, revision int, why, verb string,
	rule func(context.Context, *db.Tx, *Group) (map[string]string, error)) error {
	if err := person(ctx, firm); err != nil {
		return err
	}
	if why = strings.TrimSpace(why); utf8.RuneCountInString(why) < minReason {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE found_group SET revision = revision + 1 WHERE firm_id = $1 AND id = $2 AND revision = $3`, firm, id, revision)
		if err != nil {
			return fmt.Errorf("hold group: %w", err)
		}
		g, err := s.load(ctx, firm, id)
		switch {
		case err != nil:
			return err
		case n == 0:
			return fault.New(fault.Conflict, "group.changed")
		case !g.State.Live():
			return fault.New(fault.Conflict, "group.over")
		}
		data, err := rule(ctx, tx, &g)
		if err != nil {
			return err
		}
		who := access.From(ctx)
		g.Decided, g.DecidedBy, g.DecidedName = tx.Now(), who.User, who.Name
		if err := s.put(ctx, tx, g); err != nil {
			return err
		}
		if err := s.hold(ctx, tx, firm, id, g.Version); err != nil {
			return err
		}
		if data == nil {
			data = map[string]string{}
		}
		data["number"], data["version"] = g.Name(), strconv.Itoa(g.Version)
		if err := s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: Ref(id), Verb: verb, Why: why, Data: data}); err != nil {
			return err
		}
		return s.Jobs.Put(ctx, Changed{firm, id, true})
	})
}

// person refuses the program: what groups are is said by people.
func person(ctx context.Context, firm string) error {
	if err := access.Check(ctx, access.WorkGroups, firm); err != nil {
		return err
	}
	if access.From(ctx).System != "" {
		return fault.New(fault.Forbidden, "forbidden", "perm", string(access.WorkGroups))
	}
	return nil
}
