package action

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/fetch"
	"chop/internal/job"
	"chop/internal/mention"
	"chop/internal/source"
)

// errOvertaken tells that the deed went on without this job: cancelled, or already in other hands.
var errOvertaken = errors.New("the deed went on without this job")

// order is a deed ready to be told to its place.
type order struct {
	actor    source.Actor
	settings source.Settings
	deed     source.Deed
}

// Carry tells the place to do what was decided, or asks it about a doubtful deed. It hears Due, outside a transaction,
// and copes with being called twice: "doing" is on record before the place is called, so a job that finds it there knows
// that somebody called and never told how it ended, and asks the place instead of calling again.
func (s *Store) Carry(ctx context.Context, e Due) error {
	d, err := s.load(ctx, e.Firm, e.Deed)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || d.Number != e.Number {
		return err
	}
	switch d.State {
	case Waiting:
		err = s.attempt(ctx, d)
	case Doing:
		err = s.doubt(ctx, d, source.Outcome{}, nil)
	case Doubtful:
		err = s.ask(ctx, d)
	}
	if errors.Is(err, errOvertaken) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("carry out deed %s: %w", d.ID, err)
	}
	return nil
}

// attempt calls the place once.
func (s *Store) attempt(ctx context.Context, d Deed) error {
	o, err := s.order(ctx, d)
	if err != nil && gone(err) {
		return s.fail(ctx, d, source.Outcome{}, err)
	}
	if err != nil {
		return err
	}
	if d, err = s.begin(ctx, d); err != nil || d.State != Doing {
		return err
	}
	out, err := o.actor.Do(ctx, o.settings, o.deed)
	slog.Info("deed", "firm", d.Firm, "deed", d.ID, "verb", string(d.Verb), "try", d.Try, "state", string(out.State))
	switch {
	case out.State == source.Done:
		return s.confirm(ctx, d, o, out)
	case out.State == source.Failed && transient(err):
		return s.postpone(ctx, d, err, backoff(d.Try, fetch.After(err)))
	case out.State == source.Failed:
		return s.fail(ctx, d, out, err)
	}
	return s.doubt(ctx, d, out, err)
}

// order gathers what the connector needs.
func (s *Store) order(ctx context.Context, d Deed) (o order, err error) {
	src, err := s.Sources.Find(ctx, d.Firm, d.Source)
	if err != nil {
		return o, err
	}
	var can source.Capabilities
	if o.actor, can, err = s.actor(ctx, d.Firm, d.Source); err != nil {
		return o, err
	}
	if o.actor == nil || !can[d.Verb].Can {
		return o, fault.New(fault.Invalid, "action.cannot", "Verb", string(d.Verb))
	}
	if o.settings, err = s.Sources.Settings(ctx, src); err != nil {
		return o, err
	}
	m, err := s.Mentions.Find(ctx, d.Firm, d.Mention)
	if err != nil {
		return o, err
	}
	meta, account, err := s.Mentions.PlaceMeta(ctx, d.Firm, d.Mention)
	if err != nil {
		return o, err
	}
	posts, err := s.Mentions.Posts(ctx, d.Firm, []string{m.Post})
	if err != nil {
		return o, err
	}
	o.deed = source.Deed{ID: d.ID, Verb: d.Verb, ItemID: d.Item, PostID: posts[m.Post].ExternalID, AuthorID: account.ExternalID, Text: d.Text,
		ResultID: d.ResultExt}
	if d.Item == m.ExternalID {
		o.deed.Meta = meta // of the item itself; our own reply has none
	}
	return o, nil
}

// begin puts "doing" on record. The gate stands here: without proof, or with a decision that no longer stands, nothing
// leaves the house.
func (s *Store) begin(ctx context.Context, d Deed) (Deed, error) {
	err := s.change(ctx, d.Firm, d.ID, func(ctx context.Context, tx *db.Tx, now *Deed) error {
		if now.State != Waiting || now.Number != d.Number {
			return errOvertaken
		}
		trouble, err := s.gate(ctx, *now)
		if err != nil {
			return err
		}
		if trouble != nil {
			if err := s.failed(ctx, tx, now, source.Outcome{}, trouble); err != nil {
				return err
			}
		} else if err := now.move(Begin); err != nil {
			return err
		} else {
			now.Try, now.BegunAt = now.Try+1, tx.Now()
		}
		d = *now
		return nil
	})
	return d, err
}

// gate tells what stands against the deed: no proof (law 2), no decision, or, for a reply that waited for its time, that
// things are no longer as they were (decision.Still).
func (s *Store) gate(ctx context.Context, d Deed) (trouble, err error) {
	c, err := s.Decisions.Find(ctx, d.Firm, d.Decision)
	if err != nil {
		return nil, err
	}
	if c.State != decision.Decided {
		return fault.New(fault.Conflict, "action.not_decided"), nil
	}
	if d.Reverses == "" {
		if trouble, err := s.Decisions.Still(ctx, c); trouble != nil || err != nil {
			return trouble, err
		}
	}
	has, err := s.Evidence.Has(ctx, d.Firm, mention.Ref(d.Mention))
	if err != nil {
		return nil, err
	}
	noProof := fault.New(fault.Forbidden, "action.no_proof")
	if d.Exhibit == "" || !has {
		return noProof, nil
	}
	x, err := s.Evidence.Get(ctx, d.Firm, d.Exhibit)
	if fault.Is(err, fault.NotFound) || err == nil && (x.Ref != mention.Ref(d.Mention) || !x.Removed.IsZero() || x.Sealed == evidence.Fails) {
		return noProof, nil
	}
	return nil, err
}

// confirm reads back what the place said it did. A place that shows the contrary is not believed.
func (s *Store) confirm(ctx context.Context, d Deed, o order, out source.Outcome) error {
	o.deed.ResultID = out.ResultID
	seen, err := o.actor.ReadBack(ctx, o.settings, o.deed)
	switch {
	case err == nil && seen.State == source.Failed:
		return s.doubt(ctx, d, out, nil)
	case err == nil && seen.State == source.Done && seen.Now != "":
		out.Now = seen.Now
	}
	return s.done(ctx, d, out)
}

// doubt puts a deed without a clear end on record; the place is asked when it must have settled.
func (s *Store) doubt(ctx context.Context, d Deed, out source.Outcome, cause error) error {
	return s.change(ctx, d.Firm, d.ID, func(ctx context.Context, tx *db.Tx, now *Deed) error {
		if now.State != Doing || now.Number != d.Number {
			return errOvertaken
		}
		if err := now.move(Doubt); err != nil {
			return err
		}
		now.trouble(cause, out)
		at := now.BegunAt.Add(settle)
		if at.Before(tx.Now()) {
			at = tx.Now()
		}
		return s.again(ctx, now, at)
	})
}

// again puts the timer that counts from now on.
func (s *Store) again(ctx context.Context, d *Deed, at time.Time) error {
	d.Number++
	d.DueAt = at
	return s.Jobs.Put(ctx, Due{d.Firm, d.ID, d.Number}, job.At(at))
}

// trouble keeps what went wrong for the page.
func (d *Deed) trouble(cause error, out source.Outcome) {
	d.ResultExt, d.ResultURL = cmp.Or(out.ResultID, d.ResultExt), cmp.Or(out.URL, d.ResultURL)
	d.Detail = clip(out.Detail)
	d.Error, d.ErrorData = "", nil
	if cause != nil {
		d.Error, d.ErrorData = source.FaultOf(cause)
	}
}

func clip(s string) string {
	if r := []rune(s); len(r) > 500 {
		return string(r[:500]) + "…"
	}
	return s
}

// ask looks at the place whether a doubtful deed happened. Only its clear word "no" allows one repetition.
func (s *Store) ask(ctx context.Context, d Deed) error {
	o, err := s.order(ctx, d)
	if err != nil && !gone(err) {
		return err
	}
	seen := source.Outcome{State: source.Doubtful}
	if err == nil {
		seen, err = o.actor.ReadBack(ctx, o.settings, o.deed)
	}
	switch {
	case err == nil && seen.State == source.Done:
		return s.done(ctx, d, seen)
	case err == nil && seen.State == source.Failed && !d.Repeated:
		d.Repeated = true
		return s.postpone(ctx, d, nil, 0)
	case err == nil && seen.State == source.Failed:
		return s.fail(ctx, d, seen, fault.New(fault.Unavailable, "action.not_done"))
	}
	return s.askLater(ctx, d, err)
}

func (s *Store) askLater(ctx context.Context, d Deed, cause error) error {
	return s.change(ctx, d.Firm, d.ID, func(ctx context.Context, tx *db.Tx, now *Deed) error {
		if now.State != Doubtful || now.Number != d.Number {
			return errOvertaken
		}
		now.Looks++
		now.trouble(cause, source.Outcome{Detail: now.Detail})
		if now.Looks == alarmLooks {
			if err := s.alarm(ctx, *now, "doubtful"); err != nil {
				return err
			}
			if err := s.tell(ctx, tx, *now, "doubtful", ""); err != nil {
				return err
			}
		}
		return s.again(ctx, now, tx.Now().Add(backoff(now.Looks, fetch.After(cause))))
	})
}

// postpone tries again later, in whole at most maxTries times.
func (s *Store) postpone(ctx context.Context, d Deed, cause error, wait time.Duration) error {
	return s.change(ctx, d.Firm, d.ID, func(ctx context.Context, tx *db.Tx, now *Deed) error {
		if now.State != d.State || now.Number != d.Number {
			return errOvertaken
		}
		if now.Try >= maxTries {
			return s.failed(ctx, tx, now, source.Outcome{}, cause)
		}
		if err := now.move(Postpone); err != nil {
			return err
		}
		now.Repeated = d.Repeated
		now.trouble(cause, source.Outcome{})
		return s.again(ctx, now, tx.Now().Add(wait))
	})
}

// fail ends a deed that surely did not happen and will not.
func (s *Store) fail(ctx context.Context, d Deed, out source.Outcome, cause error) error {
	return s.change(ctx, d.Firm, d.ID, func(ctx context.Context, tx *db.Tx, now *Deed) error {
		if now.State != d.State || now.Number != d.Number {
			return errOvertaken
		}
		return s.failed(ctx, tx, now, out, cause)
	})
}

func (s *Store) failed(ctx context.Context, tx *db.Tx, d *Deed, out source.Outcome, cause error) error {
	if err := d.move(Fail); err != nil {
		return err
	}
	d.trouble(cause, out)
	if d.Error == "" {
		d.Error = "action.refused"
	}
	d.EndedAt = tx.Now()
	if d.Reverses != "" {
		if err := s.release(ctx, *d); err != nil {
			return err
		}
	} else if err := s.Decisions.Settle(ctx, d.Firm, d.Decision, decision.Failed, ""); err != nil {
		return err
	}
	if err := s.placed(ctx, *d, out.Now); err != nil {
		return err
	}
	if err := s.alarm(ctx, *d, "failed"); err != nil {
		return err
	}
	return s.tell(ctx, tx, *d, "failed", "")
}

// alarm calls a person: what was decided did not become true.
func (s *Store) alarm(ctx context.Context, d Deed, what string) error {
	m, err := s.Mentions.Find(ctx, d.Firm, d.Mention)
	if err != nil {
		return err
	}
	_, err = s.Alerts.Raise(ctx, alert.New{Firm: d.Firm, Key: alarmKey(d.ID), Priority: 2, Title: "alert.deed." + what + "." + string(d.Verb),
		Facts: map[string]string{"author": m.AuthorName, "code": d.Error}, Ref: mention.Ref(m.ID), URL: "/inbox?m=" + m.ID})
	return err
}

func alarmKey(id string) string { return "deed:" + id }

// done records that the deed is true at the place, with proof of the result.
func (s *Store) done(ctx context.Context, d Deed, out source.Outcome) error {
	return s.change(ctx, d.Firm, d.ID, func(ctx context.Context, tx *db.Tx, now *Deed) error {
		if now.State != d.State || now.Number != d.Number {
			return errOvertaken
		}
		if err := now.move(Succeed); err != nil {
			return err
		}
		now.trouble(nil, out)
		now.EndedAt = tx.Now()
		if err := s.placed(ctx, *now, out.Now); err != nil {
			return err
		}
		x, err := s.prove(ctx, *now, out)
		if err != nil {
			return err
		}
		now.ExhibitAfter = x.ID
		if err := s.settled(ctx, *now); err != nil {
			return err
		}
		if err := s.Alerts.ResolveKey(ctx, d.Firm, alarmKey(d.ID)); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, *now, "done", ""); err != nil {
			return err
		}
		return s.Jobs.Put(ctx, Look{Firm: d.Firm, Deed: d.ID}, job.At(tx.Now().Add(lookAgain)))
	})
}

// settled tells the decision; a reversal also ends the deed it took back.
func (s *Store) settled(ctx context.Context, d Deed) error {
	if d.Reverses == "" {
		return s.Decisions.Settle(ctx, d.Firm, d.Decision, decision.Succeeded, d.ResultExt)
	}
	if err := s.change(ctx, d.Firm, d.Reverses, func(ctx context.Context, tx *db.Tx, first *Deed) error {
		if err := first.move(Reverse); err != nil {
			return err
		}
		return s.tell(ctx, tx, *first, "undone", d.Note)
	}); err != nil {
		return err
	}
	return s.Decisions.Reversed(ctx, d.Firm, d.Decision, d.Note)
}

// placed records where the mention stands now, unless the deed was about another item (our own reply).
func (s *Store) placed(ctx context.Context, d Deed, now source.State) error {
	m, err := s.Mentions.Find(ctx, d.Firm, d.Mention)
	if err != nil || d.Item != m.ExternalID || now == "" {
		return err
	}
	return s.Mentions.Placed(ctx, d.Firm, d.Mention, now)
}

// result is the deed as it is written into the exhibit.
type result struct {
	Deed     string       `json:"deed"`
	Decision string       `json:"decision"`
	Verb     source.Verb  `json:"verb"`
	Item     string       `json:"id_at_place"`
	Text     string       `json:"text,omitempty"`
	Now      source.State `json:"state_now,omitempty"`
	ResultID string       `json:"result_id,omitempty"`
	URL      string       `json:"url,omitempty"`
	Try      int          `json:"try"`
	BegunAt  time.Time    `json:"begun_at"`
	DoneAt   time.Time    `json:"done_at"`
	Before   string       `json:"exhibit_before"`
}

// prove seals the result: what was ordered, and the place's raw answer. The vault links it to the proof before.
func (s *Store) prove(ctx context.Context, d Deed, out source.Outcome) (evidence.Exhibit, error) {
	raw, err := json.MarshalIndent(result{Deed: d.ID, Decision: d.Decision, Verb: d.Verb, Item: d.Item, Text: d.Text, Now: out.Now,
		ResultID: d.ResultExt, URL: d.ResultURL, Try: d.Try, BegunAt: d.BegunAt, DoneAt: d.EndedAt, Before: d.Exhibit}, "", "  ")
	if err != nil {
		return evidence.Exhibit{}, err
	}
	files := []evidence.File{{Name: "deed.json", Media: "application/json", Body: raw}}
	if len(out.Delivery.Body) > 0 {
		head, err := json.MarshalIndent(out.Delivery, "", "  ")
		if err != nil {
			return evidence.Exhibit{}, err
		}
		files = append(files, evidence.File{Name: "answer.bin", Media: "application/octet-stream", Body: out.Delivery.Body},
			evidence.File{Name: "answer.json", Media: "application/json", Body: head})
	}
	x, err := s.Evidence.Preserve(ctx, evidence.Capture{Firm: d.Firm, Ref: mention.Ref(d.Mention), Title: "deed " + string(d.Verb), Level: evidence.L1,
		Files: files, Cause: "after:" + string(d.Verb), Meta: map[string]string{"deed": d.ID, "before": d.Exhibit, "how": "api"}})
	if err != nil {
		return x, fmt.Errorf("proof of the result: %w", err)
	}
	return x, nil
}

// LookAgain reads a done deed back once more, when caches of the place have passed. It hears Look, outside a transaction.
func (s *Store) LookAgain(ctx context.Context, e Look) error {
	d, err := s.load(ctx, e.Firm, e.Deed)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || d.State != Done || d.Reversal != "" {
		return err
	}
	o, err := s.order(ctx, d)
	if err != nil {
		if gone(err) {
			return nil
		}
		return err
	}
	seen, err := o.actor.ReadBack(ctx, o.settings, o.deed)
	switch {
	case err == nil && seen.State == source.Done:
		return s.change(ctx, d.Firm, d.ID, func(ctx context.Context, _ *db.Tx, now *Deed) error { return s.placed(ctx, *now, seen.Now) })
	case err == nil && seen.State == source.Failed:
		return s.reverted(ctx, d, seen)
	case e.N+1 >= maxLooks:
		slog.Warn("second read-back gave no answer", "firm", d.Firm, "deed", d.ID, "error", err)
		return nil
	}
	return s.Jobs.Put(ctx, Look{d.Firm, d.ID, e.N + 1}, job.At(s.DB.Now().Add(max(5*lookAgain, fetch.After(err)))))
}

// reverted tells that the place no longer shows what was done: somebody there changed it, or it never held.
func (s *Store) reverted(ctx context.Context, d Deed, seen source.Outcome) error {
	return s.change(ctx, d.Firm, d.ID, func(ctx context.Context, tx *db.Tx, now *Deed) error {
		if now.State != Done || now.Reversal != "" {
			return nil
		}
		now.Error = "action.reverted"
		if err := s.placed(ctx, *now, seen.Now); err != nil {
			return err
		}
		if err := s.Mentions.SetStatus(ctx, d.Firm, d.Mention, mention.Open); err != nil {
			return err
		}
		if err := s.alarm(ctx, *now, "reverted"); err != nil {
			return err
		}
		return s.tell(ctx, tx, *now, "reverted", "")
	})
}
