package outcome

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"slices"

	"chop/internal/decision"
)

const (
	priorWorth = 10  // observations that the experts' prior is worth (domain/decisions.md 4.2)
	enough     = 200 // outcomes from which the weights are fitted together (domain/decisions.md 3.6)
	smallest   = 0.01
)

// Proposal is what a re-estimation would change. It changes nothing until a person accepts it.
type Proposal struct {
	Now, Next decision.Tuning
	Outcomes  int      // that it rests on
	Fitted    bool     // by logistic regression, otherwise cell by cell
	Changes   []Change // what moves, most first
	Flips     []Flip   // decisions of the past that would have been advised differently
	Replayed  int      // decisions replayed
	Digest    string   // of Next: what a person accepts is what was shown
}

// Change is one forecast that moves: of an option in cases of a class, as means over what was lived through.
type Change struct {
	Class        string
	Option       decision.Option
	N, Escalated int
	Prior        float64 // of the experts
	Now, Next    float64 // with the tuning in force, and with the proposed one
}

// Flip is one recommendation that would turn.
type Flip struct {
	Decision, Mention string
	From, To          decision.Option
}

// cell is a class of cases and an option.
type cell struct {
	class  string
	option decision.Option
}

// lived are the closed outcomes of one cell that tell.
type lived struct {
	n, escalated int
	priors       float64
}

func (l lived) prior() float64 { return l.priors / float64(l.n) }

// propose re-estimates the escalation risks. Below 200 outcomes every (class, option) stands for itself: the prior,
// worth ten observations, and what was observed. From 200 on they are fitted together, with the experts' log-odds as the
// start and a ridge that is worth the same: cells with little data then lean on what the option did elsewhere.
func propose(list []Outcome, now decision.Tuning) Proposal {
	p := Proposal{Now: now, Next: decision.Tuning{N: now.N, Shifts: map[string]map[decision.Option]float64{}}}
	cells, rows := gather(list)
	p.Outcomes, p.Fitted = len(rows), len(rows) >= enough
	shifts := map[cell]float64{}
	if p.Fitted {
		shifts = fit(rows)
	} else {
		for c, l := range cells {
			posterior := (priorWorth*l.prior() + float64(l.escalated)) / float64(priorWorth+l.n)
			shifts[c] = logit(posterior) - logit(l.prior())
		}
	}
	for c, v := range shifts {
		v = math.Round(100*min(max(v, -decision.MaxShift), decision.MaxShift)) / 100
		if math.Abs(v) < smallest {
			continue
		}
		if p.Next.Shifts[c.class] == nil {
			p.Next.Shifts[c.class] = map[decision.Option]float64{}
		}
		p.Next.Shifts[c.class][c.option] = v
	}
	for c, l := range cells {
		with := func(t decision.Tuning) float64 { return logistic(logit(l.prior()) + t.Shift(c.class, c.option)) }
		p.Changes = append(p.Changes, Change{c.class, c.option, l.n, l.escalated, l.prior(), with(now), with(p.Next)})
	}
	slices.SortFunc(p.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Next-b.Now), math.Abs(a.Next-a.Now)), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Option, b.Option))
	})
	p.Digest = digest(p.Next)
	return p
}

// row is one outcome for the regression.
type row struct {
	cell      cell
	prior     float64
	escalated bool
}

func gather(list []Outcome) (map[cell]lived, []row) {
	cells, rows := map[cell]lived{}, []row{}
	for _, o := range list {
		if !o.Closed || o.Verdict == Unknown {
			continue
		}
		c := cell{o.Class, o.Option}
		l := cells[c]
		l.n, l.priors = l.n+1, l.priors+o.Prior
		if o.Verdict == Escalated {
			l.escalated++
		}
		cells[c], rows = l, append(rows, row{c, o.Prior, o.Verdict == Escalated})
	}
	return cells, rows
}

// fit is a logistic regression with the experts' log-odds as an offset, one weight for each option and one for each cell,
// and a ridge. One weight after the other is moved uphill until none moves any more; there is one top only, so the order
// does not matter.
func fit(rows []row) map[cell]float64 {
	const ridge, sweeps, still = 1.5, 2000, 1e-6 // ten observations at a rate of 0.2 weigh 10 * 0.2 * 0.8
	weights := map[cell]float64{}                // a cell without a class is the option everywhere
	members := map[cell][]int{}
	for i, r := range rows {
		for _, k := range []cell{{"", r.cell.option}, r.cell} {
			members[k] = append(members[k], i)
		}
	}
	keys := slices.SortedFunc(maps.Keys(members), func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.option, b.option))
	})
	at := func(r row) float64 {
		return logistic(logit(r.prior) + weights[cell{"", r.cell.option}] + weights[r.cell])
	}
	for range sweeps {
		moved := 0.0
		for _, k := range keys {
			slope, bend := -ridge*weights[k], ridge+float64(len(members[k]))/4 // never flatter than it is, so no step is too long
			for _, i := range members[k] {
				slope -= at(rows[i])
				if rows[i].escalated {
					slope++
				}
			}
			weights[k] += slope / bend
			moved = max(moved, math.Abs(slope/bend))
		}
		if moved < still {
			break
		}
	}
	shifts := map[cell]float64{}
	for k, w := range weights {
		if k.class != "" {
			shifts[k] = w + weights[cell{"", k.option}]
		}
	}
	return shifts
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func logit(p float64) float64 {
	p = min(max(p, 1e-6), 1-1e-6)
	return math.Log(p / (1 - p))
}

// replay asks what would have been recommended for the decisions of the past, with what was possible then.
func replay(list []decision.Decision, now, next decision.Tuning) (flips []Flip, replayed int) {
	for _, d := range list {
		possible := decision.Capabilities{}
		for _, r := range d.Result.Ranking {
			possible[r.Option] = true
		}
		a, errA := now.Weigh(d.Case, possible)
		b, errB := next.Weigh(d.Case, possible)
		if errA != nil || errB != nil { // inputs of an older model that the rules no longer read
			continue
		}
		replayed++
		if a.Recommended != b.Recommended {
			flips = append(flips, Flip{d.ID, d.Mention, a.Recommended, b.Recommended})
		}
	}
	return flips, replayed
}

func digest(t decision.Tuning) string {
	b, err := json.Marshal(t.Shifts) // maps are written in the order of their keys
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
