package calibration

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"chop/internal/decision"
	"chop/internal/lang"
	"chop/internal/outcome"
	"chop/internal/web/page"
)

// percent is a share in whole per cent.
func percent(p float64) string { return strconv.Itoa(int(math.Round(100*p))) + "%" }

// score is a Brier score; the sign of decimals is the reader's.
func score(ctx context.Context, v float64) string {
	s := fmt.Sprintf("%.3f", v)
	if page.Lang(ctx) == lang.PL {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

func between(b outcome.Band) string { return percent(b.From) + "–" + percent(b.Until) }

func optionName(ctx context.Context, o decision.Option) string {
	return page.T(ctx, "option."+string(o)+".noun")
}

func className(ctx context.Context, class string) string {
	if id := "label." + class; page.Lang(ctx).Has(id) {
		return page.T(ctx, id)
	}
	return page.T(ctx, "calibration.class.other")
}

// The drawing: forecasts from left to right, what was observed from below to above.
const (
	left, right = 44.0, 384.0
	top, bottom = 22.0, 202.0
)

func x(p float64) string { return coordinate(left + p*(right-left)) }
func y(p float64) string { return coordinate(bottom - p*(bottom-top)) }

func coordinate(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// above is a little above y.
func above(p float64) string { return coordinate(bottom - p*(bottom-top) - 8) }

// says is the drawing in words, for those who do not see it.
func says(ctx context.Context, bands []outcome.Band) string {
	var parts []string
	for _, b := range bands {
		if b.N > 0 {
			parts = append(parts, page.T(ctx, "calibration.band.says", "Word", page.T(ctx, "decision.risk."+b.Word), "Forecast", percent(b.Mean),
				"Seen", percent(b.Rate), "Between", between(b)))
		}
	}
	return strings.Join(parts, " ")
}

// flip is one recommendation of the past that would turn.
func flip(ctx context.Context, from, to decision.Option) string {
	return page.T(ctx, "calibration.flip", "From", optionName(ctx, from), "To", optionName(ctx, to))
}
