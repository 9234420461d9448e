package classify

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawScored(t *rapid.T, what string) []Scored {
	var out []Scored
	for _, l := range rapid.SliceOfNDistinct(rapid.SampledFrom(Labels), 0, 5, rapid.ID[Label]).Draw(t, what) {
		out = append(out, Scored{l, rapid.Float64Range(0, 1).Draw(t, "score")})
	}
	return out
}

func drawResult(t *rapid.T) Result {
	return Result{Labels: drawScored(t, "stands"), Severity: rapid.IntRange(0, 4).Draw(t, "severity"),
		Engine: rapid.SampledFrom([]string{"builtin/1", ByPerson, ByMemory}).Draw(t, "engine")}
}

func drawSecond(t *rapid.T) Second {
	return Second{Engine: "m@h", Labels: drawScored(t, "second"), Severity: rapid.IntRange(-3, 9).Draw(t, "second severity"),
		Note: rapid.SampledFrom([]string{"", "", "second.late"}).Draw(t, "note"), Of: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "of")}
}

// Whatever a second engine says, nothing is lost, nothing becomes milder, and only safety labels are new.
func TestASecondOpinionOnlyAddsSafety(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was := drawResult(t)
		now := was
		for range rapid.IntRange(1, 3).Draw(t, "times") {
			now = Merge(now, drawSecond(t))
		}
		for _, x := range was.Labels {
			if x.Label != Neutral && !now.Has(x.Label) {
				t.Fatalf("%s was lost", x.Label)
			}
		}
		if was.Has(Neutral) && !now.Has(Neutral) && len(now.Second.Added) == 0 {
			t.Fatal("neutral was lost for nothing")
		}
		for _, x := range now.Labels {
			if !was.Has(x.Label) && !slices.Contains(Safety, x.Label) {
				t.Fatalf("%s was added", x.Label)
			}
			if !was.Has(x.Label) && (x.Score < sure || !slices.Contains(now.Second.Added, x.Label) || now.Severity < least[x.Label]) {
				t.Fatalf("%v was added with severity %d, added %v", x, now.Severity, now.Second.Added)
			}
		}
		if now.Severity < was.Severity || now.Severity > 4 {
			t.Fatalf("severity %d became %d", was.Severity, now.Severity)
		}
		if len(gained(was, now)) == 0 && now.Severity != was.Severity {
			t.Fatal("severity changed without a label")
		}
		if (was.Engine == ByPerson || was.Engine == ByMemory) && !slices.Equal(was.Labels, now.Labels) {
			t.Fatal("a person's labels changed")
		}
		if now.Engine != was.Engine {
			t.Fatal("the maker changed")
		}
	})
}

func TestMergingTwiceIsMergingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, s := drawResult(t), drawSecond(t)
		once := Merge(was, s)
		twice := Merge(once, s)
		if !slices.Equal(once.Labels, twice.Labels) || once.Severity != twice.Severity || len(once.Reasons) != len(twice.Reasons) {
			t.Fatalf("%+v\n%+v", once, twice)
		}
		if once.Second != nil && !slices.Equal(once.Second.Added, twice.Second.Added) {
			t.Fatalf("added %v, then %v", once.Second.Added, twice.Second.Added)
		}
	})
}

func TestMergeLeavesItsArgumentsAlone(t *testing.T) {
	was := Result{Labels: make([]Scored, 1, 8)}
	was.Labels[0] = Scored{Neutral, 0.9}
	Merge(was, Second{Labels: []Scored{{Threat, 0.9}}, Severity: 4})
	if was.Labels[0].Label != Neutral || was.Severity != 0 || was.Second != nil {
		t.Fatalf("%+v", was)
	}
}

func TestDisagreementIsShownNotApplied(t *testing.T) {
	was := Result{Labels: []Scored{{Complaint, 0.8}, {Insult, 0.6}}, Severity: 2}
	now := Merge(was, Second{Engine: "m@h", Labels: []Scored{{Praise, 0.9}, {Complaint, 0.7}, {Spam, 0.3}}, Severity: 0})
	if !slices.Equal(now.Labels, was.Labels) || now.Severity != 2 {
		t.Fatalf("applied: %+v", now)
	}
	more, fewer, severity := now.Disagreement()
	if !slices.Equal(more, []Label{Praise}) || !slices.Equal(fewer, []Label{Insult}) || !severity {
		t.Fatalf("%v %v %v", more, fewer, severity)
	}
	kept := Merge(now, Second{Engine: "m@h", Note: "second.late"})
	if more, _, _ := kept.Disagreement(); len(more) != 1 {
		t.Fatal("a note took the place of an opinion")
	}
}

func TestWhatIsWorthASecondLook(t *testing.T) {
	for _, c := range []struct {
		r    Result
		want bool
	}{
		{Result{Labels: []Scored{{Praise, 0.95}}}, false},
		{Result{Labels: []Scored{{Neutral, 0.9}}}, false},
		{Result{Labels: []Scored{{Neutral, 0.55}}}, true},
		{Result{Labels: []Scored{{Opinion, 0.6}}, Severity: 1}, true},
		{Result{Labels: []Scored{{Complaint, 0.99}}, Severity: 2}, true},
		{Result{}, true},
	} {
		if Doubtful(c.r) != c.want {
			t.Errorf("%+v: %v", c.r, !c.want)
		}
	}
}
