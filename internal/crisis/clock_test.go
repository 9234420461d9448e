package crisis

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func clock(t *testing.T, c Case, name ClockName) Clock {
	t.Helper()
	for _, k := range c.Clocks() {
		if k.Name == name {
			return k
		}
	}
	t.Fatalf("no clock %s", name)
	return Clock{}
}

// A clock is the difference of two recorded times: no night, weekend, holiday or changed hour is taken out of it.
func TestClocksNeverPause(t *testing.T) {
	for name, x := range map[string]struct {
		opened, acked, now string
		priority           int
		spent              time.Duration
		verdict            Verdict
	}{
		"in time":                             {"2026-11-21T21:06:00+01:00", "2026-11-21T21:10:00+01:00", "2026-11-22T00:52:00+01:00", 1, 4 * time.Minute, Met},
		"at the last moment":                  {"2026-11-21T21:06:00+01:00", "2026-11-21T21:21:00+01:00", "2026-11-22T00:52:00+01:00", 1, 15 * time.Minute, Met},
		"too late":                            {"2026-11-21T21:06:00+01:00", "2026-11-21T21:21:01+01:00", "2026-11-22T00:52:00+01:00", 1, 15*time.Minute + time.Second, Missed},
		"runs":                                {"2026-11-21T21:06:00+01:00", "", "2026-11-21T21:07:00+01:00", 1, time.Minute, Runs},
		"over":                                {"2026-11-21T21:06:00+01:00", "", "2026-11-21T22:07:00+01:00", 2, 61 * time.Minute, Over},
		"through Christmas":                   {"2026-12-24T16:00:00+01:00", "", "2026-12-27T16:00:00+01:00", 4, 72 * time.Hour, Over},
		"a weekend counts in P4 too":          {"2026-11-20T20:00:00+01:00", "2026-11-23T08:00:00+01:00", "2026-11-23T08:00:00+01:00", 4, 60 * time.Hour, Missed},
		"the hour that is missing in spring":  {"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-29T09:00:00+02:00", 2, time.Hour, Met},
		"the hour that comes twice in autumn": {"2026-10-25T02:30:00+02:00", "2026-10-25T02:31:00+01:00", "2026-10-25T09:00:00+01:00", 2, 61 * time.Minute, Missed},
	} {
		c := Case{Status: Accepted, Priority: x.priority, OpenedAt: at(x.opened)}
		if x.acked != "" {
			c.AckedAt = at(x.acked)
		}
		k, now := clock(t, c, ToAck), at(x.now)
		if k.Spent(now) != x.spent || k.Verdict(now) != x.verdict {
			t.Errorf("%s: %s %s, want %s %s", name, k.Spent(now), k.Verdict(now), x.spent, x.verdict)
		}
	}
}

func TestClocksOfACase(t *testing.T) {
	open := at("2026-11-21T21:06:00+01:00")
	c := Case{Status: Detected, Priority: 1, OpenedAt: open, BeganAt: open.Add(-2 * time.Minute)}
	if k := clock(t, c, ToDetect); k.Verdict(open) != Met || k.Spent(open) != 2*time.Minute {
		t.Errorf("detection %+v", k)
	}
	if k, ok := c.Pressing(); !ok || k.Name != ToAck {
		t.Errorf("pressing first: %+v", k)
	}
	if err := c.Accept("ewa", open.Add(4*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if k, ok := c.Pressing(); !ok || k.Name != ToAct {
		t.Errorf("pressing second: %+v", k)
	}
	if err := c.Close(FalseAlarm, "nic się nie stało", open.Add(10*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if k, ok := c.Pressing(); ok {
		t.Errorf("a closed case presses: %+v", k)
	}
	for _, k := range c.Clocks() {
		if k.At.IsZero() || k.Verdict(open.Add(99*time.Hour)) != Met {
			t.Errorf("a closed case runs on: %+v", k)
		}
	}
	c.again(open.Add(24 * time.Hour))
	if k := clock(t, c, ToSolve); !k.From.Equal(open.Add(24*time.Hour)) || !k.At.IsZero() {
		t.Errorf("the new round %+v", k)
	}
	if c.Status != Accepted || !c.ToldAt.IsZero() || len(c.Clocks()) != 4 {
		t.Errorf("opened again: %+v", c)
	}
	contained := Case{Status: Contained, OpenedAt: open, ContainedAt: open.Add(time.Hour), AckedAt: open.Add(time.Minute), Lead: "ewa"}
	contained.again(open.Add(2 * time.Hour))
	if k := clock(t, contained, ToContain); !k.From.Equal(open) || !k.At.IsZero() || contained.AckedAt.IsZero() {
		t.Errorf("contained is not over: its clock goes on from the beginning, got %+v", k)
	}
}

// Moving every recorded time by the same amount changes no duration and no verdict: the calendar is not in it.
func TestClocksKnowNoCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(rapid.Int64Range(1.6e9, 2e9).Draw(t, "start"), 0)
		sec := func(name string) time.Duration {
			return time.Duration(rapid.Int64Range(0, 4*86400).Draw(t, name)) * time.Second
		}
		c := Case{Status: Accepted, Priority: rapid.IntRange(1, 4).Draw(t, "priority"), OpenedAt: start, AckedAt: start.Add(sec("acked"))}
		now, shift := start.Add(sec("now")), sec("shift")
		moved := c
		moved.OpenedAt, moved.AckedAt = c.OpenedAt.Add(shift), c.AckedAt.Add(shift)
		for i, k := range c.Clocks() {
			m := moved.Clocks()[i]
			if k.Spent(now) != m.Spent(now.Add(shift)) || k.Verdict(now) != m.Verdict(now.Add(shift)) {
				t.Fatalf("%s differs: %+v and %+v", k.Name, k, m)
			}
		}
	})
}
