package groups

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Act is what an account did under a post; Who is its place in the group, or below zero for an ordinary account, each its own.
type Act struct {
	Who int
	At  time.Time
}

// Lanes are the first minutes under a post: a line for each account of the group, one for everybody else.
type Lanes struct {
	Start     time.Time
	Published bool // the start is the post's publication, not the group's first action
	Length    time.Duration
	Rows      []Lane
	Ordinary  []string
	Others    int // ordinary accounts in the picture
	Left      int // accounts of the group that found no room
	Inside    int // of the group, in the first minute after its first action
	Band      [2]string
}

// Lane is one account with its actions as places from left to right.
type Lane struct {
	Who int
	At  []string
}

const (
	maxLanes    = 40
	maxOrdinary = 200
	laneHigh    = 21
	laneTop     = 26
)

// spans are the lengths a picture can have.
var spans = []time.Duration{10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// lanes arranges the actions under a post. When the group came long after the publication, the picture begins with the group.
func lanes(published time.Time, acts []Act) (l Lanes) {
	acts = slices.Clone(acts)
	slices.SortStableFunc(acts, func(a, b Act) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Who, b.Who)) })
	first := map[int]time.Time{}
	var order []int
	for _, a := range acts {
		if _, ok := first[a.Who]; !ok && a.Who >= 0 {
			first[a.Who] = a.At
			order = append(order, a.Who)
		}
	}
	if len(order) == 0 {
		return l
	}
	start := first[order[0]]
	last := first[order[(len(order)-1)*9/10]]
	l.Start, l.Published = published, !published.IsZero() && start.Sub(published) >= 0 && start.Sub(published) <= spans[0]
	if !l.Published {
		l.Start = start
	}
	l.Length = spans[len(spans)-1]
	for _, s := range spans {
		if last.Sub(l.Start) <= s*9/10 {
			l.Length = s
			break
		}
	}
	l.place(acts, order, first)
	if wide := share(time.Minute, l.Length); wide >= .01 {
		l.Band = [2]string{percent(share(start.Sub(l.Start), l.Length)), percent(wide)}
	}
	for _, at := range first {
		if at.Sub(start) <= time.Minute {
			l.Inside++
		}
	}
	return l
}

func (l *Lanes) place(acts []Act, order []int, first map[int]time.Time) {
	row, ordinary := map[int]int{}, map[int]bool{}
	for _, who := range order {
		if first[who].Sub(l.Start) > l.Length || len(l.Rows) == maxLanes {
			l.Left++
			continue
		}
		row[who] = len(l.Rows)
		l.Rows = append(l.Rows, Lane{Who: who})
	}
	for _, a := range acts {
		d := a.At.Sub(l.Start)
		if d < 0 || d > l.Length {
			continue
		}
		x := percent(share(d, l.Length))
		if a.Who < 0 {
			ordinary[a.Who] = true
			if l.Others = len(ordinary); len(l.Ordinary) < maxOrdinary {
				l.Ordinary = append(l.Ordinary, x)
			}
			continue
		}
		if i, ok := row[a.Who]; ok && len(l.Rows[i].At) < 30 {
			l.Rows[i].At = append(l.Rows[i].At, x)
		}
	}
}

func share(d, whole time.Duration) float64 { return float64(d) / float64(whole) }

func percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + "%" }

func (l Lanes) high() int { return laneTop + laneHigh*len(l.Rows) + 53 }

func (l Lanes) laneY(i int) string { return strconv.Itoa(laneTop + laneHigh*i + 11) }

// bottom is the line of ordinary accounts, end that of the times.
func (l Lanes) bottom() string { return strconv.Itoa(laneTop + laneHigh*len(l.Rows) + 16) }

func (l Lanes) end() string { return strconv.Itoa(l.high() - 6) }

// Tick is a time under the lanes.
type Tick struct {
	X, Anchor string
	After     time.Duration
	Wide      bool // there is no room for it on a phone
}

func (l Lanes) ticks() (ts []Tick) {
	const n = 5
	for i := range n + 1 {
		t := Tick{X: percent(float64(i) / n), Anchor: "middle", After: l.Length * time.Duration(i) / n, Wide: i == 1 || i == 3 || i == 4}
		switch i {
		case 0:
			t.Anchor = "start"
		case n:
			t.Anchor = "end"
		}
		ts = append(ts, t)
	}
	return ts
}
