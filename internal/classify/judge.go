package classify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/classify/memory"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
)

// How a judgement came about.
const (
	Corrected = "corrected" // a person saw what the program said and gave other labels
	Confirmed = "confirmed" // a person saw what the program said and agreed
	Blind     = "blind"     // a person gave labels without seeing what the program said
)

// From what a blind sample was drawn.
const (
	DrawnRandom   = "random"   // from all comments
	DrawnLabelled = "labelled" // from those to which the program had given a label
)

// Verdict is what somebody says a text is.
type Verdict struct {
	Labels   []Label
	Buyer    bool
	Severity int
}

// Has tells whether the verdict carries the label.
func (v Verdict) Has(l Label) bool {
	for _, x := range v.Labels {
		if x == l {
			return true
		}
	}
	return false
}

// takesSafety tells whether v lacks a safety label that other has.
func (v Verdict) takesSafety(other Verdict) bool {
	for _, l := range Safety {
		if other.Has(l) && !v.Has(l) {
			return true
		}
	}
	return false
}

func verdictOf(r Result) Verdict {
	v := Verdict{Buyer: r.BuyerQuestion, Severity: r.Severity}
	for _, l := range r.Labels {
		v.Labels = append(v.Labels, l.Label)
	}
	return v
}

// give puts the verdict in the place of what a result said.
func (v Verdict) give(r Result) Result {
	r.Labels, r.Severity, r.BuyerQuestion = nil, v.Severity, v.Buyer
	for _, l := range v.Labels {
		r.Labels = append(r.Labels, Scored{l, 1})
	}
	return r
}

// Judgement is what a person said of a comment, beside what the program had said until then.
type Judgement struct {
	Firm, ID, Mention string
	Revision          int    // of the mention
	Kind              string // Corrected, Confirmed, Blind
	Who, Name         string // the person, and their name as it was then
	At                time.Time
	Why               string
	Verdict
	Engine  string // that had read it; "" when none had
	Said    Verdict
	Blind   bool
	Drawn   string
	Stands  bool // it changed the labels of the comment; what does not stand only measures
	Place   string
	TakenAt time.Time // when it was taken back; zero while it holds
	TakenBy string
}

// engineSaid is the engine's own labels of the newest revision it read, without people and memory.
func engineSaid(ctx context.Context, tx *db.Tx, firm, id string) (r Result, found bool, err error) {
	var raw string
	found, err = tx.One(ctx, `SELECT result FROM labelling WHERE firm_id = $1 AND mention_id = $2 AND maker NOT IN ('person', 'memory')
		ORDER BY revision DESC, at DESC LIMIT 1`, []any{firm, id}, &raw)
	if err != nil || !found {
		return r, false, err
	}
	return r, true, json.Unmarshal([]byte(raw), &r)
}

// Correct replaces the labels of a mention by a person's. It wins over every engine, and over what was said before of texts
// that are nearly the same. Needs access.LabelMentions and a reason of at least three characters.
func (s *Store) Correct(ctx context.Context, firm, id string, labels []Label, severity int, why string) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	if err := checkLabels(labels, severity); err != nil {
		return err
	}
	if len(strings.TrimSpace(why)) < 3 {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := s.Of(ctx, firm, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		v := Verdict{Labels: labels, Severity: severity}
		v.Buyer = r.BuyerQuestion && v.Has(Question)
		r.Reasons = nil
		_, err = s.judge(ctx, tx, Judgement{Firm: firm, Mention: id, Kind: Corrected, Why: why, Verdict: v, Stands: true}, r)
		return err
	})
}

// Confirm puts on record that a person finds the labels of a mention right; from then on they are the person's. Needs
// access.LabelMentions. fault.NotFound when nothing has read the mention yet.
func (s *Store) Confirm(ctx context.Context, firm, id string) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := s.Of(ctx, firm, id)
		if err != nil {
			return err
		}
		_, err = s.judge(ctx, tx, Judgement{Firm: firm, Mention: id, Kind: Confirmed, Verdict: verdictOf(r), Stands: true}, r)
		return err
	})
}

// JudgeBlind records what a person says of a mention without having seen what the program says. It only measures, unless the
// person sees a safety label that the mention does not carry: then it stands like a correction. Needs access.LabelMentions.
func (s *Store) JudgeBlind(ctx context.Context, firm, id string, v Verdict, drawn string) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	if err := checkLabels(v.Labels, v.Severity); err != nil {
		return err
	}
	v.Buyer = v.Buyer && v.Has(Question)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := s.Of(ctx, firm, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		r.Reasons = nil
		_, err = s.judge(ctx, tx, Judgement{Firm: firm, Mention: id, Kind: Blind, Verdict: v, Blind: true, Drawn: drawn,
			Stands: verdictOf(r).takesSafety(v)}, r)
		return err
	})
}

// judge records a judgement and, when it stands, gives the mention its labels. r is what was known of the mention.
func (s *Store) judge(ctx context.Context, tx *db.Tx, j Judgement, r Result) (Judgement, error) {
	m, err := s.Mentions.Find(ctx, j.Firm, j.Mention)
	if err != nil {
		return j, err
	}
	j.ID, j.Revision, j.At = db.NewID(), m.Revision, tx.Now()
	j.Who, j.Name = access.From(ctx).User, access.From(ctx).Name
	if j.Place, err = s.place(ctx, m); err != nil {
		return j, err
	}
	e, read, err := engineSaid(ctx, tx, j.Firm, j.Mention)
	if err != nil {
		return j, fmt.Errorf("read what the engine said: %w", err)
	}
	if read {
		j.Engine, j.Said = e.Engine, verdictOf(e)
	}
	if err := saveJudgement(ctx, tx, j); err != nil {
		return j, err
	}
	if j.Stands {
		if err := s.putPerson(ctx, tx, m, j, r); err != nil {
			return j, err
		}
	}
	verb := map[string]string{Corrected: "mention.relabelled", Confirmed: "mention.confirmed", Blind: "mention.judged"}[j.Kind]
	return j, s.Journal.Record(ctx, journal.Entry{Firm: j.Firm, Ref: mention.Ref(j.Mention), Verb: verb, Why: j.Why,
		Data: map[string]string{"labels": fmt.Sprint(j.Labels), "severity": fmt.Sprint(j.Severity), "judgement": j.ID}})
}

// place is where a mention stands in its thread, for comparing short texts.
func (s *Store) place(ctx context.Context, m mention.Mention) (string, error) {
	ts, err := s.contexts(ctx, mention.Ingested{Firm: m.Firm, Source: m.Source}, []mention.Mention{m})
	if err != nil {
		return "", err
	}
	return placeOf(ts[0]), nil
}

func placeOf(t Text) string {
	ls := make([]string, len(t.ParentLabels))
	for i, l := range t.ParentLabels {
		ls[i] = string(l)
	}
	return memory.Place(t.Parent != "", ls, t.Rating)
}

// putPerson gives a mention the labels of a judgement and lets triage and the memory know.
func (s *Store) putPerson(ctx context.Context, tx *db.Tx, m mention.Mention, j Judgement, r Result) error {
	r = j.give(r)
	r.Engine = ByPerson
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO labelling (firm_id, mention_id, revision, maker, result, who, why, at, judgement)
		VALUES ($1, $2, $3, 'person', $4, $5, $6, $7, $8) ON CONFLICT (firm_id, mention_id, revision, maker)
		DO UPDATE SET result = excluded.result, who = excluded.who, why = excluded.why, at = excluded.at, judgement = excluded.judgement`,
		m.Firm, m.ID, m.Revision, string(raw), j.Who, j.Why, j.At, j.ID); err != nil {
		return fmt.Errorf("save correction: %w", err)
	}
	if err := s.Mentions.Summarise(ctx, m.Firm, summary(m, r)); err != nil {
		return err
	}
	return s.Jobs.Put(ctx, Labelled{Firm: m.Firm, Source: m.Source, IDs: []string{m.ID}, Judged: j.ID})
}

// TakeBack takes a judgement back: it counts no more, and what it spread returns to what holds without it. Needs
// access.LabelMentions. Faults: NotFound "judgement"; Conflict "judgement.withdrawn" when it was taken back before.
func (s *Store) TakeBack(ctx context.Context, firm, id, why string) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		j, err := findJudgement(ctx, tx, firm, id)
		if err != nil {
			return err
		}
		return s.takeBack(ctx, tx, j, why)
	})
}

// Withdraw takes back what a person last said of a mention, as TakeBack does. Needs access.LabelMentions; fault.NotFound
// when no person has labelled it or no engine has read it.
func (s *Store) Withdraw(ctx context.Context, firm, id string) error {
	if err := access.Check(ctx, access.LabelMentions, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, read, err := engineSaid(ctx, tx, firm, id); err != nil {
			return err
		} else if !read {
			return fault.Missing("label")
		}
		js, err := judgements(ctx, tx, `firm_id = $1 AND mention_id = $2 AND stands = TRUE AND withdrawn_at = 0 ORDER BY at DESC, id DESC LIMIT 1`,
			firm, id)
		if err != nil {
			return err
		}
		if len(js) == 0 {
			return fault.Missing("label")
		}
		return s.takeBack(ctx, tx, js[0], "")
	})
}

func (s *Store) takeBack(ctx context.Context, tx *db.Tx, j Judgement, why string) error {
	n, err := tx.Exec(ctx, `UPDATE judgement SET withdrawn_at = $3, withdrawn_by = $4 WHERE firm_id = $1 AND id = $2 AND withdrawn_at = 0`,
		j.Firm, j.ID, tx.Now(), access.From(ctx).User)
	if err != nil {
		return fmt.Errorf("take judgement back: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "judgement.withdrawn")
	}
	if err := stampJudged(ctx, tx, j.Firm); err != nil {
		return err
	}
	if j.Stands {
		if err := s.restore(ctx, tx, j); err != nil {
			return err
		}
	}
	return s.Journal.Record(ctx, journal.Entry{Firm: j.Firm, Ref: mention.Ref(j.Mention), Verb: "mention.relabel_undone", Why: why,
		Data: map[string]string{"judgement": j.ID}})
}

// restore gives a mention back what held before a judgement: an earlier person's word, or the engine's.
func (s *Store) restore(ctx context.Context, tx *db.Tx, j Judgement) error {
	m, err := s.Mentions.Find(ctx, j.Firm, j.Mention)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM labelling WHERE firm_id = $1 AND mention_id = $2 AND maker = 'person' AND judgement = $3`,
		j.Firm, j.Mention, j.ID); err != nil {
		return fmt.Errorf("take labels back: %w", err)
	}
	r, err := s.Of(ctx, j.Firm, j.Mention)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	earlier, err := judgements(ctx, tx, `firm_id = $1 AND mention_id = $2 AND revision = $3 AND stands = TRUE AND withdrawn_at = 0
		ORDER BY at DESC, id DESC LIMIT 1`, j.Firm, j.Mention, j.Revision)
	if err != nil {
		return err
	}
	if len(earlier) == 1 && r.Engine != ByPerson {
		e := earlier[0]
		if err := s.putPerson(ctx, tx, m, e, r); err != nil {
			return err
		}
	} else if err := s.Mentions.Summarise(ctx, j.Firm, summary(m, r)); err != nil {
		return err
	}
	return s.Jobs.Put(ctx, Labelled{Firm: m.Firm, Source: m.Source, IDs: []string{m.ID}, Judged: j.ID})
}

// Missing is the labels of a that b lacks.
func Missing(a, b []Label) (ls []Label) {
	for _, l := range a {
		if !slices.Contains(b, l) {
			ls = append(ls, l)
		}
	}
	return ls
}
