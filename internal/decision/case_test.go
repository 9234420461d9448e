package decision

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chop/internal/author"
	"chop/internal/classify"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/mention"
	"chop/internal/source"
)

// noon is a quiet Sunday noon in Warsaw.
var noon = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

func item(id, author string, at time.Time, labels ...string) mention.Mention {
	return mention.Mention{Firm: "f", ID: id, ExternalID: "x" + id, Post: "p", AuthorKey: author, At: at, Labels: labels, Kind: source.KindComment}
}

func crowd(n int, at time.Time, labels ...string) (list []mention.Mention) {
	for i := range n {
		list = append(list, item(fmt.Sprintf("c%d", i), fmt.Sprintf("a%d", i), at, labels...))
	}
	return list
}

func TestTheCaseIsBuiltFromWhatWeKnow(t *testing.T) {
	base := func() Inputs {
		return Inputs{Mention: item("m", "author", noon.Add(-90*time.Minute), "insult"), Kind: "wordpress", Now: noon,
			Settings: firm.Settings{RiskAversion: 1.5}}
	}
	for name, tc := range map[string]struct {
		change func(*Inputs)
		want   func(*Case)
	}{
		"an insult alone asserts nothing": {func(*Inputs) {}, func(*Case) {}},
		"the truth of a complaint is unknown until the client says": {
			func(in *Inputs) { in.Mention.Labels = []string{"complaint"} },
			func(c *Case) { c.Labels, c.Truth = []string{"complaint"}, "unknown" }},
		"the client says": {
			func(in *Inputs) {
				in.Mention.Labels = []string{"complaint"}
				in.Facts = map[string]string{"truth": "partly", "fault": "2", "nonsense": "1"}
			},
			func(c *Case) { c.Labels, c.Truth, c.Fault = []string{"complaint"}, "partly", 2 }},
		"an answer outside the list changes nothing": {
			func(in *Inputs) { in.Facts = map[string]string{"fault": "7", "minor": "perhaps", "truth": "yes"} }, func(*Case) {}},
		"yes-or-no answers": {
			func(in *Inputs) {
				in.Facts = map[string]string{"minor": "true", "media": "true", "warned": "true", "deletion_noticed": "true", "third_party_victim": "true"}
			},
			func(c *Case) {
				c.Minor, c.Media, c.Warned, c.DeletionNoticed, c.ThirdPartyVictim = true, true, true, true, true
			}},
		"a person's labels stand above the summary": {
			func(in *Inputs) {
				in.Read = classify.Result{Labels: []classify.Scored{{Label: "spam", Score: 1}}, Arousal: 9}
			},
			func(c *Case) { c.Labels, c.Arousal = []string{"spam"}, 3 }},
		"nothing read yet": {func(in *Inputs) { in.Mention.Labels = nil }, func(c *Case) { c.Labels = []string{} }},
		"an insult to staff strikes a third person": {
			func(in *Inputs) { in.Read.Target = "staff" }, func(c *Case) { c.ThirdPartyVictim = true }},
		"a complaint about staff does not lift its protection": {
			func(in *Inputs) { in.Read.Target = "staff"; in.Mention.Labels = []string{"complaint", "insult"} },
			func(c *Case) { c.Labels, c.Truth = []string{"complaint", "insult"}, "unknown" }},
		"a review on a portal": {
			func(in *Inputs) { in.Kind, in.Mention.Kind = "table", source.KindReview }, func(c *Case) { c.Channel = "google" }},
		"a foreign place": {func(in *Inputs) { in.Kind = "feed" }, func(c *Case) { c.Channel = "forum" }},
		"night in Warsaw": {
			func(in *Inputs) { in.Now = noon.Add(9 * time.Hour); in.Mention.At = in.Now },
			func(c *Case) { c.Night, c.AgeHours = true, 0 }},
		"a clock that runs ahead": {
			func(in *Inputs) { in.Mention.At = noon.Add(time.Hour) }, func(c *Case) { c.AgeHours = 0 }},
		"a confirmed profile and a measured reach": {
			func(in *Inputs) {
				in.Account = &author.Behaviour{Profile: "p1", Motive: "vindictive", Escalation: 2, Confidence: 0.57, Reach: 3, ReachKnown: true}
			},
			func(c *Case) { c.Profile, c.Reach = Profile{"vindictive", 2, 0.57}, 3 }},
		"no profile that a person confirmed: nothing is concluded, and the reach keeps the default": {
			func(in *Inputs) { in.Account = &author.Behaviour{Motive: "undetermined", Escalation: 1} },
			func(c *Case) { c.Profile.Confidence = 0 }},
		"figures without a profile count for nothing": {
			func(in *Inputs) { in.Account = &author.Behaviour{Motive: "vindictive", Escalation: 2, Confidence: 0.9} },
			func(c *Case) { c.Profile.Confidence = 0 }},
		"a child has no profile": {
			func(in *Inputs) {
				in.Account = &author.Behaviour{Profile: "p1", Motive: "vindictive", Escalation: 2, Confidence: 0.57, Minor: true}
			},
			func(c *Case) { c.Profile.Confidence, c.Minor = 0, true }},
		"a person in distress has none": {
			func(in *Inputs) {
				in.Account = &author.Behaviour{Profile: "p1", Motive: "vindictive", Escalation: 2, Confidence: 0.57}
				in.Mention.Labels = []string{"distress"}
			},
			func(c *Case) { c.Labels, c.Profile.Confidence = []string{"distress"}, 0 }},
		"one other joins": {
			func(in *Inputs) { in.Thread = crowd(1, noon.Add(-time.Hour), "insult") }, func(c *Case) { c.PileOn = 1 }},
		"three authors against a quiet day, half of them hostile": {
			func(in *Inputs) {
				in.Thread = append(crowd(3, noon.Add(-time.Hour), "hate"), crowd(6, noon, "praise")[3:]...)
			},
			func(c *Case) { c.PileOn, c.HateShare = 2, 0.5 }},
		"three authors against a loud day": {
			func(in *Inputs) { in.Thread, in.Quiet = crowd(3, noon.Add(-time.Hour), "hate"), 5 }, func(c *Case) { c.PileOn = 1 }},
		"a storm": {
			func(in *Inputs) { in.Thread = crowd(10, noon.Add(-time.Hour), "boycott") }, func(c *Case) { c.PileOn, c.HateShare = 3, 1 }},
		"yesterday's crowd has gone home": {
			func(in *Inputs) { in.Thread = crowd(10, noon.Add(-25*time.Hour), "boycott") }, func(c *Case) { c.HateShare = 1 }},
		"an author does not join himself, and the firm is not a crowd": {
			func(in *Inputs) {
				in.Thread = []mention.Mention{item("n", "author", noon, "insult"), in.Mention, {ID: "o", Own: true, Labels: []string{"insult"}, At: noon}}
			}, func(*Case) {}},
		"breaches before": {
			func(in *Inputs) {
				in.Past = []mention.Mention{item("1", "author", noon.Add(-48*time.Hour), "insult"), item("2", "author", noon.Add(-49*time.Hour), "complaint"),
					item("3", "author", noon.Add(-400*24*time.Hour), "hate"), in.Mention}
			}, func(c *Case) { c.Violations = 1 }},
		"counts and settings": {
			func(in *Inputs) {
				in.Replies, in.Removals, in.Settings.NetiquettePublished, in.Settings.RiskAversion = 2, 1, true, 9
			}, func(c *Case) { c.Replies, c.PriorRemovals, c.NetiquettePublished, c.RiskAversion = 2, 1, true, 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			in, want := base(), NewCase()
			want.ID, want.Channel, want.Labels, want.Severity, want.Arousal, want.AgeHours = "m", "site", []string{"insult"}, 0, 0, 1
			want.RiskAversion, want.NetiquettePublished = 1.5, false
			tc.change(&in)
			tc.want(&want)
			got := buildCase(in)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("case (-want +got):\n%s", diff)
			}
			if err := got.Validate(); err != nil {
				t.Errorf("the rules refuse it: %v", err)
			}
		})
	}
}

func TestVerbsOfOptions(t *testing.T) {
	can := source.Capabilities{source.Hide: {Can: true, Undo: source.Unhide}, source.Unhide: {Can: true}, source.Spam: {Can: true, Undo: source.Restore},
		source.Delete: {Can: true}, source.Reply: {Can: true}}
	for _, tc := range []struct {
		o      Option
		labels []string
		verb   source.Verb
		does   bool
	}{
		{Hide, nil, source.Hide, true},
		{Hide, []string{"spam"}, source.Spam, true},
		{Delete, []string{"spam"}, source.Delete, true},
		{Block, nil, source.Block, false},
		{MovePrivate, nil, source.Private, false},
		{Observe, nil, "", false},
		{EscalateLegal, nil, "", false},
		{Statement, nil, "", false},
	} {
		if v, does := Verb(tc.o, tc.labels, can); v != tc.verb || does != tc.does {
			t.Errorf("%s %v: %q %v, want %q %v", tc.o, tc.labels, v, does, tc.verb, tc.does)
		}
	}
	for v, want := range map[source.Verb]source.Verb{source.Hide: source.Unhide, source.Reply: source.Delete, source.Spam: "", source.Delete: ""} {
		if back, ok := Back(v, can); ok != (want != "") || ok && back != want {
			t.Errorf("back of %s: %q %v, want %q", v, back, ok, want)
		}
	}
}

func TestWhatMayBeChosen(t *testing.T) {
	shown := Result{Recommended: Hide, Companions: []Option{Report}}
	long := "Bo tak jest uczciwiej wobec klientów"
	for name, tc := range map[string]struct {
		choice  Choice
		way     Way
		k       Case
		set     firm.Settings
		system  bool
		want    State
		differs bool
		code    string
	}{
		"as recommended":             {choice: Choice{Option: Hide, Why: "obelga"}, way: Way{Can: true, NeedsWhy: true}, want: Decided},
		"restrictive without reason": {choice: Choice{Option: Hide, Why: " x "}, way: Way{Can: true, NeedsWhy: true}, code: "why"},
		"a companion":                {choice: Choice{Option: Report, Why: "obelga"}, way: Way{ByHand: true, NeedsWhy: true}, want: Decided},
		"vetoed":                     {choice: Choice{Option: Hide, Why: long}, way: Way{Can: true, Guard: "G1"}, code: "decision.guard"},
		"impossible":                 {choice: Choice{Option: Hide, Why: long}, code: "decision.impossible"},
		"the firm said never":        {choice: Choice{Option: Hide, Why: long}, way: Way{Can: true, Mandate: firm.Never}, code: "decision.mandate"},
		"another person":             {choice: Choice{Option: Hide, Why: long}, way: Way{Can: true, Second: true}, want: Second},
		"different, reason short":    {choice: Choice{Option: Observe, Why: "bo tak"}, way: Way{Can: true}, code: "decision.why_differs"},
		"different":                  {choice: Choice{Option: Observe, Why: long}, way: Way{Can: true}, want: Decided, differs: true},
		"reply without words":        {choice: Choice{Option: Reply, Why: long, Text: " \n"}, way: Way{Can: true}, code: "decision.text"},
		"reply too long":             {choice: Choice{Option: Reply, Why: long, Text: strings.Repeat("ż", 11)}, way: Way{Can: true, MaxText: 10}, code: "decision.text_long"},
		"reply that fits":            {choice: Choice{Option: Reply, Why: long, Text: strings.Repeat("ż", 10)}, way: Way{Can: true, MaxText: 10}, want: Decided, differs: true},
		"endless reason":             {choice: Choice{Option: Hide, Why: strings.Repeat("a", 3000)}, way: Way{Can: true}, code: "decision.why_long"},
		"time with a deed":           {choice: Choice{Option: Hide, Why: long, Until: noon}, way: Way{Can: true}, code: "decision.until"},
		"the program, spam not allowed": {choice: Choice{Option: Hide, Why: "spam"}, way: Way{Can: true}, k: Case{Labels: []string{spam}}, system: true,
			code: "decision.person"},
		"the program, spam allowed": {choice: Choice{Option: Hide, Why: "spam"}, way: Way{Can: true}, k: Case{Labels: []string{spam}}, system: true,
			set: firm.Settings{PreauthoriseSpam: true}, want: Decided},
		"the program, an insult": {choice: Choice{Option: Hide, Why: "obelga"}, way: Way{Can: true}, k: Case{Labels: []string{insult}}, system: true,
			set: firm.Settings{PreauthoriseSpam: true}, code: "decision.person"},
		"the program, spam and a complaint": {choice: Choice{Option: Hide, Why: "spam"}, way: Way{Can: true}, k: Case{Labels: []string{spam, complaint}},
			system: true, set: firm.Settings{PreauthoriseSpam: true}, code: "decision.person"},
		"the program never speaks": {choice: Choice{Option: Reply, Text: "Dzień dobry"}, way: Way{Can: true}, k: Case{Labels: []string{spam}}, system: true,
			set: firm.Settings{PreauthoriseSpam: true}, code: "decision.person"},
	} {
		t.Run(name, func(t *testing.T) {
			got, differs, err := judge(tc.choice, shown, tc.way, tc.k, tc.set, tc.system)
			var code string
			if f, ok := err.(*fault.Error); ok {
				code = f.Code
			}
			if got != tc.want || code != tc.code || (err == nil && differs != tc.differs) {
				t.Errorf("%q differs=%v %v, want %q differs=%v %q", got, differs, err, tc.want, tc.differs, tc.code)
			}
		})
	}
}

func TestTheSameWordsAreTheSame(t *testing.T) {
	if wordsOf("Dzień  dobry,\nprzepraszamy ") != wordsOf("dzień dobry, Przepraszamy") {
		t.Error("spaces and capitals make another text")
	}
	if wordsOf("a") == wordsOf("b") || wordsOf(" \n") != "" {
		t.Error("different texts are the same, or no text is one")
	}
}
