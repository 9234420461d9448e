package learn

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// Sample is comments drawn to be judged blind, by as many people as like to: two who judge the same show how far people agree.
type Sample struct {
	Firm, ID  string
	Who, Name string // who had it drawn
	At        time.Time
	Items     []Item
}

// Item is one comment of a sample, and who has judged it since.
type Item struct {
	N       int
	Mention string
	Drawn   string // classify.DrawnRandom or DrawnLabelled
	By      []string
}

// Next is the first comment that the person has not judged; nil when all are.
func (s Sample) Next(person string) *Item {
	for i, x := range s.Items {
		if !x.judged(person) {
			return &s.Items[i]
		}
	}
	return nil
}

// Done counts what the person has judged.
func (s Sample) Done(person string) (n int) {
	for _, x := range s.Items {
		if x.judged(person) {
			n++
		}
	}
	return n
}

// People are those who have judged anything of it.
func (s Sample) People() (ids []string) {
	seen := map[string]bool{}
	for _, x := range s.Items {
		for _, p := range x.By {
			if !seen[p] {
				seen[p] = true
				ids = append(ids, p)
			}
		}
	}
	return ids
}

func (x Item) judged(person string) bool {
	for _, p := range x.By {
		if p == person {
			return true
		}
	}
	return false
}

const (
	sampleSize = 10
	sampleFrom = 90 * 24 * time.Hour
	sampleMost = 20_000 // newest comments that a sample is drawn from
)

// candidate is a comment that can be drawn.
type candidate struct {
	id       string
	labelled bool // the program gave it a label other than neutral
}

// Draw draws a sample: half of all comments of the last 90 days that were in no sample before, half of those to which the
// program had given a label. Needs access.LabelMentions. Faults: Conflict "sample.few" when there are not enough comments.
func (s *Store) Draw(ctx context.Context, firm string) (Sample, error) {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return Sample{}, err
	}
	who := access.From(ctx)
	x := Sample{Firm: firm, ID: db.NewID(), Who: who.User, Name: who.Name}
	err := s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		x.At = tx.Now()
		all, err := candidates(ctx, tx, firm)
		if err != nil {
			return err
		}
		if x.Items = draw(all, rand.Perm(len(all))); len(x.Items) < sampleSize {
			return fault.New(fault.Conflict, "sample.few", "Need", sampleSize)
		}
		return s.saveSample(ctx, tx, x)
	})
	return x, err
}

func candidates(ctx context.Context, tx *db.Tx, firm string) (all []candidate, err error) {
	err = tx.Each(ctx, `SELECT m.id, m.labels FROM mention m WHERE m.firm_id = $1 AND m.at >= $2 AND m.own = FALSE AND m.kind <> 'post'
		AND m.text <> '' AND m.status <> 'new' AND NOT EXISTS (SELECT 1 FROM blind_item b WHERE b.firm_id = m.firm_id AND b.mention_id = m.id)
		ORDER BY m.doc DESC LIMIT $3`, []any{firm, tx.Now().Add(-sampleFrom), sampleMost}, func(scan func(...any) error) error {
		var c candidate
		var labels string
		err := scan(&c.id, &labels)
		c.labelled = labels != "" && labels != ",neutral,"
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for comments to judge: %w", err)
	}
	return all, nil
}

// draw takes half from all and half from those with labels, in the order of the shuffle, and mixes them. When labels are
// rare, the rest comes from all.
func draw(all []candidate, shuffle []int) []Item {
	taken, items := map[string]bool{}, []Item{}
	take := func(most int, drawn string) {
		for _, i := range shuffle {
			c := all[i]
			if len(items) < most && !taken[c.id] && (drawn == classify.DrawnRandom || c.labelled) {
				taken[c.id] = true
				items = append(items, Item{Mention: c.id, Drawn: drawn})
			}
		}
	}
	take(sampleSize/2, classify.DrawnRandom)
	take(sampleSize, classify.DrawnLabelled)
	take(sampleSize, classify.DrawnRandom)
	// The halves must not show by their order.
	rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	for i := range items {
		items[i].N = i + 1
	}
	return items
}

func (s *Store) saveSample(ctx context.Context, tx *db.Tx, x Sample) error {
	if _, err := tx.Exec(ctx, `INSERT INTO blind_sample (firm_id, id, who, who_name, at) VALUES ($1, $2, $3, $4, $5)`,
		x.Firm, x.ID, x.Who, x.Name, x.At); err != nil {
		return fmt.Errorf("save sample: %w", err)
	}
	rows := make([][]any, len(x.Items))
	for i, it := range x.Items {
		rows[i] = []any{x.Firm, x.ID, it.N, it.Mention, it.Drawn}
	}
	if _, err := tx.Insert(ctx, `INSERT INTO blind_item (firm_id, sample_id, n, mention_id, drawn)`, rows, ""); err != nil {
		return fmt.Errorf("save sample: %w", err)
	}
	tx.Touch(x.Firm, "labels")
	return s.Journal.Record(ctx, journal.Entry{Firm: x.Firm, Ref: reason.Ref{Kind: "firm", ID: x.Firm}, Verb: "firm.sample_drawn",
		Data: map[string]string{"sample": x.ID, "comments": fmt.Sprint(len(x.Items))}})
}

// Samples is the newest samples of a firm, at most twenty. Needs access.ViewMentions.
func (s *Store) Samples(ctx context.Context, firm string) ([]Sample, error) {
	return s.samples(ctx, firm, `SELECT id, who, who_name, at FROM blind_sample WHERE firm_id = $1 ORDER BY at DESC, id DESC LIMIT 20`, firm)
}

// Sample is one sample. Needs access.ViewMentions; fault.NotFound "sample".
func (s *Store) Sample(ctx context.Context, firm, id string) (Sample, error) {
	list, err := s.samples(ctx, firm, `SELECT id, who, who_name, at FROM blind_sample WHERE firm_id = $1 AND id = $2`, firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("sample")
	}
	if err != nil {
		return Sample{}, err
	}
	return list[0], nil
}

func (s *Store) samples(ctx context.Context, firm, query string, args ...any) (list []Sample, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := tx.Each(ctx, query, args, func(scan func(...any) error) error {
			x := Sample{Firm: firm}
			err := scan(&x.ID, &x.Who, &x.Name, &x.At)
			list = append(list, x)
			return err
		})
		for i := range list {
			if err == nil {
				err = items(ctx, tx, &list[i])
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read samples: %w", err)
	}
	return list, nil
}

func items(ctx context.Context, tx *db.Tx, x *Sample) error {
	return tx.Each(ctx, `SELECT DISTINCT b.n, b.mention_id, b.drawn, coalesce(j.who, '') FROM blind_item b
		LEFT JOIN judgement j ON j.firm_id = b.firm_id AND j.mention_id = b.mention_id AND j.blind = TRUE AND j.withdrawn_at = 0
		WHERE b.firm_id = $1 AND b.sample_id = $2 ORDER BY b.n, 4`, []any{x.Firm, x.ID}, func(scan func(...any) error) error {
		var it Item
		who := ""
		if err := scan(&it.N, &it.Mention, &it.Drawn, &who); err != nil {
			return err
		}
		if k := len(x.Items); k == 0 || x.Items[k-1].N != it.N {
			x.Items = append(x.Items, it)
		}
		if who != "" {
			last := &x.Items[len(x.Items)-1]
			last.By = append(last.By, who)
		}
		return nil
	})
}

// Judge records what the person says of the nth comment of a sample, without having seen what the program says. Needs
// access.LabelMentions. Faults: NotFound "sample"; Conflict "sample.judged" when the person has judged it before; those of
// classify.Store.JudgeBlind.
func (s *Store) Judge(ctx context.Context, firm, id string, n int, v classify.Verdict) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		x, err := s.Sample(ctx, firm, id)
		if err != nil {
			return err
		}
		if n < 1 || n > len(x.Items) {
			return fault.Missing("sample")
		}
		it := x.Items[n-1]
		if it.judged(access.From(ctx).User) {
			return fault.New(fault.Conflict, "sample.judged")
		}
		return s.Labels.JudgeBlind(ctx, firm, it.Mention, v, it.Drawn)
	})
}
