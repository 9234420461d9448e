package action

import (
	"testing"
	"time"

	"chop/internal/source"
)

// The life of a deed as a picture; every pair that is not in it must be refused.
func TestADeedMovesOnlyAlongThePicture(t *testing.T) {
	want := map[State]map[Move]State{
		Planned:  {Schedule: Waiting, Assign: Manual},
		Waiting:  {Begin: Doing, Cancel: Cancelled, Fail: Failed},
		Doing:    {Succeed: Done, Fail: Failed, Doubt: Doubtful, Postpone: Waiting},
		Doubtful: {Succeed: Done, Fail: Failed, Postpone: Waiting},
		Done:     {Reverse: Undone},
		Manual:   {Succeed: Done, Cancel: Cancelled},
	}
	for _, from := range States {
		for _, m := range Moves {
			to, ok := Next(from, m)
			if expected, allowed := want[from][m]; ok != allowed || to != expected {
				t.Errorf("%s -%s-> %q %v, want %q %v", from, m, to, ok, expected, allowed)
			}
			d := Deed{State: from}
			if err := d.move(m); (err == nil) != ok || (!ok && d.State != from) {
				t.Errorf("%s -%s->: %v, state %s", from, m, err, d.State)
			}
		}
	}
}

// Whoever called the place is never followed by a second call without the place's word: from Doing and Doubtful there
// is no Begin.
func TestNoSecondCallFromDoubt(t *testing.T) {
	for _, from := range []State{Doing, Doubtful, Done, Undone, Failed, Cancelled} {
		if _, ok := Next(from, Begin); ok {
			t.Errorf("%s may begin again", from)
		}
	}
}

func TestPatienceGrowsAndThePlacesWishWins(t *testing.T) {
	for try, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 4: 40 * time.Second, 8: 10 * time.Minute, 1000: 10 * time.Minute} {
		if got := backoff(try, 0); got != want {
			t.Errorf("after %d tries: %s, want %s", try, got, want)
		}
	}
	if got := backoff(1, time.Hour); got != time.Hour {
		t.Errorf("the place asked for an hour: %s", got)
	}
}

func TestWhoDidIt(t *testing.T) {
	if (Deed{State: Done, Try: 1, Verb: source.Hide}).Hand() || !(Deed{State: Done}).Hand() || !(Deed{State: Manual}).Hand() {
		t.Error("a task and a deed are told apart by whether the place was called")
	}
}
