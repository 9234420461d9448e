package mention

import (
	"context"
	"slices"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
)

// three takes in three comments and lists them newest first.
func three(t *testing.T, w *world) []Mention {
	t.Helper()
	_, err := w.Intake(access.With(w.ctx, access.System("*")), w.src,
		batch(comment("1", "raz", w.clock.Now()), comment("2", "dwa", w.clock.Now()), comment("3", "trzy", w.clock.Now())))
	check(t, err)
	ms := w.all(t)
	if len(ms) != 3 {
		t.Fatalf("%d mentions", len(ms))
	}
	return ms
}

func wantTexts(t *testing.T, w *world, f Filter, want ...string) {
	t.Helper()
	ms, err := w.List(w.ctx, f)
	check(t, err)
	var got []string
	for _, m := range ms {
		got = append(got, m.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("list %+v gives %q, want %q", f, got, want)
	}
}

func TestSummariesOfABatchLandOnTheirOwnMentions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		ms := three(t, w)
		sys := access.With(w.ctx, access.System("*"))
		check(t, w.SetStatus(sys, "f1", ms[2].ID, Done))
		found := []Summary{
			{Mention: ms[0].ID, Labels: []string{"threat", "insult"}, Severity: 4, Sentiment: -0.7512345678901, Lang: "pl", Status: Open, DueAt: clock.Now().Add(time.Hour)},
			{Mention: ms[1].ID, Labels: []string{"question"}, Buyer: true, Lang: "en", Status: Quiet},
			{Mention: ms[2].ID, Severity: 2, Lang: "pl", Status: Open},
			{Mention: "nobody", Labels: []string{"hate"}, Status: Open},
		}
		check(t, w.Summarise(sys, "f1", found...))
		check(t, w.Summarise(sys, "f2", Summary{Mention: ms[1].ID, Labels: []string{"hate"}, Status: Open})) // another firm's
		check(t, w.Summarise(sys, "f1"))
		found[2].Status = Done // what a person settled stays settled
		for i, m := range w.all(t) {
			f := found[i]
			if !slices.Equal(m.Labels, f.Labels) || m.Severity != f.Severity || m.Sentiment != f.Sentiment || m.Buyer != f.Buyer || m.Lang != f.Lang ||
				m.Status != f.Status || !m.DueAt.Equal(f.DueAt) {
				t.Errorf("mention %d carries %+v, want %+v", i, m, f)
			}
		}
	})
}

func TestListsByLabelAreNewestFirstAndFollowEditsAndDisappearance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		ms := three(t, w)
		sys := access.With(w.ctx, access.System("*"))
		check(t, w.Summarise(sys, "f1", Summary{Mention: ms[0].ID, Labels: []string{"threat", "personal_data"}, Severity: 4, Status: Open},
			Summary{Mention: ms[1].ID, Labels: []string{"insult", "personal_data"}, Status: Quiet}, Summary{Mention: ms[2].ID, Labels: []string{"insult"}, Status: Open}))
		a, b, c := ms[0].Text, ms[1].Text, ms[2].Text
		wantTexts(t, w, Filter{Labels: []string{"insult"}}, b, c)
		wantTexts(t, w, Filter{Labels: []string{"insult"}, Limit: 1}, b)
		wantTexts(t, w, Filter{Labels: []string{"insult"}, Below: ms[1].Doc}, c)
		wantTexts(t, w, Filter{Labels: []string{"insult"}, Status: Open}, c)
		wantTexts(t, w, Filter{Labels: []string{"personal_data"}}, a, b)
		wantTexts(t, w, Filter{Labels: []string{"insult", "threat", "personal_data"}}, a, b, c) // any of them, each once
		wantTexts(t, w, Filter{Labels: []string{"threat", "insult"}, Limit: 2}, a, b)
		wantTexts(t, w, Filter{Labels: []string{"threat", "insult"}, Status: Open}, a, c)
		wantTexts(t, w, Filter{Labels: []string{"threat", "insult"}, Query: a}, a)
		wantTexts(t, w, Filter{Labels: []string{"insult"}, Without: []string{"personal_data"}}, c)
		wantTexts(t, w, Filter{Without: []string{"threat", "personal_data"}}, c)
		wantTexts(t, w, Filter{Without: []string{"insult"}, Status: Open}, a)
		wantTexts(t, w, Filter{Labels: []string{"praise"}})
		wantTexts(t, w, Filter{Labels: []string{"' OR 1=1 --"}})
		wantTexts(t, w, Filter{Labels: []string{"%"}})

		check(t, w.Summarise(sys, "f1", Summary{Mention: ms[1].ID, Labels: []string{"praise"}, Status: Quiet})) // edited, read anew
		wantTexts(t, w, Filter{Labels: []string{"insult"}}, c)
		wantTexts(t, w, Filter{Labels: []string{"praise"}}, b)
		check(t, d.Tx(sys, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM mention WHERE firm_id = $1 AND id = $2`, "f1", ms[2].ID)
			return err
		}))
		wantTexts(t, w, Filter{Labels: []string{"insult"}})
	})
}
