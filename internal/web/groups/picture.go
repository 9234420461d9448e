package groups

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Node is an account in the picture of a group.
type Node struct {
	Name  string
	Role  string // "first", "with", "seldom"
	Maybe bool   // a person has not said whether it belongs
}

// Edge joins two nodes by their places in the list. Beyond is how many times more often than chance the two stood together.
type Edge struct {
	A, B   int
	Beyond float64
}

// Dot is a node with its place in the picture and its name beside it.
type Dot struct {
	Node
	Label          string
	X, Y           int
	TextX, TextY   int
	Anchor, Letter string // letter is the class of the name
}

// Line is an edge with its ends; Class is one of three widths.
type Line struct {
	X1, Y1, X2, Y2 int
	Class          string
	Dashed         bool
}

// Picture is a group as it is drawn: those who act first in the middle, the others on a ring, their names outside it. The
// same group always gives the same picture.
type Picture struct {
	Wide, High int
	Dots       []Dot
	Lines      []Line
	Left       int     // accounts that found no room
	Undrawn    int     // links that found no room
	Top        float64 // of the strongest link
}

// How much a picture holds before it says that the rest stands in the tables.
const (
	wide      = 760
	maxDots   = 60
	maxLines  = 240
	maxCentre = 5
	fewNodes  = 6  // so few stand on the ring all
	manyLines = 60 // so many are drawn finer
	maxLabel  = 22 // columns
)

// draw places the nodes. Nodes come in the order of the table: who matters most first.
func draw(nodes []Node, edges []Edge) Picture {
	p := Picture{Wide: wide, High: 320}
	kept := nodes[:min(len(nodes), maxDots)]
	p.Left = len(nodes) - len(kept)
	centre, ring := parted(kept)
	rows := (len(ring) + 1) / 2
	p.High = max(320, rows*spacing(rows)+60, len(centre)*76+80)
	p.Dots = make([]Dot, len(kept))
	for i, n := range centre {
		y := p.High/2 + int(float64(i)*76-float64(len(centre)-1)*38) - 6
		x := wide/2 + 34*(2*(i%2)-1)*min(1, len(centre)-1)
		p.Dots[n] = Dot{Node: kept[n], X: x, Y: y, TextX: x, TextY: y + 36, Anchor: "middle"}
	}
	for i, n := range ring {
		p.Dots[n] = onRing(kept[n], i, len(ring), p.High)
	}
	for i := range p.Dots {
		p.Dots[i].Label = label(p.Dots[i].Name)
	}
	p.lines(edges)
	return p
}

// parted are those of the middle and those of the ring. Too many in the middle would hide one another; the rest stand first on the ring.
func parted(nodes []Node) (centre, ring []int) {
	for i, n := range nodes {
		if n.Role == "first" && !n.Maybe && len(centre) < maxCentre && len(nodes) > fewNodes {
			centre = append(centre, i)
		} else {
			ring = append(ring, i)
		}
	}
	rank := map[string]int{"first": 0, "with": 1, "seldom": 2}
	slices.SortStableFunc(ring, func(a, b int) int {
		return cmp.Or(cmp.Compare(yes(nodes[a].Maybe), yes(nodes[b].Maybe)), cmp.Compare(rank[nodes[a].Role], rank[nodes[b].Role]))
	})
	return centre, ring
}

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

// spacing is the height of a row, smaller when there are many.
func spacing(rows int) int { return min(64, max(19, 420/max(rows, 1))) }

// onRing is place i of n, going round from the top right; rows are evenly spaced so that no name covers another.
func onRing(n Node, i, all, high int) Dot {
	const reach, edge = 205, 30
	right := (all + 1) / 2
	side, k, m := 1, i, right
	if i >= right {
		side, k, m = -1, all-1-i, all-right
	}
	step := float64(high-2*edge) / float64(m)
	y := float64(edge) + step*(float64(k)+.5)
	t := (y - float64(high)/2) / (float64(high) / 2 * 1.02)
	x := float64(wide)/2 + float64(side)*(60+(reach-60)*math.Sqrt(max(0, 1-t*t)))
	d := Dot{Node: n, X: int(math.Round(x)), Y: int(math.Round(y)), Letter: "s"}
	d.TextX, d.TextY, d.Anchor = d.X+side*17, d.Y+4, "start"
	if side < 0 {
		d.Anchor = "end"
	}
	return d
}

// lines draws the strongest links that both ends of which stand in the picture, the strongest on top.
func (p *Picture) lines(edges []Edge) {
	es := slices.DeleteFunc(slices.Clone(edges), func(e Edge) bool {
		return e.A == e.B || min(e.A, e.B) < 0 || max(e.A, e.B) >= len(p.Dots)
	})
	slices.SortStableFunc(es, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(b.Beyond, a.Beyond), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	p.Undrawn = len(edges) - min(len(es), maxLines)
	es = es[:min(len(es), maxLines)]
	if len(es) > 0 {
		p.Top = es[0].Beyond
	}
	for _, e := range slices.Backward(es) {
		a, b := p.Dots[e.A], p.Dots[e.B]
		p.Lines = append(p.Lines, Line{X1: a.X, Y1: a.Y, X2: b.X, Y2: b.Y, Class: width(e.Beyond, p.Top), Dashed: a.Maybe || b.Maybe})
	}
}

// width is the class of a line: of three, by its share of the strongest.
func width(beyond, top float64) string {
	switch {
	case top <= 0 || beyond < top/3:
		return "e"
	case beyond < 2*top/3:
		return "e2"
	}
	return "e3"
}

// label is a name that fits beside its node: no marks that turn the direction of writing or show nothing, and not too long.
func label(name string) string {
	s := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, strings.ToValidUTF8(name, "�"))), " ")
	return short(s, maxLabel)
}

// short cuts a text to so many columns; letters of the east take two.
func short(s string, columns int) string {
	at, end := 0, 0
	for i, r := range s {
		if r >= 0x2e80 {
			at++
		}
		if at++; at > columns {
			return strings.TrimSpace(s[:end]) + "…"
		}
		if at < columns {
			end = i + utf8.RuneLen(r)
		}
	}
	return s
}

// shape is the outline of a node around its middle, by what the account does; colour alone tells nothing.
func (d Dot) shape() string {
	switch {
	case d.Maybe || d.Role == "seldom":
		return fmt.Sprintf("M%d %da8 8 0 1 0 16 0a8 8 0 1 0-16 0Z", d.X-8, d.Y)
	case d.Role == "first":
		return fmt.Sprintf("M%d %dl16.5 9.5v19l-16.5 9.5l-16.5-9.5v-19Z", d.X, d.Y-19)
	}
	return fmt.Sprintf("M%d %dh16v16h-16Z", d.X-8, d.Y-8)
}

func (d Dot) class() string {
	if d.Maybe {
		return "n-maybe"
	}
	if c, ok := map[string]string{"first": "n-lead", "seldom": "n-react"}[d.Role]; ok {
		return "n " + c
	}
	return "n n-amp"
}

// key is a node alone, for the legend.
func key(role string, maybe bool) Dot {
	return Dot{Node: Node{Role: role, Maybe: maybe}, X: 20, Y: 20}
}

// class makes the lines of a crowded picture finer.
func (p Picture) class() string {
	if len(p.Lines) > manyLines {
		return "net many"
	}
	return "net"
}

func (p Picture) box() string { return "0 0 " + strconv.Itoa(p.Wide) + " " + strconv.Itoa(p.High) }
