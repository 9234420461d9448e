package pulse

import (
	"testing"

	"chop/internal/classify"
	"chop/internal/mention"
)

// Who tells of a bad experience of their own and advises against buying criticises; who only advises against it attacks.
func TestAdviceAgainstBuyingIsCriticismBesideAComplaint(t *testing.T) {
	for _, x := range []struct {
		labels []classify.Label
		want   bool
	}{
		{nil, false},
		{[]classify.Label{classify.Complaint}, false},
		{[]classify.Label{classify.Discouragement}, true},
		{[]classify.Label{classify.Discouragement, classify.Complaint}, false},
		{[]classify.Label{classify.Insult, classify.Discouragement, classify.Complaint}, true},
		{[]classify.Label{classify.Threat, classify.Complaint}, true},
	} {
		m := mention.Mention{}
		for _, l := range x.labels {
			m.Labels = append(m.Labels, string(l))
		}
		if got := hostileReply(m); got != x.want {
			t.Errorf("%v: hostile %v", x.labels, got)
		}
	}
}

// A linked account that praises or helps is no part of an ambush, though another one of its group attacks.
func TestAFriendlyMemberOfAGroupIsNoAttacker(t *testing.T) {
	friend := reply("friend", 1, false, "g")
	friend.Warm = true
	x, yes := DefaultRule().Look([]Reply{reply("a", 0, true, "g"), friend})
	if yes || x.Accounts != 1 || x.Others != 1 {
		t.Errorf("%v %+v", yes, x)
	}
}

// Two neighbours in a long list are two neighbours.
func TestARowNeedsThree(t *testing.T) {
	list := make([]string, 2000)
	for i := range list {
		list[i] = "other"
	}
	list[700], list[701] = "x", "y"
	who := map[string]bool{"x": true, "y": true, "z": true}
	if n := inARow([][]string{list}, who); n != 0 {
		t.Errorf("two accounts stand in a row in %d lists", n)
	}
	list[702] = "z"
	if n := inARow([][]string{list}, who); n != 1 {
		t.Errorf("three accounts stand in a row in %d lists", n)
	}
}

// An hour is quiet with less than a quarter of the mean hour.
func TestQuietIsLessThanAQuarterOfTheMean(t *testing.T) {
	b := Baseline{Weeks: 8}
	for i := range b.Mean {
		b.Mean[i] = 1
	}
	slot := here.slot(monday)
	for part, want := range map[float64]bool{0.1: true, 0.24: true, 0.26: false, 0.6: false} {
		b.Mean[slot] = part
		if got := b.Quiet(monday, here); got != want {
			t.Errorf("an hour with %v of the mean: quiet %v", part, got)
		}
	}
}
