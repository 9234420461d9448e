package pulse

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/reason"
)

const (
	questionAge = 7 * 24 * time.Hour // an older question is no longer looked at
	late        = 48 * time.Hour     // what we saw so long after it was written (history, imports) finds nothing
)

// Ambushes looks whether what was just labelled is part of an ambush on a question. It hears classify.Labelled, inside a
// transaction.
func (s *Store) Ambushes(ctx context.Context, e classify.Labelled) error {
	ms, err := s.Mentions.ByIDs(ctx, e.Firm, e.IDs)
	if err != nil {
		return err
	}
	var posts []string
	for _, m := range ms {
		if !m.Own && m.Post != "" && m.SeenAt.Sub(m.At) <= late && (m.ParentExt != "" || hostileReply(m)) && !slices.Contains(posts, m.Post) {
			posts = append(posts, m.Post)
		}
	}
	for _, p := range posts {
		if err := s.ambushesUnder(ctx, e.Firm, p); err != nil {
			return err
		}
	}
	return nil
}

// hostileReply tells whether a reply attacks. Who only tells of a bad experience of their own and advises against buying criticises.
func hostileReply(m mention.Mention) bool {
	rest := []string{}
	for _, l := range m.Labels {
		if l != string(classify.Discouragement) || !m.Has(string(classify.Complaint)) {
			rest = append(rest, l)
		}
	}
	return len(rest) > 0 && mention.Hostile(","+strings.Join(rest, ",")+",")
}

func (s *Store) ambushesUnder(ctx context.Context, firm, post string) error {
	questions, err := s.Mentions.Asking(ctx, firm, post, s.DB.Now().Add(-questionAge))
	if err != nil || len(questions) == 0 {
		return err
	}
	thread, err := s.Mentions.Since(ctx, firm, post, questions[len(questions)-1].At.Add(-time.Minute))
	if err != nil {
		return err
	}
	rule, err := s.Rule(ctx, firm)
	if err != nil {
		return err
	}
	for _, q := range questions {
		replies, err := s.replies(ctx, q, thread)
		if err != nil {
			return err
		}
		if x, yes := rule.Look(replies); yes {
			if err := s.keepAmbush(ctx, q, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// replies are the answers of others to a question: under it, under such an answer, or addressed to the asker by name where a place
// has no threads. Staff and known customers are left out.
func (s *Store) replies(ctx context.Context, q mention.Mention, thread []mention.Mention) ([]Reply, error) {
	under, keys, list := map[string]bool{q.ExternalID: true}, []string{}, []mention.Mention{}
	for _, m := range thread {
		if m.Source != q.Source || m.ID == q.ID || m.At.Before(q.At.Add(-time.Minute)) || !under[m.ParentExt] && !names(m, q) {
			continue
		}
		under[m.ExternalID] = true
		if m.Own || m.AuthorKey == q.AuthorKey || m.SeenAt.Sub(m.At) > late {
			continue
		}
		list = append(list, m)
		if !slices.Contains(keys, m.AuthorKey) {
			keys = append(keys, m.AuthorKey)
		}
	}
	kin, known := map[string]string{}, map[string]bool{}
	var err error
	if s.Linked != nil && len(keys) > 1 {
		if kin, err = s.Linked(ctx, q.Firm, keys); err != nil {
			return nil, err
		}
	}
	if s.Known != nil && len(keys) > 1 {
		if known, err = s.Known(ctx, q.Firm); err != nil {
			return nil, err
		}
	}
	var out []Reply
	for _, m := range list {
		if !known[m.AuthorKey] {
			out = append(out, Reply{ID: m.ID, Author: m.AuthorKey, At: m.At, Hostile: hostileReply(m), Warm: m.Has(string(classify.Praise)), Kin: kin[m.AuthorKey]})
		}
	}
	return out, nil
}

// names tells whether a comment outside the thread speaks to the asker: by "@name", or by the whole name.
func names(m, q mention.Mention) bool {
	name := strings.ToLower(strings.TrimSpace(q.AuthorName))
	if m.ParentExt != "" || len([]rune(name)) < 3 {
		return false
	}
	text := strings.ToLower(m.Text)
	return strings.Contains(text, "@"+name) || strings.Contains(name, " ") && strings.Contains(text, name)
}

// keepAmbush keeps a finding for the question, and tells of it when it is new or has become severe.
func (s *Store) keepAmbush(ctx context.Context, q mention.Mention, x Ambush) error {
	raw, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("write finding: %w", err)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO pulse_asker (firm_id, question_id, asker_key, asked_at, ambushed_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			q.Firm, q.ID, q.AuthorKey, q.At, tx.Now())
		if err != nil {
			return fmt.Errorf("save asker: %w", err)
		}
		var id, old string
		found, err := tx.One(ctx, `SELECT id, figures FROM pulse_finding WHERE firm_id = $1 AND kind = $2 AND subject = $3 ORDER BY at LIMIT 1`,
			[]any{q.Firm, KindAmbush, q.ID}, &id, &old)
		if err != nil {
			return fmt.Errorf("read finding: %w", err)
		}
		if !found {
			id = db.NewID()
			if _, err := tx.Exec(ctx, `INSERT INTO pulse_finding (firm_id, id, kind, subject, at, last_at, figures) VALUES ($1, $2, $3, $4, $5, $5, $6)`,
				q.Firm, id, KindAmbush, q.ID, tx.Now(), string(raw)); err != nil {
				return fmt.Errorf("save finding: %w", err)
			}
			slog.Info("pulse", "firm", q.Firm, "finding", id, "kind", KindAmbush, "severe", x.Severe, "new asker", n == 1)
			return s.Jobs.Put(ctx, Found{q.Firm, id})
		}
		var before Ambush
		if err := json.Unmarshal([]byte(old), &before); err != nil {
			return fmt.Errorf("read finding %s: %w", id, err)
		}
		if x.Accounts <= before.Accounts && x.Severe == before.Severe {
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE pulse_finding SET last_at = $3, figures = $4 WHERE firm_id = $1 AND id = $2`, q.Firm, id, tx.Now(), string(raw)); err != nil {
			return fmt.Errorf("save finding: %w", err)
		}
		if x.Severe && !before.Severe {
			return s.Jobs.Put(ctx, Found{q.Firm, id})
		}
		return nil
	})
}

// Ambushed is which of the mentions are questions under attack, and when that was found. It asks no permission: the case room
// has.
func (s *Store) Ambushed(ctx context.Context, firm string, mentions []string) (at map[string]time.Time, err error) {
	at = map[string]time.Time{}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		for part := range slices.Chunk(mentions, 200) {
			if err := tx.Each(ctx, `SELECT question_id, ambushed_at FROM pulse_asker WHERE firm_id = $1 AND question_id IN (`+db.Marks(2, len(part))+`)`,
				append([]any{firm}, db.Args(part)...), func(scan func(...any) error) error {
					var id string
					var t time.Time
					err := scan(&id, &t)
					at[id] = t
					return err
				}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read askers: %w", err)
	}
	return at, nil
}

// Settle looks what became of askers: whether they have an answer, wrote again, or are lost. The program calls it every half
// minute as the system; calling it often changes nothing.
func (s *Store) Settle(ctx context.Context) error {
	type row struct {
		firm, question, key, source, ext string
		Asker
	}
	var open []row
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT a.firm_id, a.question_id, a.asker_key, a.asked_at, a.ambushed_at, a.answered_at, a.back_at, coalesce(m.gone_at, a.gone_at),
			coalesce(m.source_id, ''), coalesce(m.ext_id, '') FROM pulse_asker a LEFT JOIN mention m ON m.firm_id = a.firm_id AND m.id = a.question_id
			WHERE a.outcome = '' ORDER BY a.ambushed_at LIMIT 500`, nil, func(scan func(...any) error) error {
			var r row
			err := scan(&r.firm, &r.question, &r.key, &r.AskedAt, &r.AmbushedAt, &r.AnsweredAt, &r.BackAt, &r.GoneAt, &r.source, &r.ext)
			open = append(open, r)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("read open askers: %w", err)
	}
	for _, r := range open {
		a := r.Asker
		if a.AnsweredAt, err = s.answered(ctx, r.firm, r.question, r.source, r.ext); err != nil {
			return err
		}
		if a.BackAt, err = s.back(ctx, r.firm, r.key, r.question, r.AmbushedAt); err != nil {
			return err
		}
		out := a.Outcome(s.DB.Now())
		if out == Waiting && a == r.Asker {
			continue
		}
		if err := s.settle(ctx, r.firm, r.question, a, out); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) settle(ctx context.Context, firm, question string, a Asker, out Outcome) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE pulse_asker SET answered_at = $3, back_at = $4, gone_at = $5, outcome = $6 WHERE firm_id = $1 AND question_id = $2`,
			firm, question, a.AnsweredAt, a.BackAt, a.GoneAt, string(out)); err != nil {
			return fmt.Errorf("save asker: %w", err)
		}
		tx.Touch(firm, "cases")
		return nil
	})
}

// answered is when our answer was first seen at the place, or now when a person gave one that the place does not show.
func (s *Store) answered(ctx context.Context, firm, question, source, ext string) (t time.Time, err error) {
	if ext != "" {
		err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.One(ctx, `SELECT at FROM mention WHERE firm_id = $1 AND source_id = $2 AND parent_ext = $3 AND own = TRUE ORDER BY at LIMIT 1`,
				[]any{firm, source, ext}, &t)
			return err
		})
		if err != nil {
			return t, fmt.Errorf("look for an answer: %w", err)
		}
	}
	if t.IsZero() && s.Answered != nil {
		given, err := s.Answered(ctx, firm, []string{question})
		if err != nil {
			return t, err
		}
		if given[question] {
			t = s.DB.Now()
		}
	}
	return t, nil
}

func (s *Store) back(ctx context.Context, firm, key, question string, after time.Time) (t time.Time, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT at FROM mention WHERE firm_id = $1 AND author_key = $2 AND at > $3 AND id <> $4 ORDER BY at LIMIT 1`,
			[]any{firm, key, after, question}, &t)
		return err
	})
	if err != nil {
		return t, fmt.Errorf("look whether the asker came back: %w", err)
	}
	return t, nil
}

// Askers counts potential customers whose questions were ambushed.
type Askers struct{ All, Answered, Back, Lost, Waiting int }

// Askers counts those found in a stretch of time. Lost is an estimate, see Outcome. Needs access.ViewCases.
func (s *Store) Askers(ctx context.Context, firm string, from, to time.Time) (a Askers, err error) {
	if err := access.Check(ctx, access.ViewCases, firm); err != nil {
		return a, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT outcome, count(*) FROM pulse_asker WHERE firm_id = $1 AND ambushed_at >= $2 AND ambushed_at < $3 GROUP BY outcome`,
			[]any{firm, from, to}, func(scan func(...any) error) error {
				var o Outcome
				var n int
				if err := scan(&o, &n); err != nil {
					return err
				}
				a.All += n
				switch o {
				case Answered:
					a.Answered = n
				case Back:
					a.Back = n
				case Lost:
					a.Lost = n
				default:
					a.Waiting += n
				}
				return nil
			})
	})
	if err != nil {
		return a, fmt.Errorf("count askers: %w", err)
	}
	return a, nil
}

// Rule is what the firm calls an ambush. It asks no permission: rules look on the program's behalf, and it is no secret.
func (s *Store) Rule(ctx context.Context, firm string) (r Rule, err error) {
	r = DefaultRule()
	var within int64
	var accounts int
	var linked bool
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := tx.One(ctx, `SELECT accounts, within, linked FROM pulse_setup WHERE firm_id = $1`, []any{firm}, &accounts, &within, &linked)
		if found {
			r = Rule{accounts, time.Duration(within) * time.Microsecond, linked}
		}
		return err
	})
	if err != nil {
		return r, fmt.Errorf("read the rule of ambushes: %w", err)
	}
	return r, nil
}

// SetRule changes what the firm calls an ambush. Needs access.ManageFirm and a reason. Faults: Invalid "pulse.accounts",
// "pulse.within", "why".
func (s *Store) SetRule(ctx context.Context, firm string, r Rule, why string) error {
	if err := access.Check(ctx, access.ManageFirm, firm); err != nil {
		return err
	}
	switch {
	case r.Accounts < 2 || r.Accounts > 100:
		return fault.New(fault.Invalid, "pulse.accounts").On("accounts")
	case r.Within < 5*time.Minute || r.Within > 24*time.Hour:
		return fault.New(fault.Invalid, "pulse.within").On("within")
	case len([]rune(strings.TrimSpace(why))) < 3:
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO pulse_setup (firm_id, accounts, within, linked, changed_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (firm_id) DO UPDATE SET accounts = excluded.accounts, within = excluded.within, linked = excluded.linked, changed_at = excluded.changed_at`,
			firm, r.Accounts, r.Within.Microseconds(), r.Linked, tx.Now()); err != nil {
			return fmt.Errorf("save the rule of ambushes: %w", err)
		}
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: "firm", ID: firm}, Verb: "pulse.rule", Why: why,
			Data: map[string]string{"accounts": fmt.Sprint(r.Accounts), "within": r.Within.String(), "linked": fmt.Sprint(r.Linked)}})
	})
}
