package lang

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const nbsp = " "

// Zone is the time zone of people in the product until a firm says otherwise.
var Zone = func() *time.Location {
	z, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		panic(err)
	}
	return z
}()

// Int writes a whole number with a hard space between thousands from 10 000 on in Polish, a comma in English.
func (t Tag) Int(n int) string {
	s := strconv.Itoa(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	sep := nbsp
	if t == EN {
		sep = ","
	}
	if len(s) > 4 || (t == EN && len(s) > 3) {
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + sep + s[i:]
		}
	}
	if neg {
		return "-" + s
	}
	return s
}

// Clock is the time of day, 00:52.
func (t Tag) Clock(x time.Time) string { return x.In(Zone).Format("15:04") }

// Date is 22.11.2026 in Polish, 22 Nov 2026 in English.
func (t Tag) Date(x time.Time) string {
	if t == EN {
		return x.In(Zone).Format("2 Jan 2006")
	}
	return x.In(Zone).Format("2.01.2006")
}

// DateTime is the date and the time of day.
func (t Tag) DateTime(x time.Time) string { return t.Date(x) + " " + t.Clock(x) }

// When is the time of day for today, the date and time otherwise.
func (t Tag) When(x, now time.Time) string {
	if x.In(Zone).Format(time.DateOnly) == now.In(Zone).Format(time.DateOnly) {
		return t.Clock(x)
	}
	return t.DateTime(x)
}

// LongDate is "niedziela 22 listopada 2026" or "Sunday 22 November 2026".
func (t Tag) LongDate(x time.Time) string {
	x = x.In(Zone)
	if t == EN {
		return x.Format("Monday 2 January 2006")
	}
	return fmt.Sprintf("%s %d%s%s %d", plDays[x.Weekday()], x.Day(), nbsp, plMonths[x.Month()-1], x.Year())
}

// Span is a length of time in the two largest units: "3 h 44 min", "12 min", "8 s", "2 dni 4 h".
func (t Tag) Span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d%ss", int(d.Seconds()), nbsp)
	case d < time.Hour:
		return fmt.Sprintf("%d%smin", int(d.Minutes()), nbsp)
	case d < 48*time.Hour:
		h, m := int(d.Hours()), int(d.Minutes())%60
		if m == 0 {
			return fmt.Sprintf("%d%sh", h, nbsp)
		}
		return fmt.Sprintf("%d%sh %d%smin", h, nbsp, m, nbsp)
	}
	return t.N("time.days", int(d.Hours())/24)
}

var plDays = [...]string{"niedziela", "poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota"}

var plMonths = [...]string{"stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia",
	"września", "października", "listopada", "grudnia"}

// Cell puts an apostrophe before what a spreadsheet would take for a formula.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
