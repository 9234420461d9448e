package ownrule

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"chop/internal/classify"
	"chop/internal/classify/rules"
	"chop/internal/reason"
)

func result(severity int, labels ...classify.Label) classify.Result {
	r := classify.Result{Lang: "pl", Engine: "plain/1", Severity: severity}
	for _, l := range labels {
		r.Labels = append(r.Labels, classify.Scored{Label: l, Score: 0.8})
		r.Reasons = append(r.Reasons, reason.Reason{Rule: string(l) + ".word", Weight: 0.8})
	}
	return r
}

func about(text string) subject {
	return subject{classify.Text{ID: "m", Text: text}, "", rules.Lay(text)}
}

func one(id string, s Set) Rule { return Rule{ID: id, Version: 1, Set: s} }

const (
	hate     = classify.Hate
	insult   = classify.Insult
	question = classify.Question
	neutral  = classify.Neutral
)

func TestWhatARuleMakesOfAText(t *testing.T) {
	for name, c := range map[string]struct {
		rules    []Rule
		was      classify.Result
		want     []classify.Label
		severity int
		reasons  []string // of rules
	}{
		"gives a label":                       {[]Rule{one("1", Set{Does: Adds, Label: classify.Complaint})}, result(0, neutral), []classify.Label{classify.Complaint}, 2, []string{"rule.own"}},
		"gives what is there":                 {[]Rule{one("1", Set{Does: Adds, Label: insult})}, result(3, insult), []classify.Label{insult}, 3, []string{"rule.own"}},
		"gives a safety label, first":         {[]Rule{one("1", Set{Does: Adds, Label: hate})}, result(1, classify.Opinion), []classify.Label{hate, classify.Opinion}, 3, []string{"rule.own"}},
		"takes a label":                       {[]Rule{one("1", Set{Does: Takes, Label: insult})}, result(2, insult), []classify.Label{neutral}, 0, []string{"rule.own.away"}},
		"takes one of two":                    {[]Rule{one("1", Set{Does: Takes, Label: insult})}, result(2, insult, classify.Opinion), []classify.Label{classify.Opinion}, 1, []string{"rule.own.away"}},
		"takes one beside a graver":           {[]Rule{one("1", Set{Does: Takes, Label: classify.Opinion})}, result(3, classify.Opinion, insult), []classify.Label{insult}, 3, []string{"rule.own.away"}},
		"takes one beside a safety label":     {[]Rule{one("1", Set{Does: Takes, Label: insult})}, result(4, hate, insult), []classify.Label{hate}, 4, []string{"rule.own.away"}},
		"takes what is not there":             {[]Rule{one("1", Set{Does: Takes, Label: insult})}, result(1, classify.Opinion), []classify.Label{classify.Opinion}, 1, nil},
		"never takes a safety label":          {[]Rule{one("1", Set{Does: Takes, Label: hate})}, result(3, hate), []classify.Label{hate}, 3, nil},
		"raises":                              {[]Rule{one("1", Set{Does: Raises, Severity: 3})}, result(1, question), []classify.Label{question}, 3, []string{"rule.own.raise"}},
		"never lowers":                        {[]Rule{one("1", Set{Does: Raises, Severity: 1})}, result(3, insult), []classify.Label{insult}, 3, nil},
		"of two that disagree the giver wins": {[]Rule{one("1", Set{Does: Takes, Label: insult}), one("2", Set{Does: Adds, Label: insult})}, result(2, insult), []classify.Label{insult}, 2, []string{"rule.own"}},
		"takes, gives and raises":             {[]Rule{one("1", Set{Does: Raises, Severity: 3}), one("2", Set{Does: Adds, Label: question}), one("3", Set{Does: Takes, Label: insult})}, result(2, insult), []classify.Label{question}, 3, []string{"rule.own.away", "rule.own", "rule.own.raise"}},
	} {
		for i := range c.rules {
			c.rules[i].Name, c.rules[i].Words = "Nasza", "gumiak"
		}
		got := newBook("", c.rules).rule(about("To jest gumiak."), c.was)
		v := classify.VerdictOf(got)
		if !slices.Equal(v.Labels, c.want) || v.Severity != c.severity {
			t.Errorf("%s: %v %d, want %v %d", name, v.Labels, v.Severity, c.want, c.severity)
		}
		var said []string
		for _, x := range got.Reasons[len(c.was.Reasons):] {
			said = append(said, x.Rule)
			if x.Facts["word"] != "gumiak" || x.Facts["name"] != "Nasza" || x.Span == nil || x.Span.From != 8 || (x.Weight < 0) != (x.Rule == "rule.own.away") {
				t.Errorf("%s: %+v", name, x)
			}
		}
		if !slices.Equal(said, c.reasons) {
			t.Errorf("%s: reasons %v, want %v", name, said, c.reasons)
		}
		if back, want := fmt.Sprint(got.WithoutRules()), fmt.Sprint(c.was); back != want {
			t.Errorf("%s: taken back it is %s, want %s", name, back, want)
		}
	}
}

func TestWhenARuleSpeaks(t *testing.T) {
	s := Set{Name: "r", Words: "żegnamy was", Unless: "tylko żartuję, pozdrawiam", Does: Adds, Label: insult}
	reply, review := about("Żegnamy was!"), about("Żegnamy was!")
	reply.ParentLabels, review.Rating, review.channel = []classify.Label{question}, 2, "feed"
	only := func(f func(*Set)) Set { x := s; f(&x); return x }
	for name, c := range map[string]struct {
		Set
		on   subject
		want bool
	}{
		"words":                     {s, about("No, żegnam Was."), true},
		"other words":               {s, about("Witamy was."), false},
		"unless":                    {s, about("Żegnamy was, tylko żartuję."), false},
		"unless in other sentence":  {s, about("Żegnamy was. Pozdrawiam."), true},
		"second sentence free":      {s, about("Żegnamy was, pozdrawiam. Żegnamy was."), true},
		"channel":                   {only(func(s *Set) { s.Channel = "feed" }), review, true},
		"other channel":             {only(func(s *Set) { s.Channel = "wordpress" }), review, false},
		"stars":                     {only(func(s *Set) { s.Stars = 2 }), review, true},
		"too many stars":            {only(func(s *Set) { s.Stars = 1 }), review, false},
		"no stars at all":           {only(func(s *Set) { s.Stars = 5 }), reply, false},
		"under a question":          {only(func(s *Set) { s.UnderQuestion = true }), reply, true},
		"not under a question":      {only(func(s *Set) { s.UnderQuestion = true }), review, false},
		"words in another language": {s, about("Good bye"), false},
	} {
		r := newBook("", []Rule{one("1", c.Set)}).rule(c.on, result(0, neutral))
		if got := r.Has(insult); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// No rule, however it came into the database, takes a safety label away or makes a text that has one lighter; rules that
// speak twice say the same, and what they did can be taken back whole.
func TestNoRuleTakesASafetyLabel(t *testing.T) {
	labels := append(slices.Clone(classify.Labels), classify.FakeReview)
	words := []string{"gumiak", "to", "jest gumiak", "nic"}
	rapid.Check(t, func(t *rapid.T) {
		var list []Rule
		for i := range rapid.IntRange(0, 8).Draw(t, "rules") {
			list = append(list, one(fmt.Sprint(i), Set{Name: "r", Words: rapid.SampledFrom(words).Draw(t, "words"),
				Does:  rapid.SampledFrom([]Does{Adds, Takes, Raises}).Draw(t, "does"),
				Label: rapid.SampledFrom(labels).Draw(t, "label"), Severity: rapid.IntRange(0, 4).Draw(t, "raise")}))
		}
		was := result(rapid.IntRange(0, 4).Draw(t, "severity"), rapid.SliceOfNDistinct(rapid.SampledFrom(labels), 1, 6, rapid.ID).Draw(t, "labels")...)
		before, err := json.Marshal(was)
		if err != nil {
			t.Fatal(err)
		}
		b, s := newBook("", list), about("To jest gumiak.")
		got := b.rule(s, was)
		for _, l := range classify.Safety {
			if was.Has(l) && (!got.Has(l) || got.Severity < was.Severity) {
				t.Fatalf("%s with severity %d became %v with %d", l, was.Severity, got.Labels, got.Severity)
			}
		}
		if after, _ := json.Marshal(was); string(after) != string(before) {
			t.Fatalf("the result itself was changed: %s, then %s", before, after)
		}
		once, _ := json.Marshal(got)
		if twice, _ := json.Marshal(b.rule(s, got)); string(once) != string(twice) {
			t.Fatalf("spoken twice: %s, then %s", once, twice)
		}
		if back, _ := json.Marshal(got.WithoutRules()); string(back) != string(before) {
			t.Fatalf("taken back %s, was %s", back, before)
		}
	})
}

func TestWhatASecondEngineAddsOutlastsTheRules(t *testing.T) {
	r := newBook("", []Rule{one("1", Set{Name: "r", Words: "gumiak", Does: Takes, Label: insult})}).rule(about("Gumiak."), result(2, insult))
	r = classify.Merge(r, classify.Second{Engine: "second", Severity: 4, Labels: []classify.Scored{{Label: classify.Threat, Score: 0.9}}})
	r = r.WithoutRules()
	if v := classify.VerdictOf(r); !slices.Equal(v.Labels, []classify.Label{classify.Threat, insult}) || v.Severity != 4 {
		t.Errorf("%+v", v)
	}
}

func TestExamplesAreTheNewestAndSomeOfAllTimes(t *testing.T) {
	var all []Example
	for i := range 1000 {
		all = append(all, Example{Mention: fmt.Sprint(i), Against: i%300 == 299})
	}
	got := pick(all)
	against, old := 0, 0
	for i, e := range got {
		if i < mostNewest && e.Mention != fmt.Sprint(i) {
			t.Fatalf("example %d is %s", i, e.Mention)
		}
		if e.Against {
			against++
		}
		if len(e.Mention) == 3 && e.Mention >= "800" {
			old++
		}
	}
	if len(got) > MostExamples || len(got) < MostExamples-mostAgainst || against != 3 || old < 4 {
		t.Errorf("%d examples, %d against, %d old", len(got), against, old)
	}
}
