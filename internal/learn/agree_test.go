package learn

import (
	"fmt"
	"math"
	"math/rand"
	"testing"
	"time"

	"chop/internal/classify"
)

func labelsOf(codes ...classify.Label) classify.Verdict { return classify.Verdict{Labels: codes} }

// judged is a judgement of mention m by who; newer ones stand first in a list.
func judged(m, who string, said, is classify.Verdict) classify.Judgement {
	return classify.Judgement{Mention: m, Who: who, Engine: "e", Said: said, Verdict: is}
}

func blind(m, who, drawn string, said, is classify.Verdict) classify.Judgement {
	j := judged(m, who, said, is)
	j.Blind, j.Drawn = true, drawn
	return j
}

var (
	insult  = labelsOf(classify.Insult)
	claim   = labelsOf(classify.Claim)
	both    = labelsOf(classify.Claim, classify.Insult)
	neutral = labelsOf(classify.Neutral)
)

func TestAgree(t *testing.T) {
	gone := judged("m5", "a", insult, claim)
	gone.TakenAt = time.Unix(1, 0)
	unread := judged("m6", "a", insult, claim)
	unread.Engine = ""
	a := Agree([]classify.Judgement{
		judged("m1", "b", insult, insult), judged("m1", "a", insult, claim), // the newest of a mention counts
		judged("m2", "a", insult, both), judged("m3", "a", both, claim), judged("m4", "a", neutral, insult), gone, unread,
	})
	if a.Judged != 4 || a.Alike.Of != 1 || a.Alike.All != 4 {
		t.Errorf("%+v", a)
	}
	want := map[classify.Label][4]int{classify.Insult: {2, 3, 2, 3}, classify.Claim: {1, 1, 1, 2}, classify.Neutral: {0, 1, 0, 0}}
	for _, f := range a.Labels {
		if got := [4]int{f.Precision.Of, f.Precision.All, f.Recall.Of, f.Recall.All}; got != want[f.Label] {
			t.Errorf("%s: %v, want %v", f.Label, got, want[f.Label])
		}
	}
	if len(a.Labels) != 3 {
		t.Errorf("%d labels", len(a.Labels))
	}
}

// Comments drawn because they had a label would make recall look better than it is.
func TestRecallIsTakenFromTheRandomHalf(t *testing.T) {
	a := Agree([]classify.Judgement{
		blind("m1", "a", classify.DrawnLabelled, insult, insult), blind("m2", "a", classify.DrawnLabelled, insult, insult),
		blind("m3", "a", classify.DrawnRandom, insult, insult), blind("m4", "a", classify.DrawnRandom, neutral, insult),
	})
	f := a.Labels[0]
	if f.Label != classify.Insult || f.Precision.Of != 3 || f.Precision.All != 3 || f.Recall.Of != 1 || f.Recall.All != 2 {
		t.Errorf("%+v", f)
	}
}

func TestMixups(t *testing.T) {
	got := Mixups([]classify.Judgement{judged("m1", "a", insult, claim), judged("m2", "a", insult, claim), judged("m3", "a", insult, both),
		judged("m4", "a", both, claim), judged("m5", "a", claim, claim)})
	if s := fmt.Sprint(got); s != "[{insult claim [m1 m2]} { claim [m3]} {insult  [m4]}]" {
		t.Error(s)
	}
}

func TestTogether(t *testing.T) {
	js := []classify.Judgement{
		blind("m1", "a", "", insult, insult), blind("m1", "b", "", insult, insult),
		blind("m2", "a", "", insult, claim), blind("m2", "b", "", insult, claim), blind("m2", "b", "", insult, insult), // b's older word
		blind("m3", "a", "", insult, claim),                                 // once
		judged("m4", "a", insult, claim), judged("m4", "b", insult, insult), // they saw what was said
	}
	p := Together(js)
	if p.Doubly != 2 || !p.Known || p.Alpha != 1 || len(p.ByLabel) != 2 || p.ByLabel[0].Alpha != 1 || p.ByLabel[0].Given != 2 {
		t.Errorf("%+v", p)
	}
	if p := Together(nil); p.Doubly != 0 || p.Known {
		t.Errorf("%+v", p)
	}
}

func weeksOf(n int, per func(i int) map[classify.Label]int) []tally {
	ts := make([]tally, n)
	for i := range ts {
		for l, k := range per(i) {
			ts[i].add([]string{string(l)}, k)
		}
	}
	return ts
}

func TestDriftSays(t *testing.T) {
	usual := map[classify.Label]int{classify.Praise: 20, classify.Complaint: 5, classify.Neutral: 25}
	for name, c := range map[string]struct {
		per  func(i int) map[classify.Label]int
		want Told
	}{
		"nothing there": {func(int) map[classify.Label]int { return nil }, TooFew},
		"as ever":       {func(int) map[classify.Label]int { return usual }, Steady},
		"a new firm": {func(i int) map[classify.Label]int {
			return map[bool]map[classify.Label]int{true: usual}[i >= allWeeks-4]
		}, TooFew},
		"little by chance": {func(i int) map[classify.Label]int {
			if i >= allWeeks-4 {
				return map[classify.Label]int{classify.Praise: 3, classify.Complaint: 1, classify.Neutral: 5}
			}
			return map[classify.Label]int{classify.Praise: 4, classify.Complaint: 1, classify.Neutral: 4}
		}, Steady},
		"an attack": {func(i int) map[classify.Label]int {
			if i >= allWeeks-4 {
				return map[classify.Label]int{classify.Praise: 10, classify.Insult: 40, classify.Neutral: 10}
			}
			return usual
		}, Changed},
	} {
		d := drift(weeksOf(allWeeks, c.per), time.Unix(0, 0))
		if got := d.Says(); got != c.want || len(d.Weeks) != ShownWeeks {
			t.Errorf("%s: %s (index %.3f, by chance %.3f), want %s", name, got, d.PSI, d.Chance, c.want)
		}
	}
	if d := drift(weeksOf(allWeeks, func(int) map[classify.Label]int { return usual }), time.Unix(0, 0)); math.Abs(d.PSI) > 1e-3 {
		t.Errorf("no change has the index %v", d.PSI)
	}
}

func TestASampleIsHalfFromAllHalfFromLabelled(t *testing.T) {
	var all []candidate
	for i := range 200 {
		all = append(all, candidate{id: fmt.Sprint(i), labelled: i%10 == 0})
	}
	for seed := range int64(50) {
		items, drawn, seen := draw(all, rand.New(rand.NewSource(seed)).Perm(len(all))), map[string]int{}, map[string]bool{}
		for i, x := range items {
			drawn[x.Drawn]++
			seen[x.Mention] = true
			if x.N != i+1 {
				t.Fatalf("number %d at %d", x.N, i)
			}
			if x.Drawn == classify.DrawnLabelled && x.Mention[len(x.Mention)-1] != '0' {
				t.Fatalf("%s has no label", x.Mention)
			}
		}
		if len(seen) != sampleSize || drawn[classify.DrawnRandom] != 5 || drawn[classify.DrawnLabelled] != 5 {
			t.Fatalf("%v", items)
		}
	}
	if n := len(draw(all[:4], []int{0, 1, 2, 3})); n != 4 {
		t.Errorf("of four comments %d were drawn", n)
	}
	if n := len(draw(all[1:30], rand.Perm(29))); n != sampleSize {
		t.Errorf("with few labels %d were drawn", n)
	}
}
