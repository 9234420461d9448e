package alert

import (
	"context"
	"fmt"
	"strings"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/lang"
	"chop/internal/notify"
	"chop/internal/oncall"
)

// Sentence is what happened, in language t, with all its facts: for pages behind sign-in.
func (a Alert) Sentence(t lang.Tag) string { return sentence(a.Title, a.Facts, t) }

// personal are facts that name people; they stay in ChOP.
var personal = []string{"author", "handle", "name", "person", "excerpt"}

// Outline is what happened, in language t, without anybody's name or words: for subjects, lock screens and the page
// behind a link.
func (a Alert) Outline(t lang.Tag) string {
	facts := map[string]string{}
	for k, v := range a.Facts {
		facts[k] = v
	}
	for _, k := range personal {
		facts[k] = t.T("alert.somebody")
	}
	return sentence(a.Title, facts, t)
}

func sentence(title string, facts map[string]string, t lang.Tag) string {
	if !t.Has(title) {
		return title
	}
	var kv []any
	for k, v := range facts {
		kv = append(kv, k, v)
	}
	return t.T(title, kv...)
}

// message writes the notice in the receiver's language, with a fresh one-tap link.
func (s *Store) message(ctx context.Context, tx *db.Tx, a Alert, n Notice, m oncall.Member, c oncall.Contact) (notify.Message, error) {
	f, err := s.Firms.Find(access.With(ctx, access.System(a.Firm)), a.Firm)
	if err != nil {
		return notify.Message{}, err
	}
	token, err := newLink(ctx, tx, n)
	if err != nil {
		return notify.Message{}, err
	}
	t := m.Lang
	return notify.Message{ID: n.ID, To: c.Address, Secret: c.Secret, Title: line(a.subject(t, f.Name), maxFact),
		Body: a.body(t, f.Name, tx), URL: s.Origin + a.URL, Urgency: a.Priority, Tag: "alert-" + a.ID,
		AckURL: s.Origin + LinkPath + token, AckTitle: t.T("alert.ack")}, nil
}

// subject says the most important thing first: it may be read on a lock screen at night.
func (a Alert) subject(t lang.Tag, firm string) string {
	id := "alert.subject"
	switch {
	case a.State == Unanswered:
		id = "alert.subject.unanswered"
	case a.Forgotten > 0:
		id = "alert.subject.forgotten"
	}
	return t.T(id, "P", fmt.Sprintf("P%d", a.Priority), "Firm", firm, "What", a.Outline(t))
}

func (a Alert) body(t lang.Tag, firm string, tx *db.Tx) string {
	now := tx.Now()
	lines := []string{firm + ": " + a.Outline(t) + "."}
	if x := a.Facts["excerpt"]; x != "" {
		lines = append(lines, t.T("alert.body.excerpt", "Excerpt", x))
	}
	lines = append(lines, t.N("alert.body.count", a.Count, "Since", t.When(a.Raised, now)))
	switch {
	case a.State == Unanswered && a.Trouble == Nobody:
		lines = append(lines, t.T("alert.body.nobody"))
	case a.State == Unanswered:
		lines = append(lines, t.T("alert.body.unanswered"))
	case a.Forgotten > 0:
		lines = append(lines, t.T("alert.body.forgotten", "At", t.When(a.AckedAt, now)))
	}
	if a.State == Open && a.Next.After(now) {
		lines = append(lines, t.T("alert.body.next", "At", t.When(a.Next, now)))
	}
	return strings.Join(lines, "\n")
}
