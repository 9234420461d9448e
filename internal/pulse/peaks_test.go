package pulse

import (
	"math"
	"testing"
	"time"
)

func TestTheTailFollowsTheFirmsOwnPast(t *testing.T) {
	calm, wild := make([]float64, 21), make([]float64, 21)
	for i := range calm { // quantiles of exponentials above 4: the law holds, and one three times as steep
		q := -math.Log((float64(i) + 0.5) / 21)
		calm[i], wild[i] = 4+q, 4+3*q
	}
	at := 12.0
	a, b := tail(calm, 8), tail(wild, 8)
	if !(a.Often(at) < b.Often(at)) || a.Often(at) > wanted || b.Often(at) < wanted {
		t.Errorf("as surprising as %v: %.3f a month where ordinary life is calm, %.3f where it is wild", at, a.Often(at), b.Often(at))
	}
	for s := 4.0; s < 40; s++ {
		if b.Often(s+1) >= b.Often(s) {
			t.Errorf("what is more surprising is not rarer: %v", s)
		}
	}
	attacked := append([]float64{300}, calm[1:]...)
	if x := tail(attacked, 8); x.Slope > 2*a.Slope {
		t.Errorf("one attack in the past makes the slope %.2f, without it %.2f", x.Slope, a.Slope)
	}
	if none := tail(nil, 0); none.Often(2) <= wanted || none.Often(30) > wanted {
		t.Errorf("without history: %v and %v a month", none.Often(2), none.Often(30))
	}
}

// An hour must not explain itself: with one week of history its own count would stand in its mean.
func TestAPeakIsHeldAgainstTheOtherHours(t *testing.T) {
	var past []Hour
	for i := range weekLong {
		past = append(past, Hour{monday.Add(time.Duration(i) * time.Hour), 1})
	}
	past[100].Count = 12
	all := count(past, here, func(h Hour) float64 { return float64(h.Count) })
	slot := here.slot(past[100].At)
	if got := all.without(slot, 12); math.Abs(got-1) > 1e-9 || all.means()[slot] < 1.5 {
		t.Errorf("without its own 12 the hour would bring %v, want 1; with them %v", got, all.means()[slot])
	}
}

// People come in a crowd after something nobody here knows of: the law alone would wake somebody several times a month.
func TestCrowdsThatAreOrdinaryForAFirmWakeNobody(t *testing.T) {
	crowd := func(from time.Time, hours, seed int) (out []Hour) {
		for i := range hours {
			n := 0
			if (i*7919+seed*104729)%61 == 0 { // at hours the week knows nothing of
				n = 3 + (i*31+seed)%8
			}
			out = append(out, Hour{from.Add(time.Duration(i) * time.Hour), n})
		}
		return out
	}
	told := 0
	for seed := range 10 {
		b := Learn(crowd(monday, 8*weekLong, seed), here)
		now := crowd(monday.Add(8*weekLong*time.Hour), 30*24, seed+50)
		for i := 3; i < len(now); i++ {
			var at []time.Time
			for _, h := range now[i-2 : i+1] {
				for range h.Count {
					at = append(at, h.At.Add(time.Minute))
				}
			}
			if _, yes := b.Look(at, now[i].At.Add(30*time.Minute), here); yes {
				told++
			}
		}
	}
	if told > 3 {
		t.Errorf("%d alarms in ten months", told)
	}
}
