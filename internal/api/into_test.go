package api_test

import (
	"context"
	"testing"
	"time"

	"chop/internal/api"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/simulate"
	"chop/internal/simulate/play"
)

// A simulated page that is played into the real server arrives whole: every action, review and question is a mention or a reaction of the
// firm, and playing goes on through the server's own limits.
func TestASimulatedPageArrivesAtTheRealServer(t *testing.T) {
	clock := dbtest.NewClock()
	clock.Forward(time.Since(clock.Now())) // who sends signs with the machine's clock
	w := newWorld(t, dbtest.OpenSQLite(t, clock.Now), clock, api.Deps{})
	s := simulate.Attacked(3)
	s.Days, s.Posts, s.Accounts, s.Wave, s.Bomb = 20, 12, 200, 20, 5
	page := simulate.Make(s)
	target := play.Target{URL: w.server.URL, Source: w.src.ID, Secret: w.secret, Past: true}
	sent, err := play.Page(t.Context(), page, target)
	check(t, err)
	comments, reactions := w.rows(`SELECT count(*) FROM mention`), w.rows(`SELECT count(*) FROM reaction`)
	if want := len(page.Actions) + len(page.Reviews); sent < want || comments+reactions != sent || reactions == 0 || comments == 0 {
		t.Errorf("%d sent of %d, arrived %d comments and %d reactions", sent, want, comments, reactions)
	}
	target.Secret = w.secret[:len(w.secret)-4] + "AAAA"
	if n, err := play.Page(t.Context(), page, target); n != 0 || err == nil {
		t.Errorf("with a strange secret %d were taken: %v", n, err)
	}
}

func (w *world) rows(query string) (n int) {
	w.t.Helper()
	check(w.t, w.d.Read(w.t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.One(ctx, query, nil, &n); return err }))
	return n
}
