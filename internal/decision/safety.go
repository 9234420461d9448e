package decision

import (
	"context"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/classify"
	"chop/internal/consent"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/mention"
)

// Health and safety (G12): the owner knows within a quarter of an hour, or somebody calls.
const (
	safetyWithin = 15 * time.Minute
	safetyAgain  = 24 * time.Hour // one question per thread and day: the owner is to act, not to be flooded
	tooOld       = 48 * time.Hour // what was written longer before we saw it is history
)

// Watch looks at what was just read: it tells the owner of health and safety (G12), and sets the removal of spam that the
// firm allowed beforehand in motion (G7). It works in the transaction of the reading.
func (s *Store) Watch(ctx context.Context, e classify.Labelled) error {
	ms, err := s.Mentions.ByIDs(ctx, e.Firm, e.IDs)
	if err != nil {
		return err
	}
	var settings *firm.Settings
	for _, m := range ms {
		if m.Own || !m.GoneAt.IsZero() || m.SeenAt.Sub(m.At) > tooOld {
			continue
		}
		if m.Has(healthSafety) {
			if err := s.askSafety(ctx, m); err != nil {
				return err
			}
		}
		if !onlySpam(m) || m.Status != mention.Open {
			continue
		}
		if settings == nil {
			f, err := s.Firms.Find(ctx, e.Firm)
			if err != nil {
				return err
			}
			settings = &f.Settings
		}
		if settings.PreauthoriseSpam {
			if err := s.Jobs.Put(ctx, Spam{m.Firm, m.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

// askSafety asks the owner to say that they know and look into it.
func (s *Store) askSafety(ctx context.Context, m mention.Mention) error {
	key := "safety:" + threadOf(m)
	asked, err := s.Consents.Asked(ctx, m.Firm, key, s.DB.Now().Add(-safetyAgain))
	if err != nil || asked {
		return err
	}
	_, err = s.Consents.Ask(ctx, consent.New{Firm: m.Firm, Key: key, Role: access.Owner, Kind: consent.Safety, Ref: mention.Ref(m.ID),
		Title: consent.Line{ID: "consent.title.safety"}, Says: []consent.Line{{ID: "consent.means.safety"}},
		Silence: consent.Line{ID: "consent.silence.safety"}, Quote: m.Text, URL: "/inbox?m=" + m.ID, Deadline: s.DB.Now().Add(safetyWithin)})
	return err
}

// heardSafety calls somebody when the owner cannot look into it.
func (s *Store) heardSafety(ctx context.Context, e consent.Answered) error {
	q, err := s.Consents.Find(ctx, e.Firm, e.ID)
	if fault.Is(err, fault.NotFound) || err == nil && (q.Kind != consent.Safety || q.State != consent.No) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.Alerts.Raise(ctx, alert.New{Firm: e.Firm, Key: "safety:" + e.ID, Priority: 1, Title: "alert.consent.call", Ref: e.Ref, URL: q.URL})
	return err
}
