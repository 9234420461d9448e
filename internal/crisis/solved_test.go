package crisis

import (
	"testing"
	"time"

	"chop/internal/alert"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/source"
)

// done is a case in which every condition holds.
func done() Facts {
	now := at("2026-11-22T03:00:00+01:00")
	said := func(id, label string, buyer bool) mention.Mention {
		return mention.Mention{ID: id, Labels: []string{label}, Severity: 2, Buyer: buyer, Status: mention.Done, State: source.Published,
			SeenAt: now.Add(-2 * time.Hour), ExternalID: "x" + id, AuthorKey: "k" + id}
	}
	return Facts{Case: Case{ID: "c", Status: Accepted, Lead: "ewa", ToldAt: now.Add(-time.Hour), OpenedAt: now.Add(-3 * time.Hour)},
		Mentions: []mention.Mention{said("a", "insult", false), said("b", "question", true), {ID: "own", Own: true, Status: mention.Open, State: source.Published}},
		Sealed:   map[string]bool{"a": true, "b": true}, Found: Findings{Answered: map[string]bool{"b": true}}, Setup: DefaultSetup(), Now: now}
}

func TestSolvedTest(t *testing.T) {
	if test := done().Test(); !test.Holds() || len(test) != 7 {
		t.Fatalf("nothing is missing, and yet: %+v", test)
	}
	if (SolvedTest{}).Holds() {
		t.Error("a test that was not made holds")
	}
	for name, x := range map[string]struct {
		change  func(*Facts)
		missing string
	}{
		"a hostile item within the hour":       {func(f *Facts) { f.Mentions[0].SeenAt = f.Now.Add(-59 * time.Minute) }, Quiet},
		"an item nobody decided about":         {func(f *Facts) { f.Mentions[0].Status = mention.Open }, Decided},
		"a buyer's question without an answer": {func(f *Facts) { f.Found.Answered = nil }, Answered},
		"an item without an exhibit":           {func(f *Facts) { delete(f.Sealed, "a") }, Sealed},
		"an owner who does not know":           {func(f *Facts) { f.Case.ToldAt = time.Time{} }, Told},
		"a decision that waits for the second": {func(f *Facts) { f.Found.Pending = []Pending{{Kind: "second", Mention: "a"}} }, Settled},
		"a deed in doubt":                      {func(f *Facts) { f.Found.Pending = []Pending{{Kind: "doubtful", Mention: "a"}} }, Settled},
		"an alert P2 about an item":            {func(f *Facts) { f.Alerts = []alert.Alert{{Key: "x", Priority: 2, Ref: mention.Ref("a")}} }, Alerts},
		"the case's own alert, nobody has it": {func(f *Facts) {
			f.Case.Lead, f.Alerts = "", []alert.Alert{{Key: AlertKey("c"), Priority: 1, State: alert.Open}}
		}, Alerts},
		"a matter of health after the owner was told": {func(f *Facts) {
			f.Mentions[0].Labels, f.Mentions[0].SeenAt = []string{"health_safety"}, f.Now.Add(-time.Minute)
		}, Word},
		"a matter of health without the owner's word": {func(f *Facts) {
			f.Mentions[0].Labels, f.Found.Word = []string{"health_safety"}, map[string]bool{}
		}, Word},
	} {
		f := done()
		x.change(&f)
		test := f.Test()
		if test.Holds() || test.Missing() != 1 {
			t.Errorf("%s: %d conditions are missing: %+v", name, test.Missing(), test)
			continue
		}
		for _, c := range test {
			if !c.Holds && c.Name != x.missing {
				t.Errorf("%s: %s is missing, want %s", name, c.Name, x.missing)
			}
		}
	}
	for name, change := range map[string]func(*Facts){
		"a complaint within the hour is not hostile": func(f *Facts) {
			f.Mentions[0].Labels, f.Mentions[0].SeenAt = []string{"complaint"}, f.Now
		},
		"an alert P3":                          func(f *Facts) { f.Alerts = []alert.Alert{{Key: "x", Priority: 3}} },
		"the case's own alert, somebody leads": func(f *Facts) { f.Alerts = []alert.Alert{{Key: AlertKey("c"), Priority: 1, State: alert.Open}} },
		"an alert about its own clock":         func(f *Facts) { f.Alerts = []alert.Alert{{Key: lateKey("c", "solved"), Priority: 2}} },
		"a question its author took back": func(f *Facts) {
			f.Found.Answered, f.Mentions[1].GoneAt = nil, f.Now
		},
		"a matter of health with the owner's word": func(f *Facts) {
			f.Mentions[0].Labels, f.Found.Word = []string{"health_safety"}, map[string]bool{"a": true}
		},
	} {
		f := done()
		change(&f)
		if !f.Test().Holds() {
			t.Errorf("%s stands in the way: %+v", name, f.Test())
		}
	}
}

func TestWhatRulesAskFor(t *testing.T) {
	f := done()
	if ts := f.asked(); len(ts) != 0 {
		t.Fatalf("everything is done, and yet asked for: %+v", ts)
	}
	f.Found = Findings{Pending: []Pending{{Kind: "manual", Mention: "a", Ref: reason.Ref{Kind: "deed", ID: "d"}, At: f.Now}, {Kind: "underway", Mention: "a"}}}
	f.Case.ToldAt, f.Case.Priority = time.Time{}, 1
	var kinds []string
	for _, task := range f.asked() {
		kinds = append(kinds, task.Kind)
		if task.Kind == AskOwner && !task.DueAt.Equal(f.Case.OpenedAt.Add(15*time.Minute)) {
			t.Errorf("the owner of an urgent case should know at %s", task.DueAt)
		}
	}
	if len(kinds) != 3 || kinds[0] != AskAnswer || kinds[1] != AskDeed || kinds[2] != AskOwner {
		t.Errorf("asked for %v", kinds)
	}
	again := f.asked()
	for i, task := range f.asked() {
		if task.Key != again[i].Key {
			t.Error("the same wish has two keys")
		}
	}
}
