package crisis

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/lang"
)

// jargon never reaches an owner, in either language.
var jargon = regexp.MustCompile(`(?i)\b(P[1-4]|eskalac|triage|severity|priorytet|SLA|G12|case|sprawa MAN|\[|spam|troll|mention|item|exhibit|dowod)`)

func TestSummarySaysWhatAnOwnerNeeds(t *testing.T) {
	now := at("2026-11-22T00:52:00+01:00")
	x := Situation{Case: Case{Status: Accepted, Title: "case.title.wave", Facts: map[string]string{"post": "Zima w lnie"}, WordAt: now.Add(38 * time.Minute), OpenedAt: now.Add(-3 * time.Hour)},
		Lead: "Ewa Maj", Accounts: 19, Hostile: 38, Day: 38, Hour: 8, Normal: 1, Items: 40, Waiting: 3, Asked: 2, Answered: 0, Now: now}
	for _, want := range [][]string{
		{"Pod wpisem „Zima w lnie” ktoś pisze wiele wrogich komentarzy.", "38 wrogich wpisów od 19 kont; zwykle na dobę: 1.", "Ewa Maj. Najpierw odpowiadamy 2 osobom",
			"nie odpisywać", "najpóźniej 01:30"},
	} {
		got := Summary(x, lang.PL)
		if len(got) != len(want) {
			t.Fatalf("%d sentences: %q", len(got), got)
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("sentence %d is %q, want %q in it", i+1, got[i], want[i])
			}
		}
	}
	if got := strings.Join(Summary(x, lang.EN), " "); !strings.Contains(got, "38 hostile comments from 19 accounts") || !strings.Contains(got, "by 01:30") {
		t.Errorf("in English: %s", got)
	}
	for name, c := range map[string]struct {
		change func(*Situation)
		want   string
	}{
		"nobody has taken it":     {func(x *Situation) { x.Lead = "" }, "Obudziliśmy osobę na dyżurze"},
		"a request to the owner":  {func(x *Situation) { x.Requests = 1 }, "Czekamy na 1 Państwa decyzję."},
		"a genuine complaint":     {func(x *Situation) { x.Complaints = 1 }, "1 prawdziwa skarga: odpowiemy na nią i jej nie usuwamy"},
		"a quiet hour":            {func(x *Situation) { x.Hour = 0 }, "od godziny nie ma nowych"},
		"never happens otherwise": {func(x *Situation) { x.Normal = 0 }, "zwykle nie ma żadnego"},
		"contained":               {func(x *Situation) { x.Case.Status = Contained }, "Nic nie trzeba robić."},
		"a broken promise":        {func(x *Situation) { x.Case.WordAt = now.Add(-time.Minute) }, "jest w drodze"},
		"a person's own title":    {func(x *Situation) { x.Case.Title = "Zwolniony Kowalski kradnie" }, "Pojawiła się sprawa"},
		"accounts that act together": {func(x *Situation) {
			x.Case.Title, x.Case.Facts, x.Hostile, x.Items = "case.title.group", map[string]string{"count": "22"}, 0, 0
		}, "Sprawdzamy, czy kilka kont działa razem pod Państwa postami. Chodzi o 22 konta; kto za nimi stoi, tego nie wiemy."},
		"the firm's own call":   {func(x *Situation) { x.Case.Title = "case.title.call" }, "co nam Państwo zgłosili"},
		"over":                  {func(x *Situation) { x.Case.Status, x.Case.Resolution, x.Case.ClosedAt = Closed, Solved, now }, "Atak ustał. Sprawa jest zakończona."},
		"merely criticism":      {func(x *Situation) { x.Case.Status, x.Case.Resolution, x.Case.ClosedAt = Closed, Criticism, now }, "To była prawdziwa krytyka"},
		"over without a result": {func(x *Situation) { x.Case.Status, x.Case.ClosedAt, x.Hostile = Closed, now, 0 }, "Zajęło to 3"},
	} {
		y := x
		c.change(&y)
		if got := strings.Join(Summary(y, lang.PL), " "); !strings.Contains(got, c.want) || strings.Contains(got, "Kowalski") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Whatever happens, the owner reads three to five whole sentences without a word of the trade.
func TestSummaryIsAlwaysShortAndPlain(t *testing.T) {
	now := at("2026-11-22T00:52:00+01:00")
	titles := []string{"threat", "extortion", "distress", "health_safety", "hate", "personal_data", "wave", "ambush", "complaint", "call", "nonsense"}
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int { return rapid.IntRange(0, 1200).Draw(t, name) }
		x := Situation{Case: Case{Status: rapid.SampledFrom([]Status{Detected, Accepted, Contained, Closed}).Draw(t, "status"),
			Title: "case.title." + rapid.SampledFrom(titles).Draw(t, "title"), OpenedAt: now.Add(-time.Hour), ClosedAt: now,
			Resolution: rapid.SampledFrom(append([]Resolution{""}, Resolutions...)).Draw(t, "resolution")},
			Lead: rapid.SampledFrom([]string{"", "Ewa Maj"}).Draw(t, "lead"), Accounts: n("accounts"), Hostile: n("hostile"), Day: n("day"), Hour: n("hour"),
			Normal: float64(n("normal")) / 10, Complaints: n("complaints"), Asked: n("asked"), Answered: n("answered"), Items: n("items"), Waiting: n("waiting"),
			Requests: n("requests"), Now: now}
		if rapid.Bool().Draw(t, "promised") {
			x.Case.WordAt = now.Add(time.Duration(n("word")-600) * time.Minute)
		}
		for _, l := range []lang.Tag{lang.PL, lang.EN} {
			got := Summary(x, l)
			if len(got) < 3 || len(got) > 5 {
				t.Fatalf("%d sentences: %q", len(got), got)
			}
			for _, s := range got {
				if !strings.HasSuffix(s, ".") || len(s) > 260 || jargon.MatchString(s) {
					t.Fatalf("not plain: %q", s)
				}
			}
		}
	})
}
