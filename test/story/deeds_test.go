package story

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/classify"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/fault"
	"chop/internal/mention"
)

const because = "Tak ustaliliśmy z właścicielką firmy."

// advised is what the person is shown about a mention.
func (p *Person) advised(m mention.Mention) decision.Advice {
	p.w.t.Helper()
	a, err := p.w.Decisions.Recommend(p.ctx(), p.w.firm.ID, m.ID)
	p.w.ok(err)
	return a
}

// tries to decide in view of fresh advice.
func (p *Person) tries(m mention.Mention, o decision.Option, text string) (decision.Decision, error) {
	p.w.t.Helper()
	return p.w.Decisions.Decide(p.ctx(), decision.Choice{Firm: p.w.firm.ID, Mention: m.ID, Option: o, Text: text, Why: because, Shown: p.advised(m).ID})
}

// decides, and the program takes note.
func (p *Person) decides(m mention.Mention, o decision.Option, text string) decision.Decision {
	p.w.t.Helper()
	d, err := p.tries(m, o, text)
	p.w.ok(err)
	p.w.Work()
	return d
}

// deed is the one deed of a decision.
func (w *World) deed(d decision.Decision) action.Deed {
	w.t.Helper()
	list, err := w.Actions.ByDecision(w.system(), w.firm.ID, d.ID)
	w.ok(err)
	if len(list) != 1 {
		w.t.Fatalf("the decision has %d deeds, want 1", len(list))
	}
	return list[0]
}

// comes in as the mention of a comment, with what a person reads in it.
func (p *Person) reads(comment int, labels ...classify.Label) mention.Mention {
	p.w.t.Helper()
	p.w.ok(p.w.Labels.Correct(p.ctx(), p.w.firm.ID, p.w.sees(comment).ID, labels, 2, "przeczytane w całości"))
	p.w.Work()
	return p.w.sees(comment)
}

const complaint = "Na zamówienie czekałam prawie trzy tygodnie i nikt nie odpisywał na maile. Szkoda, bo len piękny."

func TestCriticismIsAnsweredNotHidden(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		anna := w.Guardian("Anna")
		comment := w.Visitor("Maria").Comments(complaint)
		w.FastForward(time.Minute)
		m := w.sees(comment)
		if !m.Has("complaint") {
			t.Fatalf("read as %v", m.Labels)
		}
		for _, o := range []decision.Option{decision.Hide, decision.Delete, decision.Block} {
			_, err := anna.tries(m, o, "")
			w.refuses(err, fault.Forbidden, "decision.guard")
		}
		w.FastForward(5 * time.Minute)
		if w.status(comment) != site.Approved || len(w.changes()) != 0 {
			t.Fatalf("the complaint is %s, %d requests left", w.status(comment), len(w.changes()))
		}
		if !slices.Contains(w.journal(m), "decision.vetoed") {
			t.Error("the refused wish is not on record")
		}
		d := anna.decides(m, decision.Reply, "Pani Mario, przepraszamy. Sprawdzamy i odezwiemy się dziś do 18.")
		w.FastForward(time.Minute)
		if x := w.deed(d); x.State != action.Done || x.ResultExt == "" {
			t.Fatalf("the reply is %s %s", x.State, x.Error)
		}
		replies := 0
		for _, c := range w.shop.Comments() {
			if c.Parent == comment && strings.Contains(c.Text, "Pani Mario") {
				replies++
			}
		}
		if replies != 1 {
			t.Errorf("%d replies at the shop", replies)
		}
	})
}

// journal is the verbs on record about a mention.
func (w *World) journal(m mention.Mention) (verbs []string) {
	w.t.Helper()
	lines, err := w.Journal.Of(w.system(), access.ViewMentions, w.firm.ID, mention.Ref(m.ID))
	w.ok(err)
	for _, l := range lines {
		verbs = append(verbs, l.Verb)
	}
	return verbs
}

func TestTwoRepliesAndNeverTheSameWords(t *testing.T) {
	w := New(t)
	anna := w.Guardian("Anna")
	maria := w.Visitor("Maria")
	first, second, third := maria.Comments(complaint), maria.Comments("Halo, gdzie moja paczka? Czekam trzeci tydzień."), maria.Comments("No i? Paczki dalej nie ma.")
	w.FastForward(time.Minute)
	for _, c := range []int{first, second, third} {
		anna.reads(c, classify.Complaint)
	}
	anna.decides(w.sees(first), decision.Reply, "Szukamy, odezwiemy się dziś do 18.")
	w.FastForward(time.Minute)
	_, err := anna.tries(w.sees(second), decision.Reply, "szukamy,  odezwiemy się dziś do 18.")
	w.refuses(err, fault.Conflict, "decision.repeated")
	anna.decides(w.sees(second), decision.Reply, "Paczka wyjdzie jutro rano.")
	w.FastForward(time.Minute)
	_, err = anna.tries(w.sees(third), decision.Reply, "Już jedzie.")
	if f := w.refuses(err, fault.Forbidden, "decision.guard"); f.Data["Guard"] != "G5" {
		t.Errorf("guard %v", f.Data)
	}
	if n := len(w.changes()); n != 2 {
		t.Errorf("%d requests left the house, want 2 replies", n)
	}
}

func TestTwoPeopleRemoveWhatMayBeCriticism(t *testing.T) {
	w := New(t)
	anna, ewa := w.Guardian("Anna"), w.Guardian("Ewa")
	comment := w.Visitor("Nikt").Comments("Nigdy tu nie kupowałam, ale dam jedną gwiazdkę.")
	w.FastForward(time.Minute)
	m := anna.reads(comment, classify.Opinion, classify.FakeReview)
	d := anna.decides(m, decision.Hide, "")
	w.FastForward(5 * time.Minute)
	if d.State != decision.Second || w.status(comment) != site.Approved || len(w.changes()) != 0 {
		t.Fatalf("one person was enough: %s, %s", d.State, w.status(comment))
	}
	w.refuses(w.Decisions.Confirm(anna.ctx(), w.firm.ID, d.ID, because), fault.Forbidden, "decision.same_person")
	w.ok(w.Decisions.Confirm(ewa.ctx(), w.firm.ID, d.ID, because))
	w.Work()
	w.FastForward(time.Minute)
	if w.status(comment) != site.Hold || w.deed(d).State != action.Done {
		t.Errorf("after the second yes it is %s", w.status(comment))
	}
}

// Law 2: whatever is decided, no request leaves the house unless the proof lies in the vault.
func TestNoDeedWithoutProof(t *testing.T) {
	w := New(t)
	anna, ewa := w.Guardian("Anna"), w.Guardian("Ewa")
	for i, o := range decision.Options {
		comment := w.Visitor("Troll").Comments("Same śmieci i tyle, numer " + string(rune('a'+i)))
		w.FastForward(time.Minute)
		m := anna.reads(comment, classify.Insult)
		before := len(w.changes())
		d, err := anna.tries(m, o, "Dziękujemy, przyjęliśmy, numer "+string(rune('a'+i)))
		if err != nil {
			w.refuses(err, fault.Forbidden, "decision.guard")
			continue
		}
		if d.State == decision.Second {
			w.ok(w.Decisions.Confirm(ewa.ctx(), w.firm.ID, d.ID, because))
		}
		w.Work()
		w.FastForward(time.Minute)
		for _, c := range w.changes()[before:] {
			has, err := w.Evidence.Has(anna.ctx(), w.firm.ID, mention.Ref(m.ID))
			w.ok(err)
			if c.exhibits < 1 || !has || d.Exhibit == "" {
				t.Errorf("%s: %s left with %d exhibits in the vault, proof %q", o, c.what, c.exhibits, d.Exhibit)
			}
		}
		if o != decision.Observe && d.Exhibit == "" {
			t.Errorf("%s was decided without proof", o)
		}
	}
	if len(w.changes()) == 0 {
		t.Fatal("nothing was ever done at the shop: the story proves nothing")
	}
}

// A proof that was removed on purpose after the decision stops the deed: nothing leaves without what shows why.
func TestADeedWhoseProofWasRemovedStays(t *testing.T) {
	w := New(t)
	anna := w.Guardian("Anna")
	comment := w.Visitor("Troll").Comments("banda oszustów i tyle")
	w.FastForward(time.Minute)
	d := anna.decides(anna.reads(comment, classify.Insult), decision.Hide, "")
	w.ok(w.Evidence.Remove(w.system(), w.firm.ID, d.Exhibit, "wniosek osoby o usunięcie danych"))
	w.FastForward(2 * time.Minute)
	if x := w.deed(d); x.State != action.Failed || x.Error != "action.no_proof" || len(w.changes()) != 0 {
		t.Errorf("the deed is %s (%s), %d requests left", x.State, x.Error, len(w.changes()))
	}
}

// Law 5: the shop does what it was asked and then the answer is lost. ChOP looks before it asks again.
func TestNoDeedTwiceAfterALostAnswer(t *testing.T) {
	lost := map[string]site.Answer{
		"hang-up after the deed": {After: true, HangUp: true},
		"half an answer":         {Half: true},
		"an error after it":      {After: true, Status: http.StatusBadGateway},
	}
	for name, answer := range lost {
		t.Run(name, func(t *testing.T) {
			w := New(t)
			anna := w.Guardian("Anna")
			comment := w.Visitor("Maria").Comments(complaint)
			w.FastForward(time.Minute)
			broken := false
			w.breaks(func(r *http.Request) *site.Answer {
				if r.Method == http.MethodGet || broken {
					return nil
				}
				broken = true
				return &answer
			})
			d := anna.decides(w.sees(comment), decision.Reply, "Przepraszamy, sprawdzamy.")
			w.FastForward(3 * time.Minute)
			if x := w.deed(d); x.State != action.Done || x.ExhibitAfter == "" {
				t.Errorf("the reply is %s %s", x.State, x.Error)
			}
			replies := 0
			for _, c := range w.shop.Comments() {
				if c.Parent == comment {
					replies++
				}
			}
			if replies != 1 || !broken || len(w.changes()) != 1 {
				t.Errorf("%d replies at the shop after %d requests", replies, len(w.changes()))
			}
		})
	}
}
