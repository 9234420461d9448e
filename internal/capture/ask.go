package capture

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"chop/internal/access"
	"chop/internal/browser"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/reason"
)

const (
	maxWaiting  = 100  // looks a firm may have waiting
	maxByItself = 20   // looks an hour that the program asks for itself, per firm
	maxWhy      = 1000 // runes
	purpose     = "capture.page"
)

// secret is what of a page lies sealed.
type secret struct {
	URL string `json:"url"`
	Why string `json:"why"`
}

// Ask asks for a look at a page as soon as can be. Somebody who asks for the same page while a look waits gets that one.
// Needs access.Preserve. Faults: Invalid "browser.url" (on "url"), "capture.why" (on "why"); Conflict "capture.many";
// NotFound for an item that is not the firm's.
func (s *Store) Ask(ctx context.Context, w Wish) (Shot, error) {
	if err := access.Check(ctx, access.Preserve, w.Firm); err != nil {
		return Shot{}, err
	}
	u, err := browser.CheckURL(w.URL)
	if err != nil {
		return Shot{}, err
	}
	w.URL, w.Why = u.String(), strings.TrimSpace(strings.ToValidUTF8(w.Why, "\uFFFD"))
	if utf8.RuneCountInString(w.Why) > maxWhy {
		return Shot{}, fault.New(fault.Invalid, "capture.why", "Max", maxWhy).On("why")
	}
	if w.Mention != "" {
		ms, err := s.Mentions.ByIDs(access.With(ctx, access.System(w.Firm)), w.Firm, []string{w.Mention})
		if err == nil && len(ms) == 0 {
			err = fault.Missing("mention")
		}
		if err != nil {
			return Shot{}, err
		}
	}
	return s.ask(ctx, w, ByPerson, time.Time{})
}

// ask enters the page, once, and the look.
func (s *Store) ask(ctx context.Context, w Wish, cause string, due time.Time) (shot Shot, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		page, err := s.enter(ctx, tx, w)
		if err != nil {
			return err
		}
		shot, err = s.plan(ctx, tx, w.Firm, page, cause, due)
		return err
	})
	if err != nil {
		return Shot{}, fmt.Errorf("ask for a capture: %w", err)
	}
	return shot, nil
}

// enter makes the page known and gives its id. What was said of it first stays.
func (s *Store) enter(ctx context.Context, tx *db.Tx, w Wish) (id string, err error) {
	m, err := s.Seal.Mark(ctx, w.Firm, purpose, []byte(w.Mention+"\n"+w.URL))
	if err != nil {
		return "", err
	}
	mark := hex.EncodeToString(m)
	id = db.NewID()
	raw, err := json.Marshal(secret{w.URL, w.Why})
	if err != nil {
		return "", err
	}
	sealed, err := s.Seal.Seal(ctx, w.Firm, purpose, id, raw)
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO capture_page (firm_id, id, mark, mention_id, case_id, sealed, again, made_by, made_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (firm_id, mark) DO UPDATE SET again = (capture_page.again OR excluded.again),
		case_id = CASE WHEN capture_page.case_id = '' THEN excluded.case_id ELSE capture_page.case_id END`,
		w.Firm, id, mark, w.Mention, w.Case, sealed, w.Again, access.From(ctx).User, tx.Now()); err != nil {
		return "", err
	}
	_, err = tx.One(ctx, `SELECT id FROM capture_page WHERE firm_id = $1 AND mark = $2`, []any{w.Firm, mark}, &id)
	return id, err
}

// plan enters a look, unless the page has one waiting that is due no later.
func (s *Store) plan(ctx context.Context, tx *db.Tx, firm, page, cause string, due time.Time) (Shot, error) {
	if due.Before(tx.Now()) {
		due = tx.Now()
	}
	shots, err := s.shots(ctx, `s.firm_id = $1 AND s.page_id = $2 AND s.state IN ('waiting', 'running') AND s.due_at <= $3`, `LIMIT 1`, firm, page, due)
	if err != nil || len(shots) > 0 {
		if len(shots) > 0 {
			return shots[0], err
		}
		return Shot{}, err
	}
	if err := s.quota(ctx, tx, firm); err != nil {
		return Shot{}, err
	}
	id := db.NewID()
	if _, err := tx.Exec(ctx, `INSERT INTO capture_shot (firm_id, id, page_id, cause, state, asked_by, asked_at, due_at) VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $7)`,
		firm, id, page, cause, access.From(ctx).User, tx.Now(), due); err != nil {
		return Shot{}, err
	}
	if err := s.Journal.Record(ctx, journal.Entry{Firm: firm, Ref: reason.Ref{Kind: "capture", ID: id}, Verb: "capture.asked", Data: map[string]string{"cause": cause}}); err != nil {
		return Shot{}, err
	}
	opts := []job.Option{}
	if due.After(tx.Now()) {
		opts = append(opts, job.At(due))
	}
	if err := s.Jobs.Put(ctx, Due{firm, id}, opts...); err != nil {
		return Shot{}, err
	}
	tx.Touch(firm, Topic)
	shots, err = s.shots(ctx, `s.firm_id = $1 AND s.id = $2`, ``, firm, id)
	if err != nil || len(shots) == 0 {
		return Shot{}, err
	}
	return shots[0], nil
}

func (s *Store) quota(ctx context.Context, tx *db.Tx, firm string) error {
	var waiting int
	if _, err := tx.One(ctx, `SELECT count(*) FROM capture_shot WHERE firm_id = $1 AND state = 'waiting' AND due_at <= $2`, []any{firm, tx.Now()}, &waiting); err != nil {
		return err
	}
	if waiting >= maxWaiting {
		return fault.New(fault.Conflict, "capture.many", "Max", maxWaiting)
	}
	return nil
}

// byItself tells whether the program may ask for one more look of its own this hour.
func (s *Store) byItself(ctx context.Context, tx *db.Tx, firm string) (bool, error) {
	var n int
	_, err := tx.One(ctx, `SELECT count(*) FROM capture_shot WHERE firm_id = $1 AND asked_at > $2 AND cause IN ('serious', 'decision', 'gone')`,
		[]any{firm, tx.Now().Add(-time.Hour)}, &n)
	if n >= maxByItself {
		slog.Info("no further captures this hour", "firm", firm, "most", maxByItself)
	}
	return n < maxByItself, err
}

const shotColumns = `s.firm_id, s.id, s.page_id, s.cause, s.state, s.reason, s.detail, s.changed, s.asked_by, s.asked_at, s.due_at, s.begun_at, s.ended_at, s.tries,
	s.bytes, s.exhibit_id, p.mention_id, p.case_id, p.again, p.first_at, p.text_mark, p.sealed`

func (s *Store) shots(ctx context.Context, where, tail string, args ...any) (list []Shot, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var secrets [][]byte
		err := tx.Each(ctx, `SELECT `+shotColumns+` FROM capture_shot s JOIN capture_page p ON p.firm_id = s.firm_id AND p.id = s.page_id WHERE `+where+
			` ORDER BY s.id DESC `+tail, args, func(scan func(...any) error) error {
			var x Shot
			var sealed []byte
			err := scan(&x.Firm, &x.ID, &x.Page, &x.Cause, &x.State, &x.Reason, &x.Detail, &x.Changed, &x.By, &x.Asked, &x.Due, &x.Begun, &x.Ended, &x.Tries,
				&x.Bytes, &x.Exhibit, &x.Mention, &x.Case, &x.Again, &x.first, &x.text, &sealed)
			list, secrets = append(list, x), append(secrets, sealed)
			return err
		})
		for i := range list {
			if err == nil {
				err = s.unseal(ctx, &list[i], secrets[i])
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read captures: %w", err)
	}
	return list, nil
}

// unseal opens address and reason; of a forgotten firm neither is left.
func (s *Store) unseal(ctx context.Context, x *Shot, sealed []byte) error {
	raw, err := s.Seal.Open(ctx, x.Firm, purpose, x.Page, sealed)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var v secret
	err = json.Unmarshal(raw, &v)
	x.URL, x.Why = v.URL, v.Why
	return err
}

// List is the looks of a firm, newest first, at most 100; "" lists every firm in which the principal may see evidence.
func (s *Store) List(ctx context.Context, firm string) ([]Shot, error) {
	firms := []string{firm}
	if firm == "" {
		firms = access.Scope(ctx, access.ViewEvidence)
	} else if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return nil, err
	}
	if len(firms) == 0 {
		return nil, nil
	}
	return s.shots(ctx, `s.firm_id IN (`+db.Marks(1, len(firms))+`)`, `LIMIT 100`, db.Args(firms)...)
}

// Find is one look. Needs access.ViewEvidence.
func (s *Store) Find(ctx context.Context, firm, id string) (Shot, error) {
	if err := access.Check(ctx, access.ViewEvidence, firm); err != nil {
		return Shot{}, err
	}
	return s.find(ctx, firm, id)
}

func (s *Store) find(ctx context.Context, firm, id string) (Shot, error) {
	list, err := s.shots(ctx, `s.firm_id = $1 AND s.id = $2`, ``, firm, id)
	if err == nil && len(list) == 0 {
		err = fault.Missing("capture")
	}
	if err != nil {
		return Shot{}, err
	}
	return list[0], nil
}

// Retry asks for the same page again. Needs access.Preserve.
func (s *Store) Retry(ctx context.Context, firm, id string) (shot Shot, err error) {
	if err := access.Check(ctx, access.Preserve, firm); err != nil {
		return Shot{}, err
	}
	old, err := s.find(ctx, firm, id)
	if err != nil {
		return Shot{}, err
	}
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		shot, err = s.plan(ctx, tx, firm, old.Page, ByPerson, time.Time{})
		return err
	})
	return shot, err
}
