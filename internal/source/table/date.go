package table

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Orders of day and month in dates written with numbers.
const (
	Auto = ""    // tell from the date itself; one that could be both is a problem, not a guess
	DMY  = "dmy" // 22/11/2026
	MDY  = "mdy" // 11/22/2026
)

type dates struct {
	order string
	zone  *time.Location // of times that name no zone
	d1904 bool
}

const clockPart = `(?:[T,\s]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d{1,9})?)?\s*([ap]\.?m\.?)?\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?)?$`

var (
	yearFirst = regexp.MustCompile(`(?i)^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})` + clockPart)
	numeric   = regexp.MustCompile(`(?i)^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})` + clockPart)
	dayWord   = regexp.MustCompile(`(?i)^(\d{1,2})\.?[\s-]+(\p{L}{3,})\.?,?[\s-]+(\d{4})` + clockPart)
	wordDay   = regexp.MustCompile(`(?i)^(\p{L}{3,})\.?\s+(\d{1,2}),?\s+(\d{4})` + clockPart)
	fillers   = regexp.MustCompile(`(?i)(?:\s(?:r\.|godz\.?|o|at))+(\s|,|$)`)
	weekday   = regexp.MustCompile(`(?i)^(?:mon|tue|wed|thu|fri|sat|sun|pon|wto|wt|śr|czw|pi|pt|sob|so|nie|nd)\p{L}*\.?,?\s+`)
	clockOnly = regexp.MustCompile(`(?i)^` + `(?:[T,\s]*(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d{1,9})?)?\s*([ap]\.?m\.?)?\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?)$`)
	plainNum  = regexp.MustCompile(`^\d{1,19}(?:[.,]\d+)?$`)
)

// months by the first three letters; Polish words have none in common with English ones of another month.
var months = map[string]time.Month{
	"sty": 1, "lut": 2, "mar": 3, "kwi": 4, "maj": 5, "cze": 6, "lip": 7, "sie": 8, "wrz": 9, "paz": 10, "lis": 11, "gru": 12,
	"jan": 1, "feb": 2, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}

// day is a calendar day with the clock's five parts as they were matched.
type day struct {
	y, m, d int
	clock   []string // hour, minute, second, am/pm, zone
}

// parseDate reads a date with or without a time. problem is empty, "date" (unreadable) or "date_order" (22/11 or
// 11/22: the person must say).
func parseDate(s string, o dates) (t time.Time, problem string) {
	s = strings.TrimSpace(weekday.ReplaceAllString(strings.TrimSpace(s), ""))
	s = strings.TrimSpace(fillers.ReplaceAllString(s, "$1"))
	if plainNum.MatchString(s) {
		return numberDate(s, o)
	}
	d, problem := findDay(s, o.order)
	if problem != "" {
		return time.Time{}, problem
	}
	return d.in(o.zone)
}

func findDay(s, order string) (day, string) {
	if m := yearFirst.FindStringSubmatch(s); m != nil {
		return day{num(m[1]), num(m[2]), num(m[3]), m[4:]}, ""
	}
	if m := numeric.FindStringSubmatch(s); m != nil {
		return ordered(m, order)
	}
	if m := dayWord.FindStringSubmatch(s); m != nil {
		return day{num(m[3]), month(m[2]), num(m[1]), m[4:]}, ""
	}
	if m := wordDay.FindStringSubmatch(s); m != nil {
		return day{num(m[3]), month(m[1]), num(m[2]), m[4:]}, ""
	}
	return day{}, "date"
}

// ordered decides which number is the day: dots are never American, an a.m./p.m. clock always is.
func ordered(m []string, order string) (day, string) {
	a, b, y := num(m[1]), num(m[3]), num(m[4])
	if len(m[4]) == 2 {
		y += 2000
	}
	american := order == MDY
	switch {
	case order == DMY, order == MDY:
	case m[2] == ".", a > 12, a == b:
		american = false
	case b > 12, m[8] != "":
		american = true
	default:
		return day{}, "date_order"
	}
	if m[2] == "." {
		american = false
	}
	if american {
		a, b = b, a
	}
	return day{y, b, a, m[5:]}, ""
}

func num(s string) int {
	n, _ := strconv.Atoi(s) // the expressions let digits through only
	return n
}

func month(word string) int {
	letters := []rune(fold(word))
	return int(months[string(letters[:min(3, len(letters))])])
}

// in puts the day and the clock together; what the calendar does not have (31.02, 25:00) is a problem.
func (d day) in(zone *time.Location) (time.Time, string) {
	h, mi, s, zone, ok := readClock(d.clock, zone)
	if !ok || d.m < 1 || d.m > 12 || d.y < 1990 || d.y > 2100 {
		return time.Time{}, "date"
	}
	t := time.Date(d.y, time.Month(d.m), d.d, h, mi, s, 0, zone)
	if check := time.Date(d.y, time.Month(d.m), d.d, 0, 0, 0, 0, time.UTC); check.Day() != d.d {
		return time.Time{}, "date"
	}
	return t.UTC(), ""
}

func readClock(c []string, fallback *time.Location) (h, m, s int, zone *time.Location, ok bool) {
	h, m, s, zone = num(c[0]), num(c[1]), num(c[2]), fallback
	half := strings.ToLower(strings.ReplaceAll(c[3], ".", ""))
	if half != "" {
		if h < 1 || h > 12 {
			return 0, 0, 0, nil, false
		}
		if h %= 12; half == "pm" {
			h += 12
		}
	}
	switch z := strings.ToLower(strings.ReplaceAll(c[4], ":", "")); {
	case z == "z", z == "utc", z == "gmt":
		zone = time.UTC
	case z != "":
		off := num(z[1:3])*3600 + num(z[3:5])*60
		if z[0] == '-' {
			off = -off
		}
		zone = time.FixedZone("", off)
	}
	return h, m, s, zone, h < 24 && m < 60 && s < 61
}

// Day numbers of Excel that we believe: 2009 to 2064. Unix seconds of the same years have ten digits.
const (
	firstSerial, lastSerial = 39814, 60264
	firstUnix, lastUnix     = 631152000, 4133980800 // 1990 to 2101
	days1904                = 1462                  // days between Excel's two beginnings of time
)

// numberDate reads an Excel day number (a local wall clock) or unix time in s, ms or µs.
func numberDate(s string, o dates) (time.Time, string) {
	n, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil {
		return time.Time{}, "date"
	}
	serial := n
	if o.d1904 {
		serial += days1904
	}
	switch {
	case serial >= firstSerial && serial < lastSerial:
		whole, part := math.Modf(serial)
		at := time.Date(1899, 12, 30+int(whole), 0, 0, int(math.Round(part*86400)), 0, o.zone)
		return at.UTC(), ""
	case n >= firstUnix && n < lastUnix:
		return time.UnixMilli(int64(n * 1000)).UTC(), ""
	case n >= firstUnix*1e3 && n < lastUnix*1e3:
		return time.UnixMilli(int64(n)).UTC(), ""
	case n >= firstUnix*1e6 && n < lastUnix*1e6:
		return time.UnixMicro(int64(n)).UTC(), ""
	}
	return time.Time{}, "date"
}

// withClock joins a date cell and a cell with the time of day, which may also be Excel's fraction of a day.
func withClock(date, clock string) (string, bool) {
	clock = strings.TrimSpace(clock)
	if f, err := strconv.ParseFloat(strings.Replace(clock, ",", ".", 1), 64); err == nil && f >= 0 && f < 1 && clock != "" {
		s := int(math.Round(f * 86400))
		clock = time.Date(2000, 1, 1, 0, 0, s, 0, time.UTC).Format(time.TimeOnly)
	} else if clock != "" && !clockOnly.MatchString(clock) {
		return "", false
	}
	date = strings.TrimSpace(date)
	if clock == "" {
		return date, true
	}
	if n, err := strconv.ParseFloat(date, 64); err == nil && n >= firstSerial-days1904 && n < lastSerial {
		date = time.Date(1899, 12, 30+int(n), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	return date + " " + clock, true
}
