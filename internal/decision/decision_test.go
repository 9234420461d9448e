package decision

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"chop/internal/fault"
	"chop/internal/lang"
)

// anyCase draws from everything that Validate accepts.
func anyCase(t *rapid.T) Case {
	pick := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, name) }
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	return Case{
		ID:                  rapid.String().Draw(t, "id"),
		Channel:             rapid.SampledFrom(Channels()).Draw(t, "channel"),
		Labels:              rapid.SliceOfN(rapid.SampledFrom(append(slices.Clone(knownLabels), "praise", "neutral")), 0, 4).Draw(t, "labels"),
		Severity:            pick("severity", 0, 4),
		Truth:               rapid.SampledFrom(words("truth")).Draw(t, "truth"),
		Arousal:             pick("arousal", 0, 3),
		HateShare:           rapid.Float64Range(0, 1).Draw(t, "hate_share"),
		PileOn:              pick("pileon", 0, 3),
		Reach:               pick("reach", 0, 4),
		BuyerQuestion:       flag("buyer_question"),
		Legal:               pick("legal", 0, 3),
		Fault:               pick("fault", 0, 2),
		Failures:            pick("failures", 0, 5),
		Replies:             pick("replies", 0, 4),
		Warned:              flag("warned"),
		Violations:          pick("violations", 0, 6),
		PriorRemovals:       pick("prior_removals", 0, 3),
		DeletionNoticed:     flag("deletion_noticed"),
		NetiquettePublished: flag("netiquette_published"),
		ThirdPartyVictim:    flag("third_party_victim"),
		Minor:               rapid.IntRange(0, 9).Draw(t, "minor") == 0,
		Media:               flag("media"),
		Supporters:          flag("supporters"),
		AgeHours:            rapid.Float64Range(0, 20000).Draw(t, "age_hours"),
		Night:               flag("night"),
		RiskAversion:        rapid.Float64Range(0.5, 2).Draw(t, "risk_aversion"),
		Profile: Profile{
			Motive:     rapid.SampledFrom(words("profile.motive")).Draw(t, "motive"),
			Escalation: pick("escalation", 0, 2),
			Confidence: rapid.Float64Range(0, 1).Draw(t, "confidence"),
		},
	}
}

func advised(r Result) []Option { return append([]Option{r.Recommended}, r.Companions...) }

func forEach(t *testing.T, check func(*rapid.T, Case, Result)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		c := anyCase(rt)
		r, err := Rank(c, nil)
		if err != nil {
			rt.Fatal(err)
		}
		check(rt, c, r)
	})
}

func TestNeverRemovesGenuineCriticism(t *testing.T) {
	forEach(t, func(rt *rapid.T, c Case, r Result) {
		genuine := (c.Has("complaint", "opinion") || c.BuyerQuestion) && !c.ThirdPartyVictim &&
			!c.Has("hate", "personal_data", "spam", "threat", "fake_review")
		for _, o := range advised(r) {
			if genuine && (o == Hide || o == Delete || o == Block) {
				rt.Fatalf("%s advised against criticism", o)
			}
			if PreAuthorisable(c, o) && (genuine || !c.Has("spam")) {
				rt.Fatalf("%s could be done without a person", o)
			}
		}
	})
}

func TestNeverReplyAThirdTime(t *testing.T) {
	forEach(t, func(rt *rapid.T, c Case, r Result) {
		if c.Replies >= 2 && slices.Contains(advised(r), Reply) {
			rt.Fatalf("reply advised after %d replies", c.Replies)
		}
	})
}

func TestNeverSpeaksToExtortionists(t *testing.T) {
	forEach(t, func(rt *rapid.T, c Case, r Result) {
		if c.Has("extortion") && (slices.Contains(advised(r), Reply) || slices.Contains(advised(r), MovePrivate)) {
			rt.Fatalf("contact advised: %v", advised(r))
		}
	})
}

func TestThreatsAreAlwaysEscalated(t *testing.T) {
	forEach(t, func(rt *rapid.T, c Case, r Result) {
		if c.Has("threat") && r.Recommended != EscalateLegal {
			rt.Fatalf("threat answered with %s", r.Recommended)
		}
	})
}

func TestBlockNeverGainsFromReach(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := anyCase(rt).settled()
		c.Reach = rapid.IntRange(0, 3).Draw(rt, "smaller reach")
		far := c
		far.Reach++
		near, wide := weigh(c, nil, Tuning{}).scores[place(Block)], weigh(far, nil, Tuning{}).scores[place(Block)]
		if wide > near {
			rt.Fatalf("block scores %v at R%d and %v at R%d", near, c.Reach, wide, far.Reach)
		}
	})
}

// Whatever the case: nothing vetoed or impossible is advised, the figures are sane, and the order is explained.
func TestResultIsSound(t *testing.T) {
	forEach(t, func(rt *rapid.T, c Case, r Result) {
		can, _ := ChannelCapabilities(c.Channel)
		for _, o := range advised(r) {
			if guard, vetoed := Guard(c, o); vetoed || !can.can(o) {
				rt.Fatalf("%s advised, guard %q, possible %v", o, guard, can.can(o))
			}
		}
		if r.Ranking[0].Option != r.Recommended || len(r.Companions) > 2 || slices.Contains(r.Companions, r.Recommended) {
			rt.Fatalf("%s + %v over %v", r.Recommended, r.Companions, r.Ranking)
		}
		if slices.Contains(advised(r), Hide) && slices.Contains(advised(r), Delete) {
			rt.Fatal("both hide and delete advised")
		}
		for i, o := range r.Ranking {
			if o.Harm < 0 || o.EscalationRisk < 0 || o.EscalationRisk > 1 || math.IsNaN(o.Score) {
				rt.Fatalf("%+v", o)
			}
			if i > 1 && o.Score > r.Ranking[i-1].Score {
				rt.Fatalf("out of order: %v", r.Ranking)
			}
			if _, ok := r.Reasons.WhyNot[o.Option]; ok != (i > 0) {
				rt.Fatalf("why not %s: %v", o.Option, ok)
			}
		}
		if len(r.Reasons.For) < 1 || len(r.Reasons.For) > 3 || len(r.Reasons.Against) > 2 || r.Version == "" {
			rt.Fatalf("%+v", r.Reasons)
		}
		again, err := Rank(c, nil)
		if err != nil || !reflect.DeepEqual(r, again) {
			rt.Fatalf("second time: %v, %+v", err, again)
		}
	})
}

func TestMandates(t *testing.T) {
	for name, tc := range map[string]struct {
		labels  []string
		channel string
		want    []Option
	}{
		"M1 hate":                             {[]string{"hate"}, "fb", []Option{Delete, Report}},
		"M1 complaint with a slur":            {[]string{"complaint", "hate"}, "fb", []Option{Delete, Report, MovePrivate}},
		"M1b hate by a person in distress":    {[]string{"hate", "distress"}, "fb", []Option{Hide, MovePrivate}},
		"M1 personal data, threat":            {[]string{"personal_data", "threat"}, "fb", []Option{EscalateLegal, Report, Delete}},
		"M2 threat":                           {[]string{"threat"}, "ig", []Option{EscalateLegal, Report, Hide}},
		"M2 threat elsewhere":                 {[]string{"threat"}, "google", []Option{EscalateLegal, Report}},
		"M2 threat by a person in distress":   {[]string{"threat", "distress"}, "fb", []Option{EscalateLegal, Report, Hide}},
		"M3 distress":                         {[]string{"distress"}, "fb", []Option{MovePrivate}},
		"M4 extortion in a complaint":         {[]string{"extortion", "complaint"}, "fb", []Option{Report, EscalateLegal}},
		"M4 extortion with fake review":       {[]string{"extortion", "fake_review"}, "google", []Option{Report, EscalateLegal}},
		"M4 extortion and hate on own ground": {[]string{"extortion", "hate"}, "fb", []Option{Delete, Report, EscalateLegal}},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewCase()
			c.Labels, c.Channel = tc.labels, tc.channel
			r := rank(t, c)
			if got := advised(r); !slices.Equal(got[:len(tc.want)], tc.want) {
				t.Errorf("advice %v, want %v", got, tc.want)
			}
			if rule := r.Reasons.For[0].Rule; rule[0] != 'M' {
				t.Errorf("first reason %s, want the duty", rule)
			}
		})
	}
}

func TestAMandateAgainstTheScoreIsNoCloseCall(t *testing.T) {
	c := NewCase()
	c.Labels, c.Truth = []string{"complaint", "personal_data"}, "true"
	r := rank(t, c)
	if r.Recommended != Delete || r.Gap >= 0 || r.CloseCall {
		t.Fatalf("%s, gap %v, close call %v", r.Recommended, r.Gap, r.CloseCall)
	}
	if x := Explain(c, r); x.Confidence != "settled" || x.WhyNot.Point.Rule != "M1" {
		t.Errorf("confidence %s, why not %+v", x.Confidence, x.WhyNot)
	}
}

func TestGuards(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Case)
		option Option
		guard  string
	}{
		"complaint is not hidden":             {func(c *Case) { c.Labels = []string{"complaint", "insult"} }, Hide, "G1"},
		"buyer is not blocked":                {func(c *Case) { c.BuyerQuestion = true }, Block, "G1"},
		"opinion about a third person may go": {func(c *Case) { c.Labels = []string{"opinion"}; c.ThirdPartyVictim = true }, Delete, ""},
		"documented fake may go":              {func(c *Case) { c.Labels = []string{"complaint", "fake_review"} }, Delete, ""},
		"third reply":                         {func(c *Case) { c.Replies = 2 }, Reply, "G5"},
		"second reply":                        {func(c *Case) { c.Replies = 1 }, Reply, ""},
		"no word to the extortionist":         {func(c *Case) { c.Labels = []string{"extortion"} }, MovePrivate, "G11"},
		"no argument with a threat":           {func(c *Case) { c.Labels = []string{"threat"} }, Reply, "G13"},
		"distress is not blocked":             {func(c *Case) { c.Labels = []string{"distress"} }, Block, "G13"},
		"distress and a complaint":            {func(c *Case) { c.Labels = []string{"distress", "complaint"} }, Delete, "G13"},
		"no letters to minors":                {func(c *Case) { c.Minor = true }, EscalateLegal, "G14"},
		"a minor's threat reaches the police": {func(c *Case) { c.Minor = true; c.Labels = []string{"threat"} }, EscalateLegal, ""},
		"no statement for a small thread":     {func(c *Case) {}, Statement, "G15"},
		"statement for a wide one":            {func(c *Case) { c.PileOn = 2 }, Statement, ""},
	} {
		c := NewCase()
		tc.change(&c)
		if g, vetoed := Guard(c, tc.option); g != tc.guard || vetoed != (tc.guard != "") {
			t.Errorf("%s: guard %q, vetoed %v, want %q", name, g, vetoed, tc.guard)
		}
	}
}

func TestWhoDecides(t *testing.T) {
	of := func(labels ...string) Case {
		c := NewCase()
		c.Labels = labels
		return c
	}
	buyer := of("question")
	buyer.BuyerQuestion = true
	for name, tc := range map[string]struct {
		c               Case
		o               Option
		second, without bool
	}{
		"vulgar complaint": {of("complaint", "insult"), Hide, true, false},
		"buyer":            {buyer, Delete, true, false},
		"reply":            {of("complaint"), Reply, false, false},
		"insult":           {of("insult"), Delete, false, false},
		"doxxing":          {of("complaint", "personal_data"), Delete, false, false},
		"alleged fake":     {of("opinion", "fake_review"), Hide, true, false},
		"statement":        {of("boycott"), Statement, true, false},
		"spam":             {of("spam"), Delete, false, true},
		"spam, praise":     {of("spam", "praise"), Block, false, true},
		"spam reply":       {of("spam"), Reply, false, false},
		"spam complaint":   {of("spam", "complaint"), Delete, true, false},
		"spam extortion":   {of("spam", "extortion"), Delete, false, false},
		"hate":             {of("hate"), Delete, false, false},
	} {
		if got := NeedsSecondPerson(tc.c, tc.o); got != tc.second {
			t.Errorf("%s: second person %v", name, got)
		}
		if got := PreAuthorisable(tc.c, tc.o); got != tc.without {
			t.Errorf("%s: pre-authorisable %v", name, got)
		}
	}
	for o, want := range map[Option]bool{Hide: true, Delete: true, Block: true, Report: true, Reply: false, Observe: false, Statement: false} {
		if Restrictive(o) != want {
			t.Errorf("restrictive %s: %v", o, !want)
		}
	}
}

func TestPriority(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Case)
		want   int
	}{
		"threat":              {func(c *Case) { c.Labels = []string{"threat"} }, 1},
		"hate, own profile":   {func(c *Case) { c.Labels = []string{"hate"} }, 1},
		"hate elsewhere":      {func(c *Case) { c.Labels, c.Channel = []string{"hate"}, "google" }, 2},
		"own post backfires":  {func(c *Case) { c.Fault, c.PileOn = 2, 3 }, 1},
		"viral":               {func(c *Case) { c.PileOn = 2 }, 2},
		"buyer":               {func(c *Case) { c.BuyerQuestion = true }, 2},
		"journalist":          {func(c *Case) { c.Reach = 3 }, 2},
		"complaint":           {func(c *Case) { c.Labels = []string{"complaint"} }, 3},
		"old complaint":       {func(c *Case) { c.Labels = []string{"complaint"}; c.AgeHours = 5000 }, 4},
		"opinion":             {func(c *Case) { c.Labels = []string{"opinion", "praise"} }, 4},
		"nothing in it":       {func(c *Case) {}, 4},
		"unknown place, hate": {func(c *Case) { c.Labels, c.Channel = []string{"hate"}, "mastodon" }, 1},
	} {
		c := NewCase()
		tc.change(&c)
		if got := Priority(c); got != tc.want {
			t.Errorf("%s: P%d, want P%d", name, got, tc.want)
		}
	}
	for p, want := range map[int]float64{1: 0.25, 2: 1, 3: 3, 4: 24} {
		if got := LookAgain(p).Hours(); got != want {
			t.Errorf("P%d: %v h", p, got)
		}
	}
}

func TestCapabilitiesOfTheCaller(t *testing.T) {
	c := NewCase()
	c.Channel, c.Labels = "mastodon", []string{"insult"}
	if _, err := Rank(c, nil); !fault.Is(err, fault.Invalid) {
		t.Fatalf("unknown channel: %v", err)
	}
	r, err := Rank(c, Capabilities{Block: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range r.Ranking {
		if o.Option != Observe && o.Option != EscalateLegal && o.Option != Block {
			t.Errorf("%s is impossible there", o.Option)
		}
	}
	if _, err := Rank(c, Capabilities{"nuke": true}); !fault.Is(err, fault.Invalid) {
		t.Errorf("unknown option: %v", err)
	}
	c.Minor = true
	if r, err = Rank(c, Capabilities{}); err != nil || r.Recommended != Observe || len(r.Ranking) != 1 || r.CloseCall {
		t.Errorf("only observing is left: %+v, %v", r, err)
	}
}

func TestProfileOfMinorsAndDistressedIsNotUsed(t *testing.T) {
	for _, change := range []func(*Case){func(c *Case) { c.Minor = true }, func(c *Case) { c.Labels = append(c.Labels, "distress") }} {
		c := NewCase()
		c.Labels = []string{"complaint"}
		change(&c)
		plain := rank(t, c)
		c.Profile = Profile{"vindictive", 2, 1}
		if profiled := rank(t, c); !reflect.DeepEqual(plain, profiled) {
			t.Errorf("the profile changed the advice: %+v", profiled)
		}
	}
}

func TestCaseDefaults(t *testing.T) {
	var c Case
	if err := json.Unmarshal([]byte(`{"id":"a","labels":null,"truth":null,"profile":{"confidence":0.9}}`), &c); err != nil {
		t.Fatal(err)
	}
	want := NewCase()
	want.ID, want.Labels, want.Profile.Confidence = "a", c.Labels, 0.9
	if !reflect.DeepEqual(c, want) || !c.NetiquettePublished || c.Profile.Motive != "undetermined" || c.RiskAversion != 1 {
		t.Errorf("%+v", c)
	}
	c.Labels = append(c.Labels, "spam")
	if len(NewCase().Labels) != 0 {
		t.Error("cases share their labels")
	}
}

func TestValidateNamesTheField(t *testing.T) {
	for field, change := range map[string]func(*Case){
		"truth":              func(c *Case) { c.Truth = "maybe" },
		"severity":           func(c *Case) { c.Severity = 5 },
		"hate_share":         func(c *Case) { c.HateShare = math.NaN() },
		"age_hours":          func(c *Case) { c.AgeHours = math.Inf(1) },
		"replies":            func(c *Case) { c.Replies = -1 },
		"risk_aversion":      func(c *Case) { c.RiskAversion = 0 },
		"channel":            func(c *Case) { c.Channel = "gazeta" },
		"profile.motive":     func(c *Case) { c.Profile.Motive = "evil" },
		"profile.escalation": func(c *Case) { c.Profile.Escalation = 3 },
	} {
		c := NewCase()
		change(&c)
		err := c.Validate()
		f, ok := err.(*fault.Error)
		if !ok || f.Kind != fault.Invalid || f.Field != field || f.Data["Allowed"] == "true, false" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestRulesAreWhole(t *testing.T) {
	if len(Rules()) != 50 || Version() == "" {
		t.Fatalf("%d rules, version %q", len(Rules()), Version())
	}
	for _, r := range Rules() {
		if len(r.When) == 0 || len(r.Effects) == 0 || len(r.Sources) == 0 || !slices.Contains([]string{"A", "B", "C"}, r.Evidence) {
			t.Errorf("%s: %+v", r.ID, r)
		}
		for o := range r.Effects {
			if !slices.Contains(Options, o) {
				t.Errorf("%s changes %q", r.ID, o)
			}
		}
		for _, d := range r.When {
			for _, text := range d.texts {
				ok := slices.Contains(knownLabels, text) || slices.Contains(words(d.field), text)
				if _, known := book.Channels[text]; !ok && !known {
					t.Errorf("%s asks %s for %q", r.ID, d.field, text)
				}
			}
		}
	}
	for _, o := range Options {
		if _, ok := book.Base[o]; !ok {
			t.Errorf("no base for %s", o)
		}
	}
}

func TestEveryMessageExists(t *testing.T) {
	ids := []string{"reason.base", "reason.statement", "decision.donot.option", "decision.risk", "decision.risk.note", "decision.first.evidence",
		"decision.first.watch", "decision.look_again.joiners", "decision.look_again.spread", "donot.R14",
		"fault.decision.field", "fault.decision.line", "fault.decision.long_line", "fault.decision.more_lines"}
	for _, r := range Rules() {
		ids = append(ids, "reason."+r.ID)
		if r.Caveat != "" {
			ids = append(ids, "reason."+r.ID+".against")
		}
	}
	for _, o := range Options {
		ids = append(ids, "option."+string(o), "option."+string(o)+".noun")
	}
	for _, g := range Guards() {
		ids = append(ids, "guard."+g)
		if g[0] == 'M' {
			ids = append(ids, "reason."+g)
		}
	}
	for _, g := range []string{"G2", "G4", "G6", "G9", "G10", "G11", "G13", "G14", "G16"} {
		ids = append(ids, "donot."+g)
	}
	for _, w := range []string{"confidence.clear", "confidence.moderate", "confidence.tie", "confidence.settled", "risk.low", "risk.medium", "risk.high"} {
		ids = append(ids, "decision."+w)
	}
	for _, tag := range lang.Tags {
		for _, id := range ids {
			if !tag.Has(id) {
				t.Errorf("%s lacks %s", tag, id)
			}
		}
	}
}

// The example S03 of domain/decisions.md 4.5.
func TestExplain(t *testing.T) {
	c := scenarios(t)[2].read(t)
	r := rank(t, c)
	x := Explain(c, r)
	if x.Recommended != Hide || x.Confidence != "clear" || x.RiskPercent != 14 || x.Risk != "low" || x.First != "evidence" {
		t.Errorf("%+v", x)
	}
	if x.For[0].Rule != "R07" || x.For[1].Rule != "R34" {
		t.Errorf("for: %+v", x.For)
	}
	if last := x.Against[len(x.Against)-1]; last.Rule != "R07" || !last.Caveat || last.Say(lang.PL.T) != "Autor może zauważyć ukrycie." {
		t.Errorf("against: %+v", x.Against)
	}
	if x.WhyNot == nil || x.WhyNot.Option != Delete || x.WhyNot.Risk != "medium" {
		t.Errorf("why not: %+v", x.WhyNot)
	}
	if x.LookAgain.Priority != 3 || x.LookAgain.After.Hours() != 3 || x.LookAgain.Trigger != "joiners" || x.LookAgain.N != 3 {
		t.Errorf("look again: %+v", x.LookAgain)
	}
	if !slices.ContainsFunc(x.DoNot, func(d DoNot) bool { return d.Rule == "R14" && d.Option == "" }) {
		t.Errorf("do not: %+v", x.DoNot)
	}
	for p, want := range map[float64]string{0.199: "low", 0.2: "medium", 0.45: "medium", 0.451: "high"} {
		if got := RiskWord(p); got != want {
			t.Errorf("risk %v: %s", p, got)
		}
	}
}
