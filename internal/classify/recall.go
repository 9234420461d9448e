package classify

import (
	"context"
	"fmt"
	"sync"
	"time"

	"chop/internal/classify/memory"
	"chop/internal/db"
	"chop/internal/reason"
)

// ByMemory is the Engine of labels that a person gave to a text that is nearly the same.
const ByMemory = "memory"

// sameRule is the reason of such labels. Its facts name the person, the day, the mention they judged and the judgement.
const sameRule = "person.same"

// recalled is the judgement that a result was carried over from, "" when it was not.
func recalled(r Result) string {
	if r.Engine != ByMemory {
		return ""
	}
	for _, x := range r.Reasons {
		if x.Rule == sameRule {
			return x.Facts["judgement"]
		}
	}
	return ""
}

// Memory gives texts that are nearly the same as one a person judged the labels of that person. It is the last of the
// adjusters, because a person's word wins, and safe for use by many goroutines.
type Memory struct {
	store *Store
	mu    sync.Mutex
	books map[string]*book // by firm
}

// NewMemory is the memory over the judgements of a store.
func NewMemory(s *Store) *Memory { return &Memory{store: s, books: map[string]*book{}} }

// book is what the people of one firm said, newest first, as of a stamp.
type book struct {
	stamp string
	js    []Judgement
	texts []memory.Text
	find  *memory.Book
}

// keptBooks bounds what is held in memory; the rest is read again when it is needed.
const keptBooks = 200

// Adjust replaces what an engine said where a person has judged nearly the same text.
func (m *Memory) Adjust(ctx context.Context, firm string, ts []Text, rs []Result) ([]Result, error) {
	b, err := m.book(ctx, firm)
	if err != nil || b == nil || len(ts) != len(rs) {
		return rs, err
	}
	out := make([]Result, len(rs))
	for i := range rs {
		out[i] = b.recall(ts[i], rs[i])
	}
	return out, nil
}

// recall is the result with the labels of the judgement that fits best, or as it was.
func (b *book) recall(t Text, r Result) Result {
	said := verdictOf(r)
	i, _ := b.find.Find(memory.Read(t.Text, placeOf(t)), func(i int, l memory.Likeness) bool { return mayCarry(b.js[i], said, l) })
	if i < 0 {
		return r
	}
	j := b.js[i]
	r = j.give(r)
	r.Engine = ByMemory
	r.Reasons = append([]reason.Reason{{Rule: sameRule, Weight: 1, Facts: map[string]string{"who": j.Name, "at": j.At.Format(time.DateOnly),
		"mention": j.Mention, "judgement": j.ID}}}, r.Reasons...)
	return r
}

// mayCarry tells whether a judgement may be carried over to a text of which the engine said this. A safety label goes only
// from a text of the very same words, whether the judgement took it away itself or would take it away here.
func mayCarry(j Judgement, said Verdict, l memory.Likeness) bool {
	return l == memory.Same || !j.takesSafety(said) && !j.takesSafety(j.Said)
}

// book is the firm's judgements that stand; nil when there are none. What is held is used as long as its stamp is that of
// the database, so it is right with many processes.
func (m *Memory) book(ctx context.Context, firm string) (*book, error) {
	stamp := ""
	if err := m.store.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT judged FROM learned WHERE firm_id = $1`, []any{firm}, &stamp)
		return err
	}); err != nil {
		return nil, fmt.Errorf("look for judgements: %w", err)
	}
	if stamp == "" {
		return nil, nil
	}
	m.mu.Lock()
	b := m.books[firm]
	m.mu.Unlock()
	if b != nil && b.stamp == stamp {
		return b, nil
	}
	b, err := m.open(ctx, firm, stamp)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.books) >= keptBooks {
		m.books = map[string]*book{}
	}
	m.books[firm] = b
	return b, nil
}

// open reads the judgements. Of several about the same mention the newest is the person's word.
func (m *Memory) open(ctx context.Context, firm, stamp string) (*book, error) {
	b := &book{stamp: stamp}
	err := m.store.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := judgements(ctx, tx, `firm_id = $1 AND stands = TRUE AND withdrawn_at = 0 ORDER BY at DESC, id DESC LIMIT $2`, firm, KeptJudgements)
		seen := map[string]bool{}
		for _, j := range list {
			if !seen[j.Mention] {
				seen[j.Mention], b.js = true, append(b.js, j)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	texts, err := m.store.Texts(ctx, firm, b.js)
	if err != nil {
		return nil, err
	}
	for i, t := range texts {
		b.texts = append(b.texts, memory.Read(t.Text, b.js[i].Place)) // a text no longer kept has no words and is like nothing
	}
	b.find = memory.NewBook(b.texts)
	return b, nil
}

// Contradiction is two judgements of nearly the same text that say different things; the newer one wins.
type Contradiction struct {
	Newer, Older Judgement
}

// Contradictions lists them, newest first, at most fifty. Needs access.ViewMentions.
func (m *Memory) Contradictions(ctx context.Context, firm string) (list []Contradiction, err error) {
	if _, err := m.store.Mentions.ByIDs(ctx, firm, nil); err != nil {
		return nil, err // may I
	}
	b, err := m.book(ctx, firm)
	if err != nil || b == nil {
		return nil, err
	}
	for i, j := range b.js {
		n, _ := b.find.Find(b.texts[i], func(k int, _ memory.Likeness) bool { return k < i && !sameLabels(b.js[k].Labels, j.Labels) })
		if n >= 0 && len(list) < 50 {
			list = append(list, Contradiction{Newer: b.js[n], Older: j})
		}
	}
	return list, nil
}

func sameLabels(a, b []Label) bool {
	if len(a) != len(b) {
		return false
	}
	for _, l := range a {
		if !(Verdict{Labels: b}).Has(l) {
			return false
		}
	}
	return true
}
