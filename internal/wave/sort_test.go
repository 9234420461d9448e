package wave_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/decision"
	"chop/internal/firm"
	"chop/internal/macro"
	"chop/internal/mention"
	"chop/internal/wave"
)

// facts is an item at a place that can hide and report, with these labels.
func facts(o decision.Option, labels ...string) wave.Facts {
	c := decision.NewCase()
	c.Labels = labels
	w := decision.Way{Option: o, Can: true, Undo: true, Verb: "hide", Mandate: firm.Tell, Second: decision.NeedsSecondPerson(c, o)}
	w.Guard, _ = decision.Guard(c, o)
	return wave.Facts{Mention: mention.Mention{ID: "m", Labels: labels}, Case: c, Way: w, Known: true, Best: []decision.Option{o}}
}

func TestHowAnItemStandsInAWave(t *testing.T) {
	with := func(f wave.Facts, change func(*wave.Facts)) wave.Facts { change(&f); return f }
	for name, c := range map[string]struct {
		o    decision.Option
		f    wave.Facts
		want wave.Verdict
		code string
	}{
		"an insult is hidden":                      {decision.Hide, facts(decision.Hide, "insult"), wave.Take, ""},
		"a complaint is not hidden":                {decision.Hide, facts(decision.Hide, "complaint"), wave.Criticism, "G1"},
		"vulgar tone changes nothing":              {decision.Hide, facts(decision.Hide, "complaint", "insult"), wave.Criticism, "G1"},
		"a complaint is not deleted":               {decision.Delete, facts(decision.Delete, "opinion"), wave.Criticism, "G1"},
		"criticism is not reported with others":    {decision.Report, facts(decision.Report, "complaint"), wave.Criticism, "G1"},
		"a buyer's question is not reported":       {decision.Report, with(facts(decision.Report, "insult"), func(f *wave.Facts) { f.Case.BuyerQuestion = true }), wave.Criticism, "G1"},
		"criticism in spam: ticked, second person": {decision.Hide, facts(decision.Hide, "complaint", "spam"), wave.Second, ""},
		"criticism in hate: ticked":                {decision.Hide, facts(decision.Hide, "complaint", "hate"), wave.Mixed, ""},
		"criticism in a reported threat: ticked":   {decision.Report, facts(decision.Report, "complaint", "threat"), wave.Mixed, ""},
		"criticism may be watched":                 {decision.Observe, with(facts(decision.Observe, "complaint"), func(f *wave.Facts) { f.Way.Verb = "" }), wave.Take, ""},
		"criticism may be proved":                  {macro.Seal, facts(macro.Seal, "complaint"), wave.Take, ""},
		"a person in distress is not deleted":      {decision.Delete, facts(decision.Delete, "distress"), wave.Guarded, "G13"},
		"what the firm never wants":                {decision.Hide, with(facts(decision.Hide, "insult"), func(f *wave.Facts) { f.Way.Mandate = firm.Never }), wave.Forbidden, ""},
		"what the place does not know":             {decision.Hide, with(facts(decision.Hide, "insult"), func(f *wave.Facts) { f.Way.Can = false }), wave.Impossible, ""},
		"a task for a person":                      {decision.Hide, with(facts(decision.Hide, "insult"), func(f *wave.Facts) { f.Way.Can, f.Way.ByHand = false, true }), wave.Hand, ""},
		"hidden already":                           {decision.Hide, with(facts(decision.Hide, "insult"), func(f *wave.Facts) { f.Live = []decision.Option{decision.Hide} }), wave.Already, ""},
		"our own words":                            {decision.Hide, with(facts(decision.Hide, "insult"), func(f *wave.Facts) { f.Mention.Own = true }), wave.Own, ""},
		"no longer there":                          {decision.Hide, with(facts(decision.Hide, "insult"), func(f *wave.Facts) { f.Mention.GoneAt = time.Unix(1, 0) }), wave.Gone, ""},
	} {
		if got := wave.Sort(macro.Plan{Option: c.o}, c.f); got.Verdict != c.want || got.Code != c.code {
			t.Errorf("%s: %s %q, want %s %q", name, got.Verdict, got.Code, c.want, c.code)
		}
	}
}

func TestWhatCannotBeTakenBackIsCounted(t *testing.T) {
	f := facts(decision.Hide, "insult")
	if wave.Sort(macro.Plan{Option: decision.Hide}, f).Final {
		t.Error("hiding with a way back counts as final")
	}
	f.Way.Undo = false
	if j := wave.Sort(macro.Plan{Option: decision.Hide}, f); !j.Final || !wave.Counts(macro.Plan{Option: decision.Hide}, 1) {
		t.Error("hiding without a way back is not counted")
	}
	if !wave.Counts(macro.Plan{Option: decision.Delete}, 0) || wave.Counts(macro.Plan{Option: decision.Hide}, 0) {
		t.Error("who must count")
	}
}

// Whatever an item is: criticism that nothing lifts is never hidden, deleted or reported with others; criticism with
// something unlawful only when a person ticked it; what a guard forbids never runs.
func TestCriticismIsNeverSweptAlong(t *testing.T) {
	labels := []string{"complaint", "opinion", "health_safety", "insult", "hate", "spam", "threat", "personal_data", "fake_review", "trolling",
		"extortion", "distress", "question", "praise"}
	rapid.Check(t, func(rt *rapid.T) {
		o := rapid.SampledFrom([]decision.Option{decision.Hide, decision.Delete, decision.Report}).Draw(rt, "option")
		f := facts(o, rapid.SliceOfNDistinct(rapid.SampledFrom(labels), 0, 5, rapid.ID[string]).Draw(rt, "labels")...)
		f.Case.BuyerQuestion, f.Case.Minor = rapid.Bool().Draw(rt, "buyer"), rapid.Bool().Draw(rt, "minor")
		f.Way.Guard, _ = decision.Guard(f.Case, o)
		f.Way.Second = decision.NeedsSecondPerson(f.Case, o)
		f.Way.Can, f.Way.ByHand = rapid.Bool().Draw(rt, "can"), rapid.Bool().Draw(rt, "hand")
		j := wave.Sort(macro.Plan{Option: o}, f)
		bears := f.Case.BuyerQuestion || f.Case.Has("complaint", "opinion", "health_safety")
		item := wave.Item{Mention: "m", Verdict: j.Verdict}
		if f.Way.Guard != "" && j.Verdict.Runs() {
			rt.Errorf("%s runs against %s: %v", o, f.Way.Guard, f.Case.Labels)
		}
		if bears && (wave.Choice{}).Picked(item) {
			rt.Errorf("%s of criticism without a tick of its own: %v", o, f.Case.Labels)
		}
		if bears && !f.Case.Has("hate", "personal_data", "spam", "threat", "fake_review") && (wave.Choice{With: []string{"m"}}).Picked(item) {
			rt.Errorf("%s of genuine criticism: %v", o, f.Case.Labels)
		}
	})
}

func TestReportsAreCapped(t *testing.T) {
	items := make([]wave.Item, 40)
	for i := range items {
		items[i].Verdict = wave.Take
	}
	items[3].Verdict = wave.Criticism
	wave.Cap(macro.Plan{Option: decision.Report}, items, wave.MostReports)
	n := 0
	for _, i := range items {
		if i.Verdict.Runs() {
			n++
		} else if i.Verdict == wave.Capped && i.Code != "G18" {
			t.Errorf("capped by %q", i.Code)
		}
	}
	if n != wave.MostReports || items[3].Verdict != wave.Criticism || items[39].Verdict != wave.Capped {
		t.Errorf("%d of 40 are reported", n)
	}
	free := []wave.Item{{Verdict: wave.Take}}
	wave.Cap(macro.Plan{Option: decision.Hide}, free, 0)
	if free[0].Verdict != wave.Take {
		t.Error("hiding is capped")
	}
}

// A wave ends, and nothing leads back from its end.
func TestTheLifeOfAWave(t *testing.T) {
	moves := []wave.Move{wave.Look, wave.Start, wave.Pause, wave.Resume, wave.Stop, wave.Finish, wave.Cancel, wave.Drop}
	rapid.Check(t, func(rt *rapid.T) {
		s, started := wave.Weighing, false
		for range rapid.IntRange(1, 12).Draw(rt, "moves") {
			m := rapid.SampledFrom(moves).Draw(rt, "move")
			to, can := wave.Next(s, m)
			if s.Over() && can {
				rt.Fatalf("%s leads from %s to %s", m, s, to)
			}
			if can && to == wave.Running && m != wave.Start && !started {
				rt.Fatalf("it runs without having been started")
			}
			if can {
				s, started = to, started || m == wave.Start
			}
		}
	})
}

func TestAlikeFindsCopiesAndNothingElse(t *testing.T) {
	m := func(id, text string) mention.Mention { return mention.Mention{ID: id, Text: text} }
	one := m("1", "Omijajcie ten sklep szerokim łukiem, sami oszuści i złodzieje!")
	list := []mention.Mention{one, m("2", "omijajcie ten SKLEP szerokim łukiem sami oszuści i złodzieje"), m("3", "Polecam ten sklep, bardzo miła obsługa."),
		m("4", "Omijajcie ten sklep szerokim łukiem, sami oszuści i złodzieje serio"), m("5", "")}
	got := ""
	for _, x := range wave.Alike(one, list) {
		got += x.ID
	}
	if got != "124" {
		t.Errorf("alike: %s", got)
	}
}
