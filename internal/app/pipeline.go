package app

import (
	"context"

	"chop/internal/crisis"
	"chop/internal/job"
)

// pipeline is the path of a comment, one line per arrow. Handlers of On work inside the database and their effects
// happen exactly once; those of Outside have effects elsewhere and cope with happening twice.
func (r *Rooms) pipeline() {
	job.Outside(r.Jobs, "mention.pull", r.Mentions.Pull)  // source.Due        -> mention.Ingested
	job.Outside(r.Jobs, "mention.import", r.Importer.Run) // ImportDue         -> mention.Ingested, in pieces
	job.On(r.Jobs, "author.note", r.Authors.Note)         // mention.Ingested  -> the account's card
	job.On(r.Jobs, "classify.label", r.Labels.Label)      // mention.Ingested  -> classify.Labelled
	job.On(r.Jobs, "triage.run", r.Triage.Run)            // classify.Labelled -> exhibits, alerts, cases
	job.Outside(r.Jobs, "ledger.checkpoint", r.stamp)     // crisis.Opened     -> its first proofs stand under a checkpoint
	// alert.Raised -> Page -> Send, and the timer Step: the alert room registers these itself (alert.NewStore)
	job.On(r.Jobs, "decision.wake", r.Decisions.Wake)       // timer             -> a snoozed item comes back
	job.On(r.Jobs, "action.start", r.Actions.Start)         // decision.Made     -> a deed, or a task for a person
	job.Outside(r.Jobs, "action.carry", r.Actions.Carry)    // action.Due        -> the place, then read back
	job.Outside(r.Jobs, "action.look", r.Actions.LookAgain) // action.Look       -> is it still so a minute later
}

// stamp signs a checkpoint over everything sealed so far, at once when a case opens rather than at the next minute.
func (r *Rooms) stamp(ctx context.Context, _ crisis.Opened) error {
	_, err := r.Ledger.Checkpoint(ctx)
	return err
}
