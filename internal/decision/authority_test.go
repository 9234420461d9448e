package decision

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/firm"
	"chop/internal/lang"
)

func labelled(labels ...string) Case {
	c := NewCase()
	c.Labels = labels
	return c
}

// The table of domain/decisions.md section 9, as far as it is about an item.
func TestAuthorityMatrix(t *testing.T) {
	buyer, famous := labelled("question"), labelled("insult")
	buyer.BuyerQuestion, famous.Reach = true, 2
	for name, tc := range map[string]struct {
		c       Case
		o       Option
		level   Level
		minutes float64
		silence Silence
		tell    Telling
	}{
		"observe":                {labelled("complaint"), Observe, Free, 0, Nothing, ""},
		"reply to praise":        {labelled("praise"), Reply, Free, 0, Nothing, Day},
		"reply to a complaint":   {labelled("complaint"), Reply, Ask, 30, HoldingLine, ""},
		"reply to a buyer":       {buyer, Reply, Ask, 30, HoldingLine, ""},
		"invitation":             {labelled("complaint"), MovePrivate, Free, 0, Nothing, Day},
		"hide an insult":         {labelled("insult"), Hide, Free, 0, Nothing, Day},
		"delete spam":            {labelled("spam"), Delete, Free, 0, Nothing, Day},
		"delete hate":            {labelled("hate"), Delete, Free, 0, Nothing, Now},
		"delete doxxing":         {labelled("complaint", "personal_data"), Delete, Free, 0, Nothing, Now},
		"delete an insult":       {labelled("insult"), Delete, Ask, 60, HideInstead, ""},
		"block":                  {labelled("insult"), Block, Ask, 60, Nothing, ""},
		"block a known account":  {famous, Block, OwnerOnly, 1440, Nothing, ""},
		"report":                 {labelled("insult"), Report, Free, 0, Nothing, Day},
		"police about a threat":  {labelled("threat"), EscalateLegal, Free, 0, Nothing, Now},
		"lawyer about extortion": {labelled("extortion"), EscalateLegal, Ask, 60, Nothing, ""},
		"statement":              {labelled("boycott"), Statement, OwnerOnly, 1440, Nothing, ""},
	} {
		a := AuthorityFor(tc.c, tc.o, firm.Settings{HoldingLine: "Sprawdzamy."})
		if a.Level != tc.level || a.Wait.Minutes() != tc.minutes || a.Silence != tc.silence || a.Tell != tc.tell {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := AuthorityFor(labelled("complaint"), Reply, firm.Settings{}); a.Silence != Nothing {
		t.Error("a line is posted that the owner never agreed to")
	}
}

func TestTheFirmTightensAndLoosens(t *testing.T) {
	for name, tc := range map[string]struct {
		said string
		o    Option
		want Level
	}{
		"hide is asked about":       {firm.Ask, Hide, Ask},
		"hide is ruled out":         {firm.Never, Hide, Forbidden},
		"delete is left to us":      {firm.Tell, Delete, Free},
		"block is left to us":       {firm.Tell, Block, Free},
		"a statement is never ours": {firm.Tell, Statement, OwnerOnly},
		"watching needs nobody":     {firm.Ask, Observe, Free},
	} {
		a := AuthorityFor(labelled("insult"), tc.o, firm.Settings{Mandate: map[string]string{string(tc.o): tc.said}})
		if a.Level != tc.want || a.asks() && a.Wait == 0 {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// Whatever the case and whatever the firm said: every option has a row, silence never means more than was asked, and what
// a guard-rail fixes cannot be loosened.
func TestSilenceIsAlwaysMilder(t *testing.T) {
	milder := map[Silence][]Option{HideInstead: {Delete}, HoldingLine: {Reply}}
	rapid.Check(t, func(rt *rapid.T) {
		c, o := anyCase(rt), rapid.SampledFrom(Options).Draw(rt, "option")
		said := rapid.SampledFrom([]string{"", firm.Ask, firm.Tell, firm.Never}).Draw(rt, "said")
		s := firm.Settings{HoldingLine: rapid.SampledFrom([]string{"", "Sprawdzamy."}).Draw(rt, "line"), Mandate: map[string]string{}}
		if said != "" {
			s.Mandate[string(o)] = said
		}
		a := AuthorityFor(c, o, s)
		switch {
		case a.Row == "unknown" || a.Option != o:
			rt.Fatalf("%s has no row", o)
		case a.Silence != Nothing && !slices.Contains(milder[a.Silence], o):
			rt.Fatalf("silence about %s means %s", o, a.Silence)
		case a.Silence == HoldingLine && s.HoldingLine == "":
			rt.Fatal("a line that nobody agreed to")
		case o == Statement && a.Level == Free:
			rt.Fatal("a statement without the owner")
		case a.asks() && a.Wait <= 0:
			rt.Fatalf("%s asks without a deadline", o)
		case said == firm.Never && a.Level != Forbidden:
			rt.Fatalf("%s was ruled out and is %s", o, a.Level)
		}
		who := access.Principal{User: "o", Firms: map[string]access.Role{"f": access.Owner}}
		if n := needs(Way{Authority: a}, Choice{Firm: "f", Option: o, AskOwner: true}, who); len(n) != 0 {
			rt.Fatalf("the owner asks %v", n)
		}
	})
}

func TestEveryRowHasItsWords(t *testing.T) {
	for _, a := range Matrix() {
		for _, id := range []string{"authority." + a.Row, "authority.when." + a.Row} {
			if !lang.PL.Has(id) || !lang.EN.Has(id) {
				t.Errorf("no message %s", id)
			}
		}
	}
	for _, o := range Options {
		for _, what := range []string{"asked", "allowed", "declined", "lapsed", "void"} {
			if id := "timeline." + what + "." + string(o); !lang.PL.Has(id) || !lang.EN.Has(id) {
				t.Errorf("no message %s", id)
			}
		}
		for _, id := range []string{"consent.title." + string(o), "consent.means." + string(o)} {
			if !lang.PL.Has(id) || !lang.EN.Has(id) {
				t.Errorf("no message %s", id)
			}
		}
	}
	for _, s := range []Silence{Nothing, HideInstead, HoldingLine} {
		name := "nothing"
		if s != Nothing {
			name = string(s)
		}
		for _, id := range []string{"consent.silence." + name, "inbox.silence." + name} {
			if !lang.PL.Has(id) || !lang.EN.Has(id) {
				t.Errorf("no message %s", id)
			}
		}
	}
}

func TestDutiesAreNotLeftUndoneByOnePerson(t *testing.T) {
	due := []Option{EscalateLegal, Report}
	c := Choice{Mention: "m", Option: Observe}
	later := c
	later.Until = later.Until.AddDate(2030, 0, 0)
	stands := []Decision{{Mention: "m", Option: Report, State: Decided}}
	failed := []Decision{{Mention: "m", Option: Report, State: Decided, Outcome: Failed}}
	for name, tc := range map[string]struct {
		c    Choice
		due  []Option
		made []Decision
		want bool
	}{
		"threat is put aside":            {c, due, nil, true},
		"nothing is due":                 {c, nil, nil, false},
		"it was reported":                {c, due, stands, false},
		"the report failed":              {c, due, failed, true},
		"looked at again later":          {later, due, nil, false},
		"another option than to observe": {Choice{Mention: "m", Option: Hide}, due, nil, false},
	} {
		if got := neglects(tc.c, tc.due, tc.made); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestNoPublicExchangeWithAMinor(t *testing.T) {
	c := labelled("complaint")
	c.Minor = true
	if g := guardOf(c, Reply); g != "" {
		t.Errorf("the first answer is stopped by %s", g)
	}
	c.Replies = 1
	if g := guardOf(c, Reply); g != "G14" {
		t.Errorf("the second answer: guard %q", g)
	}
}
