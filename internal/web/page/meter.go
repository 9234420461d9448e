package page

import (
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"
)

type bar struct{ x, y, h string }

var severityBars = [4]bar{{"0", "10", "4"}, {"5.6", "7", "7"}, {"11.2", "4", "10"}, {"16.8", "1", "13"}}

func percentOf(n int) string { return strconv.Itoa(clamp(n, 0, 100)) + "%" }

// used is the share of the time from..until that has passed.
func used(now, from, until time.Time) string {
	whole := until.Sub(from)
	if whole <= 0 || !now.Before(until) {
		return "100%"
	}
	return percentOf(int(100 * now.Sub(from) / whole))
}

func deadlineClass(now, until time.Time) string {
	switch left := until.Sub(now); {
	case left < 0:
		return "late"
	case left < soon:
		return "soon"
	}
	return "fg"
}

// Confidence is how clearly the advice leads: 1 a tie, 2 fair, 3 clear.
type Confidence int

const (
	Tie   Confidence = 1
	Fair  Confidence = 2
	Clear Confidence = 3
)

func (c Confidence) code() string {
	switch {
	case c >= Clear:
		return "clear"
	case c == Fair:
		return "fair"
	}
	return "tie"
}

// Act is one thing that can be done, shown before the click with what the channel can do.
type Act struct {
	Icon     string
	Verb     string // "Ukryj"
	Caption  string // what will happen, e.g. at once and can be undone
	Key      string // single letter, "" for none
	Best     bool   // the recommended one
	Why      string // not empty: locked, and this says why
	Post     string // address of a POST that does it
	Fields   []Pair // hidden fields of that POST
	Into     string // ids to swap with the answer; "" loads the page
	Href     string // or: an address to open
	Dialog   string // or: the id of a dialog to open
	Seal     SealMark
	External bool // Href leads outside
}

// Pair is a name and a value.
type Pair struct{ Name, Value string }

func (a Act) class() string {
	if a.Best && a.Why == "" {
		return "act act-rec"
	}
	return "act"
}

func (a Act) icon() string {
	if a.Why != "" {
		return "lock"
	}
	return a.Icon
}

// attrs are the attributes that only some actions carry.
func (a Act) attrs() templ.Attributes {
	m := templ.Attributes{}
	if a.Key != "" {
		m["data-key"] = a.Key
		m["aria-keyshortcuts"] = a.Key
	}
	if a.Why != "" {
		m["aria-disabled"] = "true"
		m["data-why"] = a.Why
	}
	if a.Dialog != "" && a.Why == "" {
		m["data-ask"] = a.Dialog
		m["aria-haspopup"] = "dialog"
	}
	return m
}

// Side is where a reason stands.
type Side string

const (
	For     Side = "yes"
	Against Side = "no"
	Neither Side = "mid"
)

// Point is one sentence for or against.
type Point struct {
	Side Side
	Text string
	Href string
	Note string // in small letters below: how strong it is
}

func (p Point) icon() string {
	switch p.Side {
	case For:
		return "check"
	case Against:
		return "x"
	}
	return "minus"
}

func (p Point) says(ctx context.Context) string { return T(ctx, "shell.point."+string(p.Side)) }
