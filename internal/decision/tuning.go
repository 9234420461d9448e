package decision

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// MaxShift bounds how far a firm's own outcomes may move the log-odds of escalation of one option (domain/decisions.md
// 4.2): the priors of experts bend, they do not vanish.
const MaxShift = 2.0

// Tuning moves the escalation risk of options by what one firm lived through: for a class of cases (Case.Class) and an
// option, what is added to the log-odds. The zero Tuning is the expert priors. No tuning lifts a guard-rail or a
// mandatory action: those do not look at risks.
type Tuning struct {
	N      int64                         // number of the tuning within the firm, 0 for the priors
	Shifts map[string]map[Option]float64 // class -> option -> log-odds
}

// Version names the rules that a Result was made with, without any tuning.
func Version() string { return book.Version }

// version names the rules and the tuning.
func (t Tuning) version() string {
	if t.N == 0 && len(t.Shifts) == 0 {
		return book.Version
	}
	return fmt.Sprintf("%s+%d", book.Version, t.N)
}

// Shift is what is added to the log-odds of the option in cases of the class.
func (t Tuning) Shift(class string, o Option) float64 {
	v := t.Shifts[class][o]
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, -MaxShift), MaxShift)
}

// Equal tells whether both move the same risks by the same amounts.
func (t Tuning) Equal(u Tuning) bool {
	return maps.EqualFunc(t.Shifts, u.Shifts, func(a, b map[Option]float64) bool { return maps.Equal(a, b) })
}

func (t Tuning) shift(c Case, all *[options]weights) {
	if len(t.Shifts) == 0 {
		return
	}
	class := c.Class()
	for i, o := range Options {
		all[i][2] += t.Shift(class, o)
	}
}

// Risk is the forecast for the option: the probability that the case escalates within 72 h of it. An expert prior, or
// one bent by a tuning; never a measured frequency. An option that does not exist has none.
func (t Tuning) Risk(c Case, o Option) float64 {
	i := slices.Index(Options, o)
	if i < 0 {
		return 0
	}
	c = c.settled()
	all := totals(c, fired(c))
	t.shift(c, &all)
	return all[i].risk()
}
