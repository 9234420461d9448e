package wave

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"chop/internal/decision"
	"chop/internal/firm"
	"chop/internal/macro"
	"chop/internal/mention"
)

// Verdict is how an item stands in a wave before it starts.
type Verdict string

const (
	Take       Verdict = "take"       // will be done
	Hand       Verdict = "hand"       // will become a task for a person
	Second     Verdict = "second"     // carries criticism: only when ticked by itself, and another person confirms
	Mixed      Verdict = "mixed"      // criticism beside what the law wants gone: only when ticked by itself
	Asks       Verdict = "asks"       // the firm's owner or lawyer is asked first: only when ticked by itself, a few at once
	Criticism  Verdict = "criticism"  // is answered, never removed: listed apart, cannot be taken along
	Guarded    Verdict = "guard"      // another guard-rail forbids it
	Forbidden  Verdict = "mandate"    // the firm does not want it at all
	Impossible Verdict = "impossible" // the place does not offer it
	Already    Verdict = "already"    // it is so already, or somebody's decision waits
	Own        Verdict = "own"        // the firm's own words
	Gone       Verdict = "gone"       // no longer there
	Capped     Verdict = "capped"     // beyond the number of reports (G18)
)

// Verdicts lists them in the order in which they are shown.
var Verdicts = []Verdict{Take, Hand, Second, Mixed, Asks, Criticism, Guarded, Forbidden, Impossible, Capped, Already, Own, Gone}

// Runs tells whether an item with this verdict may be done at all.
func (v Verdict) Runs() bool { return v == Take || v == Hand || v.Apart() }

// Apart tells that the item is done only when a person ticked it by itself.
func (v Verdict) Apart() bool { return v == Second || v == Mixed || v == Asks }

// Facts is what the rule knows of an item.
type Facts struct {
	Mention mention.Mention
	Case    decision.Case
	Way     decision.Way
	Known   bool              // there is such a way
	Best    []decision.Option // recommended for this item, and companions
	Owner   bool              // the owner decides: nobody is asked for them
	Live    []decision.Option // what stands already or waits for somebody
}

// Judgement is what the rule says.
type Judgement struct {
	Verdict Verdict
	Code    string // guard
	Differs bool
	Final   bool
}

// Sort tells how an item stands in a wave with this plan. Criticism is never swept along: not hidden, deleted or
// reported with others, whatever else is true of it; where it stands beside something unlawful, a person ticks it by
// itself and another one confirms.
func Sort(p macro.Plan, f Facts) Judgement {
	switch {
	case f.Mention.Own:
		return Judgement{Verdict: Own}
	case !p.Decides():
		return Judgement{Verdict: Take}
	case slices.Contains(f.Live, p.Option):
		return Judgement{Verdict: Already}
	case !f.Mention.GoneAt.IsZero() && p.Restricts():
		return Judgement{Verdict: Gone}
	}
	j := Judgement{Differs: !slices.Contains(f.Best, p.Option)}
	w := f.Way
	bears := criticism(f.Case) && p.Restricts()
	switch {
	case !f.Known, !w.Can && !w.ByHand:
		j.Verdict = Impossible
	case bears && (w.Guard == "G1" || !lifted(f.Case)):
		j.Verdict, j.Code = Criticism, "G1"
	case w.Guard != "":
		j.Verdict, j.Code = Guarded, w.Guard
	case w.Mandate == firm.Never:
		j.Verdict = Forbidden
	case w.Second:
		j.Verdict = Second
	case bears:
		j.Verdict = Mixed
	case w.Lawyer, !f.Owner && p.Option != decision.Observe && (w.Authority.Level == decision.Ask || w.Authority.Level == decision.OwnerOnly):
		j.Verdict = Asks
	case w.ByHand:
		j.Verdict = Hand
	default:
		j.Verdict = Take
	}
	j.Final = j.Verdict.Runs() && w.Can && !w.Undo && w.Verb != ""
	return j
}

// criticism is what a firm must bear (law 4, G1).
func criticism(c decision.Case) bool {
	return c.BuyerQuestion || c.Has("complaint", "opinion", "health_safety")
}

// lifted tells whether something unlawful, a third person as victim or a documented fake stands beside the criticism
// (domain/decisions.md 4.4, G1).
func lifted(c decision.Case) bool {
	return c.ThirdPartyVictim || c.Has("hate", "personal_data", "spam", "threat", "fake_review")
}

// Cap leaves at most room reports in a wave; the others keep their place in the list and are named. Items stand in the
// order in which they were frozen, the heaviest first.
func Cap(p macro.Plan, items []Item, room int) {
	if p.Option != decision.Report {
		return
	}
	for i := range items {
		if !items[i].Verdict.Runs() {
			continue
		}
		if room--; room < 0 {
			items[i].Verdict, items[i].Code = Capped, "G18"
		}
	}
}

// Choice is what a person says of a preview: what is left out of what would be done, and which of those that stand apart
// are taken.
type Choice struct {
	Leave []string // mention ids
	With  []string // mention ids whose verdict stands apart
}

// Picked tells whether the item is done.
func (c Choice) Picked(i Item) bool {
	switch i.Verdict {
	case Take, Hand:
		return !slices.Contains(c.Leave, i.Mention)
	case Second, Mixed, Asks:
		return slices.Contains(c.With, i.Mention)
	}
	return false
}

func sum(vs ...any) string {
	h := sha256.Sum256(fmt.Append(nil, vs...))
	return hex.EncodeToString(h[:8])
}
