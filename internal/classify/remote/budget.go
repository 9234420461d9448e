package remote

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/lang"
)

// Money is millionths of a currency's unit.
type Money int64

// mostMoney is the largest sum a person may type, in units.
const mostMoney = 100_000

// ParseMoney reads "12,50" or "0.15"; nothing is nothing. False when it is no sum, negative or absurd.
func ParseMoney(s string) (Money, bool) {
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), ""), ",", ".")
	if s == "" {
		return 0, true
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0 && x <= mostMoney) {
		return 0, false
	}
	return Money(math.Round(x * 1e6)), true
}

// Text is the sum with two digits, or as many as a small price needs, with a decimal comma in Polish.
func (m Money) Text(t lang.Tag) string {
	s := strconv.FormatFloat(float64(m)/1e6, 'f', -1, 64)
	whole, part, _ := strings.Cut(s, ".")
	for len(part) < 2 {
		part += "0"
	}
	sep := "."
	if t == lang.PL {
		sep = ","
	}
	return whole + sep + part
}

// cost is the price of a question, rounded up.
func (s Settings) cost(u usage) Money {
	return Money((u.In*int64(s.PriceIn) + u.Out*int64(s.PriceOut) + 999_999) / 1_000_000)
}

// Use is what questions took in some time.
type Use struct {
	Calls, Cached, TokensIn, TokensOut int64
	Cost                               Money
}

// Tokens is both directions together, as budgets count them.
func (u Use) Tokens() int64 { return u.TokensIn + u.TokensOut }

// dayOf is the day on the calendar of the people, as a number: 20261122.
func dayOf(t time.Time) int64 {
	y, m, d := t.In(lang.Zone).Date()
	return int64(y*10000 + int(m)*100 + d)
}

// spent is what a firm used on the day and in the month of t.
func spent(ctx context.Context, tx *db.Tx, firm string, t time.Time) (day, month Use, err error) {
	today := dayOf(t)
	first := today / 100 * 100
	err = tx.Each(ctx, `SELECT day, calls, cached, tokens_in, tokens_out, cost FROM second_use WHERE firm_id = $1 AND day > $2 AND day < $3`,
		[]any{firm, first, first + 100}, func(scan func(...any) error) error {
			var d int64
			var u Use
			if err := scan(&d, &u.Calls, &u.Cached, &u.TokensIn, &u.TokensOut, (*int64)(&u.Cost)); err != nil {
				return err
			}
			if d == today {
				day = u
			}
			month = Use{month.Calls + u.Calls, month.Cached + u.Cached, month.TokensIn + u.TokensIn, month.TokensOut + u.TokensOut, month.Cost + u.Cost}
			return nil
		})
	if err != nil {
		return day, month, fmt.Errorf("read use: %w", err)
	}
	return day, month, nil
}

// count adds to the use of a day; figures may be negative when an estimate is corrected.
func (s *Store) count(ctx context.Context, firm string, day int64, u Use) error {
	return s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO second_use (firm_id, day, calls, cached, tokens_in, tokens_out, cost) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (firm_id, day) DO UPDATE SET calls = second_use.calls + excluded.calls, cached = second_use.cached + excluded.cached,
			tokens_in = second_use.tokens_in + excluded.tokens_in, tokens_out = second_use.tokens_out + excluded.tokens_out,
			cost = second_use.cost + excluded.cost`, firm, day, u.Calls, u.Cached, u.TokensIn, u.TokensOut, int64(u.Cost))
		if err != nil {
			return fmt.Errorf("count use: %w", err)
		}
		return nil
	})
}

// reserve takes the estimate of a question off the budgets before it is sent, so that many at once cannot overspend.
// Faults: second.budget_day, second.budget_month.
func (s *Store) reserve(ctx context.Context, set Settings, want usage) (day int64, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context, tx *db.Tx) error {
		day = dayOf(tx.Now())
		// The write comes first: it makes those who ask at once wait for each other.
		if err := s.count(ctx, set.Firm, day, Use{Calls: 1, TokensIn: want.In, TokensOut: want.Out, Cost: set.cost(want)}); err != nil {
			return err
		}
		today, month, err := spent(ctx, tx, set.Firm, tx.Now())
		switch {
		case err != nil:
			return err
		case today.Tokens() > set.DayTokens:
			return fault.New(fault.Unavailable, "second.budget_day", "Max", lang.PL.Int(int(set.DayTokens)))
		case month.Cost > set.MonthCost:
			return fault.New(fault.Unavailable, "second.budget_month", "Max", set.MonthCost.Text(lang.PL), "Currency", set.Currency)
		}
		return nil
	})
	return day, err
}

// settle puts what a question really took in the place of its estimate.
func (s *Store) settle(ctx context.Context, set Settings, day int64, want, took usage) error {
	return s.count(ctx, set.Firm, day, Use{TokensIn: took.In - want.In, TokensOut: took.Out - want.Out, Cost: set.cost(took) - set.cost(want)})
}

// roomAt is when a budget begins anew.
func roomAt(code string, now time.Time) time.Time {
	y, m, d := now.In(lang.Zone).Date()
	if code == "second.budget_month" {
		return time.Date(y, m+1, 1, 0, 0, 0, 0, lang.Zone)
	}
	return time.Date(y, m, d+1, 0, 0, 0, 0, lang.Zone)
}
