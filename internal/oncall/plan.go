package oncall

import (
	"slices"
	"strings"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
)

// Whom a step wakes. Anything else is the id of a person.
const (
	Duty  = "duty"  // who is on duty then; when nobody is, the first guardian
	Next  = "next"  // the first guardian whom this round has not woken yet
	Owner = "owner" // every owner of the firm
	All   = "all"   // everybody who may acknowledge
)

// Step wakes its targets so many minutes after the alarm.
type Step struct {
	After   int      `json:"after"` // minutes
	Targets []string `json:"targets"`
}

// Policy says whom to wake, when, and how often to begin again.
type Policy struct {
	Steps  []Step `json:"steps"`
	Repeat int    `json:"repeat"` // times the steps are gone through again
	Wait   int    `json:"wait"`   // minutes after the last step before the next round, or before giving up
}

// Default is the policy of a firm that has set none. The distance of steps keeps within the missed-acknowledgement
// limit of ten minutes (domain/decisions.md 6.5).
func Default() Policy {
	return Policy{Steps: []Step{{0, []string{Duty}}, {5, []string{Next}}, {15, []string{Owner}}}, Repeat: 3, Wait: 10}
}

// Limits of a policy.
const (
	maxSteps   = 20
	maxRepeat  = 20
	maxTargets = 20
	maxMinutes = 24 * 60
)

// Clean checks a policy; faults are Invalid "oncall.policy".
func (p Policy) Clean() (Policy, error) {
	bad := fault.New(fault.Invalid, "oncall.policy").On("policy")
	if len(p.Steps) == 0 || len(p.Steps) > maxSteps || p.Repeat < 0 || p.Repeat > maxRepeat || p.Wait < 1 || p.Wait > maxMinutes {
		return p, bad
	}
	for i, s := range p.Steps {
		early := s.After < 0 || s.After > maxMinutes || (i > 0 && s.After <= p.Steps[i-1].After) || (i == 0 && s.After != 0)
		if early || len(s.Targets) == 0 || len(s.Targets) > maxTargets || slices.ContainsFunc(s.Targets, blank) {
			return p, bad
		}
	}
	return p, nil
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// round is how long one pass through the steps takes, its wait included.
func (p Policy) round() time.Duration {
	return time.Duration(p.Steps[len(p.Steps)-1].After+p.Wait) * time.Minute
}

// Stage is one step of the plan with the people it wakes, in order, each once. It may be empty.
type Stage struct {
	At    time.Time
	Round int // from 0
	Users []string
}

// Plan is whom to wake when for an alarm of the instant at: all rounds of the policy, and the instant at which it
// gives up. Only people of the roster who may acknowledge are named, whatever the policy and the shifts say.
func Plan(p Policy, shifts []Shift, roster []Member, at time.Time) (stages []Stage, end time.Time) {
	if len(p.Steps) == 0 {
		return nil, at
	}
	for r := range p.Repeat + 1 {
		begin := at.Add(time.Duration(r) * p.round())
		var woken []string
		for _, s := range p.Steps {
			g := Stage{At: begin.Add(time.Duration(s.After) * time.Minute), Round: r}
			for _, target := range s.Targets {
				for _, u := range resolve(target, shifts, roster, g.At, woken) {
					if wakeable(roster, u) && !slices.Contains(g.Users, u) {
						g.Users = append(g.Users, u)
					}
				}
			}
			woken = append(woken, g.Users...)
			stages = append(stages, g)
		}
	}
	return stages, at.Add(time.Duration(p.Repeat+1) * p.round())
}

func resolve(target string, shifts []Shift, roster []Member, at time.Time, woken []string) []string {
	switch target {
	case Duty:
		if on := onDuty(shifts, roster, at); len(on) > 0 {
			return on
		}
		return next(roster, nil)
	case Next:
		return next(roster, woken)
	case Owner:
		return having(roster, access.Owner)
	case All:
		return everybody(roster)
	}
	return []string{target}
}

func onDuty(shifts []Shift, roster []Member, at time.Time) (users []string) {
	for _, s := range shifts {
		if s.Holds(at) && wakeable(roster, s.User) {
			users = append(users, s.User)
		}
	}
	return users
}

func next(roster []Member, woken []string) []string {
	for _, u := range having(roster, access.Guardian) {
		if !slices.Contains(woken, u) {
			return []string{u}
		}
	}
	return nil
}

func having(roster []Member, r access.Role) (users []string) {
	for _, m := range roster {
		if m.Role == r {
			users = append(users, m.ID)
		}
	}
	return users
}

func everybody(roster []Member) (users []string) {
	for _, m := range roster {
		if m.Wakes() {
			users = append(users, m.ID)
		}
	}
	return users
}
