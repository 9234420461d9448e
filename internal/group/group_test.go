package group

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"chop/internal/access"
	"chop/internal/db"
	"chop/internal/fault"
)

func TestAGroupIsSuggestedAndAnHonestPageYieldsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		began := time.Now()
		p := w.plays(f1, attacked(1))
		t.Log(time.Since(began), len(p.Actions))
		w.plays(f2, small(2))
		g := w.only()
		if g.Name() != "G-01" || g.State != Suggested || g.Level != Organised {
			t.Errorf("%s", describe(g))
		}
		all := attackers(p)
		in := g.Accounts(false)
		for _, a := range in {
			if !slices.Contains(all, a) {
				t.Errorf("%s is said to act with the group", a)
			}
		}
		if 10*len(in) < 9*len(all) {
			t.Errorf("%d of %d found", len(in), len(all))
		}
		if n := w.count(`SELECT count(*) FROM found_group WHERE firm_id = $1`, f2); n != 0 {
			t.Errorf("%d groups on an honest page", n)
		}
		if len(w.found) != 1 || w.found[0].ID != g.ID {
			t.Errorf("told of %v", w.found)
		}
		w.pass(time.Minute)
		if g = w.only(); g.Finding.Runs < 10 || g.Finding.Rate > 0.1 || g.Finding.Rate <= 0 {
			t.Errorf("false groups in %d shuffled histories: %d, rate %v", g.Finding.Runs, g.Finding.Larger, g.Finding.Rate)
		}
		if _, err := w.groups.List(w.as("obcy", access.Staff), f1, false); !fault.Is(err, fault.Forbidden) {
			t.Errorf("staff reads groups: %v", err)
		}
	})
}

func TestOrderOfArrivalAndReplaysChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.plays(f1, attacked(1))
		g := w.only()
		reversed := slices.Clone(p.Actions)
		slices.Reverse(reversed)
		for part := range slices.Chunk(reversed, len(reversed)/3+1) {
			w.put(f2, p, part)
			w.pass(0)
		}
		w.pass(5 * time.Minute) // runs that were asked for meanwhile
		gs, err := w.groups.List(w.system(), f2, false)
		ok(t, err)
		if len(gs) != 1 || !sameFigures(gs[0].Finding, withRuns(g.Finding, gs[0].Finding)) {
			t.Fatalf("another order gives %d groups, %s", len(gs), describe(append(gs, g)[0]))
		}
		w.pass(5 * time.Minute)
		before := w.only()
		versions := w.count(`SELECT count(*) FROM group_version WHERE firm_id = $1`, f1)
		w.put(f1, p, p.Actions)
		w.pass(5 * time.Minute)
		after := w.only()
		if before.Version != after.Version || before.Revision != after.Revision || versions != w.count(`SELECT count(*) FROM group_version WHERE firm_id = $1`, f1) {
			t.Errorf("%s, after a replay %s", describe(before), describe(after))
		}
	})
}

// withRuns is the finding with what the full run of another one adds.
func withRuns(f, like Finding) Finding {
	f.Runs, f.Larger, f.Rate, f.Signs = like.Runs, like.Larger, like.Rate, like.Signs
	return f
}

func TestRejectedStaysRejectedUntilThereIsNewEvidence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.shifted(attacked(1))
		early, late := before(p, 130)
		w.put(f1, p, early)
		w.pass(0)
		g := w.only()
		ok(t, w.groups.Reject(w.ewa(), f1, g.ID, g.Revision, why))
		w.hear(f1)
		w.pass(5 * time.Minute)
		if gs := w.list(false); len(gs) != 0 {
			t.Fatalf("the same evidence again: %s", describe(gs[0]))
		}
		machine := w.list(true)[0]
		if machine.State != Rejected || machine.Finding.Z != g.Finding.Z || machine.Version != g.Version {
			t.Errorf("a rejected group's figures changed: %s", describe(machine))
		}
		w.put(f1, p, late)
		w.pass(5 * time.Minute)
		back := w.only()
		if len(w.found) != 2 || w.found[1].ID != g.ID {
			t.Errorf("told of %v: what came back with new evidence has to be looked at", w.found)
		}
		if back.ID != g.ID || back.State != Suggested || back.Number != g.Number {
			t.Errorf("with new posts: %s", describe(back))
		}
		if got := w.verbs(g.ID); !slices.Contains(got, "group.rejected") || !slices.Contains(got, "group.again") {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestAConfirmedGroupIsForecastOnNewPostsAndSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.shifted(attacked(1))
		early, late := before(p, 130)
		// The forecast counts posts published after a person confirmed: the clock stands at the last early post.
		w.clock.Forward(time.Duration(p.Posts[129].Published-w.clock.Now().Unix())*time.Second + 30*time.Hour)
		w.put(f1, p, early)
		w.pass(0)
		g := w.only()
		if g.Proof.Says() || g.Proof.P != 1 {
			t.Errorf("before any new post: %+v", g.Proof)
		}
		ok(t, w.groups.Confirm(w.ewa(), f1, g.ID, g.Revision, why))
		w.pass(0)
		confirmed := w.only()
		if confirmed.State != Confirmed || confirmed.DecidedName != "ewa" || confirmed.Exhibit == "" {
			t.Fatalf("%s exhibit %q", describe(confirmed), confirmed.Exhibit)
		}
		if !sameFigures(confirmed.Finding, g.Finding) {
			t.Error("a person's word changed the machine's figures")
		}
		for i, l := range confirmed.Links {
			if (l.Exhibit == "") != (i >= linkExhibits) {
				t.Errorf("link %d has exhibit %q", i, l.Exhibit)
			}
		}
		exhibits := w.count(`SELECT count(*) FROM exhibit WHERE firm_id = $1`, f1)
		w.clock.Forward(time.Duration(p.Actions[len(p.Actions)-1].At-w.clock.Now().Unix())*time.Second + time.Hour)
		w.put(f1, p, late)
		w.pass(5 * time.Minute)
		g = w.only()
		if !g.Proof.Says() || g.Proof.P > 1e-6 || g.Proof.Near <= int(g.Proof.Expected) {
			t.Errorf("on %d new posts: %d of %d pairs near, expected %.1f, p %v", g.Proof.Posts, g.Proof.Near, g.Proof.Pairs, g.Proof.Expected, g.Proof.P)
		}
		for _, m := range g.Members {
			if _, was := confirmed.Member(m.Account); !was && m.State != Uncertain {
				t.Errorf("%s joined a confirmed group without a person: %s", m.Account, m.State)
			}
		}
		if n := w.count(`SELECT count(*) FROM exhibit WHERE firm_id = $1`, f1); n != exhibits {
			t.Errorf("%d exhibits, then %d: sealed without a person's word", exhibits, n)
		}
	})
}

func TestAnOldFindingIsMadeAgainExactly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.shifted(attacked(1))
		early, late := before(p, 130)
		w.put(f1, p, early)
		w.pass(0)
		old := w.only()
		w.put(f1, p, late)
		w.pass(5 * time.Minute)
		now := w.only()
		if now.Version == old.Version || sameFigures(old.Finding, now.Finding) {
			t.Fatalf("nothing changed: %s", describe(now))
		}
		for _, n := range []int{old.Version, now.Version} {
			r, err := w.groups.Reproduce(w.ewa(), f1, old.ID, n)
			ok(t, err)
			if !r.Same || r.OtherCode || r.Kept.Version != n {
				t.Errorf("version %d: same %v, kept z %v p %v, made z %v p %v", n, r.Same, r.Kept.Z, r.Kept.P, r.Made.Z, r.Made.P)
			}
		}
		if got, want := w.withoutNames(old.ID, now.Version), pairsOf(now.Finding.Links); !slices.Equal(got, want) {
			t.Errorf("without names, by chop coordinate: links %v, want %v", got, want)
		}
		_, err := w.groups.Reproduce(w.ewa(), f1, old.ID, 99)
		wants(t, err, fault.NotFound, "missing")
		w.exec(`DELETE FROM group_input WHERE firm_id = $1`, f1)
		_, err = w.groups.Reproduce(w.ewa(), f1, old.ID, now.Version)
		wants(t, err, fault.NotFound, "group.input")
	})
}

func TestPeopleSplitMergeAndDecideAndRunsFollowThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plays(f1, attacked(1))
		g := w.only()
		in := g.Accounts(false)
		half := in[:4]
		wants(t, second(w.groups.Split(w.ewa(), f1, g.ID, g.Revision, in[:2], why)), fault.Invalid, "group.split")
		id, err := w.groups.Split(w.ewa(), f1, g.ID, g.Revision, half, why)
		ok(t, err)
		w.hear(f1)
		w.pass(5 * time.Minute)
		gs := w.list(false)
		slices.SortFunc(gs, byNumber)
		if len(gs) != 2 || gs[1].ID != id || gs[1].Origin != g.ID || len(gs[1].Accounts(false)) != 4 || len(gs[0].Accounts(false)) != len(in)-4 {
			t.Fatalf("after a split and a run: %s, %s", describe(gs[0]), describe(gs[len(gs)-1]))
		}
		ok(t, w.groups.Merge(w.ewa(), f1, id, gs[1].Revision, g.ID, why))
		w.hear(f1)
		w.pass(5 * time.Minute)
		g = w.only()
		if len(g.Accounts(false)) != len(in) {
			t.Fatalf("merged: %s", describe(g))
		}
		ok(t, w.groups.Decide(w.ewa(), f1, g.ID, g.Revision, in[0], Out, why))
		wants(t, w.groups.Decide(w.ewa(), f1, g.ID, g.Revision, in[1], Out, why), fault.Conflict, "group.changed")
		w.hear(f1)
		w.pass(5 * time.Minute)
		g = w.only()
		if m, _ := g.Member(in[0]); m.State != Out || m.DecidedName != "ewa" {
			t.Errorf("a run took a person's word back: %+v", m)
		}
		wants(t, w.groups.Confirm(w.ewa(), f1, g.ID, g.Revision, "bo tak"), fault.Invalid, "why")
		wants(t, w.groups.Confirm(w.as("jan", access.Owner), f1, g.ID, g.Revision, why), fault.Forbidden, "forbidden")
		wants(t, w.groups.Confirm(w.system(), f1, g.ID, g.Revision, why), fault.Forbidden, "forbidden")
	})
}

func second[T any](_ T, err error) error { return err }

func TestSigningOffNeedsAnotherKindOfEvidence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plays(f1, attacked(1))
		g := w.only()
		ok(t, w.groups.Confirm(w.ewa(), f1, g.ID, g.Revision, why))
		wants(t, w.groups.SignOff(w.ewa(), f1, g.ID, w.only().Revision, why), fault.Invalid, "group.signoff")
		in := g.Accounts(false)
		w.signs(Sign{Channel: "creation", P: 1e-6, Members: in[:5], Strong: true}, Sign{Channel: "text", P: 0.2, Members: in})
		g = w.only()
		if len(g.Finding.Signs) != 2 || g.Level != Organised {
			t.Fatalf("%s: %+v", describe(g), g.Finding.Signs)
		}
		ok(t, w.groups.SignOff(w.ewa(), f1, g.ID, g.Revision, why))
		if g = w.only(); g.Level != Inauthentic || g.SignedName != "ewa" || g.Finding.Level != Organised {
			t.Errorf("%s", describe(g))
		}
		r, err := w.groups.look(w.system(), f1, src, quickActs)
		ok(t, err)
		fell := errors.New("only to see")
		err = w.d.Tx(w.system(), func(ctx context.Context, tx *db.Tx) error { // a run that finds a common trigger alone
			less := g.Finding
			less.Level = Trigger
			k := keeping{s: w.groups, tx: tx, r: r, sealed: []byte("sealed")}
			if err := k.update(ctx, g, less); err != nil {
				return err
			}
			now, err := w.groups.load(ctx, f1, g.ID)
			if err != nil {
				return err
			}
			if now.Level != Trigger || !now.Signed.IsZero() || !slices.Contains(w.verbsIn(ctx, g.ID), "group.unsigned") {
				t.Errorf("%s, signed %v, journal %v", describe(now), now.Signed, w.verbsIn(ctx, g.ID))
			}
			return fell
		})
		if !errors.Is(err, fell) {
			t.Fatal(err)
		}
		for _, a := range in[:3] { // the sign spoke of these
			ok(t, w.groups.Decide(w.ewa(), f1, g.ID, w.only().Revision, a, Out, why))
		}
		if g = w.only(); g.Level != Organised || !g.Signed.IsZero() {
			t.Errorf("the ground of the signature is gone, and it stands: %s", describe(g))
		}
		rest := g.Accounts(false)
		w.signs(Sign{Channel: "creation", P: 1e-6, Members: rest[:3], Strong: true})
		ok(t, w.groups.SignOff(w.ewa(), f1, g.ID, w.only().Revision, why))
		ok(t, w.groups.Know(w.ewa(), f1, rest[0], KnownCustomer, why))
		if g = w.only(); g.Level != Organised || !g.Signed.IsZero() {
			t.Errorf("one of the three is a customer, and the signature stands: %s", describe(g))
		}
	})
}

func TestTheFirmsOwnAndCustomersAreLeftOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.shifted(attacked(1))
		all := attackers(p)
		w.groups.Customers = func(context.Context, string) (map[string]bool, error) { return map[string]bool{all[0]: true}, nil }
		w.put(f1, p, p.Actions)
		w.pass(0)
		g := w.only()
		if _, in := g.Member(all[0]); in || g.Finding.Left == 0 {
			t.Errorf("a customer with an order is in %s, %d acts left out", describe(g), g.Finding.Left)
		}
		own := g.Accounts(false)[0]
		ok(t, w.groups.Know(w.ewa(), f1, own, KnownOwn, why))
		g = w.only()
		if m, _ := g.Member(own); m.State != Out {
			t.Errorf("the firm's own account is still %s", m.State)
		}
		w.pass(5 * time.Minute)
		if g = w.only(); slices.Contains(names(g.Finding.Members), own) {
			t.Error("the next run read the firm's own account")
		}
		list, err := w.groups.KnownAccounts(w.ewa(), f1)
		ok(t, err)
		if len(list) != 1 || list[0].Why != why || list[0].Kind != KnownOwn || "place:"+list[0].Name != own {
			t.Errorf("%+v", list)
		}
		wants(t, w.groups.Know(w.ewa(), f1, own, "friend", why), fault.Invalid, "group.known")
		wants(t, w.groups.Know(w.ewa(), f2, own, KnownOwn, why), fault.NotFound, "missing")
		ok(t, w.groups.Unknow(w.ewa(), f1, own, why))
	})
}

func TestAnAppealReckonsWithoutTheAccountAndChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plays(f1, attacked(1))
		g := w.only()
		a := g.Accounts(false)[0]
		f, still, err := w.groups.Appeal(w.ewa(), f1, g.ID, a, why)
		ok(t, err)
		if !still || slices.Contains(names(f.Members), a) || f.Actions >= g.Finding.Actions {
			t.Errorf("without %s: found %v, %d accounts of %d actions", a, still, len(f.Members), f.Actions)
		}
		if now := w.only(); now.Revision != g.Revision || now.Version != g.Version {
			t.Errorf("%s, then %s", describe(g), describe(now))
		}
	})
}

func TestReactionsWithoutTimesProveNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for post := range 40 { // ten accounts under forty posts, all seen in the same looks
			w.exec(`INSERT INTO post (firm_id, id, source_id, ext_id, title, text, url, at) VALUES ($1, $2, $3, $2, '', '', '', $4)`, f1, fmt.Sprint("p", post), src,
				w.clock.Now().Add(-time.Hour))
			for who := range 10 {
				w.exec(`INSERT INTO reaction (firm_id, source_id, ext_id, post_id, parent_ext, author_key, author_name, kind, at, seen_at)
					VALUES ($1, $2, $3, $4, '', $5, '', 'haha', $6, $6)`, f1, src, fmt.Sprint(post, "-", who), fmt.Sprint("p", post), fmt.Sprint("place:", who), w.clock.Now())
			}
			w.clock.Forward(5 * time.Hour)
		}
		w.hear(f1)
		w.pass(0)
		if gs := w.list(true); len(gs) != 0 {
			t.Errorf("%s", describe(gs[0]))
		}
		if n := w.count(`SELECT actions FROM group_run WHERE firm_id = $1`, f1); n != 0 {
			t.Errorf("%d actions without times were read", n)
		}
	})
}
