package classify

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"chop/internal/classify/memory"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
)

// How far back a person's word reaches by itself.
const (
	reach     = 90 * 24 * time.Hour
	reachMost = 20_000
	// fresh is how recent a comment must be to come back into the inbox by somebody's word about another one.
	fresh = 48 * time.Hour
)

// Spread gives what the firm already has of nearly the same text the labels of a new judgement, or takes them away when the
// judgement was taken back. Mentions that a person judged themselves stay as they are. It hears Labelled, outside a
// transaction, and may happen twice.
func (m *Memory) Spread(ctx context.Context, e Labelled) error {
	if e.Judged == "" {
		return nil
	}
	var j Judgement
	err := m.store.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		j, err = findJudgement(ctx, tx, e.Firm, e.Judged)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := m.carried(ctx, j)
	if err == nil && j.TakenAt.IsZero() {
		var more int
		more, err = m.reachBack(ctx, j)
		n += more
	}
	if err != nil {
		return fmt.Errorf("spread judgement %s: %w", j.ID, err)
	}
	slog.Info("judgement spread", "firm", j.Firm, "judgement", j.ID, "mentions", n)
	if n == 0 {
		return nil
	}
	return m.store.Journal.Record(ctx, journal.Entry{Firm: j.Firm, Ref: mention.Ref(j.Mention), Verb: "mention.spread",
		Data: map[string]string{"judgement": j.ID, "mentions": fmt.Sprint(n)}})
}

// carried looks again at everything that carries labels of this judgement, and at the mention itself when its own was taken back.
func (m *Memory) carried(ctx context.Context, j Judgement) (n int, err error) {
	var ids []string
	err = m.store.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT mention_id FROM labelling WHERE firm_id = $1 AND judgement = $2 AND maker = 'memory'`, []any{j.Firm, j.ID},
			func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				ids = append(ids, id)
				return err
			})
	})
	if err != nil {
		return 0, fmt.Errorf("look for labels carried over: %w", err)
	}
	if !j.TakenAt.IsZero() {
		ids = append(ids, j.Mention)
	}
	for part := range slices.Chunk(ids, 500) {
		ms, err := m.store.Mentions.ByIDs(ctx, j.Firm, part)
		if err != nil {
			return n, err
		}
		k, err := m.again(ctx, j.Firm, ms)
		if n += k; err != nil {
			return n, err
		}
	}
	return n, nil
}

// reachBack looks again at the firm's mentions that are like the judged one, newest first.
func (m *Memory) reachBack(ctx context.Context, j Judgement) (n int, err error) {
	texts, err := m.store.Texts(ctx, j.Firm, []Judgement{j})
	if err != nil {
		return 0, err
	}
	judged := memory.Read(texts[0].Text, j.Place)
	f := mention.Filter{Firm: j.Firm, From: m.store.DB.Now().Add(-reach), Limit: 500}
	for range reachMost / 500 {
		ms, err := m.store.Mentions.List(ctx, f)
		if err != nil || len(ms) == 0 {
			return n, err
		}
		f.Below = ms[len(ms)-1].Doc
		ms = slices.DeleteFunc(ms, func(x mention.Mention) bool {
			return x.ID == j.Mention || x.Own || x.Kind == "post" || memory.Words(memory.Read(x.Text, ""), judged) == memory.Other
		})
		k, err := m.again(ctx, j.Firm, ms)
		if n += k; err != nil {
			return n, err
		}
	}
	return n, nil
}

// again gives mentions what the memory now says of them, and counts those that changed.
func (m *Memory) again(ctx context.Context, firm string, ms []mention.Mention) (n int, err error) {
	if len(ms) == 0 {
		return 0, nil
	}
	known, err := m.store.threads(ctx, firm, ms)
	if err != nil {
		return 0, err
	}
	b, err := m.book(ctx, firm)
	if err != nil {
		return 0, err
	}
	var changed map[string][]string // by source
	err = m.store.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		changed = map[string][]string{}
		for _, x := range ms {
			did, err := m.one(ctx, tx, b, x, known[x.ID])
			if err != nil {
				return err
			}
			if did {
				changed[x.Source] = append(changed[x.Source], x.ID)
			}
		}
		for src, ids := range changed {
			if err := m.store.Jobs.Put(ctx, Labelled{Firm: firm, Source: src, IDs: ids}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, ids := range changed {
		n += len(ids)
	}
	return n, err
}

// one gives one mention what the memory now says of it and tells whether its labels changed.
func (m *Memory) one(ctx context.Context, tx *db.Tx, b *book, x mention.Mention, t Text) (bool, error) {
	now, err := m.store.Of(ctx, x.Firm, x.ID)
	if fault.Is(err, fault.NotFound) {
		return false, nil // not read yet: the memory will be asked then
	}
	if err != nil || now.Engine == ByPerson {
		return false, err
	}
	r, read, err := engineSaid(ctx, tx, x.Firm, x.ID)
	if err != nil || !read {
		return false, err
	}
	if b != nil {
		r = b.recall(t, r)
	}
	if r.Engine == ByMemory {
		if recalled(now) == recalled(r) {
			return false, nil
		}
		err = keep(ctx, tx, []said{{x, r}})
	} else {
		if now.Engine != ByMemory {
			if len(x.Labels) > 0 && sameLabels(verdictOf(r).Labels, labelsOf(x)) {
				return false, nil
			}
		}
		_, err = tx.Exec(ctx, `DELETE FROM labelling WHERE firm_id = $1 AND mention_id = $2 AND maker = 'memory'`, x.Firm, x.ID)
	}
	if err != nil {
		return false, fmt.Errorf("save carried labels: %w", err)
	}
	s := summary(x, r)
	if tx.Now().Sub(x.SeenAt) > fresh && x.Status == mention.Quiet {
		s.Status, s.DueAt = mention.Quiet, time.Time{}
	}
	return true, m.store.Mentions.Summarise(ctx, x.Firm, s)
}

func labelsOf(m mention.Mention) (ls []Label) {
	for _, l := range m.Labels {
		ls = append(ls, Label(l))
	}
	return ls
}
