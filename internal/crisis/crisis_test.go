package crisis

import (
	"testing"
	"time"

	"chop/internal/fault"
)

func TestACaseMovesForward(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	c := Case{Status: Detected}
	if err := c.Accept("ewa", at); err != nil || c.Status != Accepted || c.Lead != "ewa" || !c.AcceptedAt.Equal(at) {
		t.Fatalf("%+v %v", c, err)
	}
	if err := c.Accept("tomek", at.Add(time.Hour)); err != nil || c.Lead != "tomek" || !c.AcceptedAt.Equal(at) {
		t.Fatalf("a second lead: %+v %v", c, err)
	}
	if err := c.Contain(SolvedTest{}, "", at); !fault.Is(err, fault.Invalid) {
		t.Fatalf("contained without the test and without a reason: %v", err)
	}
	if err := c.Contain(SolvedTest{{Name: Quiet, Holds: true}}, "", at); err != nil || c.Status != Contained {
		t.Fatalf("%+v %v", c, err)
	}
	if err := c.Close("nothing", "powód", at); !fault.Is(err, fault.Invalid) {
		t.Fatalf("an unknown resolution passes: %v", err)
	}
	if err := c.Close(Solved, "x", at); !fault.Is(err, fault.Invalid) {
		t.Fatalf("closed without a reason: %v", err)
	}
	if err := c.Close(Criticism, "to była prawdziwa skarga", at); err != nil || c.Open() {
		t.Fatalf("%+v %v", c, err)
	}
	for name, err := range map[string]error{"accept": c.Accept("x", at), "contain": c.Contain(SolvedTest{}, "powód", at), "close": c.Close(Solved, "powód", at)} {
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s of a closed case: %v", name, err)
		}
	}
	if err := c.Reopen("wrócili", at); err != nil || c.Status != Accepted || !c.ClosedAt.IsZero() || c.Resolution != "" {
		t.Fatalf("%+v %v", c, err)
	}
	if err := c.Reopen("jeszcze raz", at); !fault.Is(err, fault.Conflict) {
		t.Fatalf("an active case was reopened: %v", err)
	}
}
