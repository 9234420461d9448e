package group

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"chop/internal/db"
	"chop/internal/journal"
)

// How long findings are kept that nobody acted on: figures that follow a storm replace each other within the first, and are
// cleared away after the second.
const (
	passing = 10 * time.Minute
	unkept  = 48 * time.Hour
)

const sealInput = "group input"

// save holds a run's findings against the groups of the place and keeps what changed. news tells of a new group, a
// changed level, or other accounts in a group or a finding; late that a newer run or a person spoke of a group since this run read its actions, so that
// it kept silent there.
func (s *Store) save(ctx context.Context, r run) (news, late bool, err error) {
	var sealed []byte
	if r.digest != "" {
		if sealed, err = s.Seal.Seal(ctx, r.firm, sealInput, r.digest, r.packed); err != nil {
			return false, false, fmt.Errorf("seal input: %w", err)
		}
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		k := keeping{s: s, tx: tx, r: r, sealed: sealed}
		if err := k.load(ctx); err != nil {
			return err
		}
		for _, step := range []func(context.Context) error{k.known, k.fresh, k.lost, k.tidy} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		news, late = k.news, k.late
		return nil
	})
	return news, late, err
}

// keeping is one run on its way into the database.
type keeping struct {
	s       *Store
	tx      *db.Tx
	r       run
	sealed  []byte
	groups  []Group // live ones of the place
	dead    []Group // rejected ones
	refused map[[2]string]refusal
	out     map[string]bool // left out since the run began
	found   []Finding
	plan    plan
	wrote   bool // the input is kept
	news    bool
	late    bool // others spoke of a group since this run read
}

func (k *keeping) load(ctx context.Context) (err error) {
	// Nobody decides about these groups until this run is saved.
	if _, err := k.tx.Exec(ctx, `UPDATE found_group SET revision = revision WHERE firm_id = $1 AND source_id = $2`, k.r.firm, k.r.src); err != nil {
		return fmt.Errorf("hold groups: %w", err)
	}
	all, err := k.s.query(ctx, `g.firm_id = $1 AND g.source_id = $2 AND g.state IN ('suggested', 'confirmed', 'rejected')`, k.r.firm, k.r.src)
	if err != nil {
		return err
	}
	for _, g := range all {
		if g.State.Live() {
			k.groups = append(k.groups, g)
		} else {
			k.dead = append(k.dead, g)
		}
	}
	if k.out, err = k.s.KnownKeys(ctx, k.r.firm); err != nil {
		return err
	}
	k.refused = map[[2]string]refusal{}
	if err := k.tx.Each(ctx, `SELECT a, b, shared, p FROM group_refused WHERE firm_id = $1`, []any{k.r.firm}, func(scan func(...any) error) error {
		var a, b string
		var r refusal
		err := scan(&a, &b, &r.shared, &r.p)
		k.refused[[2]string{a, b}] = r
		return err
	}); err != nil {
		return fmt.Errorf("read refused pairs: %w", err)
	}
	for _, f := range k.r.findings() {
		k.found = append(k.found, only(f, func(a string) bool { return !k.out[a] }))
	}
	k.plan = matched(k.groups, k.found)
	return nil
}

// known updates the groups that the run found again.
func (k *keeping) known(ctx context.Context) error {
	for _, g := range k.groups {
		if len(k.plan.of[g.ID]) == 0 {
			continue
		}
		f := k.plan.portion(g, k.groups, k.found)
		if g.State == Suggested {
			var some bool
			if f, some = allowed(f, k.refused); !some {
				continue
			}
		}
		if len(f.Members) < minGroup {
			continue
		}
		if err := k.update(ctx, g, f); err != nil {
			return err
		}
	}
	return nil
}

// older tells whether a newer run, or a person, spoke of the group since this run read: a full run takes its time, and the
// actions that came meanwhile are not in it.
func (k *keeping) older(g Group) bool {
	old := g.Finding.At.After(k.r.at) || g.MadeAt.After(k.r.at)
	k.late = k.late || old
	return old
}

// supplement adds to a newer finding what only the full run knows, when it speaks of the same accounts.
func (k *keeping) supplement(ctx context.Context, g Group, f Finding) error {
	if f.Runs == 0 || !sameMembers(g.Finding, f) {
		return nil
	}
	now := g.Finding
	now.Runs, now.Larger, now.Rate, now.Signs, now.Version = f.Runs, f.Larger, f.Rate, f.Signs, g.Version+1
	if err := k.keep(ctx, g.ID, now); err != nil {
		return err
	}
	g.Version = now.Version
	return k.s.put(ctx, k.tx, g)
}

// update gives a group its newest finding.
func (k *keeping) update(ctx context.Context, g Group, f Finding) error {
	if k.older(g) {
		return k.supplement(ctx, g, f)
	}
	if f.Runs == 0 && sameMembers(g.Finding, f) { // the rate of false groups is the full run's and holds while the members do
		f.Runs, f.Larger, f.Rate = g.Finding.Runs, g.Finding.Larger, g.Finding.Rate
	}
	if k.r.signs == nil { // they are the full run's
		f.Signs = g.Finding.Signs
	}
	add, drop := joins(g, f)
	level := claimed(g, f)
	proof := k.r.proof(g)
	significant := len(add)+len(drop) > 0 || level != g.Level
	if !significant && sameFigures(g.Finding, f) && proof == g.Proof {
		return k.foundAgain(ctx, g)
	}
	k.news = k.news || !sameMembers(g.Finding, f) // a rate of false groups is told of other accounts
	f.Version = g.Version + 1
	if err := k.keep(ctx, g.ID, f); err != nil {
		return err
	}
	rose := level > g.Level
	g.Version, g.Level, g.Proof, g.Finding = f.Version, level, proof, f
	if level < Inauthentic && !g.Signed.IsZero() {
		g.Signed, g.SignedBy, g.SignedName = time.Time{}, "", ""
		if err := k.record(ctx, g, "group.unsigned"); err != nil {
			return err
		}
	}
	if err := k.members(ctx, g, add, drop); err != nil {
		return err
	}
	if !settled(g) && len(add)+len(drop) > 0 { // nobody relies on its membership yet: the forecast follows it
		if err := k.s.freeze(ctx, k.tx, &g); err != nil {
			return err
		}
	}
	if err := k.s.put(ctx, k.tx, g); err != nil {
		return err
	}
	if err := k.foundAgain(ctx, g); err != nil || !significant {
		return err
	}
	k.news = true
	if _, err := k.tx.Exec(ctx, `UPDATE found_group SET revision = revision + 1 WHERE firm_id = $1 AND id = $2`, g.Firm, g.ID); err != nil {
		return err
	}
	if rose {
		if err := k.record(ctx, g, "group.risen"); err != nil {
			return err
		}
		return k.tell(ctx, g)
	}
	return k.s.Jobs.Put(ctx, Changed{g.Firm, g.ID, false})
}

// foundAgain takes back that a group was lost.
func (k *keeping) foundAgain(ctx context.Context, g Group) error {
	_, err := k.tx.Exec(ctx, `UPDATE found_group SET lost_at = 0 WHERE firm_id = $1 AND id = $2 AND lost_at > 0`, g.Firm, g.ID)
	return err
}

func sameMembers(a, b Finding) bool {
	if len(a.Members) != len(b.Members) {
		return false
	}
	for _, m := range a.Members {
		if !slices.ContainsFunc(b.Members, func(x FoundMember) bool { return x.Account == m.Account && x.Uncertain == m.Uncertain }) {
			return false
		}
	}
	return true
}

// sameFigures tells whether nothing of the group itself changed; what else was read does not count.
func sameFigures(a, b Finding) bool {
	plain := func(f Finding) string {
		f.Version, f.At, f.Input, f.Actions, f.Tested, f.Pairs, f.Seen, f.NoTimes, f.Left = 0, time.Time{}, "", 0, 0, 0, 0, 0, 0
		raw, _ := json.Marshal(f)
		return string(raw)
	}
	return plain(a) == plain(b)
}

// fresh makes groups of what is new, or takes a rejected one up again when there is evidence that nobody had seen.
func (k *keeping) fresh(ctx context.Context) error {
	for _, i := range k.plan.fresh {
		f, some := allowed(k.found[i], k.refused)
		if !some || len(f.Members) < minGroup {
			continue
		}
		var err error
		if at := slices.IndexFunc(k.dead, func(g Group) bool { return same(everybody(g), f) }); at >= 0 {
			err = k.revive(ctx, k.dead[at], f)
		} else {
			err = k.make(ctx, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *keeping) make(ctx context.Context, f Finding) error {
	f.Version = 1
	g := Group{Firm: k.r.firm, Source: k.r.src, Level: f.Level, State: Suggested, Version: 1, Finding: f}
	if err := k.s.insert(ctx, k.tx, &g); err != nil {
		return err
	}
	if err := k.keep(ctx, g.ID, f); err != nil {
		return err
	}
	add, _ := joins(g, f)
	if err := k.members(ctx, g, add, nil); err != nil {
		return err
	}
	if err := k.s.freeze(ctx, k.tx, &g); err != nil {
		return err
	}
	if err := k.s.put(ctx, k.tx, g); err != nil {
		return err
	}
	k.news = true
	if err := k.record(ctx, g, "group.found"); err != nil {
		return err
	}
	return k.tell(ctx, g)
}

// revive suggests a rejected group again, under its number, and tells of it again.
func (k *keeping) revive(ctx context.Context, g Group, f Finding) error {
	f.Version = g.Version + 1
	if err := k.keep(ctx, g.ID, f); err != nil {
		return err
	}
	g.State, g.Level, g.Version, g.Finding = Suggested, f.Level, f.Version, f
	g.Decided, g.DecidedBy, g.DecidedName = time.Time{}, "", "" // of this evidence nobody has said anything
	add, drop := joins(g, f)
	if err := k.members(ctx, g, add, drop); err != nil {
		return err
	}
	if err := k.s.freeze(ctx, k.tx, &g); err != nil {
		return err
	}
	if err := k.s.put(ctx, k.tx, g); err != nil {
		return err
	}
	if _, err := k.tx.Exec(ctx, `UPDATE found_group SET revision = revision + 1, lost_at = 0, told = 0 WHERE firm_id = $1 AND id = $2`, g.Firm, g.ID); err != nil {
		return err
	}
	k.news = true
	if err := k.record(ctx, g, "group.again"); err != nil {
		return err
	}
	return k.tell(ctx, g)
}

// tell says that there is a group to look at, unless that level was told of before.
func (k *keeping) tell(ctx context.Context, g Group) error {
	n, err := k.tx.Exec(ctx, `UPDATE found_group SET told = $3 WHERE firm_id = $1 AND id = $2 AND told < $3`, g.Firm, g.ID, int(g.Level))
	if err != nil || n == 0 {
		return err
	}
	if err := k.s.hold(ctx, k.tx, g.Firm, g.ID, g.Version); err != nil {
		return err
	}
	return k.s.Jobs.Put(ctx, Found{g.Firm, g.ID})
}

func (k *keeping) record(ctx context.Context, g Group, verb string) error {
	return k.s.Journal.Record(ctx, journal.Entry{Firm: g.Firm, Ref: Ref(g.ID), Verb: verb,
		Data: map[string]string{"number": g.Name(), "level": g.Level.Code(), "version": strconv.Itoa(g.Version)}})
}

// keep writes a finding with its input, in place of the last one when that was only passing.
func (k *keeping) keep(ctx context.Context, id string, f Finding) error {
	if !k.wrote {
		if _, err := k.tx.Exec(ctx, `INSERT INTO group_input (firm_id, digest, source_id, at, actions, sealed) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT DO NOTHING`, k.r.firm, k.r.digest, k.r.src, k.r.at, len(k.r.in.Acts), k.sealed); err != nil {
			return fmt.Errorf("keep input: %w", err)
		}
		k.wrote = true
	}
	if _, err := k.tx.Exec(ctx, `DELETE FROM group_version WHERE firm_id = $1 AND group_id = $2 AND n = $3 AND kept = FALSE AND at > $4`,
		k.r.firm, id, f.Version-1, k.r.at.Add(-passing)); err != nil {
		return fmt.Errorf("replace passing finding: %w", err)
	}
	return k.s.addVersion(ctx, k.tx, k.r.firm, id, f)
}

// members adds and drops accounts by the machine's word, and keeps names fresh.
func (k *keeping) members(ctx context.Context, g Group, add map[string]MemberState, drop []string) error {
	var rows [][]any
	for _, a := range slices.Sorted(mapKeys(add)) {
		rows = append(rows, []any{g.Firm, g.ID, a, k.r.names[a], string(add[a]), false, k.tx.Now()})
	}
	if len(rows) > 0 {
		if _, err := k.tx.Insert(ctx, `INSERT INTO group_member (firm_id, group_id, account, name, state, frozen, added_at)`, rows,
			`ON CONFLICT (firm_id, group_id, account) DO UPDATE SET state = excluded.state, name = excluded.name`); err != nil {
			return fmt.Errorf("save members: %w", err)
		}
	}
	for _, a := range drop {
		if _, err := k.tx.Exec(ctx, `DELETE FROM group_member WHERE firm_id = $1 AND group_id = $2 AND account = $3`, g.Firm, g.ID, a); err != nil {
			return fmt.Errorf("drop member: %w", err)
		}
	}
	return nil
}

func mapKeys(m map[string]MemberState) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// absorb ends a suggested group that turned out to be part of another one.
func (k *keeping) absorb(ctx context.Context, g Group, into string) error {
	g.State, g.Became = Merged, into
	if err := k.s.put(ctx, k.tx, g); err != nil {
		return err
	}
	if _, err := k.tx.Exec(ctx, `UPDATE found_group SET revision = revision + 1 WHERE firm_id = $1 AND id = $2`, g.Firm, g.ID); err != nil {
		return err
	}
	k.news = true
	if err := k.record(ctx, g, "group.merged"); err != nil {
		return err
	}
	return k.s.Jobs.Put(ctx, Changed{g.Firm, g.ID, false})
}

// lost marks the groups that a run no longer finds.
func (k *keeping) lost(ctx context.Context) error {
	for _, g := range k.groups {
		if len(k.plan.of[g.ID]) > 0 || k.older(g) {
			continue
		}
		if into := k.plan.absorbed[g.ID]; into != "" {
			if err := k.absorb(ctx, g, into); err != nil {
				return err
			}
			continue
		}
		n, err := k.tx.Exec(ctx, `UPDATE found_group SET lost_at = $3 WHERE firm_id = $1 AND id = $2 AND lost_at = 0`, g.Firm, g.ID, k.tx.Now())
		if err != nil {
			return fmt.Errorf("mark lost group: %w", err)
		}
		if proof := k.r.proof(g); n > 0 || proof != g.Proof { // what came on new posts is told most of all when it speaks against
			g.Proof = proof
			if err := k.s.put(ctx, k.tx, g); err != nil {
				return err
			}
		}
	}
	return nil
}

// tidy clears away findings that nobody acted on, and inputs that no finding needs any more.
func (k *keeping) tidy(ctx context.Context) error {
	if _, err := k.tx.Exec(ctx, `DELETE FROM group_version WHERE firm_id = $1 AND kept = FALSE AND at < $2 AND n < (SELECT g.version FROM found_group g
		WHERE g.firm_id = group_version.firm_id AND g.id = group_version.group_id)`, k.r.firm, k.tx.Now().Add(-unkept)); err != nil {
		return fmt.Errorf("clear old findings: %w", err)
	}
	_, err := k.tx.Exec(ctx, `DELETE FROM group_input WHERE firm_id = $1 AND NOT EXISTS (SELECT 1 FROM group_version v
		WHERE v.firm_id = group_input.firm_id AND v.input = group_input.digest)`, k.r.firm)
	if err != nil {
		return fmt.Errorf("clear old inputs: %w", err)
	}
	return nil
}
