package author

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/author/estimate"
	"chop/internal/author/lint"
	"chop/internal/author/signal"
	"chop/internal/lang"
)

var noon = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

// anyBook is a history of an account.
func anyBook(rt *rapid.T) signal.Book {
	texts := []string{"Skandal!", "Proszę o zwrot 20 zł, zamówienie 12345, mam paragon", "haha xd", "udostępnijcie", "Nie chcę zwrotu", "Zgadzam się",
		"petycja o prawa zwierząt", "trzeci raz to samo", "przeproście", "niech wszyscy wiedzą", "redakcja tvn już wie", "omijajcie"}
	b := signal.Book{Now: noon}
	for i := range rapid.IntRange(1, 20).Draw(rt, "n") {
		b.Items = append(b.Items, signal.Item{ID: fmt.Sprint(i), Venue: fmt.Sprint(rapid.IntRange(0, 4).Draw(rt, "venue")), Thread: "p",
			At: noon.Add(-time.Duration(rapid.IntRange(0, 100*24*60).Draw(rt, "minutes")) * time.Minute), Text: rapid.SampledFrom(texts).Draw(rt, "text"),
			Labels:  rapid.SliceOfN(rapid.SampledFrom([]string{"insult", "extortion", "boycott", "trolling", "praise", "satire", "claim", "threat"}), 0, 2).Draw(rt, "labels"),
			Arousal: rapid.IntRange(0, 3).Draw(rt, "arousal"), Backing: rapid.IntRange(0, 40).Draw(rt, "backing")})
	}
	for i := range rapid.IntRange(0, 4).Draw(rt, "replies") {
		b.Ours = append(b.Ours, signal.Reply{ID: fmt.Sprint("o", i), Thread: "p", Text: "Zwrócimy pieniądze",
			At: noon.Add(-time.Duration(rapid.IntRange(0, 100*24*60).Draw(rt, "minutes")) * time.Minute)})
	}
	for i, a := range rapid.SliceOfN(rapid.SampledFrom([]signal.After{signal.Calm, signal.WentOn, signal.RePost, signal.NewVenue, signal.NewAccount, signal.NotYet}), 0, 3).Draw(rt, "after") {
		b.Deeds = append(b.Deeds, signal.Deed{ID: fmt.Sprint("d", i), Option: rapid.SampledFrom(options).Draw(rt, "option"), After: a, At: noon})
	}
	if rapid.Bool().Draw(rt, "told") {
		b.Facts = []signal.Fact{{Field: "followers", Value: rapid.SampledFrom([]string{"10", "500", "5000", "50000", "500000"}).Draw(rt, "followers"),
			Source: "profil", Name: "ewa", SeenAt: noon, At: noon}}
	}
	return b
}

// Whatever an account did, its draft keeps to its own rules: scales within bounds with their anchors in words, every sentence known in
// both languages and about behaviour, at most sixty words of summary, two motives, three things to do.
func TestADraftKeepsItsRules(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		set := signal.Read(anyBook(rt))
		d := draft(set, estimate.Of(set), []Account{{Key: "k"}})
		all := slices.Concat(d.Summary, d.Against, d.Do, d.Not)
		for name, x := range d.Scale {
			lo, hi := Bounds(name)
			if x.Known && (x.Value < lo || x.Value > hi) || !lang.PL.Has("scale."+name+"."+itoa(x.Value)) {
				rt.Fatalf("%s says %d", name, x.Value)
			}
			all = append(all, x.Why...)
		}
		for _, x := range d.Expect {
			all = append(all, x.Says)
		}
		for _, s := range all {
			for _, tag := range lang.Tags {
				if !tag.Has("reason." + s.Rule) {
					rt.Fatalf("%s has no words in %s", s.Rule, tag)
				}
			}
		}
		text := ""
		for _, s := range d.Summary {
			text += s.Say(lang.PL) + " "
		}
		if fs := lint.Summary(text); lint.Blocks(fs) {
			rt.Fatalf("%q: %+v", text, fs)
		}
		if len(d.Chances) != 2 || len(d.Do) > 3 || len(d.Do) == 0 || len(d.Not) == 0 || len(d.Timeline) > maxLines || len(d.Claims) > maxClaims || d.Base < 0 || d.Base > 0.9 {
			rt.Fatalf("%+v", d)
		}
		for i := 1; i < len(d.Timeline); i++ {
			if d.Timeline[i].At.After(d.Timeline[i-1].At) {
				rt.Fatal("the timeline is out of order")
			}
		}
	})
}

func items(n int, every time.Duration, change func(i int, it *signal.Item)) (is []signal.Item) {
	for i := range n {
		it := signal.Item{ID: fmt.Sprint(i), Venue: "v", At: noon.Add(-time.Duration(n-1-i) * every)}
		if change != nil {
			change(i, &it)
		}
		is = append(is, it)
	}
	return is
}

// Anchors of domain/decisions.md 3.4.
func TestPersistence(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		items []signal.Item
		want  int
	}{
		"a single item":              {items(1, 0, nil), 1},
		"three in a week":            {items(3, 3*day, nil), 2},
		"weekly":                     {items(6, 7*day, nil), 3},
		"three in two weeks":         {items(3, 7*day, nil), 3},
		"three a week, three weeks":  {items(10, 60*time.Hour, nil), 4},
		"three a week, two weeks":    {items(6, 60*time.Hour, nil), 3},
		"daily for two weeks":        {items(15, day, nil), 5},
		"three venues for six weeks": {items(6, 9*day, func(i int, it *signal.Item) { it.Venue = fmt.Sprint(i % 3) }), 5},
		"three venues in a week":     {items(6, day, func(i int, it *signal.Item) { it.Venue = fmt.Sprint(i % 3) }), 3},
	} {
		if got, _ := persistence(signal.Read(signal.Book{Now: noon, Items: c.items})); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestIntensityScale(t *testing.T) {
	labels := func(ls ...string) []signal.Item {
		return items(len(ls), time.Hour, func(i int, it *signal.Item) {
			switch ls[i] {
			case "angry":
				it.Arousal = 2
			case "irritated":
				it.Arousal = 1
			default:
				it.Labels = []string{ls[i]}
			}
		})
	}
	for want, is := range map[int][]signal.Item{
		1: labels("complaint", "complaint", "complaint"),
		2: labels("complaint", "irritated", "irritated", "complaint"),
		3: labels("complaint", "angry", "angry", "irritated"),
		4: labels("complaint", "insult", "insult", "angry"),
		5: labels("complaint", "complaint", "complaint", "complaint", "threat"), // a threat is always 5
	} {
		if got, _ := intensity(is); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}
