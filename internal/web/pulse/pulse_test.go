package pulse

import (
	"errors"
	"testing"
	"time"

	"chop/internal/fault"
	"chop/internal/pulse"
)

func TestTheFormAndTheRuleSayTheSame(t *testing.T) {
	for _, r := range []pulse.Rule{pulse.DefaultRule(), {Accounts: 7, Within: 24 * time.Hour}, {Accounts: 100, Within: 5 * time.Minute, Linked: true}} {
		if got, err := formOf(r).rule(); err != nil || got != r {
			t.Errorf("%+v became %+v, %v", r, got, err)
		}
	}
	if r, err := (Form{Accounts: " 3 ", Minutes: "45", Counts: countHostile}).rule(); err != nil || r != (pulse.Rule{Accounts: 3, Within: 45 * time.Minute}) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWhatIsNoRuleIsAFaultOfItsField(t *testing.T) {
	for name, f := range map[string]Form{"accounts": {"dwa", "30", countLinked, ""}, "within": {"2", "", countLinked, ""}, "counts": {"2", "30", "all", ""}} {
		_, err := f.rule()
		var x *fault.Error
		if !errors.As(err, &x) || x.Kind != fault.Invalid || x.Field != name {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if _, err := (Form{"2", "999999999999", countLinked, ""}).rule(); err == nil { // as nanoseconds it would not fit
		t.Error("a time that overflows is taken")
	}
}
