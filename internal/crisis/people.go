package crisis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/mention"
)

// Part is what an account does in a case: behaviour, not a verdict on a person.
type Part string

// Parts an account can have. The first that fits is the one.
const (
	Complains Part = "complains" // a genuine complaint: answered, never removed
	Asks      Part = "asks"      // a buyer's question
	Leads     Part = "leads"     // wrote the first hostile item and more, or a large share of them
	Joins     Part = "joins"     // wrote hostile items after others
	Supports  Part = "supports"  // nothing hostile itself, but answers hostile items
	Writes    Part = "writes"    // anything else
)

// Account is one account of a case.
type Account struct {
	Key, Name string
	Source    string
	Items     int
	Hostile   int
	Complaint bool
	Part      Part
	Share     int // percent of the hostile items of the case
	First     time.Time
	Last      time.Time
}

// A large share is a third of at least six hostile items. The figures are ours; three accounts of equal noise have no
// leader.
const (
	leadShare = 3
	leadItems = 6
)

// Accounts are the accounts of a case, the most hostile first. The firm's own words are not part of it.
func Accounts(ms []mention.Mention) []Account {
	g := gathering{at: map[string]int{}, hostile: map[[2]string]string{}}
	for _, m := range ms {
		if !m.Own {
			g.add(m)
		}
	}
	for i := range g.list {
		g.list[i].Part = g.part(g.list[i])
		if g.all > 0 {
			g.list[i].Share = 100 * g.list[i].Hostile / g.all
		}
	}
	slices.SortStableFunc(g.list, func(a, b Account) int {
		return cmp.Or(cmp.Compare(b.Hostile, a.Hostile), cmp.Compare(b.Items, a.Items), cmp.Compare(a.Name, b.Name))
	})
	return g.list
}

// gathering counts accounts; mentions come oldest first.
type gathering struct {
	list    []Account
	at      map[string]int
	hostile map[[2]string]string // source and id at the place of each hostile item -> its account
	opener  string               // account of the first hostile item
	all     int                  // hostile items
	asks    map[string]bool
	backs   map[string]bool
}

func (g *gathering) add(m mention.Mention) {
	i, known := g.at[m.AuthorKey]
	if !known {
		i = len(g.list)
		g.at[m.AuthorKey] = i
		g.list = append(g.list, Account{Key: m.AuthorKey, Name: m.AuthorName, Source: m.Source, First: m.At})
	}
	a := &g.list[i]
	a.Items++
	a.Last = m.At
	a.Complaint = a.Complaint || m.Has("complaint")
	if m.Buyer {
		g.mark(&g.asks, m.AuthorKey)
	}
	if Hostile(m) {
		a.Hostile++
		g.all++
		g.hostile[[2]string{m.Source, m.ExternalID}] = m.AuthorKey
		if g.opener == "" {
			g.opener = m.AuthorKey
		}
		return
	}
	if to := g.hostile[[2]string{m.Source, m.ParentExt}]; to != "" && to != m.AuthorKey && !m.Has("complaint") && !m.Buyer {
		g.mark(&g.backs, m.AuthorKey)
	}
}

func (g *gathering) mark(set *map[string]bool, key string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[key] = true
}

func (g *gathering) part(a Account) Part {
	large := g.all >= leadItems && a.Hostile*leadShare >= g.all
	switch {
	case a.Complaint && a.Hostile == 0:
		return Complains
	case g.asks[a.Key] && a.Hostile == 0:
		return Asks
	case a.Hostile > 0 && (large || a.Key == g.opener && a.Hostile >= 2):
		return Leads
	case a.Hostile > 0:
		return Joins
	case g.backs[a.Key]:
		return Supports
	}
	return Writes
}

// Our people.

// Watchers are the people of ours who want to hear of a case, in the order in which they came. Needs access.ViewCases.
func (s *Store) Watchers(ctx context.Context, firm, id string) (who []string, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT who, min(at) FROM crisis_watcher WHERE firm_id = $1 AND `+family+` GROUP BY who ORDER BY min(at), who`, []any{firm, id},
			func(scan func(...any) error) error {
				var w string
				var at time.Time
				err := scan(&w, &at)
				who = append(who, w)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read watchers: %w", err)
	}
	return who, nil
}

// Watch has the principal told when the case moves; Unwatch ends it. Both need access.WorkCases.
func (s *Store) Watch(ctx context.Context, firm, id string) error {
	return s.change(ctx, firm, id, "watched", "", func(ctx context.Context, _ *Case, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO crisis_watcher (firm_id, crisis_id, who, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			firm, id, access.From(ctx).User, tx.Now())
		return err
	})
}

// Unwatch ends Watch.
func (s *Store) Unwatch(ctx context.Context, firm, id string) error {
	return s.change(ctx, firm, id, "unwatched", "", func(ctx context.Context, _ *Case, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM crisis_watcher WHERE firm_id = $1 AND `+family+` AND who = $3`, firm, id, access.From(ctx).User)
		return err
	})
}

// tellCircle tells the lead and the watchers of a case that it moved.
func (s *Store) tellCircle(ctx context.Context, c Case, title string) error {
	circle, err := s.Watchers(ctx, c.Firm, c.ID)
	if err != nil {
		return err
	}
	if c.Lead != "" && !slices.Contains(circle, c.Lead) {
		circle = append(circle, c.Lead)
	}
	for _, who := range circle {
		if err := s.tell(ctx, c, who, title); err != nil {
			return err
		}
	}
	return nil
}

// worker checks that a person of the firm works on cases.
func (s *Store) worker(ctx context.Context, firm, who, field string) error {
	roster, err := s.Alerts.Duty.Roster(ctx, firm)
	if err != nil {
		return err
	}
	for _, m := range workers(roster) {
		if m.ID == who {
			return nil
		}
	}
	return fault.New(fault.Invalid, "case.person").On(field)
}

// HandOver is what one guardian tells the next about a case.
type HandOver struct {
	ID        string
	At        time.Time
	Who, Name string // whose note it is
	Next      string // person meant; empty: whoever confirms first
	Going     Inside // what goes on
	Promised  Inside // what was promised to whom
	ToDo      Inside // what is next
	Until     time.Time
	ReadAt    time.Time
	ReadBy    string
	ReadName  string
}

// Unread tells whether nobody has confirmed the note yet.
func (h HandOver) Unread() bool { return h.ReadAt.IsZero() }

// Handing is a hand-over note as it is written.
type Handing struct {
	Next                  string
	Going, Promised, ToDo string
	Until                 time.Time
}

// Hand leaves a hand-over note, which stands at the top of the case until somebody confirms having read it and so leads
// the case. Until then the lead does not change: nobody is without one. Needs access.WorkCases. Faults: Invalid
// "case.going", "case.todo", "case.note", "case.person"; Conflict "case.closed".
func (s *Store) Hand(ctx context.Context, firm, id string, h Handing) error {
	h.Going, h.Promised, h.ToDo = strings.TrimSpace(h.Going), strings.TrimSpace(h.Promised), strings.TrimSpace(h.ToDo)
	switch {
	case h.Going == "":
		return fault.New(fault.Invalid, "case.going").On("going")
	case h.ToDo == "":
		return fault.New(fault.Invalid, "case.todo").On("todo")
	case len(h.Going)+len(h.Promised)+len(h.ToDo) > maxNote:
		return fault.New(fault.Invalid, "case.note").On("going")
	}
	return s.change(ctx, firm, id, "handed", "", func(ctx context.Context, c *Case, tx *db.Tx) error {
		if !c.Open() {
			return fault.New(fault.Conflict, "case.closed")
		}
		if h.Next != "" {
			if err := s.worker(ctx, firm, h.Next, "next"); err != nil {
				return err
			}
		}
		note := db.NewID()
		sealed, err := s.sealJSON(ctx, firm, "crisis.handover", note, map[string]string{"going": h.Going, "promised": h.Promised, "todo": h.ToDo})
		if err != nil {
			return err
		}
		who := access.From(ctx)
		if _, err := tx.Exec(ctx, `INSERT INTO crisis_handover (firm_id, id, crisis_id, at, who, who_name, next, sealed, until)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, firm, note, id, tx.Now(), who.User, who.Name, h.Next, sealed, h.Until); err != nil {
			return fmt.Errorf("keep hand-over note: %w", err)
		}
		return s.tell(ctx, *c, h.Next, "tell.case.handed")
	})
}

// Take confirms that the principal has read the hand-over note, and makes them the lead. Needs access.WorkCases. Faults:
// NotFound; Conflict "case.handed" when it was confirmed before, "case.own_note" for one's own.
func (s *Store) Take(ctx context.Context, firm, id, note string) error {
	return s.change(ctx, firm, id, "took", "", func(ctx context.Context, c *Case, tx *db.Tx) error {
		who := access.From(ctx)
		var by string
		var read time.Time
		found, err := tx.One(ctx, `SELECT who, read_at FROM crisis_handover WHERE firm_id = $1 AND `+family+` AND id = $3`, []any{firm, id, note}, &by, &read)
		switch {
		case err != nil:
			return fmt.Errorf("find hand-over note: %w", err)
		case !found:
			return fault.Missing("note")
		case !read.IsZero():
			return fault.New(fault.Conflict, "case.handed")
		case by == who.User:
			return fault.New(fault.Conflict, "case.own_note")
		}
		if _, err := tx.Exec(ctx, `UPDATE crisis_handover SET read_at = $4, read_by = $5, read_name = $6 WHERE firm_id = $1 AND `+family+` AND id = $3`,
			firm, id, note, tx.Now(), who.User, who.Name); err != nil {
			return fmt.Errorf("confirm hand-over note: %w", err)
		}
		if err := c.Accept(who.User, tx.Now()); err != nil {
			return err
		}
		return s.tell(ctx, *c, by, "tell.case.took")
	})
}

// HandOvers is the hand-over notes of a case, newest first, at most 50. Needs access.WorkCases.
func (s *Store) HandOvers(ctx context.Context, firm, id string) (list []HandOver, err error) {
	if err := access.Check(ctx, access.WorkCases, firm); err != nil {
		return nil, err
	}
	var sealed [][]byte
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, at, who, who_name, next, sealed, until, read_at, read_by, read_name FROM crisis_handover WHERE firm_id = $1 AND `+family+`
			ORDER BY at DESC, id DESC LIMIT 50`, []any{firm, id}, func(scan func(...any) error) error {
			var h HandOver
			var b []byte
			err := scan(&h.ID, &h.At, &h.Who, &h.Name, &h.Next, &b, &h.Until, &h.ReadAt, &h.ReadBy, &h.ReadName)
			list, sealed = append(list, h), append(sealed, b)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read hand-over notes: %w", err)
	}
	for i := range list {
		var body struct{ Going, Promised, ToDo string }
		if err := s.openJSON(ctx, firm, "crisis.handover", list[i].ID, sealed[i], &body); err != nil {
			return nil, err
		}
		list[i].Going, list[i].Promised, list[i].ToDo = Inside{body.Going}, Inside{body.Promised}, Inside{body.ToDo}
	}
	return list, nil
}
