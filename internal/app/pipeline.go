package app

import (
	"context"

	"chop/internal/author"
	"chop/internal/capture"
	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/mention"
)

// pipeline is the path of a comment, one line per arrow. Handlers of On work inside the database and their effects
// happen exactly once; those of Outside have effects elsewhere and cope with happening twice.
func (r *Rooms) pipeline() {
	job.Outside(r.Jobs, "mention.pull", r.Mentions.Pull)            // source.Due        -> mention.Ingested
	job.Outside(r.Jobs, "mention.import", r.Importer.Run)           // ImportDue         -> mention.Ingested, in pieces
	job.On(r.Jobs, "read", r.read)                                  // mention.Ingested  -> the account's card, labels, triage
	job.On(r.Jobs, "decision.watch", r.Decisions.Watch)             // classify.Labelled -> the owner of health and safety; pre-authorised spam
	job.On(r.Jobs, "triage.pulse", r.Triage.Pulse)                  // pulse.Found       -> a case, or a line in the one at work on it
	job.Outside(r.Jobs, "group.run", r.Groups.Run)                  // group.Due         -> who acts together at a place: the newest actions
	job.Outside(r.Jobs, "group.whole", r.Groups.RunWhole)           // group.Whole       -> all actions, with the rate of false groups
	job.On(r.Jobs, "triage.group", r.Triage.Group)                  // group.Found       -> a case, or a line in the one at work on it
	job.On(r.Jobs, "triage.grouped", r.Triage.GroupChanged)         // group.Changed     -> the cases of a group hear what a person said of it
	job.On(r.Jobs, "group.seal", r.Groups.Sealed)                   // group.Changed     -> a confirmed group's actions as exhibits
	job.On(r.Jobs, "triage.run", r.Triage.Run)                      // classify.Labelled -> triage again after a person's correction
	job.Outside(r.Jobs, "second.ask", r.Second.Ask)                 // remote.Ask        -> another engine's opinion; what it adds is triaged
	job.Outside(r.Jobs, "labels.spread", r.Memory.Spread)           // classify.Labelled -> a person's word holds for nearly the same texts
	job.Outside(r.Jobs, "ownrule.rework", r.OwnRules.Rework)        // ownrule.Relabel   -> what a firm's own rules say of the last 90 days
	job.Long(r.Jobs, "dossier.build", buildLimit, r.Dossiers.Build) // dossier.Build     -> a sealed package for a lawyer
	job.Outside(r.Jobs, "ledger.checkpoint", r.stamp)               // crisis.Opened     -> its first proofs stand under a checkpoint
	// stamp.Due -> an authority: the stamp room registers this itself (stamp.NewStore)
	job.Long(r.Jobs, "capture.take", capture.TakeLimit, r.Captures.Take) // capture.Due       -> a page is seen by a browser and sealed
	// consent.Ask -> Send, and the timer Due: the consent room registers these itself (consent.NewStore)
	// alert.Raised -> Page -> Send, and the timer Step: the alert room registers these itself (alert.NewStore)
	job.On(r.Jobs, "decision.wake", r.Decisions.Wake)           // timer             -> a snoozed item comes back
	job.On(r.Jobs, "decision.heard", r.Decisions.Heard)         // consent.Answered  -> the owner's yes lets a decision stand, a no ends it
	job.On(r.Jobs, "decision.silent", r.Decisions.Silent)       // consent.LapsedOne -> the milder way
	job.Outside(r.Jobs, "decision.spam", r.Decisions.ClearSpam) // decision.Spam  -> spam that the firm allowed to remove beforehand
	job.On(r.Jobs, "action.start", r.Actions.Start)             // decision.Made     -> a deed, or a task for a person
	job.On(r.Jobs, "author.deed", r.noteDeed)                   // decision.Made     -> our deed on the account's record
	job.On(r.Jobs, "author.follow", r.follow)                   // author.Follow     -> what the account did a day and a week later
	job.On(r.Jobs, "author.guard", r.Authors.Guard)             // classify.Labelled -> a person's label protects an account too
	job.On(r.Jobs, "author.over", r.Authors.Expire)             // author.Over       -> a profile expires, and is forgotten in time
	job.Outside(r.Jobs, "action.carry", r.Actions.Carry)        // action.Due        -> the place, then read back
	job.Outside(r.Jobs, "action.look", r.Actions.LookAgain)     // action.Look       -> is it still so a minute later
	job.Outside(r.Jobs, "wave.step", r.Waves.Step)              // wave.Due          -> the same decision about the next items of a wave
	job.On(r.Jobs, "outcome.begin", r.Outcomes.Begin)           // decision.Made     -> its forecast is kept, two looks are set
	job.On(r.Jobs, "outcome.look", r.Outcomes.Look)             // outcome.Due       -> what followed after a day and a week
}

// read takes a batch from intake to its effects: the accounts' cards, the labels, what triage sets in motion, and the
// firm's pulse. The steps share one job and one commit; with a job for each, a flood of single comments spent most of its time on
// commits.
func (r *Rooms) read(ctx context.Context, e mention.Ingested) error {
	if err := r.Authors.Note(ctx, e); err != nil {
		return err
	}
	if err := r.Beat.React(ctx, e); err != nil {
		return err
	}
	if err := r.Groups.Note(ctx, e); err != nil {
		return err
	}
	if err := r.Captures.Changed(ctx, e); err != nil {
		return err
	}
	done, err := r.Labels.Label(ctx, e)
	if err != nil || len(done.IDs) == 0 {
		return err
	}
	if err := r.Authors.Guard(ctx, done); err != nil {
		return err
	}
	if err := r.Triage.Run(ctx, done); err != nil {
		return err
	}
	if err := r.Decisions.Watch(ctx, done); err != nil {
		return err
	}
	if err := r.Beat.Observe(ctx, done); err != nil {
		return err
	}
	if err := r.Beat.Ambushes(ctx, done); err != nil {
		return err
	}
	if err := r.Beat.Rated(ctx, done); err != nil {
		return err
	}
	if err := r.Captures.Consider(ctx, done.Firm, done.IDs); err != nil {
		return err
	}
	return r.Second.Consider(ctx, done)
}

// stamp signs a checkpoint over everything sealed so far, at once when a case opens rather than at the next minute.
func (r *Rooms) stamp(ctx context.Context, _ crisis.Opened) error {
	_, err := r.Ledger.Checkpoint(ctx)
	return err
}

// noteDeed tells the account's room what was decided towards an account, and the captures' room what it was about.
func (r *Rooms) noteDeed(ctx context.Context, e decision.Made) error {
	d, err := r.Decisions.Find(ctx, e.Firm, e.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || d.Option == decision.Observe {
		return err
	}
	if err := r.Captures.Decide(ctx, d.Firm, d.Mention); err != nil {
		return err
	}
	return r.Authors.NoteDeed(ctx, author.Deed{Firm: d.Firm, ID: d.ID, Key: d.Author, Mention: d.Mention, Option: string(d.Option), At: d.At})
}

// follow looks what followed a deed, unless it was taken back.
func (r *Rooms) follow(ctx context.Context, e author.Follow) error {
	d, err := r.Decisions.Find(ctx, e.Firm, e.Deed)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return r.Authors.LookAfter(ctx, e, err == nil && d.Live())
}
