package capture

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"chop/internal/browser"
	"chop/internal/db"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/journal"
	"chop/internal/reason"
)

// maxTries is how often a page is tried that did not answer.
const maxTries = 3

// TakeLimit is how long one look may take, sealing included.
const TakeLimit = 3 * time.Minute

// busy is how long a look waits for a browser when enough of them run.
const busy = 3 * time.Second

// rest is how long to wait before the next try.
func rest(tries int) time.Duration {
	return []time.Duration{30 * time.Second, 5 * time.Minute}[min(tries, 2)-1]
}

// Take looks at a page and seals what it saw. It hears Due, outside a transaction: a look takes long. A look that was cut
// short by the end of the process begins anew; nothing of it was sealed.
func (s *Store) Take(ctx context.Context, e Due) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default: // a look never keeps other work waiting
		return s.Jobs.Put(ctx, e, job.At(s.DB.Now().Add(busy)))
	}
	shot, due, err := s.begin(ctx, e)
	if err != nil || !due {
		return err
	}
	began := time.Now()
	page, err := s.Look(ctx, shot.URL, s.Limits)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return s.machine(ctx, shot, err)
	}
	slog.Info("page looked at", "firm", shot.Firm, "capture", shot.ID, "wall", page.Wall.Kind, "bytes", page.Bytes(), "requests", len(page.Exchanges),
		"ms", time.Since(began).Milliseconds())
	if transient(page.Wall) && shot.Tries < maxTries {
		return s.later(ctx, shot, string(page.Wall.Kind), page.Wall.Detail)
	}
	return s.conclude(ctx, shot, page)
}

// transient obstacles may be gone in a minute.
func transient(w browser.Wall) bool {
	switch w.Kind {
	case browser.Unreachable, browser.Slow, browser.Crashed:
		return true
	case browser.Broken:
		n, _ := strconv.Atoi(w.Detail)
		return n >= 500 || n == 429
	}
	return false
}

func (s *Store) begin(ctx context.Context, e Due) (shot Shot, ok bool, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if shot, err = s.find(ctx, e.Firm, e.Shot); fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil || shot.State == Sealed || shot.State == Failed || shot.Due.After(tx.Now()) {
			return err
		}
		if shot.URL == "" { // the firm was forgotten
			_, err = s.end(ctx, tx, shot, Failed, "machine", "seal.forgotten", "")
			return err
		}
		ok = true
		shot.Tries++
		shot.State, shot.Begun = Running, tx.Now()
		tx.Touch(shot.Firm, Topic)
		_, err = tx.Exec(ctx, `UPDATE capture_shot SET state = 'running', begun_at = $3, tries = $4 WHERE firm_id = $1 AND id = $2`, shot.Firm, shot.ID, tx.Now(), shot.Tries)
		return err
	})
	return shot, ok && err == nil, err
}

// machine records that the machine itself could not look.
func (s *Store) machine(ctx context.Context, shot Shot, cause error) error {
	slog.Warn("a page could not be looked at", "firm", shot.Firm, "capture", shot.ID, "error", cause)
	code := "failed"
	var f *fault.Error
	if errors.As(cause, &f) {
		code = f.Code
	}
	if shot.Tries < maxTries {
		return s.later(ctx, shot, "machine", code)
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.end(ctx, tx, shot, Failed, "machine", code, "")
		return err
	})
}

// later puts the look back into the queue.
func (s *Store) later(ctx context.Context, shot Shot, why, detail string) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		due := tx.Now().Add(rest(shot.Tries))
		if _, err := tx.Exec(ctx, `UPDATE capture_shot SET state = 'waiting', due_at = $3, reason = $4, detail = $5 WHERE firm_id = $1 AND id = $2`,
			shot.Firm, shot.ID, due, why, detail); err != nil {
			return err
		}
		tx.Touch(shot.Firm, Topic)
		return s.Jobs.Put(ctx, Due{shot.Firm, shot.ID}, job.At(due))
	})
}

// conclude seals what was seen and ends the look, in one commit.
func (s *Store) conclude(ctx context.Context, shot Shot, page *browser.Page) error {
	c, err := s.exhibit(shot, page)
	if err != nil {
		return err
	}
	mark, err := s.Seal.Mark(ctx, shot.Firm, "capture.text", []byte(page.Text))
	if err != nil {
		return err
	}
	text := hex.EncodeToString(mark)
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		x, err := s.Evidence.Preserve(ctx, c)
		if full := tooLarge(err); full {
			_, err = s.end(ctx, tx, shot, Failed, "machine", "evidence.too_large", "")
			return err
		}
		if err != nil {
			return err
		}
		if page.Wall.Kind != browser.Content {
			_, err = s.end(ctx, tx, shot, Failed, string(page.Wall.Kind), page.Wall.Detail, x.ID)
			return err
		}
		shot.Bytes, shot.Changed = size(x), shot.text != "" && shot.text != text
		if shot.first.IsZero() {
			shot.first = tx.Now()
		}
		if _, err := tx.Exec(ctx, `UPDATE capture_page SET first_at = $3, text_mark = $4 WHERE firm_id = $1 AND id = $2`, shot.Firm, shot.Page, shot.first, text); err != nil {
			return err
		}
		if shot, err = s.end(ctx, tx, shot, Sealed, "", "", x.ID); err != nil {
			return err
		}
		return s.schedule(ctx, tx, shot)
	})
}

func tooLarge(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Code == "evidence.too_large"
}

func size(x evidence.Exhibit) (n int64) {
	for _, f := range x.Files {
		n += f.Size
	}
	return n
}

func (s *Store) end(ctx context.Context, tx *db.Tx, shot Shot, state State, why, detail, exhibit string) (Shot, error) {
	shot.State, shot.Reason, shot.Detail, shot.Exhibit, shot.Ended = state, why, detail, exhibit, tx.Now()
	if _, err := tx.Exec(ctx, `UPDATE capture_shot SET state = $3, reason = $4, detail = $5, exhibit_id = $6, ended_at = $7, bytes = $8, changed = $9 WHERE firm_id = $1 AND id = $2`,
		shot.Firm, shot.ID, string(state), why, detail, exhibit, shot.Ended, shot.Bytes, shot.Changed); err != nil {
		return shot, err
	}
	tx.Touch(shot.Firm, Topic)
	return shot, s.Journal.Record(ctx, journal.Entry{Firm: shot.Firm, Ref: reason.Ref{Kind: "capture", ID: shot.ID}, Verb: "capture." + string(state),
		Data: map[string]string{"reason": why, "detail": detail, "exhibit": exhibit}})
}

// schedule plans the later looks after the first success.
func (s *Store) schedule(ctx context.Context, tx *db.Tx, shot Shot) error {
	if !shot.Again {
		return nil
	}
	for _, a := range again {
		var one int
		found, err := tx.One(ctx, `SELECT 1 FROM capture_shot WHERE firm_id = $1 AND page_id = $2 AND cause = $3 LIMIT 1`, []any{shot.Firm, shot.Page, a.cause}, &one)
		if err != nil {
			return err
		}
		if found {
			continue
		}
		if err := s.planLater(ctx, tx, shot, a.cause, shot.first.Add(a.after)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) planLater(ctx context.Context, tx *db.Tx, shot Shot, cause string, due time.Time) error {
	id := db.NewID()
	if _, err := tx.Exec(ctx, `INSERT INTO capture_shot (firm_id, id, page_id, cause, state, asked_by, asked_at, due_at) VALUES ($1, $2, $3, $4, 'waiting', 'system', $5, $6)`,
		shot.Firm, id, shot.Page, cause, tx.Now(), due); err != nil {
		return err
	}
	return s.Jobs.Put(ctx, Due{shot.Firm, id}, job.At(due))
}
