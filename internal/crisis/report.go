package crisis

import (
	"context"
	"strings"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
)

// maxReport is how much a firm may write when it calls for help.
const maxReport = 2000

// Report opens a case because the firm itself calls for help, and wakes the person on duty at once. Words may be empty: who
// is in trouble need not explain it. While the call of the same person is open another one is a note in the same case.
// Needs access.CallGuardian. Fault: Invalid "case.report".
func (s *Store) Report(ctx context.Context, firm, words string) (c Case, err error) {
	if err := access.Check(ctx, access.CallGuardian, firm); err != nil {
		return c, err
	}
	if words = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(words, "\x00", ""), "")); utf8.RuneCountInString(words) > maxReport {
		return c, fault.New(fault.Invalid, "case.report", "Max", maxReport).On("words")
	}
	who := access.From(ctx)
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		n := New{Firm: firm, Subject: "call:" + who.User, Title: "case.title.call", Facts: map[string]string{"who": who.Name}, Severity: 3, Priority: 1}
		system := access.With(ctx, access.System(firm)) // the case is opened for the person; the note and the alarm bear the name
		if c, _, err = s.Open(system, n); err != nil {
			return err
		}
		if err := s.Note(ctx, firm, c.ID, Event{What: "call", Facts: map[string]string{"why": words}}); err != nil {
			return err
		}
		if who.Firms[firm] == access.Owner {
			if err := s.OwnerKnows(ctx, firm, c.ID); err != nil {
				return err
			}
		}
		_, err := s.Alerts.Raise(ctx, alert.New{Firm: firm, Key: AlertKey(c.ID), Priority: 1, Title: "alert.call",
			Facts: map[string]string{"person": who.Name, "excerpt": words}, Ref: c.Ref(), URL: "/cases/" + c.ID})
		return err
	})
	return c, err
}
