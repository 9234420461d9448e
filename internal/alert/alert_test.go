package alert_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/alert"
	"chop/internal/db"
	"chop/internal/fault"
	"chop/internal/job"
	"chop/internal/lang"
	"chop/internal/notify"
	"chop/internal/oncall"
	"chop/internal/reason"
)

// The first person sleeps, the second is woken after five minutes, takes the alert, forgets it, and is woken again.
func TestTheSecondPersonIsWokenAndAForgottenAlertComesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.hire("tomasz", access.Guardian)
		w.hire("joanna", access.Owner)
		w.hire("prawnik", access.Lawyer)
		now := w.d.Now()
		_, err := w.duty.AddShift(w.as("ewa", access.Guardian), oncall.Shift{Firm: w.firm, User: "ewa", From: now.Add(-time.Hour), To: now.Add(6 * time.Hour)})
		must(t, err)
		id := w.raise(alert.New{Priority: 1, Ref: reason.Ref{Kind: "case", ID: "c"}, URL: "/cases/c"})
		w.wantMail("at once", "ewa")
		w.pass(4*time.Minute + 50*time.Second)
		w.wantMail("before five minutes", "")
		w.pass(10 * time.Second)
		w.wantMail("after five minutes", "tomasz")
		must(t, w.alerts.Acknowledge(w.as("tomasz", access.Guardian), id))
		a := w.wantState(id, alert.Acknowledged)
		if a.AckedBy != "tomasz" || !a.Next.Equal(w.d.Now().Add(15*time.Minute)) {
			t.Fatalf("%+v", a)
		}
		w.pass(14*time.Minute + 59*time.Second)
		w.wantMail("while he works on it", "")
		w.pass(time.Second)
		w.wantMail("forgotten", "ewa tomasz")
		if a := w.wantState(id, alert.Open); a.Forgotten != 1 || a.Wave != 2 {
			t.Fatalf("%+v", a)
		}
		must(t, w.alerts.Resolve(w.as("tomasz", access.Guardian), id))
		w.pass(5 * time.Hour)
		w.wantMail("after it was resolved", "")
		want := []string{"raised by system", "acknowledged by tomasz", "forgotten by system", "resolved by tomasz"}
		if got := w.verbs(id); !slices.Equal(got, want) {
			t.Fatalf("journal %q", got)
		}
	})
}

func TestStillOnItKeepsAnAlertFromComingBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		id := w.raise(alert.New{Priority: 1})
		w.wantMail("raised", "ewa")
		for range 4 {
			must(t, w.alerts.AcknowledgeKey(w.as("ewa", access.Guardian), w.firm, "k"))
			must(t, w.alerts.Acknowledge(w.as("ewa", access.Guardian), id)) // a double tap
			w.pass(10 * time.Minute)
		}
		w.wantMail("while acknowledged again and again", "")
		if got := w.verbs(id); len(got) != 5 {
			t.Fatalf("journal %q", got)
		}
		w.pass(6 * time.Minute)
		w.wantMail("forgotten at last", "ewa")
	})
}

func TestNobodyAnswersIsLoud(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, name := range []string{"ewa", "tomasz"} {
			w.hire(name, access.Guardian)
		}
		w.hire("joanna", access.Owner)
		w.hire("pracownik", access.Staff)
		w.hire("prawnik", access.Lawyer)
		id := w.raise(alert.New{Priority: 2})
		w.pass(99 * time.Minute)
		w.wantMail("four rounds", "ewa ewa ewa ewa joanna joanna joanna joanna tomasz tomasz tomasz tomasz")
		w.wantState(id, alert.Open)
		w.pass(time.Minute)
		if s := w.mail.last(t).Title; !strings.HasPrefix(s, "P2 bez odbioru. Manufaktura Lniana: ") {
			t.Errorf("subject %q", s)
		}
		w.wantMail("given up", "ewa joanna pracownik tomasz")
		a := w.wantState(id, alert.Unanswered)
		if a.Trouble != "" || !a.Next.IsZero() {
			t.Fatalf("%+v", a)
		}
		w.pass(3 * time.Hour)
		w.wantMail("afterwards", "")
		if got := w.raise(alert.New{Priority: 2}); got != id {
			t.Fatal("the repeat became another alert")
		}
		w.wantMail("a repeat after everybody slept", "ewa")
		must(t, w.alerts.Acknowledge(w.as("pracownik", access.Staff), id))
		w.wantState(id, alert.Acknowledged)
	})
}

func TestNobodyToWakeIsAStateOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("prawnik", access.Lawyer)
		w.hire("pracownik", access.Staff)
		id := w.raise(alert.New{Priority: 1})
		if a := w.wantState(id, alert.Unanswered); a.Trouble != alert.Nobody {
			t.Fatalf("%+v", a)
		}
		w.wantMail("the last resort", "pracownik")
		if !lang.PL.Has("alert.trouble.nobody") {
			t.Error("the trouble has no sentence")
		}
	})
}

func TestFailedChannelsGiveWayAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.hire("tomasz", access.Guardian)
		w.mail.fail["ewa@x.pl"] = true
		id := w.raise(alert.New{Priority: 2})
		w.wantMail("ewa cannot be reached", "tomasz")
		ns := w.notices(id)
		if len(ns) != 2 || ns[0].State != alert.Failed || ns[0].Detail != "notify.email.refused" || ns[0].Tries != 1 || ns[1].State != alert.Sent {
			t.Fatalf("%+v", ns)
		}
		if s := lang.PL.T("fault."+ns[0].Detail, "Host", ns[0].DetailData["Host"], "Code", ns[0].DetailData["Code"]); !strings.Contains(s, "kod 550") {
			t.Errorf("%q", s)
		}
	})
}

func TestOneWhoCanBeReachedIsEnoughForAStage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, name := range []string{"ewa", "tomasz", "piotr"} {
			w.hire(name, access.Guardian)
		}
		must(t, w.duty.SetPolicy(w.as("ewa", access.Guardian), w.firm, oncall.Policy{Wait: 5, Steps: []oncall.Step{
			{After: 0, Targets: []string{"ewa", "tomasz"}}, {After: 5, Targets: []string{"piotr"}}}}, ""))
		w.mail.fail["tomasz@x.pl"] = true
		w.raise(alert.New{Priority: 1})
		w.wantMail("one of two", "ewa")
		w.pass(5 * time.Minute)
		w.wantMail("the next stage in its time", "piotr")
	})
}

func TestABusyChannelIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.hire("tomasz", access.Guardian)
		w.mail.busy["ewa@x.pl"] = 2
		id := w.raise(alert.New{Priority: 2})
		w.wantMail("busy", "")
		w.pass(10 * time.Second)
		w.wantMail("still busy", "")
		w.pass(30 * time.Second)
		w.wantMail("third try", "ewa")
		if n := w.notices(id)[0]; n.Tries != 3 || n.State != alert.Sent || n.SentAt.IsZero() {
			t.Fatalf("%+v", n)
		}
		w.mail.busy["tomasz@x.pl"] = 100
		w.pass(10 * time.Minute)
		if n := w.notices(id)[1]; n.Tries != 4 || n.State != alert.Failed || n.User != "tomasz" {
			t.Fatalf("%+v", n)
		}
	})
}

func TestWithoutMailSettingsTheFailureIsVisibleAndRoundsKeepTheirDistance(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		delete(w.alerts.Channels, "email")
		w.hire("ewa", access.Guardian)
		w.hire("tomasz", access.Guardian)
		w.hire("joanna", access.Owner)
		id := w.raise(alert.New{Priority: 1})
		w.wantState(id, alert.Open)
		ns := w.notices(id)
		if len(ns) != 3 || ns[0].State != alert.Failed || ns[0].Detail != "notify.channel_missing" || ns[0].DetailData["Kind"] != "email" {
			t.Fatalf("%+v", ns)
		}
		w.pass(24 * time.Minute)
		if n := len(w.notices(id)); n != 3 {
			t.Fatalf("%d notices in the first round", n)
		}
		w.pass(2 * time.Hour)
		w.wantState(id, alert.Unanswered)
	})
}

func TestRepeatsJoinUntilResolved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		id := w.raise(alert.New{Priority: 3, Title: "alert.buyer", Facts: map[string]string{"author": "Kamil"}})
		w.wantMail("raised", "ewa")
		for range 5 {
			if w.raise(alert.New{Priority: 4}) != id {
				t.Fatal("a repeat became another alert")
			}
		}
		w.wantMail("repeats", "")
		if a := w.find(id); a.Count != 6 || a.Priority != 3 || a.Title != "alert.buyer" {
			t.Fatalf("%+v", a)
		}
		must(t, w.alerts.Acknowledge(w.as("ewa", access.Guardian), id))
		w.raise(alert.New{Priority: 1, Title: "case.title.threat"})
		w.wantMail("more urgent than before", "ewa")
		if a := w.wantState(id, alert.Open); a.Priority != 1 || a.Title != "case.title.threat" || a.Wave != 2 {
			t.Fatalf("%+v", a)
		}
		must(t, w.alerts.ResolveKey(w.as("ewa", access.Guardian), w.firm, "k"))
		if w.raise(alert.New{Priority: 4}) == id {
			t.Fatal("a resolved alert came back")
		}
		if w.raise(alert.New{Key: "other"}) == id {
			t.Fatal("two keys share an alert")
		}
	})
}

func TestTheMostUrgentGoToEveryContactAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		phone := &phones{kind: "ntfy", fail: map[string]bool{}, busy: map[string]int{}}
		w.alerts.Channels["ntfy"] = phone
		w.hire("ewa", access.Guardian)
		me := w.as("ewa", access.Guardian)
		for kind, to := range map[string]string{"ntfy": "topic", "email": "prywatny@x.pl"} {
			c, err := w.duty.AddContact(me, oncall.Contact{Kind: kind, Address: to, Secret: "s3cret"})
			must(t, err)
			must(t, w.alerts.SendCode(me, c.ID, lang.PL))
			ch := map[string]*phones{"ntfy": phone, "email": w.mail}[kind]
			m := ch.last(t)
			if err := w.duty.Verify(me, c.ID, "not it"); !fault.Is(err, fault.Invalid) {
				t.Fatalf("a wrong code: %v", err)
			}
			must(t, w.duty.Verify(me, c.ID, strings.Fields(strings.ReplaceAll(m.Body, ".", " "))[1]))
			ch.take()
		}
		cs, err := w.duty.MyContacts(me)
		must(t, err)
		must(t, w.duty.OrderContacts(me, []string{cs[0].ID, cs[1].ID}))
		first := map[string]*phones{"ntfy": phone, "email": w.mail}[cs[0].Kind]
		second := map[string]*phones{"ntfy": phone, "email": w.mail}[cs[1].Kind]
		w.raise(alert.New{Key: "urgent", Priority: 1})
		if first.last(t).Secret != "s3cret" || second.take() == "" || first.take() == "" {
			t.Fatal("an urgent alert goes to all contacts, with their secrets")
		}
		w.raise(alert.New{Key: "usual", Priority: 2})
		if second.take() != "" || first.take() == "" {
			t.Fatal("an ordinary alert goes to the first contact")
		}
		first.fail[cs[0].Address] = true
		id := w.raise(alert.New{Key: "broken", Priority: 2})
		if second.take() == "" || len(w.notices(id)) != 2 {
			t.Fatal("the second contact is used when the first fails")
		}
	})
}

func TestALinkAcknowledgesByPostOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		id := w.raise(alert.New{Priority: 1, Title: "alert.buyer", Facts: map[string]string{"author": "Kamil 8821", "excerpt": "czy <b>wysyłacie</b>\r\nBcc: x"}})
		m := w.mail.last(t)
		token, ok := strings.CutPrefix(m.AckURL, "https://chop.example/ack/")
		if !ok || len(token) < 40 || m.AckTitle != "Przyjmuję" {
			t.Fatalf("%+v", m)
		}
		if strings.Contains(m.Title+m.Body, "Kamil") || strings.Contains(m.Title, "wysyłacie") || !strings.Contains(m.Body, "czy <b>wysyłacie</b> Bcc: x") {
			t.Fatalf("a name or words stand where they must not: %q, %q", m.Title, m.Body)
		}
		for range 3 { // robots look
			g, err := w.alerts.Peek(t.Context(), token)
			must(t, err)
			if g.State != alert.Open || g.Firm != "Manufaktura Lniana" || strings.Contains(g.What, "Kamil") || g.Mine {
				t.Fatalf("%+v", g)
			}
		}
		w.wantState(id, alert.Open)
		for range 2 {
			g, err := w.alerts.AcknowledgeByToken(t.Context(), token)
			must(t, err)
			if !g.Mine || g.State != alert.Acknowledged {
				t.Fatalf("%+v", g)
			}
		}
		if a := w.find(id); a.AckedBy != "ewa" {
			t.Fatalf("%+v", a)
		}
		if n := w.notices(id)[0]; n.State != alert.Delivered {
			t.Fatalf("%+v", n)
		}
		if got, want := w.verbs(id), []string{"raised by system", "acknowledged by ewa"}; !slices.Equal(got, want) {
			t.Fatalf("journal %q", got)
		}
		if _, err := w.alerts.AcknowledgeByToken(t.Context(), token+"x"); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a made-up link: %v", err)
		}
		w.clock.Forward(24 * time.Hour)
		if _, err := w.alerts.AcknowledgeByToken(t.Context(), token); !fault.Is(err, fault.NotFound) {
			t.Fatalf("an old link: %v", err)
		}
	})
}

func TestWhoLeftTheFirmLearnsAndDoesNothingMore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.mail.busy["ewa@x.pl"] = 1
		id := w.raise(alert.New{Priority: 2, Key: "first"})
		other := w.raise(alert.New{Priority: 2, Key: "second"})
		token := strings.TrimPrefix(w.mail.last(t).AckURL, "https://chop.example/ack/")
		w.mail.take()
		must(t, w.d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM membership WHERE user_id = 'ewa'`)
			return err
		}))
		w.pass(time.Minute)
		w.wantMail("after she left", "")
		if _, err := w.alerts.AcknowledgeByToken(t.Context(), token); !fault.Is(err, fault.NotFound) {
			t.Fatalf("her link: %v", err)
		}
		if n := w.notices(id)[0]; n.State != alert.Withdrawn {
			t.Fatalf("%+v", n)
		}
		w.wantState(other, alert.Open)
		w.pass(6 * time.Minute)
		if a := w.wantState(other, alert.Unanswered); a.Trouble != alert.Nobody {
			t.Fatalf("%+v", a)
		}
	})
}

func TestAlertsOfOtherFirmsDoNotExist(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		id := w.raise(alert.New{Priority: 1})
		for name, ctx := range map[string]context.Context{
			"stranger": access.With(t.Context(), access.Principal{User: "x", Firms: map[string]access.Role{"other": access.Guardian}}),
			"lawyer":   w.as("prawnik", access.Lawyer),
			"nobody":   t.Context(),
			"admin":    access.With(t.Context(), access.Principal{User: "x", Admin: true}),
		} {
			_, find := w.alerts.Find(ctx, id)
			_, notices := w.alerts.NoticesOf(ctx, id)
			_, list := w.alerts.List(ctx, alert.Filter{Firm: w.firm})
			key := w.alerts.ResolveKey(ctx, w.firm, "k")
			for _, err := range []error{find, notices, w.alerts.Acknowledge(ctx, id), w.alerts.Resolve(ctx, id)} {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: %v", name, err)
				}
			}
			for _, err := range []error{list, key} {
				if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if all, err := w.alerts.List(ctx, alert.Filter{}); err != nil || len(all) != 0 {
				t.Errorf("%s sees %v, %v", name, all, err)
			}
		}
		if all, err := w.alerts.List(w.as("ewa", access.Guardian), alert.Filter{}); err != nil || len(all) != 1 || all[0].ID != id {
			t.Fatalf("%v, %v", all, err)
		}
		if _, err := w.alerts.Raise(access.With(t.Context(), access.Principal{User: "x"}), alert.New{Firm: w.firm, Key: "k", Title: "t"}); !fault.Is(err, fault.NotFound) {
			t.Fatalf("raised by a stranger: %v", err)
		}
	})
}

func TestRedeliveredEventsChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.hire("tomasz", access.Guardian)
		id := w.raise(alert.New{Priority: 1})
		w.wantMail("raised", "ewa")
		n := w.notices(id)[0]
		for _, e := range []job.Event{alert.Raised{Firm: w.firm, ID: id}, alert.Step{Firm: w.firm, ID: id, Timer: 0}, alert.Step{Firm: w.firm, ID: id, Timer: 1},
			alert.Send{Firm: w.firm, Notice: n.ID, Try: 0}, alert.Send{Firm: w.firm, Notice: "unknown"}, alert.Raised{Firm: "other", ID: id}} {
			must(t, w.q.Put(t.Context(), e))
			w.drain()
		}
		w.wantMail("again", "")
		w.pass(5 * time.Minute)
		w.wantMail("the timer still counts", "tomasz")
		if got := len(w.notices(id)); got != 2 {
			t.Fatalf("%d notices", got)
		}
	})
}

func TestARolledBackRaiseNeverHappened(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		err := w.d.Tx(w.system(), func(ctx context.Context, _ *db.Tx) error {
			if _, err := w.alerts.Raise(ctx, alert.New{Firm: w.firm, Key: "k", Title: "t", Priority: 1}); err != nil {
				return err
			}
			return fmt.Errorf("boom")
		})
		if err == nil {
			t.Fatal("the roll-back was swallowed")
		}
		w.drain()
		w.wantMail("rolled back", "")
	})
}

// Many sources raise the same key at once, on their own connections: one alert counts them all.
func TestSimultaneousRaisesAreOneAlert(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		const n = 12
		ids, errs := make(chan alert.ID, n), make(chan error, n)
		for range n {
			go func() {
				id, err := w.alerts.Raise(w.system(), alert.New{Firm: w.firm, Key: "k", Title: "t", Priority: 2})
				ids <- id
				errs <- err
			}()
		}
		seen := map[alert.ID]bool{}
		for range n {
			must(t, <-errs)
			seen[<-ids] = true
		}
		w.drain()
		for id := range seen {
			if a := w.find(id); len(seen) != 1 || a.Count != n {
				t.Fatalf("%d alerts, count %d", len(seen), a.Count)
			}
		}
		w.wantMail("once", "ewa")
	})
}

func TestBadInputIsMadeHarmlessOrRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		for _, n := range []alert.New{{}, {Firm: w.firm}, {Firm: w.firm, Key: "k", Title: " \u200b"}} {
			if _, err := w.alerts.Raise(w.system(), n); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
				t.Errorf("%+v: %v", n, err)
			}
		}
		big := strings.Repeat("ż\u202e", 1<<20)
		id := w.raise(alert.New{Priority: -7, Key: big, Title: "Zgłoszenie\r\nSubject: x", Facts: map[string]string{"excerpt": big, big: big}, URL: "https://evil.example"})
		a := w.find(id)
		if a.Priority != 1 || a.URL != "/" || len([]rune(a.Facts["excerpt"])) != 120 || strings.ContainsAny(a.Title, "\r\n") || len([]rune(a.Key)) != 300 {
			t.Fatalf("priority %d, url %q, title %q", a.Priority, a.URL, a.Title)
		}
		m := w.mail.last(t)
		if strings.ContainsAny(m.Title, "\r\n\u202e") || strings.ContainsRune(m.Body, '\u202e') || m.URL != "https://chop.example/" {
			t.Fatalf("%q", m.Title)
		}
	})
}

var _ notify.Channel = (*phones)(nil)

func TestAMessageThatIsNoLongerNeededStaysHome(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.mail.busy["ewa@x.pl"] = 1
		id := w.raise(alert.New{Priority: 2})
		must(t, w.q.Put(t.Context(), alert.Send{Firm: w.firm, Notice: w.notices(id)[0].ID, Try: 0})) // delivered twice
		w.drain()
		if n := w.notices(id)[0]; n.Tries != 1 || n.State != alert.Pending {
			t.Fatalf("%+v", n)
		}
		must(t, w.alerts.Acknowledge(w.as("ewa", access.Guardian), id))
		w.pass(time.Minute)
		w.wantMail("acknowledged before the second try", "")
		if n := w.notices(id)[0]; n.State != alert.Withdrawn {
			t.Fatalf("%+v", n)
		}
		must(t, w.alerts.Resolve(w.as("ewa", access.Guardian), id))
		if a := w.find(id); !a.Next.IsZero() || a.ResolvedBy != "ewa" || !a.ResolvedAt.Equal(w.d.Now()) {
			t.Fatalf("%+v", a)
		}
		w.mail.busy["ewa@x.pl"] = 1
		w.raise(alert.New{Priority: 3})
		w.wantMail("busy again", "")
		w.raise(alert.New{Priority: 2})
		w.wantMail("the more urgent paging", "ewa")
		w.pass(time.Minute)
		w.wantMail("the one before it", "")
	})
}

func TestAnOldLinkDoesNotTakeAnAlertFromWhoeverHasIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.hire("tomasz", access.Guardian)
		id := w.raise(alert.New{Priority: 1})
		token := strings.TrimPrefix(w.mail.last(t).AckURL, "https://chop.example/ack/")
		must(t, w.alerts.Acknowledge(w.as("tomasz", access.Guardian), id))
		g, err := w.alerts.AcknowledgeByToken(t.Context(), token)
		must(t, err)
		if g.Mine || g.State != alert.Acknowledged || w.find(id).AckedBy != "tomasz" {
			t.Fatalf("%+v", g)
		}
	})
}
