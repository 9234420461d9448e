package triage

import (
	"slices"
	"testing"

	"chop/internal/mention"
)

func TestRulesAskForWhatIsDue(t *testing.T) {
	m := func(severity int, labels ...string) mention.Mention {
		return mention.Mention{ID: "m", Post: "p", Severity: severity, Labels: labels, AuthorName: "Jan", Text: "tekst"}
	}
	buyer := m(1, "question")
	buyer.Buyer = true
	for name, c := range map[string]struct {
		f    Facts
		want []string
	}{
		"threat":                         {Facts{Mention: m(4, "threat")}, []string{"urgent.threat"}},
		"blackmail beside insult":        {Facts{Mention: m(4, "insult", "extortion")}, []string{"urgent.extortion"}},
		"someone in distress":            {Facts{Mention: m(4, "distress")}, []string{"urgent.distress"}},
		"one insult wakes nobody":        {Facts{Mention: m(2, "insult"), Wave: Wave{Hostile: 1, Authors: 1}}, nil},
		"four are no wave":               {Facts{Mention: m(2, "insult"), Wave: Wave{Hostile: 4, Authors: 4}}, nil},
		"five by one account are none":   {Facts{Mention: m(2, "insult"), Wave: Wave{Hostile: 5, Authors: 1}}, nil},
		"five by three are":              {Facts{Mention: m(2, "insult"), Wave: Wave{Hostile: 5, Authors: 3}}, []string{"wave"}},
		"praise in a wave is no part":    {Facts{Mention: m(0, "praise"), Wave: Wave{Hostile: 9, Authors: 9}}, nil},
		"a complaint in a wave is none":  {Facts{Mention: m(2, "complaint"), Wave: Wave{Hostile: 9, Authors: 9}}, nil},
		"a buyer's question wakes none":  {Facts{Mention: buyer}, nil},
		"ordinary complaint wakes none":  {Facts{Mention: m(2, "complaint")}, nil},
		"serious complaint opens a case": {Facts{Mention: m(3, "complaint")}, []string{"complaint"}},
	} {
		var got []string
		for _, r := range all {
			if e, asks := r(c.f); asks {
				got = append(got, e.Rule)
				if e.Case && (e.Subject == "" || e.Title == "" || !e.Preserve) {
					t.Errorf("%s: %+v opens a case without subject, title or proof", name, e)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestAHugeWaveIsUrgent(t *testing.T) {
	e, _ := wave(Facts{Mention: mention.Mention{Labels: []string{"insult"}}, Wave: Wave{Hostile: 15, Authors: 9}})
	if e.Priority != 1 || e.Severity != 4 {
		t.Fatalf("%+v", e)
	}
}

func TestExcerptCutsCharactersNotBytes(t *testing.T) {
	if got := excerpt("żółć żółć", 5); got != "żółć…" {
		t.Errorf("%q", got)
	}
	if got := excerpt("krótkie", 120); got != "krótkie" {
		t.Errorf("%q", got)
	}
}
