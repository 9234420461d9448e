package wave

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/seal"
)

// Store keeps waves and carries them out.
type Store struct {
	DB        *db.DB
	Jobs      *job.Queue
	Journal   *journal.Store
	Seal      *seal.Store
	Mentions  *mention.Store
	Cases     *crisis.Store
	Decisions *decision.Store
	Actions   *action.Store
	Macros    *macro.Store
	// Who is the person with that id and the roles they have now; fault.Forbidden for an account that is closed or gone.
	Who func(ctx context.Context, user string) (access.Principal, error)
}

const purpose = "wave"

const columns = `firm_id, id, state, plan, macro_id, macro_version, origin, found, total, why, number, who, who_name, made_at, ready_at, started_at,
	ended_at, stop, back, back_who, back_name, back_at, back_why`

func (s *Store) query(ctx context.Context, where, tail string, args ...any) (list []Wave, err error) {
	type words struct{ why, back []byte }
	var sealed []words // opened when the rows are read: on PostgreSQL a connection answers one question at a time
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+columns+` FROM wave WHERE `+where+` `+tail, args, func(scan func(...any) error) error {
			var w Wave
			var plan, origin string
			var x words
			if err := scan(&w.Firm, &w.ID, &w.State, &plan, &w.Macro, &w.MacroVersion, &origin, &w.Found, &w.Total, &x.why, &w.number, &w.Who, &w.WhoName,
				&w.MadeAt, &w.ReadyAt, &w.StartedAt, &w.EndedAt, &w.Stopped, &w.Back, &w.BackWho, &w.BackName, &w.BackAt, &x.back); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(plan), &w.Plan); err != nil {
				return fmt.Errorf("read plan of wave %s: %w", w.ID, err)
			}
			if err := json.Unmarshal([]byte(origin), &w.Origin); err != nil {
				return fmt.Errorf("read origin of wave %s: %w", w.ID, err)
			}
			list, sealed = append(list, w), append(sealed, x)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read waves: %w", err)
	}
	for i, x := range sealed {
		w := &list[i]
		w.Why, w.BackWhy = s.open(ctx, w.Firm, w.ID, x.why), s.open(ctx, w.Firm, w.ID, x.back)
	}
	return list, nil
}

// open reads a sealed reason; of a forgotten firm nothing is left to read.
func (s *Store) open(ctx context.Context, firm, id string, sealed []byte) string {
	if len(sealed) == 0 {
		return ""
	}
	plain, err := s.Seal.Open(ctx, firm, purpose, id, sealed)
	if err != nil {
		return ""
	}
	return string(plain)
}

func (s *Store) load(ctx context.Context, firm, id string) (Wave, error) {
	list, err := s.query(ctx, `firm_id = $1 AND id = $2`, "", firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("wave")
	}
	if err != nil {
		return Wave{}, err
	}
	return list[0], nil
}

// Find is one wave of any firm of the principal. Needs access.ViewMentions; fault.NotFound when there is none.
func (s *Store) Find(ctx context.Context, id string) (Wave, error) {
	firms := access.Scope(ctx, access.ViewMentions)
	if len(firms) == 0 {
		return Wave{}, fault.Missing("wave")
	}
	list, err := s.query(ctx, `id = $1 AND firm_id IN (`+db.Marks(2, len(firms))+`)`, "", append([]any{id}, db.Args(firms)...)...)
	if err == nil && len(list) == 0 {
		err = fault.Missing("wave")
	}
	if err != nil {
		return Wave{}, err
	}
	return list[0], nil
}

// List is the waves of one firm, or of all firms of the principal, newest first, older than before when it is given.
// Needs access.ViewMentions.
func (s *Store) List(ctx context.Context, firm string, before time.Time, limit int) ([]Wave, error) {
	firms := access.Scope(ctx, access.ViewMentions)
	if firm != "" {
		if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
			return nil, err
		}
		firms = []string{firm}
	}
	if len(firms) == 0 {
		return nil, nil
	}
	where, args := `firm_id IN (`+db.Marks(1, len(firms))+`)`, db.Args(firms)
	if !before.IsZero() {
		args = append(args, before)
		where += fmt.Sprintf(` AND made_at < $%d`, len(args))
	}
	return s.query(ctx, where, fmt.Sprintf(`ORDER BY made_at DESC, id DESC LIMIT %d`, min(max(limit, 1), 200)), args...)
}

func (s *Store) insert(ctx context.Context, tx *db.Tx, w Wave, items []Item) error {
	plan, err := json.Marshal(w.Plan)
	if err != nil {
		return err
	}
	origin, err := json.Marshal(w.Origin)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO wave (firm_id, id, state, plan, option, macro_id, macro_version, origin, found, total, why, who, who_name, made_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, w.Firm, w.ID, string(w.State), string(plan), string(w.Plan.Option), w.Macro,
		w.MacroVersion, string(origin), w.Found, w.Total, []byte{}, w.Who, w.WhoName, w.MadeAt); err != nil {
		return err
	}
	rows := make([][]any, len(items))
	for i, x := range items {
		rows[i] = []any{w.Firm, w.ID, x.Mention, x.N, string(x.State)}
	}
	_, err = tx.Insert(ctx, `INSERT INTO wave_item (firm_id, wave_id, mention_id, n, state)`, rows, "")
	return err
}

// change is the shape of every verb on a wave: lock, load, rule, save. The rule sees the newest state.
func (s *Store) change(ctx context.Context, firm, id string, rule func(context.Context, *db.Tx, *Wave) error) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE wave SET state = state WHERE firm_id = $1 AND id = $2`, firm, id); err != nil {
			return fmt.Errorf("lock wave: %w", err)
		}
		w, err := s.load(ctx, firm, id)
		if err != nil {
			return err
		}
		if err := rule(ctx, tx, &w); err != nil {
			return err
		}
		return s.save(ctx, tx, w)
	})
}

func (s *Store) save(ctx context.Context, tx *db.Tx, w Wave) error {
	why, err := s.shut(ctx, w, w.Why)
	if err != nil {
		return err
	}
	backWhy, err := s.shut(ctx, w, w.BackWhy)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE wave SET state = $3, why = $4, number = $5, who = $6, who_name = $7, ready_at = $8, started_at = $9, ended_at = $10,
		stop = $11, back = $12, back_who = $13, back_name = $14, back_at = $15, back_why = $16 WHERE firm_id = $1 AND id = $2`, w.Firm, w.ID,
		string(w.State), why, w.number, w.Who, w.WhoName, w.ReadyAt, w.StartedAt, w.EndedAt, w.Stopped, string(w.Back), w.BackWho, w.BackName, w.BackAt,
		backWhy); err != nil {
		return fmt.Errorf("save wave: %w", err)
	}
	tx.Touch(w.Firm, "waves")
	return nil
}

func (s *Store) shut(ctx context.Context, w Wave, plain string) ([]byte, error) {
	if plain == "" {
		return []byte{}, nil
	}
	sealed, err := s.Seal.Seal(ctx, w.Firm, purpose, w.ID, []byte(plain))
	if err != nil {
		return nil, fmt.Errorf("seal reason of wave: %w", err)
	}
	return sealed, nil
}

// move changes the state or tells that it cannot.
func (w *Wave) move(m Move) error {
	to, ok := Next(w.State, m)
	if !ok {
		return fault.New(fault.Conflict, "wave.state", "State", string(w.State))
	}
	w.State = to
	return nil
}

// again puts the timer that counts from now on.
func (s *Store) again(ctx context.Context, w *Wave, at time.Time) error {
	w.number++
	return s.Jobs.Put(ctx, Due{w.Firm, w.ID, w.number}, job.At(at), job.Urgent())
}

func (s *Store) record(ctx context.Context, w Wave, what, why string, data map[string]string) error {
	return s.Journal.Record(ctx, journal.Entry{Firm: w.Firm, Ref: Ref(w.ID), Verb: "wave." + what, Why: why, Data: data})
}

const itemColumns = `mention_id, n, state, verdict, code, differs, final, seen, advice_id, decision_id, exhibit, tries, at, back, back_code, best`

func scanItem(scan func(...any) error) (i Item, err error) {
	err = scan(&i.Mention, &i.N, &i.State, &i.Verdict, &i.Code, &i.Differs, &i.Final, &i.seen, &i.Advice, &i.Decision, &i.Exhibit, &i.tries, &i.At,
		&i.Back, &i.BackCode, &i.Best)
	return i, err
}

// some is items of a wave that fit the condition, in their order.
func (s *Store) some(ctx context.Context, w Wave, and string, limit int) ([]Item, error) {
	return s.sorted(ctx, w, and, "n", limit)
}

func (s *Store) sorted(ctx context.Context, w Wave, and, by string, limit int) (list []Item, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT `+itemColumns+` FROM wave_item WHERE firm_id = $1 AND wave_id = $2 AND `+and+
			fmt.Sprintf(` ORDER BY %s LIMIT %d`, by, limit), []any{w.Firm, w.ID}, func(scan func(...any) error) error {
			i, err := scanItem(scan)
			list = append(list, i)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read items of wave: %w", err)
	}
	return list, nil
}

// Items is the items of a wave in their order. Needs access.ViewMentions.
func (s *Store) Items(ctx context.Context, w Wave) ([]Item, error) {
	if err := access.Check(ctx, access.ViewMentions, w.Firm); err != nil {
		return nil, err
	}
	return s.some(ctx, w, `n > 0`, MostItems)
}

// Tally counts the items of a wave. Needs access.ViewMentions.
func (s *Store) Tally(ctx context.Context, w Wave) (t Tally, err error) {
	if err := access.Check(ctx, access.ViewMentions, w.Firm); err != nil {
		return t, err
	}
	t = Tally{States: map[ItemState]int{}, Verdicts: map[Verdict]int{}, Back: map[string]int{}}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT state, verdict, back, differs, final, count(*) FROM wave_item WHERE firm_id = $1 AND wave_id = $2
			GROUP BY state, verdict, back, differs, final`, []any{w.Firm, w.ID}, func(scan func(...any) error) error {
			var st ItemState
			var v Verdict
			var back string
			var differs, final bool
			var n int
			if err := scan(&st, &v, &back, &differs, &final, &n); err != nil {
				return err
			}
			t.States[st] += n
			t.Verdicts[v] += n
			t.Back[back] += n
			if v == Take || v == Hand {
				if differs {
					t.Differs += n
				}
				if final {
					t.Final += n
				}
			}
			return nil
		})
	})
	if err != nil {
		return t, fmt.Errorf("count items of wave: %w", err)
	}
	return t, nil
}

func (s *Store) put(ctx context.Context, tx *db.Tx, w Wave, i Item) error {
	if _, err := tx.Exec(ctx, `UPDATE wave_item SET state = $4, verdict = $5, code = $6, differs = $7, final = $8, seen = $9, advice_id = $10,
		decision_id = $11, exhibit = $12, tries = $13, at = $14, back = $15, back_code = $16, best = $17 WHERE firm_id = $1 AND wave_id = $2 AND mention_id = $3`,
		w.Firm, w.ID, i.Mention, string(i.State), string(i.Verdict), i.Code, i.Differs, i.Final, i.seen, i.Advice, i.Decision, i.Exhibit, i.tries, i.At,
		i.Back, i.BackCode, string(i.Best)); err != nil {
		return fmt.Errorf("save item of wave: %w", err)
	}
	tx.Touch(w.Firm, "waves")
	return nil
}

// reported is how many items of the firm's waves were told to a place within a day.
func (s *Store) reported(ctx context.Context, tx *db.Tx, firm string) (n int, err error) {
	_, err = tx.One(ctx, `SELECT count(*) FROM wave_item i JOIN wave w ON w.firm_id = i.firm_id AND w.id = i.wave_id
		WHERE i.firm_id = $1 AND w.option = 'report' AND i.state = 'done' AND i.back <> 'taken' AND i.at > $2`, []any{firm, tx.Now().Add(-24 * time.Hour)}, &n)
	return n, err
}

// person asks for the right to decide and for a human being.
func (s *Store) person(ctx context.Context, firm string) error {
	if err := access.Check(ctx, access.Decide, firm); err != nil {
		return err
	}
	if access.From(ctx).System != "" {
		return fault.New(fault.Forbidden, "decision.person")
	}
	return nil
}

func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", ""))
}

// offered tells whether a plan can be done to many.
func offered(p macro.Plan) bool {
	return p.Option == "" && !p.Empty() || slices.Contains(Options, p.Option)
}
