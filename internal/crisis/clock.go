package crisis

import "time"

// ClockName names one of the times a case is measured by.
type ClockName string

// Clocks of a case, in the order in which they are usually stopped.
const (
	ToDetect  ClockName = "detected"     // published -> the case was opened (TTD of domain/decisions.md 8.2)
	ToAck     ClockName = "acknowledged" // opened -> a person answered (TTA)
	ToAct     ClockName = "acted"        // opened -> the first deed (TTFR)
	ToContain ClockName = "contained"    // opened -> the active phase is over (TTC)
	ToSolve   ClockName = "solved"       // opened -> the solved test held
)

// Clock measures a case from one recorded time to another. It never pauses: nights, weekends, holidays and the hour
// that is missing in spring are in it.
type Clock struct {
	Name   ClockName
	From   time.Time
	At     time.Time // when it stopped; zero: it runs
	Target time.Duration
}

// Verdict says how a clock stands against its target.
type Verdict string

// Verdicts.
const (
	Runs   Verdict = "runs"   // within its target so far
	Over   Verdict = "over"   // runs, and is past its target
	Met    Verdict = "met"    // stopped in time
	Missed Verdict = "missed" // stopped too late
)

// Spent is how long the clock has run.
func (k Clock) Spent(now time.Time) time.Duration {
	end := k.At
	if end.IsZero() {
		end = now
	}
	return max(0, end.Sub(k.From))
}

// Deadline is the last moment within the target.
func (k Clock) Deadline() time.Time { return k.From.Add(k.Target) }

// Verdict is how the clock stands now.
func (k Clock) Verdict(now time.Time) Verdict {
	late := k.Spent(now) > k.Target
	switch {
	case k.At.IsZero() && late:
		return Over
	case k.At.IsZero():
		return Runs
	case late:
		return Missed
	}
	return Met
}

// targets by priority. Detection and acknowledgement are the tiers of domain/decisions.md 1.7; solving is the service's
// own promise of 1-3 h (peers.md section 1.6). The first deed and containment lie between them; those figures are ours.
var targets = map[ClockName][4]time.Duration{
	ToDetect:  {15 * time.Minute, time.Hour, 3 * time.Hour, 24 * time.Hour},
	ToAck:     {15 * time.Minute, time.Hour, 3 * time.Hour, 24 * time.Hour},
	ToAct:     {30 * time.Minute, time.Hour, 3 * time.Hour, 24 * time.Hour},
	ToContain: {2 * time.Hour, 2 * time.Hour, 3 * time.Hour, 24 * time.Hour},
	ToSolve:   {3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 24 * time.Hour},
}

// Target is how long a clock may take for a priority of 1 to 4.
func Target(k ClockName, priority int) time.Duration { return targets[k][min(max(priority, 1), 4)-1] }

// Clocks are the times the case is measured by, from what was recorded alone. The clock of detection is left out when
// nobody knows when the first item was published, and in later rounds.
func (c Case) Clocks() []Clock {
	from := c.Round()
	list := []Clock{
		{Name: ToAck, From: from, At: c.AckedAt},
		{Name: ToAct, From: from, At: c.ActedAt},
		{Name: ToContain, From: from, At: first(c.ContainedAt, c.ClosedAt)},
		{Name: ToSolve, From: from, At: c.SolvedAt},
	}
	if !c.Open() { // nothing more will stop them
		for i := range list {
			list[i].At = first(list[i].At, c.ClosedAt)
		}
	}
	if !c.BeganAt.IsZero() && from.Equal(c.OpenedAt) {
		list = append([]Clock{{Name: ToDetect, From: c.BeganAt, At: c.OpenedAt}}, list...)
	}
	for i := range list {
		list[i].Target = Target(list[i].Name, c.Priority)
	}
	return list
}

func first(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// Pressing is the running clock of the case with the least time left; false when none runs.
func (c Case) Pressing() (k Clock, running bool) {
	for _, x := range c.Clocks() {
		if x.At.IsZero() && (!running || x.Deadline().Before(k.Deadline())) {
			k, running = x, true
		}
	}
	return k, running
}
