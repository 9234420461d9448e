package classify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/journal"
	"chop/internal/mention"
)

// ByPerson is the Engine of a result that a person gave.
const ByPerson = "person"

// Standing is a text with what stands of it.
type Standing struct {
	Text   Text
	Result Result
}

// Standings is what stands of the mentions an engine has read, for a second engine. It leaves out our own words, posts,
// empty texts, what a person has labelled, and history: what was old when we first saw it wakes nobody. For handlers of the queue; needs access.ViewMentions.
func (s *Store) Standings(ctx context.Context, firm, source string, ids []string) ([]Standing, error) {
	ms, err := s.Mentions.ByIDs(ctx, firm, ids)
	if err != nil {
		return nil, err
	}
	ms = slices.DeleteFunc(ms, func(m mention.Mention) bool {
		return m.Own || m.Kind == "post" || strings.TrimSpace(m.Text) == "" || m.SeenAt.Sub(m.At) > fresh
	})
	texts, err := s.contexts(ctx, mention.Ingested{Firm: firm, Source: source}, ms)
	if err != nil {
		return nil, err
	}
	var out []Standing
	for _, t := range texts {
		list, err := s.saidOf(ctx, firm, t.ID)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 && list[0].result.Engine != ByPerson {
			out = append(out, Standing{t, list[0].result})
		}
	}
	return out, nil
}

// kept is one kept result and where it is kept.
type kept struct {
	revision int
	maker    string
	result   Result
}

// saidOf is what makers said of the newest revision that was read, what Of shows first.
func (s *Store) saidOf(ctx context.Context, firm, id string) (list []kept, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT revision, maker, result FROM labelling WHERE firm_id = $1 AND mention_id = $2
			ORDER BY revision DESC, CASE maker WHEN 'person' THEN 0 WHEN 'memory' THEN 1 ELSE 2 END, at DESC`, []any{firm, id},
			func(scan func(...any) error) error {
				var k kept
				var raw string
				if err := scan(&k.revision, &k.maker, &raw); err != nil {
					return err
				}
				if len(list) > 0 && k.revision != list[0].revision {
					return nil
				}
				list = append(list, k)
				return json.Unmarshal([]byte(raw), &list[len(list)-1].result)
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	return list, nil
}

// Weigh merges a second opinion into what stands and says which safety labels it added; then triage reads the mention
// again, and the journal keeps it. Doing it twice changes nothing. An opinion of a text that has changed meanwhile, or
// that a person has labelled meanwhile, is dropped. For handlers of the queue; needs access.LabelMentions.
func (s *Store) Weigh(ctx context.Context, firm, id string, said Second) (added []Label, err error) {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		m, err := s.Mentions.Find(ctx, firm, id)
		if err != nil {
			return err
		}
		list, err := s.saidOf(ctx, firm, id)
		if err != nil || len(list) == 0 || list[0].result.Engine == ByPerson || Digest(m.Text) != said.Of {
			return err
		}
		said.At = tx.Now()
		for _, k := range list {
			raw, err := json.Marshal(Merge(k.result, said))
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE labelling SET result = $5 WHERE firm_id = $1 AND mention_id = $2 AND revision = $3 AND maker = $4`,
				firm, id, k.revision, k.maker, string(raw)); err != nil {
				return fmt.Errorf("save second opinion: %w", err)
			}
		}
		tx.Touch(firm, "mentions")
		now := Merge(list[0].result, said)
		if added = gained(list[0].result, now); len(added) == 0 {
			return nil
		}
		return s.wake(ctx, m, now, added)
	})
	return added, err
}

// wake lets what a second engine added have its effects.
func (s *Store) wake(ctx context.Context, m mention.Mention, r Result, added []Label) error {
	if err := s.Mentions.Summarise(ctx, m.Firm, summary(m, r)); err != nil {
		return err
	}
	if err := s.Jobs.Put(ctx, Labelled{Firm: m.Firm, Source: m.Source, IDs: []string{m.ID}}); err != nil {
		return err
	}
	return s.Journal.Record(ctx, journal.Entry{Firm: m.Firm, Ref: mention.Ref(m.ID), Verb: "mention.second",
		Data: map[string]string{"labels": fmt.Sprint(added), "severity": fmt.Sprint(r.Severity), "engine": r.Second.Engine}})
}

func gained(was, now Result) (ls []Label) {
	for _, x := range now.Labels {
		if !was.Has(x.Label) {
			ls = append(ls, x.Label)
		}
	}
	return ls
}

// Kept is the adjuster that holds on to second opinions: when the first engine reads the same text again, what was
// added stays. It stands first in the list of adjusters: a person's word comes after it.
type Kept struct{ DB *db.DB }

// Adjust merges the opinions that were given of these very texts.
func (k Kept) Adjust(ctx context.Context, firm string, ts []Text, rs []Result) ([]Result, error) {
	if len(ts) == 0 {
		return rs, nil
	}
	args := []any{firm}
	for _, t := range ts {
		args = append(args, t.ID)
	}
	old := map[string]Second{}
	err := k.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT mention_id, result FROM labelling WHERE firm_id = $1 AND mention_id IN (`+db.Marks(2, len(ts))+`)
			AND maker <> 'person' ORDER BY revision, at`, args, func(scan func(...any) error) error {
			var id, raw string
			var r Result
			if err := scan(&id, &raw); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(raw), &r); err != nil {
				return fmt.Errorf("read labels of %s: %w", id, err)
			}
			if r.Second != nil {
				old[id] = *r.Second
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read second opinions: %w", err)
	}
	for i, t := range ts {
		if s, ok := old[t.ID]; ok && s.Of == Digest(t.Text) {
			rs[i] = Merge(rs[i], s)
		}
	}
	return rs, nil
}
