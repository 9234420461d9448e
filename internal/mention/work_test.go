package mention

import (
	"slices"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
)

// Summaries of a batch land on their own mentions; a label that is taken off leaves its list; the pages of a list join.
func TestSummariesAreListedByLabel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		sys := access.With(w.ctx, access.System("*"))
		if _, err := w.Intake(sys, w.src, batch(comment("1", "raz", clock.Now()), comment("2", "dwa", clock.Now()), comment("3", "trzy", clock.Now()))); err != nil {
			t.Fatal(err)
		}
		ms := list(t, w, Filter{})
		due := clock.Now().Add(time.Hour)
		found := []Summary{
			{Labels: []string{"threat", "insult"}, Severity: 4, Sentiment: -0.75, Lang: "pl", Status: Open, DueAt: due},
			{Labels: []string{"insult"}, Severity: 2, Lang: "en", Status: Quiet},
			{Labels: []string{"question"}, Buyer: true, Lang: "pl", Status: Open},
		}
		if err := w.Summarise(sys, ms, found); err != nil {
			t.Fatal(err)
		}
		got := list(t, w, Filter{})
		for i, f := range found {
			m := got[i]
			if !slices.Equal(m.Labels, f.Labels) || m.Severity != f.Severity || m.Sentiment != f.Sentiment || m.Buyer != f.Buyer || m.Lang != f.Lang ||
				m.Status != f.Status || !m.DueAt.Equal(f.DueAt) {
				t.Errorf("mention %d carries %+v, want %+v", i, m, f)
			}
		}
		wantTexts(t, w, Filter{Label: "insult"}, got[0].Text, got[1].Text)
		wantTexts(t, w, Filter{Label: "insult", Limit: 1}, got[0].Text)
		wantTexts(t, w, Filter{Label: "insult", Below: got[0].Doc}, got[1].Text)
		wantTexts(t, w, Filter{Label: "insult", Status: Open}, got[0].Text)
		wantTexts(t, w, Filter{Label: "praise"})
		if err := w.Summarise(sys, got[:1], []Summary{{Labels: []string{"praise"}, Status: Quiet}}); err != nil {
			t.Fatal(err)
		}
		wantTexts(t, w, Filter{Label: "insult"}, got[1].Text)
		wantTexts(t, w, Filter{Label: "threat"})
		wantTexts(t, w, Filter{Label: "praise"}, got[0].Text)
	})
}

func list(t *testing.T, w *world, f Filter) []Mention {
	t.Helper()
	ms, err := w.List(w.ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func wantTexts(t *testing.T, w *world, f Filter, want ...string) {
	t.Helper()
	var got []string
	for _, m := range list(t, w, f) {
		got = append(got, m.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("list %+v gives %q, want %q", f, got, want)
	}
}
