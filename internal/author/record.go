package author

import (
	"context"
	"encoding/json"
	"fmt"

	"chop/internal/db"
	"chop/internal/fault"
)

const profileColumns = `firm_id, id, key, version, state, sealed, confidence, last_item_at, made_at, made_by, confirmed_at, confirmed_by,
	valid_until, retain_until, ended_at`

func (s *Store) insert(ctx context.Context, tx *db.Tx, d Document) error {
	sealed, err := s.sealDocument(ctx, d)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO author_profile (firm_id, id, key, version, state, sealed, motive, escalation, reach, confidence, last_item_at,
		made_at, made_by, retain_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, d.Firm, d.ID, d.Key, d.Version,
		string(d.State), sealed, string(d.Motive), d.Band, d.Scale[Influence].Value, d.Base, d.LastItem, d.Made, d.MadeBy, d.RetainUntil)
	if err != nil {
		return fmt.Errorf("save profile: %w", err)
	}
	return nil
}

func (s *Store) save(ctx context.Context, tx *db.Tx, d Document) error {
	sealed, err := s.sealDocument(ctx, d)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE author_profile SET state = $3, sealed = $4, motive = $5, escalation = $6, reach = $7, confidence = $8,
		confirmed_at = $9, confirmed_by = $10, valid_until = $11, ended_at = $12 WHERE firm_id = $1 AND id = $2`, d.Firm, d.ID, string(d.State), sealed,
		string(d.Motive), d.Band, d.Scale[Influence].Value, d.Base, d.ConfirmedAt, d.ConfirmedBy, d.ValidUntil, d.EndedAt)
	if err != nil {
		return fmt.Errorf("save profile: %w", err)
	}
	return nil
}

func (s *Store) sealDocument(ctx context.Context, d Document) ([]byte, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	return s.Seal.Seal(ctx, d.Firm, sealProfile, d.ID, raw)
}

// load is one version, for verbs that asked already.
func (s *Store) load(ctx context.Context, firm, id string) (Document, error) {
	ds, err := s.documents(ctx, `id = $2`, firm, id)
	if err == nil && len(ds) == 0 {
		err = fault.Missing("profile")
	}
	if err != nil {
		return Document{}, err
	}
	return ds[0], nil
}

func (s *Store) documents(ctx context.Context, where string, args ...any) (ds []Document, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var raws [][]byte
		err := tx.Each(ctx, `SELECT `+profileColumns+` FROM author_profile WHERE firm_id = $1 AND `+where+` ORDER BY version DESC`, args, func(scan func(...any) error) error {
			var d Document
			var raw []byte
			var base float64
			err := scan(&d.Firm, &d.ID, &d.Key, &d.Version, &d.State, &raw, &base, &d.LastItem, &d.Made, &d.MadeBy, &d.ConfirmedAt, &d.ConfirmedBy,
				&d.ValidUntil, &d.RetainUntil, &d.EndedAt)
			ds, raws = append(ds, d), append(raws, raw)
			return err
		})
		if err != nil {
			return err
		}
		for i := range ds {
			if len(raws[i]) == 0 {
				continue
			}
			plain, err := s.Seal.Open(ctx, ds[i].Firm, sealProfile, ds[i].ID, raws[i])
			if fault.Is(err, fault.NotFound) {
				continue // the firm was forgotten
			}
			if err != nil {
				return err
			}
			if err := json.Unmarshal(plain, &ds[i]); err != nil {
				return fmt.Errorf("read profile %s: %w", ds[i].ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	return ds, nil
}
