package classify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
)

// Store keeps what engines and people said of mentions.
type Store struct {
	DB       *db.DB
	Jobs     *job.Queue
	Journal  *journal.Store
	Mentions *mention.Store
	Engine   Engine
}

// Labelled tells that mentions have been read, by an engine or anew by a person.
type Labelled struct {
	Firm   string
	Source string
	IDs    []string
}

// Kind names the event.
func (Labelled) Kind() string { return "classify.labelled" }

// Label reads new and edited mentions in their context, in the caller's transaction, and says which it read.
func (s *Store) Label(ctx context.Context, e mention.Ingested) (Labelled, error) {
	ids := slices.Concat(e.New, e.Edited)
	done := Labelled{Firm: e.Firm, Source: e.Source, IDs: ids}
	if len(ids) == 0 {
		return done, nil
	}
	began := time.Now()
	ms, err := s.Mentions.ByIDs(ctx, e.Firm, ids)
	if err != nil {
		return done, err
	}
	ms = slices.DeleteFunc(ms, func(m mention.Mention) bool { return m.Kind == "post" })
	texts, err := s.contexts(ctx, e, ms)
	if err != nil {
		return done, err
	}
	results, err := s.Engine.Classify(ctx, texts)
	if err != nil {
		return done, fmt.Errorf("label with %s: %w", s.Engine.Name(), err)
	}
	if err := s.save(ctx, ms, results); err != nil {
		return done, err
	}
	slog.Info("labelled", "firm", e.Firm, "source", e.Source, "mentions", len(ms), "ms", time.Since(began).Milliseconds())
	return done, nil
}

// contexts puts every mention beside the post it stands under and the comment it answers.
func (s *Store) contexts(ctx context.Context, e mention.Ingested, ms []mention.Mention) ([]Text, error) {
	var posts, parents []string
	for _, m := range ms {
		if m.Post != "" && !slices.Contains(posts, m.Post) {
			posts = append(posts, m.Post)
		}
		if m.ParentExt != "" && !slices.Contains(parents, m.ParentExt) {
			parents = append(parents, m.ParentExt)
		}
	}
	byPost, err := s.Mentions.Posts(ctx, e.Firm, posts)
	if err != nil {
		return nil, err
	}
	byExt, err := s.Mentions.ByExternal(ctx, e.Firm, e.Source, parents)
	if err != nil {
		return nil, err
	}
	texts := make([]Text, len(ms))
	for i, m := range ms {
		p, q := byPost[m.Post], byExt[m.ParentExt]
		texts[i] = Text{ID: m.ID, Text: m.Text, Lang: m.Lang, Rating: m.Rating, Post: strings.TrimSpace(p.Title + "\n" + p.Text), Parent: q.Text}
		for _, l := range q.Labels {
			texts[i].ParentLabels = append(texts[i].ParentLabels, Label(l))
		}
	}
	return texts, nil
}

func (s *Store) save(ctx context.Context, ms []mention.Mention, results []Result) error {
	if len(results) != len(ms) {
		return fmt.Errorf("engine %s answered %d texts of %d", s.Engine.Name(), len(results), len(ms))
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows := make([][]any, len(ms))
		for i, m := range ms {
			raw, err := json.Marshal(results[i])
			if err != nil {
				return err
			}
			rows[i] = []any{m.Firm, m.ID, m.Revision, results[i].Engine, string(raw), tx.Now()}
			if err := s.Mentions.Summarise(ctx, m.Firm, m.ID, summary(m, results[i])); err != nil {
				return err
			}
		}
		_, err := tx.Insert(ctx, `INSERT INTO labelling (firm_id, mention_id, revision, maker, result, at)`, rows,
			`ON CONFLICT (firm_id, mention_id, revision, maker) DO UPDATE SET result = excluded.result, at = excluded.at`)
		if err != nil {
			return fmt.Errorf("save labels: %w", err)
		}
		return nil
	})
}

func summary(m mention.Mention, r Result) mention.Summary {
	f := mention.Summary{Severity: r.Severity, Sentiment: r.Sentiment, Buyer: r.BuyerQuestion, Lang: r.Lang, Status: mention.Quiet}
	for _, l := range r.Labels {
		f.Labels = append(f.Labels, string(l.Label))
	}
	if p := Priority(r); p > 0 && !m.Own {
		f.Status, f.DueAt = mention.Open, m.SeenAt.Add(Deadline(p))
	}
	return f
}

// Priority is how soon a person should decide: 1 at once .. 4 within a day, 0 when nothing waits for a decision.
// Tiers of domain/decisions.md 1.7.
func Priority(r Result) int {
	switch {
	case r.Severity >= 4, r.Has(Threat), r.Has(Extortion), r.Has(HealthSafety), r.Has(PersonalData), r.Has(Hate), r.Has(Distress):
		return 1
	case r.BuyerQuestion, r.Severity == 3:
		return 2
	case r.Has(Complaint), r.Has(Claim), r.Has(Insult), r.Has(Discouragement), r.Has(Boycott), r.Has(FakeReview), r.Has(Employment):
		return 3
	case r.Has(Question), r.Has(Spam), r.Has(Trolling), r.Has(Opinion) && r.Severity >= 1:
		return 4
	}
	return 0
}

// Deadline is the time a priority allows until the decision (domain/decisions.md 1.7).
func Deadline(priority int) time.Duration {
	return [...]time.Duration{0, 15 * time.Minute, time.Hour, 3 * time.Hour, 24 * time.Hour}[priority]
}

// Of is what is known of a mention's content: a person's word first, else the engine's on the newest revision.
// Needs access.ViewMentions; fault.NotFound when it has not been read yet.
func (s *Store) Of(ctx context.Context, firm, id string) (r Result, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return r, err
	}
	var raw string
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT result FROM labelling WHERE firm_id = $1 AND mention_id = $2
			ORDER BY revision DESC, CASE WHEN maker = 'person' THEN 0 ELSE 1 END, at DESC LIMIT 1`, []any{firm, id}, &raw)
		if err == nil && !found {
			err = fault.Missing("label")
		}
		return err
	})
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(raw), &r)
}

// Correct replaces the labels of a mention by a person's. It wins over every engine. Needs access.LabelMentions and a
// reason of at least three characters.
func (s *Store) Correct(ctx context.Context, firm, id string, labels []Label, severity int, why string) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	if err := checkCorrection(labels, severity, why); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		m, err := s.Mentions.Find(ctx, firm, id)
		if err != nil {
			return err
		}
		r, err := s.Of(ctx, firm, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		r.Labels, r.Severity, r.Engine, r.Reasons = nil, severity, "person", nil
		for _, l := range labels {
			r.Labels = append(r.Labels, Scored{l, 1})
		}
		r.BuyerQuestion = r.BuyerQuestion && r.Has(Question)
		raw, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO labelling (firm_id, mention_id, revision, maker, result, who, why, at)
			VALUES ($1, $2, $3, 'person', $4, $5, $6, $7) ON CONFLICT (firm_id, mention_id, revision, maker)
			DO UPDATE SET result = excluded.result, who = excluded.who, why = excluded.why, at = excluded.at`,
			firm, id, m.Revision, string(raw), access.From(ctx).User, why, tx.Now()); err != nil {
			return fmt.Errorf("save correction: %w", err)
		}
		if err := s.Mentions.Summarise(ctx, firm, id, summary(m, r)); err != nil {
			return err
		}
		if err := s.Jobs.Put(ctx, Labelled{Firm: firm, Source: m.Source, IDs: []string{id}}); err != nil {
			return err
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: mention.Ref(id), Verb: "mention.relabelled", Why: why,
			Data: map[string]string{"labels": fmt.Sprint(labels), "severity": fmt.Sprint(severity)}})
	})
}

func checkCorrection(labels []Label, severity int, why string) error {
	for _, l := range labels {
		if !slices.Contains(Labels, l) && l != FakeReview {
			return fault.New(fault.Invalid, "label.unknown", "label", string(l)).On("labels")
		}
	}
	if len(labels) == 0 {
		return fault.New(fault.Invalid, "label.none").On("labels")
	}
	if severity < 0 || severity > 4 {
		return fault.New(fault.Invalid, "label.severity").On("severity")
	}
	if len(strings.TrimSpace(why)) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return nil
}
