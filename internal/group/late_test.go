package group

import (
	"slices"
	"testing"
	"time"

	"chop/internal/fault"
)

func TestAFullRunThatReadLongAgoDoesNotTakeNewsBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.shifted(attacked(1))
		early, late := before(p, 130)
		w.put(f1, p, early)
		ok(t, w.groups.Run(w.system(), Due{f1, src}))
		g := w.only()
		old, err := w.groups.look(w.system(), f1, src, wholeActs) // a full run has read, and reckons
		ok(t, err)
		old.largest = []int{0, 0, 0, 0}
		w.put(f1, p, late)
		w.clock.Forward(20 * time.Minute)
		ok(t, w.groups.Run(w.system(), Due{f1, src}))
		now := w.only()
		if sameFigures(now.Finding, g.Finding) {
			t.Fatal("nothing came meanwhile")
		}
		_, behind, err := w.groups.save(w.system(), old)
		ok(t, err)
		then := w.only()
		if !behind {
			t.Error("the full run does not know that it came too late")
		}
		then.Finding.Runs, then.Finding.Larger, then.Finding.Rate, then.Finding.Signs = 0, 0, 0, now.Finding.Signs
		if !sameFigures(then.Finding, now.Finding) || len(then.Accounts(true)) != len(now.Accounts(true)) || !then.Lost.IsZero() {
			t.Errorf("%s, and after the late run %s: z %v and %v", describe(now), describe(then), now.Finding.Z, then.Finding.Z)
		}
	})
}

func TestAGroupFoundMeanwhileIsNotLostToALateRun(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.shifted(attacked(1))
		early, late := before(p, 30) // too short to find anything
		w.put(f1, p, early)
		old, err := w.groups.look(w.system(), f1, src, wholeActs)
		ok(t, err)
		if len(old.report.Groups) != 0 {
			t.Fatalf("%d groups in a short history", len(old.report.Groups))
		}
		w.put(f1, p, late)
		ok(t, w.groups.Run(w.system(), Due{f1, src}))
		_, behind, err := w.groups.save(w.system(), old)
		ok(t, err)
		if g := w.only(); !behind || !g.Lost.IsZero() {
			t.Errorf("behind %v, lost %v", behind, g.Lost)
		}
	})
}

func TestAFullRunThatCameTooLateIsRunAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.plays(f1, attacked(1))
		g := w.only()
		w.exec(`UPDATE group_version SET finding = replace(finding, $2, $3) WHERE firm_id = $1`, f1, `"At":"`+g.Finding.At.UTC().Format("2006"), `"At":"9999`)
		ok(t, w.groups.RunWhole(w.system(), Whole{f1, src}))
		if n := w.count(`SELECT count(*) FROM group_run WHERE firm_id = $1 AND full_waits = TRUE`, f1); n != 1 || len(p.Actions) == 0 {
			t.Errorf("%d full runs wait", n)
		}
	})
}

func TestTheOtherSideOfASplitAndOfAMergeIsToldAndSealedToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plays(f1, attacked(1))
		g := w.only()
		ok(t, w.groups.Confirm(w.ewa(), f1, g.ID, g.Revision, why))
		w.pass(0)
		id, err := w.groups.Split(w.ewa(), f1, g.ID, w.only().Revision, g.Accounts(false)[:4], why)
		ok(t, err)
		w.changed = nil
		w.pass(0)
		for _, x := range w.list(false) {
			if x.Exhibit == "" || x.Exhibit == g.Exhibit {
				t.Errorf("%s has exhibit %q", describe(x), x.Exhibit)
			}
			if got := w.verbs(x.ID); !slices.Contains(got, "group.split") {
				t.Errorf("%s: journal %v", x.Name(), got)
			}
			if !slices.ContainsFunc(w.changed, func(c Changed) bool { return c.ID == x.ID && c.Person }) {
				t.Errorf("nobody was told of %s", x.Name())
			}
		}
		gs := w.list(false)
		slices.SortFunc(gs, byNumber)
		before := gs[0].Exhibit
		ok(t, w.groups.Merge(w.ewa(), f1, id, gs[1].Revision, g.ID, why))
		w.pass(0)
		if m := w.only(); m.Exhibit == before || m.DecidedName != "ewa" || !slices.Contains(w.verbs(g.ID), "group.merged") {
			t.Errorf("%s: exhibit as before %v, decided by %q, journal %v", describe(m), m.Exhibit == before, m.DecidedName, w.verbs(g.ID))
		}
		r, err := w.groups.Reproduce(w.ewa(), f1, g.ID, w.only().Version)
		ok(t, err)
		if !r.Same {
			t.Errorf("a merged group's finding is made again with other figures: %d accounts, then %d", len(r.Kept.Members), len(r.Made.Members))
		}
	})
}

func TestWhatNeedsAReasonAPersonOrAnotherLevel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plays(f1, attacked(1))
		g := w.only()
		in := g.Accounts(false)
		w.signs(Sign{Channel: "creation", P: 1e-6, Members: in, Strong: true})
		wants(t, w.groups.SignOff(w.ewa(), f1, g.ID, w.only().Revision, why), fault.Invalid, "group.signoff") // nobody confirmed it
		linked := func() int {
			of, err := w.groups.Linked(w.t.Context(), f1, append([]string{"place:stranger"}, in[:2]...))
			ok(t, err)
			return len(of)
		}
		if linked() != 2 {
			t.Errorf("%d of two accounts of an organised group are linked", linked())
		}
		w.exec(`UPDATE found_group SET level = 2 WHERE firm_id = $1`, f1)
		if linked() != 0 {
			t.Error("who only reacts to the same moment is called linked")
		}
		w.exec(`UPDATE found_group SET state = 'confirmed' WHERE firm_id = $1`, f1)
		if linked() != 2 {
			t.Error("a person confirmed it, and nobody is linked")
		}
		if one, err := w.groups.Linked(w.t.Context(), f1, in[:1]); err != nil || len(one) != 0 {
			t.Errorf("one account is linked with itself: %v %v", one, err)
		}
		w.exec(`UPDATE found_group SET state = 'suggested', level = 3 WHERE firm_id = $1`, f1)
		for _, lost := range []int{0, 1} { // runs find it no more, and nobody stands for it
			w.exec(`UPDATE found_group SET lost_at = $2 WHERE firm_id = $1`, f1, lost)
			of, err := w.groups.OfAuthor(w.ewa(), f1, in[0])
			ok(t, err)
			waits, err := w.groups.Waiting(w.ewa())
			ok(t, err)
			if len(of) != 1-lost || waits != 1-lost || linked() != 2-2*lost || len(w.list(false)) != 1 {
				t.Errorf("lost %d: the account stands in %d groups, %d wait, %d linked", lost, len(of), waits, linked())
			}
		}
		w.exec(`UPDATE found_group SET state = 'confirmed' WHERE firm_id = $1`, f1)
		if of, err := w.groups.OfAuthor(w.ewa(), f1, in[0]); err != nil || len(of) != 1 {
			t.Errorf("a person confirmed it: %d groups, %v", len(of), err)
		}
		w.exec(`UPDATE found_group SET state = 'suggested', lost_at = 0 WHERE firm_id = $1`, f1)
		_, _, err := w.groups.Appeal(w.ewa(), f1, g.ID, g.Accounts(false)[0], " bo tak ")
		wants(t, err, fault.Invalid, "why")
		if got := w.verbs(g.ID); slices.Contains(got, "group.appeal") {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestWhoHandsOrSplitsASuggestedGroupKeepsItsAccounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.shifted(attacked(1))
		early, late := before(p, 130)
		w.put(f1, p, early)
		w.pass(0)
		g := w.only()
		ok(t, w.groups.Attach(w.ewa(), f1, g.ID, g.Revision, "case", why))
		// A quarter of the accounts fall silent, and the machine finds them no more.
		quiet := g.Accounts(false)[:2]
		for _, a := range quiet {
			w.exec(`DELETE FROM mention WHERE firm_id = $1 AND author_key = $2`, f1, a)
			w.exec(`DELETE FROM reaction WHERE firm_id = $1 AND author_key = $2`, f1, a)
		}
		w.put(f1, p, late)
		w.pass(5 * time.Minute)
		now := w.only()
		for _, a := range g.Accounts(false) {
			if m, in := now.Member(a); !in || m.State != In {
				t.Errorf("%s went out of a group that a lawyer was given", a)
			}
		}
		for _, m := range now.Members {
			if _, was := g.Member(m.Account); !was && m.State != Uncertain {
				t.Errorf("%s came in without a person: %s", m.Account, m.State)
			}
		}
	})
}
