package group

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"chop/internal/access"
	"chop/internal/db"
)

// put saves what people and runs may change of a group; its revision was counted by whoever holds it.
func (s *Store) put(ctx context.Context, tx *db.Tx, g Group) error {
	proof, err := json.Marshal(g.Proof)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE found_group SET level = $3, state = $4, version = $5, changed_at = $6, decided_at = $7, decided_by = $8, decided_name = $9,
		signed_at = $10, signed_by = $11, signed_name = $12, became = $13, case_id = $14, frozen_at = $15, proof = $16, exhibit_id = $17 WHERE firm_id = $1 AND id = $2`,
		g.Firm, g.ID, int(g.Level), string(g.State), g.Version, tx.Now(), g.Decided, g.DecidedBy, g.DecidedName, g.Signed, g.SignedBy, g.SignedName,
		g.Became, g.Case, g.Frozen, string(proof), g.Exhibit)
	if err != nil {
		return fmt.Errorf("save group: %w", err)
	}
	tx.Touch(g.Firm, Topic)
	return nil
}

// insert makes a group known under the next number of the firm.
func (s *Store) insert(ctx context.Context, tx *db.Tx, g *Group) error {
	g.ID, g.MadeAt, g.Changed, g.Frozen, g.Proof = db.NewID(), tx.Now(), tx.Now(), tx.Now(), Proof{P: 1}
	if _, err := tx.One(ctx, `SELECT coalesce(max(number), 0) + 1 FROM found_group WHERE firm_id = $1`, []any{g.Firm}, &g.Number); err != nil {
		return fmt.Errorf("number group: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO found_group (firm_id, id, number, source_id, level, state, version, revision, made_at, changed_at, origin, frozen_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8, $9, $8)`, g.Firm, g.ID, g.Number, g.Source, int(g.Level), string(g.State), g.Version, tx.Now(),
		g.Origin); err != nil {
		return fmt.Errorf("save new group: %w", err)
	}
	g.Revision = 1
	tx.Touch(g.Firm, Topic)
	return nil
}

// addVersion keeps a finding of the machine.
func (s *Store) addVersion(ctx context.Context, tx *db.Tx, firm, id string, f Finding) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO group_version (firm_id, group_id, n, at, input, finding) VALUES ($1, $2, $3, $4, $5, $6)`,
		firm, id, f.Version, f.At, f.Input, string(raw)); err != nil {
		return fmt.Errorf("keep finding: %w", err)
	}
	return nil
}

// hold keeps a finding for good: a person acted on it, or was told of it.
func (s *Store) hold(ctx context.Context, tx *db.Tx, firm, id string, n int) error {
	if _, err := tx.Exec(ctx, `UPDATE group_version SET kept = TRUE WHERE firm_id = $1 AND group_id = $2 AND n = $3`, firm, id, n); err != nil {
		return fmt.Errorf("keep what was decided on: %w", err)
	}
	return nil
}

// freeze begins the forecast anew with those who are in: only posts from now on count.
func (s *Store) freeze(ctx context.Context, tx *db.Tx, g *Group) error {
	if _, err := tx.Exec(ctx, `UPDATE group_member SET frozen = (state = 'in') WHERE firm_id = $1 AND group_id = $2`, g.Firm, g.ID); err != nil {
		return fmt.Errorf("freeze group: %w", err)
	}
	g.Frozen, g.Proof = tx.Now(), Proof{P: 1, Window: windowOf(g.Finding)}
	return nil
}

// refuse remembers pairs that a person said do not belong together.
func (s *Store) refuse(ctx context.Context, tx *db.Tx, g Group, links []Link) error {
	var rows [][]any
	for _, l := range links {
		a, b := min(l.A, l.B), max(l.A, l.B)
		rows = append(rows, []any{g.Firm, a, b, l.Shared, l.P, tx.Now(), g.ID})
	}
	_, err := tx.Insert(ctx, `INSERT INTO group_refused (firm_id, a, b, shared, p, seen_at, group_id)`, rows, `ON CONFLICT (firm_id, a, b) DO UPDATE SET
		shared = excluded.shared, p = CASE WHEN excluded.p < group_refused.p THEN excluded.p ELSE group_refused.p END, seen_at = excluded.seen_at,
		group_id = excluded.group_id`)
	if err != nil {
		return fmt.Errorf("remember refused pairs: %w", err)
	}
	return nil
}

// forgive forgets refusals among accounts of which a person says that they belong together.
func (s *Store) forgive(ctx context.Context, tx *db.Tx, firm string, accounts []string) error {
	for part := range slices.Chunk(accounts, 500) {
		args := append([]any{firm}, db.Args(part)...)
		all := db.Args(accounts[:min(len(accounts), 10_000)])
		if _, err := tx.Exec(ctx, `DELETE FROM group_refused WHERE firm_id = $1 AND a IN (`+db.Marks(2, len(part))+`) AND b IN (`+db.Marks(2+len(part), len(all))+`)`,
			append(args, all...)...); err != nil {
			return fmt.Errorf("forget refused pairs: %w", err)
		}
	}
	return nil
}

// splitOff moves accounts into a new group with the same finding, and refuses the links across.
func (s *Store) splitOff(ctx context.Context, tx *db.Tx, g *Group, accounts []string) (n Group, err error) {
	n = Group{Firm: g.Firm, Source: g.Source, Level: min(g.Level, Organised), State: g.State, Version: 1, Origin: g.ID, Finding: g.Finding}
	if err := s.insert(ctx, tx, &n); err != nil {
		return n, err
	}
	f := g.Finding
	f.Version = 1
	if err := s.addVersion(ctx, tx, n.Firm, n.ID, f); err != nil {
		return n, err
	}
	if err := s.hold(ctx, tx, n.Firm, n.ID, 1); err != nil {
		return n, err
	}
	if _, err := tx.Exec(ctx, `UPDATE group_member SET group_id = $3 WHERE firm_id = $1 AND group_id = $2 AND account IN (`+db.Marks(4, len(accounts))+`)`,
		append([]any{g.Firm, g.ID, n.ID}, db.Args(accounts)...)...); err != nil {
		return n, fmt.Errorf("move members: %w", err)
	}
	var across []Link
	for _, l := range g.Links {
		if slices.Contains(accounts, l.A) != slices.Contains(accounts, l.B) {
			across = append(across, l)
		}
	}
	if err := s.refuse(ctx, tx, *g, across); err != nil {
		return n, err
	}
	who := access.From(ctx)
	n.Decided, n.DecidedBy, n.DecidedName = tx.Now(), who.User, who.Name
	g.Level = min(g.Level, Organised)
	if err := s.freeze(ctx, tx, g); err != nil {
		return n, err
	}
	if err := s.freeze(ctx, tx, &n); err != nil {
		return n, err
	}
	return n, s.put(ctx, tx, n)
}

// join moves the members of a group to another one, which keeps its own word on those it knows.
func (s *Store) join(ctx context.Context, tx *db.Tx, g, to Group) error {
	if _, err := tx.Exec(ctx, `INSERT INTO group_member (firm_id, group_id, account, name, state, frozen, added_at, decided_at, decided_by, decided_name)
		SELECT firm_id, $3, account, name, state, FALSE, $4, decided_at, decided_by, decided_name FROM group_member
		WHERE firm_id = $1 AND group_id = $2 ON CONFLICT DO NOTHING`, g.Firm, g.ID, to.ID, tx.Now()); err != nil {
		return fmt.Errorf("merge members: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE found_group SET revision = revision + 1 WHERE firm_id = $1 AND id = $2`, to.Firm, to.ID); err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	if err := s.forgive(ctx, tx, to.Firm, append(everybody(to), everybody(g)...)); err != nil {
		return err
	}
	if err := s.freeze(ctx, tx, &to); err != nil {
		return err
	}
	f := united(to.Finding, g.Finding)
	f.Version, f.At = to.Version+1, tx.Now()
	to.Version = f.Version
	if err := s.addVersion(ctx, tx, to.Firm, to.ID, f); err != nil {
		return err
	}
	if err := s.hold(ctx, tx, to.Firm, to.ID, f.Version); err != nil {
		return err
	}
	who := access.From(ctx)
	to.Decided, to.DecidedBy, to.DecidedName = tx.Now(), who.User, who.Name
	return s.put(ctx, tx, to)
}

// united is the figures of a group with those of another one beside them. Group-wide figures stay those of the first.
func united(f, other Finding) Finding {
	f.Members, f.Links = slices.Clone(f.Members), slices.Clone(f.Links)
	for _, m := range other.Members {
		if !slices.ContainsFunc(f.Members, func(x FoundMember) bool { return x.Account == m.Account }) {
			f.Members = append(f.Members, m)
		}
	}
	for _, l := range other.Links {
		if !slices.ContainsFunc(f.Links, func(x Link) bool { return x.A == l.A && x.B == l.B }) {
			f.Links = append(f.Links, l)
		}
	}
	return f
}
