package crisis

import (
	"context"
	"fmt"
	"time"

	"chop/internal/access"
	"chop/internal/consent"
	"chop/internal/fault"
	"chop/internal/mention"
)

// wordWait is how long the owner has to say whether a case about health or safety may be closed; nothing happens before.
const wordWait = 24 * time.Hour

// ownersWord refuses to close a case about health or safety before the owner agreed (G12). Data of the fault: none.
// Without a consent room there is nobody to ask, and cases about safety stay open.
func (s *Store) ownersWord(ctx context.Context, c Case) error {
	ms, err := s.MentionsOf(ctx, c.Firm, c.ID)
	if err != nil {
		return err
	}
	for _, m := range ms {
		if !m.Has("health_safety") {
			continue
		}
		if s.Consents == nil {
			return fault.New(fault.Conflict, "case.owner_word")
		}
		yes, err := s.Consents.Said(ctx, c.Firm, consent.Close, c.Ref())
		if err == nil && !yes {
			err = fault.New(fault.Conflict, "case.owner_word")
		}
		return err
	}
	return nil
}

// askWord asks the owner whether the case may be closed. An earlier question that is open is not asked again.
func (s *Store) askWord(ctx context.Context, firm, id, why string) error {
	if s.Consents == nil {
		return nil
	}
	c, err := s.load(ctx, firm, id)
	if err != nil {
		return err
	}
	says := []consent.Line{{ID: "consent.means.close"}}
	if why != "" {
		says = append(says, consent.Line{ID: "consent.why", Facts: map[string]string{"Who": access.From(ctx).Name, "Why": why}})
	}
	_, err = s.Consents.Ask(ctx, consent.New{Firm: firm, Key: "close:" + id, Role: access.Owner, Kind: consent.Close, Ref: c.Ref(),
		Title: consent.Line{ID: "consent.title.close", Facts: map[string]string{"Number": c.Number}}, Says: says,
		Silence: consent.Line{ID: "consent.silence.close"}, URL: "/cases/" + id, Deadline: s.DB.Now().Add(wordWait)})
	if err != nil {
		return fmt.Errorf("ask whether a case may be closed: %w", err)
	}
	return nil
}

// words tells on which mentions about health or safety the owner gave their word; nil when there is nobody to ask.
func (s *Store) words(ctx context.Context, c Case, ms []mention.Mention) (map[string]bool, error) {
	if s.Consents == nil {
		return nil, nil
	}
	out, asked := map[string]bool{}, false
	for _, m := range ms {
		if !m.Has("health_safety") {
			continue
		}
		if !asked {
			yes, err := s.Consents.Said(ctx, c.Firm, consent.Close, c.Ref())
			if err != nil || !yes {
				return out, err
			}
			asked = true
		}
		out[m.ID] = true
	}
	return out, nil
}
