package page

import (
	"strconv"

	"github.com/a-h/templ"
)

// Choice is one tab, chip or page of a list.
type Choice struct {
	Text  string
	Icon  string
	Href  string
	Count int // shown when above zero
	On    bool
	Into  string // ids to swap instead of loading the page
}

// Step is one step of a way; Done steps lie behind, Now is the one we stand at.
type Step struct {
	Text string
	Done bool
	Now  bool
}

// Blank is an empty state: what it means and what next.
type Blank struct {
	Icon  string // instead of the water line
	Title string
	Text  string
}

// Column is the head of a table column.
type Column struct {
	Text  string
	Right bool
}

// Pages is where we are in a long list. Older and Newer are addresses, "" for none.
type Pages struct {
	Newer, Older string
	From, To     int // of the rows shown, from 1
	Total        int // 0 when not known
}

func into(ids string) templ.Attributes {
	if ids == "" {
		return nil
	}
	return templ.Attributes{"data-into": ids}
}

func outside(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"target": "_blank", "rel": "noopener noreferrer"}
}

func gone(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"data-gone": ""}
}

func current(yes bool, as string) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-current": as}
}

func orOn(v string) string {
	if v == "" {
		return "on"
	}
	return v
}

// badge is a count that fits a small circle.
func badge(n int) string {
	if n > 99 {
		return "99+"
	}
	return strconv.Itoa(n)
}
