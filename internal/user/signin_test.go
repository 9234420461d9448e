package user_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/user"
)

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return fmt.Sprint(err)
}

func TestFirstRunHappensOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, err := w.FirstLink(system(t))
		if err != nil || old == "" {
			t.Fatal(old, err)
		}
		link, err := w.FirstLink(system(t))
		if err != nil {
			t.Fatal(err)
		}
		n := user.Newcomer{Name: "Anna Wilk", Email: "Anna@Example.com", Password: good, Lang: lang.PL}
		if _, _, err := w.First(t.Context(), old, n, "Manufaktura", here); code(err) != "user.link" {
			t.Errorf("replaced link: %v", err)
		}
		if _, _, err := w.First(t.Context(), link, n, " ", here); code(err) != "firm.name" {
			t.Errorf("no firm: %v", err)
		}
		o, f, err := w.First(t.Context(), link, n, "Manufaktura", here)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.Principal(t.Context(), o.Token)
		if err != nil || !p.Admin || p.Firms[f.ID] != access.Guardian || f.Slug != "MAN" {
			t.Fatalf("%+v %+v %v", p, f, err)
		}
		n.Email = "b@example.com"
		if _, _, err := w.First(t.Context(), link, n, "Inna", here); code(err) != "user.link" {
			t.Errorf("second use: %v", err)
		}
		if again, err := w.FirstLink(system(t)); err != nil || again != "" {
			t.Errorf("a link though there is somebody: %q %v", again, err)
		}
		if _, err := w.FirstLink(t.Context()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a stranger asks: %v", err)
		}
	})
}

func TestFirstLinkDiesAfterADay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		link, err := w.FirstLink(system(t))
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Forward(24*time.Hour + time.Second)
		_, _, err = w.First(t.Context(), link, user.Newcomer{Name: "A", Email: "a@example.com", Password: good}, "F", here)
		if code(err) != "user.link" {
			t.Fatal(err)
		}
	})
}

func TestEveryRefusalIsTheSame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.add(t, "anna@example.com", true)
		w.add(t, "basia@example.com", true)
		if err := w.Disable(system(t), a.ID, true, "odeszła"); err != nil {
			t.Fatal(err)
		}
		for name, try := range map[string][2]string{
			"wrong password": {"basia@example.com", good + "x"}, "unknown": {"nikt@example.com", good}, "disabled": {"anna@example.com", good},
			"no address": {"'; DROP TABLE person; --", good}, "empty": {"", ""}, "huge": {"basia@example.com", strings.Repeat("a", 1<<20)},
		} {
			_, err := w.SignIn(t.Context(), try[0], try[1], user.Device{Addr: "203.0.113.9:1"})
			if code(err) != user.Refused || !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.SignIn(t.Context(), " BASIA@EXAMPLE.COM ", good, here); err != nil {
			t.Errorf("capital letters: %v", err)
		}
	})
}

func TestGuessingIsSlowedDownAndTimeHeals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(t, "anna@example.com", false)
		guess := func(email, from, pw string) error {
			_, err := w.SignIn(t.Context(), email, pw, user.Device{Addr: from})
			return err
		}
		for _, email := range []string{"anna@example.com", "nikt@example.com"} {
			for i := range 5 {
				if err := guess(email, "203.0.113.5:1", "zgaduję hasło"); code(err) != user.Refused {
					t.Fatalf("%s try %d: %v", email, i, err)
				}
			}
			if err := guess(email, "203.0.113.250:9", good); code(err) != user.Throttled {
				t.Errorf("%s from the same network: %v", email, err)
			}
		}
		if err := guess("anna@example.com", "198.51.100.1:1", good); err != nil {
			t.Errorf("the owner elsewhere is locked out: %v", err)
		}
		w.clock.Forward(15*time.Minute + time.Second)
		if err := guess("anna@example.com", "203.0.113.5:1", good); err != nil {
			t.Errorf("after a quarter of an hour: %v", err)
		}
	})
}

func TestManyNetworksTogetherAreSlowedDownToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(t, "anna@example.com", false)
		var refused, throttled atomic.Int32
		var all sync.WaitGroup
		for i := range 24 {
			all.Go(func() {
				_, err := w.SignIn(context.WithoutCancel(t.Context()), "anna@example.com", "zgaduję hasło", user.Device{Addr: fmt.Sprintf("203.0.%d.1:1", i)})
				switch code(err) {
				case user.Refused:
					refused.Add(1)
				case user.Throttled:
					throttled.Add(1)
				}
			})
		}
		all.Wait()
		if refused.Load() != 20 || throttled.Load() != 4 {
			t.Fatalf("%d refused, %d throttled", refused.Load(), throttled.Load())
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(t, "anna@example.com", false)
		_, first := w.in(t, "anna@example.com")
		w.clock.Forward(7*24*time.Hour + time.Second)
		if w.alive(t, first) {
			t.Error("alive after 7 idle days")
		}
		_, used := w.in(t, "anna@example.com")
		for range 9 {
			w.clock.Forward(3 * 24 * time.Hour)
			if !w.alive(t, used) {
				t.Fatal("a session in use ended")
			}
		}
		w.clock.Forward(3*24*time.Hour + time.Second)
		if w.alive(t, used) {
			t.Error("alive after 30 days")
		}
		for _, bad := range []string{"", "x", used + "x", strings.Repeat("a", 1<<20), "' OR 1=1 --"} {
			if w.alive(t, bad) {
				t.Errorf("alive: %.20q", bad)
			}
		}
		if err := w.Tidy(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAPlantedSessionEndsAtSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(t, "anna@example.com", false)
		w.add(t, "mallory@example.com", false)
		_, planted := w.in(t, "mallory@example.com")
		d := here
		d.Old = planted
		o, err := w.SignIn(t.Context(), "anna@example.com", good, d)
		if err != nil {
			t.Fatal(err)
		}
		if o.Token == planted || w.alive(t, planted) || !w.alive(t, o.Token) {
			t.Fatal("the planted session lives on")
		}
	})
}

func TestOwnSessionsAreListedAndEnded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(t, "anna@example.com", false)
		w.add(t, "obcy@example.com", false)
		ctx, one := w.in(t, "anna@example.com")
		_, two := w.in(t, "anna@example.com")
		stranger, _ := w.in(t, "obcy@example.com")
		ss, err := w.Sessions(ctx, one)
		if err != nil || len(ss) != 2 {
			t.Fatal(ss, err)
		}
		for _, s := range ss {
			if s.Network != "198.51.100.0/24" || s.Agent != "test" {
				t.Errorf("%+v", s)
			}
			if s.Own {
				continue
			}
			if err := w.EndSession(stranger, s.ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("a stranger ends it: %v", err)
			}
			if err := w.EndSession(ctx, s.ID); err != nil {
				t.Error(err)
			}
		}
		if !w.alive(t, one) || w.alive(t, two) {
			t.Error("the wrong session ended")
		}
		if err := w.SignOut(ctx, one); err != nil || w.alive(t, one) {
			t.Errorf("signed out: %v", err)
		}
	})
}

func TestANewPasswordEndsOtherSessions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(t, "anna@example.com", false)
		ctx, one := w.in(t, "anna@example.com")
		_, two := w.in(t, "anna@example.com")
		if _, err := w.ChangePassword(ctx, "nie to hasło", "cztery białe konie", here); code(err) != "user.password_wrong" {
			t.Fatal(err)
		}
		if _, err := w.ChangePassword(ctx, good, "krótkie", here); code(err) != "user.password_short" {
			t.Fatal(err)
		}
		o, err := w.ChangePassword(ctx, good, "cztery białe konie", here)
		if err != nil {
			t.Fatal(err)
		}
		if w.alive(t, one) || w.alive(t, two) || !w.alive(t, o.Token) {
			t.Error("sessions after the change")
		}
		if _, err := w.SignIn(t.Context(), "anna@example.com", good, here); code(err) != user.Refused {
			t.Errorf("old password: %v", err)
		}
		if _, err := w.SignIn(t.Context(), "anna@example.com", "cztery białe konie", here); err != nil {
			t.Errorf("new password: %v", err)
		}
	})
}

// appCode is what the app on the phone shows now.
func (w *world) appCode(t *testing.T, secret string) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) withApp(t *testing.T, email string) (secret string, codes []string) {
	t.Helper()
	w.add(t, email, false)
	ctx, before := w.in(t, email)
	k, err := w.StartApp(ctx, good)
	if err != nil || len(k.PNG) == 0 {
		t.Fatal(err)
	}
	if shown, err := w.AppKey(ctx); err != nil || shown.Secret != k.Secret {
		t.Fatal(shown, err)
	}
	if _, _, err := w.ConfirmApp(ctx, "000000", here); code(err) != "user.code" {
		t.Fatalf("wrong first code: %v", err)
	}
	codes, o, err := w.ConfirmApp(ctx, w.appCode(t, k.Secret), here)
	if err != nil || len(codes) != 10 || w.alive(t, before) || !w.alive(t, o.Token) {
		t.Fatal(codes, err)
	}
	w.clock.Forward(time.Minute)
	return k.Secret, codes
}

func TestTheSecondFactorIsAskedForAndACodeWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, _ := w.withApp(t, "anna@example.com")
		half, err := w.SignIn(t.Context(), "anna@example.com", good, here)
		if err != nil || !half.Second || w.alive(t, half.Token) {
			t.Fatalf("the password alone lets in: %+v %v", half, err)
		}
		d := here
		d.Old = half.Token
		c := w.appCode(t, secret)
		full, err := w.Second(t.Context(), c[:3]+" "+c[3:], d)
		if err != nil || !w.alive(t, full.Token) || full.Token == half.Token {
			t.Fatal(full, err)
		}
		if _, err := w.Second(t.Context(), c, d); code(err) != "user.signed_out" {
			t.Errorf("the waiting session lives on: %v", err)
		}
		again, err := w.SignIn(t.Context(), "anna@example.com", good, here)
		if err != nil {
			t.Fatal(err)
		}
		d.Old = again.Token
		if _, err := w.Second(t.Context(), c, d); code(err) != "user.code" {
			t.Errorf("the same code twice: %v", err)
		}
		w.clock.Forward(30 * time.Second)
		if _, err := w.Second(t.Context(), w.appCode(t, secret), d); err != nil {
			t.Errorf("the next code: %v", err)
		}
		if _, err := w.SignIn(t.Context(), "anna@example.com", good, here); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRecoveryCodesWorkOnceAndGuessingThemIsSlow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, codes := w.withApp(t, "anna@example.com")
		second := func(c string) error {
			half, err := w.SignIn(t.Context(), "anna@example.com", good, here)
			if err != nil {
				t.Fatal(err)
			}
			d := here
			d.Old = half.Token
			_, err = w.Second(t.Context(), c, d)
			return err
		}
		if err := second(strings.ToUpper(codes[3])); err != nil {
			t.Fatal(err)
		}
		if err := second(codes[3]); code(err) != "user.code" {
			t.Errorf("twice: %v", err)
		}
		for range 4 {
			if err := second("aaaa-aaaa-aaaa-aaaa"); code(err) != "user.code" {
				t.Error(err)
			}
			w.clock.Forward(time.Minute)
			_ = w.Tidy(t.Context())
		}
		w.clock.Forward(-4 * time.Minute)
		half, err := w.SignIn(t.Context(), "anna@example.com", good, user.Device{Addr: "192.0.2.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		d := here
		d.Old = half.Token
		if _, err := w.Second(t.Context(), codes[4], d); code(err) != user.Throttled {
			t.Errorf("sixth try: %v", err)
		}
	})
}

func TestTheAppIsTakenOffWithThePassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret, old := w.withApp(t, "anna@example.com")
		half, err := w.SignIn(t.Context(), "anna@example.com", good, here)
		if err != nil {
			t.Fatal(err)
		}
		o, err := w.Second(t.Context(), w.appCode(t, secret), user.Device{Old: half.Token})
		if err != nil {
			t.Fatal(err)
		}
		ctx := w.with(t, o.Token)
		if _, err := w.StartApp(ctx, good); code(err) != "user.app_in_use" {
			t.Errorf("a new secret over one in use: %v", err)
		}
		fresh, err := w.RenewCodes(ctx, good)
		if err != nil || len(fresh) != 10 || fresh[0] == old[0] {
			t.Error(fresh, err)
		}
		if err := w.RemoveApp(ctx, "nie to hasło"); code(err) != "user.password_wrong" {
			t.Errorf("without the password: %v", err)
		}
		if err := w.RemoveApp(ctx, good); err != nil {
			t.Fatal(err)
		}
		if o, err := w.SignIn(t.Context(), "anna@example.com", good, here); err != nil || o.Second {
			t.Errorf("still asked: %+v %v", o, err)
		}
	})
}

func TestAForgottenPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(t, "anna@example.com", false)
		_, session := w.in(t, "anna@example.com")
		if err := w.Forgot(t.Context(), "nikt@example.com", lang.PL, here); err != nil {
			t.Errorf("unknown address: %v", err)
		}
		if ls := w.letters(); len(ls) != 0 {
			t.Errorf("a letter to nobody: %v", ls)
		}
		if err := w.Forgot(t.Context(), "ANNA@example.com", lang.PL, here); err != nil {
			t.Fatal(err)
		}
		ls := w.letters()
		if len(ls) != 1 || ls[0].to != "anna@example.com" {
			t.Fatal(ls)
		}
		link := token(t, ls[0].body, user.ResetPath)
		if _, err := w.Reset(t.Context(), link, "qwertyuiop123", here); code(err) != "user.password_common" {
			t.Errorf("poor password: %v", err)
		}
		o, err := w.Reset(t.Context(), link, "cztery białe konie", here)
		if err != nil || !w.alive(t, o.Token) || w.alive(t, session) {
			t.Fatal(o, err)
		}
		if _, err := w.Reset(t.Context(), link, "pięć białych koni", here); code(err) != "user.link" {
			t.Errorf("twice: %v", err)
		}
		lines, _, err := w.log.List(access.With(t.Context(), access.Principal{User: "x", Admin: true}), "", journal.Filter{Verb: "person.password_reset"}, journal.Page{})
		if err != nil || len(lines) != 1 || lines[0].By != o.User {
			t.Errorf("on record: %+v %v", lines, err)
		}
	})
}

func TestResetLinksDieAndAskingTooOftenIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.withApp(t, "anna@example.com")
		if err := w.Forgot(t.Context(), "anna@example.com", lang.PL, here); err != nil {
			t.Fatal(err)
		}
		late := token(t, w.letters()[0].body, user.ResetPath)
		w.clock.Forward(time.Hour + time.Second)
		if _, err := w.Reset(t.Context(), late, "cztery białe konie", here); code(err) != "user.link" {
			t.Errorf("after an hour: %v", err)
		}
		for range 3 {
			if err := w.Forgot(t.Context(), "anna@example.com", lang.PL, here); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Forgot(t.Context(), "anna@example.com", lang.PL, here); code(err) != user.Throttled {
			t.Errorf("fourth: %v", err)
		}
		o, err := w.Reset(t.Context(), token(t, w.letters()[0].body, user.ResetPath), "cztery białe konie", here)
		if err != nil || !o.Second || w.alive(t, o.Token) {
			t.Errorf("a mailed link gets past the second factor: %+v %v", o, err)
		}
	})
}

func TestAnAdministratorRescuesSomebodyWhoLostEverything(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.withApp(t, "anna@example.com")
		w.add(t, "adam@example.com", true)
		w.add(t, "obcy@example.com", false)
		ps, err := w.People(system(t))
		if err != nil {
			t.Fatal(err)
		}
		anna := ps[1].ID
		stranger, _ := w.in(t, "obcy@example.com")
		if _, err := w.Rescue(stranger, anna, "bo tak"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a stranger: %v", err)
		}
		ctx, _ := w.in(t, "adam@example.com")
		if _, err := w.Rescue(ctx, anna, ""); code(err) != "user.why" {
			t.Errorf("without a reason: %v", err)
		}
		link, err := w.Rescue(ctx, anna, "zgubiony telefon, rozpoznana przez telefon")
		if err != nil {
			t.Fatal(err)
		}
		o, err := w.Reset(t.Context(), token(t, link, user.ResetPath), "cztery białe konie", here)
		if err != nil || o.Second || o.User != anna || !w.alive(t, o.Token) {
			t.Fatalf("%+v %v", o, err)
		}
	})
}
