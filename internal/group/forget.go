package group

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"chop/internal/access"
	"chop/internal/db"
)

// Forget carries an objection (Art. 21 GDPR) into the groups, in the caller's transaction: the account's key, name and figures go from every
// group that nobody confirmed, signed or handed to a case, with the inputs of their findings, which cannot be reckoned again then. Groups
// that a person confirmed or handed to a case keep it: they are proof for legal claims (Art. 17 (3) e, Art. 21 (1)), as are their sealed
// exhibits. Later runs leave the account out (Objected). Needs access.WorkProfiles.
func (s *Store) Forget(ctx context.Context, firm, account, why string) error {
	if err := access.Check(ctx, access.WorkProfiles, firm); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		var ids []string
		err := tx.Each(ctx, `SELECT g.id FROM found_group g JOIN group_member m ON m.firm_id = g.firm_id AND m.group_id = g.id
			WHERE g.firm_id = $1 AND m.account = $2 AND g.state <> $3 AND g.case_id = '' AND g.signed_at = 0 ORDER BY g.id`, []any{firm, account, string(Confirmed)},
			func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				ids = append(ids, id)
				return err
			})
		if err != nil {
			return fmt.Errorf("groups of an account: %w", err)
		}
		for _, id := range ids {
			if err := s.forgetIn(ctx, tx, firm, id, account); err != nil {
				return err
			}
		}
		return s.noteKnown(ctx, tx, firm, account, "group.forgotten", why, "")
	})
}

// forgetIn takes an account out of a group and of every kept finding of it.
func (s *Store) forgetIn(ctx context.Context, tx *db.Tx, firm, id, account string) error {
	kept := map[int]Finding{}
	err := tx.Each(ctx, `SELECT n, finding FROM group_version WHERE firm_id = $1 AND group_id = $2`, []any{firm, id}, func(scan func(...any) error) error {
		var n int
		var raw string
		if err := scan(&n, &raw); err != nil {
			return err
		}
		var f Finding
		err := json.Unmarshal([]byte(raw), &f)
		kept[n] = f
		return err
	})
	if err != nil {
		return fmt.Errorf("findings of a group: %w", err)
	}
	for n, f := range kept {
		raw, err := json.Marshal(f.forgetting(account))
		if err != nil {
			return fmt.Errorf("write finding: %w", err)
		}
		if _, err := tx.Exec(ctx, `UPDATE group_version SET finding = $4, input = '' WHERE firm_id = $1 AND group_id = $2 AND n = $3`, firm, id, n, string(raw)); err != nil {
			return fmt.Errorf("forget account in a finding: %w", err)
		}
	}
	for _, q := range []string{`DELETE FROM group_member WHERE firm_id = $1 AND group_id = $2 AND account = $3`,
		`DELETE FROM group_exhibit WHERE firm_id = $1 AND group_id = $2 AND (a = $3 OR b = $3)`} {
		if _, err := tx.Exec(ctx, q, firm, id, account); err != nil {
			return fmt.Errorf("forget account in a group: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE found_group SET revision = revision + 1 WHERE firm_id = $1 AND id = $2`, firm, id); err != nil {
		return fmt.Errorf("forget account in a group: %w", err)
	}
	_, err = tx.Exec(ctx, `DELETE FROM group_input WHERE firm_id = $1 AND NOT EXISTS (SELECT 1 FROM group_version v
		WHERE v.firm_id = group_input.firm_id AND v.input = group_input.digest)`, firm)
	if err != nil {
		return fmt.Errorf("forget inputs: %w", err)
	}
	return nil
}

// forgetting is the finding without what it says of an account; the figures of the whole group stay as they were found.
func (f Finding) forgetting(account string) Finding {
	f.Input = ""
	f.Members = slices.DeleteFunc(f.Members, func(m FoundMember) bool { return m.Account == account })
	f.Links = slices.DeleteFunc(f.Links, func(l Link) bool { return l.A == account || l.B == account })
	f.Signs = slices.DeleteFunc(f.Signs, func(s Sign) bool { return slices.Contains(s.Members, account) })
	return f
}

// objecting leaves out the acts of accounts that objected.
func (s *Store) objecting(ctx context.Context, r *reading) error {
	if s.Objected == nil {
		return nil
	}
	var keys []string
	seen := map[string]bool{}
	for _, a := range r.acts {
		if !seen[a.Account] {
			seen[a.Account] = true
			keys = append(keys, a.Account)
		}
	}
	gone, err := s.Objected(ctx, r.firm, keys)
	if err != nil || len(gone) == 0 {
		return err
	}
	k := 0
	for i, a := range r.acts {
		if gone[a.Account] {
			r.left++
			continue
		}
		r.acts[k], r.parents[k], r.posts0[k] = a, r.parents[i], r.posts0[i]
		k++
	}
	r.acts, r.parents, r.posts0 = r.acts[:k], r.parents[:k], r.posts0[:k]
	return nil
}
