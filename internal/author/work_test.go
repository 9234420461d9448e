package author_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/author"
	"chop/internal/author/signal"
	"chop/internal/evidence"
	"chop/internal/fault"
	"chop/internal/mention"
	"chop/internal/source"
)

func TestAPersonChangesADraftWithAReason(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 8)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		edit := func(field, value, why string) error {
			return w.authors.Edit(w.ewa(), f1, d.ID, author.Change{Field: field, Value: value, Why: why})
		}
		ok(t, edit("summary", "Pisze co wieczór. Domaga się zwrotu.", because))
		ok(t, edit("scale.intensity", "2", because))
		ok(t, edit("motive", "constructive", because))
		ok(t, edit("band", "0", because))
		ok(t, edit("claim.0.truth", "true", because))
		ok(t, edit("do", "Odpowiedzieć raz.\nZadzwonić.", because))
		ok(t, edit("against", "Podało numer zamówienia 4.11.", because))
		for _, bad := range []struct{ field, value, why, code string }{
			{"scale.intensity", "3", "za mocno", "author.why"}, {"scale.intensity", "6", because, "author.field"}, {"scale.influence", "5", because, "author.field"},
			{"scale.temper", "3", because, "author.field"}, {"motive", "evil", because, "author.field"}, {"band", "3", because, "author.field"},
			{"claim.99.truth", "true", because, "author.field"}, {"claim.0.truth", "lie", because, "author.field"}, {"legal", "criminal", because, "author.field"},
			{"summary", "", because, "author.field"}, {"do", "a b\nc d\ne f\ng h", because, "author.many"},
			{"summary", "Pisze psychol.", because, "author.words"}, {"do", "Nie gadać z narcyzem.", because, "author.words"},
			{"against", "jest chora", because, "author.words"}, {"band", "2", "bo to wariatka, wiadomo", "author.words"},
		} {
			wants(t, edit(bad.field, bad.value, bad.why), fault.Invalid, bad.code)
		}
		c := must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, "Zgodne z wpisami."))
		if c.Scale["intensity"].Value != 2 || c.Scale["intensity"].By != "ewa" || c.Motive != "constructive" || c.Band != 0 || c.Claims[0].Truth != "true" ||
			c.Summary[0].Text == "" || len(c.Do) != 2 || c.Proposed["intensity"] == 2 {
			t.Errorf("%+v", c)
		}
		changes := 0
		for _, e := range c.Log {
			if e.What == "changed" {
				changes++
				if e.Why != because || e.Name != "ewa" || e.To == "" {
					t.Errorf("%+v", e)
				}
			}
		}
		if changes != 7 {
			t.Errorf("%d changes in the log", changes)
		}
		wants(t, edit("band", "1", because), fault.Conflict, "author.not_draft")
		if got := fmt.Sprint(w.verbs(author.ProfileRef(d.ID))); !strings.HasPrefix(got, "[profile.drafted profile.changed") || !strings.HasSuffix(got, "profile.confirmed]") {
			t.Error(got)
		}
	})
}

// Every statement of a draft says how it is known, and what was observed points at what it was observed in.
func TestEveryStatementSaysHowItIsKnown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 8)
		ok(t, w.authors.Tell(w.ewa(), f1, key, signal.Fact{Field: "customer", Value: "yes", Source: "system zamówień", SeenAt: w.clock.Now()}))
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		all := append(append(append([]author.Statement{}, d.Summary...), d.Do...), d.Not...)
		for _, x := range d.Scale {
			all = append(all, x.Why...)
		}
		for _, x := range d.Expect {
			all = append(all, x.Says)
		}
		for _, s := range append(all, d.Against...) {
			switch {
			case s.Basis != author.Observed && s.Basis != author.Inferred && s.Basis != author.Reported:
				t.Errorf("%+v says not how it is known", s)
			case s.Basis == author.Observed && len(s.Refs) == 0 && !strings.HasPrefix(s.Rule, "ppa.checked."):
				t.Errorf("%+v was observed nowhere", s)
			case s.Basis == author.Reported && (s.Source == "" || s.By == "" || s.At.IsZero()):
				t.Errorf("%+v was told by nobody", s)
			}
		}
		if len(d.Scale) != len(author.Scales) {
			t.Errorf("%v", d.Scale)
		}
	})
}

// The second rater sees no estimate and no other rating; who has seen the profile cannot be one.
func TestTheSecondRaterIsBlind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 12)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		r := author.Rated{Scale: map[string]int{}, Motive: d.Motive, Band: d.Band}
		for name, x := range d.Scale {
			r.Scale[name] = x.Value
		}
		wants(t, w.authors.Rate(w.tomek(), f1, d.ID, r), fault.Conflict, "author.not_confirmed")
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		wants(t, w.authors.Rate(w.ewa(), f1, d.ID, r), fault.Conflict, "author.rated")
		ola := w.as("ola", access.Guardian)
		must[author.Portrait](t)(w.authors.Open(ola, f1, key))
		wants(t, w.authors.Rate(ola, f1, d.ID, r), fault.Conflict, "author.not_blind")

		waits := func(ctx string) bool {
			for _, row := range must[[]author.Row](t)(w.authors.Accounts(w.as(ctx, access.Guardian), f1, 10)) {
				if row.Key == key {
					return row.WaitsForYou
				}
			}
			t.Fatal("the account is not listed")
			return false
		}
		if waits("ola") || !waits("tomek") {
			t.Error("the wrong people are asked for a second rating")
		}
		p := must[author.Portrait](t)(w.authors.Blind(w.tomek(), f1, d.ID))
		if len(p.Signals) != 25 || p.Standing != nil || len(p.Estimate.Guess.Chances) != 0 || p.Versions != nil || p.Ratings.N != 0 {
			t.Fatalf("%+v", p)
		}
		half := r
		half.Scale = map[string]int{"intensity": 3}
		wants(t, w.authors.Rate(w.tomek(), f1, d.ID, half), fault.Invalid, "author.rating")
		before := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if before.Ratings.N != 1 || before.Ratings.Mine == nil || len(before.Ratings.All) != 0 {
			t.Errorf("%+v", before.Ratings)
		}
		ok(t, w.authors.Rate(w.tomek(), f1, d.ID, r))
		after := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if !after.Ratings.Agree || len(after.Ratings.All) != 2 || !after.Ratings.All[1].Blind {
			t.Errorf("%+v", after.Ratings)
		}
		if q := before.Confidence / after.Confidence; q < 0.77 || q > 0.83 { // one rater 0.8, two who agree 1
			t.Errorf("confidence %v, then %v", before.Confidence, after.Confidence)
		}
		if waits("basia") {
			t.Error("a third rating is asked for")
		}
		a := must[author.Agreement](t)(w.authors.Agreement(w.ewa(), f1))
		if a.Confirmed != 1 || a.Doubly != 1 || a.Scales[0].Standing != author.TooFew {
			t.Errorf("%+v", a)
		}
	})
}

// While its subject's objection is open, no decision reads a profile; one that is upheld takes it back.
func TestContests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 12)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		read := func() bool {
			return must[author.Behaviour](t)(w.authors.Behaviour(w.ewa(), f1, key, nil)).Confidence > 0
		}
		if !read() {
			t.Fatal("it is not read before")
		}
		_, err := w.authors.Contest(w.ewa(), f1, key, "nie", "list")
		wants(t, err, fault.Invalid, "author.contest")
		id := must[string](t)(w.authors.Contest(w.ewa(), f1, key, "Nie pisałam na Google, to nie ja.", "wiadomość"))
		if read() {
			t.Error("a contested profile is read")
		}
		wants(t, w.authors.Settle(w.ewa(), f1, id, "maybe", because), fault.Invalid, "author.outcome")
		ok(t, w.authors.Settle(w.ewa(), f1, id, "rejected", because))
		wants(t, w.authors.Settle(w.ewa(), f1, id, "upheld", because), fault.Conflict, "author.settled")
		if !read() {
			t.Error("a rejected objection takes the profile out")
		}
		id = must[string](t)(w.authors.Contest(w.ewa(), f1, key, "Ktoś podszył się pode mnie.", "wiadomość"))
		ok(t, w.authors.Settle(w.ewa(), f1, id, "upheld", because))
		p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if read() || p.Standing != nil || len(p.Contests) != 2 || p.Contests[0].Said != "Ktoś podszył się pode mnie." || p.Contests[0].Outcome != "upheld" {
			t.Errorf("%+v", p.Contests)
		}
	})
}

// Two accounts are only suggested to belong together, a person says so, and a rejected pair comes back only with news.
func TestLinksAreSuggestedAndConfirmedByPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		text := "Ta firma sprzedaje podróbki, sprawdźcie sami na stronie www.prawda-o-lnie.example/raport"
		one, two, three := w.says("a1", text, w.clock.Now()), w.says("a2", text, w.clock.Now().Add(5*time.Minute)), w.says("a3", text, w.clock.Now())
		one.Author.Name, two.Author.Name, three.Author.Name = "Darek M4", "DAREK  M4", "Kto Inny"
		w.takesIn(f1, one, two, three)
		ls := must[[]author.Link](t)(w.authors.Suggest(w.ewa(), f1, "place:a1"))
		if len(ls) != 1 || ls[0].Other != "place:a2" || ls[0].State != "suggested" || ls[0].Score != 1 || len(ls[0].Grounds) != 3 { // the third has the text alone
			t.Fatalf("%+v", ls)
		}
		if p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, "place:a1")); len(p.Timeline) != 1 {
			t.Error("a suggestion already joins the accounts")
		}
		wants(t, w.authors.Answer(w.ewa(), f1, ls[0].ID, true, "tak"), fault.Invalid, "author.why")
		ok(t, w.authors.Answer(w.ewa(), f1, ls[0].ID, false, because))
		if ls = must[[]author.Link](t)(w.authors.Suggest(w.ewa(), f1, "place:a2")); len(ls) != 1 || ls[0].State != "rejected" {
			t.Fatalf("without news it is %+v", ls)
		}
		again := w.says("a2", "Jeszcze raz: "+text, w.clock.Now().Add(time.Hour))
		again.Author.Name = "Darek M4"
		w.takesIn(f1, again)
		if ls = must[[]author.Link](t)(w.authors.Suggest(w.ewa(), f1, "place:a1")); len(ls) != 1 || ls[0].State != "suggested" {
			t.Fatalf("with news it is %+v", ls)
		}
		ok(t, w.authors.Answer(w.ewa(), f1, ls[0].ID, true, because))
		if p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, "place:a1")); len(p.Timeline) != 3 || p.Links[0].Why != because {
			t.Errorf("%+v", p.Links)
		}
	})
}

// What followed our deeds (B16) is looked at after a day and after a week.
func TestWhatFollowedADeed(t *testing.T) {
	text := "Ta firma sprzedaje podróbki lnu, nie kupujcie u nich niczego"
	for want, then := range map[signal.After]func(w *world) source.Item{
		signal.Calm:       nil,
		signal.WentOn:     func(w *world) source.Item { return w.says("wrobel", "Skandal! Oszuści i złodzieje!", w.clock.Now()) },
		signal.RePost:     func(w *world) source.Item { return w.says("wrobel", text+"!!!", w.clock.Now()) },
		signal.NewAccount: func(w *world) source.Item { return w.says("nowe", text, w.clock.Now()) },
		signal.NewVenue: func(w *world) source.Item {
			it := w.says("wrobel", "Usunęli mnie, więc piszę tutaj", w.clock.Now())
			it.URL = "https://forum.test/1"
			return it
		},
	} {
		t.Run(string(want), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				it := w.says("wrobel", text, w.clock.Now())
				old := w.says("stary", text, w.clock.Now()) // the same text from an account that was there before is no new account
				got := w.takesIn(f1, it, old)
				m := got[it.ExternalID]
				w.pass(time.Hour)
				d := author.Deed{Firm: f1, ID: "d1", Key: m.AuthorKey, Mention: m.ID, Option: "delete", At: w.clock.Now()}
				ok(t, w.authors.NoteDeed(w.system(), d))
				ok(t, w.authors.NoteDeed(w.system(), d)) // told twice, noted once
				w.pass(20 * time.Hour)
				if then != nil {
					w.takesIn(f1, then(w))
				}
				w.pass(4 * time.Hour)
				ds := must[[]author.Deed](t)(w.authors.Deeds(w.ewa(), f1, m.AuthorKey))
				if want == signal.Calm && (len(ds) != 1 || ds[0].After != signal.NotYet) {
					t.Fatalf("calm after a day: %+v", ds)
				}
				w.pass(6 * 24 * time.Hour)
				ds = must[[]author.Deed](t)(w.authors.Deeds(w.ewa(), f1, m.AuthorKey))
				if len(ds) != 1 || ds[0].After != want {
					t.Fatalf("%+v, want %s", ds, want)
				}
				p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, m.AuthorKey))
				if b := signalOf(p.Signals, "B16"); !b.Ok() || b.Word != string(want) {
					t.Errorf("%+v", b)
				}
			})
		})
	}
}

func signalOf(ss []signal.Signal, code string) signal.Signal {
	return signal.Set{Signals: ss}.Of(code)
}

// The owner of an account gets everything held about it, without anybody else's name; the lawyers' marker stays out.
func TestTheExtract(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 5)
		other := w.says("inny", "Zgadzam się", w.clock.Now())
		other.Author.Name = "Jan Nowakowski"
		mine := w.says("wrobel", "Jan Nowakowski ma rację, pisz na jan@example.test lub 600 700 800, @janek", w.clock.Now())
		w.takesIn(f1, other, mine)
		ok(t, w.authors.Tell(w.ewa(), f1, key, signal.Fact{Field: "followers", Value: "120", Source: "profil publiczny", SeenAt: w.clock.Now()}))
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		mec := w.as("mec", access.Lawyer)
		ok(t, w.authors.MarkLegal(mec, f1, d.ID, "criminal", because))
		v := must[author.LegalView](t)(w.authors.Legal(mec, f1, key))
		if v.Marker != "criminal" || v.Profile != d.ID {
			t.Errorf("%+v", v)
		}
		if p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key)); p.Standing.Legal != "" {
			t.Error("the guardian sees the lawyers' marker")
		}
		wants(t, w.authors.MarkLegal(w.ewa(), f1, d.ID, "civil", because), fault.Forbidden, "forbidden")
		_, err := w.authors.Export(w.as("ala", access.Owner), f1, key)
		wants(t, err, fault.Forbidden, "forbidden")

		for _, ctx := range []func() author.Extract{
			func() author.Extract { return must[author.Extract](t)(w.authors.Export(w.ewa(), f1, key)) },
			func() author.Extract { return must[author.Extract](t)(w.authors.Export(mec, f1, key)) },
		} {
			x := ctx()
			if len(x.Items) != 6 || len(x.Profiles) != 1 || len(x.Told) != 1 || len(x.Looks) == 0 {
				t.Errorf("%+v", x)
			}
			var asJSON, asHTML bytes.Buffer
			ok(t, x.JSON(&asJSON))
			ok(t, x.HTML(&asHTML))
			var back map[string]any
			ok(t, json.Unmarshal(asJSON.Bytes(), &back))
			for _, s := range []string{asJSON.String(), asHTML.String()} {
				for _, secret := range []string{"Nowakowski", "jan@example.test", "600 700 800", "janek", "criminal", "ewa"} {
					if strings.Contains(s, secret) {
						t.Errorf("the extract holds %q", secret)
					}
				}
				if !strings.Contains(s, "[inna osoba] ma rację") || !strings.Contains(s, "219 zł") || !strings.Contains(s, "Lena wrobel") {
					t.Errorf("the extract lacks something: %s", s)
				}
				if strings.Contains(s, "[reason.") || strings.Contains(s, "[option.") || strings.Contains(s, "[scale.") || strings.Contains(s, "<no value>") {
					t.Errorf("a message is missing: %s", s)
				}
			}
		}
	})
}

// An objection erases everything said about the account, unless proof is under a legal hold; what remains names nobody.
func TestErasureOnObjection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 12)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		ok(t, w.authors.Tell(w.ewa(), f1, key, signal.Fact{Field: "followers", Value: "120", Source: "profil publiczny", SeenAt: w.clock.Now()}))
		must[string](t)(w.authors.Contest(w.ewa(), f1, key, "Proszę przestać mnie opisywać.", "list"))
		x := must[evidence.Exhibit](t)(w.mentions.Preserve(w.ewa(), w.evidence, f1, d.Timeline[0].Mention, "person"))
		ok(t, w.evidence.Hold(w.ewa(), f1, x.ID, "sprawa w sądzie"))
		wants(t, w.authors.Erase(w.ewa(), f1, key, because), fault.Conflict, "author.held")
		ok(t, w.evidence.Release(w.ewa(), f1, x.ID, "sprawa zakończona"))
		wants(t, w.authors.Erase(w.system(), f1, key, because), fault.Forbidden, "author.person")
		ok(t, w.authors.Erase(w.ewa(), f1, key, because))
		for _, table := range []string{"author_profile", "author_fact", "author_contest", "author_rating", "author_flag", "author_link", "author_deed"} {
			if n := w.count(`SELECT count(*) FROM `+table+` WHERE firm_id = $1`, f1); n != 0 {
				t.Errorf("%d rows remain in %s", n, table)
			}
		}
		if n := w.count(`SELECT count(*) FROM author_tombstone WHERE firm_id = $1 AND mark NOT LIKE '%wrobel%'`, f1); n != 1 {
			t.Errorf("%d tombstones", n)
		}
		p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if !p.Stopped || p.Signals != nil {
			t.Errorf("it is profiled again: %+v", p)
		}
		_, err := w.authors.Draft(w.ewa(), f1, key)
		wants(t, err, fault.Forbidden, "author.protected")
		ms := must[[]mention.Mention](t)(w.mentions.OfAuthors(w.ewa(), f1, []string{key}))
		if len(ms) != 12 {
			t.Errorf("%d items remain as captured", len(ms))
		}
	})
}

// A year after the last item a profile that has ended loses its content, by itself.
func TestRetention(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 8)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		w.pass(100 * 24 * time.Hour)
		w.takesIn(f1, w.says("wrobel", "Piszę znowu, po przerwie", w.clock.Now())) // the year begins again
		w.pass(300 * 24 * time.Hour)
		if p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key)); p.Standing == nil || len(p.Standing.Summary) == 0 {
			t.Fatal("it is gone before its time")
		}
		w.pass(70 * 24 * time.Hour)
		p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if p.Standing != nil || len(p.Versions) != 1 || p.Versions[0].State != author.Erased || p.Versions[0].Summary != nil {
			t.Errorf("%+v", p.Versions)
		}
	})
}

// Confidence fades with silence; below 0.25 nothing is shown and nothing weighs.
func TestConfidenceFades(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 14)
		d := must[author.Document](t)(w.authors.Draft(w.ewa(), f1, key))
		ok(t, w.authors.Edit(w.ewa(), f1, d.ID, author.Change{Field: "band", Value: "0", Why: because}))
		must[author.Document](t)(w.authors.Confirm(w.ewa(), f1, d.ID, ""))
		p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if p.Hidden || !p.InUse || p.Confidence < 0.25 {
			t.Fatalf("%v", p.Confidence)
		}
		first := p.Confidence
		w.pass(29 * 24 * time.Hour)
		p = must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if p.Confidence >= first || p.Confidence < first*0.65 {
			t.Errorf("%v after %v", p.Confidence, first)
		}
	})
}

func TestTellingIsBounded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := w.campaign(f1, "wrobel", 3)
		fact := signal.Fact{Field: "followers", Value: "120", Source: "profil publiczny", SeenAt: w.clock.Now()}
		for code, change := range map[string]func(*signal.Fact){
			"author.fact":   func(f *signal.Fact) { f.Field = "religion" },
			"author.source": func(f *signal.Fact) { f.Source = " " },
			"author.seen":   func(f *signal.Fact) { f.SeenAt = w.clock.Now().Add(48 * time.Hour) },
			"author.words":  func(f *signal.Fact) { f.Source = "profil tego pijaka" },
		} {
			f := fact
			change(&f)
			wants(t, w.authors.Tell(w.ewa(), f1, key, f), fault.Invalid, code)
		}
		ok(t, w.authors.Tell(w.ewa(), f1, key, fact))
		p := must[author.Portrait](t)(w.authors.Open(w.ewa(), f1, key))
		if b := signalOf(p.Signals, "B20"); b.Basis != signal.Reported || b.Told == nil || b.Told.Name != "ewa" || b.Value != 120 {
			t.Errorf("%+v", b)
		}
	})
}
