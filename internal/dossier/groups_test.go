package dossier

import (
	"strings"
	"testing"
	"time"

	"chop/internal/evidence"
	"chop/internal/group"
	"chop/internal/lang"
)

func confirmed() group.Group {
	day := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	return group.Group{ID: "g", Number: 7, Level: group.Organised, State: group.Confirmed, Decided: day, DecidedName: "Ewa Maj",
		Finding: group.Finding{Input: "abc123", Code: "4", Together: 90, Expected: 20, SD: 4, Runs: 50, Seen: 60, Tested: 400, Pairs: 79800},
		Members: []group.Member{{Account: "k1", Name: "Jan Kowalski", State: group.In, R: 0.9, Common: 12, P: 0.001}, {Account: "k2", Name: "=HYPERLINK(1)", State: group.In},
			{Account: "k3", State: group.Out, Decided: day, DecidedName: "Ewa Maj"}},
		Links: []group.Link{{A: "k1", B: "k2", Shared: 15, Together: 14, Within: time.Minute, Expected: 0.3, Q: 1e-5, Exhibit: "x1"}}}
}

func speaking(o Order) (*work, *acting) {
	w := &work{p: &Package{Order: o}, items: []item{{Exhibit: evidence.Exhibit{ID: "x1", Number: 3}}}}
	a := &acting{Group: confirmed(), Kept: true, Folder: groupsFolder + "G-07/", Plain: group.Plain{Zone: "Europe/Warsaw", Numbers: map[string]string{"k1": "a000001", "k2": "a000002"}}}
	w.describe(o.Lang, a)
	return w, a
}

func TestAGroupIsToldInFiguresAndWithWhatWouldDisproveIt(t *testing.T) {
	_, a := speaking(Order{Lang: lang.PL})
	if want := "w ciągu 60\u00a0s na 14 z 15 postów; oczekiwane 0,3; q < 0,001"; len(a.Links) != 1 || a.Links[0].Says != want {
		t.Errorf("link says %+v, want %q", a.Links, want)
	}
	if a.Links[0].A != "Jan Kowalski (a000001)" || a.Links[0].Code == "" {
		t.Errorf("the link does not lead to its account and exhibit: %+v", a.Links[0])
	}
	all := strings.Join(append(append(append([]string{a.Title}, a.Signoff...), a.Figures...), a.Disproof...), "\n")
	for _, part := range []string{"G-07", "Ewa Maj", "20.11.2026", "Działa razem", "50 przetasowanych", "upada", "powiadomienie", "Historia jest krótka: 60", "jeszcze tego nie sprawdzono"} {
		if !strings.Contains(all, part) {
			t.Errorf("%q is not said in:\n%s", part, all)
		}
	}
	if len(a.Accounts) != 2 {
		t.Errorf("an account that a person took out is told of: %+v", a.Accounts)
	}
	for _, word := range []string{"fałszyw", "fake", "trol", "bot"} {
		if strings.Contains(strings.ToLower(all), word) {
			t.Errorf("the paper accuses: %q in\n%s", word, all)
		}
	}
}

func TestNamesToBeHiddenAreHiddenInGroups(t *testing.T) {
	_, a := speaking(Order{Lang: lang.EN, Hide: []string{"Jan Kowalski"}})
	if all := a.Links[0].A + a.Accounts[0].Name; strings.Contains(all, "Kowalski") {
		t.Errorf("a name that was to be hidden stands there: %s", all)
	}
}

func TestThePaperOfGroupsShowsWhatIsSaid(t *testing.T) {
	w, a := speaking(Order{Lang: lang.EN})
	page, err := render(sheet{Kind: "groups", L: lang.EN, P: *w.p, Groups: []acting{*a}})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"abc123", "chop coordinate --zone Europe/Warsaw --posts posts.csv actions.csv", "data/grupy/G-07/", "Confirmed by Ewa", "how accounts behave"} {
		if !strings.Contains(strings.ReplaceAll(string(page), "\u00a0", " "), part) {
			t.Errorf("%q is not on the paper", part)
		}
	}
}
