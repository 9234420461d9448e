package action_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chop/internal/action"
	"chop/internal/classify"
	"chop/internal/db/dbtest"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/evidence"
	"chop/internal/mention"
)

// answers are the ways in which the shop may answer the next calls that change something.
var answers = []site.Answer{{After: true, HangUp: true}, {HangUp: true}, {Half: true}, {After: true, Status: 502}, {Status: 429}, {Status: 403}}

// Whatever people choose, however the shop answers and whenever deeds are taken back: proof is older than every deed,
// the shop shows exactly the replies whose deeds are done, each once and never more than two, and criticism stands.
func TestWhateverHappensDeedsHappenOnceAndWithProof(t *testing.T) {
	clock := dbtest.NewClock()
	w := build(t, dbtest.OpenSQLite(t, clock.Now), clock)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		criticism := rapid.Bool().Draw(rt, "criticism")
		label := classify.Insult
		if criticism {
			label = classify.Complaint
		}
		m := w.comment(fmt.Sprintf("author%d", n), fmt.Sprintf("tekst %d", n))
		ok(t, w.labels.Correct(w.ola(), w.firm, m.ID, []classify.Label{label}, 2, "przeczytane"))
		for range rapid.IntRange(1, 7).Draw(rt, "steps") {
			step(rt, w, m)
		}
		w.breaks(0, site.Answer{})
		for range 5 {
			w.pass(30 * time.Minute)
		}
		holds(rt, w, m, criticism)
	})
}

func step(rt *rapid.T, w *world, m mention.Mention) {
	if rapid.IntRange(0, 2).Draw(rt, "trouble") == 0 {
		w.breaks(rapid.IntRange(1, 2).Draw(rt, "times"), rapid.SampledFrom(answers).Draw(rt, "answer"))
	}
	o := rapid.SampledFrom([]decision.Option{decision.Reply, decision.Reply, decision.Reply, decision.Hide, decision.Delete, decision.Observe}).Draw(rt, "option")
	text := fmt.Sprintf("Odpowiedź %s do %s", rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "text"), m.ID)
	d, err := w.decisions.Decide(w.ola(), w.choose(w.ola(), m, o, text))
	w.pass(time.Duration(rapid.IntRange(0, 40).Draw(rt, "seconds")) * time.Second)
	w.pass(time.Duration(rapid.IntRange(0, 40).Draw(rt, "more seconds")) * time.Second)
	if err != nil || o == decision.Observe || rapid.IntRange(0, 2).Draw(rt, "undo") > 0 {
		return
	}
	_, _ = w.actions.Undo(w.ola(), w.firm, w.deed(d).ID, "pomyłka") // a refusal is as good an answer as a reversal
}

func holds(rt *rapid.T, w *world, m mention.Mention, criticism bool) {
	replies, texts := map[string]int{}, map[string]action.State{}
	for _, c := range w.shop.Comments() {
		if strconv.Itoa(c.Parent) == m.ExternalID && c.UserID != 0 && c.Status != site.Trash {
			replies[c.Text]++
		}
	}
	for _, d := range must[[]action.Deed](w.t)(w.actions.Of(w.ola(), w.firm, m.ID)) {
		if !d.Over() {
			rt.Errorf("%s is still %s", d.Verb, d.State)
		}
		if d.Try > 0 && must[evidence.Exhibit](w.t)(w.evidence.Get(w.ola(), w.firm, d.Exhibit)).At.After(d.BegunAt) {
			rt.Errorf("%s began before its proof", d.Verb)
		}
		if (d.State == action.Done || d.State == action.Undone) != (d.ExhibitAfter != "") {
			rt.Errorf("%s %s, proof of the result %q", d.Verb, d.State, d.ExhibitAfter)
		}
		if d.Verb == "reply" && texts[d.Text] != action.Done {
			texts[d.Text] = d.State
		}
	}
	live := 0
	for text, state := range texts {
		want := 0
		if state == action.Done {
			want, live = 1, live+1
		}
		if replies[text] != want {
			rt.Errorf("the reply %q stands %d times, its deed is %s", text, replies[text], state)
		}
	}
	if live > decision.MaxPublicReplies {
		rt.Errorf("%d public replies", live)
	}
	if criticism && w.status(m) != site.Approved {
		rt.Errorf("criticism is %s", w.status(m))
	}
}
