package author

import (
	"math"
	"slices"
	"strconv"
	"time"

	"chop/internal/author/estimate"
	"chop/internal/author/signal"
	"chop/internal/reason"
)

// decayed halves a confidence for every 60 days, in whole days.
func decayed(base float64, idle time.Duration) float64 {
	days := math.Floor(max(idle, 0).Hours() / 24)
	return math.Round(base*math.Pow(0.5, days/60)*100) / 100
}

func itoa(n int) string { return strconv.Itoa(n) }

// says is a statement of ChOP about a signal.
func says(rule string, b signal.Signal, basis Basis, kv ...string) Statement {
	s := Statement{Rule: rule, Basis: basis, Refs: b.Refs, Facts: map[string]string{}}
	for i := 0; i+1 < len(kv); i += 2 {
		s.Facts[kv[i]] = kv[i+1]
	}
	if b.Told != nil {
		s.Basis, s.Source, s.At, s.By = Reported, b.Told.Source, b.Told.SeenAt, b.Told.Name
	}
	return s
}

// summary is field 1: what the account did, in sentences of behaviour.
func summary(s signal.Set) (out []Statement) {
	b01, b04 := s.Of("B01"), s.Of("B04")
	out = append(out, says("ppa.sum.volume", b01, Observed, "N", itoa(len(s.Book.Items)), "Venues", itoa(int(b04.Value))))
	add := func(when bool, st Statement) {
		if when && len(out) < 6 {
			out = append(out, st)
		}
	}
	b11, b12, b14, b16 := s.Of("B11"), s.Of("B12"), s.Of("B14"), s.Of("B16")
	add(b11.Ok() && b11.Word != signal.NoDemand, says("ppa.sum.demand."+b11.Word, b11, Observed))
	add(s.Of("B10").Part("cues") == 0, says("ppa.sum.no_facts", s.Of("B10"), Observed))
	add(s.Of("B10").Part("cues") > 0, says("ppa.sum.facts", s.Of("B10"), Observed, "N", itoa(int(s.Of("B10").Part("cues")))))
	add(b14.Part("rejected") > 0, says("ppa.sum.rejected", b14, Observed, "N", itoa(int(b14.Part("rejected")))))
	add(b14.Part("accepted") > 0, says("ppa.sum.accepted", b14, Observed))
	add(b12.Mobilises(), says("ppa.sum.mobilises", b12, Observed))
	if b16.Ok() {
		add(true, Statement{Rule: "ppa.sum.after." + b16.Word, Basis: Observed, Refs: deedRefs(s.Book.Deeds)})
	}
	return out
}

func deedRefs(ds []signal.Deed) (refs []reason.Ref) {
	for _, d := range ds {
		if d.Restrictive() {
			refs = append(refs, reason.Ref{Kind: "decision", ID: d.ID})
		}
	}
	return refs
}

// scales are fields 4 to 9 as ChOP proposes them, by the anchors of domain/decisions.md 3.4.
func scales(s signal.Set, e estimate.Estimate) map[string]Scale {
	m := map[string]Scale{}
	set := func(name string, v int, st ...Statement) { m[name] = Scale{Value: v, Known: true, Why: st} }
	if len(s.Book.Items) > 0 {
		v, n := intensity(s.Book.Items)
		set(Intensity, v, Statement{Rule: "ppa.scale.intensity", Basis: Inferred, Refs: n, Facts: map[string]string{"N": itoa(len(s.Book.Items))}})
	}
	if v, ok := persistence(s); ok {
		b := s.Of("B02")
		set(Persistence, v, says("ppa.scale.persistence", s.Of("B01"), Inferred, "N", itoa(len(s.Book.Items)),
			"Active", itoa(int(b.Part("active"))), "Span", itoa(max(int(b.Part("span")), 1))))
	}
	if b := s.Of("B10"); b.Ok() {
		set(Substance, substance(b), says("ppa.scale.substance", b, Inferred, "N", itoa(int(b.Part("cues")))))
	}
	if b := s.Of("B11"); b.Ok() {
		v, rule := openness(b, s.Of("B14"))
		x := b
		if s.Of("B14").Ok() {
			x = s.Of("B14")
		}
		set(Openness, v, says("ppa.scale.openness."+rule, x, Inferred))
	}
	if b := s.Of("B12"); b.Ok() {
		set(Mobilising, int(b.Value), says("ppa.scale.mobilising."+b.Word, b, Inferred))
	}
	line := e.Reach.Line
	set(Influence, e.Reach.R, Statement{Rule: line.Rule, Facts: line.Facts, Basis: Inferred, Refs: s.Of("B18").Refs})
	for _, c := range []string{"B18", "B20"} { // an account without items has no reach that we know of
		if len(s.Book.Items) == 0 && !s.Of(c).Ok() {
			delete(m, Influence)
		}
	}
	return m
}

// intensity is one more than the upper quartile of the items' intensity; a threat is always 5.
func intensity(items []signal.Item) (v int, refs []reason.Ref) {
	is := make([]int, len(items))
	for i, it := range items {
		is[i] = it.Intensity()
	}
	sorted := slices.Sorted(slices.Values(is))
	v = sorted[(3*(len(sorted)-1)+3)/4]
	if sorted[len(sorted)-1] == 4 {
		v = 4
	}
	for i := len(items) - 1; i >= 0 && len(refs) < 10; i-- {
		if is[i] >= v {
			refs = append(refs, reason.Ref{Kind: "mention", ID: items[i].ID})
		}
	}
	return v + 1, refs
}

// persistence: 1 single; 2 up to three items in a week; 3 weekly; 4 several a week for three weeks; 5 daily, or three venues for
// four weeks. "Daily" is an active day on four days of five over two weeks.
func persistence(s signal.Set) (int, bool) {
	n := len(s.Book.Items)
	if n == 0 {
		return 0, false
	}
	if n == 1 {
		return 1, true
	}
	span := s.Book.Items[n-1].At.Sub(s.Book.Items[0].At).Hours()/24 + 1
	perWeek := float64(n) / max(span/7, 1)
	b02, venues := s.Of("B02"), s.Of("B04").Value
	switch {
	case b02.Ok() && b02.Value >= 0.8 && b02.Part("span") >= 14, venues >= 3 && span >= 28:
		return 5, true
	case perWeek >= 2 && span >= 21:
		return 4, true
	case n <= 3 && span <= 8:
		return 2, true
	}
	return 3, true
}

// substance: 1 no checkable detail, 3 some, 5 dated and documented.
func substance(b signal.Signal) int {
	cues, proof := b.Part("cues"), b.Part("receipts") > 0
	switch {
	case cues == 0:
		return 1
	case cues == 1:
		return 2
	case cues >= 3 && proof:
		return 5
	case cues >= 3 && b.Value >= 3:
		return 4
	}
	return 3
}

// openness: 1 rejects everything, 3 unclear, 5 asks for something concrete or accepts.
func openness(demand, offers signal.Signal) (v int, rule string) {
	asks := demand.Is(signal.Refund, signal.Fix)
	switch {
	case offers.Part("accepted") > 0:
		return 5, "accepted"
	case offers.Part("rejected") > 0 && !asks:
		return 1, "rejects"
	case offers.Part("rejected") > 0:
		return 2, "rejects_but_asks"
	case asks:
		return 5, "asks"
	case demand.Is(signal.Apology):
		return 4, "asks_apology"
	case offers.Part("ignored") > 0:
		return 2, "ignores"
	}
	return 3, "unclear"
}

// against is the disconfirming evidence of field 10: what speaks against the best motive, and the signs against the suggested states,
// with what came of looking.
func against(s signal.Set, e estimate.Estimate) (out []Statement) {
	for _, r := range e.Guess.Chances[0].Lines {
		if r.Weight < 0 {
			out = append(out, Statement{Rule: r.Rule, Facts: r.Facts, Basis: Inferred, Refs: s.Of(r.Facts["Signal"]).Refs})
		}
	}
	for _, m := range e.States {
		for _, c := range m.Against {
			out = append(out, Statement{Rule: "ppa.checked." + string(c.Found), Basis: Observed, Refs: c.Refs,
				Facts: map[string]string{"Sign": c.Code, "State": string(m.State)}})
		}
	}
	return out
}

// options whose expected reaction field 11 names, in its order.
var options = []string{"hide", "delete", "block", "reply", "move_private", "observe"}

// expect is the table of field 11: what followed earlier deeds of the kind, or the expert's guess by band.
func expect(s signal.Set, e estimate.Estimate) (out []Expectation) {
	band := []string{"low", "medium", "high"}[e.Escalation.Band]
	for _, o := range options {
		n, hot, refs := 0, 0, []reason.Ref{}
		for _, d := range s.Book.Deeds {
			if d.Option == o && d.After != signal.NotYet {
				n++
				refs = append(refs, reason.Ref{Kind: "decision", ID: d.ID})
				if d.After.Hot() {
					hot++
				}
			}
		}
		st := Statement{Rule: "ppa.expect." + o + "." + band, Basis: Inferred}
		if n > 0 {
			st = Statement{Rule: "ppa.expect.seen", Basis: Observed, Refs: refs, Facts: map[string]string{"N": itoa(n), "Hot": itoa(hot)}}
		}
		out = append(out, Expectation{o, st})
	}
	return out
}

// stance is field 13: at most three things to do, from the first suggested state, and what never to do.
func stance(e estimate.Estimate) (do, not []Statement) {
	for _, m := range e.States {
		if len(do) < 2 {
			do = append(do, Statement{Rule: "ppa.do." + string(m.State), Basis: Inferred})
		}
	}
	do = append(do, Statement{Rule: "ppa.do.readers", Basis: Inferred})
	if e.Escalation.Band == 2 {
		not = append(not, Statement{Rule: "ppa.not.block", Basis: Inferred})
	}
	for _, r := range []string{"ppa.not.guess", "ppa.not.contact"} { // G8, G17
		not = append(not, Statement{Rule: r, Basis: Inferred})
	}
	return do, not
}
