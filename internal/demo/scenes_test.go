package demo

import (
	"reflect"
	"testing"
)

func TestTheEverydayLifeIsTheSameEveryTimeAndAnswersWhatWasAsked(t *testing.T) {
	life := everyday()
	if !reflect.DeepEqual(life, everyday()) {
		t.Error("two demonstrations differ")
	}
	said, answers := map[string]bool{}, 0
	for _, s := range life {
		if s.who == "" || s.mail == "" || s.text == "" {
			t.Fatalf("%+v", s)
		}
		if s.answer != "" {
			answers++
			if !said[s.answer] {
				t.Fatalf("%q answers what was not asked", s.text)
			}
		}
		said[s.text] = true
	}
	if len(life) < 300 || answers < 50 {
		t.Errorf("%d scenes, %d answers", len(life), answers)
	}
}
