package builtin

import (
	"fmt"
	"testing"

	"chop/internal/classify"
	"chop/internal/classify/examples"
)

type score struct{ right, wrong, missed float64 }

func (s score) f1() float64 { return 2 * s.right / max(2*s.right+s.wrong+s.missed, 1) }

// TestHeldOutQuality keeps the shipped weights from getting worse unnoticed; figures in full are in docs/measures.md.
func TestHeldOutQuality(t *testing.T) {
	e := engine(t)
	xs, err := examples.Read("../examples/held_polish.tsv")
	if err != nil {
		t.Fatal(err)
	}
	by := map[classify.Label]*score{}
	for _, l := range classify.Labels {
		by[l] = &score{}
	}
	for _, x := range xs {
		x.Text.Lang = ""
		r := label(t, e, x.Text)
		for _, l := range classify.Labels {
			switch got, want := r.Has(l), x.Has(l); {
			case got && want:
				by[l].right++
			case got:
				by[l].wrong++
			case want:
				by[l].missed++
			}
		}
	}
	macro := 0.0
	for _, l := range classify.Labels {
		macro += by[l].f1() / float64(len(classify.Labels))
	}
	if macro < 0.77 {
		t.Errorf("macro F1 %.3f", macro)
	}
	for l, least := range map[classify.Label]float64{classify.Threat: 0.72, classify.Extortion: 0.72, classify.Insult: 0.85, classify.Complaint: 0.77,
		classify.Question: 0.84, classify.PersonalData: 0.88} {
		if f := by[l].f1(); f < least {
			t.Errorf("%s: F1 %.3f", l, f)
		}
	}
}

// cases are corrections of a firm that trains boxers: what sounds like a beating is a lesson, and "melonik" is abuse there.
func cases() []Case {
	var cs []Case
	for i := range 24 {
		cs = append(cs,
			Case{Text: classify.Text{Text: fmt.Sprintf("Typowy melonik z tego trenera numer %d", i)}, Labels: []classify.Label{classify.Insult}, Severity: 2},
			Case{Text: classify.Text{Text: fmt.Sprintf("Trening numer %d zaliczony, wracam w piątek", i)}, Labels: []classify.Label{classify.Neutral}})
	}
	return cs
}

func TestAFirmsCasesTeachItsEngine(t *testing.T) {
	e := engine(t)
	fresh := classify.Text{Text: "Ten od jogi to też melonik"}
	if label(t, e, fresh).Has(classify.Insult) {
		t.Fatal("the engine knows the word already: choose another")
	}
	tuning, rep := e.Train(cases())
	own := e.With(tuning)
	if !label(t, own, fresh).Has(classify.Insult) {
		t.Errorf("not learned: %v", label(t, own, fresh).Labels)
	}
	if own.Name() == e.Name() || rep.Cases != 48 {
		t.Errorf("%s, %d cases", own.Name(), rep.Cases)
	}
	for _, l := range rep.Labels {
		if l.Label == classify.Insult && (l.Cases != 24 || l.After.Right <= l.Before.Right) {
			t.Errorf("report on insult: %+v", l)
		}
	}
	if label(t, e, fresh).Has(classify.Insult) {
		t.Error("the engine itself changed")
	}
	if e.With(&Tuning{Engine: "builtin/another"}) != e || e.With(nil) != e {
		t.Error("a tuning of another engine is used")
	}
}

// TestATuningNeverTakesSafetyAway: whatever a firm's people call harmless, what the engine calls a threat stays one.
func TestATuningNeverTakesSafetyAway(t *testing.T) {
	e := engine(t)
	xs := sample(t, 13)
	var cs []Case
	for _, x := range xs {
		cs = append(cs, Case{Text: x, Labels: []classify.Label{classify.Neutral}})
		if r := label(t, e, x); len(cs)%3 == 0 && !r.Has(classify.Threat) {
			cs = append(cs, Case{Text: x, Labels: []classify.Label{classify.Threat}})
		}
	}
	tuning, _ := e.Train(cs)
	own := e.With(tuning)
	for _, x := range xs {
		a, b := label(t, e, x), label(t, own, x)
		for _, l := range classify.Safety {
			if a.Has(l) && !b.Has(l) {
				t.Errorf("%q was %s, with the firm's tuning it is %s", x.Text, codes(a), codes(b))
			}
		}
	}
}
