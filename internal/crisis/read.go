package crisis

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/reason"
)

const columns = `firm_id, id, number, title, facts, subject, status, resolution, severity, priority, lead, opened_at, accepted_at,
	contained_at, closed_at, last_at, began_at, round_at, acked_at, acted_at, solved_at, told_at, told_how, told_by, word_at, merged_into, root,
	merged_was, look_at`

func (s *Store) query(ctx context.Context, where, tail string, args ...any) (list []Case, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM crisis WHERE `+where+` `+tail, args, func(scan func(...any) error) error {
			var c Case
			var facts string
			if err := scan(&c.Firm, &c.ID, &c.Number, &c.Title, &facts, &c.Subject, &c.Status, &c.Resolution, &c.Severity, &c.Priority,
				&c.Lead, &c.OpenedAt, &c.AcceptedAt, &c.ContainedAt, &c.ClosedAt, &c.LastAt, &c.BeganAt, &c.RoundAt, &c.AckedAt, &c.ActedAt,
				&c.SolvedAt, &c.ToldAt, &c.ToldHow, &c.ToldBy, &c.WordAt, &c.MergedInto, &c.Root, &c.mergedWas, &c.lookAt); err != nil {
				return err
			}
			list = append(list, c)
			return json.Unmarshal([]byte(facts), &list[len(list)-1].Facts)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	return list, nil
}

func (s *Store) load(ctx context.Context, firm, id string) (Case, error) {
	list, err := s.query(ctx, `firm_id = $1 AND id = $2`, "", firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("case")
	}
	if err != nil {
		return Case{}, err
	}
	return list[0], nil
}

// Find is one case of any firm of the principal. Needs access.ViewCases; fault.NotFound otherwise. A case that was
// merged into another names it in Root.
func (s *Store) Find(ctx context.Context, id string) (Case, error) {
	firms := access.Scope(ctx, access.ViewCases)
	if len(firms) == 0 {
		return Case{}, fault.Missing("case")
	}
	list, err := s.query(ctx, `id = $1 AND firm_id IN (`+db.Marks(2, len(firms))+`)`, "", append([]any{id}, db.Args(firms)...)...)
	if err == nil && len(list) == 0 {
		err = fault.Missing("case")
	}
	if err != nil {
		return Case{}, err
	}
	return list[0], nil
}

// List is the cases of one firm, or of all firms of the principal: open ones first by priority, then the latest. Merged
// ones are part of another and left out. Needs access.ViewCases.
func (s *Store) List(ctx context.Context, firm string, openOnly bool) ([]Case, error) {
	firms := access.Scope(ctx, access.ViewCases)
	if firm != "" {
		if err := access.Check(ctx, access.ViewCases, firm); err != nil {
			return nil, err
		}
		firms = []string{firm}
	}
	if len(firms) == 0 {
		return nil, nil
	}
	where := `firm_id IN (` + db.Marks(1, len(firms)) + `) AND merged_into = ''`
	if openOnly {
		where += ` AND status <> 'closed'`
	}
	return s.query(ctx, where, `ORDER BY CASE WHEN status = 'closed' THEN 1 ELSE 0 END, priority, last_at DESC LIMIT 200`, db.Args(firms)...)
}

// Of is the open cases an item belongs to; an item of a merged case belongs to the one it was merged into. Needs
// access.ViewCases.
func (s *Store) Of(ctx context.Context, firm string, r reason.Ref) ([]Case, error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	return s.query(ctx, `firm_id = $1 AND status <> 'closed' AND id IN (SELECT CASE WHEN k.root = '' THEN k.id ELSE k.root END FROM crisis_item i
		JOIN crisis k ON k.firm_id = i.firm_id AND k.id = i.crisis_id WHERE i.firm_id = $1 AND i.kind = $2 AND i.ref_id = $3)`, "", firm, r.Kind, r.ID)
}

// AllOf is every case an item belongs to, closed ones too; an item of a merged case belongs to the one it was merged into.
// A case belongs to itself. Needs access.ViewCases.
func (s *Store) AllOf(ctx context.Context, firm string, r reason.Ref) ([]Case, error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	if r.Kind == (Case{}).Ref().Kind {
		return s.query(ctx, `firm_id = $1 AND id = $2`, "", firm, r.ID)
	}
	return s.query(ctx, `firm_id = $1 AND id IN (SELECT CASE WHEN k.root = '' THEN k.id ELSE k.root END FROM crisis_item i
		JOIN crisis k ON k.firm_id = i.firm_id AND k.id = i.crisis_id WHERE i.firm_id = $1 AND i.kind = $2 AND i.ref_id = $3)`, "", firm, r.Kind, r.ID)
}

// family is the condition for rows of the case in $2 of the firm in $1 and of those merged into it.
const family = `crisis_id IN (SELECT id FROM crisis WHERE firm_id = $1 AND (id = $2 OR root = $2))`

// mostItems is how many items of a case are looked at.
const mostItems = 5000

// Items is what belongs to a case and to those merged into it, oldest first, at most 5000. Needs access.ViewCases.
func (s *Store) Items(ctx context.Context, firm, id string) (list []Item, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT kind, ref_id, min(at), min(who) FROM crisis_item WHERE firm_id = $1 AND `+family+` GROUP BY kind, ref_id ORDER BY min(at), ref_id
			LIMIT 5000`, []any{firm, id}, func(scan func(...any) error) error {
			var i Item
			err := scan(&i.Ref.Kind, &i.Ref.ID, &i.At, &i.Who)
			list = append(list, i)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read items of case: %w", err)
	}
	return list, nil
}

// Timeline is what happened in a case and in those merged into it, newest first, at most 500 lines. Needs
// access.ViewCases.
func (s *Store) Timeline(ctx context.Context, firm, id string) ([]Event, error) {
	return s.timeline(ctx, firm, id, 500)
}

func (s *Store) timeline(ctx context.Context, firm, id string, most int) (list []Event, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, crisis_id, at, what, who, facts, ref_kind, ref_id FROM crisis_event WHERE firm_id = $1 AND `+family+`
			ORDER BY at DESC, id DESC LIMIT $3`, []any{firm, id, most}, func(scan func(...any) error) error {
			var e Event
			var facts string
			if err := scan(&e.ID, &e.Case, &e.At, &e.What, &e.Who, &facts, &e.Ref.Kind, &e.Ref.ID); err != nil {
				return err
			}
			list = append(list, e)
			return json.Unmarshal([]byte(facts), &list[len(list)-1].Facts)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	return list, nil
}

// MentionsOf is the mentions of a case, oldest first. Needs access.ViewMentions.
func (s *Store) MentionsOf(ctx context.Context, firm, id string) ([]mention.Mention, error) {
	items, err := s.Items(ctx, firm, id)
	if err != nil {
		return nil, err
	}
	return s.mentions(ctx, firm, items)
}

// chunk is how many ids stand in one statement: SQLite looks marks up one by one.
const chunk = 200

func (s *Store) mentions(ctx context.Context, firm string, items []Item) (list []mention.Mention, err error) {
	for part := range slices.Chunk(mentionIDs(items), chunk) {
		ms, err := s.Mentions.ByIDs(ctx, firm, part)
		if err != nil {
			return nil, err
		}
		list = append(list, ms...)
	}
	slices.SortFunc(list, func(a, b mention.Mention) int { return int(min(max(a.Doc-b.Doc, -1), 1)) })
	return list, nil
}

func mentionIDs(items []Item) (ids []string) {
	for _, i := range items {
		if i.Ref.Kind == "mention" {
			ids = append(ids, i.Ref.ID)
		}
	}
	return ids
}

// Facts gathers what is known of a case, with a few statements however many items it has. Needs access.ViewMentions.
func (s *Store) Facts(ctx context.Context, firm, id string) (f Facts, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return f, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		f, err = s.facts(ctx, firm, id)
		return err
	})
	return f, err
}

func (s *Store) facts(ctx context.Context, firm, id string) (f Facts, err error) {
	f.Now = s.DB.Now()
	if f.Case, err = s.load(ctx, firm, id); err != nil {
		return f, err
	}
	if f.Items, err = s.Items(ctx, firm, id); err != nil {
		return f, err
	}
	if f.Mentions, err = s.mentions(ctx, firm, f.Items); err != nil {
		return f, err
	}
	ids := mentionIDs(f.Items)
	if f.Sealed, err = s.Evidence.Sealed(ctx, firm, "mention", ids); err != nil {
		return f, err
	}
	if f.Setup, err = s.Setup(ctx, firm); err != nil {
		return f, err
	}
	if f.Alerts, err = s.alertsOf(ctx, f.Case, f.Items); err != nil {
		return f, err
	}
	if f.Found.Answered, err = s.ownAnswers(ctx, f.Mentions); err != nil {
		return f, err
	}
	if f.Found.Word, err = s.words(ctx, f.Case, f.Mentions); err != nil {
		return f, err
	}
	for _, look := range s.Look {
		found, err := look(ctx, f.Case, ids)
		if err != nil {
			return f, err
		}
		f.Found.add(found)
	}
	return f, nil
}

// Test looks whether the case is solved. Needs access.ViewMentions.
func (s *Store) Test(ctx context.Context, firm, id string) (SolvedTest, error) {
	f, err := s.Facts(ctx, firm, id)
	if err != nil {
		return nil, err
	}
	return f.Test(), nil
}

// alertsOf are the alerts about a case or its items that are not resolved and ring on, or were taken.
func (s *Store) alertsOf(ctx context.Context, c Case, items []Item) (list []alert.Alert, err error) {
	if !access.From(ctx).Holds(access.Acknowledge, c.Firm) {
		return nil, nil
	}
	all, err := s.Alerts.List(ctx, alert.Filter{Firm: c.Firm, Limit: 1000})
	if err != nil {
		return nil, err
	}
	mine := map[reason.Ref]bool{c.Ref(): true}
	for _, i := range items {
		mine[i.Ref] = true
	}
	for _, a := range all {
		if mine[a.Ref] {
			list = append(list, a)
		}
	}
	return list, nil
}

// ownAnswers tells which buyers' questions the firm answered at the place, through ChOP or past it.
func (s *Store) ownAnswers(ctx context.Context, ms []mention.Mention) (map[string]bool, error) {
	asked, out := map[[2]string]string{}, map[string]bool{}
	var exts []string
	for _, m := range ms {
		if m.Buyer && !m.Own {
			asked[[2]string{m.Source, m.ExternalID}] = m.ID
			exts = append(exts, m.ExternalID)
		}
	}
	for part := range slices.Chunk(exts, chunk) {
		if err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
			return tx.Each(ctx, `SELECT source_id, parent_ext FROM mention WHERE firm_id = $1 AND own = TRUE AND gone_at = 0 AND state = 'published'
				AND parent_ext IN (`+db.Marks(2, len(part))+`)`, append([]any{ms[0].Firm}, db.Args(part)...), func(scan func(...any) error) error {
				var at [2]string
				err := scan(&at[0], &at[1])
				if id := asked[at]; id != "" {
					out[id] = true
				}
				return err
			})
		}); err != nil {
			return nil, fmt.Errorf("look for our answers: %w", err)
		}
	}
	return out, nil
}

// Setup is what the firm asks of its cases. Needs access.ViewCases.
func (s *Store) Setup(ctx context.Context, firm string) (u Setup, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return u, err
	}
	u = DefaultSetup()
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var quiet, again int64
		found, err := tx.One(ctx, `SELECT quiet, again FROM crisis_setup WHERE firm_id = $1`, []any{firm}, &quiet, &again)
		if found {
			u = Setup{time.Duration(quiet) * time.Microsecond, time.Duration(again) * time.Microsecond}
		}
		return err
	})
	if err != nil {
		return u, fmt.Errorf("read setup of cases: %w", err)
	}
	return u, nil
}

// OpenOn is the open case on a subject, or the one it was merged into; nil when there is none. Needs access.ViewCases.
func (s *Store) OpenOn(ctx context.Context, firm, subject string) (*Case, error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return nil, err
	}
	c, err := s.onSubject(ctx, firm, subject)
	if err != nil || c.ID == "" || !c.Open() {
		return nil, err
	}
	return &c, nil
}
