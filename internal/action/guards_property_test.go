package action_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/classify"
	"chop/internal/consent"
	"chop/internal/db/dbtest"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/evidence"
	"chop/internal/firm"
	"chop/internal/mention"
)

// kinds are the items of the property below: clear violation, criticism that nothing lifts, criticism that may be a fake,
// spam, a threat.
var kinds = [][]classify.Label{{"insult"}, {"complaint"}, {"opinion", "fake_review"}, {"spam"}, {"spam", "complaint"}, {"threat"}, {"hate"}}

// Whoever does whatever in whatever order, under whatever mandate: the guard-rails hold in the state machine.
func TestGuardRailsHoldWhateverPeopleDo(t *testing.T) {
	clock := dbtest.NewClock()
	w := build(t, dbtest.OpenSQLite(t, clock.Now), clock)
	w.hire("joanna", access.Owner)
	w.hire("sowinski", access.Lawyer)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		w.agree(anyMandate(rt), func(s *firm.Settings) {
			s.PreauthoriseSpam = rapid.Bool().Draw(rt, "spam allowed")
			s.HoldingLine = rapid.SampledFrom([]string{"", fmt.Sprintf("Sprawdzamy (%d).", n)}).Draw(rt, "line")
		})
		labels := rapid.SampledFrom(kinds).Draw(rt, "kind")
		m := w.comment(fmt.Sprintf("autor%d", n), fmt.Sprintf("treść %d", n))
		ok(t, w.labels.Correct(w.ola(), w.firm, m.ID, labels, 2, "przeczytane"))
		w.pass(0)
		if rapid.IntRange(0, 4).Draw(rt, "formal step") == 0 {
			ok(t, w.decisions.Answer(w.ola(), w.firm, m.ID, "formal_step", "true"))
		}
		for range rapid.IntRange(2, 9).Draw(rt, "verbs") {
			verb(rt, w, m)
			upholds(rt, w, m, labels)
		}
		w.pass(26 * time.Hour)
		upholds(rt, w, m, labels)
	})
}

func anyMandate(rt *rapid.T) map[string]string {
	list := map[string]string{}
	for _, o := range decision.Options {
		if said := rapid.SampledFrom([]string{"", "", firm.Ask, firm.Tell, firm.Never}).Draw(rt, "mandate of "+string(o)); said != "" {
			list[string(o)] = said
		}
	}
	return list
}

// verb does one thing as one person. A refusal is as good an outcome as any.
func verb(rt *rapid.T, w *world, m mention.Mention) {
	people := []context.Context{w.ola(), w.basia(), w.joanna(), w.as("sowinski", access.Lawyer), w.as("staś", access.Staff), w.system()}
	who := rapid.SampledFrom(people).Draw(rt, "who")
	list := must[[]decision.Decision](w.t)(w.decisions.Of(w.ola(), w.firm, m.ID))
	var d decision.Decision
	if len(list) > 0 {
		d = list[rapid.IntRange(0, len(list)-1).Draw(rt, "which")]
	}
	switch rapid.IntRange(0, 8).Draw(rt, "verb") {
	case 0, 1, 2:
		a := must[decision.Advice](w.t)(w.decisions.Recommend(w.ola(), w.firm, m.ID))
		_, _ = w.decisions.Decide(who, decision.Choice{Firm: w.firm, Mention: m.ID, Option: rapid.SampledFrom(decision.Options).Draw(rt, "option"),
			Text: "Odpowiedź " + strconv.Itoa(rapid.IntRange(0, 5).Draw(rt, "text")) + m.ID, Why: because, Shown: a.ID,
			AskOwner: rapid.IntRange(0, 5).Draw(rt, "ask") == 0})
	case 3:
		_ = w.decisions.Confirm(who, w.firm, d.ID, because)
	case 4:
		_ = w.decisions.Refuse(who, w.firm, d.ID, because)
	case 5:
		_ = w.decisions.Withdraw(who, w.firm, d.ID, because)
	case 6, 7:
		_ = w.consents.Answer(who, w.firm, d.Consent, rapid.IntRange(0, 2).Draw(rt, "answer") > 0, "")
	case 8:
		w.pass(rapid.SampledFrom([]time.Duration{time.Minute, 31 * time.Minute, 61 * time.Minute}).Draw(rt, "time"))
	}
	w.pass(0)
	w.pass(action.UndoWindow)
}

func upholds(rt *rapid.T, w *world, m mention.Mention, labels []classify.Label) {
	settings := must[firm.Firm](w.t)(w.firms.Find(w.ola(), w.firm)).Settings
	decisions := map[string]decision.Decision{}
	reports := 0
	for _, d := range must[[]decision.Decision](w.t)(w.decisions.Of(w.ola(), w.firm, m.ID)) {
		decisions[d.ID] = d
		if d.Option == decision.Report && d.Live() {
			reports++
		}
		pure := len(labels) == 1 && labels[0] == "spam"
		if d.Who == "system" && d.After == "" && !pure {
			rt.Fatalf("the program by itself decided %s about %v", d.Option, labels)
		}
		if d.After != "" && d.Option != decision.Hide && d.Option != decision.Reply {
			rt.Fatalf("silence led to %s", d.Option)
		}
	}
	if reports > 1 {
		rt.Fatalf("%d reports of one item", reports)
	}
	for _, x := range must[[]action.Deed](w.t)(w.actions.Of(w.ola(), w.firm, m.ID)) {
		d := decisions[x.Decision]
		if d.State != decision.Decided && d.State != decision.Undone {
			rt.Fatalf("a deed %s of a decision that is %s", x.Verb, d.State)
		}
		if x.Exhibit == "" || must[evidence.Exhibit](w.t)(w.evidence.Get(w.ola(), w.firm, x.Exhibit)).At.After(x.MadeAt) {
			rt.Fatalf("%s without proof before it", x.Verb)
		}
		a := decision.AuthorityFor(d.Case, d.Option, settings)
		owners := d.Who == "u-joanna" || d.Second == "u-joanna"
		if d.Who != "system" && !owners && (a.Level == decision.Ask || a.Level == decision.OwnerOnly) || a.Level == decision.Forbidden {
			rt.Fatalf("%s by %s and %s although it is %s", d.Option, d.WhoName, d.SecondName, a.Level)
		}
		removal := d.Option == decision.Hide || d.Option == decision.Delete || d.Option == decision.Block
		if removal && slices.Contains(labels, "complaint") && !slices.Contains(labels, "spam") {
			rt.Fatalf("%s of criticism", d.Option)
		}
		if removal && (slices.Contains(labels, "opinion") || slices.Contains(labels, "complaint")) && (d.Second == "" || d.Second == d.Who) {
			rt.Fatalf("%s of criticism by %q alone", d.Option, d.Who)
		}
	}
	replies := 0
	for _, c := range w.shop.Comments() {
		if strconv.Itoa(c.Parent) == m.ExternalID && c.UserID != 0 && c.Status != site.Trash {
			replies++
		}
	}
	if replies > decision.MaxPublicReplies {
		rt.Fatalf("%d public replies", replies)
	}
	for _, q := range must[[]consent.Question](w.t)(w.consents.List(w.ola(), consent.Filter{Firm: w.firm, State: consent.Open})) {
		if d, mine := decisions[q.Ref.ID]; mine && d.State != decision.Consent {
			rt.Fatalf("the firm is still asked about a decision that is %s", d.State)
		}
	}
}
