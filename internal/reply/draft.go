package reply

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

// LeaseTime is how long somebody counts as writing after their last key. The lease warns others and locks nobody out: when
// it runs out, or the machine dies, the item is as it was.
const LeaseTime = 5 * time.Minute

// RecentTime is how far back the check for templates looks (L9).
const RecentTime = 30 * 24 * time.Hour

// mostRecent bounds how many replies it compares with.
const mostRecent = 400

// Draft is what a person has written about an item and not sent.
type Draft struct {
	Text     string
	Typed    int       // words the person typed
	TypedAt  time.Time // when the last of them came
	Saved    string
	Variant  int
	grounded string
	given    int
}

// Lease tells who is writing an answer.
type Lease struct {
	User, Name   string
	Since, Until time.Time
}

const sealedDraft = "reply_draft"

// Draft is the person's own draft about a mention; the zero Draft when there is none. Needs access.ViewMentions.
func (s *Store) Draft(ctx context.Context, firm, mention string) (d Draft, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return d, err
	}
	var sealed []byte
	who := access.From(ctx).User
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT text, typed, typed_at, given, saved, variant, grounded FROM reply_draft WHERE firm_id = $1 AND mention_id = $2 AND user_id = $3`,
			[]any{firm, mention, who}, &sealed, &d.Typed, &d.TypedAt, &d.given, &d.Saved, &d.Variant, &d.grounded)
		return err
	})
	if err != nil || len(sealed) == 0 {
		return d, err
	}
	plain, err := s.Seal.Open(ctx, firm, sealedDraft, mention+":"+who, sealed)
	if err != nil {
		return d, fmt.Errorf("open draft: %w", err)
	}
	d.Text = string(plain)
	return d, nil
}

// Keep saves what a person has typed so far and says that they are writing. An empty text drops the draft. Needs
// access.Decide. Faults: Invalid "decision.text_long".
func (s *Store) Keep(ctx context.Context, firm, mention, text string) error {
	return s.write(ctx, firm, mention, func(d *Draft, now time.Time) {
		if text = tidy(text); text == d.Text {
			return
		}
		d.Text = text
		if typed := max(0, len(strings.Fields(text))-d.given); typed != d.Typed || d.TypedAt.IsZero() {
			d.TypedAt = now
		}
		d.Typed = max(0, len(strings.Fields(text))-d.given)
	})
}

// Put makes a proposal the person's draft. What they had typed themselves stays below it. Needs access.Decide.
func (s *Store) Put(ctx context.Context, firm, mention string, p Proposal) error {
	return s.write(ctx, firm, mention, func(d *Draft, _ time.Time) {
		own := ""
		if d.Typed > 0 && d.Text != p.Text {
			own = "\n\n" + d.Text
		}
		*d = Draft{Text: p.Text + own, Typed: d.Typed, TypedAt: d.TypedAt, given: len(strings.Fields(p.Text + own)), Saved: p.Saved, Variant: p.Variant}
		if p.Approved && own == "" {
			d.grounded = digest(p.Text)
		}
	})
}

// Append adds a sentence at the end of the draft. Needs access.Decide.
func (s *Store) Append(ctx context.Context, firm, mention, sentence string) error {
	return s.write(ctx, firm, mention, func(d *Draft, _ time.Time) {
		d.Text = strings.TrimSpace(d.Text + " " + sentence)
		d.given += len(strings.Fields(sentence))
	})
}

func (s *Store) write(ctx context.Context, firm, mention string, change func(*Draft, time.Time)) error {
	if err := access.Check(ctx, access.Decide, firm); err != nil {
		return err
	}
	who := access.From(ctx)
	if who.System != "" {
		return fault.New(fault.Forbidden, "decision.person")
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d, err := s.Draft(ctx, firm, mention)
		if err != nil {
			return err
		}
		if change(&d, tx.Now()); len([]rune(d.Text)) > MostText {
			return fault.New(fault.Invalid, "decision.text_long", "Max", MostText).On("text")
		}
		if d.Text == "" {
			return s.dropDraft(ctx, tx, firm, mention, who.User)
		}
		sealed, err := s.Seal.Seal(ctx, firm, sealedDraft, mention+":"+who.User, []byte(d.Text))
		if err != nil {
			return fmt.Errorf("seal draft: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO reply_draft (firm_id, mention_id, user_id, text, typed, typed_at, given, saved, variant, grounded, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (firm_id, mention_id, user_id) DO UPDATE SET text = excluded.text,
			typed = excluded.typed, typed_at = excluded.typed_at, given = excluded.given, saved = excluded.saved, variant = excluded.variant,
			grounded = excluded.grounded, at = excluded.at`, firm, mention, who.User, sealed, d.Typed, d.TypedAt, d.given, d.Saved, d.Variant,
			d.grounded, tx.Now()); err != nil {
			return fmt.Errorf("save draft: %w", err)
		}
		return s.lease(ctx, tx, firm, mention, who)
	})
}

// lease says that the person is writing. Somebody else's lease that has not run out stays.
func (s *Store) lease(ctx context.Context, tx *db.Tx, firm, mention string, who access.Principal) error {
	var fresh bool
	_, err := tx.One(ctx, `INSERT INTO reply_lease (firm_id, mention_id, user_id, who_name, since, until) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (firm_id, mention_id) DO UPDATE SET
			since = CASE WHEN reply_lease.user_id = excluded.user_id AND reply_lease.until > $5 THEN reply_lease.since ELSE excluded.since END,
			user_id = excluded.user_id, who_name = excluded.who_name, until = excluded.until
		WHERE reply_lease.user_id = excluded.user_id OR reply_lease.until <= $5 RETURNING since = $5`,
		[]any{firm, mention, who.User, who.Name, tx.Now(), tx.Now().Add(LeaseTime)}, &fresh)
	if err != nil {
		return fmt.Errorf("save who is writing: %w", err)
	}
	if fresh {
		tx.Touch(firm, "desk")
	}
	return nil
}

// Writing is who else is writing an answer to the mention now; false when nobody is. Needs access.ViewMentions.
func (s *Store) Writing(ctx context.Context, firm, mention string) (l Lease, found bool, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return l, false, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err = tx.One(ctx, `SELECT user_id, who_name, since, until FROM reply_lease WHERE firm_id = $1 AND mention_id = $2 AND user_id <> $3 AND until > $4`,
			[]any{firm, mention, access.From(ctx).User, tx.Now()}, &l.User, &l.Name, &l.Since, &l.Until)
		return err
	})
	return l, found, err
}

// Sent records what is answered under a thread, and drops the person's draft and lease. For the room that decides, in its
// transaction.
func (s *Store) Sent(ctx context.Context, firm, mention, thread, decision, text string) error {
	who := access.From(ctx)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		d := Draft{Variant: -1}
		if who.System == "" {
			var err error
			if d, err = s.Draft(ctx, firm, mention); err != nil {
				return err
			}
			if err := s.dropDraft(ctx, tx, firm, mention, who.User); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO reply_use (firm_id, thread, decision_id, saved, variant, text, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT DO NOTHING`, firm, thread, decision, d.Saved, d.Variant, text, tx.Now()); err != nil {
			return fmt.Errorf("record reply: %w", err)
		}
		return nil
	})
}

func (s *Store) dropDraft(ctx context.Context, tx *db.Tx, firm, mention, user string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM reply_draft WHERE firm_id = $1 AND mention_id = $2 AND user_id = $3`, firm, mention, user); err != nil {
		return fmt.Errorf("drop draft: %w", err)
	}
	n, err := tx.Exec(ctx, `DELETE FROM reply_lease WHERE firm_id = $1 AND mention_id = $2 AND user_id = $3`, firm, mention, user)
	if err != nil {
		return fmt.Errorf("drop lease: %w", err)
	}
	if n > 0 {
		tx.Touch(firm, "desk")
	}
	return nil
}

// Used is what was answered under a thread, newest first. Needs access.ViewMentions.
func (s *Store) Used(ctx context.Context, firm, thread string) ([]string, error) {
	return s.said(ctx, firm, `thread = $2`, thread)
}

// Recent is what was answered in the last 30 days, newest first, at most 400. Needs access.ViewMentions.
func (s *Store) Recent(ctx context.Context, firm string) ([]string, error) {
	return s.said(ctx, firm, `at > $2`, s.DB.Now().Add(-RecentTime))
}

func (s *Store) said(ctx context.Context, firm, where string, arg any) (list []string, err error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Each(ctx, `SELECT text FROM reply_use WHERE firm_id = $1 AND `+where+fmt.Sprintf(` ORDER BY at DESC LIMIT %d`, mostRecent), []any{firm, arg}, func(scan func(...any) error) error {
			var text string
			err := scan(&text)
			list = append(list, text)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read what was answered: %w", err)
	}
	return list, nil
}

// Grounded tells whether the text is what the desk put together from the firm's own facts or a shared saved reply, and the
// person changed nothing in it: the firm has approved it (domain/decisions.md section 9). It fits decision.Store.Grounded.
func (s *Store) Grounded(ctx context.Context, firm, text string) (bool, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return false, err
	}
	n := 0
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM reply_draft WHERE firm_id = $1 AND user_id = $2 AND grounded = $3`,
			[]any{firm, access.From(ctx).User, digest(text)}, &n)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look whether a reply is approved: %w", err)
	}
	return n > 0, nil
}
