package author

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/mention"
	"chop/internal/polish"
	"chop/internal/reason"
)

// Link is a suggestion that two accounts of the same firm belong together. It is nothing until a person confirmed it.
type Link struct {
	ID      string
	Other   string // key of the other account
	Name    string // as it shows itself
	State   string // suggested, confirmed, rejected
	Score   float64
	Grounds []Ground
	Why     string // of the person
	Who     string
	At      time.Time
}

// Ground is one thing that two accounts have in common.
type Ground struct {
	Rule  string            `json:"rule"` // message "reason.<Rule>"
	Facts map[string]string `json:"facts,omitempty"`
	Score float64           `json:"score"`
	Refs  []reason.Ref      `json:"refs,omitempty"`
	Mark  string            `json:"mark"` // digest of what was found, to know it again
}

// Weights of grounds, and from where on a suggestion is made: a name alone is never enough, and neither is one chain letter.
const (
	scoreName  = 0.4
	scoreText  = 0.35 // nearly the same text
	scoreLinks = 0.35 // the same page linked
	scoreLeast = 0.7
)

const sealLink = "author link"

type linkWords struct {
	Grounds []Ground
	Why     string
}

func mark16(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:8])
}

// Suggest looks for other accounts of the firm that may belong to this one: the same name together with nearly the same text or the
// same links. A pair that a person rejected is suggested again only when there is a ground that the person had not seen. Needs
// access.WorkProfiles; it looks only when a person asks.
func (s *Store) Suggest(ctx context.Context, firm, key string) ([]Link, error) {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return nil, err
	}
	if err := s.barred(ctx, nil, firm, key); err != nil {
		return nil, err
	}
	if err := s.Looked(ctx, firm, key, "profile"); err != nil {
		return nil, err
	}
	found, err := s.grounds(ctx, firm, key)
	if err != nil {
		return nil, fmt.Errorf("suggest links: %w", err)
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for other, gs := range found {
			if s.barred(ctx, tx, firm, other) == nil {
				if err := s.suggest(ctx, tx, firm, key, other, gs); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.links(ctx, firm, key)
}

// grounds are what other accounts have in common with this one.
func (s *Store) grounds(ctx context.Context, firm, key string) (map[string][]Ground, error) {
	ms, err := s.Mentions.OfAuthors(ctx, firm, []string{key})
	if err != nil {
		return nil, err
	}
	alike, err := s.alike(ctx, firm, []string{key}, ms)
	if err != nil {
		return nil, err
	}
	out := map[string][]Ground{}
	for _, a := range alike {
		one, two := pair(a.Mine, a.Theirs) // the same find from either side
		out[a.Other] = append(out[a.Other], Ground{Rule: "link.text", Score: scoreText, Mark: mark16("text", one, two),
			Facts: map[string]string{"Percent": itoa(int(math.Round(100 * a.Jaccard))), "Minutes": itoa(int(a.Apart.Abs().Minutes()))},
			Refs:  []reason.Ref{mention.Ref(a.Mine), mention.Ref(a.Theirs)}})
	}
	if err := s.sameName(ctx, firm, key, ms, out); err != nil {
		return nil, err
	}
	return out, nil
}

// sameName adds accounts of the same name, and the pages that they link to alike.
func (s *Store) sameName(ctx context.Context, firm, key string, ms []mention.Mention, out map[string][]Ground) error {
	var fold string
	var others []string
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.One(ctx, `SELECT fold FROM author WHERE firm_id = $1 AND key = $2`, []any{firm, key}, &fold); err != nil || fold == "" {
			return err
		}
		return tx.Each(ctx, `SELECT key FROM author WHERE firm_id = $1 AND fold = $2 AND fold <> '' AND key <> $3 ORDER BY last_at DESC LIMIT 20`,
			[]any{firm, fold, key}, func(scan func(...any) error) error {
				var k string
				err := scan(&k)
				others = append(others, k)
				return err
			})
	})
	if err != nil {
		return err
	}
	mine := pages(ms)
	for _, o := range others {
		out[o] = append(out[o], Ground{Rule: "link.name", Score: scoreName, Mark: mark16("name", fold)})
		theirs, err := s.Mentions.OfAuthors(ctx, firm, []string{o})
		if err != nil {
			return err
		}
		for page, ref := range pages(theirs) {
			if my, ok := mine[page]; ok {
				out[o] = append(out[o], Ground{Rule: "link.page", Score: scoreLinks, Mark: mark16("page", page),
					Facts: map[string]string{"Page": page}, Refs: []reason.Ref{my, ref}})
			}
		}
	}
	return nil
}

// pages are the addresses that texts link to, folded, with one item each.
func pages(ms []mention.Mention) map[string]reason.Ref {
	out := map[string]reason.Ref{}
	for _, m := range ms {
		for _, t := range polish.Tokens(m.Text) {
			if t.Kind == polish.Link {
				out[strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(t.Fold, "https://"), "http://"), "/")] = mention.Ref(m.ID)
			}
		}
	}
	return out
}

func pair(a, b string) (string, string) {
	if b < a {
		return b, a
	}
	return a, b
}

// score adds grounds of different kinds; more of the same kind count once.
func score(gs []Ground) float64 {
	kinds, sum := map[string]bool{}, 0.0
	for _, g := range gs {
		if !kinds[g.Rule] {
			kinds[g.Rule] = true
			sum += g.Score
		}
	}
	return math.Min(sum, 1)
}

func (s *Store) suggest(ctx context.Context, tx *db.Tx, firm, key, other string, gs []Ground) error {
	sc := score(gs)
	if sc < scoreLeast {
		return nil
	}
	marks := make([]string, len(gs))
	for i, g := range gs {
		marks[i] = g.Mark
	}
	slices.Sort(marks)
	a, b := pair(key, other)
	id, state, seen := "", "", ""
	found, err := tx.One(ctx, `SELECT id, state, grounds FROM author_link WHERE firm_id = $1 AND a = $2 AND b = $3`, []any{firm, a, b}, &id, &state, &seen)
	if err != nil {
		return err
	}
	old := strings.Split(seen, ",")
	news := slices.ContainsFunc(marks, func(m string) bool { return !slices.Contains(old, m) })
	if found && (state == "confirmed" || !news) {
		return nil
	}
	if !found {
		id = db.NewID()
	}
	sealed, err := s.sealJSON(ctx, firm, sealLink, id, linkWords{Grounds: gs})
	if err != nil {
		return err
	}
	all := slices.Compact(slices.Sorted(slices.Values(append(marks, slices.DeleteFunc(old, func(m string) bool { return m == "" })...))))
	if _, err := tx.Exec(ctx, `INSERT INTO author_link (firm_id, id, a, b, state, score, sealed, grounds, at) VALUES ($1, $2, $3, $4, 'suggested', $5, $6, $7, $8)
		ON CONFLICT (firm_id, a, b) DO UPDATE SET state = 'suggested', score = excluded.score, sealed = excluded.sealed, grounds = excluded.grounds, at = excluded.at`,
		firm, id, a, b, sc, sealed, strings.Join(all, ","), tx.Now()); err != nil {
		return fmt.Errorf("suggest link: %w", err)
	}
	tx.Touch(firm, Topic)
	return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: "link", ID: id}, Verb: "author.link_suggested"})
}

// Answer confirms or rejects a suggested link, or takes an answer back by giving the other one. Two accounts that a person confirmed
// share one profile; different people may still stand behind them, and the profile goes on speaking of accounts. Needs
// access.WorkProfiles, a person and a reason.
func (s *Store) Answer(ctx context.Context, firm, id string, same bool, why string) error {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	if why = tidy(why); because(why) != nil {
		return because(why)
	}
	state, verb := "rejected", "author.link_rejected"
	if same {
		state, verb = "confirmed", "author.link_confirmed"
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var raw []byte
		found, err := tx.One(ctx, `SELECT sealed FROM author_link WHERE firm_id = $1 AND id = $2`, []any{firm, id}, &raw)
		if err == nil && !found {
			err = fault.Missing("link")
		}
		if err != nil {
			return err
		}
		var w linkWords
		if err := s.openJSON(ctx, firm, sealLink, id, raw, &w); err != nil {
			return err
		}
		w.Why = why
		sealed, err := s.sealJSON(ctx, firm, sealLink, id, w)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE author_link SET state = $3, sealed = $4, who = $5, at = $6 WHERE firm_id = $1 AND id = $2`,
			firm, id, state, sealed, access.From(ctx).User, tx.Now()); err != nil {
			return fmt.Errorf("answer link: %w", err)
		}
		tx.Touch(firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: "link", ID: id}, Verb: verb, Why: why})
	})
}

// links are those of an account, whatever their state, the surest first.
func (s *Store) links(ctx context.Context, firm, key string) (ls []Link, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var raws [][]byte
		err := tx.Each(ctx, `SELECT l.id, CASE WHEN l.a = $2 THEN l.b ELSE l.a END, coalesce(o.name, ''), l.state, l.score, l.sealed, l.who, l.at
			FROM author_link l LEFT JOIN author o ON o.firm_id = l.firm_id AND o.key = CASE WHEN l.a = $2 THEN l.b ELSE l.a END
			WHERE l.firm_id = $1 AND (l.a = $2 OR l.b = $2) ORDER BY l.score DESC, l.id`, []any{firm, key}, func(scan func(...any) error) error {
			var l Link
			var raw []byte
			err := scan(&l.ID, &l.Other, &l.Name, &l.State, &l.Score, &raw, &l.Who, &l.At)
			ls, raws = append(ls, l), append(raws, raw)
			return err
		})
		for i := range ls {
			if err != nil {
				return err
			}
			var w linkWords
			if err = s.openJSON(ctx, firm, sealLink, ls[i].ID, raws[i], &w); err == nil {
				ls[i].Grounds, ls[i].Why = w.Grounds, w.Why
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	return ls, nil
}

// linked is the account and those that a person confirmed as belonging to it. Links of links are not followed, and what belongs to
// a protected account is left out.
func (s *Store) linked(ctx context.Context, firm, key string) ([]string, error) {
	ls, err := s.links(ctx, firm, key)
	if err != nil {
		return nil, err
	}
	keys := []string{key}
	for _, l := range ls {
		if l.State == "confirmed" && s.barred(ctx, nil, firm, l.Other) == nil {
			keys = append(keys, l.Other)
		}
	}
	return keys, nil
}
