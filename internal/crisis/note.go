package crisis

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/oncall"
	"chop/internal/reason"
)

// Inside is text for our own eyes. It writes itself out nowhere: not into JSON, not into a log, not into a message; only a
// page of ChOP asks for Show. A test watches that no room with a way out knows this type (TestNotesHaveNoWayOut).
type Inside struct{ text string }

// Show is the text, for a page behind sign-in.
func (i Inside) Show() string { return i.text }

// String hides the text from everything that prints.
func (i Inside) String() string { return "(note)" }

// Format hides it from every verb of fmt, %#v too.
func (i Inside) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// MarshalJSON hides it from everything that is sent as JSON.
func (i Inside) MarshalJSON() ([]byte, error) { return []byte(`"(note)"`), nil }

// Memo is an internal note in a case.
type Memo struct {
	ID        string
	At        time.Time
	Who, Name string // person
	Text      Inside
	Calls     []string // people called by @name, who were told
}

const maxNote = 5000 // bytes

// Write adds a person's note to the case. People called in it by @name are told that there is a note, never what it says.
// Needs access.WorkCases. Faults: Invalid "case.note".
func (s *Store) Write(ctx context.Context, firm, id, note string) error {
	note = strings.TrimSpace(note)
	if note == "" || len(note) > maxNote {
		return fault.New(fault.Invalid, "case.note").On("note")
	}
	ref := reason.Ref{Kind: "note", ID: db.NewID()}
	return s.write(ctx, firm, id, Event{What: "note", Ref: ref}, func(ctx context.Context, c *Case, tx *db.Tx) error {
		roster, err := s.Alerts.Duty.Roster(ctx, firm)
		if err != nil {
			return err
		}
		calls := Called(note, workers(roster))
		if err := s.memo(ctx, tx, *c, ref.ID, note, calls); err != nil {
			return err
		}
		for _, who := range calls {
			if err := s.tell(ctx, *c, who, "tell.case.called"); err != nil {
				return err
			}
		}
		return nil
	})
}

// memo keeps a note, sealed with the firm's key.
func (s *Store) memo(ctx context.Context, tx *db.Tx, c Case, id, note string, calls []string) error {
	sealed, err := s.sealJSON(ctx, c.Firm, "crisis.note", id, map[string]any{"text": note, "calls": calls})
	if err != nil {
		return err
	}
	who := access.From(ctx)
	if _, err := tx.Exec(ctx, `INSERT INTO crisis_note (firm_id, id, crisis_id, at, who, who_name, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		c.Firm, id, c.ID, tx.Now(), who.User, who.Name, sealed); err != nil {
		return fmt.Errorf("keep note: %w", err)
	}
	return nil
}

func (s *Store) sealJSON(ctx context.Context, firm, purpose, id string, v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", purpose, err)
	}
	return s.Seal.Seal(ctx, firm, purpose, id, raw)
}

func (s *Store) openJSON(ctx context.Context, firm, purpose, id string, sealed []byte, v any) error {
	raw, err := s.Seal.Open(ctx, firm, purpose, id, sealed)
	if err != nil {
		return fmt.Errorf("open %s %s: %w", purpose, id, err)
	}
	return json.Unmarshal(raw, v)
}

// Memos is the notes of a case and of those merged into it, oldest first, at most 500. Needs access.WorkCases: they are
// for the guardians alone.
func (s *Store) Memos(ctx context.Context, firm, id string) (list []Memo, err error) {
	if err := access.Check(ctx, access.WorkCases, firm); err != nil {
		return nil, err
	}
	var sealed [][]byte
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, at, who, who_name, sealed FROM crisis_note WHERE firm_id = $1 AND `+family+` ORDER BY at DESC, id DESC LIMIT 500`,
			[]any{firm, id}, func(scan func(...any) error) error {
				var m Memo
				var b []byte
				err := scan(&m.ID, &m.At, &m.Who, &m.Name, &b)
				list, sealed = append(list, m), append(sealed, b)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	for i := range list {
		var body struct {
			Text  string
			Calls []string
		}
		if err := s.openJSON(ctx, firm, "crisis.note", list[i].ID, sealed[i], &body); err != nil {
			return nil, err
		}
		list[i].Text, list[i].Calls = Inside{body.Text}, body.Calls
	}
	slices.Reverse(list)
	return list, nil
}

// workers are the members who work on cases: those a note may call.
func workers(roster []oncall.Member) []oncall.Member {
	return slices.DeleteFunc(slices.Clone(roster), func(m oncall.Member) bool { return !access.Allows(m.Role, access.WorkCases) })
}

// Called finds whom a note calls: @ and a person's name, or their first name when only one has it. Each once, in the
// order of the list.
func Called(note string, people []oncall.Member) (ids []string) {
	firsts := map[string]int{}
	for _, p := range people {
		firsts[firstName(p.Name)]++
	}
	low := strings.ToLower(note)
	for _, p := range people {
		full, short := strings.ToLower(p.Name), firstName(p.Name)
		if calls(low, full) || firsts[short] == 1 && calls(low, short) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

func firstName(name string) string {
	f, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(name)), " ")
	return f
}

// calls tells whether @name stands in the text as a word of its own: @ewa does not stand in @ewaryst or in a@ewa.pl.
func calls(text, name string) bool {
	for from := 0; name != ""; {
		i := strings.Index(text[from:], "@"+name)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+1+len(name):])
		if !word(before) && !word(after) && !domain(text[i+1+len(name):]) {
			return true
		}
		from = i + 1
	}
	return false
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// domain: what follows makes the name part of an address.
func domain(rest string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(rest, "."))
	return strings.HasPrefix(rest, ".") && word(r)
}

// tell tells one of our people that something of a case concerns them: a number and a link, no name and no words.
func (s *Store) tell(ctx context.Context, c Case, who, title string) error {
	return s.Alerts.Tell(ctx, alert.Word{Firm: c.Firm, User: who, Title: title, Facts: map[string]string{"number": c.Number}, URL: "/cases/" + c.ID})
}
