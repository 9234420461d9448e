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
	// ByFirm gives the engine a firm made its own; nil, or nil from it, leaves Engine.
	ByFirm func(ctx context.Context, firm string) (Engine, error)
	// Adjusters bring in what the firm itself knows, in this order.
	Adjusters []Adjuster
}

// Labelled tells that mentions have been read, by an engine or anew by a person.
type Labelled struct {
	Firm   string
	Source string
	IDs    []string
	Judged string `json:",omitempty"` // the judgement behind it, when a person gave or took back one
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
	results, aside, err := s.read(ctx, e.Firm, ms, texts)
	if err != nil {
		return done, err
	}
	if err := s.save(ctx, ms, results, aside); err != nil {
		return done, err
	}
	slog.Info("labelled", "firm", e.Firm, "source", e.Source, "mentions", len(ms), "ms", time.Since(began).Milliseconds())
	return done, nil
}

// said is what one maker said of one mention.
type said struct {
	m mention.Mention
	r Result
}

// read asks the engine and then the adjusters. What an adjuster overruled in another's name comes back beside the results.
func (s *Store) read(ctx context.Context, firm string, ms []mention.Mention, texts []Text) (results []Result, aside []said, err error) {
	e := s.Engine
	if s.ByFirm != nil {
		own, err := s.ByFirm(ctx, firm)
		if err != nil {
			return nil, nil, fmt.Errorf("find the firm's engine: %w", err)
		}
		if own != nil {
			e = own
		}
	}
	if results, err = e.Classify(ctx, texts); err != nil {
		return nil, nil, fmt.Errorf("label with %s: %w", e.Name(), err)
	}
	for _, a := range s.Adjusters {
		before := slices.Clone(results)
		if results, err = a.Adjust(ctx, firm, texts, results); err != nil {
			return nil, nil, fmt.Errorf("adjust labels: %w", err)
		}
		if len(results) != len(ms) || len(before) != len(ms) {
			break // save says so
		}
		for i, r := range before {
			if results[i].Engine != r.Engine {
				aside = append(aside, said{ms[i], r})
			}
		}
	}
	if len(results) != len(ms) {
		return nil, nil, fmt.Errorf("engine %s answered %d texts of %d", e.Name(), len(results), len(ms))
	}
	return results, aside, nil
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

func (s *Store) save(ctx context.Context, ms []mention.Mention, results []Result, aside []said) error {
	if len(ms) == 0 {
		return nil
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		found := make([]mention.Summary, len(ms))
		for i, m := range ms {
			found[i] = summary(m, results[i])
			aside = append(aside, said{m, results[i]})
		}
		if err := s.Mentions.Summarise(ctx, ms[0].Firm, found...); err != nil {
			return err
		}
		return keep(ctx, tx, aside)
	})
}

// keep stores what engines and memory said.
func keep(ctx context.Context, tx *db.Tx, list []said) error {
	rows := make([][]any, len(list))
	for i, x := range list {
		raw, err := json.Marshal(x.r)
		if err != nil {
			return err
		}
		rows[i] = []any{x.m.Firm, x.m.ID, x.m.Revision, x.r.Engine, string(raw), tx.Now(), recalled(x.r)}
	}
	_, err := tx.Insert(ctx, `INSERT INTO labelling (firm_id, mention_id, revision, maker, result, at, judgement)`, rows,
		`ON CONFLICT (firm_id, mention_id, revision, maker) DO UPDATE SET result = excluded.result, at = excluded.at, judgement = excluded.judgement`)
	if err != nil {
		return fmt.Errorf("save labels: %w", err)
	}
	return nil
}

func summary(m mention.Mention, r Result) mention.Summary {
	f := mention.Summary{Mention: m.ID, Severity: r.Severity, Sentiment: r.Sentiment, Buyer: r.BuyerQuestion, Lang: r.Lang, Status: mention.Quiet}
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

// Of is what is known of a mention's content: a person's word first, then what a person said of nearly the same text, else the
// engine's on the newest revision.
// Needs access.ViewMentions; fault.NotFound when it has not been read yet.
func (s *Store) Of(ctx context.Context, firm, id string) (r Result, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return r, err
	}
	var raw string
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT result FROM labelling WHERE firm_id = $1 AND mention_id = $2
			ORDER BY revision DESC, CASE maker WHEN 'person' THEN 0 WHEN 'memory' THEN 1 ELSE 2 END, at DESC LIMIT 1`, []any{firm, id}, &raw)
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

// checkLabels refuses what no text can be.
func checkLabels(labels []Label, severity int) error {
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
	return nil
}
