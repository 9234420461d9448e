package pulse

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestAHolidaysNormalIsASundays(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	past := stream(rng, monday, 8*weekLong, 4, 3)
	for i := range past { // nobody writes on Sundays
		if past[i].At.Weekday() == time.Sunday {
			past[i].Count = 0
		}
	}
	b := Learn(past, calendar)
	at := func(day, month int) float64 {
		from := time.Date(2026, time.Month(month), day, 8, 0, 0, 0, calendar.Zone)
		return b.expected(from, from.Add(10*time.Hour), calendar)
	}
	holiday, wednesday, sunday := at(11, 11), at(18, 11), at(15, 11) // 11 November 2026 is a Wednesday
	if holiday > 1.01*sunday || holiday < 0.99*sunday || holiday > 0.8*wednesday {
		t.Errorf("on the holiday %.1f are usual, on a Sunday %.1f, on a Wednesday %.1f", holiday, sunday, wednesday)
	}
}

func TestHistoryIsTakenFromWhereItIsKnown(t *testing.T) {
	now := monday.Add(100*24*time.Hour + 20*time.Minute)
	hour := now.Truncate(time.Hour)
	for name, x := range map[string]struct {
		first      time.Time
		begin, end time.Duration // before now
		ok         bool
	}{
		"nothing":            {time.Time{}, 0, 0, false},
		"a year":             {now.Add(-365 * 24 * time.Hour), history + margin, margin, true},
		"five weeks":         {hour.Add(-35 * 24 * time.Hour), 35 * 24 * time.Hour, margin, true},
		"three weeks":        {hour.Add(-21 * 24 * time.Hour), 21 * 24 * time.Hour, guard, true},
		"five days":          {hour.Add(-5 * 24 * time.Hour), 5 * 24 * time.Hour, guard, true},
		"a day and a half":   {hour.Add(-36 * time.Hour), 36 * time.Hour, margin, true},
		"it began this hour": {now, 0, 0, false},
	} {
		begin, end, ok := span(x.first, now)
		if ok != x.ok || ok && (!begin.Equal(hour.Add(-x.begin)) || !end.Equal(hour.Add(-x.end))) {
			t.Errorf("%s: from %v to %v before, %v", name, hour.Sub(begin), hour.Sub(end), ok)
		}
	}
}

func TestQuietHoursAreTheAudiencesOwn(t *testing.T) {
	var past []Hour
	for i := range 6 * weekLong { // bakers: they write from three in the night to noon
		at := monday.Add(time.Duration(i) * time.Hour)
		n := 0
		if at.Hour() >= 3 && at.Hour() < 12 {
			n = 3
		}
		past = append(past, Hour{at, n})
	}
	b := Learn(past, here)
	from, to, ok := b.QuietHours()
	if !ok || from != 12 || to != 3 {
		t.Errorf("quiet from %d to %d, %v", from, to, ok)
	}
	if !b.Quiet(monday.Add(15*time.Hour), here) || b.Quiet(monday.Add(4*time.Hour), here) {
		t.Error("an afternoon is quiet for bakers, four in the night is not")
	}
	if _, _, ok := Learn(past[:weekLong], here).QuietHours(); ok {
		t.Error("one week is enough to speak of an audience's hours")
	}
	for i := range past {
		past[i].Count = 1
	}
	if from, to, ok := Learn(past, here).QuietHours(); ok {
		t.Errorf("who writes around the clock is quiet from %d to %d", from, to)
	}
}

func TestTheOrderOfAListTellsWhoStandsInARow(t *testing.T) {
	who := map[string]bool{"x": true, "y": true, "z": true}
	row, mixed := make([]string, 40), make([]string, 40)
	for i := range row {
		row[i], mixed[i] = "other", "other"
	}
	row[7], row[8], row[9] = "y", "x", "z"
	mixed[2], mixed[20], mixed[37] = "x", "y", "z"
	if n := inARow([][]string{row, mixed, {"x", "y", "z"}, nil}, who); n != 1 {
		t.Errorf("%d lists with a row, want 1", n)
	}
	// Of the 10 sets of three out of five, 3 lie within three places and 7 within four.
	for span, want := range map[int]float64{3: 0.3, 4: 0.7, 5: 1} {
		if p := within(5, 3, span); p < want-1e-9 || p > want+1e-9 {
			t.Errorf("within %d places: %.3f, want %.1f", span, p, want)
		}
	}
}
