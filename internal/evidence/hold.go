package evidence

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/reason"
	"chop/internal/seal"
)

// Hold puts the exhibit under a legal hold: nothing removes it until Release. Needs access.Preserve and a reason.
// Faults: Invalid "evidence.why"; Conflict "evidence.removed".
func (s *Store) Hold(ctx context.Context, firm, id, why string) error {
	return s.change(ctx, firm, id, "exhibit.held", why, func(ctx context.Context, tx *db.Tx) (int64, error) {
		return tx.Exec(ctx, `UPDATE exhibit SET held_at = $3, reviewed_at = 0 WHERE firm_id = $1 AND id = $2 AND held_at = 0 AND removed_at = 0`,
			firm, id, tx.Now())
	})
}

// Release ends the legal hold. Needs access.Preserve and a reason.
func (s *Store) Release(ctx context.Context, firm, id, why string) error {
	return s.change(ctx, firm, id, "exhibit.released", why, func(ctx context.Context, tx *db.Tx) (int64, error) {
		return tx.Exec(ctx, `UPDATE exhibit SET held_at = 0 WHERE firm_id = $1 AND id = $2 AND held_at > 0 AND removed_at = 0`, firm, id)
	})
}

// change runs a conditional update and records it; doing again what is done already changes and records nothing.
func (s *Store) change(ctx context.Context, firm, id, verb, why string, update func(context.Context, *db.Tx) (int64, error)) error {
	if err := access.Check(ctx, access.Preserve, firm); err != nil {
		return err
	}
	if strings.TrimSpace(why) == "" {
		return fault.New(fault.Invalid, "evidence.why").On("why")
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := s.row(ctx, firm, id)
		if err != nil {
			return err
		}
		if !r.Removed.IsZero() {
			return fault.New(fault.Conflict, "evidence.removed", "Code", r.Code())
		}
		n, err := update(ctx, tx)
		if err != nil || n == 0 {
			return err
		}
		tx.Touch(firm, Topic)
		return s.record(ctx, firm, id, verb, why, map[string]string{"code": r.Code()})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return nil
}

// ReviewEvery is how often somebody has to say that a legal hold is still needed (domain/evidence-legal.md E.2(5)).
const ReviewEvery = 365 * 24 * time.Hour

// ReviewDue tells whether somebody should say whether the legal hold is still needed.
func (e Exhibit) ReviewDue(now time.Time) bool {
	last := e.Held
	if e.Reviewed.After(last) {
		last = e.Reviewed
	}
	return !e.Held.IsZero() && e.Removed.IsZero() && now.Sub(last) >= ReviewEvery
}

// Review says that the legal hold is still needed, and why. Needs access.Preserve and a reason. Faults: Invalid
// "evidence.why"; Conflict "evidence.removed".
func (s *Store) Review(ctx context.Context, firm, id, why string) error {
	return s.change(ctx, firm, id, "exhibit.hold_reviewed", why, func(ctx context.Context, tx *db.Tx) (int64, error) {
		return tx.Exec(ctx, `UPDATE exhibit SET reviewed_at = $3 WHERE firm_id = $1 AND id = $2 AND held_at > 0 AND removed_at = 0`,
			firm, id, tx.Now())
	})
}

// Remove erases the exhibit's content for good: its files, its salt, its description and the key they were sealed with.
// Its number, its times and its commitment remain and name no person.
// Needs access.Preserve, access.ManageFirm and a reason. Faults: Conflict "evidence.held"; Invalid "evidence.why".
func (s *Store) Remove(ctx context.Context, firm, id, why string) error {
	for _, p := range []access.Perm{access.Preserve, access.ManageFirm} {
		if err := access.Check(ctx, p, firm); err != nil {
			return err
		}
	}
	if strings.TrimSpace(why) == "" {
		return fault.New(fault.Invalid, "evidence.why").On("why")
	}
	err := s.db.Tx(ctx, func(ctx context.Context, tx *db.Tx) error { return s.remove(ctx, tx, firm, id, why) })
	if err != nil {
		return fmt.Errorf("remove exhibit: %w", err)
	}
	return nil
}

func (s *Store) remove(ctx context.Context, tx *db.Tx, firm, id, why string) error {
	r, err := s.row(ctx, firm, id)
	if err != nil || !r.Removed.IsZero() {
		return err
	}
	blobs, err := s.blobs(ctx, r)
	if err != nil {
		return err
	}
	// Zeros take the key's place, so that it is overwritten where it lies; without it no copy of the files can be read.
	n, err := tx.Exec(ctx, `UPDATE exhibit SET removed_at = $3, sealed = $4, mark = id, own_key = $5
		WHERE firm_id = $1 AND id = $2 AND held_at = 0 AND removed_at = 0`, firm, id, tx.Now(), []byte{}, make([]byte, seal.OwnWrapped))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "evidence.held", "Code", r.Code())
	}
	if _, err := tx.Exec(ctx, `DELETE FROM exhibit_file WHERE firm_id = $1 AND exhibit_id = $2`, firm, id); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		for _, b := range blobs {
			if err := s.blob.Remove(b); err != nil {
				slog.Error("remove the file of a removed exhibit", "exhibit", id, "blob", b, "error", err)
			}
		}
	})
	if err := s.stamps.Drop(ctx, firm, reason.Ref{Kind: RefKind, ID: id}); err != nil {
		return err
	}
	tx.Touch(firm, Topic)
	return s.record(ctx, firm, id, "exhibit.removed", why, map[string]string{"code": r.Code()})
}

// Forgettable tells whether no exhibit of the firm is under a legal hold: the question to ask before seal.Forget. Needs
// access.Preserve.
func (s *Store) Forgettable(ctx context.Context, firm string) (bool, error) {
	if err := access.Check(ctx, access.Preserve, firm); err != nil {
		return false, err
	}
	var held int64
	err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.One(ctx, `SELECT count(*) FROM exhibit WHERE firm_id = $1 AND held_at > 0 AND removed_at = 0`, []any{firm}, &held)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for legal holds: %w", err)
	}
	return held == 0, nil
}
