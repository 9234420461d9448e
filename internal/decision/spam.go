package decision

import (
	"context"
	"errors"
	"log/slog"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/mention"
)

// spamSure is how sure the reading must be before the program removes spam by itself; what a person called spam is sure.
// The figure is ours: an honest comment in the spam folder costs more than a spam that waits for a person.
const spamSure = 0.9

// Spam asks to remove an item that is spam and nothing else, as the firm allowed beforehand.
type Spam struct {
	Firm string `json:"firm"`
	ID   string `json:"id"` // of the mention
}

// Kind names the event.
func (Spam) Kind() string { return "decision.spam" }

// onlySpam tells that the item carries no other label.
func onlySpam(m mention.Mention) bool { return len(m.Labels) == 1 && m.Labels[0] == spam && !m.Buyer }

// ClearSpam decides, as the program, to take pre-authorised spam away with the place's own reversible verb: the one restrictive
// decision that no person makes (G7). The proof comes first and the journal has it, as with every decision; the state machine
// refuses whatever is not pure spam. It hears Spam, outside a transaction; a refusal leaves the item to people.
func (s *Store) ClearSpam(ctx context.Context, e Spam) error {
	ctx = access.With(ctx, access.System(e.Firm))
	m, err := s.Mentions.Find(ctx, e.Firm, e.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || !onlySpam(m) || m.Status != mention.Open || !m.GoneAt.IsZero() {
		return err
	}
	sure, err := s.sureSpam(ctx, m)
	if err != nil || !sure {
		return err
	}
	a, err := s.Recommend(ctx, e.Firm, e.ID)
	if err != nil {
		return err
	}
	if w, ok := a.Way(Hide); !ok || !w.Open() || !w.Can || !w.Undo {
		return nil // this place offers nothing that can be taken back: a person decides
	}
	_, err = s.Decide(ctx, Choice{Firm: e.Firm, Mention: e.ID, Option: Hide, Why: "spam", Shown: a.ID})
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		slog.Info("spam is left to people", "firm", e.Firm, "mention", e.ID, "cause", f.Code)
		return nil
	}
	return err
}

// sureSpam tells whether a person called it spam, or the reading is sure enough.
func (s *Store) sureSpam(ctx context.Context, m mention.Mention) (bool, error) {
	r, err := s.Labels.Of(ctx, m.Firm, m.ID)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, l := range r.Labels {
		if string(l.Label) == spam && l.Score >= spamSure {
			return true, nil
		}
	}
	return false, nil
}
