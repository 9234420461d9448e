package mention

import (
	"fmt"
	"strings"
	"testing"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/db/dbtest"
	"chop/internal/fault"
)

func TestViewsAreKeptPerPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		v, err := w.SaveView(w.ctx, View{Firm: "f1", Name: "  Groźby  i szantaż ", Query: "label=threat"})
		check(t, err)
		again, err := w.SaveView(w.ctx, View{Firm: "f1", Name: "Groźby i szantaż", Query: "label=threat&severity=3"})
		check(t, err)
		list, err := w.Views(w.ctx)
		check(t, err)
		if len(list) != 1 || again.ID != v.ID || list[0].Query != "label=threat&severity=3" || list[0].Name != "Groźby i szantaż" {
			t.Fatalf("%+v", list)
		}
		other := access.With(t.Context(), access.Principal{User: "o", Firms: map[string]access.Role{"f1": access.Owner}})
		if list, err := w.Views(other); err != nil || len(list) != 0 {
			t.Errorf("another person sees %+v, %v", list, err)
		}
		if err := w.RemoveView(other, v.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another person removes it: %v", err)
		}
		check(t, w.RemoveView(w.ctx, v.ID))
		if list, err := w.Views(w.ctx); err != nil || len(list) != 0 {
			t.Errorf("left: %+v, %v", list, err)
		}
	})
}

func TestViewsHaveLimits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock, &place{})
		for name, v := range map[string]View{
			"empty name": {Name: " \t"}, "long name": {Name: strings.Repeat("ż", maxViewName+1)},
			"long query": {Name: "a", Query: strings.Repeat("x", maxViewQuery+1)}, "NUL": {Name: "a", Query: "q=\x00"},
		} {
			if _, err := w.SaveView(w.ctx, v); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.SaveView(w.ctx, View{Firm: "f2", Name: "a"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a view of a foreign firm: %v", err)
		}
		for i := range maxViews {
			_, err := w.SaveView(w.ctx, View{Name: fmt.Sprintf("widok %d", i)})
			check(t, err)
		}
		if _, err := w.SaveView(w.ctx, View{Name: "jeszcze"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("one too many: %v", err)
		}
	})
}
