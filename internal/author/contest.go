package author

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// Contest is what the owner of an account says against its profile (field 17), and what came of it. While one is open, decisions do
// not read the profile.
type Contest struct {
	ID        string
	Said      string // what the subject said, in short
	Channel   string // how it came: a letter, a message
	MadeAt    time.Time
	Who       string // who took it down
	Outcome   string // empty while open; upheld, partly, rejected: message "contest.<Outcome>"
	Why       string
	SettledAt time.Time
	SettledBy string
}

// Outcomes of a contest.
var Outcomes = []string{"upheld", "partly", "rejected"}

const sealContest = "author contest"

type contestWords struct{ Said, Channel, Why string }

// ContestRef points at a contest.
func ContestRef(id string) reason.Ref { return reason.Ref{Kind: "contest", ID: id} }

// Contest takes down what the owner of an account says against being profiled or against what the profile says. From now on until it
// is settled, no decision reads the profile. Needs access.WorkProfiles and a person. Faults: Invalid "author.contest".
func (s *Store) Contest(ctx context.Context, firm, key, said, channel string) (id string, err error) {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return "", err
	}
	said, channel = tidy(said), tidy(channel)
	if n := utf8.RuneCountInString(said); n < minWhy || n > 5000 || utf8.RuneCountInString(channel) > 200 {
		return "", fault.New(fault.Invalid, "author.contest", "Min", minWhy).On("said")
	}
	if _, err := s.card(ctx, firm, key); err != nil {
		return "", err
	}
	id = db.NewID()
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		sealed, err := s.sealJSON(ctx, firm, sealContest, id, contestWords{Said: said, Channel: channel})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO author_contest (firm_id, id, key, sealed, made_at, who) VALUES ($1, $2, $3, $4, $5, $6)`,
			firm, id, key, sealed, tx.Now(), access.From(ctx).User); err != nil {
			return fmt.Errorf("save contest: %w", err)
		}
		tx.Touch(firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: ContestRef(id), Verb: "author.contested", Data: map[string]string{"account": s.mark(ctx, firm, key)}})
	})
	return id, err
}

// Settle ends a contest: upheld takes the standing profile and the draft back; partly asks for a new draft; rejected lets it stand.
// Needs access.WorkProfiles, a person and a reason, which the subject gets to read. Faults: Invalid "author.outcome", "author.why";
// Conflict "author.settled".
func (s *Store) Settle(ctx context.Context, firm, id, outcome, why string) error {
	if err := person(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	why = tidy(why)
	if !slices.Contains(Outcomes, outcome) {
		return fault.New(fault.Invalid, "author.outcome").On("outcome")
	}
	if err := because(why); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		cs, key, err := s.contestRows(ctx, `id = $2`, firm, id)
		if err != nil {
			return err
		}
		if len(cs) == 0 {
			return fault.Missing("contest")
		}
		if cs[0].Outcome != "" {
			return fault.New(fault.Conflict, "author.settled")
		}
		sealed, err := s.sealJSON(ctx, firm, sealContest, id, contestWords{cs[0].Said, cs[0].Channel, why})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE author_contest SET sealed = $3, outcome = $4, settled_at = $5, settled_by = $6 WHERE firm_id = $1 AND id = $2`,
			firm, id, sealed, outcome, tx.Now(), access.From(ctx).User); err != nil {
			return fmt.Errorf("settle contest: %w", err)
		}
		if outcome != "rejected" {
			if err := s.takeBack(ctx, tx, firm, key, "contest", why); err != nil {
				return err
			}
		}
		tx.Touch(firm, Topic)
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: ContestRef(id), Verb: "author.settled", Why: why, Data: map[string]string{"outcome": outcome}})
	})
}

// takeBack withdraws what stands and what is drafted.
func (s *Store) takeBack(ctx context.Context, tx *db.Tx, firm, key, cause, why string) error {
	ds, err := s.documents(ctx, `key = $2 AND state IN ('draft', 'confirmed')`, firm, key)
	if err != nil {
		return err
	}
	who := access.From(ctx)
	for _, d := range ds {
		d.State, d.EndedAt = Withdrawn, tx.Now()
		d.log(Entry{At: tx.Now(), Who: who.User, Name: who.Name, What: "withdrawn", Why: why})
		if err := s.save(ctx, tx, d); err != nil {
			return err
		}
		if err := s.note(ctx, tx, d, "withdrawn", why, map[string]string{"cause": cause}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) contests(ctx context.Context, firm, key string) ([]Contest, error) {
	cs, _, err := s.contestRows(ctx, `key = $2`, firm, key)
	return cs, err
}

func (s *Store) contestRows(ctx context.Context, where string, args ...any) (cs []Contest, key string, err error) {
	firm := args[0].(string)
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var raws [][]byte
		err := tx.Each(ctx, `SELECT id, key, sealed, made_at, who, outcome, settled_at, settled_by FROM author_contest WHERE firm_id = $1 AND `+where+` ORDER BY made_at DESC, id DESC`,
			args, func(scan func(...any) error) error {
				var c Contest
				var raw []byte
				err := scan(&c.ID, &key, &raw, &c.MadeAt, &c.Who, &c.Outcome, &c.SettledAt, &c.SettledBy)
				cs, raws = append(cs, c), append(raws, raw)
				return err
			})
		for i := range cs {
			if err != nil {
				return err
			}
			var w contestWords
			if err = s.openJSON(ctx, firm, sealContest, cs[i].ID, raws[i], &w); err == nil {
				cs[i].Said, cs[i].Channel, cs[i].Why = w.Said, w.Channel, w.Why
			}
		}
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("read contests: %w", err)
	}
	return cs, key, nil
}

func (s *Store) sealJSON(ctx context.Context, firm, purpose, id string, v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.Seal.Seal(ctx, firm, purpose, id, raw)
}

func (s *Store) openJSON(ctx context.Context, firm, purpose, id string, sealed []byte, v any) error {
	plain, err := s.words(ctx, firm, purpose, id, sealed)
	if err != nil || plain == "" {
		return err
	}
	return json.Unmarshal([]byte(plain), v)
}
