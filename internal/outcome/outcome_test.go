package outcome

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/decision"
	"chop/internal/mention"
)

var noon = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

func item(id, author, src string, after time.Duration, severity int, labels ...string) mention.Mention {
	return mention.Mention{ID: id, AuthorKey: author, AuthorName: author, Source: src, Post: "p", At: noon.Add(after), Severity: severity, Labels: labels,
		Text: "tekst numer " + id}
}

func TestWhatIsSeen(t *testing.T) {
	m := item("m", "jan", "shop", -time.Hour, 2, "insult")
	m.Text = "nigdy więcej tu nie kupię chleba ani bułek"
	for name, tc := range map[string]struct {
		items []mention.Mention
		signs string
		check func(Seen) bool
	}{
		"silence":                          {nil, "[]", func(s Seen) bool { return !s.Returned && s.Joined == 0 }},
		"again, no worse":                  {[]mention.Mention{item("1", "jan", "shop", time.Hour, 2, "insult")}, "[]", func(s Seen) bool { return s.Returned }},
		"again, kindly":                    {[]mention.Mention{item("1", "jan", "forum", time.Hour, 0, "praise")}, "[]", func(s Seen) bool { return !s.Returned && len(s.Venues) == 0 }},
		"a new place":                      {[]mention.Mention{item("1", "jan", "forum", time.Hour, 1, "insult")}, "[venue]", func(s Seen) bool { return s.Venues[0] == "forum" }},
		"twice as harsh":                   {[]mention.Mention{item("1", "jan", "shop", time.Hour, 4, "threat")}, "[intensity]", func(s Seen) bool { return s.Intensity == 4 }},
		"a call":                           {[]mention.Mention{item("1", "eva", "shop", time.Hour, 1, "boycott")}, "[call]", func(s Seen) bool { return s.Joined == 1 }},
		"a call of another thread":         {[]mention.Mention{{ID: "1", AuthorKey: "eva", Post: "q", At: noon.Add(1), Labels: []string{"boycott"}}}, "[]", func(s Seen) bool { return !s.Call }},
		"four join":                        {crowdOf(4, time.Hour), "[]", func(s Seen) bool { return s.Joined == 4 }},
		"five join":                        {crowdOf(5, time.Hour), "[joined]", func(s Seen) bool { return s.Joined == 5 }},
		"one of them twice":                {append(crowdOf(4, time.Hour), item("x", "c1", "shop", 2*time.Hour, 1, "insult")), "[]", func(s Seen) bool { return s.Joined == 4 }},
		"those who were there":             {append(crowdOf(4, time.Hour), item("x", "old", "shop", 2*time.Hour, 1, "insult")), "[]", func(s Seen) bool { return s.Joined == 4 }},
		"before":                           {crowdOf(9, -time.Hour), "[]", func(s Seen) bool { return s.Joined == 0 }},
		"too late":                         {crowdOf(9, 73*time.Hour), "[]", func(s Seen) bool { return s.Joined == 0 && !s.Later }},
		"the author, too late":             {[]mention.Mention{item("1", "jan", "forum", 80*time.Hour, 4, "threat")}, "[]", func(s Seen) bool { return s.Later && !s.Returned }},
		"the firm's own words":             {[]mention.Mention{{ID: "1", Own: true, Post: "p", At: noon.Add(1), Labels: []string{"boycott"}}}, "[]", func(s Seen) bool { return !s.Call }},
		"the same name elsewhere":          {[]mention.Mention{{ID: "1", AuthorKey: "k", AuthorName: " JAN", At: noon.Add(1), Labels: []string{"insult"}}}, "[]", func(s Seen) bool { return len(s.Suspects) == 1 }},
		"the same name, friendly":          {[]mention.Mention{{ID: "1", AuthorKey: "k", AuthorName: "jan", At: noon.Add(1)}}, "[]", func(s Seen) bool { return len(s.Suspects) == 0 }},
		"nearly the same words":            {[]mention.Mention{{ID: "1", AuthorKey: "k", At: noon.Add(1), Labels: []string{"insult"}, Text: "Nigdy więcej tu nie kupię chleba ani bułek!!"}}, "[]", func(s Seen) bool { return len(s.Suspects) == 1 }},
		"the same item read twice at once": {[]mention.Mention{item("1", "jan", "shop", time.Hour, 2, "insult"), item("1", "jan", "shop", time.Hour, 2, "insult")}, "[]", func(s Seen) bool { return s.Intensity == 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			f := Forecast{At: noon, Before: sizes(m, []mention.Mention{item("0", "old", "shop", -2*time.Hour, 1, "insult"), m}, []mention.Mention{m, m}, noon)}
			s := observe(f, m, append(tc.items, m), noon.Add(Week.After()))
			if got := fmt.Sprint(s.Signs()); got != tc.signs || !tc.check(s) {
				t.Errorf("%s, %+v", got, s)
			}
			if early := observe(f, m, tc.items, noon); len(early.Signs()) != 0 || early.Joined != 0 {
				t.Errorf("seen before it happened: %+v", early)
			}
		})
	}
}

func crowdOf(n int, after time.Duration) (list []mention.Mention) {
	for i := range n {
		list = append(list, item(fmt.Sprint("i", i), fmt.Sprint("c", i), "shop", after, 1, "insult"))
	}
	return list
}

func TestHowItIsJudged(t *testing.T) {
	signs := Seen{Call: true}
	for name, tc := range map[string]struct {
		s    Seen
		d    decision.Decision
		m    mention.Mention
		sees bool
		want string
	}{
		"calm":                                {Seen{}, decision.Decision{State: decision.Decided}, mention.Mention{}, true, "calm"},
		"escalated":                           {signs, decision.Decision{State: decision.Decided, Outcome: decision.Succeeded}, mention.Mention{}, true, "escalated"},
		"escalated in a place we see no more": {signs, decision.Decision{State: decision.Decided}, mention.Mention{}, false, "escalated"},
		"undone though it escalated":          {signs, decision.Decision{State: decision.Undone}, mention.Mention{}, true, "unknown undone"},
		"refused":                             {signs, decision.Decision{State: decision.Refused}, mention.Mention{}, true, "unknown undone"},
		"failed":                              {Seen{}, decision.Decision{State: decision.Decided, Outcome: decision.Failed}, mention.Mention{}, true, "unknown failed"},
		"dropped":                             {Seen{}, decision.Decision{State: decision.Decided, Outcome: decision.Dropped}, mention.Mention{}, true, "unknown failed"},
		"not done":                            {Seen{}, decision.Decision{State: decision.Decided, Outcome: decision.ByHand}, mention.Mention{}, true, "unknown not_done"},
		"blind":                               {Seen{}, decision.Decision{State: decision.Decided}, mention.Mention{}, false, "unknown source"},
		"gone by itself":                      {Seen{}, decision.Decision{State: decision.Decided, Option: decision.Reply}, mention.Mention{GoneAt: noon}, true, "unknown gone"},
		"gone by our deed":                    {Seen{}, decision.Decision{State: decision.Decided, Option: decision.Delete}, mention.Mention{GoneAt: noon}, true, "calm"},
	} {
		v, cause := judge(tc.s, tc.d, tc.m, tc.sees)
		got := string(v)
		if cause != "" {
			got += " " + cause
		}
		if got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func closed(class string, o decision.Option, risk float64, v Verdict) Outcome {
	return Outcome{Forecast: Forecast{Class: class, Option: o, Risk: risk, Prior: risk}, Verdict: v, Closed: true}
}

func TestCalibration(t *testing.T) {
	list := []Outcome{closed("insult", decision.Hide, 0.1, Calm), closed("insult", decision.Hide, 0.1, Calm), closed("insult", decision.Hide, 0.1, Escalated),
		closed("spam", decision.Delete, 0.5, Escalated), closed("spam", decision.Delete, 0.3, Unknown), {Verdict: Calm}}
	c := Calibrate(list)
	if c.N != 4 || c.Escalated != 2 || c.Unknown != 1 || c.Pending != 1 || math.Abs(c.Brier-(0.01+0.01+0.81+0.25)/4) > 1e-12 || c.Base != 0.25 {
		t.Errorf("%+v", c)
	}
	if len(c.Options) != 2 || c.Options[0].Option != decision.Hide || c.Options[0].N != 3 || math.Abs(c.Options[0].Mean-0.1) > 1e-12 {
		t.Errorf("%+v", c.Options)
	}
	low, medium, high := c.Bands[0], c.Bands[1], c.Bands[2]
	if low.N != 3 || low.Escalated != 1 || medium.N != 0 || high.N != 1 || high.Rate != 1 {
		t.Errorf("%+v", c.Bands)
	}
	if medium.From > 0.051 || medium.Until < 0.949 {
		t.Errorf("nothing seen leaves everything open: %v to %v", medium.From, medium.Until)
	}
	if empty := Calibrate(nil); empty.N != 0 || empty.Brier != 0 || len(empty.Bands) != 3 {
		t.Errorf("%+v", empty)
	}
}

// Known quantiles of Beta(1+k, 1+n-k), among them those with a closed form.
func TestInterval(t *testing.T) {
	for _, tc := range []struct {
		k, n        int
		from, until float64
	}{{0, 0, 0.05, 0.95}, {0, 10, 0.004652, 0.238404}, {5, 10, 0.271250, 0.728750}, {10, 10, 0.761596, 0.995348}} {
		from, until := Interval(tc.k, tc.n)
		if math.Abs(from-tc.from) > 1e-5 || math.Abs(until-tc.until) > 1e-5 {
			t.Errorf("%d of %d: %f to %f, want %f to %f", tc.k, tc.n, from, until, tc.from, tc.until)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 2000).Draw(rt, "n")
		k := rapid.IntRange(0, n).Draw(rt, "k")
		from, until := Interval(k, n)
		mean := float64(1+k) / float64(2+n)
		if !(0 <= from && from < mean && mean < until && until <= 1) {
			rt.Fatalf("%d of %d: %f to %f", k, n, from, until)
		}
	})
}

func TestOverrides(t *testing.T) {
	decided := func(n, differ int) (list []decision.Decision) {
		for i := range n {
			list = append(list, decision.Decision{Who: "u", Differs: i < differ})
		}
		return list
	}
	for _, tc := range []struct {
		list  []decision.Decision
		n     int
		stamp bool
	}{{decided(99, 0), 99, false}, {decided(100, 4), 100, true}, {decided(100, 5), 100, false}, {decided(300, 4), 100, true},
		{append([]decision.Decision{{Who: "system"}}, decided(100, 0)...), 100, true}} {
		if o := overrides(tc.list); o.N != tc.n || o.RubberStamp() != tc.stamp {
			t.Errorf("%+v: rubber stamp %v", o, o.RubberStamp())
		}
	}
}

// Domain/decisions.md 4.2: the prior is worth ten observations.
func TestAProposalMovesByWhatWasSeen(t *testing.T) {
	var list []Outcome
	for i := range 10 {
		v := Calm
		if i < 6 {
			v = Escalated
		}
		list = append(list, closed("insult", decision.Hide, 0.2, v))
	}
	list = append(list, closed("spam", decision.Delete, 0.1, Unknown), Outcome{Verdict: Escalated, Forecast: Forecast{Class: "hate"}})
	p := propose(list, decision.Tuning{})
	if p.Fitted || p.Outcomes != 10 || len(p.Changes) != 1 || math.Abs(p.Changes[0].Next-0.4) > 0.002 || math.Abs(p.Changes[0].Now-0.2) > 1e-9 {
		t.Errorf("%+v", p)
	}
	if again := propose(list, decision.Tuning{}); !reflect.DeepEqual(p, again) {
		t.Error("the same outcomes give another proposal")
	}
	after := propose(list, p.Next) // from the priors again: what was learned is not learned twice
	if !after.Next.Equal(p.Next) || after.Digest != p.Digest {
		t.Errorf("%+v, then %+v", p.Next, after.Next)
	}
}

// From 200 outcomes on the risks are fitted together: near the truth where there is much, near the experts where not.
func TestTheFit(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 0))
	var list []Outcome
	live := func(n int, class string, o decision.Option, prior, truth float64) {
		for range n {
			v := Calm
			if r.Float64() < truth {
				v = Escalated
			}
			list = append(list, closed(class, o, prior, v))
		}
	}
	live(1500, "insult", decision.Hide, 0.15, 0.45)
	live(1500, "complaint", decision.Reply, 0.2, 0.2)
	live(2, "satire", decision.Observe, 0.2, 0.2)
	p := propose(list, decision.Tuning{})
	if !p.Fitted {
		t.Fatal("not fitted")
	}
	for _, c := range p.Changes {
		want := map[string]float64{"insult": 0.45, "complaint": 0.2, "satire": 0.2}[c.Class]
		near := map[string]float64{"insult": 0.05, "complaint": 0.04, "satire": 0.25}[c.Class]
		if math.Abs(c.Next-want) > near {
			t.Errorf("%s: %.3f, want about %.2f", c.Class, c.Next, want)
		}
	}
}

// However the outcomes fall, no shift leaves its bounds, and forecasts move toward what was seen.
func TestProposalsStayInBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var list []Outcome
		n := rapid.IntRange(0, 260).Draw(rt, "n")
		share := rapid.Float64Range(0, 1).Draw(rt, "share")
		prior := rapid.Float64Range(0.01, 0.99).Draw(rt, "prior")
		seen := 0
		for i := range n {
			v := Calm
			if float64(i) < share*float64(n) {
				v = Escalated
				seen++
			}
			list = append(list, closed("claim", decision.Reply, prior, v))
		}
		p := propose(list, decision.Tuning{})
		if n == 0 {
			if len(p.Changes) != 0 || len(p.Next.Shifts) != 0 {
				rt.Fatalf("%+v", p)
			}
			return
		}
		shift := p.Next.Shift("claim", decision.Reply)
		rate := float64(seen) / float64(n)
		if math.Abs(shift) > decision.MaxShift || shift > smallest && rate < prior || shift < -smallest && rate > prior {
			rt.Fatalf("rate %v, prior %v, shift %v", rate, prior, shift)
		}
	})
}
