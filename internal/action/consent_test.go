package action_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/action"
	"chop/internal/alert"
	"chop/internal/classify"
	"chop/internal/consent"
	"chop/internal/crisis"
	"chop/internal/db"
	"chop/internal/decision"
	"chop/internal/demo/site"
	"chop/internal/fault"
	"chop/internal/firm"
	"chop/internal/mention"
	"chop/internal/reason"
	"chop/internal/source"
)

// agree gives the firm a mandate; nil: the authority matrix as it stands.
func (w *world) agree(mandate map[string]string, more ...func(*firm.Settings)) {
	w.t.Helper()
	f := must[firm.Firm](w.t)(w.firms.Find(w.system(), w.firm))
	f.Settings.Mandate = mandate
	for _, m := range more {
		m(&f.Settings)
	}
	must[firm.Firm](w.t)(w.firms.Update(w.system(), f, "umowa"))
}

// hire puts a person into the firm, who can be reached by mail.
func (w *world) hire(name string, r access.Role) {
	w.t.Helper()
	ok(w.t, w.d.Tx(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO person (id, name, email, email_key, created_at) VALUES ($1, $2, $3, $3, $4)`, "u-"+name, name, name+"@x.pl", tx.Now()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO membership (firm_id, user_id, role, since) VALUES ($1, $2, $3, $4)`, w.firm, "u-"+name, string(r), tx.Now())
		return err
	}))
}

func (w *world) joanna() context.Context { return w.as("joanna", access.Owner) }

// asks decides and expects that the firm is asked.
func (w *world) asks(ctx context.Context, m mention.Mention, o decision.Option, text string) decision.Decision {
	w.t.Helper()
	d := w.decides(ctx, m, o, text)
	if d.State != decision.Consent || d.Exhibit == "" || d.Consent == "" {
		w.t.Fatalf("it is %s with proof %q and question %q", d.State, d.Exhibit, d.Consent)
	}
	return d
}

func (w *world) state(d decision.Decision) decision.Decision {
	w.t.Helper()
	return must[decision.Decision](w.t)(w.decisions.Find(w.ola(), w.firm, d.ID))
}

// says answers as the person who is asked and lets follow what follows.
func (w *world) says(ctx context.Context, d decision.Decision, yes bool, words string) {
	w.t.Helper()
	ok(w.t, w.consents.Answer(ctx, w.firm, w.state(d).Consent, yes, words))
	w.pass(0)
	w.pass(action.UndoWindow)
}

func (w *world) duty() (titles []string) {
	w.t.Helper()
	for _, a := range must[[]alert.Alert](w.t)(w.alerts.List(w.ola(), alert.Filter{Firm: w.firm})) {
		titles = append(titles, a.Title)
	}
	slices.Sort(titles)
	return titles
}

func TestADeletionWaitsForTheOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.agree(nil)
		w.hire("joanna", access.Owner)
		m := w.comment("Jan", "złodzieje", "insult")
		a := must[decision.Advice](t)(w.decisions.Recommend(w.ola(), w.firm, m.ID))
		if way, _ := a.Way(decision.Delete); way.Mandate != firm.Ask || way.Authority.Silence != decision.HideInstead || !way.Open() {
			t.Errorf("before the click: %+v", way)
		}
		d := w.asks(w.ola(), m, decision.Delete, "")
		w.pass(30 * time.Minute)
		if w.isAt(m, site.Approved, mention.Open); w.calls() != 0 {
			t.Fatal("something was done before the answer")
		}
		_, err := w.decisions.Decide(w.basia(), w.choose(w.basia(), m, decision.Delete, ""))
		wants(t, err, fault.Conflict, "decision.pending")
		wants(t, w.decisions.Confirm(w.basia(), w.firm, d.ID, because), fault.Conflict, "decision.not_waiting")
		if n := len(must[[]decision.Decision](t)(w.decisions.List(w.ola(), decision.Filter{Firm: w.firm, State: decision.Consent}))); n != 1 {
			t.Errorf("%d wait", n)
		}
		w.says(w.joanna(), d, true, "Usuńcie")
		w.isState(d, action.Done)
		w.isAt(m, site.Trash, mention.Done)
		if got := w.state(d); got.State != decision.Decided || got.Who != "u-ola" || got.Second != "u-joanna" || got.SecondWhy != "Usuńcie" {
			t.Errorf("on record: %+v", got)
		}
		if v := w.verbs(mention.Ref(m.ID)); !slices.Contains(v, "decision.asked") || !slices.Contains(v, "decision.allowed") {
			t.Errorf("journal: %v", v)
		}
	})
}

func TestTheOwnersNoAndTheGuardiansChangeOfMind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.agree(nil)
		w.hire("joanna", access.Owner)
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.asks(w.ola(), m, decision.Delete, "")
		w.says(w.joanna(), d, false, "To nasz klient")
		if got := w.state(d); got.State != decision.Refused || got.SecondWhy != "To nasz klient" {
			t.Errorf("after the no: %+v", got)
		}
		again := w.asks(w.ola(), m, decision.Block, "")
		wants(t, w.decisions.Withdraw(w.ola(), w.firm, again.ID, ""), fault.Invalid, "why")
		wants(t, w.decisions.Withdraw(w.as("staś", access.Staff), w.firm, again.ID, because), fault.Forbidden, "forbidden")
		ok(t, w.decisions.Withdraw(w.basia(), w.firm, again.ID, because))
		wants(t, w.decisions.Withdraw(w.basia(), w.firm, again.ID, because), fault.Conflict, "decision.not_asked")
		wants(t, w.consents.Answer(w.joanna(), w.firm, again.Consent, true, ""), fault.Conflict, "consent.over")
		w.pass(2 * time.Hour)
		if w.isAt(m, site.Approved, mention.Open); w.calls() != 0 || len(w.duty()) != 0 {
			t.Errorf("%d calls, alarms %v", w.calls(), w.duty())
		}
	})
}

func TestSilenceTakesTheMilderWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.agree(nil)
		w.hire("joanna", access.Owner)
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.asks(w.ola(), m, decision.Delete, "")
		if d.Silence != decision.HideInstead {
			t.Errorf("the owner was told %q", d.Silence)
		}
		w.pass(time.Hour)
		w.pass(action.UndoWindow)
		if got := w.state(d); got.State != decision.Unanswered || got.Live() {
			t.Errorf("it is %s", got.State)
		}
		w.isAt(m, site.Hold, mention.Done)
		list := must[[]decision.Decision](t)(w.decisions.Of(w.ola(), w.firm, m.ID))
		if x := list[0]; x.Option != decision.Hide || x.Who != "system" || x.After != d.ID || x.Exhibit == "" {
			t.Errorf("instead: %+v", x)
		}
		if !slices.Contains(w.duty(), "alert.consent.lapsed.decision") {
			t.Errorf("nobody was told: %v", w.duty())
		}
		n := w.comment("Ewa", "oszuści", "insult")
		w.asks(w.ola(), n, decision.Block, "")
		w.pass(2 * time.Hour)
		w.isAt(n, site.Approved, mention.Open) // nothing is milder than a block that nobody agreed to
	})
}

func TestWhereHidingNeedsAskingSilenceHidesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.agree(map[string]string{"hide": firm.Ask})
		w.hire("joanna", access.Owner)
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.asks(w.ola(), m, decision.Delete, "")
		w.pass(2 * time.Hour)
		if w.isAt(m, site.Approved, mention.Open); d.Silence != decision.Nothing || w.calls() != 0 {
			t.Errorf("promised %q, %d calls", d.Silence, w.calls())
		}
	})
}

func TestTheHoldingLineStandsInForAReply(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const line = "Dziękujemy za wiadomość. Sprawdzamy to i odpowiemy dziś."
		w.agree(nil, func(s *firm.Settings) { s.HoldingLine = line })
		w.hire("joanna", access.Owner)
		m := w.comment("Anna", "Gdzie moja paczka?", "complaint")
		w.asks(w.ola(), m, decision.Reply, "Paczka wyjdzie jutro.")
		w.pass(30 * time.Minute)
		w.pass(action.UndoWindow)
		texts := w.ours()
		if !slices.Equal(texts, []string{line}) {
			t.Errorf("the firm says %q", texts)
		}
		n := w.comment("Ewa", "A moja?", "complaint")
		w.asks(w.ola(), n, decision.Reply, "Też jutro.")
		w.pass(2 * time.Hour)
		if got := w.ours(); !slices.Equal(got, []string{line}) {
			t.Errorf("the same line twice in a thread: %q", got)
		}
	})
}

// ours are the firm's own words at the shop.
func (w *world) ours() (texts []string) {
	for _, c := range w.shop.Comments() {
		if c.UserID != 0 && c.Status != site.Trash {
			texts = append(texts, c.Text)
		}
	}
	return texts
}

func TestTheOwnerAsksNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.agree(nil)
		m := w.comment("Jan", "złodzieje", "insult")
		c := w.choose(w.joanna(), m, decision.Delete, "")
		c.AskOwner = true
		if d := must[decision.Decision](t)(w.decisions.Decide(w.joanna(), c)); d.State != decision.Decided {
			t.Errorf("the owner's own decision is %s", d.State)
		}
		w.hire("joanna", access.Owner)
		n := w.comment("Ewa", "oszuści", "insult")
		c = w.choose(w.ola(), n, decision.Hide, "")
		c.AskOwner = true
		d := must[decision.Decision](t)(w.decisions.Decide(w.ola(), c))
		if d.State != decision.Consent || d.Silence != decision.Nothing {
			t.Errorf("asked although nobody must: %s, silence %q", d.State, d.Silence)
		}
		if o := w.decides(w.ola(), w.comment("Iza", "naciągacze", "insult"), decision.Hide, ""); o.State != decision.Decided {
			t.Errorf("hiding a clear violation is %s", o.State)
		}
	})
}

func TestSavedRepliesNeedNoAsking(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.agree(nil)
		w.hire("joanna", access.Owner)
		w.decisions.Grounded = func(_ context.Context, _, text string) (bool, error) {
			return strings.HasPrefix(text, "Prać w 60"), nil
		}
		m := w.comment("Anna", "Jak prać?", "question")
		if d := w.decides(w.ola(), m, decision.Reply, "Prać w 60 stopniach."); d.State != decision.Decided {
			t.Errorf("a reply from the firm's facts is %s", d.State)
		}
		w.asks(w.ola(), w.comment("Ewa", "A suszyć?", "question"), decision.Reply, "Chyba można.")
	})
}

func TestAStatementTakesTheOwnerAndASecondPerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.agree(map[string]string{"statement": firm.Tell}) // not theirs to loosen (G15)
		w.hire("joanna", access.Owner)
		for i := range 12 {
			w.comment("k"+strings.Repeat("x", i+1), "bojkot! "+strings.Repeat("a", i+1), "boycott", "insult")
		}
		m := w.comment("Jan", "bojkot", "boycott", "insult")
		d := w.decides(w.ola(), m, decision.Statement, "Wyjaśniamy, skąd pochodzi nasz len.")
		if d.State != decision.Second {
			t.Fatalf("it is %s", d.State)
		}
		ok(t, w.decisions.Confirm(w.basia(), w.firm, d.ID, because))
		if got := w.state(d); got.State != decision.Consent {
			t.Fatalf("after the second person it is %s", got.State)
		}
		w.says(w.joanna(), d, true, "")
		if got := w.state(d); got.State != decision.Decided {
			t.Errorf("after the owner it is %s", got.State)
		}
		n := w.comment("Ula", "bojkot firmy", "boycott", "insult")
		e := w.decides(w.ola(), n, decision.Statement, "Drugie wyjaśnienie.")
		ok(t, w.decisions.Confirm(w.joanna(), w.firm, e.ID, because)) // the other person is the owner: one word is enough
		if got := w.state(e); got.State != decision.Decided {
			t.Errorf("confirmed by the owner it is %s", got.State)
		}
	})
}

func TestAYesToWhatHasChangedDoesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.agree(nil)
		w.hire("joanna", access.Owner)
		m := w.comment("Jan", "złodzieje", "insult")
		d := w.asks(w.ola(), m, decision.Delete, "")
		ok(t, w.mentions.Placed(w.system(), w.firm, m.ID, source.Held)) // it changed there, and a new revision came in
		w.says(w.joanna(), d, true, "")
		if got := w.state(d); got.State != decision.Refused || w.calls() != 0 || !slices.Contains(w.duty(), "alert.decision.void") {
			t.Errorf("it is %s, %d calls, alarms %v", got.State, w.calls(), w.duty())
		}
		n := w.comment("Ewa", "oszuści", "insult")
		e := w.asks(w.ola(), n, decision.Delete, "")
		ok(t, w.labels.Correct(w.ola(), w.firm, n.ID, []classify.Label{classify.Complaint}, 2, "to skarga"))
		w.pass(0)
		w.says(w.joanna(), e, true, "")
		if got := w.state(e); got.State != decision.Refused || w.calls() != 0 { // criticism by now (G1)
			t.Errorf("criticism: %s, %d calls", got.State, w.calls())
		}
	})
}

func TestAfterAFormalStepALawyerMustAgree(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("sowinski", access.Lawyer)
		m := w.comment("Jan", "złodzieje", "insult")
		n := w.comment("Jan", "oszuści i złodzieje", "insult")
		ok(t, w.decisions.Answer(w.ola(), w.firm, m.ID, "formal_step", "true"))
		d := w.asks(w.ola(), n, decision.Hide, "") // any item of the author
		wants(t, w.consents.Answer(w.joanna(), w.firm, d.Consent, true, ""), fault.Forbidden, "consent.role")
		w.pass(time.Hour)
		w.isAt(n, site.Approved, mention.Open)
		w.says(w.as("sowinski", access.Lawyer), d, true, "Można")
		w.isAt(n, site.Hold, mention.Done)
		e := w.asks(w.ola(), m, decision.Hide, "")
		w.pass(25 * time.Hour)
		w.isAt(m, site.Approved, mention.Open)
		if got := w.state(e); got.State != decision.Unanswered {
			t.Errorf("without the lawyer it is %s", got.State)
		}
		if r := w.decides(w.ola(), w.find(m.ID), decision.Report, ""); r.State != decision.Decided { // a report removes nothing
			t.Errorf("a report is %s", r.State)
		}
	})
}

func TestOneReportPerItem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.comment("Jan", "złodzieje", "insult")
		w.decides(w.ola(), m, decision.Report, "")
		_, err := w.decisions.Decide(w.basia(), w.choose(w.basia(), m, decision.Report, ""))
		wants(t, err, fault.Conflict, "decision.reported")
	})
}

func TestPureSpamGoesByItselfWhereTheFirmAllowedIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := w.comment("Bot", "Tanie kredyty tutaj", "spam")
		w.isAt(before, site.Approved, mention.Open) // not allowed yet
		w.agree(nil, func(s *firm.Settings) { s.PreauthoriseSpam = true })
		m := w.comment("Bot2", "Tanie kredyty i pożyczki", "spam")
		w.pass(0)
		w.pass(action.UndoWindow)
		w.isAt(m, site.Spam, mention.Done)
		list := must[[]decision.Decision](t)(w.decisions.Of(w.ola(), w.firm, m.ID))
		if len(list) != 1 || list[0].Who != "system" || list[0].Exhibit == "" || !slices.Contains(w.verbs(mention.Ref(m.ID)), "decision.decided") {
			t.Errorf("on record: %+v", list)
		}
		for _, labels := range [][]classify.Label{{"spam", "complaint"}, {"spam", "hate"}, {"insult"}} {
			n := w.comment("Kto"+string(labels[0])+string(labels[len(labels)-1]), "tekst "+string(labels[len(labels)-1]), labels...)
			w.pass(time.Hour)
			w.isAt(n, site.Approved, mention.Open)
		}
	})
}

func TestHealthAndSafetyReachTheOwnerAndKeepTheCaseOpen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("joanna", access.Owner)
		m := w.comment("Anna", "Mam wysypkę po tej pościeli", "health_safety", "complaint")
		w.pass(0)
		got := w.mail.letters()
		if len(got) != 1 || got[0].Urgency != 1 || got[0].To != "joanna@x.pl" {
			t.Fatalf("messages: %+v", got)
		}
		w.comment("Ewa", "Ja też mam wysypkę", "health_safety")
		if n := len(w.mail.letters()); n != 1 {
			t.Errorf("%d messages about one thread", n)
		}
		w.pass(15 * time.Minute)
		if !slices.Contains(w.duty(), "alert.consent.lapsed.safety") {
			t.Errorf("a quarter of an hour later: %v", w.duty())
		}
		k, _, err := w.cases.Open(w.ola(), crisis.New{Firm: w.firm, Title: "Wysypka", Severity: 3, Priority: 1, Items: []reason.Ref{mention.Ref(m.ID)}})
		ok(t, err)
		wants(t, w.cases.Close(w.ola(), w.firm, k.ID, crisis.Solved, because), fault.Conflict, "case.owner_word")
		wants(t, w.cases.Close(w.ola(), w.firm, k.ID, crisis.Solved, because), fault.Conflict, "case.owner_word")
		open := must[[]consent.Question](t)(w.consents.List(w.joanna(), consent.Filter{Firm: w.firm, State: consent.Open}))
		if len(open) != 1 || open[0].Kind != consent.Close {
			t.Fatalf("asked: %+v", open)
		}
		ok(t, w.consents.Answer(w.joanna(), w.firm, open[0].ID, true, "Partia wycofana"))
		w.pass(0)
		ok(t, w.cases.Close(w.ola(), w.firm, k.ID, crisis.Solved, because))
	})
}

func TestACallForHelpWakesThePersonOnDuty(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		k := must[crisis.Case](t)(w.cases.Report(w.joanna(), w.firm, "Ktoś stoi przed sklepem"))
		again := must[crisis.Case](t)(w.cases.Report(w.joanna(), w.firm, ""))
		if again.ID != k.ID || k.Priority != 1 || !slices.Equal(w.duty(), []string{"alert.call"}) {
			t.Errorf("cases %s %s, alarms %v", k.ID, again.ID, w.duty())
		}
		paused := must[bool](t)(w.decisions.Paused(w.ola(), w.firm))
		_, err := w.cases.Report(w.as("sowinski", access.Lawyer), w.firm, "x")
		wants(t, err, fault.Forbidden, "forbidden")
		ok(t, w.cases.Close(w.ola(), w.firm, k.ID, crisis.FalseAlarm, because))
		if calm := must[bool](t)(w.decisions.Paused(w.ola(), w.firm)); !paused || calm {
			t.Errorf("paused in a crisis %v, afterwards %v", paused, calm)
		}
		w.agree(nil, func(s *firm.Settings) { s.Pause = true })
		if !must[bool](t)(w.decisions.Paused(w.ola(), w.firm)) {
			t.Error("the firm's own pause does not hold")
		}
	})
}
