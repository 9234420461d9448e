package story

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/crisis"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/mention"
)

// A buyer asks, others fall upon the question. The case is solved when the asker has an answer, everything is decided and
// sealed, the owner knows and an hour was quiet; not before. They come back, and so does the case. What the guardians
// noted among themselves never left the house.
func TestAQuestionUnderAttack(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna, owner := w.Guardian("Anna"), w.Owner("Joanna")
		const secret = "wlascicielka-jest-w-szpitalu"
		var mu sync.Mutex
		var out strings.Builder // everything that was sent to the shop
		w.breaks(func(r *http.Request) *site.Answer {
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				return nil
			}
			r.Body = io.NopCloser(bytes.NewReader(raw))
			mu.Lock()
			defer mu.Unlock()
			out.WriteString(r.URL.String() + "\n" + string(raw) + "\n")
			return nil
		})

		question := w.Visitor("Beata").Comments("Czy ta pościel kurczy się w praniu w 60 stopniach? Zastanawiam się nad kompletem.")
		w.FastForward(time.Minute)
		first := w.Visitor("Kamil").Answers(question, "Nie kupuj, banda oszustów i tyle.")
		second := w.Visitor("Zofia").Answers(question, "Haha bojkot tej firmy, oszuści, udostępniajcie.")
		w.FastForward(time.Minute)
		c := w.onlyCase()
		if c.Title != "case.title.ambush" {
			t.Fatalf("the case is %s", c.Title)
		}
		w.ok(w.Cases.Accept(anna.ctx(), w.firm.ID, c.ID))
		w.ok(w.Cases.Write(anna.ctx(), w.firm.ID, c.ID, "Spokojnie z telefonem: "+secret))
		w.FastForward(time.Minute)

		tasks, err := w.Cases.Tasks(anna.ctx(), w.firm.ID, c.ID)
		w.ok(err)
		asked := map[string]bool{}
		for _, x := range tasks {
			asked[x.Kind] = x.State == crisis.ToDo
		}
		if !asked[crisis.AskFacts] || !asked[crisis.AskOwner] {
			t.Fatalf("rules ask for %v", asked)
		}
		w.lacks(anna, c.ID, crisis.Quiet, crisis.Decided, crisis.Answered, crisis.Told)

		anna.decides(w.sees(question), decision.Reply, "Pani Beato, nasza pościel jest prana przed szyciem i nie kurczy się w 60 stopniach.")
		for _, n := range []int{first, second} {
			anna.decides(w.sees(n), decision.Hide, "")
		}
		w.ok(w.Cases.OwnerKnows(owner.ctx(), w.firm.ID, c.ID))
		w.FastForward(3 * time.Minute)
		w.lacks(anna, c.ID, crisis.Quiet)
		x, err := w.Cases.Situation(owner.ctx(), w.firm.ID, c.ID)
		w.ok(err)
		if words := strings.Join(crisis.Summary(x, "pl"), " "); !strings.Contains(words, "osobom, które pytają o zakup") || strings.Contains(words, secret) {
			t.Errorf("the owner reads: %s", words)
		}
		w.Leap(time.Hour)
		w.FastForward(time.Minute)
		w.lacks(anna, c.ID)
		w.ok(w.Cases.Contain(anna.ctx(), w.firm.ID, c.ID, ""))

		third := w.Visitor("Marek").Answers(question, "Dalej ta sama banda oszustów, nie kupujcie.")
		w.FastForward(time.Minute)
		back, err := w.Cases.Find(anna.ctx(), c.ID)
		w.ok(err)
		if back.Status != crisis.Accepted || len(w.cases()) != 1 {
			t.Fatalf("they came back and the case is %s", back.Status)
		}
		if items, err := w.Cases.Items(anna.ctx(), w.firm.ID, c.ID); err != nil || len(items) != 4 || items[len(items)-1].Ref != mention.Ref(w.sees(third).ID) {
			t.Errorf("%d items in the case", len(items))
		}
		w.timelineTells(anna, c.ID, "opened", "accepted", "note", "decided.reply", "owner_knows", "deed.done.reply", "solved", "contained", "again", "item")
		mu.Lock()
		defer mu.Unlock()
		if !strings.Contains(out.String(), "prana+przed") && !strings.Contains(out.String(), "prana przed") {
			t.Error("the story does not see what leaves for the shop")
		}
		if strings.Contains(out.String(), secret) {
			t.Error("a note left the house")
		}
	})
}

// lacks checks which conditions of the solved test are missing.
func (w *World) lacks(p *Person, id string, want ...string) {
	w.t.Helper()
	test, err := w.Cases.Test(p.ctx(), w.firm.ID, id)
	w.ok(err)
	var got []string
	for _, c := range test {
		if !c.Holds {
			got = append(got, c.Name)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		w.t.Fatalf("missing are %v, want %v", got, want)
	}
}
