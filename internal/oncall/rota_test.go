package oncall

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/lang"
)

func warsaw(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, lang.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

func TestHandoverKeepsItsHourWhenTheClocksChange(t *testing.T) {
	for _, c := range []struct {
		name, at, from, to string
		hour               int
		length             time.Duration
	}{
		{"ordinary day", "2026-11-22 12:00", "2026-11-22 06:00", "2026-11-23 06:00", 6, 24 * time.Hour},
		{"autumn, one hour more", "2026-10-25 02:30", "2026-10-24 06:00", "2026-10-25 06:00", 6, 25 * time.Hour},
		{"spring, one hour less", "2026-03-29 01:00", "2026-03-28 06:00", "2026-03-29 06:00", 6, 23 * time.Hour},
		{"the first minute", "2026-10-25 06:00", "2026-10-25 06:00", "2026-10-26 06:00", 6, 24 * time.Hour},
		{"handover at midnight", "2026-10-25 12:00", "2026-10-25 00:00", "2026-10-26 00:00", 0, 25 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Rota{Users: []string{"a", "b"}, Start: warsaw("2026-01-01 00:00"), Hour: c.hour, Rotation: Daily}
			at := warsaw(c.at)
			got := r.Shifts("f", at, at.Add(time.Minute))
			if len(got) != 1 || !got[0].From.Equal(warsaw(c.from)) || !got[0].To.Equal(warsaw(c.to)) || got[0].To.Sub(got[0].From) != c.length {
				t.Fatalf("%v", got)
			}
		})
	}
}

func TestWeeklyRotaTakesTurns(t *testing.T) {
	r := Rota{Users: []string{"a", "b", "c"}, Start: warsaw("2026-11-02 15:00"), Hour: 8, Rotation: Weekly}
	for at, want := range map[string]string{"2026-11-02 08:00": "a", "2026-11-09 07:59": "a", "2026-11-09 08:00": "b",
		"2026-11-22 12:00": "c", "2026-11-23 08:00": "a"} {
		x := warsaw(at)
		if got := r.Shifts("f", x, x.Add(time.Second)); len(got) != 1 || got[0].User != want {
			t.Errorf("%s: %v, want %s", at, got, want)
		}
	}
	if got := r.Shifts("f", warsaw("2026-10-01 00:00"), warsaw("2026-11-02 08:00")); len(got) != 0 {
		t.Errorf("before the first turn: %v", got)
	}
}

// At every instant after the start exactly one turn of a rota holds, whatever the settings and however far away.
func TestARotaLeavesNoGapAndNoOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rota{Users: []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "n")], Start: warsaw("2025-01-01 12:00"),
			Hour: rapid.IntRange(0, 23).Draw(t, "hour"), Rotation: rapid.SampledFrom([]string{Daily, Weekly}).Draw(t, "rotation")}
		from := warsaw("2025-01-09 00:00").Add(time.Duration(rapid.IntRange(0, 3000*24*60).Draw(t, "minutes")) * time.Minute)
		to := from.Add(time.Duration(rapid.IntRange(1, 40*24*60).Draw(t, "length")) * time.Minute)
		got := r.Shifts("f", from, to)
		if len(got) == 0 || got[0].From.After(from) || got[len(got)-1].To.Before(to) {
			t.Fatalf("does not cover: %v", got)
		}
		for i := 1; i < len(got); i++ {
			if !got[i].From.Equal(got[i-1].To) {
				t.Fatalf("gap or overlap at %d: %v", i, got)
			}
			if h := got[i].From.In(lang.Zone).Hour(); h != r.Hour && !(r.Hour == 2 && h == 3) { // 02:00 does not exist once a year
				t.Fatalf("handover at %d", h)
			}
		}
	})
}

func TestAShiftByHandWinsOverTheRota(t *testing.T) {
	r := Rota{Users: []string{"a"}, Start: warsaw("2026-11-20 00:00"), Hour: 6, Rotation: Daily}
	from, to := warsaw("2026-11-21 06:00"), warsaw("2026-11-22 06:00")
	manual := []Shift{{ID: "2", User: "c", From: warsaw("2026-11-21 13:00"), To: warsaw("2026-11-21 14:00")},
		{ID: "1", User: "b", From: warsaw("2026-11-21 12:00"), To: warsaw("2026-11-21 18:00")}}
	var got []string
	for _, s := range Calendar(r.Shifts("f", from, to), manual, from, to) {
		got = append(got, fmt.Sprintf("%s %s-%s", s.User, lang.PL.Clock(s.From), lang.PL.Clock(s.To)))
	}
	want := []string{"a 06:00-12:00", "b 12:00-13:00", "c 13:00-14:00", "b 14:00-18:00", "a 18:00-06:00"}
	if !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
}

// The calendar says at every instant what the topmost shift says, and nothing where there is none.
func TestCalendarAgreesWithItsLayers(t *testing.T) {
	base := warsaw("2026-10-24 00:00")
	hour := func(n int) time.Time { return base.Add(time.Duration(n) * time.Hour) }
	rapid.Check(t, func(t *rapid.T) {
		var manual []Shift
		for i := range rapid.IntRange(0, 6).Draw(t, "shifts") {
			a := rapid.IntRange(-5, 60).Draw(t, "from")
			manual = append(manual, Shift{ID: fmt.Sprint(i), User: fmt.Sprint("u", i%3), From: hour(a), To: hour(a + rapid.IntRange(1, 30).Draw(t, "len"))})
		}
		from, to := hour(0), hour(50)
		cal := Calendar(nil, manual, from, to)
		for n := range 50 {
			want, got := "", ""
			for _, s := range manual {
				if s.Holds(hour(n)) {
					want = s.User
				}
			}
			for _, s := range cal {
				if s.Holds(hour(n)) {
					got += s.User
				}
			}
			if got != want {
				t.Fatalf("hour %d: %q, want %q", n, got, want)
			}
		}
		roster := []Member{{ID: "u0", Role: access.Guardian}, {ID: "u1", Role: access.Guardian}, {ID: "u2", Role: access.Staff}}
		for _, g := range Gaps(cal, roster, from, to) {
			for _, s := range cal {
				if s.From.Before(g.To) && g.From.Before(s.To) {
					t.Fatalf("%v is called empty", g)
				}
			}
		}
	})
}

func TestAShiftOfSomebodyWhoLeftIsAGap(t *testing.T) {
	from, to := warsaw("2026-11-22 00:00"), warsaw("2026-11-29 00:00")
	cal := []Shift{{User: "here", From: from, To: from.Add(24 * time.Hour)}, {User: "left", From: from.Add(24 * time.Hour), To: to}}
	got := Gaps(cal, []Member{{ID: "here", Role: access.Guardian}, {ID: "left", Role: access.Lawyer}}, from, to)
	if len(got) != 1 || !got[0].From.Equal(from.Add(24*time.Hour)) || !got[0].To.Equal(to) {
		t.Fatalf("%v", got)
	}
}

func TestPoorRotasAndPoliciesAreRefused(t *testing.T) {
	ok := Rota{Users: []string{"a"}, Start: warsaw("2026-11-22 00:00"), Hour: 6, Rotation: Daily}
	for name, change := range map[string]func(*Rota){"hour": func(r *Rota) { r.Hour = 24 }, "rotation": func(r *Rota) { r.Rotation = "yearly" },
		"start": func(r *Rota) { r.Start = time.Time{} }, "person": func(r *Rota) { r.Users = []string{" "} }, "too many": func(r *Rota) { r.Users = make([]string, 51) }} {
		r := ok
		change(&r)
		if _, err := r.Clean(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ok.Clean(); err != nil {
		t.Error(err)
	}
	for name, p := range map[string]Policy{"empty": {Wait: 1}, "late start": {Steps: []Step{{1, []string{Duty}}}, Wait: 1},
		"not rising": {Steps: []Step{{0, []string{Duty}}, {0, []string{Owner}}}, Wait: 1}, "nobody": {Steps: []Step{{0, nil}}, Wait: 1},
		"no wait": {Steps: []Step{{0, []string{Duty}}}}, "repeat": {Steps: []Step{{0, []string{Duty}}}, Wait: 1, Repeat: 21}} {
		if _, err := p.Clean(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Default().Clean(); err != nil {
		t.Error(err)
	}
}
