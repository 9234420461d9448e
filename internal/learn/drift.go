package learn

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/classify"
	"chop/internal/classify/measure"
	"chop/internal/db"
)

// How far drift looks: the last weeks against all weeks before them.
const (
	week        = 7 * 24 * time.Hour
	allWeeks    = 24
	ShownWeeks  = 12
	RecentWeeks = 4
	leastBefore = 50 // comments without which there is no normal
	leastRecent = 30
)

// Drift is whether the mixture of labels has changed.
type Drift struct {
	Before, Recent int // comments of the normal and of the last weeks
	PSI            float64
	Chance         float64   // the index that chance alone reaches in one of twenty comparisons
	Weeks          []Weekly  // the last ShownWeeks, oldest first
	Labels         []Drifted // that occur
}

// Weekly is the comments of one week.
type Weekly struct {
	From     time.Time
	Comments int
}

// Drifted is one label over the weeks.
type Drifted struct {
	Label          classify.Label
	Weeks          []measure.Share // of the comments of each shown week
	Before, Recent measure.Share
}

// Told is what the index says.
type Told string

const (
	TooFew  Told = "few"
	Steady  Told = "steady"
	Moved   Told = "moved"   // 0.1 and more
	Changed Told = "changed" // 0.25 and more
)

// Says puts the index into a word; what chance alone reaches is no change.
func (d Drift) Says() Told {
	switch {
	case d.Before < leastBefore || d.Recent < leastRecent:
		return TooFew
	case d.PSI < 0.1 || d.PSI < d.Chance:
		return Steady
	case d.PSI < 0.25:
		return Moved
	}
	return Changed
}

// Drift looks at the labels of the firm's comments over the last weeks. Needs access.ViewMentions.
func (s *Store) Drift(ctx context.Context, firm string) (Drift, error) {
	if err := access.Check(ctx, access.ViewMentions, firm); err != nil {
		return Drift{}, err
	}
	weeks := make([]tally, allWeeks)
	var from time.Time
	err := s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		from = tx.Now().Add(-allWeeks * week)
		return tx.Each(ctx, `SELECT (at - $2) / $3, labels, count(*) FROM mention WHERE firm_id = $1 AND at >= $2 AND at <= $4 AND own = FALSE
			AND labels <> '' GROUP BY 1, labels`, []any{firm, db.Micros(from), week.Microseconds(), tx.Now()}, func(scan func(...any) error) error {
			var i, n int
			var ls string
			if err := scan(&i, &ls, &n); err != nil {
				return err
			}
			if i >= 0 && i <= allWeeks {
				weeks[min(i, allWeeks-1)].add(strings.Split(strings.Trim(ls, ","), ","), n)
			}
			return nil
		})
	})
	if err != nil {
		return Drift{}, fmt.Errorf("count labels by weeks: %w", err)
	}
	return drift(weeks, from), nil
}

// tally counts the comments of a stretch of time.
type tally struct {
	comments int
	labels   map[classify.Label]int
}

func (t *tally) add(ls []string, n int) {
	if t.labels == nil {
		t.labels = map[classify.Label]int{}
	}
	t.comments += n
	for _, l := range ls {
		t.labels[classify.Label(l)] += n
	}
}

func sum(ts []tally) (out tally) {
	out.labels = map[classify.Label]int{}
	for _, t := range ts {
		out.comments += t.comments
		for l, n := range t.labels {
			out.labels[l] += n
		}
	}
	return out
}

func drift(weeks []tally, from time.Time) Drift {
	before, recent := sum(weeks[:len(weeks)-RecentWeeks]), sum(weeks[len(weeks)-RecentWeeks:])
	shown := weeks[len(weeks)-ShownWeeks:]
	d := Drift{Before: before.comments, Recent: recent.comments}
	for i, t := range shown {
		d.Weeks = append(d.Weeks, Weekly{from.Add(time.Duration(len(weeks)-ShownWeeks+i) * week), t.comments})
	}
	var a, b []int
	na, nb := 0, 0
	for _, l := range labels() {
		x, y := before.labels[l], recent.labels[l]
		if x+y == 0 {
			continue
		}
		r := Drifted{Label: l, Before: measure.NewShare(x, before.comments), Recent: measure.NewShare(y, recent.comments)}
		for _, t := range shown {
			r.Weeks = append(r.Weeks, measure.NewShare(t.labels[l], t.comments))
		}
		d.Labels = append(d.Labels, r)
		a, b, na, nb = append(a, x), append(b, y), na+x, nb+y
	}
	d.PSI, d.Chance = measure.PSI(a, b), measure.Chance(len(a), na, nb)
	return d
}
