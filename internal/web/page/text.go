package page

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"chop/internal/lang"
)

// Lang is the language of this request.
func Lang(ctx context.Context) lang.Tag { return FrameFrom(ctx).Lang }

// T is the catalogue text in the language of the request, with Polish hard spaces; kv are pairs of place and value.
func T(ctx context.Context, id string, kv ...any) string {
	t := Lang(ctx)
	return typo(t, t.T(id, kv...))
}

// N is the catalogue text in the plural form for n; the place {{.N}} holds n.
func N(ctx context.Context, id string, n int, kv ...any) string {
	t := Lang(ctx)
	return typo(t, t.N(id, n, kv...))
}

// Int writes a whole number as people of the request's language do.
func Int(ctx context.Context, n int) string { return Lang(ctx).Int(n) }

// When is the time of day for today, the date and time otherwise.
func When(ctx context.Context, x time.Time) string {
	f := FrameFrom(ctx)
	return f.Lang.When(x, f.Now)
}

// Ago is the length of time from x to now, "46 min".
func Ago(ctx context.Context, x time.Time) string {
	f := FrameFrom(ctx)
	return span(f.Lang, f.Now.Sub(x))
}

func typo(t lang.Tag, s string) string {
	if t == lang.PL {
		return Typo(s)
	}
	return s
}

const hard = '\u00a0'

// Typo puts a hard space after one-letter words, so that none stays at the end of a line. It changes nothing else.
func Typo(s string) string {
	rs := []rune(s)
	changed := false
	for i := 0; i+2 < len(rs); i++ {
		single := strings.ContainsRune("aeiouwzAEIOUWZ", rs[i]) && rs[i+1] == ' '
		if single && (i == 0 || startsWord(rs[i-1])) {
			rs[i+1], changed = hard, true
		}
	}
	if !changed {
		return s
	}
	return string(rs)
}

func startsWord(before rune) bool {
	return unicode.IsSpace(before) || strings.ContainsRune("„”\"(«»[–", before)
}

// span is a length of time counted in minutes: a clock on a wall does not count seconds.
func span(t lang.Tag, d time.Duration) string {
	if d < 0 {
		d = -d
	}
	if d < time.Minute {
		return fmt.Sprintf("0%cmin", hard)
	}
	return t.Span(d)
}

// iso is the machine's form of a time.
func iso(x time.Time) string { return x.UTC().Format(time.RFC3339) }

// ClockFace is a deadline (Until) or a duration (since At). Text is written by the server and kept true by the script.
type ClockFace struct {
	At    time.Time
	Until bool
	Icon  string // "" picks timer or hourglass
}

// Since is a clock that counts up from at.
func Since(at time.Time) ClockFace { return ClockFace{At: at} }

// Until is a clock that counts down to at and says so when at is past.
func Until(at time.Time) ClockFace { return ClockFace{At: at, Until: true} }

// soon is the time before a deadline from which its clock is amber.
const soon = 15 * time.Minute

func (c ClockFace) text(ctx context.Context) string {
	f := FrameFrom(ctx)
	left := c.At.Sub(f.Now)
	s := span(f.Lang, left)
	switch {
	case !c.Until:
		return s
	case left < 0:
		return T(ctx, "shell.clock.late", "Span", s)
	}
	return T(ctx, "shell.clock.left", "Span", s)
}

func (c ClockFace) class(now time.Time) string {
	left := c.At.Sub(now)
	switch {
	case !c.Until:
		return "clock"
	case left < 0:
		return "clock clock-late"
	case left < soon:
		return "clock clock-soon"
	}
	return "clock"
}

func (c ClockFace) kind() string {
	if c.Until {
		return "until"
	}
	return "since"
}

func (c ClockFace) icon() string {
	switch {
	case c.Icon != "":
		return c.Icon
	case c.Until:
		return "hourglass"
	}
	return "timer"
}
