package page

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Pulse is the traffic of a firm or a case over time: ordinary traffic as a thin line, hostile traffic glowing on top
// of it. A bucket i covers From + i*Step up to From + (i+1)*Step. Every number is a count of items.
type Pulse struct {
	ID        string // unique on the screen, safe as an id
	Sentence  string // the whole picture in words, for those who do not see it
	Height    int    // of the picture in pixels without the axis: 22 calm row, 34 attention, 84 crisis, 118 case
	From      time.Time
	Step      time.Duration
	Ordinary  []int
	Hostile   []int
	Complaint bool   // the peak is genuine criticism: amber, no glow
	Scale     int    // count at the top of the picture, 0 takes the highest of this one
	Blind     []Span // where we could not see
	Marks     []PulseMark
	Peak      string // words at the highest hostile bucket, e.g. "szczyt 38 w kwadrans"
	Quiet     string // words at the ordinary line
	Axis      bool   // hours below
}

// Span is a stretch of time.
type Span struct{ From, To time.Time }

// PulseMark is a dot on the axis: evidence, action or decision.
type PulseMark struct {
	At   time.Time
	Kind EventKind
	Text string
}

// pulseWide is the width of the inner drawing, which is stretched to the width of the place.
const pulseWide = 1000

type pulseDrawing struct {
	line, fill string // of ordinary traffic
	hot, glow  []string
	peak       int // index of the highest hostile bucket, -1 when there is none
}

func (p Pulse) buckets() int { return max(len(p.Ordinary), len(p.Hostile)) }

func at(xs []int, i int) int {
	if i < len(xs) && xs[i] > 0 {
		return xs[i]
	}
	return 0
}

// top is the count that reaches the upper edge.
func (p Pulse) top() int {
	high := max(p.Scale, 4)
	for i := range p.buckets() {
		high = max(high, at(p.Ordinary, i)+at(p.Hostile, i))
	}
	return high
}

func (p Pulse) x(i int) float64 {
	if p.buckets() < 2 {
		return pulseWide
	}
	return pulseWide * float64(i) / float64(p.buckets()-1)
}

// y turns a count into a height; a root keeps the small ordinary line visible under a storm.
func (p Pulse) y(count int) float64 {
	h := float64(p.Height)
	return h - .5 - (h*.93)*math.Pow(float64(count)/float64(p.top()), .85)
}

func (p Pulse) point(i, count int) string { return fmt.Sprintf("%.1f %.1f", p.x(i), p.y(count)) }

// draw computes the paths once.
func (p Pulse) draw() pulseDrawing {
	d := pulseDrawing{peak: -1}
	n := p.buckets()
	if n == 0 {
		return d
	}
	pts := make([]string, n)
	for i := range n {
		pts[i] = p.point(i, at(p.Ordinary, i))
		if h := at(p.Hostile, i); h > 0 && (d.peak < 0 || h > at(p.Hostile, d.peak)) {
			d.peak = i
		}
	}
	d.line = "M" + strings.Join(pts, "L")
	d.fill = fmt.Sprintf("%sL%d %dL0 %dZ", d.line, pulseWide, p.Height, p.Height)
	for _, r := range p.runs() {
		d.hot = append(d.hot, p.ridge(r))
		d.glow = append(d.glow, p.ridge(r)+"L"+p.bed(r)+"Z")
	}
	return d
}

// runs are the stretches of hostile traffic [from, to], one bucket wider on both sides so that they rise from the line.
func (p Pulse) runs() [][2]int {
	var rs [][2]int
	n := p.buckets()
	for i := range n {
		if at(p.Hostile, i) == 0 {
			continue
		}
		from, to := max(0, i-1), min(n-1, i+1)
		if len(rs) > 0 && from <= rs[len(rs)-1][1] {
			rs[len(rs)-1][1] = to
			continue
		}
		rs = append(rs, [2]int{from, to})
	}
	return rs
}

func (p Pulse) ridge(r [2]int) string {
	var pts []string
	for i := r[0]; i <= r[1]; i++ {
		pts = append(pts, p.point(i, at(p.Ordinary, i)+at(p.Hostile, i)))
	}
	return "M" + strings.Join(pts, "L")
}

func (p Pulse) bed(r [2]int) string {
	var pts []string
	for i := r[1]; i >= r[0]; i-- {
		pts = append(pts, p.point(i, at(p.Ordinary, i)))
	}
	return strings.Join(pts, "L")
}

// share is where a moment stands, in percent of the width.
func (p Pulse) share(x time.Time) float64 {
	whole := p.Step * time.Duration(max(1, p.buckets()-1))
	if whole <= 0 {
		return 0
	}
	return max(0, min(100, 100*float64(x.Sub(p.From))/float64(whole)))
}

func percent(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) + "%" }

func (p Pulse) markX(m PulseMark) string { return percent(max(.8, min(99.2, p.share(m.At)))) }

func (p Pulse) blindX(s Span) string { return percent(min(98, p.share(s.From))) }

func (p Pulse) blindWide(s Span) string {
	x := min(98, p.share(s.From))
	return percent(max(2, p.share(s.To)-x))
}

// peakLabel places the words beside the peak, on the side with room.
func (p Pulse) peakLabel(i int) (x, anchor string) {
	s := p.x(i) / pulseWide * 100
	if s > 35 {
		return percent(s - 2), "end"
	}
	return percent(s + 2), "start"
}

func (p Pulse) high() string {
	if p.Axis {
		return strconv.Itoa(p.Height + 26)
	}
	return strconv.Itoa(p.Height + 4)
}

type tick struct{ x, anchor, text string }

// ticks are four to seven round hours (or days) below the picture.
func (p Pulse) ticks(ctx context.Context) []tick {
	n := p.buckets()
	if n < 2 || p.Step <= 0 {
		return nil
	}
	whole := p.Step * time.Duration(n-1)
	by := tickStep(whole)
	l := Lang(ctx)
	var ts []tick
	for x := p.From.Truncate(by); !x.After(p.From.Add(whole)); x = x.Add(by) {
		s := p.share(x)
		if x.Before(p.From) || s > 97 {
			continue
		}
		text := l.Clock(x)
		if by >= 24*time.Hour {
			text = l.Date(x)
		}
		anchor := "middle"
		if s < 3 {
			anchor = "start"
		}
		ts = append(ts, tick{percent(s), anchor, text})
	}
	return ts
}

func tickStep(whole time.Duration) time.Duration {
	for _, by := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour,
		12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour} {
		if whole/by <= 5 {
			return by
		}
	}
	return 28 * 24 * time.Hour
}

// row is one line of the table beside the picture.
type row struct {
	when              string
	ordinary, hostile int
}

// rows keep only buckets in which something happened, at most 48 of the newest.
func (p Pulse) rows(ctx context.Context) []row {
	var rs []row
	for i := p.buckets() - 1; i >= 0 && len(rs) < 48; i-- {
		o, h := at(p.Ordinary, i), at(p.Hostile, i)
		if o+h > 0 {
			rs = append(rs, row{When(ctx, p.From.Add(time.Duration(i)*p.Step)), o, h})
		}
	}
	return rs
}
