package standing_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/journal"
	"chop/internal/ledger"
	"chop/internal/seal"
	"chop/internal/source"
	"chop/internal/standing"
)

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		facts standing.Facts
		want  standing.State
		cause standing.Cause
		n     int
	}{
		"nothing waits, all seen":         {standing.Facts{Sources: 3}, standing.Calm, "", 0},
		"a credential ends soon":          {standing.Facts{Sources: 3, Expiring: 1}, standing.Calm, "", 0},
		"no channel is not calm":          {standing.Facts{}, standing.Attention, standing.ByNoChannel, 0},
		"one channel is not seen":         {standing.Facts{Sources: 3, Unseen: 1}, standing.Attention, standing.ByUnseen, 1},
		"something waits, in time":        {standing.Facts{Sources: 1, Waiting: 2}, standing.Attention, standing.ByWaiting, 2},
		"something waits, late":           {standing.Facts{Sources: 1, Waiting: 2, Late: 1}, standing.Attention, standing.ByLate, 1},
		"a complaint waits":               {standing.Facts{Sources: 1, Waiting: 2, Complaints: 1}, standing.Attention, standing.ByComplaint, 1},
		"late weighs more than complaint": {standing.Facts{Sources: 1, Waiting: 2, Late: 1, Complaints: 1}, standing.Attention, standing.ByLate, 1},
		"a case of little urgency":        {standing.Facts{Sources: 1, Cases: 1}, standing.Attention, standing.ByCase, 1},
		"an alarm nobody took":            {standing.Facts{Sources: 1, Alarms: 1}, standing.Attention, standing.ByAlarm, 1},
		"an urgent case":                  {standing.Facts{Sources: 1, Cases: 2, Urgent: 1}, standing.Crisis, standing.ByCrisis, 1},
		"an urgent case and no channel":   {standing.Facts{Cases: 1, Urgent: 1, Late: 9}, standing.Crisis, standing.ByCrisis, 1},
	} {
		if got := standing.Judge(c.facts); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if cause, n := standing.Why(c.facts); cause != c.cause || n != c.n {
			t.Errorf("%s: because of %q (%d), want %q (%d)", name, cause, n, c.cause, c.n)
		}
	}
}

// Calm is earned, trouble never makes a firm calmer, and whatever is not calm says why.
func TestCalmIsEarned(t *testing.T) {
	rank := map[standing.State]int{standing.Calm: 0, standing.Attention: 1, standing.Crisis: 2}
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int { return rapid.IntRange(0, 3).Draw(t, name) }
		f := standing.Facts{Urgent: n("urgent"), Cases: n("cases"), Waiting: n("waiting"), Late: n("late"), Complaints: n("complaints"),
			Alarms: n("alarms"), Sources: n("sources"), Unseen: n("unseen")}
		f.Cases += f.Urgent
		f.Waiting += max(f.Late, f.Complaints)
		f.Sources += f.Unseen
		was := standing.Judge(f)
		if calm := f.Cases+f.Waiting+f.Alarms+f.Unseen == 0 && f.Sources > 0; calm != (was == standing.Calm) {
			t.Fatalf("%+v is %s", f, was)
		}
		if cause, _ := standing.Why(f); (cause == "") != (was == standing.Calm) {
			t.Fatalf("%+v is %s because of %q", f, was, cause)
		}
		worse := f
		switch rapid.IntRange(0, 4).Draw(t, "more of") {
		case 0:
			worse.Cases, worse.Urgent = f.Cases+1, f.Urgent+1
		case 1:
			worse.Waiting, worse.Late = f.Waiting+1, f.Late+1
		case 2:
			worse.Alarms++
		case 3:
			worse.Unseen, worse.Sources = f.Unseen+1, f.Sources+1
		case 4:
			worse.Cases++
		}
		if rank[standing.Judge(worse)] < rank[was] {
			t.Fatalf("%+v is %s, with more trouble %s", f, was, standing.Judge(worse))
		}
	})
}

func TestSeen(t *testing.T) {
	for c, want := range map[source.Condition]bool{source.Well: true, source.Shaky: true, source.Expiring: true, source.Fresh: false,
		source.Blind: false, source.Quiet: false, source.Paused: false, "": false} {
		if standing.Seen(c) != want {
			t.Errorf("%q is seen: %v", c, !want)
		}
	}
}

type world struct {
	t   *testing.T
	d   *db.DB
	ctx context.Context
	s   *standing.Store
	f   []firm.Firm
}

func open(t *testing.T, d *db.DB, names ...string) *world {
	t.Helper()
	dir := t.TempDir()
	k, err := seal.New(t.Context(), d, dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(d, bytes.Repeat([]byte{1}, 32), dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, d: d, ctx: access.With(t.Context(), access.System("*")), s: &standing.Store{DB: d}}
	firms := firm.New(d, journal.New(d, l, k))
	for _, n := range names {
		f, err := firms.Create(w.ctx, firm.Firm{Name: n})
		if err != nil {
			t.Fatal(err)
		}
		w.f = append(w.f, f)
	}
	return w
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	err := w.d.Tx(w.ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, q, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// channel connects one; seen says when it was last well, fails how often it failed since.
func (w *world) channel(f firm.Firm, seen time.Time, fails int, paused bool) {
	w.t.Helper()
	w.exec(`INSERT INTO source (firm_id, id, kind, name, settings, cursor, paused, quiet_after, created_at, checked_at, ok_at, item_at, fails)
		VALUES ($1, $2, 'feed', 'x', $3, $3, $4, $5, $6, $7, $7, $7, $8)`, f.ID, db.NewID(), []byte{}, paused, int64(48*3600*1e6),
		w.d.Now().Add(-90*24*time.Hour), seen, fails)
}

func (w *world) crisis(f firm.Firm, priority int, status string, at time.Time) {
	w.t.Helper()
	id := db.NewID()
	w.exec(`INSERT INTO crisis (firm_id, id, number, title, subject, status, severity, priority, opened_at, last_at)
		VALUES ($1, $2, $2, 'x', $2, $3, 2, $4, $5, $5)`, f.ID, id, status, priority, at)
}

func (w *world) mention(f firm.Firm, status, labels string, due time.Time) {
	w.t.Helper()
	id := db.NewID()
	w.exec(`INSERT INTO mention (firm_id, id, doc, source_id, ext_id, kind, post_id, parent_ext, author_key, author_name, text, url, lang, at,
		seen_at, changed_at, state, rating, own, revision, delivery_id, meta, labels, status, due_at)
		VALUES ($1, $2, $3, 's', $2, 'comment', '', '', 'a', 'A', 't', '', 'pl', $4, $4, $4, 'published', 0, FALSE, 1, '', $5, $6, $7, $8)`,
		f.ID, id, w.d.Now().UnixNano()+int64(len(id))+int64(time.Now().Nanosecond()), w.d.Now(), []byte{}, labels, status, due)
}

func guardian(fs ...firm.Firm) access.Principal {
	p := access.Principal{User: "u", Name: "Ewa Maj", Firms: map[string]access.Role{}}
	for _, f := range fs {
		p.Firms[f.ID] = access.Guardian
	}
	return p
}

func TestOfGathersWhatHolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		w := open(t, d, "Bistro", "Atelier", "Cukiernia", "Dom", "Elektro", "Fryzjer")
		now := d.Now()
		for i := range 5 {
			w.channel(w.f[i], now, 0, false)
		}
		w.crisis(w.f[2], 1, "accepted", now.Add(-3*time.Hour))
		w.crisis(w.f[2], 4, "detected", now.Add(-9*time.Hour))
		w.crisis(w.f[3], 1, "contained", now.Add(-time.Hour)) // a contained one is no crisis any more
		w.crisis(w.f[0], 1, "closed", now.Add(-time.Hour))    // a closed one is nothing
		w.mention(w.f[4], "open", ",complaint,", now.Add(-time.Minute))
		w.mention(w.f[4], "open", ",question,", now.Add(time.Minute))
		w.mention(w.f[4], "done", ",complaint,", time.Time{})
		w.channel(w.f[1], now.Add(-time.Hour), 3, false)
		ctx := access.With(t.Context(), guardian(w.f...))
		list, err := w.s.Of(ctx, w.f)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range list {
			got += fmt.Sprintf("%s %s; ", s.Firm.Name, s.State)
		}
		if want := "Cukiernia crisis; Atelier attention; Dom attention; Elektro attention; Fryzjer attention; Bistro calm; "; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		if c := list[0]; !c.Since.Equal(now.Add(-3*time.Hour)) || c.Facts.Cases != 2 || c.Facts.Urgent != 1 {
			t.Errorf("crisis: %+v", c)
		}
		if f := list[3].Facts; f.Waiting != 2 || f.Late != 1 || f.Complaints != 1 {
			t.Errorf("waiting: %+v", f)
		}
		if a := list[1]; a.Facts.Unseen != 1 || a.Facts.Sources != 2 || !a.Since.Equal(now.Add(-time.Hour)) {
			t.Errorf("unseen: %+v", a)
		}
		if tot := standing.Count(list); tot != (standing.Totals{Calm: 1, Attention: 4, Crisis: 1}) {
			t.Errorf("totals: %+v", tot)
		}
	})
}

func TestAStoppedChannelIsNotCalm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := open(t, d, "Bistro")
		w.channel(w.f[0], d.Now(), 0, false)
		ctx := access.With(t.Context(), guardian(w.f...))
		state := func() standing.State {
			list, err := w.s.Of(ctx, w.f)
			if err != nil {
				t.Fatal(err)
			}
			return list[0].State
		}
		if got := state(); got != standing.Calm {
			t.Fatalf("seen: %s", got)
		}
		clock.Forward(49 * time.Hour)
		if got := state(); got != standing.Attention {
			t.Fatalf("silent for two days: %s", got)
		}
		clock.Forward(-49 * time.Hour)
		w.exec(`UPDATE source SET paused = TRUE WHERE firm_id = $1`, w.f[0].ID)
		if got := state(); got != standing.Attention {
			t.Fatalf("paused: %s", got)
		}
	})
}

// The word is for everybody of the firm, the counts only for those who may see what is counted.
func TestCountsFollowPermissions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		w := open(t, d, "Bistro", "Obca")
		w.channel(w.f[0], d.Now(), 0, false)
		w.mention(w.f[0], "open", ",complaint,", d.Now().Add(-time.Minute))
		lawyer := access.Principal{User: "l", Firms: map[string]access.Role{w.f[0].ID: access.Lawyer}}
		list, err := w.s.Of(access.With(t.Context(), lawyer), w.f[:1])
		if err != nil {
			t.Fatal(err)
		}
		if s := list[0]; s.State != standing.Attention || s.Facts != (standing.Facts{}) || !s.Due.IsZero() {
			t.Errorf("a lawyer learns %+v", s)
		}
		if _, err := w.s.Of(access.With(t.Context(), lawyer), w.f); !fault.Is(err, fault.NotFound) {
			t.Errorf("another firm answers %v", err)
		}
		if list, err := w.s.Of(t.Context(), nil); err != nil || len(list) != 0 {
			t.Errorf("no firms: %v, %v", list, err)
		}
	})
}
