package app

import "chop/internal/job"

// pipeline is the path of a comment, one line per arrow. Handlers of On work inside the database and their effects
// happen exactly once; those of Outside have effects elsewhere and cope with happening twice.
func (r *Rooms) pipeline() {
	job.Outside(r.Jobs, "mention.pull", r.Mentions.Pull) // source.Due        -> mention.Ingested
	job.On(r.Jobs, "author.note", r.Authors.Note)        // mention.Ingested  -> the account's card
	job.On(r.Jobs, "classify.label", r.Labels.Label)     // mention.Ingested  -> classify.Labelled
	job.On(r.Jobs, "triage.run", r.Triage.Run)           // classify.Labelled -> exhibits, alerts, cases
	job.On(r.Jobs, "action.start", r.Actions.Start)      // decision.Made     -> a deed, or a task for a person
	job.Outside(r.Jobs, "action.carry", r.Actions.Carry) // action.Due        -> the place, then read back
}
