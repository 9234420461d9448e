package estimate

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/author/signal"
	"chop/internal/lang"
)

var noon = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

func wrote(days float64, text string, labels ...string) signal.Item {
	at := noon.Add(-time.Duration(days * 24 * float64(time.Hour)))
	return signal.Item{ID: fmt.Sprintf("m%v", days), Venue: "fb.test", Thread: "post:p", At: at, Text: text, Labels: labels}
}

func fact(field, value string) signal.Fact { return signal.Fact{Field: field, Value: value, At: noon} }

func reply(days float64, text string) signal.Reply {
	return signal.Reply{ID: "r", Thread: "post:p", At: noon.Add(-time.Duration(days * 24 * float64(time.Hour))), Text: text}
}

func set(b signal.Book) signal.Set {
	b.Now = noon
	return signal.Read(b)
}

// points by motive, from the lines of domain/decisions.md 3.3, added up by hand.
func TestMotives(t *testing.T) {
	venues := func(n int) (items []signal.Item) {
		for i := range n {
			it := wrote(float64(n-i), "Nie kupujcie tam")
			it.Venue = fmt.Sprint("v", i)
			items = append(items, it)
		}
		return items
	}
	for name, c := range map[string]struct {
		book   signal.Book
		points map[Motive]float64
		want   Motive
	}{
		"nothing known abstains": {signal.Book{}, map[Motive]float64{}, Undetermined},
		"a documented demand": {signal.Book{Items: []signal.Item{wrote(1, "Zamówiłam 3.11 za 219 zł, numer zamówienia 55310, proszę o zwrot")}},
			// refund +1.5, facts +1; facts −0.5; receipt −2; own claim −1; grievance −2
			map[Motive]float64{Constructive: 2.5, Vindictive: -0.5, Instrumental: -2, Cause: -1, Amusement: -2}, Constructive},
		"an accepted offer": {signal.Book{Ours: []signal.Reply{reply(2, "Proponujemy zwrot")}, Items: []signal.Item{wrote(3, "Zepsute"), wrote(1.9, "Dziękuję za zwrot, zgadzam się")}},
			map[Motive]float64{Constructive: 2, Amusement: 0.5}, Constructive},
		"two rejected offers, three venues, a call to share": {signal.Book{
			Ours:  []signal.Reply{reply(20, "Zwrócimy"), reply(10, "Proponujemy zwrot")},
			Items: append(venues(3), wrote(19.9, "Nie chcę zwrotu"), wrote(9.9, "Nie przyjmuję, udostępnijcie to dalej"))},
			// −2 rejected twice, −0.5 mobilises | +2, +1 venues, +1 mobilises; persistence 5 days of 20 is under 0.3 | no facts +0.5
			map[Motive]float64{Constructive: -2.5, Vindictive: 4, Amusement: 0.5}, Vindictive},
		"one rejected offer": {signal.Book{Ours: []signal.Reply{reply(2, "Zwrócimy")}, Items: []signal.Item{wrote(1.9, "Nie chcę zwrotu")}},
			map[Motive]float64{Vindictive: 1.5, Amusement: 0.5}, Undetermined}, // 4.48 of 9.13: 0.491
		"everybody should know": {signal.Book{Items: []signal.Item{wrote(1, "Niech wszyscy wiedzą, co to za sklep")}},
			map[Motive]float64{Vindictive: 1, Amusement: 0.5}, Undetermined},
		"persistent: ten active days of twenty": {signal.Book{Items: func() (is []signal.Item) {
			for i := range 10 {
				is = append(is, wrote(float64(2*i), "Znowu ja, 3.11 i 219 zł, nr 1234"))
			}
			return is
		}()}, map[Motive]float64{Constructive: 1, Vindictive: 0.5, Amusement: 0}, Undetermined},
		"money for silence": {signal.Book{Items: []signal.Item{wrote(1, "Zapłacicie to usunę wpis", "extortion")}},
			map[Motive]float64{Instrumental: 3, Amusement: 0.5, Cause: -1}, Instrumental}, // "zapłacicie" reads as a purchase of one's own
		"reviews at rivals, copied, no purchase": {signal.Book{Items: []signal.Item{wrote(1, "Beznadziejna obsługa i smak")},
			Facts: []signal.Fact{fact("review_pattern", "yes"), fact("customer", "no")}, Alike: []signal.Alike{{Mine: "m1", Other: "k", Jaccard: 0.9}}},
			map[Motive]float64{Instrumental: 3.5, Amusement: 0.5}, Instrumental},
		"a cause at many firms": {signal.Book{Items: []signal.Item{wrote(1, "Podpiszcie petycję o prawa zwierząt")}, Facts: []signal.Fact{fact("same_topic_firms", "5")}},
			map[Motive]float64{Constructive: -0.5, Vindictive: 1, Cause: 3, Amusement: 0.5}, Cause},
		"provokes many firms, laughs within minutes": {signal.Book{Facts: []signal.Fact{fact("offtopic_firms", "3")},
			Ours:  []signal.Reply{reply(3, "a"), reply(2, "b"), reply(1, "c")},
			Items: []signal.Item{wrote(3-2.0/1440, "hahaha"), wrote(2-2.0/1440, "xd"), wrote(1-2.0/1440, "lol")}},
			map[Motive]float64{Amusement: 3}, Amusement},
		"points are capped at four": {signal.Book{Items: []signal.Item{wrote(2, "Zapłaćcie a usunę opinię za to", "extortion")},
			Facts: []signal.Fact{fact("review_pattern", "yes"), fact("customer", "no")}, Alike: []signal.Alike{{Mine: "m2", Other: "k", Jaccard: 1}}},
			map[Motive]float64{Instrumental: 4, Cause: -1, Amusement: 0.5}, Instrumental},
	} {
		t.Run(name, func(t *testing.T) {
			g := Motivate(set(c.book))
			sum := 0.0
			for _, m := range Motives {
				sum += math.Exp(c.points[m])
			}
			for _, ch := range g.Chances {
				if math.Abs(ch.Points-c.points[ch.Motive]) > 1e-9 {
					t.Errorf("%s has %v points, want %v: %+v", ch.Motive, ch.Points, c.points[ch.Motive], ch.Lines)
				}
				if p := math.Exp(c.points[ch.Motive]) / sum; math.Abs(ch.P-p) > 1e-9 {
					t.Errorf("%s has %v, want %v", ch.Motive, ch.P, p)
				}
			}
			if g.Motive != c.want {
				t.Errorf("%s, want %s (%+v)", g.Motive, c.want, g.Chances)
			}
			if len(g.Change) == 0 {
				t.Error("nothing would change the mind")
			}
		})
	}
}

func TestEscalation(t *testing.T) {
	angry := func(days float64, labels ...string) signal.Item {
		it := wrote(days, "a", labels...)
		it.Arousal = 3
		return it
	}
	for name, c := range map[string]struct {
		book  signal.Book
		score float64
		band  int
	}{
		"nothing":                         {signal.Book{Items: []signal.Item{wrote(1, "a")}}, 0, 0},
		"angry":                           {signal.Book{Items: []signal.Item{angry(1), wrote(2, "b")}}, 1, 1},
		"a call to share, angry":          {signal.Book{Items: []signal.Item{angry(1), wrote(2, "udostępnijcie")}}, 2, 1},
		"came back elsewhere":             {signal.Book{Items: []signal.Item{wrote(1, "a")}, Deeds: []signal.Deed{{Option: "hide", After: signal.NewVenue}}}, 2, 1},
		"came back angry":                 {signal.Book{Items: []signal.Item{angry(1)}, Deeds: []signal.Deed{{Option: "hide", After: signal.RePost}}}, 3, 2},
		"calm after moderation":           {signal.Book{Items: []signal.Item{wrote(1, "a")}, Deeds: []signal.Deed{{Option: "hide", After: signal.Calm}}}, -1, 0},
		"we failed twice, they told us":   {signal.Book{Items: []signal.Item{wrote(1, "a")}, Facts: []signal.Fact{fact("failures", "2")}}, 1, 1},
		"the third time, they say":        {signal.Book{Items: []signal.Item{wrote(1, "Trzeci raz to samo")}}, 1, 1},
		"rising":                          {signal.Book{Items: []signal.Item{wrote(4, "a"), wrote(3, "b"), wrote(2, "c", "insult"), wrote(1, "d", "insult"), wrote(0, "e", "threat")}}, 1, 1},
		"accepted an offer after a share": {signal.Book{Ours: []signal.Reply{reply(2, "Zwrócimy")}, Items: []signal.Item{wrote(3, "udostępnijcie"), wrote(1.9, "Zgadzam się")}}, 0, 0},
	} {
		if e := Escalate(set(c.book)); e.Score != c.score || e.Band != c.band {
			t.Errorf("%s: %v (%d), want %v (%d): %+v", name, e.Score, e.Band, c.score, c.band, e.Lines)
		}
	}
}

func TestReach(t *testing.T) {
	backed := func(n int) signal.Book {
		it := wrote(1, "a")
		it.Backing = n
		return signal.Book{Items: []signal.Item{it}}
	}
	told := func(field, value string) signal.Book { return signal.Book{Facts: []signal.Fact{fact(field, value)}} }
	for name, c := range map[string]struct {
		book signal.Book
		want int
	}{
		"alone": {backed(0), 0}, "one reaction": {backed(1), 1}, "ten reactions": {backed(10), 1}, "twenty-nine": {backed(29), 1}, "thirty reactions": {backed(30), 2},
		"199 followers": {told("followers", "199"), 0}, "200": {told("followers", "200"), 1}, "999": {told("followers", "999"), 1},
		"1000": {told("followers", "1000"), 2}, "10000": {told("followers", "10000"), 2}, "10001": {told("followers", "10001"), 3},
		"100000": {told("followers", "100000"), 3}, "100001": {told("followers", "100001"), 4},
		"a journalist": {told("role", "journalist"), 3}, "a group's administrator": {told("role", "group_admin"), 3}, "national media": {told("role", "media"), 4},
		"no role": {told("role", "none"), 0},
	} {
		if got := ReachOf(set(c.book)); got.R != c.want {
			t.Errorf("%s: R%d, want R%d", name, got.R, c.want)
		}
	}
}

// The worked figures of domain/decisions.md 3.3.
func TestConfidence(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		n    int
		c, q float64
		idle time.Duration
		want float64
	}{
		{3, 0.6, OneRater, 0, 0.15}, {3, 0.6, TwoRaters, 0, 0.19}, {10, 0.8, TwoRaters, 0, 0.57}, {0, 1, 1, 0, 0}, {1000, 1, 1, 0, 0.9},
		{10, 0.8, TwoRaters, 60 * day, 0.29}, {10, 0.8, TwoRaters, 120 * day, 0.14}, {10, 0.8, TwoRaters, 23 * time.Hour, 0.57}, {10, 0.8, TwoRaters, -day, 0.57},
	} {
		if got := Confidence(c.n, c.c, c.q, c.idle); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d items, %v, %v, %v: %v, want %v", c.n, c.c, c.q, c.idle, got, c.want)
		}
	}
}

func TestStates(t *testing.T) {
	staff := wrote(1, "Ale ekipa", "insult", "praise")
	staff.Target = "author_other"
	for name, c := range map[string]struct {
		book signal.Book
		want []State
	}{
		"T1: wants a solution":              {signal.Book{Items: []signal.Item{wrote(1, "Zamówiłam 3.11, nie przyszło. Proszę o zwrot 20 zł")}}, []State{"T1"}},
		"not T1 once offers were rejected":  {signal.Book{Ours: []signal.Reply{reply(2, "Zwrócimy")}, Items: []signal.Item{wrote(3, "Proszę o zwrot 20 zł"), wrote(1.9, "Nie chcę zwrotu od was")}}, nil},
		"T2: loyal, failed again":           {signal.Book{Items: []signal.Item{wrote(1, "Od lat kupuję u was, a to już trzeci raz")}}, []State{"T2"}},
		"T6: money for silence":             {signal.Book{Items: []signal.Item{wrote(1, "Zapłaćcie, a usunę", "extortion")}}, []State{"T6"}},
		"not T6: a lawful claim":            {signal.Book{Items: []signal.Item{wrote(1, "Oddajcie pieniądze za obrus")}}, []State{"T1"}},
		"T9: a cause":                       {signal.Book{Items: []signal.Item{wrote(1, "Podpiszcie petycję o prawa zwierząt")}}, []State{"T9"}},
		"T13: satire":                       {signal.Book{Items: []signal.Item{wrote(1, "haha, lniany dwór", "satire")}}, []State{"T13"}},
		"not T13 with targeted false facts": {signal.Book{Items: []signal.Item{wrote(1, "haha, trują klientów", "satire", "claim")}}, nil},
		"T15: a defender who attacks":       {signal.Book{Items: []signal.Item{staff}}, []State{"T15"}},
		"T4: works there":                   {signal.Book{Items: []signal.Item{wrote(1, "Pracowałam tam do 3.11", "employment")}}, []State{"T4"}},
		"T14: names authorities":            {signal.Book{Items: []signal.Item{wrote(1, "Zgłosiłam do sanepidu, mam dowody, protokół", "health_safety")}}, []State{"T14"}},
		"nothing":                           {signal.Book{}, nil},
	} {
		var got []State
		for _, m := range Recognise(set(c.book)) {
			got = append(got, m.State)
			for _, k := range slices.Concat(m.Typical, m.Against) {
				if !lang.PL.Has("state.sign." + k.Code) {
					t.Errorf("no words for the sign %s", k.Code)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestProtections(t *testing.T) {
	for name, c := range map[string]struct {
		it   signal.Item
		want []string
	}{
		"an ordinary complaint":  {wrote(1, "Nie przyszło, proszę o zwrot", "complaint"), nil},
		"distress":               {wrote(1, "Nie mam już siły", "distress"), []string{Distress}},
		"a child":                {wrote(1, "mam 13 lat"), []string{Minor}},
		"a worker":               {wrote(1, "nie płacą nam", "employment"), []string{Whistleblower}},
		"a worker, by the words": {wrote(1, "Pracowałam tam rok"), []string{Whistleblower}},
		"documents to an office": {wrote(1, "Protokół poszedł do sanepidu"), []string{Whistleblower}},
		"a consumer's office":    {wrote(1, "Zgłaszam do UOKiK, proszę o zwrot"), nil},
		"a child in distress":    {wrote(1, "mam 13 lat", "distress"), []string{Distress, Minor}},
	} {
		var got []string
		for _, p := range Protections(set(signal.Book{Items: []signal.Item{c.it}})) {
			got = append(got, p.Kind)
			if p.Ref.ID != c.it.ID {
				t.Errorf("%s: points at %v", name, p.Ref)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Whatever the signals: chances are a distribution, the best stands first, abstaining follows the thresholds, every line that counted is
// explained in both languages, and confidence never grows while an account is silent.
func TestEstimatesHoldTogether(t *testing.T) {
	texts := []string{"Skandal!", "Proszę o zwrot 20 zł, zamówienie 12345", "haha xd", "udostępnijcie", "Nie chcę zwrotu", "petycja", "trzeci raz", "mam dowody"}
	rapid.Check(t, func(rt *rapid.T) {
		var b signal.Book
		for i := range rapid.IntRange(0, 15).Draw(rt, "n") {
			it := wrote(rapid.Float64Range(0, 100).Draw(rt, "days"), rapid.SampledFrom(texts).Draw(rt, "text"),
				rapid.SliceOfN(rapid.SampledFrom([]string{"insult", "extortion", "boycott", "trolling", "praise"}), 0, 2).Draw(rt, "labels")...)
			it.Venue, it.Arousal, it.Backing = fmt.Sprint(i%4), rapid.IntRange(0, 3).Draw(rt, "arousal"), rapid.IntRange(0, 50).Draw(rt, "backing")
			b.Items = append(b.Items, it)
			b.Ours = append(b.Ours, reply(rapid.Float64Range(0, 100).Draw(rt, "reply"), "Zwrócimy"))
		}
		for _, a := range rapid.SliceOfN(rapid.SampledFrom([]signal.After{signal.Calm, signal.WentOn, signal.NewAccount}), 0, 3).Draw(rt, "after") {
			b.Deeds = append(b.Deeds, signal.Deed{Option: "hide", After: a})
		}
		e := Of(set(b))
		sum := 0.0
		for i, c := range e.Guess.Chances {
			sum += c.P
			if math.Abs(c.Points) > cap4 || i > 0 && c.P > e.Guess.Chances[i-1].P {
				rt.Fatalf("%+v", e.Guess.Chances)
			}
			for _, l := range c.Lines {
				if !lang.PL.Has("reason."+l.Rule) || !lang.EN.Has("reason."+l.Rule) {
					rt.Fatalf("no words for %s", l.Rule)
				}
			}
		}
		if math.Abs(sum-1) > 1e-9 {
			rt.Fatal(sum)
		}
		best, second := e.Guess.Chances[0].P, e.Guess.Chances[1].P
		if abstains := best < 0.5 || best-second < 0.15; abstains != (e.Guess.Motive == Undetermined) {
			rt.Fatalf("%s with %v and %v", e.Guess.Motive, best, second)
		}
		if e.Escalation.Band < 0 || e.Escalation.Band > 2 || e.Reach.R < 0 || e.Reach.R > 4 || e.Confidence < 0 || e.Confidence > 0.9 {
			rt.Fatalf("%+v", e)
		}
		days := rapid.IntRange(0, 400).Draw(rt, "idle")
		if Confidence(20, 0.8, 1, time.Duration(days+1)*24*time.Hour) > Confidence(20, 0.8, 1, time.Duration(days)*24*time.Hour) {
			rt.Fatal("confidence grows in silence")
		}
	})
}

// Everything a page may have to name has words in both languages.
func TestEveryCodeHasWords(t *testing.T) {
	ids := []string{"motive.undetermined", "motive.why.low", "motive.why.close", "ppa.change.more_items", "ppa.change.an_offer"}
	for _, l := range lines {
		ids = append(ids, "reason.ppa."+string(l.motive)+"."+l.code, "ppa.change."+string(l.motive)+"."+l.code)
	}
	for _, h := range hots {
		ids = append(ids, "reason.ppa.escalation."+h.code)
	}
	for _, k := range kinds {
		ids = append(ids, "state."+string(k.state), "reason.ppa.do."+string(k.state))
		for _, s := range slices.Concat(k.typical, k.against) {
			ids = append(ids, "state.sign."+s.code)
		}
	}
	for _, m := range Motives {
		ids = append(ids, "motive."+string(m))
	}
	for _, f := range signal.Fields {
		ids = append(ids, "signal.fact."+f.Name)
	}
	for _, s := range signal.Read(signal.Book{}).Signals {
		ids = append(ids, "signal."+s.Code)
		if s.Unit != "" {
			ids = append(ids, "signal.unit."+s.Unit)
		}
	}
	for _, c := range gaps(signal.Read(signal.Book{})) {
		ids = append(ids, "ppa.gap."+c)
	}
	for _, id := range ids {
		for _, tag := range lang.Tags {
			if !tag.Has(id) {
				t.Errorf("%s has no words in %s", id, tag)
			}
		}
	}
}
