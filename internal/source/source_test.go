package source

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/fault"
)

func TestConditionSaysWhetherWeSee(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 52, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		s    Source
		want Condition
	}{
		"new":                      {Source{CreatedAt: ago(time.Minute), QuietAfter: time.Hour}, Fresh},
		"well":                     {Source{CheckedAt: ago(time.Second), OKAt: ago(time.Second), ItemAt: ago(time.Minute), QuietAfter: time.Hour}, Well},
		"one failure":              {Source{CheckedAt: now, OKAt: ago(time.Minute), ItemAt: ago(time.Minute), Fails: 1}, Shaky},
		"long failure":             {Source{CheckedAt: now, OKAt: ago(3 * time.Minute), Fails: 4}, Blind},
		"never worked":             {Source{CheckedAt: now, Fails: 1}, Blind},
		"wrong password":           {Source{CheckedAt: now, OKAt: ago(time.Second), Fails: 1, ErrorData: map[string]any{"permanent": true}}, Blind},
		"silent":                   {Source{CheckedAt: now, OKAt: now, ItemAt: ago(2 * time.Hour), QuietAfter: time.Hour}, Quiet},
		"silent from the start":    {Source{CreatedAt: ago(2 * time.Hour), CheckedAt: now, OKAt: now, QuietAfter: time.Hour}, Quiet},
		"silence is nothing here":  {Source{CheckedAt: now, OKAt: now, ItemAt: ago(1000 * time.Hour)}, Well},
		"credential ends tomorrow": {Source{CheckedAt: now, OKAt: now, ItemAt: now, ExpiresAt: now.Add(24 * time.Hour)}, Expiring},
		"blind beats expiring":     {Source{CheckedAt: now, Fails: 9, ExpiresAt: now.Add(time.Hour)}, Blind},
		"paused beats all":         {Source{Paused: true, Fails: 9}, Paused},
	} {
		if got := c.s.Condition(now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A channel is looked at often while it lives, less when it is quiet, rarely while it fails, and never sooner than the
// place asked for.
func TestPaceAdaptsAndRespectsThePlace(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		base := time.Duration(rapid.Int64Range(1, 60).Draw(r, "base")) * time.Second
		last := time.Duration(rapid.Int64Range(0, 600).Draw(r, "last")) * time.Second
		fails := rapid.IntRange(0, 50).Draw(r, "fails")
		wish := time.Duration(rapid.Int64Range(0, 7200).Draw(r, "wish")) * time.Second
		got := rapid.Bool().Draw(r, "items")
		next := pace(base, last, got, fails, wish)
		if next < wish || next < base && wish == 0 && fails == 0 {
			r.Fatalf("%v is too soon", next)
		}
		if limit := max(6*base, 5*time.Minute, wish); next > limit {
			r.Fatalf("%v is longer than %v", next, limit)
		}
		if got && fails == 0 && wish <= base && next != base {
			r.Fatalf("a lively channel waits %v, not %v", next, base)
		}
	})
}

func TestSettingsAreChecked(t *testing.T) {
	d := Description{Fields: []Field{{Name: "url", Required: true}, {Name: "kind", Default: "comment"}}}
	if _, err := checkSettings(d, Settings{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a missing address passes: %v", err)
	}
	if _, err := checkSettings(d, Settings{"url": string(make([]byte, 5000))}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a monstrous address passes: %v", err)
	}
	s, err := checkSettings(d, Settings{"url": "https://a", "strange": "x"})
	if err != nil || s["kind"] != "comment" || s["strange"] != "" {
		t.Errorf("%v %v", s, err)
	}
}
