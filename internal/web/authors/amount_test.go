package authors

import (
	"context"
	"testing"

	"chop/internal/author/signal"
)

func TestWhatIsCountedTakesTheFormOfItsNumber(t *testing.T) {
	ctx := context.Background() // Polish
	for _, x := range []struct {
		unit  string
		value float64
		want  string
	}{{"venues", 1, "1 miejsce"}, {"venues", 3, "3 miejsca"}, {"items90", 5, "5 wpisów w\u00a090 dni"}, {"per_100", 2.7, "2,7 na 100 słów"}, {"accounts", 0, "0 kont"}} {
		if got := amount(ctx, signal.Signal{Unit: x.unit, Value: x.value}); got != x.want {
			t.Errorf("%v %s is told as %q, want %q", x.value, x.unit, got, x.want)
		}
	}
}
