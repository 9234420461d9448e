package alert

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/notify"
)

// Word is a message to one person about something that does not need an alarm: somebody mentioned them, a task is
// theirs, a case they watch has moved. It wakes nobody else and waits for no answer.
type Word struct {
	Firm, User string
	ID         string // made by Tell
	At         time.Time
	Title      string // message id filled with Facts; names no account and quotes nobody, because it goes to lock screens
	Facts      map[string]string
	URL        string // path within ChOP where to read on
}

// Kind names the event.
func (Word) Kind() string { return "alert.word" }

// stale is after how long a word that could not be sent is dropped.
const stale = 24 * time.Hour

// Tell sends a word to one person of the firm through their contacts, after the context's transaction is saved. Nobody is
// told of their own act. Rooms call it inside their own verbs, whose permission was asked.
func (s *Store) Tell(ctx context.Context, w Word) error {
	if w.User == "" || w.User == access.From(ctx).User {
		return nil
	}
	w.ID, w.At = db.NewID(), s.db.Now()
	if err := s.Jobs.Put(ctx, w); err != nil {
		return fmt.Errorf("tell a person: %w", err)
	}
	return nil
}

// word carries a word to the first contact that takes it. It runs at least once; the receiver can tell a doubled message
// by its id.
func (s *Store) word(ctx context.Context, w Word) error {
	if s.db.Now().Sub(w.At) > stale {
		slog.Warn("word dropped, too old", "firm", w.Firm, "word", w.ID)
		return nil
	}
	roster, err := s.Duty.Roster(ctx, w.Firm)
	if err != nil {
		return err
	}
	m, ok := member(roster, w.User)
	if !ok {
		return nil // has left the firm since
	}
	contacts, err := s.Duty.Contacts(ctx, m)
	if err != nil {
		return err
	}
	f, err := s.Firms.Find(access.With(ctx, access.System(w.Firm)), w.Firm)
	if err != nil {
		return err
	}
	what := sentence(w.Title, w.Facts, m.Lang)
	var later error
	for _, c := range contacts {
		_, retry, err := s.carry(ctx, c.Kind, notify.Message{ID: w.ID, To: c.Address, Secret: c.Secret, Title: line(f.Name+": "+what, maxFact),
			Body: f.Name + ": " + what, URL: s.Origin + w.URL, Urgency: 3, Tag: "word-" + w.ID})
		if err == nil {
			return nil
		}
		code, _ := explain(err)
		slog.Warn("word not sent", "firm", w.Firm, "word", w.ID, "channel", c.Kind, "again", retry, "error", code)
		if retry {
			later = err
		}
	}
	return later
}
