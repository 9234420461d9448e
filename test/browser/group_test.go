package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"chop/internal/db"
	"chop/internal/group"
)

// found puts a group into the firm's tables as a run leaves one: a run needs months of history. The account of the hateful item is
// its first member, two are uncertain.
func (w *world) found(g *guarded) string {
	w.t.Helper()
	id, now := db.NewID(), w.app.DB.Now()
	f := group.Finding{Version: 1, At: now, Input: "0f1e2d3c", Code: group.Code, Level: group.Organised, Together: 310, Expected: 190, SD: 11, Z: 10.9, P: 0.0002,
		Posts: []string{"p:" + g.hate.Post}, Runs: 50, Rate: 0.02, Tested: 140, Pairs: 9730, Seen: 90, Groups: 1,
		Signs: []group.Sign{{Channel: "creation", P: 1e-6, Strong: true, Facts: map[string]string{"k": "7", "days": "5"}}}}
	var members [][]any
	for i := range 9 {
		key, name, state := fmt.Sprint("wordpress:konto", i), fmt.Sprint("Konto o długiej nazwie <b>", i, "</b>"), group.In
		if i == 0 {
			key, name = g.hate.AuthorKey, g.hate.AuthorName
		}
		if i > 6 {
			state = group.Uncertain
		}
		f.Members = append(f.Members, group.FoundMember{Account: key, Role: []string{"first", "with", "seldom"}[i%3], R: 0.93, Common: 31, P: 0.0002, Posts: 1, Since: now.Add(-90 * 24 * time.Hour)})
		f.Signs[0].Members = append(f.Signs[0].Members, key)
		for _, m := range f.Members[:i] {
			f.Links = append(f.Links, group.Link{A: m.Account, B: key, Shared: 30, Together: 20 + i, Within: time.Minute, Expected: 0.4, Q: 1e-7})
		}
		members = append(members, []any{g.firm.ID, id, key, name, string(state), true, now})
	}
	raw, err := json.Marshal(f)
	w.ok(err)
	w.ok(w.app.DB.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO found_group (firm_id, id, number, source_id, level, state, version, revision, made_at, changed_at, frozen_at)
			VALUES ($1, $2, 1, $3, 3, 'suggested', 1, 1, $4, $4, $4)`, g.firm.ID, id, g.source.ID, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO group_version (firm_id, group_id, n, at, input, finding) VALUES ($1, $2, 1, $3, '0f1e2d3c', $4)`, g.firm.ID, id, now, string(raw)); err != nil {
			return err
		}
		_, err := tx.Insert(ctx, `INSERT INTO group_member (firm_id, group_id, account, name, state, frozen, added_at)`, members, "")
		return err
	}))
	return id
}
