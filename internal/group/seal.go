package group

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// linkExhibits is how many links, the strongest first, get an exhibit of their own; the actions of all stand in the
// exhibit of the whole group.
const linkExhibits = 20

// Sealed seals the actions of a confirmed group as exhibits: one of the whole group with the machine's finding, and one for
// each of the strongest links. It hears Changed, inside a transaction; the same actions are sealed once.
func (s *Store) Sealed(ctx context.Context, e Changed) error {
	if !e.Person { // what a person looked at is sealed, not what came after
		return nil
	}
	g, err := s.load(ctx, e.Firm, e.ID)
	if err != nil || g.State != Confirmed {
		return err
	}
	acts, cut, err := s.acts(ctx, g)
	if err != nil {
		return err
	}
	limits := sealLimits(cut)
	ctx = access.With(ctx, access.System(g.Firm))
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		whole, err := s.sealWhole(ctx, g, acts, limits)
		if err != nil {
			return err
		}
		if whole == g.Exhibit {
			return nil
		}
		links := g.Links[:min(len(g.Links), linkExhibits)]
		for _, l := range links {
			if err := s.sealLink(ctx, tx, g, l, acts, limits); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE found_group SET exhibit_id = $3 WHERE firm_id = $1 AND id = $2`, g.Firm, g.ID, whole); err != nil {
			return fmt.Errorf("note exhibit of group: %w", err)
		}
		tx.Touch(g.Firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: g.Firm, Ref: Ref(g.ID), Verb: "group.sealed",
			Data: map[string]string{"number": g.Name(), "links": strconv.Itoa(len(links)), "actions": strconv.Itoa(len(acts))}})
	})
}

// sealWhole is the group as it was confirmed: who, by what figures, and everything they did at the place.
func (s *Store) sealWhole(ctx context.Context, g Group, acts []Act, limits []string) (id string, err error) {
	finding := g.Finding
	finding.Version, finding.At = 0, time.Time{} // the same group is the same exhibit
	members := make([][]string, 0, len(g.Members))
	for _, m := range g.Members {
		members = append(members, []string{m.Account, m.Name, string(m.State), m.Role})
	}
	raw, err := json.MarshalIndent(finding, "", "  ")
	if err != nil {
		return "", err
	}
	accounts, err := table([]string{"account", "name", "state", "role"}, members)
	if err != nil {
		return "", err
	}
	in := g.Accounts(true)
	all, err := table(actHead, actRows(acts, func(a Act) bool { return slices.Contains(in, a.Account) }))
	if err != nil {
		return "", err
	}
	x, err := s.Evidence.Preserve(ctx, evidence.Capture{Firm: g.Firm, Ref: Ref(g.ID), Title: g.Name(), Level: evidence.L1, Cause: "group",
		Files: []evidence.File{{Name: "accounts.csv", Media: "text/csv", Body: accounts}, {Name: "actions.csv", Media: "text/csv", Body: all},
			{Name: "finding.json", Media: "application/json", Body: raw}},
		Meta:   map[string]string{"how": "api", "group": g.Name(), "input": g.Finding.Input, "code": g.Finding.Code},
		Limits: limits})
	if err != nil {
		return "", fmt.Errorf("seal group %s: %w", g.ID, err)
	}
	return x.ID, nil
}

// sealLink is what two accounts did under the posts of both.
func (s *Store) sealLink(ctx context.Context, tx *db.Tx, g Group, l Link, acts []Act, limits []string) error {
	of := map[string]int{}
	for _, a := range acts {
		if a.Account == l.A {
			of[a.Object] |= 1
		}
		if a.Account == l.B {
			of[a.Object] |= 2
		}
	}
	body, err := table(actHead, actRows(acts, func(a Act) bool { return of[a.Object] == 3 && (a.Account == l.A || a.Account == l.B) }))
	if err != nil {
		return err
	}
	title := g.Name()
	if a, _ := g.Member(l.A); a.Name != "" {
		b, _ := g.Member(l.B)
		title += ": " + a.Name + ", " + b.Name
	}
	x, err := s.Evidence.Preserve(ctx, evidence.Capture{Firm: g.Firm, Ref: reason.Ref{Kind: "group", ID: g.ID}, Title: title, Level: evidence.L1,
		Cause: "group", Files: []evidence.File{{Name: "actions.csv", Media: "text/csv", Body: body}},
		Meta: map[string]string{"how": "api", "group": g.Name(), "a": l.A, "b": l.B, "shared": strconv.Itoa(l.Shared), "together": strconv.Itoa(l.Together),
			"within_s": strconv.FormatFloat(l.Within.Seconds(), 'g', -1, 64), "expected": strconv.FormatFloat(l.Expected, 'g', 4, 64),
			"q": strconv.FormatFloat(l.Q, 'g', 4, 64)},
		Limits: limits})
	if err != nil {
		return fmt.Errorf("seal link of group %s: %w", g.ID, err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO group_exhibit (firm_id, group_id, a, b, exhibit_id, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (firm_id, group_id, a, b) DO UPDATE SET exhibit_id = excluded.exhibit_id, at = excluded.at`, g.Firm, g.ID, l.A, l.B, x.ID, tx.Now())
	return err
}

var actHead = []string{"post", "account", "name", "kind", "mention", "at"}

func actRows(acts []Act, fits func(Act) bool) (rows [][]string) {
	for _, a := range acts {
		if fits(a) {
			rows = append(rows, []string{a.Object, a.Account, a.Name, a.Kind, a.Mention, a.At.Format(time.RFC3339Nano)})
		}
	}
	return rows
}

// table writes CSV. Cells that a spreadsheet would take for a formula are written behind an apostrophe.
func table(head []string, rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(head) // the writer keeps its error until Flush
	for _, r := range rows {
		for i, c := range r {
			if c != "" && slices.Contains([]byte("=+-@\t\r"), c[0]) {
				r[i] = "'" + c
			}
		}
		_ = w.Write(r)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// Acts is what the accounts of a group did at their place, oldest first. Needs what Find needs.
func (s *Store) Acts(ctx context.Context, firm, id string) ([]Act, error) {
	g, err := s.Find(ctx, firm, id)
	if err != nil {
		return nil, err
	}
	acts, _, err := s.acts(ctx, g)
	return acts, err
}

// acts is what the accounts did; cut tells that there is more under older posts.
func (s *Store) acts(ctx context.Context, g Group) (acts []Act, cut bool, err error) {
	in, err := s.gather(ctx, g.Firm, g.Source, quickActs, nil)
	if err != nil {
		return nil, false, err
	}
	named := everybody(g)
	return slices.DeleteFunc(in.acts, func(a Act) bool { return !slices.Contains(named, a.Account) }), in.cut, nil
}

// sealLimits is what an exhibit of actions cannot show.
func sealLimits(cut bool) []string {
	limits := []string{"a table of actions as the places told them; no picture of a page"}
	if cut {
		limits = append(limits, fmt.Sprintf("of the newest %d comments and as many reactions at the place; there are older ones", quickActs))
	}
	return limits
}

// Under is everything that happened under some objects of a place, members or not, oldest first: for the lanes of a page.
// Needs what Find needs.
func (s *Store) Under(ctx context.Context, firm, id string, objects ...string) ([]Act, error) {
	g, err := s.Find(ctx, firm, id)
	if err != nil {
		return nil, err
	}
	in, err := s.gather(ctx, g.Firm, g.Source, quickActs, nil)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(in.acts, func(a Act) bool { return !slices.Contains(objects, a.Object) }), nil
}

// Attach hands the group to a case: it is in the case's papers, and the firm's lawyer sees it. Needs access.WorkGroups and
// a person; the caller puts it into the case in the same transaction. Faults as of other verbs.
func (s *Store) Attach(ctx context.Context, firm, id string, revision int, caseID, why string) error {
	return s.change(ctx, firm, id, revision, why, "group.handed", func(_ context.Context, _ *db.Tx, g *Group) (map[string]string, error) {
		if caseID == "" {
			return nil, fault.Missing("case")
		}
		g.Case = caseID
		return map[string]string{"case": caseID}, nil
	})
}
