package crisis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// A merge moves nothing: the younger case points at the older one, and whoever reads the older one reads both. So a wrong
// merge is taken back by taking the pointer away, and nothing of either history is lost.

// Merge makes two open cases of a firm one. The older one goes on, so that no clock becomes shorter; the younger one
// leads to it from now on, with its items, tasks, notes and history. It gives the case that goes on. Needs
// access.WorkCases and a reason. Faults: Invalid "cases.to", "why"; Conflict "case.merged".
func (s *Store) Merge(ctx context.Context, firm, a, b, why string) (into Case, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		from, err := s.pair(ctx, tx, firm, a, b, why)
		if err != nil {
			return err
		}
		into = from[1]
		return s.merge(ctx, tx, from[0], &into, why)
	})
	return into, err
}

// pair holds the two cases of a merge, the one that ends first.
func (s *Store) pair(ctx context.Context, tx *db.Tx, firm, a, b, why string) (p [2]Case, err error) {
	if err := access.Check(ctx, access.WorkCases, firm); err != nil {
		return p, err
	}
	if tooShort(why) {
		return p, fault.New(fault.Invalid, "why").On("why")
	}
	if a == b {
		return p, fault.New(fault.Invalid, "cases.to").On("to")
	}
	if a > b { // every merge holds its rows in the same order
		a, b = b, a
	}
	for i, id := range []string{b, a} {
		if p[i], err = s.held(ctx, tx, firm, id); err != nil {
			return p, err
		}
		switch {
		case p[i].Merged():
			return p, fault.New(fault.Conflict, "case.merged")
		case !p[i].Open():
			return p, fault.New(fault.Invalid, "cases.to").On("to")
		}
	}
	if p[0].OpenedAt.Before(p[1].OpenedAt) {
		p[0], p[1] = p[1], p[0]
	}
	return p, nil
}

func (s *Store) merge(ctx context.Context, tx *db.Tx, from Case, into *Case, why string) error {
	if err := s.followAlerts(ctx, from, *into); err != nil {
		return err
	}
	now := tx.Now()
	if into.Lead == "" && from.Lead != "" {
		if err := into.Accept(from.Lead, now); err != nil {
			return err
		}
	}
	if from.Status != Contained && into.Status == Contained {
		into.again(now) // what goes on in the one goes on in both
	}
	into.Severity, into.Priority = max(into.Severity, from.Severity), min(into.Priority, from.Priority)
	into.AckedAt, into.ActedAt, into.SolvedAt = first(into.AckedAt, from.AckedAt), first(into.ActedAt, from.ActedAt), time.Time{}
	into.LastAt, into.lookAt = now, now
	from.mergedWas, from.Status, from.ClosedAt, from.MergedInto, from.Root = from.Status, Closed, now, into.ID, into.ID
	from.LastAt, from.lookAt = now, time.Time{}
	for _, c := range []Case{from, *into} {
		if err := s.put(ctx, tx, c); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE crisis SET root = $3 WHERE firm_id = $1 AND root = $2`, from.Firm, from.ID, into.ID); err != nil {
		return fmt.Errorf("follow a merge: %w", err)
	}
	facts := map[string]string{"number": from.Number, "into": into.Number, "why": why}
	if err := s.Note(ctx, into.Firm, into.ID, Event{What: "merged", Facts: facts, Ref: from.Ref()}); err != nil {
		return err
	}
	for _, c := range []Case{from, *into} {
		if err := s.Journal.Record(ctx, journal.Entry{Firm: c.Firm, Ref: c.Ref(), Verb: "case.merged", Why: why,
			Data: map[string]string{"from": from.ID, "into": into.ID}}); err != nil {
			return err
		}
	}
	return s.tellCircle(ctx, *into, "tell.case.merged")
}

// followAlerts: an alert of the younger case that nobody has taken rings on for the older one.
func (s *Store) followAlerts(ctx context.Context, from, into Case) error {
	list, err := s.Alerts.List(ctx, alert.Filter{Firm: from.Firm, Limit: 1000})
	if err != nil {
		return err
	}
	for _, a := range list {
		late := strings.HasPrefix(a.Key, lateKey(from.ID, ""))
		if a.Key != AlertKey(from.ID) && !late {
			continue
		}
		if err := s.Alerts.ResolveKey(ctx, from.Firm, a.Key); err != nil {
			return err
		}
		if late || a.State == alert.Acknowledged {
			continue
		}
		if _, err := s.Alerts.Raise(ctx, alert.New{Firm: from.Firm, Key: AlertKey(into.ID), Priority: a.Priority, Title: a.Title, Facts: a.Facts,
			Ref: into.Ref(), URL: "/cases/" + into.ID}); err != nil {
			return err
		}
	}
	return nil
}

// Unmerge takes a merge back: the case stands on its own again as it was, with everything that was its own. What came
// into the joined case since stays there. Needs access.WorkCases and a reason. Faults: Conflict "case.unmerged".
func (s *Store) Unmerge(ctx context.Context, firm, id, why string) error {
	if err := access.Check(ctx, access.WorkCases, firm); err != nil {
		return err
	}
	if tooShort(why) {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.write(ctx, firm, id, Event{What: "unmerged", Facts: map[string]string{"why": why}}, func(ctx context.Context, c *Case, tx *db.Tx) error {
		if !c.Merged() {
			return fault.New(fault.Conflict, "case.unmerged")
		}
		root := c.Root
		c.Status, c.ClosedAt, c.MergedInto, c.Root, c.mergedWas = c.mergedWas, time.Time{}, "", "", ""
		if s.subjectFree(ctx, *c) != nil {
			c.Subject = "case:" + c.ID // its subject has gone to another case meanwhile
		}
		if err := s.put(ctx, tx, *c); err != nil {
			return err
		}
		if err := s.reroot(ctx, tx, *c, root); err != nil {
			return err
		}
		return s.Note(ctx, firm, root, Event{What: "unmerged_from", Facts: map[string]string{"number": c.Number, "why": why}, Ref: c.Ref()})
	})
}

// reroot finds those that came into the root through a case which now stands alone.
func (s *Store) reroot(ctx context.Context, tx *db.Tx, c Case, root string) error {
	list, err := s.query(ctx, `firm_id = $1 AND root = $2`, "", c.Firm, root)
	if err != nil {
		return err
	}
	next := map[string]string{}
	for _, x := range list {
		next[x.ID] = x.MergedInto
	}
	for _, x := range list {
		for at := x.ID; at != "" && at != root; at = next[at] {
			if at != c.ID && next[at] != c.ID {
				continue
			}
			if _, err := tx.Exec(ctx, `UPDATE crisis SET root = $3 WHERE firm_id = $1 AND id = $2`, c.Firm, x.ID, c.ID); err != nil {
				return fmt.Errorf("follow an unmerge: %w", err)
			}
			break
		}
	}
	return nil
}

// Split takes items out of a case into a new one, led by the principal. Its clocks go on from where those of the old case
// began: nothing becomes younger by being sorted. The two are related, so a wrong split is merged again. Needs
// access.WorkCases and a reason. Faults: Invalid "cases.pick", "case.title", "why"; NotFound for an item of another case.
func (s *Store) Split(ctx context.Context, firm, id string, items []reason.Ref, title, why string) (c Case, err error) {
	if len(items) == 0 || len(items) > mostItems {
		return c, fault.New(fault.Invalid, "cases.pick").On("pick")
	}
	if tooShort(why) {
		return c, fault.New(fault.Invalid, "why").On("why")
	}
	if strings.TrimSpace(title) == "" {
		return c, fault.New(fault.Invalid, "case.title").On("title")
	}
	e := Event{What: "split", Facts: map[string]string{"why": why, "count": strconv.Itoa(len(items))}}
	err = s.write(ctx, firm, id, e, func(ctx context.Context, old *Case, tx *db.Tx) error {
		for _, r := range items {
			if err := s.takeOut(ctx, tx, firm, id, r); err != nil {
				return err
			}
		}
		c, err = s.insert(ctx, tx, New{Firm: firm, Title: strings.TrimSpace(title), Severity: old.Severity, Priority: old.Priority, Items: items})
		if err != nil {
			return err
		}
		c.RoundAt, c.AckedAt, c.ActedAt = old.Round(), old.AckedAt, old.ActedAt
		c.ToldAt, c.ToldHow, c.ToldBy, c.lookAt = old.ToldAt, old.ToldHow, old.ToldBy, tx.Now()
		if err := c.Accept(access.From(ctx).User, tx.Now()); err != nil {
			return err
		}
		if err := s.put(ctx, tx, c); err != nil {
			return err
		}
		e.Facts["number"] = c.Number
		if err := s.Note(ctx, firm, c.ID, Event{What: "split_from", Facts: map[string]string{"number": old.Number, "why": why}, Ref: old.Ref()}); err != nil {
			return err
		}
		return s.relate(ctx, tx, *old, c, "split")
	})
	return c, err
}

// Relation is a case that has to do with another one, and why.
type Relation struct {
	Case Case
	Why  string // subject, split, or a person's words
}

func (s *Store) relate(ctx context.Context, tx *db.Tx, a, b Case, why string) error {
	x, y := min(a.ID, b.ID), max(a.ID, b.ID)
	if _, err := tx.Exec(ctx, `INSERT INTO crisis_link (firm_id, a, b, why, who, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		a.Firm, x, y, why, access.From(ctx).User, tx.Now()); err != nil {
		return fmt.Errorf("relate cases: %w", err)
	}
	return nil
}

// Relate says that two cases of a firm have to do with each other; Unrelate takes it back. Both need access.WorkCases and
// a reason. Faults: Invalid "cases.to", "why".
func (s *Store) Relate(ctx context.Context, firm, id, other, why string) error {
	if tooShort(why) {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.change(ctx, firm, id, "related", why, func(ctx context.Context, c *Case, tx *db.Tx) error {
		o, err := s.load(ctx, firm, other)
		if fault.Is(err, fault.NotFound) || err == nil && o.ID == c.ID {
			return fault.New(fault.Invalid, "cases.to").On("to")
		}
		if err != nil {
			return err
		}
		return s.relate(ctx, tx, *c, o, why)
	})
}

// Unrelate takes back that two cases have to do with each other; see Relate.
func (s *Store) Unrelate(ctx context.Context, firm, id, other, why string) error {
	return s.change(ctx, firm, id, "unrelated", why, func(ctx context.Context, c *Case, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM crisis_link WHERE firm_id = $1 AND a = $2 AND b = $3`, firm, min(c.ID, other), max(c.ID, other))
		if err == nil && n == 0 {
			err = fault.Missing("case")
		}
		return err
	})
}

// Related is the cases that have to do with a case, the latest first. Needs access.ViewCases.
func (s *Store) Related(ctx context.Context, firm, id string) (list []Relation, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	why := map[string]string{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT CASE WHEN a = $2 THEN b ELSE a END, why FROM crisis_link WHERE firm_id = $1 AND (a = $2 OR b = $2)`, []any{firm, id},
			func(scan func(...any) error) error {
				var other, w string
				err := scan(&other, &w)
				why[other] = w
				return err
			})
	})
	if err != nil || len(why) == 0 {
		return nil, err
	}
	cs, err := s.query(ctx, `firm_id = $1 AND id IN (SELECT CASE WHEN a = $2 THEN b ELSE a END FROM crisis_link WHERE firm_id = $1 AND (a = $2 OR b = $2))`,
		`ORDER BY opened_at DESC LIMIT 50`, firm, id)
	for _, c := range cs {
		list = append(list, Relation{Case: c, Why: why[c.ID]})
	}
	return list, err
}

// Merged is the cases that were merged into a case, oldest first. Needs access.ViewCases.
func (s *Store) Merged(ctx context.Context, firm, id string) ([]Case, error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	return s.query(ctx, `firm_id = $1 AND root = $2`, `ORDER BY opened_at`, firm, id)
}
