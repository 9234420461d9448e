package crisis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/reason"
)

// How often a case is looked at when nothing calls for it sooner: what later rooms know may change without a word.
const pace = 5 * time.Minute

// unreadFor is how long a hand-over note may wait for the next guardian. The figure is ours.
const unreadFor = 30 * time.Minute

// What an alert of lateness can be about, beside the clocks.
const (
	promised = "word"  // the owner was promised word by now
	handed   = "hand"  // nobody has confirmed a hand-over note
	lateTask = "tasks" // tasks past their time
)

// Tend looks at every case whose time has come: rules ask for their tasks, clocks past their target raise an alert once,
// late tasks remind, and the moment at which the solved test held is recorded. The program calls it every half minute as
// the system; calling it often changes nothing.
func (s *Store) Tend(ctx context.Context) error {
	var due [][2]string
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT firm_id, id FROM crisis WHERE look_at > 0 AND look_at <= $1 ORDER BY look_at LIMIT 500`, []any{tx.Now()},
			func(scan func(...any) error) error {
				var k [2]string
				err := scan(&k[0], &k[1])
				due = append(due, k)
				return err
			})
	})
	if err != nil {
		return fmt.Errorf("look for cases whose time has come: %w", err)
	}
	var errs []error
	for _, k := range due {
		if err := s.tend(access.With(ctx, access.System(k[0])), k[0], k[1]); err != nil {
			slog.Error("tend case", "firm", k[0], "case", k[1], "error", err)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Store) tend(ctx context.Context, firm, id string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := s.held(ctx, tx, firm, id)
		if err != nil {
			return err
		}
		if !c.Open() {
			c.lookAt = time.Time{}
			return s.put(ctx, tx, c)
		}
		f, err := s.facts(ctx, firm, id)
		if err != nil {
			return err
		}
		have, err := s.queryTasks(ctx, `firm_id = $1 AND `+family, firm, id)
		if err != nil {
			return err
		}
		changed, err := s.syncTasks(ctx, tx, f, have)
		if err != nil {
			return err
		}
		if changed {
			if have, err = s.queryTasks(ctx, `firm_id = $1 AND `+family, firm, id); err != nil {
				return err
			}
		}
		if err := s.solve(ctx, &f); err != nil {
			return err
		}
		next, err := s.remind(ctx, tx, f, have)
		if err != nil {
			return err
		}
		if changed || f.Case.SolvedAt != c.SolvedAt {
			tx.Touch(firm, "cases")
		}
		f.Case.lookAt = next
		return s.put(ctx, tx, f.Case)
	})
}

// solve records when the solved test held, and forgets it when it holds no longer.
func (s *Store) solve(ctx context.Context, f *Facts) error {
	holds, was := f.Test().Holds(), !f.Case.SolvedAt.IsZero()
	switch {
	case holds && !was:
		f.Case.SolvedAt = f.Now
		if err := s.calm(ctx, f.Case, string(ToSolve)); err != nil {
			return err
		}
		return s.Note(ctx, f.Case.Firm, f.Case.ID, Event{What: "solved"})
	case !holds && was:
		f.Case.SolvedAt = time.Time{}
	}
	return nil
}

// remind raises what is late, each once, and gives the time of the next look.
func (s *Store) remind(ctx context.Context, tx *db.Tx, f Facts, tasks []Task) (next time.Time, err error) {
	c, now := f.Case, f.Now
	next = now.Add(pace)
	sooner := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	for _, k := range c.Clocks() {
		if !k.At.IsZero() {
			continue
		}
		sooner(k.Deadline().Add(time.Microsecond))
		if k.Verdict(now) != Over {
			continue
		}
		if err := s.once(ctx, tx, c, string(k.Name), k.From, "alert.case.late."+string(k.Name)); err != nil {
			return next, err
		}
	}
	sooner(f.quiet().Until)
	sooner(c.WordAt)
	if !c.WordAt.IsZero() && !now.Before(c.WordAt) {
		if err := s.once(ctx, tx, c, promised, c.WordAt, "alert.case.word"); err != nil {
			return next, err
		}
	}
	if err := s.remindHandOver(ctx, tx, c, now); err != nil {
		return next, err
	}
	for _, t := range tasks {
		if t.State == ToDo {
			sooner(t.DueAt.Add(time.Microsecond))
		}
	}
	return next, s.remindTasks(ctx, tx, c, tasks)
}

// once raises an alert about a case's lateness, one for each beginning of what is late.
func (s *Store) once(ctx context.Context, tx *db.Tx, c Case, what string, from time.Time, title string) error {
	n, err := tx.Exec(ctx, `INSERT INTO crisis_told (firm_id, crisis_id, what, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		c.Firm, c.ID, what+":"+strconv.FormatInt(from.UnixMicro(), 10), tx.Now())
	if err != nil || n == 0 {
		return err
	}
	if err := s.Note(ctx, c.Firm, c.ID, Event{What: "late." + what}); err != nil {
		return err
	}
	return s.raise(ctx, c, what, max(2, c.Priority), title, nil)
}

func (s *Store) raise(ctx context.Context, c Case, what string, priority int, title string, facts map[string]string) error {
	all := map[string]string{"number": c.Number}
	for k, v := range facts {
		all[k] = v
	}
	_, err := s.Alerts.Raise(ctx, alert.New{Firm: c.Firm, Key: lateKey(c.ID, what), Priority: priority, Title: title, Facts: all, Ref: c.Ref(),
		URL: "/cases/" + c.ID, Standing: true})
	return err
}

func (s *Store) remindHandOver(ctx context.Context, tx *db.Tx, c Case, now time.Time) error {
	var at, read time.Time
	found, err := tx.One(ctx, `SELECT at, read_at FROM crisis_handover WHERE firm_id = $1 AND `+family+` ORDER BY at DESC, id DESC LIMIT 1`, []any{c.Firm, c.ID}, &at, &read)
	switch {
	case err != nil:
		return fmt.Errorf("look for a hand-over note: %w", err)
	case found && read.IsZero() && now.Sub(at) >= unreadFor:
		return s.once(ctx, tx, c, handed, at, "alert.case.handed")
	case found && !read.IsZero():
		return s.calm(ctx, c, handed)
	}
	return nil
}

// remindTasks tells whoever has a late task, and raises one alert for all late tasks of the case. A question that waits
// for its answer is left to the alert of the inbox, which is sooner.
func (s *Store) remindTasks(ctx context.Context, tx *db.Tx, c Case, tasks []Task) error {
	late, fresh := 0, false
	for _, t := range tasks {
		if !t.Late(tx.Now()) || t.Kind == AskAnswer {
			continue
		}
		late++
		if !t.RemindedAt.IsZero() {
			continue
		}
		fresh = true
		t.RemindedAt = tx.Now()
		if err := s.putTask(ctx, tx, t); err != nil {
			return err
		}
		if err := s.tell(ctx, c, t.Who, "tell.task.late"); err != nil {
			return err
		}
	}
	switch {
	case late == 0:
		return s.calm(ctx, c, lateTask)
	case fresh:
		return s.raise(ctx, c, lateTask, 3, "alert.case.tasks", map[string]string{"count": strconv.Itoa(late)})
	}
	return nil
}

// SetSetup changes what the firm asks of its cases. Needs access.ManageFirm and a reason. Faults: Invalid "case.quiet",
// "case.again", "why".
func (s *Store) SetSetup(ctx context.Context, firm string, u Setup, why string) error {
	if err := access.Check(ctx, access.ManageFirm, firm); err != nil {
		return err
	}
	switch {
	case u.Quiet < 15*time.Minute || u.Quiet > 72*time.Hour:
		return fault.New(fault.Invalid, "case.quiet").On("quiet")
	case u.Again < 0 || u.Again > forgotten:
		return fault.New(fault.Invalid, "case.again").On("again")
	case tooShort(why):
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO crisis_setup (firm_id, quiet, again, changed_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (firm_id) DO UPDATE SET quiet = excluded.quiet, again = excluded.again, changed_at = excluded.changed_at`,
			firm, u.Quiet.Microseconds(), u.Again.Microseconds(), tx.Now()); err != nil {
			return fmt.Errorf("save setup of cases: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE crisis SET look_at = $2 WHERE firm_id = $1 AND status <> 'closed'`, firm, tx.Now()); err != nil {
			return fmt.Errorf("look at cases again: %w", err)
		}
		tx.Touch(firm, "cases")
		return s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: "firm", ID: firm}, Verb: "case.setup", Why: why,
			Data: map[string]string{"quiet": u.Quiet.String(), "again": u.Again.String()}})
	})
}
