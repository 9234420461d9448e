package decision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/mention"
)

// Limits of what a person writes.
const (
	minWhy    = 3     // characters of a reason that is required
	minDiffer = 10    // characters of a reason for another option than the recommended one
	maxWhy    = 2000  // characters
	maxText   = 20000 // characters where the place sets no limit
	maxSnooze = 30 * 24 * time.Hour
)

// Choice is what a person decides, in view of one advice.
type Choice struct {
	Firm    string
	Mention string
	Option  Option
	Text    string    // of the reply; for other options a prepared text
	Why     string    // see Way.NeedsWhy; at least ten characters when the choice differs from the recommendation
	Shown   string    // Advice.ID
	Until   time.Time // observe: look again then; zero: done

	SendAt   time.Time // reply: send it then; zero: after the undo window
	AskOwner bool      // ask the firm's owner first, even where nobody needs to
}

// judge is the state machine's rule: whether this choice may stand, and whether it waits for another person.
func judge(c Choice, shown Result, w Way, k Case, settings firm.Settings, system bool) (to State, differs bool, err error) {
	differs = c.Option != shown.Recommended && !slices.Contains(shown.Companions, c.Option)
	switch {
	case w.Guard != "":
		return "", differs, fault.New(fault.Forbidden, "decision.guard", "Guard", w.Guard, "Option", string(c.Option))
	case !w.Can && !w.ByHand:
		return "", differs, fault.New(fault.Invalid, "decision.impossible").On("option")
	case w.Mandate == firm.Never:
		return "", differs, fault.New(fault.Forbidden, "decision.mandate", "Option", string(c.Option))
	case system && !(PreAuthorisable(k, c.Option) && settings.PreauthoriseSpam && w.Can && !w.Lawyer):
		return "", differs, fault.New(fault.Forbidden, "decision.person")
	}
	if err := errors.Join(checkText(c, w), checkWhy(c, w, differs, system), checkUntil(c)); err != nil {
		return "", differs, first(err)
	}
	if w.Second {
		return Second, differs, nil
	}
	return Decided, differs, nil
}

// first is the first of joined faults: a form shows one at a time.
func first(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return err
}

func checkText(c Choice, w Way) error {
	limit := maxText
	if w.MaxText > 0 {
		limit = min(w.MaxText, maxText)
	}
	switch {
	case c.Option == Reply && strings.TrimSpace(c.Text) == "":
		return fault.New(fault.Invalid, "decision.text").On("text")
	case utf8.RuneCountInString(c.Text) > limit:
		return fault.New(fault.Invalid, "decision.text_long", "Max", limit).On("text")
	}
	return nil
}

func checkWhy(c Choice, w Way, differs, system bool) error {
	n := utf8.RuneCountInString(strings.TrimSpace(c.Why))
	switch {
	case n > maxWhy:
		return fault.New(fault.Invalid, "decision.why_long", "Max", maxWhy).On("why")
	case differs && !system && n < minDiffer:
		return fault.New(fault.Invalid, "decision.why_differs", "Min", minDiffer).On("why")
	case w.NeedsWhy && n < minWhy:
		return fault.New(fault.Invalid, "why").On("why")
	}
	return nil
}

func checkUntil(c Choice) error {
	if c.Option != Observe && !c.Until.IsZero() {
		return fault.New(fault.Invalid, "decision.until").On("until")
	}
	return nil
}

// Decide records a decision, seals the proof before it, and lets the deed begin. Restrictive choices against criticism,
// and statements, wait for another person (State Second); what the authority matrix asks about, and Choice.AskOwner, waits
// for the firm's owner, and removal after a formal step for its lawyer (State Consent). Needs access.Decide; the program itself may only remove pure
// spam where the firm allowed it. Faults: Forbidden "decision.guard" (Data Guard), "decision.mandate",
// "decision.person"; Invalid "decision.shown", "decision.option", "decision.impossible", "decision.text",
// "decision.text_long", "decision.lint" (Data Codes, Findings), "decision.braces", "decision.send_at", "decision.why_differs", "why"; Conflict "decision.stale" (Data Who, Option), "decision.changed",
// "decision.repeated", "decision.pending", "decision.reported".
func (s *Store) Decide(ctx context.Context, c Choice) (d Decision, err error) {
	if err := access.Check(ctx, access.Decide, c.Firm); err != nil {
		return d, err
	}
	c.Text, c.Why = tidy(c.Text), tidy(c.Why)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err = s.decide(ctx, tx, c)
		return err
	})
	var f *fault.Error
	if errors.As(err, &f) && (f.Code == "decision.guard" || f.Code == "decision.lint") {
		err = errors.Join(f, s.logWish(ctx, c, f))
	}
	if err != nil {
		return Decision{}, err
	}
	return d, nil
}

// logWish keeps on record that something was wished for that is not done here (law 10).
func (s *Store) logWish(ctx context.Context, c Choice, f *fault.Error) error {
	return s.Journal.Record(ctx, journal.Entry{Firm: c.Firm, Ref: mention.Ref(c.Mention), Verb: "decision.vetoed", Why: c.Why,
		Data: wish(c, f)})
}

func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", ""))
}

func (s *Store) decide(ctx context.Context, tx *db.Tx, c Choice) (d Decision, err error) {
	shown, err := s.shown(ctx, c.Firm, c.Mention, c.Shown)
	if err != nil {
		return d, err
	}
	m, err := s.Mentions.Find(ctx, c.Firm, c.Mention)
	if err != nil {
		return d, err
	}
	n, err := s.lock(ctx, tx, m)
	if err != nil {
		return d, err
	}
	if err := s.unchanged(ctx, shown, m, n); err != nil {
		return d, err
	}
	now, err := s.weigh(ctx, c.Firm, c.Mention)
	if err != nil {
		return d, err
	}
	w, ok := now.Way(c.Option)
	if !ok {
		return d, fault.New(fault.Invalid, "decision.option").On("option")
	}
	who := access.From(ctx)
	d = Decision{Firm: c.Firm, ID: db.NewID(), Mention: m.ID, Thread: threadOf(m), N: n + 1, Author: m.AuthorKey, Revision: m.Revision,
		Option: c.Option, Text: c.Text, words: wordsOf(c.Text), Why: c.Why, Shown: shown.ID, ShownAt: shown.At, Case: shown.Case,
		Result: shown.Result, Version: shown.Result.Version, Until: c.Until, Who: who.User, WhoName: who.Name, At: tx.Now()}
	if d.State, d.Differs, err = judge(c, shown.Result, w, now.Case, now.settings, who.System != ""); err != nil {
		return d, err
	}
	if !c.Until.IsZero() && (!c.Until.After(tx.Now()) || c.Until.After(tx.Now().Add(maxSnooze))) {
		return d, fault.New(fault.Invalid, "decision.until").On("until")
	}
	if err := s.unrepeated(ctx, d); err != nil {
		return d, err
	}
	if err := s.speak(ctx, c, now, w, &d); err != nil {
		return d, err
	}
	if err := s.station(ctx, c, now, w, &d); err != nil {
		return d, err
	}
	if err := s.record(ctx, tx, &d, m); err != nil {
		return d, err
	}
	return d, s.spoken(ctx, d)
}

// record seals the proof, saves, and hands over.
func (s *Store) record(ctx context.Context, tx *db.Tx, d *Decision, m mention.Mention) error {
	if d.Option != Observe {
		x, err := s.Mentions.Preserve(ctx, s.Evidence, d.Firm, m.ID, "decision")
		if err != nil {
			return fmt.Errorf("proof before deed: %w", err)
		}
		d.Exhibit = x.ID
	}
	if d.State == Decided {
		if err := s.advance(ctx, tx, d, m); err != nil {
			return err
		}
	}
	if err := s.insert(ctx, tx, *d); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE decision_thread SET n = $3 WHERE firm_id = $1 AND thread = $2`, d.Firm, d.Thread, d.N); err != nil {
		return fmt.Errorf("number decision: %w", err)
	}
	switch d.State {
	case Second:
		return s.tell(ctx, tx, *d, "proposed", d.Why)
	case Consent:
		return s.tell(ctx, tx, *d, "asked", d.Why)
	}
	if err := s.tell(ctx, tx, *d, "decided", d.Why); err != nil {
		return err
	}
	if err := s.inform(ctx, *d, m); err != nil {
		return err
	}
	return s.release(ctx, *d)
}

// release lets a decision that stands take effect.
func (s *Store) release(ctx context.Context, d Decision) error {
	status := mention.Done
	if !d.Until.IsZero() {
		status = mention.Snoozed
		if err := s.Jobs.Put(ctx, Due{d.Firm, d.ID}, job.At(d.Until)); err != nil {
			return err
		}
	}
	if err := s.Mentions.SetStatus(ctx, d.Firm, d.Mention, status); err != nil {
		return err
	}
	return s.Jobs.Put(ctx, Made{d.Firm, d.ID}, job.Urgent())
}

// lock makes decisions in a thread wait for each other and gives the number of the last.
func (s *Store) lock(ctx context.Context, tx *db.Tx, m mention.Mention) (n int64, err error) {
	_, err = tx.One(ctx, `INSERT INTO decision_thread (firm_id, thread, n) VALUES ($1, $2, 0)
		ON CONFLICT (firm_id, thread) DO UPDATE SET n = decision_thread.n RETURNING n`, []any{m.Firm, threadOf(m)}, &n)
	if err != nil {
		return 0, fmt.Errorf("lock thread: %w", err)
	}
	return n, nil
}

// unchanged refuses a choice made in view of something that is no longer so: the author changed the item, somebody
// decided about this item, or another person decided in the thread.
func (s *Store) unchanged(ctx context.Context, shown Advice, m mention.Mention, n int64) error {
	if n != shown.thread {
		list, err := s.query(ctx, `firm_id = $1 AND thread = $2 AND n > $3 AND (mention_id = $4 OR who NOT IN ($5, 'system'))`,
			`ORDER BY n DESC LIMIT 1`, m.Firm, threadOf(m), shown.thread, m.ID, access.From(ctx).User)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return fault.New(fault.Conflict, "decision.stale", "Who", list[0].WhoName, "Option", string(list[0].Option), "At", list[0].At,
				"Text", list[0].Text)
		}
	}
	if m.Revision != shown.Mention.Revision {
		return fault.New(fault.Conflict, "decision.changed")
	}
	return nil
}

// unrepeated refuses the same words twice in a thread, a wish that already waits for somebody, and a second report of the
// same item (G18).
func (s *Store) unrepeated(ctx context.Context, d Decision) error {
	list, err := s.traces(ctx, d.Firm, `thread = $2 AND state IN ('made', 'second', 'consent')`, d.Thread)
	if err != nil {
		return err
	}
	for _, old := range list {
		switch {
		case d.Option == Reply && old.Option == Reply && old.words == d.words && old.live():
			return fault.New(fault.Conflict, "decision.repeated").On("text")
		case (old.State == Second || old.State == Consent) && old.Mention == d.Mention && old.Option == d.Option:
			return fault.New(fault.Conflict, "decision.pending", "Who", old.WhoName)
		case d.Option == Report && old.Option == Report && old.Mention == d.Mention && old.live():
			return fault.New(fault.Conflict, "decision.reported")
		}
	}
	return nil
}

// tell writes the timeline of the open cases, the journal, and wakes the pages.
func (s *Store) tell(ctx context.Context, tx *db.Tx, d Decision, what, why string) error {
	cases, err := s.Cases.Of(ctx, d.Firm, mention.Ref(d.Mention))
	if err != nil {
		return err
	}
	for _, k := range cases {
		e := crisis.Event{What: what + "." + string(d.Option), Facts: map[string]string{"why": why}, Ref: Ref(d.ID)}
		if err := s.Cases.Note(ctx, d.Firm, k.ID, e); err != nil {
			return err
		}
	}
	tx.Touch(d.Firm, "decisions")
	tx.Touch(d.Firm, "mentions")
	data := map[string]string{"decision": d.ID, "option": string(d.Option), "exhibit": d.Exhibit, "advice": d.Shown, "rules": d.Version}
	if d.Differs {
		data["differs"] = string(d.Result.Recommended)
	}
	return s.Journal.Record(ctx, journal.Entry{Firm: d.Firm, Ref: mention.Ref(d.Mention), Verb: "decision." + what, Why: why, Data: data})
}

// Confirm is the other person's yes; the deed begins. Needs access.SecondPerson, a reason, and another person than the
// one who decided. The guard-rails are asked again. Faults: Forbidden "decision.same_person", "decision.guard";
// Conflict "decision.not_waiting", "decision.changed"; Invalid "why".
func (s *Store) Confirm(ctx context.Context, firm, id, why string) error {
	return s.second(ctx, firm, id, why, func(ctx context.Context, tx *db.Tx, d *Decision, m mention.Mention) error {
		if d.Who == access.From(ctx).User {
			return fault.New(fault.Forbidden, "decision.same_person")
		}
		if m.Revision != d.Revision {
			return fault.New(fault.Conflict, "decision.changed")
		}
		now, err := s.weigh(ctx, firm, d.Mention)
		if err != nil {
			return err
		}
		if w, _ := now.Way(d.Option); w.Guard != "" {
			return fault.New(fault.Forbidden, "decision.guard", "Guard", w.Guard, "Option", string(d.Option))
		}
		if access.From(ctx).Firms[firm] == access.Owner { // the other person is the owner: nobody else needs to be asked
			d.Needs = slices.DeleteFunc(d.Needs, func(r access.Role) bool { return r == access.Owner })
		}
		d.settings = now.settings
		if err := s.advance(ctx, tx, d, m); err != nil || d.State == Consent {
			return err
		}
		return s.release(ctx, *d)
	}, "confirmed")
}

// Refuse is the other person's no, or the first person's change of mind. Needs access.SecondPerson and a reason. The
// mention stays open. Faults: Conflict "decision.not_waiting"; Invalid "why".
func (s *Store) Refuse(ctx context.Context, firm, id, why string) error {
	return s.second(ctx, firm, id, why, func(_ context.Context, _ *db.Tx, d *Decision, _ mention.Mention) error {
		d.State = Refused
		return nil
	}, "refused")
}

func (s *Store) second(ctx context.Context, firm, id, why string,
	rule func(context.Context, *db.Tx, *Decision, mention.Mention) error, what string) error {
	if err := s.person(ctx, access.SecondPerson, firm); err != nil {
		return err
	}
	if why = tidy(why); utf8.RuneCountInString(why) < minWhy {
		return fault.New(fault.Invalid, "why").On("why")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, m, err := s.locked(ctx, tx, firm, id)
		if err != nil {
			return err
		}
		if d.State != Second {
			return fault.New(fault.Conflict, "decision.not_waiting")
		}
		if err := rule(ctx, tx, &d, m); err != nil {
			return err
		}
		who := access.From(ctx)
		d.Second, d.SecondName, d.SecondWhy, d.SecondAt = who.User, who.Name, why, tx.Now()
		if err := s.keepStation(ctx, tx, d); err != nil {
			return err
		}
		return s.tell(ctx, tx, d, what, why)
	})
}

// locked loads a decision under the lock of its thread.
func (s *Store) locked(ctx context.Context, tx *db.Tx, firm, id string) (d Decision, m mention.Mention, err error) {
	if d, err = s.load(ctx, firm, id); err != nil {
		return d, m, err
	}
	if m, err = s.Mentions.Find(ctx, firm, d.Mention); err != nil {
		return d, m, err
	}
	if _, err = s.lock(ctx, tx, m); err != nil {
		return d, m, err
	}
	d, err = s.load(ctx, firm, id)
	return d, m, err
}

// Undo takes back a decision that has no deed (observe, statement); deeds are taken back where they were done. Needs
// access.Decide. Faults: Conflict "decision.has_deed", "decision.not_standing".
func (s *Store) Undo(ctx context.Context, firm, id, why string) error {
	if err := s.person(ctx, access.Decide, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, _, err := s.locked(ctx, tx, firm, id)
		if err != nil {
			return err
		}
		switch {
		case d.State != Decided:
			return fault.New(fault.Conflict, "decision.not_standing")
		case d.Outcome != "":
			return fault.New(fault.Conflict, "decision.has_deed")
		}
		return s.undo(ctx, tx, d, tidy(why))
	})
}

// Reversed records that the deed of a decision was taken back. For the room that did it, in its transaction.
func (s *Store) Reversed(ctx context.Context, firm, id, why string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.load(ctx, firm, id)
		if err != nil || d.State == Undone {
			return err
		}
		return s.undo(ctx, tx, d, why)
	})
}

func (s *Store) undo(ctx context.Context, tx *db.Tx, d Decision, why string) error {
	if _, err := tx.Exec(ctx, `UPDATE decision SET state = 'undone', undone_at = $3 WHERE firm_id = $1 AND id = $2`, d.Firm, d.ID, tx.Now()); err != nil {
		return fmt.Errorf("undo decision: %w", err)
	}
	if err := s.Mentions.SetStatus(ctx, d.Firm, d.Mention, mention.Open); err != nil {
		return err
	}
	return s.tell(ctx, tx, d, "undone", why)
}

// Settle records how the deed of a decision goes, and what it made at the place. A deed that failed or was given up
// opens the mention again. For the room that carries deeds out, in its transaction.
func (s *Store) Settle(ctx context.Context, firm, id string, o Outcome, resultExt string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var m string
		found, err := tx.One(ctx, `UPDATE decision SET outcome = $3, result_ext = CASE WHEN $4 = '' THEN result_ext ELSE $4 END
			WHERE firm_id = $1 AND id = $2 RETURNING mention_id`, []any{firm, id, string(o), resultExt}, &m)
		if err != nil {
			return fmt.Errorf("settle decision %s: %w", id, err)
		}
		if !found {
			return fault.Missing("decision")
		}
		tx.Touch(firm, "decisions")
		if o != Failed && o != Dropped {
			return nil
		}
		return s.Mentions.SetStatus(ctx, firm, m, mention.Open)
	})
}

// Wake opens a mention again when the time of watching is over. It hears Due, inside a transaction.
func (s *Store) Wake(ctx context.Context, e Due) error {
	d, err := s.load(ctx, e.Firm, e.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || d.State != Decided {
		return err
	}
	m, err := s.Mentions.Find(ctx, d.Firm, d.Mention)
	if err != nil || m.Status != mention.Snoozed {
		return err
	}
	latest, err := s.query(ctx, `firm_id = $1 AND mention_id = $2`, `ORDER BY n DESC LIMIT 1`, d.Firm, d.Mention)
	if err != nil || latest[0].ID != d.ID {
		return err
	}
	return s.Mentions.SetStatus(ctx, d.Firm, d.Mention, mention.Open)
}
