package classify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/mention"
	"chop/internal/reason"
)

// RuleOwn begins the names of the reasons that rules of a firm give. Their facts name the rule, its label and the words.
const RuleOwn = "rule.own"

// Unruled is what an engine, and a second one, said before the rules of the firm.
type Unruled struct {
	Labels   []Scored `json:"labels"`
	Severity int      `json:"severity"`
	Buyer    bool     `json:"buyer,omitempty"`
}

// gain is what was said with one label more.
func (u *Unruled) gain(x Scored, severity int) *Unruled {
	if u == nil {
		return nil
	}
	kept := slices.DeleteFunc(slices.Clone(u.Labels), func(y Scored) bool { return y.Label == x.Label || y.Label == Neutral })
	return &Unruled{Labels: append([]Scored{x}, kept...), Severity: max(u.Severity, severity), Buyer: u.Buyer}
}

// WithoutRules is the result as it was before rules of the firm spoke.
func (r Result) WithoutRules() Result {
	if r.Unruled == nil {
		return r
	}
	r.Labels, r.Severity, r.BuyerQuestion = slices.Clone(r.Unruled.Labels), r.Unruled.Severity, r.Unruled.Buyer
	r.Reasons = slices.DeleteFunc(slices.Clone(r.Reasons), func(x reason.Reason) bool { return OfRule(x) })
	r.Unruled = nil
	return r
}

// OfRule tells whether a rule of the firm gave the reason.
func OfRule(x reason.Reason) bool { return x.Rule == RuleOwn || strings.HasPrefix(x.Rule, RuleOwn+".") }

// ByRules tells whether only rules of the firm gave the result the label.
func (r Result) ByRules(l Label) bool {
	return r.Unruled != nil && r.Has(l) && !slices.ContainsFunc(r.Unruled.Labels, func(s Scored) bool { return s.Label == l })
}

// VerdictOf is a result without its reasons.
func VerdictOf(r Result) Verdict { return verdictOf(r) }

// Same tells whether two verdicts say the same, in whatever order.
func (v Verdict) Same(o Verdict) bool {
	return v.Severity == o.Severity && v.Buyer == o.Buyer && sameLabels(v.Labels, o.Labels)
}

// Layers is what was said of the newest revision of a mention that was read: what stands, and what the engine said with the
// rules of the firm. They differ where a person's word stands, of this text or of one that is nearly the same.
type Layers struct {
	Revision int
	Stands   Result
	Engine   Result
	maker    string // of Engine
}

// Person tells whether a person's word stands.
func (l Layers) Person() bool { return l.Stands.Engine == ByPerson || l.Stands.Engine == ByMemory }

// Layers reads them by mention; what no engine has read is not there. Needs access.ViewMentions.
func (s *Store) Layers(ctx context.Context, firm string, ids []string) (map[string]Layers, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	out := map[string]Layers{}
	if len(ids) == 0 {
		return out, nil
	}
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT mention_id, revision, maker, result FROM labelling WHERE firm_id = $1 AND mention_id IN (`+db.Marks(2, len(ids))+`)
			ORDER BY mention_id, revision DESC, CASE maker WHEN 'person' THEN 0 WHEN 'memory' THEN 1 ELSE 2 END, at DESC`, append([]any{firm}, db.Args(ids)...),
			func(scan func(...any) error) error {
				var id, maker, raw string
				var n int
				if err := scan(&id, &n, &maker, &raw); err != nil {
					return err
				}
				l, known := out[id]
				if known && (l.Revision != n || l.maker != "") {
					return nil
				}
				l.Revision = n
				if err := l.take(!known, maker, raw); err != nil {
					return fmt.Errorf("labels of %s: %w", id, err)
				}
				out[id] = l
				return nil
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	for id, l := range out {
		if l.maker == "" {
			delete(out, id)
		}
	}
	return out, nil
}

func (l *Layers) take(stands bool, maker, raw string) error {
	var r Result
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		return err
	}
	if stands {
		l.Stands = r
	}
	if maker != ByPerson && maker != ByMemory {
		l.Engine, l.maker = r, maker
	}
	return nil
}

// Threads puts mentions of any sources into their contexts, by id. Needs access.ViewMentions.
func (s *Store) Threads(ctx context.Context, firm string, ms []mention.Mention) (map[string]Text, error) {
	return s.threads(ctx, firm, ms)
}

// Change is what becomes of texts and what engines said of them, in the same order. It runs inside the transaction of the
// context when there is one.
type Change func(ctx context.Context, ts []Text, rs []Result) ([]Result, error)

// Rework lets mentions that were read be changed anew by what a firm knows, and counts those whose labels or severity in the
// list changed. What people said stays. Comments of more than two days ago get the labels, but no place in the inbox, and
// triage does not hear of them. It looks outside a transaction and writes in one, so a few hundred mentions are a good
// measure. For handlers of the queue; needs access.LabelMentions.
func (s *Store) Rework(ctx context.Context, firm string, ms []mention.Mention, change Change) (n int, err error) {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return 0, err
	}
	ids, err := s.moved(ctx, firm, ms, change, nil)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := s.Mentions.ByIDs(ctx, firm, ids)
		if err != nil {
			return err
		}
		heard := map[string][]string{} // by source
		n = 0
		if _, err = s.moved(ctx, firm, now, change, func(x mention.Mention, l Layers, r Result) error {
			did, err := s.put(ctx, tx, x, l, r)
			if did {
				n++
			}
			if did && tx.Now().Sub(x.At) <= fresh {
				heard[x.Source] = append(heard[x.Source], x.ID)
			}
			return err
		}); err != nil {
			return err
		}
		for src, part := range heard {
			if err := s.Jobs.Put(ctx, Labelled{Firm: firm, Source: src, IDs: part}); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// moved finds the mentions of which the change says otherwise than what is kept, and calls each for them.
func (s *Store) moved(ctx context.Context, firm string, ms []mention.Mention, change Change, each func(mention.Mention, Layers, Result) error) (ids []string, err error) {
	known, err := s.Layers(ctx, firm, idsOf(ms))
	if err != nil {
		return nil, err
	}
	ms = slices.DeleteFunc(slices.Clone(ms), func(m mention.Mention) bool {
		l, read := known[m.ID]
		return m.Kind == "post" || !read || l.Revision != m.Revision // what changed since will be read anew
	})
	texts, err := s.threads(ctx, firm, ms)
	if err != nil {
		return nil, err
	}
	ts, rs := make([]Text, len(ms)), make([]Result, len(ms))
	for i, m := range ms {
		ts[i], rs[i] = texts[m.ID], known[m.ID].Engine
	}
	if rs, err = change(ctx, ts, rs); err != nil {
		return nil, err
	}
	for i, m := range ms {
		same, err := equal(known[m.ID].Engine, rs[i])
		if err != nil {
			return nil, err
		}
		if same {
			continue
		}
		ids = append(ids, m.ID)
		if each != nil {
			if err := each(m, known[m.ID], rs[i]); err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

func idsOf(ms []mention.Mention) []string {
	ids := make([]string, len(ms))
	for i, m := range ms {
		ids[i] = m.ID
	}
	return ids
}

// equal compares results as they are kept.
func equal(a, b Result) (bool, error) {
	x, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	y, err := json.Marshal(b)
	return string(x) == string(y), err
}

// put keeps what the engine's result has become, and tells whether the mention shows other labels or another severity now.
func (s *Store) put(ctx context.Context, tx *db.Tx, x mention.Mention, l Layers, r Result) (bool, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `UPDATE labelling SET result = $5 WHERE firm_id = $1 AND mention_id = $2 AND revision = $3 AND maker = $4`,
		x.Firm, x.ID, l.Revision, l.maker, string(raw)); err != nil {
		return false, fmt.Errorf("save labels: %w", err)
	}
	if l.Person() {
		return false, nil
	}
	tx.Touch(x.Firm, "mentions")
	if verdictOf(l.Engine).Same(verdictOf(r)) {
		return false, nil
	}
	f := summary(x, r)
	if tx.Now().Sub(x.At) > fresh && x.Status == mention.Quiet {
		f.Status, f.DueAt = mention.Quiet, time.Time{}
	}
	return true, s.Mentions.Summarise(ctx, x.Firm, f)
}
