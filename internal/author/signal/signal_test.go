package signal

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"chop/internal/lang"
)

// noon is Sunday noon in Warsaw.
var noon = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

// wrote is an item so many days ago.
func wrote(days float64, text string, labels ...string) Item {
	at := noon.Add(-time.Duration(days * 24 * float64(time.Hour)))
	return Item{ID: fmt.Sprintf("m%v-%s", days, text), Ext: fmt.Sprintf("x%v", days), Venue: "fb.test", Thread: "post:p", At: at, Text: text, Labels: labels}
}

func with(it Item, change func(*Item)) Item { change(&it); return it }

func many(n int, make func(i int) Item) (items []Item) {
	for i := range n {
		items = append(items, make(i))
	}
	return items
}

// Every signal against a table worked out by hand.
func TestSignals(t *testing.T) {
	fact := func(field, value string) Fact {
		return Fact{Field: field, Value: value, Source: "profil publiczny", SeenAt: noon, At: noon}
	}
	reply := func(days float64, text string) Reply {
		return Reply{ID: fmt.Sprint(days), Thread: "post:p", At: noon.Add(-time.Duration(days * 24 * float64(time.Hour))), Text: text}
	}
	for name, c := range map[string]struct {
		code string
		book Book
		want Signal // Status, Value, Word, N and Parts are compared
	}{
		"volume counts days back from now": {"B01", Book{Items: []Item{wrote(100, "a"), wrote(40, "b"), wrote(10, "c"), wrote(1, "d"), wrote(0.5, "e")}},
			Signal{Status: Known, Value: 4, N: 5, Parts: map[string]float64{"d7": 2, "d30": 3, "d90": 4, "all": 5}}},
		"nothing written": {"B01", Book{}, Signal{Status: Few, Parts: map[string]float64{"d7": 0, "d30": 0, "d90": 0, "all": 0}}},
		"persistence: three active days in eleven, a gap of eight": {"B02", Book{Items: []Item{wrote(10, "a"), wrote(2, "b"), wrote(2.01, "c"), wrote(0, "d")}},
			Signal{Status: Known, Value: 3.0 / 11, N: 4, Parts: map[string]float64{"active": 3, "span": 11, "gap": 8}}},
		"persistence of two items is too little": {"B02", Book{Items: []Item{wrote(10, "a"), wrote(2, "b")}}, Signal{Status: Few, N: 2}},
		"nobody told the targets":                {"B03", Book{Items: many(20, func(i int) Item { return wrote(float64(i), "a") })}, Signal{Status: Unknown}},
		"told targets: 6 of 10 are ours":         {"B03", Book{Facts: []Fact{fact("targets", "6,3,1")}}, Signal{Status: Known, Value: 0.6, N: 10, Parts: map[string]float64{"hhi": 0.46, "targets": 3}}},
		"told targets, too few":                  {"B03", Book{Facts: []Fact{fact("targets", "6,3")}}, Signal{Status: Few, N: 9}},
		"three venues": {"B04", Book{Items: []Item{wrote(3, "a"), with(wrote(2, "b"), func(i *Item) { i.Venue = "x.test" }),
			with(wrote(1, "c"), func(i *Item) { i.Venue = "g.test" }), wrote(0, "d")}}, Signal{Status: Known, Value: 3, N: 4}},
		"circadian needs twenty": {"B05", Book{Items: many(19, func(i int) Item { return wrote(float64(i), "a") })}, Signal{Status: Few, N: 19}},
		"circadian: a quarter at night, four hours alike": {"B05", Book{Items: many(20, func(i int) Item {
			return wrote(float64(i)-float64(i%4)*0.25, "a") // 12:00, 18:00, 00:00 and 06:00 in Warsaw
		})}, Signal{Status: Known, Value: 0.25, N: 20, Parts: map[string]float64{"entropy": 2}}},
		"latency: 10, 20 and 60 minutes": {"B06", Book{Ours: []Reply{reply(10, "a"), reply(8, "b"), reply(6, "c"), reply(4, "unanswered")},
			Items: []Item{wrote(10-10.0/1440, "1"), wrote(8-20.0/1440, "2"), wrote(6-60.0/1440, "3")}}, Signal{Status: Known, Value: 20, N: 3}},
		"latency of two answers is too little": {"B06", Book{Ours: []Reply{reply(10, "a"), reply(8, "b")},
			Items: []Item{wrote(9.9, "1"), wrote(7.8, "2")}}, Signal{Status: Few, Value: 216, N: 2}},
		"intensity rises by one a week": {"B07", Book{Items: []Item{wrote(28, "a"), with(wrote(21, "b"), func(i *Item) { i.Arousal = 1 }),
			with(wrote(14, "c"), func(i *Item) { i.Arousal = 3 }), wrote(7, "d", "insult"), wrote(0, "e", "threat")}}, Signal{Status: Known, Value: 1, N: 5}},
		"four items have no slope": {"B07", Book{Items: many(4, func(i int) Item { return wrote(float64(i), "a", "insult") })}, Signal{Status: Few, N: 4}},
		"two strong words of eight; half the items angry": {"B08", Book{Items: []Item{wrote(2, "To skandal i hańba, panowie"),
			with(wrote(1, "Proszę o odpowiedź"), func(i *Item) { i.Arousal = 2 })}}, Signal{Status: Known, Value: 100.0 / 8, N: 2, Parts: map[string]float64{"angry": 0.5}}},
		"insults: one of two at people": {"B09", Book{Items: []Item{with(wrote(3, "a", "insult"), func(i *Item) { i.Target = "staff" }),
			with(wrote(2, "b", "insult"), func(i *Item) { i.Target = "firm" }), wrote(1, "c")}},
			Signal{Status: Known, Value: 0.5, N: 3, Parts: map[string]float64{"people": 1, "firm": 1}}},
		"density: amount, order and date in nine words": {"B10", Book{Items: []Item{wrote(1, "Zapłaciłam 219 zł, zamówienie nr 55310 z 3.11, nie przyszło.")}},
			Signal{Status: Known, Value: 30, N: 1, Parts: map[string]float64{"cues": 3, "receipts": 0}}},
		"demand: the strongest counts": {"B11", Book{Items: []Item{wrote(2, "Proszę o kontakt"), wrote(1, "Żądam zwrotu pieniędzy!")}},
			Signal{Status: Known, Word: Refund, N: 2, Parts: map[string]float64{Fix: 1, Refund: 1, "everyone": 0}}},
		"a demand of one's money back is no extortion": {"B11", Book{Items: []Item{wrote(1, "Oddajcie pieniądze, bo pójdę do sądu")}},
			Signal{Status: Known, Word: Refund, N: 1, Parts: map[string]float64{Refund: 1, "everyone": 0}}},
		"money for silence": {"B11", Book{Items: []Item{wrote(1, "Zapłaćcie, a usunę wpis", "extortion")}},
			Signal{Status: Known, Word: Silence, N: 1, Parts: map[string]float64{Silence: 1, "everyone": 0}}},
		"mobilising: a call to share": {"B12", Book{Items: []Item{wrote(2, "Udostępnijcie to dalej!"), wrote(1, "ok")}},
			Signal{Status: Known, Value: 3, Word: "asks_to_share", N: 2, Parts: map[string]float64{"calls": 1, "value": 0}}},
		"mobilising: petition organises and speaks of values": {"B12", Book{Items: []Item{wrote(1, "Podpiszcie petycję o prawa zwierząt")}},
			Signal{Status: Known, Value: 5, Word: "organises", N: 1, Parts: map[string]float64{"calls": 1, "value": 1}}},
		"threats: violence before the court": {"B13", Book{Items: []Item{wrote(2, "Spotkamy się w sądzie"), wrote(1, "a", "threat")}},
			Signal{Status: Known, Word: "violence", N: 2, Parts: map[string]float64{"violence": 1, "reputation": 0, "lawful": 1}}},
		"an offer rejected, one accepted, one ignored": {"B14", Book{
			Ours:  []Reply{reply(30, "Proponujemy zwrot."), reply(20, "Zwrócimy pieniądze."), reply(10, "Wymienimy obrus."), reply(9, "Dziękujemy za wpis."), reply(0.1, "Zwrócimy")},
			Items: []Item{wrote(29.9, "Nie chcę zwrotu!"), wrote(19.9, "Dziękuję za zwrot, zgadzam się")}},
			Signal{Status: Known, Word: "accepted", N: 3, Parts: map[string]float64{"accepted": 1, "rejected": 1, "ignored": 1}}},
		"no offer was made": {"B14", Book{Items: []Item{wrote(1, "a")}}, Signal{Status: Few, Word: "ignored", Parts: map[string]float64{"accepted": 0, "rejected": 0, "ignored": 0}}},
		"a person tells of an offer by telephone": {"B14", Book{Facts: []Fact{fact("offer", "rejected")}},
			Signal{Status: Known, Word: "rejected", N: 1, Parts: map[string]float64{"accepted": 0, "rejected": 1, "ignored": 0}}},
		"praise before the first complaint": {"B15", Book{Items: []Item{wrote(30, "Piękne", "praise"), wrote(2, "Zepsute", "complaint")}},
			Signal{Status: Known, Word: "tie", N: 2, Parts: map[string]float64{"praise": 1, "loyal": 0, "again": 0}}},
		"the firm found no purchase": {"B15", Book{Items: []Item{wrote(2, "Zepsute", "complaint")}, Facts: []Fact{fact("customer", "no")}},
			Signal{Status: Known, Word: "not_found", N: 1, Parts: map[string]float64{"praise": 0, "loyal": 0, "again": 0}}},
		"a calm day and a new account": {"B16", Book{Deeds: []Deed{{ID: "1", Option: "hide", After: Calm}, {ID: "2", Option: "delete", After: NewAccount},
			{ID: "3", Option: "reply", After: RePost}, {ID: "4", Option: "block"}}}, Signal{Status: Known, Word: "new_account", N: 2, Parts: map[string]float64{"calm": 1, "new_account": 1}}},
		"no moderation yet": {"B16", Book{Deeds: []Deed{{ID: "4", Option: "block"}}}, Signal{Status: Few, Parts: map[string]float64{}}},
		"four answers to us, two to others": {"B17", Book{Items: many(6, func(i int) Item {
			return with(wrote(float64(i), "a"), func(x *Item) { x.ToFirm, x.ToOther = i < 4, i >= 4 })
		})}, Signal{Status: Known, Value: 2, N: 6, Parts: map[string]float64{"firm": 4, "others": 2}}},
		"supporters": {"B18", Book{Items: []Item{with(wrote(2, "a"), func(i *Item) { i.Backing = 7 }), with(wrote(1, "b"), func(i *Item) { i.Backing = 3 })}},
			Signal{Status: Known, Value: 10, N: 2, Parts: map[string]float64{"most": 7}}},
		"age of the account, told": {"B19", Book{Facts: []Fact{fact("account_days", "12"), fact("complete", "no")}}, Signal{Status: Known, Value: 12, N: 1, Parts: map[string]float64{"complete": 0}}},
		"followers, told":          {"B20", Book{Facts: []Fact{fact("followers", "1000")}}, Signal{Status: Known, Value: 1000, N: 1, Parts: map[string]float64{"log10": 3}}},
		"followers, nobody told":   {"B20", Book{}, Signal{Status: Unknown}},
		"contradictions need two":  {"B21", Book{Items: []Item{wrote(1, "a")}, Facts: []Fact{fact("contradictions", "1")}}, Signal{Status: Few, Value: 1, N: 1}},
		"what we hid is not removed by the account": {"B22", Book{Deeds: []Deed{{Mention: "m1-a", Option: "hide"}}, Items: []Item{
			with(wrote(1, "a"), func(i *Item) { i.GoneAt = noon }), with(wrote(2, "b"), func(i *Item) { i.GoneAt = i.At.Add(3 * time.Hour) }),
			with(wrote(3, "c"), func(i *Item) { i.Edits = 2 })}}, Signal{Status: Known, Value: 2, N: 3, Parts: map[string]float64{"gone": 1, "edited": 1, "hours": 3}}},
		"one account writes the same, within ten minutes": {"B23", Book{Items: []Item{wrote(1, "a")}, Alike: []Alike{
			{Mine: "m1-a", Other: "k2", Jaccard: 0.6, Apart: -10 * time.Minute}, {Mine: "m1-a", Other: "k3", Jaccard: 0.59}, {Mine: "m1-a", Other: "k4", Jaccard: 0.9, Apart: time.Hour}}},
			Signal{Status: Known, Value: 2, N: 1, Parts: map[string]float64{"together": 1}}},
		"first seen in a burst": {"B24", Book{Items: []Item{wrote(1, "a")}, Bursts: []Window{{noon.Add(-25 * time.Hour), noon.Add(-23 * time.Hour)}}}, Signal{Status: Known, Word: "yes", N: 1}},
		"first seen after it":   {"B24", Book{Items: []Item{wrote(1, "a")}, Bursts: []Window{{noon.Add(-30 * time.Hour), noon.Add(-24 * time.Hour)}}}, Signal{Status: Known, Word: "no", N: 1}},
		"four reviews are few":  {"B25", Book{Items: many(4, func(i int) Item { return with(wrote(float64(i), "a"), func(x *Item) { x.Rating = 1 }) })}, Signal{Status: Few, Value: 4, N: 4, Parts: map[string]float64{"stars1": 4}}},
		"a pattern somebody saw": {"B25", Book{Items: []Item{with(wrote(1, "a"), func(x *Item) { x.Rating = 1 })}, Facts: []Fact{fact("review_pattern", "yes")}},
			Signal{Status: Known, Value: 1, N: 1, Parts: map[string]float64{"stars1": 1, "pattern": 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			c.book.Now = noon
			got := Read(c.book).Of(c.code)
			short := Signal{Status: got.Status, Value: got.Value, Word: got.Word, N: got.N, Parts: got.Parts}
			equal := cmp.Comparer(func(a, b float64) bool { return near(a, b) || a-b < 1e-6 && b-a < 1e-6 })
			if d := cmp.Diff(c.want, short, equal); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestIntensity(t *testing.T) {
	for want, it := range []Item{{Arousal: 0, Labels: []string{"complaint"}}, {Arousal: 1}, {Arousal: 3}, {Labels: []string{"insult"}, Arousal: 3}, {Labels: []string{"insult", "hate"}}} {
		if got := it.Intensity(); got != want {
			t.Errorf("%+v: %d, want %d", it, got, want)
		}
	}
}

func TestStatedAge(t *testing.T) {
	for text, want := range map[string]int{
		"Mam 13 lat i to jest słabe":             13,
		"mam 9 lat":                              9,
		"I'm 15 years old":                       15,
		"Chodzę do podstawówki":                  14,
		"jestem w 7 klasie, nie mam konta banku": 14,
		"mam 18 lat":                             0,
		"mam 15 lat doświadczenia w branży":      0,
		"mam 12 lat stażu":                       0,
		"od 14 lat kupuję u was":                 0,
		"mój syn ma 13 lat":                      0,
		"mam 14 zł":                              0,
	} {
		if got := ReadCues(text).Age; got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
		if got := ReadSafety(text).Age; got != want {
			t.Errorf("%q, quickly: %d, want %d", text, got, want)
		}
	}
}

func TestDetailsCountOnce(t *testing.T) {
	for text, want := range map[string][3]int{ // dates, amounts, orders
		"219 zł":                                {0, 1, 0},
		"1 200,50 zł za obrus":                  {0, 1, 0},
		"3.11.2026":                             {1, 0, 0},
		"2026-11-03 o 12":                       {1, 0, 0},
		"3 listopada":                           {1, 0, 0},
		"zamówienie nr 55310":                   {0, 0, 1},
		"faktura FV/2026/1123":                  {0, 0, 1},
		"3.11 zapłaciłam 3.11 zł":               {1, 1, 0},
		"piszę trzeci raz w tym tygodniu":       {0, 0, 0},
		"Paid 50 EUR on 12 Nov, order #A-99887": {1, 1, 1},
	} {
		c := ReadCues(text)
		if got := [3]int{c.Dates, c.Amounts, c.Orders}; got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// The hour that comes twice in October counts twice; the one that is left out in March stays empty.
func TestHeatFollowsTheClocksOfWarsaw(t *testing.T) {
	at := func(s string) Item {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return Item{At: x}
	}
	autumn := Warm([]Item{at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"), at("2026-10-25T02:30:00Z")})
	if autumn[6][2] != 2 || autumn[6][3] != 1 || autumn.All() != 3 || autumn.Max() != 2 {
		t.Errorf("%v", autumn[6])
	}
	spring := Warm([]Item{at("2026-03-29T00:30:00Z"), at("2026-03-29T01:30:00Z")})
	if spring[6][1] != 1 || spring[6][2] != 0 || spring[6][3] != 1 {
		t.Errorf("%v", spring[6])
	}
	if monday := Warm([]Item{at("2026-11-22T23:30:00Z")}); monday[0][0] != 1 { // half past midnight on Monday in Warsaw
		t.Errorf("%v", monday)
	}
}

func TestTheCurveShowsSilence(t *testing.T) {
	ps := Curve([]Item{wrote(3, "a", "insult"), wrote(3, "b"), wrote(0, "c", "threat")})
	if len(ps) != 4 || ps[0].Items != 2 || !near(ps[0].Mean, 1.5) || ps[0].Peak != 3 || ps[1].Items != 0 || ps[3].Peak != 4 {
		t.Errorf("%+v", ps)
	}
	if Curve(nil) != nil {
		t.Error("a curve of nothing")
	}
}

func TestPlacesAndTimeline(t *testing.T) {
	b := Book{Items: []Item{wrote(3, "a"), with(wrote(2, "b"), func(i *Item) { i.Venue = "x.test"; i.GoneAt = noon }), wrote(1, "c")},
		Ours: []Reply{{ID: "o", At: noon.Add(-36 * time.Hour)}}, Deeds: []Deed{{ID: "d", Option: "hide", At: noon.Add(-time.Hour)}}}
	if vs := Places(b.Items); len(vs) != 2 || vs[0].Name != "fb.test" || vs[0].Items != 2 {
		t.Errorf("%+v", vs)
	}
	var what []string
	for _, m := range Timeline(b) {
		what = append(what, m.What)
	}
	if d := cmp.Diff([]string{"wrote", "wrote", "reply", "wrote", "deed", "gone"}, what); d != "" {
		t.Error(d)
	}
}

func TestOnlyListedFactsAreTaken(t *testing.T) {
	for _, c := range []struct {
		field, value string
		want         bool
	}{
		{"followers", "1200", true}, {"followers", "-1", false}, {"followers", "dużo", false}, {"followers", "NaN", false}, {"followers", "1e300", false},
		{"targets", "12,3,1", true}, {"targets", "12,,1", false}, {"offer", "accepted", true}, {"offer", "maybe", false},
		{"customer", "yes", true}, {"religion", "yes", false}, {"employer", "x", false}, {"home", "x", false}, {"", "", false},
	} {
		if got := CheckFact(c.field, c.value); got != c.want {
			t.Errorf("%s=%q: %v", c.field, c.value, got)
		}
	}
}

// Whatever an account wrote: all signals are there in order, shares stay shares, nothing below its minimum is used, and the order in
// which items arrive changes nothing.
func TestSignalsHoldTogether(t *testing.T) {
	texts := []string{"", "Skandal!", "Proszę o zwrot 20 zł", "haha", "mam 12 lat", "udostępnijcie", "Nie chcę zwrotu", "zamówienie 12345 z 3.11"}
	labels := []string{"insult", "complaint", "threat", "praise", "trolling", "extortion", "hate"}
	rapid.Check(t, func(rt *rapid.T) {
		var b Book
		b.Now = noon
		for i := range rapid.IntRange(0, 25).Draw(rt, "n") {
			it := wrote(rapid.Float64Range(0, 200).Draw(rt, "days"), rapid.SampledFrom(texts).Draw(rt, "text"),
				rapid.SliceOfN(rapid.SampledFrom(labels), 0, 2).Draw(rt, "labels")...)
			it.ID, it.Arousal = fmt.Sprint(i), rapid.IntRange(0, 3).Draw(rt, "arousal")
			b.Items = append(b.Items, it)
		}
		s := Read(b)
		if len(s.Signals) != 25 {
			rt.Fatalf("%d signals", len(s.Signals))
		}
		for i, x := range s.Signals {
			if x.Code != fmt.Sprintf("B%02d", i+1) || x.Ok() && x.N < x.Need || x.Unit == "share" && (x.Value < 0 || x.Value > 1) || len(x.Refs) > maxRefs {
				rt.Fatalf("%+v", x)
			}
		}
		turned := b
		turned.Items = rapid.Permutation(b.Items).Draw(rt, "order")
		if d := cmp.Diff(s.Signals, Read(turned).Signals); d != "" {
			rt.Fatal(d)
		}
		if o := s.Observable(); o < 0 || o > 1 {
			rt.Fatal(o)
		}
	})
}

func FuzzReadCues(f *testing.F) {
	for _, s := range []string{"", "mam 13 lat", "\xff\xfe", "1.1.1.1.1", "zamówienie nr 00000000000000", "ha ha haha", "$$$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := ReadCues(s)
		if c.Words < 0 || c.Age != 0 && (c.Age < 7 || c.Age > 17) {
			t.Fatalf("%q: %+v", s, c)
		}
	})
}

func TestWarsaw(t *testing.T) {
	if d := dayNumber(time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)) - dayNumber(noon); d != 1 {
		t.Errorf("half an hour after midnight is %d days later", d)
	}
	if !day(noon).Equal(time.Date(2026, 11, 22, 0, 0, 0, 0, lang.Zone)) {
		t.Error(day(noon))
	}
}
