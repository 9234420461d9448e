package oncall

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/lang"
)

var team = []Member{{ID: "ewa", Role: access.Guardian}, {ID: "tomasz", Role: access.Guardian}, {ID: "joanna", Role: access.Owner},
	{ID: "staff", Role: access.Staff}, {ID: "lawyer", Role: access.Lawyer}}

func told(stages []Stage, at time.Time) (out []string) {
	for _, g := range stages {
		out = append(out, fmt.Sprintf("%d %v", int(g.At.Sub(at).Minutes()), g.Users))
	}
	return out
}

func TestTheDefaultPlan(t *testing.T) {
	at := warsaw("2026-11-22 00:52")
	duty := []Shift{{User: "tomasz", From: at.Add(-time.Hour), To: at.Add(3 * time.Minute)}, {User: "lawyer", From: at.Add(3 * time.Minute), To: at.Add(20 * time.Hour)}}
	for _, c := range []struct {
		name   string
		shifts []Shift
		roster []Member
		want   []string // of the first round and the beginning of the second
	}{
		{"on duty first", duty, team, []string{"0 [tomasz]", "5 [ewa]", "15 [joanna]", "25 [ewa]"}},
		{"nobody on duty: the first guardian", nil, team, []string{"0 [ewa]", "5 [tomasz]", "15 [joanna]", "25 [ewa]"}},
		{"one guardian, no owner", nil, team[:1], []string{"0 [ewa]", "5 []", "15 []", "25 [ewa]"}},
		{"nobody at all", nil, team[4:], []string{"0 []", "5 []", "15 []", "25 []"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			stages, end := Plan(Default(), c.shifts, c.roster, at)
			if got := told(stages, at); len(got) != 12 || !slices.Equal(got[:4], c.want) || end.Sub(at) != 100*time.Minute {
				t.Fatalf("%q until %v", got, end)
			}
		})
	}
}

func TestAPolicyNamesPeople(t *testing.T) {
	at := warsaw("2026-11-22 00:52")
	p := Policy{Steps: []Step{{0, []string{"staff", "stranger", "lawyer", "staff"}}, {3, []string{All}}}, Wait: 2}
	stages, end := Plan(p, nil, team, at)
	want := []string{"0 [staff]", "3 [ewa tomasz joanna staff]"}
	if got := told(stages, at); !slices.Equal(got, want) || end.Sub(at) != 5*time.Minute {
		t.Fatalf("%q until %v", got, end)
	}
	if stages, end := Plan(Policy{}, nil, team, at); len(stages) != 0 || !end.Equal(at) {
		t.Fatal("an empty policy has no stages")
	}
}

// Whatever the policy: times never fall, nobody is woken twice in a stage, and only people who may answer are woken.
func TestPlansAreOrderedAndWakeOnlyWhoMayAnswer(t *testing.T) {
	targets := []string{Duty, Next, Owner, All, "ewa", "lawyer", "stranger"}
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Repeat: rapid.IntRange(0, 4).Draw(t, "repeat"), Wait: rapid.IntRange(1, 60).Draw(t, "wait")}
		after := 0
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			p.Steps = append(p.Steps, Step{after, rapid.SliceOfN(rapid.SampledFrom(targets), 1, 4).Draw(t, "targets")})
			after += rapid.IntRange(1, 30).Draw(t, "after")
		}
		roster := team[:rapid.IntRange(0, len(team)).Draw(t, "roster")]
		at := warsaw("2026-10-24 22:00").Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "at")) * time.Minute)
		rota := Rota{Users: []string{"ewa", "tomasz", "lawyer"}, Start: at.Add(-72 * time.Hour), Hour: 3, Rotation: Daily}
		stages, end := Plan(p, rota.Shifts("f", at, at.Add(72*time.Hour)), roster, at)
		if len(stages) != len(p.Steps)*(p.Repeat+1) || !stages[0].At.Equal(at) {
			t.Fatalf("%d stages", len(stages))
		}
		for i, g := range stages {
			if i > 0 && !g.At.After(stages[i-1].At) || !g.At.Before(end) {
				t.Fatalf("stage %d at %v, end %v", i, g.At, end)
			}
			for j, u := range g.Users {
				if !wakeable(roster, u) || slices.Contains(g.Users[:j], u) {
					t.Fatalf("stage %d wakes %v", i, g.Users)
				}
			}
		}
	})
}

func TestPolishHolidays(t *testing.T) {
	easters := map[int][4]string{ // Easter Sunday and Monday, Pentecost, Corpus Christi
		2024: {"03-31", "04-01", "05-19", "05-30"}, 2025: {"04-20", "04-21", "06-08", "06-19"}, 2026: {"04-05", "04-06", "05-24", "06-04"},
		2027: {"03-28", "03-29", "05-16", "05-27"}, 2028: {"04-16", "04-17", "06-04", "06-15"}, 2029: {"04-01", "04-02", "05-20", "05-31"},
		2030: {"04-21", "04-22", "06-09", "06-20"}}
	for year, movable := range easters {
		want := []string{"01-01", "01-06", "05-01", "05-03", "08-15", "11-01", "11-11", "12-25", "12-26"}
		want = append(want, movable[:]...)
		if year >= 2025 {
			want = append(want, "12-24")
		}
		slices.Sort(want)
		var got []string
		for _, h := range Holidays(year) {
			got = append(got, h.Day.Format("01-02"))
			if !lang.PL.Has("holiday."+h.Name) || !lang.EN.Has("holiday."+h.Name) {
				t.Errorf("holiday %s has no name", h.Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", year, got, want)
		}
	}
	if h, ok := HolidayOn(warsaw("2026-12-24 00:01").UTC()); !ok || h.Name != "christmas_eve" {
		t.Error("Christmas Eve begins at midnight in Warsaw")
	}
	if _, ok := HolidayOn(warsaw("2024-12-24 12:00")); ok {
		t.Error("Christmas Eve was a working day until 2024")
	}
}
