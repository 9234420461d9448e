package triage

import (
	"context"
	"fmt"
	"strconv"

	"chop/internal/alert"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/group"
	"chop/internal/reason"
)

// Group opens a case on accounts that act together, or writes them into the case that is at work on their posts. It hears
// group.Found, inside a transaction. A common trigger (level 2) is nobody's alarm: it stands on the page of groups. What is
// said is "together", never who.
func (s *Store) Group(ctx context.Context, e group.Found) error {
	g, err := s.Groups.Find(ctx, e.Firm, e.ID)
	if fault.Is(err, fault.NotFound) || err == nil && (!g.State.Live() || g.Level < group.Organised) {
		return nil
	}
	if err != nil {
		return err
	}
	facts := map[string]string{"group": g.Name(), "count": strconv.Itoa(len(g.Accounts(false))), "posts": strconv.Itoa(len(g.Finding.Posts))}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		at, err := s.onPosts(ctx, tx, g)
		if err != nil {
			return err
		}
		if at != "" {
			return s.Cases.Note(ctx, g.Firm, at, crisis.Event{What: "group.found", Facts: facts, Ref: group.Ref(g.ID)})
		}
		if at, err = s.sameGroups(ctx, tx, g); err != nil {
			return err
		}
		if at != "" { // one more group at the place: the same people look at it
			if err := s.Cases.Link(ctx, g.Firm, at, group.Ref(g.ID)); err != nil {
				return err
			}
			return s.Cases.Note(ctx, g.Firm, at, crisis.Event{What: "group.found", Facts: facts, Ref: group.Ref(g.ID)})
		}
		n := crisis.New{Firm: g.Firm, Subject: "group:" + g.ID, Title: "case.title.group", Facts: facts, Severity: 3, Priority: 2,
			Items: []reason.Ref{group.Ref(g.ID)}}
		c, news, err := s.Cases.Open(ctx, n)
		if err != nil || !news {
			return err
		}
		_, err = s.Alerts.Raise(ctx, alert.New{Firm: g.Firm, Key: crisis.AlertKey(c.ID), Priority: c.Priority, Title: n.Title, Facts: facts,
			Ref: c.Ref(), URL: "/cases/" + c.ID})
		return err
	})
}

// sameGroups is the open case that holds this group or another one of the same place, "" when there is none.
func (s *Store) sameGroups(ctx context.Context, tx *db.Tx, g group.Group) (id string, err error) {
	_, err = tx.One(ctx, `SELECT c.id FROM crisis c JOIN crisis_item i ON i.firm_id = c.firm_id AND i.crisis_id = c.id AND i.kind = 'group'
		JOIN found_group f ON f.firm_id = i.firm_id AND f.id = i.ref_id WHERE c.firm_id = $1 AND c.status <> 'closed' AND f.source_id = $2
		ORDER BY c.last_at DESC LIMIT 1`, []any{g.Firm, g.Source}, &id)
	if err != nil {
		return "", fmt.Errorf("look for a case of groups: %w", err)
	}
	return id, nil
}

// onPosts is the open case that moved lately and holds a comment of the group's accounts, "" when there is none.
func (s *Store) onPosts(ctx context.Context, tx *db.Tx, g group.Group) (id string, err error) {
	in := g.Accounts(false)
	in = in[:min(len(in), 500)]
	_, err = tx.One(ctx, `SELECT c.id FROM crisis c JOIN crisis_item i ON i.firm_id = c.firm_id AND i.crisis_id = c.id AND i.kind = 'mention'
		JOIN mention m ON m.firm_id = i.firm_id AND m.id = i.ref_id WHERE c.firm_id = $1 AND c.status <> 'closed' AND c.last_at > $2
		AND m.author_key IN (`+db.Marks(3, len(in))+`) ORDER BY c.last_at DESC LIMIT 1`,
		append([]any{g.Firm, tx.Now().Add(-sameStory)}, db.Args(in)...), &id)
	if err != nil {
		return "", fmt.Errorf("look for a case of the group: %w", err)
	}
	return id, nil
}

// GroupChanged writes into the open cases of a group that a person confirmed or rejected it, once. It hears group.Changed,
// inside a transaction.
func (s *Store) GroupChanged(ctx context.Context, e group.Changed) error {
	g, err := s.Groups.Find(ctx, e.Firm, e.ID)
	if err != nil || g.Decided.IsZero() || g.State != group.Confirmed && g.State != group.Rejected {
		return err
	}
	cases, err := s.Cases.Of(ctx, g.Firm, group.Ref(g.ID))
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, c := range cases {
			if !c.Open() {
				continue
			}
			n, err := tx.Exec(ctx, `INSERT INTO triage_effect (firm_id, key, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
				g.Firm, "group."+string(g.State)+" "+g.ID+" "+c.ID, tx.Now())
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := s.Cases.Note(ctx, g.Firm, c.ID, crisis.Event{What: "group." + string(g.State), Who: g.DecidedName,
				Facts: map[string]string{"group": g.Name(), "count": strconv.Itoa(len(g.Accounts(false)))}, Ref: group.Ref(g.ID)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// HandGroup puts a group into a case: it is among the case's items, and the firm's lawyer sees it from then on. Needs
// access.WorkGroups and access.WorkCases, and a reason. Faults as of group.Store.Attach and crisis.Store.Link.
func (s *Store) HandGroup(ctx context.Context, firm, id string, revision int, caseID, why string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, _ *db.Tx) error {
		if err := s.Groups.Attach(ctx, firm, id, revision, caseID, why); err != nil {
			return err
		}
		return s.Cases.Link(ctx, firm, caseID, group.Ref(id))
	})
}
