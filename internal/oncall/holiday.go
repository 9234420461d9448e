package oncall

import (
	"slices"
	"time"

	"chop/internal/lang"
)

// Holiday is a public holiday in Poland. Its name is the message "holiday.<Name>". It is for information only: no
// clock of ChOP stops for it.
type Holiday struct {
	Day  time.Time // midnight in lang.Zone
	Name string
}

// fixed are the days of the act of 18 January 1951 that have a date; 24 December counts from 2025 on.
var fixed = []struct {
	month time.Month
	day   int
	name  string
	since int
}{
	{time.January, 1, "new_year", 0}, {time.January, 6, "epiphany", 2011}, {time.May, 1, "may_1", 0},
	{time.May, 3, "may_3", 0}, {time.August, 15, "assumption", 0}, {time.November, 1, "all_saints", 0},
	{time.November, 11, "independence", 0}, {time.December, 24, "christmas_eve", 2025},
	{time.December, 25, "christmas", 0}, {time.December, 26, "christmas_2", 0},
}

// movable are days after Easter Sunday.
var movable = []struct {
	after int
	name  string
}{{0, "easter"}, {1, "easter_monday"}, {49, "pentecost"}, {60, "corpus_christi"}}

// Holidays lists the public holidays of a year by date.
func Holidays(year int) []Holiday {
	var hs []Holiday
	for _, f := range fixed {
		if year >= f.since {
			hs = append(hs, Holiday{time.Date(year, f.month, f.day, 0, 0, 0, 0, lang.Zone), f.name})
		}
	}
	month, day := easter(year)
	for _, m := range movable {
		hs = append(hs, Holiday{time.Date(year, month, day+m.after, 0, 0, 0, 0, lang.Zone), m.name})
	}
	slices.SortFunc(hs, func(a, b Holiday) int { return a.Day.Compare(b.Day) })
	return hs
}

// HolidayOn is the public holiday on the day of t in Poland, if it is one.
func HolidayOn(t time.Time) (Holiday, bool) {
	t = t.In(lang.Zone)
	for _, h := range Holidays(t.Year()) {
		if h.Day.YearDay() == t.YearDay() {
			return h, true
		}
	}
	return Holiday{}, false
}

// easter is Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus, Astronomical Algorithms, ch. 8).
func easter(year int) (time.Month, int) {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Month(n / 31), n%31 + 1
}
