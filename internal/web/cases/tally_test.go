package cases

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/crisis"
	"chop/internal/mention"
	"chop/internal/source"
)

func TestCount(t *testing.T) {
	now := time.Date(2026, 11, 21, 23, 52, 0, 0, time.UTC)
	m := func(author, label string, s mention.Status, due time.Time, buyer bool) mention.Mention {
		return mention.Mention{AuthorKey: author, AuthorName: author, Labels: []string{label}, Status: s, DueAt: due, Buyer: buyer, State: source.Published}
	}
	gone := m("a", "insult", mention.Done, time.Time{}, false)
	gone.State = source.Gone
	own := m("firma", "neutral", mention.Quiet, time.Time{}, false)
	own.Own = true
	got := Count([]mention.Mention{m("a", "insult", mention.Open, time.Time{}, false), m("b", "question", mention.Open, now.Add(time.Hour), true),
		m("c", "complaint", mention.Open, now, false), gone, own})
	if got.Items != 4 || got.Hostile != 2 || got.Complaints != 1 || got.Waiting != 3 || got.Buyers != 1 || got.Decided != 1 || got.Gone != 1 {
		t.Errorf("%+v", got)
	}
	if len(got.Accounts) != 3 || got.Accounts[0].Name != "a" || got.Accounts[0].Items != 2 {
		t.Errorf("accounts %+v", got.Accounts)
	}
	if got.Next[0].AuthorName != "c" || got.Next[2].AuthorName != "a" || !got.Due.Equal(now) {
		t.Errorf("next %+v", got.Next)
	}
}

// However a case goes, its picture has a bounded number of steps and ends where the case ends.
func TestWindowIsBounded(t *testing.T) {
	now := time.Date(2026, 11, 21, 23, 52, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		c := crisis.Case{OpenedAt: now.Add(-time.Duration(rapid.Int64Range(0, int64(5*365*24*time.Hour)).Draw(t, "age")))}
		if rapid.Bool().Draw(t, "closed") {
			c.ClosedAt = c.OpenedAt.Add(now.Sub(c.OpenedAt) / 2)
		}
		from, to := window(c, now)
		if from.After(c.OpenedAt) || to.Sub(from) < 24*time.Hour || to.After(now) {
			t.Fatalf("%v to %v", from, to)
		}
		if n := to.Sub(from.Truncate(pace(to.Sub(from)))) / pace(to.Sub(from)); n > 98 {
			t.Fatalf("%d steps", n)
		}
	})
}

func TestMentionOfAnAddress(t *testing.T) {
	for in, want := range map[string]string{"abc": "abc", "/inbox?m=abc": "abc", "https://chop.example/inbox?firm=x&m=abc": "abc", "/inbox/abc": "abc",
		"": "", "%zz": "%zz", "https://x/?m=": "?m="} {
		if got := mentionID(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}
