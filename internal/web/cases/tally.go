package cases

import (
	"cmp"
	"slices"
	"time"

	"chop/internal/classify"
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
	Accounts   []Account
	Due        time.Time         // earliest time by which one should be decided
	Next       []mention.Mention // those that wait, the one with the least time first
}

// Account is one account of a case.
type Account struct {
	Key, Name string
	Source    string
	Items     int
	Hostile   int
	Complaint bool
}

// Count counts the mentions of a case. The firm's own words are not part of it.
func Count(ms []mention.Mention) Tally {
	var t Tally
	at := map[string]int{}
	for _, m := range ms {
		if m.Own {
			continue
		}
		t.add(m)
		i, known := at[m.AuthorKey]
		if !known {
			i = len(t.Accounts)
			at[m.AuthorKey] = i
			t.Accounts = append(t.Accounts, Account{Key: m.AuthorKey, Name: m.AuthorName, Source: m.Source})
		}
		t.Accounts[i].add(m)
	}
	slices.SortStableFunc(t.Accounts, func(a, b Account) int {
		return cmp.Or(cmp.Compare(b.Hostile, a.Hostile), cmp.Compare(b.Items, a.Items), cmp.Compare(a.Name, b.Name))
	})
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

// hostile labels as the pulse counts them.
func hostile(m mention.Mention) bool {
	for _, l := range m.Labels {
		if mention.Hostile("," + l + ",") {
			return true
		}
	}
	return false
}

func (t *Tally) add(m mention.Mention) {
	t.Items++
	if hostile(m) {
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

func (a *Account) add(m mention.Mention) {
	a.Items++
	if hostile(m) {
		a.Hostile++
	}
	a.Complaint = a.Complaint || m.Has(string(classify.Complaint))
}
