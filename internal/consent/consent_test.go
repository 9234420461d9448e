package consent_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/consent"
	"chop/internal/db"
	"chop/internal/lang"
	"chop/internal/reason"
)

func TestTheOwnerAnswersFromALinkWithoutSigningIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.hire("joanna", access.Owner)
		q := w.ask()
		w.pass(0)
		if len(w.mail.got) != 1 || w.mail.got[0].To != "joanna@x.pl" || w.mail.got[0].AckURL != "" {
			t.Fatalf("messages: %+v", w.mail.got)
		}
		if m := w.mail.got[0]; strings.Contains(m.Title+m.Body, "Kowalska") || !strings.Contains(m.Title, "Manufaktura") {
			t.Errorf("the lock screen says %q %q", m.Title, m.Body)
		}
		token := w.token()
		for range 3 { // mail scanners open every link
			g, err := w.consents.Peek(t.Context(), token)
			ok(t, err)
			if g.State != consent.Open || g.Quote != quote || g.Person != "joanna" || g.FirmName != "Manufaktura Lniana" {
				t.Fatalf("behind the link: %+v", g)
			}
		}
		ok(t, w.consents.AnswerByToken(t.Context(), token, true, "Tak, zgadzam się"))
		w.pass(0)
		got := w.find(q.ID)
		if got.State != consent.Yes || got.AnsweredBy != "joanna" || got.Words != "Tak, zgadzam się" || !got.AnsweredAt.Equal(w.clock.Now()) || got.ReachedAt.IsZero() {
			t.Errorf("on record: %+v", got)
		}
		if !slices.Equal(w.heard, []string{"answered " + q.ID}) {
			t.Errorf("told: %v", w.heard)
		}
		wants(t, w.consents.AnswerByToken(t.Context(), token, false, ""), "consent.over") // a link answers once
		w.pass(2 * time.Hour)
		if len(w.heard) != 1 || len(w.alarms()) != 0 {
			t.Errorf("an answered question lapsed: %v %v", w.heard, w.alarms())
		}
		w.pass(48 * time.Hour)
		_, err := w.consents.Peek(t.Context(), token)
		wants(t, err, "consent.link")
	})
}

func TestOnlyWhoIsAskedAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("joanna", access.Owner)
		q := w.ask()
		wants(t, w.consents.Answer(w.as("ewa", access.Guardian), w.firm, q.ID, true, ""), "forbidden")
		wants(t, w.consents.Answer(w.as("mec", access.Lawyer), w.firm, q.ID, true, ""), "consent.role")
		wants(t, w.consents.Answer(access.With(t.Context(), access.System("*")), w.firm, q.ID, true, ""), "consent.person")
		wants(t, w.consents.Answer(w.as("joanna", access.Owner), w.firm, q.ID, true, strings.Repeat("ż", 1001)), "consent.words")
		wants(t, w.consents.Answer(w.as("joanna", access.Owner), w.firm, "nobody", true, ""), "missing")
		wants(t, w.consents.AnswerByToken(t.Context(), "made-up", true, ""), "consent.link")
		stranger := access.With(t.Context(), access.Principal{User: "x", Firms: map[string]access.Role{"other": access.Owner}})
		wants(t, w.consents.Answer(stranger, w.firm, q.ID, true, ""), "missing")
		_, err := w.consents.Find(w.as("mec", access.Lawyer), w.firm, q.ID)
		wants(t, err, "missing")
		if list, err := w.consents.List(w.as("staś", access.Staff), consent.Filter{Firm: w.firm}); err != nil || len(list) != 0 {
			t.Errorf("staff sees %d questions, %v", len(list), err)
		}
		ok(t, w.consents.Answer(w.as("joanna", access.Owner), w.firm, q.ID, false, ""))
		if got := w.find(q.ID); got.State != consent.No {
			t.Errorf("it is %s", got.State)
		}
	})
}

func TestWhoLeftTheFirmAnswersNoMore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("joanna", access.Owner)
		w.ask()
		w.pass(0)
		token := w.token()
		ok(t, w.d.Tx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM membership WHERE firm_id = $1 AND user_id = 'joanna'`, w.firm)
			return err
		}))
		wants(t, w.consents.AnswerByToken(t.Context(), token, true, ""), "consent.link")
	})
}

func TestSilenceIsAnAlarmAndNeverAYes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.hire("joanna", access.Owner)
		q := w.ask()
		w.pass(59 * time.Minute)
		if w.find(q.ID).State != consent.Open {
			t.Fatal("it lapsed too early")
		}
		w.pass(time.Minute)
		if got := w.find(q.ID); got.State != consent.Lapsed || got.AnsweredBy != "" {
			t.Errorf("it is %s", got.State)
		}
		if !slices.Equal(w.heard, []string{"lapsed " + q.ID}) || !slices.Equal(w.alarms(), []string{"alert.consent.lapsed.decision"}) {
			t.Errorf("told %v, alarms %v", w.heard, w.alarms())
		}
		wants(t, w.consents.AnswerByToken(t.Context(), w.token(), true, ""), "consent.over")
	})
}

func TestAQuestionThatReachesNobodyWakesThePersonOnDuty(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		q := w.ask() // the firm has no owner in ChOP
		if !slices.Equal(w.alarms(), []string{"alert.consent.unreached.decision"}) {
			t.Errorf("alarms %v", w.alarms())
		}
		ok(t, w.consents.Withdraw(w.as("ewa", access.Guardian), w.firm, q.ID, "zadzwoniłam"))
		if len(w.alarms()) != 0 || w.find(q.ID).State != consent.Withdrawn {
			t.Errorf("after taking it back: %v", w.alarms())
		}
		w.hire("joanna", access.Owner)
		w.mail.fail["joanna@x.pl"] = true
		w.ask()
		w.pass(5 * time.Minute)
		if !slices.Equal(w.alarms(), []string{"alert.consent.unreached.decision"}) {
			t.Errorf("the mail server refuses, alarms %v", w.alarms())
		}
	})
}

func TestTheSameQuestionIsOpenOnceAndItsWordsAreSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("joanna", access.Owner)
		if a, b := w.ask(), w.ask(); a.ID != b.ID {
			t.Error("asked twice")
		}
		q := w.ask()
		ok(t, w.consents.Answer(w.as("joanna", access.Owner), w.firm, q.ID, true, "Niech będzie"))
		ok(t, w.d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return tx.Each(ctx, `SELECT sealed, words FROM consent WHERE firm_id = $1`, []any{w.firm}, func(scan func(...any) error) error {
				var box, words []byte
				err := scan(&box, &words)
				if bytes.Contains(box, []byte("Kowalska")) || bytes.Contains(words, []byte("Niech")) {
					t.Error("words lie open in the database")
				}
				return err
			})
		}))
		if again := w.ask(); again.ID == q.ID {
			t.Error("an answered question cannot be asked anew")
		}
	})
}

func TestOfManyAnswersOneCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("joanna", access.Owner)
		q := w.ask()
		errs := make([]error, 6)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = w.consents.Answer(w.as("joanna", access.Owner), w.firm, q.ID, i%2 == 0, "") })
		}
		wg.Wait()
		w.pass(0)
		if n := len(slices.DeleteFunc(errs, func(err error) bool { return err != nil })); n != 1 || len(w.heard) != 1 {
			t.Errorf("%d answers counted, %d events", n, len(w.heard))
		}
	})
}

func TestTellingAsksNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		w.hire("joanna", access.Owner)
		q, err := w.consents.Ask(w.as("ewa", access.Guardian), consent.New{Firm: w.firm, Key: "t", Role: access.Owner, Kind: "deed", Ref: reason.Ref{Kind: "decision", ID: "d"},
			Title: consent.Line{ID: "consent.told.delete"}, Tell: true})
		ok(t, err)
		w.pass(48 * time.Hour)
		wants(t, w.consents.Answer(w.as("joanna", access.Owner), w.firm, q.ID, true, ""), "consent.over")
		if len(w.mail.got) != 1 || len(w.heard) != 0 || len(w.alarms()) != 0 {
			t.Errorf("%d messages, events %v, alarms %v", len(w.mail.got), w.heard, w.alarms())
		}
	})
}

func TestATextToBeLookedAt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hire("ewa", access.Guardian)
		_, err := w.consents.Submit(w.as("joanna", access.Owner), w.firm, " \n ")
		wants(t, err, "draft.text")
		_, err = w.consents.Submit(w.as("mec", access.Lawyer), w.firm, "x")
		wants(t, err, "forbidden")
		d, err := w.consents.Submit(w.as("joanna", access.Owner), w.firm, "Jutro promocja!")
		ok(t, err)
		if !slices.Equal(w.alarms(), []string{"alert.draft"}) {
			t.Errorf("alarms %v", w.alarms())
		}
		wants(t, w.consents.Review(w.as("joanna", access.Owner), w.firm, d.ID, true, ""), "forbidden")
		wants(t, w.consents.Review(w.as("ewa", access.Guardian), w.firm, d.ID, false, ""), "draft.answer")
		ok(t, w.consents.Review(w.as("ewa", access.Guardian), w.firm, d.ID, false, "Dziś trwa atak, lepiej jutro."))
		wants(t, w.consents.Review(w.as("ewa", access.Guardian), w.firm, d.ID, true, ""), "draft.over")
		list, err := w.consents.Drafts(w.as("staś", access.Staff), w.firm, 5)
		ok(t, err)
		if len(list) != 1 || list[0].Text != "Jutro promocja!" || list[0].State != consent.Hold || list[0].Answer != "Dziś trwa atak, lepiej jutro." || len(w.alarms()) != 0 {
			t.Errorf("%+v, alarms %v", list, w.alarms())
		}
	})
}

func TestEveryQuestionHasItsWords(t *testing.T) {
	var ids []string
	for _, k := range []string{"decision", "legal", consent.Safety, consent.Close} {
		ids = append(ids, "consent.subject."+k, "consent.message."+k, "alert.consent.unreached."+k, "alert.consent.lapsed."+k)
	}
	ids = append(ids, "consent.subject.deed", "consent.message.deed", "alert.consent.call", "alert.draft", "alert.call", "alert.decision.void")
	for _, id := range ids {
		if !lang.PL.Has(id) || !lang.EN.Has(id) {
			t.Errorf("no message %s", id)
		}
	}
}
