package classify

import (
	"context"
	"encoding/json"
	"fmt"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/mention"
)

// KeptJudgements is how many of a firm's judgements are looked at, newest first.
const KeptJudgements = 2000

// Judgements is the newest judgements of a firm, those taken back too, at most KeptJudgements. Needs access.ViewMentions.
func (s *Store) Judgements(ctx context.Context, firm string) (list []Judgement, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err = judgements(ctx, tx, `firm_id = $1 ORDER BY at DESC, id DESC LIMIT $2`, firm, KeptJudgements)
		return err
	})
	return list, err
}

// JudgementsOf is what people said of one mention, newest first. Needs access.ViewMentions.
func (s *Store) JudgementsOf(ctx context.Context, firm, id string) (list []Judgement, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err = judgements(ctx, tx, `firm_id = $1 AND mention_id = $2 ORDER BY at DESC, id DESC LIMIT 100`, firm, id)
		return err
	})
	return list, err
}

// Texts is the texts of judgements as they stood then, in the same order, with their threads as they stand now. A text that
// is no longer kept has no ID. Needs access.ViewMentions.
func (s *Store) Texts(ctx context.Context, firm string, js []Judgement) ([]Text, error) {
	texts := make([]Text, len(js))
	at := map[string][]int{}
	var ids []string
	for i, j := range js {
		if at[j.Mention] == nil {
			ids = append(ids, j.Mention)
		}
		at[j.Mention] = append(at[j.Mention], i)
	}
	for len(ids) > 0 {
		n := min(len(ids), 500)
		ms, err := s.Mentions.ByIDs(ctx, firm, ids[:n])
		if err != nil {
			return nil, err
		}
		ids = ids[n:]
		known, err := s.threads(ctx, firm, ms)
		if err != nil {
			return nil, err
		}
		for id, t := range known {
			for _, i := range at[id] {
				texts[i] = t
			}
		}
	}
	return texts, s.asJudged(ctx, firm, js, texts)
}

// threads puts mentions of any sources into their contexts, by id.
func (s *Store) threads(ctx context.Context, firm string, ms []mention.Mention) (map[string]Text, error) {
	bySource, out := map[string][]mention.Mention{}, map[string]Text{}
	for _, m := range ms {
		bySource[m.Source] = append(bySource[m.Source], m)
	}
	for src, part := range bySource {
		ts, err := s.contexts(ctx, mention.Ingested{Firm: firm, Source: src}, part)
		if err != nil {
			return nil, err
		}
		for _, t := range ts {
			out[t.ID] = t
		}
	}
	return out, nil
}

// asJudged puts in the words of the revision that was judged where a text has changed since.
func (s *Store) asJudged(ctx context.Context, firm string, js []Judgement, texts []Text) error {
	return s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for from := 0; from < len(js); from += 500 {
			part := js[from:min(len(js), from+500)]
			ids := make([]any, len(part))
			for i, j := range part {
				ids[i] = j.ID
			}
			words := map[string]string{}
			err := tx.Each(ctx, `SELECT j.id, r.text FROM judgement j JOIN revision r ON r.firm_id = j.firm_id AND r.mention_id = j.mention_id
				AND r.n = j.revision WHERE j.firm_id = $1 AND j.id IN (`+db.Marks(2, len(ids))+`)`, append([]any{firm}, ids...),
				func(scan func(...any) error) error {
					var id, text string
					err := scan(&id, &text)
					words[id] = text
					return err
				})
			if err != nil {
				return fmt.Errorf("read judged texts: %w", err)
			}
			for i, j := range part {
				if w, ok := words[j.ID]; ok && texts[from+i].ID != "" {
					texts[from+i].Text = w
				}
			}
		}
		return nil
	})
}

func findJudgement(ctx context.Context, tx *db.Tx, firm, id string) (Judgement, error) {
	list, err := judgements(ctx, tx, `firm_id = $1 AND id = $2`, firm, id)
	if err != nil {
		return Judgement{}, err
	}
	if len(list) == 0 {
		return Judgement{}, fault.Missing("judgement")
	}
	return list[0], nil
}

func saveJudgement(ctx context.Context, tx *db.Tx, j Judgement) error {
	labels, err := json.Marshal(j.Labels)
	if err != nil {
		return err
	}
	said, err := json.Marshal(j.Said.Labels)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO judgement (firm_id, id, mention_id, revision, kind, who, who_name, at, why, labels, buyer, severity,
		engine, engine_labels, engine_buyer, engine_severity, blind, drawn, stands, place)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		j.Firm, j.ID, j.Mention, j.Revision, j.Kind, j.Who, j.Name, j.At, j.Why, string(labels), j.Buyer, j.Severity,
		j.Engine, string(said), j.Said.Buyer, j.Said.Severity, j.Blind, j.Drawn, j.Stands, j.Place); err != nil {
		return fmt.Errorf("save judgement: %w", err)
	}
	return stampJudged(ctx, tx, j.Firm)
}

// stampJudged makes every process read the firm's judgements anew.
func stampJudged(ctx context.Context, tx *db.Tx, firm string) error {
	tx.Touch(firm, "labels")
	if _, err := tx.Exec(ctx, `INSERT INTO learned (firm_id, judged) VALUES ($1, $2) ON CONFLICT (firm_id) DO UPDATE SET judged = excluded.judged`,
		firm, db.NewID()); err != nil {
		return fmt.Errorf("mark the firm's judgements as new: %w", err)
	}
	return nil
}

// judgements reads those that fit; the condition begins with the firm.
func judgements(ctx context.Context, tx *db.Tx, where string, args ...any) (list []Judgement, err error) {
	err = tx.Each(ctx, `SELECT firm_id, id, mention_id, revision, kind, who, who_name, at, why, labels, buyer, severity, engine, engine_labels,
		engine_buyer, engine_severity, blind, drawn, stands, place, withdrawn_at, withdrawn_by FROM judgement WHERE `+where, args,
		func(scan func(...any) error) error {
			var j Judgement
			var labels, said string
			if err := scan(&j.Firm, &j.ID, &j.Mention, &j.Revision, &j.Kind, &j.Who, &j.Name, &j.At, &j.Why, &labels, &j.Buyer, &j.Severity,
				&j.Engine, &said, &j.Said.Buyer, &j.Said.Severity, &j.Blind, &j.Drawn, &j.Stands, &j.Place, &j.TakenAt, &j.TakenBy); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(labels), &j.Labels); err != nil {
				return err
			}
			list = append(list, j)
			return json.Unmarshal([]byte(said), &list[len(list)-1].Said.Labels)
		})
	if err != nil {
		return nil, fmt.Errorf("read judgements: %w", err)
	}
	return list, nil
}

// Gravity is the severity an ordinary text of a label has (docs/labels.md, Severity).
func Gravity(l Label) int {
	switch l {
	case Threat, Distress:
		return 4
	case Extortion, Hate, PersonalData, HealthSafety:
		return 3
	case Complaint, Claim, Boycott, Insult, FakeReview:
		return 2
	case Discouragement, Opinion, Question, Employment, Trolling, Spam:
		return 1
	}
	return 0
}
