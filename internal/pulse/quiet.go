package pulse

import "time"

// A baseline by the hour of the week needs four weeks. Until then all there is counts, with the two days before now left out, so that an
// attack that begins slowly does not become its own normal (EARS C2; domain/coordination.md 4.5). EARS looks back seven days only; the
// liveliest moments of a firm are few, and every week more of them saves a false alarm.
const (
	enough = 4 * 7 * 24 * time.Hour
	guard  = 2 * 24 * time.Hour
	margin = 24 * time.Hour // left out before now when there is enough history
)

// span is the stretch of history that a baseline is learned from; false when there is none. First is when history begins.
func span(first, now time.Time) (begin, end time.Time, ok bool) {
	now = now.Truncate(time.Hour)
	if first.IsZero() {
		return begin, end, false
	}
	first = first.Truncate(time.Hour)
	end = now.Add(-margin)
	if end.Sub(first) >= enough {
		begin = end.Add(-history)
		if first.After(begin) {
			begin = first
		}
		return begin, end, true
	}
	if now.Add(-guard).After(first.Add(24 * time.Hour)) {
		end = now.Add(-guard)
	}
	return first, end, first.Before(end)
}

const (
	quietShare = 0.25 // of the mean hour: less than that is quiet
	quietWeeks = 2    // of history before quiet hours are told
	quietItems = 14   // items a week before they are
)

// hourly is the mean of the week's hours.
func (b Baseline) hourly() float64 {
	sum := 0.0
	for _, m := range b.Mean {
		sum += m
	}
	return sum / weekLong
}

// known tells whether the audience's rhythm is known well enough to speak of it.
func (b Baseline) known() bool { return b.Weeks >= quietWeeks && b.hourly()*weekLong >= quietItems }

// Quiet tells whether at t the firm's own audience usually does not write.
func (b Baseline) Quiet(t time.Time, c Calendar) bool {
	return b.known() && b.Mean[c.slot(t)] < quietShare*b.hourly()
}

// QuietHours is the longest stretch of the day in which usually nobody writes, in hours of the firm's zone; from 23 to 6 means 23:00 to
// 6:00. False when the audience writes around the clock or is not known well enough.
func (b Baseline) QuietHours() (from, to int, ok bool) {
	if !b.known() {
		return 0, 0, false
	}
	var quiet [24]bool
	for h := range quiet {
		sum := 0.0
		for d := range 7 {
			sum += b.Mean[d*24+h]
		}
		quiet[h] = sum/7 < quietShare*b.hourly()
	}
	longest := 0
	for start := range 24 {
		n := 0
		for n < 24 && quiet[(start+n)%24] {
			n++
		}
		if n > longest && n < 24 {
			longest, from, to = n, start, (start+n)%24
		}
	}
	return from, to, longest >= 2
}
