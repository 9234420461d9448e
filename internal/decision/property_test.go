package decision

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// randomCases is how many cases domain/decisions.md 4.6 was tried on.
const randomCases = 20_000

// randomCase draws one case that Validate accepts, from the whole space of inputs.
func randomCase(r *rand.Rand) Case {
	pick := func(n int) int { return r.IntN(n) }
	flag := func(in int) bool { return r.IntN(in) == 0 }
	c := Case{Channel: Channels()[pick(len(Channels()))], Labels: []string{}, Severity: pick(5), Truth: words("truth")[pick(5)], Arousal: pick(4),
		HateShare: r.Float64(), PileOn: pick(4), Reach: pick(5), BuyerQuestion: flag(4), Legal: pick(4), Fault: pick(3), Failures: pick(4),
		Replies: pick(4), Warned: flag(3), Violations: pick(6), PriorRemovals: pick(3), DeletionNoticed: flag(5), NetiquettePublished: flag(2),
		ThirdPartyVictim: flag(6), Minor: flag(12), Media: flag(4), Supporters: flag(4), AgeHours: r.Float64() * 6000, Night: flag(4),
		RiskAversion: 0.5 + 1.5*r.Float64(), Profile: Profile{words("profile.motive")[pick(6)], pick(3), r.Float64()}}
	for range pick(4) {
		c.Labels = append(c.Labels, knownLabels[pick(len(knownLabels))])
	}
	return c
}

// Domain/decisions.md 4.6: 20,000 random cases, with the priors and with a tuning as wild as one can be.
func TestGuardRailsHoldInTwentyThousandCases(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 6))
	wild := Tuning{N: 1, Shifts: map[string]map[Option]float64{}}
	for _, class := range append(slices.Clone(classes), "other") {
		wild.Shifts[class] = map[Option]float64{}
		for _, o := range Options {
			wild.Shifts[class][o] = 8 * (r.Float64() - 0.5)
		}
	}
	for range randomCases {
		c := randomCase(r)
		for _, tuning := range []Tuning{{}, wild} {
			w, err := tuning.Weigh(c, nil)
			if err != nil {
				t.Fatal(err)
			}
			if broken := brokenRule(c, w); broken != "" {
				t.Fatalf("%s: %+v\n%+v", broken, c, w)
			}
		}
	}
}

// brokenRule names the promise that the advice breaks, "" when it keeps them all.
func brokenRule(c Case, r Result) string {
	genuine := (c.Has(complaint, opinion, healthSafety) || c.BuyerQuestion) && !c.ThirdPartyVictim &&
		!c.Has(hate, personalData, spam, threat, fakeReview)
	listed := make([]Option, len(r.Ranking))
	for i, x := range r.Ranking {
		listed[i] = x.Option
	}
	does := func(os ...Option) bool {
		return slices.ContainsFunc(os, func(o Option) bool { return slices.Contains(advised(r), o) })
	}
	can, _ := ChannelCapabilities(c.Channel)
	impossible := func(o Option) bool { return !can.can(o) || r.Vetoed[o] != "" }
	for _, p := range []struct {
		what   string
		broken bool
	}{
		{"genuine criticism removed", genuine && (does(Hide, Delete, Block) || slices.ContainsFunc(listed, removes))},
		{"a third public reply", c.Replies >= 2 && slices.Contains(listed, Reply)},
		{"contact with an extortionist", c.Has(extortion) && (slices.Contains(listed, Reply) || slices.Contains(listed, MovePrivate))},
		{"a threat is not escalated", c.Has(threat) && r.Recommended != EscalateLegal},
		{"an argument with one who threatens", c.Has(threat) && does(Reply, MovePrivate)},
		{"vetoed or impossible option in the ranking", slices.ContainsFunc(listed, impossible) || slices.ContainsFunc(advised(r), impossible)},
		{"a person in distress is blocked or deleted", c.Has(distress) && does(Block, Delete)},
		{"a person in distress is left alone", c.Has(distress) && !c.Has(threat, extortion) && !does(MovePrivate)},
		{"a child is blocked or gets a lawyer", c.Minor && (does(Block) || does(EscalateLegal) && !c.Has(threat))},
		{"hate or personal data stay on own ground", c.Has(hate, personalData) && can.own() && !does(Hide, Delete)},
		{"a statement before its time", does(Statement) && !statementDue(&c)},
		{"a block without a warning", r.Recommended == Block && !c.Warned && !c.Has(spam, hate)},
		{"a deed without the place", len(listed) == 0},
	} {
		if p.broken {
			return p.what
		}
	}
	return ""
}

func TestOrderAndRepetitionOfLabelsAreIrrelevant(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := anyCase(rt)
		other := c
		other.Labels = append(rapid.Permutation(c.Labels).Draw(rt, "order"), c.Labels...)
		a, errA := Rank(c, nil)
		b, errB := Rank(other, nil)
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
			rt.Fatalf("%v, %v:\n%+v\n%+v", errA, errB, a, b)
		}
	})
}

// A more careful firm never finds the riskier of two options more attractive, compared with the safer.
func TestCareNeverFavoursTheRiskierOption(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := anyCase(rt).settled()
		bold := c
		bold.RiskAversion = rapid.Float64Range(0.5, c.RiskAversion).Draw(rt, "bolder")
		careful, daring := weigh(c, nil, Tuning{}), weigh(bold, nil, Tuning{})
		i, j := rapid.IntRange(0, options-1).Draw(rt, "one"), rapid.IntRange(0, options-1).Draw(rt, "other")
		if careful.totals[i].risk() < careful.totals[j].risk() {
			i, j = j, i // i is the riskier
		}
		if lead, before := careful.scores[i]-careful.scores[j], daring.scores[i]-daring.scores[j]; lead > before+1e-9 {
			rt.Fatalf("%s over %s: %v with care %v, %v with %v", Options[i], Options[j], lead, c.RiskAversion, before, bold.RiskAversion)
		}
	})
}

func TestAProfileWithoutConfidenceChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := anyCase(rt)
		c.Profile.Confidence = 0
		other := c
		other.Profile = anyCase(rt).Profile
		other.Profile.Confidence = 0
		a, b := weigh(c.settled(), nil, Tuning{}), weigh(other.settled(), nil, Tuning{})
		if a.scores != b.scores || a.guards != b.guards {
			rt.Fatalf("%+v and %+v weigh differently", c.Profile, other.Profile)
		}
	})
}

// A tuning moves risks of its class only, by no more than it may; none at all is the priors.
func TestATuningMovesOnlyRisks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := anyCase(rt)
		by := rapid.Float64Range(-9, 9).Draw(rt, "shift")
		o := rapid.SampledFrom(Options).Draw(rt, "option")
		tuned := Tuning{N: 3, Shifts: map[string]map[Option]float64{c.Class(): {o: by}, "nobody": {o: 1}}}
		plain, moved := weigh(c.settled(), nil, Tuning{}), weigh(c.settled(), nil, tuned)
		for i := range Options {
			want := plain.totals[i]
			if Options[i] == o {
				want[2] += min(max(by, -MaxShift), MaxShift)
			}
			if moved.totals[i] != want {
				rt.Fatalf("%s: %v, want %v", Options[i], moved.totals[i], want)
			}
		}
		if tuned.Risk(c, o) != moved.totals[place(o)].risk() {
			rt.Fatalf("risk %v", tuned.Risk(c, o))
		}
		r, err := tuned.Rank(c, nil)
		if err != nil || r.Version != Version()+"+3" {
			rt.Fatalf("%q, %v", r.Version, err)
		}
	})
}

// What is told to change the advice does change it, and only facts that do not hold yet are told.
func TestTurnsAreTrue(t *testing.T) {
	forEach(t, func(rt *rapid.T, c Case, r Result) {
		for _, turn := range (Tuning{}).Turns(c, nil, r) {
			if turn.Option == r.Recommended || turn.Option == "" {
				rt.Fatalf("%+v is no turn from %s", turn, r.Recommended)
			}
		}
	})
	c := NewCase()
	c.Labels, c.Truth = []string{claim}, "unknown"
	r := rank(t, c)
	turns := Tuning{}.Turns(c, nil, r)
	if r.Recommended != MovePrivate || len(turns) == 0 || turns[0] != (Turn{"truth", "true", Reply}) {
		t.Errorf("%s, turns %v", r.Recommended, turns)
	}
}

// A statement waits until two signs of a crisis hold, and then something else is said in the thread (1.3).
func TestAStatementWaitsForTwoSigns(t *testing.T) {
	rumour := NewCase()
	rumour.Labels, rumour.Truth, rumour.PileOn = []string{claim}, "false_documented", 2
	r := rank(t, rumour)
	if r.Recommended != Reply || r.CloseCall || r.Reasons.WhyNot[Statement].Rule != "statement" || Explain(rumour, r).Confidence != "settled" {
		t.Errorf("one sign: %s, %+v", r.Recommended, r.Reasons.WhyNot)
	}
	for name, second := range map[string]func(*Case){
		"reach":         func(c *Case) { c.Reach = 3 },
		"our own fault": func(c *Case) { c.Fault, c.Truth = 2, "true" },
		"a storm":       func(c *Case) { c.PileOn = 3 },
	} {
		c := rumour
		second(&c)
		if !statementDue(&c) {
			t.Errorf("%s is a second sign", name)
		}
		c.Channel = "group"
		if statementDue(&c) {
			t.Errorf("%s: one local group is answered there", name)
		}
	}
	dark := rumour
	dark.PileOn, dark.Reach, dark.Truth = 3, 4, "unknown"
	if statementDue(&dark) {
		t.Error("published while the facts are unknown")
	}
	dark.Labels = []string{healthSafety}
	if !statementDue(&dark) {
		t.Error("people who must be told what to do are not told")
	}
	nothing := NewCase()
	nothing.PileOn = 2
	if r := rank(t, nothing); r.Recommended != Reply && r.Recommended != Observe {
		t.Errorf("instead of a statement: %s", r.Recommended)
	}
}
