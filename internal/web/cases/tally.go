package cases

import (
	"cmp"
	"slices"
	"time"

	"chop/internal/classify"
	"chop/internal/crisis"
	"chop/internal/mention"
)

// Tally is a case in numbers.
type Tally struct {
	Items      int
	Hostile    int
	Complaints int
	Waiting    int
	Buyers     int // of the waiting, questions of buyers
	Complain   int // of the waiting, genuine complaints
	Decided    int
	Gone       int // no longer visible to readers
	Accounts   []crisis.Account
	Due        time.Time         // earliest time by which one should be decided
	Next       []mention.Mention // those that wait, the one with the least time first
}

// Count counts the mentions of a case. The firm's own words are not part of it.
func Count(ms []mention.Mention) Tally {
	t := Tally{Accounts: crisis.Accounts(ms)}
	for _, m := range ms {
		if !m.Own {
			t.add(m)
		}
	}
	slices.SortStableFunc(t.Next, func(a, b mention.Mention) int {
		return cmp.Or(sooner(a.DueAt, b.DueAt), cmp.Compare(b.Severity, a.Severity), a.At.Compare(b.At))
	})
	if len(t.Next) > 0 {
		t.Due = t.Next[0].DueAt
	}
	return t
}

// sooner orders times of which zero means none and comes last.
func sooner(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		if a.IsZero() {
			return 1
		}
		return -1
	}
	return a.Compare(b)
}

func (t *Tally) add(m mention.Mention) {
	t.Items++
	if crisis.Hostile(m) {
		t.Hostile++
	}
	complaint := m.Has(string(classify.Complaint))
	if complaint {
		t.Complaints++
	}
	if !m.Visible() {
		t.Gone++
	}
	switch m.Status {
	case mention.Done:
		t.Decided++
	case mention.Open:
		t.Waiting++
		t.Next = append(t.Next, m)
		if m.Buyer {
			t.Buyers++
		}
		if complaint {
			t.Complain++
		}
	}
}
