package signal

import (
	"cmp"
	"slices"
	"time"

	"chop/internal/lang"
	"chop/internal/reason"
)

// Heat is how many items fell on each hour of each weekday in Warsaw, Monday first. Clocks that go back or forward are those of
// the wall: the hour that comes twice counts twice, the hour that is left out stays empty.
type Heat [7][24]int

// Warm is the heat map of items.
func Warm(items []Item) (h Heat) {
	for _, it := range items {
		at := it.At.In(lang.Zone)
		h[(int(at.Weekday())+6)%7][at.Hour()]++
	}
	return h
}

// Max is the largest cell, for the scale of colours.
func (h Heat) Max() (m int) {
	for _, day := range h {
		m = max(m, slices.Max(day[:]))
	}
	return m
}

// All is the number of items.
func (h Heat) All() (n int) {
	for _, day := range h {
		for _, k := range day {
			n += k
		}
	}
	return n
}

// Point is a stretch of a curve.
type Point struct {
	From, To time.Time
	Items    int
	Mean     float64 // intensity 0 to 4; 0 without items
	Peak     int
}

// maxPoints bounds a curve; longer histories have longer stretches.
const maxPoints = 60

// Curve is intensity over time: one point a day, in Warsaw, or a week and more when there are many days. Stretches without
// items are points without items, so that silence is seen.
func Curve(items []Item) []Point {
	if len(items) == 0 {
		return nil
	}
	first, last := items[0].At, items[0].At
	for _, it := range items {
		first, last = earlier(first, it.At), later(last, it.At)
	}
	from := day(first)
	step := 1
	for days := dayNumber(last) - dayNumber(first) + 1; (days+step-1)/step > maxPoints; {
		step = nextStep(step)
	}
	var ps []Point
	for at := from; !at.After(last); at = at.AddDate(0, 0, step) {
		ps = append(ps, Point{From: at, To: at.AddDate(0, 0, step)})
	}
	for _, it := range items {
		p := &ps[(dayNumber(it.At)-dayNumber(first))/step]
		p.Mean = (p.Mean*float64(p.Items) + float64(it.Intensity())) / float64(p.Items+1)
		p.Items++
		p.Peak = max(p.Peak, it.Intensity())
	}
	return ps
}

func nextStep(n int) int {
	switch {
	case n < 7:
		return 7
	case n < 28:
		return 28
	}
	return n * 2
}

// day is the beginning of t's day in Warsaw.
func day(t time.Time) time.Time {
	t = t.In(lang.Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, lang.Zone)
}

// dayNumber counts days of the calendar in Warsaw, whatever the clocks do.
func dayNumber(t time.Time) int {
	t = t.In(lang.Zone)
	return int(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Venue is a place where the account wrote about the firm.
type Venue struct {
	Name        string
	Items       int
	First, Last time.Time
}

// Places lists the venues, the busiest first.
func Places(items []Item) []Venue {
	at := map[string]int{}
	var vs []Venue
	for _, it := range items {
		i, ok := at[it.Venue]
		if !ok {
			i = len(vs)
			at[it.Venue] = i
			vs = append(vs, Venue{Name: it.Venue, First: it.At, Last: it.At})
		}
		v := &vs[i]
		v.Items++
		v.First, v.Last = earlier(v.First, it.At), later(v.Last, it.At)
	}
	slices.SortFunc(vs, func(a, b Venue) int { return cmp.Or(cmp.Compare(b.Items, a.Items), cmp.Compare(a.Name, b.Name)) })
	return vs
}

// Moment is a line of the account's timeline.
type Moment struct {
	At   time.Time
	What string     // wrote, gone, deed, reply
	Ref  reason.Ref // of the item, our reply or our decision
	Word string     // option of a deed; venue of an item
	N    int        // intensity of an item
}

// Timeline is what the account wrote and what we did, oldest first.
func Timeline(b Book) []Moment {
	var ms []Moment
	for _, it := range b.Items {
		ref := reason.Ref{Kind: "mention", ID: it.ID}
		ms = append(ms, Moment{it.At, "wrote", ref, it.Venue, it.Intensity()})
		if !it.GoneAt.IsZero() {
			ms = append(ms, Moment{At: it.GoneAt, What: "gone", Ref: ref})
		}
	}
	for _, o := range b.Ours {
		ms = append(ms, Moment{At: o.At, What: "reply", Ref: reason.Ref{Kind: "mention", ID: o.ID}})
	}
	for _, d := range b.Deeds {
		ms = append(ms, Moment{At: d.At, What: "deed", Ref: reason.Ref{Kind: "decision", ID: d.ID}, Word: d.Option})
	}
	slices.SortStableFunc(ms, func(a, b Moment) int { return a.At.Compare(b.At) })
	return ms
}
