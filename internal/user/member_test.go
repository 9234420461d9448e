package user_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/fault"
	"chop/internal/journal"
	"chop/internal/lang"
	"chop/internal/user"
)

func TestAnInvitationMakesOneAccountWithOneRole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.firm(t, "Manufaktura")
		o := w.add(t, "olga@example.com", false)
		w.enrol(t, f, o.ID, access.Owner)
		ctx, _ := w.in(t, "olga@example.com")
		v, err := w.Invite(ctx, f, "Piotr@Example.com", access.Lawyer, lang.PL)
		if err != nil {
			t.Fatal(err)
		}
		ls := w.letters()
		if len(ls) != 1 || ls[0].to != "Piotr@example.com" && ls[0].to != "Piotr@Example.com" || !strings.Contains(ls[0].body, v.Link) {
			t.Fatal(ls)
		}
		link := token(t, v.Link, user.InvitePath)
		got, err := w.Accept(t.Context(), link, "Piotr Prawnik", good, lang.EN, here)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.Principal(t.Context(), got.Token)
		if err != nil || p.Admin || len(p.Firms) != 1 || p.Firms[f] != access.Lawyer || p.Holds(access.ViewMentions, f) {
			t.Fatalf("%+v %v", p, err)
		}
		if _, err := w.Accept(t.Context(), link, "Drugi", good, lang.EN, here); code(err) != "user.link" {
			t.Errorf("twice: %v", err)
		}
		if _, err := w.Invite(ctx, f, "piotr@example.com", access.Staff, lang.PL); code(err) != "user.member" {
			t.Errorf("somebody who is here: %v", err)
		}
		lines, _, err := w.log.List(ctx, f, journal.Filter{Verb: "person."}, journal.Page{})
		if err != nil || len(lines) != 3 { // Olga joined, Piotr invited, Piotr joined
			t.Errorf("%+v %v", lines, err)
		}
	})
}

func TestInvitationsDieAreReplacedAndWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.firm(t, "Manufaktura")
		accept := func(v user.Invitation) error {
			_, err := w.Accept(t.Context(), token(t, v.Link, user.InvitePath), "Ewa", good, lang.PL, here)
			return err
		}
		invite := func() user.Invitation {
			v, err := w.Invite(system(t), f, "ewa@example.com", access.Staff, lang.PL)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		first, second := invite(), invite()
		if err := accept(first); code(err) != "user.link" {
			t.Errorf("replaced: %v", err)
		}
		if vs, err := w.Invitations(system(t), f); err != nil || len(vs) != 1 || vs[0].Link != "" {
			t.Errorf("%+v %v", vs, err)
		}
		if err := w.Withdraw(system(t), f, second.ID); err != nil {
			t.Fatal(err)
		}
		if err := accept(second); code(err) != "user.link" {
			t.Errorf("withdrawn: %v", err)
		}
		third := invite()
		w.clock.Forward(7*24*time.Hour + time.Second)
		if err := accept(third); code(err) != "user.link" {
			t.Errorf("after a week: %v", err)
		}
		for _, bad := range []string{"ewa", "ewa@", "@example.com", "e w a@example.com", "Ewa <ewa@example.com>", "ewa@example.com\r\nBcc: x@example.com", "ewa@example.com,b@example.com", "ew\u0430@example.com"} {
			if _, err := w.Invite(system(t), f, bad, access.Staff, lang.PL); code(err) != "user.email" {
				t.Errorf("%q: %v", bad, err)
			}
		}
		for _, bad := range []access.Role{"", "admin", "root"} {
			if _, err := w.Invite(system(t), f, "ewa@example.com", bad, lang.PL); code(err) != "user.role" {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

// Whoever invites has seen the link: it must not open an account that exists.
func TestAnInvitationDoesNotOpenSomebodysAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f, other := w.firm(t, "Alfa"), w.firm(t, "Beta")
		g := w.add(t, "gosia@example.com", false)
		w.enrol(t, other, g.ID, access.Guardian)
		w.add(t, "obcy@example.com", false)
		v, err := w.Invite(system(t), f, "gosia@example.com", access.Guardian, lang.PL)
		if err != nil {
			t.Fatal(err)
		}
		link := token(t, v.Link, user.InvitePath)
		if shown, err := w.Invited(t.Context(), link); err != nil || !shown.Known || shown.FirmName != "Alfa" {
			t.Errorf("%+v %v", shown, err)
		}
		if _, err := w.Accept(t.Context(), link, "Podstęp", "cztery białe konie", lang.PL, here); code(err) != "user.taken" {
			t.Errorf("taken over: %v", err)
		}
		stranger, _ := w.in(t, "obcy@example.com")
		if _, err := w.Join(stranger, link); code(err) != "user.other_address" {
			t.Errorf("a stranger joins: %v", err)
		}
		if _, err := w.Join(t.Context(), link); !fault.Is(err, fault.Forbidden) {
			t.Errorf("nobody joins: %v", err)
		}
		ctx, session := w.in(t, "gosia@example.com")
		if _, err := w.Join(ctx, link); err != nil {
			t.Fatal(err)
		}
		if p, _ := w.Principal(t.Context(), session); len(p.Firms) != 2 {
			t.Errorf("a guardian of two firms: %+v", p)
		}
	})
}

func TestWhoMayDoWhatWithPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f, foreign := w.firm(t, "Alfa"), w.firm(t, "Beta")
		target := w.add(t, "target@example.com", false)
		w.enrol(t, f, target.ID, access.Staff)
		ctxs := map[access.Role]context.Context{}
		for _, r := range access.Roles {
			p := w.add(t, string(r)+"@example.com", false)
			w.enrol(t, f, p.ID, r)
			ctxs[r], _ = w.in(t, string(r)+"@example.com")
		}
		for r, ctx := range ctxs {
			want := fault.Forbidden
			if access.Allows(r, access.ManagePeople) {
				want = fault.Internal
			}
			check := func(what string, err error, want fault.Kind) {
				if err == nil && want == fault.Internal {
					return
				}
				if !fault.Is(err, want) || err == nil {
					t.Errorf("%s: %s: %v", r, what, err)
				}
			}
			_, err := w.Members(ctx, f)
			check("members", err, want)
			_, err = w.Invite(ctx, f, "nowy-"+string(r)+"@example.com", access.Owner, lang.PL)
			check("invite", err, want)
			check("role", w.ChangeRole(ctx, f, target.ID, access.Lawyer, "zmiana"), want)
			check("foreign members", func() error { _, err := w.Members(ctx, foreign); return err }(), fault.NotFound)
			check("foreign invite", func() error { _, err := w.Invite(ctx, foreign, "x@example.com", access.Staff, lang.PL); return err }(), fault.NotFound)
			check("foreign role", w.ChangeRole(ctx, foreign, target.ID, access.Owner, "zmiana"), fault.NotFound)
			check("admin", w.SetAdmin(ctx, target.ID, true, "zmiana"), fault.Forbidden)
			check("disable", w.Disable(ctx, target.ID, true, "zmiana"), fault.Forbidden)
			check("add", func() error { _, err := w.Add(ctx, user.Newcomer{}); return err }(), fault.Forbidden)
			check("enrol", w.Enrol(ctx, f, target.ID, access.Owner), fault.Forbidden)
			check("people", func() error { _, err := w.People(ctx); return err }(), fault.Forbidden)
		}
	})
}

func TestTheLastOwnerStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.firm(t, "Alfa")
		a, b := w.add(t, "a@example.com", false), w.add(t, "b@example.com", false)
		w.enrol(t, f, a.ID, access.Owner)
		ctx, _ := w.in(t, "a@example.com")
		if err := w.Remove(ctx, f, a.ID, "odchodzę"); code(err) != "user.last_owner" {
			t.Errorf("removes herself: %v", err)
		}
		if err := w.ChangeRole(ctx, f, a.ID, access.Staff, "zmiana"); code(err) != "user.last_owner" {
			t.Errorf("steps down: %v", err)
		}
		w.enrol(t, f, b.ID, access.Owner)
		if err := w.Remove(ctx, f, b.ID, " "); code(err) != "user.why" {
			t.Errorf("without a reason: %v", err)
		}
		// Both owners remove each other at once: one of them stays.
		other, _ := w.in(t, "b@example.com")
		var both sync.WaitGroup
		both.Go(func() { _ = w.Remove(ctx, f, b.ID, "spór") })
		both.Go(func() { _ = w.Remove(other, f, a.ID, "spór") })
		both.Wait()
		ms, err := w.Members(system(t), f)
		if err != nil || len(ms) != 1 || ms[0].Role != access.Owner {
			t.Fatalf("%+v %v", ms, err)
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.add(t, "a@example.com", true), w.add(t, "b@example.com", false)
		ctx, _ := w.in(t, "a@example.com")
		_, session := w.in(t, "b@example.com")
		if err := w.SetAdmin(ctx, a.ID, false, "zmiana"); code(err) != "user.last_admin" {
			t.Errorf("gives up: %v", err)
		}
		if err := w.Disable(ctx, a.ID, true, "zmiana"); code(err) != "user.last_admin" {
			t.Errorf("closes: %v", err)
		}
		if err := w.SetAdmin(ctx, b.ID, true, "drugi administrator"); err != nil {
			t.Fatal(err)
		}
		if w.alive(t, session) {
			t.Error("a session from before the new right lives on")
		}
		if err := w.Disable(ctx, a.ID, true, "odchodzi"); err != nil {
			t.Error(err)
		}
		if ps, err := w.People(system(t)); err != nil || len(ps) != 2 || ps[0].Disabled.IsZero() || !ps[1].Admin {
			t.Errorf("%+v %v", ps, err)
		}
	})
}

func TestMembersShowWhoIsWellProtected(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.firm(t, "Alfa")
		w.withApp(t, "anna@example.com")
		idle := w.add(t, "zofia@example.com", false)
		ps, err := w.People(system(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range ps {
			w.enrol(t, f, p.ID, access.Staff)
		}
		ms, err := w.Members(system(t), f)
		if err != nil || len(ms) != 2 {
			t.Fatal(ms, err)
		}
		if ms[0].Second.IsZero() || ms[0].Codes != 10 || ms[0].LastSeen.IsZero() || ms[1].ID != idle.ID || !ms[1].LastSeen.IsZero() {
			t.Fatalf("%+v", ms)
		}
	})
}
